// The figures, beside a floor program that does the same writes with no engine on top.
//
//   bench [--quick] [--full] [--strict] [--runs N]
//         [saturation|open|press|ready|reload|check|search|timers|moment|
//         convert|hook]…
//
// --quick: short windows, for work on the engine. --full: the open loop five times. --strict: exit
// code 1 when a target is missed. Without names: all sections. Scratch stores lie in
// build/bench-data.
#include "tests/bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/clockwork.h"
#include "tests/bench/frames.h"
#include "tests/bench/load.h"
#include "tests/bench/serve.h"

#define DATA_FOLDER "build/bench-data"

struct section {
    const char *name;
    bool (*run)(struct bench *bench);
};

static const struct section sections[] = {
    { "check", bench_check },     { "saturation", bench_saturation }, { "open", bench_open_loop },
    { "press", bench_one_press }, { "ready", bench_readiness },
    { "search", bench_search },
    { "reload", bench_reload },   { "timers", bench_timers },
    { "moment", bench_moment },
    { "convert", bench_convert }, { "hook", bench_hook },
};

void bench_line(struct bench *bench, const char *what, const char *figure, ...)
{
    char text[256];
    va_list args;
    (void)bench;
    va_start(args, figure);
    (void)vsnprintf(text, sizeof(text), figure, args);
    va_end(args);
    printf("  %-44s %s\n", what, text);
    fflush(stdout);
}

void bench_target(struct bench *bench, bool met, const char *target)
{
    printf("  %-44s target: %s%s\n", "", target, met ? "" : "   MISSED");
    fflush(stdout);
    bench->missed += met ? 0 : 1;
}

bool bench_prepared(struct bench *bench, uint32_t leads, const char **ret_path)
{
    static char path[64];
    struct stat info;
    (void)snprintf(path, sizeof(path), DATA_FOLDER "/open-%u", leads);
    *ret_path = path;
    bench->next_number = leads;
    char mark[80];
    (void)snprintf(mark, sizeof(mark), "%s.made", path);
    if (stat(mark, &info) == 0) {
        return true;
    }
    clockwork_remove(path);
    struct serve serve;
    uint64_t begun = clockwork_us();
    if (!serve_start(&serve, path, "tests/bench/lead.rung")) {
        return false;
    }
    struct slice users = frames_users();
    uint32_t len = 0;
    char *answer = load_ask(serve.socket, users.ptr, (uint32_t)users.len, &len);
    struct load_result result = { 0 };
    const struct load_options options = { .socket = serve.socket,
                                          .connections = BENCH_CONNECTIONS,
                                          .leads_max = leads,
                                          .starts_only = true };
    bool good =
        answer != NULL && load_run(&options, &result) && !result.broken && result.refused == 0;
    if (result.refused > 0) {
        fprintf(stderr, "refused: %s\n", result.refusal);
    }
    free(answer);
    good = serve_stop(&serve) && good;
    if (good) {
        FILE *file = fopen(mark, "w");
        good = file != NULL && fclose(file) == 0;
        bench_line(bench, "(made a store)", "%u open leads in %.1f s", leads,
                   (double)(clockwork_us() - begun) * 1e-6);
    }
    return good;
}

bool bench_copy(struct bench *bench, uint32_t leads, const char **ret_path)
{
    const char *prepared = NULL;
    *ret_path = DATA_FOLDER "/run";
    return bench_prepared(bench, leads, &prepared) && clockwork_copy(prepared, *ret_path);
}

static bool read_words(struct bench *bench, int argc, char **argv, bool *ret_strict, bool *wanted)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        bool known = true;
        if (strcmp(argv[i], "--quick") == 0) {
            bench->quick = true;
            bench->runs = 1;
        } else if (strcmp(argv[i], "--full") == 0) {
            bench->full = true;
        } else if (strcmp(argv[i], "--strict") == 0) {
            *ret_strict = true;
        } else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
            bench->runs = (uint32_t)strtoul(argv[++i], NULL, 10);
            known = bench->runs > 0 && bench->runs <= BENCH_RUNS_MAX;
        } else {
            known = false;
            for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
                if (strcmp(argv[i], sections[s].name) == 0) {
                    known = any = wanted[s] = true;
                }
            }
        }
        if (!known) {
            fprintf(stderr, "bench [--quick] [--full] [--strict] [--runs 1..%d] "
                            "[check|saturation|open|press|ready|reload|search|timers|moment|"
                            "convert|hook]…\n", BENCH_RUNS_MAX);
            return false;
        }
    }
    for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
        wanted[s] = wanted[s] || !any;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct bench bench = { .runs = 5 };
    bool wanted[sizeof(sections) / sizeof(sections[0])] = { false };
    bool strict = false;
    if (!read_words(&bench, argc, argv, &strict, wanted)) {
        return 2;
    }
    (void)mkdir("build", 0755);
    (void)mkdir(DATA_FOLDER, 0755);
    printf("the machine\n");
    bench_line(&bench, "processors", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    bench_line(&bench, "synced 4 KiB append, median", "%.0f us", clockwork_append_us(DATA_FOLDER));
    bool good = true;
    for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
        if (wanted[s] && !sections[s].run(&bench)) {
            fprintf(stderr, "%s could not be measured\n", sections[s].name);
            good = false;
        }
    }
    clockwork_remove(DATA_FOLDER "/run");
    printf("%u targets missed\n", bench.missed);
    return !good || (strict && bench.missed > 0) ? 1 : 0;
}
