// Any text through lexer, parser, names, types, proofs and lowering. A text that has no mistakes
// gives images that image_open accepts; every message lies inside its file and can be shown as text
// and JSON; the same text gives the same messages.
#include "base/check.h"
#include "base/utf8.h"
#include "dsl/compile.h"
#include "tests/fuzz/fuzz.h"

enum { OUT_BYTES_MAX = 64 * 1024 * 1024 };

static void check_span(const struct compile_result *result, struct span span)
{
    CHECK(span.file < result->sources.count);
    CHECK(span.start <= span.end);
    CHECK(span.end <= source_file(&result->sources, span.file)->text.len);
}

static void check_messages(const struct compile_result *result, struct buf *out)
{
    const struct diags *diags = &result->diags;
    for (uint32_t i = 0; i < diags->count; i++) {
        const struct diag *diag = diags->items[i];
        check_span(result, diag->primary);
        for (uint32_t j = 0; j < diag->label_count; j++) {
            check_span(result, diag->labels[j].span);
        }
        for (uint32_t j = 0; j < diag->help_count; j++) {
            if (diag->helps[j].fix != DIAG_FIX_NONE) {
                check_span(result, diag->helps[j].span);
            }
        }
    }
#ifdef PLANTED_BUG
    // Believes that nobody makes more than two dozen mistakes.
    uint32_t lines[24] = { 0 };
    for (uint32_t i = 0; i < diags->count; i++) {
        lines[i] = diags->items[i]->primary.start;
    }
    CHECK(lines[0] <= SOURCE_BYTES_MAX);
#endif
    diag_render_text(diags, out, 0);
    diag_render_json(diags, out);
    CHECK(!out->overflow);
    CHECK(utf8_valid(buf_slice(out)));
    struct buf fixed;
    buf_init(&fixed, OUT_BYTES_MAX);
    (void)diag_apply_edits(diags, 0, &fixed);
    buf_done(&fixed);
}

static void check_programs(const struct compile_result *result)
{
    CHECK(IMPLIES(!compile_is_good(result), result->program_count == 0));
    for (uint32_t i = 0; i < result->program_count; i++) {
        struct image image;
        enum err err = image_open(result->programs[i].image, &image);
        CHECK(err == OK);
    }
    for (uint32_t i = 0; i < result->inbox_count; i++) {
        struct image image;
        enum err err = image_open(result->inboxes[i].image, &image);
        CHECK(err == OK);
    }
}

static void compile(struct slice text, struct buf *out)
{
    const struct compile_file file = { SLICE("fuzz.rung"), text };
    const struct compile_input input = { .files = &file, .file_count = 1 };
    struct compile_result result;
    compile_set(&input, &result);
    check_messages(&result, out);
    check_programs(&result);
    compile_done(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct buf first, second;
    buf_init(&first, OUT_BYTES_MAX);
    compile(text, &first);
    if (size < 400) {
        buf_init(&second, OUT_BYTES_MAX);
        compile(text, &second);
        CHECK(slice_equal(buf_slice(&first), buf_slice(&second)));
        buf_done(&second);
    }
    buf_done(&first);
    return 0;
}
