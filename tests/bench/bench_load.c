// Saturation, open loop, one press alone.
#include <stdio.h>

#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/floor.h"
#include "tests/bench/load.h"
#include "tests/bench/serve.h"

// One load on a fresh copy of the prepared store, from the server's start to its verified end.
struct run {
    struct load_result load;
    struct serve_stats before, after;
    struct serve_usage begun, ended;
    bool verified;
};

static uint64_t less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

static double a_command(uint64_t total, const struct run *run)
{
    uint64_t commands = less(run->after.accepted, run->before.accepted);
    return commands == 0 ? 0 : (double)total / (double)commands;
}

// The books: every lead that was begun is won, both its deals are done, its timer fired once.
static bool verify_books(const struct run *run)
{
    uint64_t leads = run->load.leads;
    bool good = run->after.open == run->before.open &&
                run->after.ended - run->before.ended == 3 * leads &&
                run->after.timers - run->before.timers == leads && run->load.refused == 0;
    if (!good) {
        fprintf(
            stderr,
            "the books do not close: %llu leads; ended %llu, open %llu (were %llu), timers %llu, "
            "refused %llu %s\n",
            (unsigned long long)leads, (unsigned long long)(run->after.ended - run->before.ended),
            (unsigned long long)run->after.open, (unsigned long long)run->before.open,
            (unsigned long long)(run->after.timers - run->before.timers),
            (unsigned long long)run->load.refused, run->load.refusal);
    }
    return good;
}

static bool run_once(struct bench *bench, struct load_options options, const char **ret_data,
                     struct run *run)
{
    struct serve serve;
    *run = (struct run){ .verified = false };
    if (!bench_copy(bench, BENCH_OPEN_LEADS, ret_data) || !serve_start(&serve, *ret_data, NULL)) {
        return false;
    }
    options.socket = serve.socket;
    options.first_number = bench->next_number;
    options.wait_us = BENCH_WAIT_US;
    bool good = serve_stats(&serve, &run->before);
    serve_usage(&serve, &run->begun);
    good = good && load_run(&options, &run->load) && !run->load.broken;
    serve_usage(&serve, &run->ended);
    good = good && serve_stats(&serve, &run->after);
    run->verified = good && verify_books(run);
    return serve_stop(&serve) && good;
}

static bool print_floor(struct bench *bench, const char *data, const struct run *run)
{
    struct floor_result floor;
    uint64_t commits = less(run->after.commits, run->before.commits);
    uint64_t records = less(run->after.seq, run->before.seq);
    const struct floor_options options = {
        .data = data,
        .scratch = "build/bench-data/floor",
        .first_seq = run->before.seq + 1,
        .last_seq = run->after.seq,
        .per_commit = (uint32_t)(commits == 0 ? 1 : (records + commits - 1) / commits),
        .flush_rows = less(run->after.flush_rows, run->before.flush_rows),
        .flushes = (uint32_t)less(run->after.flushes, run->before.flushes),
    };
    if (!floor_run(&options, &floor)) {
        return false;
    }
    bench_line(
        bench, "records in a commit, rows in a flush", "%u, %llu", options.per_commit,
        (unsigned long long)(options.flushes == 0 ? 0 : options.flush_rows / options.flushes));
    bench_line(bench, "floor: CPU a command, bytes a command", "%.1f us, %.0f B",
               a_command(floor.cpu_us, run), a_command(floor.written, run));
    return true;
}

static void print_cost(struct bench *bench, const struct run *run)
{
    uint64_t written = less(run->ended.written, run->begun.written);
    bench_line(bench, "server: CPU a command, bytes a command", "%.1f us, %.0f B",
               a_command(less(run->ended.cpu_us, run->begun.cpu_us), run), a_command(written, run));
    bench_line(bench, "client: CPU a command", "%.1f us",
               (double)run->load.cpu_us / (double)(run->load.counted == 0 ? 1 : run->load.counted));
    bench_line(bench, "server's threads", "%s", run->ended.threads);
    bench_line(bench, "RssAnon of the server under load", "%.0f MB",
               (double)run->ended.rss_anon_kb / 1024);
    bench_target(bench, run->ended.rss_anon_kb < 150 * 1024, "under 150 MB");
}

bool bench_saturation(struct bench *bench)
{
    static double speeds[BENCH_RUNS_MAX];
    const char *data = NULL;
    struct run run;
    const struct load_options options = { .connections = BENCH_CONNECTIONS,
                                          .seconds = bench->quick ? 6 : 10,
                                          .warm_seconds = bench->quick ? 0.5 : 1 };
    printf(
        "\nlead-to-deal at saturation: %d connections, one command in flight each, %d leads open,\n"
        "waits of ladders 1 ms (1 s on a clock x1000), default flush settings\n",
        BENCH_CONNECTIONS, BENCH_OPEN_LEADS);
    uint64_t flushes_least = UINT64_MAX;
    bool verified = true;
    for (uint32_t i = 0; i < bench->runs; i++) {
        if (!run_once(bench, options, &data, &run)) {
            return false;
        }
        uint64_t flushes = less(run.after.flushes, run.before.flushes);
        flushes_least = flushes < flushes_least ? flushes : flushes_least;
        verified = verified && run.verified;
        speeds[i] = (double)run.load.counted / run.load.window_s;
        bench_line(bench, "run", "%.0f commands/s; p50 %.2f p99 %.2f max %.1f ms; %llu flushes",
                   speeds[i], run.load.p50_us * 1e-3, run.load.p99_us * 1e-3,
                   run.load.max_us * 1e-3, (unsigned long long)flushes);
    }
    double median = clockwork_median(speeds, bench->runs);
    bench_line(bench, "commands/s, median", "%.0f", median);
    bench_target(bench, median >= 40000, "at least 40,000");
    bench_line(bench, "flushes in a window, least", "%llu", (unsigned long long)flushes_least);
    bench_target(bench, flushes_least >= 5, "at least 5");
    bench_line(bench, "final state", "%s",
               verified ? "every lead won, every deal done, every timer fired" : "WRONG");
    bench_target(bench, verified, "the books close");
    print_cost(bench, &run);
    return print_floor(bench, data, &run);
}

bool bench_open_loop(struct bench *bench)
{
    enum { RATE = 4000 };
    const char *data = NULL;
    struct run run;
    const struct load_options options = { .connections = BENCH_CONNECTIONS,
                                          .seconds = bench->quick ? 10 : 60,
                                          .warm_seconds = 2,
                                          .rate = RATE };
    uint32_t runs = bench->full ? 5 : 1;
    printf("\nopen loop: %d commands/s for %.0f s over %d connections, from scheduled arrival\n",
           RATE, options.seconds, BENCH_CONNECTIONS);
    for (uint32_t i = 0; i < runs; i++) {
        if (!run_once(bench, options, &data, &run)) {
            return false;
        }
        const struct load_result *load = &run.load;
        uint64_t flushes = less(run.after.flushes, run.before.flushes);
        bench_line(bench, "answers in the window", "%llu (%.0f/s), %llu flushes",
                   (unsigned long long)load->counted, (double)load->counted / load->window_s,
                   (unsigned long long)flushes);
        bench_line(bench, "p50, p99, p99.9, max", "%.2f, %.2f, %.2f, %.2f ms", load->p50_us * 1e-3,
                   load->p99_us * 1e-3, load->p999_us * 1e-3, load->max_us * 1e-3);
        bench_target(bench, load->p99_us < 5000 && load->max_us < 50000,
                     "p99 under 5 ms and max under 50 ms");
        bench_target(bench, flushes >= (bench->quick ? 2u : 10u), "at least 10 flushes in 60 s");
        bench_target(bench, run.verified, "the books close");
        bench_line(bench, "slowest commit, slowest flush of the server", "%.1f, %.1f ms",
                   (double)run.after.commit_us_max * 1e-3, (double)run.after.flush_us_max * 1e-3);
        print_cost(bench, &run);
    }
    return true;
}

bool bench_one_press(struct bench *bench)
{
    static double served[BENCH_RUNS_MAX], floors[BENCH_RUNS_MAX];
    const char *data = NULL;
    struct run run;
    struct floor_result floor;
    const struct load_options options = { .connections = 1,
                                          .leads_max = bench->quick ? 200 : 1000 };
    printf("\none press alone: one connection, the next command after the answer to the last\n");
    for (uint32_t i = 0; i < bench->runs; i++) {
        if (!run_once(bench, options, &data, &run)) {
            return false;
        }
        const struct floor_options floor_options = { .data = data,
                                                     .scratch = "build/bench-data/floor",
                                                     .first_seq = run.before.seq + 1,
                                                     .last_seq = run.after.seq,
                                                     .per_commit = 1 };
        if (!floor_run(&floor_options, &floor)) {
            return false;
        }
        served[i] = run.load.p50_us;
        floors[i] = floor.p50_us;
        bench_line(bench, "run", "p50 %u us, p99 %u us; floor p50 %u us, p99 %u us",
                   run.load.p50_us, run.load.p99_us, floor.p50_us, floor.p99_us);
    }
    double served_p50 = clockwork_median(served, bench->runs);
    double floor_p50 = clockwork_median(floors, bench->runs);
    bench_line(bench, "p50 of a press, of the floor, between them", "%.0f, %.0f, %.0f us",
               served_p50, floor_p50, served_p50 - floor_p50);
    bench_target(bench, served_p50 - floor_p50 <= 100, "at most 100 us above the floor");
    return true;
}
