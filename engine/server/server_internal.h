// What the files of the server share. Includable only inside engine/server.
#ifndef RUNG_ENGINE_SERVER_INTERNAL_H
#define RUNG_ENGINE_SERVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/limits.h"
#include "engine/server/runner.h"
#include "engine/server/server.h"
#include "engine/shell/engine.h"

// A doorbell for a thread without a loop.
struct bell {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool rung;
};

struct conn;

struct server {
    const struct server_options *options;
    struct engine engine;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_async_t wake;
    uv_timer_t timer;       // when the shell next wants to be called
    uv_timer_t deadline;    // of stopping
    uv_signal_t terminate, interrupt;
    uv_poll_t listener;
    int listen_fd;
    bool listening;
    bool accept_paused; // no file descriptors left: accepting goes on when one is free
    char socket_path[108];
    char scratch_path[4096];
    struct conn *conns[SESSIONS_MAX];
    uint32_t conn_count;
    uint32_t broken_count;
    bool stopping, closed_handles, late;
    enum err err;
    struct bell core_bell, flusher_bell, writer_bell, follower_bell;
    pthread_mutex_t store_mutex;
    pthread_mutex_t core_mutex; // whoever ticks the core: its thread, or the loop's for one command
    uint64_t core_until_us;     // the core's thread sleeps so long; under core_mutex
    bool commands_rung, core_late; // the loop's thread
    pthread_t core_thread, flusher_thread, writer_thread, follower_thread;
    _Atomic bool core_stop, flusher_stop, writer_stop, follower_stop;
    uint32_t jobs;
    struct watch *watch;   // NULL: saved files change nothing
    bool files_differ;     // at the start, from what is active
    struct runner *runner; // NULL: no settings of connectors
    struct effector effector;
};

void server_log(struct server *server, const char *format, ...) ATTR_PRINTF(2, 3);

// --- listen.c: the socket, its connections, and the transport over them
// Where it will listen: refused before a store is made or opened.
enum err listen_name(struct server *server, struct server_problem *problem) ATTR_USE_RESULT;
enum err listen_open(struct server *server, struct server_problem *problem) ATTR_USE_RESULT;
void listen_start(struct server *server);
void listen_stop(struct server *server); // takes no more; removes the socket's file
struct transport listen_transport(struct server *server);
void listen_sweep(struct server *server); // connections that broke while being written to

// --- watch.c
enum err watch_open(struct server *server, struct watch **ret_watch) ATTR_USE_RESULT;
void watch_close(struct watch *watch); // its handles; free it when the loop has run
void watch_free(struct watch *watch);

// --- threads.c
void bell_init(struct bell *bell);
void bell_done(struct bell *bell);
void bell_ring(struct bell *bell);
void bell_wait(struct bell *bell, uint64_t wait_ms); // UINT64_MAX: until it rings
enum err threads_start(struct server *server) ATTR_USE_RESULT;
// The loop's thread, after a tick of the shell: commands have come while the core slept. One alone
// is decided and written here, which saves two hops between threads; for more the core is woken.
void threads_commands(struct server *server);
void threads_commands_done(struct server *server); // after its answer has left
void threads_stop(struct server *server); // joins all; nothing of theirs is under way afterwards
struct worker threads_worker(struct server *server);
struct store_lock threads_store_lock(struct server *server);
struct clock threads_clock(void);
struct doorbell threads_core_bell(struct server *server);
struct doorbell threads_commands_bell(struct server *server);
struct doorbell threads_flusher_bell(struct server *server);
struct doorbell threads_writer_bell(struct server *server);

#endif
