// Everything declared at the top of the files of one compilation, and what of it each file sees:
// its own declarations and those of all files that it imports, directly or not. Lookups that fail
// report once, with the names of the right kind that are close.
#ifndef RUNG_DSL_NAMES_NAMES_H
#define RUNG_DSL_NAMES_NAMES_H

#include "dsl/model/inbox.h"
#include "dsl/model/model.h"
#include "dsl/syntax/syntax.h"

// Bounds of one set; a program that reaches one is refused, and the rest of it is not looked at.
enum {
    UNIT_NAMES_MAX = 2000,    // declarations at the top of all files
    ENUM_MEMBERS_MAX = 1000,
    RECORD_PARTS_MAX = 200,
    TABLE_COLUMNS_MAX = 16,
    TABLE_ROWS_MAX = 256,
    HOOK_TEXT_MAX = 256 * 1024, // bytes of a file in Lua
    TABLE_INPUTS_MAX = 200000, // that the proof of a table looks at
    UNIT_INBOXES_MAX = 200,
    CONNECTOR_SIGNALS_MAX = 200, // calls and messages of one connector
    SIGNAL_PARAMS_MAX = 64,
    PROCESS_FIELDS_MAX = IMAGE_FIELDS_MAX,
    PROCESS_STAGES_MAX = 1000,
    PROCESS_ESCALATIONS_MAX = 200,
    PROCESS_ENDS_MAX = 200,
    PROCESS_CHOICES_MAX = IMAGE_CHOICES_MAX,
    PROCESS_MIGRATES_MAX = IMAGE_MIGRATES_MAX,
    PROCESS_HANDLERS_MAX = 4000, // actions, timers, rules and tasks of stages
    TEST_NAMES_MAX = 1000,       // people, and cases, of one test
    TASK_REMINDS_MAX = 4
};

struct unit_file {
    struct syntax_tree tree;
    uint32_t *imports; // files
    uint32_t import_count;
    uint32_t *closure; // itself first, then all it imports, each once, in the order of the text
    uint32_t closure_count;
    const struct decl **visible;
    uint32_t visible_count;
};

// `override ladder NAME …`: what stands in another file, replaced for the whole set (S12).
struct override {
    struct decl *target;
    uint32_t file;
    struct span span; // of the name
};
// A file of data that a declaration reads: part of the program, as its text is.
struct unit_data {
    uint32_t file; // that names it
    struct slice path, text;
    bool apart; // only for a test: no part of the program
};

// What a label says in another language. `of` is the label's text as names_label gave it: it is
// known by where its bytes lie, not by what they say.
struct translation {
    struct slice of, lang, text;
};

// One compilation.
struct compile;
struct unit {
    struct arena *arena;
    struct source_set *sources;
    struct diags *diags;
    struct unit_file *files; // numbered as in `sources`
    uint32_t file_count;
    struct decl **decls; // all, in the order of files and texts
    uint32_t decl_count;
    struct translation *translations; // those of one label stand together
    uint32_t translation_count;
    struct override *overrides;
    uint32_t override_count;
    struct process **processes;
    uint32_t process_count;
    struct inbox **inboxes;
    uint32_t inbox_count;
    bool is_full; // UNIT_NAMES_MAX was reached
    uint32_t table_calls; // tables being read because another calls them
    // The text of a data file named in `file`, in the arena; false: there is none. Notes it in
    // `data`.
    bool (*load_data)(struct unit *unit, uint32_t file, struct slice path, struct slice *ret_text);
    struct unit_data *data;
    uint32_t data_count;
    bool (*knows_zone)(struct slice name); // NULL: every well-formed name will do
    // What `reload "path"` in that file means; NULL: reported.
    const struct compile_result *(*reload)(struct unit *unit, uint32_t file, struct span span,
                                           struct slice path);
    struct compile *compile;
};

// Collects declarations, computes what each file sees, reports what is declared twice, then
// resolves what roles, ladders and records say (first values of a record's parts excepted:
// infer.h). The closures of the files are known.
void names_collect(struct unit *unit);

// names_asked.c, for names_collect: parameters and what they give.
void names_resolve_table(struct unit *unit, struct table *table);
void names_resolve_hook(struct unit *unit, struct hook *hook);

static inline const struct syntax_tree *names_tree(const struct unit *unit, uint32_t file)
{
    return &unit->files[file].tree;
}

// Whether `other` is the file itself or one that it imports, directly or not.
bool names_sees(const struct unit *unit, uint32_t file, uint32_t other);
// What the file sees under that name, or NULL; silent.
const struct decl *names_find(const struct unit *unit, uint32_t file, enum decl_kind kind,
                              struct slice name);
const struct role *names_find_role(const struct unit *unit, uint32_t file, struct slice name);
// day, hour, length, round, first
bool names_is_function(struct slice name);
// What a NAME node names; NULL when there is no such thing, which has been reported (or the node is
// an ERROR, which has been as well).
const struct role *names_role(struct unit *unit, uint32_t file, uint32_t node);
const struct ladder *names_ladder(struct unit *unit, uint32_t file, uint32_t node);
const struct calendar *names_calendar(struct unit *unit, uint32_t file, uint32_t node);
const struct inbox *names_inbox(struct unit *unit, uint32_t file, uint32_t node);
void names_resolve_calendar(struct unit *unit, struct calendar *calendar);
// The calendar of a WITHIN_HOURS child of `node`, or NULL: there is none, or it was reported.
const struct calendar *names_within(struct unit *unit, uint32_t file, uint32_t node);
bool names_is_working(unsigned duration_unit);
// False (and E0701): a unit of working time where no calendar says whose hours are meant. Where
// only one can be meant it is taken (and W512).
bool names_working_time(struct unit *unit, const struct process *process, unsigned duration_unit,
                        struct span span);
// Whether it is known whose hours the process counts.
bool names_takes_calendar(struct unit *unit, const struct process *process, struct span span);
struct diag *names_report_working_time(struct unit *unit, const struct process *process,
                                       struct span span, struct slice wait); // E0701
void names_report_zone(struct unit *unit, struct span span, struct slice name); // E0341
bool names_zone_known(const struct unit *unit, struct slice name);
// Processes are global to the set.
const struct process *names_process(struct unit *unit, uint32_t file, uint32_t node);
struct process *names_process_writable(struct unit *unit, uint32_t file, uint32_t node);
// The call or message of a connector that two NAME nodes name; NULL: reported.
struct signal *names_signal(struct unit *unit, uint32_t file, uint32_t connector, uint32_t name,
                            bool is_call);
// The roles of a NAMES node; those that do not exist are left out.
struct role_list names_roles(struct unit *unit, uint32_t file, uint32_t node);
// Resolves a TYPE node; poison when it was reported.
const struct type *names_type(struct unit *unit, uint32_t file, uint32_t node);

// The decoded text of the n-th LABEL or STRING child, or of the LABEL below `clause` when that
// child exists; empty otherwise.
struct slice names_label(struct unit *unit, const struct syntax_tree *tree, uint32_t node);
struct slice names_clause_label(struct unit *unit, const struct syntax_tree *tree, uint32_t node,
                                enum syntax_kind clause);
// "site and call": for messages about closed sets.
struct slice names_members(const struct enumeration *enumeration, struct arena *arena);
// Adds the help that takes a node out, with its lines when it has them for itself.
void names_help_remove(struct unit *unit, struct diag *diag, uint32_t file, uint32_t node,
                       const char *text);
// Reports that `name` is declared a second time; `what` is "stage", "field" ….
void names_twice(struct unit *unit, struct span second, struct span first, const char *what,
                 struct slice name);
// Labels what else has that name: "`busy` is a ladder". False when nothing has.
bool names_label_other(struct unit *unit, uint32_t file, struct diag *diag, struct slice name);
// "process `lead`"
struct slice names_decl(const struct decl *decl, struct arena *arena);
// Reports once that `what` ("process `lead`") has more than `max` of `things`; true when it has.
bool names_reach_limit(struct unit *unit, struct span span, struct slice what, uint32_t count,
                       uint32_t max, const char *things);
// So much is wrong with the file that more messages would only be counted: passes stop there.
static inline bool names_is_flooded(const struct unit *unit, uint32_t file)
{
    return unit->diags->dropped[file] > 0;
}
// True when `above` stands over `role` in the chain of `under`.
bool names_is_superior(const struct role *above, const struct role *role);

#endif
