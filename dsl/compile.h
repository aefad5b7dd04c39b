// The compiler's front door: texts in, program images and test plans or messages out. Pure: no
// files, no clock, no globals; the same input gives the same bytes.
//
// A set is the files of one folder. `import shared` means `shared.rung` beside the importing file;
// `import stdlib.ladders` means `stdlib/ladders.rung`. Files of the set are looked at first, then
// the loader is asked, then what comes with Rung (dsl/library/stdlib.h). Data that a calendar
// names, and what a hook comes from, is found in the same way; files of the set whose names do not
// end in `.rung` are such data. Names of processes are global to the set; everything else is seen
// where it is imported. Each process gets an image of its own, and so does each inbox that
// somebody reads. With any error in the set there are no images.
#ifndef RUNG_DSL_COMPILE_H
#define RUNG_DSL_COMPILE_H

#include "base/arena.h"
#include "dsl/diag/diag.h"
#include "dsl/diag/source.h"
#include "dsl/image/image.h"
#include "dsl/model/test_plan.h"

enum { COMPILE_BYTES_MAX = 512 * 1024 * 1024 }; // memory of one compilation

struct compile_file {
    struct slice name; // as people see it, with `/`: "processes/lead.rung"
    struct slice text;
};

// The text of an imported file that is not in the set, in `arena`; false: there is none. `path` is
// what the import means: beside the importing file, or from the root of the library ("stdlib/…").
typedef bool compile_load_fn(void *context, struct slice path, struct arena *arena,
                             struct slice *ret_text);

// Would the file in Lua compile, and does it define that function? False: `ret_error` says why not,
// `ret_line` where.
typedef bool compile_check_hook_fn(struct slice file, struct slice text, struct slice name,
                                   struct arena *arena, uint32_t *ret_line,
                                   struct slice *ret_error);

struct compile_input {
    const struct compile_file *files;
    uint32_t file_count;
    compile_load_fn *load; // may be NULL
    void *load_context;
    // Whether there is a time zone of that name; NULL: every well-formed name will do.
    bool (*knows_zone)(struct slice name);
    compile_check_hook_fn *check_hook; // NULL: hooks are taken as they are
    bool no_tests;                     // tests are not looked at
};

enum { SOURCES_BYTES_MAX = 16 * 1024 * 1024 }; // of the file and all that it imports
// One process, or one inbox, compiled.
struct compile_program {
    struct slice process; // "inbox managers" for an inbox
    struct slice image; // 8-byte aligned; image_open accepts it
    struct slice source; // packed [[name, text]…] of `files` and the data they name
    uint8_t source_hash[IMAGE_HASH_BYTES]; // BLAKE2b of it
    const struct slice *files; // its own file first, then all it imports: what the hash is over
    uint32_t file_count;
    bool of_library; // it came with an import from the library, not with the files of the set
};

// What `reload` in a test names: a set of its own.
struct compile_reload {
    struct slice name;
    struct compile_result *result;
};

struct process; // of the model: for the compiler itself

struct compile_result {
    struct arena arena; // everything below lives here; do not move the result while it is in use
    struct source_set sources;
    struct diags diags; // finished: render it with diag_render_text or diag_render_json
    const struct compile_program
        *programs; // in the order of files and texts; none when there are errors
    uint32_t program_count;
    const struct compile_program *inboxes; // likewise; those that somebody reads
    uint32_t inbox_count;
    const struct slice *library_tables; // names of tables that came with imports from the library
    uint32_t library_table_count;
    const struct compile_file *data; // that the set names and the loader gave; each once
    uint32_t data_count;
    const struct test_plan *tests; // of the files of the set; none when there are errors
    uint32_t test_count;
    struct compile_reload *reloads;
    uint32_t reload_count;
    const struct process **processes;
    uint32_t process_count;
};

// Compiles a set. Always gives a result, to be done with compile_done; it is good when
// `diags.error_count` is 0. The input may go when this returns.
void compile_set(const struct compile_input *input, struct compile_result *ret_result);
void compile_done(struct compile_result *result);

static inline bool compile_is_good(const struct compile_result *result)
{
    return result->diags.error_count == 0;
}
// The program of that process, or NULL.
const struct compile_program *compile_find(const struct compile_result *result,
                                           struct slice process);

#endif
