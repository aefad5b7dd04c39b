// Start, the loop, and the stop of a server.
#include "engine/server/server.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/server/server_internal.h"

enum {
    STOP_POLITE_MS = 1200, // for answers under way
    STOP_HARD_MS = 700,    // more, for what does not come to an end
    ACTIVATE_ARENA_BYTES_MAX = 512 * 1024 * 1024
};

void server_log(struct server *server, const char *format, ...)
{
    char line[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (server->options->events.log != NULL) {
        server->options->events.log(server->options->events.context, line);
    }
}

// --- stopping ------------------------------------------------------------------------------------

static void close_handles(struct server *server)
{
    if (server->closed_handles) {
        return;
    }
    server->closed_handles = true;
    listen_stop(server);
    if (server->runner != NULL) {
        runner_close(server->runner);
    }
    if (server->watch != NULL) {
        watch_close(server->watch);
    }
    uv_close((uv_handle_t *)&server->prepare, NULL);
    uv_close((uv_handle_t *)&server->timer, NULL);
    uv_close((uv_handle_t *)&server->deadline, NULL);
    uv_close((uv_handle_t *)&server->terminate, NULL);
    uv_close((uv_handle_t *)&server->interrupt, NULL);
    uv_close((uv_handle_t *)&server->wake, NULL);
}

static void on_hard_deadline(uv_timer_t *timer)
{
    struct server *server = timer->data;
    server_log(server, "%u jobs did not end in time and were cut off", server->jobs);
    // What was answered is on disk; a job's thread cannot be taken back.
    _Exit(3);
}

static void on_polite_deadline(uv_timer_t *timer)
{
    struct server *server = timer->data;
    server->late = true;
    server_log(server, "%u connections did not take their answers in time and were closed",
               shell_session_count(server->engine.shell));
    shell_drop(server->engine.shell);
    (void)uv_timer_start(&server->deadline, on_hard_deadline, STOP_HARD_MS, 0);
}

static void stop(struct server *server, enum err err)
{
    if (server->stopping) {
        return;
    }
    server->stopping = true;
    server->err = err;
    listen_stop(server);
    shell_stop(server->engine.shell);
    if (err != OK) {
        shell_drop(server->engine.shell); // nobody is told anything
    }
    (void)uv_timer_start(&server->deadline, on_polite_deadline, STOP_POLITE_MS, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;
    server_log(server, "stopping (signal %d)", number);
    stop(server, OK);
}

// --- the loop ------------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer)
{
    CHECK(timer->data != NULL); // its only use is to end the wait: the tick follows by itself
}

static void on_wake(uv_async_t *async) { CHECK(async->data != NULL); }

// Once in every turn of the loop, after all events and before it waits again.
static void on_prepare(uv_prepare_t *prepare)
{
    struct server *server = prepare->data;
    struct engine *engine = &server->engine;
    inbox_wake(&engine->outbox);
    if (atomic_load_explicit(&engine->core_tick.failed, memory_order_relaxed) &&
        !server->stopping) {
        server_log(server, "writing the journal failed; nothing in doubt was answered");
        stop(server, ERR_IO);
    }
    uint64_t wait_ms = 0;
    do {
        wait_ms = shell_tick(engine->shell);
        listen_sweep(server);
        threads_commands(server);
    } while (!inbox_sleep(&engine->outbox));
    threads_commands_done(server);
    bool quiet = shell_is_quiet(engine->shell) || (server->err != OK && server->jobs == 0);
    if (server->stopping && quiet && server->conn_count == 0) {
        threads_stop(server); // first: they ring this loop's bell
        close_handles(server);
    } else if (wait_ms != UINT64_MAX) {
        (void)uv_timer_start(&server->timer, on_timer, wait_ms, 0);
    }
}

static void on_walk(uv_handle_t *handle, void *context)
{
    uint32_t *count = context;
    *count += uv_is_closing(handle) ? 0 : 1;
}

static enum err run_loop(struct server *server)
{
    listen_start(server);
    if (server->options->events.ready != NULL) {
        server->options->events.ready(server->options->events.context, server->socket_path);
    }
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    return server->err;
}

static void init_loop(struct server *server)
{
    CHECK(uv_loop_init(&server->loop) == 0);
    CHECK(uv_prepare_init(&server->loop, &server->prepare) == 0);
    CHECK(uv_async_init(&server->loop, &server->wake, on_wake) == 0);
    CHECK(uv_timer_init(&server->loop, &server->timer) == 0);
    CHECK(uv_timer_init(&server->loop, &server->deadline) == 0);
    CHECK(uv_signal_init(&server->loop, &server->terminate) == 0);
    CHECK(uv_signal_init(&server->loop, &server->interrupt) == 0);
    server->prepare.data = server;
    server->wake.data = server;
    server->timer.data = server;
    server->deadline.data = server;
    server->terminate.data = server;
    server->interrupt.data = server;
    CHECK(uv_prepare_start(&server->prepare, on_prepare) == 0);
    CHECK(uv_signal_start(&server->terminate, on_signal, SIGTERM) == 0);
    CHECK(uv_signal_start(&server->interrupt, on_signal, SIGINT) == 0);
}

static void done_loop(struct server *server)
{
    close_handles(server);
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    uint32_t left = 0;
    uv_walk(&server->loop, on_walk, &left);
    CHECK(left == 0);
    CHECK(uv_loop_close(&server->loop) == 0);
}

// --- the start -----------------------------------------------------------------------------------

static void ring_loop(void *context)
{
    (void)uv_async_send(&((struct server *)context)->wake);
}

static void on_call_done(void *context, uint64_t call, const struct effector_result *result)
{
    shell_call_done(((struct server *)context)->engine.shell, call, result);
}

static bool knows_signal(void *context, struct slice connector, struct slice name, bool is_call)
{
    return shell_knows_signal(((struct server *)context)->engine.shell, connector, name, is_call);
}

static void on_runner_log(void *context, const char *line)
{
    server_log(context, "%s", line);
}

static enum err open_runner(struct server *server, struct server_problem *problem)
{
    const struct runner_options options = { .path = server->options->connectors,
                                            .loop = &server->loop,
                                            .done = on_call_done,
                                            .log = on_runner_log,
                                            .clock = threads_clock(),
                                            .context = server };
    if (options.path == NULL) {
        return OK;
    }
    enum err err = runner_open(&options, &server->runner, problem->message,
                               sizeof(problem->message));
    if (err == OK) {
        server->effector = runner_effector(server->runner);
    }
    return err;
}

static enum err open_engine(struct server *server, const struct clock *clock,
                            const struct transport *transport, const struct worker *worker,
                            struct server_problem *problem)
{
    const struct server_options *options = server->options;
    (void)snprintf(server->scratch_path, sizeof(server->scratch_path), "%s/verify.scratch",
                   options->data);
    struct engine_problem why;
    const struct engine_options engine = {
        .store = {
            .path = options->data,
            .map_bytes = options->map_bytes,
            .create = true,
            .flush_rows = options->flush_rows,
            .flush_ms = options->flush_ms,
            .lock = threads_store_lock(server),
        },
        .currency = slice_from_cstr(options->currency != NULL ? options->currency : "EUR"),
        .region = slice_from_cstr(options->region),
        .zone = slice_from_cstr(options->zone),
        .ranges = options->ranges,
        .demo = options->demo,
        .demo_factor = options->demo_factor,
        .clock = clock,
        .transport = transport,
        .worker = worker,
        .effector = server->runner != NULL ? &server->effector : NULL,
        .toolchain = options->toolchain,
        .mappings = options->mappings,
        .scratch_path = server->scratch_path,
        .wake_core = threads_core_bell(server),
        .wake_for_commands = threads_commands_bell(server),
        .wake_flusher = threads_flusher_bell(server),
        .writer = true,
        .wake_writer = threads_writer_bell(server),
        .wake_shell = { ring_loop, server },
    };
    enum err err = engine_open(&engine, &server->engine, &why);
    if (err != OK) {
        const char *message = why.message[0] != '\0' ? why.message : err_sentence(err);
        bool named = strstr(message, options->data) != NULL;
        (void)snprintf(problem->message, sizeof(problem->message), "%s%s%s",
                       named ? "" : options->data, named ? "" : ": ", message);
    } else if (server->engine.folded > 0) {
        server_log(server, "%llu records were folded into the view",
                   (unsigned long long)server->engine.folded);
    }
    if (err == OK && server->engine.follower == NULL) {
        server_log(server, "cases cannot be searched: the index could not be opened: %s",
                   err_sentence(server->engine.follower_err));
    }
    return err;
}

static enum err activate(struct server *server, struct server_problem *problem)
{
    const struct server_options *options = server->options;
    if (options->toolchain == NULL || options->file_count == 0) {
        return OK;
    }
    struct arena arena;
    arena_init(&arena, ACTIVATE_ARENA_BYTES_MAX);
    struct engine_activation activation;
    enum err err = engine_activate(&server->engine, options->toolchain, options->files,
                                   options->file_count, &arena, &activation);
    if (err == OK && activation.fresh) {
        server_log(server, "%u process%s activated", activation.programs,
                   activation.programs == 1 ? " was" : "es were");
    } else if (err == OK && activation.differ > 0) {
        server->files_differ = true;
        server_log(server, "%u process%s from what is active; `rung apply` activates the files",
                   activation.differ, activation.differ == 1 ? " differs" : "es differ");
    } else if (err == ERR_BAD_INPUT && !activation.fresh) {
        // The store has its own versions and needs no files to go on.
        server->files_differ = true;
        server_log(server, "the files have errors; the active versions stay");
        err = OK;
    } else if (err != OK) {
        struct slice text = activation.text.len > 0 ? activation.text
                                                    : slice_from_cstr(err_sentence(err));
        text = slice_sub(text, 0, sizeof(problem->message) - 1);
        memcpy(problem->message, text.ptr, text.len);
        problem->message[text.len] = '\0';
    }
    arena_done(&arena);
    return err;
}

static enum err serve(struct server *server, struct server_problem *problem)
{
    enum err err = listen_open(server, problem);
    if (err == OK) {
        err = activate(server, problem);
    }
    if (err == OK && server->runner != NULL) {
        runner_tell_strangers(server->runner, knows_signal);
    }
    if (err == OK && server->options->watch_folder_count > 0) {
        err = watch_open(server, &server->watch);
        if (err != OK) {
            (void)snprintf(problem->message, sizeof(problem->message), "%s",
                           "a folder of the programs cannot be watched");
        }
    }
    if (err == OK) {
        err = threads_start(server);
        if (err == OK) {
            err = run_loop(server);
            if (err != OK) {
                (void)snprintf(problem->message, sizeof(problem->message), "%s",
                               "writing the journal failed; start again to see what is on disk");
            }
        } else {
            (void)snprintf(problem->message, sizeof(problem->message), "%s", err_sentence(err));
        }
    }
    return err;
}

enum err server_run(const struct server_options *options, struct server_problem *ret_problem)
{
    struct server *server = mem_zalloc(sizeof(*server));
    server->options = options;
    server->listen_fd = -1;
    ret_problem->message[0] = '\0';
    // A client that hangs up while it is written to is an error of that write, not of the process.
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignore, NULL);
    CHECK(pthread_mutex_init(&server->store_mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&server->core_mutex, NULL) == 0);
    bell_init(&server->core_bell);
    bell_init(&server->flusher_bell);
    bell_init(&server->writer_bell);
    bell_init(&server->follower_bell);
    init_loop(server);
    struct clock clock = threads_clock();
    struct transport transport = listen_transport(server);
    struct worker worker = threads_worker(server);
    enum err err = listen_name(server, ret_problem);
    if (err == OK) {
        err = open_runner(server, ret_problem);
    }
    if (err == OK) {
        err = open_engine(server, &clock, &transport, &worker, ret_problem);
    }
    if (err == OK) {
        err = serve(server, ret_problem);
        done_loop(server);
        engine_close(&server->engine, err == ERR_IO);
    } else {
        done_loop(server);
    }
    if (server->runner != NULL) {
        runner_free(server->runner);
    }
    if (server->watch != NULL) {
        watch_free(server->watch);
    }
    bell_done(&server->core_bell);
    bell_done(&server->flusher_bell);
    bell_done(&server->writer_bell);
    bell_done(&server->follower_bell);
    (void)pthread_mutex_destroy(&server->store_mutex);
    (void)pthread_mutex_destroy(&server->core_mutex);
    mem_free(server);
    return err;
}
