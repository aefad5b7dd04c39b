// The register of Russian numbers for an engine that is about to start.
#ifndef RUNG_ENGINE_CLI_PHONE_RANGES_H
#define RUNG_ENGINE_CLI_PHONE_RANGES_H

#include "engine/cli/cli.h"
#include "engine/time/ranges.h"

// `path`: one file, or a folder whose *.csv are taken in the order of their names. Tells on stderr
// what was read and which regions are not known. The ranges live as long as `cli`. CLI_DONE, or an
// exit code after telling.
int phone_ranges_open(struct cli *cli, const char *path, struct ranges *ret_ranges);

#endif
