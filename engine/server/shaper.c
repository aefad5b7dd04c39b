#include "engine/server/shaper.h"

#include "base/check.h"
#include "base/mem.h"
#include "engine/hooks/hook.h"

struct shaper_job {
    uv_work_t work;
    struct shaper *shaper;
    struct shaper_job *next; // that waits
    struct hook_box *box;    // while it runs
    struct shaper_task task;
    shaper_done_fn *done; // NULL: forgotten
    void *context;
};

struct shaper {
    uv_loop_t *loop;
    struct hook_box *boxes[SHAPER_BOXES];
    bool busy[SHAPER_BOXES];
    struct shaper_job *first, *last; // in turn
    uint32_t running;
    bool closed;
};

static void free_job(struct shaper_job *job)
{
    arena_done(&job->task.arena);
    mem_free(job);
}

static void run_job(uv_work_t *work) // on a thread of the pool
{
    struct shaper_job *job = work->data;
    struct shaper_task *task = &job->task;
    if (task->replied) {
        task->end = shape_reply(job->box, &task->section, &task->call, &task->answer, &task->arena,
                                &task->message, &task->words);
    } else {
        task->end = shape_request(job->box, &task->section, &task->call, &task->arena,
                                  &task->request, &task->words);
    }
    if (task->arena.overflow) {
        task->end = SHAPE_REFUSED;
        task->words = SLICE("what the function was given and gave is larger than "
                            "SHAPE_ARENA_BYTES_MAX");
    }
}

static void start_next(struct shaper *shaper);

static void finish_job(uv_work_t *work, int status)
{
    struct shaper_job *job = work->data;
    struct shaper *shaper = job->shaper;
    CHECK(status == 0); // nothing cancels it
    for (uint32_t i = 0; i < SHAPER_BOXES; i++) {
        shaper->busy[i] = shaper->busy[i] && shaper->boxes[i] != job->box;
    }
    shaper->running--;
    start_next(shaper);
    if (job->done != NULL) {
        job->done(job->context, &job->task);
    }
    free_job(job);
}

static void start_next(struct shaper *shaper)
{
    for (uint32_t i = 0; i < SHAPER_BOXES && shaper->first != NULL && !shaper->closed; i++) {
        if (shaper->busy[i]) {
            continue;
        }
        struct shaper_job *job = shaper->first;
        shaper->first = job->next;
        shaper->last = shaper->first == NULL ? NULL : shaper->last;
        if (shaper->boxes[i] == NULL) {
            shaper->boxes[i] = hook_box_new();
        }
        shaper->busy[i] = true;
        shaper->running++;
        job->box = shaper->boxes[i];
        job->work.data = job;
        CHECK(uv_queue_work(shaper->loop, &job->work, run_job, finish_job) == 0);
    }
}

struct shaper *shaper_open(uv_loop_t *loop)
{
    struct shaper *shaper = mem_zalloc(sizeof(*shaper));
    shaper->loop = loop;
    return shaper;
}

struct shaper_job *shaper_take(struct shaper *shaper)
{
    struct shaper_job *job = mem_zalloc(sizeof(*job));
    job->shaper = shaper;
    arena_init(&job->task.arena, SHAPE_ARENA_BYTES_MAX);
    return job;
}

struct shaper_task *shaper_task_of(struct shaper_job *job) { return &job->task; }

void shaper_start(struct shaper_job *job, shaper_done_fn *done, void *context)
{
    struct shaper *shaper = job->shaper;
    CHECK(!shaper->closed && done != NULL);
    job->done = done;
    job->context = context;
    if (shaper->last != NULL) {
        shaper->last->next = job;
    } else {
        shaper->first = job;
    }
    shaper->last = job;
    start_next(shaper);
}

void shaper_forget(struct shaper_job *job)
{
    struct shaper *shaper = job->shaper;
    struct shaper_job *before = NULL, *at = shaper->first;
    while (at != NULL && at != job) {
        before = at;
        at = at->next;
    }
    job->done = NULL;
    if (at == NULL) {
        return; // it runs
    }
    if (before != NULL) {
        before->next = job->next;
    } else {
        shaper->first = job->next;
    }
    shaper->last = shaper->last == job ? before : shaper->last;
    free_job(job);
}

void shaper_close(struct shaper *shaper)
{
    CHECK(shaper->first == NULL);
    shaper->closed = true;
}

void shaper_free(struct shaper *shaper)
{
    CHECK(shaper->closed && shaper->running == 0);
    for (uint32_t i = 0; i < SHAPER_BOXES; i++) {
        hook_box_free(shaper->boxes[i]);
    }
    mem_free(shaper);
}
