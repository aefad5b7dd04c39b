// The mapping of a webhook: which process or message a delivery is for, and what stands where in
// its body. Like the MAP of an import (map.h), but the places are those of a body (body.h).
//
//     -- comment
//     source = "facebook"                 -- under which rows are remembered (required)
//     test when object is "probe"         -- such a delivery makes no work; any number of lines
//     skip when object is not page        -- nor does such a one: it is for somebody else
//
//     message facebook.lead each entry.*.changes.* when .field is leadgen
//     row id = .value.leadgen_id          -- tells deliveries apart, for ever (required)
//     lead_id = .value.leadgen_id
//     asked   = .value.created_time moment
//
//     start lead when event is ONCRMLEADADD and data.FIELDS.ID is not empty
//     row id = event + data.FIELDS.ID or whole body
//     name = user_column_data[column_id=FULL_NAME].string_value or name
//     phone = data.PHONE phone DE         -- into its international spelling
//     origin := site                      -- a constant
//     result = data.CODE
//       "304" -> silent                   -- values, as in a MAP
//     tags = tags split ","
//     field source = utm_source           -- a name that is one of the words above
//
// A line `start` or `message` begins what goes for such deliveries; `each` makes an element of each
// value at that place, and places that begin with a point lie within the element.
#ifndef RUNG_ENGINE_INTAKE_MAPPING_H
#define RUNG_ENGINE_INTAKE_MAPPING_H

#include "engine/intake/body.h"
#include "engine/intake/map_lines.h"

enum {
    MAPPING_ROUTES_MAX = 32,
    MAPPING_FIELDS_MAX = 64, // of one route
    MAPPING_RULES_MAX = 16,  // `test` and `skip` lines of one route, or of the whole
    MAPPING_TERMS_MAX = 8,   // of one condition
    MAPPING_STEPS_MAX = 16,  // of one place
    MAPPING_CHOICES_MAX = 8, // places joined by `or`; parts of a row id
    INTAKE_ELEMENTS_MAX = 100, // of one body
    INTAKE_ROW_BYTES_MAX = 200 // of a row id; of a longer one the hash is taken
};

enum mapping_step_kind { STEP_NAME, STEP_CHOICE, STEP_EACH };

struct mapping_step {
    enum mapping_step_kind kind;
    struct slice name, value; // STEP_CHOICE: the element whose NAME is VALUE
};

struct mapping_place {
    struct map_place where;
    bool of_element, whole_body;
    struct mapping_step steps[MAPPING_STEPS_MAX];
    uint32_t count;
};

struct mapping_choice { // places joined by `or`: the first that is not empty
    struct mapping_place *places;
    uint32_t count;
};

enum mapping_test { TEST_IS, TEST_IS_NOT, TEST_EMPTY, TEST_NOT_EMPTY };

struct mapping_term {
    struct mapping_place place;
    enum mapping_test test;
    struct slice value;
};

struct mapping_condition { // all of its terms
    struct mapping_term *terms;
    uint32_t count;
};

struct mapping_rule {
    bool is_test; // else `skip`
    struct mapping_condition when;
};

struct mapping_rules {
    struct mapping_rule items[MAPPING_RULES_MAX];
    uint32_t count;
};

struct mapping_field {
    struct slice name;
    struct map_place where;
    bool constant, moment, phone;
    struct slice text;  // of the constant
    char region[3];     // of `phone`; empty: none
    char split;         // 0: one value
    struct mapping_choice choice;
    struct map_values values;
};

struct mapping_route {
    struct map_place where;
    struct slice process;         // of `start`; empty: a message
    struct slice connector, name; // of `message`
    struct mapping_place each;    // count 0: the body is the one element
    struct mapping_condition when;
    struct mapping_rules rules;
    struct mapping_choice row[MAPPING_CHOICES_MAX]; // parts, joined
    uint32_t row_count;
    struct mapping_field fields[MAPPING_FIELDS_MAX];
    uint32_t field_count;
};

struct mapping {
    struct map_lines lines; // with the mistakes
    struct slice source;
    struct mapping_rules rules;
    struct mapping_route *routes[MAPPING_ROUTES_MAX];
    uint32_t route_count;
};

// `text` must live as long as the mapping. Look at lines.fault_count afterwards.
void mapping_parse(struct mapping *mapping, struct arena *arena, struct slice name,
                   struct slice text);
// What a route fills must be known to its target: the names that this one has.
void mapping_check_names(struct mapping *mapping, const struct mapping_route *route,
                         const struct slice *known, uint32_t count);
// A route whose target there is not.
void mapping_check_target(struct mapping *mapping, const struct mapping_route *route,
                          const struct slice *known, uint32_t count);

// --- one body ------------------------------------------------------------------------------------

enum mapping_outcome {
    MAPPING_WORK, // to be said to the engine
    MAPPING_TEST,
    MAPPING_SKIPPED,
    MAPPING_BAD // `problem` says why
};

struct mapping_element {
    const struct mapping_route *route; // NULL: of the delivery as a whole
    enum mapping_outcome outcome;
    struct slice place; // of the element; empty: the whole body
    struct slice row, form; // form: packed map of texts, lists and moments
    struct slice problem;
};

struct mapping_result {
    struct mapping_element elements[INTAKE_ELEMENTS_MAX];
    uint32_t count; // at least one: what is for nobody is said to be skipped
};

// False: more elements than the bound; `ret_problem` says so. All lives in `arena`.
bool mapping_run(const struct mapping *mapping, const struct body *body, struct arena *arena,
                 struct mapping_result *ret_result, struct slice *ret_problem);

#endif
