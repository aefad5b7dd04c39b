// Tests: messages that come, and calls that succeed or fail.
#include "base/array.h"
#include "dsl/check/check_test_internal.h"

static const struct param *find_param(const struct signal *signal, struct slice name)
{
    for (uint32_t i = 0; i < signal->param_count; i++) {
        if (slice_equal(signal->params[i].name, name)) {
            return &signal->params[i];
        }
    }
    return NULL;
}

static void report_unknown(struct test_check_state *test, uint32_t node,
                           const struct signal *signal)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0318, syntax_span(tree, node));
    diag_fact(diag, syntax_name(tree, node));
    diag_fact_format(diag, "message `%.*s.%.*s`", SLICE_PRINT(signal->connector->decl.name),
                     SLICE_PRINT(signal->name));
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 0; i < signal->param_count; i++) {
        suggest_offer(&suggestions, signal->params[i].name, 0);
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, node), "parameter");
}

static void check_values(struct test_check_state *test, struct test_play *play, uint32_t node,
                         const struct signal *signal)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct arena *arena = test->unit->arena;
    uint32_t clause = syntax_child(tree, node, NODE_WITH);
    struct test_with *withs = NULL;
    for (uint32_t arg = clause == NODE_NONE ? NODE_NONE : syntax_first(tree, clause);
         arg != NODE_NONE; arg = syntax_next(tree, arg)) {
        uint32_t name_node = syntax_first(tree, arg);
        if (syntax_kind(tree, arg) != NODE_ARG || syntax_kind(tree, name_node) != NODE_NAME) {
            continue;
        }
        struct test_with with = { .name = syntax_name(tree, name_node) };
        const struct param *param = find_param(signal, with.name);
        if (param == NULL) {
            report_unknown(test, name_node, signal);
            continue;
        }
        with.value = check_test_fit(test, syntax_next(tree, name_node), param->type,
                                    arena_format(arena, "`%.*s`", SLICE_PRINT(with.name)),
                                    param->span);
        ARRAY_PUSH(arena, withs, play->with_count, with);
    }
    play->withs = withs;
}

// A case that nobody has named yet: the message begins it, if just one process begins so.
static const struct process *begun_by(struct test_check_state *test, const struct signal *signal)
{
    const struct process *found = NULL;
    for (uint32_t i = 0; i < test->unit->process_count; i++) {
        const struct process *process = test->unit->processes[i];
        for (uint32_t n = 0; n < process->intake_count; n++) {
            if (process->intakes[n]->signal == signal) {
                found = process;
            }
        }
    }
    return found;
}

static void check_case(struct test_check_state *test, struct test_play *play, uint32_t name_node,
                       const struct signal *signal)
{
    const struct syntax_tree *tree = check_test_tree(test);
    if (name_node == NODE_NONE || syntax_kind(tree, name_node) != NODE_NAME) {
        return;
    }
    struct slice name = syntax_name(tree, name_node);
    const struct process *process =
        signal == NULL ? NULL : check_test_process(test, begun_by(test, signal));
    if (check_test_find_case(test, name) == INDEX_NONE && process != NULL &&
        !names_reach_limit(test->unit, syntax_span(tree, name_node), SLICE("the test"),
                           test->plan.case_count, TEST_NAMES_MAX, "cases")) {
        check_test_add_case(test, play, name_node, name, process);
        play->names_case = true;
        return;
    }
    play->case_index = check_test_case(test, name_node);
    if (play->case_index != INDEX_NONE) {
        test->current_case = play->case_index;
    }
}

void check_test_outside(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    bool is_call = syntax_kind(tree, node) == NODE_PLAY_CALL;
    uint32_t connector = syntax_child_class(tree, node, CLASS_NAME, 0);
    uint32_t name = syntax_child_class(tree, node, CLASS_NAME, 1);
    struct signal *signal = names_signal(test->unit, test->file, connector, name, is_call);
    play->kind = is_call ? TEST_PLAY_CALL : TEST_PLAY_MESSAGE;
    if (signal != NULL) {
        signal->used = true;
        play->connector = signal->connector->decl.name;
        play->action = signal->name;
    }
    check_case(test, play, syntax_child_class(tree, node, CLASS_NAME, 2), is_call ? NULL : signal);
    if (is_call) {
        play->refused = syntax_op(tree, node) == SYNTAX_FAILED;
        return;
    }
    if (signal != NULL) {
        check_values(test, play, node, signal);
    }
    check_test_refused(test, play, node);
}
