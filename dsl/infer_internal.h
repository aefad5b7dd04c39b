// Shared between infer*.c only.
#ifndef RUNG_DSL_INFER_INTERNAL_H
#define RUNG_DSL_INFER_INTERNAL_H

#include "dsl/infer.h"

struct expr *infer_new(struct infer *infer, uint32_t node, enum image_expr_kind kind,
                       const struct type *type);
// Counts an operand into the depth; reports what is nested too deep, once.
void infer_deepen(struct infer *infer, struct expr *expr, const struct expr *operand);
const struct expr *infer_binary(struct infer *infer, uint32_t node, const struct type *expected);

static inline const struct syntax_tree *infer_tree(const struct infer *infer)
{
    return names_tree(infer->unit, infer->file);
}

#endif
