// Bodies of webhooks: the mapping says what each element of a body is for, and each becomes a
// command of its own, so that one that cannot be taken does not lose the others. Nothing here is
// durable: an element is remembered in the ledger by its source and row, together with what it did,
// and a body that is said again changes nothing.
#ifndef RUNG_ENGINE_SHELL_INTAKE_H
#define RUNG_ENGINE_SHELL_INTAKE_H

#include "base/arena.h"
#include "base/slice.h"

struct shell;
struct session;
struct call;
struct request;
struct intake_open;

enum { INTAKES_OPEN_MAX = 64 };
#define INTAKE_CONN (UINT64_MAX - 1) // request.conn of what an intake says

// The mappings that are known by name.
struct intake_library {
    // False: there is none. The text lives as long as the engine.
    bool (*find)(void *context, struct slice name, struct slice *ret_text);
    void *context;
};

struct intake {
    struct intake_open *open[INTAKES_OPEN_MAX];
};

void intake_done(struct intake *intake); // forgets those that are open
// False: not now, no room; to be offered again.
bool intake_take(struct shell *shell, struct session *session, const struct call *call);
// The core has answered one element.
void intake_answered(struct shell *shell, const struct request *request, struct slice reply);

#endif
