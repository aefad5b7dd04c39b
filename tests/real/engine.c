#define _XOPEN_SOURCE 700 // nftw
#include "tests/real/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/cli/env.h"

enum {
    START_MS_MAX = 60000,
    // LMDB 0.9's lock file: 64 bytes of header, then the mutex of writers, whose first word is its
    // owner (or a mark that the owner died).
    WRITER_LOCK_OFFSET = 64,
    LOCK_FILE_BYTES = 4096
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

bool engine_init(struct engine *engine, const char *rung, const char *processes, const char *work)
{
    *engine = (struct engine){ .rung = rung, .processes = processes, .next_id = 1 };
    (void)snprintf(engine->data, sizeof(engine->data), "%s/data", work);
    (void)snprintf(engine->log, sizeof(engine->log), "%s/engine.log", work);
    int len = snprintf(engine->socket, sizeof(engine->socket), "%s/socket", work);
    if (len >= (int)sizeof(engine->socket)) {
        (void)fprintf(stderr, "the scratch folder's path is too long for a socket\n");
        return false;
    }
    (void)mkdir(work, 0755);
    (void)nftw(engine->data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)remove(engine->log);
    (void)remove(engine->socket);
    params_init(&engine->params);
    return client_init(&engine->client, slice_from_cstr(engine->socket), SLICE("real-leads"));
}

static pid_t spawn(const struct engine *engine, const char *const argv[])
{
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    int log = open(engine->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    int nothing = open("/dev/null", O_RDONLY);
    if (log < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
        _exit(126);
    }
    (void)execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool wait_until_ready(struct engine *engine)
{
    uint64_t deadline = env_steady_ms() + START_MS_MAX;
    while (env_steady_ms() < deadline) {
        if (client_connect(&engine->client)) {
            return true;
        }
        int status = 0;
        if (waitpid(engine->pid, &status, WNOHANG) == engine->pid) {
            engine->pid = 0;
            (void)fprintf(stderr, "the engine ended at its start; see %s\n", engine->log);
            return false;
        }
        env_sleep_ms(2);
    }
    (void)fprintf(stderr, "the engine is not ready after a minute: %s\n", engine->client.problem);
    return false;
}

bool engine_start(struct engine *engine)
{
    const char *const argv[] = { engine->rung,      "serve",    engine->data,
                                 engine->processes, "--socket", engine->socket,
                                 "--demo-clock",    "x0",       NULL };
    engine->pid = spawn(engine, argv);
    return engine->pid > 0 && wait_until_ready(engine);
}

void engine_kill(struct engine *engine)
{
    int status = 0;
    (void)kill(engine->pid, SIGKILL);
    (void)waitpid(engine->pid, &status, 0);
    engine->pid = 0;
}

bool engine_stop(struct engine *engine)
{
    int status = 0;
    client_disconnect(&engine->client);
    (void)kill(engine->pid, SIGTERM);
    (void)waitpid(engine->pid, &status, 0);
    engine->pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "the engine did not end cleanly; see %s\n", engine->log);
        return false;
    }
    return true;
}

bool engine_is_flushing(struct engine *engine)
{
    if (engine->flush_lock == NULL) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s/view/lock.mdb", engine->data);
        int file = open(path, O_RDONLY);
        void *map =
            file < 0 ? MAP_FAILED : mmap(NULL, LOCK_FILE_BYTES, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) {
            (void)close(file);
        }
        if (map == MAP_FAILED) {
            return false;
        }
        engine->flush_lock = (const volatile uint32_t *)map + WRITER_LOCK_OFFSET / 4;
    }
    return *engine->flush_lock != 0;
}

struct params *engine_ask(struct engine *engine)
{
    params_reset(&engine->params);
    return &engine->params;
}

bool engine_answer(struct engine *engine, const char *method, struct client_reply *ret_reply)
{
    if (!client_call(&engine->client, method, params_finish(&engine->params), ret_reply)) {
        (void)fprintf(stderr, "%s: %s\n", method, engine->client.problem);
        return false;
    }
    if (ret_reply->refused) {
        (void)fprintf(stderr, "%s was refused: %.*s %.*s (%.*s)\n", method,
                      SLICE_PRINT(ret_reply->code), SLICE_PRINT(ret_reply->message),
                      SLICE_PRINT(ret_reply->subject));
        return false;
    }
    return true;
}

bool engine_command(struct engine *engine, const char *method, struct client_reply *ret_reply)
{
    params_uint(&engine->params, "id", engine->next_id++);
    return engine_answer(engine, method, ret_reply);
}

int engine_run(struct engine *engine, const char *const argv[])
{
    int status = 0;
    pid_t pid = spawn(engine, argv);
    if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return 255;
    }
    return WEXITSTATUS(status);
}
