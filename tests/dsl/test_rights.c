// The matrix of rights, as people see it. In the snapshots each line stands behind a bar.
#include "dsl/graph/rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dsl/compile.h"
#include "tests/dsl/sema_files.h"
#include "tests/dsl/snapshot.h"

#define FOLDER "tests/dsl/rights"

enum { TEXT_BYTES_MAX = 4 << 20 };

static void put_barred(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (i == 0 || text.ptr[i - 1] == '\n') {
            buf_put_char(out, '|');
        }
        buf_put_char(out, text.ptr[i]);
    }
}

static void compile_one(struct slice name, struct slice text, struct compile_result *result)
{
    const struct compile_file file = { name, text };
    const struct compile_input input = { .files = &file, .file_count = 1, .load = sema_load };
    compile_set(&input, result);
    if (!compile_is_good(result)) {
        struct buf out;
        buf_init(&out, TEXT_BYTES_MAX);
        diag_render_text(&result->diags, &out, 0);
        fail_msg("%.*s", SLICE_PRINT(buf_slice(&out)));
    }
}

static void render_rights(const struct snapshot *snapshot, struct buf *out, void *context)
{
    (void)context;
    struct compile_result result;
    compile_one(slice_from_cstr(snapshot->name), snapshot->program, &result);
    for (uint32_t i = 0; i < result.program_count; i++) {
        struct buf text;
        struct image image;
        buf_init(&text, TEXT_BYTES_MAX);
        assert_int_equal(image_open(result.programs[i].image, &image), OK);
        rights_text(&image, &text);
        put_barred(buf_slice(&text), out);
        buf_done(&text);
    }
    compile_done(&result);
}

static void the_matrix_is_shown_as_people_read_it(void **state)
{
    (void)state;
    snapshot_run(FOLDER, render_rights, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_is_shown_as_people_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
