// Which parts of the processes the tests of a set reached: stages, actions, ends, rungs of ladders,
// rows of tables. Filled by play_run from the journals of its tests.
#ifndef RUNG_ENGINE_PLAY_COVER_H
#define RUNG_ENGINE_PLAY_COVER_H

#include "base/arena.h"
#include "dsl/compile.h"

struct cover_program; // what was reached of one process
struct cover_cases;   // of the test in hand

struct cover {
    struct arena arena;
    struct cover_program *programs; // in the order of the set
    uint32_t program_count;
    const struct compile_result *set;
    struct cover_cases *cases;
};

// A part that no test reached. `line` is 0 where a part has none of its own (rungs).
struct cover_gap {
    struct slice process, file;
    const char *kind;  // "action"
    struct slice name; // "sold at stage contact"
    uint32_t line;
};
typedef void cover_gap_fn(void *context, const struct cover_gap *gap);

// The set must be good, and outlive the cover.
void cover_init(struct cover *cover, const struct compile_result *set);
void cover_done(struct cover *cover);
// Calls `each` for every gap, process by process, in the order of the text; gives how many parts
// were reached and how many there are. Processes and tables that came with an import from the
// library have their tests there, and do not count here.
void cover_gaps(struct cover *cover, cover_gap_fn *each, void *context, uint32_t *ret_reached,
                uint32_t *ret_parts);

struct record;
// What one record of a test's journal reached. Records come in order; cover_begin before the first.
void cover_begin(struct cover *cover);
void cover_record(struct cover *cover, const struct record *record);

#endif
