// The outside world: messages said by hand, calls on their way, incidents and trying again.
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"

// --- message ------------------------------------------------------------------------------------

static bool split_at(struct slice word, char mark, struct slice *ret_before,
                     struct slice *ret_after)
{
    const char *found = word.len > 0 ? memchr(word.ptr, mark, word.len) : NULL;
    if (found == NULL) {
        return false;
    }
    size_t at = (size_t)(found - word.ptr);
    *ret_before = slice_sub(word, 0, at);
    *ret_after = slice_sub(word, at + 1, word.len);
    return true;
}

// The words NAME=VALUE from `index` on; values go as they were typed.
static bool values_pack(struct cli *cli, uint32_t index, struct buf *to)
{
    pack_map(to, cli->args.word_count - index);
    for (; index < cli->args.word_count; index++) {
        struct slice name;
        struct slice value;
        if (!split_at(cli_word(cli, index), '=', &name, &value) || name.len == 0) {
            return false;
        }
        pack_str(to, name);
        pack_str(to, value);
    }
    return true;
}

static void outcome_tell(struct cli *cli, struct slice result)
{
    static const struct {
        const char *outcome, *sentence;
    } sentences[] = {
        { "kept", "nothing awaits it now: it waits for the case\n" },
        { "not_awaited", "not awaited now: it is in the history, nothing else happened\n" },
        { "ended", "the case has ended: it is in the history, nothing else happened\n" },
    };
    struct slice outcome = wire_text(result, "message", &cli->arena);
    cli_tell_outcome(cli, result);
    for (size_t i = 0; i < ARRAY_COUNT(sentences); i++) {
        if (slice_equal(outcome, slice_from_cstr(sentences[i].outcome))) {
            buf_put_cstr(&cli->out, sentences[i].sentence);
        }
    }
}

int cmd_message(struct cli *cli)
{
    struct slice connector;
    struct slice name;
    uint64_t instance = 0;
    if (!split_at(cli_word(cli, 0), '.', &connector, &name) || connector.len == 0) {
        return cli_problem(cli, CLI_USAGE, "usage", "`%.*s` is not CONNECTOR.MESSAGE",
                           SLICE_PRINT(cli_word(cli, 0)));
    }
    bool named = args_number(cli_word(cli, 1), UINT64_MAX, &instance);
    struct buf form;
    buf_init(&form, FRAME_BYTES_MAX);
    int status = CLI_DONE;
    if (!values_pack(cli, named ? 2 : 1, &form)) {
        status = cli_problem(cli, CLI_USAGE, "usage", "what a message brings is said as "
                             "PARAMETER=VALUE");
    }
    struct params params;
    params_init(&params);
    params_text(&params, "connector", connector);
    params_text(&params, "message", name);
    if (named) {
        params_uint(&params, "instance", instance);
    }
    params_raw(&params, "form", buf_slice(&form));
    cli_put_request(cli, &params);
    struct client_reply reply;
    status = status == CLI_DONE ? cli_ask(cli, "message", &params, &reply) : status;
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        outcome_tell(cli, reply.result);
    }
    params_done(&params);
    buf_done(&form);
    return status;
}

// --- calls --------------------------------------------------------------------------------------

int cmd_calls(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "call", true, 0, 0 },   { "case", true, 0, 0 },     { "what", false, 12, 0 },
        { "tries", true, 0, 0 },  { "state", false, 10, 0 },
    };
    struct params params;
    struct client_reply reply;
    params_init(&params);
    int status = cli_ask(cli, "calls", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE || cli_answered_json(cli, &reply)) {
        return status;
    }
    struct arena *arena = &cli->arena;
    struct grid grid;
    grid_init(&grid, arena, columns, ARRAY_COUNT(columns));
    struct wire_list list = wire_list(wire_raw(reply.result, "calls"));
    struct slice item;
    while (wire_next(&list, &item)) {
        grid_row(&grid);
        grid_cell(&grid, 0, wire_text(item, "call", arena));
        grid_cell(&grid, 1, wire_text(item, "instance", arena));
        grid_cell(&grid, 2, arena_format(arena, "%.*s.%.*s",
                                         SLICE_PRINT(wire_text(item, "connector", arena)),
                                         SLICE_PRINT(wire_text(item, "name", arena))));
        grid_cell(&grid, 3, wire_text(item, "tries", arena));
        grid_cell(&grid, 4, wire_text(item, "state", arena));
    }
    if (grid.row_count == 0) {
        buf_put_cstr(&cli->out, "no call is on its way\n");
    } else {
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    return CLI_DONE;
}

// --- incidents ----------------------------------------------------------------------------------

static bool holds_text(struct slice text, const char *part)
{
    size_t len = strlen(part);
    for (size_t at = 0; at + len <= text.len; at++) {
        if (memcmp(text.ptr + at, part, len) == 0) {
            return true;
        }
    }
    return len == 0;
}

// --process, --kind and --only choose.
static bool is_chosen(struct cli *cli, struct slice incident)
{
    const char *process = cli_option(cli, OPTION_PROCESS);
    const char *kind = cli_option(cli, OPTION_KIND);
    const char *text = cli_option(cli, OPTION_ONLY);
    struct arena *arena = &cli->arena;
    return (process == NULL ||
            slice_equal(wire_text(incident, "process", arena), slice_from_cstr(process))) &&
           (kind == NULL ||
            slice_equal(wire_text(incident, "kind", arena), slice_from_cstr(kind))) &&
           (text == NULL || holds_text(wire_text(incident, "text", arena), text));
}

// Calls `each` for every open incident that is chosen, page by page.
typedef int incident_fn(struct cli *cli, void *context, struct slice incident);

static int each_incident(struct cli *cli, incident_fn *each, void *context)
{
    uint64_t from = 0;
    bool more = true;
    int status = CLI_DONE;
    while (more && status == CLI_DONE) {
        struct params params;
        struct client_reply reply;
        params_init(&params);
        params_uint(&params, "from", from);
        status = cli_ask(cli, "incidents", &params, &reply);
        params_done(&params);
        if (status != CLI_DONE) {
            return status;
        }
        struct slice page = arena_copy(&cli->arena, reply.result); // other answers come meanwhile
        more = wire_bool(page, "more");
        struct wire_list list = wire_list(wire_raw(page, "incidents"));
        struct slice incident;
        while (status == CLI_DONE && wire_next(&list, &incident)) {
            from = wire_uint(incident, "incident");
            status = is_chosen(cli, incident) ? each(cli, context, incident) : CLI_DONE;
        }
    }
    return status;
}

struct incident_list {
    struct grid grid;
    json_t *json; // NULL: as text
};

static int incident_show(struct cli *cli, void *context, struct slice incident)
{
    struct incident_list *list = context;
    struct arena *arena = &cli->arena;
    if (list->json != NULL) {
        (void)json_array_append_new(list->json, wire_json(incident));
        return CLI_DONE;
    }
    struct grid *grid = &list->grid;
    uint64_t instance = wire_uint(incident, "instance");
    grid_row(grid);
    grid_cell(grid, 0, wire_text(incident, "incident", arena));
    grid_cell(grid, 1, instance > 0 ? wire_text(incident, "instance", arena) : SLICE_EMPTY);
    grid_cell(grid, 2, wire_text(incident, "process", arena));
    grid_cell(grid, 3, wire_text(incident, "kind", arena));
    grid_cell(grid, 4, wire_text(incident, "text", arena));
    return CLI_DONE;
}

int cmd_incidents(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "incident", true, 0, 0 }, { "case", true, 0, 0 },  { "process", false, 8, 1 },
        { "kind", false, 6, 0 },    { "what", false, 20, 0 },
    };
    struct incident_list list = { .json = cli_json_wanted(cli) ? json_array() : NULL };
    grid_init(&list.grid, &cli->arena, columns, ARRAY_COUNT(columns));
    int status = each_incident(cli, incident_show, &list);
    if (list.json != NULL) {
        cli_print_json(cli, json_pack("{s:o}", "incidents", list.json));
        return status;
    }
    if (status == CLI_DONE && list.grid.row_count == 0) {
        buf_put_cstr(&cli->out, "no incident is open\n");
    } else if (status == CLI_DONE) {
        grid_print(&list.grid, &cli->term, 0, false, &cli->out);
    }
    return status;
}

// --- retry --------------------------------------------------------------------------------------

struct retry {
    bool dry;
    uint64_t tried, refused;
    json_t *json; // one object an incident; NULL: as text
};

static void retry_tell(struct cli *cli, struct retry *retry, uint64_t incident, const char *result,
                       struct slice why)
{
    if (retry->json != NULL) {
        (void)json_array_append_new(
            retry->json, json_pack("{s:I,s:s,s:s%}", "incident", (json_int_t)incident, "result",
                                   result, "text", why.len > 0 ? why.ptr : "", why.len));
        return;
    }
    buf_format(&cli->out, "incident %llu: %s%s%.*s\n", (unsigned long long)incident, result,
               why.len > 0 ? ": " : "", SLICE_PRINT(term_clean(&cli->arena, why)));
    cli_print(cli);
}

static int retry_number(struct cli *cli, struct retry *retry, uint64_t incident)
{
    struct params params;
    struct client_reply reply;
    params_init(&params);
    params_uint(&params, "incident", incident);
    int status = cli_try(cli, "retry_incident", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    struct slice why = reply.refused ? wire_text(reply.error, "message", &cli->arena) : SLICE_EMPTY;
    retry->tried++;
    retry->refused += reply.refused ? 1 : 0;
    retry_tell(cli, retry, incident, reply.refused ? "refused" : "tried again", why);
    return CLI_DONE;
}

static int retry_one(struct cli *cli, void *context, struct slice incident)
{
    struct retry *retry = context;
    uint64_t number = wire_uint(incident, "incident");
    struct slice text = wire_text(incident, "text", &cli->arena);
    if (!wire_bool(incident, "retry")) {
        retry_tell(cli, retry, number, "nothing to try again", text);
        return CLI_DONE;
    }
    if (retry->dry) {
        retry->tried++;
        retry_tell(cli, retry, number, "would be tried again", text);
        return CLI_DONE;
    }
    return retry_number(cli, retry, number);
}

struct number_search {
    struct retry *retry;
    uint64_t number;
    bool found;
};

static int retry_if_number(struct cli *cli, void *context, struct slice incident)
{
    struct number_search *search = context;
    if (wire_uint(incident, "incident") != search->number) {
        return CLI_DONE;
    }
    search->found = true;
    return retry_one(cli, search->retry, incident);
}

static int retry_numbers(struct cli *cli, struct retry *retry)
{
    int status = CLI_DONE;
    for (uint32_t i = 0; i < cli->args.word_count && status == CLI_DONE; i++) {
        uint64_t number = 0;
        if (!args_number(cli_word(cli, i), UINT32_MAX, &number)) {
            return cli_problem(cli, CLI_USAGE, "usage", "`%.*s` is not the number of an incident",
                               SLICE_PRINT(cli_word(cli, i)));
        }
        struct number_search search = { retry, number, false };
        status = each_incident(cli, retry_if_number, &search);
        if (status == CLI_DONE && !search.found) {
            retry->refused++;
            retry_tell(cli, retry, number, "refused", SLICE("there is no open incident of it"));
        }
    }
    return status;
}

int cmd_retry(struct cli *cli)
{
    struct retry retry = { .dry = cli_option(cli, OPTION_DRY_RUN) != NULL,
                           .json = cli_json_wanted(cli) ? json_array() : NULL };
    bool query = cli_option(cli, OPTION_PROCESS) != NULL || cli_option(cli, OPTION_KIND) != NULL ||
                 cli_option(cli, OPTION_ONLY) != NULL || cli_option(cli, OPTION_ALL) != NULL;
    if (!query && cli->args.word_count == 0) {
        return cli_problem(cli, CLI_USAGE, "usage", "say which: by number, or with --kind, "
                           "--process, --only or --all");
    }
    int status = cli->args.word_count > 0 ? retry_numbers(cli, &retry)
                                          : each_incident(cli, retry_one, &retry);
    if (retry.json != NULL) {
        cli_print_json(cli, json_pack("{s:o,s:I,s:I}", "incidents", retry.json, "tried",
                                      (json_int_t)retry.tried, "refused",
                                      (json_int_t)retry.refused));
    }
    return status == CLI_DONE && retry.refused > 0 ? CLI_REFUSED : status;
}
