// What the program says about itself: help, completion, explain.
#include <string.h>

#include "base/utf8.h"
#include "dsl/diag/diag.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/pages.h"
#include "engine/intake/csv.h"
#include "engine/model/refusal.h"

enum { COMMAND_CELLS = 14, OPTION_CELLS = 18 };

static void title_put(struct cli *cli, const char *title)
{
    term_put(&cli->term, &cli->out, TERM_BOLD, slice_from_cstr(title));
    buf_put_char(&cli->out, '\n');
}

// "name  text", the text beside the name on as many lines as it needs.
static void entry_put(struct cli *cli, struct slice name, unsigned name_cells, const char *text)
{
    unsigned indent = 2 + name_cells + 2;
    struct buf lines;
    buf_init(&lines, 1 << 16);
    (void)term_wrap(&cli->term, &lines, slice_from_cstr(text), indent, 10);
    term_pad(&cli->out, 2);
    buf_put_slice(&cli->out, name);
    unsigned cells = 2 + (unsigned)utf8_cells(name);
    if (cells >= indent) { // as long as what stands beside it would begin: that begins a line
        buf_put_char(&cli->out, '\n');
        cells = 0;
    }
    term_pad(&cli->out, indent - cells);
    buf_put_slice(&cli->out, slice_sub(buf_slice(&lines), indent, lines.len));
    buf_done(&lines);
}

static void overview(struct cli *cli)
{
    static const char *const groups[] = { "Work", "Cases", "Company", "Engine", "Programs" };
    struct buf *out = &cli->out;
    buf_put_cstr(out, "rung runs business processes. Usage: rung COMMAND [WORDS] [OPTIONS]\n");
    for (size_t g = 0; g < ARRAY_COUNT(groups); g++) {
        buf_put_char(out, '\n');
        title_put(cli, groups[g]);
        for (uint32_t i = 0; i < cli_command_count; i++) {
            const struct cli_command *command = &cli_commands[i];
            if (strcmp(command->group, groups[g]) == 0) {
                entry_put(cli, slice_from_cstr(command->name), COMMAND_CELLS, command->summary);
            }
        }
    }
    buf_put_cstr(out,
                 "\n`rung help COMMAND` says more. Exit codes: 0 done, 1 refused by the engine,\n"
                 "2 wrong usage, 3 no engine answers, 4 bad rows, files or tests, 5 a problem of\n"
                 "the store.\n");
}

static void options_put(struct cli *cli, const struct cli_command *command)
{
    title_put(cli, "Options");
    for (uint32_t i = 0; i < OPTION_COUNT; i++) {
        if (args_takes(command, i)) {
            const struct option_spec *spec = &option_specs[i];
            entry_put(cli,
                      arena_format(&cli->arena, "--%s%s%s", spec->name,
                                   spec->value != NULL ? " " : "",
                                   spec->value != NULL ? spec->value : ""),
                      OPTION_CELLS, spec->help);
        }
    }
}

static void help_of(struct cli *cli, const struct cli_command *command)
{
    struct buf *out = &cli->out;
    title_put(cli, arena_format(&cli->arena, "rung %s%s%s", command->name,
                                command->words[0] != '\0' ? " " : "", command->words).ptr);
    (void)term_wrap(&cli->term, out, slice_from_cstr(command->summary), 0, 10);
    buf_put_char(out, '\n');
    if (command->help[0] != '\0') {
        buf_format(out, "%s\n\n", command->help);
    }
    options_put(cli, command);
}

static json_t *command_json(const struct cli_command *command)
{
    json_t *options = json_array();
    for (uint32_t i = 0; i < OPTION_COUNT; i++) {
        if (args_takes(command, i)) {
            (void)json_array_append_new(
                options, json_pack("{s:s, s:s?, s:s}", "name", option_specs[i].name, "value",
                                   option_specs[i].value, "help", option_specs[i].help));
        }
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", command->name, "words", command->words,
                     "summary", command->summary, "help", command->help, "options", options);
}

int cmd_help(struct cli *cli)
{
    struct slice word = cli_word(cli, 0);
    if (word.len == 0) {
        if (cli_json_wanted(cli)) {
            json_t *all = json_array();
            for (uint32_t i = 0; i < cli_command_count; i++) {
                (void)json_array_append_new(all, command_json(&cli_commands[i]));
            }
            cli_print_json(cli, all);
            return CLI_DONE;
        }
        overview(cli);
        return CLI_DONE;
    }
    struct slice problem = SLICE_EMPTY;
    const struct cli_command *command =
        args_command(&cli->arena, cli_commands, cli_command_count, word, &problem);
    if (command == NULL) {
        return cli_problem(cli, CLI_USAGE, "usage", "%.*s", SLICE_PRINT(problem));
    }
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, command_json(command));
    } else {
        help_of(cli, command);
    }
    return CLI_DONE;
}

// --- completion ---------------------------------------------------------------------------------

// The words of a usage line that are said as they are: those in small letters.
static void verbs_put(struct buf *out, const char *words)
{
    size_t len = 0;
    for (const char *at = words;; at++) {
        if (*at >= 'a' && *at <= 'z') {
            len++;
            continue;
        }
        if (len > 0) {
            buf_put(out, at - len, len);
            buf_put_char(out, ' ');
        }
        len = 0;
        if (*at == '\0') {
            return;
        }
    }
}

int cmd_completion(struct cli *cli)
{
    struct buf *out = &cli->out;
    buf_put_cstr(out, "# bash completion of rung: source <(rung completion)\n"
                      "_rung() {\n"
                      "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                      "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    for (uint32_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "%s%s", i > 0 ? " " : "", cli_commands[i].name);
    }
    buf_put_cstr(out, "'\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (uint32_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "        %s) words='", cli_commands[i].name);
        verbs_put(out, cli_commands[i].words);
        for (uint32_t o = 0; o < OPTION_COUNT; o++) {
            if (args_takes(&cli_commands[i], o)) {
                buf_format(out, "--%s ", option_specs[o].name);
            }
        }
        buf_put_cstr(out, "' ;;\n");
    }
    buf_put_cstr(out,
                 "        esac\n"
                 "        if [ \"${COMP_WORDS[1]}\" = help ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                 "            words='");
    for (uint32_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "%s%s", i > 0 ? " " : "", cli_commands[i].name);
    }
    buf_put_cstr(out, "'\n        fi\n    fi\n"
                      "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                      "    if [ -z \"$COMPREPLY\" ] && [ \"${word#-}\" = \"$word\" ]; then\n"
                      "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
                      "    fi\n}\ncomplete -F _rung rung\n");
    return CLI_DONE;
}

// --- explain ------------------------------------------------------------------------------------

struct explained {
    const char *code, *kind, *sentence, *help;
};

#define REFUSAL(CODE, code, help) { code, "refusal", "", help },
#define CSV_FAULT(CODE, code, sentence, help) { code, "row or file of an import", sentence, help },
#define ERR(CODE, code, sentence) { code, "operating error", sentence, "" },
#define OWN(code, sentence, help) { code, "of the command line", sentence, help },
static const struct explained explained[] = {
#include "engine/model/refusal.def"
#include "engine/intake/csv_fault.def"
#include "base/err.def"
    OWN("usage", "the command is not written as it is meant", "`rung help COMMAND` shows how")
    OWN("words", "these words do not go together", "`rung help COMMAND` shows how")
    OWN("option", "this option does not go with what is asked", "`rung help COMMAND` shows how")
    OWN("file", "a file or folder cannot be read or written", "look at its name and its rights")
    OWN("unreachable", "no engine answers",
        "`rung serve` starts it; --socket or $RUNG_SOCKET say where it listens")
    OWN("bad_map", "the MAP of an import has mistakes", "mend the lines named")
    OWN("bad_ranges", "the register of phone ranges has a mistake", "mend the line named")
    OWN("nothing", "there is nothing to count", "choose another time or process")
    OWN("no_timer", "no timer is set", "nothing happens by itself until somebody acts")
};
#undef OWN
#undef REFUSAL
#undef CSV_FAULT
#undef ERR

static json_t *explained_json(const char *code, const char *kind, const char *sentence,
                              const char *help)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "code", code, "kind", kind, "sentence", sentence,
                     "help", help);
}

static const char *diag_sentences(enum diag_code code)
{
    static const char *const sentences[] = {
#define DIAG(code, level, slug, sentence) sentence,
#include "dsl/diag/diag.def"
#undef DIAG
    };
    return sentences[code];
}

static int explain_list(struct cli *cli)
{
    static const struct grid_column columns[] = { { "code", false, 0, 0 },
                                                  { "means", false, 20, 0 } };
    struct grid grid;
    grid_init(&grid, &cli->arena, columns, 2);
    json_t *all = json_array();
    for (uint32_t i = 0; i < DIAG_CODE_COUNT; i++) {
        enum diag_code code = (enum diag_code)i;
        grid_row(&grid);
        grid_cell(&grid, 0, slice_from_cstr(diag_code_name(code)));
        grid_cell(&grid, 1,
                  arena_format(&cli->arena, "%s: %s", diag_code_slug(code), diag_sentences(code)));
        (void)json_array_append_new(all, explained_json(diag_code_name(code), diag_code_slug(code),
                                                        diag_sentences(code), ""));
    }
    for (size_t i = 0; i < ARRAY_COUNT(explained); i++) {
        const struct explained *e = &explained[i];
        grid_row(&grid);
        grid_cell(&grid, 0, slice_from_cstr(e->code));
        grid_cell(&grid, 1,
                  arena_format(&cli->arena, "%s%s%s", e->sentence,
                               e->sentence[0] != '\0' && e->help[0] != '\0' ? "; " : "", e->help));
        (void)json_array_append_new(all, explained_json(e->code, e->kind, e->sentence, e->help));
    }
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, all);
    } else {
        json_decref(all);
        grid_print(&grid, &cli->term, 0, false, &cli->out);
    }
    return CLI_DONE;
}

static const char *page_find(const char *name)
{
    for (unsigned i = 0; i < page_count; i++) {
        if (strcmp(pages[i].name, name) == 0) {
            return pages[i].text;
        }
    }
    return NULL;
}

static int explain_diag(struct cli *cli, enum diag_code code)
{
    const char *page = page_find(diag_code_name(code));
    if (cli_json_wanted(cli)) {
        json_t *json =
            explained_json(diag_code_name(code), diag_code_slug(code), diag_sentences(code), "");
        (void)json_object_set_new(json, "page", page != NULL ? json_string(page) : json_null());
        cli_print_json(cli, json);
    } else if (page != NULL) {
        buf_put_cstr(&cli->out, page);
    } else {
        title_put(
            cli,
            arena_format(&cli->arena, "%s %s", diag_code_name(code), diag_code_slug(code)).ptr);
        buf_format(&cli->out, "  %s\n", diag_sentences(code));
    }
    return CLI_DONE;
}

static int explain_unknown(struct cli *cli, struct slice word)
{
    struct suggestions suggestions;
    suggest_init(&suggestions, word);
    for (size_t i = 0; i < ARRAY_COUNT(explained); i++) {
        suggest_offer(&suggestions, slice_from_cstr(explained[i].code), 0);
    }
    for (uint32_t i = 0; i < DIAG_CODE_COUNT; i++) {
        suggest_offer(&suggestions, slice_from_cstr(diag_code_slug((enum diag_code)i)), 0);
    }
    bool near = suggestions.count > 0;
    return cli_problem(cli, CLI_USAGE, "usage", "there is no code `%.*s`%s%.*s%s",
                       SLICE_PRINT(word),
                       near ? "\n  did you mean `" : "; `rung explain codes` lists them",
                       SLICE_PRINT(near ? suggestions.names[0] : SLICE_EMPTY), near ? "`?" : "");
}

int cmd_explain(struct cli *cli)
{
    struct slice word = cli_word(cli, 0);
    if (slice_equal(word, SLICE("ladder"))) {
        return explain_ladder(cli);
    }
    if (cli->args.word_count > 1) {
        return cli_problem(cli, CLI_USAGE, "usage", "one code at a time: rung explain E0503");
    }
    if (slice_equal(word, SLICE("codes"))) {
        return explain_list(cli);
    }
    enum diag_code code;
    char *capital = arena_cstr(&cli->arena, word); // `e0503` is `E0503`
    if (capital[0] == 'e' || capital[0] == 'w') {
        capital[0] = (char)(capital[0] - 'a' + 'A');
    }
    if (diag_code_find(slice_make(capital, word.len), &code)) {
        return explain_diag(cli, code);
    }
    for (uint32_t i = 0; i < DIAG_CODE_COUNT; i++) {
        if (slice_equal(word, slice_from_cstr(diag_code_slug((enum diag_code)i)))) {
            return explain_diag(cli, (enum diag_code)i);
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(explained); i++) {
        const struct explained *e = &explained[i];
        if (!slice_equal(word, slice_from_cstr(e->code))) {
            continue;
        }
        if (cli_json_wanted(cli)) {
            cli_print_json(cli, explained_json(e->code, e->kind, e->sentence, e->help));
            return CLI_DONE;
        }
        title_put(cli, arena_format(&cli->arena, "%s (%s)", e->code, e->kind).ptr);
        if (e->sentence[0] != '\0') {
            (void)term_wrap(&cli->term, &cli->out, slice_from_cstr(e->sentence), 2, 10);
        } else if (e->help[0] == '\0') {
            (void)term_wrap(&cli->term, &cli->out,
                            SLICE("the refusal itself says what is wanted: it is a sentence of the "
                                  "process"), 2, 10);
        }
        if (e->help[0] != '\0') {
            (void)term_wrap(&cli->term, &cli->out, slice_from_cstr(e->help), 2, 10);
        }
        return CLI_DONE;
    }
    return explain_unknown(cli, word);
}
