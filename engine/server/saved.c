#include "engine/server/saved.h"

#include <signal.h>
#include <string.h>
#include <uv.h>

#include "base/check.h"

enum { SAVED_MAGIC = 0x5a7ed001 };

struct saved {
    uint32_t magic;
    uv_loop_t loop;
    uv_fs_event_t folders[SAVED_FOLDERS_MAX];
    uint32_t folder_count;
    uv_timer_t quiet;
    uv_signal_t interrupt, terminate;
    saved_fn *changed;
    void *context;
};

static struct saved *saved_of(void *data)
{
    struct saved *saved = data;
    CHECK(saved != NULL && saved->magic == SAVED_MAGIC);
    return saved;
}

static void on_quiet(uv_timer_t *timer)
{
    struct saved *saved = saved_of(timer->data);
    saved->changed(saved->context);
}

bool saved_matters(const char *name)
{
    const char *ending = name == NULL ? NULL : strrchr(name, '.');
    return name == NULL || (ending != NULL && ending > name && // else it is a hidden file
                            (strcmp(ending, ".rung") == 0 || strcmp(ending, ".lua") == 0 ||
                             strcmp(ending, ".xml") == 0));
}

static void on_event(uv_fs_event_t *folder, const char *name, int events, int status)
{
    struct saved *saved = saved_of(folder->data);
    (void)events;
    if (status == 0 && saved_matters(name)) {
        (void)uv_timer_start(&saved->quiet, on_quiet, SAVED_QUIET_MS, 0);
    }
}

static void close_each(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_walk(&saved_of(handle->data)->loop, close_each, NULL);
}

static enum err begin(struct saved *saved, const char *const *folders, uint32_t count)
{
    uv_timer_init(&saved->loop, &saved->quiet);
    uv_signal_init(&saved->loop, &saved->interrupt);
    uv_signal_init(&saved->loop, &saved->terminate);
    saved->quiet.data = saved->interrupt.data = saved->terminate.data = saved;
    bool good = uv_signal_start(&saved->interrupt, on_signal, SIGINT) == 0 &&
                uv_signal_start(&saved->terminate, on_signal, SIGTERM) == 0;
    for (uint32_t i = 0; i < count && good; i++) {
        uv_fs_event_init(&saved->loop, &saved->folders[i]);
        saved->folders[i].data = saved;
        good = uv_fs_event_start(&saved->folders[i], on_event, folders[i], 0) == 0;
    }
    return good ? OK : ERR_IO;
}

enum err saved_watch(const char *const *folders, uint32_t count, saved_fn *changed, void *context)
{
    CHECK(count > 0 && count <= SAVED_FOLDERS_MAX);
    struct saved saved = { .magic = SAVED_MAGIC, .changed = changed, .context = context };
    if (uv_loop_init(&saved.loop) != 0) {
        return ERR_IO;
    }
    enum err err = begin(&saved, folders, count);
    if (err != OK) {
        uv_walk(&saved.loop, close_each, NULL);
    }
    (void)uv_run(&saved.loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&saved.loop);
    CHECK(busy == 0);
    return err;
}
