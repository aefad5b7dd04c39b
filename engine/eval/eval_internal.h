// Inside engine/eval only.
#ifndef RUNG_ENGINE_EVAL_INTERNAL_H
#define RUNG_ENGINE_EVAL_INTERNAL_H

#include "engine/eval/eval.h"

// Sets the refusal (the first one stays) and gives an empty value.
struct value eval_fail(struct eval_env *env, enum refusal_code code, struct slice message);

// Puts the items of a set into the order of its enum (or of their values), without repeats.
void eval_order_set(struct eval_env *env, const struct image_type *element, struct value *items,
                    uint32_t *count);

// eval.c
struct value eval_inner(struct eval_env *env, uint32_t expr, unsigned depth);
// eval_hook.c: EXPR_HOOK.
struct value eval_hook(struct eval_env *env, const struct image_expr *expr, unsigned depth);
// eval_table.c: EXPR_TABLE.
struct value eval_table(struct eval_env *env, const struct image_expr *expr, unsigned depth);

#endif
