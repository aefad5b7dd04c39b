// Names that are nearly right.
#include "base/attr.h"
#include "tests/dsl/damage.h"

// A name that is too short cannot be guessed from what is left of it.
enum { NAME_BYTES_MIN = 4 };

// Another way of the four for every place: two letters swapped, one lost, doubled, or wrong.
static struct slice misspell(struct damage_finder *finder, struct slice name)
{
    size_t middle = name.len / 2;
    while (middle + 1 < name.len && name.ptr[middle] == name.ptr[middle - 1]) {
        middle++;
    }
    struct slice head = slice_sub(name, 0, middle);
    struct slice tail = slice_sub(name, middle, name.len);
    switch (finder->count % 4) {
    case 0:
        return arena_format(finder->arena, "%.*s%c%c%.*s", (int)middle - 1, name.ptr,
                            name.ptr[middle], name.ptr[middle - 1],
                            SLICE_PRINT(slice_sub(name, middle + 1, name.len)));
    case 1:
        return arena_format(finder->arena, "%.*s%.*s", SLICE_PRINT(head),
                            SLICE_PRINT(slice_sub(name, middle + 1, name.len)));
    case 2:
        return arena_format(finder->arena, "%.*s%c%.*s", SLICE_PRINT(head), name.ptr[middle],
                            SLICE_PRINT(tail));
    default:
        return arena_format(finder->arena, "%.*s%c%.*s", SLICE_PRINT(head),
                            name.ptr[middle] == 'x' ? 'y' : 'x',
                            SLICE_PRINT(slice_sub(name, middle + 1, name.len)));
    }
}

// The last NAME of the node, or of the NAMES in it: what it refers to.
static uint32_t name_of(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t found = NODE_NONE;
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) == NODE_NAME) {
            // user NAME is ROLES; USER does ACTION on CASE
            if (syntax_kind(tree, node) == NODE_PLAY_DOES && found != NODE_NONE) {
                return child;
            }
            found = child;
        } else if (syntax_kind(tree, child) == NODE_NAMES) {
            found = syntax_first(tree, child);
        }
    }
    return found;
}

// A case and a field of it are declared where their first name stands.
static bool declares(const struct syntax_tree *tree, uint32_t node)
{
    return syntax_kind(tree, node) == NODE_ASK &&
           syntax_child_class(tree, node, CLASS_TYPE, 0) != NODE_NONE;
}

void damage_misspell(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (tree->nodes[node].kind != finder->damage->kind || declares(tree, node)) {
            continue;
        }
        uint32_t name = name_of(tree, node);
        if (name == NODE_NONE || syntax_name(tree, name).len < NAME_BYTES_MIN) {
            continue;
        }
        struct span span = syntax_span(tree, name);
        damage_add(finder, span.start, span.end, misspell(finder, syntax_name(tree, name)));
    }
}

// Every word that is the author's own and is declared elsewhere.
static bool is_reference(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t above = syntax_node(tree, node)->parent;
    if (syntax_kind(tree, node) != NODE_NAME || above == NODE_NONE) {
        return false;
    }
    switch ((unsigned)syntax_kind(tree, above)) {
    case NODE_GOTO:
    case NODE_TASK:
    case NODE_RETRY:
    case NODE_OVERDUE:
    case NODE_ASSIGN:
    case NODE_TYPE_NAME:
    case NODE_UNDER:
    case NODE_NAMES: return true;
    default: return false;
    }
}

void damage_cyrillic(struct damage_finder *finder)
{
    static const struct {
        char latin;
        const char *cyrillic;
    } twins[] = {
        { 'a', "\xd0\xb0" }, { 'e', "\xd0\xb5" }, { 'o', "\xd0\xbe" },
        { 'p', "\xd1\x80" }, { 'c', "\xd1\x81" }, { 'x', "\xd1\x85" },
    };
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        struct slice name = is_reference(tree, node) ? syntax_name(tree, node) : SLICE_EMPTY;
        for (size_t at = 0; at < name.len; at++) {
            for (size_t i = 0; i < ARRAY_COUNT(twins); i++) {
                if (name.ptr[at] == twins[i].latin) {
                    uint32_t start = syntax_span(tree, node).start + (uint32_t)at;
                    damage_add(finder, start, start + 1, slice_from_cstr(twins[i].cyrillic));
                    at = name.len; // one letter of a name
                    break;
                }
            }
        }
    }
}

void damage_capital(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (is_reference(tree, node)) {
            uint32_t start = syntax_span(tree, node).start;
            char capital = (char)(tree->text.ptr[start] - 'a' + 'A');
            damage_add(finder, start, start + 1,
                       arena_copy(finder->arena, slice_make(&capital, 1)));
        }
    }
}

void damage_quote_name(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (is_reference(tree, node)) {
            struct span span = syntax_span(tree, node);
            damage_add(finder, span.start, span.end,
                       arena_format(finder->arena, "\"%.*s\"",
                                    SLICE_PRINT(syntax_name(tree, node))));
        }
    }
}

void damage_split_name(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        struct slice name = is_reference(tree, node) ? syntax_name(tree, node) : SLICE_EMPTY;
        const char *line = name.len > 0 ? memchr(name.ptr, '_', name.len) : NULL;
        if (line != NULL) {
            uint32_t start = syntax_span(tree, node).start + (uint32_t)(line - name.ptr);
            damage_add(finder, start, start + 1, slice_from_cstr(finder->damage->from));
        }
    }
}

// Words that begin an item, a step or a play.
static bool begins_something(enum syntax_kind kind)
{
    enum syntax_class class = syntax_class_of(kind);
    return class == CLASS_TOP || class == CLASS_ITEM || class == CLASS_STEP ||
           class == CLASS_PLAY || kind == NODE_IMPORT;
}

void damage_keyword(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        const struct token *token = &tree->tokens[syntax_node(tree, node)->first_token];
        struct slice word = damage_token(finder, syntax_node(tree, node)->first_token);
        bool fits = begins_something(syntax_kind(tree, node)) && token->kind == TOKEN_WORD &&
                    token->word != WORD_NONE && word.len >= NAME_BYTES_MIN &&
                    syntax_kind(tree, node) != NODE_PLAY_DOES &&
                    syntax_kind(tree, node) != NODE_ASSIGN;
        if (!fits) {
            continue;
        }
        if (finder->damage->kind == 0) {
            damage_add(finder, token->start, token->end, misspell(finder, word));
        } else {
            char capital = (char)(word.ptr[0] - 'a' + 'A');
            damage_add(finder, token->start, token->start + 1,
                       arena_copy(finder->arena, slice_make(&capital, 1)));
        }
    }
}

void damage_import_gone(struct damage_finder *finder)
{
    uint32_t import = syntax_child(finder->tree, 0, NODE_IMPORT);
    uint32_t path = import == NODE_NONE ? NODE_NONE : syntax_first(finder->tree, import);
    if (path != NODE_NONE && syntax_next(finder->tree, path) == NODE_NONE) {
        struct span span = syntax_span(finder->tree, import);
        damage_add(finder, span.start, span.end, SLICE_EMPTY);
    }
}
