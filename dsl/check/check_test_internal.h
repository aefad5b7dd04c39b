// Shared between check_test*.c only.
#ifndef RUNG_DSL_CHECK_CHECK_TEST_INTERNAL_H
#define RUNG_DSL_CHECK_CHECK_TEST_INTERNAL_H

#include "dsl/check/check.h"

struct test_name {
    struct slice name;
    struct span span;
};

// One test while it is read.
struct test_check_state {
    struct unit *unit;
    uint32_t file;
    struct infer infer; // for literals and messages
    struct test_plan plan;
    struct test_user *users;
    struct test_case *cases;
    const struct process **processes; // of the cases; NULL: unknown
    struct test_name *case_names;
    uint32_t current_case; // the one last named, or INDEX_NONE
    const struct compile_result *reload; // the newest one of this test, or NULL
};

// A value or check with its type; `of` stands for it in messages.
struct test_typed {
    struct test_expr *expr;
    struct expr of; // only type, kind, span, text and field mean anything
};

struct test_typed check_test_expr(struct test_check_state *test, uint32_t node,
                                  const struct type *expected);
// For a place of type `to`; reports what does not fit.
struct test_expr *check_test_fit(struct test_check_state *test, uint32_t node,
                                 const struct type *to, struct slice what, struct span declared);
struct test_expr *check_test_condition(struct test_check_state *test, uint32_t node);
// Indexes of what a NAME node names; INDEX_NONE: reported.
uint32_t check_test_user(struct test_check_state *test, uint32_t node);
uint32_t check_test_case(struct test_check_state *test, uint32_t node);
// The case last named; INDEX_NONE: there is none, reported at the node.
uint32_t check_test_current(struct test_check_state *test, uint32_t node);
uint32_t check_test_find_user(const struct test_check_state *test, struct slice name);
uint32_t check_test_find_case(const struct test_check_state *test, struct slice name);
// The first line of a node as written.
struct slice check_test_source(const struct test_check_state *test, uint32_t node);
uint32_t check_test_line(const struct test_check_state *test, uint32_t node);

static inline const struct syntax_tree *check_test_tree(const struct test_check_state *test)
{
    return names_tree(test->unit, test->file);
}

// What is started by that name now: after a `reload`, the new version.
const struct process *check_test_process(const struct test_check_state *test,
                                         const struct process *process);
// A case that the play begins: its name, and what it runs (NULL: unknown, reported).
void check_test_add_case(struct test_check_state *test, struct test_play *play, uint32_t name_node,
                         struct slice case_name, const struct process *process);
void check_test_refused(struct test_check_state *test, struct test_play *play, uint32_t node);
// The values behind `with`; what may stand there depends on the kind of the play.
void check_test_with(struct test_check_state *test, struct test_play *play, uint32_t node,
                     const struct process *process);
// The case that a NAME node names becomes the one that is spoken of; NULL: reported.
const struct process *check_test_of_case(struct test_check_state *test, struct test_play *play,
                                         uint32_t node);
// child …, NAME undoes …
void check_test_child(struct test_check_state *test, struct test_play *play, uint32_t node);
void check_test_deed(struct test_check_state *test, struct test_play *play, uint32_t node);
// message …, call …
void check_test_outside(struct test_check_state *test, struct test_play *play, uint32_t node);

#endif
