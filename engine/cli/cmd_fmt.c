// rung fmt: the usual layout, in place, checked, or from stdin to stdout.
#include <stdio.h>
#include <string.h>

#include "dsl/format/format.h"
#include "engine/cli/program.h"

enum { ARENA_BYTES_MAX = 256 * 1024 * 1024 };

struct formatting {
    struct cli *cli;
    struct source_set sources;
    struct diags diags;
    bool check, standard; // --check; stdin
    uint32_t changed, refused;
    json_t *list; // of the names of changed files, with --json
};

static void tell_changed(struct formatting *run, struct slice name)
{
    run->changed++;
    if (run->list != NULL) {
        (void)json_array_append_new(run->list, json_stringn(name.ptr, name.len));
    } else if (run->check) {
        buf_format(&run->cli->out, "%.*s\n", SLICE_PRINT(name));
    }
}

// One file. CLI_DONE also when it is refused: `refused` counts.
static int format_one(struct formatting *run, struct slice name, struct slice text)
{
    struct cli *cli = run->cli;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    struct buf out;
    buf_init(&out, (size_t)SOURCE_BYTES_MAX * 8);
    uint32_t file = source_add(&run->sources, name, text);
    // The tree goes with `arena`; messages quote the sources and stay.
    enum format_outcome outcome = format_file(&run->sources, file, &arena, &run->diags, &out);
    int status = CLI_DONE;
    if (outcome != FORMAT_DONE) {
        run->refused++;
        if (outcome == FORMAT_UNSURE) {
            (void)cli_problem(cli, CLI_BAD_INPUT, "unsure",
                              "%.*s is left alone: laid out, it would read as another program. "
                              "This is a mistake of `rung fmt`",
                              SLICE_PRINT(name));
        }
    } else if (run->standard && !run->check) {
        (void)fwrite(out.ptr, 1, out.len, stdout);
    } else if (!slice_equal(buf_slice(&out), text)) {
        status = run->check ? CLI_DONE : program_write(cli, name, buf_slice(&out));
        if (status == CLI_DONE) {
            tell_changed(run, name);
        }
    }
    buf_done(&out);
    arena_done(&arena);
    return status;
}

static int format_all(struct formatting *run, const struct cli_files *files)
{
    int status = CLI_DONE;
    for (uint32_t i = 0; i < files->count && status == CLI_DONE; i++) {
        status = format_one(run, files->names[i], files->texts[i]);
    }
    return status;
}

// What was done, and the exit code.
static int tell_outcome(struct formatting *run, uint32_t files)
{
    struct cli *cli = run->cli;
    diag_finish(&run->diags);
    if (run->standard && run->refused > 0) {
        // stdout belongs to the program.
        struct buf text;
        buf_init(&text, PROGRAM_TEXT_BYTES_MAX);
        diag_render_text(&run->diags, &text, 0);
        (void)fwrite(text.ptr, 1, text.len, stderr);
        buf_done(&text);
    } else if (run->refused > 0) {
        program_tell(cli, &run->diags);
    }
    if (run->list != NULL) {
        cli_print_json(cli, json_pack("{s:I, s:o, s:I}", "files", (json_int_t)files, "changed",
                                      run->list, "refused", (json_int_t)run->refused));
    } else if (!run->standard) {
        cli_print(cli);
        (void)fprintf(stderr, "%u file%s, %u %s", files, files == 1 ? "" : "s", run->changed,
                      run->check ? "would change" : "changed");
        (void)fprintf(stderr, run->refused > 0 ? ", %u left alone\n" : "\n", run->refused);
    }
    bool bad = run->refused > 0 || (run->check && run->changed > 0);
    return bad ? CLI_BAD_INPUT : CLI_DONE;
}

int cmd_fmt(struct cli *cli)
{
    bool standard = false;
    for (uint32_t i = 0; i < cli->args.word_count; i++) {
        standard = standard || slice_equal(cli_word(cli, i), SLICE("-"));
    }
    if (standard && cli->args.word_count > 1) {
        return cli_problem(cli, CLI_USAGE, "words", "`-` stands alone");
    }
    if (standard && cli_json_wanted(cli) && cli_option(cli, OPTION_CHECK) == NULL) {
        return cli_problem(cli, CLI_USAGE, "words", "`-` writes the program to stdout: no --json");
    }
    struct cli_files files;
    struct slice name = SLICE("stdin");
    struct slice text;
    int status = CLI_DONE;
    if (standard) {
        files = (struct cli_files){ &name, &text, 1 };
        status = cli_read_file(cli, "-", SOURCE_BYTES_MAX, &text);
    } else {
        status = cli_read_programs(cli, 0, &files);
    }
    if (status != CLI_DONE) {
        return status;
    }
    struct formatting run = { .cli = cli,
                              .check = cli_option(cli, OPTION_CHECK) != NULL,
                              .standard = standard,
                              .list = cli_json_wanted(cli) ? json_array() : NULL };
    source_set_init(&run.sources, &cli->arena);
    diags_init(&run.diags, &cli->arena, &run.sources);
    status = format_all(&run, &files);
    return status == CLI_DONE ? tell_outcome(&run, files.count) : status;
}
