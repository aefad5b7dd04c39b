// The matrix of rights for a terminal on which the names of all roles do not fit beside each other:
// roles get numbers, told above the table.
#ifndef RUNG_ENGINE_CLI_RIGHTS_NARROW_H
#define RUNG_ENGINE_CLI_RIGHTS_NARROW_H

#include "base/buf.h"
#include "dsl/image/image.h"
#include "engine/cli/term.h"

void rights_narrow(const struct image *image, const struct term *term, struct buf *out);

#endif
