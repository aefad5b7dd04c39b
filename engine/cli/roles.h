// Roles of a file of people, beside those that the active processes name: a mistyped one is taken,
// since a process may come later, but it is told.
#ifndef RUNG_ENGINE_CLI_ROLES_H
#define RUNG_ENGINE_CLI_ROLES_H

#include "engine/cli/cli.h"

struct roles {
    struct cli *cli;
    const char *path; // of the file, for what is told
    struct slice *known;
    uint32_t known_count;
    json_t *unknown; // [{line, role, near}], near: the nearest known one or null; to be given back
};

// Asks the engine for the roles of its processes. `roles_done` in any case.
int roles_ask(struct cli *cli, const char *path, struct roles *ret_roles);
void roles_done(struct roles *roles);
// A role that no active process names is told on stderr with its line. While no process is active
// nothing can be told.
void roles_look(struct roles *roles, uint64_t line, struct slice role);

#endif
