// Fields that are worked out from other fields and kept up to date.
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"

enum { UNSEEN, OPEN, DONE };

// The fields that an expression reads, each once, and the first thing in it that changes without
// any field changing.
struct reads {
    struct arena *arena;
    uint32_t *fields;
    uint32_t count;
    const struct expr *restless;
};

static void add_field(struct reads *reads, uint32_t index)
{
    for (uint32_t i = 0; i < reads->count; i++) {
        if (reads->fields[i] == index) {
            return;
        }
    }
    ARRAY_PUSH(reads->arena, reads->fields, reads->count, index);
}

static bool is_restless(enum image_expr_kind kind)
{
    return kind == EXPR_NOW || kind == EXPR_TODAY || kind == EXPR_ME || kind == EXPR_SLOT ||
           kind == EXPR_COLLECTION || kind == EXPR_EXISTS || kind == EXPR_PICK ||
           kind == EXPR_IN_ROLE || kind == EXPR_NOT_IN_ROLE || kind == EXPR_TASK_PROPERTY ||
           kind == EXPR_STAGE_POSITION;
}

// The depth of expressions is bounded.
static void read_expr(struct reads *reads, const struct expr *expr)
{
    if (expr == NULL) {
        return;
    }
    if (expr->kind == EXPR_FIELD) {
        add_field(reads, expr->field->index);
    } else if (is_restless(expr->kind) && reads->restless == NULL) {
        reads->restless = expr;
    }
    read_expr(reads, expr->a);
    read_expr(reads, expr->b);
    for (uint32_t i = 0; i < expr->item_count; i++) {
        read_expr(reads, expr->items[i]);
    }
}

void check_computed(struct unit *unit, struct process *process, struct field *field)
{
    struct reads reads = { .arena = unit->arena };
    (void)process;
    if ((field->flags & FIELD_READONLY) == 0 || expr_is_poison(field->initial)) {
        return;
    }
    read_expr(&reads, field->initial);
    if (reads.count == 0) {
        return;
    }
    if (reads.restless != NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0448, reads.restless->span);
        diag_fact(diag, field->name);
        diag_fact(diag, source_text(unit->sources, reads.restless->span));
        diag_here(diag, "this changes without any field changing");
        diag_note(diag, "a `readonly` field whose `=` names other fields is worked out again "
                        "whenever one of them changes");
        diag_help(diag, "give the value in a step: `%.*s := …`", SLICE_PRINT(field->name));
        return;
    }
    field->computed = true;
    field->flags |= FIELD_COMPUTED;
    field->depends = reads.fields;
    field->depend_count = reads.count;
}

static void report_ring(struct unit *unit, const struct field *field)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0451, field->span);
    diag_fact(diag, field->name);
    diag_here(diag, "what it is worked out from leads back here");
}

// False: it leads back to a field that is still open. Depth: the fields of a process.
static bool order_field(struct unit *unit, struct process *process, struct field *field)
{
    if (field->visit == DONE || !field->computed) {
        return true;
    }
    if (field->visit == OPEN) {
        return false;
    }
    field->visit = OPEN;
    for (uint32_t i = 0; i < field->depend_count; i++) {
        if (!order_field(unit, process, process->fields[field->depends[i]])) {
            report_ring(unit, field);
            process->broken = true;
            break;
        }
    }
    field->visit = DONE;
    ARRAY_PUSH(unit->arena, process->computed, process->computed_count, field);
    return true;
}

void check_computed_order(struct unit *unit, struct process *process)
{
    for (uint32_t i = 0; i < process->field_count; i++) {
        (void)order_field(unit, process, process->fields[i]);
    }
}
