// Finding cases by words: the newest open ones first, those that have every word before those that
// have only its beginning, then the ended ones in the same order. A word may stand in the title, a
// field, a comment; be digits of a phone (the last four or more, or its beginning, in any
// spelling), the number of the case, a word of its process, stage or end, or of a button that the
// asker may press now. The index proposes, and every case is then looked at as it stands: what the
// asker may not see is neither found nor counted.
//
// The work of one question is bounded (FIND_STEPS_MAX, FIND_CASES_MAX), however many cases there
// are: a bucket of 4,096 cases is one step for each term.
#ifndef RUNG_ENGINE_SEARCH_FIND_H
#define RUNG_ENGINE_SEARCH_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/slice.h"
#include "engine/search/index.h"
#include "engine/state/view.h"

enum {
    FIND_WORDS_MAX = SEARCH_WORDS_MAX,
    FIND_LIMIT_MAX = SEARCH_CASES_MAX,
    FIND_STEPS_MAX = 12000, // postings read
    FIND_CASES_MAX = 600    // cases looked at
};

struct finder;
struct token; // doc.h
struct find_hit {
    const struct instance *instance;
    const struct view_program *program;
    bool exact;           // every word stands there as a whole
    const uint32_t *actions; // of the image, ascending: buttons that words of the question name
    uint32_t action_count;
};
struct find_options {
    struct slice words;       // may be empty with `quiet_ms`
    uint32_t user;            // the asker; 0: an administrator
    uint32_t process;         // only its cases; 0: of all
    bool open, ended;         // which
    uint64_t quiet_ms;        // only cases that nothing has moved since; 0: all
    uint32_t limit;           // 1 … FIND_LIMIT_MAX
    struct arena *arena;
    struct view *view;        // of the same thread; not begun
    // Is this button there for the asker, as the case stands?
    bool (*offers)(void *context, const struct instance *instance,
                   const struct view_program *program, uint32_t action);
    void (*take)(void *context, const struct find_hit *hit); // between view_begin and view_end
    void *context;
};
struct find_result {
    uint32_t count;
    bool more;      // there are more, or the question's work came to its bound
    uint64_t seq;   // the index holds everything up to this record
};

enum err finder_open(struct index *index, struct finder **ret_finder) ATTR_USE_RESULT;
void finder_close(struct finder *finder); // NULL is fine
// ERR_BAD_INPUT: more than FIND_WORDS_MAX words. ERR_IO: the index cannot be read.
enum err finder_run(struct finder *finder, const struct find_options *options,
                    struct find_result *ret_result) ATTR_USE_RESULT;

// --- possible duplicates -------------------------------------------------------------------------
// Open cases of one process that have a phone or an e-mail address in common, or were linked when a
// start matched both. Goes through the index from `from` on (a term key; empty: from the
// beginning).
struct find_pair {
    const struct token *token;    // what they have in common: phone, address, or linked
    const uint64_t *cases;    // 2 … FIND_TWINS_MAX, the newest first
    uint32_t count;
};
enum { FIND_TWINS_MAX = 16, FIND_TERMS_MAX = 20000 };
// `take` gets candidates; it looks at them as they stand. False: enough. `ret_next`: where to go on
// from, in `arena`; empty: the end.
typedef bool find_pair_fn(void *context, const struct find_pair *pair);
enum err finder_pairs(struct finder *finder, struct slice from, struct arena *arena,
                      find_pair_fn *take, void *context, struct slice *ret_next) ATTR_USE_RESULT;

#endif
