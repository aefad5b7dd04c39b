// Names in use: what they stand for, what to say when it is nothing, and what messages about names
// have in common.
#include "base/array.h"
#include "dsl/library/stdlib.h"
#include "dsl/names/names.h"
#include "dsl/names/names_internal.h"

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
            const char *what = names_what(decl->what);
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
        type->record = names_unnamed_record(unit, file, node);
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
