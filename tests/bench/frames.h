// The commands of the bench, packed once; only numbers are written into them afterwards, so that
// the client takes as little of the machine as a client can.
#ifndef RUNG_TESTS_BENCH_FRAMES_H
#define RUNG_TESTS_BENCH_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { LEAD_STEPS = 9, SALES_COUNT = 20, MAKER_COUNT = 20, FRAME_BYTES = 512, DEAL_COUNT = 2 };

// In the order of a lead's life.
enum lead_step {
    LEAD_START, LEAD_ASSIGN, LEAD_BUSY, LEAD_REACHED, LEAD_SOLD, LEAD_PRODUCED_1, LEAD_DELIVERED_1,
    LEAD_PRODUCED_2, LEAD_DELIVERED_2
};

struct frame {
    char bytes[FRAME_BYTES];
    uint32_t len;
    uint32_t msgid, id, instance, phone; // offsets; 0: the frame has none
};

struct frames {
    struct frame step[LEAD_STEPS];
};

struct lead {
    uint64_t number; // tells phones apart
    uint64_t instance;
    uint64_t deal[DEAL_COUNT];
    uint32_t step;
};

void frames_init(struct frames *frames);
// The next command of the lead, under that request id. Valid until the next call with this step.
struct slice frames_fill(struct frames *frames, const struct lead *lead, uint32_t msgid,
                         uint64_t id);
// Reads the answer to the lead's step into the lead. False: it is a refusal.
bool frames_answer(struct lead *lead, struct slice answer);

// Whole frames of other calls, malloc'ed.
struct slice frames_hello(uint32_t client);
struct slice frames_users(void);
struct slice frames_apply(const char *path, uint32_t number); // a version of its own for each
struct slice frames_question(const char *method);
void frames_free(struct slice frame); // those above

#endif
