// Timers that are due in one minute while people work: a store is made through the engine's own
// core with so many waiting cases, then `rung serve` fires them on the real clock under a load.
#ifndef RUNG_TESTS_BENCH_TIMERS_H
#define RUNG_TESTS_BENCH_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/load.h"
#include "tests/bench/serve.h"

enum { TIMERS_BUCKETS = 16 };

struct timers_options {
    const char *data; // made anew
    uint32_t count;
    uint32_t spread_ms; // over which they are due, evenly; 0: all at one moment
    uint32_t ahead_ms;  // from now to the first: it must be enough to make them all
    uint32_t rate, connections; // of the people meanwhile
};

struct timers_result {
    double made_s;         // making the cases
    struct serve_usage empty, pending, after; // memory: no case; all pending; all fired
    double ready_ms;       // of the engine with all of them pending
    struct load_result load;
    double fired_s;        // from the first moment to the last that fired
    // From the journal: by (record's moment - due).
    uint64_t fired, early, twice, last_ms;
    uint64_t late[TIMERS_BUCKETS]; // see timers_bucket_ms
    uint64_t late_max_ms, late_p50_ms, late_p99_ms;
    bool books; // each case ended once, none is open, nothing of the people's was refused
};

// The upper bound of a bucket in ms; UINT64_MAX: of the last one.
uint64_t timers_bucket_ms(uint32_t bucket);
// False: it could not be measured; see stderr.
bool timers_run(const struct timers_options *options, struct timers_result *ret_result);

#endif
