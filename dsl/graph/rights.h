// Who may press what, and where: the matrix of a process, from its program image (rules 22-25). A
// row for each button that a leaf stage offers, a cell for each role. The same image always gives
// the same bytes.
#ifndef RUNG_DSL_GRAPH_RIGHTS_H
#define RUNG_DSL_GRAPH_RIGHTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "dsl/image/image.h"

enum rights_cell {
    RIGHTS_NONE,
    RIGHTS_HOLDER, // holders of the role: who have the task or the slot, or were offered it
    RIGHTS_OTHER,  // the same, but not who has acted as a role that the task excludes
    RIGHTS_ABOVE   // those above them, acting for them
};
enum rights_cell rights_cell_of(const struct image *image, uint32_t stage, uint32_t action,
                                uint32_t role);
// The buttons of a leaf: its own, and of each stage around those that none inside hides.
typedef void rights_row_fn(void *context, uint32_t stage, uint32_t action);
void rights_each_row(const struct image *image, rights_row_fn *each, void *context);
// Appends the matrix as text; roles that may press nothing stand there too.
void rights_text(const struct image *image, struct buf *out);

#endif
