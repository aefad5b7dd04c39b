// The words of the programs themselves, by which a case is found too: names and labels (in every
// language) of processes, stages and ends, and the words of buttons with their aliases. Few enough
// to be looked through in memory; read again when a program is added.
#ifndef RUNG_ENGINE_SEARCH_VOCAB_H
#define RUNG_ENGINE_SEARCH_VOCAB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "engine/state/view.h"
#include "engine/text/words.h"

enum vocab_kind { VOCAB_PROCESS, VOCAB_STAGE, VOCAB_END, VOCAB_ACTION };
enum { VOCAB_PROGRAMS_MAX = 200 }; // the newest ones

struct vocab_entry {
    struct slice word, stem;
    uint8_t kind;
    uint32_t program, number; // number: of the stage, end or action; of a process: its own
    uint32_t stage;           // of an action
};

struct vocab {
    struct arena arena;
    struct vocab_entry *entries;
    uint32_t count, capacity;
    uint32_t next_program; // what the view had when it was read
};

void vocab_init(struct vocab *vocab);
void vocab_done(struct vocab *vocab);
// Between view_begin and view_end.
void vocab_refresh(struct vocab *vocab, const struct view *view, struct stemmer *stemmer);
enum vocab_match { VOCAB_NONE, VOCAB_BEGINS, VOCAB_EXACT };
enum vocab_match vocab_matches(const struct vocab_entry *entry, struct slice word,
                               struct slice stem);

#endif
