// `reload "lead.next"` in a test: the file is a set of its own, whose processes take the place of
// those of the same name. It sees what the set of the test sees.
#include "base/array.h"
#include "dsl/compile_internal.h"

static const struct compile_result *find_reload(const struct compile *compile, struct slice name)
{
    const struct compile_result *result = compile->result;
    for (uint32_t i = 0; i < result->reload_count; i++) {
        if (slice_equal(result->reloads[i].name, name)) {
            return result->reloads[i].result;
        }
    }
    return NULL;
}

static bool load_beside(void *context, struct slice path, struct arena *arena,
                        struct slice *ret_text)
{
    const struct compile_input *outer = context;
    for (uint32_t i = 0; i < outer->file_count; i++) {
        if (slice_equal(outer->files[i].name, path)) {
            *ret_text = arena_copy(arena, outer->files[i].text);
            return true;
        }
    }
    return outer->load != NULL && outer->load(outer->load_context, path, arena, ret_text);
}

static const struct compile_result *compile_apart(struct compile *compile, struct slice name,
                                                  struct slice text)
{
    struct arena *arena = &compile->result->arena;
    const struct compile_input *outer = compile->input;
    const struct compile_file file = { arena_format(arena, "%.*s.rung", SLICE_PRINT(name)), text };
    const struct compile_input input = {
        .files = &file, .file_count = 1, .load = load_beside,
        .load_context = (void *)(uintptr_t)outer, .knows_zone = outer->knows_zone,
        .check_hook = outer->check_hook, .no_tests = true,
    };
    struct compile_result *result = ARENA_NEW(arena, struct compile_result);
    compile_set(&input, result);
    struct compile_reload reload = { name, result };
    ARRAY_PUSH(arena, compile->result->reloads, compile->result->reload_count, reload);
    return result;
}

static void report_broken(struct unit *unit, struct span span, struct slice path,
                          const struct compile_result *result)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0355, span);
    diag_fact(diag, path);
    for (uint32_t i = 0; i < result->diags.count; i++) {
        const struct diag *first = result->diags.items[i];
        if (first->level == DIAG_ERROR) {
            const struct source_file *file = source_file(&result->sources, first->primary.file);
            diag_note(diag, "line %u: %.*s", source_line(file, first->primary.start),
                      SLICE_PRINT(diag_sentence(first)));
            return;
        }
    }
}

const struct compile_result *compile_reload_apart(struct unit *unit, uint32_t file,
                                                  struct span span, struct slice path)
{
    struct compile *compile = unit->compile;
    struct slice name = arena_format(
        unit->arena, "%.*s%.*s",
        SLICE_PRINT(compile_folder_of(source_file(unit->sources, file)->name)), SLICE_PRINT(path));
    struct slice text;
    if (compile_is_program(path)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0354, span);
        diag_fact(diag, path);
        diag_here(diag, "a file that ends in `.rung` is part of the set itself");
        diag_help(diag, "give it another ending: `%.*s.next`",
                  SLICE_PRINT(slice_sub(path, 0, path.len > 5 ? path.len - 5 : path.len)));
        return NULL;
    }
    const struct compile_result *result = find_reload(compile, name);
    if (result == NULL) {
        if (!unit->load_data(unit, file, path, &text)) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0354, span);
            diag_fact(diag, path);
            diag_here(diag, "no such file stands beside this one");
            return NULL;
        }
        unit->data[unit->data_count - 1].apart = true;
        result = compile_apart(compile, name, text);
    }
    if (!compile_is_good(result)) {
        report_broken(unit, span, path, result);
        return NULL;
    }
    return result;
}
