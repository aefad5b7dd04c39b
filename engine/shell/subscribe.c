// Subscriptions. One to a case is gapless: what is sent is read from the journal, each record after
// the one it names as its predecessor, whether it is old (catching up) or has just been committed.
// One to an inbox tells the latest state per task, at most four times a second.
#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/reply.h"
#include "engine/shell/subscribe_internal.h"
#include "engine/shell/walk.h"

enum { CATCH_UP_RECORDS = 64 };

static void unlink_one(struct shell *shell, struct subscription *subscription)
{
    struct subscription **at = &shell->watching;
    while (*at != subscription) {
        CHECK(*at != NULL);
        at = &(*at)->next;
    }
    *at = subscription->next;
    subscription->session->subscription_count--;
    shell->watch_count--;
    if (subscription->user != 0) {
        inbox_watch_end(shell, subscription);
    }
    mem_free(subscription);
    atomic_store(&shell->options.core_tick->watched, shell->watch_count > 0);
}

void subscribe_forget(struct shell *shell, struct session *session)
{
    for (struct subscription *s = shell->watching, *next; s != NULL; s = next) {
        next = s->next;
        if (s->session == session) {
            unlink_one(shell, s);
        }
    }
    CHECK(session->subscription_count == 0);
}

static struct subscription *find(struct shell *shell, const struct session *session,
                                 uint64_t instance, uint32_t user)
{
    struct subscription *s = shell->watching;
    while (s != NULL && (s->session != session || s->instance != instance || s->user != user)) {
        s = s->next;
    }
    return s;
}

struct card_env subscribe_env(struct shell *shell, const struct session *session,
                              struct buf *buf)
{
    return (struct card_env){
        .view = shell->view,
        .arena = &shell->scratch,
        .buf = buf,
        .currency = shell->options.currency,
        .lang = session_lang(session),
        .now_ms = timekeeper_now(shell->options.keeper),
    };
}

// --- subscribe, unsubscribe ----------------------------------------------------------------------

// The user named by `as`; 0: an administrator. False: refused.
static bool find_viewer(struct shell *shell, const struct call *call, uint32_t *ret_viewer,
                        struct refusal *refusal)
{
    *ret_viewer = 0;
    if (!call_has(call, PARAM_AS)) {
        return true;
    }
    const struct view_user *user = view_user_named(shell->view, call->arg[PARAM_AS].bytes);
    if (user == NULL || !user->active) {
        *refusal = (struct refusal){ REFUSAL_UNKNOWN_USER,
                                     SLICE("there is no active user of that name"), SLICE("as") };
        return false;
    }
    *ret_viewer = user->id;
    return true;
}

static bool may_watch(const struct view *view, const struct instance *instance, uint32_t viewer)
{
    const struct view_program *program = view_program(view, instance->head.program);
    const struct view_user *user = view_user(view, viewer);
    return viewer == 0 || (program != NULL && user != NULL && user->active &&
                           rights_see(view, instance, program, viewer));
}

static bool watch_case(struct shell *shell, struct subscription *s, const struct call *call,
                       struct refusal *refusal)
{
    s->instance = call->arg[PARAM_INSTANCE].number;
    view_begin(shell->view);
    const struct instance *instance = view_instance(shell->view, s->instance, NULL);
    uint64_t last = instance != NULL ? instance->head.last_seq : 0;
    bool known = find_viewer(shell, call, &s->viewer, refusal);
    bool may = known && instance != NULL && may_watch(shell->view, instance, s->viewer);
    struct slice why = rights_unseen(shell->view, s->instance, s->viewer, &shell->scratch);
    view_end(shell->view);
    if (!known) {
        return false;
    }
    if (instance != NULL && !may) {
        *refusal = (struct refusal){
            REFUSAL_NOT_ALLOWED,
            why,
            SLICE("instance"),
        };
        return false;
    }
    if (instance == NULL) {
        *refusal = (struct refusal){ REFUSAL_UNKNOWN_INSTANCE, SLICE("there is no such case"),
                                     SLICE("instance") };
        return false;
    }
    s->last_seq = last;
    s->sent_seq = call_has(call, PARAM_FROM) ? call->arg[PARAM_FROM].number : last;
    if (s->sent_seq > last) {
        *refusal = (struct refusal){
            REFUSAL_BAD_REQUEST,
            arena_format(&shell->scratch, "the newest record of the case is %llu",
                         (unsigned long long)last), SLICE("from"),
        };
        return false;
    }
    s->catching_up = s->sent_seq < last;
    return true;
}

static bool watch_inbox(struct shell *shell, struct subscription *s, const struct call *call,
                        struct refusal *refusal)
{
    struct slice zone = call_has(call, PARAM_ZONE) ? call->arg[PARAM_ZONE].bytes : SLICE_EMPTY;
    uint32_t viewer;
    view_begin(shell->view);
    const struct view_user *user = view_user_named(shell->view, call->arg[PARAM_INBOX].bytes);
    bool zoned = zone.len == 0 || view_zone_named(shell->view, zone) != NULL;
    bool known = find_viewer(shell, call, &viewer, refusal);
    bool may = known && user != NULL && rights_over_person(shell->view, viewer, user->id);
    if (may && zoned) {
        s->user = user->id;
        if (zone.len > 0) {
            memcpy(s->zone, zone.ptr, zone.len);
        }
        inbox_watch_begin(shell, s, user);
    }
    view_end(shell->view);
    if (user == NULL) {
        *refusal = (struct refusal){ REFUSAL_UNKNOWN_USER, SLICE("there is no such user"),
                                     SLICE("inbox") };
    } else if (known && !may) {
        *refusal = (struct refusal){ REFUSAL_NOT_ALLOWED,
                                     SLICE("an inbox is for its owner and those above him"),
                                     SLICE("inbox") };
    } else if (known && !zoned) {
        *refusal = (struct refusal){ REFUSAL_UNKNOWN_ZONE,
                                     SLICE("this machine's tzdata has no such zone"),
                                     SLICE("zone") };
    }
    return may && zoned;
}

static bool subscribe(struct shell *shell, struct session *session, const struct call *call,
                      struct refusal *refusal)
{
    if (session->subscription_count == SUBSCRIPTIONS_PER_SESSION_MAX) {
        *refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("a connection holds 64 subscriptions"),
                                     SLICE_EMPTY };
        return false;
    }
    struct subscription *s = mem_zalloc(sizeof(*s));
    s->session = session;
    // Before the view is looked at: a commit that misses this flag is already in what is read
    // below.
    atomic_store(&shell->options.core_tick->watched, true);
    bool good = call_has(call, PARAM_INSTANCE) ? watch_case(shell, s, call, refusal)
                                               : watch_inbox(shell, s, call, refusal);
    struct subscription *before = good ? find(shell, session, s->instance, s->user) : NULL;
    if (before != NULL) {
        unlink_one(shell, before); // the new one takes its place
        atomic_store(&shell->options.core_tick->watched, true);
    }
    if (!good) {
        mem_free(s);
        atomic_store(&shell->options.core_tick->watched, shell->watch_count > 0);
        return false;
    }
    s->next = shell->watching;
    shell->watching = s;
    shell->watch_count++;
    session->subscription_count++;
    reply_begin(&session->out, call->msgid);
    pack_map(&session->out, 1);
    if (s->user != 0) {
        reply_text(&session->out, "inbox", call->arg[PARAM_INBOX].bytes);
    } else {
        reply_uint(&session->out, "seq", s->last_seq);
    }
    return true;
}

static bool unsubscribe(struct shell *shell, struct session *session, const struct call *call,
                        struct refusal *refusal)
{
    uint32_t user = 0;
    if (call_has(call, PARAM_INBOX)) {
        view_begin(shell->view);
        const struct view_user *known = view_user_named(shell->view, call->arg[PARAM_INBOX].bytes);
        user = known != NULL ? known->id : UINT32_MAX;
        view_end(shell->view);
    }
    struct subscription *s = find(shell, session, call->arg[PARAM_INSTANCE].number, user);
    if (s == NULL) {
        *refusal = (struct refusal){ REFUSAL_BAD_REQUEST, SLICE("there is no such subscription"),
                                     SLICE_EMPTY };
        return false;
    }
    unlink_one(shell, s);
    reply_result(&session->out, call->msgid, SLICE("\x80"));
    return true;
}

void subscribe_call(struct shell *shell, struct session *session, const struct call *call)
{
    struct refusal refusal = { 0 };
    bool one = call_has(call, PARAM_INSTANCE) != call_has(call, PARAM_INBOX);
    bool good = false;
    if (!one || (call_has(call, PARAM_FROM) && !call_has(call, PARAM_INSTANCE)) ||
        (call_has(call, PARAM_ZONE) && !call_has(call, PARAM_INBOX))) {
        refusal = (struct refusal){ REFUSAL_BAD_REQUEST,
                                    SLICE("give `instance` (with `from`, if wanted) or `inbox` "
                                          "(with `zone`)"),
                                    SLICE_EMPTY };
    } else if (shell->stopping) {
        refusal = (struct refusal){ REFUSAL_STOPPING, SLICE("the engine is shutting down"),
                                    SLICE_EMPTY };
    } else {
        good = call->method == METHOD_SUBSCRIBE ? subscribe(shell, session, call, &refusal)
                                                : unsubscribe(shell, session, call, &refusal);
    }
    if (!good) {
        session_refuse(shell, session, call->msgid, &refusal);
        return;
    }
    session_mark_dirty(shell, session);
}

// --- what was committed --------------------------------------------------------------------------

void subscribe_touched(struct shell *shell, const struct delivery *delivery)
{
    if (shell->watch_count == 0) {
        return;
    }
    size_t count = delivery->touched.len / sizeof(struct delivery_touched);
    for (size_t i = 0; i < count; i++) {
        struct delivery_touched touched;
        memcpy(&touched, delivery->touched.ptr + i * sizeof(touched), sizeof(touched));
        if (touched.instance == 0) {
            inbox_watch_people(shell);
            continue;
        }
        inbox_watch_touched(shell, touched.instance);
        for (struct subscription *s = shell->watching; s != NULL; s = s->next) {
            if (s->instance == touched.instance && s->last_seq < touched.seq) {
                s->last_seq = touched.seq;
            }
        }
    }
}

// --- pushes of a case ----------------------------------------------------------------------------

// The notification of one record, made once however many listen in one language with the eyes of
// one person.
static enum err encode_push(struct shell *shell, const struct subscription *s, uint64_t seq)
{
    const struct session *session = s->session;
    const uint64_t instance = s->instance;
    if (shell->push_seq == seq && shell->push_instance == instance &&
        shell->push_viewer == s->viewer &&
        memcmp(shell->push_lang, session->lang, sizeof(shell->push_lang)) == 0) {
        return OK;
    }
    memcpy(shell->push_lang, session->lang, sizeof(shell->push_lang));
    if (shell->push.bytes_max == 0) {
        buf_init(&shell->push, SESSION_OUTPUT_BYTES_MAX);
    }
    buf_reset(&shell->push);
    struct record record;
    enum err err = walk_record(shell->reader, seq, &shell->scratch, &record);
    if (err != OK) {
        return err;
    }
    struct card_env env = subscribe_env(shell, session, &shell->push);
    env.user = s->viewer;
    reply_notification(&shell->push, "case");
    view_begin(shell->view);
    card_record(&env, seq, &record, instance);
    view_end(shell->view);
    shell->push_seq = seq;
    shell->push_instance = instance;
    shell->push_viewer = s->viewer;
    return shell->push.overflow ? ERR_TOO_BIG : OK;
}

static void end_lagging(struct shell *shell, struct subscription *s)
{
    struct buf *out = &s->session->out;
    reply_notification(out, "lagging");
    pack_map(out, 2);
    reply_uint(out, "instance", s->instance);
    reply_uint(out, "resume", s->sent_seq);
    session_mark_dirty(shell, s->session);
    unlink_one(shell, s);
}

// Whoever may no longer see the case is told that, and nothing more.
static bool end_unseen(struct shell *shell, struct subscription *s)
{
    view_begin(shell->view);
    const struct instance *instance = view_instance(shell->view, s->instance, NULL);
    bool sees = instance != NULL && may_watch(shell->view, instance, s->viewer);
    view_end(shell->view);
    if (sees) {
        return false;
    }
    struct buf *out = &s->session->out;
    reply_notification(out, "hidden");
    pack_map(out, 1);
    reply_uint(out, "instance", s->instance);
    session_mark_dirty(shell, s->session);
    unlink_one(shell, s);
    return true;
}

// Sends what the case has and the subscriber has not, as far as he reads. A subscriber that has
// caught up once and then stops reading is cut off, with the place to resume from.
static void work_case(struct shell *shell, struct subscription *s)
{
    if (s->viewer != 0 && end_unseen(shell, s)) {
        return;
    }
    struct walk *walk = ARENA_NEW(&shell->scratch, struct walk);
    while (s->sent_seq < s->last_seq) {
        if (session_unsent(s->session) >= SESSION_PUSH_BYTES_MAX) {
            if (!s->catching_up) {
                end_lagging(shell, s);
            }
            return;
        }
        enum err err = walk_back(shell->reader, s->instance, s->last_seq, s->sent_seq,
                                 CATCH_UP_RECORDS, &shell->scratch, walk);
        for (uint32_t i = walk->count; err == OK && i > 0; i--) {
            if (session_unsent(s->session) >= SESSION_PUSH_BYTES_MAX) {
                break;
            }
            struct arena_mark mark = arena_mark(&shell->scratch);
            err = encode_push(shell, s, walk->seq[i - 1]);
            arena_rewind(&shell->scratch, mark);
            if (err == OK) {
                buf_put_slice(&s->session->out, buf_slice(&shell->push));
                s->sent_seq = walk->seq[i - 1];
            }
        }
        session_mark_dirty(shell, s->session);
        if (err != OK || walk->count == 0) {
            end_lagging(shell, s); // what cannot be read cannot be sent without a gap
            return;
        }
    }
    s->catching_up = false;
}

void subscribe_work(struct shell *shell)
{
    for (struct subscription *s = shell->watching, *next; s != NULL; s = next) {
        next = s->next;
        if (s->user == 0 && s->sent_seq < s->last_seq) {
            work_case(shell, s);
            arena_reset(&shell->scratch);
        }
    }
    inbox_watch_work(shell);
}

uint64_t subscribe_wait_ms(const struct shell *shell)
{
    return shell->watch_count > 0 ? inbox_watch_wait_ms(shell) : UINT64_MAX;
}

void subscribe_done(struct shell *shell)
{
    CHECK(shell->watching == NULL);
    inbox_watch_done(shell);
    buf_done(&shell->push);
}
