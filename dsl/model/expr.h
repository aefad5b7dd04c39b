// A typed expression of the model (model.h), with every name resolved.
#ifndef RUNG_DSL_MODEL_EXPR_H
#define RUNG_DSL_MODEL_EXPR_H

#include <stdint.h>

#include "base/slice.h"
#include "dsl/diag/source.h"
#include "dsl/image/image.h"
#include "dsl/model/decl.h"
#include "dsl/model/type.h"

struct field;
struct collection;

// Kinds and meanings are those of image_expr; references are pointers instead of indexes.
struct expr {
    enum image_expr_kind kind;
    const struct type *type; // never NULL
    struct span span;
    uint32_t depth; // 1 for a leaf
    const struct expr *a, *b;
    const struct expr **items; // list, concat
    uint32_t item_count;
    int64_t number;
    // decimal, money; duration: unit; local and parameter: its number; part: its place; digits
    uint32_t scale;
    struct slice text;
    const struct field *field;
    const struct role *role;
    const struct enumeration *enumeration;
    const struct collection *collection;
    const struct table *table;
    const struct hook *hook;
    enum image_quantifier quantifier;
    enum image_strategy strategy;
};

#endif
