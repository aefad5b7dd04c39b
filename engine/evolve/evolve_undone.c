// The fact that a command was taken back: the case is what it was before it, and so are its rows.
#include "base/check.h"
#include "engine/evolve/evolve_internal.h"
#include "engine/state/frame.h"

static void drop_rows(struct state *state, struct instance *instance)
{
    while (instance->head.task_count > 0) {
        evolve_drop_task(state, instance, &instance->task[instance->head.task_count - 1]);
    }
    for (uint16_t i = 0; i < instance->head.timer_count; i++) {
        state_timer_row_delete(state, instance->timer[i].due, instance->head.id,
                               instance->timer[i].number);
    }
    for (uint32_t level = 0; level < frame_count(instance); level++) {
        struct key key;
        key_part(&key, instance->head.id, frame_part(level));
        state_delete(state, DB_PART, &key);
    }
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

// All but what a case keeps through everything: who it is, its fields, its incidents; and numbers
// that were given away are not given again.
static void restore(struct instance *instance, const struct instance *was)
{
    struct instance_head head = instance->head;
    const struct instance_head *old = &was->head;
    head.status = old->status;
    head.outcome = old->outcome;
    head.end = old->end;
    head.life = old->life;
    head.active_count = old->active_count;
    head.task_count = 0; // put back one by one
    head.timer_count = old->timer_count;
    head.position_count = old->position_count;
    head.slot_count = old->slot_count;
    head.collection_count = old->collection_count;
    head.latch_count = old->latch_count;
    head.acted_count = old->acted_count;
    head.zone = old->zone;
    head.moved_ms = old->moved_ms;
    head.ended_ms = old->ended_ms;
    head.next_task = larger(head.next_task, old->next_task);
    head.next_timer = larger(head.next_timer, old->next_timer);
    head.next_entry = larger(head.next_entry, old->next_entry);
    memcpy(head.frames, old->frames, sizeof(head.frames));
    instance->head = head;
    memcpy(instance->active, was->active, sizeof(was->active[0]) * old->active_count);
    memcpy(instance->timer, was->timer, sizeof(was->timer[0]) * old->timer_count);
    memcpy(instance->position, was->position, sizeof(was->position[0]) * old->position_count);
    memcpy(instance->slot, was->slot, sizeof(was->slot[0]) * old->slot_count);
    memcpy(instance->collection, was->collection,
           sizeof(was->collection[0]) * old->collection_count);
    memcpy(instance->latch, was->latch, sizeof(was->latch[0]) * old->latch_count);
    memcpy(instance->acted, was->acted, sizeof(was->acted[0]) * old->acted_count);
}

static void put_rows(struct state *state, struct instance *instance, const struct instance *was,
                     const struct event_undone *e, struct unpack *unpack)
{
    if (unpack_array(unpack) != was->head.task_count) {
        unpack->bad = true;
    }
    for (uint16_t i = 0; i < was->head.task_count && !unpack->bad; i++) {
        (void)unpack_array(unpack);
        uint32_t position = (uint32_t)unpack_uint(unpack);
        struct slice title = unpack_str(unpack);
        struct open_task *task = &instance->task[instance->head.task_count++];
        *task = was->task[i];
        evolve_put_task(state, instance, task, position, title);
        state_done_delete(state, e->by, e->at, e->instance, task->number);
    }
    for (uint16_t i = 0; i < instance->head.timer_count; i++) {
        state_timer_row_put(state, instance->timer[i].due, instance->head.id,
                            instance->timer[i].number);
    }
    uint32_t frames = unpack->bad ? 0 : unpack_array(unpack);
    for (uint32_t level = 0; level < frames && level < FRAMES_MAX && !unpack->bad; level++) {
        struct key key;
        key_part(&key, instance->head.id, frame_part(level));
        state_put(state, DB_PART, &key, unpack_bin(unpack));
    }
}

void evolve_undone(struct state *state, const struct event_undone *e)
{
    struct instance *instance = state_instance(state, e->instance);
    struct instance *was = arena_alloc(view_arena(state_view(state)), sizeof(*was));
    struct unpack unpack;
    unpack_init(&unpack, e->image);
    (void)unpack_array(&unpack);
    struct slice row = unpack_bin(&unpack);
    if (instance == NULL || unpack.bad || instance_decode(row, was) != OK ||
        was->head.id != e->instance || was->head.field_count != 0) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    if (instance->head.status == INSTANCE_ENDED && was->head.status == INSTANCE_OPEN) {
        struct view_counters *counters = state_counters(state);
        counters->open_instances++;
        counters->ended_instances--;
        state_load_add(state, KEY_LOAD_PROGRAM, instance->head.program, 1);
    }
    drop_rows(state, instance);
    restore(instance, was);
    put_rows(state, instance, was, e, &unpack);
    if (unpack.bad) {
        state_fail(state, ERR_CORRUPT);
    }
}
