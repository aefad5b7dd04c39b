#include "tests/sim/visit.h"

#include "base/check.h"
#include "base/pack.h"
#include "tests/sim/model.h"
#include "tests/sim/sim.h"

static const uint64_t hour_ms = 3600 * 1000;

// --------------------------------------------------------------------------------- who is picked

// Of the team (or of all) those who hold the role and are there; `working`: at that moment.
static bool is_there(const struct model *model, const struct visit_pick *pick, uint32_t user,
                     bool working)
{
    const struct staff *staff = &model->staff;
    uint64_t at = pick->due > model->now_ms ? pick->due : model->now_ms;
    return user != pick->except && staff_holds(staff, user, pick->role) &&
           staff_present(staff, user) &&
           (pick->team == OF_NO_TEAM || staff->person[user].in[pick->team]) &&
           (!working || staff_works(staff, user, at));
}

static bool somebody_works(const struct model *model, const struct visit_pick *pick)
{
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        if (is_there(model, pick, user, true)) {
            return true;
        }
    }
    return false;
}

// Whoever had the client last, in the same role.
static uint32_t known_to_client(const struct model *model, const struct model_case *c,
                                enum staff_role role)
{
    uint32_t known = 0;
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *other = &model->cases[i];
        if (other->visit && other->id != c->id && other->end != NULL &&
            strcmp(other->visits.client, c->visits.client) == 0) {
            known = other->slot[role];
        }
    }
    return known;
}

uint32_t visit_pick(const struct model *model, const struct model_case *c,
                    const struct visit_pick *pick)
{
    bool working = somebody_works(model, pick);
    uint32_t known = pick->way == WAY_FAMILIAR ? known_to_client(model, c, pick->role) : 0;
    uint32_t last = pick->team != OF_NO_TEAM ? model->last_of_team[pick->team]
                                             : model->last_of_role[pick->role];
    uint32_t best = 0;
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        if (!is_there(model, pick, user, working)) {
            continue;
        }
        bool better = best == 0;
        switch (pick->way) {
        case WAY_LEAST_LOADED:
            better = better || model_load_of(model, user) < model_load_of(model, best);
            break;
        case WAY_ROUND_ROBIN: better = better || (best <= last && user > last); break;
        case WAY_FAMILIAR: better = user == known; break;
        }
        best = better ? user : best;
    }
    return best;
}

uint32_t visit_pick_for_role(const struct model *model, const struct model_case *c,
                             enum staff_role role, uint32_t except, uint64_t due)
{
    struct visit_pick pick = { .role = role, .except = except, .due = due };
    if (!c->visit) {
        return role == OF_SALES ? visit_pick(model, c, &pick) : 0; // `pick least loaded`, or none
    }
    pick.way = role == OF_SALES ? WAY_FAMILIAR : WAY_ROUND_ROBIN;
    uint32_t user = role == OF_HEAD ? 0 : visit_pick(model, c, &pick);
    pick.way = WAY_ROUND_ROBIN;
    return user == 0 && role == OF_SALES ? visit_pick(model, c, &pick) : user;
}

void visit_take_picks(struct model *model, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event_picked *picked = &record->events[i].picked;
        if (record->events[i].kind != EVENT_PICKED) {
            continue;
        }
        if (picked->team != 0) {
            model->last_of_team[staff_team_of(&model->staff, picked->team)] = picked->user;
        } else {
            model->last_of_role[staff_role_of(&model->staff, picked->role)] = picked->user;
        }
    }
}

// --------------------------------------------------------------------------------- the process

static void enter(struct model *model, struct model_case *c, enum model_stage stage)
{
    model_leave(c);
    c->stage = stage;
    c->moved_ms = model->now_ms;
    c->task.role = stage == AT_PLANNING ? OF_SALES : OF_WORKS;
    c->task.due = model->now_ms + (stage == AT_PLANNING ? 2 : 4) * hour_ms;
    model_give(model, c, &c->task); // a task that is not open yet is no load
    c->task.open = true;
}

void visit_start(struct model *model, struct model_case *c, struct slice client)
{
    CHECK(client.len < sizeof(c->visits.client));
    c->visit = true;
    c->zone = IN_UTC;
    memcpy(c->visits.client, client.ptr, client.len);
    enter(model, c, AT_PLANNING);
}

struct model_case *visit_find(struct model *model, struct slice client)
{
    for (uint32_t i = 0; i < model->case_count; i++) {
        struct model_case *c = &model->cases[i];
        if (c->visit && c->end == NULL && slice_equal(client, slice_from_cstr(c->visits.client))) {
            return c;
        }
    }
    return NULL;
}

static void pick_of_team(struct model *model, struct model_case *c, enum visit_way way,
                         enum staff_team team)
{
    const struct visit_pick pick = { .way = way, .role = OF_SALES, .team = team };
    c->slot[OF_SALES] = visit_pick(model, c, &pick);
    enter(model, c, AT_PLANNING);
}

const char *visit_press(struct model *model, struct model_case *c, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_PRESSED);
    struct slice name = event != NULL ? event->pressed.name : SLICE_EMPTY;
    bool planning = c->stage == AT_PLANNING;
    if (slice_equal(name, SLICE("over"))) {
        model_end(c, "seen");
    } else if (slice_equal(name, SLICE("go")) && planning) {
        enter(model, c, AT_THERE);
    } else if (slice_equal(name, SLICE("home")) && c->stage == AT_THERE) {
        enter(model, c, AT_PLANNING);
    } else if (slice_equal(name, SLICE("fewest")) && planning) {
        pick_of_team(model, c, WAY_LEAST_LOADED, OF_NORTH);
    } else if (slice_equal(name, SLICE("round_")) && planning) {
        pick_of_team(model, c, WAY_ROUND_ROBIN, OF_SOUTH);
    } else if (slice_equal(name, SLICE("by_size")) && planning) {
        struct unpack unpack;
        struct slice raw = pack_map_find(record->form, SLICE("size"));
        unpack_init(&unpack, raw);
        c->visits.size = raw.len > 0 ? unpack_int(&unpack) : -1;
        bool small = c->visits.size < 3;
        pick_of_team(model, c, small ? WAY_ROUND_ROBIN : WAY_LEAST_LOADED,
                     small ? OF_NORTH : OF_SOUTH);
    } else {
        return "is not offered there";
    }
    return NULL;
}
