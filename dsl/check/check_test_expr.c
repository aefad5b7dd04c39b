// Values and checks of tests: constants, people and cases of the test, and what cases say.
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check_test_internal.h"

static struct test_typed make(struct test_check_state *test, uint32_t node,
                              enum test_expr_kind kind, const struct type *type)
{
    struct test_expr *expr = ARENA_NEW(test->unit->arena, struct test_expr);
    expr->kind = kind;
    expr->index = INDEX_NONE;
    expr->line = check_test_line(test, node);
    expr->text = check_test_source(test, node);
    return (struct test_typed){
        .expr = expr,
        .of = { .kind = EXPR_EMPTY,
                .type = type,
                .span = syntax_span(check_test_tree(test), node),
                .depth = 1 },
    };
}

static struct test_typed poison(struct test_check_state *test, uint32_t node)
{
    return make(test, node, TEST_EXPR_VALUE, type_builtin(TYPE_POISON));
}

static struct test_typed with_operands(struct test_typed made, struct test_check_state *test,
                                       const struct test_typed *a, const struct test_typed *b)
{
    struct test_expr *items = ARENA_ARRAY(test->unit->arena, struct test_expr, 2);
    items[0] = *a->expr;
    made.expr->item_count = 1;
    if (b != NULL) {
        items[1] = *b->expr;
        made.expr->item_count = 2;
    }
    made.expr->items = items;
    return made;
}

// --- constants ---------------------------------------------------------------------------------

static struct value constant_of(const struct expr *expr)
{
    struct value value = value_empty();
    value.number = expr->number;
    value.scale = (uint8_t)expr->scale;
    switch ((int)expr->kind) {
    case EXPR_BOOL:
        return value_bool(expr->number != 0);
    case EXPR_TEXT:
        return value_text(expr->text);
    case EXPR_INTEGER:
        value.kind = VALUE_INTEGER;
        value.scale = 0;
        break;
    case EXPR_DECIMAL:
        value.kind = VALUE_DECIMAL;
        break;
    case EXPR_MONEY:
        value.kind = VALUE_MONEY;
        if (expr->text.len == 3) {
            memcpy(value.currency, expr->text.ptr, 3);
        }
        break;
    case EXPR_DATE:
        value.kind = VALUE_DATE;
        break;
    case EXPR_TIME:
        value.kind = VALUE_TIME;
        break;
    case EXPR_DATETIME:
        value.kind = VALUE_DATETIME;
        break;
    case EXPR_DURATION:
        value.kind = VALUE_DURATION;
        value.unit = (uint8_t)expr->scale;
        value.scale = 0;
        break;
    default:
        break;
    }
    return value;
}

static struct test_typed test_literal(struct test_check_state *test, uint32_t node,
                                      const struct type *expected)
{
    const struct syntax_tree *tree = check_test_tree(test);
    bool is_text = syntax_kind(tree, node) == NODE_STRING;
    // A text in a test is what a person types into the form: the engine reads it as such.
    const struct expr *literal = infer_literal(&test->infer, node, is_text ? NULL : expected);
    struct test_typed made = make(test, node, TEST_EXPR_VALUE, literal->type);
    made.of.kind = literal->kind;
    made.of.text = literal->text;
    made.expr->value = constant_of(literal);
    const struct type *wanted =
        expected != NULL && type_is(expected, TYPE_LIST) ? expected->element : expected;
    // "what: desk, price: 10", and a case by its key
    bool spelled = wanted != NULL && (type_is(wanted, TYPE_RECORD) ||
                                      (wanted == expected && (type_is(wanted, TYPE_REF) ||
                                                              type_is(wanted, TYPE_FILE))));
    if (is_text && expected != NULL && (type_is_text_like(expected) || spelled)) {
        made.of.type = expected;
    }
    return made;
}

// A set is kept in the order of its enum, without repeats.
static void order_members(struct value *items, uint32_t *count,
                          const struct enumeration *enumeration)
{
    uint32_t kept = 0;
    for (uint32_t m = 0; m < enumeration->member_count; m++) {
        for (uint32_t i = kept; i < *count; i++) {
            if (items[i].kind == VALUE_TEXT &&
                slice_equal(items[i].text, enumeration->members[m].name)) {
                struct value found = items[i];
                items[i] = items[kept];
                items[kept++] = found;
                break;
            }
        }
    }
    *count = kept;
}

static struct test_typed test_list(struct test_check_state *test, uint32_t node,
                                   const struct type *expected)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct arena *arena = test->unit->arena;
    const struct type *element =
        expected != NULL && type_is_many(expected) ? expected->element : NULL;
    struct test_expr *items = NULL;
    struct value *values = NULL;
    uint32_t count = 0;
    uint32_t value_count = 0;
    bool poisoned = false;
    for (SYNTAX_EACH(tree, node, child)) {
        struct test_typed item = check_test_expr(test, child, element);
        if (element == NULL) {
            element = item.of.type;
        } else if (!type_fits(item.of.type, element)) {
            infer_report_misfit(&test->infer, &item.of, child, element, SLICE("the list"),
                                span_make(0, 0, 0));
            poisoned = true;
        }
        poisoned = poisoned || type_is_poison(item.of.type);
        ARRAY_PUSH(arena, items, count, *item.expr);
        if (item.expr->kind == TEST_EXPR_VALUE) {
            ARRAY_PUSH(arena, values, value_count, item.expr->value);
        }
    }
    if (poisoned) {
        return poison(test, node);
    }
    const struct type *type = expected != NULL && type_is_many(expected) ? expected
                              : element == NULL ? type_builtin(TYPE_POISON)
                                                : type_list_of(element, arena);
    struct test_typed made = make(test, node, TEST_EXPR_LIST, type);
    made.expr->items = items;
    made.expr->item_count = count;
    if (value_count < count) {
        return made;
    }
    made.expr->kind = TEST_EXPR_VALUE;
    made.expr->item_count = 0;
    if (type_is(type, TYPE_SET) && type_is(type->element, TYPE_ENUM)) {
        order_members(values, &value_count, type->element->enumeration);
    }
    made.expr->value = (struct value){ .kind = VALUE_LIST };
    made.expr->value.list.items = values;
    made.expr->value.list.count = value_count;
    return made;
}

// --- names -------------------------------------------------------------------------------------

static const struct type *ref_to(struct test_check_state *test, uint32_t index)
{
    const struct process *process = test->processes[index];
    if (process == NULL) {
        return type_builtin(TYPE_POISON);
    }
    struct type *type = ARENA_NEW(test->unit->arena, struct type);
    *type = (struct type){ .kind = TYPE_REF, .process = process->decl.name };
    return type;
}

static struct test_typed lone_name(struct test_check_state *test, uint32_t node,
                                   const struct type *expected)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct slice name = syntax_name(tree, node);
    if (expected != NULL && type_is_many(expected)) {
        expected = expected->element;
    }
    if (expected != NULL && type_is(expected, TYPE_ENUM)) {
        const struct member *member = infer_find_member(expected->enumeration, name);
        if (member != NULL) {
            struct test_typed made = make(test, node, TEST_EXPR_VALUE, expected);
            made.expr->value = value_text(member->name);
            return made;
        }
    }
    uint32_t index = check_test_find_case(test, name);
    uint32_t user = check_test_find_user(test, name);
    if (index != INDEX_NONE && (user == INDEX_NONE || expected == NULL ||
                                !type_is(expected, TYPE_USER))) {
        struct test_typed made = make(test, node, TEST_EXPR_CASE, ref_to(test, index));
        made.expr->index = index;
        return made;
    }
    if (user != INDEX_NONE) {
        struct test_typed made = make(test, node, TEST_EXPR_USER, type_builtin(TYPE_USER));
        made.expr->index = user;
        return made;
    }
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0305, syntax_span(tree, node));
    diag_fact(diag, name);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    if (expected != NULL && type_is(expected, TYPE_ENUM)) {
        diag_here(diag, "a member of `%.*s` is needed here",
                  SLICE_PRINT(expected->enumeration->decl.name));
        for (uint32_t i = 0; i < expected->enumeration->member_count; i++) {
            suggest_offer(&suggestions, expected->enumeration->members[i].name, 0);
        }
    } else {
        for (uint32_t i = 0; i < test->plan.user_count; i++) {
            suggest_offer(&suggestions, test->users[i].name, 0);
        }
        for (uint32_t i = 0; i < test->plan.case_count; i++) {
            suggest_offer(&suggestions, test->cases[i].name, 0);
        }
    }
    bool found = diag_suggest(diag, &suggestions, syntax_span(tree, node), "name");
    if (!found && expected != NULL && type_is(expected, TYPE_ENUM)) {
        diag_note(diag, "the members of `%.*s` are %.*s",
                  SLICE_PRINT(expected->enumeration->decl.name),
                  SLICE_PRINT(names_members(expected->enumeration, test->unit->arena)));
    } else if (!found) {
        diag_note(diag, "a test knows its people, its cases, and what `CASE.FIELD` says");
    }
    return poison(test, node);
}

static struct test_typed case_part(struct test_check_state *test, uint32_t node, uint32_t index,
                                   uint32_t part_node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    const struct process *process = test->processes[index];
    struct slice name = syntax_name(tree, part_node);
    if (process == NULL) {
        return poison(test, node);
    }
    const struct field *field = infer_find_field(process, name);
    const struct role *role = names_find_role(test->unit, process->decl.file, name);
    if (field != NULL || role != NULL) {
        const struct type *type = field != NULL ? field->type : type_builtin(TYPE_USER);
        struct test_typed made =
            make(test, node, field != NULL ? TEST_EXPR_FIELD : TEST_EXPR_SLOT, type);
        made.expr->index = index;
        made.expr->name = name;
        if (field != NULL) {
            made.of.kind = EXPR_FIELD;
            made.of.field = field;
        }
        return made;
    }
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0306, syntax_span(tree, part_node));
    diag_fact(diag, name);
    diag_fact(diag, process->decl.name);
    diag_here(diag, "a field or a role of the case is needed here");
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < process->field_count; i++) {
        suggest_offer(&suggestions, process->fields[i]->name, 0);
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, part_node), "field");
    return poison(test, node);
}

static struct test_typed test_path(struct test_check_state *test, uint32_t node,
                                   const struct type *expected)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t first = syntax_first(tree, node);
    if (first == NODE_NONE || syntax_kind(tree, first) != NODE_NAME) {
        return poison(test, node);
    }
    uint32_t part = syntax_next(tree, first);
    if (part == NODE_NONE) {
        return lone_name(test, node, expected);
    }
    uint32_t index = check_test_case(test, first);
    if (index == INDEX_NONE) {
        return poison(test, node);
    }
    test->current_case = index;
    uint32_t more = syntax_next(tree, part);
    if (more != NODE_NONE) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0315, syntax_span(tree, more));
        diag_fact(diag, syntax_name(tree, more));
        diag_fact_format(diag, "`%.*s`", SLICE_PRINT(syntax_name(tree, part)));
        diag_note(diag, "a test looks at whole fields of a case");
        return poison(test, node);
    }
    return case_part(test, node, index, part);
}

// --- what cases say ----------------------------------------------------------------------------

static bool stands_somewhere(const struct process *process, struct slice name)
{
    for (uint32_t i = 1; i < process->stage_count; i++) {
        if (slice_equal(process->stages[i]->name, name)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        if (slice_equal(process->ends[i]->name, name)) {
            return true;
        }
    }
    return slice_equal(name, SLICE("merged")) || slice_equal(name, SLICE("cancelled"));
}

static void report_unknown_place(struct test_check_state *test, uint32_t node,
                                 const struct process *process)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0301, syntax_span(tree, node));
    diag_fact(diag, syntax_name(tree, node));
    diag_fact(diag, process->decl.name);
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 1; i < process->stage_count; i++) {
        suggest_offer(&suggestions, process->stages[i]->name, 0);
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        suggest_offer(&suggestions, process->ends[i]->name, 0);
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, node), "stage or end");
}

static bool is_lone_path(const struct syntax_tree *tree, uint32_t node)
{
    return syntax_kind(tree, node) == NODE_PATH && syntax_first(tree, node) != NODE_NONE &&
           syntax_next(tree, syntax_first(tree, node)) == NODE_NONE;
}

// `l in contact`: false when the operation is about something else.
static bool test_stands(struct test_check_state *test, uint32_t node, struct test_typed *ret_made)
{
    const struct syntax_tree *tree = check_test_tree(test);
    unsigned op = syntax_op(tree, node);
    uint32_t left = syntax_first(tree, node);
    uint32_t right = syntax_next(tree, left);
    if ((op != OPERATOR_IN && op != OPERATOR_NOT_IN) || !is_lone_path(tree, left) ||
        !is_lone_path(tree, right)) {
        return false;
    }
    uint32_t index = check_test_find_case(test, syntax_name(tree, left));
    if (index == INDEX_NONE && check_test_find_user(test, syntax_name(tree, left)) == INDEX_NONE) {
        check_test_case(test, syntax_first(tree, left));
        *ret_made = poison(test, node);
        return true;
    }
    if (index == INDEX_NONE) {
        return false;
    }
    test->current_case = index;
    const struct process *process = test->processes[index];
    struct slice place = syntax_name(tree, right);
    if (process == NULL || !stands_somewhere(process, place)) {
        if (process != NULL) {
            report_unknown_place(test, right, process);
        }
        *ret_made = poison(test, node);
        return true;
    }
    struct test_typed stands = make(test, node, TEST_EXPR_STANDS, type_builtin(TYPE_BOOL));
    stands.expr->index = index;
    stands.expr->name = place;
    *ret_made = op == OPERATOR_IN
                    ? stands
                    : with_operands(make(test, node, TEST_EXPR_NOT, type_builtin(TYPE_BOOL)), test,
                                    &stands, NULL);
    return true;
}

static struct test_typed test_collection(struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t path = syntax_first(tree, node);
    uint32_t name = syntax_kind(tree, path) == NODE_PATH ? syntax_first(tree, path) : NODE_NONE;
    uint32_t second = name == NODE_NONE ? NODE_NONE : syntax_next(tree, name);
    uint32_t index = second != NODE_NONE ? check_test_case(test, name)
                                         : check_test_current(test, node);
    enum image_quantifier quantifier = QUANTIFIER_ALL;
    enum image_child_state state = CHILD_ANY;
    bool complete = infer_child_state(&test->infer, node, &quantifier, &state);
    if (index == INDEX_NONE || test->processes[index] == NULL || !complete) {
        return poison(test, node);
    }
    test->current_case = index;
    const struct collection *collection = infer_named_collection(
        &test->infer, test->processes[index], second != NODE_NONE ? second : name);
    if (collection == NULL) {
        return poison(test, node);
    }
    struct test_typed made =
        make(test, node, TEST_EXPR_COLLECTION,
             type_builtin(quantifier == QUANTIFIER_COUNT ? TYPE_INTEGER : TYPE_BOOL));
    made.expr->index = index;
    made.expr->name = collection->name;
    made.expr->quantifier = quantifier;
    made.expr->state = state;
    return made;
}

static struct test_typed test_property(struct test_check_state *test, uint32_t node)
{
    enum image_task_property property = TASK_PROPERTY_DUE;
    const struct type *type = infer_property_type(&test->infer, node, &property);
    uint32_t index = check_test_current(test, node);
    if (type == NULL || index == INDEX_NONE) {
        return poison(test, node);
    }
    if (syntax_op(check_test_tree(test), node) != PROPERTY_OF_TASK) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0305,
                                     syntax_span(check_test_tree(test), node));
        diag_fact(diag, check_test_source(test, node));
        diag_help(diag, "say where the case stands: `CASE in STAGE`");
        return poison(test, node);
    }
    struct test_typed made = make(test, node, TEST_EXPR_TASK_PROPERTY, type);
    made.expr->index = index;
    made.expr->property = property;
    return made;
}

// --- operators ---------------------------------------------------------------------------------

static bool is_bare(const struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    if (is_lone_path(tree, node)) {
        struct slice name = syntax_name(tree, node);
        return check_test_find_case(test, name) == INDEX_NONE &&
               check_test_find_user(test, name) == INDEX_NONE;
    }
    enum syntax_kind kind = syntax_kind(tree, node);
    return kind == NODE_NUMBER || kind == NODE_LIST || kind == NODE_STRING;
}

static struct test_typed test_logic(struct test_check_state *test, uint32_t node, bool is_and)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t left = syntax_first(tree, node);
    struct test_typed made =
        make(test, node, is_and ? TEST_EXPR_AND : TEST_EXPR_OR, type_builtin(TYPE_BOOL));
    struct test_typed a = { .expr = check_test_condition(test, left) };
    struct test_typed b = { .expr = check_test_condition(test, syntax_next(tree, left)) };
    return with_operands(made, test, &a, &b);
}

static const struct type *operation_type(struct test_check_state *test, enum syntax_operator op,
                                         const struct test_typed *a, const struct test_typed *b)
{
    if (op >= OPERATOR_ADD) {
        return infer_arithmetic_type(op, a->of.type, b->of.type, test->unit->arena);
    }
    const struct type *right = b->of.type;
    if (op == OPERATOR_IN || op == OPERATOR_NOT_IN) {
        if (!type_is_many(right)) {
            return NULL;
        }
        right = right->element;
    }
    bool orders = op >= OPERATOR_LESS && op <= OPERATOR_GREATER_EQUAL;
    bool fits = infer_can_equal(a->of.type, right) && (!orders || infer_can_order(a->of.type));
    return fits ? type_builtin(TYPE_BOOL) : NULL;
}

static struct test_typed test_binary(struct test_check_state *test, uint32_t node)
{
    static const enum test_expr_kind kinds[] = {
        [OPERATOR_OR] = TEST_EXPR_OR,
        [OPERATOR_AND] = TEST_EXPR_AND,
        [OPERATOR_LESS] = TEST_EXPR_LESS,
        [OPERATOR_LESS_EQUAL] = TEST_EXPR_LESS_EQUAL,
        [OPERATOR_GREATER] = TEST_EXPR_GREATER,
        [OPERATOR_GREATER_EQUAL] = TEST_EXPR_GREATER_EQUAL,
        [OPERATOR_IS] = TEST_EXPR_IS,
        [OPERATOR_IS_NOT] = TEST_EXPR_IS_NOT,
        [OPERATOR_IN] = TEST_EXPR_IN,
        [OPERATOR_NOT_IN] = TEST_EXPR_NOT_IN,
        [OPERATOR_ADD] = TEST_EXPR_ADD,
        [OPERATOR_SUBTRACT] = TEST_EXPR_SUBTRACT,
        [OPERATOR_MULTIPLY] = TEST_EXPR_MULTIPLY,
        [OPERATOR_DIVIDE] = TEST_EXPR_DIVIDE,
    };
    const struct syntax_tree *tree = check_test_tree(test);
    enum syntax_operator op = (enum syntax_operator)syntax_op(tree, node);
    if (op == OPERATOR_OR || op == OPERATOR_AND) {
        return test_logic(test, node, op == OPERATOR_AND);
    }
    struct test_typed stands;
    if (test_stands(test, node, &stands)) {
        return stands;
    }
    uint32_t left = syntax_first(tree, node);
    uint32_t right = syntax_next(tree, left);
    struct test_typed a;
    struct test_typed b;
    if (is_bare(test, left) && !is_bare(test, right)) {
        b = check_test_expr(test, right, NULL);
        a = check_test_expr(test, left, b.of.type);
    } else {
        bool scales = op == OPERATOR_MULTIPLY || op == OPERATOR_DIVIDE;
        a = check_test_expr(test, left, NULL);
        bool looks_in = op == OPERATOR_IN || op == OPERATOR_NOT_IN;
        const struct type *wanted =
            looks_in ? type_list_of(a.of.type, test->unit->arena) : a.of.type;
        b = check_test_expr(test, right, scales ? NULL : wanted);
    }
    if (type_is_poison(a.of.type) || type_is_poison(b.of.type)) {
        return poison(test, node);
    }
    const struct type *type = operation_type(test, op, &a, &b);
    if (type == NULL) {
        infer_report_operands(&test->infer, node, &a.of, &b.of);
        return poison(test, node);
    }
    return with_operands(make(test, node, kinds[op], type), test, &a, &b);
}

static struct test_typed test_unary(struct test_check_state *test, uint32_t node,
                                    const struct type *expected)
{
    const struct syntax_tree *tree = check_test_tree(test);
    enum syntax_kind kind = syntax_kind(tree, node);
    uint32_t operand = syntax_first(tree, node);
    if (kind == NODE_NOT) {
        struct test_typed a = { .expr = check_test_condition(test, operand) };
        return with_operands(make(test, node, TEST_EXPR_NOT, type_builtin(TYPE_BOOL)), test, &a,
                             NULL);
    }
    struct test_typed a = check_test_expr(test, operand, kind == NODE_NEGATE ? expected : NULL);
    if (type_is_poison(a.of.type)) {
        return poison(test, node);
    }
    if (kind == NODE_NEGATE) {
        struct test_typed made = make(test, node, TEST_EXPR_NEGATE, a.of.type);
        if (a.expr->kind == TEST_EXPR_VALUE) {
            made.expr->kind = TEST_EXPR_VALUE;
            made.expr->value = a.expr->value;
            made.expr->value.number = -a.expr->value.number;
            return made;
        }
        return with_operands(made, test, &a, NULL);
    }
    return with_operands(make(test, node,
                              kind == NODE_IS_EMPTY ? TEST_EXPR_IS_EMPTY : TEST_EXPR_IS_NOT_EMPTY,
                              type_builtin(TYPE_BOOL)),
                         test, &a, NULL);
}

static struct test_typed test_call(struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    enum image_expr_kind kind = EXPR_EMPTY;
    if (!infer_function(&test->infer, node, &kind)) {
        return poison(test, node);
    }
    struct test_typed a = check_test_expr(test, syntax_next(tree, syntax_first(tree, node)), NULL);
    if (type_is_poison(a.of.type)) {
        return a;
    }
    const struct type *type = kind == EXPR_ROUND || kind == EXPR_FIRST
                                  ? NULL
                                  : infer_function_type(kind, a.of.type);
    if (type == NULL) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0401, a.of.span);
        diag_fact(diag, infer_quoted_type(&test->infer, a.of.type));
        diag_fact_format(diag, "`%.*s(…)`", SLICE_PRINT(syntax_name(tree, node)));
        diag_note(diag, "a test has day, hour and length");
        return poison(test, node);
    }
    enum test_expr_kind to = kind == EXPR_DAY    ? TEST_EXPR_DAY
                             : kind == EXPR_HOUR ? TEST_EXPR_HOUR
                                                 : TEST_EXPR_LENGTH;
    return with_operands(make(test, node, to, type), test, &a, NULL);
}

static struct test_typed test_today(struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t time = syntax_child(tree, node, NODE_TIME);
    struct test_typed made = make(test, node, TEST_EXPR_TODAY,
                                  type_builtin(time == NODE_NONE ? TYPE_DATE : TYPE_DATETIME));
    made.expr->value = time == NODE_NONE ? value_empty() : syntax_literal(tree, time);
    return made;
}

struct test_typed check_test_expr(struct test_check_state *test, uint32_t node,
                                  const struct type *expected)
{
    const struct syntax_tree *tree = check_test_tree(test);
    enum syntax_kind kind = node == NODE_NONE ? NODE_ERROR : syntax_kind(tree, node);
    if (kind == NODE_ERROR) {
        return poison(test, node == NODE_NONE ? 0 : node);
    }
    if (kind == NODE_PATH) {
        return test_path(test, node, expected);
    }
    if (kind == NODE_BINARY) {
        return test_binary(test, node);
    }
    if (kind == NODE_NOT || kind == NODE_NEGATE || kind == NODE_IS_EMPTY ||
        kind == NODE_IS_NOT_EMPTY) {
        return test_unary(test, node, expected);
    }
    if (kind == NODE_COLLECTION) {
        return test_collection(test, node);
    }
    if (kind == NODE_PROPERTY) {
        return test_property(test, node);
    }
    if (kind == NODE_LIST) {
        return test_list(test, node, expected);
    }
    if (kind == NODE_CALL) {
        return test_call(test, node);
    }
    if (kind == NODE_TODAY) {
        return test_today(test, node);
    }
    if (kind == NODE_NOW) {
        return make(test, node, TEST_EXPR_NOW, type_builtin(TYPE_DATETIME));
    }
    if (kind == NODE_ME || kind == NODE_CREATOR || kind == NODE_PICK || kind == NODE_TEMPLATE) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0305, syntax_span(tree, node));
        diag_fact(diag, check_test_source(test, node));
        diag_note(diag, "a test knows its people, its cases, and what `CASE.FIELD` says");
        return poison(test, node);
    }
    return test_literal(test, node, expected);
}

struct test_expr *check_test_fit(struct test_check_state *test, uint32_t node,
                                 const struct type *to, struct slice what, struct span declared)
{
    struct test_typed value = check_test_expr(test, node, to);
    if (!type_fits(value.of.type, to)) {
        infer_report_misfit(&test->infer, &value.of, node, to, what, declared);
    }
    return value.expr;
}

struct test_expr *check_test_condition(struct test_check_state *test, uint32_t node)
{
    struct test_typed value = check_test_expr(test, node, type_builtin(TYPE_BOOL));
    if (!type_fits(value.of.type, type_builtin(TYPE_BOOL))) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0403,
                                     syntax_span(check_test_tree(test), node));
        diag_fact(diag, infer_quoted_type(&test->infer, value.of.type));
        diag_here(diag, "say what must hold, with `is`, `in` or `<`");
    }
    return value.expr;
}
