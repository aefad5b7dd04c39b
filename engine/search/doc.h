// What a case is filed under: tokens, read from its row, its program, and from what was said about
// it in the journal. From the tokens follow the terms of the index (words, stems, their beginnings,
// digits from the end), and whether a case matches the word of a question. Stored tokens are read
// without trust.
#ifndef RUNG_ENGINE_SEARCH_DOC_H
#define RUNG_ENGINE_SEARCH_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "engine/state/view.h"
#include "engine/text/words.h"

enum token_kind {
    TOKEN_WORD = 'w',    // of the title or a field
    TOKEN_SAID = 'c',    // of a comment: kept for ever
    TOKEN_DIGITS = 'd',  // of a phone: country and number
    TOKEN_MAIL = 'm',    // a whole address
    TOKEN_TWIN = 'x',    // linked as a possible duplicate: the other case; kept
    TOKEN_STAGE = 'g',   // active: program, stage
    TOKEN_END = 'e',     // program, end
    TOKEN_PROCESS = 'p', // process
    TOKEN_USER = 'u',    // has a part in the case
    TOKEN_ROLE = 'r',    // of a slot or task: for those above it
    TOKEN_OFFER = 'o',   // a task is offered to its holders
    TOKEN_DAY = 'q',     // of the last thing that moved it, days since 1970
    TERM_STEM = 's',     // terms only
    TERM_HEAD = 'h'      // the beginning of a word: 1 … TERM_HEAD_MAX characters, fewer than it has
};
enum { TERM_HEAD_MAX = 4, DOC_TOKENS_MAX = 512, TERM_DIGITS_MIN = 4, TERM_DIGITS_MAX = 24 };

struct token {
    uint8_t kind;
    uint32_t role; // it is of a field shown to holders of this role only; 0: everybody
    struct slice text;
};

static inline bool token_equal(const struct token *a, const struct token *b)
{
    return a->kind == b->kind && a->role == b->role && slice_equal(a->text, b->text);
}

struct doc {
    uint64_t seq; // the newest record of the case that is in it
    bool ended;
    uint32_t count;
    struct token token[DOC_TOKENS_MAX];
};

static inline void doc_clear(struct doc *doc) // its tokens are not touched: there are none
{
    doc->seq = 0;
    doc->ended = false;
    doc->count = 0;
}
// False: full. A token that is there already is not added again.
bool doc_add(struct doc *doc, struct token token);
// The words of a text; `arena` keeps them.
void doc_add_words(struct doc *doc, struct arena *arena, enum token_kind kind, uint32_t role,
                   struct slice text);
void doc_add_number(struct doc *doc, struct arena *arena, enum token_kind kind, uint32_t a,
                    uint32_t b); // b: of the kinds that have two
// Everything but what is kept from before (TOKEN_SAID, TOKEN_TWIN).
void doc_read(struct doc *doc, const struct view *view, const struct view_program *program,
              const struct instance *instance, struct arena *arena);

void doc_encode(const struct doc *doc, struct buf *buf);
// Texts borrow from the bytes. False: they do not validate; the doc is then empty.
bool doc_decode(struct slice bytes, struct doc *ret_doc);

// A term key without its bucket: state, kind [, role], text, 0. Returns its length; `to` has
// INDEX_TERM_BYTES_MAX.
size_t term_key(bool ended, uint8_t kind, uint32_t role, struct slice text, char *to);
// The same without the closing 0, for terms that begin so.
size_t term_begin(bool ended, uint8_t kind, uint32_t role, struct slice text, char *to);
// The text, kind and role of a term key. False: it is not one.
bool term_split(struct slice term, struct token *ret_token);
// Calls `each` with the term key of every term of the doc, some more than once.
typedef void term_fn(void *context, struct slice term);
void doc_terms(const struct doc *doc, struct stemmer *stemmer, term_fn *each, void *context);
void digits_reversed(struct slice digits, char to[TERM_DIGITS_MAX]);
// Without the country code of an international number.
struct slice digits_national(struct slice digits);

#endif
