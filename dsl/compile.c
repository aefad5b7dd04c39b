#include "dsl/compile.h"

#include <sodium.h>

#include "base/array.h"
#include "base/check.h"
#include "base/pack.h"
#include "dsl/check/check.h"
#include "dsl/compile_internal.h"
#include "dsl/library/stdlib.h"
#include "dsl/lower/lower.h"
#include "dsl/names/names.h"

_Static_assert(IMAGE_HASH_BYTES >= crypto_generichash_BYTES_MIN, "a hash that BLAKE2b can give");
_Static_assert(IMAGE_HASH_BYTES <= crypto_generichash_BYTES_MAX, "a hash that BLAKE2b can give");

static void add_files(struct compile *compile);
static void resolve_imports(struct compile *compile, uint32_t file);
static void find_rings(struct compile *compile);
static void compute_closures(struct compile *compile);
static void find_texts(struct compile *compile);
static void list_data(struct compile *compile);
static void check_all(struct compile *compile);
static void lower_all(struct compile *compile);
static bool load_data(struct unit *unit, uint32_t file, struct slice path, struct slice *ret_text);

void compile_set(const struct compile_input *input, struct compile_result *ret_result)
{
    *ret_result = (struct compile_result){ .program_count = 0 };
    struct compile_result *result = ret_result;
    arena_init(&result->arena, COMPILE_BYTES_MAX);
    source_set_init(&result->sources, &result->arena);
    diags_init(&result->diags, &result->arena, &result->sources);
    struct compile compile = {
        .input = input,
        .result = result,
        .unit = { .arena = &result->arena, .sources = &result->sources, .diags = &result->diags,
                  .load_data = load_data, .reload = compile_reload_apart, .compile = &compile,
                  .knows_zone = input->knows_zone },
    };
    compile.unit.files = ARENA_ARRAY(&result->arena, struct unit_file, SOURCE_FILES_MAX);
    add_files(&compile);
    compile.given_count = result->sources.count;
    // Imported files are appended while this runs.
    for (uint32_t file = 0; file < result->sources.count; file++) {
        compile.unit.file_count = file + 1;
        syntax_parse(&compile.unit.files[file].tree, &result->sources, file, &result->arena,
                     &result->diags);
        resolve_imports(&compile, file);
    }
    find_rings(&compile);
    compute_closures(&compile);
    check_all(&compile);
    if (result->diags.error_count == 0) {
        lower_all(&compile);
    }
    list_data(&compile);
    diag_finish(&result->diags);
    if (result->diags.error_count == 0) {
        result->tests = compile.plans;
        result->test_count = compile.plan_count;
    } else {
        result->program_count = 0;
        result->inbox_count = 0;
    }
}

void compile_done(struct compile_result *result)
{
    for (uint32_t i = 0; i < result->reload_count; i++) {
        compile_done(result->reloads[i].result);
    }
    arena_done(&result->arena);
    *result = (struct compile_result){ .program_count = 0 };
}

const struct compile_program *compile_find(const struct compile_result *result,
                                           struct slice process)
{
    for (uint32_t i = 0; i < result->program_count; i++) {
        if (slice_equal(result->programs[i].process, process)) {
            return &result->programs[i];
        }
    }
    return NULL;
}

// --- files -------------------------------------------------------------------------------------

static uint32_t find_file(const struct compile *compile, struct slice name)
{
    const struct source_set *sources = &compile->result->sources;
    for (uint32_t i = 0; i < sources->count; i++) {
        if (slice_equal(source_file(sources, i)->name, name)) {
            return i;
        }
    }
    return INDEX_NONE;
}

bool compile_is_program(struct slice name)
{
    struct slice ending = SLICE(".rung");
    return name.len < ending.len ||
           slice_equal(slice_sub(name, name.len - ending.len, ending.len), ending);
}

static void add_files(struct compile *compile)
{
    struct source_set *sources = &compile->result->sources;
    for (uint32_t i = 0; i < compile->input->file_count; i++) {
        const struct compile_file *file = &compile->input->files[i];
        if (find_file(compile, file->name) != INDEX_NONE || !compile_is_program(file->name)) {
            continue; // data is read where it is named
        }
        if (sources->count == SOURCE_FILES_MAX) {
            struct diag *diag = diag_add(&compile->result->diags, DIAG_E0322, span_make(0, 0, 0));
            diag_fact_format(diag, "%d", SOURCE_FILES_MAX);
            return;
        }
        source_add(sources, file->name, file->text);
    }
}

// A text from outside of the set: the loader's, else what comes with Rung.
static bool load_text(struct compile *compile, struct slice path, struct slice *ret_text)
{
    struct arena *arena = &compile->result->arena;
    const struct compile_input *input = compile->input;
    return (input->load != NULL && input->load(input->load_context, path, arena, ret_text)) ||
           stdlib_find(path, ret_text);
}

struct slice compile_folder_of(struct slice name)
{
    size_t folder = 0;
    for (size_t i = 0; i < name.len; i++) {
        folder = name.ptr[i] == '/' ? i + 1 : folder;
    }
    return slice_sub(name, 0, folder);
}

// Data: a file of the set, one beside the file that names it, or one of the library.
static bool load_data(struct unit *unit, uint32_t file, struct slice path, struct slice *ret_text)
{
    struct compile *compile = unit->compile;
    struct slice beside =
        arena_format(unit->arena, "%.*s%.*s",
                     SLICE_PRINT(compile_folder_of(source_file(unit->sources, file)->name)),
                     SLICE_PRINT(path));
    struct slice text = SLICE_EMPTY;
    bool found = false;
    for (uint32_t i = 0; i < compile->input->file_count && !found; i++) {
        const struct compile_file *one = &compile->input->files[i];
        found = slice_equal(one->name, beside) || slice_equal(one->name, path);
        text = found ? arena_copy(unit->arena, one->text) : text;
    }
    struct slice used = path;
    if (!found && load_text(compile, beside, &text)) {
        found = true;
        used = beside;
    }
    found = found || load_text(compile, path, &text);
    if (found) {
        struct unit_data data = { .file = file, .path = used, .text = text };
        ARRAY_PUSH(unit->arena, unit->data, unit->data_count, data);
        *ret_text = text;
    }
    return found;
}

// `deals.design` in a file of `folder`: "folder/deals/design.rung".
static struct slice import_path(struct compile *compile, uint32_t file, uint32_t path,
                                struct slice folder)
{
    const struct syntax_tree *tree = names_tree(&compile->unit, file);
    struct arena *arena = &compile->result->arena;
    struct slice joined = folder;
    bool first = true;
    for (SYNTAX_EACH(tree, path, name)) {
        joined = arena_format(arena, "%.*s%s%.*s", SLICE_PRINT(joined), first ? "" : "/",
                              SLICE_PRINT(syntax_name(tree, name)));
        first = false;
    }
    return arena_format(arena, "%.*s.rung", SLICE_PRINT(joined));
}

// "stdlib/ladders.rung" as an import says it: `stdlib.ladders`.
static void offer_library(struct arena *arena, struct suggestions *suggestions)
{
    struct slice folder = SLICE("stdlib/");
    for (uint32_t i = 0; stdlib_path(i).len > 0; i++) {
        struct slice path = stdlib_path(i);
        if (path.len > folder.len + 5 && compile_is_program(path)) {
            struct slice name = slice_sub(path, folder.len, path.len - folder.len - 5);
            suggest_offer(suggestions, arena_format(arena, "stdlib.%.*s", SLICE_PRINT(name)), 1);
        }
    }
}

static uint32_t load_file(struct compile *compile, struct slice path, struct span span)
{
    struct compile_result *result = compile->result;
    struct arena *arena = &result->arena;
    struct slice text = SLICE_EMPTY;
    if (!load_text(compile, path, &text)) {
        struct diag *diag = diag_add(&result->diags, DIAG_E0312, span);
        diag_fact(diag, path);
        diag_here(diag, "this means `%.*s`", SLICE_PRINT(path));
        struct suggestions suggestions;
        suggest_init(&suggestions, source_text(&result->sources, span));
        for (uint32_t i = 0; i < compile->input->file_count; i++) {
            struct slice name = result->sources.files[i].name;
            size_t start = 0;
            for (size_t n = 0; n < name.len; n++) {
                start = name.ptr[n] == '/' ? n + 1 : start;
            }
            struct slice base = slice_sub(name, start, name.len);
            if (base.len > 5) {
                suggest_offer(&suggestions, slice_sub(base, 0, base.len - 5), 0);
            }
        }
        offer_library(arena, &suggestions);
        if (!diag_suggest(diag, &suggestions, span, "file")) {
            diag_help(diag, "put the file there, or correct its name");
        }
        return INDEX_NONE;
    }
    if (result->sources.count == SOURCE_FILES_MAX) {
        struct diag *diag = diag_add(&result->diags, DIAG_E0322, span);
        diag_fact_format(diag, "%d", SOURCE_FILES_MAX);
        return INDEX_NONE;
    }
    return source_add(&result->sources, path, text);
}

// Beside the file that imports it; a path of several words else begins where the set and the
// library do.
static uint32_t find_import(struct compile *compile, uint32_t file, uint32_t path)
{
    const struct syntax_tree *tree = names_tree(&compile->unit, file);
    struct slice folder = compile_folder_of(source_file(&compile->result->sources, file)->name);
    struct slice wanted = import_path(compile, file, path, folder);
    uint32_t found = find_file(compile, wanted);
    struct slice text;
    bool several = syntax_next(tree, syntax_first(tree, path)) != NODE_NONE;
    if (found == INDEX_NONE && several && !load_text(compile, wanted, &text)) {
        wanted = import_path(compile, file, path, SLICE_EMPTY);
        found = find_file(compile, wanted);
    }
    return found != INDEX_NONE ? found : load_file(compile, wanted, syntax_span(tree, path));
}

static void resolve_imports(struct compile *compile, uint32_t file)
{
    struct unit_file *own = &compile->unit.files[file];
    const struct syntax_tree *tree = &own->tree;
    for (SYNTAX_EACH(tree, 0, import)) {
        if (syntax_kind(tree, import) != NODE_IMPORT) {
            continue;
        }
        for (SYNTAX_EACH(tree, import, path)) {
            if (syntax_kind(tree, path) != NODE_PATH) {
                continue;
            }
            uint32_t found = find_import(compile, file, path);
            if (found != INDEX_NONE) {
                ARRAY_PUSH(&compile->result->arena, own->imports, own->import_count, found);
            }
        }
    }
}

// --- what imports what -------------------------------------------------------------------------

// Whether `from` leads to `to`; `seen` has a byte per file. Depth is bounded by the number of
// files.
static bool leads_to(const struct compile *compile, uint32_t from, uint32_t to, uint8_t *seen)
{
    if (from == to) {
        return true;
    }
    if (seen[from] != 0) {
        return false;
    }
    seen[from] = 1;
    const struct unit_file *file = &compile->unit.files[from];
    for (uint32_t i = 0; i < file->import_count; i++) {
        if (leads_to(compile, file->imports[i], to, seen)) {
            return true;
        }
    }
    return false;
}

static struct span import_span(const struct compile *compile, uint32_t file)
{
    const struct syntax_tree *tree = names_tree(&compile->unit, file);
    uint32_t import = syntax_child(tree, 0, NODE_IMPORT);
    return import == NODE_NONE ? span_make(file, 0, 0) : syntax_span(tree, import);
}

// One message per ring: at its first file.
static void find_rings(struct compile *compile)
{
    uint32_t count = compile->unit.file_count;
    uint8_t *reported = ARENA_ARRAY(&compile->result->arena, uint8_t, count + 1);
    for (uint32_t file = 0; file < count; file++) {
        const struct unit_file *own = &compile->unit.files[file];
        for (uint32_t i = 0; i < own->import_count && reported[file] == 0; i++) {
            uint8_t *seen = ARENA_ARRAY(&compile->result->arena, uint8_t, count + 1);
            if (!leads_to(compile, own->imports[i], file, seen)) {
                continue;
            }
            struct diag *diag =
                diag_add(&compile->result->diags, DIAG_E0313, import_span(compile, file));
            diag_fact(diag, source_file(&compile->result->sources, file)->name);
            uint32_t next = own->imports[i];
            if (next != file) {
                diag_label(diag, import_span(compile, next), "and this leads back");
                diag_here(diag, "this leads to `%.*s`",
                          SLICE_PRINT(source_file(&compile->result->sources, next)->name));
            }
            diag_note(diag, "what two files need of each other belongs into a third");
            for (uint32_t n = 0; n < count; n++) {
                uint8_t *back = ARENA_ARRAY(&compile->result->arena, uint8_t, count + 1);
                bool in_ring = leads_to(compile, file, n, back);
                memset(back, 0, count);
                reported[n] |= in_ring && leads_to(compile, n, file, back);
            }
        }
    }
}

static void add_to_closure(struct compile *compile, struct unit_file *own, uint32_t file)
{
    for (uint32_t i = 0; i < own->closure_count; i++) {
        if (own->closure[i] == file) {
            return;
        }
    }
    ARRAY_PUSH(&compile->result->arena, own->closure, own->closure_count, file);
    const struct unit_file *added = &compile->unit.files[file];
    for (uint32_t i = 0; i < added->import_count; i++) {
        add_to_closure(compile, own, added->imports[i]);
    }
}

static void compute_closures(struct compile *compile)
{
    for (uint32_t file = 0; file < compile->unit.file_count; file++) {
        add_to_closure(compile, &compile->unit.files[file], file);
    }
}

// --- texts in Lua ------------------------------------------------------------------------------

static bool is_lua(struct slice name)
{
    return name.len > 4 && memcmp(name.ptr + name.len - 4, ".lua", 4) == 0;
}

static void read_hook(struct compile *compile, struct hook *hook)
{
    struct compile_result *result = compile->result;
    const struct syntax_tree *tree = names_tree(&compile->unit, hook->decl.file);
    uint32_t string = syntax_child(tree, hook->decl.node, NODE_STRING);
    if (string == NODE_NONE || hook->decl.name.len == 0) {
        hook->broken = true;
        return;
    }
    struct slice name = syntax_string(tree, string, &result->arena);
    struct span span = syntax_span(tree, string);
    uint32_t line = 1;
    struct slice error = SLICE_EMPTY;
    hook->path = name;
    if (!is_lua(name) ||
        !load_data(&compile->unit, hook->decl.file, name, &hook->text)) {
        hook->broken = true;
        struct diag *diag = diag_add(&result->diags, DIAG_E0801, span);
        diag_fact(diag, hook->path);
        diag_help(diag, is_lua(name) ? "put the file there, or correct its name"
                                     : "a hook comes from a file whose name ends in `.lua`");
    } else if (hook->text.len > HOOK_TEXT_MAX) {
        hook->broken = true;
        struct diag *diag = diag_add(&result->diags, DIAG_E0901, span);
        diag_fact(diag, hook->path);
        diag_fact_format(diag, "%d bytes", HOOK_TEXT_MAX);
    } else if (compile->input->check_hook != NULL &&
               !compile->input->check_hook(hook->path, hook->text, hook->decl.name, &result->arena,
                                           &line, &error)) {
        hook->broken = true;
        struct diag *diag = diag_add(&result->diags, DIAG_E0802, span);
        diag_fact(diag, hook->path);
        diag_fact(diag, hook->decl.name);
        diag_here(diag, "line %u: %.*s", line, SLICE_PRINT(error));
        diag_help(diag, "mend it there: the file is read when the process is checked");
    }
}

// What the hooks say in Lua, each file once.
static void find_texts(struct compile *compile)
{
    struct unit *unit = &compile->unit;
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        if (unit->decls[i]->what == WHAT_HOOK) {
            read_hook(compile, (struct hook *)(void *)unit->decls[i]);
        }
    }
}

// What whoever compiles the set elsewhere needs beside its files.
static void list_data(struct compile *compile)
{
    const struct unit *unit = &compile->unit;
    struct compile_result *result = compile->result;
    struct compile_file *data = NULL;
    for (uint32_t i = 0; i < unit->data_count; i++) {
        struct slice own;
        bool listed = stdlib_find(unit->data[i].path, &own);
        for (uint32_t n = 0; n < result->data_count && !listed; n++) {
            listed = slice_equal(data[n].name, unit->data[i].path);
        }
        if (!listed) {
            struct compile_file file = { unit->data[i].path, unit->data[i].text };
            ARRAY_PUSH(&result->arena, data, result->data_count, file);
        }
    }
    result->data = data;
}

// --- passes ------------------------------------------------------------------------------------

// For the tests of a set that reloads this one.
static void keep_processes(struct compile *compile)
{
    const struct unit *unit = &compile->unit;
    const struct process **kept =
        ARENA_ARRAY(&compile->result->arena, const struct process *, unit->process_count + 1);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        kept[i] = unit->processes[i];
    }
    compile->result->processes = kept;
    compile->result->process_count = unit->process_count;
}

static void check_all(struct compile *compile)
{
    struct unit *unit = &compile->unit;
    names_collect(unit);
    find_texts(compile);
    check_records(unit);
    check_tables(unit);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        check_declare(unit, unit->processes[i]);
    }
    check_records(unit); // those without a name, of fields
    for (uint32_t i = 0; i < unit->process_count; i++) {
        check_fill(unit, unit->processes[i]);
    }
    for (uint32_t i = 0; i < unit->process_count; i++) {
        check_converts(unit, unit->processes[i]);
    }
    check_records(unit); // and of answers
    check_intakes(unit);
    check_inboxes(unit, compile->input->file_count);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        struct process *process = unit->processes[i];
        if (!process->broken) {
            check_choices(unit, process);
            check_parallels(unit, process);
        }
        if (!process->broken) {
            check_lints(unit, process);
            check_graph(unit, process);
            check_cover(unit, process);
            check_rights(unit, process);
            check_children(unit, process);
            check_timers(unit, process);
        }
    }
    keep_processes(compile);
    for (uint32_t file = 0; file < compile->input->file_count && file < unit->file_count &&
                            !compile->input->no_tests;
         file++) {
        check_unused_signals(unit, file);
        check_tests(unit, file, &compile->plans, &compile->plan_count);
    }
}

// The file, all it imports, and the files whose overrides change what it imports.
static uint32_t source_files(const struct compile *compile, uint32_t file, uint32_t *files)
{
    const struct unit *unit = &compile->unit;
    const struct unit_file *own = &unit->files[file];
    uint32_t count = 0;
    for (uint32_t i = 0; i < own->closure_count; i++) {
        files[count++] = own->closure[i];
    }
    for (uint32_t i = 0; i < unit->override_count; i++) {
        const struct override *override = &unit->overrides[i];
        bool known = !names_sees(unit, file, override->target->file);
        for (uint32_t n = 0; n < count && !known; n++) {
            known = files[n] == override->file;
        }
        if (!known) {
            files[count++] = override->file;
        }
    }
    return count;
}

// Name and text of each of them and of the data they name: [[name, text]…]. What the hash is over,
// and what the journal keeps, so that a line of the program can be shown for as long as a case
// remembers it. Empty: too long.
static struct slice pack_sources(const struct compile *compile, const uint32_t *files,
                                 uint32_t count)
{
    struct buf buf;
    buf_init(&buf, SOURCES_BYTES_MAX);
    uint32_t data = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t n = 0; n < compile->unit.data_count; n++) {
            const struct unit_data *one = &compile->unit.data[n];
            data += one->file == files[i] && !one->apart ? 1u : 0u;
        }
    }
    pack_array(&buf, count + data);
    for (uint32_t i = 0; i < count; i++) {
        const struct source_file *file = source_file(&compile->result->sources, files[i]);
        pack_array(&buf, 2);
        pack_str(&buf, file->name);
        pack_str(&buf, file->text);
        for (uint32_t n = 0; n < compile->unit.data_count; n++) {
            if (compile->unit.data[n].file == files[i] && !compile->unit.data[n].apart) {
                pack_array(&buf, 2);
                pack_str(&buf, compile->unit.data[n].path);
                pack_str(&buf, compile->unit.data[n].text);
            }
        }
    }
    struct slice packed =
        buf.overflow ? SLICE_EMPTY : arena_copy(&compile->result->arena, buf_slice(&buf));
    buf_done(&buf);
    return packed;
}

static bool is_too_big(struct compile *compile, const struct decl *decl, const char *what,
                       int most)
{
    struct diag *diag = diag_add(&compile->result->diags, DIAG_E0901, decl->span);
    diag_fact(diag, names_decl(decl, &compile->result->arena));
    diag_fact_format(diag, "%s of %d bytes", what, most);
    return false;
}

// What an import brought from the library: it has tests of its own, where it is at home.
static bool is_of_library(const struct compile *compile, uint32_t file)
{
    return file >= compile->given_count &&
           slice_starts(source_file(&compile->result->sources, file)->name, SLICE("stdlib/"));
}

static void list_library_tables(struct compile *compile)
{
    const struct unit *unit = &compile->unit;
    struct slice *tables = ARENA_ARRAY(&compile->result->arena, struct slice, unit->decl_count + 1);
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        const struct decl *decl = unit->decls[i];
        if (decl->what == WHAT_TABLE && is_of_library(compile, decl->body_file)) {
            tables[compile->result->library_table_count++] = decl->name;
        }
    }
    compile->result->library_tables = tables;
}

// Lowers one process, or one inbox.
static bool lower_one(struct compile *compile, const struct decl *decl, struct buf *scratch,
                      struct compile_program *program)
{
    struct arena *arena = &compile->result->arena;
    const struct unit *unit = &compile->unit;
    bool inbox = decl->what == WHAT_INBOX;
    uint32_t *sources = ARENA_ARRAY(arena, uint32_t, SOURCE_FILES_MAX + 1);
    uint32_t source_count = source_files(compile, decl->file, sources);
    program->process =
        inbox ? arena_format(arena, "inbox %.*s", SLICE_PRINT(decl->name)) : decl->name;
    program->source = pack_sources(compile, sources, source_count);
    if (program->source.len == 0) {
        return is_too_big(compile, decl, "texts", SOURCES_BYTES_MAX);
    }
    crypto_generichash(program->source_hash, IMAGE_HASH_BYTES,
                       (const unsigned char *)program->source.ptr, program->source.len, NULL, 0);
    buf_reset(scratch);
    enum err err = inbox ? lower_inbox(unit, (const struct inbox *)(const void *)decl,
                                       program->source_hash, scratch)
                         : lower_process(unit, (const struct process *)(const void *)decl,
                                         program->source_hash, scratch);
    if (err != OK) {
        return is_too_big(compile, decl, "an image", IMAGE_BYTES_MAX);
    }
    program->image = arena_copy(arena, buf_slice(scratch));
    CHECK((uintptr_t)program->image.ptr % 8 == 0);
    struct slice *files = ARENA_ARRAY(arena, struct slice, source_count);
    for (uint32_t i = 0; i < source_count; i++) {
        files[i] = source_file(&compile->result->sources, sources[i])->name;
    }
    program->of_library = is_of_library(compile, decl->file);
    program->files = files;
    program->file_count = source_count;
    return true;
}

static void lower_inboxes(struct compile *compile, struct buf *scratch)
{
    const struct unit *unit = &compile->unit;
    struct compile_program *inboxes =
        ARENA_ARRAY(&compile->result->arena, struct compile_program, unit->inbox_count + 1);
    for (uint32_t i = 0; i < unit->inbox_count; i++) {
        if (unit->inboxes[i]->readers.count > 0 &&
            lower_one(compile, &unit->inboxes[i]->decl, scratch,
                      &inboxes[compile->result->inbox_count])) {
            compile->result->inbox_count++;
        }
    }
    compile->result->inboxes = inboxes;
}

static void lower_all(struct compile *compile)
{
    const struct unit *unit = &compile->unit;
    struct compile_program *programs =
        ARENA_ARRAY(&compile->result->arena, struct compile_program, unit->process_count + 1);
    struct buf scratch;
    buf_init(&scratch, IMAGE_BYTES_MAX);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        if (lower_one(compile, &unit->processes[i]->decl, &scratch,
                      &programs[compile->result->program_count])) {
            compile->result->program_count++;
        }
    }
    lower_inboxes(compile, &scratch);
    buf_done(&scratch);
    compile->result->programs = programs;
    list_library_tables(compile);
}
