// Expressions: operands first.
#include "base/array.h"
#include "base/check.h"
#include "dsl/lower/lower_internal.h"

static void lower_operands(struct lower *lower, const struct expr *expr, struct image_expr *to);
static void lower_items(struct lower *lower, const struct expr *expr, struct image_expr *to);

uint32_t lower_expr(struct lower *lower, const struct expr *expr)
{
    if (expr == NULL) {
        return INDEX_NONE;
    }
    // The title stands in many texts as `{title}`, and once in the image.
    if (lower->title != INDEX_NONE && expr == lower->process->title) {
        return lower->title;
    }
    CHECK(!type_is_poison(expr->type));
    struct image_expr to = { .kind = (uint32_t)expr->kind, .type = INDEX_NONE,
                             .number = expr->number };
    bool open = type_is_open(expr->type) ||
                (type_is_many(expr->type) && type_is_open(expr->type->element));
    if (!open && !type_is(expr->type, TYPE_BOOL) && !type_is(expr->type, TYPE_TEXT)) {
        to.type = lower_type(lower, expr->type);
    }
    lower_operands(lower, expr, &to);
    return build_add_expr(&lower->build, &to);
}

static void lower_items(struct lower *lower, const struct expr *expr, struct image_expr *to)
{
    uint32_t *items = ARENA_ARRAY(lower->arena, uint32_t, expr->item_count + 1);
    for (uint32_t i = 0; i < expr->item_count; i++) {
        items[i] = lower_expr(lower, expr->items[i]);
    }
    to->list = build_list(&lower->build, items, expr->item_count);
}

static void lower_operands(struct lower *lower, const struct expr *expr, struct image_expr *to)
{
    // Operands first; what refers to a declaration takes the place of the one it has not.
    if (expr->a != NULL) {
        to->a = lower_expr(lower, expr->a);
    }
    if (expr->b != NULL) {
        to->b = lower_expr(lower, expr->b);
    }
    switch ((uint32_t)expr->kind) {
    case EXPR_DECIMAL:
    case EXPR_MONEY:
        to->a = expr->scale;
        to->text = lower_text(lower, expr->text);
        break;
    case EXPR_DURATION:
    case EXPR_LOCAL:
    case EXPR_PARAM:
        to->a = expr->scale;
        break;
    case EXPR_TEXT:
    case EXPR_CASE:
    case EXPR_EXISTS:
    case EXPR_LANGUAGE:
        to->text = lower_text(lower, expr->text);
        break;
    case EXPR_ENUM:
        to->text = lower_text(lower, expr->text);
        to->a = lower_enum(lower, expr->enumeration);
        break;
    case EXPR_FIELD:
        to->a = expr->field->index;
        break;
    case EXPR_SLOT:
        to->a = lower_role(lower, expr->role);
        break;
    case EXPR_PART:
    case EXPR_TOTAL:
    case EXPR_ROUND:
        to->b = expr->scale;
        break;
    case EXPR_IN_ROLE:
    case EXPR_NOT_IN_ROLE:
        to->b = lower_role(lower, expr->role);
        break;
    case EXPR_LIST:
    case EXPR_CONCAT:
        lower_items(lower, expr, to);
        break;
    case EXPR_TABLE:
        to->a = lower_table(lower, expr->table);
        lower_items(lower, expr, to);
        break;
    case EXPR_HOOK:
        to->a = lower_hook_decl(lower, expr->hook);
        lower_items(lower, expr, to);
        break;
    case EXPR_COLLECTION:
        to->a = expr->collection->index;
        to->b = (uint32_t)expr->quantifier;
        break;
    case EXPR_PICK:
        to->a = lower_role(lower, expr->role);
        to->b = (uint32_t)expr->strategy;
        to->text = lower_text(lower, expr->text);
        break;
    default: // numbers, the clock, people: nothing to refer to
        break;
    }
}
