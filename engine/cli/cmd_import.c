// Import: rows of a CSV file become starts, up to 64 of them under way at once on one connection. A
// row is remembered by the engine under (source, row id), so that saying it again changes nothing;
// when the line breaks, what has no answer yet is said again under the same request ids.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/form.h"
#include "engine/cli/mappings.h"
#include "engine/intake/map.h"

enum {
    WINDOW = 64,
    BAD_ROWS_KEPT = 10000,
    BAD_ROWS_SHOWN = 20,
    REASONS_MAX = 32,
    RECONNECT_MS = 100
};

struct slot {
    bool busy;
    uint32_t msgid;
    uint64_t line;
    struct params params; // holds the request until it is answered
    struct buf row;       // its row id
};

struct reason { // why rows were bad, and how many
    struct slice code;
    uint64_t count;
};

struct import {
    struct cli *cli;
    struct slice process;
    struct map *map;
    struct form form; // of the start
    struct csv csv;
    gzFile file;
    uint64_t file_bytes;
    struct slot slots[WINDOW];
    uint32_t busy_count;
    bool ended; // no more rows are read
    int status;
    uint64_t read, started, joined, already, bad;
    struct reason reasons[REASONS_MAX];
    json_t *bad_rows;
    FILE *report;
    struct progress progress;
};

static ptrdiff_t gz_read(void *context, char *to, size_t bytes)
{
    struct import *import = context;
    int got = gzread(import->file, to, (unsigned)bytes);
    int error = Z_OK;
    (void)gzerror(import->file, &error);
    // A compressed file that is cut short ends with Z_BUF_ERROR instead of an orderly end.
    return got < 0 || (got == 0 && error != Z_OK && error != Z_STREAM_END) ? -1 : got;
}

static void report_value(FILE *report, struct slice text)
{
    (void)fputc('"', report);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            (void)fputc('"', report);
        }
        (void)fputc(text.ptr[i], report);
    }
    (void)fputc('"', report);
}

static json_t *json_text(struct slice text)
{
    json_t *json = json_stringn(text.len > 0 ? text.ptr : "", text.len);
    return json != NULL ? json : json_string("");
}

static void reason_count(struct import *import, struct slice code)
{
    struct reason *reason = import->reasons;
    while (reason->count > 0 && !slice_equal(reason->code, code) &&
           reason < import->reasons + REASONS_MAX - 1) {
        reason++;
    }
    if (reason->count == 0) {
        reason->code = arena_copy(&import->cli->arena, code);
    }
    reason->count++;
}

static void bad_row_report(struct import *import, uint64_t line, struct slice row,
                           struct slice code, struct slice message)
{
    (void)fprintf(import->report, "%llu,", (unsigned long long)line);
    report_value(import->report, row);
    (void)fputc(',', import->report);
    report_value(import->report, code);
    (void)fputc(',', import->report);
    report_value(import->report, message);
    (void)fputs("\r\n", import->report);
}

// Every bad row is told, but a person at a terminal is not shown thousands: those go by a count.
static void bad_row_tell(struct import *import, uint64_t line, struct slice row, struct slice code,
                         struct slice message)
{
    struct arena *arena = &import->cli->arena;
    struct arena_mark mark = arena_mark(arena);
    progress_done(&import->progress);
    if (import->progress.shown && import->bad == BAD_ROWS_SHOWN + 1) {
        (void)fputs("… further bad rows are only counted here; --report FILE holds them all\n",
                    stderr);
    } else if (!import->progress.shown || import->bad <= BAD_ROWS_SHOWN) {
        (void)fprintf(stderr, "line %llu%s%.*s: %.*s (%.*s)\n", (unsigned long long)line,
                      row.len > 0 ? ", row " : "", SLICE_PRINT(term_clean(arena, row)),
                      SLICE_PRINT(term_clean(arena, message)),
                      SLICE_PRINT(term_clean(arena, code)));
    }
    arena_rewind(arena, mark);
}

static void bad_row(struct import *import, uint64_t line, struct slice row, struct slice code,
                    struct slice message)
{
    import->bad++;
    reason_count(import, code);
    if (import->report != NULL) {
        bad_row_report(import, line, row, code, message);
    }
    if (import->bad_rows == NULL) {
        bad_row_tell(import, line, row, code, message);
    } else if (json_array_size(import->bad_rows) < BAD_ROWS_KEPT) {
        json_t *json = json_object();
        (void)json_object_set_new(json, "line", json_integer((json_int_t)line));
        (void)json_object_set_new(json, "row", json_text(row));
        (void)json_object_set_new(json, "code", json_text(code));
        (void)json_object_set_new(json, "message", json_text(message));
        (void)json_array_append_new(import->bad_rows, json);
    }
}

static void fault_row(struct import *import, const struct csv_row *row)
{
    struct buf text;
    buf_init(&text, 4096);
    csv_explain(&import->csv, row, &text);
    buf_put_cstr(&text, "; ");
    buf_put_cstr(&text, csv_fault_help(row->fault));
    bad_row(import, row->line, SLICE_EMPTY, slice_from_cstr(csv_fault_code(row->fault)),
            buf_slice(&text));
    buf_done(&text);
}

// --- one row ------------------------------------------------------------------------------------

static void row_form(const struct import *import, const struct csv_row *row, struct params *params)
{
    struct buf form;
    buf_init(&form, FRAME_BYTES_MAX);
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < import->map->field_count; i++) {
        const struct map_field *field = &import->map->fields[i];
        struct slice text = field->constant
                                ? field->text
                                : map_value_of(&field->values, row->fields[field->column.index]);
        if (text.len == 0) {
            continue; // empty is not sent: the process's own default holds
        }
        pack_str(&form, field->name);
        if (field->split != 0) {
            map_pack_parts(&form, text, field->split);
        } else {
            pack_str(&form, text);
        }
        pairs++;
    }
    pack_cstr(&params->body, "form");
    pack_map(&params->body, pairs);
    buf_put_slice(&params->body, buf_slice(&form));
    params->pairs++;
    buf_done(&form);
}

// Without the engine only closed choices can be judged.
static bool row_try(struct import *import, const struct csv_row *row, struct slice row_id)
{
    for (uint32_t i = 0; i < import->map->field_count; i++) {
        const struct map_field *field = &import->map->fields[i];
        struct slice text = field->constant
                                ? field->text
                                : map_value_of(&field->values, row->fields[field->column.index]);
        const struct form_field *asked = form_find(&import->form, field->name);
        bool known =
            asked == NULL || asked->choice_count == 0 || text.len == 0 || field->split != 0;
        for (uint32_t c = 0; !known && c < asked->choice_count; c++) {
            known = slice_equal(asked->choices[c].value, text);
        }
        bool missing =
            asked != NULL && asked->required && text.len == 0 && asked->standing.len == 0;
        if (!known || missing) {
            struct buf message;
            buf_init(&message, CSV_FIELD_BYTES_MAX + 1000);
            buf_format(&message, missing ? "`%.*s` is required" : "`%.*s` cannot be \"%.*s\"",
                       SLICE_PRINT(field->name), SLICE_PRINT(text));
            bad_row(import, row->line, row_id, missing ? SLICE("required") : SLICE("bad_form"),
                    buf_slice(&message));
            buf_done(&message);
            return false;
        }
    }
    return true;
}

static bool slot_send(struct import *import, struct slot *slot)
{
    struct client *client = &import->cli->client;
    slot->msgid = client->next_msgid++;
    return client_send(client, slot->msgid, "start", params_finish(&slot->params));
}

static void row_send(struct import *import, const struct csv_row *row, struct slice row_id)
{
    struct slot *slot = import->slots;
    while (slot->busy) {
        slot++;
        CHECK(slot < import->slots + WINDOW);
    }
    params_reset(&slot->params);
    params_text(&slot->params, "process", import->process);
    params_text(&slot->params, "source", import->map->source);
    params_text(&slot->params, "row", row_id);
    row_form(import, row, &slot->params);
    cli_put_request(import->cli, &slot->params);
    if (params_finish(&slot->params).len == 0) {
        bad_row(import, row->line, row_id, SLICE("limit"),
                SLICE("the row is longer than a message may be (1 MiB)"));
        return;
    }
    buf_reset(&slot->row);
    buf_put_slice(&slot->row, row_id);
    slot->line = row->line;
    slot->busy = true;
    import->busy_count++;
    (void)slot_send(import, slot); // a broken line is seen when the answer is awaited
}

// Reads one row and sends it, or reports it.
static void row_take(struct import *import)
{
    struct csv_row row;
    enum csv_status status = csv_next(&import->csv, &row);
    import->ended = status == CSV_END || status == CSV_FAILED;
    if (status == CSV_END) {
        return;
    }
    if (status == CSV_FAILED) {
        fault_row(import, &row);
        return;
    }
    import->read++;
    if (status == CSV_BAD) {
        fault_row(import, &row);
        return;
    }
    struct slice row_id = row.fields[import->map->row_id.index];
    if (row_id.len == 0) {
        row.fault = CSV_FAULT_ROW_ID;
        row.column = import->map->row_id.index + 1;
        fault_row(import, &row);
    } else if (cli_option(import->cli, OPTION_DRY_RUN) != NULL) {
        import->started += row_try(import, &row, row_id) ? 1 : 0;
    } else {
        row_send(import, &row, row_id);
    }
}

// --- answers ------------------------------------------------------------------------------------

static struct slot *slot_of(struct import *import, uint32_t msgid)
{
    for (uint32_t i = 0; i < WINDOW; i++) {
        if (import->slots[i].busy && import->slots[i].msgid == msgid) {
            return &import->slots[i];
        }
    }
    return NULL;
}

static void answer_take(struct import *import, const struct client_reply *reply)
{
    struct slot *slot = slot_of(import, reply->msgid);
    if (slot == NULL) {
        return;
    }
    if (client_try_again(reply)) {
        env_sleep_ms(10);
        (void)slot_send(import, slot);
        return;
    }
    slot->busy = false;
    import->busy_count--;
    if (!reply->refused) {
        bool joined = wire_bool(reply->result, "joined");
        bool already = wire_bool(reply->result, "already");
        import->already += already ? 1 : 0;
        import->joined += joined && !already ? 1 : 0;
        import->started += joined || already ? 0 : 1;
        return;
    }
    bad_row(import, slot->line, buf_slice(&slot->row), reply->code, reply->message);
    if (slice_equal(reply->code, SLICE("store_full"))) {
        import->ended = true;
        import->status = CLI_STORE;
    }
}

// Connects anew and says again what was not answered. False: unreachable.
static bool line_mend(struct import *import)
{
    struct client *client = &import->cli->client;
    uint64_t deadline = env_steady_ms() + client->timeout_ms;
    for (;;) {
        bool good = client_connect(client);
        for (uint32_t i = 0; good && i < WINDOW; i++) {
            good = !import->slots[i].busy || slot_send(import, &import->slots[i]);
        }
        if (good || env_steady_ms() >= deadline) {
            return good;
        }
        env_sleep_ms(RECONNECT_MS);
    }
}

static void answer_await(struct import *import)
{
    struct client_reply reply;
    enum client_status status =
        client_receive(&import->cli->client, import->cli->client.timeout_ms, &reply);
    if (status == CLIENT_ANSWERED) {
        answer_take(import, &reply);
    } else if (status != CLIENT_PUSHED && !line_mend(import)) {
        progress_done(&import->progress);
        import->status =
            cli_problem(import->cli, CLI_UNREACHABLE, "unreachable",
                        "%s\n  rows that were answered are in; run the import again to "
                        "go on",
                        import->cli->client.problem);
    }
}

static void rows_run(struct import *import)
{
    while (import->status == CLI_DONE && (!import->ended || import->busy_count > 0)) {
        if (!import->ended && import->busy_count < WINDOW) {
            row_take(import);
            z_off_t at = gzoffset(import->file);
            progress_step(&import->progress, at > 0 ? (uint64_t)at : 0, import->file_bytes);
        } else {
            answer_await(import);
        }
    }
    progress_done(&import->progress);
}

// --- before and after ---------------------------------------------------------------------------

static int file_open(struct import *import, const char *path)
{
    struct stat facts;
    import->file = stat(path, &facts) == 0 ? gzopen(path, "rb") : NULL;
    if (import->file == NULL || S_ISDIR(facts.st_mode)) {
        return cli_problem(import->cli, CLI_USAGE, "file", "cannot read %s: %s", path,
                           import->file == NULL ? strerror(errno) : "it is a folder");
    }
    import->file_bytes = (uint64_t)facts.st_size;
    (void)gzbuffer(import->file, 128 * 1024);
    csv_init(&import->csv, &import->map->csv, gz_read, import);
    struct csv_row header;
    enum csv_status status = csv_header(&import->csv, &header);
    if (status != CSV_ROW) {
        struct buf text;
        buf_init(&text, 4096);
        csv_explain(&import->csv, &header, &text);
        int exit_code = cli_problem(import->cli, CLI_BAD_INPUT, csv_fault_code(header.fault),
                                    "%s, line %llu: %.*s (%s)\n  %s", path,
                                    (unsigned long long)header.line, SLICE_PRINT(buf_slice(&text)),
                                    csv_fault_code(header.fault), csv_fault_help(header.fault));
        buf_done(&text);
        return exit_code;
    }
    map_bind(import->map, &header);
    return CLI_DONE;
}

// The start form of the process, from the engine.
static int process_get(struct import *import)
{
    struct cli *cli = import->cli;
    struct params params;
    params_init(&params);
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "processes", &params, &reply);
    params_done(&params);
    if (status != CLI_DONE) {
        return status;
    }
    struct wire_list list = wire_list(wire_raw(reply.result, "processes"));
    struct slice process;
    while (wire_next(&list, &process)) {
        if (slice_equal(wire_text(process, "process", NULL), import->process)) {
            struct slice copy = arena_copy(&cli->arena, wire_raw(process, "start_form"));
            form_read(&import->form, &cli->arena, cli_zone(cli), copy, cli->now_ms);
            return CLI_DONE;
        }
    }
    return cli_problem(cli, CLI_REFUSED, "unknown_process",
                       "no process `%.*s` is active; `rung processes` lists them",
                       SLICE_PRINT(import->process));
}

static int import_prepare(struct import *import)
{
    struct cli *cli = import->cli;
    const char *map_path = cli_option(cli, OPTION_MAP);
    if (map_path == NULL) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "--map FILE is needed: it says which column fills which field");
    }
    struct slice text;
    int status = cli_read_file(cli, map_path, MAP_BYTES_MAX + 1, &text);
    if (status != CLI_DONE) {
        return status;
    }
    map_parse(import->map, &cli->arena, slice_from_cstr(map_path), text);
    if (import->map->lines.fault_count > 0) {
        return mappings_tell(cli, &import->map->lines);
    }
    status = file_open(import, arena_cstr(&cli->arena, cli_word(cli, 1)));
    if (status == CLI_DONE) {
        status = process_get(import);
    }
    if (status != CLI_DONE) {
        return status;
    }
    struct slice known[FORM_FIELDS_MAX];
    for (uint32_t i = 0; i < import->form.field_count; i++) {
        known[i] = import->form.fields[i].name;
    }
    map_check_fields(import->map, import->process, known, import->form.field_count);
    if (import->map->lines.fault_count > 0) {
        return mappings_tell(cli, &import->map->lines);
    }
    const char *report = cli_option(cli, OPTION_REPORT);
    import->report = report != NULL ? fopen(report, "wb") : NULL;
    if (report != NULL && import->report == NULL) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot write %s: %s", report, strerror(errno));
    }
    if (import->report != NULL) {
        (void)fputs("line,row,code,message\r\n", import->report);
    }
    return CLI_DONE;
}

static void summary_tell(struct import *import)
{
    struct cli *cli = import->cli;
    bool dry = cli_option(cli, OPTION_DRY_RUN) != NULL;
    if (import->bad_rows != NULL) {
        size_t kept = json_array_size(import->bad_rows);
        json_t *json = json_object();
        (void)json_object_set_new(json, "dry_run", json_boolean(dry));
        const struct {
            const char *name;
            uint64_t number;
        } figures[] = {
            { "read", import->read },
            { dry ? "would_start" : "started", import->started },
            { "joined", import->joined },
            { "already", import->already },
            { "bad", import->bad },
            { "blank_lines", import->csv.blank_count },
            { "bad_rows_left_out", import->bad - kept },
        };
        for (size_t i = 0; i < ARRAY_COUNT(figures); i++) {
            (void)json_object_set_new(json, figures[i].name,
                                      json_integer((json_int_t)figures[i].number));
        }
        (void)json_object_set_new(json, "bad_rows", import->bad_rows);
        import->bad_rows = NULL;
        cli_print_json(cli, json);
        return;
    }
    struct buf *out = &cli->out;
    buf_format(out, "%llu rows read: %llu %s", (unsigned long long)import->read,
               (unsigned long long)import->started, dry ? "would be started or joined" : "started");
    if (!dry) {
        buf_format(out, ", %llu joined an open case, %llu already there",
                   (unsigned long long)import->joined, (unsigned long long)import->already);
    }
    buf_put_cstr(out, ", ");
    struct slice bad = arena_format(&cli->arena, "%llu bad", (unsigned long long)import->bad);
    term_put(&cli->term, out, import->bad > 0 ? TERM_RED : TERM_PLAIN, bad);
    buf_put_char(out, '\n');
    for (uint32_t i = 0; i < REASONS_MAX && import->reasons[i].count > 0; i++) {
        buf_format(out, "  %llu %.*s\n", (unsigned long long)import->reasons[i].count,
                   SLICE_PRINT(term_clean(&cli->arena, import->reasons[i].code)));
    }
}

static void import_done(struct import *import)
{
    for (uint32_t i = 0; i < WINDOW; i++) {
        params_done(&import->slots[i].params);
        buf_done(&import->slots[i].row);
    }
    if (import->csv.window != NULL) {
        csv_done(&import->csv);
    }
    if (import->file != NULL) {
        (void)gzclose(import->file);
    }
    if (import->report != NULL && fclose(import->report) != 0 && import->status == CLI_DONE) {
        import->status = cli_problem(import->cli, CLI_USAGE, "file", "writing %s failed",
                                     cli_option(import->cli, OPTION_REPORT));
    }
    json_decref(import->bad_rows);
}

int cmd_import(struct cli *cli)
{
    struct import *import = ARENA_NEW(&cli->arena, struct import);
    import->cli = cli;
    import->process = cli_word(cli, 0);
    import->map = ARENA_NEW(&cli->arena, struct map);
    import->bad_rows = cli_json_wanted(cli) ? json_array() : NULL;
    for (uint32_t i = 0; i < WINDOW; i++) {
        params_init(&import->slots[i].params);
        buf_init(&import->slots[i].row, CSV_FIELD_BYTES_MAX * 3);
    }
    progress_init(&import->progress, "importing");
    import->status = import_prepare(import);
    if (import->status == CLI_DONE) {
        rows_run(import);
        if (import->status == CLI_DONE || import->status == CLI_STORE) {
            summary_tell(import);
        }
        if (import->status == CLI_DONE && import->bad > 0) {
            import->status = CLI_BAD_INPUT;
        }
    }
    import_done(import);
    return import->status;
}
