// Facts about one instance: its life, its stages, timers, positions, fields, keys, children.
#include "base/check.h"
#include "engine/evolve/evolve_internal.h"

static void put_child_state(struct state *state, uint64_t parent, uint32_t collection,
                            uint32_t round, uint64_t child, uint8_t value)
{
    struct key key;
    key_child(&key, parent, collection, round, child);
    state_put(state, DB_CHILD, &key, slice_make(&value, 1));
}

void evolve_zone_set(struct state *state, const struct event_zone_set *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (e->zone >= ZONE_NUMBERS_MAX) {
        state_fail(state, ERR_CORRUPT);
    } else if (instance != NULL) {
        instance->head.zone = (uint16_t)e->zone; // below ZONE_NUMBERS_MAX
    }
}

void evolve_instance_started(struct state *state, const struct event_instance_started *e)
{
    struct instance *instance = state_instance_new(state, e->instance);
    if (instance == NULL) {
        return;
    }
    struct instance_head *head = &instance->head;
    head->life = 1;
    head->program = e->program;
    head->process = e->process;
    head->root = e->root;
    head->parent = e->parent;
    head->collection = e->collection;
    head->round = e->round;
    head->creator = e->creator;
    head->next_task = 1;
    head->next_timer = 1;
    head->next_entry = 1;
    head->started_ms = state_now(state);
    head->moved_ms = head->started_ms;
    struct view_counters *counters = state_counters(state);
    counters->next_instance = e->instance + 1;
    counters->open_instances++;
    state_load_add(state, KEY_LOAD_PROGRAM, e->program, 1);
    if (e->parent != 0) {
        put_child_state(state, e->parent, e->collection, e->round, e->instance, 0);
    }
}

void evolve_repeat_joined(struct state *state, const struct event_repeat_joined *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_duplicate_linked(struct state *state, const struct event_duplicate_linked *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_imported(struct state *state, const struct event_imported *e)
{
    struct key key;
    key_import(&key, e->source, e->row);
    state_put(state, DB_IMPORT, &key, slice_make(&e->instance, sizeof(e->instance)));
}

// Facts that history keeps and the state has no place for; they still touch the instance.
void evolve_acted(struct instance *instance, uint32_t role, uint32_t user)
{
    uint16_t count = instance->head.acted_count;
    for (uint16_t i = 0; i < count; i++) {
        if (instance->acted[i].role == role && instance->acted[i].user == user) {
            return;
        }
    }
    if (role != 0 && user != 0 && count < ACTED_MAX) {
        instance->acted[count] = (struct acted_as){ role, user };
        instance->head.acted_count++;
    }
}

void evolve_pressed(struct state *state, const struct event_pressed *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance != NULL) {
        evolve_acted(instance, e->role, e->user);
        evolve_acted(instance, e->role, e->acting_for);
    }
}

void evolve_edited(struct state *state, const struct event_edited *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_commented(struct state *state, const struct event_commented *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_moved(struct state *state, const struct event_moved *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_rule_fired(struct state *state, const struct event_rule_fired *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_condition_read(struct state *state, const struct event_condition_read *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_hook_asked(struct state *state, const struct event_hook_asked *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_table_hit(struct state *state, const struct event_table_hit *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_cancelled(struct state *state, const struct event_cancelled *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_latch_set(struct state *state, const struct event_latch_set *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    struct rule_latch *latches = instance->latch;
    uint32_t count = instance->head.latch_count;
    uint32_t at = 0;
    while (at < count && (latches[at].rule != e->rule || latches[at].entry != e->entry)) {
        at++;
    }
    if (e->up && at == count) {
        if (count == LATCHES_MAX) {
            state_fail(state, ERR_TOO_BIG);
            return;
        }
        latches[count] = (struct rule_latch){ e->rule, e->entry };
        instance->head.latch_count++;
    } else if (!e->up && at < count) {
        memmove(&latches[at], &latches[at + 1], sizeof(latches[0]) * (count - at - 1));
        instance->head.latch_count--;
    }
}

void evolve_stage_entered(struct state *state, const struct event_stage_entered *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    struct instance_head *head = &instance->head;
    if (head->active_count == ACTIVE_STAGES_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    uint16_t at = head->active_count++;
    for (; at > 0 && instance->active[at - 1].stage > e->stage; at--) {
        instance->active[at] = instance->active[at - 1]; // they stand in the order of the text
    }
    instance->active[at] = (struct active_stage){ .stage = e->stage, .entry = e->entry,
                                                  .around = e->around,
                                                  .entered_ms = state_now(state) };
    if (head->next_entry <= e->entry) {
        head->next_entry = e->entry + 1;
    }
    head->moved_ms = state_now(state);
}

// Positions and latches live as long as the stage entry they belong to.
static void forget_entry(struct instance *instance, uint32_t entry)
{
    uint16_t kept = 0;
    for (uint16_t i = 0; i < instance->head.position_count; i++) {
        if (instance->position[i].entry != entry) {
            instance->position[kept++] = instance->position[i];
        }
    }
    instance->head.position_count = kept;
    kept = 0;
    for (uint16_t i = 0; i < instance->head.latch_count; i++) {
        if (instance->latch[i].entry != entry) {
            instance->latch[kept++] = instance->latch[i];
        }
    }
    instance->head.latch_count = kept;
}

void evolve_stage_exited(struct state *state, const struct event_stage_exited *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    uint16_t kept = 0;
    for (uint16_t i = 0; i < instance->head.active_count; i++) {
        if (instance->active[i].entry != e->entry) {
            instance->active[kept++] = instance->active[i];
        }
    }
    if (kept == instance->head.active_count) {
        state_fail(state, ERR_CORRUPT);
    }
    instance->head.active_count = kept;
    forget_entry(instance, e->entry);
}

// What is done stays known to the stage around the branches, which is left only by the join.
void evolve_branch_done(struct state *state, const struct event_branch_done *e)
{
    struct instance *instance = state_instance(state, e->instance);
    for (uint16_t i = 0; instance != NULL && i < instance->head.active_count; i++) {
        if (instance->active[i].entry == e->around) {
            instance->active[i].done++;
            instance->head.moved_ms = state_now(state);
            return;
        }
    }
    if (instance != NULL) {
        state_fail(state, ERR_CORRUPT);
    }
}

void evolve_field_changed(struct state *state, const struct event_field_changed *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    if (e->field >= FIELDS_MAX) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    while (instance->head.field_count <= e->field) {
        instance->field[instance->head.field_count++] = SLICE_EMPTY;
    }
    instance->field[e->field] = state_keep(state, e->now);
    instance->head.moved_ms = state_now(state);
}

void evolve_slot_set(struct state *state, const struct event_slot_set *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    uint16_t at = 0;
    while (at < instance->head.slot_count && instance->slot[at].role != e->role) {
        at++;
    }
    if (at == SLOTS_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    instance->slot[at] = (struct slot_holder){ e->role, e->user };
    if (at == instance->head.slot_count) {
        instance->head.slot_count++;
    }
}

void evolve_picked(struct state *state, const struct event_picked *e)
{
    struct key key;
    bool team = e->team != 0; // where round robin goes on
    key_load(&key, team ? KEY_LOAD_TEAM : KEY_LOAD_ROLE, team ? e->team : e->role);
    state_put(state, DB_LOAD, &key, slice_make(&e->user, sizeof(e->user)));
}

static struct view_key_row read_key_row(struct state *state, const struct key *key)
{
    struct view_key_row row = { 0 };
    struct slice value;
    if (state_get(state, DB_BY_KEY, key, &value) == OK && value.len == sizeof(row)) {
        memcpy(&row, value.ptr, sizeof(row));
    }
    return row;
}

void evolve_key_taken(struct state *state, const struct event_key_taken *e)
{
    struct key key;
    key_by_key(&key, e->process, e->field, e->key);
    struct view_key_row row = read_key_row(state, &key);
    row.open = e->instance;
    state_put(state, DB_BY_KEY, &key, slice_make(&row, sizeof(row)));
}

void evolve_key_released(struct state *state, const struct event_key_released *e)
{
    struct key key;
    key_by_key(&key, e->process, e->field, e->key);
    struct view_key_row row = read_key_row(state, &key);
    row.open = row.open == e->instance ? 0 : row.open;
    row.ended = e->ended ? e->instance : row.ended;
    if (row.open == 0 && row.ended == 0 && row.merged == 0) {
        state_delete(state, DB_BY_KEY, &key);
    } else {
        state_put(state, DB_BY_KEY, &key, slice_make(&row, sizeof(row)));
    }
}

void evolve_key_merged(struct state *state, const struct event_key_merged *e)
{
    struct key key;
    key_by_key(&key, e->process, e->field, e->key);
    struct view_key_row row = read_key_row(state, &key);
    row.merged = e->into;
    state_put(state, DB_BY_KEY, &key, slice_make(&row, sizeof(row)));
}

void evolve_merged(struct state *state, const struct event_merged *e)
{
    struct key key;
    (void)state_instance(state, e->instance);
    key_part(&key, e->instance, KEY_PART_MERGED);
    state_put(state, DB_PART, &key, slice_make(&e->into, sizeof(e->into)));
}

void evolve_merged_from(struct state *state, const struct event_merged_from *e)
{
    (void)state_instance(state, e->instance);
}

void evolve_position_set(struct state *state, const struct event_position_set *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    uint16_t at = 0;
    while (at < instance->head.position_count &&
           (instance->position[at].entry != e->entry || instance->position[at].of != e->of)) {
        at++;
    }
    if (at == POSITIONS_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    instance->position[at] = (struct ladder_position){ e->entry, e->of, e->position };
    if (at == instance->head.position_count) {
        instance->head.position_count++;
    }
}

void evolve_timer_set(struct state *state, const struct event_timer_set *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    if (instance->head.timer_count == TIMERS_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    instance->timer[instance->head.timer_count++] =
        (struct armed_timer){ e->timer, e->def, e->stage, e->entry, e->due, e->base };
    if (instance->head.next_timer <= e->timer) {
        instance->head.next_timer = e->timer + 1;
    }
    state_timer_row_put(state, e->due, e->instance, e->timer);
}

static void drop_timer(struct state *state, uint64_t id, uint32_t number)
{
    struct instance *instance = state_instance(state, id);
    if (instance == NULL) {
        return;
    }
    uint16_t count = instance->head.timer_count;
    uint16_t at = 0;
    while (at < count && instance->timer[at].number != number) {
        at++;
    }
    if (at == count) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    state_timer_row_delete(state, instance->timer[at].due, id, number);
    memmove(&instance->timer[at], &instance->timer[at + 1],
            sizeof(instance->timer[0]) * (size_t)(count - at - 1));
    instance->head.timer_count--;
}

void evolve_timer_cancelled(struct state *state, const struct event_timer_cancelled *e)
{
    drop_timer(state, e->instance, e->timer);
}

void evolve_timer_fired(struct state *state, const struct event_timer_fired *e)
{
    drop_timer(state, e->instance, e->timer);
}

void evolve_notified(struct state *state, const struct event_notified *e)
{
    struct key key;
    key_load(&key, KEY_LOAD_NOTICES, e->user);
    struct slice value;
    uint32_t count = 0;
    if (state_get(state, DB_LOAD, &key, &value) == OK && value.len == sizeof(count)) {
        memcpy(&count, value.ptr, sizeof(count));
    }
    uint32_t slot = count % NOTICES_PER_USER_MAX;
    count++;
    state_put(state, DB_LOAD, &key, slice_make(&count, sizeof(count)));
    char bytes[TITLE_BYTES_MAX + 64];
    struct buf buf = { .ptr = bytes, .capacity = sizeof(bytes), .bytes_max = sizeof(bytes) };
    pack_array(&buf, 3);
    pack_uint(&buf, e->at != 0 ? e->at : state_now(state));
    pack_uint(&buf, e->instance);
    pack_str(&buf, slice_sub(e->text, 0, TITLE_BYTES_MAX));
    key_pair(&key, e->user, slot);
    state_put(state, DB_NOTICE, &key, buf_slice(&buf));
    state_counters(state)->notices++;
    (void)state_instance(state, e->instance);
}

void evolve_converted(struct state *state, const struct event_converted *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    uint16_t at = 0;
    while (at < instance->head.collection_count &&
           instance->collection[at].collection != e->collection) {
        at++;
    }
    if (at == COLLECTIONS_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    instance->collection[at] = (struct collection_state){
        .collection = e->collection, .round = e->round, .total = e->count, .open = e->count,
    };
    if (at == instance->head.collection_count) {
        instance->head.collection_count++;
    }
    instance->head.moved_ms = state_now(state);
}

static uint32_t *ended_counter(struct collection_state *collection, uint8_t outcome)
{
    switch ((enum outcome)outcome) {
    case OUTCOME_SUCCESS: return &collection->succeeded;
    case OUTCOME_FAILURE: return &collection->failed;
    case OUTCOME_CANCELLED: return &collection->cancelled;
    case OUTCOME_PLAIN:
    case OUTCOME_MERGED: break;
    }
    return &collection->plain;
}

// A child ended (by = 1) or was reopened (by = -1).
static void count_ended(struct collection_state *collection, uint8_t outcome, int by)
{
    uint32_t *ended = ended_counter(collection, outcome);
    if ((by > 0 && collection->open > 0) || (by < 0 && *ended > 0)) {
        collection->open -= (uint32_t)by;
        *ended += (uint32_t)by;
    }
}

void evolve_child_ended(struct state *state, const struct event_child_ended *e)
{
    put_child_state(state, e->instance, e->collection, e->round, e->child,
                    (uint8_t)(1 + e->outcome));
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    for (uint16_t i = 0; i < instance->head.collection_count; i++) {
        struct collection_state *collection = &instance->collection[i];
        if (collection->collection != e->collection || collection->round != e->round) {
            continue;
        }
        count_ended(collection, e->outcome, 1);
    }
}

void evolve_instance_ended(struct state *state, const struct event_instance_ended *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    instance->head.status = INSTANCE_ENDED;
    instance->head.outcome = e->outcome;
    instance->head.end = e->end;
    instance->head.ended_ms = state_now(state);
    instance->head.position_count = 0;
    instance->head.latch_count = 0;
    struct view_counters *counters = state_counters(state);
    counters->open_instances--;
    counters->ended_instances++;
    state_load_add(state, KEY_LOAD_PROGRAM, instance->head.program, -1);
}

static void child_reopened(struct state *state, const struct instance_head *child, uint8_t outcome)
{
    put_child_state(state, child->parent, child->collection, child->round, child->id, 0);
    struct instance *parent = state_instance(state, child->parent);
    for (uint16_t i = 0; parent != NULL && i < parent->head.collection_count; i++) {
        struct collection_state *collection = &parent->collection[i];
        if (collection->collection == child->collection && collection->round == child->round) {
            count_ended(collection, outcome, -1);
        }
    }
}

void evolve_instance_reopened(struct state *state, const struct event_instance_reopened *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    uint8_t outcome = instance->head.outcome;
    instance->head.status = INSTANCE_OPEN;
    instance->head.outcome = 0;
    instance->head.end = 0;
    instance->head.ended_ms = 0;
    instance->head.life = (uint16_t)e->life;
    instance->head.acted_count = 0; // four eyes look at one life
    instance->head.moved_ms = state_now(state);
    struct view_counters *counters = state_counters(state);
    counters->open_instances++;
    counters->ended_instances--;
    state_load_add(state, KEY_LOAD_PROGRAM, instance->head.program, 1);
    if (instance->head.parent != 0) {
        child_reopened(state, &instance->head, outcome);
    }
}

void evolve_incident_opened(struct state *state, const struct event_incident_opened *e)
{
    struct buf buf;
    buf_init(&buf, CALL_FORM_BYTES_MAX + TITLE_BYTES_MAX * 4);
    pack_array(&buf, 6);
    pack_uint(&buf, e->instance);
    pack_uint(&buf, state_now(state));
    pack_str(&buf, slice_sub(e->kind, 0, NAME_BYTES_MAX));
    pack_str(&buf, slice_sub(e->text, 0, TITLE_BYTES_MAX));
    pack_uint(&buf, e->role);
    pack_bin(&buf, e->what);
    struct key key;
    key_number(&key, e->incident);
    state_put(state, DB_INCIDENT, &key, state_keep(state, buf_slice(&buf)));
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    }
    buf_done(&buf);
    struct view_counters *counters = state_counters(state);
    counters->next_incident = e->incident + 1;
    counters->open_incidents++;
    if (e->instance == 0) {
        return;
    }
    struct instance *instance = state_instance(state, e->instance);
    if (instance != NULL && instance->head.incident_count < INCIDENTS_MAX) {
        instance->incident[instance->head.incident_count++].number = e->incident;
    }
}

void evolve_incident_closed(struct state *state, const struct event_incident_closed *e)
{
    struct key key;
    key_number(&key, e->incident);
    state_delete(state, DB_INCIDENT, &key);
    state_counters(state)->open_incidents--;
    if (e->instance == 0) {
        return;
    }
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    uint16_t kept = 0;
    for (uint16_t i = 0; i < instance->head.incident_count; i++) {
        if (instance->incident[i].number != e->incident) {
            instance->incident[kept++] = instance->incident[i];
        }
    }
    instance->head.incident_count = kept;
}
