// The model: what a set of files means. names.c and check_*.c build it from the syntax trees, with
// every name resolved and every expression typed; the proofs read it; lower*.c turns a process of a
// set without errors into a program image. Everything lives in the arena of the compilation.
#ifndef RUNG_DSL_MODEL_MODEL_H
#define RUNG_DSL_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/value.h"
#include "dsl/diag/source.h"
#include "dsl/image/image.h"
#include "dsl/model/decl.h"
#include "dsl/model/expr.h"
#include "dsl/model/step.h"
#include "dsl/model/type.h"

// --- a process ---------------------------------------------------------------------------------
struct role_list {
    const struct role **items;
    uint32_t count;
    struct span span; // of the whole clause; empty span when absent
    bool incomplete;  // some name in it is unknown, and reported
};
struct field {
    struct slice name, label, help;
    struct span span;
    const struct type *type;
    uint32_t flags; // FIELD_…
    const struct expr *initial;
    struct role_list shown_to;
    uint32_t index;
    bool computed; // worked out again whenever a field that `initial` names changes
    uint32_t *depends; // those fields, by index
    uint32_t depend_count;
    uint8_t visit; // while they are put in order
};
struct collection {
    struct slice name;
    struct span span; // where it is first converted into
    bool each;
    uint32_t index;
};

struct task {
    const struct expr *title;
    const struct role *role;
    const struct due *due;
    bool urgent;
    struct slice script;
    const struct ladder *overdue;
    const struct block *overdue_then;
    struct role_list other_than;
    struct value *reminds; // so long before it is due
    uint32_t remind_count;
    struct span span; // the keyword `task`
};

// What may move a case, with the braces it is written in.
enum handler_kind {
    HANDLER_START, HANDLER_REPEAT, HANDLER_ACTION, HANDLER_TIMER, HANDLER_RULE, HANDLER_OVERDUE,
    HANDLER_ENTER, HANDLER_EXIT, // no flow in them
    HANDLER_CHOICE, // run where a flow names the choice
    HANDLER_MESSAGE,
    HANDLER_CALL_FAILED, // `send … else`; stands in the body, since it runs wherever the case is
    HANDLER_INTAKE,      // a message that begins a case; has no block
    HANDLER_JOIN,        // `then` of a parallel: its branches are done
    HANDLER_MIGRATE      // assignments for a case of an earlier version
};
struct handler {
    enum handler_kind kind;
    struct stage *stage; // the body for start and repeat
    struct slice name, label, group, confirm, help; // action
    struct span span; // the name, or the keyword
    uint32_t node;
    const struct block *block;
    const struct expr *condition; // guard, rule's condition, or NULL
    const struct expr *watched;   // of a rule: `watched changes`
    // action
    struct role_list by;
    struct slice *aliases;
    uint32_t alias_count;
    uint32_t at_most; // INDEX_NONE: no limit
    const struct block *at_most_then;
    const struct ask **asks;
    uint32_t ask_count;
    // timer
    enum image_timer_kind timer_kind;
    const struct expr *moment;
    // message, intake; its parameters are `asks`
    const struct signal *signal;
    bool keep;
    struct with *withs; // intake: what the start form is filled with
    uint32_t with_count;
    uint32_t local_count;
    bool has_namesake_inside; // an action of the same name stands further in
    bool never_holds;         // its condition is false in every case (check_lints)
    const struct escalation *button_of; // the action that `by` of an escalation makes
};

struct stage {
    struct slice name, label;
    struct span span;
    uint32_t node;
    struct stage *parent; // NULL: the body
    struct stage *first_child, *last_child, *next_sibling;
    struct task *task;
    uint32_t chance; // INDEX_NONE: none
    uint32_t index;  // place in the text; the body is 0
    uint32_t depth;
    uint32_t waits;
    const struct handler *enter, *exit; // or NULL
    const struct escalation *escalation; // the stage is an escalation, not reached by `=>`
    const struct expr *guard;  // of a branch: it is entered only then
    struct parallel *parallel; // the stages inside are its branches, or NULL
};
struct parallel {
    struct stage *stage; // around it
    const struct handler *join;
    uint32_t until;      // so many branches must be done; 0: all
    uint32_t branch_count;
    struct span span;    // the keyword
    uint32_t node;
    uint32_t index;
    bool joins;          // enough of its branches can be done
};
// A fork without a task: passed at once, looked up like a stage.
struct choice {
    struct slice name;
    struct span span; // of the name
    struct stage *stage; // whose braces it is written in
    const struct handler *handler;
    uint32_t index;
    uint32_t node;
};
// `migrate from "2" { stage OLD => NEW … }`: how cases of an earlier version come to this one.
struct migrate_stage {
    struct slice old;
    const struct stage *stage;
    struct span span; // of the old name
};
struct migrate {
    struct slice from;
    struct span span; // of `from`
    struct migrate_stage *stages;
    uint32_t stage_count;
    struct block block; // assignments
};
struct process_end {
    struct slice name, label;
    struct span span;
    enum image_end_kind kind;
    struct role_list by;
    bool reopen, reopen_on_repeat;
    struct role_list reopen_by;
    struct value reopen_within; // empty: for ever
    struct target *reopen_target;
    uint32_t index;
    uint32_t node;
};

struct process {
    struct decl decl;
    const struct expr *title;
    const struct field **keys;
    uint32_t key_count;
    struct field **fields;
    uint32_t field_count;
    const struct field **computed; // each behind those it depends on
    uint32_t computed_count;
    struct collection **collections;
    uint32_t collection_count;
    struct stage **stages; // [0] is the body; text order
    uint32_t stage_count;
    struct process_end **ends;
    uint32_t end_count;
    struct choice **choices; // in text order
    uint32_t choice_count;
    struct migrate *migrates; // in text order
    uint32_t migrate_count;
    struct escalation **escalations;
    uint32_t escalation_count;
    struct parallel **parallels; // in text order: inner ones after those around them
    uint32_t parallel_count;
    struct handler **handlers; // in text order
    uint32_t handler_count;
    struct handler *start, *repeat; // also in `handlers`
    struct handler **intakes; // not in `handlers`; also of other files
    uint32_t intake_count;
    uint32_t local_count;
    const struct calendar *calendar; // of its working time, or NULL
    bool calendar_said;              // also when that calendar does not exist, which is reported
    const struct field **zone_fields;
    uint32_t zone_field_count;
    bool broken; // something in it was reported: the proofs would only repeat it
};

static inline bool stage_is_leaf(const struct stage *stage) { return stage->first_child == NULL; }
// The leaf that is entered with a stage; where several are, the first one.
static inline const struct stage *stage_first_leaf(const struct stage *stage)
{
    while (stage->first_child != NULL) {
        stage = stage->first_child;
    }
    return stage;
}
static inline bool stage_is_branch(const struct stage *stage)
{
    return stage->parent != NULL && stage->parent->parallel != NULL;
}
// The innermost branch that the stage is, or is in; NULL: none.
static inline const struct stage *stage_branch(const struct stage *stage)
{
    while (stage != NULL && !stage_is_branch(stage)) {
        stage = stage->parent;
    }
    return stage;
}
static inline bool stage_is_inside(const struct stage *stage, const struct stage *around)
{
    while (stage != NULL && stage != around) {
        stage = stage->parent;
    }
    return stage != NULL;
}

#endif
