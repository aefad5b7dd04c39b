// Verbs of `rung users` about single people, and how people stand.
#ifndef RUNG_ENGINE_CLI_PEOPLE_H
#define RUNG_ENGINE_CLI_PEOPLE_H

#include "engine/cli/cli.h"

typedef int people_fn(struct cli *cli, void *context, struct slice person);

// Asks `method` ("users" or "people", which is also where its answer has them) page by page, as
// `as` (NULL: nobody), and calls `each` for everybody until it says something else than CLI_DONE.
// `person` lasts until `each` returns or asks the engine something.
int people_each(struct cli *cli, const char *method, const char *as, people_fn *each,
                void *context);
int people_absence(struct cli *cli, bool absent); // users absent|present NAME
int people_hand_over(struct cli *cli);            // users hand-over NAME
int people_standing(struct cli *cli);             // stats --people
// "away until 2026-03-05, bea stands in", or empty. `user`: one of the answer of `users`.
struct slice people_away(struct cli *cli, struct slice user);

#endif
