#include "engine/shell/lanes.h"

#include "base/check.h"
#include "engine/decide/rights.h"
#include "engine/eval/eval.h"
#include "engine/time/span.h"

static const int64_t day_ms = 24 * 3600 * 1000;

struct lane_fields {
    struct lane_fields *next;
    uint32_t inbox, program;
    const uint32_t *field; // by expression of the inbox
    uint32_t speaks;       // bit per lane: the process has every field that its condition names
};

// --- whose inboxes -------------------------------------------------------------------------------

static bool is_for_role(const struct view_program *inbox, uint32_t role)
{
    const struct image *image = &inbox->image;
    for (uint32_t i = 0; i < image->inbox[0].readers.count; i++) {
        if (inbox->roles[image->list[image->inbox[0].readers.first + i]] == role) {
            return true;
        }
    }
    return false;
}

// The inbox of a role; of several, which were applied one by one, the one that came last.
static const struct view_program *inbox_of_role(const struct view *view, uint32_t role)
{
    const struct view_program *found = NULL;
    uint32_t count = view_counters(view)->next_process;
    for (uint32_t process = 1; process < count; process++) {
        const struct view_program *inbox = view_active_inbox(view, process);
        if (inbox != NULL && is_for_role(inbox, role) && (found == NULL || inbox->id > found->id)) {
            found = inbox;
        }
    }
    return found;
}

static uint32_t add_inbox(struct lanes *lanes, const struct view_program *inbox)
{
    uint32_t at = 0;
    while (at < lanes->count && lanes->inbox[at] != inbox) {
        at++;
    }
    if (at == lanes->count && at < INBOXES_PER_USER_MAX) {
        lanes->inbox[lanes->count++] = inbox;
    }
    return at < lanes->count ? at : 0; // one too many: its tasks stand in the first
}

bool lanes_set_zone(struct lanes *lanes, struct slice name)
{
    const struct zone *zone = view_zone_named(lanes->view, name);
    if (zone != NULL) {
        lanes->zone = zone;
        lanes->zone_name = arena_copy(lanes->arena, name);
    }
    return zone != NULL;
}

void lanes_open(struct lanes *lanes, const struct view *view, struct arena *arena, uint32_t reader,
                uint32_t looker, uint64_t now_ms)
{
    *lanes = (struct lanes){ .view = view, .arena = arena, .reader = reader, .looker = looker,
                             .now_ms = now_ms };
    const struct view_user *user = view_user(view, reader);
    const struct view_user *who = looker != 0 ? view_user(view, looker) : user;
    if ((who == NULL || !lanes_set_zone(lanes, who->zone)) &&
        !lanes_set_zone(lanes, view_zone_name(view, 0))) {
        lanes->zone = eval_utc();
        lanes->zone_name = SLICE("UTC");
    }
    for (uint32_t i = 0; user != NULL && i < user->role_count; i++) {
        const struct view_program *inbox = inbox_of_role(view, user->roles[i]);
        if (inbox != NULL) {
            lanes->roles[lanes->role_count].role = user->roles[i];
            lanes->roles[lanes->role_count++].inbox = add_inbox(lanes, inbox);
        }
    }
}

int64_t lanes_day(const struct lanes *lanes)
{
    return span_floor(span_to_local(lanes->zone, (int64_t)lanes->now_ms), day_ms);
}

uint64_t lanes_midnight(const struct lanes *lanes)
{
    int64_t midnight = span_to_utc(lanes->zone, (lanes_day(lanes) + 1) * day_ms);
    return midnight > (int64_t)lanes->now_ms ? (uint64_t)midnight : lanes->now_ms + 1;
}

// --- fields of cases -----------------------------------------------------------------------------

// A field that the one who looks may not see is as if it were not there (rule 43).
static uint32_t find_field(const struct lanes *lanes, const struct view_program *program,
                           struct slice path)
{
    const char *dot = memchr(path.ptr, '.', path.len);
    size_t len = dot != NULL ? (size_t)(dot - path.ptr) : path.len;
    uint32_t field = image_find_field(&program->image, slice_sub(path, 0, len));
    bool seen = field != INDEX_NONE &&
                (lanes->looker == 0 ||
                 rights_see_field(lanes->view, program, field, lanes->looker));
    return seen ? field : INDEX_NONE;
}

static const struct lane_fields *fields_of(struct lanes *lanes, uint32_t inbox,
                                           const struct view_program *program)
{
    struct lane_fields *known = lanes->fields;
    while (known != NULL && (known->inbox != inbox || known->program != program->id)) {
        known = known->next;
    }
    if (known != NULL) {
        return known;
    }
    const struct image *image = &lanes->inbox[inbox]->image;
    uint32_t *field = ARENA_ARRAY(lanes->arena, uint32_t, image->expr_count + 1);
    for (uint32_t i = 0; i < image->expr_count; i++) {
        bool asks = image->expr[i].kind == EXPR_CASE;
        field[i] = asks ? find_field(lanes, program, image_slice(image, image->expr[i].text))
                        : INDEX_NONE;
    }
    known = ARENA_NEW(lanes->arena, struct lane_fields);
    *known = (struct lane_fields){ lanes->fields, inbox, program->id, field, 0 };
    lanes->fields = known;
    for (uint32_t i = 0; i < image->lane_count; i++) {
        struct image_range asks = image->lane[i].asks;
        bool speaks = true;
        for (uint32_t n = asks.first; n < asks.first + asks.count; n++) {
            speaks = speaks && field[image->list[n]] != INDEX_NONE;
        }
        known->speaks |= speaks ? 1u << i : 0u;
    }
    return known;
}

// --- one task ------------------------------------------------------------------------------------

static uint32_t inbox_for(const struct lanes *lanes, uint32_t role)
{
    for (uint32_t i = 0; i < lanes->role_count; i++) {
        if (lanes->roles[i].role == role) {
            return lanes->roles[i].inbox;
        }
    }
    return 0;
}

static uint32_t stage_of(const struct view_program *program, const struct instance *instance,
                         const struct open_task *task, uint64_t done_ms)
{
    const struct active_stage *leaf = NULL;
    uint32_t stage = task->stage;
    if (done_ms == 0) {
        leaf = instance_next_leaf(instance, task->entry, NULL);
        leaf = leaf != NULL ? leaf : instance_next_leaf(instance, 0, NULL);
        stage = leaf != NULL ? leaf->stage : INDEX_NONE;
    }
    return stage < program->image.stage_count ? stage : INDEX_NONE;
}

// What cannot be worked out (amounts in two currencies, a division by zero) does not match.
static bool holds(struct eval_env *env, uint32_t condition)
{
    env->refusal = (struct refusal){ 0 };
    bool yes = eval_condition(env, condition);
    return yes && env->refusal.code == REFUSAL_NONE;
}

static uint32_t find_lane(const struct lanes *lanes, struct eval_env *env,
                          const struct lane_fields *fields)
{
    const struct image *image = &env->program->image;
    bool done = env->lane->done_ms != 0;
    struct arena_mark mark = arena_mark(lanes->arena);
    uint32_t found = INDEX_NONE;
    for (uint32_t i = 0; i < image->lane_count && found == INDEX_NONE; i++) {
        const struct image_lane *lane = &image->lane[i];
        bool asked = (!done || (lane->flags & LANE_DONE) != 0) && (fields->speaks >> i & 1) != 0;
        if (asked && (lane->condition == INDEX_NONE || holds(env, lane->condition))) {
            found = i;
        }
        arena_rewind(lanes->arena, mark);
    }
    return found;
}

void lanes_place(struct lanes *lanes, const struct view_program *program,
                 const struct instance *instance, const struct open_task *task, uint64_t done_ms,
                 struct lane_place *ret_place)
{
    *ret_place = (struct lane_place){ .due = task->due, .instance = instance->head.id,
                                      .task = task->number, .inbox = INDEX_NONE,
                                      .lane = INDEX_NONE };
    if (lanes->count == 0) {
        return;
    }
    uint32_t inbox = inbox_for(lanes, task->role);
    const struct lane_fields *fields = fields_of(lanes, inbox, program);
    const struct eval_lane lane = { program, fields->field, task,
                                    stage_of(program, instance, task, done_ms), done_ms,
                                    lanes->zone };
    struct eval_env env = { .view = lanes->view, .program = lanes->inbox[inbox],
                            .instance = instance, .me = lanes->reader, .now_ms = lanes->now_ms,
                            .arena = lanes->arena, .currency = lanes->currency, .lane = &lane };
    uint32_t found = find_lane(lanes, &env, fields);
    if (found == INDEX_NONE) {
        return;
    }
    ret_place->inbox = inbox;
    ret_place->lane = found;
    const struct image *image = &env.program->image;
    struct image_range sorts = image->lane[found].sorts;
    for (uint32_t i = 0; i < sorts.count; i++) {
        env.refusal = (struct refusal){ 0 };
        struct value key = eval(&env, image->sort[sorts.first + i].value);
        bool good = env.refusal.code == REFUSAL_NONE && key.kind != VALUE_LIST &&
                    key.kind != VALUE_RECORD; // which have no order
        ret_place->key[i] = good ? value_copy(&key, lanes->arena) : value_empty();
    }
}

const struct image_lane *lanes_lane(const struct lanes *lanes, const struct lane_place *place)
{
    return place->lane == INDEX_NONE ? NULL
                                     : &lanes->inbox[place->inbox]->image.lane[place->lane];
}

// --- order ---------------------------------------------------------------------------------------

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_DECIMAL;
}

// A total order over any values: of one kind as they are ordered, else by kind, so that fields of
// one name and different types in two processes cannot confuse it.
static int order_values(const struct value *a, const struct value *b)
{
    int order = 0;
    if (a->kind != b->kind && !(is_number(a) && is_number(b))) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->kind == VALUE_MONEY) {
        order = memcmp(a->currency, b->currency, sizeof(a->currency));
    }
    if (a->kind == VALUE_DURATION && a->unit != b->unit) {
        order = a->unit < b->unit ? -1 : 1; // so that it is an order whatever stands there
    }
    if (order == 0) {
        (void)value_order(a, b, &order);
    }
    return order;
}

static int order_keys(const struct value *a, const struct value *b, bool descending)
{
    bool no_a = value_is_empty(a);
    bool no_b = value_is_empty(b);
    if (no_a || no_b) {
        return no_a == no_b ? 0 : no_a ? 1 : -1; // empty comes last, whichever way it goes
    }
    int order = order_values(a, b);
    return descending ? -order : order;
}

static int order_numbers(uint64_t a, uint64_t b) { return a == b ? 0 : a < b ? -1 : 1; }

int lanes_order(const struct lanes *lanes, const struct lane_place *a, const struct lane_place *b)
{
    int order = order_numbers(a->inbox, b->inbox);
    order = order != 0 ? order : order_numbers(a->lane, b->lane);
    const struct image_lane *lane = order == 0 ? lanes_lane(lanes, a) : NULL;
    for (uint32_t i = 0; order == 0 && lane != NULL && i < lane->sorts.count; i++) {
        const struct image *image = &lanes->inbox[a->inbox]->image;
        order = order_keys(&a->key[i], &b->key[i],
                           image->sort[lane->sorts.first + i].descending != 0);
    }
    order = order != 0 ? order : order_numbers(a->due, b->due);
    order = order != 0 ? order : order_numbers(a->instance, b->instance);
    return order != 0 ? order : order_numbers(a->task, b->task);
}

static void merge(const struct lanes *lanes, const struct lane_place *places, uint32_t *numbers,
                  uint32_t *room, uint32_t count)
{
    if (count < 2) {
        return;
    }
    uint32_t half = count / 2;
    merge(lanes, places, numbers, room, half);
    merge(lanes, places, numbers + half, room, count - half);
    memcpy(room, numbers, half * sizeof(*room));
    uint32_t left = 0;
    uint32_t right = half;
    for (uint32_t at = 0; left < half; at++) {
        bool take_right = right < count && lanes_order(lanes, &places[numbers[right]],
                                                       &places[room[left]]) < 0;
        numbers[at] = take_right ? numbers[right++] : room[left++];
    }
}

void lanes_sort(const struct lanes *lanes, const struct lane_place *places, uint32_t *numbers,
                uint32_t count)
{
    uint32_t *room = ARENA_ARRAY(lanes->arena, uint32_t, count + 1);
    merge(lanes, places, numbers, room, count);
}
