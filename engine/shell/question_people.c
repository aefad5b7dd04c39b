// Questions about people: what one of them has, and how all of them stand.
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"
#include "engine/state/frame.h"

enum {
    HOLDINGS_LIMIT = 100, HOLDINGS_SCAN_MAX = 2000, // cases looked at for one answer
    PEOPLE_LIMIT = 200, PEOPLE_AT_ONCE = 32
};

bool question_over(struct question *q, uint32_t whose)
{
    if (rights_over_person(q->env.view, q->env.user, whose)) {
        return true;
    }
    return question_refuse(
        q, REFUSAL_NOT_ALLOWED,
        arena_format(q->env.arena, "what `%.*s` has to do is for himself and those above him",
                     SLICE_PRINT(card_user_name(&q->env, whose))),
        SLICE_EMPTY);
}

// --- what one person has -------------------------------------------------------------------------

struct holdings {
    struct question *q;
    uint32_t whose;
    uint64_t last, limit, looked;
    struct reply_count cases;
    bool stopped;
};

static uint32_t count_slots(const struct holdings *holdings, const struct instance *instance)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        count += instance->slot[i].user == holdings->whose ? 1u : 0u;
    }
    return count;
}

// Tasks that an escalation has frozen come back to him, so they are his to hand over, too.
static uint32_t count_frozen(const struct holdings *holdings, const struct instance *instance)
{
    uint32_t count = 0;
    for (uint32_t level = 0; level < frame_count(instance); level++) {
        const struct frame *frame = view_frame(holdings->q->env.view, instance, level);
        for (uint32_t i = 0; frame != NULL && i < frame->head.task_count; i++) {
            count += frame->task[i].task.holder == holdings->whose ? 1u : 0u;
        }
    }
    return count;
}

static uint32_t count_tasks(const struct holdings *holdings, const struct instance *instance)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        count += instance->task[i].holder == holdings->whose ? 1u : 0u;
    }
    return count;
}

static void write_holding(struct holdings *holdings, const struct instance *instance,
                          uint32_t slots, uint32_t tasks)
{
    struct card_env *env = &holdings->q->env;
    const struct view_program *program = view_program(env->view, instance->head.program);
    pack_map(env->buf, 4);
    reply_uint(env->buf, "instance", instance->head.id);
    reply_text(env->buf, "process",
               program != NULL ? image_slice(&program->image, program->image.process[0].name)
                               : SLICE_EMPTY);
    reply_key(env->buf, "tasks");
    pack_array(env->buf, tasks);
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if (task->holder == holdings->whose) {
            pack_map(env->buf, 3);
            reply_uint(env->buf, "task", task->number);
            reply_text(env->buf, "title", view_task_title(env->view, instance, task));
            reply_moment(env->buf, "due", task->due);
        }
    }
    reply_key(env->buf, "slots");
    pack_array(env->buf, slots);
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        if (instance->slot[i].user == holdings->whose) {
            pack_str(env->buf, view_role_name(env->view, instance->slot[i].role));
        }
    }
    holdings->cases.count++;
}

static bool look_at(void *context, const struct instance *instance)
{
    struct holdings *holdings = context;
    if (holdings->looked == HOLDINGS_SCAN_MAX || holdings->cases.count == holdings->limit) {
        holdings->stopped = true;
        return false;
    }
    holdings->looked++;
    holdings->last = instance->head.id;
    bool open = instance->head.status == INSTANCE_OPEN;
    uint32_t slots = open ? count_slots(holdings, instance) : 0;
    uint32_t tasks = open ? count_tasks(holdings, instance) : 0;
    uint32_t frozen = open ? count_frozen(holdings, instance) : 0;
    if (slots + tasks + frozen > 0) {
        write_holding(holdings, instance, slots, tasks);
    }
    return true;
}

bool answer_holdings(struct question *q)
{
    uint64_t limit = question_number(q->call, PARAM_LIMIT, HOLDINGS_LIMIT);
    struct holdings holdings = { .q = q, .limit = limit < HOLDINGS_LIMIT ? limit : HOLDINGS_LIMIT };
    uint64_t from = question_number(q->call, PARAM_FROM, 0);
    question_begin(q);
    bool known = question_user(q, PARAM_AS, &q->env.user) &&
                 question_user(q, PARAM_USER, &holdings.whose) &&
                 question_over(q, holdings.whose);
    if (known) {
        pack_map(q->env.buf, 2);
        reply_key(q->env.buf, "cases");
        holdings.cases = reply_open_array(q->env.buf);
        if (from < UINT64_MAX) {
            view_all_instances(q->env.view, from + 1, look_at, &holdings);
        }
        reply_close(q->env.buf, holdings.cases);
        // Where to go on from; nil when every case was looked at.
        reply_moment(q->env.buf, "next", holdings.stopped ? holdings.last : 0);
    }
    question_end(q);
    return known;
}

// --- how people stand ----------------------------------------------------------------------------

struct standing {
    uint64_t now_ms;
    uint32_t late, promised, overdue; // overdue: promised moments that have passed
};

static bool count_standing(void *context, const struct view_task_row *row)
{
    struct standing *standing = context;
    uint64_t moment = row->until > row->due ? row->until : row->due;
    bool late = moment < standing->now_ms;
    bool promised = (row->flags & TASK_FLAG_PROMISED) != 0;
    standing->late += late ? 1u : 0u;
    standing->promised += promised ? 1u : 0u;
    standing->overdue += late && promised ? 1u : 0u;
    return true;
}

static void write_standing(struct question *q, const struct view_user *user)
{
    struct standing standing = { .now_ms = q->env.now_ms };
    view_tasks_of_user(q->env.view, user->id, count_standing, &standing);
    struct view_promises promises = view_promises(q->env.view, user->id);
    pack_map(q->env.buf, 10);
    reply_text(q->env.buf, "name", user->name);
    reply_text(q->env.buf, "title", user->title);
    reply_bool(q->env.buf, "away", user->away);
    reply_uint(q->env.buf, "tasks", view_load(q->env.view, user->id));
    reply_uint(q->env.buf, "late", standing.late);
    reply_uint(q->env.buf, "promised", standing.promised);
    reply_uint(q->env.buf, "overdue", standing.overdue);
    reply_uint(q->env.buf, "kept", promises.kept);
    reply_uint(q->env.buf, "broken", promises.broken);
    reply_uint(q->env.buf, "postponed", view_postponed(q->env.view, user->id));
}

bool answer_people(struct question *q)
{
    uint64_t from = question_number(q->call, PARAM_FROM, 0);
    uint64_t limit = question_number(q->call, PARAM_LIMIT, PEOPLE_LIMIT);
    limit = limit < PEOPLE_LIMIT ? limit : PEOPLE_LIMIT;
    question_begin(q);
    bool known = question_user(q, PARAM_AS, &q->env.user);
    uint32_t count = view_user_count(q->env.view);
    uint64_t next = from < count ? from + 1 : (uint64_t)count + 1;
    if (known) {
        pack_map(q->env.buf, 2);
        reply_key(q->env.buf, "people");
        struct reply_count list = reply_open_array(q->env.buf);
        for (; next <= count && list.count < limit; next++) {
            if (next % PEOPLE_AT_ONCE == 0) {
                question_end(q);
                question_begin(q);
            }
            const struct view_user *user = view_user(q->env.view, (uint32_t)next);
            if (user != NULL && user->active &&
                rights_over_person(q->env.view, q->env.user, user->id)) {
                write_standing(q, user);
                list.count++;
            }
        }
        reply_close(q->env.buf, list);
        reply_moment(q->env.buf, "next", next <= count ? next - 1 : 0);
    }
    question_end(q);
    return known;
}
