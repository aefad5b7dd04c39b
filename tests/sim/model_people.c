// Who is picked for a task, and who may do it.
#include "tests/sim/model.h"

static uint32_t load_of(const struct model *model, uint32_t user)
{
    uint32_t load = 0;
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[i];
        load += c->task.open && c->task.holder == user ? 1u : 0u;
        for (uint32_t s = 0; s < MODEL_SIDE_MAX; s++) {
            load += c->side[s] == user && c->side_number[s] != 0 ? 1u : 0u;
        }
    }
    return load;
}

uint32_t model_least_loaded(const struct model *model)
{
    uint32_t best = SAM;
    for (uint32_t user = SUE; user <= SID; user++) {
        best = load_of(model, user) < load_of(model, best) ? user : best;
    }
    return best;
}

bool model_may_do(const struct model_case *c, uint32_t user)
{
    return user == HANA || c->task.holder == user ||
           (c->task.offered && (user == WIM || user == WES));
}
