// Questions about work: which processes are active.
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"

static struct slice number_text(struct cli *cli, uint64_t number)
{
    return arena_format(&cli->arena, "%llu", (unsigned long long)number);
}

int cmd_processes(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "process", false, 12, 0 },       { "version", true, 0, 0 }, { "open cases", true, 0, 0 },
        { "asks at start", false, 12, 1 }, { "hash", false, 8, 2 },
    };
    struct client_reply reply;
    int status = cli_ask_bare(cli, "processes", &reply);
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
