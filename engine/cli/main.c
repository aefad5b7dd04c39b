// The one program. Finds the command, reads its words, runs it.
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/cli.h"
#include "engine/cli/env.h"

enum {
    RUN_ARENA_BYTES_MAX = 512 * 1024 * 1024, OUT_BYTES_MAX = 256 * 1024 * 1024,
    ZONES_BYTES_MAX = 4 * 1024 * 1024
};

// Of words that are wrong a script hears as JSON all the same, wherever it asked for that.
static int words_problem(struct cli *cli, int argc, char **argv, struct slice problem)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            cli->args.options[OPTION_JSON] = "";
        }
    }
    return cli_problem(cli, CLI_USAGE, "usage", "%.*s", SLICE_PRINT(problem));
}

static int command_run(struct cli *cli, int argc, char **argv)
{
    struct slice problem = SLICE_EMPTY;
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "--version") == 0) {
        buf_put_cstr(&cli->out, "rung " RUNG_VERSION "\n");
        return CLI_DONE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    }
    if (name[0] == '-') {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "options stand behind the command: rung COMMAND [OPTIONS]");
    }
    cli->command =
        args_command(&cli->arena, cli_commands, cli_command_count, slice_from_cstr(name), &problem);
    if (cli->command == NULL) {
        return words_problem(cli, argc, argv, problem);
    }
    char *no_words[] = { argv[0], NULL };
    bool given = argc > 1;
    if (!args_parse(&cli->arena, cli->command, given ? argc - 1 : 1, given ? argv + 1 : no_words,
                    &cli->args, &problem)) {
        return words_problem(cli, argc, argv, problem);
    }
    if (cli_option(cli, OPTION_HELP) != NULL) {
        cli->args.words = ARENA_ARRAY(&cli->arena, struct slice, 1);
        cli->args.words[0] = slice_from_cstr(cli->command->name);
        cli->args.word_count = strcmp(cli->command->name, "help") == 0 ? 0 : 1;
        return cmd_help(cli);
    }
    return cli_zone_check(cli) ? cli->command->run(cli) : CLI_USAGE;
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, ""); // wide characters in what is typed
    struct cli cli = { .now_ms = env_now_ms() };
    arena_init(&cli.arena, RUN_ARENA_BYTES_MAX);
    arena_init(&cli.zones, ZONES_BYTES_MAX);
    buf_init(&cli.out, OUT_BYTES_MAX);
    term_init(&cli.term, STDOUT_FILENO);
    int status = command_run(&cli, argc, argv);
    cli_print(&cli);
    if (cli.client_ready) {
        client_done(&cli.client);
    }
    buf_done(&cli.out);
    arena_done(&cli.arena);
    arena_done(&cli.zones);
    return status;
}
