// One run of the program: what was asked for, where output goes, the connection. Every command is a
// function over this; it returns the exit code.
#ifndef RUNG_ENGINE_CLI_CLI_H
#define RUNG_ENGINE_CLI_CLI_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "engine/cli/args.h"
#include "engine/cli/client.h"
#include "engine/time/zone.h"
#include "engine/cli/term.h"
#include "engine/cli/wire.h"

enum cli_exit {
    CLI_DONE = 0,
    CLI_REFUSED = 1,     // by the engine
    CLI_USAGE = 2,       // words that cannot be meant
    CLI_UNREACHABLE = 3, // no engine answers
    CLI_BAD_INPUT = 4,   // rows, files or tests that are not right
    CLI_STORE = 5        // the data folder cannot be used
};

struct cli {
    struct arena arena; // everything of this run
    struct term term;
    struct buf out; // of stdout, printed by cli_print
    const struct cli_command *command;
    struct cli_args args;
    struct client client;
    bool client_ready;
    uint64_t now_ms; // engine's clock when last spoken to
    const struct zone *zone; // see cli_zone
    struct arena zones;      // what it points to: the other one is rewound now and then
};

static inline const char *cli_option(const struct cli *cli, enum cli_option option)
{
    return cli->args.options[option];
}
static inline bool cli_json_wanted(const struct cli *cli)
{
    return cli->args.options[OPTION_JSON] != NULL;
}
// The reader's zone: --zone, else $RUNG_ZONE, else the company's. NULL: UTC, none is known.
const struct zone *cli_zone(struct cli *cli);
// Moments are shown in that zone from now on: the one an answer was made for.
void cli_zone_is(struct cli *cli, struct slice name);
// False: --zone names no zone of this machine, which was told.
bool cli_zone_check(struct cli *cli);
int explain_ladder(struct cli *cli); // rung explain ladder NAME FILES…
// The word at `index`; empty when there are fewer.
struct slice cli_word(const struct cli *cli, uint32_t index);
// The words from `index` on, joined by blanks.
struct slice cli_words(struct cli *cli, uint32_t index);

// Says what went wrong, on stderr (with --json also as {"error": …} on stdout). Returns `exit`.
int cli_problem(struct cli *cli, enum cli_exit exit, const char *code, const char *format, ...)
    ATTR_PRINTF(4, 5);
// The same with one thing more in the JSON: `more` under `key`, unless it is NULL; it stays the
// caller's.
int cli_problem_more(struct cli *cli, enum cli_exit exit, const char *code, struct slice message,
                     const char *key, json_t *more);
// Prints what is in `out` and empties it.
void cli_print(struct cli *cli);
// Prints a JSON value with a line end; takes the reference.
void cli_print_json(struct cli *cli, json_t *json);

// A number option or word. False: the problem was told.
bool cli_number(struct cli *cli, enum cli_option option, uint64_t max, uint64_t *ret_number);
bool cli_case(struct cli *cli, uint64_t *ret_instance); // the first word
// A moment option that looks back, on the engine's clock (when_parse_past); connects. Not given: 0.
int cli_past(struct cli *cli, enum cli_option option, bool whole_day, uint64_t *ret_ms);

// --- talking to the engine ----------------------------------------------------------------------
// Prepares the connection (it is made at the first call). CLI_DONE, or an exit code after telling.
int cli_connect(struct cli *cli);
// `as` when it was given.
void cli_put_as(struct cli *cli, struct params *params);
// `as` and the request id: for commands.
void cli_put_request(struct cli *cli, struct params *params);
// Calls and tells whatever goes wrong. CLI_DONE: `ret_reply` holds an answer.
int cli_ask(struct cli *cli, const char *method, struct params *params,
            struct client_reply *ret_reply);
// The same where there is nothing to say but the method.
int cli_ask_bare(struct cli *cli, const char *method, struct client_reply *ret_reply);
// The same for work that takes as long as the store is large.
int cli_ask_long(struct cli *cli, const char *method, struct params *params,
                 struct client_reply *ret_reply);
// The same, but a refusal comes back too, untold (look at ret_reply->refused).
int cli_try(struct cli *cli, const char *method, struct params *params,
            struct client_reply *ret_reply);
int cli_refused(struct cli *cli, const struct client_reply *reply); // tells it
// With --json: prints the answer's result and returns true.
bool cli_answered_json(struct cli *cli, const struct client_reply *reply);
// What a command brought about: the case, where it stands, what comes next.
void cli_tell_outcome(struct cli *cli, struct slice result);

// --- files --------------------------------------------------------------------------------------
enum { CLI_FILE_BYTES_MAX = 64 * 1024 * 1024 };
// The whole file ("-": stdin) in the arena. CLI_DONE, or an exit code after telling.
int cli_read_file(struct cli *cli, const char *path, size_t bytes_max, struct slice *ret_text);
struct cli_files {
    struct slice *names, *texts;
    uint32_t count;
};
// Every *.rung file named by the words from `first_word` on, folders included, in order of name.
int cli_read_programs(struct cli *cli, uint32_t first_word, struct cli_files *ret_files);
// Those of one folder; perhaps none.
int cli_read_folder(struct cli *cli, const char *path, struct cli_files *ret_files);

// --- the table ----------------------------------------------------------------------------------
extern const struct cli_command cli_commands[];
extern const uint32_t cli_command_count;

#define CLI_COMMAND(name) int cmd_##name(struct cli *cli);
#include "engine/cli/command_list.def"
#undef CLI_COMMAND

#endif
