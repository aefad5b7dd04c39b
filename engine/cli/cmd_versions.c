// Versions of processes: what a new one would do, activating it, taking it back, and what became of
// the cases that ran before.
#include <pwd.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/program.h"
#include "engine/cli/when.h"

// --- files on their way to the engine -----------------------------------------------------------

static void pack_file(struct buf *list, struct slice name, struct slice text)
{
    pack_map(list, 2);
    pack_cstr(list, "name");
    pack_str(list, name);
    pack_cstr(list, "text");
    pack_str(list, text);
}

// The engine reads no files of ours: the data that they name is sent along.
static int put_files(struct cli *cli, struct params *params)
{
    struct cli_files files;
    int status = cli_read_programs(cli, 0, &files);
    if (status != CLI_DONE) {
        return status;
    }
    program_add_data(cli, &files);
    struct buf list;
    buf_init(&list, FRAME_BYTES_MAX);
    struct compile_result compiled;
    program_compile(cli, &files, &compiled);
    pack_array(&list, files.count + compiled.data_count);
    for (uint32_t i = 0; i < files.count; i++) {
        pack_file(&list, files.names[i], files.texts[i]);
    }
    for (uint32_t i = 0; i < compiled.data_count; i++) {
        pack_file(&list, compiled.data[i].name, compiled.data[i].text);
    }
    compile_done(&compiled);
    if (list.overflow) {
        status = cli_problem(cli, CLI_BAD_INPUT, "too_big",
                             "the files together are longer than a message may be (1 MiB)");
    }
    params_raw(params, "files", buf_slice(&list));
    buf_done(&list);
    return status;
}

// Who says so, for the list of versions: the account on this machine.
static void put_who(struct params *params)
{
    const struct passwd *account = getpwuid(getuid());
    struct slice name = slice_from_cstr(account != NULL ? account->pw_name : "");
    if (name.len > 0 && name.len <= NAME_BYTES_MAX) {
        params_text(params, "by", name);
    }
}

// --- apply --------------------------------------------------------------------------------------

static void apply_tell(struct cli *cli, struct slice result)
{
    struct arena *arena = &cli->arena;
    struct buf *out = &cli->out;
    buf_put_slice(out, wire_text(result, "text", arena)); // warnings, as the compiler shows them
    uint64_t tests = wire_uint(result, "tests");
    if (tests > 0) {
        buf_format(out, "%llu test%s passed\n", (unsigned long long)tests, tests == 1 ? "" : "s");
    }
    struct wire_list list = wire_list(wire_raw(result, "programs"));
    struct slice program;
    uint32_t count = 0;
    while (wire_next(&list, &program)) {
        struct slice name = term_clean(arena, wire_text(program, "process", arena));
        bool inbox = slice_starts(name, SLICE("inbox "));
        buf_format(out, "%s%.*s is now at version %llu\n", inbox ? "" : "process ",
                   SLICE_PRINT(name),
                   (unsigned long long)wire_uint(program, "version"));
        count++;
    }
    if (count == 0) {
        buf_put_cstr(out, "nothing differs from what is active\n");
    } else {
        buf_put_cstr(out, "cases that run are moved meanwhile; `rung versions` says how far\n");
    }
}

int cmd_apply(struct cli *cli)
{
    struct params params;
    params_init(&params);
    int status = put_files(cli, &params);
    struct client_reply reply;
    if (status == CLI_DONE) {
        status = cli_connect(cli);
    }
    if (status == CLI_DONE) {
        put_who(&params);
        params_uint(&params, "id", cli->client.next_request++);
        status = cli_ask_long(cli, "apply", &params, &reply);
    }
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        apply_tell(cli, reply.result);
    }
    params_done(&params);
    return status;
}

// --- plan ---------------------------------------------------------------------------------------

static struct slice examples(struct cli *cli, struct slice group)
{
    struct arena *arena = &cli->arena;
    struct wire_list list = wire_list(wire_raw(group, "examples"));
    struct slice item;
    struct slice text = SLICE_EMPTY;
    while (wire_next(&list, &item)) {
        text = arena_format(arena, "%.*s%s%.*s", SLICE_PRINT(text), text.len > 0 ? ", " : "",
                            SLICE_PRINT(wire_print(item, arena)));
    }
    return text;
}

static const char *cases(uint64_t count) { return count == 1 ? "case" : "cases"; }

static void plan_group(struct cli *cli, struct slice group, bool moves)
{
    struct arena *arena = &cli->arena;
    uint64_t count = wire_uint(group, "cases");
    struct slice stage = term_clean(arena, wire_text(group, "stage", arena));
    buf_format(&cli->out, "  %llu %s of version %llu at %.*s ", (unsigned long long)count,
               cases(count), (unsigned long long)wire_uint(group, "version"), SLICE_PRINT(stage));
    struct slice list = examples(cli, group);
    if (!moves) {
        buf_format(&cli->out, "%s until somebody decides: %.*s (%.*s%s)\n",
                   count == 1 ? "stays" : "stay",
                   SLICE_PRINT(term_clean(arena, wire_text(group, "why", arena))),
                   SLICE_PRINT(list), count > 5 ? ", …" : "");
        return;
    }
    struct slice to = term_clean(arena, wire_text(group, "to", arena));
    bool migrate = wire_bool(group, "migrate");
    buf_format(&cli->out, "%s to %.*s: %s (%.*s%s)\n", count == 1 ? "moves" : "move",
               SLICE_PRINT(to), migrate ? "`migrate` says so" : "what it stands on is unchanged",
               SLICE_PRINT(list), count > 5 ? ", …" : "");
}

static void plan_groups(struct cli *cli, struct slice program, const char *key, bool moves)
{
    struct wire_list list = wire_list(wire_raw(program, key));
    struct slice group;
    while (wire_next(&list, &group)) {
        plan_group(cli, group, moves);
    }
}

static void plan_tell(struct cli *cli, struct slice result)
{
    struct arena *arena = &cli->arena;
    struct buf *out = &cli->out;
    struct wire_list list = wire_list(wire_raw(result, "programs"));
    struct slice program;
    buf_put_slice(out, wire_text(result, "text", arena));
    while (wire_next(&list, &program)) {
        uint64_t open = wire_uint(program, "cases");
        uint64_t moving = wire_uint(program, "moving");
        uint64_t held = wire_uint(program, "held");
        bool changed = wire_bool(program, "changed");
        buf_format(out, "process %.*s: version %llu %s; of %llu open %s %llu would move, "
                        "%llu would stay and wait for a decision\n",
                   SLICE_PRINT(term_clean(arena, wire_text(program, "process", arena))),
                   (unsigned long long)wire_uint(program, "version"),
                   changed ? "would be activated" : "is active", (unsigned long long)open,
                   cases(open), (unsigned long long)moving, (unsigned long long)held);
        plan_groups(cli, program, "moves", true);
        plan_groups(cli, program, "stay", false);
        if (wire_uint(program, "untold") > 0) {
            buf_format(out, "  and %llu more, for other reasons\n",
                       (unsigned long long)wire_uint(program, "untold"));
        }
    }
    buf_put_cstr(out, "nothing was changed\n");
}

int cmd_plan(struct cli *cli)
{
    struct params params;
    params_init(&params);
    int status = cli->args.word_count > 0 ? put_files(cli, &params) : CLI_DONE;
    struct client_reply reply;
    if (status == CLI_DONE) {
        status = cli_ask_long(cli, "plan", &params, &reply);
    }
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        plan_tell(cli, reply.result);
    }
    params_done(&params);
    return status;
}

// --- versions -----------------------------------------------------------------------------------

static struct slice number(struct cli *cli, uint64_t value)
{
    return arena_format(&cli->arena, "%llu", (unsigned long long)value);
}

// "active; 12 moved, 3 wait for a decision"
static struct slice state_of(struct cli *cli, struct slice item)
{
    if (!wire_bool(item, "active")) {
        return SLICE_EMPTY;
    }
    if (wire_raw(item, "moved").len == 0) {
        return SLICE("active");
    }
    return arena_format(&cli->arena, "active%s; %llu moved, %llu held%s",
                        wire_bool(item, "revert") ? " again" : "",
                        (unsigned long long)wire_uint(item, "moved"),
                        (unsigned long long)wire_uint(item, "held"),
                        wire_bool(item, "settled") ? "" : ", more to come");
}

static struct slice moment(struct cli *cli, struct slice item)
{
    struct buf text;
    buf_init(&text, 100);
    when_stamp(&text, wire_uint(item, "at"), cli_zone(cli));
    struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

int cmd_versions(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "process", false, 10, 0 }, { "version", true, 0, 0 }, { "since", false, 0, 0 },
        { "by", false, 8, 2 },       { "open", true, 0, 0 },    { "", false, 0, 0 },
        { "hash", false, 8, 1 },
    };
    struct params params;
    params_init(&params);
    if (cli->args.word_count > 0) {
        params_text(&params, "process", cli_word(cli, 0));
    }
    struct client_reply reply;
    int status = cli_ask(cli, "versions", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE || cli_answered_json(cli, &reply)) {
        return status;
    }
    struct arena *arena = &cli->arena;
    struct grid grid;
    grid_init(&grid, arena, columns, ARRAY_COUNT(columns));
    struct wire_list list = wire_list(wire_raw(reply.result, "versions"));
    struct slice item;
    while (wire_next(&list, &item)) {
        grid_row(&grid);
        grid_cell(&grid, 0, wire_text(item, "process", arena));
        grid_cell(&grid, 1, number(cli, wire_uint(item, "version")));
        grid_cell(&grid, 2, moment(cli, item));
        grid_cell(&grid, 3, wire_text(item, "by", arena));
        grid_cell(&grid, 4, number(cli, wire_uint(item, "open")));
        grid_cell(&grid, 5, state_of(cli, item));
        grid_cell(&grid, 6, slice_sub(wire_text(item, "hash", arena), 0, 8));
    }
    if (grid.row_count == 0) {
        buf_put_cstr(&cli->out, "no process is active: `rung apply FILES` activates some\n");
    } else {
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    return CLI_DONE;
}

// --- moves --------------------------------------------------------------------------------------

static void move_tell(struct cli *cli, struct slice item)
{
    struct arena *arena = &cli->arena;
    unsigned long long instance = wire_uint(item, "instance");
    unsigned long long from = wire_uint(item, "from");
    if (wire_bool(item, "moved")) {
        buf_format(&cli->out, "case %llu moved from version %llu, at %.*s%s\n", instance, from,
                   SLICE_PRINT(term_clean(arena, wire_text(item, "stage", arena))),
                   wire_bool(item, "migrate") ? " by `migrate`" : "");
    } else {
        buf_format(&cli->out, "case %llu stays on version %llu: %.*s\n", instance, from,
                   SLICE_PRINT(term_clean(arena, wire_text(item, "why", arena))));
    }
}

static int moves_part(struct cli *cli, uint64_t from, uint64_t *ret_next, struct slice *ret_result)
{
    struct params params;
    params_init(&params);
    params_text(&params, "process", cli_word(cli, 0));
    params_uint(&params, "from", from);
    struct client_reply reply;
    int status = cli_ask(cli, "moves", &params, &reply);
    params_done(&params);
    *ret_next = 0;
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        *ret_result = arena_copy(&cli->arena, reply.result);
        *ret_next = wire_uint(reply.result, "next");
        struct wire_list list = wire_list(wire_raw(*ret_result, "cases"));
        struct slice item;
        while (wire_next(&list, &item)) {
            move_tell(cli, item);
        }
    }
    return status;
}

int cmd_moves(struct cli *cli)
{
    uint64_t from = 1;
    struct slice result = SLICE_EMPTY;
    int status;
    do {
        status = moves_part(cli, from, &from, &result);
    } while (status == CLI_DONE && from != 0);
    if (status == CLI_DONE && result.len > 0) {
        buf_format(&cli->out, "to version %llu: %llu moved, %llu wait for a decision%s\n",
                   (unsigned long long)wire_uint(result, "version"),
                   (unsigned long long)wire_uint(result, "moved"),
                   (unsigned long long)wire_uint(result, "held"),
                   wire_bool(result, "settled") ? "" : "; more are being looked at");
    }
    return status;
}

// --- revert, migrate ----------------------------------------------------------------------------

int cmd_revert(struct cli *cli)
{
    struct params params;
    uint64_t version = 0;
    const char *text = cli_option(cli, OPTION_VERSION);
    if (text != NULL && !args_number(slice_from_cstr(text), UINT32_MAX, &version)) {
        return cli_problem(cli, CLI_USAGE, "usage", "--version is a number, not `%s`", text);
    }
    int status = cli_connect(cli);
    if (status != CLI_DONE) {
        return status;
    }
    params_init(&params);
    params_text(&params, "process", cli_word(cli, 0));
    if (version != 0) {
        params_uint(&params, "version", version);
    }
    put_who(&params);
    params_uint(&params, "id", cli->client.next_request++);
    struct client_reply reply;
    status = cli_ask(cli, "revert", &params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        apply_tell(cli, reply.result);
    }
    params_done(&params);
    return status;
}

int cmd_migrate(struct cli *cli)
{
    uint64_t instance = 0;
    if (!cli_case(cli, &instance)) {
        return CLI_USAGE;
    }
    const char *stage = cli_option(cli, OPTION_USERS_TO);
    const char *reason = cli_option(cli, OPTION_REASON);
    if ((stage == NULL) != (reason == NULL)) {
        return cli_problem(cli, CLI_USAGE, "usage", "--to and --reason come together");
    }
    int status = cli_connect(cli);
    if (status != CLI_DONE) {
        return status;
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    if (stage != NULL) {
        params_text(&params, "stage", slice_from_cstr(stage));
        params_text(&params, "reason", slice_from_cstr(reason));
    }
    params_uint(&params, "id", cli->client.next_request++);
    struct client_reply reply;
    status = cli_ask(cli, "migrate", &params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        buf_format(&cli->out, "case %llu runs the active version now, at %.*s\n",
                   (unsigned long long)instance,
                   SLICE_PRINT(term_clean(&cli->arena,
                                          wire_text(reply.result, "stage", &cli->arena))));
    }
    params_done(&params);
    return status;
}
