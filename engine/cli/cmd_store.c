// The data folder without an engine: verify, rebuild.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "engine/cli/store_work.h"
#include "engine/core/core.h"
#include "engine/evolve/evolve.h"
#include "engine/model/record.h"
#include "engine/state/state.h"
#include "engine/store/store.h"

enum { FOLD_ARENA_BYTES_MAX = 512 * 1024 * 1024 };

static int store_problem_tell(struct cli *cli, const char *path, enum err err,
                              const struct store_problem *problem)
{
    if (err == ERR_LOCKED) {
        bool asks = strcmp(cli->command->name, "verify") == 0;
        return cli_problem(cli, CLI_STORE, err_name(err),
                           "%s is in use by process %ld; stop the engine first%s", path,
                           problem->holder_pid,
                           asks ? ", or leave the folder out to ask the engine itself" : "");
    }
    const char *message = problem->message[0] != '\0' ? problem->message : err_sentence(err);
    bool named = strstr(message, path) != NULL;
    const char *because = err == ERR_IO && access(path, W_OK) != 0 ? strerror(errno) : NULL;
    return cli_problem(cli, CLI_STORE, err_name(err), "%s%s%s%s%s", named ? "" : path,
                       named ? "" : ": ", message, because != NULL ? ": " : "",
                       because != NULL ? because : "");
}

static int store_get_open(struct cli *cli, const char *path, struct store **ret_store)
{
    const struct store_options options = { .path = path, .fingerprint = core_evolve_fingerprint() };
    struct store_problem problem = { 0 };
    enum err err = store_open(&options, ret_store, &problem);
    return err == OK ? CLI_DONE : store_problem_tell(cli, path, err, &problem);
}

static enum err record_fold(struct store *store, struct state *state, struct arena *arena,
                            uint64_t *ret_seq)
{
    struct slice bytes;
    struct record record;
    arena_reset(arena);
    enum err err = store_fold_next(store, arena, ret_seq, &bytes);
    if (err == OK) {
        err = record_decode(bytes, arena, &record);
    }
    if (err != OK) {
        return err;
    }
    state_command_begin(state, record.now_ms);
    evolve_fold(state, &record, *ret_seq);
    err = state_command_store(state);
    return err == OK ? store_fold_done(store) : err;
}

// Folds what the journal has and the view lacks.
static int store_fold(struct cli *cli, struct store *store, const char *title, uint64_t *ret_folded)
{
    struct state *state = NULL;
    enum err err = state_open(store, &state);
    if (err != OK) {
        return cli_problem(cli, CLI_STORE, err_name(err), "%s", err_sentence(err));
    }
    struct arena arena;
    arena_init(&arena, FOLD_ARENA_BYTES_MAX);
    struct progress progress;
    progress_init(&progress, title);
    uint64_t total = store_head(store)->seq;
    uint64_t seq = 0;
    *ret_folded = 0;
    while ((err = record_fold(store, state, &arena, &seq)) == OK) {
        (*ret_folded)++;
        progress_step(&progress, seq, total);
    }
    progress_done(&progress);
    arena_done(&arena);
    state_close(state);
    return err == ERR_NOT_FOUND
               ? CLI_DONE
               : cli_problem(cli, CLI_STORE, err_name(err), "record %llu of the journal: %s",
                             (unsigned long long)seq, err_sentence(err));
}

static void verify_progress(void *context, uint64_t done, uint64_t total)
{
    progress_step(context, done, total);
}

static struct slice head_text(struct cli *cli, const struct core_head *head)
{
    struct buf text;
    buf_init(&text, HEAD_TEXT_BYTES_MAX);
    if (head->seq != 0) {
        core_head_print(&text, head);
    }
    struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

static int verify_run(struct cli *cli, struct store *store, const char *path,
                      const struct core_head *noted)
{
    struct store_reader *reader = NULL;
    enum err err = store_reader_open(store, &reader);
    if (err != OK) {
        return cli_problem(cli, CLI_STORE, err_name(err), "%s: %s", path, err_sentence(err));
    }
    struct progress progress;
    progress_init(&progress, "verifying");
    const char *scratch = arena_format(&cli->arena, "%s/verify-scratch", path).ptr;
    struct core_verify verify = { 0 };
    err = core_verify(reader, scratch, verify_progress, &progress, &verify);
    progress_done(&progress);
    err = err == OK ? core_verify_noted(reader, noted, &verify) : err;
    store_reader_close(reader);
    if (err != OK && err != ERR_MISMATCH && err != ERR_CORRUPT) {
        return cli_problem(cli, CLI_STORE, err_name(err), "%s: %s", path, err_sentence(err));
    }
    const struct verify_figures figures = { verify.records,
                                            verify.rows,
                                            verify.instances_open,
                                            verify.instances_ended,
                                            verify.asleep,
                                            verify.index_faults,
                                            verify.message[0] != '\0'
                                                ? slice_from_cstr(verify.message)
                                                : slice_from_cstr(err_sentence(err)),
                                            head_text(cli, &verify.head), noted->seq != 0,
                                            err == OK };
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "good",
                                      err == OK, "head", arena_cstr(&cli->arena, figures.head),
                                      "records", (json_int_t)verify.records, "rows",
                                      (json_int_t)verify.rows, "instances_open",
                                      (json_int_t)verify.instances_open, "instances_ended",
                                      (json_int_t)verify.instances_ended, "asleep",
                                      (json_int_t)verify.asleep, "index_faults",
                                      (json_int_t)verify.index_faults, "message", verify.message));
    } else {
        verify_tell(cli, &figures);
    }
    return err == OK ? CLI_DONE : CLI_STORE;
}

bool store_work_is_head(const char *text)
{
    struct core_head head;
    return core_head_parse(slice_from_cstr(text), &head);
}

int store_work_verify(struct cli *cli, const char *path)
{
    struct store *store = NULL;
    struct core_head noted = { .seq = 0 };
    const char *head = cli_option(cli, OPTION_HEAD);
    if (head != NULL && !core_head_parse(slice_from_cstr(head), &noted)) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "`%s` is not SEQ:HASH, as `rung verify` prints it", head);
    }
    int status = store_get_open(cli, path, &store);
    if (status != CLI_DONE) {
        return status;
    }
    uint64_t folded = 0;
    status = store_fold(cli, store, "catching up", &folded);
    if (status == CLI_DONE) {
        status = verify_run(cli, store, path, &noted);
    }
    store_close(store, false);
    return status;
}

int cmd_rebuild(struct cli *cli)
{
    const char *path = arena_cstr(&cli->arena, cli_word(cli, 0));
    // Opened once to take the lock and to see that it is a store at all, before anything is
    // deleted.
    struct store *store = NULL;
    const struct store_options options = { .path = path, .fingerprint = core_evolve_fingerprint() };
    struct store_problem problem = { 0 };
    enum err err = store_open(&options, &store, &problem);
    if (err == OK) {
        store_close(store, true);
    } else if (err != ERR_CORRUPT && err != ERR_MISMATCH && err != ERR_FORMAT) {
        return store_problem_tell(cli, path, err, &problem);
    }
    err = store_drop_view(path);
    if (err != OK) {
        return cli_problem(cli, CLI_STORE, err_name(err), "%s: %s", path, err_sentence(err));
    }
    int status = store_get_open(cli, path, &store);
    if (status != CLI_DONE) {
        return status;
    }
    uint64_t folded = 0;
    status = store_fold(cli, store, "rebuilding", &folded);
    store_close(store, false);
    if (status == CLI_DONE && cli_json_wanted(cli)) {
        cli_print_json(cli, json_pack("{s:I}", "records", (json_int_t)folded));
    } else if (status == CLI_DONE) {
        buf_format(&cli->out, "the view is made anew from %llu records\n",
                   (unsigned long long)folded);
    }
    return status;
}
