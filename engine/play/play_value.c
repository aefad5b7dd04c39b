// Values of test expressions over the case as it stands.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/decide/rights.h"
#include "engine/play/play_internal.h"

static const int64_t day_ms = 24 * 3600 * 1000;

const struct zone *play_zone(const struct play *play)
{
    const struct instance *instance = NULL;
    if (play->case_index < play->plan->case_count && play->instances[play->case_index] != 0) {
        instance = view_instance(play->view, play->instances[play->case_index], NULL);
    }
    const struct zone *zone =
        view_zone(play->view, instance != NULL ? instance->head.zone : 0);
    return zone != NULL ? zone : play->company;
}

bool play_find_case(const struct play *play, uint32_t index, struct play_case *ret_case)
{
    *ret_case = (struct play_case){ NULL, NULL };
    if (index >= play->plan->case_count || play->instances[index] == 0) {
        return false;
    }
    ret_case->instance = view_instance(play->view, play->instances[index], NULL);
    if (ret_case->instance == NULL) {
        return false;
    }
    ret_case->program = view_program(play->view, ret_case->instance->head.program);
    return ret_case->program != NULL;
}

bool play_stands(const struct play_case *found, struct slice name)
{
    const struct image *image = &found->program->image;
    const struct instance_head *head = &found->instance->head;
    if (head->status == INSTANCE_ENDED) {
        if (head->outcome == OUTCOME_CANCELLED || head->outcome == OUTCOME_MERGED) {
            return slice_equal(name, slice_from_cstr(outcome_name((enum outcome)head->outcome)));
        }
        return head->end < image->end_count &&
               slice_equal(name, image_slice(image, image->end[head->end].name));
    }
    for (uint32_t i = 0; i < head->active_count; i++) {
        uint32_t stage = found->instance->active[i].stage;
        if (stage != 0 && stage < image->stage_count &&
            slice_equal(name, image_slice(image, image->stage[stage].name))) {
            return true;
        }
    }
    return false;
}

static struct value field_of(const struct play *play, const struct play_case *found,
                             struct slice name)
{
    uint32_t field = image_find_field(&found->program->image, name);
    struct slice packed =
        field == INDEX_NONE ? SLICE_EMPTY : view_field(play->view, found->instance, field);
    if (packed.len == 0) {
        return value_empty();
    }
    struct unpack unpack;
    unpack_init(&unpack, arena_copy(play->arena, packed));
    return value_unpack(&unpack, play->arena);
}

static struct value slot_of(const struct play_case *found, struct slice name)
{
    uint32_t role = image_find_role(&found->program->image, name);
    uint32_t user =
        role == INDEX_NONE ? 0 : instance_slot(found->instance, found->program->roles[role]);
    return user != 0 ? value_user(user) : value_empty();
}

static struct value collection_of(const struct play_case *found, const struct test_expr *expr)
{
    uint32_t number = image_find_collection(&found->program->image, expr->name);
    const struct collection_state *state =
        number == INDEX_NONE ? NULL : instance_collection(found->instance, number);
    return eval_children(state, expr->state, expr->quantifier);
}

static struct value of_case(const struct play *play, const struct test_expr *expr)
{
    struct play_case found;
    if (!play_find_case(play, expr->index, &found)) {
        return value_empty();
    }
    switch ((unsigned)expr->kind) {
    case TEST_EXPR_FIELD: return field_of(play, &found, expr->name);
    case TEST_EXPR_SLOT: return slot_of(&found, expr->name);
    case TEST_EXPR_STANDS: return value_bool(play_stands(&found, expr->name));
    case TEST_EXPR_COLLECTION: return collection_of(&found, expr);
    case TEST_EXPR_HAS_TASK: return value_bool(found.instance->head.task_count > 0);
    case TEST_EXPR_TASK_PROPERTY:
        return eval_task_property(instance_main_task(found.instance, 0), expr->property,
                                  play->now_ms);
    default: UNREACHABLE();
    }
}

// --------------------------------------------------------------------------------- operators

static bool truth(const struct value *value) { return value->kind == VALUE_BOOL && value->yes; }

static struct value compare(enum test_expr_kind kind, const struct value *a, const struct value *b)
{
    int order = 0;
    if (value_is_empty(a) || value_is_empty(b)) {
        return value_bool(false); // rule 16, also here
    }
    if (kind == TEST_EXPR_IS || kind == TEST_EXPR_IS_NOT) {
        return value_bool(value_equal(a, b) == (kind == TEST_EXPR_IS));
    }
    if (!value_order(a, b, &order)) {
        return value_bool(false);
    }
    switch ((unsigned)kind) {
    case TEST_EXPR_LESS: return value_bool(order < 0);
    case TEST_EXPR_LESS_EQUAL: return value_bool(order <= 0);
    case TEST_EXPR_GREATER: return value_bool(order > 0);
    default: return value_bool(order >= 0);
    }
}

static bool contains(const struct value *item, const struct value *list)
{
    bool found = false;
    for (uint32_t i = 0; list->kind == VALUE_LIST && i < list->list.count && !found; i++) {
        found = value_equal(item, &list->list.items[i]);
    }
    return found;
}

static bool is_moment(const struct value *value)
{
    return value->kind == VALUE_DATE || value->kind == VALUE_DATETIME;
}

// A date begins on the clock of the case that is spoken of.
static int64_t moment_of(const struct play *play, const struct value *value)
{
    return value->kind == VALUE_DATE ? span_to_utc(play_zone(play), value->number * day_ms)
                                     : value->number;
}

static int64_t local_of(const struct play *play, int64_t utc_ms)
{
    return span_to_local(play_zone(play), utc_ms);
}

static struct value shift(const struct play *play, const struct value *moment,
                          const struct value *by, bool back)
{
    if (by->unit > DURATION_MONTH) {
        return value_empty(); // whose working time? a test has no calendar
    }
    int64_t amount = back ? -by->number : by->number;
    int64_t from = moment_of(play, moment);
    uint64_t sum =
        span_add(play_zone(play), from < 0 ? 0 : (uint64_t)from, by->unit, amount);
    if (moment->kind == VALUE_DATE && by->unit != DURATION_MS) {
        return (struct value){ .kind = VALUE_DATE,
                               .number = local_of(play, (int64_t)sum) / day_ms };
    }
    return value_datetime((int64_t)sum);
}

static struct value arithmetic(const struct play *play, enum test_expr_kind kind,
                               const struct value *a, const struct value *b)
{
    struct value result = value_empty();
    bool back = kind == TEST_EXPR_SUBTRACT;
    if (is_moment(a) && b->kind == VALUE_DURATION) {
        return shift(play, a, b, back);
    }
    if (is_moment(b) && a->kind == VALUE_DURATION && kind == TEST_EXPR_ADD) {
        return shift(play, b, a, false);
    }
    if (is_moment(a) && is_moment(b) && back) {
        return (struct value){ .kind = VALUE_DURATION, .unit = DURATION_MS,
                               .number = moment_of(play, a) - moment_of(play, b) };
    }
    enum value_op op = kind == TEST_EXPR_ADD        ? VALUE_ADD
                       : kind == TEST_EXPR_SUBTRACT ? VALUE_SUBTRACT
                       : kind == TEST_EXPR_MULTIPLY ? VALUE_MULTIPLY
                                                    : VALUE_DIVIDE;
    return value_arithmetic(op, a, b, &result) ? result : value_empty();
}

static struct value of_one(const struct play *play, const struct test_expr *expr,
                           const struct value *a)
{
    switch ((unsigned)expr->kind) {
    case TEST_EXPR_NOT: return value_bool(!truth(a));
    case TEST_EXPR_IS_EMPTY: return value_bool(value_is_empty(a));
    case TEST_EXPR_IS_NOT_EMPTY: return value_bool(!value_is_empty(a));
    case TEST_EXPR_NEGATE: {
        struct value result = *a;
        return __builtin_sub_overflow((int64_t)0, a->number, &result.number) ? value_empty()
                                                                              : result;
    }
    case TEST_EXPR_DAY:
        return is_moment(a)
                   ? (struct value){ .kind = VALUE_DATE,
                                     .number = local_of(play, moment_of(play, a)) / day_ms }
                   : value_empty();
    case TEST_EXPR_HOUR:
        return value_is_empty(a) ? value_empty()
                                 : value_integer((a->kind == VALUE_DATETIME
                                                      ? local_of(play, a->number)
                                                      : a->number) %
                                                 day_ms / (3600 * 1000));
    case TEST_EXPR_LENGTH:
        if (a->kind == VALUE_LIST) {
            return value_integer(a->list.count);
        }
        return value_integer(a->kind == VALUE_TEXT ? (int64_t)utf8_cells(a->text) : 0);
    default: UNREACHABLE();
    }
}

static struct value of_two(const struct play *play, const struct test_expr *expr, unsigned depth)
{
    struct value a = play_value(play, &expr->items[0], depth);
    struct value b = play_value(play, &expr->items[1], depth);
    switch ((unsigned)expr->kind) {
    case TEST_EXPR_AND: return value_bool(truth(&a) && truth(&b));
    case TEST_EXPR_OR: return value_bool(truth(&a) || truth(&b));
    case TEST_EXPR_IN:
    case TEST_EXPR_NOT_IN:
        return value_bool(!value_is_empty(&a) &&
                          contains(&a, &b) == (expr->kind == TEST_EXPR_IN));
    case TEST_EXPR_ADD:
    case TEST_EXPR_SUBTRACT:
    case TEST_EXPR_MULTIPLY:
    case TEST_EXPR_DIVIDE: return arithmetic(play, expr->kind, &a, &b);
    default: return compare(expr->kind, &a, &b);
    }
}

static struct value list_of(const struct play *play, const struct test_expr *expr, unsigned depth)
{
    struct value *items = ARENA_ARRAY(play->arena, struct value, expr->item_count + 1);
    for (uint32_t i = 0; i < expr->item_count; i++) {
        items[i] = play_value(play, &expr->items[i], depth);
    }
    struct value list = { .kind = VALUE_LIST };
    list.list.items = items;
    list.list.count = expr->item_count;
    return list;
}

static struct value today(const struct play *play, const struct value *time)
{
    int64_t days = local_of(play, (int64_t)play->now_ms) / day_ms;
    return time->kind == VALUE_TIME
               ? value_datetime(span_to_utc(play_zone(play), days * day_ms + time->number))
               : (struct value){ .kind = VALUE_DATE, .number = days };
}

// A constant, with the company's currency where none is written, and on the clock of the case.
static struct value constant(const struct play *play, const struct value *value, unsigned depth)
{
    struct value result = *value;
    if (value->kind == VALUE_MONEY && value->currency[0] == '\0') {
        memcpy(result.currency, play->currency, sizeof(result.currency));
    } else if (value->kind == VALUE_DATETIME) {
        result.number = span_to_utc(play_zone(play), value->number);
    } else if (value->kind == VALUE_LIST && depth < VALUE_DEPTH_MAX) {
        struct value *items = ARENA_ARRAY(play->arena, struct value, value->list.count + 1);
        for (uint32_t i = 0; i < value->list.count; i++) {
            items[i] = constant(play, &value->list.items[i], depth + 1);
        }
        result.list.items = items;
    }
    return result;
}

struct value play_value(const struct play *play, const struct test_expr *expr, unsigned depth)
{
    CHECK(depth < PLAY_EXPR_DEPTH_MAX); // the checker bounds what people may write
    depth++;
    switch (expr->kind) {
    case TEST_EXPR_VALUE: return constant(play, &expr->value, 0);
    case TEST_EXPR_USER: return value_user(play->users[expr->index]);
    case TEST_EXPR_CASE: {
        int64_t instance = (int64_t)play->instances[expr->index];
        return instance == 0 ? value_empty()
                             : (struct value){ .kind = VALUE_REF, .number = instance };
    }
    case TEST_EXPR_LIST: return list_of(play, expr, depth);
    case TEST_EXPR_NOW: return value_datetime((int64_t)play->now_ms);
    case TEST_EXPR_TODAY: return today(play, &expr->value);
    case TEST_EXPR_FIELD:
    case TEST_EXPR_SLOT:
    case TEST_EXPR_STANDS:
    case TEST_EXPR_COLLECTION:
    case TEST_EXPR_HAS_TASK:
    case TEST_EXPR_TASK_PROPERTY: return of_case(play, expr);
    case TEST_EXPR_NOT:
    case TEST_EXPR_IS_EMPTY:
    case TEST_EXPR_IS_NOT_EMPTY:
    case TEST_EXPR_NEGATE:
    case TEST_EXPR_DAY:
    case TEST_EXPR_HOUR:
    case TEST_EXPR_LENGTH: {
        struct value a = play_value(play, &expr->items[0], depth);
        return of_one(play, expr, &a);
    }
    case TEST_EXPR_AND:
    case TEST_EXPR_OR:
    case TEST_EXPR_LESS:
    case TEST_EXPR_LESS_EQUAL:
    case TEST_EXPR_GREATER:
    case TEST_EXPR_GREATER_EQUAL:
    case TEST_EXPR_IS:
    case TEST_EXPR_IS_NOT:
    case TEST_EXPR_IN:
    case TEST_EXPR_NOT_IN:
    case TEST_EXPR_ADD:
    case TEST_EXPR_SUBTRACT:
    case TEST_EXPR_MULTIPLY:
    case TEST_EXPR_DIVIDE: return of_two(play, expr, depth);
    }
    UNREACHABLE();
}

// --------------------------------------------------------------------------------- for people

struct slice play_print_moment(const struct play *play, uint64_t ms)
{
    struct value value = value_datetime((int64_t)ms);
    return play_print(play, &value); // on the clock of the case
}

struct slice play_print(const struct play *play, const struct value *value)
{
    struct buf buf;
    buf_init(&buf, 4096);
    if (value->kind == VALUE_EMPTY) {
        buf_put_cstr(&buf, "empty");
    } else if (value->kind == VALUE_TEXT) {
        buf_format(&buf, "\"%.*s\"", SLICE_PRINT(value->text));
    } else if (value->kind == VALUE_LIST) {
        buf_put_char(&buf, '[');
        for (uint32_t i = 0; i < value->list.count; i++) {
            const struct value *item = &value->list.items[i];
            buf_put_cstr(&buf, i == 0 ? "" : ", ");
            eval_print(&buf, play->view, NULL, SLICE_EMPTY, INDEX_NONE, item);
        }
        buf_put_char(&buf, ']');
    } else if (value->kind == VALUE_USER) {
        const struct view_user *user = view_user(play->view, (uint32_t)value->number);
        buf_put_slice(&buf, user != NULL ? user->name : SLICE("nobody"));
    } else if (value->kind == VALUE_DATETIME) {
        struct value local = value_datetime(local_of(play, value->number));
        value_print(&buf, &local);
    } else {
        value_print(&buf, value);
    }
    struct slice text = arena_copy(play->arena, buf_slice(&buf));
    buf_done(&buf);
    return text;
}

uint64_t play_due_moment(const struct play *play, const struct value *value)
{
    const struct zone *zone = play_zone(play);
    int64_t today_ms = span_to_local(zone, (int64_t)play->now_ms) / day_ms * day_ms;
    int64_t moment = 0;
    switch ((unsigned)value->kind) {
    case VALUE_TIME: moment = span_to_utc(zone, today_ms + value->number); break;
    case VALUE_DATE: // 23:59
        moment = span_to_utc(zone, (value->number + 1) * day_ms - 60 * 1000);
        break;
    case VALUE_DATETIME: moment = value->number; break;
    default: break;
    }
    return moment < 0 ? 0 : (uint64_t)moment;
}

bool play_task_matches(const struct play *play, const struct play_case *found,
                       const struct open_task *task, uint32_t user, const struct test_expr *due)
{
    struct rights_task offer = rights_task_of(found->program, found->instance, task);
    if (user != INDEX_NONE && !rights_shown(play->view, &offer, play->users[user])) {
        return false;
    }
    if (due == NULL) {
        return true;
    }
    struct value value = play_value(play, due, 0);
    return !value_is_empty(&value) && task->due == play_due_moment(play, &value);
}
