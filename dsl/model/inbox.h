// Inboxes, a part of the model (model.h): who reads them, and their lanes.
#ifndef RUNG_DSL_MODEL_INBOX_H
#define RUNG_DSL_MODEL_INBOX_H

#include "dsl/model/model.h"

struct sort {
    const struct expr *value;
    bool descending;
};
struct lane {
    struct slice name, label;
    struct span span; // of the name
    uint32_t node;
    uint32_t colour;  // enum image_colour
    bool done;        // its condition asks when a task was done
    const struct expr *condition; // NULL: takes what is left
    struct sort *sorts;
    uint32_t sort_count;
    const struct expr **asks; // the fields of cases that the condition names
    uint32_t ask_count;
};
struct inbox {
    struct decl decl;
    struct role_list readers; // none: others are like it, and nobody reads it itself
    struct lane *lanes;
    uint32_t lane_count;
    const struct inbox *like; // whose lanes it has, or NULL
    bool broken;              // something in it was reported
};

// Where an expression of a lane stands, for infer.c.
struct lane_scope {
    const struct inbox *inbox; // whose processes say what type a field has
    bool typed;                // false: a field of a case may be anything
    bool done;                 // `task.done_at` was named
    const struct expr **asks;
    uint32_t ask_count;
};

static inline const struct inbox *inbox_lanes(const struct inbox *inbox)
{
    return inbox->like != NULL ? inbox->like : inbox;
}

#endif
