// Work on a data folder that no engine has open.
#ifndef RUNG_ENGINE_CLI_STORE_WORK_H
#define RUNG_ENGINE_CLI_STORE_WORK_H

#include "engine/cli/cli.h"

struct verify_figures {
    uint64_t records, rows, open, ended, asleep, index_faults;
    struct slice message, head; // head: "SEQ:HASH"; empty: nothing was recorded yet
    bool noted;                 // one that was noted earlier was looked for
    bool good;
};
void verify_tell(struct cli *cli, const struct verify_figures *figures);

bool store_work_is_head(const char *text); // "SEQ:HASH"
// Exit codes; problems are told.
int store_work_verify(struct cli *cli, const char *path);

#endif
