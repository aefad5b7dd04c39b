// What a case says of its tasks and children, to expressions of programs and of tests alike.
#include "engine/eval/eval.h"

struct value eval_task_property(const struct open_task *task, enum image_task_property property,
                                uint64_t now_ms)
{
    if (task == NULL) {
        return value_empty();
    }
    switch (property) {
    case TASK_PROPERTY_DUE: return value_datetime((int64_t)task->due);
    case TASK_PROPERTY_PROMISED: return value_bool((task->flags & TASK_FLAG_PROMISED) != 0);
    case TASK_PROPERTY_URGENT: return value_bool((task->flags & TASK_FLAG_URGENT) != 0);
    case TASK_PROPERTY_MOVED_FROM:
        return task->moved_from == 0 ? value_empty() : value_datetime((int64_t)task->moved_from);
    case TASK_PROPERTY_CREATED: return value_datetime((int64_t)task->opened);
    case TASK_PROPERTY_TRIES: return value_integer(task->tries);
    case TASK_PROPERTY_LATE: {
        int64_t late = (int64_t)now_ms - (int64_t)task->due;
        return (struct value){ .kind = VALUE_DURATION, .unit = DURATION_MS,
                               .number = late > 0 ? late : 0 };
    }
    case TASK_PROPERTY_DONE_AT: break; // asked in lanes only
    }
    return value_empty();
}

struct value eval_children(const struct collection_state *children, enum image_child_state state,
                           enum image_quantifier quantifier)
{
    static const struct collection_state none = { 0 };
    const struct collection_state *of = children != NULL ? children : &none;
    uint32_t count = 0;
    switch (state) {
    case CHILD_ANY: count = of->total; break;
    case CHILD_OPEN: count = of->open; break;
    case CHILD_ENDED: count = of->total - of->open; break;
    case CHILD_SUCCEEDED: count = of->succeeded; break;
    case CHILD_FAILED: count = of->failed; break;
    }
    switch (quantifier) {
    case QUANTIFIER_ALL: return value_bool(of->total > 0 && count == of->total);
    case QUANTIFIER_ANY: return value_bool(count > 0);
    case QUANTIFIER_COUNT: return value_integer(count);
    }
    return value_empty();
}
