// What stands at the top of a file, resolved: roles, enums, records, ladders, tables and
// calendars, hooks. Part of the model (model.h); made by names.c, lives in the arena of the
// compilation.
#ifndef RUNG_DSL_MODEL_DECL_H
#define RUNG_DSL_MODEL_DECL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/value.h"
#include "dsl/diag/source.h"
#include "dsl/image/image.h"
#include "dsl/model/type.h"

struct expr;

enum decl_kind {
    DECL_ROLE, DECL_TYPE, DECL_LADDER, DECL_TABLE, DECL_PROCESS, DECL_CALENDAR, DECL_CONNECTOR,
    DECL_INBOX
};
enum decl_what {
    WHAT_ROLE, WHAT_ENUM, WHAT_RECORD, WHAT_LADDER, WHAT_TABLE, WHAT_HOOK, WHAT_PROCESS,
    WHAT_CALENDAR, WHAT_CONNECTOR, WHAT_INBOX
};

// The head of everything declared at the top. Two of one kind and name may not see each other.
struct decl {
    enum decl_kind kind;
    enum decl_what what;
    struct slice name, label;
    struct span span; // of the name
    uint32_t file;
    uint32_t node;
    uint32_t order; // of declaration in the whole set
    // Where what it holds is written: here, or in the `override` that replaces it.
    uint32_t body_file, body_node;
};

struct role {
    struct decl decl;
    const struct role *under;
    enum image_strategy pick, pick_else;
    bool sees_all, may_move;
};
struct member {
    struct slice name, label;
    struct span span;
};
struct enumeration {
    struct decl decl;
    struct member *members;
    uint32_t member_count;
};
struct part {
    struct slice name, label, help;
    struct span span;
    const struct type *type;
    bool required;
    bool computed; // its value comes from other parts of the same record
    const struct expr *initial;
};
struct record {
    struct decl decl; // without a name for a type that is written where it is used
    struct part *parts;
    uint32_t part_count;
    bool resolved, checked;
    uint8_t visit; // while looking for records that hold themselves
};
struct calendar {
    struct decl decl;
    struct slice zone; // empty: the company's, or that of the case
    bool of_case;
    bool broken; // something in it was reported
    struct image_opening hours[7][CALENDAR_HOURS_MAX]; // 0 = Sunday; ascending
    uint32_t hour_count[7];
    struct image_exception *exceptions; // ascending
    uint32_t exception_count;
};
struct rung {
    struct value wait;
    struct span span; // of the wait
    enum image_rung_effect effect;
    const struct role *role;
    const struct calendar *within;
};
struct ladder {
    struct decl decl;
    bool keeps_count;
    struct rung *rungs;
    uint32_t rung_count;
};
struct param {
    struct slice name;
    struct span span;
    const struct type *type;
};
struct cell {
    enum image_cell_kind kind;
    const struct expr *a, *b; // written-out values
    struct span span;
};
struct row {
    struct cell *cells; // one for each parameter
    const struct expr *value;
    struct span span;
};
// A function in another file. Hooks and tables are asked alike and share their names.
struct hook {
    struct decl decl;
    struct param *params;
    uint32_t param_count;
    const struct type *type;
    struct slice path, text; // of the file in Lua
    bool broken;             // something in it was reported
};
enum table_visit { TABLE_UNSEEN, TABLE_OPEN, TABLE_READY };
struct table {
    struct decl decl;
    struct param *params;
    uint32_t param_count;
    const struct type *type;
    struct row *rows;
    uint32_t row_count;
    enum table_visit visit; // while looking for tables that call themselves
    uint32_t depth;         // of its deepest expression
    bool broken;            // something in it was reported
};

// A call or a message of a connector.
struct connector;
struct signal {
    struct slice name;
    struct span span;
    const struct connector *connector;
    bool is_call;
    bool used; // some step sends it, or something awaits it
    struct param *params;
    uint32_t param_count;
};
struct connector {
    struct decl decl;
    const struct ladder *retry; // NULL: a call that fails has failed
    struct signal **signals;
    uint32_t signal_count;
};

#endif
