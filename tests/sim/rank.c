// The lanes of every reader, worked out naively from the rows of the cases: each task that he is
// shown stands in exactly the lane that the text says, and in the order that it says.
#include <inttypes.h>
#include <stdio.h>

#include "base/pack.h"
#include "engine/shell/inbox_list.h"
#include "engine/shell/lanes.h"
#include "tests/sim/sim.h"

enum { LANE_BROKEN, LANE_TRIED, LANE_DONE_LATELY, LANE_REST };

struct ranked {
    struct lane_place place; // as the engine says
    uint32_t lane;           // as the model says
    int64_t key;             // the larger comes first
};

static int64_t tried_of(const struct view *view, const struct view_program *program,
                        const struct instance *instance)
{
    uint32_t field = image_find_field(&program->image, SLICE("tried"));
    struct slice packed = field != INDEX_NONE ? view_field(view, instance, field) : SLICE_EMPTY;
    struct unpack unpack;
    unpack_init(&unpack, packed);
    return packed.len > 0 ? unpack_int(&unpack) : -1;
}

static void rank_naively(const struct view *view, const struct view_program *program,
                         const struct instance *instance, const struct open_task *task,
                         uint64_t now_ms, struct ranked *ret)
{
    int64_t tried = tried_of(view, program, instance);
    bool broken = (task->flags & TASK_FLAG_PROMISED) != 0 && task->due < now_ms;
    ret->lane = broken ? LANE_BROKEN : tried > 1 ? LANE_TRIED : LANE_REST;
    const struct active_stage *leaf = instance_next_leaf(instance, task->entry, NULL);
    leaf = leaf != NULL ? leaf : instance_next_leaf(instance, 0, NULL);
    ret->key = ret->lane == LANE_BROKEN  ? -(int64_t)task->due
               : ret->lane == LANE_TRIED ? tried
               : leaf != NULL            ? (int64_t)leaf->stage
                                         : INT64_MIN;
}

static bool comes_later(const struct ranked *a, const struct ranked *b)
{
    if (a->lane != b->lane) {
        return a->lane > b->lane;
    }
    if (a->key != b->key) {
        return a->key < b->key;
    }
    if (a->place.due != b->place.due) {
        return a->place.due > b->place.due;
    }
    return a->place.instance != b->place.instance ? a->place.instance > b->place.instance
                                                  : a->place.task > b->place.task;
}

static void check_order(struct world *world, const struct lanes *lanes,
                        const struct ranked *ranked, uint32_t count)
{
    struct arena *arena = &world->passing;
    struct lane_place *places = ARENA_ARRAY(arena, struct lane_place, count + 1);
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        places[i] = ranked[i].place;
        numbers[i] = i;
    }
    lanes_sort(lanes, places, numbers, count);
    for (uint32_t i = 1; i < count; i++) {
        if (comes_later(&ranked[numbers[i - 1]], &ranked[numbers[i]])) {
            sim_break(world, ORACLE_LANES,
                      "user %u: task %u of case %" PRIu64 " stands before task %u of case %" PRIu64,
                      lanes->reader, places[numbers[i - 1]].task, places[numbers[i - 1]].instance,
                      places[numbers[i]].task, places[numbers[i]].instance);
            return;
        }
    }
    world->counts.ranked += count;
}

static void check_reader(struct world *world, uint32_t user)
{
    struct view *view = world->view;
    struct lanes lanes;
    struct inbox_list list;
    uint64_t now_ms = timekeeper_now(&world->engine.keeper);
    lanes_open(&lanes, view, &world->passing, user, user, now_ms);
    inbox_list_init(&list, INBOX_TASKS_MAX, &world->passing);
    inbox_list_fill(&list, view, user);
    struct ranked *ranked = ARENA_ARRAY(&world->passing, struct ranked, list.count + 1);
    for (uint32_t i = 0; i < list.count && world->broken == ORACLE_NONE; i++) {
        const struct instance *instance = view_peek(view, list.items[i].instance);
        const struct open_task *task =
            instance != NULL ? instance_task_const(instance, list.items[i].task) : NULL;
        const struct view_program *program =
            task != NULL ? view_program(view, instance->head.program) : NULL;
        if (program == NULL) {
            sim_break(world, ORACLE_LANES, "user %u is shown a task that is not there", user);
            return;
        }
        lanes_place(&lanes, program, instance, task, 0, &ranked[i].place);
        rank_naively(view, program, instance, task, now_ms, &ranked[i]);
        if (ranked[i].place.lane != ranked[i].lane) {
            sim_break(world, ORACLE_LANES,
                      "user %u: task %u of case %" PRIu64 " stands in lane %u instead of %u", user,
                      task->number, instance->head.id, ranked[i].place.lane, ranked[i].lane);
        }
    }
    check_order(world, &lanes, ranked, world->broken == ORACLE_NONE ? list.count : 0);
}

// Whoever holds no role has no inbox of the company, and his tasks stand in no lane.
static bool has_inbox(const struct staff *staff, uint32_t user)
{
    return staff_holds(staff, user, OF_HEAD) || staff_holds(staff, user, OF_SALES) ||
           staff_holds(staff, user, OF_WORKS);
}

void oracle_lanes(struct world *world)
{
    view_begin(world->view);
    for (uint32_t user = 1; user <= SIM_USERS && world->broken == ORACLE_NONE; user++) {
        if (has_inbox(&world->model->staff, user)) {
            check_reader(world, user);
        }
    }
    view_end(world->view);
    arena_reset(&world->passing);
}
