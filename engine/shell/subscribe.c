// Subscriptions. One to a case is gapless: what is sent is read from the journal, each record after
// the one it names as its predecessor, whether it is old (catching up) or has just been committed.
// One to an inbox tells the latest state per task, at most four times a second.
#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/shell/card.h"
#include "engine/shell/reply.h"
#include "engine/shell/shell_internal.h"
#include "engine/shell/walk.h"

enum {
    INBOX_FRAME_MS = 250,
    TOUCHED_KEPT_MAX = 4096, // cases that changed since the last frame
    CATCH_UP_RECORDS = 64
};

struct subscription {
    struct subscription *next; // of the shell
    struct session *session;
    uint32_t user;     // inbox of; 0: this is a subscription to a case
    uint64_t instance;
    uint64_t sent_seq; // of the last record sent (or where to begin)
    uint64_t last_seq; // of the newest record known
    bool catching_up;
    bool missed; // inbox: a frame was left out, since the subscriber does not read
    struct table sent; // inbox: instance, task → what was last said of it
};

enum { SENT_KEY_BYTES = 12, SENT_VALUE_BYTES = 8 };

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
        table_done(&subscription->sent);
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

static struct card_env env_of(struct shell *shell, struct buf *buf)
{
    return (struct card_env){
        .view = shell->view,
        .arena = &shell->scratch,
        .buf = buf,
        .currency = shell->options.currency,
        .now_ms = timekeeper_now(shell->options.keeper),
    };
}

// --- inboxes: what was said ----------------------------------------------------------------------

struct sent_key {
    char bytes[SENT_KEY_BYTES];
};

static struct sent_key key_of(uint64_t instance, uint32_t task)
{
    struct sent_key key = { .bytes = { 0 } };
    for (unsigned i = 0; i < 8; i++) {
        key.bytes[i] = (char)(instance >> (56 - 8 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        key.bytes[8 + i] = (char)(task >> (24 - 8 * i));
    }
    return key;
}

static uint32_t task_of(struct slice key)
{
    uint32_t task = 0;
    for (unsigned i = 8; i < SENT_KEY_BYTES; i++) {
        task = (task << 8) | (unsigned char)key.ptr[i];
    }
    return task;
}

// Two states of a task that read the same have the same number (FNV-1a over what a card shows).
static uint64_t state_of(const struct instance *instance, const struct open_task *task)
{
    const struct active_stage *leaf = instance_leaf(instance);
    const uint64_t facts[] = { task->due, task->until, task->holder, task->offered, task->flags,
                               task->tries, leaf != NULL ? leaf->entry : 0 };
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
        hash = (hash ^ facts[i]) * 1099511628211u;
    }
    return hash;
}

static void put_sent(struct subscription *s, uint64_t instance, uint32_t task, uint64_t state)
{
    struct sent_key key = key_of(instance, task);
    table_put(&s->sent, slice_make(key.bytes, sizeof(key.bytes)),
              slice_make(&state, sizeof(state)));
}

static bool is_for(const struct view *view, const struct open_task *task, uint32_t user)
{
    return task->holder == user ||
           (task->holder == 0 && task->offered != 0 && view_holds(view, user, task->offered));
}

struct first_fill {
    struct subscription *subscription;
    uint64_t keys[INBOX_TASKS_MAX][2];
    uint32_t count;
};

static bool keep_row(void *context, const struct view_task_row *row)
{
    struct first_fill *fill = context;
    fill->keys[fill->count][0] = row->instance;
    fill->keys[fill->count][1] = row->task;
    return ++fill->count < INBOX_TASKS_MAX;
}

// What the inbox holds now counts as said: the client asks `inbox` for it after subscribing.
static void fill_first(struct shell *shell, struct subscription *s, const struct view_user *user)
{
    struct first_fill *fill = ARENA_NEW(&shell->scratch, struct first_fill);
    view_tasks_of_user(shell->view, user->id, keep_row, fill);
    for (uint32_t i = 0; i < user->role_count && fill->count < INBOX_TASKS_MAX; i++) {
        view_tasks_of_role(shell->view, user->roles[i], keep_row, fill);
    }
    for (uint32_t i = 0; i < fill->count; i++) {
        put_sent(s, fill->keys[i][0], (uint32_t)fill->keys[i][1], 0);
    }
}

// --- subscribe, unsubscribe ----------------------------------------------------------------------

static bool watch_case(struct shell *shell, struct subscription *s, const struct call *call,
                       struct refusal *refusal)
{
    s->instance = call->arg[PARAM_INSTANCE].number;
    view_begin(shell->view);
    const struct instance *instance = view_instance(shell->view, s->instance, NULL);
    uint64_t last = instance != NULL ? instance->head.last_seq : 0;
    view_end(shell->view);
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
    view_begin(shell->view);
    const struct view_user *user = view_user_named(shell->view, call->arg[PARAM_INBOX].bytes);
    if (user != NULL) {
        s->user = user->id;
        table_init(&s->sent);
        fill_first(shell, s, user);
    }
    view_end(shell->view);
    if (user == NULL) {
        *refusal = (struct refusal){ REFUSAL_UNKNOWN_USER, SLICE("there is no such user"),
                                     SLICE("inbox") };
    }
    return user != NULL;
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
    if (good && find(shell, session, s->instance, s->user) != NULL) {
        unlink_one(shell, find(shell, session, s->instance, s->user)); // a new one takes its place
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
    if (!one || (call_has(call, PARAM_FROM) && !call_has(call, PARAM_INSTANCE))) {
        refusal = (struct refusal){ REFUSAL_BAD_REQUEST,
                                    SLICE("give `instance` (with `from`, if wanted) or `inbox`"),
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

static void keep_touched(struct shell *shell, uint64_t instance)
{
    for (uint32_t i = shell->touched_count; i > 0 && i + 8 > shell->touched_count; i--) {
        if (shell->touched[i - 1] == instance) {
            return; // neighbours in a batch are often about one case
        }
    }
    if (shell->touched_count == TOUCHED_KEPT_MAX) {
        shell->touched_lost = true;
        return;
    }
    shell->touched[shell->touched_count++] = instance;
}

void subscribe_touched(struct shell *shell, const struct delivery *delivery)
{
    if (shell->watch_count == 0) {
        return;
    }
    if (shell->touched == NULL) {
        shell->touched = mem_alloc(sizeof(uint64_t) * TOUCHED_KEPT_MAX);
    }
    size_t count = delivery->touched.len / sizeof(struct delivery_touched);
    for (size_t i = 0; i < count; i++) {
        struct delivery_touched touched;
        memcpy(&touched, delivery->touched.ptr + i * sizeof(touched), sizeof(touched));
        keep_touched(shell, touched.instance);
        for (struct subscription *s = shell->watching; s != NULL; s = s->next) {
            if (s->instance == touched.instance && s->last_seq < touched.seq) {
                s->last_seq = touched.seq;
            }
        }
    }
}

// --- pushes of a case ----------------------------------------------------------------------------

// The notification of one record, made once however many listen.
static enum err encode_push(struct shell *shell, uint64_t instance, uint64_t seq)
{
    if (shell->push_seq == seq && shell->push_instance == instance) {
        return OK;
    }
    if (shell->push.bytes_max == 0) {
        buf_init(&shell->push, SESSION_OUTPUT_BYTES_MAX);
    }
    buf_reset(&shell->push);
    struct record record;
    enum err err = walk_record(shell->reader, seq, &shell->scratch, &record);
    if (err != OK) {
        return err;
    }
    struct card_env env = env_of(shell, &shell->push);
    reply_notification(&shell->push, "case");
    view_begin(shell->view);
    card_record(&env, seq, &record, instance);
    view_end(shell->view);
    shell->push_seq = seq;
    shell->push_instance = instance;
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

// Sends what the case has and the subscriber has not, as far as he reads. A subscriber that has
// caught up once and then stops reading is cut off, with the place to resume from.
static void work_case(struct shell *shell, struct subscription *s)
{
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
            err = encode_push(shell, s->instance, walk->seq[i - 1]);
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

// --- frames of an inbox --------------------------------------------------------------------------

struct inbox_frame {
    struct shell *shell;
    struct subscription *subscription;
    struct card_env env;
    struct buf removed;
    uint32_t removed_count;
    struct reply_count added;
};

static void tell_task(struct inbox_frame *frame, const struct instance *instance,
                      const struct open_task *task)
{
    struct subscription *s = frame->subscription;
    struct sent_key key = key_of(instance->head.id, task->number);
    struct slice known = SLICE_EMPTY;
    uint64_t state = state_of(instance, task);
    uint64_t before = 0;
    bool told = table_get(&s->sent, slice_make(key.bytes, sizeof(key.bytes)), &known) ==
                TABLE_PRESENT;
    if (told) {
        memcpy(&before, known.ptr, sizeof(before));
    }
    const struct view_program *program = view_program(frame->env.view, instance->head.program);
    if ((told && before == state) || program == NULL) {
        return;
    }
    put_sent(s, instance->head.id, task->number, state);
    card_task(&frame->env, program, instance, task);
    frame->added.count++;
}

// Tasks of this case that were told of and are no longer this user's.
static void tell_removed(struct inbox_frame *frame, uint64_t id, const struct instance *instance)
{
    struct subscription *s = frame->subscription;
    struct sent_key gone[TASKS_MAX];
    uint32_t count = 0;
    struct sent_key first = key_of(id, 0);
    struct table_cursor cursor;
    bool more = table_seek(&s->sent, slice_make(first.bytes, sizeof(first.bytes)), &cursor);
    for (; more && memcmp(cursor.key.ptr, first.bytes, 8) == 0 && count < TASKS_MAX;
         more = table_next(&cursor)) {
        const struct open_task *task =
            instance != NULL ? instance_task_const(instance, task_of(cursor.key)) : NULL;
        if (!cursor.dead && (task == NULL || !is_for(frame->env.view, task, s->user))) {
            memcpy(gone[count++].bytes, cursor.key.ptr, SENT_KEY_BYTES);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slice key = slice_make(gone[i].bytes, SENT_KEY_BYTES);
        pack_map(&frame->removed, 2);
        reply_uint(&frame->removed, "instance", id);
        reply_uint(&frame->removed, "task", task_of(key));
        frame->removed_count++;
        table_kill(&s->sent, key);
    }
}

static void tell_case(struct inbox_frame *frame, uint64_t id)
{
    view_begin(frame->shell->view);
    const struct instance *instance = view_instance(frame->env.view, id, NULL);
    tell_removed(frame, id, instance);
    for (uint32_t i = 0; instance != NULL && i < instance->head.task_count; i++) {
        if (is_for(frame->env.view, &instance->task[i], frame->subscription->user)) {
            tell_task(frame, instance, &instance->task[i]);
        }
    }
    view_end(frame->shell->view);
}

// Tombstones of tasks long gone must not gather for ever.
static void tidy_sent(struct subscription *s)
{
    if (s->sent.dead_count <= INBOX_TASKS_MAX) {
        return;
    }
    struct table fresh;
    table_init(&fresh);
    struct table_cursor cursor;
    bool more = table_seek(&s->sent, SLICE_EMPTY, &cursor);
    for (; more; more = table_next(&cursor)) {
        if (!cursor.dead) {
            table_put(&fresh, cursor.key, cursor.value);
        }
    }
    table_done(&s->sent);
    s->sent = fresh;
}

static void send_frame(struct shell *shell, struct subscription *s)
{
    struct buf *out = &s->session->out;
    struct inbox_frame frame = { .shell = shell, .subscription = s, .env = env_of(shell, out) };
    size_t mark = out->len;
    buf_init(&frame.removed, SESSION_OUTPUT_BYTES_MAX);
    view_begin(shell->view);
    struct slice name = arena_copy(&shell->scratch, card_user_name(&frame.env, s->user));
    view_end(shell->view);
    reply_notification(out, "inbox");
    pack_map(out, 4);
    reply_text(out, "user", name);
    // More changed than was kept: the client had better ask for the whole inbox.
    bool reload = shell->touched_lost || s->missed;
    s->missed = false;
    reply_bool(out, "reload", reload);
    reply_key(out, "added");
    frame.added = reply_open_array(out);
    for (uint32_t i = 0; i < shell->touched_count; i++) {
        tell_case(&frame, shell->touched[i]);
    }
    reply_close(out, frame.added);
    reply_key(out, "removed");
    pack_array(out, frame.removed_count);
    buf_put_slice(out, buf_slice(&frame.removed));
    buf_done(&frame.removed);
    if (frame.added.count == 0 && frame.removed_count == 0 && !reload) {
        out->len = mark;
        return;
    }
    session_mark_dirty(shell, s->session);
    tidy_sent(s);
}

static void work_inboxes(struct shell *shell)
{
    uint64_t now_ms = clock_steady_us(shell->options.keeper->clock) / 1000;
    if ((shell->touched_count == 0 && !shell->touched_lost) || now_ms < shell->next_inbox_ms) {
        return;
    }
    shell->next_inbox_ms = now_ms + INBOX_FRAME_MS;
    for (struct subscription *s = shell->watching; s != NULL; s = s->next) {
        if (s->user != 0 && session_unsent(s->session) >= SESSION_PUSH_BYTES_MAX) {
            s->missed = true;
        } else if (s->user != 0) {
            send_frame(shell, s);
            arena_reset(&shell->scratch);
        }
    }
    shell->touched_count = 0;
    shell->touched_lost = false;
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
    work_inboxes(shell);
}

uint64_t subscribe_wait_ms(const struct shell *shell)
{
    if (shell->touched_count == 0 || shell->watch_count == 0) {
        return UINT64_MAX;
    }
    uint64_t now_ms = clock_steady_us(shell->options.keeper->clock) / 1000;
    return shell->next_inbox_ms > now_ms ? shell->next_inbox_ms - now_ms : 0;
}

void subscribe_done(struct shell *shell)
{
    CHECK(shell->watching == NULL);
    mem_free(shell->touched);
    buf_done(&shell->push);
}
