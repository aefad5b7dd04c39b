// A hundred thousand conversions under five hundred kill -9.
#include <stdio.h>

#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/convert.h"

bool bench_convert(struct bench *bench)
{
    const struct convert_options options = {
        .data = "build/bench-data/convert", .leads = bench->quick ? 2000 : 100000,
        .kills = bench->quick ? 20 : 500, .connections = 32,
    };
    struct convert_result result;
    printf("\nconversions: %u leads into 1 to 4 deals each, %u kill -9, %u connections\n",
           options.leads, options.kills, options.connections);
    if (!convert_run(&options, &result)) {
        return false;
    }
    bench_line(bench, "kill -9, conversions unanswered at them", "%u, %llu in %.0f s",
               result.kills, (unsigned long long)result.in_flight, result.seconds);
    bench_line(bench, "of these, decided before the kill", "%llu",
               (unsigned long long)result.decided);
    bench_target(bench, result.kills == options.kills && result.in_flight >= result.kills &&
                            result.decided > 0 && result.decided < result.in_flight,
                 "each with a conversion in flight, some decided and some not");
    bench_line(bench, "commands said again, refused", "%llu, %llu",
               (unsigned long long)result.said_again, (unsigned long long)result.refused);
    bench_line(bench, "starts after a kill: p50, max", "%.0f, %.0f ms", result.ready_p50_ms,
               result.ready_max_ms);
    bench_line(bench, "leads, conversions, deals (wanted)", "%llu, %llu, %llu (%llu)",
               (unsigned long long)result.leads, (unsigned long long)result.conversions,
               (unsigned long long)result.deals, (unsigned long long)result.wanted);
    bench_line(bench, "lost, doubled, open", "%llu, %llu, %llu", (unsigned long long)result.lost,
               (unsigned long long)result.doubled, (unsigned long long)result.open);
    bench_target(bench, result.lost == 0 && result.doubled == 0 &&
                            result.deals == result.wanted &&
                            result.open == result.leads + result.deals,
                 "0 lost, 0 doubled");
    bench_line(bench, "rung verify", "%s", result.verified ? "holds" : "DIFFERS");
    bench_target(bench, result.verified, "replay equals view, 0 asleep");
    clockwork_remove(options.data);
    return true;
}
