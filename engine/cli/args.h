// The words of a command line, by the table of commands: options may stand anywhere behind the
// command, `--` ends them. Mistakes are told with the nearest right name.
#ifndef RUNG_ENGINE_CLI_ARGS_H
#define RUNG_ENGINE_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum cli_option {
#define OPTION(ID, name, value, help) OPTION_##ID,
#define OPTION_OF(command, ID, name, value, help) OPTION_##ID,
#include "engine/cli/option.def"
#undef OPTION_OF
#undef OPTION
    OPTION_COUNT
};
#define OPTION_BIT(ID) (UINT64_C(1) << OPTION_##ID)

struct option_spec {
    const char *name, *value, *help; // value NULL: a flag
    const char *command;             // of an OPTION_OF; NULL: any command may have its bit
};
extern const struct option_spec option_specs[OPTION_COUNT];

struct cli;
struct cli_command {
    const char *name;
    const char
        *words; // "CASE [ACTION [FIELD=VALUE…]]"; words in small letters are said as they are
    const char *summary; // one line
    const char *help;    // whole paragraphs
    const char *group;
    uint64_t options;             // OPTION_BIT
    uint8_t words_min, words_max; // 255: any number
    int (*run)(struct cli *cli);
};

enum { ARGS_ANY = 255 };

struct cli_args {
    const char *options[OPTION_COUNT]; // NULL: not given; "" for a flag
    struct slice *words;               // without the command
    uint32_t word_count;
};

bool args_takes(const struct cli_command *command, uint32_t option);
// `argv` begins with the command. False: `ret_problem` says what is wrong, in one line or two.
bool args_parse(struct arena *arena, const struct cli_command *command, int argc, char **argv,
                struct cli_args *ret_args, struct slice *ret_problem);
// A command by its name; NULL with `ret_problem` naming the nearest ones.
const struct cli_command *args_command(struct arena *arena, const struct cli_command *commands,
                                       uint32_t count, struct slice name,
                                       struct slice *ret_problem);
// A whole number and nothing else.
bool args_number(struct slice text, uint64_t max, uint64_t *ret_number);

#endif
