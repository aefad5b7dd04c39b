// Inside of the lexer; included by dsl/lexer*.c only.
#ifndef RUNG_DSL_SYNTAX_LEXER_INTERNAL_H
#define RUNG_DSL_SYNTAX_LEXER_INTERNAL_H

#include "dsl/syntax/lexer.h"

enum { LEXER_WORD_SLOTS = 512 };

struct lexer {
    struct slice text;
    uint32_t file;
    uint32_t at;
    struct arena *arena;
    struct diags *diags;
    struct token *tokens;
    uint32_t count;
    uint32_t capacity;
    bool line_begun;      // some token stands on this line
    bool in_template;     // between the { and } of a text
    uint32_t template_at; // where that { is
    uint32_t quote_at;    // where that text begins
    bool cr_reported;
    bool has_errors;
    uint8_t words[LEXER_WORD_SLOTS]; // open hash of enum word
};

// The byte at a place; 0 behind the end.
static inline unsigned char lexer_byte(const struct lexer *lexer, uint32_t at)
{
    return at < lexer->text.len ? (unsigned char)lexer->text.ptr[at] : 0;
}
static inline bool lexer_is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
// Whether a name may go on at `at`, and how many bytes that character has.
bool lexer_is_name_part(const struct lexer *lexer, uint32_t at, uint32_t *ret_bytes);
uint32_t lexer_name_end(const struct lexer *lexer, uint32_t at);
uint32_t lexer_line_end(const struct lexer *lexer, uint32_t at);
uint32_t lexer_skip_blanks(const struct lexer *lexer, uint32_t at);
struct slice lexer_between(const struct lexer *lexer, uint32_t start, uint32_t end);
struct span lexer_span(const struct lexer *lexer, uint32_t start, uint32_t end);

// Adds a token and goes behind it. Valid until the next one is added.
struct token *lexer_add(struct lexer *lexer, enum token_kind kind, uint32_t start, uint32_t end);
// A token for what has been reported and means nothing.
struct token *lexer_add_bad(struct lexer *lexer, uint32_t start, uint32_t end);
struct diag *lexer_complain(struct lexer *lexer, enum diag_code code, uint32_t start,
                            uint32_t end);

// --- lexer_text.c: the `"` at the current place begins a text
void lexer_read_text(struct lexer *lexer);
// Between the { and } of a text: what ends it. False: an ordinary token stands here.
bool lexer_leave_template(struct lexer *lexer, unsigned char c);
void lexer_check_direction(struct lexer *lexer, uint32_t from, uint32_t to);
// --- lexer_quotes.c: adds the helps that close, or open, the text whose quote is missing
void lexer_suggest_quote(struct lexer *lexer, struct diag *diag, uint32_t quote);
// Whether the line of the place has a quote too few, or too many.
bool lexer_quotes_odd(const struct lexer *lexer, uint32_t at);
// --- lexer_number.c: a digit stands at the current place
void lexer_read_number(struct lexer *lexer);
// --- lexer_strange.c: something that is no part of the language
void lexer_read_strange(struct lexer *lexer);
// What means nothing in a text; line ends and tabs are none.
bool lexer_is_control(uint32_t code);

#endif
