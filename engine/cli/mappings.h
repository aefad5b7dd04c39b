// The mappings for webhooks that an engine knows by name: those of a folder, and those of the
// library that comes with Rung (stdlib/intake/NAME.map).
#ifndef RUNG_ENGINE_CLI_MAPPINGS_H
#define RUNG_ENGINE_CLI_MAPPINGS_H

#include "engine/cli/cli.h"
#include "engine/intake/map_lines.h"
#include "engine/shell/intake.h"

struct mappings {
    struct slice *names, *texts;
    uint32_t count;
};

// Reads every NAME.map of `folder` (NULL: none) and checks it. CLI_DONE, or an exit code after
// telling. All lives in the arena of `cli`.
int mappings_open(struct cli *cli, const char *folder, struct mappings *ret_mappings);
struct intake_library mappings_library(struct mappings *mappings);

// The mistakes of a map, on stderr, with lines and carets.
int mappings_tell(struct cli *cli, const struct map_lines *map);

#endif
