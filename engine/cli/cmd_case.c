// Commands about one case that take no form.
#include "base/limits.h"
#include "engine/cli/cli.h"
#include "engine/cli/when.h"
#include "engine/cli/why.h"

// Sends a command and tells what came of it.
static int command_say(struct cli *cli, const char *method, struct params *params)
{
    struct client_reply reply;
    int status = cli_ask(cli, method, params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        cli_tell_outcome(cli, reply.result);
    }
    return status;
}

static void text_option(struct cli *cli, struct params *params, enum cli_option option,
                        const char *key)
{
    if (cli_option(cli, option) != NULL) {
        params_text(params, key, slice_from_cstr(cli_option(cli, option)));
    }
}

static int needs(struct cli *cli, enum cli_option option)
{
    const struct option_spec *spec = &option_specs[option];
    return cli_problem(cli, CLI_USAGE, "usage", "--%s %s is needed: %s", spec->name, spec->value,
                       spec->help);
}

// The number of the task meant: given, or the only one (of the side tasks: `side`) the case has.
static int task_choose(struct cli *cli, uint64_t instance, bool side, uint64_t *ret_task)
{
    *ret_task = 0;
    if (!cli_number(cli, OPTION_TASK, UINT32_MAX, ret_task)) {
        return CLI_USAGE;
    }
    if (*ret_task > 0) {
        return CLI_DONE;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "show", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    struct slice main_task = wire_raw(reply.result, "task");
    uint32_t count = main_task.len > 0 && !side ? 1 : 0;
    *ret_task = count > 0 ? wire_uint(main_task, "task") : 0;
    struct wire_list list = wire_list(wire_raw(reply.result, "tasks"));
    struct slice task;
    while (wire_next(&list, &task)) {
        if (!side || wire_bool(task, "side")) {
            *ret_task = wire_uint(task, "task");
            count++;
        }
    }
    if (count > 1) {
        return cli_problem(cli, CLI_USAGE, "usage", "the case has several %stasks: say which one "
                           "by --task N; `rung show` lists them", side ? "side " : "");
    }
    return count == 1 ? CLI_DONE
                      : cli_problem(cli, CLI_REFUSED, "unknown_task", "the case has no open %stask",
                                    side ? "side " : "");
}

// claim, release, reassign and finish: a task of a case.
static int task_command(struct cli *cli, const char *method, enum cli_option text, const char *key)
{
    uint64_t instance = 0;
    uint64_t task = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    int status = task_choose(cli, instance, text == OPTION_NOTE, &task);
    if (status != CLI_DONE) {
        return status;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_uint(&params, "task", task);
    if (text == OPTION_REASON) {
        params_text(&params, "to", cli_word(cli, 1));
    }
    text_option(cli, &params, text, key);
    cli_put_request(cli, &params);
    status = command_say(cli, method, &params);
    params_done(&params);
    return status;
}

int cmd_claim(struct cli *cli) { return task_command(cli, "claim", OPTION_HELP, ""); }
int cmd_release(struct cli *cli) { return task_command(cli, "release", OPTION_HELP, ""); }
int cmd_reassign(struct cli *cli) { return task_command(cli, "reassign", OPTION_REASON, "reason"); }
int cmd_finish(struct cli *cli) { return task_command(cli, "finish", OPTION_NOTE, "note"); }

int cmd_task(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    if (cli_option(cli, OPTION_FOR) == NULL) {
        return needs(cli, OPTION_FOR);
    }
    int status = cli_connect(cli);
    if (status != CLI_DONE) {
        return status;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_text(&params, "title", cli_words(cli, 1));
    text_option(cli, &params, OPTION_FOR, "for");
    if (cli_option(cli, OPTION_DUE) != NULL) {
        uint64_t due = 0;
        // "in 2 h" counts on the engine's clock, which on a demo store is not ours.
        if (cli->client.fd < 0 && !client_connect(&cli->client)) {
            params_done(&params);
            return cli_problem(cli, CLI_UNREACHABLE, "unreachable", "%s", cli->client.problem);
        }
        if (!when_parse(slice_from_cstr(cli_option(cli, OPTION_DUE)), client_now_ms(&cli->client),
                        cli_zone(cli), &due)) {
            params_done(&params);
            return cli_problem(
                cli, CLI_USAGE, "usage",
                "`%s` is not a moment; say for example \"tomorrow 10:00\", \"in 2 h\" "
                "or \"2026-03-02 18:00\"",
                cli_option(cli, OPTION_DUE));
        }
        params_uint(&params, "due", due);
    }
    cli_put_request(cli, &params);
    status = command_say(cli, "side_task", &params);
    params_done(&params);
    return status;
}

int cmd_comment(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_text(&params, "text", cli_words(cli, 1));
    cli_put_request(cli, &params);
    int status = command_say(cli, "comment", &params);
    params_done(&params);
    return status;
}

int cmd_move(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    if (cli_option(cli, OPTION_REASON) == NULL) {
        return needs(cli, OPTION_REASON);
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_text(&params, "stage", cli_word(cli, 1));
    text_option(cli, &params, OPTION_REASON, "reason");
    cli_put_request(cli, &params);
    int status = command_say(cli, "move", &params);
    params_done(&params);
    return status;
}

// Commands that need nothing but the case and a person.
static int say_of_case(struct cli *cli, const char *method)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    cli_put_request(cli, &params);
    int status = command_say(cli, method, &params);
    params_done(&params);
    return status;
}

int cmd_reopen(struct cli *cli) { return say_of_case(cli, "reopen"); }

int cmd_undo(struct cli *cli) { return say_of_case(cli, "undo"); }

int cmd_cancel(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    if (cli_option(cli, OPTION_REASON) == NULL) {
        return needs(cli, OPTION_REASON);
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    text_option(cli, &params, OPTION_REASON, "reason");
    cli_put_request(cli, &params);
    int status = command_say(cli, "cancel", &params);
    params_done(&params);
    return status;
}

int cmd_close_incident(struct cli *cli)
{
    uint64_t instance = 0;
    uint64_t incident = 0;
    if (cli->args.word_count == 0) {
        return cli_option(cli, OPTION_REASON) == NULL ? needs(cli, OPTION_REASON)
                                                      : close_incidents(cli);
    }
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    if (cli->args.word_count == 1) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "say which: rung close-incident CASE INCIDENT --reason TEXT");
    }
    if (!args_number(cli_word(cli, 1), UINT32_MAX, &incident)) {
        return cli_problem(cli, CLI_USAGE, "usage", "`%.*s` is not the number of an incident",
                           SLICE_PRINT(cli_word(cli, 1)));
    }
    if (cli_option(cli, OPTION_REASON) == NULL) {
        return needs(cli, OPTION_REASON);
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_uint(&params, "incident", incident);
    text_option(cli, &params, OPTION_REASON, "reason");
    if (cli_option(cli, OPTION_DRY_RUN) != NULL) {
        params_uint(&params, "dry_run", 1);
    }
    cli_put_request(cli, &params);
    int status = command_say(cli, "close_incident", &params);
    params_done(&params);
    return status;
}
