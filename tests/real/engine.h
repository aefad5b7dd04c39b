// The engine as another process: started, killed without warning, looked at from outside, spoken
// to.
#ifndef RUNG_TESTS_REAL_ENGINE_H
#define RUNG_TESTS_REAL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/cli/client.h"
#include "engine/cli/wire.h"

struct engine {
    const char *rung;      // the program
    const char *processes; // folder of the process files
    char data[256], socket[108], log[256];
    pid_t pid; // 0: not running
    struct client client;
    struct params params;                // of the question being asked
    const volatile uint32_t *flush_lock; // see engine_is_flushing; NULL: not mapped yet
    uint64_t next_id;                    // of engine_command
};

// `work` is a scratch folder; an old data folder in it is removed.
bool engine_init(struct engine *engine, const char *rung, const char *processes, const char *work);
// Starts `rung serve` on a clock that stands still until it is moved, and connects.
bool engine_start(struct engine *engine);
// SIGKILL, and waits for its end.
void engine_kill(struct engine *engine);
// SIGTERM; true when it ended by itself with code 0.
bool engine_stop(struct engine *engine);

// Does the engine hold the lock of a write to its view right now? Read in LMDB's lock file, where
// the owner's mark also stays after the owner was killed, so that it can be asked afterwards.
bool engine_is_flushing(struct engine *engine);

// Begins the params of the next question.
struct params *engine_ask(struct engine *engine);
// Asks; prints a refusal and returns false. The reply is valid until the next question.
bool engine_answer(struct engine *engine, const char *method, struct client_reply *ret_reply);
// The same for a command: with a request id, so that it may be said again.
bool engine_command(struct engine *engine, const char *method, struct client_reply *ret_reply);

// Runs another program to its end (argv ends with NULL); its output goes to the log. Its exit code.
int engine_run(struct engine *engine, const char *const argv[]);

#endif
