// Types of the language as the checker sees them. A type is immutable, lives in the arena of the
// compilation (built-in ones are static) and is compared by structure. TYPE_POISON marks what has
// already been reported: it fits everything and says nothing more. TYPE_OPEN is that of a field of
// some case, in a lane: what it holds is seen when the lane is read, so it fits everything too.
#ifndef RUNG_DSL_MODEL_TYPE_H
#define RUNG_DSL_MODEL_TYPE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dsl/image/image.h"

struct enumeration;
struct role;
struct record;

enum { TYPE_POISON = TYPE_KIND_COUNT, TYPE_OPEN };

struct type {
    uint32_t kind; // enum image_type_kind or TYPE_POISON
    const struct enumeration *enumeration;
    const struct role *role;     // user: NULL = any person
    const struct record *record;
    const struct type *element;  // set, list
    struct slice process;        // ref
};

// A type without anything inside, TYPE_POISON, TYPE_OPEN, or TYPE_USER for any person. Static.
const struct type *type_builtin(uint32_t kind);
// The built-in type of that name, or NULL.
const struct type *type_builtin_named(struct slice name);
const struct type *type_set_of(const struct type *element, struct arena *arena);
const struct type *type_list_of(const struct type *element, struct arena *arena);

static inline bool type_is_poison(const struct type *type) { return type->kind == TYPE_POISON; }
static inline bool type_is_open(const struct type *type) { return type->kind == TYPE_OPEN; }
static inline bool type_is(const struct type *type, enum image_type_kind kind)
{
    return type->kind == (uint32_t)kind;
}
bool type_same(const struct type *a, const struct type *b);
// Integer or decimal.
bool type_is_number(const struct type *type);
// Text, phone, email, url: all print as themselves and compare as text.
bool type_is_text_like(const struct type *type);
bool type_is_many(const struct type *type); // set or list
// Whether a value of `from` may be put where `to` is declared. Poison fits both ways.
bool type_fits(const struct type *from, const struct type *to);
// The type that a value of either can be said to have, or NULL.
const struct type *type_common(const struct type *a, const struct type *b);
// "set of product", "user of sales": as the author would write it; in `arena` when built.
struct slice type_name(const struct type *type, struct arena *arena);

#endif
