// The engine itself.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/library.h"
#include "engine/cli/mappings.h"
#include "engine/cli/phone_ranges.h"
#include "engine/cli/when.h"
#include "engine/embed/toolchain_play.h"
#include "engine/cli/program.h"
#include "engine/server/server.h"

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

// The files as they were named, so that new ones in a folder are found, too.
static bool watch_put(struct cli *cli, const struct cli_files *files,
                      struct server_options *options)
{
    if (files->count == 0) {
        (void)cli_problem(cli, CLI_USAGE, "usage", "--watch needs the files to apply");
        return false;
    }
    uint32_t count = cli->args.word_count - 1;
    const char **words = ARENA_ARRAY(&cli->arena, const char *, count + 1);
    const char **folders = ARENA_ARRAY(&cli->arena, const char *, SERVER_WATCH_FOLDERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        words[i] = arena_cstr(&cli->arena, cli_word(cli, i + 1));
    }
    options->watch_words = words;
    options->watch_word_count = count;
    options->watch_folders = folders;
    options->watch_folder_count = program_folders(cli, files, folders, SERVER_WATCH_FOLDERS_MAX);
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
                                      .connectors = cli_option(cli, OPTION_CONNECTORS),
                                      .events = { log_line, ready_tell, cli } };
    struct mappings mappings;
    struct ranges ranges;
    if (!demo_read(cli, &options)) {
        return CLI_USAGE;
    }
    int status = mappings_open(cli, cli_option(cli, OPTION_INTAKE), &mappings);
    if (status == CLI_DONE && cli_option(cli, OPTION_PHONE_RANGES) != NULL) {
        status = phone_ranges_open(cli, cli_option(cli, OPTION_PHONE_RANGES), &ranges);
        options.ranges = &ranges;
    }
    const struct intake_library library = mappings_library(&mappings);
    options.mappings = &library;
    if (status == CLI_DONE && cli->args.word_count > 1) {
        status = cli_read_programs(cli, 1, &files);
    }
    if (status == CLI_DONE && files.count > 0) {
        program_add_data(cli, &files);
    }
    if (status != CLI_DONE) {
        return status;
    }
    struct toolchain_file *list = ARENA_ARRAY(&cli->arena, struct toolchain_file, files.count + 1);
    for (uint32_t i = 0; i < files.count; i++) {
        list[i] = (struct toolchain_file){ files.names[i], files.texts[i] };
    }
    struct toolchain_company *company = ARENA_NEW(&cli->arena, struct toolchain_company);
    company->currency = slice_from_cstr(options.currency);
    company->region = slice_from_cstr(options.region);
    struct toolchain_dsl dsl = { .load = library_load,
                                 .tests = toolchain_play,
                                 .tests_context = company };
    struct toolchain toolchain = toolchain_dsl_make(&dsl);
    options.toolchain = &toolchain;
    options.files = list;
    options.file_count = files.count;
    if (cli_option(cli, OPTION_WATCH) != NULL && !watch_put(cli, &files, &options)) {
        return CLI_USAGE;
    }
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
