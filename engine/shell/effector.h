// The seam to the outside world: whoever carries calls out, one try at a time. The server's runner
// speaks HTTP and SMTP; the simulator's loses answers as a seed says. A try that was started ends
// with shell_call_done, sooner or later; what follows from it is the core's business.
#ifndef RUNG_ENGINE_SHELL_EFFECTOR_H
#define RUNG_ENGINE_SHELL_EFFECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "engine/model/command.h"

struct effector_call {
    uint64_t call, instance;
    uint32_t attempt; // from 1
    struct slice connector, name;
    struct slice key;  // the same on every try: whoever is called can tell repeats by it
    struct slice form; // packed map {parameter: value}
    struct slice process; // of the case, and since when there is that case
    uint64_t started_ms;
};

struct effector_result {
    enum call_result result;
    struct slice note; // why it failed, for people
    // The answer, as a message of the connector; `message` empty: there is none.
    struct slice message;
    struct slice form; // packed map {parameter: value}
};

struct effector {
    // False: not now (a cap is reached); it is offered again when another one is done. What the
    // call points to lives until this returns.
    bool (*start)(void *context, const struct effector_call *call);
    // Forgets every try under way: no shell_call_done will follow.
    void (*cancel)(void *context);
    void *context;
};

#endif
