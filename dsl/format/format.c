// The formatter's door: reads, runs the passes, and reads the result again to be sure.
#include "dsl/format/format.h"

#include "base/utf8.h"
#include "dsl/format/format_internal.h"

struct slice format_token(const struct format *format, uint32_t token)
{
    const struct token *t = &format->tree->tokens[token];
    return slice_sub(format->tree->text, t->start, t->end - t->start);
}

bool format_joins_blanks(enum token_kind kind)
{
    return kind == TOKEN_DURATION || kind == TOKEN_MONEY || kind == TOKEN_PERCENT;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static uint32_t measure_token(const struct format *format, uint32_t token)
{
    struct slice text = format_token(format, token);
    if (!format_joins_blanks((enum token_kind)format->tree->tokens[token].kind)) {
        return (uint32_t)utf8_cells(text);
    }
    uint32_t cells = 0;
    for (size_t i = 0; i < text.len; i++) {
        cells += is_blank(text.ptr[i]) && i > 0 && is_blank(text.ptr[i - 1]) ? 0 : 1;
    }
    return cells;
}

// What the author wrote before a token.
static void read_gap(struct format *format, uint32_t token)
{
    const struct syntax_tree *tree = format->tree;
    struct format_gap *gap = &format->gaps[token];
    uint32_t at = token == 0 ? 0 : tree->tokens[token - 1].end;
    uint32_t lines = 0;
    bool fresh = token == 0;
    for (uint32_t end = tree->tokens[token].start; at < end; at++) {
        char c = tree->text.ptr[at];
        if (c == '\n') {
            lines++;
            gap->blank = gap->blank || lines > 1;
            fresh = true;
        } else if (c == '-' && at + 1 < end && tree->text.ptr[at + 1] == '-') {
            gap->comment = true;
            gap->own_line = gap->own_line || fresh;
            lines = 0;
            while (at + 1 < end && tree->text.ptr[at + 1] != '\n') {
                at++;
            }
        }
    }
    gap->begins = fresh;
}

static void read_gaps(struct format *format)
{
    const struct syntax_tree *tree = format->tree;
    uint32_t count = tree->token_count;
    format->gaps = ARENA_ARRAY(format->arena, struct format_gap, count);
    format->mates = ARENA_ARRAY(format->arena, uint32_t, count);
    format->cells = ARENA_ARRAY(format->arena, uint32_t, count + 1);
    format->blanks = ARENA_ARRAY(format->arena, uint32_t, count + 1);
    format->comments = ARENA_ARRAY(format->arena, uint32_t, count + 1);
    uint32_t *open = ARENA_ARRAY(format->arena, uint32_t, count);
    uint32_t depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        read_gap(format, i);
        format->comments[i + 1] = format->comments[i] + (format->gaps[i].comment ? 1 : 0);
        format->cells[i + 1] = format->cells[i] + measure_token(format, i);
        if (tree->tokens[i].kind == TOKEN_BRACE_OPEN) {
            open[depth++] = i;
        } else if (tree->tokens[i].kind == TOKEN_BRACE_CLOSE && depth > 0) {
            format->mates[i] = open[--depth];
            format->mates[open[depth]] = i;
        }
    }
}

uint32_t format_width(const struct format *format, uint32_t first, uint32_t end)
{
    if (first >= end) {
        return 0;
    }
    return format->cells[end] - format->cells[first] + format->blanks[end] -
           format->blanks[first + 1];
}

static void run_passes(const struct syntax_tree *tree, bool keep_breaks, struct arena *arena,
                       struct buf *out)
{
    struct format format = { .tree = tree, .arena = arena, .keep_breaks = keep_breaks };
    read_gaps(&format);
    format_spaces(&format);
    for (uint32_t i = 0; i < tree->token_count; i++) {
        format.blanks[i + 1] = format.blanks[i] + format.gaps[i].space;
    }
    format_layout(&format);
    format_fit(&format);
    format_align(&format);
    format_print(&format, out);
}

// --- the same program ---------------------------------------------------------------------------

static bool same_token(const struct syntax_tree *a, const struct syntax_tree *b, uint32_t token)
{
    const struct token *x = &a->tokens[token];
    const struct token *y = &b->tokens[token];
    if (x->kind != y->kind || x->word != y->word) {
        return false;
    }
    struct slice s = slice_sub(a->text, x->start, x->end - x->start);
    struct slice t = slice_sub(b->text, y->start, y->end - y->start);
    if (!format_joins_blanks((enum token_kind)x->kind)) {
        return slice_equal(s, t);
    }
    size_t j = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool again = is_blank(s.ptr[i]) && i > 0 && is_blank(s.ptr[i - 1]);
        char c = is_blank(s.ptr[i]) ? ' ' : s.ptr[i];
        if (!again && (j >= t.len || t.ptr[j++] != c)) {
            return false;
        }
    }
    return j == t.len;
}

static bool same_program(const struct syntax_tree *a, const struct syntax_tree *b)
{
    if (b->has_errors || a->token_count != b->token_count || a->node_count != b->node_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->token_count; i++) {
        if (!same_token(a, b, i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->node_count; i++) {
        const struct syntax_node *x = &a->nodes[i];
        const struct syntax_node *y = &b->nodes[i];
        if (x->kind != y->kind || x->op != y->op || x->first_token != y->first_token ||
            x->end_token != y->end_token || x->parent != y->parent) {
            return false;
        }
    }
    return true;
}

static bool reads_the_same(const struct syntax_tree *tree, struct slice text, struct arena *arena)
{
    struct source_set sources;
    source_set_init(&sources, arena);
    struct diags diags;
    diags_init(&diags, arena, &sources);
    struct syntax_tree again;
    syntax_parse(&again, &sources, source_add(&sources, SLICE("formatted"), text), arena, &diags);
    return same_program(tree, &again);
}

enum format_outcome format_file(const struct source_set *sources, uint32_t file,
                                struct arena *arena, struct diags *diags, struct buf *out)
{
    struct syntax_tree tree;
    syntax_parse(&tree, sources, file, arena, diags);
    if (tree.has_errors) {
        return FORMAT_BAD_SYNTAX;
    }
    size_t before = out->len;
    // Where a line begins can matter to the reader of a name. Should the usual layout read as
    // another program, the author's own line breaks are kept.
    for (int attempt = 0; attempt < 2; attempt++) {
        run_passes(&tree, attempt > 0, arena, out);
        struct slice text = slice_sub(buf_slice(out), before, out->len - before);
        if (!out->overflow && reads_the_same(&tree, text, arena)) {
            return FORMAT_DONE;
        }
        out->len = before;
    }
    return FORMAT_UNSURE;
}
