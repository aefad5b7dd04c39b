// The card of a case, on one screen.
#include "base/pack.h"
#include "base/utf8.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/when.h"
#include "engine/time/zoneinfo.h"

enum { FIELD_ROWS_LEAST = 3, BUTTON_ROWS_LEAST = 3, NARROW_COLUMNS = 60 };

struct card {
    struct cli *cli;
    struct slice map;
    bool all;
    unsigned rows_left; // of the screen
};

static struct slice text_of(const struct card *card, struct slice map, const char *key)
{
    return term_clean(&card->cli->arena, wire_text(map, key, &card->cli->arena));
}

static unsigned lines_since(const struct buf *out, size_t mark)
{
    unsigned lines = 0;
    for (size_t i = mark; i < out->len; i++) {
        lines += out->ptr[i] == '\n' ? 1 : 0;
    }
    return lines;
}

static void frozen_put(struct card *card)
{
    struct buf *out = &card->cli->out;
    struct wire_list frames = wire_list(wire_raw(card->map, "frozen"));
    struct slice frame;
    while (wire_next(&frames, &frame)) {
        buf_format(out, "%.*s since ", SLICE_PRINT(text_of(card, frame, "label")));
        when_moment(out, wire_moment(frame, "since"), card->cli->now_ms, cli_zone(card->cli));
        buf_format(out, ", frozen: %.*s\n", SLICE_PRINT(text_of(card, frame, "stage_label")));
    }
}

// Where the case stands: "Files + Act, 40%".
static struct slice places_text(struct card *card)
{
    struct arena *arena = &card->cli->arena;
    struct slice text = SLICE_EMPTY;
    struct wire_list list = wire_list(wire_raw(card->map, "places"));
    struct slice place;
    while (wire_next(&list, &place)) {
        struct slice label = text_of(card, place, "stage_label");
        label = label.len > 0 ? label : text_of(card, place, "stage");
        text = arena_format(arena, "%.*s%s%.*s", SLICE_PRINT(text), text.len > 0 ? " + " : "",
                            SLICE_PRINT(label));
    }
    if (wire_raw(card->map, "chance").len > 0) {
        text = arena_format(arena, "%.*s, %llu%%", SLICE_PRINT(text),
                            (unsigned long long)wire_uint(card->map, "chance"));
    }
    return text;
}

// What the client's clock shows now: "where the client is, it is 2026-03-02 21:05 (Asia/Tokyo)".
static void clock_put(struct card *card)
{
    struct slice name = text_of(card, card->map, "zone");
    const struct zone *zone = name.len > 0 ? zoneinfo_load(name, &card->cli->zones) : NULL;
    if (zone == NULL) {
        return;
    }
    struct buf *out = &card->cli->out;
    buf_put_cstr(out, "where the client is, it is ");
    when_stamp(out, card->cli->now_ms, zone);
    out->len -= sizeof(":00") - 1; // without the seconds
    buf_format(out, " (%.*s)\n", SLICE_PRINT(name));
}

static void head_put(struct card *card)
{
    struct buf *out = &card->cli->out;
    const struct term *term = &card->cli->term;
    struct arena *arena = &card->cli->arena;
    struct slice left =
        arena_format(arena, "%llu %.*s", (unsigned long long)wire_uint(card->map, "instance"),
                     SLICE_PRINT(text_of(card, card->map, "title")));
    struct slice ended = text_of(card, card->map, "ended");
    struct slice right = ended.len > 0 ? arena_format(arena, "ended: %.*s", SLICE_PRINT(ended))
                                       : places_text(card);
    right = term_fit(arena, right, term->columns > 40 ? term->columns / 2 : 20);
    unsigned right_cells = (unsigned)utf8_cells(right);
    unsigned room = term->columns > right_cells + 12 ? term->columns - right_cells - 2 : 10;
    left = term_fit(arena, left, room);
    term_put(term, out, TERM_BOLD, left);
    term_pad(out, room - (unsigned)utf8_cells(left) + 2);
    term_put(term, out, ended.len > 0 ? TERM_GREEN : TERM_CYAN, right);
    buf_put_char(out, '\n');
    struct slice process = text_of(card, card->map, "process");
    buf_format(out, "%.*s, started ", SLICE_PRINT(process));
    when_moment(out, wire_moment(card->map, "started"), card->cli->now_ms, cli_zone(card->cli));
    struct slice creator = text_of(card, card->map, "creator");
    if (creator.len > 0) {
        buf_format(out, " by %.*s", SLICE_PRINT(creator));
    }
    if (wire_uint(card->map, "parent") > 0) {
        buf_format(out, ", under case %llu", (unsigned long long)wire_uint(card->map, "parent"));
    }
    buf_put_char(out, '\n');
    clock_put(card);
    frozen_put(card);
}

static void task_put(struct card *card, struct slice task, bool main_task)
{
    struct cli *cli = card->cli;
    struct buf *out = &cli->out;
    uint64_t due = wire_moment(task, "due");
    term_put(&cli->term, out, TERM_BOLD, main_task ? SLICE("Task ") : SLICE("Also "));
    buf_format(out, "%llu: ", (unsigned long long)wire_uint(task, "task"));
    if (main_task && wire_count(wire_raw(card->map, "places")) > 1) {
        buf_format(out, "%.*s: ", SLICE_PRINT(text_of(card, task, "stage_label")));
    }
    term_put(&cli->term, out, main_task ? TERM_BOLD : TERM_PLAIN, text_of(card, task, "title"));
    struct slice role = text_of(card, task, "for");
    struct slice holder = text_of(card, task, "holder");
    struct slice offered = text_of(card, task, "offered");
    buf_put_cstr(out, "\n     ");
    if (holder.len > 0) {
        buf_format(out, "for %.*s%s%.*s%s", SLICE_PRINT(holder), role.len > 0 ? " (" : "",
                   SLICE_PRINT(role), role.len > 0 ? ")" : "");
    } else {
        buf_format(out, "for any %.*s", SLICE_PRINT(offered.len > 0 ? offered : role));
    }
    if (due > 0) {
        buf_put_cstr(out, ", due ");
        when_moment(out, due, cli->now_ms, cli_zone(cli));
        buf_put_cstr(out, ", ");
        term_put_style(&cli->term, out, wire_bool(task, "late") ? TERM_RED : TERM_PLAIN);
        when_due(out, due, cli->now_ms);
        term_put_style(&cli->term, out, TERM_PLAIN);
    }
    buf_put_cstr(out, wire_bool(task, "promised") ? ", promised" : "");
    buf_put_cstr(out, wire_bool(task, "urgent") ? ", urgent" : "");
    uint64_t tries = wire_uint(task, "tries");
    if (tries > 0) {
        buf_format(out, ", %llu %s", (unsigned long long)tries, tries == 1 ? "try" : "tries");
    }
    buf_put_char(out, '\n');
    if (main_task) {
        (void)term_wrap(&cli->term, out, wire_text(task, "script", &cli->arena), 5,
                        card->all ? 100 : 3);
    }
}

static void tasks_put(struct card *card)
{
    struct slice main_task = wire_raw(card->map, "task");
    if (main_task.len > 0) {
        task_put(card, main_task, true);
    }
    struct wire_list others = wire_list(wire_raw(card->map, "tasks"));
    struct slice task;
    while (wire_next(&others, &task)) {
        task_put(card, task, !wire_bool(task, "side"));
    }
}

static void incidents_put(struct card *card)
{
    struct cli *cli = card->cli;
    struct wire_list list = wire_list(wire_raw(card->map, "incidents"));
    struct slice incident;
    while (wire_next(&list, &incident)) {
        term_put(&cli->term, &cli->out, TERM_RED, SLICE("Incident "));
        struct slice line = arena_format(&cli->arena, "%llu: %.*s",
                                         (unsigned long long)wire_uint(incident, "incident"),
                                         SLICE_PRINT(text_of(card, incident, "text")));
        struct buf text;
        buf_init(&text, 1 << 16);
        (void)term_wrap(&cli->term, &text, line, 9, 3);
        struct slice rest = buf_slice(&text);
        buf_put_slice(&cli->out, slice_sub(rest, rest.len > 9 ? 9 : 0, rest.len));
        buf_done(&text);
    }
}

// Two label-value pairs a row, one on a narrow terminal. Returns how many pairs did not fit.
static uint32_t pairs_put(struct card *card, const struct slice *labels, const struct slice *values,
                          uint32_t count, unsigned rows)
{
    static const struct grid_column columns[] = {
        { "", false, 8, 0 },
        { "", false, 12, 0 },
        { "", false, 8, 0 },
        { "", false, 12, 0 },
    };
    uint32_t sides = card->cli->term.columns < NARROW_COLUMNS ? 1 : 2;
    uint32_t shown = count < rows * sides ? count : rows * sides;
    struct grid grid;
    grid_init(&grid, &card->cli->arena, columns, ARRAY_COUNT(columns));
    uint32_t half = (shown + sides - 1) / sides;
    for (uint32_t i = 0; i < half; i++) {
        grid_row(&grid);
        for (uint32_t side = 0; side < sides && i + side * half < shown; side++) {
            grid_cell(&grid, side * 2, labels[i + side * half]);
            grid_cell(&grid, side * 2 + 1, values[i + side * half]);
            grid_style(&grid, side * 2, TERM_DIM);
        }
    }
    grid_print(&grid, &card->cli->term, 2, true, &card->cli->out);
    return count - shown;
}

static void fields_put(struct card *card, unsigned rows)
{
    struct cli *cli = card->cli;
    struct slice fields = wire_raw(card->map, "fields");
    uint32_t total = wire_count(fields);
    struct slice *labels = ARENA_ARRAY(&cli->arena, struct slice, total + 1);
    struct slice *values = ARENA_ARRAY(&cli->arena, struct slice, total + 1);
    uint32_t count = 0;
    struct wire_list list = wire_list(fields);
    struct slice field;
    while (wire_next(&list, &field)) {
        struct slice value = text_of(card, field, "text");
        value = value.len > 0 ? value : text_of(card, field, "value");
        if (value.len > 0 || card->all) {
            labels[count] = text_of(card, field, "label");
            values[count++] = value;
        }
    }
    uint32_t hidden = count > 0 ? pairs_put(card, labels, values, count, rows) : 0;
    uint32_t empty = total - count;
    if (hidden > 0 || empty > 0) {
        struct slice note =
            arena_format(&cli->arena, "  … %u more field%s: --all shows %s\n", hidden + empty,
                         hidden + empty == 1 ? "" : "s", hidden + empty == 1 ? "it" : "them");
        term_put(&cli->term, &cli->out, TERM_DIM, note);
    }
}

static void buttons_put(struct card *card, unsigned rows)
{
    struct cli *cli = card->cli;
    struct slice actions = wire_raw(card->map, "actions");
    uint32_t total = wire_count(actions);
    if (total == 0) {
        return;
    }
    struct slice *names = ARENA_ARRAY(&cli->arena, struct slice, total);
    struct slice *labels = ARENA_ARRAY(&cli->arena, struct slice, total);
    uint32_t count = 0;
    bool several = wire_count(wire_raw(card->map, "places")) > 1;
    struct wire_list list = wire_list(actions);
    struct slice action;
    while (wire_next(&list, &action)) {
        names[count] = text_of(card, action, "action");
        uint32_t asks = wire_count(wire_raw(action, "form"));
        labels[count] = asks == 0 ? text_of(card, action, "label")
                                  : arena_format(&cli->arena, "%.*s …",
                                                 SLICE_PRINT(text_of(card, action, "label")));
        if (several) {
            labels[count] = arena_format(&cli->arena, "%.*s (%.*s)", SLICE_PRINT(labels[count]),
                                         SLICE_PRINT(text_of(card, action, "place")));
        }
        count++;
    }
    term_put(&cli->term, &cli->out, TERM_BOLD, SLICE("Buttons"));
    buf_format(&cli->out, " (rung press %llu NAME)\n",
               (unsigned long long)wire_uint(card->map, "instance"));
    uint32_t hidden = pairs_put(card, names, labels, count, rows);
    if (hidden > 0) {
        buf_format(&cli->out, "  … %u more: `rung press %llu` lists them\n", hidden,
                   (unsigned long long)wire_uint(card->map, "instance"));
    }
}

static void people_put(struct card *card)
{
    struct cli *cli = card->cli;
    struct slice line = SLICE_EMPTY;
    struct wire_list list = wire_list(wire_raw(card->map, "slots"));
    struct slice slot;
    while (wire_next(&list, &slot)) {
        struct slice user = text_of(card, slot, "user");
        if (user.len > 0) {
            line = arena_format(&cli->arena, "%.*s%s%.*s: %.*s", SLICE_PRINT(line),
                                line.len > 0 ? "   " : "", SLICE_PRINT(text_of(card, slot, "role")),
                                SLICE_PRINT(user));
        }
    }
    if (line.len > 0) {
        term_put(&cli->term, &cli->out, TERM_BOLD, SLICE("People"));
        buf_put_char(&cli->out, '\n');
        (void)term_wrap(&cli->term, &cli->out, line, 2, card->all ? 20 : 2);
    }
}

static void children_put(struct card *card)
{
    struct cli *cli = card->cli;
    struct slice children = wire_raw(card->map, "children");
    uint32_t total = wire_count(children);
    if (total == 0) {
        return;
    }
    struct slice line = SLICE_EMPTY;
    uint32_t open = 0;
    struct wire_list list = wire_list(children);
    struct slice child;
    while (wire_next(&list, &child)) {
        struct slice state = text_of(card, child, "state");
        bool is_open = slice_equal(state, SLICE("open"));
        open += is_open ? 1 : 0;
        struct slice stage = text_of(card, child, "stage");
        line = arena_format(&cli->arena, "%.*s%s%llu %.*s: %.*s", SLICE_PRINT(line),
                            line.len > 0 ? "   " : "",
                            (unsigned long long)wire_uint(child, "instance"),
                            SLICE_PRINT(text_of(card, child, "process")),
                            SLICE_PRINT(is_open && stage.len > 0 ? stage : state));
    }
    term_put(&cli->term, &cli->out, TERM_BOLD, SLICE("Cases under it"));
    buf_format(&cli->out, " (%u, %u open)\n", total, open);
    (void)term_wrap(&cli->term, &cli->out, line, 2, card->all ? 100 : 2);
}

static void card_put(struct card *card)
{
    struct buf *out = &card->cli->out;
    const struct term *term = &card->cli->term;
    size_t start = out->len;
    head_put(card);
    tasks_put(card);
    incidents_put(card);
    unsigned used = lines_since(out, start);
    size_t mark = out->len;
    people_put(card);
    children_put(card);
    // What stands below the fields is measured first, so that the fields take what is left.
    unsigned below = lines_since(out, mark);
    struct slice tail = arena_copy(&card->cli->arena, slice_sub(buf_slice(out), mark, out->len));
    out->len = mark;
    unsigned buttons = (wire_count(wire_raw(card->map, "actions")) + 1) / 2;
    unsigned screen = card->all || !term->terminal ? 10000 : term->rows;
    unsigned rest = screen > used + below + 4 ? screen - used - below - 4 : 0;
    unsigned fields = rest > buttons + FIELD_ROWS_LEAST ? rest - buttons : FIELD_ROWS_LEAST;
    unsigned button_rows = rest > fields + BUTTON_ROWS_LEAST ? rest - fields : BUTTON_ROWS_LEAST;
    term_put(term, out, TERM_BOLD, SLICE("Fields"));
    buf_put_char(out, '\n');
    fields_put(card, fields);
    buttons_put(card, buttons > button_rows ? button_rows : buttons);
    buf_put_slice(out, tail);
}

// --at: the number of a record, or a moment.
static int then_put(struct cli *cli, struct params *params)
{
    const char *at = cli_option(cli, OPTION_AT);
    uint64_t seq = 0;
    uint64_t at_ms = 0;
    if (at == NULL) {
        return CLI_DONE;
    }
    if (args_number(slice_from_cstr(at), UINT64_MAX, &seq)) {
        params_uint(params, "seq", seq);
        return CLI_DONE;
    }
    int status = cli_past(cli, OPTION_AT, true, &at_ms);
    if (status == CLI_DONE) {
        params_uint(params, "at", at_ms);
    }
    return status;
}

// The card counts from that moment, and says so.
static void then_tell(struct cli *cli, struct slice card)
{
    struct buf stamp;
    buf_init(&stamp, 64);
    cli->now_ms = wire_moment(card, "now");
    when_stamp(&stamp, cli->now_ms, cli_zone(cli));
    struct slice line = arena_format(&cli->arena, "as it stood on %.*s, after record %llu\n",
                                     SLICE_PRINT(buf_slice(&stamp)),
                                     (unsigned long long)wire_uint(card, "seq"));
    buf_done(&stamp);
    term_put(&cli->term, &cli->out, TERM_YELLOW, line);
}

int cmd_show(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    int status = then_put(cli, &params);
    cli_put_as(cli, &params);
    struct client_reply reply;
    status = status == CLI_DONE ? cli_ask(cli, "show", &params, &reply) : status;
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        if (cli_option(cli, OPTION_AT) != NULL) {
            then_tell(cli, reply.result);
        }
        struct card card = { .cli = cli,
                             .map = reply.result,
                             .all = cli_option(cli, OPTION_ALL) != NULL };
        card_put(&card);
    }
    params_done(&params);
    return status;
}
