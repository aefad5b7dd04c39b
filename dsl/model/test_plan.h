// What a `test` block says, checked and typed: a list of plays with their lines, for a runner that
// drives the engine on a virtual clock. Everything here lives in the arena of the compile_result
// that it came from, and stays valid until that is done. Nothing here needs the source text again.
//
// Users and cases have names in a test; plays refer to them by index into `users` and `cases`. A
// user exists from the start of the test with all the roles that its `user` plays give it. Every
// test begins on an empty store; until the first `at`, the clock shows 2026-01-05 09:00 (a Monday).
// Wall times in tests are UTC in this edition.
#ifndef RUNG_DSL_MODEL_TEST_PLAN_H
#define RUNG_DSL_MODEL_TEST_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/value.h"
#include "dsl/image/image.h"

// --- values and checks: a small typed tree
// -------------------------------------------------------------
enum test_expr_kind {
    // constants; a bare number where money is meant is VALUE_MONEY with a currency of three zero
    // bytes: the company's own
    TEST_EXPR_VALUE, // value: any plain constant; an enum member is its name as text; a set or list
                     // of constants is a VALUE_LIST (a set in the order of its enum, without
                     // repeats)
    TEST_EXPR_USER,  // index: user of the plan
    TEST_EXPR_CASE,  // index: case of the plan (a `ref` to it)
    TEST_EXPR_LIST,  // items: a list that holds users or cases (constants only make a VALUE_LIST)
    // what the clock and the case say; `index` is the case
    TEST_EXPR_NOW,    // the virtual clock
    TEST_EXPR_TODAY,  // value: empty (the date of now), or a time of day: that moment today
    TEST_EXPR_FIELD,  // index, name: the field's value
    TEST_EXPR_SLOT,   // index, name: the holder of the role's slot: a user, or empty
    TEST_EXPR_STANDS, // index, name: yes when the case stands in that stage (or in one inside it),
                      // or has ended in the end of that name; also `merged` and `cancelled`
    TEST_EXPR_COLLECTION,    // index, name: collection; quantifier, state: as in EXPR_COLLECTION
    TEST_EXPR_HAS_TASK,      // index: yes when the case has an open task
    TEST_EXPR_TASK_PROPERTY, // index; property: of its open task; empty without a task
    // operators: items[0], items[1]
    TEST_EXPR_AND,
    TEST_EXPR_OR,
    TEST_EXPR_NOT,
    TEST_EXPR_LESS,
    TEST_EXPR_LESS_EQUAL,
    TEST_EXPR_GREATER,
    TEST_EXPR_GREATER_EQUAL,
    TEST_EXPR_IS,
    TEST_EXPR_IS_NOT,
    TEST_EXPR_IS_EMPTY,
    TEST_EXPR_IS_NOT_EMPTY,
    TEST_EXPR_IN,
    TEST_EXPR_NOT_IN, // items[1]: a list or set
    TEST_EXPR_ADD,
    TEST_EXPR_SUBTRACT,
    TEST_EXPR_MULTIPLY,
    TEST_EXPR_DIVIDE,
    TEST_EXPR_NEGATE,
    TEST_EXPR_DAY,
    TEST_EXPR_HOUR,
    TEST_EXPR_LENGTH // items[0]
};

struct test_expr {
    enum test_expr_kind kind;
    uint32_t index;   // user or case
    struct slice name; // field, role, stage, end, collection
    enum image_quantifier quantifier;
    enum image_child_state state;
    enum image_task_property property;
    struct value value;
    const struct test_expr *items;
    uint32_t item_count;
    uint32_t line;
    struct slice text; // as written, for "expected … but …"
};

// --- plays
// ----------------------------------------------------------------------------------------------
enum test_play_kind {
    TEST_PLAY_AT,         // moment_ms: the company's clock is put there; never backwards (checked)
    TEST_PLAY_USER,       // user: roles are what the plan's user has; nothing to do at this line
    TEST_PLAY_START,      // process, case_index, with; user or INDEX_NONE (then: the administrator)
    TEST_PLAY_WAIT,       // duration: the clock runs on by it, timers and ladders fire on the way
    TEST_PLAY_WAIT_UNTIL, // until: a moment, or a time of day (its next one), or a date (its start)
    TEST_PLAY_PRESS,      // user, action, case_index, with
    TEST_PLAY_ABSENT,     // user is away for `duration`; other: his substitute, or INDEX_NONE
    TEST_PLAY_PRESENT,    // user is back
    TEST_PLAY_EXPECT,     // checks
    TEST_PLAY_MESSAGE,    // connector, action (its name), with; case_index or INDEX_NONE;
                          // names_case: it finds or begins a case, which is called so from now on
    TEST_PLAY_RELOAD,     // reload: its processes take the place of those of the same name
    TEST_PLAY_CALL,       // connector, action (its name), case_index; refused: it fails for good
    TEST_PLAY_CHILD,      // process, case_index: the oldest child without a name that runs it, of
                          // the collection `target` of the case `parent`
    TEST_PLAY_DEED         // deed, user, case_index, target, with: see enum test_deed
};

// What a person does beside pressing.
enum test_deed {
    TEST_DEED_LOOKS,   // from now on his presses name the stage entry that he sees
    TEST_DEED_REPEATS, // his last press on the case, once more under the same request id
    TEST_DEED_UNDOES,
    TEST_DEED_REOPENS,
    TEST_DEED_CLAIMS,
    TEST_DEED_EDITS,   // with
    TEST_DEED_MOVES,   // target: stage
    TEST_DEED_GIVES,   // target: login
    TEST_DEED_ADDS,    // title; target: login or role
    TEST_DEED_FINISHES // title
};

struct compile_result;

struct test_with {
    struct slice name; // field of the form (start: field or role; press: ask)
    const struct test_expr *value; // TEST_EXPR_VALUE, _USER, _CASE or _LIST
};

// One thing that must hold; all of an `expect` are tested, each failure is reported.
enum test_check_kind {
    TEST_CHECK_NO_TASK, // the case has no open task, or (with `user`) none that he sees
    TEST_CHECK_TASK,    // the case has an open task …
    TEST_CHECK_NOTICE,      // `user` has been told something that holds `title`, about any case
    TEST_CHECK_NO_NOTICE,   // he has not
    TEST_CHECK_INCIDENT,    // an incident is open; what the lines before it opened is expected
    TEST_CHECK_NO_INCIDENT, // none is
    TEST_CHECK_TRUE     // `condition` is yes
};
struct test_check {
    enum test_check_kind kind;
    uint32_t case_index; // the case last named before this check; INDEX_NONE when it names none
    uint32_t user;       // … that stands in the inbox of this user, or INDEX_NONE
    struct slice title;  // … and is called so; empty: whatever its title
    const struct test_expr
        *due; // … due then (moment; time: on the clock's day; date: its end), or NULL
    const struct test_expr *condition;
    uint32_t line, column;
    struct slice text; // as written
};

struct test_play {
    enum test_play_kind kind;
    uint32_t line, column;
    struct slice text;     // as written, first line
    int64_t moment_ms;
    uint32_t user, other;
    uint32_t case_index;
    struct slice process;  // name; compile_result has the program
    struct slice action;
    struct slice connector;
    bool names_case;
    enum test_deed deed;
    struct slice title;  // of a side task
    struct slice target; // stage, login, role or collection
    uint32_t parent;     // case
    const struct test_with *withs;
    uint32_t with_count;
    bool refused;               // it must be refused …
    struct slice refused_text;  // … with this inside its message; empty: any refusal
    struct value duration;      // VALUE_DURATION
    const struct test_expr *until;
    const struct test_check *checks;
    uint32_t check_count;
    const struct compile_result *reload; // lives as long as the set of the test
};

struct test_user {
    struct slice name;
    const struct slice *roles; // names
    uint32_t role_count;
    struct slice team;     // empty: in none
    struct slice superior; // name, or empty
};
struct test_case {
    struct slice name;
    struct slice process;
};

struct test_plan {
    struct slice title;
    struct slice file;
    uint32_t line;
    struct slice zone; // of the company: `at … zone "…"`; empty: UTC
    const struct test_user *users;
    uint32_t user_count;
    const struct test_case *cases;
    uint32_t case_count;
    const struct test_play *plays;
    uint32_t play_count;
};

#endif
