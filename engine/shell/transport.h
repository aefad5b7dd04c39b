// The seams through which the shell reaches the world: connections, doorbells and slow work. The
// server implements them over libuv, the simulator and the embedded engine over plain queues.
#ifndef RUNG_ENGINE_SHELL_TRANSPORT_H
#define RUNG_ENGINE_SHELL_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

// Connections are named by the number that shell_opened gave. The transport never calls back into
// the shell from inside one of these.
struct transport {
    // Takes as many bytes as go out at once, and says how many. When fewer than given, it calls
    // shell_writable(conn) as soon as there is room. A broken connection takes none and reports
    // shell_closed later.
    size_t (*send)(void *context, uint64_t conn, struct slice bytes);
    // Stops or resumes reading from the connection (back-pressure).
    void (*read)(void *context, uint64_t conn, bool on);
    // Ends the connection. The transport forgets it; no event for it follows.
    void (*close)(void *context, uint64_t conn);
    void *context;
};

// Wakes the other side, which will then tick. May be called from any thread; many rings before the
// other side wakes count as one.
struct doorbell {
    void (*ring)(void *context);
    void *context;
};

// Slow work off the loop. `run` is called once, on any thread; afterwards the worker calls
// shell_job_done(shell, job) on the loop's thread.
struct job {
    void (*run)(struct job *job);
    struct job *next;
    bool finished; // set by shell_job_done
};
struct worker {
    void (*submit)(void *context, struct job *job);
    void *context;
};

#endif
