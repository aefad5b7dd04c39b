// Figures of the engine, for people: in groups, with units. `--json` gives them as they came.
#include "base/attr.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/people.h"
#include "engine/cli/when.h"

enum unit { UNIT_PLAIN, UNIT_CLOCK, UNIT_MOMENT, UNIT_US, UNIT_BYTES };
enum { US_PER_MS = 1000, KB = 1024 };
enum { COLUMN_WHAT, COLUMN_VALUE };

// In the order in which they are shown; what an engine says beside these comes last, by its name.
static const struct line {
    const char *group; // NULL: of the engine as a whole
    const char *key, *label;
    enum unit unit;
} lines[] = {
    { NULL, "now", "clock", UNIT_CLOCK },
    { NULL, "next_due", "next timer", UNIT_MOMENT },
    { NULL, "seq", "records of the history", UNIT_PLAIN },
    { NULL, "clock_stepped", "clock stepped, waits for a word", UNIT_PLAIN },
    { NULL, "store_full", "store full", UNIT_PLAIN },
    { "cases", "open", "open", UNIT_PLAIN },
    { "cases", "ended", "ended", UNIT_PLAIN },
    { "cases", "tasks", "open tasks", UNIT_PLAIN },
    { "cases", "incidents", "open incidents", UNIT_PLAIN },
    { "cases", "notices", "notices", UNIT_PLAIN },
    { "cases", "users", "people", UNIT_PLAIN },
    { "commands", "commands", "taken", UNIT_PLAIN },
    { "commands", "accepted", "accepted", UNIT_PLAIN },
    { "commands", "refused", "refused", UNIT_PLAIN },
    { "commands", "repeated", "said again", UNIT_PLAIN },
    { "commands", "timers", "timers fired", UNIT_PLAIN },
    { "commands", "batches", "batches", UNIT_PLAIN },
    { "commands", "full_batches", "batches that were full", UNIT_PLAIN },
    { "commands", "latency_us_p50", "half answered within", UNIT_US },
    { "commands", "latency_us_p99", "99 % within", UNIT_US },
    { "commands", "latency_us_p999", "99.9 % within", UNIT_US },
    { "commands", "latency_us_max", "the slowest", UNIT_US },
    { "store", "journal_bytes", "journal", UNIT_BYTES },
    { "store", "view_bytes", "view", UNIT_BYTES },
    { "store", "records", "records written", UNIT_PLAIN },
    { "store", "record_bytes", "in all", UNIT_BYTES },
    { "store", "commits", "commits", UNIT_PLAIN },
    { "store", "commit_us_mean", "a commit, mean", UNIT_US },
    { "store", "commit_us_max", "the slowest commit", UNIT_US },
    { "store", "flushes", "flushes", UNIT_PLAIN },
    { "store", "flush_rows", "rows flushed", UNIT_PLAIN },
    { "store", "flush_us_mean", "a flush, mean", UNIT_US },
    { "store", "flush_us_max", "the slowest flush", UNIT_US },
    { "store", "active_rows", "rows that wait for a flush", UNIT_PLAIN },
    { "store", "active_bytes", "in memory", UNIT_BYTES },
    { "store", "frozen_rows", "rows in a flush now", UNIT_PLAIN },
    { "store", "overfull_waits", "times that commands waited for one", UNIT_PLAIN },
};

static const struct {
    const char *group, *title;
} groups[] = { { NULL, "Engine" }, { "cases", "Cases" },
               { "commands", "Commands since the start" }, { "store", "Store since the start" } };

static struct slice bytes_text(struct arena *arena, uint64_t bytes)
{
    double kb = (double)bytes / KB;
    return bytes < KB      ? arena_format(arena, "%llu B", (unsigned long long)bytes)
           : kb < KB       ? arena_format(arena, "%.0f KB", kb)
           : kb / KB < KB  ? arena_format(arena, "%.1f MB", kb / KB)
                           : arena_format(arena, "%.2f GB", kb / KB / KB);
}

static struct slice moment_text(struct cli *cli, uint64_t at_ms, bool clock)
{
    struct buf text;
    buf_init(&text, 200);
    if (at_ms == 0 || at_ms == UINT64_MAX) {
        buf_put_cstr(&text, "none");
    } else if (clock) {
        when_stamp(&text, at_ms, cli_zone(cli));
    } else {
        when_moment(&text, at_ms, cli->now_ms, cli_zone(cli));
        buf_put_cstr(&text, ", ");
        when_distance(&text, at_ms, cli->now_ms);
    }
    struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

static struct slice value_text(struct cli *cli, struct slice map, const struct line *line)
{
    uint64_t number = wire_uint(map, line->key);
    switch (line->unit) {
    case UNIT_PLAIN: break;
    case UNIT_CLOCK:
    case UNIT_MOMENT:
        return moment_text(cli, wire_moment(map, line->key), line->unit == UNIT_CLOCK);
    case UNIT_BYTES: return bytes_text(&cli->arena, number);
    case UNIT_US:
        return number < US_PER_MS
                   ? arena_format(&cli->arena, "%llu us", (unsigned long long)number)
                   : arena_format(&cli->arena, "%.1f ms", (double)number / US_PER_MS);
    }
    return wire_print(wire_raw(map, line->key), &cli->arena);
}

static bool is_of(const struct line *line, const char *group)
{
    return group == NULL ? line->group == NULL
                         : line->group != NULL && strcmp(line->group, group) == 0;
}

static bool is_known(const char *group, struct slice key)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        known = known || (is_of(&lines[i], group) &&
                          slice_equal(key, slice_from_cstr(lines[i].key)));
    }
    for (size_t i = 0; group == NULL && i < ARRAY_COUNT(groups); i++) {
        known = known || (groups[i].group != NULL &&
                          slice_equal(key, slice_from_cstr(groups[i].group)));
    }
    return known;
}

static void add_row(struct grid *grid, struct slice label, struct slice value)
{
    grid_row(grid);
    grid_cell(grid, COLUMN_WHAT, label);
    grid_cell(grid, COLUMN_VALUE, value);
}

// A newer engine counts more than this program has words for.
static void add_others(struct cli *cli, struct grid *grid, struct slice map, const char *group)
{
    struct wire_list pairs = wire_pairs(map);
    struct slice key, value;
    while (wire_next(&pairs, &key) && wire_next(&pairs, &value)) {
        struct slice name = wire_print(key, &cli->arena);
        if (!is_known(group, name)) {
            add_row(grid, name, wire_print(value, &cli->arena));
        }
    }
}

static void add_group(struct cli *cli, struct grid *grid, struct slice map, size_t which)
{
    const char *group = groups[which].group;
    grid_heading(grid, slice_from_cstr(groups[which].title), TERM_BOLD);
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        if (is_of(&lines[i], group) && wire_raw(map, lines[i].key).len > 0) {
            add_row(grid, slice_from_cstr(lines[i].label), value_text(cli, map, &lines[i]));
        }
    }
    add_others(cli, grid, map, group);
}

int cmd_stats(struct cli *cli)
{
    static const struct grid_column columns[] = { { "what", false, 20, 0 },
                                                  { "now", false, 10, 0 } };
    if (cli_option(cli, OPTION_PEOPLE) != NULL) {
        return people_standing(cli);
    }
    struct client_reply reply;
    int status = cli_ask_bare(cli, "stats", &reply);
    if (status != CLI_DONE || cli_answered_json(cli, &reply)) {
        return status;
    }
    struct grid grid;
    grid_init(&grid, &cli->arena, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
        add_group(cli, &grid,
                  groups[i].group != NULL ? wire_raw(reply.result, groups[i].group) : reply.result,
                  i);
    }
    grid_print(&grid, &cli->term, 0, true, &cli->out);
    return CLI_DONE;
}
