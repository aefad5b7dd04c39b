// Tests: what people do beside pressing, and children that get a name.
#include "base/limits.h"
#include "dsl/check/check_test_internal.h"

// child PROCESS NAME of CASE.COLLECTION
void check_test_child(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    play->kind = TEST_PLAY_CHILD;
    if (names_reach_limit(test->unit, syntax_keyword_span(tree, node), SLICE("the test"),
                          test->plan.case_count, TEST_NAMES_MAX, "cases")) {
        return;
    }
    const struct process *process =
        check_test_process(test, names_process(test->unit, test->file,
                                               syntax_child_class(tree, node, CLASS_NAME, 0)));
    uint32_t name = syntax_child_class(tree, node, CLASS_NAME, 1);
    play->parent = check_test_case(test, syntax_child_class(tree, node, CLASS_NAME, 2));
    const struct process *above =
        play->parent == INDEX_NONE ? NULL : test->processes[play->parent];
    const struct collection *collection =
        above == NULL ? NULL
                      : infer_named_collection(&test->infer, above,
                                               syntax_child_class(tree, node, CLASS_NAME, 3));
    if (collection != NULL) {
        play->target = collection->name;
    }
    if (name != NODE_NONE && syntax_kind(tree, name) == NODE_NAME) {
        check_test_add_case(test, play, name, syntax_name(tree, name), process);
    }
    play->process = process == NULL ? SLICE_EMPTY : process->decl.name;
}

static void check_stage(struct test_check_state *test, uint32_t node, const struct process *process)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct slice name = syntax_name(tree, node);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 1; i < process->stage_count; i++) {
        if (slice_equal(process->stages[i]->name, name)) {
            return;
        }
        suggest_offer(&suggestions, process->stages[i]->name, 0);
    }
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0301, syntax_span(tree, node));
    diag_fact(diag, name);
    diag_fact(diag, process->decl.name);
    diag_suggest(diag, &suggestions, syntax_span(tree, node), "stage");
}

// A side task is for a person, or for a role.
static void check_receiver(struct test_check_state *test, uint32_t node)
{
    struct slice name = syntax_name(check_test_tree(test), node);
    if (names_find_role(test->unit, test->file, name) == NULL) {
        (void)check_test_user(test, node);
    }
}

static void check_deed_target(struct test_check_state *test, struct test_play *play, uint32_t node,
                         const struct process *process)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t target = syntax_child_class(tree, node, CLASS_NAME, 2);
    if (target == NODE_NONE || syntax_kind(tree, target) != NODE_NAME) {
        return;
    }
    play->target = syntax_name(tree, target);
    if (play->deed == TEST_DEED_GIVES) {
        (void)check_test_user(test, target);
    } else if (play->deed == TEST_DEED_ADDS) {
        check_receiver(test, target);
    } else if (process != NULL) {
        check_stage(test, target, process);
    }
}

void check_test_deed(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    static const enum test_deed deeds[DEED_COUNT] = {
        [DEED_LOOKS] = TEST_DEED_LOOKS,     [DEED_REPEATS] = TEST_DEED_REPEATS,
        [DEED_UNDOES] = TEST_DEED_UNDOES,   [DEED_REOPENS] = TEST_DEED_REOPENS,
        [DEED_CLAIMS] = TEST_DEED_CLAIMS,   [DEED_EDITS] = TEST_DEED_EDITS,
        [DEED_MOVES] = TEST_DEED_MOVES,     [DEED_GIVES] = TEST_DEED_GIVES,
        [DEED_ADDS] = TEST_DEED_ADDS,       [DEED_FINISHES] = TEST_DEED_FINISHES,
    };
    const struct syntax_tree *tree = check_test_tree(test);
    play->kind = TEST_PLAY_DEED;
    play->deed = deeds[syntax_op(tree, node)];
    play->user = check_test_user(test, syntax_child_class(tree, node, CLASS_NAME, 0));
    uint32_t title = syntax_child(tree, node, NODE_STRING);
    if (title != NODE_NONE) {
        play->title = syntax_string(tree, title, test->unit->arena);
    }
    const struct process *process =
        check_test_of_case(test, play, syntax_child_class(tree, node, CLASS_NAME, 1));
    check_deed_target(test, play, node, process);
    check_test_with(test, play, node, process);
    check_test_refused(test, play, node);
}
