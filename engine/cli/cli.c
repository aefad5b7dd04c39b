#include "engine/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/limits.h"
#include "dsl/diag/source.h"
#include "engine/cli/env.h"
#include "engine/cli/when.h"

struct slice cli_word(const struct cli *cli, uint32_t index)
{
    return index < cli->args.word_count ? cli->args.words[index] : SLICE_EMPTY;
}

struct slice cli_words(struct cli *cli, uint32_t index)
{
    struct buf text;
    buf_init(&text, FRAME_BYTES_MAX);
    for (uint32_t i = index; i < cli->args.word_count; i++) {
        buf_put_cstr(&text, i > index ? " " : "");
        buf_put_slice(&text, cli->args.words[i]);
    }
    struct slice copy = arena_copy(&cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

void cli_print(struct cli *cli)
{
    if (cli->out.len > 0) {
        (void)fwrite(cli->out.ptr, 1, cli->out.len, stdout);
    }
    (void)fflush(stdout);
    if (cli->out.overflow) {
        (void)fputs("rung: the output was too long and is cut short; --json or --limit may help\n",
                    stderr);
    }
    buf_reset(&cli->out);
}

void cli_print_json(struct cli *cli, json_t *json)
{
    cli_print(cli);
    size_t flags = cli->term.terminal ? JSON_INDENT(2) : JSON_COMPACT;
    (void)json_dumpf(json, stdout, flags | JSON_ENCODE_ANY);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    json_decref(json);
}

static json_t *json_of(struct slice text)
{
    json_t *string = json_stringn(text.len > 0 ? text.ptr : "", text.len);
    return string != NULL ? string : json_string("");
}

static void problem_tell(struct cli *cli, const char *code, struct slice message, const char *key,
                         json_t *more)
{
    struct term term;
    term_init(&term, 2);
    struct buf text;
    buf_init(&text, FRAME_BYTES_MAX);
    buf_format(&text, "rung%s%s: ", cli->command != NULL ? " " : "",
               cli->command != NULL ? cli->command->name : "");
    term_put(&term, &text, TERM_BOLD, message);
    buf_put_char(&text, '\n');
    cli_print(cli);
    (void)fwrite(text.ptr, 1, text.len, stderr);
    buf_done(&text);
    if (cli_json_wanted(cli)) {
        json_t *error = json_pack("{s:s, s:o}", "code", code, "message", json_of(message));
        if (more != NULL) {
            (void)json_object_set(error, key, more);
        }
        cli_print_json(cli, json_pack("{s:o}", "error", error));
    }
}

int cli_problem(struct cli *cli, enum cli_exit exit_code, const char *code, const char *format, ...)
{
    char message[2048];
    va_list values;
    va_start(values, format);
    int len = vsnprintf(message, sizeof(message), format, values);
    va_end(values);
    CHECK(len >= 0);
    problem_tell(cli, code, slice_from_cstr(message), NULL, NULL);
    return (int)exit_code;
}

int cli_problem_more(struct cli *cli, enum cli_exit exit_code, const char *code,
                     struct slice message, const char *key, json_t *more)
{
    problem_tell(cli, code, message, key, more);
    return (int)exit_code;
}

bool cli_number(struct cli *cli, enum cli_option option, uint64_t max, uint64_t *ret_number)
{
    const char *text = cli_option(cli, option);
    if (text == NULL || args_number(slice_from_cstr(text), max, ret_number)) {
        return true;
    }
    (void)cli_problem(cli, CLI_USAGE, "usage", "--%s needs a whole number, at most %llu, not `%s`",
                      option_specs[option].name, (unsigned long long)max, text);
    return false;
}

int cli_past(struct cli *cli, enum cli_option option, bool whole_day, uint64_t *ret_ms)
{
    const char *text = cli_option(cli, option);
    *ret_ms = 0;
    if (text == NULL) {
        return CLI_DONE;
    }
    int status = cli_connect(cli);
    if (status != CLI_DONE) {
        return status;
    }
    // "2 h ago" counts on the engine's clock, which on a demo store is not ours.
    if (cli->client.fd < 0 && !client_connect(&cli->client)) {
        return cli_problem(cli, CLI_UNREACHABLE, "unreachable", "%s", cli->client.problem);
    }
    if (when_parse_past(slice_from_cstr(text), client_now_ms(&cli->client), cli_zone(cli),
                        whole_day, ret_ms)) {
        return CLI_DONE;
    }
    return cli_problem(cli, CLI_USAGE, "usage",
                       "`%s` is not a moment; say for example \"yesterday 18:00\", \"2 h ago\" or "
                       "\"2026-03-02 18:00\"", text);
}

bool cli_case(struct cli *cli, uint64_t *ret_instance)
{
    struct slice word = cli_word(cli, 0);
    if (args_number(word, UINT64_MAX, ret_instance) && *ret_instance > 0) {
        return true;
    }
    (void)cli_problem(cli, CLI_USAGE, "usage",
                      "`%.*s` is not the number of a case; `rung inbox` shows the numbers",
                      SLICE_PRINT(word));
    return false;
}

// "ru_RU.UTF-8" is `ru`; "C" and "POSIX" are no language.
static bool choose_language(struct cli *cli)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    const char *said = cli_option(cli, OPTION_LANG);
    const char *lang = said;
    for (size_t i = 0; i < ARRAY_COUNT(names) && lang == NULL; i++) {
        lang = env_get(names[i]);
    }
    size_t len = 0;
    while (lang != NULL && len < sizeof(cli->client.lang) && lang[len] >= 'a' && lang[len] <= 'z') {
        len++;
    }
    bool known = len == 2 || len == 3;
    cli->client.lang_said = said != NULL;
    if (known && (said == NULL || said[len] == '\0')) {
        memcpy(cli->client.lang, lang, len);
        cli->client.lang[len] = '\0';
    }
    return said == NULL || (known && said[len] == '\0');
}

int cli_connect(struct cli *cli)
{
    if (cli->client_ready) {
        return CLI_DONE;
    }
    const char *path = cli_option(cli, OPTION_SOCKET);
    path = path != NULL ? path : env_get("RUNG_SOCKET");
    path = path != NULL ? path : "./rung-data/socket";
    const char *name = cli_option(cli, OPTION_CLIENT);
    if (!client_init(&cli->client, slice_from_cstr(path), slice_from_cstr(name))) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "the path of a socket has at most %d bytes, the name of a client %d",
                           CLIENT_PATH_BYTES, CLIENT_NAME_BYTES);
    }
    const char *as = cli_option(cli, OPTION_AS);
    cli->client.as = as != NULL ? slice_from_cstr(as) : SLICE_EMPTY;
    if (!choose_language(cli)) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "a language is two or three small letters, for example `ru`");
    }
    uint64_t seconds = CLIENT_TIMEOUT_MS / 1000;
    if (!cli_number(cli, OPTION_TIMEOUT, 24 * 3600, &seconds)) {
        return CLI_USAGE;
    }
    cli->client.timeout_ms = (uint32_t)seconds * 1000;
    if (cli_option(cli, OPTION_ID) != NULL &&
        !cli_number(cli, OPTION_ID, UINT64_MAX, &cli->client.next_request)) {
        return CLI_USAGE;
    }
    cli->client_ready = true;
    return CLI_DONE;
}

void cli_put_as(struct cli *cli, struct params *params)
{
    if (cli_option(cli, OPTION_AS) != NULL) {
        params_text(params, "as", slice_from_cstr(cli_option(cli, OPTION_AS)));
    }
}

void cli_put_request(struct cli *cli, struct params *params)
{
    cli_put_as(cli, params);
    // Commands of one run have ids one after another; a script that repeats the run with the same
    // --client and --id repeats them.
    params_uint(params, "id", cli->client.next_request++);
}

// The sentence with its code; below it, line by line, the way to where a hook failed.
static void put_message(struct buf *text, struct arena *arena, const struct client_reply *reply)
{
    struct slice rest = reply->message;
    for (bool first = true; first || rest.len > 0; first = false) {
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '\n') {
            end++;
        }
        struct slice line = term_clean(arena, slice_sub(rest, 0, end));
        rest = slice_sub(rest, end + 1, rest.len);
        buf_format(text, first ? ": %.*s" : "  %.*s", SLICE_PRINT(line));
        if (first) {
            buf_format(text, " (%.*s)", SLICE_PRINT(term_clean(arena, reply->code)));
        }
        buf_put_char(text, '\n');
    }
}

int cli_refused(struct cli *cli, const struct client_reply *reply)
{
    struct arena *arena = &cli->arena;
    struct term term;
    term_init(&term, 2);
    struct buf text;
    buf_init(&text, FRAME_BYTES_MAX);
    term_put(&term, &text, TERM_RED, SLICE("refused"));
    put_message(&text, arena, reply);
    if (reply->help.len > 0) {
        buf_format(&text, "  %.*s\n", SLICE_PRINT(term_clean(arena, reply->help)));
    }
    // What the compiler said of the files, several lines long.
    struct slice details = wire_text(reply->error, "text", arena);
    for (size_t i = 0; i < details.len; i++) {
        if (details.ptr[i] == '\n' ||
            ((unsigned char)details.ptr[i] >= 0x20 && details.ptr[i] != 0x7f)) {
            buf_put_char(&text, details.ptr[i]);
        }
    }
    cli_print(cli);
    (void)fwrite(text.ptr, 1, text.len, stderr);
    buf_done(&text);
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, json_pack("{s:o}", "error", wire_json(reply->error)));
    }
    static const struct {
        const char *code;
        enum cli_exit status;
    } others[] = {
        { "bad_program", CLI_BAD_INPUT },
        { "store_full", CLI_STORE },
        { "row_damaged", CLI_STORE },
    };
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (slice_equal(reply->code, slice_from_cstr(others[i].code))) {
            return (int)others[i].status;
        }
    }
    return CLI_REFUSED;
}

int cli_try(struct cli *cli, const char *method, struct params *params,
            struct client_reply *ret_reply)
{
    int status = cli_connect(cli);
    if (status != CLI_DONE) {
        return status;
    }
    struct slice packed = params_finish(params);
    if (packed.len == 0) {
        return cli_problem(cli, CLI_USAGE, "too_big",
                           "this is longer than a message to the engine may be (1 MiB)");
    }
    if (!client_call(&cli->client, method, packed, ret_reply)) {
        return cli_problem(cli, CLI_UNREACHABLE, "unreachable",
                           "%s\n  `rung serve` starts the engine; --socket or $RUNG_SOCKET say "
                           "where it listens",
                           cli->client.problem);
    }
    cli->now_ms = client_now_ms(&cli->client);
    return CLI_DONE;
}

int cli_ask(struct cli *cli, const char *method, struct params *params,
            struct client_reply *ret_reply)
{
    int status = cli_try(cli, method, params, ret_reply);
    return status == CLI_DONE && ret_reply->refused ? cli_refused(cli, ret_reply) : status;
}

int cli_ask_bare(struct cli *cli, const char *method, struct client_reply *ret_reply)
{
    struct params params;
    params_init(&params);
    int status = cli_ask(cli, method, &params, ret_reply);
    params_done(&params);
    return status;
}

bool cli_answered_json(struct cli *cli, const struct client_reply *reply)
{
    if (cli_json_wanted(cli)) {
        cli_print_json(cli, wire_json(reply->result));
    }
    return cli_json_wanted(cli);
}

static void next_tell(struct cli *cli, struct slice task)
{
    struct arena *arena = &cli->arena;
    struct buf *out = &cli->out;
    struct slice title = wire_text(task, "title", arena);
    buf_put_cstr(out, "  next: ");
    if (title.len == 0) {
        title = arena_format(arena, "task %llu again", (unsigned long long)wire_uint(task, "task"));
    }
    term_put(&cli->term, out, TERM_BOLD, term_clean(arena, title));
    struct slice who = wire_text(task, "for", arena);
    if (who.len > 0) {
        buf_format(out, ", for %.*s", SLICE_PRINT(term_clean(arena, who)));
    }
    uint64_t due = wire_moment(task, "due");
    if (due > 0) {
        buf_put_cstr(out, ", ");
        when_moment(out, due, cli->now_ms, cli_zone(cli));
        buf_put_cstr(out, " (");
        when_due(out, due, cli->now_ms);
        buf_put_char(out, ')');
    }
    buf_put_char(out, '\n');
}

void cli_tell_outcome(struct cli *cli, struct slice result)
{
    struct arena *arena = &cli->arena;
    struct buf *out = &cli->out;
    uint64_t instance = wire_uint(result, "instance");
    struct slice stage = wire_text(result, "stage_label", arena);
    stage = stage.len > 0 ? stage : wire_text(result, "stage", arena);
    struct slice ended = wire_text(result, "ended", arena);
    if (instance > 0) {
        buf_format(out, "case %llu", (unsigned long long)instance);
        if (wire_bool(result, "joined")) {
            buf_put_cstr(out, ": joined, an open case has the same key");
        }
        if (ended.len > 0) {
            buf_put_cstr(out, " has ended: ");
            term_put(&cli->term, out, TERM_GREEN, term_clean(arena, ended));
        } else if (stage.len > 0) {
            buf_put_cstr(out, " is at: ");
            term_put(&cli->term, out, TERM_CYAN, term_clean(arena, stage));
        }
        buf_put_char(out, '\n');
    }
    struct wire_list tasks = wire_list(wire_raw(result, "tasks"));
    struct slice task;
    while (wire_next(&tasks, &task)) {
        next_tell(cli, task);
    }
    struct wire_list children = wire_list(wire_raw(result, "children"));
    struct slice child;
    while (wire_next(&children, &child)) {
        buf_format(out, "  started: case %llu, %.*s\n",
                   (unsigned long long)wire_uint(child, "instance"),
                   SLICE_PRINT(term_clean(arena, wire_text(child, "process", arena))));
    }
}

// --- files --------------------------------------------------------------------------------------

int cli_read_file(struct cli *cli, const char *path, size_t bytes_max, struct slice *ret_text)
{
    bool input = strcmp(path, "-") == 0;
    FILE *file = input ? stdin : fopen(path, "rb");
    if (file == NULL) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot read %s: %s", path, strerror(errno));
    }
    struct buf text;
    buf_init(&text, bytes_max);
    char chunk[16 * 1024 - 512];
    size_t count = 0;
    while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        buf_put(&text, chunk, count);
    }
    int failed = ferror(file) != 0 ? errno : 0;
    if (!input) {
        (void)fclose(file);
    }
    *ret_text = arena_copy(&cli->arena, buf_slice(&text));
    bool overflow = text.overflow;
    buf_done(&text);
    if (failed != 0) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot read %s: %s", path, strerror(failed));
    }
    if (overflow) {
        return cli_problem(cli, CLI_BAD_INPUT, "too_big", "%s is larger than %zu bytes", path,
                           bytes_max);
    }
    return CLI_DONE;
}

static bool is_program(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".rung") == 0;
}

static int file_add(struct cli *cli, const char *path, struct cli_files *files)
{
    if (files->count == SOURCE_FILES_MAX) {
        return cli_problem(cli, CLI_BAD_INPUT, "too_big", "there are more than %d files",
                           SOURCE_FILES_MAX);
    }
    // One byte more than allowed: the compiler itself says that a file is too long.
    struct slice text;
    int status = cli_read_file(cli, path, CLI_FILE_BYTES_MAX, &text);
    if (status == CLI_DONE) {
        files->names[files->count] = arena_copy(&cli->arena, slice_from_cstr(path));
        files->texts[files->count++] = slice_sub(text, 0, SOURCE_BYTES_MAX + 1);
    }
    return status;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int folder_add(struct cli *cli, const char *path, struct cli_files *files)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, by_name);
    if (count < 0) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot read %s: %s", path, strerror(errno));
    }
    int status = CLI_DONE;
    for (int i = 0; i < count; i++) {
        if (status == CLI_DONE && is_program(entries[i]->d_name)) {
            size_t len = strlen(path);
            bool slash = len > 0 && path[len - 1] == '/';
            struct slice name =
                arena_format(&cli->arena, "%s%s%s", path, slash ? "" : "/", entries[i]->d_name);
            status = file_add(cli, name.ptr, files);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

static void files_init(struct cli *cli, struct cli_files *files)
{
    *files = (struct cli_files){ 0 };
    files->names = ARENA_ARRAY(&cli->arena, struct slice, SOURCE_FILES_MAX);
    files->texts = ARENA_ARRAY(&cli->arena, struct slice, SOURCE_FILES_MAX);
}

int cli_read_folder(struct cli *cli, const char *path, struct cli_files *ret_files)
{
    files_init(cli, ret_files);
    return folder_add(cli, path, ret_files);
}

int cli_read_programs(struct cli *cli, uint32_t first_word, struct cli_files *ret_files)
{
    files_init(cli, ret_files);
    for (uint32_t i = first_word; i < cli->args.word_count; i++) {
        const char *path = arena_cstr(&cli->arena, cli->args.words[i]);
        struct stat facts;
        if (stat(path, &facts) != 0) {
            return cli_problem(cli, CLI_USAGE, "file", "cannot read %s: %s", path, strerror(errno));
        }
        int status = S_ISDIR(facts.st_mode) ? folder_add(cli, path, ret_files)
                                            : file_add(cli, path, ret_files);
        if (status != CLI_DONE) {
            return status;
        }
    }
    if (ret_files->count == 0) {
        return cli_problem(cli, CLI_USAGE, "file", "there is no *.rung file in %.*s",
                           SLICE_PRINT(cli_words(cli, first_word)));
    }
    return CLI_DONE;
}
