#include "tests/dsl/snapshot.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { FILE_BYTES_MAX = 4 * 1024 * 1024, NAME_BYTES = 256, FILES_MAX = 1000 };

struct names {
    char (*at)[NAME_BYTES];
    unsigned count;
};

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static bool is_program(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && len < NAME_BYTES && strcmp(name + len - 5, ".rung") == 0;
}

static void list_names(const char *folder, struct names *names)
{
    *names = (struct names){ .at = calloc(FILES_MAX, NAME_BYTES) };
    assert_non_null(names->at);
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (is_program(entry->d_name)) {
            assert_true(names->count < FILES_MAX);
            (void)snprintf(names->at[names->count++], NAME_BYTES, "%s", entry->d_name);
        }
    }
    (void)closedir(dir);
    qsort(names->at, names->count, NAME_BYTES, by_name);
}

void snapshot_read(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char piece[4096];
    size_t len;
    while ((len = fread(piece, 1, sizeof(piece), file)) > 0) {
        buf_put(out, piece, len);
    }
    (void)fclose(file);
    assert_false(out->overflow);
}

unsigned snapshot_each(const char *folder, void (*each)(const char *path, void *context),
                       void *context)
{
    struct names names;
    list_names(folder, &names);
    for (unsigned i = 0; i < names.count; i++) {
        char path[1024];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names.at[i]);
        each(path, context);
    }
    free(names.at);
    return names.count;
}

// Cuts off everything up to a line that is `---` alone; without one, everything.
static struct slice take_section(struct slice *rest)
{
    for (size_t at = 0; at + 4 <= rest->len; at++) {
        bool begins = at == 0 || rest->ptr[at - 1] == '\n';
        if (begins && slice_starts(slice_sub(*rest, at, 4), SLICE("---\n"))) {
            struct slice section = slice_sub(*rest, 0, at);
            *rest = slice_sub(*rest, at + 4, rest->len);
            return section;
        }
    }
    struct slice section = *rest;
    *rest = SLICE_EMPTY;
    return section;
}

static void rewrite(const char *path, const struct snapshot *snapshot, struct slice fresh)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fprintf(file, "%.*s---\n%.*s", SLICE_PRINT(snapshot->program), SLICE_PRINT(fresh));
    if (snapshot->twin.len > 0) {
        (void)fprintf(file, "---\n%.*s", SLICE_PRINT(snapshot->twin));
    }
    (void)fclose(file);
}

static bool run_one(const char *folder, const char *name, snapshot_render_fn *render,
                    void *context)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    struct buf whole;
    struct buf fresh;
    buf_init(&whole, FILE_BYTES_MAX);
    buf_init(&fresh, FILE_BYTES_MAX);
    snapshot_read(path, &whole);
    struct slice rest = buf_slice(&whole);
    struct snapshot snapshot = { .name = name };
    snapshot.program = take_section(&rest);
    snapshot.expected = take_section(&rest);
    snapshot.twin = rest;
    render(&snapshot, &fresh, context);
    bool same = slice_equal(snapshot.expected, buf_slice(&fresh));
    if (!same && getenv("UPDATE_SNAPSHOTS") != NULL) {
        rewrite(path, &snapshot, buf_slice(&fresh));
        same = true;
    }
    if (!same) {
        print_error("%s: expected\n%.*s\nbut it gives\n%.*s\n", path,
                    SLICE_PRINT(snapshot.expected), SLICE_PRINT(buf_slice(&fresh)));
    }
    buf_done(&whole);
    buf_done(&fresh);
    return same;
}

void snapshot_run(const char *folder, snapshot_render_fn *render, void *context)
{
    struct names names;
    list_names(folder, &names);
    unsigned wrong = 0;
    for (unsigned i = 0; i < names.count; i++) {
        wrong += run_one(folder, names.at[i], render, context) ? 0 : 1;
    }
    assert_true(names.count > 0);
    free(names.at);
    assert_int_equal(wrong, 0);
}
