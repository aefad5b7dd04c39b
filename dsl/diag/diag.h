// What the compiler tells the author. Every pass adds to one collector and goes on; the caller
// finishes it (sort, dedup, limit) and renders it as text or JSON. Output is a pure function of the
// input texts, never of the order of discovery.
//
// How to add one:
//     struct diag *diag = diag_add(diags, DIAG_E0301, name_span);      // never NULL
//     diag_fact(diag, name);                                           // {1} of the sentence
//     diag_fact(diag, process_name);                                   // {2}
//     diag_here(diag, "action `%.*s` moves the case here", SLICE_PRINT(action));
//     diag_label(diag, declared_span, "the process begins here");
//     diag_note(diag, "…a fact…");
//     diag_help_edit(diag, DIAG_FIX_SAFE, name_span, right_name, "write `%.*s`", …);
// The sentence of a code stands in diag.def, in one line, lower case, no full stop, with {1} … {4}
// for the facts. Sentence, labels and notes state what is; only helps say what to do.
// Speak of stages, actions, roles, ladders; never of tokens, identifiers or expressions.
#ifndef RUNG_DSL_DIAG_H
#define RUNG_DSL_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/suggest.h"
#include "dsl/diag/source.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING };

// DIAG_E0101 …
enum diag_code {
#define DIAG(code, level, slug, sentence) DIAG_##code,
#include "dsl/diag/diag.def"
#undef DIAG
    DIAG_CODE_COUNT
};

enum {
    DIAG_FACTS_MAX = 4,
    DIAG_LABELS_MAX = 4,
    DIAG_NOTES_MAX = 4,
    DIAG_HELPS_MAX = 3,
    DIAG_SHOWN_PER_FILE_MAX = 20,
    DIAG_KEPT_PER_FILE_MAX = 200  // what comes after is only counted
};

// How sure an edit is: SAFE is certainly right and applied by `check --fix`; GUESS is probably
// meant; PLACEHOLDER has words that the author must still fill in.
enum diag_fix { DIAG_FIX_NONE, DIAG_FIX_SAFE, DIAG_FIX_GUESS, DIAG_FIX_PLACEHOLDER };

struct diag_label {
    struct span span;
    struct slice text;
};

struct diag_help {
    struct slice text;
    enum diag_fix fix;
    struct span span;         // with an edit: what is replaced (empty: inserted there)
    struct slice replacement; // may hold several lines
};

struct diag {
    struct diags *owner;
    enum diag_code code;
    enum diag_level level;
    struct span primary;
    struct slice primary_label; // may be empty
    struct slice facts[DIAG_FACTS_MAX];
    struct diag_label labels[DIAG_LABELS_MAX];
    struct slice notes[DIAG_NOTES_MAX];
    struct diag_help helps[DIAG_HELPS_MAX];
    uint8_t fact_count, label_count, note_count, help_count;
};

// The collector of one compilation.
struct diags {
    struct arena *arena;
    const struct source_set *sources;
    struct diag **items; // after diag_finish: sorted by (file, offset, code), without repeats
    uint32_t count;
    uint32_t capacity;
    uint32_t error_count; // kept while adding; exact after diag_finish
    uint32_t warning_count;
    uint32_t kept[SOURCE_FILES_MAX];    // per file
    uint32_t dropped[SOURCE_FILES_MAX]; // per file: counted, not kept
    struct diag spare;                  // what diag_add gives when a file has too many
    bool finished;
};

// Both must outlive the collector. Spans given later are clamped to their files.
void diags_init(struct diags *diags, struct arena *arena, const struct source_set *sources);

// A new message of the code's level. Valid as long as the arena.
struct diag *diag_add(struct diags *diags, enum diag_code code, struct span primary);
void diag_fact(struct diag *diag, struct slice fact);
void diag_fact_format(struct diag *diag, const char *format, ...) ATTR_PRINTF(2, 3);
// What is wrong at the primary span.
void diag_here(struct diag *diag, const char *format, ...) ATTR_PRINTF(2, 3);
// The other place the author must see; may be in another file. More than DIAG_LABELS_MAX: dropped.
void diag_label(struct diag *diag, struct span span, const char *format, ...) ATTR_PRINTF(3, 4);
void diag_note(struct diag *diag, const char *format, ...) ATTR_PRINTF(2, 3);
void diag_help(struct diag *diag, const char *format, ...) ATTR_PRINTF(2, 3);
void diag_help_edit(struct diag *diag, enum diag_fix fix, struct span span,
                    struct slice replacement, const char *format, ...) ATTR_PRINTF(5, 6);

// --- names that are nearly right ---------------------------------------------------------------
// Adds a help with an edit when one name is close ("a stage with a similar name exists"), one for
// each when several are, nothing when none is. `kind` is "stage", "role", "action" …; `span` is
// the misspelt name. Returns whether a help was added.
bool diag_suggest(struct diag *diag, const struct suggestions *suggestions, struct span span,
                  const char *kind);

// --- reading the result ------------------------------------------------------------------------
// Sorts, drops repeats of (code, span) and what is said of the meaning of a line that cannot be
// read, counts. Call once, after the last pass.
void diag_finish(struct diags *diags);

const char *diag_code_name(enum diag_code code); // "E0301"
const char *diag_code_slug(enum diag_code code); // "unknown-stage"
// False: there is no such code.
bool diag_code_find(struct slice name, enum diag_code *ret_code);
// The sentence with its facts filled in, in the collector's arena.
struct slice diag_sentence(const struct diag *diag);

enum { DIAG_COLOUR = 1 };
// As people read it, at most DIAG_SHOWN_PER_FILE_MAX per file and a count of the rest. No closing
// summary: the caller knows how many files there were.
void diag_render_text(const struct diags *diags, struct buf *out, unsigned flags);
// One JSON object per line: code, slug, level, message, file, line, column, start, end, label,
// labels, notes, helps (with edits). All messages that were kept.
void diag_render_json(const struct diags *diags, struct buf *out);

// The text of `file` with all SAFE edits made (those that overlap an earlier one are left out).
// Returns how many were made.
uint32_t diag_apply_edits(const struct diags *diags, uint32_t file, struct buf *out);

#endif
