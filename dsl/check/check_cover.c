// A stage that only its children move on: whatever they ended in, some rule must then be true, or
// the case would lie there with nobody to wake it (rule 42). The conditions of its rules are tried
// with every combination of what they ask beside "have all ended".
#include "base/check.h"
#include "dsl/check/check.h"

enum { COVER_ATOMS_MAX = 10, COVER_RULES_MAX = 64 };

struct cover {
    struct unit *unit;
    const struct process *process;
    const struct handler *rules[COVER_RULES_MAX];
    uint32_t rule_count;
    const struct expr *atoms[COVER_ATOMS_MAX];
    uint32_t atom_count;
    bool is_beyond; // too many of something, or something that was reported: nothing is said
};

static bool all_have_ended(const struct expr *expr)
{
    return expr->kind == EXPR_COLLECTION && expr->quantifier == QUANTIFIER_ALL &&
           expr->number == CHILD_ENDED;
}

static bool any_is_open(const struct expr *expr)
{
    return expr->kind == EXPR_COLLECTION && expr->quantifier == QUANTIFIER_ANY &&
           expr->number == CHILD_OPEN;
}

static bool counts_open(const struct expr *expr)
{
    return expr->a != NULL && expr->b != NULL && expr->a->kind == EXPR_COLLECTION &&
           expr->a->quantifier == QUANTIFIER_COUNT && expr->a->number == CHILD_OPEN &&
           expr->b->kind == EXPR_INTEGER;
}

// Of one child, `any` and `all` say the same.
static bool is_same_question(const struct cover *cover, const struct expr *a, const struct expr *b)
{
    if (a->kind == EXPR_COLLECTION && b->kind == EXPR_COLLECTION) {
        bool same_quantifier = a->quantifier == b->quantifier ||
                               (!a->collection->each && a->quantifier != QUANTIFIER_COUNT &&
                                b->quantifier != QUANTIFIER_COUNT);
        return a->collection == b->collection && same_quantifier && a->number == b->number;
    }
    return slice_equal(source_text(cover->unit->sources, a->span),
                       source_text(cover->unit->sources, b->span));
}

static uint32_t find_atom(const struct cover *cover, const struct expr *expr)
{
    uint32_t i = 0;
    while (i < cover->atom_count && !is_same_question(cover, cover->atoms[i], expr)) {
        i++;
    }
    return i;
}

static void collect_atoms(struct cover *cover, const struct expr *expr)
{
    if (expr_is_poison(expr)) {
        cover->is_beyond = true;
    } else if (expr->kind == EXPR_NOT) {
        collect_atoms(cover, expr->a);
    } else if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        collect_atoms(cover, expr->a);
        collect_atoms(cover, expr->b);
    } else if (!all_have_ended(expr) && !any_is_open(expr) && !counts_open(expr) &&
               expr->kind != EXPR_BOOL && find_atom(cover, expr) == cover->atom_count) {
        if (cover->atom_count == COVER_ATOMS_MAX) {
            cover->is_beyond = true;
            return;
        }
        cover->atoms[cover->atom_count++] = expr;
    }
}

// `count deals open` is 0 then.
static bool compares_with_zero(const struct expr *expr)
{
    int64_t number = expr->b->number;
    return (expr->kind == EXPR_IS && number == 0) || (expr->kind == EXPR_IS_NOT && number != 0) ||
           (expr->kind == EXPR_LESS && number > 0) ||
           (expr->kind == EXPR_LESS_EQUAL && number >= 0) ||
           (expr->kind == EXPR_GREATER && number < 0) ||
           (expr->kind == EXPR_GREATER_EQUAL && number <= 0);
}

static bool is_true(const struct cover *cover, const struct expr *expr, uint32_t truths)
{
    if (expr->kind == EXPR_NOT) {
        return !is_true(cover, expr->a, truths);
    }
    if (expr->kind == EXPR_AND) {
        return is_true(cover, expr->a, truths) && is_true(cover, expr->b, truths);
    }
    if (expr->kind == EXPR_OR) {
        return is_true(cover, expr->a, truths) || is_true(cover, expr->b, truths);
    }
    if (all_have_ended(expr) || any_is_open(expr)) {
        return all_have_ended(expr);
    }
    if (counts_open(expr)) {
        return compares_with_zero(expr);
    }
    if (expr->kind == EXPR_BOOL) {
        return expr->number != 0;
    }
    uint32_t atom = find_atom(cover, expr);
    CHECK(atom < cover->atom_count);
    return (truths >> atom & 1u) != 0;
}

static bool is_covered(const struct cover *cover, uint32_t truths)
{
    for (uint32_t i = 0; i < cover->rule_count; i++) {
        if (is_true(cover, cover->rules[i]->condition, truths)) {
            return true;
        }
    }
    return false;
}

static void note_leaving(void *context, const struct target *target)
{
    (void)target;
    *(bool *)context = true;
}

static void collect_rules(struct cover *cover, const struct stage *leaf)
{
    for (uint32_t i = 0; i < cover->process->handler_count; i++) {
        const struct handler *handler = cover->process->handlers[i];
        bool leaves = false;
        if (handler->kind != HANDLER_RULE || handler->condition == NULL ||
            !stage_is_inside(leaf, handler->stage)) {
            continue;
        }
        check_each_target(handler, note_leaving, &leaves);
        if (!leaves) {
            continue;
        }
        if (cover->rule_count == COVER_RULES_MAX) {
            cover->is_beyond = true;
            return;
        }
        cover->rules[cover->rule_count++] = handler;
        collect_atoms(cover, handler->condition);
    }
}

static const struct collection *collection_in(const struct expr *expr)
{
    if (expr == NULL || expr->kind == EXPR_COLLECTION) {
        return expr == NULL ? NULL : expr->collection;
    }
    const struct collection *found = collection_in(expr->a);
    return found != NULL ? found : collection_in(expr->b);
}

static void report_uncovered(const struct cover *cover, const struct stage *leaf, uint32_t truths)
{
    struct diag *diag = diag_add(cover->unit->diags, DIAG_E0515, leaf->span);
    diag_fact(diag, leaf->name);
    diag_here(diag, "only its children move a case on from here");
    for (uint32_t i = 0; i < cover->rule_count; i++) {
        diag_label(diag, cover->rules[i]->condition->span, "this need not be true then");
    }
    bool speaks_of_outcome = false;
    struct slice example = SLICE_EMPTY;
    for (uint32_t i = 0; i < cover->atom_count && i < 2; i++) {
        const struct expr *atom = cover->atoms[i];
        struct slice text = source_text(cover->unit->sources, atom->span);
        example = arena_format(cover->unit->arena, "%.*s%s`%.*s` is %s", SLICE_PRINT(example),
                               i == 0 ? "" : " and ", SLICE_PRINT(text),
                               (truths >> i & 1u) != 0 ? "true" : "not true");
        speaks_of_outcome = speaks_of_outcome || atom->number == CHILD_SUCCEEDED ||
                            atom->number == CHILD_FAILED;
    }
    if (example.len > 0) {
        diag_note(diag, "for example when %.*s", SLICE_PRINT(example));
    }
    if (speaks_of_outcome) {
        diag_note(diag, "a cancelled case has neither succeeded nor failed");
    }
    const struct collection *collection = collection_in(cover->rules[0]->condition);
    if (collection != NULL) {
        diag_help(diag, "add a last rule that is true in any case: `when all %.*s ended => STAGE`",
                  SLICE_PRINT(collection->name));
    }
}

void check_cover(struct unit *unit, struct process *process)
{
    for (uint32_t i = 1; i < process->stage_count; i++) {
        const struct stage *leaf = process->stages[i];
        if (!stage_is_leaf(leaf) || leaf->waits != WAIT_CHILDREN) {
            continue;
        }
        struct cover cover = { .unit = unit, .process = process };
        collect_rules(&cover, leaf);
        for (uint32_t truths = 0; !cover.is_beyond && truths < 1u << cover.atom_count; truths++) {
            if (!is_covered(&cover, truths)) {
                report_uncovered(&cover, leaf, truths);
                break;
            }
        }
    }
}
