// Processes test themselves: runs the `test` blocks of a compiled set on the real core, each on an
// empty store in memory, on a virtual clock. Deterministic: the same set gives the same reports.
#ifndef RUNG_ENGINE_PLAY_PLAY_H
#define RUNG_ENGINE_PLAY_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "dsl/compile.h"
#include "engine/play/cover.h"

// A test stops at the first line that fails; an `expect` reports each of its checks that fails.
struct play_failure {
    uint32_t line, column;
    struct slice text;     // the line, or the check, as written
    struct slice expected; // "a task due 2026-03-02 10:05"
    struct slice found;    // "task \"Call Ann\" for bob, due 2026-03-02 10:10"
};

struct play_moment { // one line of a case's timeline
    struct slice at; // on the clock of the case
    uint32_t play; // during which line of the test (INDEX_NONE: before the first)
    struct slice text;
};

struct play_report {
    const struct test_plan *plan;
    bool passed;
    uint32_t plays;  // lines carried out
    uint32_t timers; // that fired
    const struct play_failure *failures;
    uint32_t failure_count;
    struct slice case_name; // whose timeline follows; empty: no case was started
    const struct play_moment *timeline;
    uint32_t timeline_count;
};
// Called once per test, in order. The report is valid during the call.
typedef void play_report_fn(void *context, const struct play_report *report);

struct play_options {
    struct slice filter;   // only tests whose title or file holds these bytes; empty: all
    struct slice currency; // of the company; empty: EUR
    struct slice region;   // of phones written without a country; may be empty
    struct slice zone;     // of the company where a test names none; empty: UTC
    struct cover *cover;   // filled, when wanted; else NULL
};

struct play_summary {
    uint32_t tests, passed, failed, skipped;
};

// Runs the tests of a good set (compile_is_good), in the order of files and texts. `report` may be
// NULL. The error is one of ours (a store in memory that does not open), never a failed test.
enum err play_run(const struct compile_result *set, const struct play_options *options,
                  play_report_fn *report, void *context, struct play_summary *ret_summary)
    ATTR_USE_RESULT;

// A failed report for people: place, what was expected, what is, and beside the lines of the test
// what each of them did to the case. Nothing for one that passed.
void play_render(const struct play_report *report, struct buf *out);

#endif
