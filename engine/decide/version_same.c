// Is what stands in two images the same? See version.h.
#include "engine/decide/version.h"

static bool same_text(const struct image *a, struct image_text x, const struct image *b,
                      struct image_text y)
{
    return slice_equal(image_slice(a, x), image_slice(b, y));
}

// --------------------------------------------------------------------------------- types

static bool same_members(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    const struct image_enum *left = &a->enumeration[x];
    const struct image_enum *right = &b->enumeration[y];
    bool all = same_text(a, left->name, b, right->name);
    for (uint32_t i = 0; i < left->members.count && all; i++) {
        bool found = false;
        for (uint32_t n = 0; n < right->members.count && !found; n++) {
            found = same_text(a, a->member[left->members.first + i].name, b,
                              b->member[right->members.first + n].name);
        }
        all = found; // members may have been added, none taken away
    }
    return all;
}

static bool same_parts(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    const struct image_range left = a->record[x].parts;
    const struct image_range right = b->record[y].parts;
    bool same = left.count == right.count;
    for (uint32_t i = 0; i < left.count && same; i++) {
        const struct image_part *part = &a->part[left.first + i];
        const struct image_part *other = &b->part[right.first + i];
        same = same_text(a, part->name, b, other->name) &&
               version_same_type(a, part->type, b, other->type);
    }
    return same;
}

// The types that a type is made of stand before it: this ends.
bool version_same_type(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    if (x == INDEX_NONE || y == INDEX_NONE) {
        return x == y;
    }
    const struct image_type *left = &a->type[x];
    const struct image_type *right = &b->type[y];
    if (left->kind != right->kind) {
        return false;
    }
    switch (left->kind) {
    case TYPE_ENUM: return same_members(a, left->arg, b, right->arg);
    case TYPE_RECORD: return same_parts(a, left->arg, b, right->arg);
    case TYPE_SET:
    case TYPE_LIST: return version_same_type(a, left->arg, b, right->arg);
    case TYPE_REF: return same_text(a, left->name, b, right->name);
    default: return true;
    }
}

// --------------------------------------------------------------------------------- expressions

static bool same_role(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    return (x == INDEX_NONE || y == INDEX_NONE)
               ? x == y
               : same_text(a, a->role[x].name, b, b->role[y].name);
}

static bool same_optional(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    return (x == INDEX_NONE || y == INDEX_NONE) ? x == y : version_same_expr(a, x, b, y);
}

static bool same_items(const struct image *a, const struct image_expr *x, const struct image *b,
                       const struct image_expr *y)
{
    bool same = x->list.count == y->list.count;
    for (uint32_t i = 0; i < x->list.count && same; i++) {
        same = version_same_expr(a, a->list[x->list.first + i], b, b->list[y->list.first + i]);
    }
    return same;
}

// Kinds whose `a` and `b` are not both expressions.
static bool same_named(const struct image *a, const struct image_expr *x, const struct image *b,
                       const struct image_expr *y, bool *ret_same)
{
    *ret_same = true;
    switch (x->kind) {
    case EXPR_FIELD: *ret_same = same_text(a, a->field[x->a].name, b, b->field[y->a].name); break;
    case EXPR_SLOT: *ret_same = same_role(a, x->a, b, y->a); break;
    case EXPR_ENUM:
        *ret_same = same_text(a, a->enumeration[x->a].name, b, b->enumeration[y->a].name);
        break;
    case EXPR_COLLECTION:
        *ret_same = same_text(a, a->collection[x->a].name, b, b->collection[y->a].name) &&
                    x->b == y->b;
        break;
    case EXPR_PICK: *ret_same = same_role(a, x->a, b, y->a) && x->b == y->b; break;
    case EXPR_TABLE: *ret_same = same_text(a, a->table[x->a].name, b, b->table[y->a].name); break;
    case EXPR_HOOK: *ret_same = same_text(a, a->hook[x->a].name, b, b->hook[y->a].name); break;
    case EXPR_IN_ROLE:
    case EXPR_NOT_IN_ROLE:
        *ret_same = version_same_expr(a, x->a, b, y->a) && same_role(a, x->b, b, y->b);
        break;
    case EXPR_PART:
    case EXPR_ROUND:
    case EXPR_TOTAL: // `b` is a part, or digits: the shape of the record is in the type
        *ret_same = version_same_expr(a, x->a, b, y->a) && x->b == y->b;
        break;
    case EXPR_DECIMAL:
    case EXPR_MONEY:
    case EXPR_DURATION:
    case EXPR_LOCAL:
    case EXPR_PARAM: *ret_same = x->a == y->a; break;
    default: return false;
    }
    return true;
}

static bool takes_two(uint32_t kind)
{
    return kind == EXPR_AND || kind == EXPR_OR || kind == EXPR_FIRST_NOT_EMPTY ||
           (kind >= EXPR_LESS && kind <= EXPR_IS_NOT) || kind == EXPR_IN || kind == EXPR_NOT_IN ||
           (kind >= EXPR_ADD && kind <= EXPR_DIVIDE) || kind == EXPR_EXISTS ||
           kind == EXPR_LANGUAGE;
}

static bool takes_one(uint32_t kind)
{
    return kind == EXPR_NOT || kind == EXPR_IS_EMPTY || kind == EXPR_IS_NOT_EMPTY ||
           kind == EXPR_NEGATE || kind == EXPR_DAY || kind == EXPR_HOUR || kind == EXPR_LENGTH ||
           kind == EXPR_FIRST;
}

bool version_same_expr(const struct image *a, uint32_t number, const struct image *b,
                       uint32_t other)
{
    const struct image_expr *x = &a->expr[number];
    const struct image_expr *y = &b->expr[other];
    if (x->kind != y->kind || x->number != y->number || !same_text(a, x->text, b, y->text) ||
        !same_items(a, x, b, y)) {
        return false;
    }
    bool same;
    if (same_named(a, x, b, y, &same)) {
        return same;
    }
    bool left = !(takes_one(x->kind) || takes_two(x->kind)) || same_optional(a, x->a, b, y->a);
    return left && (!takes_two(x->kind) || same_optional(a, x->b, b, y->b));
}

// --------------------------------------------------------------------------------- what waits

static bool same_calendar(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    return (x == INDEX_NONE || y == INDEX_NONE)
               ? x == y
               : same_text(a, a->calendar[x].name, b, b->calendar[y].name);
}

bool version_same_ladder(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    if (x == INDEX_NONE || y == INDEX_NONE) {
        return x == y;
    }
    const struct image_ladder *left = &a->ladder[x];
    const struct image_ladder *right = &b->ladder[y];
    bool same = same_text(a, left->name, b, right->name) &&
                left->keeps_count == right->keeps_count &&
                left->rungs.count == right->rungs.count;
    for (uint32_t i = 0; i < left->rungs.count && same; i++) {
        const struct image_rung *rung = &a->rung[left->rungs.first + i];
        const struct image_rung *other = &b->rung[right->rungs.first + i];
        same = rung->amount == other->amount && rung->unit == other->unit &&
               rung->effect == other->effect && same_role(a, rung->role, b, other->role) &&
               same_calendar(a, rung->within, b, other->within);
    }
    return same;
}

bool version_same_task(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    if (x == INDEX_NONE || y == INDEX_NONE) {
        return x == y;
    }
    const struct image_task *left = &a->task[x];
    const struct image_task *right = &b->task[y];
    bool same = same_role(a, left->role, b, right->role) &&
                version_same_ladder(a, left->overdue, b, right->overdue) &&
                left->reminds.count == right->reminds.count &&
                left->other_than.count == right->other_than.count;
    for (uint32_t i = 0; i < left->reminds.count && same; i++) {
        const struct image_rung *rung = &a->rung[left->reminds.first + i];
        const struct image_rung *other = &b->rung[right->reminds.first + i];
        same = rung->amount == other->amount && rung->unit == other->unit;
    }
    for (uint32_t i = 0; i < left->other_than.count && same; i++) {
        same = same_role(a, a->list[left->other_than.first + i], b,
                         b->list[right->other_than.first + i]);
    }
    return same;
}

bool version_same_signal(const struct image *a, uint32_t x, const struct image *b, uint32_t y)
{
    const struct image_signal *left = &a->signal[x];
    const struct image_signal *right = &b->signal[y];
    return left->is_call == right->is_call && same_text(a, left->connector, b, right->connector) &&
           same_text(a, left->name, b, right->name);
}
