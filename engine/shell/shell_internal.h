// What the files of the loop's side share. Includable only inside engine/shell.
#ifndef RUNG_ENGINE_SHELL_SHELL_INTERNAL_H
#define RUNG_ENGINE_SHELL_SHELL_INTERNAL_H

#include "base/arena.h"
#include "base/table.h"
#include "engine/search/find.h"
#include "engine/search/follow.h"
#include "engine/shell/caller.h"
#include "engine/shell/decode.h"
#include "engine/shell/intake.h"
#include "engine/shell/shell.h"
#include "engine/state/view.h"

struct subscription;

struct session {
    uint32_t magic;
    uint32_t generation;
    uint32_t slot;
    bool open;
    bool ended;    // the other side sends nothing more
    bool closing;  // close once everything is answered and sent
    bool reading;  // the transport reads from it
    bool ready;    // in the list of sessions whose input is to be looked at
    bool dirty;    // in the list of sessions with output to send
    bool blocked;  // the transport took less than given; shell_writable will follow
    uint32_t in_flight; // requests and jobs without an answer yet
    struct buf in;
    size_t in_need; // bytes that must be there before it is worth scanning
    struct buf out;
    size_t out_sent; // of `out`
    char client[NAME_BYTES_MAX];
    size_t client_len;
    char lang[LANG_BYTES_MAX]; // in which labels are read; empty: as they are first written
    size_t lang_len;
    uint32_t subscription_count;
};

enum { SHELL_MAGIC = 0x7368656c, SESSION_MAGIC = 0x73657373 };

struct shell {
    uint32_t magic;
    struct shell_options options;
    struct store_reader *reader;
    struct view *view;
    struct finder *finder; // NULL: cases are not filed here
    struct request_pool pool;
    struct arena scratch;  // of one call
    struct session *sessions; // SESSIONS_MAX
    uint32_t session_count;
    uint32_t session_top; // slots ever used
    uint32_t *ready, *dirty; // slots; twice SESSIONS_MAX, since the work on a list adds to it
    uint32_t ready_count, dirty_count;
    bool pushed;   // something went into the inbox: ring once at the end of the tick
    bool stopping;
    bool stalled;  // a session waits for room that another one's answers will make
    uint32_t jobs; // under way
    struct job *finished;
    struct request *late; // finished jobs whose command found the inbox full
    struct subscription *watching; // all subscriptions
    uint32_t watch_count;
    uint64_t inbox_moment_ms; // by the engine's clock, when one of them has something to say
    uint64_t next_inbox_ms; // when inbox subscriptions may speak again
    uint64_t *touched;      // cases that changed since they last spoke
    uint32_t touched_count;
    bool touched_lost;      // more changed than is kept
    struct table told;      // case, task, inbox subscription → the state it was told
    uint32_t inbox_number;  // of the newest inbox subscription
    struct caller caller;
    struct intake intake;
    struct buf push;        // the notification made last, for all who listen to its case
    uint64_t push_seq, push_instance;
    char push_lang[LANG_BYTES_MAX]; // in which it was made
    uint32_t push_viewer;           // for whose eyes; 0: an administrator's
};

static inline struct slice session_lang(const struct session *session)
{
    return slice_make(session->lang, session->lang_len);
}
static inline uint64_t session_conn(const struct session *session)
{
    return ((uint64_t)session->generation << 32) | session->slot;
}
// NULL: no longer there.
struct session *session_find(struct shell *shell, uint64_t conn);

// --- session.c
void session_mark_ready(struct shell *shell, struct session *session);
void session_mark_dirty(struct shell *shell, struct session *session);
void session_work(struct shell *shell);  // input of the ready ones
void session_flush(struct shell *shell); // output of the dirty ones
void session_answered(struct shell *shell, struct session *session); // one request less in flight
static inline size_t session_unsent(const struct session *session)
{
    return session->out.len - session->out_sent;
}
// Ends the connection at once.
void session_drop(struct shell *shell, struct session *session);
void session_refuse(struct shell *shell, struct session *session, uint32_t msgid,
                    const struct refusal *refusal);

// --- shell.c: one call. False: it cannot be taken now (no room); to be offered again.
bool shell_take_call(struct shell *shell, struct session *session, const struct call *call,
                     struct slice frame);
// Sends a request to the core; false: the inbox is full.
bool shell_submit(struct shell *shell, struct request *request);

// --- question.c: answers a question into the session's output.
void question_answer(struct shell *shell, struct session *session, const struct call *call);

// --- jobs.c. False: no request free.
bool jobs_start(struct shell *shell, struct session *session, const struct call *call,
                struct slice frame);
void jobs_work(struct shell *shell);

// --- subscribe.c
void subscribe_call(struct shell *shell, struct session *session, const struct call *call);
void subscribe_touched(struct shell *shell, const struct delivery *delivery);
void subscribe_work(struct shell *shell); // sends what is to be sent
void subscribe_forget(struct shell *shell, struct session *session);
uint64_t subscribe_wait_ms(const struct shell *shell);
void subscribe_done(struct shell *shell);

#endif
