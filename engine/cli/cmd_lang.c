// The language without a running engine: check, and test on a store in memory.
#include <stdio.h>
#include <string.h>

#include "dsl/compile.h"
#include "engine/cli/cli.h"
#include "engine/cli/program.h"
#include "engine/play/play.h"
#include "engine/server/saved.h"

static int edits_make(struct cli *cli, const struct cli_files *files,
                      const struct compile_result *result)
{
    uint32_t made = 0;
    for (uint32_t i = 0; i < result->sources.count; i++) {
        struct slice name = source_file(&result->sources, i)->name;
        bool ours = false;
        for (uint32_t f = 0; f < files->count; f++) {
            ours = ours || slice_equal(files->names[f], name);
        }
        struct buf text;
        buf_init(&text, SOURCE_BYTES_MAX * 2);
        uint32_t count = ours ? diag_apply_edits(&result->diags, i, &text) : 0;
        if (count > 0) {
            int status = program_write(cli, name, buf_slice(&text));
            if (status != CLI_DONE) {
                buf_done(&text);
                return status;
            }
            made += count;
        }
        buf_done(&text);
    }
    (void)fprintf(stderr, "%u edit%s made\n", made, made == 1 ? "" : "s");
    return CLI_DONE;
}

static int check_once(struct cli *cli)
{
    struct cli_files files;
    int status = cli_read_programs(cli, 0, &files);
    if (status != CLI_DONE) {
        return status;
    }
    struct compile_result result;
    program_compile(cli, &files, &result);
    if (cli_option(cli, OPTION_FIX) != NULL) {
        status = edits_make(cli, &files, &result);
        compile_done(&result);
        status = status == CLI_DONE ? cli_read_programs(cli, 0, &files) : status;
        if (status != CLI_DONE) {
            return status;
        }
        program_compile(cli, &files, &result);
    }
    program_tell(cli, &result.diags);
    uint32_t errors = result.diags.error_count;
    uint32_t warnings = result.diags.warning_count;
    if (!cli_json_wanted(cli)) {
        struct slice line = arena_format(
            &cli->arena, "%u file%s: %u error%s, %u warning%s, %u process%s, %u test%s\n",
            files.count, files.count == 1 ? "" : "s", errors, errors == 1 ? "" : "s", warnings,
            warnings == 1 ? "" : "s", result.program_count, result.program_count == 1 ? "" : "es",
            result.test_count, result.test_count == 1 ? "" : "s");
        term_put(&cli->term, &cli->out, errors > 0 ? TERM_RED : TERM_GREEN, line);
    }
    compile_done(&result);
    return errors > 0 ? CLI_BAD_INPUT : CLI_DONE;
}

// --- check --watch ------------------------------------------------------------------------------

static void check_again(void *context)
{
    struct cli *cli = context;
    struct arena_mark mark = arena_mark(&cli->arena);
    (void)check_once(cli);
    cli_print(cli);
    (void)fflush(stdout);
    arena_rewind(&cli->arena, mark);
}

static int check_on(struct cli *cli)
{
    const char *folders[SAVED_FOLDERS_MAX];
    struct cli_files files;
    int status = cli_read_programs(cli, 0, &files);
    if (status != CLI_DONE) {
        return status;
    }
    uint32_t count = program_folders(cli, &files, folders, SAVED_FOLDERS_MAX);
    check_again(cli);
    enum err err = saved_watch(folders, count, check_again, cli);
    return err == OK ? CLI_DONE
                     : cli_problem(cli, CLI_STORE, err_name(err), "a folder cannot be watched");
}

int cmd_check(struct cli *cli)
{
    return cli_option(cli, OPTION_WATCH) != NULL ? check_on(cli) : check_once(cli);
}

// --- test ---------------------------------------------------------------------------------------

struct test_run {
    struct cli *cli;
    json_t *reports; // NULL: as text
};

static json_t *json_text(struct slice text)
{
    json_t *json = json_stringn(text.len > 0 ? text.ptr : "", text.len);
    return json != NULL ? json : json_string("");
}

static void report_json(struct test_run *run, const struct play_report *report)
{
    json_t *failures = json_array();
    for (uint32_t i = 0; i < report->failure_count; i++) {
        const struct play_failure *failure = &report->failures[i];
        (void)json_array_append_new(
            failures,
            json_pack("{s:I, s:I, s:o, s:o, s:o}", "line", (json_int_t)failure->line, "column",
                      (json_int_t)failure->column, "text", json_text(failure->text), "expected",
                      json_text(failure->expected), "found", json_text(failure->found)));
    }
    (void)json_array_append_new(
        run->reports,
        json_pack("{s:o, s:o, s:I, s:b, s:I, s:I, s:o}", "file", json_text(report->plan->file),
                  "title", json_text(report->plan->title), "line", (json_int_t)report->plan->line,
                  "passed", report->passed ? 1 : 0, "plays", (json_int_t)report->plays, "timers",
                  (json_int_t)report->timers, "failures", failures));
}

static void report_text(struct test_run *run, const struct play_report *report)
{
    struct cli *cli = run->cli;
    struct buf *out = &cli->out;
    term_put(&cli->term, out, report->passed ? TERM_GREEN : TERM_RED,
             report->passed ? SLICE("ok      ") : SLICE("FAILED  "));
    buf_format(out, "%.*s", SLICE_PRINT(term_clean(&cli->arena, report->plan->title)));
    struct slice place =
        arena_format(&cli->arena, "  %.*s:%u", SLICE_PRINT(report->plan->file), report->plan->line);
    term_put(&cli->term, out, TERM_DIM, place);
    buf_put_char(out, '\n');
    play_render(report, out);
    cli_print(cli);
}

static void report_take(void *context, const struct play_report *report)
{
    struct test_run *run = context;
    if (run->reports != NULL) {
        report_json(run, report);
    } else {
        report_text(run, report);
    }
}

// --- cover --------------------------------------------------------------------------------------

static void gap_text(void *context, const struct cover_gap *gap)
{
    struct cli *cli = context;
    struct slice place = gap->line > 0
                             ? arena_format(&cli->arena, "  %.*s:%u", SLICE_PRINT(gap->file),
                                            gap->line)
                             : SLICE_EMPTY;
    buf_format(&cli->out, "not reached: %s %.*s of %.*s", gap->kind, SLICE_PRINT(gap->name),
               SLICE_PRINT(gap->process));
    term_put(&cli->term, &cli->out, TERM_DIM, place);
    buf_put_char(&cli->out, '\n');
}

static void gap_json(void *context, const struct cover_gap *gap)
{
    (void)json_array_append_new(
        context, json_pack("{s:s, s:o, s:o, s:o, s:I}", "kind", gap->kind, "name",
                           json_text(gap->name), "process", json_text(gap->process), "file",
                           json_text(gap->file), "line", (json_int_t)gap->line));
}

static json_t *cover_json(struct cover *cover)
{
    json_t *gaps = json_array();
    uint32_t reached;
    uint32_t parts;
    cover_gaps(cover, gap_json, gaps, &reached, &parts);
    return json_pack("{s:I, s:I, s:o}", "reached", (json_int_t)reached, "parts",
                     (json_int_t)parts, "gaps", gaps);
}

static void cover_text(struct cli *cli, struct cover *cover)
{
    uint32_t reached;
    uint32_t parts;
    cover_gaps(cover, gap_text, cli, &reached, &parts);
    buf_format(&cli->out, "%u of %u parts reached\n", reached, parts);
}

static int tests_run(struct cli *cli, const struct compile_result *set)
{
    struct test_run run = { cli, cli_json_wanted(cli) ? json_array() : NULL };
    const char *currency = cli_option(cli, OPTION_CURRENCY);
    const char *region = cli_option(cli, OPTION_REGION);
    const char *zone = cli_option(cli, OPTION_ZONE);
    const char *only = cli_option(cli, OPTION_ONLY);
    bool covers = cli_option(cli, OPTION_COVER) != NULL;
    struct cover cover;
    if (!cli_zone_check(cli)) {
        return CLI_USAGE;
    }
    if (covers) {
        cover_init(&cover, set);
    }
    const struct play_options options = { .filter = slice_from_cstr(only),
                                          .cover = covers ? &cover : NULL,
                                          .currency = slice_from_cstr(currency),
                                          .region = slice_from_cstr(region),
                                          .zone = slice_from_cstr(zone) };
    struct play_summary summary = { 0 };
    enum err err = play_run(set, &options, report_take, &run, &summary);
    if (err != OK) {
        json_decref(run.reports);
        if (covers) {
            cover_done(&cover);
        }
        return cli_problem(cli, CLI_STORE, err_name(err), "%s", err_sentence(err));
    }
    if (run.reports != NULL) {
        json_t *answer =
            json_pack("{s:I, s:I, s:I, s:I, s:o}", "tests", (json_int_t)summary.tests, "passed",
                      (json_int_t)summary.passed, "failed", (json_int_t)summary.failed, "skipped",
                      (json_int_t)summary.skipped, "reports", run.reports);
        if (covers) {
            (void)json_object_set_new(answer, "cover", cover_json(&cover));
        }
        cli_print_json(cli, answer);
    } else {
        if (covers) {
            cover_text(cli, &cover);
        }
        struct slice line =
            arena_format(&cli->arena, "%u passed, %u failed", summary.passed, summary.failed);
        term_put(&cli->term, &cli->out, summary.failed > 0 ? TERM_RED : TERM_GREEN, line);
        if (summary.skipped > 0) {
            buf_format(&cli->out, ", %u left out", summary.skipped);
        }
        buf_put_char(&cli->out, '\n');
    }
    if (covers) {
        cover_done(&cover);
    }
    return summary.failed > 0 ? CLI_BAD_INPUT : CLI_DONE;
}

int cmd_test(struct cli *cli)
{
    struct cli_files files;
    int status = cli_read_programs(cli, 0, &files);
    if (status != CLI_DONE) {
        return status;
    }
    struct compile_result result;
    program_compile(cli, &files, &result);
    if (compile_is_good(&result)) {
        status = tests_run(cli, &result);
    } else {
        program_tell(cli, &result.diags);
        status = cli_problem(cli, CLI_BAD_INPUT, "bad_program",
                             "the files have errors; no test was run");
    }
    compile_done(&result);
    return status;
}
