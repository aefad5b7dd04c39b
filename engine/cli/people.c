#include "engine/cli/people.h"

#include "base/pack.h"
#include "engine/cli/grid.h"
#include "engine/cli/when.h"

struct slice people_away(struct cli *cli, struct slice user)
{
    struct wire_list list = wire_list(wire_raw(user, "absences"));
    struct slice absence;
    while (wire_next(&list, &absence)) {
        if (!wire_bool(absence, "away")) {
            continue;
        }
        struct buf text;
        buf_init(&text, 400);
        struct slice substitute = wire_text(absence, "substitute", &cli->arena);
        buf_put_cstr(&text, "away until ");
        when_moment(&text, wire_moment(absence, "to"), cli->now_ms, cli_zone(cli));
        if (substitute.len > 0) {
            buf_format(&text, ", %.*s stands in", SLICE_PRINT(substitute));
        }
        struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
        buf_done(&text);
        return copy;
    }
    return SLICE_EMPTY;
}

int people_each(struct cli *cli, const char *method, const char *as, people_fn *each,
                void *context)
{
    uint64_t from = 0;
    int status = CLI_DONE;
    do {
        struct params params;
        struct client_reply reply;
        params_init(&params);
        params_uint(&params, "from", from);
        if (as != NULL) {
            params_text(&params, "as", slice_from_cstr(as));
        }
        status = cli_ask(cli, method, &params, &reply);
        params_done(&params);
        struct wire_list list = wire_list(status == CLI_DONE ? wire_raw(reply.result, method)
                                                             : SLICE_EMPTY);
        struct slice person;
        while (status == CLI_DONE && wire_next(&list, &person)) {
            status = each(cli, context, person);
        }
        from = status == CLI_DONE ? wire_uint(reply.result, "next") : 0;
    } while (from > 0);
    return status;
}

// --- absences ------------------------------------------------------------------------------------

// A moment on the engine's clock, which on a demo store is not ours.
static int put_moment(struct cli *cli, struct params *params, enum cli_option option,
                      const char *key)
{
    const char *text = cli_option(cli, option);
    uint64_t moment = 0;
    if (text == NULL) {
        return CLI_DONE;
    }
    int status = cli_connect(cli);
    if (status == CLI_DONE && cli->client.fd < 0) {
        (void)client_connect(&cli->client); // for the clock and the zone; asking tells what fails
    }
    if (status == CLI_DONE && !when_parse(slice_from_cstr(text), client_now_ms(&cli->client),
                                          cli_zone(cli), &moment)) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "`%s` is not a moment; say for example \"tomorrow 10:00\", \"in 2 h\" "
                           "or \"2026-03-02 18:00\"", text);
    }
    params_uint(params, key, moment);
    return status;
}

static void put_text(struct cli *cli, struct params *params, enum cli_option option,
                     const char *key)
{
    if (cli_option(cli, option) != NULL) {
        params_text(params, key, slice_from_cstr(cli_option(cli, option)));
    }
}

int people_absence(struct cli *cli, bool absent)
{
    if (cli->args.word_count != 2) {
        return cli_problem(cli, CLI_USAGE, "usage", "say who: rung users %s NAME",
                           absent ? "absent" : "present");
    }
    if (absent && cli_option(cli, OPTION_USERS_TO) == NULL) {
        return cli_problem(cli, CLI_USAGE, "usage", "--to WHEN is needed: until when is he away?");
    }
    struct params params;
    struct client_reply reply;
    params_init(&params);
    params_text(&params, "user", cli_word(cli, 1));
    int status = put_moment(cli, &params, OPTION_USERS_FROM, "from");
    if (status == CLI_DONE && absent) {
        status = put_moment(cli, &params, OPTION_USERS_TO, "to");
        put_text(cli, &params, OPTION_SUBSTITUTE, "substitute");
    }
    put_text(cli, &params, OPTION_REASON, "reason");
    if (status == CLI_DONE) {
        cli_put_request(cli, &params);
        status = cli_ask(cli, absent ? "absent" : "present", &params, &reply);
    }
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        struct slice name = cli_word(cli, 1);
        buf_format(&cli->out, absent ? "the absence of %.*s is noted\n" : "%.*s is there\n",
                   SLICE_PRINT(name));
    }
    params_done(&params);
    return status;
}

// --- handing over --------------------------------------------------------------------------------

struct hand_over {
    struct cli *cli;
    struct grid grid;
    json_t *all;
    uint32_t done, failed;
};

enum { HAND_CASE, HAND_WHAT, HAND_TO };

static void hand_row(struct hand_over *hand, uint64_t instance, struct slice what, struct slice to,
                     bool bad)
{
    struct arena *arena = &hand->cli->arena;
    grid_row(&hand->grid);
    grid_cell(&hand->grid, HAND_CASE, arena_format(arena, "%llu", (unsigned long long)instance));
    grid_cell(&hand->grid, HAND_WHAT, what);
    grid_cell(&hand->grid, HAND_TO, to);
    grid_style(&hand->grid, HAND_CASE, TERM_BOLD);
    grid_style(&hand->grid, HAND_TO, bad ? TERM_RED : TERM_PLAIN);
}

static void hand_tell(struct hand_over *hand, uint64_t instance, const struct client_reply *reply)
{
    struct arena *arena = &hand->cli->arena;
    if (hand->all != NULL) {
        json_t *item = wire_json(reply->refused ? reply->error : reply->result);
        (void)json_object_set_new(item, "instance", json_integer((json_int_t)instance));
        (void)json_array_append_new(hand->all, item);
    }
    if (reply->refused) {
        hand->failed++;
        hand_row(hand, instance, SLICE("refused"), arena_copy(arena, reply->message), true);
        return;
    }
    hand->done++;
    struct wire_list list = wire_list(wire_raw(reply->result, "handed"));
    struct slice item;
    while (wire_next(&list, &item)) {
        uint64_t task = wire_uint(item, "task");
        struct slice role = wire_text(item, "role", arena);
        struct slice to = wire_text(item, "to", arena);
        struct slice what =
            task != 0 ? arena_format(arena, "task %llu%s%.*s", (unsigned long long)task,
                                     role.len > 0 ? " of " : "", SLICE_PRINT(role))
                      : arena_format(arena, "slot %.*s", SLICE_PRINT(role));
        hand_row(hand, instance, what, to.len > 0 ? to : SLICE("nobody until it is needed"), false);
    }
}

static int hand_one(struct hand_over *hand, uint64_t instance, bool dry)
{
    struct cli *cli = hand->cli;
    struct params params;
    struct client_reply reply;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_text(&params, "user", cli_word(cli, 1));
    put_text(cli, &params, OPTION_USERS_TO, "to");
    put_text(cli, &params, OPTION_REASON, "reason");
    if (dry) {
        params_uint(&params, "dry_run", 1);
    } else {
        params_uint(&params, "id", cli->client.next_request++);
    }
    cli_put_as(cli, &params);
    int status = cli_try(cli, "hand_over", &params, &reply);
    if (status == CLI_DONE) {
        hand_tell(hand, instance, &reply);
    }
    params_done(&params);
    return status;
}

// The cases of one answer of `holdings`; their numbers are copied, the answer does not last.
static int hand_page(struct hand_over *hand, uint64_t *from, bool dry)
{
    struct cli *cli = hand->cli;
    struct params params;
    struct client_reply reply;
    params_init(&params);
    params_text(&params, "user", cli_word(cli, 1));
    params_uint(&params, "from", *from);
    cli_put_as(cli, &params);
    int status = cli_ask(cli, "holdings", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    *from = wire_uint(reply.result, "next");
    uint32_t count = wire_count(wire_raw(reply.result, "cases"));
    uint64_t *cases = ARENA_ARRAY(&cli->arena, uint64_t, count + 1);
    struct wire_list list = wire_list(wire_raw(reply.result, "cases"));
    struct slice item;
    for (uint32_t i = 0; i < count && wire_next(&list, &item); i++) {
        cases[i] = wire_uint(item, "instance");
    }
    for (uint32_t i = 0; i < count && status == CLI_DONE; i++) {
        status = hand_one(hand, cases[i], dry);
    }
    return status;
}

int people_hand_over(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "case", true, 0, 0 }, { "what", false, 12, 0 }, { "to", false, 20, 0 },
    };
    if (cli->args.word_count != 2) {
        return cli_problem(cli, CLI_USAGE, "usage", "say whose: rung users hand-over NAME");
    }
    struct hand_over hand = { .cli = cli, .all = cli_json_wanted(cli) ? json_array() : NULL };
    bool dry = cli_option(cli, OPTION_DRY_RUN) != NULL;
    grid_init(&hand.grid, &cli->arena, columns, ARRAY_COUNT(columns));
    uint64_t from = 0;
    int status = cli_connect(cli);
    do {
        status = status == CLI_DONE ? hand_page(&hand, &from, dry) : status;
    } while (status == CLI_DONE && from > 0);
    if (hand.all != NULL) {
        cli_print_json(cli, hand.all);
    } else if (hand.grid.row_count > 0) {
        grid_print(&hand.grid, &cli->term, 0, false, &cli->out);
    }
    if (status == CLI_DONE && hand.all == NULL) {
        buf_format(&cli->out, "%u %s%s%s", hand.done, hand.done == 1 ? "case" : "cases",
                   dry ? " would be handed over" : " handed over",
                   hand.failed == 0 ? "\n" : "");
        if (hand.failed > 0) {
            buf_format(&cli->out, ", %u refused\n", hand.failed);
        }
        if (dry && hand.done > 1 && cli_option(cli, OPTION_USERS_TO) == NULL) {
            buf_put_cstr(&cli->out, "each was looked at alone: in truth `pick` counts those that "
                                    "went before, and spreads them\n");
        }
    }
    return status == CLI_DONE && hand.failed > 0 ? CLI_BAD_INPUT : status;
}

// --- how people stand ----------------------------------------------------------------------------

struct standing {
    struct grid grid;
    json_t *all; // NULL: JSON is not asked for
};

static int standing_show(struct cli *cli, void *context, struct slice person)
{
    struct standing *standing = context;
    struct grid *grid = &standing->grid;
    static const char *const keys[] = { "tasks", "late", "promised", "overdue", "kept", "broken",
                                        "postponed" };
    struct arena *arena = &cli->arena;
    if (standing->all != NULL) {
        (void)json_array_append_new(standing->all, wire_json(person));
        return CLI_DONE;
    }
    grid_row(grid);
    grid_cell(grid, 0, wire_text(person, "name", arena));
    for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++) {
        grid_cell(grid, i + 1, wire_text(person, keys[i], arena));
    }
    grid_cell(grid, ARRAY_COUNT(keys) + 1, wire_bool(person, "away") ? SLICE("away") : SLICE_EMPTY);
    grid_style(grid, 0, TERM_BOLD);
    grid_style(grid, 2, wire_uint(person, "late") > 0 ? TERM_YELLOW : TERM_PLAIN);
    grid_style(grid, 4, wire_uint(person, "overdue") > 0 ? TERM_RED : TERM_PLAIN);
    return CLI_DONE;
}

int people_standing(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "name", false, 0, 0 },    { "tasks", true, 0, 0 }, { "late", true, 0, 0 },
        { "promised", true, 0, 0 }, { "passed", true, 0, 0 }, { "kept", true, 0, 0 },
        { "broken", true, 0, 0 },   { "postponed", true, 0, 0 }, { "", false, 0, 1 },
    };
    struct standing standing = { .all = cli_json_wanted(cli) ? json_array() : NULL };
    grid_init(&standing.grid, &cli->arena, columns, ARRAY_COUNT(columns));
    int status = people_each(cli, "people", cli_option(cli, OPTION_AS), standing_show, &standing);
    if (standing.all != NULL) {
        cli_print_json(cli, standing.all);
    } else if (status == CLI_DONE) {
        grid_print(&standing.grid, &cli->term, 0, false, &cli->out);
    }
    return status;
}
