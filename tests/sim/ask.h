// Requests of the clients as they are put together: method and parameters.
#ifndef RUNG_TESTS_SIM_ASK_H
#define RUNG_TESTS_SIM_ASK_H

#include "tests/sim/sim.h"

struct ask_params {
    struct buf buf;
    uint32_t pairs;
};
void ask_open(struct ask_params *params);
void ask_text(struct ask_params *params, const char *key, const char *text);
void ask_number(struct ask_params *params, const char *key, uint64_t number);
// A form with one answer, already packed.
void ask_form(struct ask_params *params, const char *name, struct slice value);
// The client has it to send; `params` is used up.
void ask_request(struct world *world, struct sim_client *client, const char *method,
                 struct ask_params *params);
uint64_t ask_draw(struct world *world, uint64_t bound);
bool ask_chance(struct world *world, uint32_t percent);

// ask_people.c: somebody comes, goes, changes, is away, is back, hands over. `c` may be NULL.
void ask_people(struct world *world, struct sim_client *client, const struct model_case *c);

// ask_outside.c: something comes from another system.
void ask_outside(struct world *world, struct sim_client *client);

#endif
