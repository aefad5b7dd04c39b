// How soon the server is ready, and how fast a long process is checked.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "dsl/compile.h"
#include "dsl/format/format.h"
#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/load.h"
#include "tests/bench/mix.h"
#include "tests/bench/serve.h"

static void print_ready(struct bench *bench, const char *what, const struct serve *serve,
                        double target_ms, const char *target)
{
    struct serve_usage usage;
    serve_usage(serve, &usage);
    bench_line(bench, what, "%.0f ms, RssAnon %.0f MB", serve->ready_ms,
               (double)usage.rss_anon_kb / 1024);
    bench_target(bench, serve->ready_ms < target_ms, target);
}

static bool measure_empty(struct bench *bench)
{
    static const char path[] = "build/bench-data/empty";
    struct serve serve;
    clockwork_remove(path);
    if (!serve_start(&serve, path, "tests/bench/lead.rung")) {
        return false;
    }
    print_ready(bench, "ready with an empty store", &serve, 100, "under 100 ms");
    bool good = serve_stop(&serve);
    clockwork_remove(path);
    return good;
}

// Under load, then kill -9 in the middle of it, then up again.
static bool measure_killed(struct bench *bench, const char *data)
{
    struct serve serve;
    struct load_child child;
    struct load_result load;
    if (!serve_start(&serve, data, NULL)) {
        return false;
    }
    const struct load_options options = { .socket = serve.socket,
                                          .connections = BENCH_CONNECTIONS,
                                          .first_number = bench->next_number,
                                          .seconds = 60,
                                          .wait_us = BENCH_WAIT_US };
    if (!load_begin(&options, &child)) {
        return false;
    }
    clockwork_nap_us(5000000);
    struct serve_usage usage;
    serve_usage(&serve, &usage);
    serve_kill(&serve);
    load_end(&child, &load);
    bench_line(bench, "(killed under load)", "after %llu commands, RssAnon %.0f MB",
               (unsigned long long)load.commands, (double)usage.rss_anon_kb / 1024);
    bench->next_number += load.leads;
    if (!serve_start(&serve, data, NULL)) {
        return false;
    }
    print_ready(bench, "ready after kill -9 under load", &serve, 2000, "under 2 s");
    return serve_stop(&serve);
}

bool bench_readiness(struct bench *bench)
{
    uint32_t leads = bench->quick ? BENCH_OPEN_LEADS : BENCH_MANY_LEADS;
    const char *data = NULL;
    struct serve serve;
    printf("\nreadiness: from the start of the process to its ready line, %u leads open\n", leads);
    if (!measure_empty(bench) || !bench_copy(bench, leads, &data)) {
        return false;
    }
    if (!serve_start(&serve, data, NULL)) {
        return false;
    }
    print_ready(bench, "ready after a clean stop", &serve, 300, "under 300 ms");
    return serve_stop(&serve) && measure_killed(bench, data);
}

// --- checking ------------------------------------------------------------------------------------

// A process of about so many lines: stages of ten lines each, one leading to the next.
static void write_process(struct buf *out, uint32_t lines)
{
    uint32_t stages = lines / 10 < 900 ? lines / 10 : 900;
    buf_put_cstr(
        out, "role sales \"Sales\"\nladder busy { 5 min, 1 h, 1 day }\n"
             "process long \"Long\" {\n  title \"{name}\"\n  field name: text \"Name\" required\n"
             "  field quote: money \"Quote\"\n  field people: integer = 1\n  start => s0\n");
    for (uint32_t i = 0; i < stages; i++) {
        buf_format(out,
                   "  stage s%u \"Stage %u\" {\n"
                   "    task \"Call {name} about {people}\" for sales due 1 day\n"
                   "    action busy \"Busy\" retry busy then => lost\n"
                   "    action next \"Next\" if people > %u and name is not empty {\n"
                   "      ask quote required\n"
                   "      require quote > 10 else \"Too little\"\n"
                   "      people := people + 1\n"
                   "      => %s%u\n"
                   "    }\n"
                   "  }\n",
                   i, i, i % 7, i + 1 < stages ? "s" : "e", i + 1 < stages ? i + 1 : 0);
    }
    buf_put_cstr(out, "  end e0 \"Done\" success\n  end lost \"Lost\" failure\n}\n");
}

static bool check_lines(struct bench *bench, uint32_t lines, double *ret_compile_ms,
                        double *ret_program_ms)
{
    static const char path[] = "build/bench-data/long.rung";
    double compile[BENCH_RUNS_MAX], program[BENCH_RUNS_MAX];
    struct buf text;
    buf_init(&text, 16 * 1024 * 1024);
    write_process(&text, lines);
    FILE *file = fopen(path, "w");
    bool good = file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len;
    good = file != NULL && fclose(file) == 0 && good;
    for (uint32_t i = 0; i < bench->runs && good; i++) {
        const struct compile_file one = { SLICE("long.rung"), buf_slice(&text) };
        const struct compile_input input = { .files = &one, .file_count = 1 };
        struct compile_result result;
        uint64_t begun = clockwork_us();
        compile_set(&input, &result);
        compile[i] = (double)(clockwork_us() - begun) * 1e-3;
        if (!compile_is_good(&result)) {
            struct buf words;
            buf_init(&words, 1 << 20);
            diag_render_text(&result.diags, &words, 0);
            fprintf(stderr, "%.*s\n", (int)words.len, words.ptr);
            buf_done(&words);
        }
        good = compile_is_good(&result);
        compile_done(&result);
        const char *const words[] = { "check", path, NULL };
        good = good && serve_program(words, &program[i]);
    }
    buf_done(&text);
    if (good) {
        *ret_compile_ms = clockwork_median(compile, bench->runs);
        *ret_program_ms = clockwork_median(program, bench->runs);
    }
    return good;
}

// Copies of processes/, each a file of its own, until there are 10,000 lines.
enum { MIX_LINES = 10000, MIX_FILES_MAX = 40, SCRIPT_BYTES_MAX = 1 << 16 };

struct mix {
    struct buf text[MIX_FILES_MAX];
    struct compile_file files[MIX_FILES_MAX];
    char names[MIX_FILES_MAX][32];
    uint32_t count, lines;
};

static bool write_mix(struct mix *mix)
{
    while (mix->lines < MIX_LINES && mix->count < MIX_FILES_MAX) {
        uint32_t n = mix->count++;
        buf_init(&mix->text[n], 1 << 20);
        (void)snprintf(mix->names[n], sizeof(mix->names[n]), "mix%u.rung", n);
        if (!mix_write(&mix->text[n], n, &mix->lines)) {
            return false;
        }
        mix->files[n].name = slice_from_cstr(mix->names[n]);
        mix->files[n].text = buf_slice(&mix->text[n]);
    }
    return true;
}

// Scripts lie where the programs were copied from.
static bool load_script(void *context, struct slice path, struct arena *arena,
                        struct slice *ret_text)
{
    (void)context;
    FILE *file = fopen(arena_format(arena, "processes/%.*s", SLICE_PRINT(path)).ptr, "rb");
    if (file == NULL) {
        return false;
    }
    char *bytes = arena_alloc(arena, SCRIPT_BYTES_MAX);
    size_t len = fread(bytes, 1, SCRIPT_BYTES_MAX, file);
    (void)fclose(file);
    *ret_text = slice_make(bytes, len);
    return true;
}

static bool compile_mix(const struct mix *mix, double *ret_ms)
{
    const struct compile_input input = { .files = mix->files, .file_count = mix->count,
                                         .load = load_script };
    struct compile_result result;
    uint64_t begun = clockwork_us();
    compile_set(&input, &result);
    *ret_ms = (double)(clockwork_us() - begun) * 1e-3;
    bool good = compile_is_good(&result);
    if (!good) {
        struct buf words;
        buf_init(&words, 1 << 20);
        diag_render_text(&result.diags, &words, 0);
        fprintf(stderr, "%.*s\n", (int)words.len, words.ptr);
        buf_done(&words);
    }
    compile_done(&result);
    return good;
}

static bool format_mix(const struct mix *mix, double *ret_ms)
{
    bool good = true;
    uint64_t begun = clockwork_us();
    for (uint32_t i = 0; i < mix->count; i++) {
        struct arena arena;
        struct source_set sources;
        struct diags diags;
        struct buf out;
        arena_init(&arena, 64u << 20);
        source_set_init(&sources, &arena);
        diags_init(&diags, &arena, &sources);
        buf_init(&out, 1 << 21);
        uint32_t file = source_add(&sources, mix->files[i].name, mix->files[i].text);
        good = format_file(&sources, file, &arena, &diags, &out) == FORMAT_DONE && good;
        buf_done(&out);
        arena_done(&arena);
    }
    *ret_ms = (double)(clockwork_us() - begun) * 1e-3;
    return good;
}

static bool check_mix(struct bench *bench)
{
    static struct mix mix;
    double checks[BENCH_RUNS_MAX], formats[BENCH_RUNS_MAX];
    bool good = write_mix(&mix);
    for (uint32_t i = 0; i < bench->runs && good; i++) {
        good = compile_mix(&mix, &checks[i]) && format_mix(&mix, &formats[i]);
    }
    for (uint32_t i = 0; i < mix.count; i++) {
        buf_done(&mix.text[i]);
    }
    if (!good) {
        return false;
    }
    double check = clockwork_median(checks, bench->runs);
    double format = clockwork_median(formats, bench->runs);
    printf("\n%u lines with the mix of processes/, in %u files\n", mix.lines, mix.count);
    bench_line(bench, "checked", "%.1f ms", check);
    bench_target(bench, check < 150, "under 150 ms");
    bench_line(bench, "formatted", "%.1f ms", format);
    bench_target(bench, format < 100, "under 100 ms");
    return true;
}

bool bench_check(struct bench *bench)
{
    double compile = 0, program = 0;
    printf("\nchecking a process: the compiler alone, and `rung check` from start to end\n");
    if (!check_lines(bench, 1000, &compile, &program)) {
        return false;
    }
    bench_line(bench, "1,000 lines", "%.1f ms, %.1f ms", compile, program);
    bench_target(bench, program < 20, "under 20 ms");
    if (!check_lines(bench, 10000, &compile, &program)) {
        return false;
    }
    bench_line(bench, "10,000 lines", "%.1f ms, %.1f ms", compile, program);
    return check_mix(bench);
}
