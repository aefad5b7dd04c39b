#include "engine/cli/args.h"

#include <getopt.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "dsl/diag/diag.h"

enum {
    LONG_BASE = 256,
    OPTION_BITS = 0
#define OPTION(ID, name, value, help) +1
#define OPTION_OF(command, ID, name, value, help)
#include "engine/cli/option.def"
#undef OPTION_OF
#undef OPTION
};

_Static_assert(OPTION_BITS <= 64, "the options of a command are bits of one word");

const struct option_spec option_specs[OPTION_COUNT] = {
#define OPTION(ID, name, value, help) { name, value, help, NULL },
#define OPTION_OF(command, ID, name, value, help) { name, value, help, command },
#include "engine/cli/option.def"
#undef OPTION_OF
#undef OPTION
};

bool args_takes(const struct cli_command *command, uint32_t option)
{
    const char *only = option_specs[option].command;
    return only != NULL ? strcmp(only, command->name) == 0 : (command->options >> option & 1) != 0;
}

bool args_number(struct slice text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (digit > max || number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return text.len > 0;
}

static struct slice similar(struct arena *arena, const struct suggestions *suggestions,
                            const char *mark)
{
    if (suggestions->count == 0) {
        return SLICE_EMPTY;
    }
    struct slice text =
        arena_format(arena, "\n  did you mean `%s%.*s`", mark, SLICE_PRINT(suggestions->names[0]));
    for (uint32_t i = 1; i < suggestions->count; i++) {
        text = arena_format(arena, "%.*s or `%s%.*s`", SLICE_PRINT(text), mark,
                            SLICE_PRINT(suggestions->names[i]));
    }
    return arena_format(arena, "%.*s?", SLICE_PRINT(text));
}

const struct cli_command *args_command(struct arena *arena, const struct cli_command *commands,
                                       uint32_t count, struct slice name, struct slice *ret_problem)
{
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < count; i++) {
        struct slice candidate = slice_from_cstr(commands[i].name);
        if (slice_equal(candidate, name)) {
            return &commands[i];
        }
        suggest_offer(&suggestions, candidate, 0);
    }
    struct slice nearest = similar(arena, &suggestions, "rung ");
    *ret_problem = arena_format(arena, "there is no command `%.*s`%.*s%s", SLICE_PRINT(name),
                                SLICE_PRINT(nearest),
                                nearest.len == 0 ? "\n  `rung help` lists the commands" : "");
    return NULL;
}

static void option_unknown(struct arena *arena, const struct cli_command *command,
                           const char *given, struct slice *ret_problem)
{
    struct slice name = slice_from_cstr(given);
    while (name.len > 0 && name.ptr[0] == '-') {
        name = slice_sub(name, 1, name.len);
    }
    const char *equals = name.len == 0 ? NULL : memchr(name.ptr, '=', name.len);
    if (equals != NULL) {
        name.len = (size_t)(equals - name.ptr);
    }
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < OPTION_COUNT; i++) {
        if (args_takes(command, i)) {
            suggest_offer(&suggestions, slice_from_cstr(option_specs[i].name), 0);
        }
    }
    struct slice nearest = similar(arena, &suggestions, "--");
    *ret_problem =
        arena_format(arena, "`rung %s` has no option `%s`%.*s%s%s%s", command->name, given,
                     SLICE_PRINT(nearest), nearest.len == 0 ? "\n  `rung help " : "",
                     nearest.len == 0 ? command->name : "", nearest.len == 0 ? "` lists them" : "");
}

static bool option_store(struct arena *arena, uint32_t option, struct cli_args *args,
                         struct slice *ret_problem)
{
    const struct option_spec *spec = &option_specs[option];
    if (args->options[option] != NULL && spec->value != NULL) {
        *ret_problem = arena_format(arena, "--%s is given twice", spec->name);
        return false;
    }
    args->options[option] = spec->value == NULL ? "" : optarg;
    return true;
}

static bool option_fault(struct arena *arena, const struct cli_command *command, int kind,
                         const char *given, struct slice *ret_problem)
{
    if (kind == ':') {
        *ret_problem = arena_format(arena, "%s needs a value", given);
    } else if (optopt >= LONG_BASE && optopt < LONG_BASE + (int)OPTION_COUNT) {
        *ret_problem =
            arena_format(arena, "--%s takes no value", option_specs[optopt - LONG_BASE].name);
    } else {
        option_unknown(arena, command, given, ret_problem);
    }
    return false;
}

static bool words_check(struct arena *arena, const struct cli_command *command,
                        const struct cli_args *args, struct slice *ret_problem)
{
    bool few = args->word_count < command->words_min;
    bool many = command->words_max != ARGS_ANY && args->word_count > command->words_max;
    if (few || many) {
        *ret_problem = arena_format(arena, "%s\n  usage: rung %s%s%s",
                                    few ? "something is missing" : "there are too many words",
                                    command->name, command->words[0] != '\0' ? " " : "",
                                    command->words);
        return false;
    }
    if (args->options[OPTION_ID] != NULL && args->options[OPTION_CLIENT] == NULL) {
        *ret_problem = SLICE("--id needs --client: a number means something only under a name that "
                             "stays the same");
        return false;
    }
    return true;
}

static bool is_capitals(const char *text, size_t count)
{
    size_t len = 0;
    while (text[len] >= 'A' && text[len] <= 'Z') {
        len++;
    }
    return len == count && text[len] == '\0';
}

// Values that would be taken and mean nothing: a store keeps its currency and its country for good.
static bool values_check(struct arena *arena, const struct cli_args *args,
                         struct slice *ret_problem)
{
    const char *currency = args->options[OPTION_CURRENCY];
    const char *region = args->options[OPTION_REGION];
    const char *limit = args->options[OPTION_LIMIT];
    const char *socket = args->options[OPTION_SOCKET];
    if (currency != NULL && !is_capitals(currency, 3)) {
        *ret_problem = arena_format(arena, "--currency is three capital letters, for example EUR, "
                                           "not `%s`", currency);
        return false;
    }
    if (region != NULL && !is_capitals(region, 2)) {
        *ret_problem = arena_format(arena, "--region is a country in two capital letters, for "
                                           "example DE, not `%s`", region);
        return false;
    }
    if (limit != NULL && strspn(limit, "0") == strlen(limit) && limit[0] != '\0') {
        *ret_problem = SLICE("--limit needs a whole number from 1");
        return false;
    }
    if (socket != NULL && socket[0] == '\0') {
        *ret_problem = SLICE("--socket needs the path of a socket");
        return false;
    }
    return true;
}

bool args_parse(struct arena *arena, const struct cli_command *command, int argc, char **argv,
                struct cli_args *ret_args, struct slice *ret_problem)
{
    struct option longs[OPTION_COUNT + 1] = { 0 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < OPTION_COUNT; i++) {
        if (args_takes(command, i)) {
            longs[count++] =
                (struct option){ .name = option_specs[i].name,
                                 .has_arg = option_specs[i].value != NULL ? required_argument
                                                                          : no_argument,
                                 .val = LONG_BASE + (int)i };
        }
    }
    *ret_args = (struct cli_args){ 0 };
    opterr = 0;
    optind = 0; // glibc: start anew
    for (;;) {
        int before = optind < 1 ? 1 : optind;
        int kind = getopt_long(argc, argv, ":h", longs, NULL);
        if (kind == -1) {
            break;
        }
        if (kind == 'h') {
            ret_args->options[OPTION_HELP] = "";
            continue;
        }
        if (kind == ':' || kind == '?') {
            // getopt moves words behind options: the option is the last word it looked at.
            const char *given = argv[optind > before ? optind - 1 : before];
            return option_fault(arena, command, kind, given, ret_problem);
        }
        if (!option_store(arena, (uint32_t)(kind - LONG_BASE), ret_args, ret_problem)) {
            return false;
        }
    }
    ret_args->word_count = (uint32_t)(argc - optind);
    ret_args->words = ARENA_ARRAY(arena, struct slice, ret_args->word_count + 1);
    for (uint32_t i = 0; i < ret_args->word_count; i++) {
        ret_args->words[i] = slice_from_cstr(argv[(uint32_t)optind + i]);
    }
    return ret_args->options[OPTION_HELP] != NULL ||
           (words_check(arena, command, ret_args, ret_problem) &&
            values_check(arena, ret_args, ret_problem));
}
