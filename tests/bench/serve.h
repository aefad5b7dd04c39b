// `rung serve` as a child process, and what the system says of it.
#ifndef RUNG_TESTS_BENCH_SERVE_H
#define RUNG_TESTS_BENCH_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct serve {
    int pid;
    const char *data;
    char socket[256];
    double ready_ms; // from the start of the process to its ready line
};

struct serve_usage {
    uint64_t cpu_us;
    uint64_t written; // bytes given to write calls (of files), /proc/PID/io
    uint64_t rss_anon_kb, rss_file_kb;
    char threads[512];     // CPU by thread, for reading
};

// What `stats` says, as far as the bench looks at it.
struct serve_stats {
    uint64_t seq, open, ended, timers, accepted, refused, batches, commits, records, record_bytes,
        flushes, flush_rows, flush_us_max, overfull_waits, commit_us_max;
};

// `processes`: files or folders; NULL: none. False: it did not come up (its log is in build/).
// The clock runs a thousand times as fast.
bool serve_start(struct serve *serve, const char *data, const char *processes);
// `clock`: of --demo-clock; NULL: the real one.
bool serve_start_at(struct serve *serve, const char *data, const char *processes,
                    const char *clock);
void serve_usage(const struct serve *serve, struct serve_usage *ret_usage);
bool serve_stats(const struct serve *serve, struct serve_stats *ret_stats);
bool serve_stop(struct serve *serve); // as SIGTERM does
void serve_kill(struct serve *serve); // kill -9

// Runs the program with these words; true when it ends well. `ret_ms` may be NULL.
bool serve_program(const char *const *words, double *ret_ms);

#endif
