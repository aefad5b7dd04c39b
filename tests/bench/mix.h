// Many lines of the kind that people write: copies of the programs in processes/, each with names
// of its own, for the figures of the compiler and the formatter.
#ifndef RUNG_TESTS_BENCH_MIX_H
#define RUNG_TESTS_BENCH_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// Appends copy number `copy` of all of processes/ as one file whose only imports are those
// of the library. Adds its lines to
// `lines`. False: a file cannot be read.
bool mix_write(struct buf *out, uint32_t copy, uint32_t *lines);

#endif
