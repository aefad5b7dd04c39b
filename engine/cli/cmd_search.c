// Finding cases by words, those that may be one client's, and making one of two.
#include "base/value.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/when.h"

// --- tables of cases -----------------------------------------------------------------------------

enum { CASE_NUMBER, CASE_TITLE, CASE_PROCESS, CASE_PLACE, CASE_MOVED, CASE_WHO, CASE_BUTTONS };

static const struct grid_column case_columns[] = {
    { "case", true, 0, 0 },    { "title", false, 20, 0 }, { "process", false, 8, 4 },
    { "stage", false, 10, 2 }, { "moved", false, 0, 3 },  { "for", false, 6, 5 },
    { "press", false, 0, 1 },
};

static struct slice buttons_text(struct cli *cli, struct slice row)
{
    struct slice text = SLICE_EMPTY;
    struct wire_list list = wire_list(wire_raw(row, "actions"));
    struct slice action;
    while (wire_next(&list, &action)) {
        text = arena_format(&cli->arena, "%.*s%s%.*s", SLICE_PRINT(text), text.len > 0 ? ", " : "",
                            SLICE_PRINT(wire_text(action, "action", &cli->arena)));
    }
    return text;
}

static void case_row(struct cli *cli, struct grid *grid, struct slice row)
{
    struct arena *arena = &cli->arena;
    struct buf moved;
    buf_init(&moved, 100);
    when_distance(&moved, wire_moment(row, "moved"), cli->now_ms);
    struct slice ended = wire_text(row, "ended", arena);
    struct slice stage = wire_text(row, "stage_label", arena);
    grid_row(grid);
    grid_cell(grid, CASE_NUMBER,
              arena_format(arena, "%llu", (unsigned long long)wire_uint(row, "instance")));
    grid_cell(grid, CASE_TITLE, wire_text(row, "title", arena));
    grid_cell(grid, CASE_PROCESS, wire_text(row, "process", arena));
    grid_cell(grid, CASE_PLACE,
              ended.len > 0 ? arena_format(arena, "ended: %.*s", SLICE_PRINT(ended)) : stage);
    grid_cell(grid, CASE_MOVED, arena_copy(arena, buf_slice(&moved)));
    grid_cell(grid, CASE_WHO, wire_text(row, "holder", arena));
    grid_cell(grid, CASE_BUTTONS, buttons_text(cli, row));
    grid_style(grid, CASE_NUMBER, TERM_BOLD);
    grid_style(grid, CASE_PLACE, ended.len > 0 ? TERM_DIM : TERM_PLAIN);
    grid_style(grid, CASE_BUTTONS, TERM_GREEN);
    buf_done(&moved);
}

static bool cases_print(struct cli *cli, struct slice cases, unsigned indent)
{
    struct grid grid;
    struct wire_list list = wire_list(cases);
    struct slice row;
    grid_init(&grid, &cli->arena, case_columns, ARRAY_COUNT(case_columns));
    while (wire_next(&list, &row)) {
        case_row(cli, &grid, row);
    }
    if (grid.row_count > 0) {
        grid_print(&grid, &cli->term, indent, indent > 0, &cli->out);
    }
    return grid.row_count > 0;
}

// --- search --------------------------------------------------------------------------------------

// A month counts as thirty days: nobody waits for the day.
static bool duration_ms(struct slice text, uint64_t *ret_ms)
{
    static const uint64_t units_ms[] = { [DURATION_MS] = 1, [DURATION_DAY] = 24 * 3600 * 1000ull,
                                         [DURATION_WEEK] = 7 * 24 * 3600 * 1000ull,
                                         [DURATION_MONTH] = 30 * 24 * 3600 * 1000ull };
    uint8_t unit;
    int64_t amount;
    if (!value_parse_duration(text, &unit, &amount) || unit > DURATION_MONTH || amount <= 0 ||
        (uint64_t)amount > 100 * 366 * units_ms[DURATION_DAY] / units_ms[unit]) {
        return false;
    }
    *ret_ms = (uint64_t)amount * units_ms[unit];
    return true;
}

static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ') {
            return false;
        }
    }
    return true;
}

static int put_search(struct cli *cli, struct params *params)
{
    const char *quiet = cli_option(cli, OPTION_QUIET);
    bool open = cli_option(cli, OPTION_OPEN) != NULL;
    uint64_t quiet_ms = 0;
    uint64_t limit = 20;
    if (quiet == NULL && is_blank(cli_words(cli, 0))) {
        return cli_problem(cli, CLI_USAGE, "usage", "say what to look for: WORDS, or --quiet-for");
    }
    if (quiet != NULL && !duration_ms(slice_from_cstr(quiet), &quiet_ms)) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "--quiet-for takes a time like \"30 days\", not `%s`", quiet);
    }
    if (open && cli_option(cli, OPTION_ENDED) != NULL) {
        return cli_problem(cli, CLI_USAGE, "usage", "--open and --ended exclude each other");
    }
    if (!cli_number(cli, OPTION_LIMIT, UINT32_MAX, &limit)) {
        return CLI_USAGE;
    }
    cli_put_as(cli, params);
    params_uint(params, "limit", limit);
    if (cli->args.word_count > 0) {
        params_text(params, "words", cli_words(cli, 0));
    }
    if (quiet != NULL) {
        params_uint(params, "quiet_for", quiet_ms);
    }
    // Whoever asks for quiet clients means those that are still somebody's work.
    if (open || (quiet != NULL && cli_option(cli, OPTION_ENDED) == NULL)) {
        params_text(params, "state", SLICE("open"));
    } else if (cli_option(cli, OPTION_ENDED) != NULL) {
        params_text(params, "state", SLICE("ended"));
    }
    if (cli_option(cli, OPTION_PROCESS) != NULL) {
        params_text(params, "process", slice_from_cstr(cli_option(cli, OPTION_PROCESS)));
    }
    return CLI_DONE;
}

int cmd_search(struct cli *cli)
{
    struct params params;
    params_init(&params);
    int status = put_search(cli, &params);
    struct client_reply reply;
    if (status == CLI_DONE) {
        status = cli_ask(cli, "search", &params, &reply);
    }
    params_done(&params);
    if (status != CLI_DONE || cli_answered_json(cli, &reply)) {
        return status;
    }
    if (!cases_print(cli, wire_raw(reply.result, "cases"), 0)) {
        buf_put_cstr(&cli->out, "nothing is found\n");
    }
    uint64_t behind = wire_uint(reply.result, "behind");
    if (behind > 0) {
        buf_format(&cli->out, "… the index is %llu records behind\n", (unsigned long long)behind);
    }
    if (wire_bool(reply.result, "more")) {
        buf_put_cstr(&cli->out, "… there is more: another word, or --limit N, shows it\n");
    }
    return CLI_DONE;
}

// --- duplicates and merging ----------------------------------------------------------------------

static void group_print(struct cli *cli, struct slice group)
{
    struct slice by = wire_text(group, "by", &cli->arena);
    struct slice value = wire_text(group, "value", &cli->arena);
    struct slice head = arena_format(&cli->arena, "%.*s%s%.*s", SLICE_PRINT(by),
                                     value.len > 0 ? " " : "",
                                     SLICE_PRINT(term_clean(&cli->arena, value)));
    term_put(&cli->term, &cli->out, TERM_BOLD, head);
    buf_put_char(&cli->out, '\n');
    (void)cases_print(cli, wire_raw(group, "cases"), 2);
}

int cmd_duplicates(struct cli *cli)
{
    struct slice after = SLICE_EMPTY;
    json_t *all = cli_json_wanted(cli) ? json_array() : NULL;
    uint32_t count = 0;
    int status = CLI_DONE;
    do {
        struct client_reply reply;
        struct params params;
        params_init(&params);
        cli_put_as(cli, &params);
        if (after.len > 0) {
            params_text(&params, "after", after);
        }
        status = cli_ask(cli, "duplicates", &params, &reply);
        params_done(&params);
        if (status != CLI_DONE) {
            break;
        }
        struct wire_list list = wire_list(wire_raw(reply.result, "groups"));
        struct slice group;
        for (; wire_next(&list, &group); count++) {
            if (all != NULL) {
                (void)json_array_append_new(all, wire_json(group));
            } else {
                group_print(cli, group);
            }
        }
        after = wire_text(reply.result, "next", &cli->arena);
        after = arena_copy(&cli->arena, after);
    } while (after.len > 0);
    if (all != NULL && status == CLI_DONE) {
        cli_print_json(cli, all);
        return status;
    }
    json_decref(all);
    if (status == CLI_DONE && count == 0) {
        buf_put_cstr(&cli->out, "no open cases of one process seem to be one client's\n");
    }
    return status;
}

int cmd_merge(struct cli *cli)
{
    uint64_t instance = 0;
    uint64_t into = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    struct slice word = cli_word(cli, 1);
    int64_t number;
    if (!value_parse_integer(word, &number) || number <= 0) {
        return cli_problem(cli, CLI_USAGE, "usage", "INTO is the number of a case, not `%.*s`",
                           SLICE_PRINT(word));
    }
    into = (uint64_t)number;
    if (cli_option(cli, OPTION_REASON) == NULL) {
        return cli_problem(cli, CLI_USAGE, "usage", "--reason TEXT is needed: why; kept in the "
                                                    "history");
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_uint(&params, "into", into);
    params_text(&params, "reason", slice_from_cstr(cli_option(cli, OPTION_REASON)));
    cli_put_request(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "merge", &params, &reply);
    params_done(&params);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        cli_tell_outcome(cli, reply.result);
    }
    return status;
}
