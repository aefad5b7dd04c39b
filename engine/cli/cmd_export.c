// Everything that happened, for whoever counts elsewhere: one JSON object a line, in the order of
// the journal, read page by page while the engine works. S107
#include <stdlib.h>

#include "engine/cli/cli.h"

enum { PAGE_RECORDS = 500 };

static int export_page(struct cli *cli, uint64_t from, struct client_reply *ret_reply)
{
    struct params params;
    params_init(&params);
    params_uint(&params, "from", from);
    params_uint(&params, "limit", PAGE_RECORDS);
    int status = cli_ask(cli, "records", &params, ret_reply);
    params_done(&params);
    return status;
}

int cmd_export(struct cli *cli)
{
    uint64_t from = 0;
    if (!cli_number(cli, OPTION_FROM, UINT64_MAX, &from)) {
        return CLI_USAGE;
    }
    from = from > 0 ? from - 1 : 0; // of the wire: the last record already seen
    do {
        struct client_reply reply;
        struct arena_mark mark = arena_mark(&cli->arena);
        int status = export_page(cli, from, &reply);
        if (status != CLI_DONE) {
            return status;
        }
        struct wire_list records = wire_list(wire_raw(reply.result, "records"));
        struct slice record;
        while (wire_next(&records, &record)) {
            json_t *json = wire_json(record);
            char *line = json_dumps(json, JSON_COMPACT);
            buf_format(&cli->out, "%s\n", line != NULL ? line : "");
            free(line);
            json_decref(json);
            cli_print(cli);
        }
        from = wire_moment(reply.result, "next");
        arena_rewind(&cli->arena, mark);
    } while (from > 0);
    return CLI_DONE;
}
