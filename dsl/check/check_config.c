// What belongs to the stages a case stands in, besides its tasks, buttons and timers: `on enter`
// and `on exit` (rule 10), and choices, which are passed between two stages (rule 44).
#include "base/array.h"
#include "dsl/check/check.h"

// --- on enter, on exit -------------------------------------------------------------------------

struct slice check_owner_name(struct unit *unit, const struct process *process,
                              const struct stage *stage)
{
    return stage->parent == NULL
               ? names_decl(&process->decl, unit->arena)
               : arena_format(unit->arena, "stage `%.*s`", SLICE_PRINT(stage->name));
}

void check_fill_on(struct unit *unit, struct process *process, struct stage *stage, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    bool is_enter = syntax_kind(tree, node) == NODE_ON_ENTER;
    const struct handler **place = is_enter ? &stage->enter : &stage->exit;
    if (*place != NULL) {
        check_report_second(unit, process, node, is_enter ? "on enter" : "on exit",
                            check_owner_name(unit, process, stage), (*place)->span);
        return;
    }
    struct handler *handler = check_handler_add(unit, process, stage,
                                                is_enter ? HANDLER_ENTER : HANDLER_EXIT, node);
    *place = handler;
    struct body body;
    check_body_init(&body, unit, process, handler);
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    check_handler_close(process, handler);
}

// --- choices -----------------------------------------------------------------------------------

static void report_choice_twice(struct unit *unit, struct process *process,
                                const struct choice *choice)
{
    const struct stage *stage = choice->stage->first_child;
    for (; stage != NULL; stage = stage->next_sibling) {
        if (slice_equal(stage->name, choice->name)) {
            names_twice(unit, choice->span, stage->span, "stage or choice", choice->name);
            process->broken = true;
        }
    }
    for (uint32_t i = 0; i < process->choice_count; i++) {
        const struct choice *other = process->choices[i];
        if (other->stage == choice->stage && slice_equal(other->name, choice->name)) {
            names_twice(unit, choice->span, other->span, "choice", choice->name);
            process->broken = true;
        }
    }
}

void check_declare_choices(struct unit *unit, struct process *process, struct stage *stage)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, stage->node, child)) {
        if (syntax_kind(tree, child) != NODE_CHOICE) {
            continue;
        }
        if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                              process->choice_count, PROCESS_CHOICES_MAX, "choices")) {
            process->broken = true;
            return;
        }
        struct choice *choice = ARENA_NEW(unit->arena, struct choice);
        *choice = (struct choice){ .name = syntax_name(tree, child),
                                   .span = syntax_name_span(tree, child),
                                   .stage = stage,
                                   .index = process->choice_count,
                                   .node = child };
        if (choice->name.len > 0) {
            report_choice_twice(unit, process, choice);
        }
        ARRAY_PUSH(unit->arena, process->choices, process->choice_count, choice);
    }
}

// Every path must lead on: one `if` with `else`, whose ways end in a `=>`.
static void check_ways(struct unit *unit, struct process *process, const struct choice *choice)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    const struct block *block = choice->handler->block;
    bool forks = block->count == 1 && block->steps[0].kind == STEP_IF;
    if (tree->has_errors || (forks && check_always_flows(block))) {
        return;
    }
    process->broken = true;
    struct diag *diag = diag_add(unit->diags, DIAG_E0521, choice->span);
    diag_fact(diag, choice->name);
    if (!forks) {
        diag_here(diag, "a choice holds one `if` with its `else`");
    } else if (block->steps[0].otherwise == NULL) {
        diag_here(diag, "nothing is said for when the condition does not hold");
    } else {
        diag_here(diag, "some path through it ends without `=>`");
    }
    diag_note(diag, "a case passes a choice at once, so each of its ways leads to a stage or an "
                    "end");
    diag_help(diag, "write `choice %.*s { if CONDITION => STAGE else => STAGE }`",
              SLICE_PRINT(choice->name));
}

void check_fill_choice(struct unit *unit, struct process *process, struct stage *stage,
                       uint32_t node)
{
    struct choice *choice = NULL;
    for (uint32_t i = 0; i < process->choice_count && choice == NULL; i++) {
        choice = process->choices[i]->node == node ? process->choices[i] : NULL;
    }
    if (choice == NULL) {
        return; // reported: too many
    }
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = check_handler_add(unit, process, stage, HANDLER_CHOICE, node);
    handler->name = choice->name;
    handler->span = choice->span;
    choice->handler = handler;
    struct body body;
    check_body_init(&body, unit, process, handler);
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    check_handler_close(process, handler);
    check_ways(unit, process, choice);
}

struct choice_walk {
    const struct choice *wanted;
    bool *seen; // by choice index
    bool found;
};

static void follow_choice(void *context, const struct target *target)
{
    struct choice_walk *walk = context;
    const struct choice *choice = target->choice;
    if (choice == NULL || walk->found) {
        return;
    }
    if (choice == walk->wanted) {
        walk->found = true;
    } else if (!walk->seen[choice->index] && choice->handler != NULL) {
        walk->seen[choice->index] = true;
        check_each_written_target(choice->handler, follow_choice, walk);
    }
}

static bool leads_to(struct unit *unit, const struct process *process,
                     const struct handler *handler, const struct choice *wanted)
{
    struct choice_walk walk = {
        .wanted = wanted, .seen = ARENA_ARRAY(unit->arena, bool, process->choice_count)
    };
    check_each_written_target(handler, follow_choice, &walk);
    return walk.found;
}

static bool is_used(struct unit *unit, const struct process *process, const struct choice *choice)
{
    bool used = false;
    for (uint32_t i = 0; i < process->handler_count && !used; i++) {
        const struct handler *handler = process->handlers[i];
        used = handler->kind != HANDLER_CHOICE && leads_to(unit, process, handler, choice);
    }
    return used;
}

void check_choices(struct unit *unit, struct process *process)
{
    for (uint32_t i = 0; i < process->choice_count; i++) {
        const struct choice *choice = process->choices[i];
        if (choice->handler == NULL) {
            continue;
        }
        if (leads_to(unit, process, choice->handler, choice)) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0520, choice->span);
            diag_fact(diag, choice->name);
            diag_here(diag, "a case would go round here and never arrive");
            diag_note(diag, "a choice is passed at once; only a stage gives time for something to "
                            "change");
            diag_help(diag, "let one of the ways lead to a stage or an end instead");
            process->broken = true;
        } else if (!is_used(unit, process, choice)) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0522, choice->span);
            diag_fact(diag, choice->name);
            diag_here(diag, "nothing leads here");
            diag_help(diag, "lead to it with `=> %.*s`, or remove it", SLICE_PRINT(choice->name));
        }
    }
}
