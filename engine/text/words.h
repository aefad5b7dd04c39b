// Words as they are looked for: folded (case, accents, ё as е, full width), split at whatever is
// neither letter nor digit, and their stems. Behind it ICU and libstemmer; what they give is kept
// only where it can be made again (the search index), never in events.
#ifndef RUNG_ENGINE_TEXT_WORDS_H
#define RUNG_ENGINE_TEXT_WORDS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

enum { WORD_BYTES_MAX = 64 }; // a longer word is cut at a character

// The text folded, in `arena`. Bad UTF-8 is dropped. Letters keep what makes them another letter
// (й is not и), and lose what is only a mark (ё is е, é is e).
struct slice words_fold(struct arena *arena, struct slice text);
// The next word of a folded text at or after *at; false: there is none.
bool words_next(struct slice folded, size_t *at, struct slice *ret_word);
bool words_is_number(struct slice word); // ASCII digits only
// The first `characters` of a word; the whole word when it has no more.
struct slice words_head(struct slice word, uint32_t characters);
uint32_t words_length(struct slice word); // in characters

// Not thread-safe: one of them for each thread.
struct stemmer;
struct stemmer *stemmer_open(void);
void stemmer_close(struct stemmer *stemmer); // NULL is fine
// Russian for a Cyrillic word, English for a Latin one; others, and words with a digit, are their
// own stem. Valid until the next call.
struct slice stemmer_stem(struct stemmer *stemmer, struct slice word);

#endif
