// Why a case is what it is: the record that made it so, what brought that about, and so on, until
// something from outside is reached.
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/cause.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"
#include "engine/shell/walk.h"

enum about { ABOUT_ANYTHING, ABOUT_STAGE, ABOUT_TASK };

struct why {
    struct question *q;
    struct quote_book book;
    uint64_t instance, seq; // the link in hand
    uint32_t budget;        // records that may still be read
    struct reply_count links;
    enum err err;
};

// --- where to begin ------------------------------------------------------------------------------

static bool is_about_stage(const struct event *event)
{
    switch ((unsigned)event->kind) {
    case EVENT_STAGE_ENTERED:
    case EVENT_STAGE_EXITED:
    case EVENT_BRANCH_DONE:
    case EVENT_FROZEN:
    case EVENT_RESUMED:
    case EVENT_UNDONE:
    case EVENT_INSTANCE_ENDED:
    case EVENT_INSTANCE_REOPENED: return true;
    default: return false;
    }
}

static bool is_about_task(const struct event *event)
{
    switch ((unsigned)event->kind) {
    case EVENT_TASK_OPENED: return !event->task_opened.side;
    case EVENT_TASK_REPLANNED:
    case EVENT_TASK_ASSIGNED:
    case EVENT_TASK_RESUMED:
    case EVENT_UNDONE: return true;
    default: return false;
    }
}

static bool explains(const struct record *record, uint64_t instance, enum about about)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event_instance(event) == instance &&
            ((about != ABOUT_TASK && is_about_stage(event)) ||
             (about != ABOUT_STAGE && is_about_task(event)))) {
            return true;
        }
    }
    return false;
}

static bool touches(const struct record *record, uint64_t instance, uint64_t *ret_previous)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            *ret_previous = record->touched[i].previous_seq;
            return true;
        }
    }
    return false;
}

// The newest record that made the case what it is, as far as is asked.
static bool find_first(struct why *why, uint64_t last, enum about about)
{
    struct arena *arena = why->q->env.arena;
    for (uint64_t seq = last; seq != 0 && why->budget > 0;) {
        struct arena_mark mark = arena_mark(arena);
        struct record record;
        uint64_t previous = 0;
        why->budget--;
        why->err = walk_record(why->q->shell->reader, seq, arena, &record);
        bool found = why->err == OK && explains(&record, why->instance, about);
        bool known = why->err == OK && touches(&record, why->instance, &previous);
        arena_rewind(arena, mark);
        if (found) {
            why->seq = seq;
            return true;
        }
        if (!known) {
            return false;
        }
        seq = previous < seq ? previous : 0;
    }
    return false;
}

// --- one link ------------------------------------------------------------------------------------

static void write_link(struct why *why, const struct record *record, const struct cause *cause)
{
    struct card_env *env = &why->q->env;
    pack_map(env->buf, 2);
    reply_key(env->buf, "because");
    pack_map(env->buf, 3);
    reply_text(env->buf, "kind", slice_from_cstr(cause_name(cause->kind)));
    reply_uint(env->buf, "seq", cause->seq);
    reply_uint(env->buf, "instance", cause->seq != 0 ? cause->instance : 0);
    reply_key(env->buf, "record");
    card_record(env, why->seq, record, why->instance);
    why->links.count++;
}

// A case further back that the asker may not see ends what he is told.
static bool may_see(struct why *why, uint64_t id)
{
    struct question *q = why->q;
    const struct instance *instance =
        q->env.user != 0 ? view_instance(q->env.view, id, NULL) : NULL;
    const struct view_program *program =
        instance != NULL ? view_program(q->env.view, instance->head.program) : NULL;
    return q->env.user == 0 ||
           (program != NULL && rights_see(q->env.view, instance, program, q->env.user));
}

// Writes the link in hand and goes to the one behind it. False: it was the last.
static bool follow(struct why *why)
{
    struct question *q = why->q;
    struct record record;
    struct cause cause;
    why->budget -= why->budget > 0 ? 1 : 0;
    why->err = walk_record(q->shell->reader, why->seq, q->env.arena, &record);
    if (why->err == OK) {
        why->err = cause_of(q->shell->reader, &record, why->instance, &why->budget, q->env.arena,
                            &cause);
    }
    if (why->err != OK) {
        return false;
    }
    question_begin(q);
    write_link(why, &record, &cause);
    bool seen = cause.seq != 0 && may_see(why, cause.instance);
    question_end(q);
    why->seq = cause.seq;
    why->instance = cause.instance;
    return seen;
}

static void write_answer(struct why *why, uint64_t instance)
{
    struct question *q = why->q;
    pack_map(q->env.buf, 3);
    reply_uint(q->env.buf, "instance", instance);
    reply_key(q->env.buf, "links");
    why->links = reply_open_array(q->env.buf);
    bool more = true;
    while (more && why->links.count < WHY_LINKS_MAX && why->budget > 0) {
        more = follow(why);
    }
    reply_close(q->env.buf, why->links);
    // There is more behind, which a question about that record of that case tells.
    reply_bool(q->env.buf, "more", more && why->err == OK);
}

static bool read_about(struct question *q, enum about *ret_about)
{
    struct slice about = q->call->arg[PARAM_ABOUT].bytes;
    *ret_about = ABOUT_ANYTHING;
    if (!call_has(q->call, PARAM_ABOUT)) {
        return true;
    }
    if (slice_equal(about, SLICE("stage")) || slice_equal(about, SLICE("task"))) {
        *ret_about = slice_equal(about, SLICE("stage")) ? ABOUT_STAGE : ABOUT_TASK;
        return true;
    }
    return question_refuse(q, REFUSAL_BAD_REQUEST, SLICE("`about` is `stage` or `task`"),
                           SLICE("about"));
}

// The record that was asked for by number is one of this case.
static bool find_named(struct why *why, uint64_t seq, uint64_t last)
{
    struct question *q = why->q;
    struct record record;
    uint64_t previous = 0;
    why->seq = seq;
    bool there = seq > 0 && seq <= last &&
                 walk_record(q->shell->reader, seq, q->env.arena, &record) == OK &&
                 touches(&record, why->instance, &previous);
    return there || question_refuse(q, REFUSAL_BAD_REQUEST,
                                    arena_format(q->env.arena,
                                                 "record %llu is not one of case %llu",
                                                 (unsigned long long)seq,
                                                 (unsigned long long)why->instance),
                                    SLICE("seq"));
}

bool answer_why(struct question *q)
{
    uint64_t id = q->call->arg[PARAM_INSTANCE].number;
    struct why why = { .q = q, .instance = id, .budget = WHY_RECORDS_MAX,
                       .book = { .reader = q->shell->reader, .arena = q->env.arena } };
    enum about about;
    if (!read_about(q, &about)) {
        return false;
    }
    question_begin(q);
    const struct view_program *program = NULL;
    const struct instance *instance =
        question_user(q, PARAM_AS, &q->env.user) ? question_instance(q, &program) : NULL;
    uint64_t last = instance != NULL ? instance->head.last_seq : 0;
    question_end(q);
    if (instance == NULL) {
        return false;
    }
    q->env.book = &why.book;
    bool found = call_has(q->call, PARAM_SEQ)
                     ? find_named(&why, q->call->arg[PARAM_SEQ].number, last)
                     : find_first(&why, last, about);
    if (found) {
        write_answer(&why, id);
    }
    if (why.err != OK) {
        return question_refuse(q, REFUSAL_ROW_DAMAGED,
                               SLICE("a record of this case's history is damaged"), SLICE_EMPTY);
    }
    return found || q->refusal.code != REFUSAL_NONE
               ? found
               : question_refuse(q, REFUSAL_LIMIT,
                                 SLICE("nothing in the newest records of this case explains it; "
                                       "name a record by `seq`"), SLICE("seq"));
}
