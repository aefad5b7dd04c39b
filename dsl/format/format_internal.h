// What the passes of the formatter share. The order: spaces (what stands between two tokens of one
// line), layout (which tokens begin a line), fit (long lines, comments inside a construct), align
// (columns), print.
#ifndef RUNG_DSL_FORMAT_FORMAT_INTERNAL_H
#define RUNG_DSL_FORMAT_FORMAT_INTERNAL_H

#include "dsl/format/format.h"
#include "dsl/syntax/syntax.h"

enum { FORMAT_INDENT = 2 };

enum gap_line {
    GAP_SAME,  // goes on in the line
    GAP_BREAK, // a thing of its own begins here
    GAP_HANG   // goes on in the next line
};

// Where a long line is rather broken; the smaller the better.
enum gap_soft { SOFT_NONE, SOFT_CLAUSE, SOFT_OPERATOR, SOFT_COMMA };

// What stands before a token.
struct format_gap {
    uint8_t line;  // enum gap_line
    uint8_t soft;  // enum gap_soft
    uint8_t space; // blanks when it goes on in the line
    bool fill;     // with GAP_BREAK: lines that go on are not indented further
    bool begins;   // the author began a line here
    bool comment;  // comments stand here
    bool own_line; // one of them on a line of its own
    bool blank;    // an empty line stands here
    uint16_t level;
    uint16_t pad; // blanks of the columns, on top of `space`
};

struct format {
    const struct syntax_tree *tree;
    struct arena *arena;
    struct format_gap *gaps; // one for each token
    uint32_t *mates;         // of braces: the other one
    uint32_t *cells;         // width of all tokens before, without what is between them
    uint32_t *blanks;        // the same of `space`
    uint32_t *comments;      // count of gaps with comments before
    bool keep_breaks;        // wherever the author began a line, one begins
    // The line in hand during layout.
    uint32_t line_start, line_end;
};

// The bytes of a token.
struct slice format_token(const struct format *format, uint32_t token);
// The next character of a token at `at`, blanks inside taken as one: for amounts with a unit.
bool format_joins_blanks(enum token_kind kind);
// The width of tokens [first, end) in one line.
uint32_t format_width(const struct format *format, uint32_t first, uint32_t end);

void format_spaces(struct format *format);
void format_layout(struct format *format);
void format_fit(struct format *format);
void format_align(struct format *format);
void format_print(const struct format *format, struct buf *out);

#endif
