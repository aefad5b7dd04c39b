// Inside engine/eval only.
#ifndef RUNG_ENGINE_EVAL_INTERNAL_H
#define RUNG_ENGINE_EVAL_INTERNAL_H

#include "engine/eval/eval.h"

// Sets the refusal (the first one stays) and gives an empty value.
struct value eval_fail(struct eval_env *env, enum refusal_code code, struct slice message);

#endif
