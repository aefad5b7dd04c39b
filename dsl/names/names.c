#include "dsl/names/names.h"

#include "base/array.h"
#include "base/check.h"
#include "dsl/library/stdlib.h"
#include "dsl/names/names_internal.h"

static void collect_file(struct unit *unit, uint32_t file);
static void compute_visible(struct unit *unit, uint32_t file);
static void report_twice(struct unit *unit);
static void collect_overrides(struct unit *unit, uint32_t file);
static void resolve_role(struct unit *unit, struct role *role);
static void resolve_ladder(struct unit *unit, struct ladder *ladder);
static void resolve_record(struct unit *unit, struct record *record);
static void check_role_ring(struct unit *unit, const struct role *role);
static void check_record_ring(struct unit *unit, struct record *record);

void names_collect(struct unit *unit)
{
    for (uint32_t file = 0; file < unit->file_count; file++) {
        collect_file(unit, file);
    }
    for (uint32_t file = 0; file < unit->file_count; file++) {
        compute_visible(unit, file);
    }
    report_twice(unit);
    for (uint32_t file = 0; file < unit->file_count; file++) {
        collect_overrides(unit, file);
    }
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        struct decl *decl = unit->decls[i];
        if (decl->what == WHAT_ROLE) {
            resolve_role(unit, (struct role *)(void *)decl);
        } else if (decl->what == WHAT_LADDER) {
            resolve_ladder(unit, (struct ladder *)(void *)decl);
        } else if (decl->what == WHAT_CALENDAR) {
            names_resolve_calendar(unit, (struct calendar *)(void *)decl);
        } else if (decl->what == WHAT_RECORD) {
            resolve_record(unit, (struct record *)(void *)decl);
        } else if (decl->what == WHAT_TABLE) {
            names_resolve_table(unit, (struct table *)(void *)decl);
        } else if (decl->what == WHAT_HOOK) {
            names_resolve_hook(unit, (struct hook *)(void *)decl);
        } else if (decl->what == WHAT_CONNECTOR) {
            names_resolve_connector(unit, (struct connector *)(void *)decl);
        }
    }
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        struct decl *decl = unit->decls[i];
        if (decl->what == WHAT_ROLE) {
            check_role_ring(unit, (const struct role *)(void *)decl);
        } else if (decl->what == WHAT_RECORD) {
            check_record_ring(unit, (struct record *)(void *)decl);
        }
    }
}

// --- collecting --------------------------------------------------------------------------------

static void *add_decl(struct unit *unit, uint32_t file, uint32_t node, enum decl_what what,
                      size_t bytes)
{
    static const enum decl_kind kinds[] = { [WHAT_CONNECTOR] = DECL_CONNECTOR,
                                            [WHAT_ROLE] = DECL_ROLE,
                                            [WHAT_ENUM] = DECL_TYPE,
                                            [WHAT_RECORD] = DECL_TYPE,
                                            [WHAT_LADDER] = DECL_LADDER,
                                            [WHAT_TABLE] = DECL_TABLE,
                                            [WHAT_HOOK] = DECL_TABLE,
                                            [WHAT_PROCESS] = DECL_PROCESS,
                                            [WHAT_CALENDAR] = DECL_CALENDAR,
                                            [WHAT_INBOX] = DECL_INBOX };
    const struct syntax_tree *tree = names_tree(unit, file);
    struct decl *decl = arena_alloc(unit->arena, bytes);
    struct span span = syntax_name_span(tree, node);
    if (!unit->is_full && names_reach_limit(unit, span, SLICE("the set"),
                                            unit->decl_count, UNIT_NAMES_MAX, "names")) {
        unit->is_full = true;
    }
    *decl = (struct decl){ .kind = kinds[what],
                           .what = what,
                           .name = syntax_name(tree, node),
                           .label = names_label(unit, tree, node),
                           .span = span,
                           .file = file,
                           .node = node,
                           .order = unit->decl_count,
                           .body_file = file,
                           .body_node = node };
    ARRAY_PUSH(unit->arena, unit->decls, unit->decl_count, decl);
    return decl;
}

static void collect_members(struct unit *unit, struct enumeration *enumeration)
{
    const struct syntax_tree *tree = names_tree(unit, enumeration->decl.file);
    for (SYNTAX_EACH(tree, enumeration->decl.node, child)) {
        if (syntax_kind(tree, child) != NODE_MEMBER) {
            continue;
        }
        if (names_reach_limit(unit, enumeration->decl.span,
                              names_decl(&enumeration->decl, unit->arena),
                              enumeration->member_count, ENUM_MEMBERS_MAX, "members")) {
            return;
        }
        struct member member = { .name = syntax_name(tree, child),
                                 .label = names_label(unit, tree, child),
                                 .span = syntax_name_span(tree, child) };
        for (uint32_t i = 0; i < enumeration->member_count; i++) {
            if (member.name.len > 0 && slice_equal(enumeration->members[i].name, member.name)) {
                names_twice(unit, member.span, enumeration->members[i].span, "member", member.name);
            }
        }
        ARRAY_PUSH(unit->arena, enumeration->members, enumeration->member_count, member);
    }
}

static void collect_file(struct unit *unit, uint32_t file)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    for (SYNTAX_EACH(tree, 0, node)) {
        if (unit->is_full) {
            return;
        }
        enum syntax_kind kind = syntax_kind(tree, node);
        if (kind == NODE_ROLE) {
            add_decl(unit, file, node, WHAT_ROLE, sizeof(struct role));
        } else if (kind == NODE_ENUM) {
            collect_members(unit,
                            add_decl(unit, file, node, WHAT_ENUM, sizeof(struct enumeration)));
        } else if (kind == NODE_RECORD) {
            add_decl(unit, file, node, WHAT_RECORD, sizeof(struct record));
        } else if (kind == NODE_LADDER) {
            add_decl(unit, file, node, WHAT_LADDER, sizeof(struct ladder));
        } else if (kind == NODE_TABLE) {
            add_decl(unit, file, node, WHAT_TABLE, sizeof(struct table));
        } else if (kind == NODE_CALENDAR) {
            add_decl(unit, file, node, WHAT_CALENDAR, sizeof(struct calendar));
        } else if (kind == NODE_CONNECTOR) {
            add_decl(unit, file, node, WHAT_CONNECTOR, sizeof(struct connector));
        } else if (kind == NODE_HOOK) {
            add_decl(unit, file, node, WHAT_HOOK, sizeof(struct hook));
        } else if (kind == NODE_PROCESS) {
            struct process *process =
                add_decl(unit, file, node, WHAT_PROCESS, sizeof(struct process));
            ARRAY_PUSH(unit->arena, unit->processes, unit->process_count, process);
        } else if (kind == NODE_INBOX) {
            struct inbox *inbox = add_decl(unit, file, node, WHAT_INBOX, sizeof(struct inbox));
            ARRAY_PUSH(unit->arena, unit->inboxes, unit->inbox_count, inbox);
        }
    }
}

static void compute_visible(struct unit *unit, uint32_t file)
{
    struct unit_file *own = &unit->files[file];
    for (uint32_t n = 0; n < own->closure_count; n++) {
        for (uint32_t i = 0; i < unit->decl_count; i++) {
            if (unit->decls[i]->file == own->closure[n]) {
                ARRAY_PUSH(unit->arena, own->visible, own->visible_count, unit->decls[i]);
            }
        }
    }
}

bool names_sees(const struct unit *unit, uint32_t file, uint32_t other)
{
    const struct unit_file *own = &unit->files[file];
    for (uint32_t i = 0; i < own->closure_count; i++) {
        if (own->closure[i] == other) {
            return true;
        }
    }
    return false;
}

const char *names_what(enum decl_what what)
{
    static const char *const texts[] = { [WHAT_ROLE] = "role",
                                         [WHAT_ENUM] = "enum",
                                         [WHAT_RECORD] = "record",
                                         [WHAT_LADDER] = "ladder",
                                         [WHAT_TABLE] = "table",
                                         [WHAT_HOOK] = "hook",
                                         [WHAT_PROCESS] = "process",
                                         [WHAT_CALENDAR] = "calendar",
                                         [WHAT_CONNECTOR] = "connector",
                                         [WHAT_INBOX] = "inbox" };
    return texts[what];
}

struct slice names_decl(const struct decl *decl, struct arena *arena)
{
    if (decl->name.len == 0) {
        return arena_format(arena, "this %s", names_what(decl->what));
    }
    return arena_format(arena, "%s `%.*s`", names_what(decl->what), SLICE_PRINT(decl->name));
}

static void report_name_of_language(struct unit *unit, const struct decl *decl)
{
    bool type = decl->kind == DECL_TYPE && type_builtin_named(decl->name) != NULL;
    bool function = decl->kind == DECL_TABLE && names_is_function(decl->name);
    if (type || function) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0321, decl->span);
        diag_fact(diag, decl->name);
        diag_here(diag, "`%.*s` is a %s of the language", SLICE_PRINT(decl->name),
                  type ? "type" : "function");
    }
}

bool names_is_function(struct slice name)
{
    static const char *const functions[] = { "day", "hour", "length", "round", "first" };
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
        if (slice_equal(slice_from_cstr(functions[i]), name)) {
            return true;
        }
    }
    return false;
}

// An inbox that somebody reads is known by its name in the whole company.
static bool is_read(const struct unit *unit, const struct decl *decl)
{
    return decl->what == WHAT_INBOX &&
           syntax_has(names_tree(unit, decl->file), decl->node, NODE_INBOX_FOR);
}

// Processes, and inboxes that are read, share one space of names in the whole set; other names
// clash only where both are seen.
// The second one is where the author stands: in the importing file, or later in the same file.
static void report_twice(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        const struct decl *a = unit->decls[i];
        if (a->name.len == 0) {
            continue;
        }
        report_name_of_language(unit, a);
        for (uint32_t n = i + 1; n < unit->decl_count; n++) {
            const struct decl *b = unit->decls[n];
            if (a->kind != b->kind || !slice_equal(a->name, b->name)) {
                continue;
            }
            if (names_sees(unit, a->file, b->file) && a->file != b->file) {
                names_twice(unit, a->span, b->span, names_what(a->what), a->name);
            } else if (names_sees(unit, b->file, a->file) || a->kind == DECL_PROCESS ||
                       (is_read(unit, a) && is_read(unit, b))) {
                names_twice(unit, b->span, a->span, names_what(b->what), b->name);
            }
        }
    }
}

// --- overrides ---------------------------------------------------------------------------------

static const struct override *find_override(const struct unit *unit, const struct decl *target)
{
    for (uint32_t i = 0; i < unit->override_count; i++) {
        if (unit->overrides[i].target == target) {
            return &unit->overrides[i];
        }
    }
    return NULL;
}

static void report_no_target(struct unit *unit, uint32_t file, uint32_t node, enum decl_kind kind,
                             const struct decl *own)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    struct diag *diag = diag_add(unit->diags, DIAG_E0341, syntax_name_span(tree, node));
    diag_fact(diag, kind == DECL_LADDER  ? SLICE("ladder")
                    : kind == DECL_TABLE ? SLICE("table")
                                         : SLICE("calendar"));
    diag_fact(diag, syntax_name(tree, node));
    if (own != NULL) {
        diag_label(diag, own->span, "it is declared in this very file");
        diag_help(diag, "change it there");
        return;
    }
    names_suggest(unit, file, kind, diag, syntax_first(tree, node));
}

static void collect_override(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    enum syntax_kind what = syntax_kind(tree, node);
    enum decl_kind kind = what == NODE_LADDER  ? DECL_LADDER
                          : what == NODE_TABLE ? DECL_TABLE
                                               : DECL_CALENDAR;
    const struct decl *found = names_find(unit, file, kind, syntax_name(tree, node));
    if (syntax_name(tree, node).len == 0) {
        return;
    }
    if (found == NULL || found->file == file) {
        report_no_target(unit, file, node, kind, found);
        return;
    }
    struct override override = { .target = unit->decls[found->order],
                                 .file = file,
                                 .span = syntax_name_span(tree, node) };
    const struct override *first = find_override(unit, found);
    if (first != NULL) {
        names_twice(unit, override.span, first->span, "override", found->name);
        return;
    }
    override.target->body_file = file;
    override.target->body_node = node;
    override.target->span = override.span;
    ARRAY_PUSH(unit->arena, unit->overrides, unit->override_count, override);
}

static void collect_overrides(struct unit *unit, uint32_t file)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    for (SYNTAX_EACH(tree, 0, node)) {
        uint32_t inner = syntax_kind(tree, node) == NODE_OVERRIDE ? syntax_first(tree, node)
                                                                  : NODE_NONE;
        if (inner != NODE_NONE && (syntax_kind(tree, inner) == NODE_LADDER ||
                                   syntax_kind(tree, inner) == NODE_TABLE ||
                                   syntax_kind(tree, inner) == NODE_CALENDAR)) {
            collect_override(unit, file, inner);
        }
    }
}

// --- what declarations say ---------------------------------------------------------------------

static enum image_strategy strategy_of(unsigned op)
{
    switch ((enum syntax_strategy)op) {
    case SYNTAX_LEAST_LOADED:
        return STRATEGY_LEAST_LOADED;
    case SYNTAX_ROUND_ROBIN:
        return STRATEGY_ROUND_ROBIN;
    case SYNTAX_FAMILIAR:
        return STRATEGY_FAMILIAR;
    }
    UNREACHABLE();
}

static void resolve_role(struct unit *unit, struct role *role)
{
    uint32_t file = role->decl.file;
    const struct syntax_tree *tree = names_tree(unit, file);
    uint32_t under = syntax_child(tree, role->decl.node, NODE_UNDER);
    if (under != NODE_NONE) {
        role->under = names_role(unit, file, syntax_first(tree, under));
    }
    uint32_t pick = syntax_child(tree, role->decl.node, NODE_PICK_CLAUSE);
    if (pick != NODE_NONE) {
        uint32_t first = syntax_child_nth(tree, pick, NODE_STRATEGY, 0);
        uint32_t second = syntax_child_nth(tree, pick, NODE_STRATEGY, 1);
        role->pick = first == NODE_NONE ? STRATEGY_NONE : strategy_of(syntax_op(tree, first));
        role->pick_else =
            second == NODE_NONE ? STRATEGY_NONE : strategy_of(syntax_op(tree, second));
        uint32_t third = syntax_child_nth(tree, pick, NODE_STRATEGY, 2);
        if (third != NODE_NONE) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0603, syntax_span(tree, third));
            diag_fact(diag, role->decl.name);
            diag_here(diag, "this third way is one too many");
        }
    }
    role->sees_all = syntax_has(tree, role->decl.node, NODE_SEES_ALL);
    role->may_move = syntax_has(tree, role->decl.node, NODE_MAY_MOVE);
}

static void resolve_rung(struct unit *unit, struct ladder *ladder, uint32_t node)
{
    uint32_t file = ladder->decl.body_file;
    const struct syntax_tree *tree = names_tree(unit, file);
    struct rung rung = { .wait = value_empty() };
    uint32_t wait = syntax_child(tree, node, NODE_DURATION);
    if (wait != NODE_NONE) {
        rung.wait = syntax_literal(tree, wait);
        rung.span = syntax_span(tree, wait);
    }
    rung.within = names_within(unit, file, node);
    uint32_t notify = syntax_child(tree, node, NODE_NOTIFY_ROLE);
    uint32_t reassign = syntax_child(tree, node, NODE_REASSIGN);
    if (notify != NODE_NONE) {
        rung.effect = RUNG_NOTIFY;
        rung.role = names_role(unit, file, syntax_first(tree, notify));
    } else if (reassign != NODE_NONE) {
        rung.effect = RUNG_REASSIGN;
        uint32_t to = syntax_first(tree, reassign);
        rung.role = to == NODE_NONE ? NULL : names_role(unit, file, to);
    } else if (syntax_has(tree, node, NODE_REMIND)) {
        rung.effect = RUNG_REMIND;
    }
    ARRAY_PUSH(unit->arena, ladder->rungs, ladder->rung_count, rung);
}

static void resolve_ladder(struct unit *unit, struct ladder *ladder)
{
    const struct syntax_tree *tree = names_tree(unit, ladder->decl.body_file);
    ladder->keeps_count = syntax_has(tree, ladder->decl.body_node, NODE_KEEPS_COUNT);
    for (SYNTAX_EACH(tree, ladder->decl.body_node, child)) {
        if (syntax_kind(tree, child) == NODE_RUNG) {
            resolve_rung(unit, ladder, child);
        }
    }
}

static void resolve_record(struct unit *unit, struct record *record)
{
    if (record->resolved) {
        return;
    }
    record->resolved = true;
    uint32_t file = record->decl.file;
    const struct syntax_tree *tree = names_tree(unit, file);
    for (SYNTAX_EACH(tree, record->decl.node, child)) {
        if (syntax_kind(tree, child) != NODE_PART) {
            continue;
        }
        if (names_reach_limit(unit, record->decl.span, names_decl(&record->decl, unit->arena),
                              record->part_count, RECORD_PARTS_MAX, "parts")) {
            return;
        }
        struct part part = { .name = syntax_name(tree, child),
                             .label = names_label(unit, tree, child),
                             .help = names_clause_label(unit, tree, child, NODE_HELP),
                             .span = syntax_name_span(tree, child),
                             .type = names_type(unit, file,
                                                syntax_child_class(tree, child, CLASS_TYPE, 0)),
                             .required = syntax_has(tree, child, NODE_REQUIRED) };
        for (uint32_t i = 0; i < record->part_count; i++) {
            if (part.name.len > 0 && slice_equal(record->parts[i].name, part.name)) {
                names_twice(unit, part.span, record->parts[i].span, "part", part.name);
            }
        }
        ARRAY_PUSH(unit->arena, record->parts, record->part_count, part);
    }
}

static void check_role_ring(struct unit *unit, const struct role *role)
{
    uint32_t steps = 0;
    const struct role *at = role->under;
    bool is_first = true; // one message for a ring, at the role that is declared first
    while (at != NULL && at != role && steps++ < unit->decl_count) {
        is_first = is_first && at->decl.order > role->decl.order;
        at = at->under;
    }
    if (at == role && is_first) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0602, role->decl.span);
        diag_fact(diag, role->decl.name);
        diag_here(diag, "following `under` from here leads back here");
    }
}

// A record that holds itself, directly or through others, would have no end.
static bool record_holds(struct record *inner, const struct record *wanted, int depth)
{
    if (inner->visit != 0 || depth > SYNTAX_DEPTH_MAX) {
        return false;
    }
    inner->visit = 1;
    bool found = false;
    for (uint32_t i = 0; i < inner->part_count && !found; i++) {
        const struct type *type = inner->parts[i].type;
        while (type_is_many(type)) {
            type = type->element;
        }
        if (type_is(type, TYPE_RECORD)) {
            union {
                const struct record *read;
                struct record *write;
            } next = { .read = type->record };
            found = type->record == wanted || record_holds(next.write, wanted, depth + 1);
        }
    }
    inner->visit = 0;
    return found;
}

static void check_record_ring(struct unit *unit, struct record *record)
{
    if (record_holds(record, record, 0)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0323, record->decl.span);
        diag_fact(diag, record->decl.name);
        diag_here(diag, "one of its parts leads back to it");
        for (uint32_t i = 0; i < record->part_count; i++) {
            record->parts[i].type = type_builtin(TYPE_POISON);
        }
    }
}

// `record { … }` where a type stands: a record like others, that nothing else can name.
const struct record *names_unnamed_record(struct unit *unit, uint32_t file, uint32_t node)
{
    struct record *record =
        add_decl(unit, file, node, WHAT_RECORD, sizeof(struct record));
    record->decl.name = SLICE_EMPTY;
    record->decl.label = SLICE_EMPTY;
    record->decl.span = syntax_keyword_span(names_tree(unit, file), node);
    resolve_record(unit, record);
    return record;
}
