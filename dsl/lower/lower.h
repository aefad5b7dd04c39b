// From the model of a process, or an inbox, to its image. Only for those of a set without errors:
// the model is whole, every reference resolved. What comes out validates (image_open): a CHECK sees
// to it.
#ifndef RUNG_DSL_LOWER_LOWER_H
#define RUNG_DSL_LOWER_LOWER_H

#include "base/err.h"
#include "dsl/names/names.h"

// Appends the image of `process` to `to` (empty, or a multiple of 8 bytes long). ERR_TOO_BIG: it is
// larger than IMAGE_BYTES_MAX, or needs more than IMAGE_LOCALS_MAX values in one command.
enum err lower_process(const struct unit *unit, const struct process *process,
                       const uint8_t source_hash[IMAGE_HASH_BYTES], struct buf *to) ATTR_USE_RESULT;

// The same of an inbox that somebody reads.
enum err lower_inbox(const struct unit *unit, const struct inbox *inbox,
                     const uint8_t source_hash[IMAGE_HASH_BYTES], struct buf *to) ATTR_USE_RESULT;

#endif
