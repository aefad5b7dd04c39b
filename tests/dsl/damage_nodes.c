// Whole constructs that are missing, doubled or in the wrong order.
#include "tests/dsl/damage.h"

static uint32_t line_end(const struct syntax_tree *tree, uint32_t at)
{
    while (at < tree->text.len && tree->text.ptr[at] != '\n') {
        at++;
    }
    return at;
}

static uint32_t line_start(const struct syntax_tree *tree, uint32_t at)
{
    while (at > 0 && tree->text.ptr[at - 1] != '\n') {
        at--;
    }
    return at;
}

static struct slice between(const struct damage_finder *finder, uint32_t start, uint32_t end)
{
    return slice_sub(finder->tree->text, start, end - start);
}

static bool is_braced(const struct syntax_tree *tree, uint32_t block)
{
    return tree->tokens[syntax_node(tree, block)->first_token].kind == TOKEN_BRACE_OPEN;
}

static bool is_on_one_line(const struct damage_finder *finder, struct span span)
{
    return memchr(finder->tree->text.ptr + span.start, '\n', span.end - span.start) == NULL;
}

void damage_body_missing(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        uint32_t block = tree->nodes[node].kind == finder->damage->kind
                             ? syntax_child(tree, node, NODE_BLOCK) : NODE_NONE;
        if (block != NODE_NONE) {
            uint32_t first = syntax_node(tree, block)->first_token;
            damage_add(finder, tree->tokens[first - 1].end, syntax_span(tree, block).end,
                       SLICE_EMPTY);
        }
    }
}

void damage_label_missing(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        enum syntax_kind kind = syntax_kind(tree, node);
        bool needs = kind == NODE_ROLE || kind == NODE_PROCESS || kind == NODE_STAGE ||
                     kind == NODE_ACTION || kind == NODE_END || kind == NODE_MEMBER;
        uint32_t label = needs ? syntax_child(tree, node, NODE_LABEL) : NODE_NONE;
        if (label != NODE_NONE) {
            uint32_t first = syntax_node(tree, label)->first_token;
            damage_add(finder, tree->tokens[first - 1].end, syntax_span(tree, label).end,
                       SLICE_EMPTY);
        }
    }
}

// { a := 1  => b } on one line
void damage_braces_missing(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (syntax_kind(tree, node) != NODE_BLOCK || !is_braced(tree, node) ||
            !is_on_one_line(finder, syntax_span(tree, node))) {
            continue;
        }
        uint32_t first = syntax_first(tree, node);
        enum syntax_kind kind = first == NODE_NONE ? NODE_ERROR : syntax_kind(tree, first);
        if (kind == NODE_ASSIGN || kind == NODE_ASK || kind == NODE_NOTIFY) {
            struct span span = syntax_span(tree, node);
            damage_add(finder, span.start, span.end,
                       between(finder, syntax_span(tree, first).start, span.end - 2));
        }
    }
}

static bool is_flow(const struct syntax_tree *tree, uint32_t node)
{
    enum syntax_kind kind = syntax_kind(tree, node);
    return kind == NODE_GOTO || kind == NODE_AGAIN;
}

void damage_flow_twice(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        uint32_t block = syntax_node(tree, node)->parent;
        if (is_flow(tree, node) && block != NODE_NONE &&
            syntax_kind(tree, block) == NODE_BLOCK && is_braced(tree, block)) {
            struct span span = syntax_span(tree, node);
            damage_add(finder, span.end, span.end,
                       arena_format(finder->arena, "  %.*s",
                                    SLICE_PRINT(syntax_source(tree, node))));
        }
    }
}

void damage_flow_first(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        uint32_t block = syntax_node(tree, node)->parent;
        if (!is_flow(tree, node) || block == NODE_NONE ||
            syntax_kind(tree, block) != NODE_BLOCK || !is_braced(tree, block)) {
            continue;
        }
        uint32_t before = syntax_first(tree, block);
        while (before != node && syntax_next(tree, before) != node) {
            before = syntax_next(tree, before);
        }
        if (before == node) {
            continue;
        }
        struct span left = syntax_span(tree, before);
        struct span right = syntax_span(tree, node);
        if (between(finder, left.end, right.start).len > 0 &&
            memchr(tree->text.ptr + left.end, '-', right.start - left.end) == NULL) {
            damage_add(finder, left.start, right.end,
                       arena_format(finder->arena, "%.*s%.*s%.*s",
                                    SLICE_PRINT(syntax_source(tree, node)),
                                    SLICE_PRINT(between(finder, left.end, right.start)),
                                    SLICE_PRINT(syntax_source(tree, before))));
        }
    }
}

void damage_line_twice(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (tree->nodes[node].kind == finder->damage->kind &&
            is_on_one_line(finder, syntax_span(tree, node))) {
            uint32_t start = line_start(tree, syntax_span(tree, node).start);
            uint32_t end = line_end(tree, start);
            damage_add(finder, end, end,
                       arena_format(finder->arena, "\n%.*s",
                                    SLICE_PRINT(between(finder, start, end))));
        }
    }
}

// action … by sales => won   as   action … => won by sales
void damage_clause_late(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        enum syntax_kind kind = syntax_kind(tree, node);
        if (kind != NODE_BY && kind != NODE_GROUP && kind != NODE_CONFIRM) {
            continue;
        }
        uint32_t action = syntax_node(tree, node)->parent;
        uint32_t block = syntax_next(tree, node);
        if (syntax_kind(tree, action) != NODE_ACTION || block == NODE_NONE ||
            syntax_kind(tree, block) != NODE_BLOCK || is_braced(tree, block)) {
            continue;
        }
        struct span clause = syntax_span(tree, node);
        struct span body = syntax_span(tree, block);
        damage_add(finder, clause.start, body.end,
                   arena_format(finder->arena, "%.*s %.*s", SLICE_PRINT(syntax_source(tree, block)),
                                SLICE_PRINT(syntax_source(tree, node))));
    }
}

// Another word before the role of a task.
void damage_task_for(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        uint32_t role = syntax_kind(tree, node) == NODE_TASK
                            ? syntax_child(tree, node, NODE_NAME)
                            : NODE_NONE;
        if (role != NODE_NONE) {
            uint32_t word = syntax_node(tree, role)->first_token - 1;
            damage_add(finder, tree->tokens[word].start, tree->tokens[word].end,
                       slice_from_cstr(finder->damage->to));
        }
    }
}

void damage_compare_duration(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        unsigned op = syntax_op(tree, node);
        if (syntax_kind(tree, node) != NODE_BINARY || op < OPERATOR_LESS ||
            op > OPERATOR_GREATER_EQUAL) {
            continue;
        }
        uint32_t right = syntax_next(tree, syntax_first(tree, node));
        enum syntax_kind kind = syntax_kind(tree, right);
        if (kind == NODE_NUMBER || kind == NODE_MONEY) {
            struct span span = syntax_span(tree, right);
            damage_add(finder, span.start, span.end, SLICE("5 days"));
        }
    }
}

// Before every stage of a process.
void damage_stray_stage(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        uint32_t above = syntax_node(tree, node)->parent;
        if (syntax_kind(tree, node) == NODE_STAGE && syntax_kind(tree, above) == NODE_PROCESS) {
            uint32_t start = line_start(tree, syntax_span(tree, node).start);
            struct slice flow = syntax_name(tree, syntax_child(tree, above, NODE_END));
            damage_add(finder, start, start,
                       arena_format(finder->arena,
                                    "  stage orphan \"Orphan\" {\n    after 1 day => %.*s\n  }\n",
                                    SLICE_PRINT(flow)));
        }
    }
}

void damage_foreign_field(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (syntax_kind(tree, node) == NODE_ASSIGN) {
            struct span span = syntax_span(tree, syntax_first(tree, node));
            damage_add(finder, span.start, span.end, SLICE("field_of_another_process"));
        }
    }
}
