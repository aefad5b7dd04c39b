// The whole engine wired together: store, core, queues, shell. It starts no thread and knows no
// loop; the server adds those, the embedded engine and the simulator call the three ticks
// themselves:
//
//   shell_tick(engine.shell)   the loop's side      core_tick(&engine.core_tick)   the core's side
//   flusher_tick(&engine.flusher)                   the flusher's side
//   writer_tick(&engine.writer)                     the writer's side, when there is one
//   follower_tick(engine.follower)                  the search index, behind a flush
#ifndef RUNG_ENGINE_SHELL_ENGINE_H
#define RUNG_ENGINE_SHELL_ENGINE_H

#include "engine/search/follow.h"
#include "engine/shell/core_tick.h"
#include "engine/shell/flusher.h"
#include "engine/shell/inbox.h"
#include "engine/shell/shell.h"
#include "engine/shell/writer.h"

struct engine_options {
    struct store_options store; // path, sizes, lock, …; `fingerprint` is filled in here
    struct slice currency;      // company's currency, for a new store
    struct slice region;        // country of phones written without one, likewise
    struct slice zone;          // of the company, likewise
    const struct ranges *ranges; // that tell the zones of Russian numbers; may be NULL
    bool demo;
    uint32_t demo_factor; // 0: the clock stands still until it is moved
    uint64_t demo_ms;     // demo: where a new store's clock begins; 0: at the wall clock
    const struct clock *clock;
    const struct transport *transport;
    const struct worker *worker;
    const struct effector *effector;   // may be NULL
    const struct toolchain *toolchain; // may be NULL
    const struct intake_library *mappings; // may be NULL
    const char *scratch_path;
    struct doorbell wake_core, wake_shell, wake_flusher; // `ring` may be NULL with one thread
    struct doorbell wake_for_commands; // rung when commands come to a core that sleeps; see server
    bool writer; // somebody calls writer_tick: batches are decided while the last is written
    struct doorbell wake_writer;
    uint32_t hand_over; // see core_tick_options
};

struct engine {
    struct store *store;
    struct core *core;
    struct timekeeper keeper;
    struct flusher flusher;
    struct writer writer;
    struct inbox inbox, outbox, idle;
    struct core_tick core_tick;
    struct follower *follower; // NULL: in memory, or it could not be opened
    enum err follower_err;     // why not
    struct shell *shell;
    uint64_t folded; // records that the view lacked when the store was opened
};

struct engine_problem {
    char message[500]; // for people; empty when the error's own sentence says it all
};

// Opens the store (folding what the view lacks) and wires everything. After an error nothing is
// open.
enum err engine_open(const struct engine_options *options, struct engine *ret_engine,
                     struct engine_problem *ret_problem) ATTR_USE_RESULT;
// Closes everything; every tick has stopped. `crash`: drops what is in memory, as a crash would.
void engine_close(struct engine *engine, bool crash);

// Before the ticks begin: what a start does with the files it was given.
struct engine_activation {
    bool fresh;        // the store had no program: the files were activated
    uint32_t programs; // compiled
    uint32_t differ;   // active programs whose files say something else (nothing was changed)
    struct slice text; // diagnostics, when the files do not compile
};
// A store without programs activates the files; one with programs keeps its own and counts what
// differs. ERR_BAD_INPUT: they do not compile (see text, in `arena`), or the core refuses them.
enum err engine_activate(struct engine *engine, const struct toolchain *toolchain,
                         const struct toolchain_file *files, uint32_t count, struct arena *arena,
                         struct engine_activation *ret_activation) ATTR_USE_RESULT;

const char *engine_build(void); // "rung 0.1.0"

#endif
