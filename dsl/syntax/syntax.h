// The lossless syntax tree of one file. Tokens lie in an array by byte offset (spaces and comments
// are the gaps between them), nodes in another; both live in the arena of the compilation. Parsing
// never fails: it gives a tree and messages. syntax.def says what children each kind has.
#ifndef RUNG_DSL_SYNTAX_SYNTAX_H
#define RUNG_DSL_SYNTAX_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"
#include "dsl/diag/diag.h"
#include "dsl/diag/source.h"

// How deep nodes may lie below the file: consumers may recurse over a tree without counting.
enum { SYNTAX_DEPTH_MAX = 200 };

enum token_kind {
#define TOKEN(kind, text) TOKEN_##kind,
#define MARK(kind, text) TOKEN_##kind,
#include "dsl/syntax/token.def"
#undef MARK
#undef TOKEN
    TOKEN_KIND_COUNT
};

// The words of the language; WORD_NONE is any other word.
enum word {
    WORD_NONE,
#define WORD(name, text, class) WORD_##name,
#include "dsl/syntax/token.def"
#undef WORD
    WORDS_END
};

struct token {
    uint32_t start, end; // bytes of the file
    uint8_t kind;        // enum token_kind
    uint8_t word;        // enum word, for TOKEN_WORD
    bool first_on_line;
    bool reported; // the lexer has spoken about it already
};

enum syntax_class {
    CLASS_ERROR, CLASS_FILE, CLASS_IMPORT, CLASS_NAME, CLASS_NAMES, CLASS_LABEL, CLASS_TOP,
    CLASS_CLAUSE, CLASS_MEMBER, CLASS_PART, CLASS_RUNG, CLASS_TYPE, CLASS_ITEM, CLASS_STEP,
    CLASS_BLOCK, CLASS_TEXT, CLASS_EXPR, CLASS_PLAY, CLASS_CHECK, CLASS_PARAM, CLASS_ROW,
    CLASS_CELL
};

enum syntax_kind {
#define NODE(kind, class, text) NODE_##kind,
#include "dsl/syntax/syntax.def"
#undef NODE
    NODE_KIND_COUNT
};

enum syntax_operator {
    OPERATOR_OR, OPERATOR_AND, OPERATOR_LESS, OPERATOR_LESS_EQUAL, OPERATOR_GREATER,
    OPERATOR_GREATER_EQUAL, OPERATOR_IS, OPERATOR_IS_NOT, OPERATOR_IN, OPERATOR_NOT_IN,
    OPERATOR_ADD, OPERATOR_SUBTRACT, OPERATOR_MULTIPLY, OPERATOR_DIVIDE
};
enum syntax_quantifier { SYNTAX_ALL, SYNTAX_ANY, SYNTAX_COUNT };
enum syntax_child_state { SYNTAX_OPEN, SYNTAX_ENDED, SYNTAX_SUCCEEDED, SYNTAX_FAILED };
enum syntax_strategy { SYNTAX_LEAST_LOADED, SYNTAX_ROUND_ROBIN, SYNTAX_FAMILIAR };
enum syntax_property_of { PROPERTY_OF_TASK, PROPERTY_OF_STAGE };
// What a person does in a test beside pressing.
enum syntax_deed {
    DEED_LOOKS,    // bob looks at l: his presses name the entry that he saw, until he looks again
    DEED_REPEATS,  // bob repeats l: his last press on it once more, under the same request id
    DEED_UNDOES,   // bob undoes l
    DEED_REOPENS,  // bob reopens l
    DEED_CLAIMS,   // bob claims l
    DEED_EDITS,    // bob edits l with FIELD: VALUE
    DEED_MOVES,    // bob moves l to STAGE
    DEED_GIVES,    // bob gives l to ann
    DEED_ADDS,     // bob adds "Title" on l for ann
    DEED_FINISHES, // bob finishes "Title" on l
    DEED_COUNT
};

// Nodes are named by number. 0 is the FILE node; NODE_NONE is "no such node".
#define NODE_NONE UINT32_MAX

struct syntax_node {
    uint8_t kind; // enum syntax_kind
    uint8_t op;   // see syntax.def
    uint16_t height; // of the tree below it; a leaf has 0
    uint32_t parent;
    uint32_t first_child;
    uint32_t last_child;
    uint32_t next_sibling;
    // Tokens [first_token, end_token); both equal for an ERROR node where nothing stands.
    uint32_t first_token;
    uint32_t end_token;
};

struct syntax_tree {
    uint32_t file;
    struct slice text;
    struct token *tokens; // the last one is TOKEN_END; changed by nobody who has a tree
    uint32_t token_count;
    const struct syntax_node *nodes;
    uint32_t node_count;
    bool has_errors; // of the lexer or the parser
};

// Reads file number `file` of `sources`. Messages go to `diags`; the tree lives in `arena`.
void syntax_parse(struct syntax_tree *ret_tree, const struct source_set *sources, uint32_t file,
                  struct arena *arena, struct diags *diags);

static inline const struct syntax_node *syntax_node(const struct syntax_tree *tree, uint32_t node)
{
    return &tree->nodes[node];
}
static inline enum syntax_kind syntax_kind(const struct syntax_tree *tree, uint32_t node)
{
    return (enum syntax_kind)tree->nodes[node].kind;
}
static inline unsigned syntax_op(const struct syntax_tree *tree, uint32_t node)
{
    return tree->nodes[node].op;
}
static inline uint32_t syntax_first(const struct syntax_tree *tree, uint32_t node)
{
    return tree->nodes[node].first_child;
}
static inline uint32_t syntax_next(const struct syntax_tree *tree, uint32_t node)
{
    return tree->nodes[node].next_sibling;
}
// for (SYNTAX_EACH(tree, node, child)) { … child … }
#define SYNTAX_EACH(tree, node, child)                                  \
    uint32_t child = syntax_first((tree), (node)); (child) != NODE_NONE; \
    (child) = syntax_next((tree), (child))

enum syntax_class syntax_class_of(enum syntax_kind kind);
const char *syntax_kind_name(enum syntax_kind kind); // "stage"; static
const char *syntax_word_text(enum word word);        // "stage"; static
// Whether the word can never be a name.
bool syntax_word_reserved(enum word word);
// The word of the language that `text` is, or WORD_NONE.
enum word syntax_word_find(struct slice text);

// The first child of the kind, or NODE_NONE.
uint32_t syntax_child(const struct syntax_tree *tree, uint32_t node, enum syntax_kind kind);
// The n-th child of the kind, from 0, or NODE_NONE.
uint32_t syntax_child_nth(const struct syntax_tree *tree, uint32_t node, enum syntax_kind kind,
                          uint32_t n);
// The n-th child of the class, from 0; an ERROR standing for that class counts (and is returned).
// NODE_NONE when there are fewer.
uint32_t syntax_child_class(const struct syntax_tree *tree, uint32_t node, enum syntax_class class,
                            uint32_t n);
bool syntax_has(const struct syntax_tree *tree, uint32_t node, enum syntax_kind kind);

struct span syntax_span(const struct syntax_tree *tree, uint32_t node);
// The span of the first token: `stage`, `action` …
struct span syntax_keyword_span(const struct syntax_tree *tree, uint32_t node);
// The bytes of a node as they stand in the file.
struct slice syntax_source(const struct syntax_tree *tree, uint32_t node);
// The text of a NAME node; of any other node, that of its first NAME child; empty when it has none.
struct slice syntax_name(const struct syntax_tree *tree, uint32_t node);
// The span of the same; the keyword's span when there is no name.
struct span syntax_name_span(const struct syntax_tree *tree, uint32_t node);
// The decoded text of STRING, TEXT or a LABEL with a STRING; empty for a LABEL with a TEMPLATE or
// an ERROR. Borrows from the file when there is nothing to decode, else lives in `arena`.
struct slice syntax_string(const struct syntax_tree *tree, uint32_t node, struct arena *arena);
// The value of NUMBER (integer or decimal), MONEY, DURATION, PERCENT (decimal: 40% is 0.40), TIME,
// DATE, or DATETIME (as if written in UTC). Literals that do not fit were reported and are ERROR.
struct value syntax_literal(const struct syntax_tree *tree, uint32_t node);
// The comment lines directly above a node's first line, without `--`, or empty; in `arena`.
struct slice syntax_comment(const struct syntax_tree *tree, uint32_t node, struct arena *arena);
// The tree as indented text, one node per line, for tests.
void syntax_print(const struct syntax_tree *tree, struct buf *out);

#endif
