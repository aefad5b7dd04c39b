// The floor: what the same records and rows cost with no engine on top. It puts the journal's own
// records into a new append-only LMDB environment with default sync, and the view's own rows into a
// second one, in as many commits and flushes as the engine made of them.
#ifndef RUNG_TESTS_BENCH_FLOOR_H
#define RUNG_TESTS_BENCH_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

struct floor_options {
    const char *data;      // a stopped store: records first_seq … last_seq are taken from it
    const char *scratch;   // folder of the two environments; removed afterwards
    uint64_t first_seq, last_seq;
    uint32_t per_commit;   // records
    uint64_t flush_rows;   // rows in all, 0: no view
    uint32_t flushes;
};

struct floor_result {
    uint64_t records;
    uint32_t p50_us, p99_us; // of a commit
    uint64_t cpu_us, written;
    double seconds;
};

bool floor_run(const struct floor_options *options, struct floor_result *ret_result);

#endif
