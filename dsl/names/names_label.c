// What declarations are called, also in other languages.
#include "base/array.h"
#include "dsl/names/names.h"

static bool is_kept(const struct unit *unit, struct slice text)
{
    for (uint32_t i = 0; i < unit->translation_count; i++) {
        if (unit->translations[i].of.ptr == text.ptr) {
            return true;
        }
    }
    return false;
}

static void keep_translations(struct unit *unit, const struct syntax_tree *tree, uint32_t label,
                              struct slice text)
{
    if (text.len == 0 || !syntax_has(tree, label, NODE_TRANSLATION) || is_kept(unit, text)) {
        return;
    }
    for (SYNTAX_EACH(tree, label, child)) {
        uint32_t lang = syntax_kind(tree, child) == NODE_TRANSLATION ? syntax_first(tree, child)
                                                                     : NODE_NONE;
        uint32_t value = lang == NODE_NONE ? NODE_NONE : syntax_next(tree, lang);
        if (value != NODE_NONE && syntax_kind(tree, value) == NODE_STRING) {
            struct translation kept = { text, syntax_name(tree, lang),
                                        syntax_string(tree, value, unit->arena) };
            ARRAY_PUSH(unit->arena, unit->translations, unit->translation_count, kept);
        }
    }
}

struct slice names_label(struct unit *unit, const struct syntax_tree *tree, uint32_t node)
{
    uint32_t label = syntax_child(tree, node, NODE_LABEL);
    if (label == NODE_NONE) {
        return SLICE_EMPTY;
    }
    struct slice text = syntax_string(tree, label, unit->arena);
    keep_translations(unit, tree, label, text);
    return text;
}

struct slice names_clause_label(struct unit *unit, const struct syntax_tree *tree, uint32_t node,
                                enum syntax_kind clause)
{
    uint32_t found = syntax_child(tree, node, clause);
    return found == NODE_NONE ? SLICE_EMPTY : names_label(unit, tree, found);
}
