// Escalations of a process, a part of the model (model.h): made by check_frame.c.
#ifndef RUNG_DSL_MODEL_FRAME_H
#define RUNG_DSL_MODEL_FRAME_H

#include "dsl/model/model.h"

struct local;

// A stage of its own beside the others: raised by a step or a button, left by `=> back`.
struct escalation {
    struct stage *stage;
    struct role_list by;           // who has it as a button
    struct handler *form;          // its asks; the button itself when `by` is written
    const struct field **fields;   // one per ask: where the answer lives; NULL: a field of the case
    const struct local *locals;    // the answers, as what is written inside sees them
    uint32_t index;
};
// What an escalation is raised with: a value per answer that `with` or the form gives.
struct frame_value {
    const struct field *field;
    const struct expr *value;
};
struct raise {
    const struct escalation *escalation;
    struct frame_value *values;
    uint32_t value_count;
};

#endif
