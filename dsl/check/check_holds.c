// Can a condition ever be true? A sound search over what it says of single fields: enums, bools,
// numbers, moments, what is empty, the place of the stage. Whatever else it asks may be true or
// not; so "cannot hold" is certain, and "may hold" is not.
#include "dsl/check/check.h"

enum {
    HOLDS_SAID_MAX = 64,   // about fields, on one path
    HOLDS_TRIED_MAX = 2000 // beyond it the condition is taken to hold
};

// One thing that is said of a field, or of something else that has one value all the while.
struct said {
    const struct field *field;      // NULL: of the place of the stage
    const struct expr *question;    // an answer yes or no that is not a field; NULL: of a field
    enum image_expr_kind how;       // EXPR_IS_EMPTY, EXPR_IS, EXPR_LESS …
    struct value value;
};

struct to_do { // what must hold besides, innermost first
    const struct to_do *next;
    const struct expr *expr;
    bool negated;
};

struct search {
    const struct process *process;
    const struct stage *stage; // whose braces; NULL: anywhere
    struct said said[HOLDS_SAID_MAX];
    uint32_t count, tried;
};

static bool may_hold(struct search *search, const struct to_do *rest);

// --- constants ---------------------------------------------------------------------------------

static bool constant_of(const struct expr *expr, struct value *ret_value)
{
    struct value value = { .number = expr->number, .scale = (uint8_t)expr->scale };
    switch ((uint32_t)expr->kind) {
    case EXPR_BOOL: value = value_bool(expr->number != 0); break;
    case EXPR_TEXT:
    case EXPR_ENUM: value = value_text(expr->text); break;
    case EXPR_INTEGER: value = value_integer(expr->number); break;
    case EXPR_DECIMAL: value.kind = VALUE_DECIMAL; break;
    case EXPR_MONEY:
        value.kind = VALUE_MONEY;
        if (expr->text.len == sizeof(value.currency)) {
            memcpy(value.currency, expr->text.ptr, sizeof(value.currency));
        }
        break;
    case EXPR_DATE: value.kind = VALUE_DATE; break;
    case EXPR_TIME: value.kind = VALUE_TIME; break;
    case EXPR_DATETIME: value.kind = VALUE_DATETIME; break;
    case EXPR_DURATION:
        value.kind = VALUE_DURATION;
        value.unit = (uint8_t)expr->scale;
        value.scale = 0;
        break;
    default: return false;
    }
    *ret_value = value;
    return true;
}

// --- what is said of one field -----------------------------------------------------------------

static bool is_same_subject(const struct said *a, const struct said *b)
{
    if (a->question != NULL || b->question != NULL) {
        return a->question != NULL && b->question != NULL &&
               a->question->collection == b->question->collection &&
               a->question->quantifier == b->question->quantifier &&
               a->question->number == b->question->number;
    }
    return a->field == b->field;
}

static bool is_upper(enum image_expr_kind how)
{
    return how == EXPR_LESS || how == EXPR_LESS_EQUAL;
}

static bool is_lower(enum image_expr_kind how)
{
    return how == EXPR_GREATER || how == EXPR_GREATER_EQUAL;
}

// No whole number lies between them.
static bool is_gap(const struct said *low, const struct said *high)
{
    return low->how == EXPR_GREATER && high->how == EXPR_LESS &&
           low->value.kind == VALUE_INTEGER && high->value.kind == VALUE_INTEGER &&
           (low->field == NULL || type_is(low->field->type, TYPE_INTEGER)) &&
           low->value.number < INT64_MAX && low->value.number + 1 >= high->value.number;
}

// An amount of the company's own currency, and durations of different families, may be equal.
static bool is_certain(const struct value *a, const struct value *b)
{
    return a->kind == VALUE_MONEY      ? memcmp(a->currency, b->currency, sizeof(a->currency)) == 0
           : a->kind == VALUE_DURATION ? a->unit == b->unit
                                       : true;
}

// Does `value` fit what is said?
static bool fits(const struct value *value, const struct said *said)
{
    int order = 0;
    switch ((uint32_t)said->how) {
    case EXPR_IS_EMPTY: return false;
    case EXPR_IS_NOT_EMPTY: return true;
    case EXPR_IS:
        return value_equal(value, &said->value) || !is_certain(value, &said->value);
    case EXPR_IS_NOT: return !value_equal(value, &said->value);
    default: break;
    }
    if (!value_order(value, &said->value, &order)) {
        return true; // of different currencies, or units: nobody knows
    }
    switch ((uint32_t)said->how) {
    case EXPR_LESS: return order < 0;
    case EXPR_LESS_EQUAL: return order <= 0;
    case EXPR_GREATER: return order > 0;
    default: return order >= 0;
    }
}

static bool contradict(const struct said *a, const struct said *b)
{
    int order = 0;
    if (a->how == EXPR_IS_EMPTY || b->how == EXPR_IS_EMPTY) {
        return a->how != b->how;
    }
    if (a->how == EXPR_IS) {
        return !fits(&a->value, b);
    }
    if (b->how == EXPR_IS) {
        return !fits(&b->value, a);
    }
    const struct said *low = is_lower(a->how) ? a : b;
    const struct said *high = is_lower(a->how) ? b : a;
    if (!is_lower(low->how) || !is_upper(high->how) ||
        !value_order(&low->value, &high->value, &order)) {
        return false;
    }
    bool touching = low->how == EXPR_GREATER_EQUAL && high->how == EXPR_LESS_EQUAL;
    return order > 0 || (order == 0 && !touching) || is_gap(low, high);
}

// Nothing is left of a bool or an enum: each of its values is said not to be it.
static bool is_used_up(const struct search *search, const struct said *last)
{
    const struct enumeration *enumeration =
        last->field != NULL ? last->field->type->enumeration : NULL;
    bool is_bool = last->field != NULL && type_is(last->field->type, TYPE_BOOL);
    if (last->question != NULL || (enumeration == NULL && !is_bool)) {
        return false;
    }
    uint32_t members = is_bool ? 2 : enumeration->member_count;
    for (uint32_t m = 0; m < members; m++) {
        struct value value = is_bool ? value_bool(m == 1)
                                     : value_text(enumeration->members[m].name);
        bool left = true;
        for (uint32_t i = 0; i < search->count && left; i++) {
            left = !is_same_subject(&search->said[i], last) || fits(&value, &search->said[i]);
        }
        if (left) {
            return false;
        }
    }
    return true;
}

// Goes on with one more thing said, unless it contradicts what was said before.
static bool say(struct search *search, struct said said, const struct to_do *rest)
{
    for (uint32_t i = 0; i < search->count; i++) {
        if (is_same_subject(&search->said[i], &said) && contradict(&search->said[i], &said)) {
            return false;
        }
    }
    if (search->count == HOLDS_SAID_MAX) {
        return true;
    }
    search->said[search->count++] = said;
    bool empty = said.how == EXPR_IS_EMPTY;
    bool holds = (empty || !is_used_up(search, &said)) && may_hold(search, rest);
    search->count--;
    return holds;
}

// --- conditions ----------------------------------------------------------------------------------

static enum image_expr_kind opposite(enum image_expr_kind how)
{
    switch ((uint32_t)how) {
    case EXPR_LESS: return EXPR_GREATER_EQUAL;
    case EXPR_LESS_EQUAL: return EXPR_GREATER;
    case EXPR_GREATER: return EXPR_LESS_EQUAL;
    case EXPR_GREATER_EQUAL: return EXPR_LESS;
    case EXPR_IS: return EXPR_IS_NOT;
    default: return EXPR_IS;
    }
}

// The same with its sides the other way round: `5 < x` is `x > 5`.
static enum image_expr_kind turned(enum image_expr_kind how)
{
    switch ((uint32_t)how) {
    case EXPR_LESS: return EXPR_GREATER;
    case EXPR_LESS_EQUAL: return EXPR_GREATER_EQUAL;
    case EXPR_GREATER: return EXPR_LESS;
    case EXPR_GREATER_EQUAL: return EXPR_LESS_EQUAL;
    default: return how;
    }
}

// Something with one value all the while: a field, or the place of the stage.
static bool is_subject(const struct expr *expr)
{
    return (expr->kind == EXPR_FIELD && expr->field != NULL) || expr->kind == EXPR_STAGE_POSITION;
}

// A comparison is false when the field is empty, so its opposite holds then (rule 16).
static bool try_compared(struct search *search, struct said said, bool negated,
                         const struct to_do *rest)
{
    if (!negated) {
        return say(search, said, rest);
    }
    struct said empty = { .field = said.field, .question = said.question, .how = EXPR_IS_EMPTY };
    bool may_be_empty = said.field != NULL && said.question == NULL;
    said.how = opposite(said.how);
    return say(search, said, rest) || (may_be_empty && say(search, empty, rest));
}

static bool try_comparison(struct search *search, const struct expr *expr, bool negated,
                           const struct to_do *rest)
{
    struct said said = { .how = expr->kind };
    const struct expr *subject = is_subject(expr->a) ? expr->a : expr->b;
    const struct expr *other = subject == expr->a ? expr->b : expr->a;
    if (!is_subject(subject) || !constant_of(other, &said.value)) {
        return may_hold(search, rest);
    }
    said.field = subject->kind == EXPR_FIELD ? subject->field : NULL;
    said.how = subject == expr->a ? expr->kind : turned(expr->kind);
    return try_compared(search, said, negated, rest);
}

// `x in [a, b]`: it is one of them.
static bool try_list(struct search *search, const struct expr *expr, bool negated,
                     const struct to_do *rest)
{
    bool in = (expr->kind == EXPR_IN) != negated;
    bool constants = expr->b->kind == EXPR_LIST && is_subject(expr->a) &&
                     expr->a->kind == EXPR_FIELD && !(expr->kind == EXPR_NOT_IN && negated);
    struct said said = { .field = expr->a->field };
    for (uint32_t i = 0; constants && i < expr->b->item_count; i++) {
        constants = constant_of(expr->b->items[i], &said.value);
    }
    if (!constants || !in) {
        return may_hold(search, rest); // what it is not is left open
    }
    for (uint32_t i = 0; i < expr->b->item_count; i++) {
        said.how = EXPR_IS;
        (void)constant_of(expr->b->items[i], &said.value);
        if (say(search, said, rest)) {
            return true;
        }
    }
    return false;
}

static bool try_leaf(struct search *search, const struct expr *expr, bool negated,
                     const struct to_do *rest)
{
    struct said said = { .field = expr->field, .how = EXPR_IS, .value = value_bool(true) };
    switch ((uint32_t)expr->kind) {
    case EXPR_BOOL: return (expr->number != 0) != negated && may_hold(search, rest);
    case EXPR_FIELD:
        return type_is(expr->type, TYPE_BOOL) ? try_compared(search, said, negated, rest)
                                              : may_hold(search, rest);
    case EXPR_IS_EMPTY:
    case EXPR_IS_NOT_EMPTY:
        if (expr->a->kind != EXPR_FIELD || expr->a->field == NULL) {
            return may_hold(search, rest);
        }
        said.field = expr->a->field;
        said.how = (expr->kind == EXPR_IS_EMPTY) != negated ? EXPR_IS_EMPTY : EXPR_IS_NOT_EMPTY;
        return say(search, said, rest);
    case EXPR_COLLECTION:
        said.question = expr;
        return expr->quantifier == QUANTIFIER_COUNT ? may_hold(search, rest)
                                                    : try_compared(search, said, negated, rest);
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_GREATER:
    case EXPR_GREATER_EQUAL:
    case EXPR_IS:
    case EXPR_IS_NOT: return try_comparison(search, expr, negated, rest);
    case EXPR_IN:
    case EXPR_NOT_IN: return try_list(search, expr, negated, rest);
    default: return may_hold(search, rest);
    }
}

static bool may_hold(struct search *search, const struct to_do *rest)
{
    if (rest == NULL || search->tried++ > HOLDS_TRIED_MAX) {
        return true;
    }
    const struct expr *expr = rest->expr;
    bool negated = rest->negated;
    if (expr_is_poison(expr)) {
        return true;
    }
    if (expr->kind == EXPR_NOT) {
        struct to_do inner = { rest->next, expr->a, !negated };
        return may_hold(search, &inner);
    }
    if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        bool both = (expr->kind == EXPR_AND) != negated;
        struct to_do right = { rest->next, expr->b, negated };
        struct to_do left = { both ? &right : rest->next, expr->a, negated };
        return may_hold(search, &left) || (!both && may_hold(search, &right));
    }
    return try_leaf(search, expr, negated, rest->next);
}

// --- what is known before ------------------------------------------------------------------------

static void know(struct search *search, struct said said)
{
    if (search->count < HOLDS_SAID_MAX / 2) {
        search->said[search->count++] = said;
    }
}

// The first and the last place of the stages in these braces.
static void know_places(struct search *search)
{
    uint32_t first = UINT32_MAX;
    uint32_t last = 0;
    for (uint32_t i = 0; i < search->process->stage_count; i++) {
        const struct stage *stage = search->process->stages[i];
        if (stage_is_leaf(stage) && stage_is_inside(stage, search->stage)) {
            first = stage->index < first ? stage->index : first;
            last = stage->index > last ? stage->index : last;
        }
    }
    if (first <= last) {
        know(search, (struct said){ .how = EXPR_GREATER_EQUAL, .value = value_integer(first) });
        know(search, (struct said){ .how = EXPR_LESS_EQUAL, .value = value_integer(last) });
    }
}

bool check_may_hold(const struct process *process, const struct stage *stage, const bool *stays,
                    const struct expr *condition)
{
    struct search search = { .process = process, .stage = stage };
    know_places(&search);
    for (uint32_t i = 0; i < process->field_count; i++) {
        const struct field *field = process->fields[i];
        struct said said = { .field = field, .how = EXPR_IS };
        if (stays[field->index] && field->initial != NULL &&
            constant_of(field->initial, &said.value)) {
            know(&search, said);
        }
    }
    struct to_do all = { NULL, condition, false };
    return may_hold(&search, &all);
}
