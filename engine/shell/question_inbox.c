// The inbox of a person: cards in the order of his lanes, what he has done lately as far as a lane
// shows it, notices; of an administrator everybody's tasks, and incidents.
#include "base/check.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/inbox_list.h"
#include "engine/shell/lanes.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"

enum { INBOX_LIMIT = 100, CARDS_AT_ONCE = 32, NOTICES_SHOWN_MAX = 64, INCIDENTS_SHOWN_MAX = 200 };

// What is shown: open tasks first, then what is done.
struct ranking {
    struct question *q;
    struct lanes lanes;
    struct lane_place *place;
    uint32_t *open, *done; // numbers of places
    uint32_t open_count, done_count, place_count;
    struct view_done_row *rows; // of what is done
    uint32_t row_count;
    uint32_t looked; // cases since the lock was given back
};

// So that the store's lock is never held for long.
static void breathe(struct ranking *ranking)
{
    if (++ranking->looked % CARDS_AT_ONCE == 0) {
        question_end(ranking->q);
        question_begin(ranking->q);
    }
}

// --- ranking -------------------------------------------------------------------------------------

static void rank_open(struct ranking *ranking, const struct inbox_list *list)
{
    const struct view *view = ranking->q->env.view;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct inbox_item *item = &list->items[i];
        struct lane_place *place = &ranking->place[ranking->place_count];
        *place = (struct lane_place){ .due = item->due, .instance = item->instance,
                                      .task = item->task, .inbox = INDEX_NONE,
                                      .lane = INDEX_NONE };
        if (ranking->lanes.count > 0) {
            breathe(ranking);
            const struct instance *instance = view_instance(view, item->instance, NULL);
            const struct open_task *task =
                instance != NULL ? instance_task_const(instance, item->task) : NULL;
            const struct view_program *program =
                task != NULL ? view_program(view, instance->head.program) : NULL;
            if (program == NULL) {
                continue;
            }
            lanes_place(&ranking->lanes, program, instance, task, 0, place);
        }
        ranking->open[ranking->open_count++] = ranking->place_count++;
    }
    if (ranking->lanes.count > 0) {
        lanes_sort(&ranking->lanes, ranking->place, ranking->open, ranking->open_count);
    }
}

static bool keep_row(void *context, const struct view_done_row *row)
{
    struct ranking *ranking = context;
    struct view_done_row *kept = &ranking->rows[ranking->row_count++];
    *kept = *row;
    kept->title = arena_copy(ranking->q->env.arena, row->title);
    return ranking->row_count < DONE_PER_USER_MAX;
}

static bool asks_done(const struct lanes *lanes)
{
    for (uint32_t i = 0; i < lanes->count; i++) {
        for (uint32_t n = 0; n < lanes->inbox[i]->image.lane_count; n++) {
            if ((lanes->inbox[i]->image.lane[n].flags & LANE_DONE) != 0) {
                return true;
            }
        }
    }
    return false;
}

// The place of a row has the number of the row after those of the open tasks.
static void rank_done(struct ranking *ranking)
{
    static const uint64_t kept_ms = (uint64_t)DONE_KEPT_HOURS * 3600 * 1000;
    struct question *q = ranking->q;
    if (!asks_done(&ranking->lanes)) {
        return;
    }
    uint64_t from_ms = q->env.now_ms > kept_ms ? q->env.now_ms - kept_ms : 0;
    ranking->rows = ARENA_ARRAY(q->env.arena, struct view_done_row, DONE_PER_USER_MAX);
    view_done(q->env.view, ranking->lanes.reader, from_ms, keep_row, ranking);
    for (uint32_t i = 0; i < ranking->row_count; i++) {
        breathe(ranking);
        const struct view_done_row *row = &ranking->rows[i];
        const struct instance *instance = view_instance(q->env.view, row->instance, NULL);
        const struct view_program *program = view_program(q->env.view, row->program);
        struct lane_place *place = &ranking->place[INBOX_TASKS_MAX + i];
        bool seen = instance != NULL && program != NULL &&
                    instance->head.program == row->program &&
                    (q->env.user == 0 || rights_see(q->env.view, instance, program, q->env.user));
        if (!seen) {
            continue;
        }
        lanes_place(&ranking->lanes, program, instance, &row->task, row->at, place);
        if (place->lane != INDEX_NONE) {
            ranking->done[ranking->done_count++] = INBOX_TASKS_MAX + i;
        }
    }
    lanes_sort(&ranking->lanes, ranking->place, ranking->done, ranking->done_count);
}

static void ranking_init(struct ranking *ranking, struct question *q)
{
    struct arena *arena = q->env.arena;
    uint32_t most = INBOX_TASKS_MAX + DONE_PER_USER_MAX;
    *ranking = (struct ranking){ .q = q };
    ranking->place = ARENA_ARRAY(arena, struct lane_place, most);
    ranking->open = ARENA_ARRAY(arena, uint32_t, INBOX_TASKS_MAX + 1);
    ranking->done = ARENA_ARRAY(arena, uint32_t, DONE_PER_USER_MAX + 1);
}

// --- cards ---------------------------------------------------------------------------------------

static void write_tasks(struct ranking *ranking, uint32_t limit)
{
    struct question *q = ranking->q;
    reply_key(q->env.buf, "tasks");
    struct reply_count cards = reply_open_array(q->env.buf);
    for (uint32_t i = 0; i < ranking->open_count && cards.count < limit; i++) {
        breathe(ranking);
        const struct lane_place *place = &ranking->place[ranking->open[i]];
        const struct instance *instance = view_instance(q->env.view, place->instance, NULL);
        const struct open_task *task =
            instance != NULL ? instance_task_const(instance, place->task) : NULL;
        const struct view_program *program =
            task != NULL ? view_program(q->env.view, instance->head.program) : NULL;
        if (program != NULL) {
            card_task(&q->env, program, instance, task, &ranking->lanes, place);
            cards.count++;
        }
    }
    reply_close(q->env.buf, cards);
}

static void write_done(struct ranking *ranking, uint32_t limit)
{
    struct question *q = ranking->q;
    reply_key(q->env.buf, "done");
    struct reply_count cards = reply_open_array(q->env.buf);
    for (uint32_t i = 0; i < ranking->done_count && cards.count < limit; i++) {
        const struct lane_place *place = &ranking->place[ranking->done[i]];
        const struct view_done_row *row = &ranking->rows[ranking->done[i] - INBOX_TASKS_MAX];
        const struct view_program *program = view_program(q->env.view, row->program);
        if (program != NULL) {
            card_done(&q->env, program, row, &ranking->lanes, place);
            cards.count++;
        }
    }
    reply_close(q->env.buf, cards);
}

static uint32_t count_in(const struct ranking *ranking, const uint32_t *numbers, uint32_t count,
                         uint32_t inbox, uint32_t lane)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct lane_place *place = &ranking->place[numbers[i]];
        found += place->inbox == inbox && place->lane == lane ? 1 : 0;
    }
    return found;
}

static void write_lane(struct ranking *ranking, uint32_t inbox, uint32_t number)
{
    const struct card_env *env = &ranking->q->env;
    const struct image *image = &ranking->lanes.inbox[inbox]->image;
    const struct image_lane *lane = &image->lane[number];
    pack_map(env->buf, 7);
    reply_text(env->buf, "inbox", image_slice(image, image->inbox[0].name));
    reply_text(env->buf, "lane", image_slice(image, lane->name));
    reply_text(env->buf, "label", image_label(image, lane->label, env->lang));
    reply_text(env->buf, "colour", slice_from_cstr(image_colour_name(lane->colour)));
    reply_uint(env->buf, "tasks",
               count_in(ranking, ranking->open, ranking->open_count, inbox, number));
    reply_uint(env->buf, "done",
               count_in(ranking, ranking->done, ranking->done_count, inbox, number));
    reply_key(env->buf, "order");
    pack_array(env->buf, lane->sorts.count);
    for (uint32_t i = lane->sorts.first; i < lane->sorts.first + lane->sorts.count; i++) {
        pack_cstr(env->buf, image->sort[i].descending != 0 ? "desc" : "asc");
    }
}

static void write_lanes(struct ranking *ranking)
{
    const struct card_env *env = &ranking->q->env;
    reply_key(env->buf, "lanes");
    struct reply_count list = reply_open_array(env->buf);
    for (uint32_t inbox = 0; inbox < ranking->lanes.count; inbox++) {
        for (uint32_t i = 0; i < ranking->lanes.inbox[inbox]->image.lane_count; i++) {
            write_lane(ranking, inbox, i);
            list.count++;
        }
    }
    reply_close(env->buf, list);
}

// --- notices and incidents -----------------------------------------------------------------------

struct row_writer {
    struct buf *buf;
    struct reply_count list;
    uint32_t most;
    uint64_t now_ms;
};

static bool write_notice(void *context, const struct view_notice_row *row)
{
    struct row_writer *writer = context;
    if (row->at > writer->now_ms) {
        return true; // told when a calendar opens
    }
    pack_map(writer->buf, 3);
    reply_moment(writer->buf, "at", row->at);
    reply_uint(writer->buf, "instance", row->instance);
    reply_text(writer->buf, "text", row->text);
    return ++writer->list.count < writer->most;
}

static bool write_incident(void *context, const struct view_incident_row *row)
{
    struct row_writer *writer = context;
    pack_map(writer->buf, 5);
    reply_uint(writer->buf, "incident", row->incident);
    reply_uint(writer->buf, "instance", row->instance);
    reply_moment(writer->buf, "at", row->at);
    reply_text(writer->buf, "kind", row->kind);
    reply_text(writer->buf, "text", row->text);
    return ++writer->list.count < writer->most;
}

static void write_notices_and_incidents(struct question *q)
{
    struct row_writer writer = { q->env.buf, { 0, 0 }, NOTICES_SHOWN_MAX, q->env.now_ms };
    reply_key(q->env.buf, "notices");
    writer.list = reply_open_array(q->env.buf);
    if (q->env.user != 0) {
        view_notices(q->env.view, q->env.user, write_notice, &writer);
    }
    reply_close(q->env.buf, writer.list);
    reply_key(q->env.buf, "incidents");
    writer.list = reply_open_array(q->env.buf);
    writer.most = INCIDENTS_SHOWN_MAX;
    if (q->env.user == 0) {
        view_incidents(q->env.view, write_incident, &writer);
    }
    reply_close(q->env.buf, writer.list);
}

static void collect_tasks(struct question *q, struct inbox_list *list, uint32_t whose)
{
    if (whose != 0) {
        inbox_list_fill(list, q->env.view, whose);
        return;
    }
    // An administrator's inbox is everybody's: whoever holds a task, and every role it is offered
    // to. The store's lock is given back again and again on the way.
    uint32_t users = view_user_count(q->env.view);
    uint32_t roles = view_counters(q->env.view)->next_role;
    for (uint32_t i = 1; i <= users || i < roles; i++) {
        if (i % CARDS_AT_ONCE == 0) {
            question_end(q);
            question_begin(q);
        }
        if (i <= users) {
            view_tasks_of_user(q->env.view, i, inbox_list_keep, list);
        }
        if (i < roles) {
            view_tasks_of_role(q->env.view, i, inbox_list_keep, list);
        }
    }
}

// The zone of the clock that the one who looks has before him, when he says so.
static bool take_zone(struct question *q, struct lanes *lanes)
{
    if (!call_has(q->call, PARAM_ZONE)) {
        return true;
    }
    struct slice name = q->call->arg[PARAM_ZONE].bytes;
    if (!lanes_set_zone(lanes, name)) {
        return question_refuse(q, REFUSAL_UNKNOWN_ZONE,
                               arena_format(q->env.arena, "this machine's tzdata has no zone "
                                                          "`%.*s`", SLICE_PRINT(name)), name);
    }
    return true;
}

static void answer(struct question *q, struct ranking *ranking, uint32_t limit)
{
    struct inbox_list list;
    bool ranked = ranking->lanes.count > 0; // else the first ones by due moment are enough
    inbox_list_init(&list, ranked ? INBOX_TASKS_MAX : limit, q->env.arena);
    collect_tasks(q, &list, ranking->lanes.reader);
    rank_open(ranking, &list);
    rank_done(ranking);
    pack_map(q->env.buf, 8);
    reply_text(q->env.buf, "zone", ranking->lanes.zone_name);
    write_lanes(ranking);
    write_tasks(ranking, limit);
    write_done(ranking, limit);
    write_notices_and_incidents(q);
    reply_bool(q->env.buf, "more",
               list.more || ranking->open_count > limit || ranking->done_count > limit);
    reply_moment(q->env.buf, "now", q->env.now_ms);
}

bool question_inbox(struct question *q)
{
    uint64_t limit = question_number(q->call, PARAM_LIMIT, INBOX_LIMIT);
    limit = limit < INBOX_TASKS_MAX ? limit : INBOX_TASKS_MAX;
    struct ranking *ranking = ARENA_NEW(q->env.arena, struct ranking);
    ranking_init(ranking, q);
    question_begin(q);
    bool known = question_user(q, PARAM_AS, &q->env.user);
    uint32_t whose = q->env.user;
    known = known && question_user(q, PARAM_USER, &whose) && question_over(q, whose);
    if (known) {
        lanes_open(&ranking->lanes, q->env.view, q->env.arena, whose, q->env.user, q->env.now_ms);
        ranking->lanes.currency = q->env.currency;
        known = take_zone(q, &ranking->lanes);
    }
    if (known) {
        answer(q, ranking, (uint32_t)limit);
    }
    question_end(q);
    return known;
}
