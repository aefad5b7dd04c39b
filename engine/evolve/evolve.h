// Evolve: carries out facts. Looks at nothing but the event, the record's head and the state;
// cannot fail (trouble is sticky in the state). The same code runs live and when the journal is
// folded again.
#ifndef RUNG_ENGINE_EVOLVE_EVOLVE_H
#define RUNG_ENGINE_EVOLVE_EVOLVE_H

#include "engine/model/event.h"
#include "engine/model/record.h"
#include "engine/state/state.h"

// Raise when any evolve function or the layout of any row changes: views folded by other rules are
// thrown away and folded again.
enum { EVOLVE_VERSION = 2 };

void evolve_event(struct state *state, const struct event *event);
// What the record itself leaves behind, after its events: dedupe row, last seq of each instance it
// touched, expiry of clients that were silent too long.
void evolve_record(struct state *state, const struct record *record, uint64_t seq);
// The whole record: events, then evolve_record.
void evolve_fold(struct state *state, const struct record *record, uint64_t seq);

// The dedupe row of a request id; used by evolve to write and by the core to ask.
struct evolve_request {
    uint64_t id, seq, hash;
};
enum err evolve_find_request(struct state *state, struct slice client, uint64_t request,
                             struct evolve_request *ret_row) ATTR_USE_RESULT;

#endif
