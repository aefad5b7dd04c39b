// What an `expect` line says, and how its failure reads.
#include "engine/play/play_internal.h"

static struct slice name_of_case(const struct play *play, uint32_t index)
{
    return index < play->plan->case_count ? play->plan->cases[index].name : SLICE("the case");
}

static struct slice holder_name(const struct play *play, const struct open_task *task)
{
    const struct view_user *user = view_user(play->view, task->holder);
    if (user != NULL) {
        return user->name;
    }
    return arena_format(play->arena, "any %.*s",
                        SLICE_PRINT(view_role_name(play->view, task->offered)));
}

static struct slice print_tasks(const struct play *play, const struct instance *instance)
{
    struct buf buf;
    buf_init(&buf, 16 * 1024);
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        buf_format(&buf, "%stask \"%.*s\" for %.*s, due %.*s", i == 0 ? "" : "; ",
                   SLICE_PRINT(view_task_title(play->view, instance, task)),
                   SLICE_PRINT(holder_name(play, task)),
                   SLICE_PRINT(play_print_moment(play, task->due)));
    }
    if (instance->head.task_count == 0) {
        buf_put_cstr(&buf, "no task");
    }
    struct slice text = arena_copy(play->arena, buf_slice(&buf));
    buf_done(&buf);
    return text;
}

static struct slice print_stand(const struct play *play, const struct play_case *found)
{
    const struct image *image = &found->program->image;
    const struct instance_head *head = &found->instance->head;
    if (head->status == INSTANCE_ENDED) {
        struct slice end = head->end < image->end_count
                               ? image_slice(image, image->end[head->end].name)
                               : slice_from_cstr(outcome_name((enum outcome)head->outcome));
        return arena_format(play->arena, "ended in %.*s", SLICE_PRINT(end));
    }
    struct slice text = SLICE_EMPTY;
    const struct active_stage *leaf = instance_next_leaf(found->instance, 0, NULL);
    for (; leaf != NULL; leaf = instance_next_leaf(found->instance, 0, leaf)) {
        struct slice stage = image_slice(image, image->stage[leaf->stage].name);
        text = arena_format(play->arena, "%.*s%s%.*s", SLICE_PRINT(text),
                            text.len > 0 ? " and in " : "in ", SLICE_PRINT(stage));
    }
    return text.len > 0 ? text : SLICE("nowhere");
}

struct slice play_where(const struct play *play, uint32_t case_index)
{
    struct play_case found;
    struct slice name = name_of_case(play, case_index);
    if (!play_find_case(play, case_index, &found)) {
        return arena_format(play->arena, "%.*s was never started", SLICE_PRINT(name));
    }
    return arena_format(play->arena, "%.*s is %.*s, with %.*s", SLICE_PRINT(name),
                        SLICE_PRINT(print_stand(play, &found)),
                        SLICE_PRINT(print_tasks(play, found.instance)));
}

// --------------------------------------------------------------------------------- conditions

static struct slice explain_value(const struct play *play, const struct test_expr *expr)
{
    struct value value = play_value(play, expr, 0);
    struct slice text = play_print(play, &value);
    if (expr->kind == TEST_EXPR_VALUE || expr->text.len == 0) {
        return text;
    }
    return arena_format(play->arena, "%.*s is %.*s", SLICE_PRINT(expr->text), SLICE_PRINT(text));
}

static struct slice explain_two(const struct play *play, const struct test_expr *expr)
{
    struct slice left = explain_value(play, &expr->items[0]);
    if (expr->items[1].kind == TEST_EXPR_VALUE || expr->items[1].kind == TEST_EXPR_LIST ||
        expr->items[1].kind == TEST_EXPR_USER) {
        return left;
    }
    return arena_format(play->arena, "%.*s, and %.*s", SLICE_PRINT(left),
                        SLICE_PRINT(explain_value(play, &expr->items[1])));
}

// The part that made the condition fail.
static const struct test_expr *blame(const struct play *play, const struct test_expr *expr)
{
    for (unsigned depth = 0; depth < PLAY_EXPR_DEPTH_MAX; depth++) {
        if (expr->kind == TEST_EXPR_AND) {
            struct value left = play_value(play, &expr->items[0], 0);
            bool left_holds = left.kind == VALUE_BOOL && left.yes;
            expr = &expr->items[left_holds ? 1 : 0];
        } else if (expr->kind == TEST_EXPR_NOT || expr->kind == TEST_EXPR_OR) {
            expr = &expr->items[0];
        } else {
            break;
        }
    }
    return expr;
}

static struct slice explain(const struct play *play, const struct test_check *check)
{
    const struct test_expr *expr = blame(play, check->condition);
    switch ((unsigned)expr->kind) {
    case TEST_EXPR_STANDS:
    case TEST_EXPR_HAS_TASK: return play_where(play, expr->index);
    case TEST_EXPR_IS_EMPTY:
    case TEST_EXPR_IS_NOT_EMPTY: return explain_value(play, &expr->items[0]);
    default: break;
    }
    return expr->item_count == 2 ? explain_two(play, expr) : explain_value(play, expr);
}

static void fail(struct play *play, const struct test_check *check, struct slice expected,
                 struct slice found)
{
    struct play_failure failure = { .text = check->text, .expected = expected, .found = found };
    play_fail(play, check->line, check->column, &failure);
}

static void check_condition(struct play *play, const struct test_check *check)
{
    struct value value = play_value(play, check->condition, 0);
    if (value.kind != VALUE_BOOL || !value.yes) {
        fail(play, check, check->text, explain(play, check));
    }
}

// --------------------------------------------------------------------------------- tasks

static struct slice describe_wanted(const struct play *play, const struct test_check *check)
{
    struct buf buf;
    buf_init(&buf, 4096);
    buf_format(&buf, "%.*s with a task", SLICE_PRINT(name_of_case(play, check->case_index)));
    if (check->user != INDEX_NONE) {
        buf_format(&buf, " for %.*s", SLICE_PRINT(play->plan->users[check->user].name));
    }
    if (check->title.len > 0) {
        buf_format(&buf, " \"%.*s\"", SLICE_PRINT(check->title));
    }
    if (check->due != NULL) {
        struct value due = play_value(play, check->due, 0);
        struct slice moment = value_is_empty(&due)
                                  ? SLICE("at a moment that is empty")
                                  : play_print_moment(play, play_due_moment(play, &due));
        buf_format(&buf, ", due %.*s", SLICE_PRINT(moment));
    }
    struct slice text = arena_copy(play->arena, buf_slice(&buf));
    buf_done(&buf);
    return text;
}

static bool task_matches(const struct play *play, const struct play_case *found,
                         const struct open_task *task, const struct test_check *check)
{
    struct slice title = view_task_title(play->view, found->instance, task);
    return (check->title.len == 0 || slice_equal(title, check->title)) &&
           play_task_matches(play, found, task, check->user, check->due);
}

static void check_task(struct play *play, const struct test_check *check)
{
    struct play_case found;
    bool there = play_find_case(play, check->case_index, &found);
    for (uint32_t i = 0; there && i < found.instance->head.task_count; i++) {
        if (task_matches(play, &found, &found.instance->task[i], check)) {
            return;
        }
    }
    fail(play, check, describe_wanted(play, check), play_where(play, check->case_index));
}

static void check_no_task(struct play *play, const struct test_check *check)
{
    struct play_case found;
    bool there = play_find_case(play, check->case_index, &found);
    bool none = there;
    for (uint32_t i = 0; there && i < found.instance->head.task_count; i++) {
        none = none && !task_matches(play, &found, &found.instance->task[i], check);
    }
    if (none) {
        return;
    }
    struct slice whom = check->user == INDEX_NONE ? SLICE_EMPTY : play_user(play, check->user);
    fail(play, check,
         arena_format(play->arena, "%.*s with no task%s%.*s",
                      SLICE_PRINT(name_of_case(play, check->case_index)),
                      whom.len > 0 ? " for " : "", SLICE_PRINT(whom)),
         play_where(play, check->case_index));
}

struct notice_search {
    struct slice text;
    bool found;
    struct buf *said;
};

static bool is_notice(void *context, const struct view_notice_row *row)
{
    struct notice_search *search = context;
    search->found = search->found || play_holds(row->text, search->text);
    buf_format(search->said, "%s\"%.*s\"", search->said->len > 0 ? ", " : "",
               SLICE_PRINT(row->text));
    return true;
}

static void check_notice(struct play *play, const struct test_check *check)
{
    struct buf said;
    buf_init(&said, 64 * 1024);
    struct notice_search search = { check->title, false, &said };
    if (check->user != INDEX_NONE) {
        view_notices(play->view, play->users[check->user], is_notice, &search);
    }
    if (search.found != (check->kind == TEST_CHECK_NOTICE)) {
        fail(play, check, check->text,
             said.len == 0 ? SLICE("nothing was told")
                           : arena_format(play->arena, "told was %.*s",
                                          SLICE_PRINT(buf_slice(&said))));
    }
    buf_done(&said);
}

static bool collect_text(void *context, const struct view_incident_row *row)
{
    *(struct slice *)context = row->text;
    return false;
}

static void check_incident(struct play *play, const struct test_check *check)
{
    bool wanted = check->kind == TEST_CHECK_INCIDENT;
    struct slice text = SLICE("no incident");
    play->incidents = view_counters(play->view)->open_incidents;
    view_incidents(play->view, collect_text, &text);
    if (wanted != (play->incidents > 0)) {
        fail(play, check, wanted ? SLICE("an open incident") : SLICE("no open incident"),
             arena_copy(play->arena, text));
    }
}

void play_check(struct play *play, const struct test_check *check)
{
    if (check->case_index != INDEX_NONE) {
        play->case_index = check->case_index;
    }
    switch (check->kind) {
    case TEST_CHECK_NO_TASK: check_no_task(play, check); break;
    case TEST_CHECK_TASK: check_task(play, check); break;
    case TEST_CHECK_NOTICE:
    case TEST_CHECK_NO_NOTICE: check_notice(play, check); break;
    case TEST_CHECK_INCIDENT:
    case TEST_CHECK_NO_INCIDENT: check_incident(play, check); break;
    case TEST_CHECK_TRUE: check_condition(play, check); break;
    }
}
