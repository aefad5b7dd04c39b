// Moments as other systems write them.
#ifndef RUNG_ENGINE_INTAKE_MOMENT_H
#define RUNG_ENGINE_INTAKE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

// Seconds or milliseconds since 1970 (10 digits at most are seconds), ISO 8601 with its offset
// (2026-03-11T17:28:46+03:00, …+0000, …Z) or RFC 2822 (Sat, 07 May 2022 14:30:14 +0000). False:
// none of these; also a moment without an offset, which would be a guess.
bool moment_read(struct slice text, uint64_t *ret_ms);

#endif
