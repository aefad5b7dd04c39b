// How far the cases of a process came: how many reached each stage and each end, and what one of
// them cost when a sum was spent on all. Counted from the journal, each case once. S37, S165
#include "base/mem.h"
#include "base/value.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"

enum { ROWS_MAX = 64, PAGE_RECORDS = 500, CASES_MAX = 10 * 1000 * 1000 };
static const int64_t SUM_MAX = 1000000000000000;

struct counted {
    uint64_t instance;
    uint64_t reached; // a bit a row
};

struct row {
    struct slice name, label;
    uint64_t cases;
    bool end;
};

struct funnel {
    struct cli *cli;
    struct slice process;
    uint64_t since_ms, until_ms; // cases that were started then; 0: open
    struct counted *cases;       // by number
    size_t case_count, capacity;
    struct row rows[ROWS_MAX];
    uint32_t row_count;
    bool more; // stages than there are rows
    struct arena arena; // names: that of `cli` is rewound after each page
};

// NULL: the case is of another process, or was started at another time.
static struct counted *find_case(struct funnel *funnel, uint64_t instance)
{
    size_t low = 0;
    size_t high = funnel->case_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (funnel->cases[middle].instance < instance) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < funnel->case_count && funnel->cases[low].instance == instance
               ? &funnel->cases[low]
               : NULL;
}

// Cases are numbered as they start, so the newest number is the last.
static void add_case(struct funnel *funnel, uint64_t instance)
{
    if (funnel->case_count == CASES_MAX || find_case(funnel, instance) != NULL) {
        return;
    }
    if (funnel->case_count == funnel->capacity) {
        funnel->capacity = funnel->capacity > 0 ? funnel->capacity * 2 : 1024;
        funnel->cases = mem_grow(funnel->cases, funnel->capacity * sizeof(*funnel->cases));
    }
    funnel->cases[funnel->case_count++] = (struct counted){ .instance = instance };
}

static void reach(struct funnel *funnel, uint64_t instance, struct slice event, const char *key,
                  bool end)
{
    struct counted *one = find_case(funnel, instance);
    if (one == NULL) {
        return;
    }
    struct slice name = wire_text(event, key, &funnel->cli->arena);
    uint32_t at = 0;
    while (at < funnel->row_count && !slice_equal(funnel->rows[at].name, name)) {
        at++;
    }
    if (at == ROWS_MAX) {
        funnel->more = true;
        return;
    }
    if (at == funnel->row_count) {
        struct slice label = wire_text(event, "label", &funnel->cli->arena);
        funnel->rows[funnel->row_count++] =
            (struct row){ .name = arena_copy(&funnel->arena, name), .end = end,
                          .label = arena_copy(&funnel->arena, label.len > 0 ? label : name) };
    }
    uint64_t bit = (uint64_t)1 << at;
    funnel->rows[at].cases += (one->reached & bit) == 0 ? 1 : 0;
    one->reached |= bit;
}

static void take_record(struct funnel *funnel, struct slice record)
{
    uint64_t instance = wire_uint(record, "instance");
    uint64_t at_ms = wire_moment(record, "at");
    bool asked = at_ms >= funnel->since_ms && (funnel->until_ms == 0 || at_ms <= funnel->until_ms);
    struct arena *arena = &funnel->cli->arena;
    struct wire_list events = wire_list(wire_raw(record, "events"));
    struct slice event;
    bool started = false;
    while (wire_next(&events, &event)) {
        struct slice kind = wire_text(event, "event", arena);
        if (slice_equal(kind, SLICE("instance_started"))) {
            started = true;
        } else if (slice_equal(kind, SLICE("stage_entered"))) {
            bool body = wire_uint(event, "around") == 0; // the process itself
            if (!body) {
                reach(funnel, instance, event, "stage", false);
            } else if (started && asked &&
                       slice_equal(wire_text(event, "stage", arena), funnel->process)) {
                add_case(funnel, instance);
            }
        } else if (slice_equal(kind, SLICE("instance_ended"))) {
            reach(funnel, instance, event, "name", true);
        }
    }
}

static int read_journal(struct funnel *funnel)
{
    struct cli *cli = funnel->cli;
    uint64_t from = 0;
    do {
        struct params params;
        struct client_reply reply;
        struct arena_mark mark = arena_mark(&cli->arena);
        params_init(&params);
        params_uint(&params, "from", from);
        params_uint(&params, "limit", PAGE_RECORDS);
        if (funnel->since_ms > 0) {
            params_uint(&params, "since", funnel->since_ms);
        }
        int status = cli_ask(cli, "records", &params, &reply);
        params_done(&params);
        if (status != CLI_DONE) {
            return status;
        }
        struct wire_list records = wire_list(wire_raw(reply.result, "records"));
        struct slice record;
        while (wire_next(&records, &record)) {
            take_record(funnel, record);
        }
        from = wire_moment(reply.result, "next");
        arena_rewind(&cli->arena, mark);
    } while (from > 0);
    return CLI_DONE;
}

// --- telling -------------------------------------------------------------------------------------

static struct slice cost_text(struct funnel *funnel, uint64_t cents, uint64_t cases)
{
    uint64_t cost = (cents + cases / 2) / cases;
    return arena_format(&funnel->cli->arena, "%llu.%02u", (unsigned long long)(cost / 100),
                        (unsigned)(cost % 100));
}

static void put_row(struct funnel *funnel, struct grid *grid, struct slice label, uint64_t cases,
                    uint64_t cents)
{
    struct arena *arena = &funnel->cli->arena;
    uint64_t all = funnel->case_count;
    grid_row(grid);
    grid_cell(grid, 0, label);
    grid_cell(grid, 1, arena_format(arena, "%llu", (unsigned long long)cases));
    grid_cell(grid, 2, arena_format(arena, "%llu%%",
                                    (unsigned long long)((cases * 100 + all / 2) / all)));
    if (cents > 0 && cases > 0) {
        grid_cell(grid, 3, cost_text(funnel, cents, cases));
    }
}

static void put_table(struct funnel *funnel, uint64_t cents)
{
    static const struct grid_column columns[] = { { "reached", false, 12, 0 },
                                                  { "cases", true, 0, 0 },
                                                  { "of all", true, 0, 0 },
                                                  { "cost of one", true, 0, 0 } };
    struct grid grid;
    grid_init(&grid, &funnel->cli->arena, columns, cents > 0 ? 4 : 3);
    put_row(funnel, &grid, SLICE("started"), funnel->case_count, cents);
    for (int end = 0; end < 2; end++) {
        for (uint32_t i = 0; i < funnel->row_count; i++) {
            const struct row *row = &funnel->rows[i];
            if (row->end == (end == 1)) {
                put_row(funnel, &grid, row->label, row->cases, cents);
                grid_style(&grid, 0, row->end ? TERM_BOLD : TERM_PLAIN);
            }
        }
    }
    grid_print(&grid, &funnel->cli->term, 0, false, &funnel->cli->out);
    if (funnel->more) {
        buf_format(&funnel->cli->out, "and more: only %d stages and ends are counted\n", ROWS_MAX);
    }
}

static void put_json(struct funnel *funnel, uint64_t cents)
{
    json_t *rows = json_array();
    for (uint32_t i = 0; i < funnel->row_count; i++) {
        const struct row *row = &funnel->rows[i];
        json_t *one = json_pack("{s:s#, s:s#, s:b, s:I}", "name", row->name.ptr,
                                (int)row->name.len, "label", row->label.ptr,
                                (int)row->label.len, "end", row->end, "cases",
                                (json_int_t)row->cases);
        if (cents > 0) {
            struct slice cost = cost_text(funnel, cents, row->cases);
            (void)json_object_set_new(one, "cost", json_stringn(cost.ptr, cost.len));
        }
        (void)json_array_append_new(rows, one);
    }
    cli_print_json(funnel->cli,
                   json_pack("{s:s#, s:I, s:o}", "process", funnel->process.ptr,
                             (int)funnel->process.len, "started", (json_int_t)funnel->case_count,
                             "rows", rows));
}

// "12000" and "12000.50", in hundredths.
static bool read_sum(struct slice text, uint64_t *ret_cents)
{
    int64_t number;
    uint8_t scale;
    if (!value_parse_decimal(text, &number, &scale) || scale > 2 || number <= 0 ||
        number > SUM_MAX) {
        return false;
    }
    *ret_cents = (uint64_t)number * (scale == 0 ? 100 : scale == 1 ? 10 : 1);
    return true;
}

int cmd_funnel(struct cli *cli)
{
    struct funnel funnel = { .cli = cli, .process = cli_word(cli, 0) };
    uint64_t cents = 0;
    if (cli->args.word_count > 1 && !read_sum(cli_word(cli, 1), &cents)) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "`%.*s` is no sum: write what was spent as a number, as in 12000",
                           SLICE_PRINT(cli_word(cli, 1)));
    }
    int status = cli_past(cli, OPTION_HISTORY_SINCE, false, &funnel.since_ms);
    status = status == CLI_DONE ? cli_past(cli, OPTION_UNTIL, true, &funnel.until_ms) : status;
    if (status != CLI_DONE) {
        return status;
    }
    arena_init(&funnel.arena, 1 << 20);
    status = read_journal(&funnel);
    if (status == CLI_DONE && funnel.case_count == 0) {
        status = cli_problem(cli, CLI_REFUSED, "nothing",
                             "no case of a process `%.*s` was started then",
                             SLICE_PRINT(funnel.process));
    } else if (status == CLI_DONE && cli_json_wanted(cli)) {
        put_json(&funnel, cents);
    } else if (status == CLI_DONE) {
        put_table(&funnel, cents);
    }
    arena_done(&funnel.arena);
    mem_free(funnel.cases);
    return status;
}
