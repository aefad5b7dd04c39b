// Shared between names*.c only.
#ifndef RUNG_DSL_NAMES_NAMES_INTERNAL_H
#define RUNG_DSL_NAMES_NAMES_INTERNAL_H

#include "dsl/names/names.h"

void names_resolve_connector(struct unit *unit, struct connector *connector);
// Names of that kind that are like the NAME node's, or how to declare one.
void names_suggest(struct unit *unit, uint32_t file, enum decl_kind kind, struct diag *diag,
                   uint32_t node);

const char *names_what(enum decl_what what); // "process"
// A `record { … }` where a type stands.
const struct record *names_unnamed_record(struct unit *unit, uint32_t file, uint32_t node);

static inline bool names_is_name(const struct syntax_tree *tree, uint32_t node)
{
    return node != NODE_NONE && syntax_kind(tree, node) == NODE_NAME;
}

#endif
