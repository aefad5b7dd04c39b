// What happened: the history of a case, and the same lines live.
#include <stdio.h>

#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/inbox.h"
#include "engine/cli/story.h"
#include "engine/cli/when.h"
#include "base/utf8.h"

enum { STAMP_CELLS = 16, WHO_CELLS = 14, FOREVER_MS = 24 * 3600 * 1000, RETRY_MS = 500 };

static struct slice who_text(struct cli *cli, struct slice record)
{
    struct arena *arena = &cli->arena;
    struct slice who = wire_text(record, "who", arena);
    struct slice whom = wire_text(record, "for", arena);
    bool admin = slice_equal(who, SLICE("admin"));
    struct slice text = who;
    if (whom.len > 0) { // said by the one for the other
        text = arena_format(arena, admin ? "%.*s (%.*s)" : "%.*s, by %.*s", SLICE_PRINT(whom),
                            SLICE_PRINT(who));
    }
    return term_fit(arena, term_clean(arena, text), WHO_CELLS);
}

// The beginning of a line: moment and person, or blanks of the same width.
static void margin_put(struct cli *cli, struct slice record, bool first)
{
    struct buf *out = &cli->out;
    if (!first) {
        term_pad(out, STAMP_CELLS + 2 + WHO_CELLS + 2);
        return;
    }
    struct buf stamp;
    buf_init(&stamp, 64);
    when_stamp(&stamp, wire_moment(record, "at"), cli_zone(cli));
    term_put(&cli->term, out, TERM_DIM, slice_sub(buf_slice(&stamp), 0, STAMP_CELLS));
    buf_done(&stamp);
    struct slice who = who_text(cli, record);
    buf_put_cstr(out, "  ");
    term_put(&cli->term, out, TERM_BOLD, who);
    term_pad(out, WHO_CELLS + 2 - (unsigned)utf8_cells(who));
}

// A text beside the margin, on as many lines as it needs.
static void body_put(struct cli *cli, struct slice text)
{
    struct term narrow = cli->term;
    unsigned indent = STAMP_CELLS + 2 + WHO_CELLS + 2;
    struct buf lines;
    buf_init(&lines, 1 << 20);
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') { // "read from who: " of what is empty
        text.len--;
    }
    (void)term_wrap(&narrow, &lines, text, indent, 6);
    struct slice rest = buf_slice(&lines);
    buf_put_slice(&cli->out, slice_sub(rest, rest.len >= indent ? indent : rest.len, rest.len));
    if (rest.len == 0) {
        buf_put_char(&cli->out, '\n');
    }
    buf_done(&lines);
}

// Answers of the form that no event tells (those that fill a field come as its change).
static void record_put(struct cli *cli, struct slice record)
{
    struct arena_mark mark = arena_mark(&cli->arena);
    struct story story = { &cli->arena, cli_option(cli, OPTION_ALL) != NULL,
                           cli_zone(cli) };
    struct wire_list events = wire_list(wire_raw(record, "events"));
    struct slice event;
    struct buf line;
    buf_init(&line, 1 << 20);
    bool first = true;
    while (wire_next(&events, &event)) {
        buf_reset(&line);
        if (!story_event(&story, event, &line)) {
            continue;
        }
        struct slice form = wire_raw(record, "form");
        bool pressed = slice_equal(wire_text(event, "event", &cli->arena), SLICE("pressed"));
        if (pressed && wire_count(form) > 0) {
            buf_put_cstr(&line, ": ");
            story_form(&story, form, &line);
        }
        margin_put(cli, record, first);
        body_put(cli, buf_slice(&line));
        first = false;
    }
    if (first) { // only book-keeping, or nothing for this reader
        margin_put(cli, record, true);
        body_put(cli, wire_text(record, "command", &cli->arena));
    }
    buf_done(&line);
    arena_rewind(&cli->arena, mark);
}

// What chooses among records; false: nothing does.
static bool is_choosing(const struct cli *cli)
{
    static const enum cli_option options[] = { OPTION_BY,    OPTION_KIND,  OPTION_ACTION,
                                               OPTION_STAGE, OPTION_FIELD, OPTION_HISTORY_SINCE,
                                               OPTION_UNTIL, OPTION_GREP };
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        if (cli_option(cli, options[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void put_choice(struct cli *cli, struct params *params, enum cli_option option,
                       const char *key)
{
    if (cli_option(cli, option) != NULL) {
        params_text(params, key, slice_from_cstr(cli_option(cli, option)));
    }
}

struct history {
    uint64_t instance; // 0: all cases
    uint64_t from, limit, since_ms, until_ms;
    bool chosen; // asks `records` instead of `history`
};

static int history_page(struct cli *cli, const struct history *history,
                        struct client_reply *ret_reply)
{
    struct params params;
    params_init(&params);
    if (history->instance > 0) {
        params_uint(&params, "instance", history->instance);
    }
    params_uint(&params, "from", history->from);
    params_uint(&params, "limit", history->limit < 100 ? history->limit : 100);
    put_choice(cli, &params, OPTION_BY, "who");
    put_choice(cli, &params, OPTION_KIND, "kind");
    put_choice(cli, &params, OPTION_ACTION, "action");
    put_choice(cli, &params, OPTION_STAGE, "stage");
    put_choice(cli, &params, OPTION_FIELD, "field");
    put_choice(cli, &params, OPTION_GREP, "grep");
    if (history->since_ms > 0) {
        params_uint(&params, "since", history->since_ms);
    }
    if (history->until_ms > 0) {
        params_uint(&params, "until", history->until_ms);
    }
    cli_put_as(cli, &params);
    int status = cli_ask(cli, history->chosen ? "records" : "history", &params, ret_reply);
    params_done(&params);
    return status;
}

static void case_put(struct cli *cli, struct slice record, uint64_t *shown)
{
    uint64_t instance = wire_uint(record, "instance");
    if (instance == *shown) {
        return;
    }
    *shown = instance;
    struct slice line = instance > 0 ? arena_format(&cli->arena, "case %llu",
                                                    (unsigned long long)instance)
                                     : SLICE("the company");
    term_put(&cli->term, &cli->out, TERM_BOLD, line);
    buf_put_char(&cli->out, '\n');
}

// Prints one page; gives the number of its last record (0: the page is empty).
static uint64_t page_print(struct cli *cli, const struct history *history,
                           const struct client_reply *reply, json_t *all, uint64_t *shown)
{
    uint64_t last = 0;
    struct wire_list records = wire_list(wire_raw(reply->result, "records"));
    struct slice record;
    while (wire_next(&records, &record)) {
        last = wire_uint(record, "seq");
        if (all != NULL) {
            (void)json_array_append_new(all, wire_json(record));
            continue;
        }
        if (history->instance == 0) {
            case_put(cli, record, shown);
        }
        record_put(cli, record);
        cli_print(cli);
    }
    return last;
}

static int history_pages(struct cli *cli, struct history *history, json_t *all)
{
    uint64_t shown = UINT64_MAX;
    bool found = false;
    while (history->limit > 0) {
        struct client_reply reply;
        int status = history_page(cli, history, &reply);
        if (status != CLI_DONE) {
            return status;
        }
        uint32_t count = wire_count(wire_raw(reply.result, "records"));
        bool more = history->chosen ? wire_moment(reply.result, "next") > 0
                                    : wire_bool(reply.result, "more") && count > 0;
        uint64_t last = page_print(cli, history, &reply, all, &shown);
        found = found || last > 0;
        history->from = history->chosen ? wire_moment(reply.result, "next") : last;
        history->limit -= count < history->limit ? count : history->limit;
        if (!more) {
            break;
        }
    }
    if (!found && all == NULL) {
        buf_put_cstr(&cli->out, "no record is like that\n");
    }
    return CLI_DONE;
}

static int history_read(struct cli *cli, struct history *history)
{
    *history = (struct history){ .limit = UINT32_MAX };
    bool named = cli->args.word_count > 0;
    if ((named && !cli_case(cli, &history->instance)) ||
        !cli_number(cli, OPTION_FROM, UINT64_MAX, &history->from) ||
        !cli_number(cli, OPTION_LIMIT, UINT32_MAX, &history->limit)) {
        return CLI_USAGE;
    }
    // `from` of the wire is the last record already seen.
    history->from = history->from > 0 ? history->from - 1 : 0;
    history->chosen = is_choosing(cli);
    if (!named && !history->chosen) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "say which CASE, or choose among all by --by, --since, --kind …");
    }
    int status = cli_past(cli, OPTION_HISTORY_SINCE, false, &history->since_ms);
    return status == CLI_DONE ? cli_past(cli, OPTION_UNTIL, true, &history->until_ms) : status;
}

// --proof: a hash for each record.
static int proof(struct cli *cli, uint64_t instance)
{
    uint64_t from = 0;
    do {
        struct params params;
        struct client_reply reply;
        params_init(&params);
        if (instance > 0) {
            params_uint(&params, "instance", instance);
        }
        params_uint(&params, "from", from);
        cli_put_as(cli, &params);
        int status = cli_ask(cli, "proof", &params, &reply);
        params_done(&params);
        if (status != CLI_DONE) {
            return status;
        }
        from = wire_moment(reply.result, "next");
        if (cli_answered_json(cli, &reply)) {
            continue;
        }
        struct wire_list list = wire_list(wire_raw(reply.result, "records"));
        struct slice item;
        while (wire_next(&list, &item)) {
            buf_format(&cli->out, "%.*s\n", SLICE_PRINT(wire_print(item, &cli->arena)));
        }
        if (from == 0) {
            buf_format(&cli->out, "head of the history: %.*s\n",
                       SLICE_PRINT(wire_text(reply.result, "head", &cli->arena)));
        }
        cli_print(cli);
    } while (from > 0);
    return CLI_DONE;
}

// --- one client ---------------------------------------------------------------------------------
// S63, S99

enum { CLIENT_CASES_MAX = 200, CLIENT_RECORDS_MAX = 20000 };

struct line_of_time {
    struct slice *records; // packed, in the arena
    uint64_t *seqs;
    uint32_t count;
    bool more;
};

static int history_collect(struct cli *cli, uint64_t instance, struct line_of_time *line)
{
    struct client_reply reply;
    struct history history = { .instance = instance, .limit = 100 };
    do {
        int status = history_page(cli, &history, &reply);
        if (status != CLI_DONE) {
            return status;
        }
        struct wire_list records = wire_list(wire_raw(reply.result, "records"));
        struct slice record;
        while (wire_next(&records, &record)) {
            history.from = wire_uint(record, "seq");
            if (line->count == CLIENT_RECORDS_MAX) {
                line->more = true;
                return CLI_DONE;
            }
            line->records[line->count] = arena_copy(&cli->arena, record);
            line->seqs[line->count++] = history.from;
        }
    } while (wire_bool(reply.result, "more"));
    return CLI_DONE;
}

// Puts the records of several cases, each list in order already, into the order of the journal.
static void line_sort(struct line_of_time *line)
{
    for (uint32_t i = 1; i < line->count; i++) {
        struct slice record = line->records[i];
        uint64_t seq = line->seqs[i];
        uint32_t at = i;
        for (; at > 0 && line->seqs[at - 1] > seq; at--) {
            line->records[at] = line->records[at - 1];
            line->seqs[at] = line->seqs[at - 1];
        }
        line->records[at] = record;
        line->seqs[at] = seq;
    }
}

static void line_print(struct cli *cli, const struct line_of_time *line, struct slice cases)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < line->count; i++) {
        uint64_t instance = wire_uint(line->records[i], "instance");
        struct wire_list list = wire_list(cases);
        struct slice one;
        while (instance != before && wire_next(&list, &one)) {
            if (wire_uint(one, "instance") == instance) {
                struct slice title = wire_text(one, "title", &cli->arena);
                struct slice head = arena_format(&cli->arena, "case %llu: %.*s",
                                                 (unsigned long long)instance,
                                                 SLICE_PRINT(term_clean(&cli->arena, title)));
                term_put(&cli->term, &cli->out, TERM_BOLD, head);
                buf_put_char(&cli->out, '\n');
            }
        }
        before = instance;
        record_put(cli, line->records[i]);
        cli_print(cli);
    }
    if (line->count == 0) {
        buf_put_cstr(&cli->out, "no case of that client is found\n");
    }
    if (line->more) {
        buf_put_cstr(&cli->out, "… there is more: look at the cases one by one\n");
    }
}

static int history_of_client(struct cli *cli, struct slice key)
{
    struct line_of_time line = {
        .records = ARENA_ARRAY(&cli->arena, struct slice, CLIENT_RECORDS_MAX),
        .seqs = ARENA_ARRAY(&cli->arena, uint64_t, CLIENT_RECORDS_MAX),
    };
    struct params params;
    params_init(&params);
    params_text(&params, "words", key);
    params_uint(&params, "limit", CLIENT_CASES_MAX);
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "search", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    line.more = wire_bool(reply.result, "more");
    struct slice cases = arena_copy(&cli->arena, wire_raw(reply.result, "cases"));
    struct wire_list list = wire_list(cases);
    struct slice one;
    while (status == CLI_DONE && wire_next(&list, &one)) {
        if (wire_bool(one, "exact")) { // a beginning of the key may be another client's
            status = history_collect(cli, wire_uint(one, "instance"), &line);
        }
    }
    line_sort(&line);
    if (status == CLI_DONE && cli_json_wanted(cli)) {
        json_t *all = json_array();
        for (uint32_t i = 0; i < line.count; i++) {
            (void)json_array_append_new(all, wire_json(line.records[i]));
        }
        cli_print_json(cli, all);
    } else if (status == CLI_DONE) {
        line_print(cli, &line, cases);
    }
    return status;
}

int cmd_history(struct cli *cli)
{
    const char *client = cli_option(cli, OPTION_OF_CLIENT);
    if (client != NULL) {
        if (cli->args.word_count > 0 || is_choosing(cli) ||
            cli_option(cli, OPTION_FROM) != NULL || cli_option(cli, OPTION_LIMIT) != NULL ||
            cli_option(cli, OPTION_PROOF) != NULL) {
            return cli_problem(cli, CLI_USAGE, "usage",
                               "--client KEY stands alone: it shows all cases of the client");
        }
        return history_of_client(cli, slice_from_cstr(client));
    }
    if (cli_option(cli, OPTION_PROOF) != NULL) {
        uint64_t instance = 0;
        bool named = cli->args.word_count > 0;
        if (is_choosing(cli)) {
            return cli_problem(cli, CLI_USAGE, "usage", "--proof takes every record of the CASE");
        }
        return named && !cli_case(cli, &instance) ? CLI_USAGE : proof(cli, instance);
    }
    struct history history;
    int status = history_read(cli, &history);
    if (status != CLI_DONE) {
        return status;
    }
    json_t *all = cli_json_wanted(cli) ? json_array() : NULL;
    status = history_pages(cli, &history, all);
    if (all != NULL && status == CLI_DONE) {
        cli_print_json(cli, all);
    } else {
        json_decref(all);
    }
    return status;
}

// --- watch --------------------------------------------------------------------------------------

struct watch {
    uint64_t instance; // 0: an inbox
    struct slice user;
    uint64_t seen; // last record shown
    bool resume;   // `seen` counts
};

static int watch_subscribe(struct cli *cli, struct watch *watch)
{
    struct params params;
    params_init(&params);
    if (watch->instance > 0) {
        params_uint(&params, "instance", watch->instance);
        if (watch->resume) {
            params_uint(&params, "from", watch->seen);
        }
    } else {
        params_text(&params, "inbox", watch->user);
        inbox_put_zone(cli, &params);
    }
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "subscribe", &params, &reply);
    if (status == CLI_DONE && watch->instance > 0 && !watch->resume) {
        watch->seen = wire_uint(reply.result, "seq");
        watch->resume = true;
    }
    params_done(&params);
    return status;
}

static void inbox_line(struct cli *cli, struct slice card, bool added)
{
    struct arena *arena = &cli->arena;
    struct buf *out = &cli->out;
    struct buf stamp;
    buf_init(&stamp, 64);
    when_stamp(&stamp, cli->now_ms, cli_zone(cli));
    term_put(&cli->term, out, TERM_DIM, buf_slice(&stamp));
    buf_done(&stamp);
    term_put(&cli->term, out, added ? TERM_GREEN : TERM_DIM, added ? SLICE("  + ") : SLICE("  - "));
    buf_format(out, "case %llu task %llu", (unsigned long long)wire_uint(card, "instance"),
               (unsigned long long)wire_uint(card, "task"));
    struct slice title = wire_text(card, "title", arena);
    if (title.len > 0) {
        buf_format(out, ": %.*s", SLICE_PRINT(term_clean(arena, title)));
    }
    uint64_t due = wire_moment(card, "due");
    if (due > 0) {
        buf_put_cstr(out, ", ");
        when_due(out, due, cli->now_ms);
    }
    struct slice lane = wire_text(card, "lane_label", arena);
    if (lane.len > 0) {
        buf_put_cstr(out, "  ");
        term_put(&cli->term, out, inbox_style(wire_text(card, "colour", arena)),
                 arena_format(arena, "[%.*s]", SLICE_PRINT(term_clean(arena, lane))));
    }
    buf_put_char(out, '\n');
}

static void inbox_push(struct cli *cli, struct slice params)
{
    struct arena_mark mark = arena_mark(&cli->arena);
    struct slice card;
    struct wire_list added = wire_list(wire_raw(params, "added"));
    while (wire_next(&added, &card)) {
        inbox_line(cli, card, true);
    }
    struct wire_list removed = wire_list(wire_raw(params, "removed"));
    while (wire_next(&removed, &card)) {
        inbox_line(cli, card, false);
    }
    if (wire_bool(params, "reload")) {
        buf_put_cstr(&cli->out, "much has changed: look at the whole inbox\n");
    }
    arena_rewind(&cli->arena, mark);
}

// Shows one notification. True: the subscription has ended and is to be made again.
static bool push_show(struct cli *cli, struct watch *watch)
{
    struct slice params = cli->client.params;
    cli->now_ms = client_now_ms(&cli->client);
    if (slice_equal(cli->client.push, SLICE("lagging")) ||
        slice_equal(cli->client.push, SLICE("hidden"))) { // the next try says why
        return true;
    }
    if (cli_json_wanted(cli)) {
        json_t *json = wire_json(params);
        (void)json_dumpf(json, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
        json_decref(json);
    } else if (slice_equal(cli->client.push, SLICE("case"))) {
        record_put(cli, params);
    } else {
        inbox_push(cli, params);
    }
    if (slice_equal(cli->client.push, SLICE("case"))) {
        watch->seen = wire_uint(params, "seq");
    }
    cli_print(cli);
    return ferror(stdout) != 0;
}

static int watch_on(struct cli *cli, struct watch *watch)
{
    for (;;) {
        int status = watch_subscribe(cli, watch);
        if (status != CLI_DONE) {
            return status;
        }
        for (;;) {
            struct client_reply reply;
            enum client_status got = client_receive(&cli->client, FOREVER_MS, &reply);
            if (got == CLIENT_LOST) {
                break; // say hello again, and go on after the last record shown
            }
            if (got == CLIENT_PUSHED && push_show(cli, watch)) {
                if (ferror(stdout) != 0) {
                    return CLI_DONE; // nobody reads any more
                }
                break;
            }
        }
        env_sleep_ms(RETRY_MS);
    }
}

int cmd_watch(struct cli *cli)
{
    struct watch watch = { 0 };
    const char *user = cli_option(cli, OPTION_INBOX);
    if ((user == NULL) == (cli->args.word_count == 0)) {
        return cli_problem(cli, CLI_USAGE, "usage", "say what to watch: a CASE or --inbox USER");
    }
    if (user != NULL && cli_option(cli, OPTION_FROM) != NULL) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "--from counts records of a case, not of an inbox");
    }
    if (user == NULL && !cli_case(cli, &watch.instance)) {
        return CLI_USAGE;
    }
    watch.user = slice_from_cstr(user);
    uint64_t from = 0;
    if (!cli_number(cli, OPTION_FROM, UINT64_MAX, &from)) {
        return CLI_USAGE;
    }
    if (cli_option(cli, OPTION_FROM) != NULL) {
        watch.resume = true;
        watch.seen = from > 0 ? from - 1 : 0;
    }
    return watch_on(cli, &watch);
}
