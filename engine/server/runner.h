// Carries calls of connectors out over HTTP, HTTPS and SMTP: libcurl on the loop. It knows the
// settings, and nothing of cases; see engine/shell/effector.h.
#ifndef RUNG_ENGINE_SERVER_RUNNER_H
#define RUNG_ENGINE_SERVER_RUNNER_H

#include <uv.h>

#include "base/attr.h"
#include "base/err.h"
#include "engine/shell/clock.h"
#include "engine/shell/effector.h"

struct runner;
struct shell;

struct runner_options {
    const char *path; // of the settings
    uv_loop_t *loop;
    void (*done)(void *context, uint64_t call, const struct effector_result *result);
    void (*log)(void *context, const char *line);
    struct clock clock; // the date of letters
    void *context;
};

// ERR_IO, ERR_BAD_INPUT: the problem says what is wrong with the settings.
enum err runner_open(const struct runner_options *options, struct runner **ret_runner,
                     char *problem, size_t problem_bytes) ATTR_USE_RESULT;
// Logs each section of the settings that no active process has to do with: most likely a slip.
typedef bool runner_knows_fn(void *context, struct slice connector, struct slice name,
                             bool is_call);
void runner_tell_strangers(struct runner *runner, runner_knows_fn *knows);
struct effector runner_effector(struct runner *runner);
// No try is told of any more. The loop must run until it is empty before runner_free.
void runner_close(struct runner *runner);
void runner_free(struct runner *runner);

#endif
