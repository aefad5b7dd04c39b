// Presses the buttons of the leads as a client would, on the engine's clock, and kills the engine
// on the way if told to.
#ifndef RUNG_TESTS_REAL_PLAY_H
#define RUNG_TESTS_REAL_PLAY_H

#include "base/buf.h"
#include "base/prng.h"
#include "tests/real/engine.h"
#include "tests/real/leads.h"

enum { FLIGHTS_MAX = 64 };

struct flight { // a press under way
    bool used, resent;
    uint32_t msgid;
    struct lead *lead;
    struct press_plan plan;
    struct buf params; // as sent: said again after a kill, under the same id
};

struct turn { // when somebody is to press the next button of a lead
    uint64_t at_ms;
    uint32_t lead;
};

struct kills {
    uint32_t wanted;
    uint32_t flush_wanted; // of them during a flush
    uint32_t done, during_flush;
    uint32_t unanswered_min, unanswered_max; // commands under way at a kill
    uint64_t resent;
    uint32_t repeats;       // of the resent ones, those that had been carried out before the kill
    uint32_t presses_until; // the next kill
    uint64_t delay_ns;      // at most so long between the commands and the kill
};

struct play {
    struct engine *engine;
    struct leads *leads;
    struct prng prng;
    struct flight flights[FLIGHTS_MAX];
    uint32_t under_way;
    struct turn *turns; // a heap, the earliest first
    uint32_t turn_count;
    uint64_t started_ms, now_ms;
    uint64_t restart_seq; // of the last record that the last kill left behind
    uint64_t presses;
    uint32_t presses_expected;
    char far_day[16];
    struct kills kills;
    bool failed;
};

void play_init(struct play *play, struct engine *engine, struct leads *leads, uint64_t seed,
               uint32_t kills, uint32_t flush_kills);
void play_done(struct play *play);
// Looks up every imported lead, then presses until 60 days after the start. False: something was
// refused or lost; it has been printed.
bool play_run(struct play *play);

#endif
