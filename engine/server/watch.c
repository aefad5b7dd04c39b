// `serve --watch` (development): whenever a program is saved, or differs from the active one at the
// start, `rung apply` runs as a process of its own against this engine, so that a saved file goes
// the way of every other: checked, tested, and refused without harm.
#include "base/check.h"
#include "base/mem.h"
#include "engine/server/saved.h"
#include "engine/server/server_internal.h"

enum { WATCH_QUIET_MS = 100, WATCH_WORDS_MAX = 1000 };

struct watch {
    struct server *server;
    uv_fs_event_t folders[SERVER_WATCH_FOLDERS_MAX];
    uint32_t folder_count;
    uv_timer_t quiet;
    uv_process_t process;
    bool running, again; // again: something was saved meanwhile
    bool closing;
    const char *words[WATCH_WORDS_MAX + 5];
};

static void apply(struct watch *watch);

static void on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct watch *watch = process->data;
    uv_close((uv_handle_t *)process, NULL);
    watch->running = false;
    if (status != 0 || signal != 0) {
        server_log(watch->server, "the saved files were not applied; the active versions stay");
    }
    if (watch->again && !watch->closing) {
        watch->again = false;
        apply(watch);
    }
}

// What it prints goes to our log.
static void apply(struct watch *watch)
{
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_IGNORE },
        { .flags = UV_INHERIT_FD, .data.fd = 2 },
        { .flags = UV_INHERIT_FD, .data.fd = 2 },
    };
    char *words[WATCH_WORDS_MAX + 5];
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        words[i] = (char *)(uintptr_t)watch->words[i]; // libuv takes them as execvp does
    }
    const uv_process_options_t options = {
        .exit_cb = on_exit, .file = "/proc/self/exe", .args = words, .stdio = stdio,
        .stdio_count = 3,
    };
    watch->process.data = watch;
    int err = uv_spawn(&watch->server->loop, &watch->process, &options);
    watch->running = err == 0;
    if (err != 0) {
        server_log(watch->server, "`rung apply` could not be run: %s", uv_strerror(err));
        uv_close((uv_handle_t *)&watch->process, NULL);
    }
}

static void on_quiet(uv_timer_t *timer)
{
    struct watch *watch = timer->data;
    if (watch->running) {
        watch->again = true;
    } else {
        apply(watch);
    }
}

static void on_event(uv_fs_event_t *folder, const char *name, int events, int status)
{
    struct watch *watch = folder->data;
    (void)events;
    if (status == 0 && saved_matters(name)) { // an editor writes more than once
        (void)uv_timer_start(&watch->quiet, on_quiet, WATCH_QUIET_MS, 0);
    }
}

enum err watch_open(struct server *server, struct watch **ret_watch)
{
    const struct server_options *options = server->options;
    struct watch *watch = mem_zalloc(sizeof(*watch));
    *ret_watch = watch;
    watch->server = server;
    uint32_t count = 0;
    watch->words[count++] = "rung";
    watch->words[count++] = "apply";
    watch->words[count++] = "--socket";
    watch->words[count++] = server->socket_path;
    for (uint32_t i = 0; i < options->watch_word_count && i < WATCH_WORDS_MAX; i++) {
        watch->words[count++] = options->watch_words[i];
    }
    CHECK(uv_timer_init(&server->loop, &watch->quiet) == 0);
    watch->quiet.data = watch;
    for (uint32_t i = 0; i < options->watch_folder_count; i++) {
        CHECK(i < SERVER_WATCH_FOLDERS_MAX);
        CHECK(uv_fs_event_init(&server->loop, &watch->folders[i]) == 0);
        watch->folders[i].data = watch;
        watch->folder_count++;
        if (uv_fs_event_start(&watch->folders[i], on_event, options->watch_folders[i], 0) != 0) {
            return ERR_IO;
        }
    }
    server_log(server, "files are applied whenever one is saved");
    if (server->files_differ) { // once the loop runs
        (void)uv_timer_start(&watch->quiet, on_quiet, 0, 0);
    }
    return OK;
}

void watch_close(struct watch *watch)
{
    watch->closing = true;
    for (uint32_t i = 0; i < watch->folder_count; i++) {
        uv_close((uv_handle_t *)&watch->folders[i], NULL);
    }
    uv_close((uv_handle_t *)&watch->quiet, NULL);
    if (watch->running) {
        (void)uv_process_kill(&watch->process, SIGTERM); // on_exit closes it
    }
}

void watch_free(struct watch *watch) { mem_free(watch); }
