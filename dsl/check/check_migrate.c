// `migrate`: how cases of an earlier version come to this one (rule 29). What the earlier version
// holds is not known here; whoever moves a case looks at both.
#include "base/array.h"
#include "dsl/check/check.h"

enum { VERSION_DIGITS_MAX = 6, HASH_DIGITS_MIN = 8, HASH_DIGITS_MAX = 2 * IMAGE_HASH_BYTES };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// The number of a version, or so much of its hash that it is meant for sure.
static bool names_version(struct slice text)
{
    bool number = text.len >= 1 && text.len <= VERSION_DIGITS_MAX && text.ptr[0] != '0';
    bool hash = text.len >= HASH_DIGITS_MIN && text.len <= HASH_DIGITS_MAX;
    for (size_t i = 0; i < text.len; i++) {
        number = number && is_digit(text.ptr[i]);
        hash = hash && is_hex(text.ptr[i]);
    }
    return number || hash;
}

static bool report_end(struct unit *unit, const struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (uint32_t i = 0; i < process->end_count; i++) {
        if (slice_equal(process->ends[i]->name, syntax_name(tree, node))) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0418, syntax_span(tree, node));
            diag_fact(diag, process->ends[i]->name);
            diag_fact(diag, SLICE("a stage, and a case that runs comes to one"));
            diag_label(diag, process->ends[i]->span, "it is an end");
            return true;
        }
    }
    return false;
}

static void report_target(struct unit *unit, const struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct slice name = syntax_name(tree, node);
    if (report_end(unit, process, node)) {
        return;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0301, syntax_span(tree, node));
    diag_fact(diag, name);
    diag_fact(diag, process->decl.name);
    diag_here(diag, "a case that stood in the stage before it comes here");
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 1; i < process->stage_count; i++) {
        suggest_offer(&suggestions, process->stages[i]->name, process->stages[i]->depth);
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, node), "stage");
}

static const struct stage *find_target(struct unit *unit, const struct process *process,
                                       uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    const struct stage *found = NULL;
    for (uint32_t i = 1; i < process->stage_count; i++) {
        if (!slice_equal(process->stages[i]->name, syntax_name(tree, node))) {
            continue;
        }
        if (found != NULL) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0418, syntax_span(tree, node));
            diag_fact(diag, found->name);
            diag_fact(diag, SLICE("the name of one stage alone"));
            diag_label(diag, found->span, "one is declared here");
            diag_label(diag, process->stages[i]->span, "and one here");
            return found;
        }
        found = process->stages[i];
    }
    if (found == NULL) {
        report_target(unit, process, node);
    }
    return found;
}

static void add_stage(struct unit *unit, const struct process *process, struct migrate *migrate,
                      uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    uint32_t old = syntax_first(tree, node);
    uint32_t target = old == NODE_NONE ? NODE_NONE : syntax_next(tree, old);
    if (target == NODE_NONE || syntax_kind(tree, old) != NODE_NAME ||
        syntax_kind(tree, target) != NODE_NAME) {
        return; // reported by the parser
    }
    struct migrate_stage stage = { syntax_name(tree, old), find_target(unit, process, target),
                                   syntax_span(tree, old) };
    for (uint32_t i = 0; i < migrate->stage_count; i++) {
        if (slice_equal(migrate->stages[i].old, stage.old)) {
            names_twice(unit, stage.span, migrate->stages[i].span, "stage", stage.old);
            return;
        }
    }
    if (stage.stage != NULL) {
        ARRAY_PUSH(unit->arena, migrate->stages, migrate->stage_count, stage);
    }
}

static void take_from(struct unit *unit, const struct process *process, struct migrate *migrate,
                      uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    uint32_t from = syntax_child(tree, node, NODE_STRING);
    if (from == NODE_NONE) {
        return; // reported by the parser
    }
    migrate->from = syntax_string(tree, from, unit->arena);
    migrate->span = syntax_span(tree, from);
    if (!names_version(migrate->from)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0418, migrate->span);
        diag_fact(diag, migrate->from);
        diag_fact(diag, SLICE("a version: its number, or the first 8 digits of its hash or more"));
        diag_help(diag, "`rung versions` lists both");
        return;
    }
    for (uint32_t i = 0; i < process->migrate_count; i++) {
        if (slice_equal(process->migrates[i].from, migrate->from)) {
            names_twice(unit, migrate->span, process->migrates[i].span, "`migrate` from",
                        migrate->from);
            return;
        }
    }
}

void check_fill_migrate(struct unit *unit, struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->migrate_count, PROCESS_MIGRATES_MAX, "`migrate`s")) {
        process->broken = true;
        return;
    }
    struct migrate migrate = { .span = syntax_keyword_span(tree, node) };
    struct handler *handler = ARENA_NEW(unit->arena, struct handler);
    *handler = (struct handler){ .kind = HANDLER_MIGRATE,
                                 .stage = process->stages[0],
                                 .span = migrate.span,
                                 .node = node,
                                 .at_most = INDEX_NONE,
                                 .block = &migrate.block };
    struct body body;
    check_body_init(&body, unit, process, handler);
    take_from(unit, process, &migrate, node);
    migrate.block.span = syntax_span(tree, node);
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) == NODE_MIGRATE_STAGE) {
            add_stage(unit, process, &migrate, child);
        } else if (syntax_kind(tree, child) == NODE_ASSIGN) {
            struct step step = { .kind = STEP_ASSIGN,
                                 .node = child,
                                 .span = syntax_span(tree, child) };
            check_assign(&body, &step, child);
            ARRAY_PUSH(unit->arena, migrate.block.steps, migrate.block.count, step);
        }
    }
    check_handler_close(process, handler);
    handler->block = NULL;
    ARRAY_PUSH(unit->arena, process->migrates, process->migrate_count, migrate);
}
