// Commands to the running engine as a whole: backup, verify, clock, apply.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/pack.h"
#include "dsl/compile.h"
#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/program.h"
#include "engine/cli/store_work.h"
#include "engine/cli/when.h"

enum { LONG_WORK_MS = 3600 * 1000 };

// Work that takes as long as the store is large gets a long time-out, unless one was given.
int cli_ask_long(struct cli *cli, const char *method, struct params *params,
                 struct client_reply *ret_reply)
{
    int status = cli_connect(cli);
    if (status == CLI_DONE && cli_option(cli, OPTION_TIMEOUT) == NULL) {
        if (cli->client.fd < 0 && !client_connect(&cli->client)) {
            return cli_problem(cli, CLI_UNREACHABLE, "unreachable", "%s", cli->client.problem);
        }
        cli->client.timeout_ms = LONG_WORK_MS;
    }
    return status == CLI_DONE ? cli_ask(cli, method, params, ret_reply) : status;
}

// A backup is made in a folder of its own: beside other files it could not be told from them, nor
// thrown away. The engine runs on this machine; what it may not read here it will say itself.
static bool holds_other_files(const char *path)
{
    bool other = false;
    bool journal = false;
    DIR *listing = opendir(path);
    if (listing == NULL) {
        return false;
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        journal = journal || strcmp(entry->d_name, "journal") == 0;
        other = other || entry->d_name[0] != '.';
    }
    (void)closedir(listing);
    return other && !journal;
}

int cmd_backup(struct cli *cli)
{
    // The engine may stand in another folder: it gets the whole path.
    struct slice path = cli_word(cli, 0);
    if (path.len == 0) {
        return cli_problem(cli, CLI_USAGE, "usage", "say into which folder: rung backup DEST");
    }
    if (path.ptr[0] != '/') {
        char here[PATH_MAX];
        if (getcwd(here, sizeof(here)) == NULL) {
            return cli_problem(cli, CLI_USAGE, "file", "cannot tell the folder: %s",
                               strerror(errno));
        }
        path = arena_format(&cli->arena, "%s/%.*s", here, SLICE_PRINT(path));
    }
    if (holds_other_files(arena_cstr(&cli->arena, path))) {
        return cli_problem(cli, CLI_USAGE, "file",
                           "%.*s holds other files; name a new folder, or one with an older backup "
                           "of this store", SLICE_PRINT(path));
    }
    struct params params;
    params_init(&params);
    params_text(&params, "path", path);
    struct client_reply reply;
    int status = cli_ask_long(cli, "backup", &params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        buf_format(&cli->out, "backed up to %.*s, up to record %llu\n", SLICE_PRINT(path),
                   (unsigned long long)wire_uint(reply.result, "seq"));
    }
    params_done(&params);
    return status;
}

int cmd_verify(struct cli *cli)
{
    if (cli->args.word_count == 1) {
        return store_work_verify(cli, arena_cstr(&cli->arena, cli_word(cli, 0)));
    }
    struct params params;
    params_init(&params);
    struct client_reply reply;
    const char *head = cli_option(cli, OPTION_HEAD);
    if (head != NULL && !store_work_is_head(head)) {
        params_done(&params);
        return cli_problem(cli, CLI_USAGE, "usage",
                           "`%s` is not SEQ:HASH, as `rung verify` prints it", head);
    }
    if (head != NULL) {
        params_text(&params, "head", slice_from_cstr(head));
    }
    int status = cli_ask_long(cli, "verify", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    bool good = wire_bool(reply.result, "good");
    if (!cli_answered_json(cli, &reply)) {
        verify_tell(cli,
                    &(struct verify_figures){
                        wire_uint(reply.result, "records"), wire_uint(reply.result, "rows"),
                        wire_uint(reply.result, "instances_open"),
                        wire_uint(reply.result, "instances_ended"),
                        wire_uint(reply.result, "asleep"), wire_uint(reply.result, "index_faults"),
                        wire_text(reply.result, "message", &cli->arena),
                        wire_text(reply.result, "head", &cli->arena),
                        cli_option(cli, OPTION_HEAD) != NULL, good });
    }
    return good ? CLI_DONE : CLI_STORE;
}

void verify_tell(struct cli *cli, const struct verify_figures *figures)
{
    struct buf *out = &cli->out;
    buf_format(out,
               "records folded again    %llu\nrows compared           %llu\n"
               "cases                   %llu open, %llu ended\nasleep                  %llu\n"
               "index faults            %llu\n",
               (unsigned long long)figures->records, (unsigned long long)figures->rows,
               (unsigned long long)figures->open, (unsigned long long)figures->ended,
               (unsigned long long)figures->asleep, (unsigned long long)figures->index_faults);
    if (figures->head.len > 0) {
        buf_format(out, "head of the history     %.*s\n", SLICE_PRINT(figures->head));
    }
    // What a manager asks: does anything lie about without a next step?
    term_put_style(&cli->term, out, figures->asleep == 0 ? TERM_GREEN : TERM_RED);
    if (figures->asleep == 0) {
        buf_format(out, "every open case has a next step: %llu of %llu\n",
                   (unsigned long long)figures->open, (unsigned long long)figures->open);
    } else {
        buf_format(out, "LOST: %llu of %llu open cases have no next step\n",
                   (unsigned long long)figures->asleep, (unsigned long long)figures->open);
    }
    term_put_style(&cli->term, out, TERM_PLAIN);
    if (figures->good && figures->noted) {
        term_put(&cli->term, out, TERM_GREEN,
                 SLICE("what was recorded up to the head you noted is unchanged\n"));
    }
    if (figures->good) {
        term_put(&cli->term, out, TERM_GREEN, SLICE("the view is what the journal says\n"));
    } else {
        term_put(&cli->term, out, TERM_RED, SLICE("FAULT: "));
        buf_format(out, "%.*s\n", SLICE_PRINT(term_clean(&cli->arena, figures->message)));
    }
}

// --- clock --------------------------------------------------------------------------------------

static int clock_say(struct cli *cli, struct params *params)
{
    params_uint(params, "id", cli->client.next_request++);
    struct client_reply reply;
    int status = cli_ask_long(cli, "clock", params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        uint64_t now = wire_moment(reply.result, "now");
        now = now > 0 ? now : wire_moment(reply.result, "at");
        buf_put_cstr(&cli->out, "it is ");
        when_stamp(&cli->out, now, cli_zone(cli));
        buf_put_char(&cli->out, '\n');
    }
    return status;
}

static int clock_next(struct cli *cli, struct params *params)
{
    struct params question;
    params_init(&question);
    struct client_reply reply;
    int status = cli_ask(cli, "next_due", &question, &reply);
    params_done(&question);
    if (status != CLI_DONE) {
        return status;
    }
    uint64_t due = wire_moment(reply.result, "due");
    if (due == 0) {
        return cli_problem(cli, CLI_REFUSED, "no_timer", "no timer is set: nothing is due");
    }
    params_uint(params, "to", due);
    return clock_say(cli, params);
}

static int clock_advance(struct cli *cli, struct params *params)
{
    const char *to = cli_option(cli, OPTION_TO);
    struct slice by = cli_words(cli, 1);
    if ((to == NULL) == (by.len == 0)) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "say how far: rung clock advance 2 days, or --to \"2026-03-02 18:00\"");
    }
    if (cli->client.fd < 0 && !client_connect(&cli->client)) {
        return cli_problem(cli, CLI_UNREACHABLE, "unreachable", "%s", cli->client.problem);
    }
    uint64_t now = client_now_ms(&cli->client);
    uint64_t then = 0;
    struct slice text =
        to != NULL ? slice_from_cstr(to) : arena_format(&cli->arena, "in %.*s", SLICE_PRINT(by));
    if (!when_parse(text, now, cli_zone(cli), &then)) {
        return cli_problem(
            cli, CLI_USAGE, "usage", "`%.*s` is not %s", SLICE_PRINT(to != NULL ? text : by),
            to != NULL ? "a moment" : "a time like \"10 min\", \"3 h\" or \"2 days\"");
    }
    params_uint(params, to != NULL ? "to" : "by", to != NULL ? then : then - now);
    return clock_say(cli, params);
}

int cmd_clock(struct cli *cli)
{
    int status = cli_connect(cli);
    if (status != CLI_DONE) {
        return status;
    }
    struct params params;
    params_init(&params);
    struct slice verb = cli_word(cli, 0);
    bool advance = slice_equal(verb, SLICE("advance"));
    if (!advance && cli_option(cli, OPTION_TO) != NULL) {
        status = cli_problem(cli, CLI_USAGE, "usage", "--to belongs to `rung clock advance`");
    } else if (advance) {
        status = clock_advance(cli, &params);
    } else if (slice_equal(verb, SLICE("next")) && cli->args.word_count == 1) {
        status = clock_next(cli, &params);
    } else if (slice_equal(verb, SLICE("confirm")) && cli->args.word_count == 1) {
        status = clock_say(cli, &params);
    } else {
        status = cli_problem(cli, CLI_USAGE, "usage",
                             "say `rung clock advance 2 days`, `rung clock next` or "
                             "`rung clock confirm`");
    }
    params_done(&params);
    return status;
}
