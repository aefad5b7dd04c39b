// Commands with a form: start, press, edit. Words `name=value` answer it; on a terminal, what is
// not answered is asked.
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/pack.h"
#include "dsl/diag/diag.h"
#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/form.h"
#include "engine/cli/grid.h"

static bool can_ask(const struct cli *cli)
{
    return cli->term.terminal && env_is_terminal(STDIN_FILENO) && !cli_json_wanted(cli);
}

static struct form_talk talk_of(const struct cli *cli)
{
    return (struct form_talk){ stdin, stdout, &cli->term };
}

static int nothing_said(struct cli *cli)
{
    return cli_problem(cli, CLI_USAGE, "usage", "the answers ended; nothing was changed");
}

// The refusal names a field of the form that can be asked again.
static struct form_field *field_refused(struct form *form, const struct client_reply *reply)
{
    struct form_field *field = form_find(form, reply->subject);
    if (field != NULL) {
        return field;
    }
    // Several answers may be named: "call_at, quote".
    for (uint32_t i = 0; i < form->field_count; i++) {
        struct slice name = form->fields[i].name;
        for (size_t at = 0; at + name.len <= reply->subject.len; at++) {
            bool begins = at == 0 || reply->subject.ptr[at - 1] == ' ';
            bool ends =
                at + name.len == reply->subject.len || reply->subject.ptr[at + name.len] == ',';
            if (begins && ends && slice_equal(slice_sub(reply->subject, at, name.len), name)) {
                return &form->fields[i];
            }
        }
    }
    // A moment that has passed is refused where it is used, which may be far from its question.
    for (uint32_t i = 0; slice_equal(reply->code, SLICE("moment_past")) && i < form->field_count;
         i++) {
        if (form->fields[i].moment && form->fields[i].answered) {
            return &form->fields[i];
        }
    }
    return NULL;
}

struct request {
    const char *method;
    struct form *form;
    struct slice fixed; // params that stay, packed pairs
    uint32_t fixed_pairs;
};

// Says the command with the answers; on a terminal an answer that the engine refuses is asked
// again.
static int request_say(struct cli *cli, const struct request *request)
{
    struct form_talk talk = talk_of(cli);
    struct params params;
    params_init(&params);
    int status = CLI_DONE;
    for (;;) {
        params_reset(&params);
        buf_put_slice(&params.body, request->fixed);
        params.pairs = request->fixed_pairs;
        params_raw(&params, "form", form_pack(request->form));
        cli_put_request(cli, &params);
        struct client_reply reply;
        status = cli_try(cli, request->method, &params, &reply);
        if (status != CLI_DONE) {
            break;
        }
        if (!reply.refused) {
            if (!cli_answered_json(cli, &reply)) {
                cli_tell_outcome(cli, reply.result);
            }
            break;
        }
        struct form_field *field = can_ask(cli) ? field_refused(request->form, &reply) : NULL;
        if (field == NULL) {
            status = cli_refused(cli, &reply);
            break;
        }
        struct slice why = arena_copy(&cli->arena, reply.message);
        if (!form_ask_field(request->form, field, &talk, why)) {
            status = nothing_said(cli);
            break;
        }
    }
    params_done(&params);
    return status;
}

// Takes the words from `first` on; asks for the rest, or says what is missing.
static int form_fill(struct cli *cli, struct form *form, uint32_t first, bool ask)
{
    for (uint32_t i = first; i < cli->args.word_count; i++) {
        struct slice problem = SLICE_EMPTY;
        if (!form_word(form, cli->args.words[i], &problem)) {
            return cli_problem(cli, CLI_USAGE, "usage", "%.*s", SLICE_PRINT(problem));
        }
    }
    struct slice missing = form_missing(form);
    bool silent = first < cli->args.word_count && missing.len == 0;
    if (ask && !silent && can_ask(cli)) {
        struct form_talk talk = talk_of(cli);
        return form_ask(form, &talk) ? CLI_DONE : nothing_said(cli);
    }
    if (missing.len > 0) {
        return cli_problem(cli, CLI_USAGE, "required",
                           "answers are missing: %.*s\n  give them as "
                           "name=value",
                           SLICE_PRINT(missing));
    }
    return CLI_DONE;
}

// --- start --------------------------------------------------------------------------------------

static bool process_find(struct slice processes, struct slice name, struct slice *ret_process,
                         struct suggestions *suggestions)
{
    struct wire_list list = wire_list(processes);
    suggest_init(suggestions, name);
    while (wire_next(&list, ret_process)) {
        struct slice known = wire_text(*ret_process, "process", NULL);
        if (slice_equal(known, name)) {
            return true;
        }
        suggest_offer(suggestions, known, 0);
    }
    return false;
}

int cmd_start(struct cli *cli)
{
    struct params params;
    params_init(&params);
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "processes", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    struct slice name = cli_word(cli, 0);
    struct slice processes = arena_copy(&cli->arena, wire_raw(reply.result, "processes"));
    struct slice process;
    struct suggestions suggestions;
    if (!process_find(processes, name, &process, &suggestions)) {
        return cli_problem(cli, CLI_REFUSED, "unknown_process",
                           "no process `%.*s` is active%s%.*s%s", SLICE_PRINT(name),
                           suggestions.count > 0 ? "\n  did you mean `" : "",
                           SLICE_PRINT(suggestions.count > 0 ? suggestions.names[0] : SLICE_EMPTY),
                           suggestions.count > 0 ? "`?" : "; `rung processes` lists them");
    }
    struct form form;
    form_read(&form, &cli->arena, cli_zone(cli), wire_raw(process, "start_form"), cli->now_ms);
    status = form_fill(cli, &form, 1, true);
    if (status != CLI_DONE) {
        return status;
    }
    params_init(&params);
    params_text(&params, "process", name);
    if (cli_option(cli, OPTION_AT) != NULL) {
        params_text(&params, "stage", slice_from_cstr(cli_option(cli, OPTION_AT)));
    }
    if (cli_option(cli, OPTION_REASON) != NULL) {
        params_text(&params, "reason", slice_from_cstr(cli_option(cli, OPTION_REASON)));
    }
    struct request request = { "start", &form, buf_slice(&params.body), params.pairs };
    status = request_say(cli, &request);
    params_done(&params);
    return status;
}

// --- press --------------------------------------------------------------------------------------

static int card_get(struct cli *cli, uint64_t instance, struct slice *ret_card)
{
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "show", &params, &reply);
    *ret_card = status == CLI_DONE ? arena_copy(&cli->arena, reply.result) : SLICE_EMPTY;
    params_done(&params);
    return status;
}

static void button_row(struct cli *cli, struct grid *grid, struct slice action)
{
    struct arena *arena = &cli->arena;
    struct slice words = SLICE_EMPTY;
    struct wire_list list = wire_list(wire_raw(action, "words"));
    struct slice word;
    while (wire_next(&list, &word)) {
        words = arena_format(arena, "%.*s%s%.*s", SLICE_PRINT(words), words.len > 0 ? ", " : "",
                             SLICE_PRINT(wire_print(word, arena)));
    }
    struct slice asks = SLICE_EMPTY;
    struct wire_list form = wire_list(wire_raw(action, "form"));
    struct slice field;
    while (wire_next(&form, &field)) {
        asks = arena_format(arena, "%.*s%s%.*s%s", SLICE_PRINT(asks), asks.len > 0 ? ", " : "",
                            SLICE_PRINT(wire_text(field, "name", arena)),
                            wire_bool(field, "required") ? "*" : "");
    }
    grid_row(grid);
    grid_cell(grid, 0, wire_text(action, "action", arena));
    grid_cell(grid, 1, wire_text(action, "label", arena));
    grid_cell(grid, 2, wire_text(action, "group", arena));
    grid_cell(grid, 3, words);
    grid_cell(grid, 4, asks);
    grid_cell(grid, 5, wire_text(action, "help", arena));
    grid_style(grid, 0, TERM_BOLD);
}

static int buttons_list(struct cli *cli, struct slice card)
{
    static const struct grid_column columns[] = {
        { "button", false, 0, 0 },      { "label", false, 18, 0 },    { "group", false, 8, 1 },
        { "also called", false, 8, 2 }, { "asks for", false, 12, 0 }, { "help", false, 24, 3 },
    };
    struct slice actions = wire_raw(card, "actions");
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, wire_json(actions));
        return CLI_DONE;
    }
    struct grid grid;
    grid_init(&grid, &cli->arena, columns, ARRAY_COUNT(columns));
    struct wire_list list = wire_list(actions);
    struct slice action;
    while (wire_next(&list, &action)) {
        button_row(cli, &grid, action);
    }
    if (grid.row_count == 0) {
        buf_put_cstr(&cli->out, "the case offers no button now\n");
    } else {
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    return CLI_DONE;
}

// How well a word names a button: 3 its name, 2 a label or another word, 1 a beginning, 0 not at
// all.
static unsigned action_rank(struct slice action, struct slice word)
{
    unsigned best = 0;
    struct slice name = wire_text(action, "action", NULL);
    if (slice_equal(name, word)) {
        return 3;
    }
    struct slice label = wire_text(action, "label", NULL);
    struct wire_list words = wire_list(wire_raw(action, "words"));
    struct slice also = SLICE_EMPTY;
    struct slice candidate = name;
    for (unsigned i = 0;; i++) {
        struct slice begin = slice_sub(candidate, 0, word.len);
        unsigned rank = suggest_distance(candidate, word, 0) == 0                        ? 2
                        : begin.len == word.len && suggest_distance(begin, word, 0) == 0 ? 1
                                                                                         : 0;
        best = rank > best ? rank : best;
        if (i == 0) {
            candidate = label;
        } else if (wire_next(&words, &also)) {
            candidate = wire_print(also, NULL);
        } else {
            return best;
        }
    }
}

// The stage entry that --entry names, or the one that the task of --task belongs to. 0: none.
static uint64_t entry_wanted(struct cli *cli, struct slice card)
{
    uint64_t entry = 0;
    uint64_t number = 0;
    if (!cli_number(cli, OPTION_ENTRY, UINT32_MAX, &entry) ||
        !cli_number(cli, OPTION_TASK, UINT32_MAX, &number) || entry > 0 || number == 0) {
        return entry;
    }
    struct slice first = wire_raw(card, "task");
    if (first.len > 0 && wire_uint(first, "task") == number) {
        return wire_uint(first, "entry");
    }
    struct wire_list list = wire_list(wire_raw(card, "tasks"));
    struct slice task;
    while (wire_next(&list, &task)) {
        if (wire_uint(task, "task") == number && !wire_bool(task, "side")) {
            return wire_uint(task, "entry");
        }
    }
    return 0;
}

// Whether no other button of the card has this one's name.
static bool is_only_one(struct slice card, struct slice button)
{
    struct wire_list list = wire_list(wire_raw(card, "actions"));
    struct slice other;
    uint32_t count = 0;
    while (wire_next(&list, &other)) {
        count += slice_equal(wire_text(other, "action", NULL), wire_text(button, "action", NULL));
    }
    return count < 2;
}

// The button meant by a few letters. Empty with CLI_DONE: none is offered by that name.
static int action_find(struct cli *cli, struct slice card, struct slice word,
                       struct slice *ret_action)
{
    uint64_t entry = entry_wanted(cli, card);
    *ret_action = SLICE_EMPTY;
    unsigned best = 0;
    uint32_t count = 0;
    struct slice names = SLICE_EMPTY;
    struct wire_list list = wire_list(wire_raw(card, "actions"));
    struct slice action;
    while (wire_next(&list, &action)) {
        unsigned rank = action_rank(action, word);
        bool only = is_only_one(card, action);
        if (!only && entry > 0 && wire_uint(action, "entry") != entry) {
            continue; // another branch has a button of this name
        }
        if (rank > best) {
            best = rank;
            count = 0;
            names = SLICE_EMPTY;
            *ret_action = action;
        }
        if (rank > 0 && rank == best) {
            names =
                arena_format(&cli->arena, "%.*s%s%.*s", SLICE_PRINT(names), count > 0 ? ", " : "",
                             SLICE_PRINT(wire_text(action, "action", &cli->arena)));
            if (!only) {
                names = arena_format(&cli->arena, "%.*s of \"%.*s\" (--entry %llu)",
                                     SLICE_PRINT(names),
                                     SLICE_PRINT(wire_text(action, "place", &cli->arena)),
                                     (unsigned long long)wire_uint(action, "entry"));
            }
            count++;
        }
    }
    return count < 2 ? CLI_DONE
                     : cli_problem(cli, CLI_USAGE, "usage", "`%.*s` may mean: %.*s",
                                   SLICE_PRINT(word), SLICE_PRINT(names));
}

static void action_suggest(struct slice card, struct slice word)
{
    struct suggestions suggestions;
    suggest_init(&suggestions, word);
    struct wire_list list = wire_list(wire_raw(card, "actions"));
    struct slice action;
    while (wire_next(&list, &action)) {
        suggest_offer(&suggestions, wire_text(action, "action", NULL), 0);
        suggest_offer(&suggestions, wire_text(action, "label", NULL), 1);
    }
    if (suggestions.count > 0) {
        (void)fprintf(stderr, "  did you mean `%.*s`?\n", SLICE_PRINT(suggestions.names[0]));
    }
}

// Says a command with the words from `first` on as they are, for the engine to judge.
static int words_say(struct cli *cli, const char *method, uint32_t first, struct params *params)
{
    struct buf form;
    buf_init(&form, FRAME_BYTES_MAX);
    pack_map(&form, cli->args.word_count - first);
    for (uint32_t i = first; i < cli->args.word_count; i++) {
        struct slice word = cli->args.words[i];
        const char *equals = word.len > 0 ? memchr(word.ptr, '=', word.len) : NULL;
        size_t len = equals != NULL ? (size_t)(equals - word.ptr) : word.len;
        pack_str(&form, slice_sub(word, 0, len));
        pack_str(&form, slice_sub(word, len + 1, word.len));
    }
    params_raw(params, "form", buf_slice(&form));
    buf_done(&form);
    cli_put_request(cli, params);
    struct client_reply reply;
    int status = cli_ask(cli, method, params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        cli_tell_outcome(cli, reply.result);
    }
    return status;
}

// The engine says best why a button is not offered: ask it, with the answers as plain text.
static int press_unknown(struct cli *cli, struct slice card, struct params *params)
{
    int status = words_say(cli, "press", 2, params);
    if (status == CLI_REFUSED) {
        action_suggest(card, cli_word(cli, 1));
    }
    return status;
}

static bool confirmed(struct cli *cli, struct slice action)
{
    struct slice question = wire_text(action, "confirm", &cli->arena);
    if (question.len == 0 || cli_option(cli, OPTION_YES) != NULL || !can_ask(cli)) {
        return true;
    }
    (void)printf("%.*s [yes/no]> ", SLICE_PRINT(term_clean(&cli->arena, question)));
    (void)fflush(stdout);
    char line[64] = { 0 };
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

// `button`: of the card; empty when it has none of that name.
static int press_params(struct cli *cli, struct slice card, struct slice button,
                        struct params *params)
{
    bool known = button.len > 0;
    struct slice action = known ? wire_text(button, "action", NULL) : cli_word(cli, 1);
    uint64_t entry = wire_uint(known ? button : card, "entry");
    uint64_t task = 0;
    if (!cli_number(cli, OPTION_ENTRY, UINT32_MAX, &entry) ||
        !cli_number(cli, OPTION_TASK, UINT32_MAX, &task)) {
        return CLI_USAGE;
    }
    params_uint(params, "instance", wire_uint(card, "instance"));
    params_text(params, "action", action);
    if (entry > 0) {
        params_uint(params, "entry", entry);
    }
    if (task > 0) {
        params_uint(params, "task", task);
    }
    return CLI_DONE;
}

static int press_action(struct cli *cli, struct slice card, struct slice action)
{
    struct params params;
    params_init(&params);
    bool known = action.len > 0;
    int status = press_params(cli, card, action, &params);
    if (status == CLI_DONE && !known) {
        status = press_unknown(cli, card, &params);
    } else if (status == CLI_DONE) {
        struct form form;
        form_read(&form, &cli->arena, cli_zone(cli), wire_raw(action, "form"), cli->now_ms);
        status = form_fill(cli, &form, 2, true);
        if (status == CLI_DONE && !confirmed(cli, action)) {
            status = cli_problem(cli, CLI_USAGE, "usage", "nothing was pressed");
        }
        if (status == CLI_DONE) {
            struct request request = { "press", &form, buf_slice(&params.body), params.pairs };
            status = request_say(cli, &request);
        }
    }
    params_done(&params);
    return status;
}

int cmd_press(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    struct slice card;
    int status = card_get(cli, instance, &card);
    if (status != CLI_DONE) {
        return status;
    }
    if (cli->args.word_count == 1) {
        return buttons_list(cli, card);
    }
    struct slice action;
    status = action_find(cli, card, cli_word(cli, 1), &action);
    return status == CLI_DONE ? press_action(cli, card, action) : status;
}

// --- edit ---------------------------------------------------------------------------------------

int cmd_edit(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    struct slice card;
    int status = card_get(cli, instance, &card);
    if (status != CLI_DONE) {
        return status;
    }
    struct form form;
    form_read_fields(&form, &cli->arena, cli_zone(cli), wire_raw(card, "fields"), cli->now_ms);
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    if (form.field_count == 0) { // the engine says best why nothing may be changed
        status = words_say(cli, "edit", 1, &params);
        params_done(&params);
        return status;
    }
    status = form_fill(cli, &form, 1, false);
    if (status != CLI_DONE) {
        params_done(&params);
        return status;
    }
    struct request request = { "edit", &form, buf_slice(&params.body), params.pairs };
    status = request_say(cli, &request);
    params_done(&params);
    return status;
}
