// Inside engine/play only.
#ifndef RUNG_ENGINE_PLAY_INTERNAL_H
#define RUNG_ENGINE_PLAY_INTERNAL_H

#include "base/arena.h"
#include "engine/core/core.h"
#include "engine/eval/eval.h"
#include "engine/play/play.h"
#include "engine/state/view.h"

enum {
    PLAY_ARENA_BYTES_MAX = 256 * 1024 * 1024,
    PLAY_EXPR_DEPTH_MAX = 64,
    PLAY_TIMERS_MAX = 100000, // in one `wait`: beyond it something spins
    PLAY_FAILURES_MAX = 64,
    PLAY_TIMELINE_MAX = 200
};

struct play_program { // a program of the set, opened once for its links to others
    const struct compile_program *compiled;
    struct image image;
};

// What one person knows of one case: which stage entry he saw, and what he pressed last.
struct play_hand {
    struct play_hand *next;
    uint32_t user, case_index;
    bool looked; // his presses name what he saw then
    uint32_t entry, task;
    struct command pressed; // COMMAND_NONE: nothing yet
};

// One test being run.
struct play {
    const struct test_plan *plan;
    struct arena *arena; // of this test
    struct store *store;
    struct core *core;
    const struct view *view;
    char currency[3]; // of amounts written without one
    const struct zone *company; // zone of the company: `at` and `wait until` are on its clock
    uint64_t now_ms;
    uint64_t *instances; // by case of the plan; 0: not started
    uint32_t *users;     // by user of the plan: number in the directory
    uint32_t timers;
    uint64_t *seqs; // by line of the plan: the last record when it was through
    struct play_failure failures[PLAY_FAILURES_MAX];
    uint32_t failure_count;
    uint32_t case_index; // last named
    uint64_t incidents;  // open ones that the test has expected
    struct play_hand *hands;
    uint64_t request; // of the last press
    bool repeats;     // some press is said again: presses carry request ids
    struct play_program *reloaded; // of the newest `reload`
    uint32_t reloaded_count;
};

struct play_case { // a started case, as it stands now
    const struct instance *instance;
    const struct view_program *program;
};

// play_value.c
// The zone of the case that was spoken of last, else of the company.
const struct zone *play_zone(const struct play *play);
struct value play_value(const struct play *play, const struct test_expr *expr, unsigned depth);
// The same in the words of the person who reads the failure.
struct slice play_print(const struct play *play, const struct value *value);
struct slice play_print_moment(const struct play *play, uint64_t ms);
// False: the case was never started, or cannot be read.
bool play_find_case(const struct play *play, uint32_t index, struct play_case *ret_case);
bool play_stands(const struct play_case *found, struct slice name);
bool play_task_matches(const struct play *play, const struct play_case *found,
                       const struct open_task *task, uint32_t user, const struct test_expr *due);
uint64_t play_due_moment(const struct play *play, const struct value *value);

// play_check.c
void play_check(struct play *play, const struct test_check *check);

// play_story.c
// "at contact, task \"Call Ann\" for bob, due 2026-03-02 10:10"
struct slice play_where(const struct play *play, uint32_t case_index);
void play_timeline(const struct play *play, struct play_report *report);
// Marks what the records of the test reached.
void play_cover(const struct play *play, struct cover *cover);

// play.c
void play_fail_line(struct play *play, const struct test_play *line, struct slice expected,
                    struct slice found);
bool play_holds(struct slice text, struct slice part);
struct slice play_user(const struct play *play, uint32_t user); // his login; INDEX_NONE: empty
// Runs one command as a batch of its own. The answer is valid until the next one.
struct core_answer play_command(struct play *play, const struct command *command);
// The values of the line for which `chosen` is `which`, as a packed map.
struct slice play_pack_form(const struct play *play, const struct test_play *line,
                            const bool *chosen, bool which);
// Was the outcome the one that the line expects? True: the command was accepted.
bool play_judge(struct play *play, const struct test_play *line, const struct core_answer *answer);

// play_deed.c
void play_press(struct play *play, const struct test_play *line);
void play_deed(struct play *play, const struct test_play *line);
void play_child(struct play *play, const struct test_play *line);

// play_outside.c
void play_message(struct play *play, const struct test_play *line);
void play_call(struct play *play, const struct test_play *line);

void play_fail(struct play *play, uint32_t line, uint32_t column,
               const struct play_failure *failure);

#endif
