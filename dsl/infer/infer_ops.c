// Literals, and operators with two operands.
#include "base/check.h"
#include "base/utf8.h"
#include "dsl/infer/infer_internal.h"

// --- literals ----------------------------------------------------------------------------------

static const struct expr *report_constant(struct infer *infer, uint32_t node, const char *what,
                                          const char *help)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0418, syntax_span(tree, node));
    diag_fact(diag, syntax_source(tree, node));
    diag_fact(diag, slice_from_cstr(what));
    diag_help(diag, "%s", help);
    return infer_poison(infer, node);
}

static bool is_digits(struct slice text, size_t min, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len >= min && text.len <= max;
}

// A text that a person wrote is read as a form would read it; one in a program stands as it is
// kept.
static const struct expr *infer_text(struct infer *infer, uint32_t node,
                                     const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct expr *expr = infer_new(infer, node, EXPR_TEXT, type_builtin(TYPE_TEXT));
    expr->text = syntax_string(tree, node, infer->unit->arena);
    if (expected == NULL || !type_is_text_like(expected)) {
        return expr;
    }
    expr->type = expected;
    if (type_is(expected, TYPE_PHONE) && (expr->text.len == 0 || expr->text.ptr[0] != '+' ||
                                          !is_digits(slice_sub(expr->text, 1, 99), 7, 15))) {
        return report_constant(infer, node, "a phone number as it is kept",
                               "write it with `+`, country and digits only: \"+74951234567\"");
    }
    if (type_is(expected, TYPE_EMAIL) &&
        (expr->text.len < 3 || memchr(expr->text.ptr, '@', expr->text.len) == NULL)) {
        return report_constant(infer, node, "an e-mail address",
                               "write it in full: \"name@company.example\"");
    }
    return expr;
}

static const struct expr *infer_number(struct infer *infer, uint32_t node, struct value value,
                                       const struct type *expected)
{
    enum image_expr_kind kind = value.kind == VALUE_INTEGER ? EXPR_INTEGER : EXPR_DECIMAL;
    const struct type *type = type_builtin(kind == EXPR_INTEGER ? TYPE_INTEGER : TYPE_DECIMAL);
    if (expected != NULL && type_is(expected, TYPE_MONEY)) {
        kind = EXPR_MONEY;
        type = expected;
    } else if (expected != NULL && type_is(expected, TYPE_DECIMAL)) {
        kind = EXPR_DECIMAL;
        type = expected;
    }
    struct expr *expr = infer_new(infer, node, kind, type);
    expr->number = value.number;
    expr->scale = value.kind == VALUE_INTEGER ? 0 : value.scale;
    return expr;
}

const struct expr *infer_literal(struct infer *infer, uint32_t node, const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum syntax_kind kind = syntax_kind(tree, node);
    if (kind == NODE_STRING) {
        return infer_text(infer, node, expected);
    }
    if (kind == NODE_YES || kind == NODE_NO) {
        struct expr *expr = infer_new(infer, node, EXPR_BOOL, type_builtin(TYPE_BOOL));
        expr->number = kind == NODE_YES;
        return expr;
    }
    if (kind == NODE_NUMBER) {
        return infer_number(infer, node, syntax_literal(tree, node), expected);
    }
    static const struct {
        enum syntax_kind node;
        enum image_expr_kind kind;
        enum image_type_kind type;
    } plain[] = {
        { NODE_PERCENT, EXPR_DECIMAL, TYPE_DECIMAL }, { NODE_MONEY, EXPR_MONEY, TYPE_MONEY },
        { NODE_DURATION, EXPR_DURATION, TYPE_DURATION }, { NODE_TIME, EXPR_TIME, TYPE_TIME },
        { NODE_DATE, EXPR_DATE, TYPE_DATE }, { NODE_DATETIME, EXPR_DATETIME, TYPE_DATETIME },
    };
    for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
        if (plain[i].node != kind) {
            continue;
        }
        struct value value = syntax_literal(tree, node);
        if (kind == NODE_DURATION && (infer->flags & INFER_IN_TEST) == 0 &&
            !names_working_time(infer->unit, infer->process, value.unit,
                                                         syntax_span(tree, node))) {
            return infer_poison(infer, node);
        }
        struct expr *expr = infer_new(infer, node, plain[i].kind, type_builtin(plain[i].type));
        expr->number = value.number;
        expr->scale = kind == NODE_DURATION ? value.unit : value.scale;
        if (kind == NODE_MONEY) {
            expr->text = arena_copy(infer->unit->arena, slice_make(value.currency, 3));
        }
        return expr;
    }
    // Anything else is a kind that the parser has reported.
    return infer_poison(infer, node);
}

bool infer_is_bare(const struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum syntax_kind kind = syntax_kind(tree, node);
    if (kind == NODE_NEGATE) {
        node = syntax_first(tree, node);
        kind = syntax_kind(tree, node);
    }
    if (kind == NODE_NUMBER || kind == NODE_LIST || kind == NODE_STRING) {
        return true;
    }
    if (kind != NODE_PATH || syntax_next(tree, syntax_first(tree, node)) != NODE_NONE) {
        return false;
    }
    struct slice name = syntax_name(tree, node);
    return infer_find_local(infer, name) == NULL &&
           infer_find_field(infer->process, name) == NULL && !slice_equal(name, SLICE("title"));
}

// --- what combines with what -------------------------------------------------------------------

bool infer_can_equal(const struct type *a, const struct type *b)
{
    if (type_is_poison(a) || type_is_poison(b) || type_is_open(a) || type_is_open(b)) {
        return true;
    }
    if (type_is(a, TYPE_RECORD) || type_is(a, TYPE_FILE)) {
        return false;
    }
    return (type_is_number(a) && type_is_number(b)) || type_common(a, b) != NULL;
}

bool infer_can_order(const struct type *type)
{
    return type_is_poison(type) || type_is_open(type) || type_is_number(type) ||
           type_is(type, TYPE_MONEY) || type_is(type, TYPE_DATE) || type_is(type, TYPE_TIME) ||
           type_is(type, TYPE_DATETIME) || type_is(type, TYPE_DURATION) || type_is(type, TYPE_TEXT);
}

static const struct type *number_result(enum syntax_operator op, const struct type *a,
                                        const struct type *b)
{
    bool whole = type_is(a, TYPE_INTEGER) && type_is(b, TYPE_INTEGER) && op != OPERATOR_DIVIDE;
    return type_builtin(whole ? TYPE_INTEGER : TYPE_DECIMAL);
}

static const struct type *product_type(enum syntax_operator op, const struct type *a,
                                       const struct type *b)
{
    bool multiplies = op == OPERATOR_MULTIPLY;
    if (type_is(a, TYPE_MONEY) && type_is_number(b)) {
        return a;
    }
    if (type_is(a, TYPE_MONEY) && type_is(b, TYPE_MONEY) && !multiplies) {
        return type_builtin(TYPE_DECIMAL);
    }
    if (type_is_number(a) && type_is(b, TYPE_MONEY) && multiplies) {
        return b;
    }
    if (type_is(a, TYPE_DURATION) && type_is(b, TYPE_INTEGER) && multiplies) {
        return a;
    }
    return type_is(a, TYPE_INTEGER) && type_is(b, TYPE_DURATION) && multiplies ? b : NULL;
}

static const struct type *sum_type(enum syntax_operator op, const struct type *a,
                                   const struct type *b)
{
    bool adds = op == OPERATOR_ADD;
    if (type_is(a, TYPE_MONEY) && type_is(b, TYPE_MONEY)) {
        return a;
    }
    if (type_is(a, TYPE_DURATION) && type_is(b, TYPE_DURATION)) {
        return a;
    }
    if (type_is(b, TYPE_DURATION) && (type_is(a, TYPE_DATETIME) || type_is(a, TYPE_DATE))) {
        return a;
    }
    if (type_is(a, TYPE_DURATION) && adds && (type_is(b, TYPE_DATETIME) || type_is(b, TYPE_DATE))) {
        return b;
    }
    if (!adds && type_same(a, b) && (type_is(a, TYPE_DATETIME) || type_is(a, TYPE_DATE))) {
        return type_builtin(TYPE_DURATION);
    }
    if (type_is_many(a) && (type_fits(b, a->element) || type_fits(b, a))) {
        return a;
    }
    return NULL;
}

const struct type *infer_arithmetic_type(enum syntax_operator op, const struct type *a,
                                         const struct type *b, struct arena *arena)
{
    (void)arena;
    if (type_is_poison(a) || type_is_poison(b)) {
        return type_builtin(TYPE_POISON);
    }
    if (type_is_open(a) || type_is_open(b)) {
        return type_builtin(TYPE_OPEN);
    }
    if (type_is_number(a) && type_is_number(b)) {
        return number_result(op, a, b);
    }
    return op == OPERATOR_ADD || op == OPERATOR_SUBTRACT ? sum_type(op, a, b)
                                                         : product_type(op, a, b);
}

// --- currencies ---------------------------------------------------------------------------------

// The currency that an amount is certainly in; empty: it is seen when the case runs.
static struct slice currency_of(const struct expr *expr)
{
    if (expr == NULL || !type_is(expr->type, TYPE_MONEY)) {
        return SLICE_EMPTY;
    }
    switch ((uint32_t)expr->kind) {
    case EXPR_MONEY: return expr->text;
    case EXPR_NEGATE:
    case EXPR_ROUND: return currency_of(expr->a);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE: {
        struct slice a = currency_of(expr->a);
        return a.len > 0 ? a : currency_of(expr->b);
    }
    default: return SLICE_EMPTY;
    }
}

static bool report_currencies(struct infer *infer, const char *verb, const struct expr *a,
                              const struct expr *b)
{
    struct slice left = currency_of(a);
    struct slice right = currency_of(b);
    if (left.len == 0 || right.len == 0 || slice_equal(left, right)) {
        return false;
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0446, b->span);
    diag_fact(diag, slice_from_cstr(verb));
    diag_fact(diag, left);
    diag_fact(diag, right);
    diag_here(diag, "this is in %.*s", SLICE_PRINT(right));
    diag_label(diag, a->span, "this is in %.*s", SLICE_PRINT(left));
    diag_note(diag, "nobody has said here what one is worth in the other");
    return true;
}

// --- operators ---------------------------------------------------------------------------------

static void label_operand(struct diag *diag, struct infer *infer, const struct expr *operand)
{
    struct slice type = infer_quoted_type(infer, operand->type);
    if (operand->kind == EXPR_FIELD) {
        diag_label(diag, operand->field->span, "`%.*s` is declared as %.*s here",
                   SLICE_PRINT(operand->field->name), SLICE_PRINT(type));
    } else {
        diag_label(diag, operand->span, "this is %.*s", SLICE_PRINT(type));
    }
}

void infer_report_operands(struct infer *infer, uint32_t node, const struct expr *a,
                           const struct expr *b)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum syntax_operator op = (enum syntax_operator)syntax_op(tree, node);
    bool calculates = op >= OPERATOR_ADD;
    struct diag *diag = diag_add(infer->unit->diags, calculates ? DIAG_E0404 : DIAG_E0402, b->span);
    if (calculates) {
        static const char *const verbs[] = { "add", "subtract", "multiply", "divide" };
        diag_fact(diag, slice_from_cstr(verbs[op - OPERATOR_ADD]));
    }
    diag_fact(diag, infer_quoted_type(infer, a->type));
    diag_fact(diag, infer_quoted_type(infer, b->type));
    diag_here(diag, "this is %.*s", SLICE_PRINT(infer_quoted_type(infer, b->type)));
    label_operand(diag, infer, a);
    if (b->kind == EXPR_FIELD) {
        label_operand(diag, infer, b);
    }
    bool is_literal = b->kind == EXPR_DURATION || b->kind == EXPR_TEXT || b->kind == EXPR_DECIMAL;
    if (type_is(a->type, TYPE_MONEY) && is_literal && op <= OPERATOR_SUBTRACT) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, b->span, SLICE("500 EUR"),
                       "write an amount of money, for example `500 EUR`");
    } else if (type_is_number(a->type) && type_is(b->type, TYPE_DURATION) && !calculates) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, b->span, SLICE("5"), "write a number");
    } else if (type_is_number(b->type) && (type_is(a->type, TYPE_DURATION) ||
                                           type_is(a->type, TYPE_DATE) ||
                                           type_is(a->type, TYPE_DATETIME))) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(b->span), SLICE(" days"),
                       "add the unit");
    } else if (calculates && type_is_text_like(a->type)) {
        diag_help(diag, "put both into one text: \"{…}{…}\"");
    } else if (type_is(a->type, TYPE_ENUM) && b->kind == EXPR_TEXT) {
        const struct member *member = infer_find_member(a->type->enumeration, b->text);
        if (member != NULL) {
            diag_help_edit(diag, DIAG_FIX_SAFE, b->span, member->name, "name the member itself");
        }
    } else if (type_is(a->type, TYPE_DATETIME) && type_is(b->type, TYPE_DATE)) {
        diag_help(diag, "compare days: `day(…)`");
    }
}

static struct expr *make_binary(struct infer *infer, uint32_t node, enum image_expr_kind kind,
                                const struct type *type)
{
    return infer_new(infer, node, kind, type);
}

static const struct expr *finish_binary(struct infer *infer, struct expr *expr,
                                        const struct expr *a, const struct expr *b)
{
    expr->a = a;
    expr->b = b;
    infer_deepen(infer, expr, a);
    infer_deepen(infer, expr, b);
    return expr;
}

// Whichever side knows its type tells the other: `site is source` as well as `source is site`.
static void infer_pair(struct infer *infer, uint32_t node, const struct expr **ret_a,
                       const struct expr **ret_b, const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t left = syntax_first(tree, node);
    uint32_t right = syntax_next(tree, left);
    if (infer_is_bare(infer, left) && !infer_is_bare(infer, right)) {
        *ret_b = infer_expr(infer, right, expected);
        *ret_a = infer_expr(infer, left, expr_is_poison(*ret_b) ? expected : (*ret_b)->type);
        return;
    }
    *ret_a = infer_expr(infer, left, expected);
    *ret_b = infer_expr(infer, right, expr_is_poison(*ret_a) ? expected : (*ret_a)->type);
}

static const struct expr *infer_comparison(struct infer *infer, uint32_t node,
                                           enum syntax_operator op)
{
    static const enum image_expr_kind kinds[] = {
        [OPERATOR_LESS] = EXPR_LESS,       [OPERATOR_LESS_EQUAL] = EXPR_LESS_EQUAL,
        [OPERATOR_GREATER] = EXPR_GREATER, [OPERATOR_GREATER_EQUAL] = EXPR_GREATER_EQUAL,
        [OPERATOR_IS] = EXPR_IS,           [OPERATOR_IS_NOT] = EXPR_IS_NOT,
    };
    const struct expr *a = NULL;
    const struct expr *b = NULL;
    infer_pair(infer, node, &a, &b, NULL);
    struct expr *expr = make_binary(infer, node, kinds[op], type_builtin(TYPE_BOOL));
    if (expr_is_poison(a) || expr_is_poison(b)) {
        return infer_poison(infer, node);
    }
    if (!infer_can_equal(a->type, b->type)) {
        infer_report_operands(infer, node, a, b);
        return infer_poison(infer, node);
    }
    if (op != OPERATOR_IS && op != OPERATOR_IS_NOT && !infer_can_order(a->type)) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0413, expr->span);
        diag_fact(diag, infer_quoted_type(infer, a->type));
        label_operand(diag, infer, a);
        diag_help(diag, "compare with `is`, or with `in` and a list");
        return infer_poison(infer, node);
    }
    if (report_currencies(infer, "compare", a, b)) {
        return infer_poison(infer, node);
    }
    return finish_binary(infer, expr, a, b);
}

// What may be anything is a condition where one is said, or stands beside it.
static bool is_yes_or_no(const struct expr *expr)
{
    return type_is(expr->type, TYPE_BOOL) || type_is_open(expr->type);
}

// `a or b` between values is the first that is not empty.
static const struct expr *infer_logic(struct infer *infer, uint32_t node, enum syntax_operator op,
                                      const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t left = syntax_first(tree, node);
    uint32_t right = syntax_next(tree, left);
    if (op == OPERATOR_AND) {
        struct expr *expr = make_binary(infer, node, EXPR_AND, type_builtin(TYPE_BOOL));
        const struct expr *a = infer_condition(infer, left);
        return finish_binary(infer, expr, a, infer_condition(infer, right));
    }
    const struct expr *a = NULL;
    const struct expr *b = NULL;
    infer_pair(infer, node, &a, &b, expected);
    if (expr_is_poison(a) || expr_is_poison(b)) {
        return infer_poison(infer, node);
    }
    bool said = expected != NULL && type_is(expected, TYPE_BOOL);
    if (is_yes_or_no(a) && is_yes_or_no(b) &&
        (said || !type_is_open(a->type) || !type_is_open(b->type))) {
        return finish_binary(
            infer, make_binary(infer, node, EXPR_OR, type_builtin(TYPE_BOOL)), a, b);
    }
    const struct type *common = type_is(a->type, TYPE_BOOL) || type_is(b->type, TYPE_BOOL)
                                    ? NULL
                                    : type_common(a->type, b->type);
    if (common == NULL) {
        infer_report_operands(infer, node, a, b);
        return infer_poison(infer, node);
    }
    return finish_binary(infer, make_binary(infer, node, EXPR_FIRST_NOT_EMPTY, common), a, b);
}

// `creator in sales`: a role on the right, unless something nearer has its name.
static const struct expr *infer_in_role(struct infer *infer, uint32_t node, const struct expr *a,
                                        uint32_t right)
{
    const struct syntax_tree *tree = infer_tree(infer);
    if (!(type_is(a->type, TYPE_USER) || type_is_open(a->type)) ||
        syntax_kind(tree, right) != NODE_PATH || !infer_is_bare(infer, right)) {
        return NULL;
    }
    if (type_is_open(a->type) &&
        names_find_role(infer->unit, infer->file, syntax_name(tree, right)) == NULL) {
        return NULL;
    }
    const struct role *role = names_role(infer->unit, infer->file, syntax_first(tree, right));
    if (role == NULL) {
        return infer_poison(infer, node);
    }
    bool negates = syntax_op(tree, node) == OPERATOR_NOT_IN;
    struct expr *expr = make_binary(infer, node, negates ? EXPR_NOT_IN_ROLE : EXPR_IN_ROLE,
                                    type_builtin(TYPE_BOOL));
    expr->a = a;
    expr->role = role;
    infer_deepen(infer, expr, a);
    return expr;
}

static const struct expr *infer_membership(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t left = syntax_first(tree, node);
    uint32_t right = syntax_next(tree, left);
    const struct expr *a = NULL;
    const struct expr *b = NULL;
    if (infer_is_bare(infer, left) && !infer_is_bare(infer, right)) {
        b = infer_expr(infer, right, NULL);
        a = infer_expr(infer, left, type_is_many(b->type)   ? b->type->element
                                    : type_is_open(b->type) ? b->type
                                                            : NULL);
    } else {
        a = infer_expr(infer, left, NULL);
        if (expr_is_poison(a)) {
            return a;
        }
        const struct expr *in_role = infer_in_role(infer, node, a, right);
        if (in_role != NULL) {
            return in_role;
        }
        b = infer_expr(infer, right, type_list_of(a->type, infer->unit->arena));
    }
    if (expr_is_poison(a) || expr_is_poison(b)) {
        return infer_poison(infer, node);
    }
    if (!type_is_many(b->type) && !type_is_open(b->type)) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0411, b->span);
        diag_fact(diag, infer_quoted_type(infer, b->type));
        diag_here(diag, "this is one value");
        diag_help(diag, "use `is`, or put brackets around the choices: `in [a, b]`");
        return infer_poison(infer, node);
    }
    if (type_is_many(b->type) && !infer_can_equal(a->type, b->type->element)) {
        infer_report_operands(infer, node, a, b);
        return infer_poison(infer, node);
    }
    bool negates = syntax_op(tree, node) == OPERATOR_NOT_IN;
    return finish_binary(infer,
                         make_binary(infer, node, negates ? EXPR_NOT_IN : EXPR_IN,
                                     type_builtin(TYPE_BOOL)),
                         a, b);
}

static bool is_hours_on_date(const struct expr *a, const struct expr *b)
{
    return type_is(a->type, TYPE_DATE) && b->kind == EXPR_DURATION && b->scale == DURATION_MS;
}

static const struct expr *infer_arithmetic(struct infer *infer, uint32_t node,
                                           enum syntax_operator op, const struct type *expected)
{
    static const enum image_expr_kind kinds[] = { EXPR_ADD, EXPR_SUBTRACT, EXPR_MULTIPLY,
                                                  EXPR_DIVIDE };
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t left = syntax_first(tree, node);
    uint32_t right = syntax_next(tree, left);
    const struct expr *a = NULL;
    const struct expr *b = NULL;
    bool sums = op == OPERATOR_ADD || op == OPERATOR_SUBTRACT;
    const struct type *number =
        expected != NULL && (type_is_number(expected) || type_is(expected, TYPE_MONEY)) && sums
            ? expected
            : NULL;
    if (sums) {
        infer_pair(infer, node, &a, &b, number);
    } else {
        a = infer_expr(infer, left, NULL);
        b = infer_expr(infer, right, NULL);
    }
    const struct type *type = infer_arithmetic_type(op, a->type, b->type, infer->unit->arena);
    if (type == NULL) {
        infer_report_operands(infer, node, a, b);
        return infer_poison(infer, node);
    }
    if (type_is_poison(type)) {
        return infer_poison(infer, node);
    }
    static const char *const verbs[] = { "add", "subtract", "multiply", "divide" };
    if (report_currencies(infer, verbs[op - OPERATOR_ADD], a, b)) {
        return infer_poison(infer, node);
    }
    if (is_hours_on_date(a, b) || is_hours_on_date(b, a)) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0704, syntax_span(tree, node));
        diag_here(diag, "a date has no time of day");
        diag_help(diag, "count in days, or begin from a moment: `today 09:00`");
        return infer_poison(infer, node);
    }
    return finish_binary(infer, make_binary(infer, node, kinds[op - OPERATOR_ADD], type), a, b);
}

const struct expr *infer_binary(struct infer *infer, uint32_t node, const struct type *expected)
{
    enum syntax_operator op = (enum syntax_operator)syntax_op(infer_tree(infer), node);
    switch (op) {
    case OPERATOR_OR:
    case OPERATOR_AND:
        return infer_logic(infer, node, op, expected);
    case OPERATOR_LESS:
    case OPERATOR_LESS_EQUAL:
    case OPERATOR_GREATER:
    case OPERATOR_GREATER_EQUAL:
    case OPERATOR_IS:
    case OPERATOR_IS_NOT:
        return infer_comparison(infer, node, op);
    case OPERATOR_IN:
    case OPERATOR_NOT_IN:
        return infer_membership(infer, node);
    case OPERATOR_ADD:
    case OPERATOR_SUBTRACT:
    case OPERATOR_MULTIPLY:
    case OPERATOR_DIVIDE:
        return infer_arithmetic(infer, node, op, expected);
    }
    UNREACHABLE();
}
