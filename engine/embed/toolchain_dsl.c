#include "engine/embed/toolchain_dsl.h"

#include "base/check.h"
#include "engine/hooks/hook.h"
#include "engine/time/zoneinfo.h"

enum { TEXT_BYTES_MAX = 1024 * 1024, IMAGE_ALIGN = 8 };

static void copy_diagnostics(const struct compile_result *compiled, struct arena *arena,
                             struct toolchain_result *result)
{
    const struct diags *diags = &compiled->diags;
    struct toolchain_diagnostic *list =
        ARENA_ARRAY(arena, struct toolchain_diagnostic, diags->count + 1);
    for (uint32_t i = 0; i < diags->count; i++) {
        const struct diag *diag = diags->items[i];
        const struct source_file *file = source_file(&compiled->sources, diag->primary.file);
        list[i] = (struct toolchain_diagnostic){
            .code = slice_from_cstr(diag_code_name(diag->code)),
            .severity = diag->level == DIAG_ERROR ? SLICE("error") : SLICE("warning"),
            .message = arena_copy(arena, diag_sentence(diag)),
            .help = diag->help_count > 0 ? arena_copy(arena, diag->helps[0].text) : SLICE_EMPTY,
            .file = arena_copy(arena, file->name),
            .line = source_line(file, diag->primary.start),
            .column = source_column(file, diag->primary.start),
        };
    }
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    diag_render_text(diags, &text, 0);
    result->diagnostics = list;
    result->diagnostic_count = diags->count;
    result->text = arena_copy(arena, buf_slice(&text));
    buf_done(&text);
}

static void copy_program(const struct compile_program *program, struct arena *arena,
                         struct toolchain_program *ret_copy)
{
    char *copy = arena_alloc_raw(arena, program->image.len); // aligned for any type
    CHECK(((uintptr_t)copy & (IMAGE_ALIGN - 1)) == 0);
    memcpy(copy, program->image.ptr, program->image.len);
    *ret_copy = (struct toolchain_program){
        arena_copy(arena, program->process), slice_make(copy, program->image.len),
        arena_copy(arena, program->source),
    };
}

static void copy_programs(const struct compile_result *compiled, struct arena *arena,
                          struct toolchain_result *result)
{
    uint32_t count = compiled->program_count + compiled->inbox_count;
    struct toolchain_program *list = ARENA_ARRAY(arena, struct toolchain_program, count + 1);
    for (uint32_t i = 0; i < compiled->program_count; i++) {
        copy_program(&compiled->programs[i], arena, &list[i]);
    }
    for (uint32_t i = 0; i < compiled->inbox_count; i++) {
        copy_program(&compiled->inboxes[i], arena, &list[compiled->program_count + i]);
    }
    result->programs = list;
    result->program_count = count;
}

static void run_tests(const struct toolchain_dsl *dsl, const struct compile_result *compiled,
                      struct arena *arena, struct toolchain_result *result)
{
    struct toolchain_tests tests = { 0 };
    dsl->tests(dsl->tests_context, compiled, arena, &tests);
    result->tests = tests.run;
    if (tests.failed > 0) {
        result->good = false;
        result->diagnostics = tests.failures;
        result->diagnostic_count = tests.failure_count;
        result->text = tests.text;
    }
}

static void run(void *context, const struct toolchain_file *files, uint32_t count,
                struct arena *arena, struct toolchain_result *ret_result)
{
    struct toolchain_dsl *dsl = context;
    struct compile_file *list = ARENA_ARRAY(arena, struct compile_file, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = (struct compile_file){ files[i].name, files[i].text };
    }
    const struct compile_input input = { list, count, dsl->load, dsl->load_context,
                                         zoneinfo_known, hook_check, false };
    struct compile_result compiled;
    compile_set(&input, &compiled);
    *ret_result = (struct toolchain_result){ .good = compile_is_good(&compiled) };
    copy_diagnostics(&compiled, arena, ret_result);
    if (ret_result->good) {
        copy_programs(&compiled, arena, ret_result);
        if (dsl->tests != NULL) {
            run_tests(dsl, &compiled, arena, ret_result);
        }
    }
    compile_done(&compiled);
}

struct toolchain toolchain_dsl_make(struct toolchain_dsl *dsl)
{
    return (struct toolchain){ .run = run, .context = dsl };
}
