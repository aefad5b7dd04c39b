// Lints about fields: one that nothing fills or uses, and a form that insists on what is known.
#include "dsl/check/check.h"

struct field_use {
    bool is_filled;       // some step, form or message gives it a value
    bool may_be_emptied;  // … perhaps none
    const struct ask *asked; // the first form after the start that insists on it
};

struct field_uses {
    struct field_use *of; // by index of the field
    const struct handler *handler; // whose steps are looked at
};

static bool is_never_empty(const struct expr *expr)
{
    switch ((uint32_t)expr->kind) {
    case EXPR_BOOL:
    case EXPR_INTEGER:
    case EXPR_DECIMAL:
    case EXPR_MONEY:
    case EXPR_ENUM:
    case EXPR_DATE:
    case EXPR_TIME:
    case EXPR_DATETIME:
    case EXPR_DURATION:
    case EXPR_NOW:
    case EXPR_TODAY: return true;
    default: return false;
    }
}

static void look_at_ask(struct field_uses *uses, const struct ask *ask)
{
    if (ask == NULL || ask->field == NULL) {
        return;
    }
    struct field_use *use = &uses->of[ask->field->index];
    bool insists = ask->required && uses->handler->kind != HANDLER_START && !ask->quick &&
                   ask->initial == NULL;
    use->is_filled = true;
    use->may_be_emptied |= !ask->required;
    if (insists && use->asked == NULL) {
        use->asked = ask;
    }
}

static void look_at_step(void *context, const struct step *step)
{
    struct field_uses *uses = context;
    if (step->kind == STEP_ASK) {
        look_at_ask(uses, step->ask);
    } else if (step->kind == STEP_ASSIGN && step->field != NULL) {
        struct field_use *use = &uses->of[step->field->index];
        use->is_filled = true;
        use->may_be_emptied |= step->expr == NULL || !is_never_empty(step->expr);
    }
}

// Parameters of messages with the name of a field fill it, and may bring nothing.
static void look_at_message(struct field_uses *uses)
{
    for (uint32_t i = 0; i < uses->handler->ask_count; i++) {
        const struct field *field = uses->handler->asks[i]->field;
        if (field != NULL) {
            uses->of[field->index].is_filled = true;
            uses->of[field->index].may_be_emptied = true;
        }
    }
}

// The start insists on it whatever happens: its form, or an ask that every start comes by.
static bool is_needed_at_start(const struct process *process, const struct field *field)
{
    const struct block *block = process->start != NULL ? process->start->block : NULL;
    bool in_form = (field->flags & (FIELD_READONLY | FIELD_GIVEN)) == 0;
    if (in_form && (field->flags & FIELD_REQUIRED) != 0 && field->initial == NULL) {
        return true;
    }
    for (uint32_t i = 0; block != NULL && i < block->count; i++) {
        const struct step *step = &block->steps[i];
        if (step->kind == STEP_ASK && step->ask != NULL && step->ask->field == field &&
            step->ask->required) {
            return true;
        }
    }
    return false;
}

static bool only_steps_fill(const struct field *field)
{
    return (field->flags & FIELD_READONLY) != 0 &&
           (field->flags & (FIELD_GIVEN | FIELD_FRAME)) == 0 && !field->computed;
}

// Whether its declaration is the only place of the set that says this name: lanes, children, tests
// and messages of other files may mean it too.
static bool is_named_once(const struct unit *unit, struct slice name)
{
    uint32_t places = 0;
    for (uint32_t file = 0; file < unit->file_count; file++) {
        const struct syntax_tree *tree = &unit->files[file].tree;
        for (uint32_t i = 0; i < tree->token_count && places < 2; i++) {
            const struct token *token = &tree->tokens[i];
            places += token->kind == TOKEN_WORD &&
                      slice_equal(slice_sub(tree->text, token->start, token->end - token->start),
                                  name);
        }
    }
    return places < 2;
}

static void lint_field(struct unit *unit, const struct process *process, const struct field *field,
                       const struct field_use *use)
{
    if (only_steps_fill(field) && field->initial == NULL && !use->is_filled) {
        struct diag *diag = diag_add(unit->diags, DIAG_W504, field->span);
        diag_fact(diag, field->name);
        diag_here(diag, "it is always empty");
        diag_note(diag, "it is `readonly`, so no form offers it, and no step gives it a value");
        diag_help(diag, "fill it in a step: `%.*s := …`, or take it out",
                  SLICE_PRINT(field->name));
    }
    // A beginning that the clock gives tells people something on the card.
    bool constant = field->initial != NULL && is_never_empty(field->initial) &&
                    field->initial->kind != EXPR_NOW && field->initial->kind != EXPR_TODAY;
    if (only_steps_fill(field) && constant && !use->is_filled &&
        is_named_once(unit, field->name)) {
        struct diag *diag = diag_add(unit->diags, DIAG_W507, field->span);
        diag_fact(diag, field->name);
        diag_here(diag, "nothing reads it, and it never changes");
        diag_note(diag, "it is `readonly`, so it keeps the value that it begins with");
        diag_help(diag, "let a step change it: `%.*s := …`, or take it out",
                  SLICE_PRINT(field->name));
    }
    if (use->asked != NULL && !use->may_be_emptied && is_needed_at_start(process, field)) {
        struct diag *diag = diag_add(unit->diags, DIAG_W506, use->asked->span);
        diag_fact(diag, field->name);
        diag_here(diag, "every case has it by then");
        diag_label(diag, field->span, "the start insists on it");
        diag_note(diag, "a person is stopped for an answer that stands in the case already");
        diag_help(diag, "take the question out, or leave out `required` if it is for correcting");
    }
}

const bool *check_lint_fields(struct unit *unit, const struct process *process)
{
    struct field_uses uses = {
        .of = ARENA_ARRAY(unit->arena, struct field_use, process->field_count + 1),
    };
    bool *stays = ARENA_ARRAY(unit->arena, bool, process->field_count + 1);
    for (uint32_t i = 0; i < process->handler_count; i++) {
        uses.handler = process->handlers[i];
        check_each_handler_step(uses.handler, look_at_step, &uses);
        if (uses.handler->kind == HANDLER_MESSAGE) {
            look_at_message(&uses);
        }
    }
    for (uint32_t i = 0; i < process->field_count; i++) {
        const struct field *field = process->fields[i];
        const struct field_use *use = &uses.of[field->index];
        lint_field(unit, process, field, use);
        stays[field->index] = only_steps_fill(field) && !use->is_filled;
    }
    return stays;
}
