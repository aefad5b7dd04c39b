// The core's thread, the flusher's thread, libuv's pool for slow jobs, and the clocks.
#include <errno.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/server/pacing.h"
#include "engine/server/server_internal.h"

enum { STACK_BYTES = 8 * 1024 * 1024, WAIT_MS_MAX = 3600 * 1000, HERE_TICKS_MAX = 3,
       FOLLOWER_RETRY_MS = 5000 };

// --- bells ---------------------------------------------------------------------------------------

void bell_init(struct bell *bell)
{
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_mutex_init(&bell->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&bell->cond, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    bell->rung = false;
}

void bell_done(struct bell *bell)
{
    (void)pthread_cond_destroy(&bell->cond);
    (void)pthread_mutex_destroy(&bell->mutex);
}

void bell_ring(struct bell *bell)
{
    (void)pthread_mutex_lock(&bell->mutex);
    bell->rung = true;
    // After the unlock: whoever wakes must not find the mutex still taken.
    (void)pthread_mutex_unlock(&bell->mutex);
    (void)pthread_cond_signal(&bell->cond);
}

void bell_wait(struct bell *bell, uint64_t wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    wait_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&bell->mutex);
    int result = 0;
    while (!bell->rung && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&bell->cond, &bell->mutex, &until);
    }
    bell->rung = false;
    (void)pthread_mutex_unlock(&bell->mutex);
}

static void ring_core(void *context) { bell_ring(&((struct server *)context)->core_bell); }

// Only the shell's tick pushes commands: this is the loop's thread.
static void ring_commands(void *context) { ((struct server *)context)->commands_rung = true; }

static void ring_flusher(void *context) { bell_ring(&((struct server *)context)->flusher_bell); }

static void ring_writer(void *context) { bell_ring(&((struct server *)context)->writer_bell); }

struct doorbell threads_core_bell(struct server *server)
{
    return (struct doorbell){ ring_core, server };
}

struct doorbell threads_commands_bell(struct server *server)
{
    return (struct doorbell){ ring_commands, server };
}

struct doorbell threads_flusher_bell(struct server *server)
{
    return (struct doorbell){ ring_flusher, server };
}

struct doorbell threads_writer_bell(struct server *server)
{
    return (struct doorbell){ ring_writer, server };
}

// --- clocks, the store's lock --------------------------------------------------------------------

static uint64_t wall_ms(void *context)
{
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t steady_us(void *context)
{
    (void)context;
    return uv_hrtime() / 1000;
}

struct clock threads_clock(void) { return (struct clock){ wall_ms, steady_us, NULL }; }

static void lock_store(void *context)
{
    CHECK(pthread_mutex_lock(&((struct server *)context)->store_mutex) == 0);
}

static void unlock_store(void *context)
{
    CHECK(pthread_mutex_unlock(&((struct server *)context)->store_mutex) == 0);
}

struct store_lock threads_store_lock(struct server *server)
{
    return (struct store_lock){ lock_store, unlock_store, server };
}

// --- the threads ---------------------------------------------------------------------------------

// Pacing stretches a flush; when the next table is full already, it must end soon instead.
static void hurry_flush(struct server *server)
{
    struct engine *engine = &server->engine;
    if (flusher_state(&engine->flusher) == FLUSHER_WANTED &&
        store_wants_freeze(engine->store, steady_us(NULL) / 1000, false)) {
        pacing_set(-1);
    }
}

static void *run_core(void *context)
{
    struct server *server = context;
    struct core_tick *tick = &server->engine.core_tick;
    bool told = false;
    while (!atomic_load(&server->core_stop)) {
        CHECK(pthread_mutex_lock(&server->core_mutex) == 0);
        core_tick_wake(tick);
        uint64_t wait_ms = core_tick(tick);
        hurry_flush(server);
        bool sleep = wait_ms > 0 && core_tick_sleep(tick);
        wait_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
        server->core_until_us = steady_us(NULL) + wait_ms * 1000;
        CHECK(pthread_mutex_unlock(&server->core_mutex) == 0);
        if (!told && atomic_load_explicit(&tick->failed, memory_order_relaxed)) {
            told = true;
            (void)uv_async_send(&server->wake); // the loop ends the process
        }
        if (sleep) {
            bell_wait(&server->core_bell, wait_ms);
        }
    }
    return NULL;
}

void threads_commands(struct server *server)
{
    struct engine *engine = &server->engine;
    struct core_tick *tick = &engine->core_tick;
    if (!server->commands_rung) {
        return;
    }
    server->commands_rung = false;
    if (inbox_count(&engine->inbox) > 1 || pthread_mutex_trylock(&server->core_mutex) != 0) {
        bell_ring(&server->core_bell);
        return;
    }
    uint64_t wait_ms = 0;
    for (uint32_t i = 0; i < HERE_TICKS_MAX && wait_ms == 0; i++) {
        wait_ms = core_tick(tick);
        hurry_flush(server);
    }
    // The core's thread sleeps on; it is woken only for what will happen before it would wake.
    bool sleeps = wait_ms > 0 && core_tick_sleep(tick);
    wait_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
    server->core_late = server->core_late || !sleeps ||
                        steady_us(NULL) + wait_ms * 1000 < server->core_until_us;
    CHECK(pthread_mutex_unlock(&server->core_mutex) == 0);
}

void threads_commands_done(struct server *server)
{
    if (server->core_late) {
        server->core_late = false;
        bell_ring(&server->core_bell);
    }
}

static void *run_flusher(void *context)
{
    struct server *server = context;
    while (!atomic_load(&server->flusher_stop)) {
        pacing_set(store_view_fd(server->engine.store));
        if (flusher_tick(&server->engine.flusher)) {
            bell_ring(&server->follower_bell);
        } else {
            bell_wait(&server->flusher_bell, UINT64_MAX);
        }
    }
    pacing_set(-1);
    return NULL;
}

static void *run_writer(void *context)
{
    struct server *server = context;
    while (!atomic_load(&server->writer_stop)) {
        if (!writer_tick(&server->engine.writer)) {
            bell_wait(&server->writer_bell, UINT64_MAX);
        }
    }
    return NULL;
}

// Behind everybody else: what it does not get done now, it does later.
static void *run_follower(void *context)
{
    struct server *server = context;
    struct follower *follower = server->engine.follower;
    enum err told = OK;
    pacing_step_back();
    pacing_also(index_fd(follower_index(follower)));
    while (!atomic_load(&server->follower_stop)) {
        bool more = follower_tick(follower);
        enum err err = follower_failed(follower);
        if (err != OK && err != told) {
            server_log(server, "the search index is not kept up: %s", err_sentence(err));
        }
        told = err;
        if (!more) {
            bell_wait(&server->follower_bell, err == OK ? UINT64_MAX : FOLLOWER_RETRY_MS);
        }
    }
    pacing_also(-1);
    return NULL;
}

static bool start_one(pthread_t *thread, void *(*run)(void *), struct server *server)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool good = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                pthread_create(thread, &attributes, run, server) == 0;
    (void)pthread_attr_destroy(&attributes);
    return good;
}

static void stop_one(pthread_t thread, _Atomic bool *stop, struct bell *bell)
{
    atomic_store(stop, true);
    bell_ring(bell);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void stop_writers(struct server *server)
{
    stop_one(server->writer_thread, &server->writer_stop, &server->writer_bell);
    stop_one(server->flusher_thread, &server->flusher_stop, &server->flusher_bell);
}

static void stop_follower(struct server *server)
{
    if (server->engine.follower != NULL) {
        stop_one(server->follower_thread, &server->follower_stop, &server->follower_bell);
    }
}

enum err threads_start(struct server *server)
{
    atomic_store(&server->core_stop, false);
    atomic_store(&server->flusher_stop, false);
    atomic_store(&server->writer_stop, false);
    atomic_store(&server->follower_stop, false);
    if (!start_one(&server->flusher_thread, run_flusher, server)) {
        return ERR_NO_MEMORY;
    }
    if (!start_one(&server->writer_thread, run_writer, server)) {
        stop_one(server->flusher_thread, &server->flusher_stop, &server->flusher_bell);
        return ERR_NO_MEMORY;
    }
    if (server->engine.follower != NULL &&
        !start_one(&server->follower_thread, run_follower, server)) {
        stop_writers(server);
        return ERR_NO_MEMORY;
    }
    if (!start_one(&server->core_thread, run_core, server)) {
        stop_writers(server);
        stop_follower(server);
        return ERR_NO_MEMORY;
    }
    return OK;
}

void threads_stop(struct server *server)
{
    stop_one(server->core_thread, &server->core_stop, &server->core_bell);
    stop_writers(server);
    stop_follower(server);
}

// --- slow jobs -----------------------------------------------------------------------------------

struct pool_job {
    uv_work_t work;
    struct server *server;
    struct job *job;
};

static void run_job(uv_work_t *work)
{
    struct pool_job *pool = work->data;
    pool->job->run(pool->job);
}

static void finish_job(uv_work_t *work, int status)
{
    CHECK(status == 0); // jobs are never cancelled
    struct pool_job *pool = work->data;
    pool->server->jobs--;
    shell_job_done(pool->server->engine.shell, pool->job);
    mem_free(pool);
}

static void submit_job(void *context, struct job *job)
{
    struct server *server = context;
    struct pool_job *pool = mem_zalloc(sizeof(*pool));
    pool->work.data = pool;
    pool->server = server;
    pool->job = job;
    server->jobs++;
    CHECK(uv_queue_work(&server->loop, &pool->work, run_job, finish_job) == 0);
}

struct worker threads_worker(struct server *server)
{
    return (struct worker){ submit_job, server };
}
