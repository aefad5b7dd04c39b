// The outside world: messages said by hand, calls on their way, incidents and trying again.
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/when.h"
#include "engine/cli/why.h"

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
    struct client_reply reply;
    int status = cli_ask_bare(cli, "calls", &reply);
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

// --older-than: opened at least so long ago, on the engine's clock.
static bool is_old(struct cli *cli, struct slice incident)
{
    const char *age = cli_option(cli, OPTION_OLDER_THAN);
    uint64_t before_ms = 0;
    struct slice ago = age != NULL ? arena_format(&cli->arena, "%s ago", age) : SLICE_EMPTY;
    return age == NULL || (when_parse_past(ago, client_now_ms(&cli->client), cli_zone(cli), false,
                                           &before_ms) &&
                           wire_moment(incident, "at") <= before_ms);
}

// False: --older-than is no length of time, which was told.
static bool age_check(struct cli *cli)
{
    const char *age = cli_option(cli, OPTION_OLDER_THAN);
    uint64_t ms = 0;
    struct slice ago = age != NULL ? arena_format(&cli->arena, "%s ago", age) : SLICE_EMPTY;
    if (age == NULL || when_parse_past(ago, UINT64_C(4000000000000), NULL, false, &ms)) {
        return true;
    }
    (void)cli_problem(cli, CLI_USAGE, "usage",
                      "`%s` is not a length of time; say for example \"2 h\" or \"3 days\"", age);
    return false;
}

// --process, --kind, --only and --older-than choose.
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
           (text == NULL || holds_text(wire_text(incident, "text", arena), text)) &&
           is_old(cli, incident);
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

// How to go on, by what could not be done.
static const char *way_out(const char *kind)
{
    static const struct {
        const char *kind, *text;
    } ways[] = {
        { "timer", "the timer rests; mend what prevented it (a field, a role) and try it again" },
        { "overdue", "the ladder of the late task rests; mend what prevented the step and try it "
                     "again" },
        { "child_ended", "the case under it has ended, but this one could not go on; mend what "
                         "prevented it and try again: its rules are looked at anew" },
        { "deliver", "the message is kept here; mend what prevented it and try again: it is "
                     "delivered anew" },
        { "call", "the call was given up; when the other system is well, try it again" },
        { "call_result", "the answer is kept here; mend what prevented it and try again" },
        { "role_left", "hand the tasks on (`rung users hand-over`, `rung reassign`), or give the "
                       "role back: the incident closes by itself" },
        { "nobody_there", "nobody who is there holds the role; give it to somebody, or bring "
                          "somebody back: the incident closes by itself" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        if (strcmp(kind, ways[i].kind) == 0) {
            return ways[i].text;
        }
    }
    return "put it right with a button of the case, or move it by hand, then close the incident";
}

struct incident_search {
    uint64_t number;
    struct slice found; // empty: not open
};

static int incident_find(struct cli *cli, void *context, struct slice incident)
{
    struct incident_search *search = context;
    if (wire_uint(incident, "incident") == search->number) {
        search->found = arena_copy(&cli->arena, incident);
    }
    return CLI_DONE;
}

// The record of the case that opened the incident; 0: not found.
static int opened_by(struct cli *cli, uint64_t instance, uint64_t number, uint64_t *ret_seq)
{
    uint64_t from = 0;
    *ret_seq = 0;
    do {
        struct params params;
        struct client_reply reply;
        params_init(&params);
        params_uint(&params, "instance", instance);
        params_uint(&params, "from", from);
        params_text(&params, "kind", SLICE("incident_opened"));
        int status = cli_ask(cli, "records", &params, &reply);
        params_done(&params);
        if (status != CLI_DONE) {
            return status;
        }
        from = wire_moment(reply.result, "next");
        struct wire_list records = wire_list(wire_raw(reply.result, "records"));
        struct slice record;
        while (wire_next(&records, &record)) {
            struct wire_list events = wire_list(wire_raw(record, "events"));
            struct slice event;
            while (wire_next(&events, &event)) {
                bool opens = slice_equal(wire_text(event, "event", &cli->arena),
                                         SLICE("incident_opened"));
                *ret_seq = opens && wire_uint(event, "incident") == number
                               ? wire_uint(record, "seq")
                               : *ret_seq;
            }
        }
    } while (from > 0);
    return CLI_DONE;
}

// One incident in full: what failed, what was behind it, how to go on.
static int incident_explain(struct cli *cli, uint64_t number)
{
    struct incident_search search = { .number = number };
    int status = each_incident(cli, incident_find, &search);
    if (status != CLI_DONE) {
        return status;
    }
    if (search.found.len == 0) {
        return cli_problem(cli, CLI_REFUSED, "unknown_incident", "there is no open incident %llu",
                           (unsigned long long)number);
    }
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, wire_json(search.found));
        return CLI_DONE;
    }
    struct arena *arena = &cli->arena;
    uint64_t instance = wire_uint(search.found, "instance");
    struct slice kind = wire_text(search.found, "kind", arena);
    struct slice line = arena_format(arena, "incident %llu (%.*s): %.*s",
                                     (unsigned long long)number, SLICE_PRINT(kind),
                                     SLICE_PRINT(wire_text(search.found, "text", arena)));
    (void)term_wrap(&cli->term, &cli->out, line, 0, 6);
    (void)term_wrap(&cli->term, &cli->out, slice_from_cstr(way_out(arena_cstr(arena, kind))), 2, 4);
    if (wire_bool(search.found, "retry")) {
        buf_format(&cli->out, "  rung retry %llu --dry-run    says what would come of it\n",
                   (unsigned long long)number);
    }
    buf_format(&cli->out, "  rung close-incident %llu %llu --reason TEXT\n",
               (unsigned long long)instance, (unsigned long long)number);
    uint64_t seq = 0;
    status = instance > 0 ? opened_by(cli, instance, number, &seq) : CLI_DONE;
    return status == CLI_DONE && seq > 0 ? why_record(cli, instance, seq) : status;
}

int cmd_incidents(struct cli *cli)
{
    uint64_t number = 0;
    if (!age_check(cli)) {
        return CLI_USAGE;
    }
    if (cli->args.word_count > 0) {
        return args_number(cli_word(cli, 0), UINT32_MAX, &number)
                   ? incident_explain(cli, number)
                   : cli_problem(cli, CLI_USAGE, "usage", "`%.*s` is not the number of an incident",
                                 SLICE_PRINT(cli_word(cli, 0)));
    }
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

// What is done to each chosen incident: it is tried again, or closed with a reason.
struct retry {
    bool dry, close, told;
    uint64_t tried, refused;
    json_t *json; // one object an incident; NULL: as text
};

static void retry_tell(struct cli *cli, struct retry *retry, uint64_t incident, const char *result,
                       struct slice why)
{
    retry->told = true;
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

// With --dry-run it is decided and forgotten: what it would be refused with is told.
static int retry_number(struct cli *cli, struct retry *retry, struct slice incident)
{
    struct params params;
    struct client_reply reply;
    uint64_t number = wire_uint(incident, "incident");
    params_init(&params);
    params_uint(&params, "incident", number);
    if (retry->close) {
        params_uint(&params, "instance", wire_uint(incident, "instance"));
        params_text(&params, "reason", slice_from_cstr(cli_option(cli, OPTION_REASON)));
    }
    if (retry->dry) {
        params_uint(&params, "dry_run", 1);
    }
    int status = cli_try(cli, retry->close ? "close_incident" : "retry_incident", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    struct slice why = reply.refused ? wire_text(reply.error, "message", &cli->arena) : SLICE_EMPTY;
    retry->tried++;
    retry->refused += reply.refused ? 1 : 0;
    static const char *const results[2][2] = { { "tried again", "would be tried again" },
                                               { "closed", "would be closed" } };
    if (!reply.refused && retry->dry) {
        why = arena_format(&cli->arena, "it failed with %.*s",
                           SLICE_PRINT(wire_text(incident, "text", &cli->arena)));
    }
    retry_tell(cli, retry, number,
               !reply.refused ? results[retry->close ? 1 : 0][retry->dry ? 1 : 0]
               : retry->dry   ? "would be refused"
                              : "refused", why);
    return CLI_DONE;
}

static int retry_one(struct cli *cli, void *context, struct slice incident)
{
    struct retry *retry = context;
    uint64_t number = wire_uint(incident, "incident");
    struct slice text = wire_text(incident, "text", &cli->arena);
    if (!retry->close && !wire_bool(incident, "retry")) {
        retry_tell(cli, retry, number, "nothing to try again", text);
        return CLI_DONE;
    }
    return retry_number(cli, retry, incident);
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

static bool is_query(const struct cli *cli)
{
    return cli_option(cli, OPTION_PROCESS) != NULL || cli_option(cli, OPTION_KIND) != NULL ||
           cli_option(cli, OPTION_ONLY) != NULL || cli_option(cli, OPTION_OLDER_THAN) != NULL ||
           cli_option(cli, OPTION_ALL) != NULL;
}

static int retry_finish(struct cli *cli, struct retry *retry, int status)
{
    if (retry->json != NULL) {
        cli_print_json(cli, json_pack("{s:o,s:I,s:I}", "incidents", retry->json,
                                      retry->close ? "closed" : "tried", (json_int_t)retry->tried,
                                      "refused", (json_int_t)retry->refused));
    } else if (status == CLI_DONE && !retry->told) {
        buf_put_cstr(&cli->out, "no open incident is chosen\n");
    }
    return status == CLI_DONE && retry->refused > 0 ? CLI_REFUSED : status;
}

int cmd_retry(struct cli *cli)
{
    struct retry retry = { .dry = cli_option(cli, OPTION_DRY_RUN) != NULL };
    if (!is_query(cli) && cli->args.word_count == 0) {
        return cli_problem(cli, CLI_USAGE, "usage", "say which: by number, or with --kind, "
                           "--process, --only, --older-than or --all");
    }
    if (!age_check(cli)) {
        return CLI_USAGE;
    }
    retry.json = cli_json_wanted(cli) ? json_array() : NULL;
    int status = cli->args.word_count > 0 ? retry_numbers(cli, &retry)
                                          : each_incident(cli, retry_one, &retry);
    return retry_finish(cli, &retry, status);
}

int close_incidents(struct cli *cli)
{
    struct retry retry = { .dry = cli_option(cli, OPTION_DRY_RUN) != NULL, .close = true };
    if (!is_query(cli)) {
        return cli_problem(cli, CLI_USAGE, "usage", "say which: CASE and INCIDENT, or --kind, "
                           "--process, --only, --older-than or --all");
    }
    if (!age_check(cli)) {
        return CLI_USAGE;
    }
    retry.json = cli_json_wanted(cli) ? json_array() : NULL;
    return retry_finish(cli, &retry, each_incident(cli, retry_one, &retry));
}
