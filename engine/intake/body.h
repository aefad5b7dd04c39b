// The body of a webhook, as it comes: JSON, or a form with brackets for what is nested
// (`leads[status][0][id]=7`). Both become the same: texts at places, a place being the names and
// positions that lead there, joined by points (`leads.status.0.id`). Numbers stay as they are
// written, so that none loses a digit. Reading is for hostile bytes.
#ifndef RUNG_ENGINE_INTAKE_BODY_H
#define RUNG_ENGINE_INTAKE_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum {
    BODY_BYTES_MAX = 1 << 20,
    BODY_VALUES_MAX = 20000,
    BODY_DEPTH_MAX = 32,          // names inside names
    BODY_PATH_BYTES_MAX = 512,    // of one place
    BODY_KEPT_BYTES_MAX = 16 << 20, // of all places and texts together
    BODY_LISTS_MAX = 64           // of a form, written with empty brackets: tags[]=a&tags[]=b
};

enum body_type { BODY_UNKNOWN, BODY_JSON, BODY_FORM };

struct body_value {
    struct slice path, text; // text: empty also for null
    uint32_t order;          // in which it came
};

struct body {
    struct slice bytes;
    struct body_value *values; // by path; of two at one place the one that came last
    uint32_t count;
};

// "application/json; charset=utf-8" and the like; empty: by the first byte. Unknown: neither.
enum body_type body_type_of(struct slice content_type, struct slice bytes);
// False: `ret_problem` is a sentence. All lives in `arena`; `bytes` must live as long.
bool body_read(enum body_type type, struct slice bytes, struct arena *arena,
               struct body *ret_body, struct slice *ret_problem);

// NULL: there is nothing at this place.
const struct body_value *body_find(const struct body *body, struct slice path);
// The values below a place (`path` empty: all of them): from *ret_first up to the one returned.
uint32_t body_below(const struct body *body, struct slice path, uint32_t *ret_first);

#endif
