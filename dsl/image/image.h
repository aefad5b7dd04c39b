// Program image: one compiled version of one process, or of one inbox, as immutable bytes. This
// header is all of the language that the engine may know. An image is built by dsl/lower, stored as
// a blob under its hash, and opened by image_open, which validates every index before anyone looks
// inside; after that the section pointers are used in place, without copying. Little-endian, 8-byte
// aligned sections.
//
// Shape: `struct image_header`, then one array per section (image.def order). An index into a
// section is a uint32_t, INDEX_NONE = none. Text is {offset, len} into the `text` section. "list" =
// {first, count} into the `list` section (uint32_t indexes) or into the named section.
#ifndef RUNG_DSL_IMAGE_H
#define RUNG_DSL_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ids.h"
#include "base/slice.h"

enum {
    IMAGE_MAGIC = 0x474e5552, // "RUNG"
    IMAGE_FORMAT = 1,
    LANGUAGE_EDITION = 1,
    IMAGE_HASH_BYTES = 32,
    IMAGE_BYTES_MAX = 8 * 1024 * 1024,
    IMAGE_STAGE_DEPTH_MAX = 16, // nesting of stages
    IMAGE_EXPR_DEPTH_MAX = 32,
    IMAGE_BLOCK_DEPTH_MAX = 16,
    IMAGE_FIELDS_MAX = 256,
    IMAGE_LOCALS_MAX = 256, // command-local values of one process
    IMAGE_CHOICES_MAX = 200,
    IMAGE_MIGRATES_MAX = 100
};

struct image_text { uint32_t offset, len; };
struct image_range { uint32_t first, count; };

// --- types ------------------------------------------------------------------------------------
enum image_type_kind {
    TYPE_TEXT, TYPE_INTEGER, TYPE_DECIMAL, TYPE_MONEY, TYPE_BOOL, TYPE_DATE, TYPE_TIME,
    TYPE_DATETIME, TYPE_DURATION, TYPE_PHONE, TYPE_EMAIL, TYPE_URL, TYPE_FILE,
    TYPE_ENUM, // arg: enumeration
    TYPE_USER, // arg: role whose holders are meant, or INDEX_NONE
    TYPE_REF,  // `name` is the process's name
    TYPE_SET,  // arg: element type
    TYPE_LIST, // arg: element type
    TYPE_RECORD, // arg: record
    TYPE_KIND_COUNT
};
// The types that a type is made of stand before it (elements, and the parts of a record).
struct image_type { uint32_t kind, arg; struct image_text name; }; // name: of what it refers to

// --- the one process and what it refers to -----------------------------------------------------
enum image_strategy {
    STRATEGY_NONE, STRATEGY_LEAST_LOADED, STRATEGY_ROUND_ROBIN, STRATEGY_FAMILIAR
};

struct image_process {
    struct image_text name, label;
    uint32_t title;           // expr giving text, or INDEX_NONE
    struct image_range keys;  // list of fields, in the order of the text
    uint32_t start_block;     // block
    uint32_t repeat_block;    // block or INDEX_NONE
    struct image_range start_asks; // list of asks in `start`: the form has them after the fields
    struct image_text file;
    uint32_t line;
    struct image_range computed; // list of fields, each behind those it depends on
    uint32_t local_count;     // most command-local values any block needs (asks, loop items)
    uint32_t calendar;        // whose hours its working time is, or INDEX_NONE
    struct image_range zone_from; // list of fields that tell the zone of a case, best first
};
struct image_role {
    struct image_text name, label;
    uint32_t under; // role or INDEX_NONE
    uint32_t pick, pick_else; // enum image_strategy
    uint32_t sees_all, may_move; // 0 or 1
};
struct image_enum { struct image_text name; struct image_range members; }; // into `member`
struct image_member { struct image_text name, label; };
struct image_record { struct image_text name; struct image_range parts; }; // into `part`
// The value of a computed part is its `initial`, which sees the parts above it as EXPR_PARAM.
enum { PART_REQUIRED = 1, PART_COMPUTED = 2 };
struct image_part {
    struct image_text name, label, help;
    uint32_t type, flags, initial; // initial: expr or INDEX_NONE
};
struct image_ladder {
    struct image_text name;
    uint32_t keeps_count;
    struct image_range rungs; // into `rung`
};
// Notify has a role; reassign has one, or INDEX_NONE: another holder of the same.
enum image_rung_effect { RUNG_PLAIN, RUNG_REMIND, RUNG_NOTIFY, RUNG_REASSIGN };
struct image_rung {
    int64_t amount;
    uint32_t unit; // enum duration_unit
    uint32_t effect, role;
    uint32_t within; // calendar into whose hours the moment is moved, or INDEX_NONE
};
// A week of opening hours with the days that are different. Seconds of the wall day.
enum { CALENDAR_HOURS_MAX = 4 }; // intervals of one day
struct image_calendar {
    struct image_text name;
    struct image_text zone;       // "Europe/Moscow"; empty: the company's, or that of the case
    uint32_t of_case;             // 1: the zone is that of the case
    struct image_range exceptions; // into `exception`, ascending by day
    struct image_range week[7];   // into `opening`, ascending; 0 = Sunday
};
struct image_opening { int32_t from, to; }; // from < to <= 86400
enum image_mark { MARK_OFF = 1, MARK_SHORT = 2, MARK_WORKING = 3 };
struct image_exception { int32_t day; uint32_t mark; }; // days since 1970-01-01
// A computed field is worked out again whenever a field of `depends` changes. FIELD_FRAME: an
// answer of an escalation, empty while it is not open; named `ESCALATION.ANSWER`, read-only.
enum {
    FIELD_REQUIRED = 1, FIELD_READONLY = 2, FIELD_GIVEN = 4, FIELD_COMPUTED = 8, FIELD_FRAME = 16
};
struct image_field {
    struct image_text name, label, help;
    uint32_t type, flags, initial;
    struct image_range shown_to; // list of roles; count 0 = everybody
    struct image_range depends;  // list of fields; of computed ones
};
struct image_collection { struct image_text name; uint32_t each; }; // 1 = many, 0 = `convert into`

// --- stages ------------------------------------------------------------------------------------
// Stage 0 is the process body; its parent is INDEX_NONE. Stages stand in text order, parents first.
// A leaf has first_child INDEX_NONE. Entering a composite enters its first child.
struct image_stage {
    struct image_text name, label;
    uint32_t parent, first_child, next_sibling;
    uint32_t task;            // task made on entry of the leaf, or INDEX_NONE
    struct image_range actions, timers, rules; // into their sections: those written directly in it
    uint32_t chance;          // percent, or INDEX_NONE
    uint32_t position;        // place in the text, from 1; the body is 0
    uint32_t line;
    uint32_t waits;           // bits of enum image_wait: what rule 42 finds statically
    uint32_t on_enter, on_exit; // blocks without a flow, or INDEX_NONE
    uint32_t parallel;        // whose branches the stages inside are, or INDEX_NONE
    uint32_t guard;           // expr: a branch that is entered only then, or INDEX_NONE
};
// Entering the stage around it enters all branches whose guard holds. When `until` of those that
// were entered are done (0: all of them), the others are left, and `block` runs, which ends in a
// flow.
struct image_parallel { uint32_t stage, until, block, line; };
// A fork that is passed at once (rule 44): a target like a stage.
struct image_choice { struct image_text name; uint32_t stage, block, line, pad; };
// How a case of an earlier version, known by its number or the beginning of its hash, comes to this
// one. `moves`: into `migrate_stage`; a stage that is not named keeps its name. The block holds
// assignments and runs in this version.
struct image_migrate { struct image_text from; struct image_range moves; uint32_t block, line; };
struct image_migrate_stage { struct image_text old; uint32_t stage, pad; };
// What can move a leaf stage on (rule 42), found by the checker, tested again by gate and verify.
enum image_wait {
    WAIT_TASK = 1,    // its task's holder may press an action (here or around) that leaves it
    WAIT_TIMER = 2,   // an after/at timer here or in a stage around (not the body) leaves it
    WAIT_IDLE = 4,    // an `after … idle` timer around it leaves it
    WAIT_CHILDREN = 8, // a rule here or around, over a collection, leaves it
    WAIT_CALL = 128 // every way in sends a call that says what follows when it fails
};
enum { TASK_URGENT = 1 };
struct image_task {
    uint32_t title;  // expr giving text
    uint32_t role;
    uint32_t due;    // due or INDEX_NONE (then: due at once)
    uint32_t flags;
    uint32_t overdue;      // ladder or INDEX_NONE
    uint32_t overdue_then; // block run after the last rung, or INDEX_NONE
    struct image_text script;
    uint32_t line;
    struct image_range other_than; // list of roles
    struct image_range reminds;    // into `rung`: so long before the task is due
};
struct image_due {
    uint32_t moment;   // expr: datetime, date, time or duration
    uint32_t until;    // expr or INDEX_NONE
    uint32_t promised; // 0 or 1
    uint32_t within;   // calendar into whose hours the moment is moved, or INDEX_NONE
};
enum {
    ACTION_HAS_FLOW = 1,  // some path ends in a flow
    ACTION_LEAVES = 2,    // some path leaves the stage it is pressed in (retry counts by its then)
    ACTION_BODY = 4       // written outside any stage
};
struct image_action {
    struct image_text name, label, group, confirm, help;
    uint32_t stage;
    struct image_range by;      // list of roles; count 0 = whoever has a live task in its braces
    uint32_t guard;             // expr or INDEX_NONE
    struct image_range aliases; // into `alias`
    uint32_t at_most;           // presses per stage entry, INDEX_NONE = no limit
    uint32_t at_most_then;      // block or INDEX_NONE
    uint32_t block;
    struct image_range asks;    // list of asks, in the order of the text (the whole form)
    uint32_t flags, line;
};
enum image_timer_kind { TIMER_AFTER, TIMER_AFTER_IDLE, TIMER_AT, TIMER_EVERY };
struct image_timer {
    uint32_t kind, stage, moment, block, leaves, line; // moment: expr
    struct image_range fields; // list of fields that `at` depends on
};
// With `changes` the condition is any expression: it fires when its value has changed (rule 14).
struct image_rule { uint32_t condition, stage, block, line, changes, pad; };
enum image_end_kind { END_PLAIN, END_SUCCESS, END_FAILURE };
enum { END_REOPEN = 1, END_REOPEN_ON_REPEAT = 2 };
struct image_end {
    struct image_text name, label;
    uint32_t kind, flags;
    struct image_range by;        // list of roles
    struct image_range reopen_by; // list of roles
    int64_t reopen_within;        // amount, 0 = for ever
    uint32_t reopen_within_unit;
    uint32_t reopen_goto;         // goto or INDEX_NONE
    uint32_t line, pad;
};
// Done: the target is a branch, which is finished.
enum image_target { TARGET_STAGE, TARGET_END, TARGET_CHOICE, TARGET_DONE };
struct image_goto { uint32_t target_kind, target, due; }; // due: due or INDEX_NONE

// A stage below the body that no `=>` leads to: raised by a step, it freezes what the case stands
// in (rule 26). Behind all other stages of the process.
struct image_escalation {
    uint32_t stage;
    uint32_t button;           // the action that `by` makes, or INDEX_NONE
    struct image_range fields; // list of fields that live as long as its frame
};
struct image_frame_value { uint32_t field, value; }; // value: expr

// --- steps -------------------------------------------------------------------------------------
// A block inside another one (of `if`, `retry … then`, of a side task) stands before it in the
// section.
struct image_block { uint32_t first, count; }; // into `step`
enum image_step_kind {
    STEP_ASK,     // a: ask
    STEP_ASSIGN,  // a: enum image_assign, b: field or role, c: expr
    STEP_REQUIRE, // a: expr (bool), b: expr (text) said when it is not true
    STEP_IF,      // a: expr, b: block, c: block or INDEX_NONE
    STEP_NOTIFY,  // a: role, b: expr (text), c: calendar whose opening it waits for or INDEX_NONE
    STEP_CONVERT, // a: convert
    STEP_CANCEL,  // a: collection
    STEP_TASK,    // a: task, made as a side task
    STEP_GOTO,    // a: goto
    STEP_AGAIN,   // a: due
    STEP_RETRY,   // a: ladder, b: block (what follows the last rung)
    STEP_ESCALATE, // a: escalation, b: first frame_value, c: their count
    STEP_BACK,    // a: due or INDEX_NONE
    STEP_MERGE,   // a: expr (ref)
    STEP_SEND,    // a: send
    STEP_KIND_COUNT
};
enum image_assign { ASSIGN_FIELD, ASSIGN_SLOT };
struct image_step { uint32_t kind, a, b, c, line, pad; };
enum { ASK_REQUIRED = 1, ASK_QUICK = 2 };
struct image_ask {
    struct image_text name, label, help;
    uint32_t type, flags;
    uint32_t field;   // `ask FIELD` fills it, or INDEX_NONE
    uint32_t local;   // where the answer lives during the command
    uint32_t initial; // expr or INDEX_NONE
    uint32_t line;
};
struct image_convert {
    uint32_t collection;
    uint32_t each;  // expr giving a list, or INDEX_NONE for `convert into`
    uint32_t local; // the item, during `by`, `with` and the start of each child
    uint32_t by;    // expr giving an enum member, or INDEX_NONE (the item itself)
    struct image_range pairs; // into `pair`: member → process; one pair with an empty member = all
    // Into `with`; what the text leaves out is filled in by the compiler. One list for all `pairs`:
    // a child process that has neither a field nor a role of that name passes over it.
    struct image_range withs;
    uint32_t line, pad;
};
struct image_pair { struct image_text member, process; };
struct image_with { struct image_text name; uint32_t value; uint32_t pad; }; // value: expr

// --- the outside world -------------------------------------------------------------------------
// A call or a message of a connector, of those that this process has to do with.
struct image_signal {
    struct image_text connector, name;
    struct image_range params; // into `param`
    uint32_t is_call;          // 0 or 1
    uint32_t ladder;           // call: how often it is tried again, or INDEX_NONE: once is all
};
// `on message` in a stage. Its parameters are asks: one that names a field fills it.
struct image_message {
    uint32_t signal, stage, block;
    uint32_t keep; // 0 or 1: waits while nobody awaits it
    struct image_range asks; // list of asks
    uint32_t line, pad;
};
// `otherwise` (block or INDEX_NONE) runs as a command of its own when the last try has failed.
struct image_send {
    uint32_t signal, otherwise;
    struct image_range withs; // into `with`: parameter, value
    uint32_t line;
    uint32_t within; // calendar in whose hours it is tried, or INDEX_NONE
};
// A message that begins a case. Its parameters are asks that fill locals; `withs` is the start
// form.
struct image_intake {
    uint32_t signal, line;
    struct image_range asks;  // list of asks
    struct image_range withs; // into `with`
};

// What the label at exactly that place of the text says in another language; in the order of
// their places. A label that has translations lies at a place of its own.
struct image_translation { struct image_text of, lang, text; };

// --- expressions: a tree in an array; an operand always stands before its operator -------------
enum image_expr_kind {
    EXPR_EMPTY,
    EXPR_BOOL,     // number: 0 or 1
    EXPR_INTEGER,  // number
    EXPR_DECIMAL,  // number: mantissa, a: scale (PERCENT literals too: 40% = 0.40)
    EXPR_MONEY,    // number: mantissa, a: scale, text: currency, or empty: the company's own
    EXPR_TEXT,     // text
    EXPR_ENUM,     // text: the member's name; a: enum
    EXPR_DATE,     // number: days
    EXPR_TIME,     // number: ms of day
    EXPR_DATETIME, // number: ms of the wall clock in the case's zone
    EXPR_DURATION, // number: amount, a: enum duration_unit
    EXPR_FIELD,    // a: field
    EXPR_LOCAL,    // a: local
    EXPR_SLOT,     // a: role; the holder of the slot, or empty
    EXPR_NOW, EXPR_ME, EXPR_CREATOR,
    EXPR_TODAY,    // number: ms of day or -1 (a date)
    EXPR_PART,     // a: expr of a record, b: part (index in the record's own parts)
    EXPR_AND, EXPR_OR,  // a, b: bool
    EXPR_FIRST_NOT_EMPTY, // a, b: `or` between values
    EXPR_NOT,      // a
    EXPR_LESS, EXPR_LESS_EQUAL, EXPR_GREATER, EXPR_GREATER_EQUAL, EXPR_IS, EXPR_IS_NOT, // a, b
    EXPR_IS_EMPTY, EXPR_IS_NOT_EMPTY, // a
    EXPR_IN, EXPR_NOT_IN,   // a: value, b: list
    EXPR_IN_ROLE, EXPR_NOT_IN_ROLE, // a: user, b: role
    EXPR_ADD, EXPR_SUBTRACT, EXPR_MULTIPLY, EXPR_DIVIDE, // a, b
    EXPR_NEGATE,   // a
    EXPR_LIST,     // list: exprs
    EXPR_CONCAT,   // list: exprs, printed and joined ("text {x}")
    EXPR_COLLECTION, // a: collection, b: enum image_quantifier, number: enum image_child_state
    EXPR_PICK,     // a: role, or INDEX_NONE with a team; b: enum image_strategy; text: team
    EXPR_TASK_PROPERTY,  // number: enum image_task_property
    EXPR_STAGE_POSITION,
    EXPR_DAY, EXPR_HOUR, EXPR_LENGTH, // a
    EXPR_ROUND, // a; b: digits or INDEX_NONE
    EXPR_FIRST, // a
    EXPR_PARAM, // a: number of the parameter of a table, or of the part of a record
    EXPR_TABLE, // a: table, list: exprs, one for each parameter
    EXPR_TOTAL, // a: expr giving a list; b: part of its records, or INDEX_NONE: the items
    // Whether another open case of the process `text` has a key like a: expr; b: EXPR_TEXT, its
    // name.
    EXPR_EXISTS,
    EXPR_LANGUAGE, // a: what is said in the language `text`, b: in others
    EXPR_HOOK,  // a: hook, list: exprs, one for each parameter
    // In an inbox: the field of the case, by name, with the parts of it: `text` is "address.city".
    EXPR_CASE,
    EXPR_STAGE_CHANCE, // of success from here, as far as it is said
    EXPR_KIND_COUNT
};
// --- inboxes: a work list of a company. An image of one holds no process; its roles are those that
// read it. Lanes are in the order in which they are shown, which is the one they are tried in.
enum image_colour {
    COLOUR_NONE, COLOUR_WHITE, COLOUR_GREY, COLOUR_RED, COLOUR_PINK, COLOUR_ORANGE, COLOUR_YELLOW,
    COLOUR_GREEN, COLOUR_BLUE, COLOUR_COUNT
};
const char *image_colour_name(uint32_t colour); // "pink"; "" for COLOUR_NONE
enum { INBOX_LANES_MAX = 32, LANE_SORTS_MAX = 8 };
struct image_inbox {
    struct image_text name, file;
    uint32_t line, pad;
    struct image_range readers; // list of roles
    struct image_range lanes;   // into `lane`: all of them
};
// Done: its condition asks when a task was done, so that tasks that are done may stand in it.
enum { LANE_DONE = 1 };
struct image_lane {
    struct image_text name, label;
    uint32_t colour, flags;
    uint32_t condition;         // expr, or INDEX_NONE: whatever is left
    uint32_t line;
    struct image_range sorts;   // into `sort`
    struct image_range asks;    // list of the EXPR_CASE in its condition
};
struct image_sort { uint32_t value, descending; }; // expr; 0 or 1
// --- hooks: a function in Lua, whose file is part of the program.
struct image_hook {
    struct image_text name, file, text; // of the file in Lua
    uint32_t param_count, type, line;   // of what it gives; where it is declared
    uint32_t pad;
};
// --- tables: the first row whose cells all match gives its value. A table's rows and cells stand
// together in their sections; their expressions stand before every call of the table.
struct image_table {
    struct image_text name;
    struct image_range params, rows; // into `param` and `row`
    uint32_t type, line;             // of what it gives
};
struct image_param { struct image_text name; uint32_t type; };
struct image_row { struct image_range cells; uint32_t value, line; }; // value: expr
enum image_cell_kind {
    CELL_ANY, CELL_IS, CELL_LESS, CELL_LESS_EQUAL, CELL_GREATER, CELL_GREATER_EQUAL, CELL_RANGE
};
struct image_cell { uint32_t kind, a, b; }; // exprs; INDEX_NONE where the kind has none

enum image_quantifier { QUANTIFIER_ALL, QUANTIFIER_ANY, QUANTIFIER_COUNT };
enum image_child_state { CHILD_ANY, CHILD_OPEN, CHILD_ENDED, CHILD_SUCCEEDED, CHILD_FAILED };
enum image_task_property {
    TASK_PROPERTY_DUE, TASK_PROPERTY_PROMISED, TASK_PROPERTY_URGENT, TASK_PROPERTY_MOVED_FROM,
    TASK_PROPERTY_CREATED, TASK_PROPERTY_TRIES, TASK_PROPERTY_LATE,
    TASK_PROPERTY_DONE_AT // in an inbox
};
struct image_expr {
    uint32_t kind;
    uint32_t type; // type of the result, or INDEX_NONE (bool, text and moments of builtins)
    uint32_t a, b;
    int64_t number;
    struct image_text text;
    struct image_range list;
};

// --- the whole ---------------------------------------------------------------------------------
struct image_header {
    uint32_t magic, format, edition, bytes; // bytes: of the whole image
    uint8_t source_hash[IMAGE_HASH_BYTES];  // BLAKE2b over the texts of the file and all it imports
    struct image_range section[64];         // {offset in bytes, count of elements}, image.def order
};

struct image {
    const struct image_header *header;
#define SECTION(name, type) const type *name; uint32_t name##_count;
#include "dsl/image/image.def"
#undef SECTION
};

// Validates `bytes` (untrusted: stored bytes are input) and points into them; they must be 8-byte
// aligned and outlive `image`. ERR_CORRUPT: some index, text, depth or count does not hold.
enum err image_open(struct slice bytes, struct image *ret_image);

static inline struct slice image_slice(const struct image *image, struct image_text text)
{
    return slice_make(image->text + text.offset, text.len);
}

// A label in the reader's language; the first one written when there is none in it.
struct slice image_label(const struct image *image, struct image_text text, struct slice lang);

// Lookups by name, linear (used at the edges, not per command). INDEX_NONE when absent.
uint32_t image_find_action(const struct image *image, uint32_t stage, struct slice name);
uint32_t image_find_field(const struct image *image, struct slice name);
uint32_t image_find_role(const struct image *image, struct slice name);
uint32_t image_find_stage(const struct image *image, struct slice name);
uint32_t image_find_end(const struct image *image, struct slice name);
uint32_t image_find_collection(const struct image *image, struct slice name);
// Under which number a key field stands in the index of keys: the same in every version of the
// process that has a field of this name.
uint32_t image_key_number(const struct image *image, uint32_t field);
// The escalation that `stage` is or lies in, or INDEX_NONE.
uint32_t image_escalation_around(const struct image *image, uint32_t stage);
// A stage directly inside one with a `parallel`.
static inline bool image_is_branch(const struct image *image, uint32_t stage)
{
    uint32_t parent = image->stage[stage].parent;
    return parent != INDEX_NONE && image->stage[parent].parallel != INDEX_NONE;
}
// True when `stage` is `around` or lies inside it.
bool image_stage_inside(const struct image *image, uint32_t stage, uint32_t around);

#endif
