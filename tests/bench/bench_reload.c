// A new version at half of the saturated load: nothing is dropped, and p99 while it is applied and
// the open leads are moved stays under three times what it was before.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/frames.h"
#include "tests/bench/load.h"
#include "tests/bench/serve.h"

enum { TIMES_MAX = 3 };

struct reload {
    struct serve serve;
    struct load_options options;
    uint32_t applied; // versions so far: each has another label
};

// One load; with `apply`, a new version comes when a quarter of it is through.
static bool load_once(struct bench *bench, struct reload *reload, bool apply,
                      struct load_result *ret_result)
{
    struct load_child child;
    reload->options.first_number = bench->next_number;
    if (!load_begin(&reload->options, &child)) {
        return false;
    }
    bool good = true;
    if (apply) {
        usleep((useconds_t)((reload->options.seconds / 4 + reload->options.warm_seconds) * 1e6));
        struct slice frame = frames_apply("tests/bench/lead.rung", ++reload->applied);
        uint32_t len = 0;
        char *answer = load_ask(reload->serve.socket, frame.ptr, (uint32_t)frame.len, &len);
        good = answer != NULL;
        free(answer);
    }
    load_end(&child, ret_result);
    bench->next_number += ret_result->leads;
    return good && !ret_result->broken;
}

static bool measure(struct bench *bench, struct reload *reload)
{
    struct load_result full, calm, moved;
    struct serve_stats before, after;
    if (!serve_stats(&reload->serve, &before) || !load_once(bench, reload, false, &full)) {
        return false;
    }
    reload->options.rate = (uint32_t)((double)full.counted / full.window_s / 2);
    reload->options.seconds = bench->quick ? 8 : 20;
    if (!load_once(bench, reload, false, &calm) || !load_once(bench, reload, true, &moved) ||
        !serve_stats(&reload->serve, &after)) {
        return false;
    }
    uint64_t leads = full.leads + calm.leads + moved.leads;
    uint64_t refused = full.refused + calm.refused + moved.refused;
    bool whole = refused == 0 && after.open == before.open &&
                 after.ended - before.ended == 3 * leads;
    bench_line(bench, "commands/s at saturation, at half of it", "%.0f, %u",
               (double)full.counted / full.window_s, reload->options.rate);
    bench_line(bench, "p50, p99, max before", "%.2f, %.2f, %.2f ms", calm.p50_us * 1e-3,
               calm.p99_us * 1e-3, calm.max_us * 1e-3);
    bench_line(bench, "p50, p99, max with the new version in it", "%.2f, %.2f, %.2f ms",
               moved.p50_us * 1e-3, moved.p99_us * 1e-3, moved.max_us * 1e-3);
    bench_line(bench, "p99, times that before", "%.2f",
               (double)moved.p99_us / (double)(calm.p99_us == 0 ? 1 : calm.p99_us));
    bench_target(bench, moved.p99_us < TIMES_MAX * calm.p99_us, "under three times");
    bench_line(bench, "refused, final state", "%llu, %s", (unsigned long long)refused,
               whole ? "every lead won, every deal done" : "WRONG");
    bench_target(bench, whole, "nothing is dropped");
    return true;
}

// How long the cases that were open take to move, with nothing else to do.
static bool move_alone(struct bench *bench, struct reload *reload)
{
    struct slice frame = frames_apply("tests/bench/lead.rung", ++reload->applied);
    uint32_t len = 0;
    struct serve_stats before, after;
    uint64_t begun = clockwork_us();
    bool good = serve_stats(&reload->serve, &before);
    char *answer = good ? load_ask(reload->serve.socket, frame.ptr, (uint32_t)frame.len, &len)
                        : NULL;
    good = answer != NULL;
    free(answer);
    uint64_t records = 0;
    do { // one record a case, and one at the end of each process
        usleep(50000);
        good = good && serve_stats(&reload->serve, &after);
        records = good ? after.seq - before.seq : records;
    } while (good && records < BENCH_OPEN_LEADS && clockwork_us() - begun < 300 * 1000000ull);
    double seconds = (double)(clockwork_us() - begun) * 1e-6;
    bench_line(bench, "open leads moved, alone", "%llu in %.1f s", (unsigned long long)records,
               seconds);
    return good;
}

bool bench_reload(struct bench *bench)
{
    struct reload reload = { .applied = 0 };
    const char *data = NULL;
    printf("\na new version: %d connections, %d leads open\n", BENCH_CONNECTIONS,
           BENCH_OPEN_LEADS);
    if (!bench_copy(bench, BENCH_OPEN_LEADS, &data) || !serve_start(&reload.serve, data, NULL)) {
        return false;
    }
    reload.options = (struct load_options){
        .socket = reload.serve.socket, .connections = BENCH_CONNECTIONS,
        .seconds = bench->quick ? 4 : 10, .warm_seconds = 1, .wait_us = BENCH_WAIT_US,
    };
    bool good = measure(bench, &reload) && move_alone(bench, &reload);
    return serve_stop(&reload.serve) && good;
}
