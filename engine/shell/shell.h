// The loop's side of the shell: connections, sessions, questions, subscriptions, slow jobs. One
// thread. Nothing here reads a clock, a socket or a file: bytes and time come in through the seams,
// and everything is done in shell_tick, in a fixed order, so that a simulator can run it from a
// seed.
//
//   transport ── shell_opened, shell_input and _received, shell_writable, shell_ended, shell_closed
//   worker    ── shell_job_done
//   the core's side ── deliveries
//        all of these only note what happened; shell_tick does the work
#ifndef RUNG_ENGINE_SHELL_SHELL_H
#define RUNG_ENGINE_SHELL_SHELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/shell/core_tick.h"
#include "engine/shell/effector.h"
#include "engine/shell/intake.h"
#include "engine/shell/toolchain.h"
#include "engine/shell/transport.h"

struct shell;
struct follower;

struct shell_options {
    struct store *store;
    struct core_tick *core_tick; // only its atomics and counters' request path are used from here
    struct timekeeper *keeper;
    struct inbox *inbox, *outbox, *idle;
    const struct transport *transport;
    const struct worker *worker;
    const struct effector *effector; // may be NULL: calls stay in the outbox
    const struct toolchain *toolchain; // may be NULL: `apply` is refused
    struct follower *follower; // may be NULL: `search` is refused
    const struct intake_library *mappings; // may be NULL: none is known by name
    const char *scratch_path; // where `verify` may make and remove a scratch store
    struct slice build;       // "rung 0.1.0"
    struct slice currency;
};

enum err shell_open(const struct shell_options *options, struct shell **ret_shell) ATTR_USE_RESULT;
// Every session must be closed and every request back (shell_stop, then tick until shell_is_quiet),
// unless `crash`: then what was under way is forgotten.
void shell_close(struct shell *shell, bool crash);

// --- events of the transport. `conn` is what shell_opened gave. ----------------------------------
// False: SESSIONS_MAX are open; the transport hangs up.
bool shell_opened(struct shell *shell, uint64_t *ret_conn);
// Where to put the next bytes of the connection: at least one byte of room. NULL: none wanted now.
char *shell_input(struct shell *shell, uint64_t conn, size_t *ret_room);
void shell_received(struct shell *shell, uint64_t conn, size_t bytes);
void shell_writable(struct shell *shell, uint64_t conn);
void shell_ended(struct shell *shell, uint64_t conn); // the other side sends no more, but reads
void shell_closed(struct shell *shell, uint64_t conn); // the connection is gone

// --- work ----------------------------------------------------------------------------------------
void shell_job_done(struct shell *shell, struct job *job);
// A try that the effector started has ended. Copies what it needs.
void shell_call_done(struct shell *shell, uint64_t call, const struct effector_result *result);
// Does an active process send that call of the connector, or await that message of it? `name`
// empty: has one anything to do with the connector? True while no process is active.
bool shell_knows_signal(struct shell *shell, struct slice connector, struct slice name,
                        bool is_call);
// Does what there is to do. Returns after how many ms it wants to be called again even if nothing
// happens; UINT64_MAX: no need.
uint64_t shell_tick(struct shell *shell);
// From now on commands are refused with `stopping`; connections close when they have their answers.
void shell_stop(struct shell *shell);
// Stopped, nothing under way, every connection closed.
bool shell_is_quiet(const struct shell *shell);
// Closes every connection, answered or not (shell_stop's time is over, or what is on disk is
// unknown).
void shell_drop(struct shell *shell);
uint32_t shell_session_count(const struct shell *shell);

#endif
