// Types of expressions: from a tree to a typed expression with every name resolved. What is wrong
// is reported once; what was reported gives a poisoned expression, about which later checks are
// silent.
#ifndef RUNG_DSL_INFER_INFER_H
#define RUNG_DSL_INFER_INFER_H

#include "dsl/names/names.h"

// A value that has a name only inside a command: an answer, or the item of a conversion.
struct local {
    struct slice name;
    const struct type *type;
    uint32_t number;
    struct span span;
    bool is_item;
    bool is_param; // of a table
    const struct field *field; // an answer that lives in a field: of an escalation
    const struct local *outer;
};

// What may not be said in a place; the texts of the messages depend on it.
enum {
    INFER_NO_CLOCK = 1,  // rules: now, today, me, task.late (rule 14)
    INFER_NO_ME = 2,     // timers and what follows ladders: nobody presses
    INFER_NO_CASE = 4,   // first values of a record's parts: no fields, slots, task or stage
    INFER_NO_TASK = 8,   // before there can be a task: start, first values of fields
    INFER_IN_TITLE = 16,
    INFER_IN_FORM = 32, // first values of answers: nothing has been answered yet (rule 8)
    INFER_PURE = 64,     // the rows of a table: nothing but its parameters
    INFER_IN_TEST = 128, // no process: answers of any of them
    INFER_MAY_ASK_HOOK = 256, // steps: what a hook gives is recorded
    INFER_IN_LANE = 512       // `lane` is there: some case of any process, and one of its tasks
};

struct infer {
    struct unit *unit;
    uint32_t file;
    const struct process *process; // NULL with INFER_NO_CASE
    const struct local *locals;    // innermost first
    unsigned flags;
    struct lane_scope *lane;       // with INFER_IN_LANE
};

// `expected` (may be NULL) chooses between meanings: members of an enum, a bare number as money,
// the type of a list. It does not check: use infer_fit for a place that has a type.
const struct expr *infer_expr(struct infer *infer, uint32_t node, const struct type *expected);
// The same for a place of type `to`; reports what does not fit. `what` names the place, for the
// label: "field `price`"; `declared` is where it got its type (empty span: nowhere).
const struct expr *infer_fit(struct infer *infer, uint32_t node, const struct type *to,
                             struct slice what, struct span declared);
const struct expr *infer_condition(struct infer *infer, uint32_t node);
// A LABEL: a text, or a template.
const struct expr *infer_label(struct infer *infer, uint32_t node);
struct expr *infer_poison(struct infer *infer, uint32_t node);

static inline bool expr_is_poison(const struct expr *expr) { return type_is_poison(expr->type); }
// The member of that name, or NULL.
const struct member *infer_find_member(const struct enumeration *enumeration, struct slice name);
const struct local *infer_find_local(const struct infer *infer, struct slice name);
const struct field *infer_find_field(const struct process *process, struct slice name);
// Whether cases of the process are read in the inbox as far as the set tells: one sees the other.
bool infer_inbox_reads(const struct unit *unit, const struct inbox *inbox,
                       const struct process *process);
// "`money`", in the arena.
struct slice infer_quoted_type(struct infer *infer, const struct type *type);
// Reports E0401 for a value that is not of a fitting type.
void infer_report_misfit(struct infer *infer, const struct expr *value, uint32_t node,
                         const struct type *to, struct slice what, struct span declared);

// --- operators, for infer.c and check_test.c: the type of the result, or NULL when the operands do
// not combine (poison when one of them is).
const struct type *infer_arithmetic_type(enum syntax_operator op, const struct type *a,
                                         const struct type *b, struct arena *arena);
// Whether values of the two can be said to be equal, or be ordered.
bool infer_can_equal(const struct type *a, const struct type *b);
// Whether values of the type can be added up.
bool infer_can_total(const struct type *type);
bool infer_can_order(const struct type *type);
const struct type *infer_function_type(enum image_expr_kind kind, const struct type *argument);
// Reads the rows of a table, once; those of the tables it calls come first.
void infer_table(struct unit *unit, struct table *table);
// The function that a CALL node names; false: reported.
bool infer_function(struct infer *infer, uint32_t node, enum image_expr_kind *ret_kind);
bool infer_task_property(struct slice name, enum image_task_property *ret_property,
                         const struct type **ret_type);
// The type of a PROPERTY node, or NULL: reported.
const struct type *infer_property_type(struct infer *infer, uint32_t node,
                                       enum image_task_property *ret_property);
const struct collection *infer_find_collection(const struct process *process, struct slice name);
// The collection of `process` that a NAME node names, or NULL: reported.
const struct collection *infer_named_collection(struct infer *infer, const struct process *process,
                                                uint32_t name_node);
// What a COLLECTION node says; false: reported.
bool infer_child_state(struct infer *infer, uint32_t node, enum image_quantifier *ret_quantifier,
                       enum image_child_state *ret_state);
void infer_report_operands(struct infer *infer, uint32_t node, const struct expr *a,
                           const struct expr *b);
// A literal that takes its type from what it is set beside.
bool infer_is_bare(const struct infer *infer, uint32_t node);
// Plain literals: NUMBER, MONEY, DURATION, PERCENT, TIME, DATE, DATETIME, STRING, YES, NO. The
// value as it fits `expected`; poison (reported) when it is out of bounds.
const struct expr *infer_literal(struct infer *infer, uint32_t node, const struct type *expected);

#endif
