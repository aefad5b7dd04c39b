// Writes the seed corpora for frames, images and records: a small play of the sample process, as
// its clients would send it and as the journal keeps it.
//
//   write_seeds FOLDER
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/pack.h"
#include "engine/state/view.h"
#include "tests/fuzz/memory_engine.h"

enum { PATH_BYTES_MAX = 4096, RECORD_MAX = 65535 };

static const char *const roles[] = { "head", "sales", NULL };

struct seeds {
    const char *folder;
    struct memory_engine *memory;
    uint32_t conn;
    uint32_t frames;
    struct buf play; // every frame so far
};

static void write_seed(const char *folder, const char *kind, const char *name, struct slice bytes)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, kind);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, kind, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len);
    CHECK(fclose(file) == 0);
}

// One call, its parameters as pairs of a key and a packed value, ended by NULL.
static void say(struct seeds *seeds, const char *method, ...)
{
    struct buf frame, body;
    buf_init(&frame, FRAME_BYTES_MAX);
    buf_init(&body, FRAME_BYTES_MAX);
    uint32_t pairs = 0;
    va_list args;
    va_start(args, method);
    for (const char *key = va_arg(args, const char *); key != NULL;
         key = va_arg(args, const char *)) {
        pack_cstr(&body, key);
        buf_put_cstr(&body, va_arg(args, const char *));
        pairs++;
    }
    va_end(args);
    pack_array(&frame, 4);
    pack_uint(&frame, 0);
    pack_uint(&frame, ++seeds->frames);
    pack_cstr(&frame, method);
    pack_array(&frame, 1);
    pack_map(&frame, pairs);
    buf_put_slice(&frame, buf_slice(&body));
    struct slice rest = buf_slice(&frame);
    while (rest.len > 0) {
        size_t fed = memory_engine_feed(seeds->memory, seeds->conn, rest);
        rest = slice_sub(rest, fed, rest.len);
        memory_engine_settle(seeds->memory);
    }
    char name[64];
    (void)snprintf(name, sizeof(name), "%02u_%s", seeds->frames, method);
    struct buf seed;
    buf_init(&seed, FRAME_BYTES_MAX + 1);
    buf_put_char(&seed, seeds->frames % 3 == 0 ? 7 : 0);
    buf_put_slice(&seed, buf_slice(&frame));
    write_seed(seeds->folder, "frame", name, buf_slice(&seed));
    buf_put_slice(&seeds->play, buf_slice(&frame));
    buf_done(&seed);
    buf_done(&body);
    buf_done(&frame);
}

static void play(struct seeds *seeds)
{
    say(seeds, "hello", "client", "\xa1" "c", NULL);
    say(seeds, "start", "process", "\xa4lead", "form",
        "\x89\xa4name\xa3"
        "Bob\xa5phone\xaf+49 30 12345678\xa4mail\xa5"
        "b@c.d\xa6people\x05\xa4rate\xa3"
        "1.5"
        "\xa5quote\xa6"
        "12 EUR\xa3hot\xc3\xa6"
        "day_of\xaa"
        "2026-03-02\xa7"
        "call_at\xb0"
        "2026-03-02 18:00",
        "id", "\x01", NULL);
    say(seeds, "start", "process", "\xa4lead", "form",
        "\x82\xa4name\xa3"
        "Bob\xa5phone\xaf+49 30 12345678",
        "id", "\x02", "as",
        "\xa3"
        "ann",
        NULL);
    say(seeds, "press", "instance", "\x01", "action",
        "\xa4"
        "busy",
        "entry", "\x02", "as",
        "\xa3"
        "ann",
        "id", "\x03", NULL);
    // Values packed exactly: a duration in working days, a moment far out, a date, money.
    say(seeds, "press", "instance", "\x01", "action", "\xa5pause", "form",
        "\x81\xa5pause\xab" "2 work days", NULL);
    say(seeds, "press", "instance", "\x01", "action", "\xa5pause", "form",
        "\x81\xa5pause\xc7\x09\x06\x01\x7f\xff\xff\xff\xff\xff\xff\xff", NULL);
    say(seeds, "press", "instance", "\x01", "action", "\xa5later", "form",
        "\x81\xa7" "call_at\xd7\x05\x7f\xff\xff\xff\xff\xff\xff\xff", NULL);
    say(seeds, "press", "instance", "\x01", "action", "\xa5later", "form",
        "\x81\xa7" "call_at\xd6\x03\x7f\xff\xff\xff", NULL);
    say(seeds, "edit", "instance", "\x01", "form",
        "\x81\xa6people\xcf\xff\xff\xff\xff\xff\xff\xff\xff", NULL);
    say(seeds, "edit", "instance", "\x01", "form", "\x81\xa6people\x09", "id", "\x04", NULL);
    say(seeds, "comment", "instance", "\x01", "text", "\xa5" "hello", "id", "\x05", NULL);
    say(seeds, "side_task", "instance", "\x01", "title",
        "\xa4"
        "Look",
        "for",
        "\xa3"
        "bob",
        "id", "\x06", NULL);
    say(seeds, "claim", "instance", "\x01", "task", "\x01", NULL);
    say(seeds, "reassign", "instance", "\x01", "task", "\x01", "to",
        "\xa3"
        "bob",
        "reason",
        "\xa2"
        "no",
        NULL);
    say(seeds, "finish", "instance", "\x01", "task", "\x02", "note", "\xa2ok", NULL);
    say(seeds, "press", "instance", "\x01", "action", "\xa7reached", "form",
        "\x81\xa6wanted\x92\xa4"
        "desk\xa5"
        "chair",
        NULL);
    say(seeds, "press", "instance", "\x01", "action", "\xa4sold", NULL);
    say(seeds, "press", "instance", "\x02", "action", "\xa4made", NULL);
    say(seeds, "press", "instance", "\x03", "action", "\xa4made", NULL);
    say(seeds, "move", "instance", "\x01", "stage", "\xa7" "calling", "reason", "\xa1x", NULL);
    say(seeds, "undo", "instance", "\x01", "as", "\xa3" "ann", NULL);
    say(seeds, "reopen", "instance", "\x01", "as", "\xa3" "ann", NULL);
    say(seeds, "cancel", "instance", "\x01", "reason", "\xa1x", NULL);
    say(seeds, "close_incident", "instance", "\x01", "incident", "\x01", "reason", "\xa1x", NULL);
    say(seeds, "import_users", "users", "\x91\x82\xa4name\xa3" "zoe\xa5roles\x91\xa5sales", NULL);
    say(seeds, "apply", "files", "\x91\x82\xa4name\xa6" "a.rung\xa4text\xa9" "role r \"R\"", NULL);
    say(seeds, "clock", "by", "\x05", NULL);
    say(seeds, "inbox", "as", "\xa3" "ann", "limit", "\x05", NULL);
    say(seeds, "show", "instance", "\x01", "as", "\xa3" "ann", NULL);
    say(seeds, "history", "instance", "\x01", "from", "\x01", "limit", "\x05", NULL);
    say(seeds, "processes", NULL);
    say(seeds, "users", NULL);
    say(seeds, "stats", NULL);
    say(seeds, "next_due", NULL);
    say(seeds, "subscribe", "instance", "\x01", "from", "\x01", NULL);
    say(seeds, "subscribe", "inbox", "\xa3" "ann", NULL);
    say(seeds, "unsubscribe", "instance", "\x01", NULL);
    struct buf all;
    buf_init(&all, FRAME_BYTES_MAX * 2);
    buf_put_char(&all, 0);
    buf_put_slice(&all, buf_slice(&seeds->play));
    write_seed(seeds->folder, "frame", "play", buf_slice(&all));
    buf_done(&all);
}

static void write_records(const char *folder, struct memory_engine *memory)
{
    struct store_reader *reader = NULL;
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    enum err err = store_reader_open(memory->engine.store, &reader);
    CHECK(err == OK);
    store_reader_begin(reader);
    struct buf seed;
    buf_init(&seed, FRAME_BYTES_MAX);
    buf_put_char(&seed, 0);
    for (uint64_t seq = 1; seq <= store_reader_seq(reader); seq++) {
        struct slice record;
        err = store_reader_record(reader, seq, &arena, &record, NULL);
        CHECK(err == OK && record.len <= RECORD_MAX);
        buf_put_char(&seed, (char)(record.len >> 8));
        buf_put_char(&seed, (char)record.len);
        buf_put_slice(&seed, record);
        if (seq == 5 || seq == 8) {
            char name[32];
            (void)snprintf(name, sizeof(name), "records_%u", (unsigned)seq);
            write_seed(folder, "record", name, buf_slice(&seed));
        }
    }
    write_seed(folder, "record", "records_all", buf_slice(&seed));
    struct store_cursor *cursor = store_reader_seek(reader, DB_INSTANCE, SLICE_EMPTY, &arena);
    for (unsigned i = 1; cursor != NULL && i < 4; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "instance_%u", i);
        buf_reset(&seed);
        buf_put_char(&seed, 1);
        buf_put_slice(&seed, store_cursor_value(cursor));
        write_seed(folder, "record", name, buf_slice(&seed));
        if (!store_next(cursor)) {
            break;
        }
    }
    buf_done(&seed);
    store_reader_end(reader);
    store_reader_close(reader);
    arena_done(&arena);
}

static void write_images(const char *folder)
{
    const struct compile_file file = { SLICE("sample.rung"),
                                       slice_from_cstr(memory_engine_sample) };
    const struct compile_input input = { .files = &file, .file_count = 1 };
    struct compile_result result;
    compile_set(&input, &result);
    CHECK(compile_is_good(&result));
    for (uint32_t i = 0; i < result.program_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "program_%u", i);
        write_seed(folder, "image", name, result.programs[i].image);
    }
    for (uint32_t i = 0; i < result.inbox_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "inbox_%u", i);
        write_seed(folder, "image", name, result.inboxes[i].image);
    }
    write_seed(folder, "dsl", "sample.rung", file.text);
    compile_done(&result);
}

int main(int argc, char **argv)
{
    static struct memory_engine memory;
    if (argc != 2) {
        fprintf(stderr, "write_seeds FOLDER\n");
        return 2;
    }
    (void)mkdir(argv[1], 0755);
    struct seeds seeds = { .folder = argv[1], .memory = &memory };
    buf_init(&seeds.play, FRAME_BYTES_MAX);
    memory_engine_open(&memory, memory_engine_sample, roles);
    seeds.conn = memory_engine_connect(&memory);
    play(&seeds);
    write_records(argv[1], &memory);
    memory_engine_close(&memory);
    buf_done(&seeds.play);
    write_images(argv[1]);
    return 0;
}
