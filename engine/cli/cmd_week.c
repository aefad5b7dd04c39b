// How much work each of the next seven days holds, person by person. S87
#include "base/check.h"
#include "base/value.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/inbox.h"
#include "engine/time/zone.h"

enum {
    WEEK_DAYS = 7,
    WEEK_LATE = WEEK_DAYS, // columns behind those of the days
    WEEK_LATER,
    WEEK_COLUMNS,
    TASKS_MAX = 1000, // of one answer
    DAY_SECONDS = 86400
};

struct load {
    struct slice who;
    uint32_t tasks[WEEK_COLUMNS], promised[WEEK_COLUMNS];
};

struct week {
    struct cli *cli;
    const struct zone *zone;
    int64_t today; // since 1970, in the reader's zone
    struct load *loads;
    uint32_t count;
    bool more;
};

static int64_t day_of(const struct week *week, uint64_t ms)
{
    int64_t utc = (int64_t)(ms / 1000);
    return (utc + (week->zone != NULL ? zone_offset(week->zone, utc) : 0)) / DAY_SECONDS;
}

static struct load *load_of(struct week *week, struct slice who)
{
    for (uint32_t i = 0; i < week->count; i++) {
        if (slice_equal(week->loads[i].who, who)) {
            return &week->loads[i];
        }
    }
    CHECK(week->count < TASKS_MAX);
    struct load *load = &week->loads[week->count++];
    *load = (struct load){ .who = who };
    return load;
}

static void count_task(struct week *week, struct slice card, uint64_t now_ms)
{
    struct arena *arena = &week->cli->arena;
    struct slice who = wire_text(card, "holder", arena);
    if (who.len == 0) {
        struct slice role = wire_text(card, "offered", arena);
        who = arena_format(arena, "offered to %.*s", SLICE_PRINT(role));
    }
    struct load *load = load_of(week, who);
    uint64_t due = wire_moment(card, "due");
    uint64_t until = wire_moment(card, "until");
    int64_t ahead = due > 0 ? day_of(week, due) - week->today : WEEK_DAYS;
    uint32_t column = due > 0 && (until > due ? until : due) < now_ms ? WEEK_LATE
                      : ahead >= WEEK_DAYS                            ? WEEK_LATER
                      : ahead > 0                                     ? (uint32_t)ahead
                                                                      : 0;
    load->tasks[column]++;
    load->promised[column] += wire_bool(card, "promised") ? 1 : 0;
}

// --- telling -------------------------------------------------------------------------------------

static const char *day_title(struct week *week, uint32_t ahead)
{
    static const char *const names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    if (ahead == 0) {
        return "today";
    }
    int64_t day = week->today + ahead;
    int64_t year;
    unsigned month;
    unsigned of_month;
    civil_from_days(day, &year, &month, &of_month);
    return arena_format(&week->cli->arena, "%s %u", names[(day + 4) % 7], of_month).ptr;
}

static struct slice cell_text(struct week *week, const struct load *load, uint32_t column)
{
    struct arena *arena = &week->cli->arena;
    return load->tasks[column] == 0 ? SLICE("·")
           : load->promised[column] > 0
               ? arena_format(arena, "%u (%u)", load->tasks[column], load->promised[column])
               : arena_format(arena, "%u", load->tasks[column]);
}

static void put_load(struct week *week, struct grid *grid, const struct load *load)
{
    static const uint32_t order[] = { WEEK_LATE, 0, 1, 2, 3, 4, 5, 6, WEEK_LATER };
    uint32_t all = 0;
    grid_row(grid);
    grid_cell(grid, 0, load->who);
    for (uint32_t i = 0; i < WEEK_COLUMNS; i++) {
        grid_cell(grid, i + 1, cell_text(week, load, order[i]));
        all += load->tasks[i];
    }
    if (load->tasks[WEEK_LATE] > 0) {
        grid_style(grid, 1, TERM_RED);
    }
    grid_cell(grid, WEEK_COLUMNS + 1, arena_format(&week->cli->arena, "%u", all));
}

static void put_table(struct week *week)
{
    struct grid_column columns[WEEK_COLUMNS + 2] = { { "who", false, 8, 0 },
                                                     { "late", true, 0, 0 } };
    for (uint32_t i = 0; i < WEEK_DAYS; i++) {
        columns[i + 2] = (struct grid_column){ day_title(week, i), true, 0, 0 };
    }
    columns[WEEK_DAYS + 2] = (struct grid_column){ "later", true, 0, 0 };
    columns[WEEK_DAYS + 3] = (struct grid_column){ "all", true, 0, 0 };
    struct grid grid;
    struct load whole = { .who = SLICE("together") };
    bool promised = false;
    grid_init(&grid, &week->cli->arena, columns, ARRAY_COUNT(columns));
    for (uint32_t i = 0; i < week->count; i++) {
        put_load(week, &grid, &week->loads[i]);
        for (uint32_t n = 0; n < WEEK_COLUMNS; n++) {
            whole.tasks[n] += week->loads[i].tasks[n];
            whole.promised[n] += week->loads[i].promised[n];
            promised = promised || whole.promised[n] > 0;
        }
    }
    if (week->count > 1) {
        put_load(week, &grid, &whole);
        grid_style(&grid, 0, TERM_BOLD);
    }
    struct buf *out = &week->cli->out;
    if (week->count == 0) {
        buf_put_cstr(out, "nothing is to be done\n");
        return;
    }
    grid_print(&grid, &week->cli->term, 0, false, out);
    if (promised) {
        buf_put_cstr(out, "in brackets: how many of them were promised\n");
    }
    if (week->more) {
        buf_format(out, "only the %d tasks that are due first are counted; --of NAME counts those "
                        "of one person\n", TASKS_MAX);
    }
}

static json_t *numbers_json(const uint32_t *numbers, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_integer(numbers[i]));
    }
    return list;
}

static void put_json(struct week *week)
{
    json_t *people = json_array();
    for (uint32_t i = 0; i < week->count; i++) {
        const struct load *load = &week->loads[i];
        (void)json_array_append_new(
            people, json_pack("{s:s#, s:i, s:o, s:i, s:o}", "who", load->who.ptr,
                              (int)load->who.len, "late", (int)load->tasks[WEEK_LATE], "days",
                              numbers_json(load->tasks, WEEK_DAYS), "later",
                              (int)load->tasks[WEEK_LATER], "promised",
                              numbers_json(load->promised, WEEK_DAYS)));
    }
    int64_t year;
    unsigned month;
    unsigned day;
    civil_from_days(week->today, &year, &month, &day);
    struct slice from =
        arena_format(&week->cli->arena, "%04lld-%02u-%02u", (long long)year, month, day);
    cli_print_json(week->cli, json_pack("{s:s#, s:o, s:b}", "from", from.ptr, (int)from.len,
                                        "people", people, "more", week->more));
}

int cmd_week(struct cli *cli)
{
    struct params params;
    struct client_reply reply;
    params_init(&params);
    cli_put_as(cli, &params);
    inbox_put_zone(cli, &params);
    params_uint(&params, "limit", TASKS_MAX);
    if (cli_option(cli, OPTION_OF) != NULL) {
        params_text(&params, "user", slice_from_cstr(cli_option(cli, OPTION_OF)));
    }
    int status = cli_ask(cli, "inbox", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    cli_zone_is(cli, wire_text(reply.result, "zone", &cli->arena));
    struct week week = { .cli = cli, .zone = cli_zone(cli),
                         .loads = ARENA_ARRAY(&cli->arena, struct load, TASKS_MAX),
                         .more = wire_bool(reply.result, "more") };
    uint64_t now_ms = wire_moment(reply.result, "now");
    week.today = day_of(&week, now_ms);
    struct wire_list cards = wire_list(wire_raw(reply.result, "tasks"));
    struct slice card;
    while (wire_next(&cards, &card)) {
        count_task(&week, card, now_ms);
    }
    if (cli_json_wanted(cli)) {
        put_json(&week);
    } else {
        put_table(&week);
    }
    return CLI_DONE;
}
