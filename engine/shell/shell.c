// The tick of the loop's side, and the way of a command: frame → request → inbox … delivery →
// session.
#include "engine/shell/shell.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/shell/reply.h"
#include "engine/shell/shell_internal.h"

enum { SCRATCH_BYTES_MAX = 64 * 1024 * 1024 };

enum err shell_open(const struct shell_options *options, struct shell **ret_shell)
{
    CHECK(options->transport != NULL && options->worker != NULL && options->keeper != NULL);
    struct shell *shell = mem_zalloc(sizeof(struct shell));
    shell->magic = SHELL_MAGIC;
    shell->options = *options;
    enum err err = store_reader_open(options->store, &shell->reader);
    if (err == OK) {
        err = view_open_reader(shell->reader, &shell->view);
    }
    if (err == OK && options->follower != NULL) {
        err = finder_open(follower_index(options->follower), &shell->finder);
        if (err != OK) {
            view_close_reader(shell->view);
        }
    }
    if (err != OK) {
        if (shell->reader != NULL) {
            store_reader_close(shell->reader);
        }
        mem_free(shell);
        return err;
    }
    request_pool_init(&shell->pool);
    caller_init(&shell->caller, options->effector);
    table_init(&shell->told);
    arena_init(&shell->scratch, SCRATCH_BYTES_MAX);
    shell->sessions = mem_zalloc(sizeof(struct session) * SESSIONS_MAX);
    shell->ready = mem_zalloc(sizeof(uint32_t) * 2 * SESSIONS_MAX);
    shell->dirty = mem_zalloc(sizeof(uint32_t) * 2 * SESSIONS_MAX);
    shell->inbox_moment_ms = UINT64_MAX;
    *ret_shell = shell;
    return OK;
}

void shell_close(struct shell *shell, bool crash)
{
    CHECK(shell->magic == SHELL_MAGIC);
    for (uint32_t i = 0; crash && i < shell->session_top; i++) {
        if (shell->sessions[i].open) {
            shell_closed(shell, session_conn(&shell->sessions[i]));
        }
    }
    CHECK(shell->session_count == 0 && shell->watch_count == 0 && shell->jobs == 0);
    subscribe_done(shell);
    finder_close(shell->finder);
    view_close_reader(shell->view);
    store_reader_close(shell->reader);
    request_pool_done(&shell->pool, crash);
    caller_done(&shell->caller);
    intake_done(&shell->intake);
    arena_done(&shell->scratch);
    mem_free(shell->sessions);
    mem_free(shell->ready);
    mem_free(shell->dirty);
    shell->magic = 0;
    mem_free(shell);
}

uint32_t shell_session_count(const struct shell *shell) { return shell->session_count; }

// --- calls ---------------------------------------------------------------------------------------

static bool refuse_call(struct shell *shell, struct session *session, uint32_t msgid,
                        enum refusal_code code, struct slice message)
{
    session_refuse(shell, session, msgid, &(struct refusal){ code, message, SLICE_EMPTY });
    return true;
}

// What is said, else the language of the user who speaks, else what the client has to offer.
static void choose_lang(struct shell *shell, struct session *session, const struct call *call)
{
    struct slice lang = call->arg[PARAM_LANG].bytes;
    if (!call_has(call, PARAM_LANG) && call_has(call, PARAM_AS)) {
        view_begin(shell->view);
        const struct view_user *user = view_user_named(shell->view, call->arg[PARAM_AS].bytes);
        if (user != NULL && user->language.len <= LANG_BYTES_MAX) {
            lang = arena_copy(&shell->scratch, user->language);
        }
        view_end(shell->view);
    }
    lang = lang.len > 0 || call_has(call, PARAM_LANG) ? lang : call->arg[PARAM_ELSE_LANG].bytes;
    if (lang.len > 0 || call_has(call, PARAM_LANG)) {
        memset(session->lang, 0, sizeof(session->lang));
        memcpy(session->lang, lang.len > 0 ? lang.ptr : "", lang.len);
        session->lang_len = lang.len;
    }
}

static bool take_hello(struct shell *shell, struct session *session, const struct call *call)
{
    struct slice client = call->arg[PARAM_CLIENT].bytes;
    struct slice known = slice_make(session->client, session->client_len);
    if (known.len > 0 && client.len > 0 && !slice_equal(known, client)) {
        return refuse_call(shell, session, call->msgid, REFUSAL_BAD_REQUEST,
                           SLICE("this connection has already given another client's name"));
    }
    if (client.len > 0) {
        memcpy(session->client, client.ptr, client.len);
        session->client_len = client.len;
    }
    choose_lang(shell, session, call);
    question_answer(shell, session, call);
    return true;
}

bool shell_submit(struct shell *shell, struct request *request)
{
    if (!inbox_push(shell->options.inbox, request)) {
        return false;
    }
    shell->pushed = true;
    return true;
}

// False: no command is taken now, and the session has been told.
static bool takes_commands(struct shell *shell, struct session *session, uint32_t msgid)
{
    if (shell->stopping) {
        return !refuse_call(shell, session, msgid, REFUSAL_STOPPING,
                            SLICE("the engine is shutting down"));
    }
    return !atomic_load_explicit(&shell->options.core_tick->full, memory_order_relaxed) ||
           !refuse_call(shell, session, msgid, REFUSAL_STORE_FULL,
                        slice_from_cstr(err_sentence(ERR_FULL)));
}

static bool take_command(struct shell *shell, struct session *session, const struct call *call,
                         struct slice frame)
{
    if (!takes_commands(shell, session, call->msgid)) {
        return true;
    }
    struct request *request =
        inbox_room(shell->options.inbox) > 0 ? request_take(&shell->pool) : NULL;
    if (request == NULL) {
        shell->stalled = true;
        return false;
    }
    struct refusal refusal = { 0 };
    struct slice client = slice_make(session->client, session->client_len);
    if (!decode_command(call, frame, client, request, &shell->scratch, &refusal)) {
        session_refuse(shell, session, call->msgid, &refusal);
        request_give(&shell->pool, request);
        return true;
    }
    struct slice lang = session_lang(session);
    CHECK(lang.len <= sizeof(request->lang));
    memcpy(request->lang, session->lang, lang.len);
    request->command.lang = slice_make(request->lang, lang.len);
    request->conn = session_conn(session);
    request->msgid = call->msgid;
    request->arrived_us = clock_steady_us(shell->options.keeper->clock);
    if (call->method == METHOD_CLOCK) {
        request->by = call_has(call, PARAM_BY);
        request->command.due_ms = call->arg[request->by ? PARAM_BY : PARAM_MOMENT].number;
    }
    session->in_flight++;
    bool submitted = shell_submit(shell, request);
    CHECK(submitted);
    return true;
}

static bool take_stats(struct shell *shell, struct session *session, const struct call *call)
{
    struct request *request =
        inbox_room(shell->options.inbox) > 0 ? request_take(&shell->pool) : NULL;
    if (request == NULL) {
        shell->stalled = true;
        return false;
    }
    request->stats = true;
    request->conn = session_conn(session);
    request->msgid = call->msgid;
    session->in_flight++;
    bool submitted = shell_submit(shell, request);
    CHECK(submitted);
    return true;
}

static bool take_clock(struct shell *shell, struct session *session, const struct call *call,
                       struct slice frame)
{
    bool to = call_has(call, PARAM_MOMENT);
    bool by = call_has(call, PARAM_BY);
    if ((to && by) || (shell->options.keeper->demo && !to && !by)) {
        return refuse_call(shell, session, call->msgid, REFUSAL_BAD_REQUEST,
                           to ? SLICE("`clock` takes `to` or `by`, one of them")
                              : SLICE("a demo clock is moved, with `to` or `by`: there is "
                                      "nothing to confirm"));
    }
    return take_command(shell, session, call, frame);
}

bool shell_take_call(struct shell *shell, struct session *session, const struct call *call,
                     struct slice frame)
{
    switch (call->method) {
    case METHOD_HELLO: return take_hello(shell, session, call);
    case METHOD_START:
    case METHOD_PRESS:
    case METHOD_EDIT:
    case METHOD_CLAIM:
    case METHOD_RELEASE:
    case METHOD_REASSIGN:
    case METHOD_SIDE_TASK:
    case METHOD_FINISH:
    case METHOD_COMMENT:
    case METHOD_MOVE:
    case METHOD_REOPEN:
    case METHOD_UNDO:
    case METHOD_CANCEL:
    case METHOD_MERGE:
    case METHOD_CLOSE_INCIDENT:
    case METHOD_ABSENT:
    case METHOD_PRESENT:
    case METHOD_HAND_OVER:
    case METHOD_RETRY_INCIDENT:
    case METHOD_MESSAGE:
    case METHOD_REVERT:
    case METHOD_MIGRATE:
    case METHOD_IMPORT_USERS: return take_command(shell, session, call, frame);
    case METHOD_CLOCK: return take_clock(shell, session, call, frame);
    case METHOD_INTAKE:
        return !takes_commands(shell, session, call->msgid) || intake_take(shell, session, call);
    case METHOD_STATS: return take_stats(shell, session, call);
    case METHOD_APPLY:
    case METHOD_BACKUP:
    case METHOD_PLAN:
    case METHOD_VERIFY: return jobs_start(shell, session, call, frame);
    case METHOD_SUBSCRIBE:
    case METHOD_UNSUBSCRIBE: subscribe_call(shell, session, call); return true;
    case METHOD_INBOX:
    case METHOD_SHOW:
    case METHOD_HISTORY:
    case METHOD_WHY:
    case METHOD_RECORDS:
    case METHOD_PROOF:
    case METHOD_PROCESSES:
    case METHOD_USERS:
    case METHOD_HOLDINGS:
    case METHOD_PEOPLE:
    case METHOD_INCIDENTS:
    case METHOD_CALLS:
    case METHOD_SEARCH:
    case METHOD_DUPLICATES:
    case METHOD_VERSIONS:
    case METHOD_MOVES:
    case METHOD_NEXT_DUE: question_answer(shell, session, call); return true;
    case METHOD_COUNT: break;
    }
    UNREACHABLE();
}

// --- deliveries ----------------------------------------------------------------------------------

static void take_delivery(struct shell *shell, struct delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->reply_count; i++) {
        const struct delivery_reply *reply = &delivery->reply[i];
        uint64_t conn = reply->request->conn;
        if (conn == CALLER_CONN || conn == INTAKE_CONN) {
            struct slice bytes = slice_make(delivery->bytes.ptr + reply->offset, reply->len);
            (conn == CALLER_CONN ? caller_answered : intake_answered)(shell, reply->request,
                                                                      bytes);
            request_give(&shell->pool, reply->request);
            continue;
        }
        struct session *session = session_find(shell, reply->request->conn);
        if (session != NULL) { // else: gone; a repeat of the request gets the same answer
            buf_put(&session->out, delivery->bytes.ptr + reply->offset, reply->len);
            session_answered(shell, session);
        }
        request_give(&shell->pool, reply->request);
    }
    shell->caller.look = shell->caller.look || delivery->calls;
    delivery->calls = false;
    subscribe_touched(shell, delivery);
    if (delivery->bytes.capacity > DELIVERY_BYTES_KEPT) {
        size_t bytes_max = delivery->bytes.bytes_max;
        buf_done(&delivery->bytes);
        buf_init(&delivery->bytes, bytes_max);
    }
    buf_reset(&delivery->bytes);
    buf_reset(&delivery->touched);
    delivery->reply_count = 0;
}

static void take_deliveries(struct shell *shell)
{
    bool any = false; // the core may wait for one to fill
    for (struct delivery *delivery = inbox_take(shell->options.outbox); delivery != NULL;
         delivery = inbox_take(shell->options.outbox)) {
        take_delivery(shell, delivery);
        bool pushed = inbox_push(shell->options.idle, delivery);
        CHECK(pushed);
        any = true;
    }
    if (any) {
        inbox_ring(shell->options.idle);
    }
}

static void wake_stalled(struct shell *shell)
{
    if (!shell->stalled) {
        return;
    }
    shell->stalled = false;
    for (uint32_t i = 0; i < shell->session_top; i++) {
        if (shell->sessions[i].open && !shell->sessions[i].reading) {
            session_mark_ready(shell, &shell->sessions[i]);
        }
    }
}

// --- the tick ------------------------------------------------------------------------------------

void shell_job_done(struct shell *shell, struct job *job)
{
    CHECK(!job->finished);
    job->finished = true;
    job->next = shell->finished;
    shell->finished = job;
}

uint64_t shell_tick(struct shell *shell)
{
    CHECK(shell->magic == SHELL_MAGIC);
    take_deliveries(shell);
    jobs_work(shell);
    wake_stalled(shell);
    session_work(shell);
    caller_work(shell);
    if (shell->pushed) {
        shell->pushed = false;
        inbox_ring(shell->options.inbox);
    }
    subscribe_work(shell);
    session_flush(shell);
    if (shell->ready_count > 0 || shell->dirty_count > 0) {
        return 0;
    }
    uint64_t wait_ms = subscribe_wait_ms(shell);
    uint64_t calls_ms = caller_wait_ms(shell);
    return calls_ms < wait_ms ? calls_ms : wait_ms;
}

void shell_stop(struct shell *shell)
{
    shell->stopping = true;
    caller_stop(shell);
    for (uint32_t i = 0; i < shell->session_top; i++) {
        if (shell->sessions[i].open) {
            subscribe_forget(shell, &shell->sessions[i]);
            session_mark_ready(shell, &shell->sessions[i]);
            session_mark_dirty(shell, &shell->sessions[i]);
        }
    }
}

bool shell_is_quiet(const struct shell *shell)
{
    return shell->stopping && shell->session_count == 0 && shell->jobs == 0 &&
           shell->pool.free_count == REQUEST_POOL_COUNT;
}

void shell_drop(struct shell *shell)
{
    for (uint32_t i = 0; i < shell->session_top; i++) {
        if (shell->sessions[i].open) {
            session_drop(shell, &shell->sessions[i]);
        }
    }
}
