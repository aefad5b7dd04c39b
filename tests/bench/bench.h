// The figures of the bench: each section measures, prints its lines, and says which target it
// missed.
#ifndef RUNG_TESTS_BENCH_BENCH_H
#define RUNG_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BENCH_OPEN_LEADS = 100000,
    BENCH_MANY_LEADS = 1000000,
    BENCH_CONNECTIONS = 64,
    BENCH_WAIT_US = 20000, // patience before `reached`: the timer is then long past
    BENCH_RUNS_MAX = 9
};

struct bench {
    bool quick, full;
    uint32_t runs;
    uint32_t missed;
    uint64_t next_number; // of leads, across all runs of a store
};

// One line of the table: what, the figure, and the target; a missed one is marked and counted.
void bench_line(struct bench *bench, const char *what, const char *figure, ...)
    __attribute__((format(printf, 3, 4)));
void bench_target(struct bench *bench, bool met, const char *target);

// A store with `leads` open leads, made once and kept under build/bench-data. False: see stderr.
bool bench_prepared(struct bench *bench, uint32_t leads, const char **ret_path);
// A fresh copy of it to run on.
bool bench_copy(struct bench *bench, uint32_t leads, const char **ret_path);

bool bench_saturation(struct bench *bench);
bool bench_open_loop(struct bench *bench);
bool bench_one_press(struct bench *bench);
bool bench_readiness(struct bench *bench);
bool bench_reload(struct bench *bench);
bool bench_check(struct bench *bench);
bool bench_search(struct bench *bench);
bool bench_timers(struct bench *bench);
bool bench_moment(struct bench *bench);
bool bench_convert(struct bench *bench);
bool bench_hook(struct bench *bench);

#endif
