#include "dsl/syntax/syntax.h"

#include "base/check.h"

// ------------------------------------------------------------------------------------ words, kinds

enum { WORD_IS_RESERVED, WORD_IS_POSITIONAL, WORD_IS_CONTEXTUAL };

static const struct {
    const char *text;
    unsigned char standing;
} words[WORDS_END] = {
    [WORD_NONE] = { "", WORD_IS_CONTEXTUAL },
#define WORD(name, text, class) [WORD_##name] = { text, WORD_IS_##class },
#include "dsl/syntax/token.def"
#undef WORD
};

static const struct {
    const char *text;
    enum syntax_class class;
} kinds[NODE_KIND_COUNT] = {
#define NODE(kind, class, text) [NODE_##kind] = { text, CLASS_##class },
#include "dsl/syntax/syntax.def"
#undef NODE
};

enum syntax_class syntax_class_of(enum syntax_kind kind) { return kinds[kind].class; }

const char *syntax_kind_name(enum syntax_kind kind) { return kinds[kind].text; }

const char *syntax_word_text(enum word word) { return words[word].text; }

bool syntax_word_reserved(enum word word) { return words[word].standing == WORD_IS_RESERVED; }

enum word syntax_word_find(struct slice text)
{
    for (unsigned word = 1; word < WORDS_END; word++) {
        if (slice_equal(slice_from_cstr(words[word].text), text)) {
            return (enum word)word;
        }
    }
    return WORD_NONE;
}

// ------------------------------------------------------------------------------------ children

uint32_t syntax_child_nth(const struct syntax_tree *tree, uint32_t node, enum syntax_kind kind,
                          uint32_t n)
{
    for (SYNTAX_EACH(tree, node, child)) {
        if (tree->nodes[child].kind == kind && n-- == 0) {
            return child;
        }
    }
    return NODE_NONE;
}

uint32_t syntax_child(const struct syntax_tree *tree, uint32_t node, enum syntax_kind kind)
{
    return syntax_child_nth(tree, node, kind, 0);
}

uint32_t syntax_child_class(const struct syntax_tree *tree, uint32_t node, enum syntax_class class,
                            uint32_t n)
{
    for (SYNTAX_EACH(tree, node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        bool fits = kind == NODE_ERROR ? tree->nodes[child].op == class
                                       : syntax_class_of(kind) == class;
        if (fits && n-- == 0) {
            return child;
        }
    }
    return NODE_NONE;
}

bool syntax_has(const struct syntax_tree *tree, uint32_t node, enum syntax_kind kind)
{
    return syntax_child(tree, node, kind) != NODE_NONE;
}

// ------------------------------------------------------------------------------------ places

static struct span token_span(const struct syntax_tree *tree, uint32_t token)
{
    return span_make(tree->file, tree->tokens[token].start, tree->tokens[token].end);
}

struct span syntax_span(const struct syntax_tree *tree, uint32_t node)
{
    const struct syntax_node *at = &tree->nodes[node];
    CHECK(at->first_token <= at->end_token && at->end_token <= tree->token_count);
    if (at->first_token == at->end_token) {
        // Nothing stands here: the place after what stands before.
        return at->first_token == 0 ? span_make(tree->file, 0, 0)
                                    : span_after(token_span(tree, at->first_token - 1));
    }
    return span_join(token_span(tree, at->first_token), token_span(tree, at->end_token - 1));
}

struct span syntax_keyword_span(const struct syntax_tree *tree, uint32_t node)
{
    const struct syntax_node *at = &tree->nodes[node];
    return at->first_token == at->end_token ? syntax_span(tree, node)
                                            : token_span(tree, at->first_token);
}

static struct slice bytes_of(const struct syntax_tree *tree, struct span span)
{
    return slice_sub(tree->text, span.start, span.end - span.start);
}

struct slice syntax_source(const struct syntax_tree *tree, uint32_t node)
{
    return bytes_of(tree, syntax_span(tree, node));
}

static uint32_t name_node(const struct syntax_tree *tree, uint32_t node)
{
    return syntax_kind(tree, node) == NODE_NAME ? node : syntax_child(tree, node, NODE_NAME);
}

struct slice syntax_name(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t name = name_node(tree, node);
    return name == NODE_NONE ? SLICE_EMPTY : syntax_source(tree, name);
}

struct span syntax_name_span(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t name = name_node(tree, node);
    return name == NODE_NONE ? syntax_keyword_span(tree, node) : syntax_span(tree, name);
}

// ------------------------------------------------------------------------------------ literals

// What stands between the quotes or braces of a STRING or of a TEXT in a template.
static struct slice inner_text(const struct syntax_tree *tree, uint32_t node)
{
    struct slice text = syntax_source(tree, node);
    size_t front = text.len > 0 && (text.ptr[0] == '"' || text.ptr[0] == '}') ? 1 : 0;
    size_t back = 0;
    if (text.len > front) {
        char last = text.ptr[text.len - 1];
        uint32_t token = tree->nodes[node].first_token;
        bool open = tree->tokens[token].kind == TOKEN_STRING_OPEN ||
                    tree->tokens[token].kind == TOKEN_STRING_MIDDLE;
        back = last == (open ? '{' : '"') ? 1 : 0;
    }
    return slice_sub(text, front, text.len - front - back);
}

static bool needs_decoding(struct slice text)
{
    return text.len > 0 && (memchr(text.ptr, '\\', text.len) != NULL ||
                            memchr(text.ptr, '{', text.len) != NULL);
}

static struct slice decode(struct slice text, struct arena *arena)
{
    char *to = arena_alloc_raw(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool more = i + 1 < text.len;
        if (c == '\\' && more) {
            c = text.ptr[++i];
            c = c == 'n' ? '\n' : c;
        } else if (c == '{' && more && text.ptr[i + 1] == '{') {
            i++;
        }
        to[len++] = c;
    }
    return slice_make(to, len);
}

struct slice syntax_string(const struct syntax_tree *tree, uint32_t node, struct arena *arena)
{
    if (syntax_kind(tree, node) == NODE_LABEL) {
        node = syntax_child(tree, node, NODE_STRING);
    }
    if (node == NODE_NONE ||
        (syntax_kind(tree, node) != NODE_STRING && syntax_kind(tree, node) != NODE_TEXT)) {
        return SLICE_EMPTY;
    }
    struct slice text = inner_text(tree, node);
    return needs_decoding(text) ? decode(text, arena) : text;
}

static struct value number_value(struct slice text, enum value_kind kind)
{
    struct value value = { .kind = (uint8_t)kind };
    size_t len = 0;
    while (len < text.len && ((text.ptr[len] >= '0' && text.ptr[len] <= '9') ||
                              text.ptr[len] == '_' || text.ptr[len] == '.')) {
        len++;
    }
    bool good = value_parse_decimal(slice_sub(text, 0, len), &value.number, &value.scale);
    CHECK(good); // the lexer has tried the same
    return value;
}

static struct value datetime_value(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t first = tree->nodes[node].first_token;
    struct slice date = bytes_of(tree, token_span(tree, first));
    struct slice time = bytes_of(tree, token_span(tree, first + 1));
    int64_t days = 0;
    int64_t ms = 0;
    bool good = value_parse_date(date, &days) && value_parse_time(time, &ms);
    CHECK(good);
    return value_datetime(days * 24 * 3600 * 1000 + ms);
}

struct value syntax_literal(const struct syntax_tree *tree, uint32_t node)
{
    struct slice text = syntax_source(tree, node);
    struct value value = value_empty();
    enum syntax_kind kind = syntax_kind(tree, node);
    if (kind == NODE_NUMBER) {
        bool whole = memchr(text.ptr, '.', text.len) == NULL;
        value = number_value(text, whole ? VALUE_INTEGER : VALUE_DECIMAL);
    } else if (kind == NODE_PERCENT) {
        value = number_value(text, VALUE_DECIMAL);
        value.scale = (uint8_t)(value.scale + 2);
    } else if (kind == NODE_MONEY) {
        value = number_value(text, VALUE_MONEY);
        memcpy(value.currency, text.ptr + text.len - 3, 3);
    } else if (kind == NODE_DURATION) {
        value.kind = VALUE_DURATION;
        bool good = value_parse_duration(text, &value.unit, &value.number);
        CHECK(good);
    } else if (kind == NODE_DATE) {
        value.kind = VALUE_DATE;
        bool good = value_parse_date(text, &value.number);
        CHECK(good);
    } else if (kind == NODE_TIME) {
        value.kind = VALUE_TIME;
        bool good = value_parse_time(text, &value.number);
        CHECK(good);
    } else {
        CHECK(kind == NODE_DATETIME);
        value = datetime_value(tree, node);
    }
    return value;
}

// ------------------------------------------------------------------------------------ comments

// Where the line before the one that begins at `line` begins; `line` itself at the top.
static uint32_t line_before(struct slice text, uint32_t line)
{
    if (line == 0) {
        return 0;
    }
    uint32_t at = line - 1;
    while (at > 0 && text.ptr[at - 1] != '\n') {
        at--;
    }
    return at;
}

// The comment of a line that holds nothing else, without its dashes. False: it is no such line.
static bool comment_line(struct slice text, uint32_t line, struct slice *ret_comment)
{
    uint32_t at = line;
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t')) {
        at++;
    }
    if (!slice_starts(slice_sub(text, at, 2), SLICE("--"))) {
        return false;
    }
    at += 2;
    at += at < text.len && text.ptr[at] == ' ' ? 1 : 0;
    uint32_t end = at;
    while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r') {
        end++;
    }
    *ret_comment = slice_sub(text, at, end - at);
    return true;
}

struct slice syntax_comment(const struct syntax_tree *tree, uint32_t node, struct arena *arena)
{
    uint32_t line = syntax_span(tree, node).start;
    while (line > 0 && tree->text.ptr[line - 1] != '\n') {
        line--;
    }
    uint32_t top = line;
    struct slice comment;
    while (top > 0 && comment_line(tree->text, line_before(tree->text, top), &comment)) {
        top = line_before(tree->text, top);
    }
    if (top == line) {
        return SLICE_EMPTY;
    }
    char *to = arena_alloc_raw(arena, line - top);
    size_t len = 0;
    while (top < line) {
        (void)comment_line(tree->text, top, &comment);
        if (len > 0) {
            to[len++] = '\n';
        }
        if (comment.len > 0) {
            memcpy(to + len, comment.ptr, comment.len);
        }
        len += comment.len;
        while (top < line && tree->text.ptr[top] != '\n') {
            top++;
        }
        top++;
    }
    return slice_make(to, len);
}

// ------------------------------------------------------------------------------------ printing

static const char *const kind_ids[NODE_KIND_COUNT] = {
#define NODE(kind, class, text) [NODE_##kind] = #kind,
#include "dsl/syntax/syntax.def"
#undef NODE
};

static void print_node(const struct syntax_tree *tree, uint32_t node, unsigned depth,
                       struct buf *out)
{
    CHECK(depth <= SYNTAX_DEPTH_MAX);
    const struct syntax_node *at = &tree->nodes[node];
    buf_format(out, "%*s%s", (int)depth * 2, "", kind_ids[at->kind]);
    if (at->op != 0) {
        buf_format(out, " %u", at->op);
    }
    if (at->first_child == NODE_NONE) {
        buf_format(out, " %.*s", SLICE_PRINT(syntax_source(tree, node)));
    }
    buf_put_char(out, '\n');
    for (SYNTAX_EACH(tree, node, child)) {
        print_node(tree, child, depth + 1, out);
    }
}

void syntax_print(const struct syntax_tree *tree, struct buf *out) { print_node(tree, 0, 0, out); }
