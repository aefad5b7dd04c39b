// The line items of the simulator's leads, counted a second time: what a form says, its total, and
// the row of the table that the total finds.
#ifndef RUNG_TESTS_SIM_LINES_H
#define RUNG_TESTS_SIM_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/prng.h"
#include "engine/model/record.h"
#include "engine/state/view.h"

struct lines {
    bool any;
    int64_t cents;
};

// Draws an answer to `lines`: amounts that often meet the ends of the table's range; now and then
// in two currencies, which must be refused.
void lines_pack(struct prng *prng, struct buf *form);
// The answer as it stands in a record. False: it could not have been taken.
bool lines_read(const struct record *record, struct lines *ret_lines);
uint32_t lines_row(const struct lines *lines); // of `rung_of`, from 1
// Whether the record says, once, that this row was found for the case.
bool lines_hit(const struct record *record, uint64_t instance, uint32_t row);
// Whether the case holds this total, and what the table makes of it.
bool lines_hold(const struct lines *lines, const struct view *view,
                const struct instance *instance);

#endif
