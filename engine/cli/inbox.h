// What the commands that show inboxes share.
#ifndef RUNG_ENGINE_CLI_INBOX_H
#define RUNG_ENGINE_CLI_INBOX_H

#include "engine/cli/cli.h"

// How the colour of a lane looks on a terminal.
enum term_style inbox_style(struct slice colour);
// The zone whose days are meant, when it was given: --zone, or $RUNG_ZONE.
void inbox_put_zone(struct cli *cli, struct params *params);

#endif
