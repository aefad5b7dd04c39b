// Explaining shared by commands: the chain behind a record, and incidents by query.
#ifndef RUNG_ENGINE_CLI_WHY_H
#define RUNG_ENGINE_CLI_WHY_H

#include "engine/cli/cli.h"

// Prints what brought about record `seq` of the case (cmd_why.c). An exit code.
int why_record(struct cli *cli, uint64_t instance, uint64_t seq);
// Closes every incident that the options choose, with --reason (cmd_outside.c). An exit code.
int close_incidents(struct cli *cli);

#endif
