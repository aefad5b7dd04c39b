// Shared between infer*.c only.
#ifndef RUNG_DSL_INFER_INFER_INTERNAL_H
#define RUNG_DSL_INFER_INFER_INTERNAL_H

#include "dsl/infer/infer.h"

struct expr *infer_new(struct infer *infer, uint32_t node, enum image_expr_kind kind,
                       const struct type *type);
// Counts an operand into the depth; reports what is nested too deep, once.
void infer_deepen(struct infer *infer, struct expr *expr, const struct expr *operand);
// E0450: what a table cannot know.
void infer_report_impure(struct infer *infer, uint32_t node, struct slice what);
// E0703: what changes without anything happening to the case.
void infer_report_clock(struct infer *infer, uint32_t node, struct slice word);
// What a lone name means, and a part of a record.
const struct expr *infer_name(struct infer *infer, uint32_t node, uint32_t name_node,
                              const struct type *expected);
const struct expr *infer_part(struct infer *infer, const struct expr *whole, uint32_t name_node);
// infer_lane.c: what only lanes ask, and what they cannot.
bool infer_lane_refuses(struct infer *infer, uint32_t node);
bool infer_is_case(const struct infer *infer, uint32_t name_node);
const struct expr *infer_case(struct infer *infer, uint32_t node);
const struct expr *infer_any_member(struct infer *infer, uint32_t node, struct slice name);
const struct expr *infer_property(struct infer *infer, uint32_t node);
const struct expr *infer_total(struct infer *infer, uint32_t node);
const struct expr *infer_exists(struct infer *infer, uint32_t node);
const struct expr *infer_binary(struct infer *infer, uint32_t node, const struct type *expected);
// The table of that name that is seen here, or NULL.
struct table *infer_find_table(const struct infer *infer, struct slice name);
const struct expr *infer_table_call(struct infer *infer, uint32_t node, struct table *table);
// The same for hooks.
struct hook *infer_find_hook(const struct infer *infer, struct slice name);
const struct expr *infer_hook_call(struct infer *infer, uint32_t node, struct hook *hook);

static inline const struct syntax_tree *infer_tree(const struct infer *infer)
{
    return names_tree(infer->unit, infer->file);
}

#endif
