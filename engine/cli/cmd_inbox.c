// The inbox: lanes with what is to be done and what is done, notices, incidents.
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/grid.h"
#include "engine/cli/inbox.h"
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

// --- lanes --------------------------------------------------------------------------------------

enum term_style inbox_style(struct slice colour)
{
    const struct {
        struct slice colour;
        enum term_style style;
    } styles[] = {
        { SLICE("grey"), TERM_DIM },      { SLICE("red"), TERM_RED },
        { SLICE("pink"), TERM_PINK },     { SLICE("orange"), TERM_ORANGE },
        { SLICE("yellow"), TERM_YELLOW }, { SLICE("green"), TERM_GREEN },
        { SLICE("blue"), TERM_BLUE },
    };
    for (size_t i = 0; i < ARRAY_COUNT(styles); i++) {
        if (slice_equal(styles[i].colour, colour)) {
            return styles[i].style;
        }
    }
    return TERM_BOLD; // white, and none
}

enum { INBOX_CASE, INBOX_DUE, INBOX_WHEN, INBOX_TASK, INBOX_STAGE, INBOX_WHO, INBOX_NOTE };

static void card_begin(struct cli *cli, struct grid *grid, struct slice card)
{
    struct arena *arena = &cli->arena;
    struct slice stage = wire_text(card, "stage_label", arena);
    grid_row(grid);
    grid_cell(grid, INBOX_CASE, number_text(cli, wire_uint(card, "instance")));
    grid_cell(grid, INBOX_TASK, wire_text(card, "title", arena));
    grid_cell(grid, INBOX_STAGE, stage.len > 0 ? stage : wire_text(card, "stage", arena));
    grid_style(grid, INBOX_CASE, TERM_BOLD);
}

static void task_row(struct cli *cli, struct grid *grid, struct slice card)
{
    struct arena *arena = &cli->arena;
    uint64_t due = wire_moment(card, "due");
    bool late = wire_bool(card, "late");
    struct slice who = wire_text(card, "holder", arena);
    struct slice offered = wire_text(card, "offered", arena);
    card_begin(cli, grid, card);
    grid_cell(grid, INBOX_DUE, distance_text(cli, due, true));
    grid_cell(grid, INBOX_WHEN, moment_text(cli, due));
    grid_cell(grid, INBOX_WHO,
              who.len > 0 ? who : arena_format(arena, "any %.*s", SLICE_PRINT(offered)));
    grid_cell(grid, INBOX_NOTE,
              wire_bool(card, "promised") ? SLICE("promised")
              : wire_bool(card, "urgent") ? SLICE("urgent")
                                          : SLICE_EMPTY);
    grid_style(grid, INBOX_DUE,
               late                            ? TERM_RED
               : due > 0 && due <= cli->now_ms ? TERM_YELLOW
                                               : TERM_PLAIN);
    grid_style(grid, INBOX_NOTE, TERM_YELLOW);
}

static void done_row(struct cli *cli, struct grid *grid, struct slice card)
{
    uint64_t at = wire_moment(card, "done_at");
    card_begin(cli, grid, card);
    grid_cell(grid, INBOX_DUE,
              arena_format(&cli->arena, "done %.*s", SLICE_PRINT(distance_text(cli, at, false))));
    grid_cell(grid, INBOX_WHEN, moment_text(cli, at));
    for (uint32_t column = 0; column <= INBOX_NOTE; column++) {
        grid_style(grid, column, TERM_DIM);
    }
}

static bool stands_in(struct cli *cli, struct slice card, struct slice lane)
{
    struct arena *arena = &cli->arena;
    return slice_equal(wire_text(card, "lane", arena), wire_text(lane, "lane", arena)) &&
           slice_equal(wire_text(card, "inbox", arena), wire_text(lane, "inbox", arena));
}

static void lane_heading(struct cli *cli, struct grid *grid, struct slice lane, bool several)
{
    struct arena *arena = &cli->arena;
    struct slice label = wire_text(lane, "label", arena);
    uint64_t count = wire_uint(lane, "tasks") + wire_uint(lane, "done");
    struct slice inbox = several ? arena_format(arena, "%.*s: ",
                                                SLICE_PRINT(wire_text(lane, "inbox", arena)))
                                 : SLICE_EMPTY;
    grid_heading(grid, arena_format(arena, "%.*s%.*s (%llu)", SLICE_PRINT(inbox),
                                    SLICE_PRINT(label), (unsigned long long)count),
                 inbox_style(wire_text(lane, "colour", arena)));
}

// Every lane in which something stands, and that: what is open first.
static void lanes_put(struct cli *cli, struct grid *grid, struct slice result)
{
    struct wire_list lanes = wire_list(wire_raw(result, "lanes"));
    struct slice first = SLICE_EMPTY;
    struct slice lane;
    bool several = false;
    while (wire_next(&lanes, &lane)) {
        struct slice inbox = wire_text(lane, "inbox", &cli->arena);
        several = several || (first.len > 0 && !slice_equal(first, inbox));
        first = inbox;
    }
    lanes = wire_list(wire_raw(result, "lanes"));
    while (wire_next(&lanes, &lane)) {
        struct wire_list tasks = wire_list(wire_raw(result, "tasks"));
        struct wire_list done = wire_list(wire_raw(result, "done"));
        struct slice card;
        if (wire_uint(lane, "tasks") + wire_uint(lane, "done") > 0) {
            lane_heading(cli, grid, lane, several);
        }
        while (wire_next(&tasks, &card)) {
            if (stands_in(cli, card, lane)) {
                task_row(cli, grid, card);
            }
        }
        while (wire_next(&done, &card)) {
            if (stands_in(cli, card, lane)) {
                done_row(cli, grid, card);
            }
        }
    }
}

// What stands in no lane, because nobody has declared any.
static void plain_put(struct cli *cli, struct grid *grid, struct slice result)
{
    struct wire_list tasks = wire_list(wire_raw(result, "tasks"));
    struct slice card;
    while (wire_next(&tasks, &card)) {
        if (wire_text(card, "lane", &cli->arena).len == 0) {
            task_row(cli, grid, card);
        }
    }
}

static void inbox_tasks(struct cli *cli, struct slice result)
{
    const struct zone *zone = cli_zone(cli);
    struct slice title = arena_format(&cli->arena, "when (%.*s)",
                                      SLICE_PRINT(wire_text(result, "zone", &cli->arena)));
    const struct grid_column columns[] = {
        { "case", true, 0, 0 },
        { "due", false, 0, 0 },
        { zone != NULL ? title.ptr : "when (UTC)", false, 0, 3 },
        { "task", false, 24, 0 },
        { "stage", false, 10, 4 },
        { "for", false, 6, 2 },
        { "", false, 0, 1 },
    };
    struct grid grid;
    grid_init(&grid, &cli->arena, columns, ARRAY_COUNT(columns));
    lanes_put(cli, &grid, result);
    plain_put(cli, &grid, result);
    if (grid.row_count == 0) {
        buf_put_cstr(&cli->out, "nothing to do\n");
    } else {
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    if (wire_bool(result, "more") || wire_uint(result, "more") > 0) {
        buf_put_cstr(&cli->out, "… there is more: --limit N shows it\n");
    }
}

struct note {
    struct slice map;
    uint64_t at;
};

// The newest first; of one moment in the order in which they came.
static void note_insert(struct note *notes, uint32_t count, struct note note)
{
    uint32_t place = count;
    for (; place > 0 && notes[place - 1].at < note.at; place--) {
        notes[place] = notes[place - 1];
    }
    notes[place] = note;
}

static void inbox_notes(struct cli *cli, struct slice result, const char *key, const char *title,
                        uint64_t limit)
{
    struct slice packed = wire_raw(result, key);
    struct note *notes = ARENA_ARRAY(&cli->arena, struct note, wire_count(packed) + 1);
    uint32_t count = 0;
    struct wire_list list = wire_list(packed);
    struct slice map;
    while (wire_next(&list, &map)) {
        note_insert(notes, count++, (struct note){ map, wire_moment(map, "at") });
    }
    if (count == 0) {
        return;
    }
    buf_put_char(&cli->out, '\n');
    term_put(&cli->term, &cli->out, TERM_BOLD, slice_from_cstr(title));
    buf_put_char(&cli->out, '\n');
    for (uint32_t i = 0; i < count && i < limit; i++) {
        struct slice note = notes[i].map;
        uint64_t incident = wire_uint(note, "incident");
        struct slice line = arena_format(
            &cli->arena, "case %llu%s%.*s, %.*s: %.*s",
            (unsigned long long)wire_uint(note, "instance"), incident > 0 ? ", incident " : "",
            SLICE_PRINT(incident > 0 ? number_text(cli, incident) : SLICE_EMPTY),
            SLICE_PRINT(distance_text(cli, wire_moment(note, "at"), false)),
            SLICE_PRINT(wire_text(note, "text", &cli->arena)));
        (void)term_wrap(&cli->term, &cli->out, line, 2, 3);
    }
    if (count > limit) {
        buf_format(&cli->out, "  … and %llu older\n", (unsigned long long)(count - limit));
    }
}

void inbox_put_zone(struct cli *cli, struct params *params)
{
    const char *zone = cli_option(cli, OPTION_ZONE);
    zone = zone != NULL ? zone : env_get("RUNG_ZONE");
    if (zone != NULL) {
        params_text(params, "zone", slice_from_cstr(zone));
    }
}

int cmd_inbox(struct cli *cli)
{
    struct params params;
    params_init(&params);
    cli_put_as(cli, &params);
    inbox_put_zone(cli, &params);
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
        cli_zone_is(cli, wire_text(reply.result, "zone", &cli->arena));
        inbox_tasks(cli, reply.result);
        inbox_notes(cli, reply.result, "notices", "Notices", limit);
        inbox_notes(cli, reply.result, "incidents", "Incidents", limit);
    }
    params_done(&params);
    return status;
}
