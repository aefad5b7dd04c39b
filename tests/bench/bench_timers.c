// A million timers in one minute while people work.
#include <stdio.h>

#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/serve.h"
#include "tests/bench/timers.h"

enum { MANY = 1000000, FEW = 50000, MINUTE_MS = 60000, FEW_MS = 5000 };

static void print_memory(struct bench *bench, const struct timers_result *result)
{
    uint64_t added = result->pending.rss_anon_kb > result->empty.rss_anon_kb
                         ? result->pending.rss_anon_kb - result->empty.rss_anon_kb
                         : 0;
    bench_line(bench, "anonymous memory: empty, all pending, all fired", "%.1f, %.1f, %.1f MB",
               (double)result->empty.rss_anon_kb / 1024, (double)result->pending.rss_anon_kb / 1024,
               (double)result->after.rss_anon_kb / 1024);
    bench_line(bench, "pages of files in memory: likewise", "%.1f, %.1f, %.1f MB",
               (double)result->empty.rss_file_kb / 1024, (double)result->pending.rss_file_kb / 1024,
               (double)result->after.rss_file_kb / 1024);
    bench_target(bench, added < 20 * 1024, "pending timers add under 20 MB");
}

static void print_lateness(struct bench *bench, const struct timers_result *result)
{
    for (uint32_t i = 0; i < TIMERS_BUCKETS; i++) {
        char what[40];
        if (result->late[i] == 0) {
            continue;
        }
        if (timers_bucket_ms(i) == UINT64_MAX) {
            (void)snprintf(what, sizeof(what), "later");
        } else {
            (void)snprintf(what, sizeof(what), "late by at most %llu ms",
                           (unsigned long long)timers_bucket_ms(i));
        }
        bench_line(bench, what, "%llu", (unsigned long long)result->late[i]);
    }
    bench_line(bench, "lateness p50, p99, max", "%llu, %llu, %llu ms",
               (unsigned long long)result->late_p50_ms, (unsigned long long)result->late_p99_ms,
               (unsigned long long)result->late_max_ms);
}

static bool run(struct bench *bench, const struct timers_options *options)
{
    struct timers_result result;
    printf("\ntimers: %u due within %u ms, %u commands/s of people meanwhile over %u connections\n",
           options->count, options->spread_ms, options->rate, options->connections);
    if (!timers_run(options, &result)) {
        return false;
    }
    bench_line(bench, "made through the core; ready with all pending", "%.1f s; %.0f ms",
               result.made_s, result.ready_ms);
    print_memory(bench, &result);
    bench_line(bench, "fired, early, twice; all after", "%llu, %llu, %llu; %.1f s",
               (unsigned long long)result.fired, (unsigned long long)result.early,
               (unsigned long long)result.twice, result.fired_s);
    bench_target(bench, result.fired == options->count && result.early == 0 && result.twice == 0,
                 "all fire, none early, none twice");
    print_lateness(bench, &result);
    bench_line(bench, "processor time of the server, meanwhile", "%.1f s",
               (double)(result.after.cpu_us - result.pending.cpu_us) / 1e6);
    bench_line(bench, "people meanwhile: p50, p99, p99.9, max", "%.2f, %.2f, %.2f, %.2f ms of %u",
               result.load.p50_us * 1e-3, result.load.p99_us * 1e-3, result.load.p999_us * 1e-3,
               result.load.max_us * 1e-3, result.load.samples);
    bench_target(bench, result.load.p99_us < 20000, "p99 under 20 ms");
    bench_target(bench, result.books, "the books close");
    const char *const verify[] = { "verify", options->data, NULL };
    double verify_ms = 0;
    bool verified = serve_program(verify, &verify_ms);
    bench_line(bench, "rung verify", "%s in %.1f s", verified ? "holds" : "DIFFERS",
               verify_ms * 1e-3);
    bench_target(bench, verified, "replay equals view, nothing is asleep");
    clockwork_remove(options->data);
    return true;
}

static bool run_so_many(struct bench *bench, uint32_t count, uint32_t spread_ms)
{
    const struct timers_options options = {
        .data = "build/bench-data/timers", .count = count, .spread_ms = spread_ms,
        .ahead_ms = 20000 + count / 7, // to make so many
        .rate = 500, .connections = 16,
    };
    return run(bench, &options);
}

bool bench_timers(struct bench *bench)
{
    return run_so_many(bench, bench->quick ? FEW : MANY, bench->quick ? FEW_MS : MINUTE_MS);
}

// "Every day at nine": all at one moment.
bool bench_moment(struct bench *bench)
{
    return run_so_many(bench, (bench->quick ? FEW : MANY) / 10, 0);
}
