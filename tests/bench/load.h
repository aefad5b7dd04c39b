// The client of the bench: one thread, epoll, one command in flight per connection. It runs in a
// process of its own.
#ifndef RUNG_TESTS_BENCH_LOAD_H
#define RUNG_TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

enum { LOAD_CONNECTIONS_MAX = 64, LOAD_SAMPLES_MAX = 4000000 };

struct load_options {
    const char *socket;
    uint32_t connections;
    uint64_t first_number;  // of leads, which makes their phones
    uint64_t leads_max;     // 0: as many as the time allows
    bool starts_only;       // leads are only started
    double seconds;         // new leads are begun for so long; 0: until leads_max
    double warm_seconds;    // not counted, before that
    uint32_t rate;          // 0: saturation; else arrivals a second, evenly spaced
    uint32_t wait_us;       // between `busy` and `reached`
};

struct load_result {
    uint64_t leads;     // begun (and, at the end, all finished)
    uint64_t commands;  // answered in all
    uint64_t counted;   // of them, in the window
    uint64_t refused;
    double window_s;
    uint64_t cpu_us;    // of the client, in the window
    uint32_t samples;
    uint32_t p50_us, p99_us, p999_us, max_us;
    char refusal[256];  // the first one
    bool broken;        // the connection was lost
};

// Runs it in a child process and waits for it. False: that could not be done.
bool load_run(const struct load_options *options, struct load_result *ret_result);
// The same without waiting: the process, and where its result will be.
struct load_child {
    int pid;
    struct load_result *result;
};
bool load_begin(const struct load_options *options, struct load_child *ret_child);
void load_end(struct load_child *child, struct load_result *ret_result);

// One call over a connection of its own; the answer is malloc'ed. NULL: refused or lost.
char *load_ask(const char *socket, const char *frame, uint32_t frame_len, uint32_t *ret_len);

#endif
