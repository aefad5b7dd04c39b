// A refusal: a value returned to whoever asked. Not an error of ours, not journaled, changes
// nothing.
#ifndef RUNG_ENGINE_MODEL_REFUSAL_H
#define RUNG_ENGINE_MODEL_REFUSAL_H

#include "base/slice.h"

enum refusal_code {
    REFUSAL_NONE = 0,
#define REFUSAL(CODE, code, help) REFUSAL_##CODE,
#include "engine/model/refusal.def"
#undef REFUSAL
    REFUSAL_CODE_COUNT
};

struct refusal {
    enum refusal_code code; // REFUSAL_NONE: nothing was refused
    struct slice message;   // one sentence, plain words, names what it is about
    struct slice subject;   // the field, action, user … it is about; may be empty
};

const char *refusal_name(enum refusal_code code); // "not_allowed"
const char *refusal_help(enum refusal_code code);

#endif
