// A small company on a core of its own with a store in memory, spoken to in lines:
//
//   start PROCESS [with FIELD=VALUE …]     press CASE ACTION [with …] [entry N]
//   edit CASE with …                       claim CASE TASK        finish CASE TASK [because …]
//   release CASE TASK
//   reassign CASE TASK to USER             side CASE for WHO [due MS] called TITLE
//   comment CASE saying TEXT               move CASE STAGE because TEXT
//   cancel CASE because TEXT               close INCIDENT because TEXT
//   hire NAME ROLE,ROLE [under USER] [in TEAM] [zone Z] [speaks L] [hours HOURS]
//   fire NAME                              wait DURATION
//   away NAME [from N days] until N days [substitute USER]        back NAME
//   hand CASE NAME [taker USER] [dry]      clock
//
// In front of any: `USER:` on whose behalf; `CLIENT#ID` its request id; `SOURCE/ROW` of an import.
// VALUE runs to the next `, ` that is followed by NAME=, or to the end of the line's `with`.
#ifndef RUNG_TESTS_ENGINE_COMPANY_H
#define RUNG_TESTS_ENGINE_COMPANY_H

#include <stdbool.h>
#include <stdint.h>

#include "dsl/compile.h"
#include "engine/core/core.h"
#include "engine/state/view.h"

struct company {
    struct compile_result set;
    struct arena arena;
    struct store *store;
    struct core *core;
    const struct view *view;
    uint64_t now_ms;
    const char *path; // NULL: in memory
    // of the last line
    struct core_answer answer;
    struct slice result;
    char events[4000]; // names of what was recorded, with spaces around each
};

// What every test of the program has seen, for the last one, which looks for gaps.
struct company_seen {
    bool event[EVENT_KIND_COUNT], refusal[REFUSAL_CODE_COUNT], command[COMMAND_KIND_COUNT];
};
struct company_seen *company_seen(void);

extern const char company_text[];
extern const char company_frames_text[]; // escalations and merging
extern const char company_outside[];
extern const char company_branches[]; // people as above, one process with a `parallel`

void company_open(struct company *company, const char *text);
void company_open_at(struct company *company, const char *text, const char *path);
void company_close(struct company *company);
void company_reopen(struct company *company); // only with a path

// Says a line; the answer is in the company. False: it was refused.
bool company_say(struct company *company, const char *line);

// One line and what must come of it. `expect`: `!code` for a refusal, `!code sentence part`; else
// names of events, in order, others may stand between; empty: accepted, whatever happened.
struct scene {
    const char *line, *expect;
};
void company_play(struct company *company, const struct scene *scenes, uint32_t count);
// A test of its own: opens a company of that text, plays, closes.
#define COMPANY_TEST(name, ...) COMPANY_TEST_OF(name, company_text, __VA_ARGS__)
// The same with the bill that is sent out.
#define OUTSIDE_TEST(name, ...) COMPANY_TEST_OF(name, company_outside, __VA_ARGS__)
#define COMPANY_TEST_OF(name, text, ...) \
    static void name(void **state) \
    { \
        static const struct scene scenes[] = { __VA_ARGS__ }; \
        struct company company; \
        (void)state; \
        company_open(&company, (text)); \
        company_play(&company, scenes, ARRAY_COUNT(scenes)); \
        company_close(&company); \
    }

uint32_t company_user(const struct company *company, const char *name);
const struct instance *company_case(const struct company *company, uint64_t id);
const char *company_stage(struct company *company, uint64_t id); // stage, or name of the end
struct value company_field(struct company *company, uint64_t id, const char *name);

#endif
