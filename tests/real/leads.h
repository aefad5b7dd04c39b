// The real leads: what the file says of each, what its buttons are, and where it must stand in the
// end. Everything here is derived from the file; no figure of the books is written down.
#ifndef RUNG_TESTS_REAL_LEADS_H
#define RUNG_TESTS_REAL_LEADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum {
    LEADS_MAX = 20000,
    LEAD_STEPS_MAX = 6, // presses of one lead
    LADDER_RUNGS_MAX = 4
};

enum place {
    PLACE_WON,
    PLACE_FIRST_CALL,
    PLACE_ARCHIVE,
    PLACE_WAITING,
    PLACE_EXISTING,
    PLACE_REJECTED,
    PLACE_PARKED,
    PLACE_BAD_CONTACT,
    PLACE_LOST,
    PLACE_COUNT
};

struct place_name {
    const char *stage; // of the process, or its end
    bool ended;
    const char *words; // for the table
};
extern const struct place_name place_names[PLACE_COUNT];

// What a tag means: which button, what its form asks, where it leads.
struct tag_rule {
    const char *tag;
    const char *action;
    const char *ask, *answer; // NULL: no form; an answer of NULL: a far day
    enum place place;
    uint64_t rungs_ms[LADDER_RUNGS_MAX]; // of a ladder tag; 0 ends it
};

// One press, as it was carried out.
struct press_done {
    const char *action;
    uint64_t at_ms, seq;
    uint64_t due_ms; // of the task afterwards; 0: none
};

struct lead {
    struct slice prospect, number, tag;
    bool converted, no_calls;
    const struct tag_rule *rule; // NULL: not worked yet
    enum place place;
    // filled while playing
    uint64_t instance;
    uint32_t task, entry;
    struct slice holder;
    uint64_t started_ms;
    uint64_t child; // its one deal
    struct press_done done[LEAD_STEPS_MAX];
    uint32_t done_count;
    bool ended;
};

struct leads {
    struct arena arena;
    struct lead *rows;
    uint32_t count;
    bool whole; // every lead of the file
    uint32_t expected[PLACE_COUNT];
};

// Reads a .csv.gz; the last two arguments of a row decide its place. Prints what is wrong. At most
// `count_max` leads are taken, 0: all.
bool leads_read(struct leads *leads, const char *path, uint32_t count_max);
void leads_done(struct leads *leads);

struct press_plan {
    const char *action; // NULL: nothing more to press
    const char *ask, *answer;
    uint64_t
        rung_ms; // of a ladder: how long after the press the task is due; 0: no ladder, or its top
};
// The press number `index` of a lead.
struct press_plan lead_plan(const struct lead *lead, uint32_t index);

#endif
