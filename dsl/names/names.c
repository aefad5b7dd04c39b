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

static const char *what_text(enum decl_what what)
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
        return arena_format(arena, "this %s", what_text(decl->what));
    }
    return arena_format(arena, "%s `%.*s`", what_text(decl->what), SLICE_PRINT(decl->name));
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
                names_twice(unit, a->span, b->span, what_text(a->what), a->name);
            } else if (names_sees(unit, b->file, a->file) || a->kind == DECL_PROCESS ||
                       (is_read(unit, a) && is_read(unit, b))) {
                names_twice(unit, b->span, a->span, what_text(b->what), b->name);
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

// --- lookups -----------------------------------------------------------------------------------

const struct decl *names_find(const struct unit *unit, uint32_t file, enum decl_kind kind,
                              struct slice name)
{
    const struct unit_file *own = &unit->files[file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == kind && slice_equal(own->visible[i]->name, name)) {
            return own->visible[i];
        }
    }
    return NULL;
}

const struct role *names_find_role(const struct unit *unit, uint32_t file, struct slice name)
{
    return (const struct role *)(const void *)names_find(unit, file, DECL_ROLE, name);
}

// The name of a file as an import would say it: "processes/shared.rung" is `shared`.
static struct slice import_word(const struct unit *unit, uint32_t file)
{
    struct slice name = source_file(unit->sources, file)->name;
    size_t start = 0;
    for (size_t i = 0; i < name.len; i++) {
        start = name.ptr[i] == '/' ? i + 1 : start;
    }
    struct slice base = slice_sub(name, start, name.len);
    return base.len > 5 ? slice_sub(base, 0, base.len - 5) : base;
}

// The name exists in the set, in a file that this one does not import.
// What declares it in the library that comes with Rung, as an `import` says it; empty: nothing.
static struct slice library_word(const struct unit *unit, enum decl_kind kind, struct slice name)
{
    static const struct {
        enum decl_kind kind;
        const char *word, *file;
    } files[] = { { DECL_LADDER, "ladder", "ladders" },
                  { DECL_CALENDAR, "calendar", "calendars" },
                  { DECL_INBOX, "inbox", "inbox" } };
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        struct slice path = arena_format(unit->arena, "stdlib/%s.rung", files[i].file);
        struct slice head = arena_format(unit->arena, "\n%s %.*s ", files[i].word,
                                         SLICE_PRINT(name));
        struct slice text;
        if (files[i].kind != kind || name.len == 0 || !stdlib_find(path, &text)) {
            continue;
        }
        for (size_t at = 0; at + head.len <= text.len; at++) {
            if (text.ptr[at] == '\n' && slice_starts(slice_sub(text, at, text.len), head)) {
                return arena_format(unit->arena, "stdlib.%s", files[i].file);
            }
        }
    }
    return SLICE_EMPTY;
}

static bool suggest_import(struct unit *unit, uint32_t file, enum decl_kind kind, struct diag *diag,
                           struct slice name)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    const struct decl *found = NULL;
    for (uint32_t i = 0; i < unit->decl_count && found == NULL; i++) {
        const struct decl *decl = unit->decls[i];
        found = decl->kind == kind && slice_equal(decl->name, name) ? decl : NULL;
    }
    uint32_t first = syntax_first(tree, 0);
    struct slice word = found != NULL ? import_word(unit, found->file)
                                      : library_word(unit, kind, name);
    if (word.len == 0 || first == NODE_NONE) {
        return false;
    }
    if (found != NULL) {
        diag_label(diag, found->span, "it is declared here, in a file that is not imported");
    }
    uint32_t import = syntax_child(tree, 0, NODE_IMPORT);
    if (import != NODE_NONE) {
        diag_help_edit(diag, DIAG_FIX_GUESS, span_after(syntax_span(tree, import)),
                       arena_format(unit->arena, ", %.*s", SLICE_PRINT(word)), "import that file");
    } else {
        diag_help_edit(diag, DIAG_FIX_GUESS, span_before(syntax_span(tree, first)),
                       arena_format(unit->arena, "import %.*s\n", SLICE_PRINT(word)),
                       "import that file");
    }
    return true;
}

bool names_label_other(struct unit *unit, uint32_t file, struct diag *diag, struct slice name)
{
    const struct unit_file *own = &unit->files[file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        const struct decl *decl = own->visible[i];
        if (slice_equal(decl->name, name)) {
            const char *what = what_text(decl->what);
            const char *article = decl->what == WHAT_ENUM || decl->what == WHAT_INBOX ? "an" : "a";
            diag_label(diag, decl->span, "`%.*s` is %s %s", SLICE_PRINT(name), article, what);
            return true;
        }
    }
    return false;
}

void names_suggest(struct unit *unit, uint32_t file, enum decl_kind kind, struct diag *diag,
                   uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    const struct unit_file *own = &unit->files[file];
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == kind) {
            suggest_offer(&suggestions, own->visible[i]->name, own->visible[i]->file != file);
        }
    }
    if (suggest_import(unit, file, kind, diag, syntax_name(tree, node))) {
        return;
    }
    names_label_other(unit, file, diag, syntax_name(tree, node));
    static const char *const nouns[] = { "role",    "type",     "ladder",   "table",
                                         "process", "calendar", "connector", "inbox" };
    static const char *const samples[] = { "role NAME \"What people call it\"", "enum NAME { … }",
                                           "ladder NAME { 5 min, 1 h }",
                                           "table NAME (kind: TYPE) -> TYPE { | … -> … }",
                                           "process NAME \"…\" { … }",
                                           "calendar NAME { mon .. fri 09:00-18:00 }",
                                           "connector NAME \"…\" { … }",
                                           "inbox NAME { lane NAME \"…\" }" };
    if (!diag_suggest(diag, &suggestions, syntax_name_span(tree, node), nouns[kind])) {
        diag_help(diag, "declare it: `%s`, or import the file that does", samples[kind]);
    }
}

const struct role *names_role(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, node)) {
        return NULL;
    }
    const struct role *role = names_find_role(unit, file, syntax_name(tree, node));
    if (role == NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0302, syntax_span(tree, node));
        diag_fact(diag, syntax_name(tree, node));
        diag_here(diag, "a role is needed here");
        names_suggest(unit, file, DECL_ROLE, diag, node);
    }
    return role;
}

const struct ladder *names_ladder(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, node)) {
        return NULL;
    }
    const struct decl *decl = names_find(unit, file, DECL_LADDER, syntax_name(tree, node));
    if (decl == NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0303, syntax_span(tree, node));
        diag_fact(diag, syntax_name(tree, node));
        diag_here(diag, "a ladder is needed here");
        names_suggest(unit, file, DECL_LADDER, diag, node);
    }
    return (const struct ladder *)(const void *)decl;
}

const struct inbox *names_inbox(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, node)) {
        return NULL;
    }
    const struct decl *decl = names_find(unit, file, DECL_INBOX, syntax_name(tree, node));
    if (decl == NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0361, syntax_span(tree, node));
        diag_fact(diag, syntax_name(tree, node));
        diag_here(diag, "an inbox is needed here");
        names_suggest(unit, file, DECL_INBOX, diag, node);
    }
    return (const struct inbox *)(const void *)decl;
}

const struct calendar *names_calendar(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, node)) {
        return NULL;
    }
    const struct decl *decl = names_find(unit, file, DECL_CALENDAR, syntax_name(tree, node));
    if (decl == NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0350, syntax_span(tree, node));
        diag_fact(diag, syntax_name(tree, node));
        diag_here(diag, "a calendar is needed here");
        names_suggest(unit, file, DECL_CALENDAR, diag, node);
    }
    return (const struct calendar *)(const void *)decl;
}

const struct calendar *names_within(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    uint32_t within = syntax_child(tree, node, NODE_WITHIN_HOURS);
    return within == NODE_NONE ? NULL : names_calendar(unit, file, syntax_first(tree, within));
}

struct process *names_process_writable(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, node)) {
        return NULL;
    }
    struct slice name = syntax_name(tree, node);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        struct process *process = unit->processes[i];
        if (slice_equal(process->decl.name, name)) {
            return process;
        }
        suggest_offer(&suggestions, process->decl.name, process->decl.file != file);
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0307, syntax_span(tree, node));
    diag_fact(diag, name);
    diag_here(diag, "a process is needed here");
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, node), "process")) {
        diag_help(diag, "put the file that declares it into the same folder, or import it");
    }
    return NULL;
}

const struct process *names_process(struct unit *unit, uint32_t file, uint32_t node)
{
    return names_process_writable(unit, file, node);
}

static bool holds_role(const struct role_list *roles, const struct role *role)
{
    for (uint32_t i = 0; i < roles->count; i++) {
        if (roles->items[i] == role) {
            return true;
        }
    }
    return false;
}

struct role_list names_roles(struct unit *unit, uint32_t file, uint32_t node)
{
    struct role_list roles = { 0 };
    if (node == NODE_NONE) {
        return roles;
    }
    const struct syntax_tree *tree = names_tree(unit, file);
    roles.span = syntax_span(tree, node);
    struct span before = span_before(roles.span);
    for (SYNTAX_EACH(tree, node, child)) {
        if (names_is_flooded(unit, file)) {
            roles.incomplete = true;
            break;
        }
        struct span span = syntax_span(tree, child);
        const struct role *role = names_role(unit, file, child);
        roles.incomplete = roles.incomplete || role == NULL;
        if (role != NULL && holds_role(&roles, role)) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0324, span);
            diag_fact(diag, role->decl.name);
            diag_here(diag, "named a second time");
            diag_help_edit(diag, DIAG_FIX_SAFE, span_make(file, before.end, span.end), SLICE_EMPTY,
                           "name it once");
        } else if (role != NULL) {
            ARRAY_PUSH(unit->arena, roles.items, roles.count, role);
        }
        before = span;
    }
    return roles;
}

static const struct type *named_type(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, syntax_first(tree, node))) {
        return type_builtin(TYPE_POISON);
    }
    struct slice name = syntax_name(tree, node);
    const struct type *builtin = type_builtin_named(name);
    if (builtin != NULL) {
        return builtin;
    }
    const struct decl *decl = names_find(unit, file, DECL_TYPE, name);
    if (decl != NULL) {
        struct type *type = ARENA_NEW(unit->arena, struct type);
        if (decl->what == WHAT_ENUM) {
            type->kind = TYPE_ENUM;
            type->enumeration = (const struct enumeration *)(const void *)decl;
        } else {
            type->kind = TYPE_RECORD;
            type->record = (const struct record *)(const void *)decl;
        }
        return type;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0304, syntax_span(tree, node));
    diag_fact(diag, name);
    diag_here(diag, "a type is needed here");
    if (suggest_import(unit, file, DECL_TYPE, diag, name)) {
        return type_builtin(TYPE_POISON);
    }
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    const struct unit_file *own = &unit->files[file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == DECL_TYPE) {
            suggest_offer(&suggestions, own->visible[i]->name, 0);
        }
    }
    for (uint32_t kind = TYPE_TEXT; kind < TYPE_ENUM;
         kind++) { // those that have a name of their own
        suggest_offer(&suggestions, type_name(type_builtin(kind), unit->arena), 1);
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, node), "type")) {
        diag_help(diag, "the types of the language are text, integer, decimal, money, bool, date, "
                        "time, datetime, duration, phone, email, url and file; others are declared "
                        "with `enum` or `record`");
    }
    return type_builtin(TYPE_POISON);
}

// `record { … }` where a type stands: a record like others, that nothing else can name.
static const struct record *unnamed_record(struct unit *unit, uint32_t file, uint32_t node)
{
    struct record *record =
        add_decl(unit, file, node, WHAT_RECORD, sizeof(struct record));
    record->decl.name = SLICE_EMPTY;
    record->decl.label = SLICE_EMPTY;
    record->decl.span = syntax_keyword_span(names_tree(unit, file), node);
    resolve_record(unit, record);
    return record;
}

const struct type *names_type(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (node == NODE_NONE) {
        return type_builtin(TYPE_POISON);
    }
    enum syntax_kind kind = syntax_kind(tree, node);
    if (kind == NODE_TYPE_NAME) {
        return named_type(unit, file, node);
    }
    if (kind == NODE_TYPE_USER || kind == NODE_TYPE_REF) {
        struct type *type = ARENA_NEW(unit->arena, struct type);
        if (kind == NODE_TYPE_USER) {
            type->kind = TYPE_USER;
            type->role = names_role(unit, file, syntax_first(tree, node));
        } else {
            const struct process *process = names_process(unit, file, syntax_first(tree, node));
            type->kind = process == NULL ? TYPE_POISON : TYPE_REF;
            type->process = process == NULL ? SLICE_EMPTY : process->decl.name;
        }
        return type;
    }
    if (kind == NODE_TYPE_RECORD) {
        struct type *type = ARENA_NEW(unit->arena, struct type);
        type->kind = TYPE_RECORD;
        type->record = unnamed_record(unit, file, node);
        return type;
    }
    if (kind != NODE_TYPE_SET && kind != NODE_TYPE_LIST) {
        return type_builtin(TYPE_POISON);
    }
    const struct type *element = names_type(unit, file, syntax_first(tree, node));
    if (kind == NODE_TYPE_LIST && !type_is_many(element)) {
        return type_list_of(element, unit->arena);
    }
    if (type_is(element, TYPE_ENUM) || type_is_poison(element)) {
        return type_set_of(element, unit->arena);
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0422, syntax_span(tree, node));
    diag_fact(diag, kind == NODE_TYPE_SET ? SLICE("set") : SLICE("list"));
    diag_fact(diag, type_name(element, unit->arena));
    if (kind == NODE_TYPE_SET) {
        diag_note(diag, "a set holds members of one enum, each at most once");
        diag_help(diag, "for other things use `list of …`");
    } else {
        diag_note(diag, "lists and sets are not put inside each other");
    }
    return type_builtin(TYPE_POISON);
}

// --- small helpers -----------------------------------------------------------------------------

// A node with its line ends, when it has its lines for itself.
static struct span lines_of(const struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    const struct syntax_node *at = syntax_node(tree, node);
    struct span span = syntax_span(tree, node);
    while (span.start > 0 && (tree->text.ptr[span.start - 1] == ' ' ||
                              tree->text.ptr[span.start - 1] == '\t')) {
        span.start--;
    }
    bool lone = tree->tokens[at->first_token].first_on_line &&
                (tree->tokens[at->end_token].first_on_line ||
                 tree->tokens[at->end_token].kind == TOKEN_END);
    if (lone) { // with the comment behind it
        while (span.end < tree->text.len && tree->text.ptr[span.end] != '\n') {
            span.end++;
        }
        span.end += span.end < tree->text.len ? 1 : 0;
    }
    return span;
}

void names_help_remove(struct unit *unit, struct diag *diag, uint32_t file, uint32_t node,
                       const char *text)
{
    diag_help_edit(diag, DIAG_FIX_GUESS, lines_of(unit, file, node), SLICE_EMPTY, "%s", text);
}

// The item or declaration that has the name at the place.
static uint32_t declaration_at(const struct syntax_tree *tree, struct span name)
{
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (syntax_kind(tree, node) == NODE_NAME && syntax_span(tree, node).start == name.start) {
            uint32_t above = syntax_node(tree, node)->parent;
            enum syntax_class class =
                above == NODE_NONE ? CLASS_ERROR : syntax_class_of(syntax_kind(tree, above));
            bool whole = class == CLASS_ITEM || class == CLASS_TOP;
            uint32_t outer = whole ? syntax_node(tree, above)->parent : NODE_NONE;
            bool overrides = outer != NODE_NONE && syntax_kind(tree, outer) == NODE_OVERRIDE;
            return overrides ? outer : whole ? above : NODE_NONE;
        }
    }
    return NODE_NONE;
}

void names_twice(struct unit *unit, struct span second, struct span first, const char *what,
                 struct slice name)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0310, second);
    diag_fact(diag, slice_from_cstr(what));
    diag_fact(diag, name);
    diag_here(diag, "this is the second one");
    diag_label(diag, first, "it is declared here");
    uint32_t node = declaration_at(names_tree(unit, second.file), second);
    if (node != NODE_NONE) {
        names_help_remove(unit, diag, second.file, node, "leave one of them out, or rename it");
    }
}

struct slice names_members(const struct enumeration *enumeration, struct arena *arena)
{
    struct slice text = SLICE_EMPTY;
    for (uint32_t i = 0; i < enumeration->member_count; i++) {
        const char *between = i == 0 ? "" : i + 1 == enumeration->member_count ? " and " : ", ";
        text = arena_format(arena, "%.*s%s%.*s", SLICE_PRINT(text), between,
                            SLICE_PRINT(enumeration->members[i].name));
    }
    return text;
}

bool names_reach_limit(struct unit *unit, struct span span, struct slice what, uint32_t count,
                       uint32_t max, const char *things)
{
    if (count < max) {
        return false;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0901, span);
    diag_fact(diag, what);
    diag_fact_format(diag, "%u %s", max, things);
    diag_note(diag, "what stands behind them has not been looked at");
    return true;
}

bool names_is_superior(const struct role *above, const struct role *role)
{
    uint32_t steps = 0;
    for (const struct role *at = role->under; at != NULL && steps++ < 1000; at = at->under) {
        if (at == above) {
            return true;
        }
    }
    return false;
}
