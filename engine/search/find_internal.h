// What the files of finding share. Includable only inside engine/search.
#ifndef RUNG_ENGINE_SEARCH_FIND_INTERNAL_H
#define RUNG_ENGINE_SEARCH_FIND_INTERNAL_H

#include "engine/search/doc.h"
#include "engine/search/find.h"
#include "engine/search/vocab.h"

enum { VARIANTS_MAX = 3 };

struct finder {
    struct index_reader *reader;
    struct stemmer *stemmer;
    struct vocab vocab;
    struct doc doc;
};

// One word of a question.
struct find_word {
    struct slice word, stem;
    bool number;
    struct slice ends[VARIANTS_MAX];   // digits that a phone may end with
    uint32_t end_count;
    struct slice begins[VARIANTS_MAX]; // what a word or national number may begin with
    uint32_t begin_count;
    uint64_t id; // the number as that of a case; 0: none
};

// False: more than FIND_WORDS_MAX.
bool find_parse(struct slice text, struct stemmer *stemmer, struct arena *arena,
                struct find_word words[FIND_WORDS_MAX], uint32_t *ret_count);

// --- find_walk.c: one term's postings, alternatives of them, and what all of these have in common
struct leaf {
    struct slice term;  // empty: `value` is all there is
    struct slice value; // of the bucket
    uint32_t at;
    bool there, done;
};
struct arm {
    struct leaf *leaf;
    uint32_t count, capacity;
};
struct walk_budget {
    uint32_t steps;
};
void arm_init(struct arm *arm);
void arm_done(struct arm *arm);
void arm_add(struct arm *arm, struct arena *arena, struct slice term);
void arm_add_case(struct arm *arm, struct arena *arena, uint64_t instance);
// The newest bucket not newer than `at` in which every arm has cases; those that all of them have
// are set in `bits`. False: no more, or the budget is spent.
bool arms_next(struct index_reader *reader, struct arm *const *arms, uint32_t count,
               struct walk_budget *budget, uint32_t *at, uint64_t bits[INDEX_WORDS]);

#endif
