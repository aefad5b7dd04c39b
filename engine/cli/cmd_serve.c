// The engine itself.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/library.h"
#include "engine/cli/when.h"
#include "engine/embed/toolchain_dsl.h"
#include "engine/play/play.h"
#include "engine/server/server.h"

enum { FAILURES_KEPT = 100, FAILURE_TEXT_BYTES_MAX = 1024 * 1024 };

// --- the tests of files that are to become active -----------------------------------------------

struct test_collector {
    struct arena *arena;
    struct toolchain_diagnostic *failures;
    uint32_t failure_count;
    struct buf text;
};

static void failure_keep(void *context, const struct play_report *report)
{
    struct test_collector *collector = context;
    struct arena *arena = collector->arena;
    play_render(report, &collector->text);
    for (uint32_t i = 0; i < report->failure_count; i++) {
        const struct play_failure *failure = &report->failures[i];
        if (collector->failure_count == FAILURES_KEPT) {
            return;
        }
        collector->failures[collector->failure_count++] = (struct toolchain_diagnostic){
            .code = SLICE("test"),
            .severity = SLICE("error"),
            .message = arena_format(arena, "test \"%.*s\": expected %.*s, found %.*s",
                                    SLICE_PRINT(report->plan->title),
                                    SLICE_PRINT(failure->expected), SLICE_PRINT(failure->found)),
            .help = SLICE_EMPTY,
            .file = arena_copy(arena, report->plan->file),
            .line = failure->line,
            .column = failure->column,
        };
    }
}

static void tests_play(void *context, const struct compile_result *compiled, struct arena *arena,
                       struct toolchain_tests *ret_tests)
{
    const struct play_options *company = context;
    struct test_collector collector = { .arena = arena };
    collector.failures = ARENA_ARRAY(arena, struct toolchain_diagnostic, FAILURES_KEPT);
    buf_init(&collector.text, FAILURE_TEXT_BYTES_MAX);
    const struct play_options options = *company;
    struct play_summary summary = { 0 };
    enum err err = play_run(compiled, &options, failure_keep, &collector, &summary);
    if (err != OK) {
        // A test that could not be run has not passed.
        summary.failed++;
        collector.failures[0] = (struct toolchain_diagnostic){
            .code = SLICE("test"),
            .severity = SLICE("error"),
            .message = slice_from_cstr(err_sentence(err)),
        };
        collector.failure_count = 1;
    }
    *ret_tests = (struct toolchain_tests){ summary.tests, summary.failed, collector.failures,
                                           collector.failure_count,
                                           arena_copy(arena, buf_slice(&collector.text)) };
    buf_done(&collector.text);
}

// --- serve --------------------------------------------------------------------------------------

static void log_line(void *context, const char *line)
{
    (void)context;
    struct buf text;
    buf_init(&text, 4096);
    when_stamp(&text, env_now_ms(), NULL);
    (void)fprintf(stderr, "%.*s %s\n", SLICE_PRINT(buf_slice(&text)), line);
    buf_done(&text);
}

static void ready_tell(void *context, const char *socket_path)
{
    const struct cli *cli = context;
    if (cli_json_wanted(cli)) {
        json_t *json = json_pack("{s:b, s:s}", "ready", 1, "socket", socket_path);
        (void)json_dumpf(json, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
        json_decref(json);
    } else {
        (void)printf("rung listens on %s\n", socket_path);
    }
    (void)fflush(stdout);
}

// "x100" or "100"; "x0" stands still until it is moved.
static bool demo_read(struct cli *cli, struct server_options *options)
{
    const char *text = cli_option(cli, OPTION_DEMO_CLOCK);
    uint64_t factor = 0;
    if (text == NULL) {
        return true;
    }
    struct slice number = slice_from_cstr(text[0] == 'x' ? text + 1 : text);
    if (!args_number(number, 1000000, &factor)) {
        (void)cli_problem(
            cli, CLI_USAGE, "usage",
            "--demo-clock is x0 (stands still until `rung clock` moves it) to x1000000, "
            "not `%s`",
            text);
        return false;
    }
    options->demo = true;
    options->demo_factor = (uint32_t)factor;
    return true;
}

int cmd_serve(struct cli *cli)
{
    struct cli_files files = { 0 };
    struct server_options options = { .data = arena_cstr(&cli->arena, cli_word(cli, 0)),
                                      .socket = cli_option(cli, OPTION_SOCKET),
                                      .currency = cli_option(cli, OPTION_CURRENCY),
                                      .region = cli_option(cli, OPTION_REGION),
                                      .zone = cli_option(cli, OPTION_ZONE),
                                      .events = { log_line, ready_tell, cli } };
    if (!demo_read(cli, &options)) {
        return CLI_USAGE;
    }
    int status = cli->args.word_count > 1 ? cli_read_programs(cli, 1, &files) : CLI_DONE;
    if (status != CLI_DONE) {
        return status;
    }
    struct toolchain_file *list = ARENA_ARRAY(&cli->arena, struct toolchain_file, files.count + 1);
    for (uint32_t i = 0; i < files.count; i++) {
        list[i] = (struct toolchain_file){ files.names[i], files.texts[i] };
    }
    struct play_options *company = ARENA_NEW(&cli->arena, struct play_options);
    company->currency = slice_from_cstr(options.currency);
    company->region = slice_from_cstr(options.region);
    struct toolchain_dsl dsl = { .load = library_load,
                                 .tests = tests_play,
                                 .tests_context = company };
    struct toolchain toolchain = toolchain_dsl_make(&dsl);
    options.toolchain = &toolchain;
    options.files = list;
    options.file_count = files.count;
    (void)signal(SIGPIPE, SIG_IGN); // a client that goes away is no reason to stop
    struct server_problem problem = { .message = "" };
    enum err err = server_run(&options, &problem);
    if (err == OK) {
        return CLI_DONE;
    }
    enum cli_exit exit_code = err == ERR_BAD_INPUT ? CLI_BAD_INPUT : CLI_STORE;
    return cli_problem(cli, exit_code, err_name(err), "%s",
                       problem.message[0] != '\0' ? problem.message : err_sentence(err));
}
