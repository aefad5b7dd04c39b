// The model's side of a process that picks people in every way there is (sim_visit_text): those of
// a role one after the other, whoever is known to the client, the least loaded of a team, and the
// team that a table names. Whoever is away is passed over.
#ifndef RUNG_TESTS_SIM_VISIT_H
#define RUNG_TESTS_SIM_VISIT_H

#include <stdint.h>

#include "engine/model/record.h"
#include "tests/sim/staff.h"

struct model;
struct model_case;

struct model_visit {
    char client[16];
    int64_t size;
};

enum visit_way { WAY_LEAST_LOADED, WAY_ROUND_ROBIN, WAY_FAMILIAR };
struct visit_pick {
    enum visit_way way;
    enum staff_role role;
    enum staff_team team; // OF_NO_TEAM: the role alone
    uint32_t except;      // user, or 0
    uint64_t due;         // when there will be something to do; 0: now
};

// 0: nobody.
uint32_t visit_pick(const struct model *model, const struct model_case *c,
                    const struct visit_pick *pick);
// The way that the text gives to the role of a task of this case.
uint32_t visit_pick_for_role(const struct model *model, const struct model_case *c,
                             enum staff_role role, uint32_t except, uint64_t due);
void visit_start(struct model *model, struct model_case *c, struct slice client);
// The open visit to that client, or NULL.
struct model_case *visit_find(struct model *model, struct slice client);
const char *visit_press(struct model *model, struct model_case *c, const struct record *record);
// Where round robin goes on.
void visit_take_picks(struct model *model, const struct record *record);

#endif
