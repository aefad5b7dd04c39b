// What stands between two tokens, and which tokens begin a line.
#include "dsl/format/format_internal.h"

// --- spaces -------------------------------------------------------------------------------------

static bool glues_after(uint8_t kind)
{
    return kind == TOKEN_PAREN_OPEN || kind == TOKEN_BRACKET_OPEN || kind == TOKEN_DOT ||
           kind == TOKEN_RANGE || kind == TOKEN_STRING_OPEN || kind == TOKEN_STRING_MIDDLE;
}

static bool glues_before(uint8_t kind)
{
    return kind == TOKEN_COMMA || kind == TOKEN_COLON || kind == TOKEN_PAREN_CLOSE ||
           kind == TOKEN_BRACKET_CLOSE || kind == TOKEN_DOT || kind == TOKEN_RANGE ||
           kind == TOKEN_STRING_MIDDLE || kind == TOKEN_STRING_CLOSE || kind == TOKEN_END;
}

static void soften(struct format *format, uint32_t token, enum gap_soft soft)
{
    format->gaps[token].soft = (uint8_t)soft;
}

static void space_step(struct format *format, uint32_t node)
{
    const struct syntax_tree *tree = format->tree;
    const struct syntax_node *n = syntax_node(tree, node);
    bool first = syntax_first(tree, n->parent) == node;
    if (syntax_kind(tree, n->parent) == NODE_BLOCK && !first) {
        format->gaps[n->first_token].space = 2;
    }
}

static void space_clause(struct format *format, uint32_t node)
{
    const struct syntax_tree *tree = format->tree;
    const struct syntax_node *n = syntax_node(tree, node);
    switch ((unsigned)syntax_kind(tree, n->parent)) {
    case NODE_ROLE: format->gaps[n->first_token].space = 2; break;
    case NODE_FIELD:
    case NODE_END: {
        uint32_t label = syntax_child(tree, n->parent, NODE_LABEL);
        bool first = label != NODE_NONE && syntax_next(tree, label) == node;
        format->gaps[n->first_token].space = first ? 2 : 1;
        break;
    }
    default: break;
    }
    bool condition = n->kind == NODE_IF_CLAUSE; // an `if` that begins a line is a step
    bool listed = n->kind == NODE_ARG && tree->tokens[n->first_token - 1].kind == TOKEN_COMMA;
    bool inside = n->kind == NODE_PAIR || n->kind == NODE_ARG || n->kind == NODE_CHILD_STATE ||
                  n->kind == NODE_DONE || n->kind == NODE_SORT || n->kind == NODE_DESC ||
                  n->kind == NODE_COLOUR || n->kind == NODE_UNTIL_DONE || n->kind == NODE_CHANGES ||
                  syntax_kind(tree, n->parent) == NODE_TASK_CHECK;
    if (listed || (!condition && !inside)) {
        soften(format, n->first_token, SOFT_CLAUSE);
    }
}

// mon .. fri 09:00-18:00
static void space_hours(struct format *format, uint32_t node)
{
    const struct syntax_tree *tree = format->tree;
    const struct syntax_node *n = syntax_node(tree, node);
    for (uint32_t i = n->first_token + 1; i < n->end_token; i++) {
        bool minus = tree->tokens[i].kind == TOKEN_MINUS || tree->tokens[i - 1].kind == TOKEN_MINUS;
        format->gaps[i].space = minus ? 0 : 1;
    }
}

static void space_node(struct format *format, uint32_t node)
{
    const struct syntax_tree *tree = format->tree;
    const struct syntax_node *n = syntax_node(tree, node);
    uint32_t first = n->first_child;
    switch ((unsigned)n->kind) {
    case NODE_CALL:
    case NODE_HOOK:
    case NODE_TABLE:
    case NODE_CONNECTOR_CALL:
    case NODE_CONNECTOR_MESSAGE:
        format->gaps[tree->nodes[first].end_token].space = 0;
        break;
    case NODE_SIGNAL:
        format->gaps[tree->nodes[syntax_next(tree, first)].end_token].space = 0;
        break;
    case NODE_NEGATE: // `- -x` would be a comment without the blank
        format->gaps[n->first_token + 1].space =
            tree->tokens[n->first_token + 1].kind == TOKEN_MINUS ? 1 : 0;
        break;
    case NODE_HOURS: space_hours(format, node); break;
    case NODE_BINARY:
        if (n->op == OPERATOR_AND || n->op == OPERATOR_OR) {
            soften(format, tree->nodes[first].end_token, SOFT_OPERATOR);
        }
        break;
    case NODE_REQUIRE: {
        uint32_t label = syntax_next(tree, first);
        soften(format, tree->nodes[label].first_token - 1, SOFT_CLAUSE);
        break;
    }
    case NODE_PLAY_EXPECT:
        for (uint32_t next = syntax_next(tree, first); next != NODE_NONE;
             next = syntax_next(tree, next)) {
            soften(format, tree->nodes[next].first_token, SOFT_CLAUSE);
        }
        break;
    case NODE_BLOCK:
        if (tree->tokens[n->first_token].kind == TOKEN_ARROW) {
            soften(format, n->first_token, SOFT_CLAUSE);
        }
        break;
    default: break;
    }
    if (syntax_class_of((enum syntax_kind)n->kind) == CLASS_STEP) {
        space_step(format, node);
    } else if (syntax_class_of((enum syntax_kind)n->kind) == CLASS_CLAUSE) {
        space_clause(format, node);
    }
}

void format_spaces(struct format *format)
{
    const struct syntax_tree *tree = format->tree;
    for (uint32_t i = 1; i < tree->token_count; i++) {
        uint8_t before = tree->tokens[i - 1].kind;
        bool glued = glues_after(before) || glues_before(tree->tokens[i].kind);
        format->gaps[i].space = glued ? 0 : 1;
        if (before == TOKEN_COMMA) {
            soften(format, i, SOFT_COMMA);
        }
    }
    for (uint32_t node = 0; node < tree->node_count; node++) {
        space_node(format, node);
    }
    bool inside = false; // of a text, which stands on one line
    for (uint32_t i = 0; i < tree->token_count; i++) {
        if (inside) {
            soften(format, i, SOFT_NONE);
        }
        inside = tree->tokens[i].kind == TOKEN_STRING_OPEN ||
                 (inside && tree->tokens[i].kind != TOKEN_STRING_CLOSE);
    }
}

// --- lines --------------------------------------------------------------------------------------

static void lay(struct format *format, uint32_t node, uint32_t level);

static void begin_line(struct format *format, uint32_t token, uint32_t end, uint32_t level)
{
    format->gaps[token].line = GAP_BREAK;
    format->gaps[token].level = (uint16_t)level;
    format->line_start = token;
    format->line_end = end;
}

static bool always_open(enum syntax_kind kind)
{
    return kind == NODE_PROCESS || kind == NODE_STAGE || kind == NODE_ESCALATION ||
           kind == NODE_PARALLEL || kind == NODE_CALENDAR || kind == NODE_TEST ||
           kind == NODE_CONNECTOR || kind == NODE_INBOX || kind == NODE_MIGRATE;
}

// Whether the author opened these braces: a line break behind the `{` or before a step, or a
// comment inside.
static bool opened(const struct format *format, uint32_t node, uint32_t open)
{
    const struct syntax_tree *tree = format->tree;
    if (format->gaps[open + 1].begins ||
        format->comments[format->mates[open] + 1] > format->comments[open + 1]) {
        return true;
    }
    if (syntax_kind(tree, node) != NODE_BLOCK) {
        return always_open(syntax_kind(tree, node));
    }
    for (SYNTAX_EACH(tree, node, child)) {
        if (format->gaps[tree->nodes[child].first_token].begins) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct format *format, uint32_t close, uint32_t level)
{
    // The line ends at the next braces that stand open for sure.
    uint32_t end = close + 1;
    while (end < format->line_end &&
           !(format->tree->tokens[end - 1].kind == TOKEN_BRACE_OPEN && format->gaps[end].begins)) {
        end++;
    }
    return level * FORMAT_INDENT + format_width(format, format->line_start, end) <= FORMAT_COLUMNS;
}

// Things that are many and short stand side by side: waits, and members with their processes.
static bool fills(const struct format *format, uint32_t child)
{
    const struct syntax_tree *tree = format->tree;
    if (syntax_kind(tree, child) == NODE_PAIR) {
        return true;
    }
    if (syntax_kind(tree, child) != NODE_RUNG) {
        return false;
    }
    for (SYNTAX_EACH(tree, tree->nodes[child].parent, rung)) {
        if (syntax_kind(tree, rung) == NODE_RUNG &&
            syntax_next(tree, syntax_first(tree, rung)) != NODE_NONE) {
            return false;
        }
    }
    return true;
}

static void lay_braces(struct format *format, uint32_t node, uint32_t open, uint32_t level)
{
    const struct syntax_tree *tree = format->tree;
    uint32_t close = format->mates[open];
    uint32_t end = format->line_end;
    bool wide = opened(format, node, open) || !fits(format, close, level);
    uint32_t filled = NODE_NONE;
    for (SYNTAX_EACH(tree, node, child)) {
        const struct syntax_node *n = syntax_node(tree, child);
        if (n->first_token <= open || n->first_token >= close) {
            continue;
        }
        if (wide && filled == NODE_NONE) {
            begin_line(format, n->first_token, n->end_token, level + 1);
            filled = fills(format, child) ? child : NODE_NONE;
            format->gaps[n->first_token].fill = filled != NODE_NONE;
        }
        lay(format, child, wide ? level + 1 : level);
    }
    if (wide) {
        begin_line(format, close, end, level);
    }
}

static void lay_if(struct format *format, uint32_t node, uint32_t level, bool broken)
{
    const struct syntax_tree *tree = format->tree;
    uint32_t condition = syntax_first(tree, node);
    uint32_t then = syntax_next(tree, condition);
    lay(format, condition, level);
    lay(format, then, level);
    uint32_t other = syntax_next(tree, then);
    if (other == NODE_NONE) {
        return;
    }
    uint32_t word = tree->nodes[other].first_token - 1;
    bool closed = format->gaps[word - 1].line == GAP_BREAK &&
                  tree->tokens[word - 1].kind == TOKEN_BRACE_CLOSE;
    if (broken && !closed) {
        begin_line(format, word, tree->nodes[node].end_token, level);
    }
    uint32_t first = syntax_first(tree, other);
    bool chain = tree->tokens[tree->nodes[other].first_token].kind != TOKEN_BRACE_OPEN &&
                 first != NODE_NONE && syntax_kind(tree, first) == NODE_IF;
    if (chain) {
        lay_if(format, first, level, broken);
    } else {
        lay(format, other, level);
    }
}

// The `{` that belongs to the node itself, or NODE_NONE.
static uint32_t own_brace(const struct format *format, uint32_t node)
{
    const struct syntax_tree *tree = format->tree;
    const struct syntax_node *n = syntax_node(tree, node);
    switch ((unsigned)n->kind) {
    case NODE_BLOCK:
        return tree->tokens[n->first_token].kind == TOKEN_BRACE_OPEN ? n->first_token : NODE_NONE;
    case NODE_PROCESS:
    case NODE_STAGE:
    case NODE_ESCALATION:
    case NODE_TEST:
    case NODE_ENUM:
    case NODE_RECORD:
    case NODE_TYPE_RECORD:
    case NODE_TABLE:
    case NODE_CALENDAR:
    case NODE_CONNECTOR:
    case NODE_MIGRATE:
    case NODE_LADDER: return format->mates[n->end_token - 1];
    case NODE_INBOX:
        return syntax_has(tree, node, NODE_LIKE) ? NODE_NONE : format->mates[n->end_token - 1];
    case NODE_PARALLEL: { // `then` stands behind its braces
        uint32_t then = tree->nodes[n->last_child].first_token - 1;
        return format->mates[then - 1];
    }
    case NODE_CONVERT_EACH: {
        uint32_t pair = syntax_child(tree, node, NODE_PAIR);
        return pair == NODE_NONE ? NODE_NONE : tree->nodes[pair].first_token - 1;
    }
    default: return NODE_NONE;
    }
}

static void lay(struct format *format, uint32_t node, uint32_t level)
{
    const struct syntax_tree *tree = format->tree;
    if (syntax_kind(tree, node) == NODE_IF) {
        uint32_t first = tree->nodes[node].first_token;
        lay_if(format, node, level, format->gaps[first].line == GAP_BREAK);
        return;
    }
    uint32_t brace = own_brace(format, node);
    bool braces_laid = brace == NODE_NONE;
    for (SYNTAX_EACH(tree, node, child)) {
        uint32_t at = tree->nodes[child].first_token;
        if (!braces_laid && at > brace) {
            lay_braces(format, node, brace, level);
            braces_laid = true;
        }
        if (brace == NODE_NONE || at < brace || at > format->mates[brace]) {
            lay(format, child, level);
        }
    }
    if (!braces_laid) {
        lay_braces(format, node, brace, level);
    }
}

void format_layout(struct format *format)
{
    const struct syntax_tree *tree = format->tree;
    for (SYNTAX_EACH(tree, 0, child)) {
        begin_line(format, tree->nodes[child].first_token, tree->nodes[child].end_token, 0);
        lay(format, child, 0);
    }
    begin_line(format, tree->token_count - 1, tree->token_count, 0);
}
