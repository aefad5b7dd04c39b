#include "engine/eval/eval.h"

#include "base/check.h"
#include "base/utf8.h"
#include "engine/eval/eval_internal.h"

struct value eval_fail(struct eval_env *env, enum refusal_code code, struct slice message)
{
    if (env->refusal.code == REFUSAL_NONE) {
        env->refusal = (struct refusal){ .code = code, .message = message };
    }
    return value_empty();
}

struct value eval_field(struct eval_env *env, uint32_t field)
{
    if (env->instance == NULL) {
        return value_empty();
    }
    struct slice packed = view_field(env->view, env->instance, field);
    if (packed.len == 0) {
        return value_empty();
    }
    struct unpack unpack;
    unpack_init(&unpack, packed);
    return value_unpack(&unpack, env->arena);
}

// --------------------------------------------------------------------------------- leaves

static struct value constant(const struct eval_env *env, const struct image_expr *expr)
{
    const struct image *image = &env->program->image;
    struct value value = { .number = expr->number };
    switch (expr->kind) {
    case EXPR_BOOL: return value_bool(expr->number != 0);
    case EXPR_INTEGER: value.kind = VALUE_INTEGER; break;
    case EXPR_DECIMAL: value.kind = VALUE_DECIMAL; value.scale = (uint8_t)expr->a; break;
    case EXPR_MONEY: {
        value.kind = VALUE_MONEY;
        value.scale = (uint8_t)expr->a;
        struct slice currency = expr->text.len > 0 ? image_slice(image, expr->text) : env->currency;
        memcpy(value.currency, currency.ptr, currency.len < 3 ? currency.len : 3);
        break;
    }
    case EXPR_TEXT:
    case EXPR_ENUM: return value_text(image_slice(image, expr->text));
    case EXPR_DATE: value.kind = VALUE_DATE; break;
    case EXPR_TIME: value.kind = VALUE_TIME; break;
    case EXPR_DURATION: value.kind = VALUE_DURATION; value.unit = (uint8_t)expr->a; break;
    default: return value_empty();
    }
    return value;
}

static const int64_t day_ms = 24 * 3600 * 1000;

// The wall clock of the case, in ms.
static int64_t local_of(struct eval_env *env, int64_t utc_ms)
{
    return span_to_local(eval_zone(env), utc_ms);
}

static struct value today(struct eval_env *env, int64_t time_ms)
{
    int64_t days = span_floor(local_of(env, (int64_t)env->now_ms), day_ms);
    if (time_ms < 0) {
        return (struct value){ .kind = VALUE_DATE, .number = days };
    }
    return value_datetime(span_to_utc(eval_zone(env), days * day_ms + time_ms));
}

static struct value person(uint32_t user)
{
    return user == 0 ? value_empty() : value_user(user);
}

static struct value collection(const struct eval_env *env, const struct image_expr *expr)
{
    const struct collection_state *state =
        env->instance != NULL ? instance_collection(env->instance, expr->a) : NULL;
    return eval_children(state, (enum image_child_state)expr->number,
                         (enum image_quantifier)expr->b);
}

// The active stage that is spoken of, while it is active.
static uint32_t place(const struct eval_env *env)
{
    return instance_entry(env->instance, env->at) != NULL ? env->at : 0;
}

static struct value task_property(const struct eval_env *env, int64_t property)
{
    const struct open_task *task =
        env->lane != NULL       ? env->lane->task
        : env->instance != NULL ? instance_main_task(env->instance, place(env))
                                : NULL;
    if (task != NULL && property == TASK_PROPERTY_DONE_AT) {
        return env->lane == NULL || env->lane->done_ms == 0
                   ? value_empty()
                   : value_datetime((int64_t)env->lane->done_ms);
    }
    return eval_task_property(task, (enum image_task_property)property, env->now_ms);
}

// --- lanes

// Parts of a record are found by name: the processes of the cases need not agree on its shape.
static struct value part_named(struct value record, struct slice name)
{
    for (uint32_t i = 0; record.kind == VALUE_RECORD && i < record.record.count; i++) {
        if (slice_equal(record.record.parts[i].name, name)) {
            return record.record.parts[i].value;
        }
    }
    return value_empty();
}

static struct value case_field(struct eval_env *env, const struct image_expr *expr)
{
    const struct image *image = &env->program->image;
    uint32_t field = env->lane != NULL ? env->lane->fields[expr - image->expr] : INDEX_NONE;
    if (field == INDEX_NONE) {
        return value_empty();
    }
    struct value value = eval_field(env, field);
    struct slice path = image_slice(image, expr->text);
    const char *dot = memchr(path.ptr, '.', path.len);
    while (dot != NULL) {
        path = slice_sub(path, (size_t)(dot - path.ptr) + 1, path.len);
        dot = memchr(path.ptr, '.', path.len);
        size_t len = dot != NULL ? (size_t)(dot - path.ptr) : path.len;
        value = part_named(value, slice_sub(path, 0, len));
    }
    return value;
}

// Of the stage, or of those around it, the first that says one.
static struct value stage_chance(const struct eval_env *env)
{
    uint32_t stage = env->lane != NULL ? env->lane->stage : INDEX_NONE;
    const struct image *image = stage != INDEX_NONE ? &env->lane->program->image : NULL;
    while (stage != INDEX_NONE && image->stage[stage].chance == INDEX_NONE) {
        stage = image->stage[stage].parent;
    }
    return stage == INDEX_NONE ? value_empty()
                               : (struct value){ .kind = VALUE_DECIMAL, .scale = 2,
                                                 .number = image->stage[stage].chance };
}

static struct value stage_position(const struct eval_env *env)
{
    if (env->lane != NULL) {
        return env->lane->stage == INDEX_NONE
                   ? value_empty()
                   : value_integer(env->lane->program->image.stage[env->lane->stage].position);
    }
    const struct active_stage *at =
        env->instance != NULL ? instance_next_leaf(env->instance, place(env), NULL) : NULL;
    return at == NULL ? value_empty()
                      : value_integer(env->program->image.stage[at->stage].position);
}

static struct value leaf(struct eval_env *env, const struct image_expr *expr)
{
    const struct view_program *program = env->program;
    switch (expr->kind) {
    case EXPR_FIELD: return eval_field(env, expr->a);
    case EXPR_LOCAL: return env->locals != NULL ? env->locals[expr->a] : value_empty();
    case EXPR_SLOT:
        return person(env->instance != NULL ? instance_slot(env->instance, program->roles[expr->a])
                                            : 0);
    case EXPR_PARAM:
        return expr->a < env->param_count ? env->params[expr->a] : value_empty();
    case EXPR_NOW: return value_datetime((int64_t)env->now_ms);
    case EXPR_ME: return person(env->me);
    case EXPR_CREATOR: return person(env->instance != NULL ? env->instance->head.creator : env->me);
    case EXPR_TODAY: return today(env, expr->number);
    case EXPR_COLLECTION: return collection(env, expr);
    case EXPR_TASK_PROPERTY: return task_property(env, expr->number);
    case EXPR_STAGE_POSITION: return stage_position(env);
    case EXPR_STAGE_CHANCE: return stage_chance(env);
    case EXPR_CASE: return case_field(env, expr);
    case EXPR_PICK:
        if (env->pick == NULL) {
            return value_empty();
        }
        return person(env->pick(env->pick_context, expr->a, expr->b,
                                image_slice(&program->image, expr->text)));
    case EXPR_DATETIME: return value_datetime(span_to_utc(eval_zone(env), expr->number));
    default: return constant(env, expr);
    }
}

// --------------------------------------------------------------------------------- operators

static bool differ_in_currency(const struct value *a, const struct value *b)
{
    return a->kind == VALUE_MONEY && b->kind == VALUE_MONEY &&
           memcmp(a->currency, b->currency, sizeof(a->currency)) != 0;
}

static struct value cannot_count(struct eval_env *env, const struct value *a,
                                 const struct value *b)
{
    if (differ_in_currency(a, b)) {
        return eval_fail(env, REFUSAL_BAD_ARITHMETIC,
                         arena_format(env->arena, "amounts in %.3s and in %.3s are neither "
                                                  "counted together nor compared",
                                      a->currency, b->currency));
    }
    return eval_fail(env, REFUSAL_BAD_ARITHMETIC,
                     SLICE("these amounts cannot be counted with: too large, or a division by "
                           "zero"));
}

// In a lane the checker does not know that a bare number stands beside an amount.
static void meet(const struct eval_env *env, struct value *number, const struct value *money)
{
    if (env->lane != NULL && money->kind == VALUE_MONEY &&
        (number->kind == VALUE_INTEGER || number->kind == VALUE_DECIMAL)) {
        number->scale = number->kind == VALUE_INTEGER ? 0 : number->scale;
        number->kind = VALUE_MONEY;
        memcpy(number->currency, money->currency, sizeof(number->currency));
    }
}

static struct value compare(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value a = eval_inner(env, expr->a, depth);
    struct value b = eval_inner(env, expr->b, depth);
    enum image_expr_kind kind = (enum image_expr_kind)expr->kind;
    meet(env, &a, &b);
    meet(env, &b, &a);
    if (value_is_empty(&a) || value_is_empty(&b)) {
        return value_bool(false); // rule 16: every comparison with empty is false
    }
    if (kind == EXPR_IS || kind == EXPR_IS_NOT) {
        return value_bool(value_equal(&a, &b) == (kind == EXPR_IS));
    }
    int order;
    if (differ_in_currency(&a, &b)) {
        return cannot_count(env, &a, &b);
    }
    if (!value_order(&a, &b, &order)) {
        return value_bool(false);
    }
    switch (expr->kind) {
    case EXPR_LESS: return value_bool(order < 0);
    case EXPR_LESS_EQUAL: return value_bool(order <= 0);
    case EXPR_GREATER: return value_bool(order > 0);
    case EXPR_GREATER_EQUAL: return value_bool(order >= 0);
    default: UNREACHABLE();
    }
}

static struct value contains(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value a = eval_inner(env, expr->a, depth);
    struct value b = eval_inner(env, expr->b, depth);
    bool found = false;
    if (value_is_empty(&a) || b.kind != VALUE_LIST) {
        return value_bool(false);
    }
    for (uint32_t i = 0; i < b.list.count && !found; i++) {
        found = value_equal(&a, &b.list.items[i]);
    }
    return value_bool(found == (expr->kind == EXPR_IN));
}

static struct value in_role(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value a = eval_inner(env, expr->a, depth);
    bool in = a.kind == VALUE_USER &&
              view_holds(env->view, (uint32_t)a.number, env->program->roles[expr->b]);
    return value_bool(in == (expr->kind == EXPR_IN_ROLE));
}

// The moment that a date begins with; a moment is itself.
static int64_t begin_of(struct eval_env *env, const struct value *moment)
{
    return moment->kind == VALUE_DATE ? span_to_utc(eval_zone(env), moment->number * day_ms)
                                      : moment->number;
}

static struct value moment_sum(struct eval_env *env, const struct value *moment,
                               const struct value *duration, bool minus)
{
    int64_t base = begin_of(env, moment);
    int64_t amount = minus ? -duration->number : duration->number;
    uint64_t sum = 0;
    if (!eval_add(env, base < 0 ? 0 : (uint64_t)base, duration->unit, amount, &sum)) {
        return value_empty();
    }
    if (sum > (uint64_t)INT64_MAX) {
        return eval_fail(env, REFUSAL_BAD_ARITHMETIC, SLICE("this moment lies too far away"));
    }
    if (moment->kind == VALUE_DATE && duration->unit != DURATION_MS &&
        duration->unit != DURATION_WORK_MS) {
        return (struct value){ .kind = VALUE_DATE,
                               .number = span_floor(local_of(env, (int64_t)sum), day_ms) };
    }
    return value_datetime((int64_t)sum);
}

static bool is_moment(const struct value *value)
{
    return value->kind == VALUE_DATE || value->kind == VALUE_DATETIME;
}

static struct value moments(struct eval_env *env, enum image_expr_kind kind,
                            const struct value *a, const struct value *b)
{
    if (is_moment(a) && b->kind == VALUE_DURATION) {
        return moment_sum(env, a, b, kind == EXPR_SUBTRACT);
    }
    if (is_moment(b) && a->kind == VALUE_DURATION && kind == EXPR_ADD) {
        return moment_sum(env, b, a, false);
    }
    if (is_moment(a) && is_moment(b) && kind == EXPR_SUBTRACT) {
        bool days = a->kind == VALUE_DATE && b->kind == VALUE_DATE; // whole ones
        int64_t x = days ? a->number * day_ms : begin_of(env, a);
        int64_t y = days ? b->number * day_ms : begin_of(env, b);
        return (struct value){ .kind = VALUE_DURATION, .unit = DURATION_MS, .number = x - y };
    }
    return eval_fail(env, REFUSAL_BAD_ARITHMETIC, SLICE("these two do not combine"));
}

static struct value durations(struct eval_env *env, enum image_expr_kind kind,
                              const struct value *a, const struct value *b)
{
    struct value result = *a;
    bool overflow;
    if (a->kind == VALUE_DURATION && b->kind == VALUE_DURATION && a->unit == b->unit) {
        overflow = kind == EXPR_SUBTRACT
                       ? __builtin_sub_overflow(a->number, b->number, &result.number)
                       : __builtin_add_overflow(a->number, b->number, &result.number);
    } else if (kind == EXPR_MULTIPLY && b->kind == VALUE_INTEGER) {
        overflow = __builtin_mul_overflow(a->number, b->number, &result.number);
    } else {
        overflow = true;
    }
    if (overflow) {
        return eval_fail(env, REFUSAL_BAD_ARITHMETIC, SLICE("these durations do not combine"));
    }
    return result;
}

static const struct image_type *list_type(const struct eval_env *env, const struct image_expr *expr)
{
    const struct image *image = &env->program->image;
    const struct image_type *type =
        expr->type < image->type_count ? &image->type[expr->type] : NULL;
    bool many = type != NULL && (type->kind == TYPE_SET || type->kind == TYPE_LIST);
    return many ? type : NULL;
}

// set + x, set - x, list + x, list - x (rule 49): a new one; a set keeps its order and no repeats.
static struct value lists(struct eval_env *env, const struct image_expr *expr,
                          const struct value *a, const struct value *b)
{
    const struct image_type *type = list_type(env, expr);
    uint32_t before = a->kind == VALUE_LIST ? a->list.count : 0;
    struct value *items = ARENA_ARRAY(env->arena, struct value, before + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < before; i++) {
        if (expr->kind == EXPR_ADD || !value_equal(&a->list.items[i], b)) {
            items[count++] = a->list.items[i];
        }
    }
    if (expr->kind == EXPR_ADD && !value_is_empty(b)) {
        if (count == VALUE_ITEMS_MAX) {
            return eval_fail(env, REFUSAL_LIMIT, SLICE("a list holds at most 1,000 items"));
        }
        items[count++] = *b;
    }
    if (type != NULL && type->kind == TYPE_SET) {
        eval_order_set(env, &env->program->image.type[type->arg], items, &count);
    }
    struct value result = { .kind = count == 0 ? VALUE_EMPTY : VALUE_LIST };
    result.list.items = items;
    result.list.count = count;
    return result;
}

// Rule 16: arithmetic with empty is a refusal that names the field.
static struct value empty_operand(struct eval_env *env, uint32_t number)
{
    const struct image *image = &env->program->image;
    const struct image_expr *expr = &image->expr[number];
    struct slice name = SLICE("a value");
    if (expr->kind == EXPR_FIELD) {
        name = arena_format(env->arena, "`%.*s`",
                            SLICE_PRINT(image_slice(image, image->field[expr->a].name)));
    }
    return eval_fail(env, REFUSAL_EMPTY_OPERAND,
                     arena_format(env->arena, "%.*s is empty, so it cannot be counted with",
                                  SLICE_PRINT(name)));
}

static struct value arithmetic(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value a = eval_inner(env, expr->a, depth);
    struct value b = eval_inner(env, expr->b, depth);
    enum image_expr_kind kind = (enum image_expr_kind)expr->kind;
    if (env->refusal.code != REFUSAL_NONE) {
        return value_empty();
    }
    if (a.kind == VALUE_LIST || (value_is_empty(&a) && list_type(env, expr) != NULL)) {
        return lists(env, expr, &a, &b); // an empty list is stored as empty
    }
    if (value_is_empty(&a) || value_is_empty(&b)) {
        return empty_operand(env, value_is_empty(&a) ? expr->a : expr->b);
    }
    if (is_moment(&a) || is_moment(&b)) {
        return moments(env, kind, &a, &b);
    }
    if (a.kind == VALUE_DURATION || b.kind == VALUE_DURATION) {
        return durations(env, kind, &a, &b);
    }
    static const enum value_op ops[] = { VALUE_ADD, VALUE_SUBTRACT, VALUE_MULTIPLY, VALUE_DIVIDE };
    struct value result;
    if (!value_arithmetic(ops[kind - EXPR_ADD], &a, &b, &result)) {
        return cannot_count(env, &a, &b);
    }
    return result;
}

static struct value negate(struct eval_env *env, const struct value *a)
{
    struct value result = *a;
    if (value_is_empty(a)) {
        return *a;
    }
    if (a->kind != VALUE_INTEGER && a->kind != VALUE_DECIMAL && a->kind != VALUE_MONEY &&
        a->kind != VALUE_DURATION) { // only a damaged image asks for that
        return eval_fail(env, REFUSAL_BAD_ARITHMETIC, SLICE("only an amount has an opposite"));
    }
    if (__builtin_sub_overflow((int64_t)0, a->number, &result.number)) {
        return eval_fail(env, REFUSAL_BAD_ARITHMETIC, SLICE("this amount is too large"));
    }
    return result;
}

// --------------------------------------------------------------------------------- functions

static struct value round_number(const struct value *a, unsigned digits)
{
    if ((a->kind != VALUE_DECIMAL && a->kind != VALUE_MONEY) || a->scale <= digits) {
        return *a;
    }
    int64_t unit = 1;
    for (unsigned i = digits; i < a->scale; i++) {
        unit *= 10;
    }
    int64_t half = unit / 2;
    int64_t mantissa = a->number;
    int64_t whole = mantissa / unit;
    int64_t rest = mantissa % unit;
    rest = rest < 0 ? -rest : rest;
    bool up = rest > half || (rest == half && whole % 2 != 0); // half to even, like division
    struct value result = *a;
    result.scale = (uint8_t)digits;
    result.number = up ? whole + (mantissa < 0 ? -1 : 1) : whole;
    return result;
}

static struct value function(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value a = eval_inner(env, expr->a, depth);
    if (value_is_empty(&a) && expr->kind != EXPR_LENGTH) {
        return value_empty();
    }
    switch (expr->kind) {
    case EXPR_DAY:
        return (struct value){ .kind = VALUE_DATE,
                               .number = a.kind == VALUE_DATE
                                             ? a.number
                                             : span_floor(local_of(env, a.number), day_ms) };
    case EXPR_HOUR:
        return value_integer(a.kind == VALUE_TIME ? a.number / 3600000
                                                  : local_of(env, a.number) % day_ms / 3600000);
    case EXPR_LENGTH:
        if (a.kind == VALUE_LIST) {
            return value_integer(a.list.count);
        }
        return value_integer(a.kind == VALUE_TEXT ? (int64_t)utf8_cells(a.text) : 0);
    case EXPR_ROUND: return round_number(&a, expr->b == INDEX_NONE ? 0 : expr->b);
    case EXPR_FIRST:
        return a.kind == VALUE_LIST && a.list.count > 0 ? a.list.items[0] : value_empty();
    default: UNREACHABLE();
    }
}

static struct value part_of(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value record = eval_inner(env, expr->a, depth);
    if (record.kind != VALUE_RECORD || expr->b >= record.record.count) {
        return value_empty();
    }
    return record.record.parts[expr->b].value;
}

// Whether another case of the process is open under this key (rule 48).
static struct value exists(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    const struct image *image = &env->program->image;
    struct value key = eval_inner(env, expr->a, depth);
    uint32_t process = view_process_number(env->view, image_slice(image, expr->text));
    const struct view_program *program = process != 0 ? view_active(env->view, process) : NULL;
    if (value_is_empty(&key) || program == NULL) {
        return value_bool(false);
    }
    uint32_t field =
        image_find_field(&program->image, image_slice(image, image->expr[expr->b].text));
    struct buf text;
    buf_init(&text, KEY_BYTES_MAX);
    if (key.kind == VALUE_TEXT) {
        buf_put_slice(&text, key.text);
    } else {
        value_print(&text, &key);
    }
    struct view_key_row row = { 0 };
    bool found = field != INDEX_NONE && !text.overflow &&
                 view_key(env->view, process, image_key_number(&program->image, field),
                          buf_slice(&text), &row);
    buf_done(&text);
    uint64_t own = env->instance != NULL ? env->instance->head.id : 0;
    return value_bool(found && row.open != 0 && row.open != own);
}

// Nothing to add up is zero of its kind.
static struct value zero(const struct eval_env *env, const struct image_expr *expr)
{
    const struct image *image = &env->program->image;
    uint32_t kind = expr->type < image->type_count ? image->type[expr->type].kind : TYPE_INTEGER;
    struct value value = { .kind = VALUE_INTEGER };
    if (kind == TYPE_DECIMAL) {
        value.kind = VALUE_DECIMAL;
    } else if (kind == TYPE_DURATION) {
        value.kind = VALUE_DURATION;
    } else if (kind == TYPE_MONEY) {
        value.kind = VALUE_MONEY;
        memcpy(value.currency, env->currency.ptr, env->currency.len < 3 ? env->currency.len : 3);
    }
    return value;
}

// total lines.price: parts that are empty count for nothing.
static struct value total(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value list = eval_inner(env, expr->a, depth);
    struct value sum = value_empty();
    for (uint32_t i = 0; list.kind == VALUE_LIST && i < list.list.count; i++) {
        const struct value *item = &list.list.items[i];
        if (expr->b != INDEX_NONE) {
            bool has = item->kind == VALUE_RECORD && expr->b < item->record.count;
            item = has ? &item->record.parts[expr->b].value : &sum;
        }
        if (value_is_empty(item) || item == &sum) {
            continue;
        }
        struct value next;
        if (value_is_empty(&sum)) {
            sum = *item;
        } else if (item->kind == VALUE_DURATION) {
            sum = durations(env, EXPR_ADD, &sum, item);
        } else if (value_arithmetic(VALUE_ADD, &sum, item, &next)) {
            sum = next;
        } else {
            return cannot_count(env, &sum, item);
        }
    }
    return value_is_empty(&sum) && env->refusal.code == REFUSAL_NONE ? zero(env, expr) : sum;
}

static struct value list_of(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value *items = ARENA_ARRAY(env->arena, struct value, expr->list.count + 1);
    for (uint32_t i = 0; i < expr->list.count; i++) {
        items[i] = eval_inner(env, env->program->image.list[expr->list.first + i], depth);
    }
    struct value result = { .kind = VALUE_LIST };
    result.list.items = items;
    result.list.count = expr->list.count;
    return result;
}

static struct value concat(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    const struct image *image = &env->program->image;
    struct buf buf;
    buf_init(&buf, FIELD_BYTES_MAX);
    for (uint32_t i = 0; i < expr->list.count; i++) {
        uint32_t part = image->list[expr->list.first + i];
        struct value value = eval_inner(env, part, depth);
        if (value.kind == VALUE_DATETIME) {
            value.number = local_of(env, value.number); // printed as the wall clock shows it
        }
        eval_print(&buf, env->view, image, env->lang, image->expr[part].type, &value);
    }
    struct value result = value_text(arena_copy(env->arena, buf_slice(&buf)));
    buf_done(&buf);
    return result;
}

static bool is_true(const struct value *value)
{
    return value->kind == VALUE_BOOL && value->yes;
}

static struct value logic(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    struct value a = eval_inner(env, expr->a, depth);
    switch (expr->kind) {
    case EXPR_AND:
        if (!is_true(&a)) {
            return value_bool(false);
        }
        a = eval_inner(env, expr->b, depth);
        return value_bool(is_true(&a));
    case EXPR_OR:
        if (is_true(&a)) {
            return value_bool(true);
        }
        a = eval_inner(env, expr->b, depth);
        return value_bool(is_true(&a));
    case EXPR_FIRST_NOT_EMPTY: return value_is_empty(&a) ? eval_inner(env, expr->b, depth) : a;
    case EXPR_NOT: return value_bool(!is_true(&a));
    case EXPR_IS_EMPTY: return value_bool(value_is_empty(&a));
    case EXPR_IS_NOT_EMPTY: return value_bool(!value_is_empty(&a));
    case EXPR_NEGATE: return negate(env, &a);
    default: UNREACHABLE();
    }
}

struct value eval_inner(struct eval_env *env, uint32_t number, unsigned depth)
{
    if (env->refusal.code != REFUSAL_NONE) {
        return value_empty();
    }
    if (depth == 0) {
        return eval_fail(env, REFUSAL_LIMIT, SLICE("this expression nests too deeply"));
    }
    depth--;
    const struct image_expr *expr = &env->program->image.expr[number];
    enum image_expr_kind kind = (enum image_expr_kind)expr->kind;
    if (kind == EXPR_PART) {
        return part_of(env, expr, depth);
    }
    if (kind == EXPR_LANGUAGE) {
        bool own = slice_equal(env->lang, image_slice(&env->program->image, expr->text));
        return eval_inner(env, own ? expr->a : expr->b, depth);
    }
    if (kind == EXPR_EXISTS) {
        return exists(env, expr, depth);
    }
    if (kind == EXPR_TOTAL) {
        return total(env, expr, depth);
    }
    if (kind < EXPR_AND || kind == EXPR_COLLECTION || kind == EXPR_PICK ||
        kind == EXPR_TASK_PROPERTY || kind == EXPR_STAGE_POSITION || kind == EXPR_PARAM ||
        kind == EXPR_CASE || kind == EXPR_STAGE_CHANCE) {
        return leaf(env, expr);
    }
    if (kind <= EXPR_NOT || kind == EXPR_IS_EMPTY || kind == EXPR_IS_NOT_EMPTY ||
        kind == EXPR_NEGATE) {
        return logic(env, expr, depth);
    }
    if (kind <= EXPR_IS_NOT) {
        return compare(env, expr, depth);
    }
    if (kind <= EXPR_NOT_IN) {
        return contains(env, expr, depth);
    }
    if (kind <= EXPR_NOT_IN_ROLE) {
        return in_role(env, expr, depth);
    }
    if (kind <= EXPR_DIVIDE) {
        return arithmetic(env, expr, depth);
    }
    if (kind == EXPR_HOOK) {
        return eval_hook(env, expr, depth);
    }
    if (kind == EXPR_TABLE) {
        return eval_table(env, expr, depth);
    }
    if (kind == EXPR_LIST) {
        return list_of(env, expr, depth);
    }
    return kind == EXPR_CONCAT ? concat(env, expr, depth) : function(env, expr, depth);
}

struct value eval(struct eval_env *env, uint32_t expr)
{
    CHECK(expr < env->program->image.expr_count);
    return eval_inner(env, expr, IMAGE_EXPR_DEPTH_MAX + 1);
}

struct value eval_or_empty(struct eval_env *env, uint32_t expr)
{
    struct value value = eval(env, expr);
    if (env->refusal.code == REFUSAL_EMPTY_OPERAND) {
        env->refusal = (struct refusal){ 0 };
        return value_empty();
    }
    return value;
}

bool eval_condition(struct eval_env *env, uint32_t expr)
{
    struct value value = eval(env, expr);
    return is_true(&value);
}

struct slice eval_text(struct eval_env *env, uint32_t expr)
{
    struct value value = eval(env, expr);
    if (value.kind == VALUE_TEXT) {
        return value.text;
    }
    struct buf buf;
    buf_init(&buf, FIELD_BYTES_MAX);
    const struct image *image = &env->program->image;
    if (value.kind == VALUE_DATETIME) {
        value.number = local_of(env, value.number);
    }
    eval_print(&buf, env->view, image, env->lang, image->expr[expr].type, &value);
    struct slice text = arena_copy(env->arena, buf_slice(&buf));
    buf_done(&buf);
    return text;
}
