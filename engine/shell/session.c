// Sessions: the bytes of a connection, in and out. Input is scanned where it was read; a frame is
// cut off only when it is whole. Output waits here until the transport takes it.
#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/reply.h"
#include "engine/shell/shell_internal.h"

enum {
    INPUT_FIRST_BYTES = 4096,
    INPUT_BULK_BYTES = 64 * 1024,
    OUTPUT_KEPT_BYTES = 256 * 1024,
    // One connection's share of a tick, so that a flood does not hold up the others: a command
    // costs about one of it, a question that builds a card more.
    TURN_COST_MAX = 512,
    QUESTION_COST = 16
};

struct session *session_find(struct shell *shell, uint64_t conn)
{
    uint32_t slot = (uint32_t)conn;
    CHECK(slot < SESSIONS_MAX);
    struct session *session = &shell->sessions[slot];
    return session->open && session->generation == (uint32_t)(conn >> 32) ? session : NULL;
}

static struct session *free_slot(struct shell *shell)
{
    for (uint32_t i = 0; i < shell->session_top; i++) {
        if (!shell->sessions[i].open) {
            return &shell->sessions[i];
        }
    }
    if (shell->session_top == SESSIONS_MAX) {
        return NULL;
    }
    shell->sessions[shell->session_top].slot = shell->session_top;
    return &shell->sessions[shell->session_top++];
}

bool shell_opened(struct shell *shell, uint64_t *ret_conn)
{
    CHECK(shell->magic == SHELL_MAGIC);
    struct session *session = shell->stopping ? NULL : free_slot(shell);
    if (session == NULL) {
        return false;
    }
    // Slots are used again; the generation tells a late answer for the one before from an answer
    // for this one. Places in the lists of ready and dirty slots outlive a session.
    *session = (struct session){
        .magic = SESSION_MAGIC,
        .generation = session->generation + 1,
        .slot = session->slot,
        .open = true,
        .reading = true,
        .ready = session->ready,
        .dirty = session->dirty,
        .in_need = 1,
    };
    buf_init(&session->in, FRAME_BYTES_MAX + INPUT_BULK_BYTES);
    buf_init(&session->out, SESSION_OUTPUT_BYTES_MAX);
    shell->session_count++;
    *ret_conn = session_conn(session);
    return true;
}

char *shell_input(struct shell *shell, uint64_t conn, size_t *ret_room)
{
    struct session *session = session_find(shell, conn);
    if (session == NULL || session->closing || session->ended || !session->reading) {
        return NULL;
    }
    size_t room = session->in.capacity - session->in.len;
    if (room < INPUT_FIRST_BYTES / 2) {
        size_t wanted = session->in.len == 0 ? INPUT_FIRST_BYTES : INPUT_BULK_BYTES;
        if (buf_reserve(&session->in, wanted) == NULL) {
            buf_reset(&session->in); // unreachable in practice: reading stops far below the bound
            return NULL;
        }
        room = session->in.capacity - session->in.len;
    }
    *ret_room = room;
    return session->in.ptr + session->in.len;
}

void shell_received(struct shell *shell, uint64_t conn, size_t bytes)
{
    struct session *session = session_find(shell, conn);
    if (session != NULL) {
        CHECK(bytes <= session->in.capacity - session->in.len);
        session->in.len += bytes;
        session_mark_ready(shell, session);
    }
}

void shell_writable(struct shell *shell, uint64_t conn)
{
    struct session *session = session_find(shell, conn);
    if (session != NULL) {
        session->blocked = false;
        session_mark_dirty(shell, session);
        session_mark_ready(shell, session);
    }
}

void shell_ended(struct shell *shell, uint64_t conn)
{
    struct session *session = session_find(shell, conn);
    if (session != NULL) {
        session->ended = true;
        session_mark_ready(shell, session);
    }
}

static void release(struct shell *shell, struct session *session)
{
    CHECK(session->magic == SESSION_MAGIC && session->open);
    subscribe_forget(shell, session);
    buf_done(&session->in);
    buf_done(&session->out);
    session->open = false;
    shell->session_count--;
}

void shell_closed(struct shell *shell, uint64_t conn)
{
    struct session *session = session_find(shell, conn);
    if (session != NULL) {
        release(shell, session);
    }
}

void session_drop(struct shell *shell, struct session *session)
{
    const struct transport *transport = shell->options.transport;
    transport->close(transport->context, session_conn(session));
    release(shell, session);
}

void session_mark_ready(struct shell *shell, struct session *session)
{
    if (!session->ready) {
        session->ready = true;
        shell->ready[shell->ready_count++] = session->slot;
    }
}

void session_mark_dirty(struct shell *shell, struct session *session)
{
    if (!session->dirty) {
        session->dirty = true;
        shell->dirty[shell->dirty_count++] = session->slot;
    }
}

void session_answered(struct shell *shell, struct session *session)
{
    CHECK(session->in_flight > 0);
    session->in_flight--;
    session_mark_dirty(shell, session);
    if (!session->reading) {
        session_mark_ready(shell, session);
    }
}

void session_refuse(struct shell *shell, struct session *session, uint32_t msgid,
                    const struct refusal *refusal)
{
    reply_refusal(&session->out, msgid, refusal);
    session_mark_dirty(shell, session);
}

// --- input ---------------------------------------------------------------------------------------

static void end_malformed(struct shell *shell, struct session *session, uint32_t msgid,
                          struct slice message)
{
    session_refuse(shell, session, msgid,
                   &(struct refusal){ REFUSAL_BAD_REQUEST, message, SLICE_EMPTY });
    session->closing = true;
    buf_reset(&session->in);
}

// Why pack_scan would not have it, told apart by looking again with a wide bound.
static struct slice malformed_because(struct slice bytes)
{
    size_t whole = 0;
    if (pack_scan(bytes, UINT32_MAX, &whole) != PACK_BAD) {
        return SLICE("the message is longer than 1 MiB");
    }
    return SLICE("these bytes are not MessagePack, nest deeper than 23 levels, or hold text that "
                 "is not UTF-8");
}

static bool may_work(const struct session *session)
{
    return !session->closing && session->in_flight < SESSION_IN_FLIGHT_MAX &&
           session_unsent(session) < SESSION_PUSH_BYTES_MAX;
}

// One frame at the front of `bytes`. Returns its length; 0: nothing more can be done now.
static size_t work_frame(struct shell *shell, struct session *session, struct slice bytes)
{
    size_t whole = 0;
    enum pack_status status = pack_scan(bytes, FRAME_BYTES_MAX, &whole);
    if (status == PACK_MORE && whole <= FRAME_BYTES_MAX) {
        session->in_need = whole;
        return 0;
    }
    if (status != PACK_WHOLE) {
        end_malformed(shell, session, 0, malformed_because(bytes));
        return 0;
    }
    struct slice frame = slice_sub(bytes, 0, whole);
    struct call call;
    struct refusal refusal;
    switch (decode_call(frame, &shell->scratch, &call, &refusal)) {
    case DECODE_CALL: return shell_take_call(shell, session, &call, frame) ? whole : 0;
    case DECODE_REFUSED: session_refuse(shell, session, call.msgid, &refusal); return whole;
    case DECODE_MALFORMED:
        end_malformed(shell, session, call.msgid, refusal.message);
        return 0;
    }
    UNREACHABLE();
}

// Reading goes on while what waits is less than one frame and its answers are being read.
static void set_reading(struct shell *shell, struct session *session, bool reading)
{
    if (session->reading != reading) {
        const struct transport *transport = shell->options.transport;
        session->reading = reading;
        transport->read(transport->context, session_conn(session), reading);
    }
}

static void work_input(struct shell *shell, struct session *session)
{
    size_t at = 0;
    uint32_t cost = 0;
    while (may_work(session) && cost < TURN_COST_MAX &&
           session->in.len - at >= session->in_need) {
        uint32_t in_flight = session->in_flight;
        session->in_need = 1;
        struct slice bytes = slice_make(session->in.ptr + at, session->in.len - at);
        size_t done = work_frame(shell, session, bytes);
        arena_reset(&shell->scratch);
        if (done == 0 || !session->open) {
            break;
        }
        at += done;
        cost += session->in_flight > in_flight ? 1 : QUESTION_COST;
    }
    if (!session->open) {
        return;
    }
    if (!session->closing && at > 0) {
        buf_consume(&session->in, at);
        if (session->in.len == 0 && session->in.capacity > INPUT_BULK_BYTES) {
            buf_done(&session->in);
            buf_init(&session->in, FRAME_BYTES_MAX + INPUT_BULK_BYTES);
        }
    }
    // Held up means: whole frames may wait that could not be worked on.
    bool held_up = !session->closing && session->in.len >= session->in_need;
    set_reading(shell, session, !session->closing && !session->ended && !held_up);
    if (held_up && cost >= TURN_COST_MAX) {
        session_mark_ready(shell, session);
    }
    if (session->ended && !session->closing && !held_up && session->in.len > 0) {
        end_malformed(shell, session, 0, SLICE("the last message ends in the middle"));
    }
    if (session->closing || (session->ended && !held_up)) {
        session->closing = true;
        session_mark_dirty(shell, session);
    }
}

void session_work(struct shell *shell)
{
    // Slots put on the list from here on are for the next tick.
    uint32_t count = shell->ready_count;
    for (uint32_t i = 0; i < count; i++) {
        struct session *session = &shell->sessions[shell->ready[i]];
        session->ready = false;
        if (session->open) {
            work_input(shell, session);
        }
    }
    shell->ready_count -= count;
    memmove(shell->ready, shell->ready + count, shell->ready_count * sizeof(shell->ready[0]));
}

// --- output --------------------------------------------------------------------------------------

static void send_output(struct shell *shell, struct session *session)
{
    const struct transport *transport = shell->options.transport;
    size_t unsent = session_unsent(session);
    if (unsent > 0 && !session->blocked) {
        struct slice bytes = slice_make(session->out.ptr + session->out_sent, unsent);
        size_t sent = transport->send(transport->context, session_conn(session), bytes);
        CHECK(sent <= unsent);
        session->out_sent += sent;
        session->blocked = sent < unsent;
    }
    if (session_unsent(session) > 0) {
        if (session->out_sent > OUTPUT_KEPT_BYTES) {
            buf_consume(&session->out, session->out_sent);
            session->out_sent = 0;
        }
        return;
    }
    session->out_sent = 0;
    buf_reset(&session->out);
    if (session->out.capacity > OUTPUT_KEPT_BYTES) {
        buf_done(&session->out);
        buf_init(&session->out, SESSION_OUTPUT_BYTES_MAX);
    }
    if (!session->reading && !session->closing) {
        session_mark_ready(shell, session);
    }
    if ((session->closing || shell->stopping) && session->in_flight == 0) {
        session_drop(shell, session);
    }
}

void session_flush(struct shell *shell)
{
    uint32_t count = shell->dirty_count;
    for (uint32_t i = 0; i < count; i++) {
        struct session *session = &shell->sessions[shell->dirty[i]];
        session->dirty = false;
        if (!session->open) {
            continue;
        }
        if (session->out.overflow) {
            session_drop(shell, session); // an answer without its end would be worse than none
        } else {
            send_output(shell, session);
        }
    }
    shell->dirty_count -= count;
    memmove(shell->dirty, shell->dirty + count, shell->dirty_count * sizeof(shell->dirty[0]));
}
