// Runs the functions of connectors (engine/calls/shape.h) on threads of the pool, so that neither
// the loop nor the core waits for a script. At most SHAPER_BOXES at a time; the others wait in
// turn.
#ifndef RUNG_ENGINE_SERVER_SHAPER_H
#define RUNG_ENGINE_SERVER_SHAPER_H

#include <uv.h>

#include "engine/calls/shape.h"

enum { SHAPER_BOXES = 2 };

struct shaper;
struct shaper_job;

// One function to ask. Whatever it points to lives in `arena`, or as long as the settings.
struct shaper_task {
    struct arena arena;
    struct settings_section section;
    struct shape_call call;
    bool replied; // ask `reply` about the answer, else `request`
    struct shape_answer answer;
    // What came of it.
    enum shape_end end;
    struct shape_request request;
    struct shape_message message;
    struct slice words;
};

typedef void shaper_done_fn(void *context, struct shaper_task *task);

struct shaper *shaper_open(uv_loop_t *loop);
// A job whose task is to be filled; its arena is ready.
struct shaper_job *shaper_take(struct shaper *shaper);
struct shaper_task *shaper_task_of(struct shaper_job *job);
// Asks. `done` is called on the loop, later; the task lives during that call.
void shaper_start(struct shaper_job *job, shaper_done_fn *done, void *context);
// Nobody is told any more; a function that runs is left to its end.
void shaper_forget(struct shaper_job *job);
// Every job was forgotten or is done. The loop must run until it is empty before shaper_free.
void shaper_close(struct shaper *shaper);
void shaper_free(struct shaper *shaper);

#endif
