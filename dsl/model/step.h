// Steps of a block, a part of the model (model.h): what an action, a timer or a rule does.
#ifndef RUNG_DSL_MODEL_STEP_H
#define RUNG_DSL_MODEL_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dsl/diag/source.h"
#include "dsl/image/image.h"
#include "dsl/model/type.h"

struct choice;
struct collection;
struct expr;
struct field;
struct ladder;
struct process;
struct process_end;
struct raise;
struct role;
struct signal;
struct stage;
struct task;

struct due {
    const struct expr *moment;
    const struct expr *until;
    const struct calendar *within;
    bool promised;
    struct span span;
};
struct ask {
    struct slice name, label, help;
    struct span span;
    const struct type *type;
    bool required, quick;
    const struct field *field;
    uint32_t local;
    const struct expr *initial;
};
struct target {
    const struct stage *stage; // one of these; all NULL: not resolved, reported
    const struct process_end *end;
    const struct choice *choice;
    const struct stage *done; // `=> done`: the branch that is finished
    const struct due *due;
    struct span span; // of the name
    struct span arrow;
};
struct pair {
    struct slice member; // empty: every item
    const struct process *process;
};
struct with {
    struct slice name;
    const struct expr *value;
    struct span span;
};
struct convert {
    const struct collection *collection;
    const struct expr *each; // NULL: one child
    const struct expr *by;
    uint32_t local;
    struct pair *pairs;
    uint32_t pair_count;
    struct with *withs; // implicit ones too, once check_convert is done
    uint32_t with_count;
    bool misnamed; // a name after `with` is known to no child
};
struct send {
    const struct signal *signal;
    struct with *withs;
    uint32_t with_count;
    const struct block *otherwise; // NULL: nothing follows the last failed try
};
struct block {
    struct step *steps;
    uint32_t count;
    struct span span;
};
struct step {
    enum image_step_kind kind;
    struct span span;
    uint32_t node;
    const struct ask *ask;
    const struct field *field;  // assign
    const struct role *role;    // assign to a slot; notify
    const struct expr *expr;    // assign, require, if, merge
    const struct expr *text;    // require, notify
    const struct block *then;   // if; retry
    const struct block *otherwise;
    struct convert *convert;
    const struct collection *collection; // cancel
    const struct task *task;
    struct target *target;
    const struct due *due; // again, back
    struct raise *raise;   // escalate
    const struct ladder *ladder;
    const struct calendar *within; // notify, send
    const struct send *send;
};

#endif
