// Files of hostile bodies, by the names that the suites give them: y_… must be read, n_… must not,
// i_… either; a file of naughty texts in JSON is read, and each text comes back from a form as it
// went in. Usage: hostile json FILES… | hostile texts FILE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/intake/body.h"

enum { FILE_BYTES_MAX = 2 << 20 };

static struct slice load(const char *path, char *to)
{
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(to, 1, FILE_BYTES_MAX, file) : 0;
    if (file == NULL || fclose(file) != 0) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    return slice_make(to, len);
}

static int read_json(int count, char **paths, char *bytes, struct arena *arena)
{
    int failed = 0, must = 0, must_not = 0, either = 0;
    for (int i = 0; i < count; i++) {
        const char *name = strrchr(paths[i], '/');
        name = name != NULL ? name + 1 : paths[i];
        struct body body;
        struct slice problem = SLICE_EMPTY;
        arena_reset(arena);
        bool good = body_read(BODY_JSON, load(paths[i], bytes), arena, &body, &problem);
        must += name[0] == 'y';
        must_not += name[0] == 'n';
        either += name[0] == 'i';
        if ((name[0] == 'y' && !good) || (name[0] == 'n' && good) || (!good && problem.len == 0)) {
            (void)printf("%s: %s %.*s\n", name, good ? "was read" : "was not read",
                         SLICE_PRINT(problem));
            failed++;
        }
    }
    (void)printf("%d must be read, %d must not, %d either; %d wrong\n", must, must_not, either,
                 failed);
    return failed == 0 && must > 0 && must_not > 0 ? 0 : 1;
}

static void put_coded(struct buf *buf, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        buf_format(buf, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
    }
}

static int read_texts(const char *path, char *bytes, struct arena *arena)
{
    struct body body, again;
    struct slice problem = SLICE_EMPTY;
    if (!body_read(BODY_JSON, load(path, bytes), arena, &body, &problem)) {
        (void)printf("%s: %.*s\n", path, SLICE_PRINT(problem));
        return 1;
    }
    int failed = 0;
    for (uint32_t i = 0; i < body.count; i++) {
        struct buf form;
        buf_init(&form, FILE_BYTES_MAX);
        buf_put_cstr(&form, "names[0][text]=");
        put_coded(&form, body.values[i].text);
        bool good = body_read(BODY_FORM, buf_slice(&form), arena, &again, &problem) &&
                    again.count == 1 && slice_equal(again.values[0].path, SLICE("names.0.text")) &&
                    slice_equal(again.values[0].text, body.values[i].text);
        failed += good ? 0 : 1;
        buf_done(&form);
    }
    (void)printf("%u texts, %d wrong\n", body.count, failed);
    return failed == 0 && body.count > 0 ? 0 : 1;
}

int main(int count, char **words)
{
    if (count < 3) {
        return 2;
    }
    struct arena arena;
    char *bytes = mem_alloc(FILE_BYTES_MAX);
    arena_init(&arena, (size_t)1 << 30);
    int status = strcmp(words[1], "json") == 0 ? read_json(count - 2, words + 2, bytes, &arena)
                                               : read_texts(words[2], bytes, &arena);
    arena_done(&arena);
    mem_free(bytes);
    return status;
}
