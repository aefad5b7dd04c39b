// Questions about work: inbox, processes, people, figures.
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/people.h"
#include "engine/cli/when.h"

static struct slice number_text(struct cli *cli, uint64_t number)
{
    return arena_format(&cli->arena, "%llu", (unsigned long long)number);
}

static struct slice distance_text(struct cli *cli, uint64_t at_ms, bool due)
{
    struct buf text;
    buf_init(&text, 100);
    if (at_ms > 0 && due) {
        when_due(&text, at_ms, cli->now_ms);
    } else if (at_ms > 0) {
        when_distance(&text, at_ms, cli->now_ms);
    }
    struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

static struct slice moment_text(struct cli *cli, uint64_t at_ms)
{
    struct buf text;
    buf_init(&text, 100);
    if (at_ms > 0) {
        when_moment(&text, at_ms, cli->now_ms, cli_zone(cli));
    }
    struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

enum { INBOX_CASE, INBOX_DUE, INBOX_WHEN, INBOX_TASK, INBOX_STAGE, INBOX_WHO, INBOX_NOTE };

static void inbox_row(struct cli *cli, struct grid *grid, struct slice card)
{
    struct arena *arena = &cli->arena;
    uint64_t due = wire_moment(card, "due");
    bool late = wire_bool(card, "late");
    struct slice stage = wire_text(card, "stage_label", arena);
    struct slice who = wire_text(card, "holder", arena);
    struct slice offered = wire_text(card, "offered", arena);
    grid_row(grid);
    grid_cell(grid, INBOX_CASE, number_text(cli, wire_uint(card, "instance")));
    grid_cell(grid, INBOX_DUE, distance_text(cli, due, true));
    grid_cell(grid, INBOX_WHEN, moment_text(cli, due));
    grid_cell(grid, INBOX_TASK, wire_text(card, "title", arena));
    grid_cell(grid, INBOX_STAGE, stage.len > 0 ? stage : wire_text(card, "stage", arena));
    grid_cell(grid, INBOX_WHO,
              who.len > 0 ? who : arena_format(arena, "any %.*s", SLICE_PRINT(offered)));
    grid_cell(grid, INBOX_NOTE,
              wire_bool(card, "promised") ? SLICE("promised")
              : wire_bool(card, "urgent") ? SLICE("urgent")
                                          : SLICE_EMPTY);
    grid_style(grid, INBOX_CASE, TERM_BOLD);
    grid_style(grid, INBOX_DUE,
               late                            ? TERM_RED
               : due > 0 && due <= cli->now_ms ? TERM_YELLOW
                                               : TERM_PLAIN);
    grid_style(grid, INBOX_NOTE, TERM_YELLOW);
}

static void inbox_tasks(struct cli *cli, struct slice result)
{
    static const struct grid_column columns[] = {
        { "case", true, 0, 0 },   { "due", false, 0, 0 },    { "when (UTC)", false, 0, 3 },
        { "task", false, 32, 0 }, { "stage", false, 10, 4 }, { "for", false, 6, 2 },
        { "", false, 0, 1 },
    };
    struct grid grid;
    grid_init(&grid, &cli->arena, columns, ARRAY_COUNT(columns));
    struct wire_list list = wire_list(wire_raw(result, "tasks"));
    struct slice card;
    while (wire_next(&list, &card)) {
        inbox_row(cli, &grid, card);
    }
    if (grid.row_count == 0) {
        buf_put_cstr(&cli->out, "nothing to do\n");
    } else {
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    if (wire_bool(result, "more") || wire_uint(result, "more") > 0) {
        buf_put_cstr(&cli->out, "… there is more: --limit N shows it\n");
    }
}

static void inbox_notes(struct cli *cli, struct slice result, const char *key, const char *title)
{
    struct wire_list list = wire_list(wire_raw(result, key));
    struct slice note;
    bool first = true;
    while (wire_next(&list, &note)) {
        if (first) {
            buf_put_char(&cli->out, '\n');
            term_put(&cli->term, &cli->out, TERM_BOLD, slice_from_cstr(title));
            buf_put_char(&cli->out, '\n');
        }
        first = false;
        uint64_t incident = wire_uint(note, "incident");
        struct slice line = arena_format(
            &cli->arena, "case %llu%s%.*s, %.*s: %.*s",
            (unsigned long long)wire_uint(note, "instance"), incident > 0 ? ", incident " : "",
            SLICE_PRINT(incident > 0 ? number_text(cli, incident) : SLICE_EMPTY),
            SLICE_PRINT(distance_text(cli, wire_moment(note, "at"), false)),
            SLICE_PRINT(wire_text(note, "text", &cli->arena)));
        (void)term_wrap(&cli->term, &cli->out, line, 2, 3);
    }
}

int cmd_inbox(struct cli *cli)
{
    struct params params;
    params_init(&params);
    cli_put_as(cli, &params);
    uint64_t limit = cli->term.terminal && cli->term.rows > 12 ? cli->term.rows - 6 : 100;
    int status = cli_number(cli, OPTION_LIMIT, UINT32_MAX, &limit) ? CLI_DONE : CLI_USAGE;
    params_uint(&params, "limit", limit);
    if (cli_option(cli, OPTION_OF) != NULL) {
        params_text(&params, "user", slice_from_cstr(cli_option(cli, OPTION_OF)));
    }
    struct client_reply reply;
    if (status == CLI_DONE) {
        status = cli_ask(cli, "inbox", &params, &reply);
    }
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        inbox_tasks(cli, reply.result);
        inbox_notes(cli, reply.result, "notices", "Notices");
        inbox_notes(cli, reply.result, "incidents", "Incidents");
    }
    params_done(&params);
    return status;
}

static int question(struct cli *cli, const char *method, struct client_reply *ret_reply)
{
    struct params params;
    params_init(&params);
    int status = cli_ask(cli, method, &params, ret_reply);
    params_done(&params);
    return status;
}

int cmd_processes(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "process", false, 12, 0 },       { "version", true, 0, 0 }, { "open cases", true, 0, 0 },
        { "asks at start", false, 12, 1 }, { "hash", false, 8, 2 },
    };
    struct client_reply reply;
    int status = question(cli, "processes", &reply);
    if (status != CLI_DONE || cli_answered_json(cli, &reply)) {
        return status;
    }
    struct arena *arena = &cli->arena;
    struct grid grid;
    grid_init(&grid, arena, columns, ARRAY_COUNT(columns));
    struct wire_list list = wire_list(wire_raw(reply.result, "processes"));
    struct slice item;
    while (wire_next(&list, &item)) {
        struct slice asks = SLICE_EMPTY;
        struct wire_list form = wire_list(wire_raw(item, "start_form"));
        struct slice field;
        while (wire_next(&form, &field)) {
            asks = arena_format(arena, "%.*s%s%.*s%s", SLICE_PRINT(asks), asks.len > 0 ? ", " : "",
                                SLICE_PRINT(wire_text(field, "name", arena)),
                                wire_bool(field, "required") ? "*" : "");
        }
        grid_row(&grid);
        grid_cell(&grid, 0, wire_text(item, "process", arena));
        grid_cell(&grid, 1, number_text(cli, wire_uint(item, "version")));
        grid_cell(&grid, 2, number_text(cli, wire_uint(item, "open")));
        grid_cell(&grid, 3, asks);
        grid_cell(&grid, 4, slice_sub(wire_text(item, "hash", arena), 0, 12));
        grid_style(&grid, 0, TERM_BOLD);
    }
    if (grid.row_count == 0) {
        buf_put_cstr(&cli->out, "no process is active: `rung apply FILES` activates some\n");
    } else {
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    return CLI_DONE;
}

static void stats_put(struct cli *cli, struct grid *grid, struct slice map, struct slice prefix,
                      unsigned depth)
{
    struct arena *arena = &cli->arena;
    struct wire_list pairs = wire_pairs(map);
    struct slice key;
    struct slice value;
    while (wire_next(&pairs, &key) && wire_next(&pairs, &value)) {
        struct slice name = wire_print(key, arena);
        if (prefix.len > 0) {
            name = arena_format(arena, "%.*s.%.*s", SLICE_PRINT(prefix), SLICE_PRINT(name));
        }
        struct unpack unpack;
        unpack_init(&unpack, value);
        if (unpack_peek(&unpack) == PACK_MAP && depth < 4) {
            stats_put(cli, grid, value, name, depth + 1);
            continue;
        }
        grid_row(grid);
        grid_cell(grid, 0, name);
        bool fraction = unpack_peek(&unpack) == PACK_FLOAT;
        grid_cell(grid, 1,
                  fraction ? arena_format(arena, "%.3f", unpack_double(&unpack))
                           : wire_print(value, arena));
    }
}

int cmd_stats(struct cli *cli)
{
    static const struct grid_column columns[] = { { "what", false, 20, 0 },
                                                  { "now", false, 10, 0 } };
    if (cli_option(cli, OPTION_PEOPLE) != NULL) {
        return people_standing(cli);
    }
    struct client_reply reply;
    int status = question(cli, "stats", &reply);
    if (status != CLI_DONE || cli_answered_json(cli, &reply)) {
        return status;
    }
    struct grid grid;
    grid_init(&grid, &cli->arena, columns, ARRAY_COUNT(columns));
    stats_put(cli, &grid, reply.result, SLICE_EMPTY, 0);
    grid_print(&grid, &cli->term, 0, true, &cli->out);
    return CLI_DONE;
}
