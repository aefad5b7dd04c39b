// The zone that moments are shown and typed in.
#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/time/zoneinfo.h"

const struct zone *cli_zone(struct cli *cli)
{
    if (cli->zone != NULL) {
        return cli->zone;
    }
    const char *name = cli_option(cli, OPTION_ZONE);
    name = name != NULL ? name : env_get("RUNG_ZONE");
    if (name == NULL && cli->client_ready) {
        name = cli->client.zone[0] != '\0' ? cli->client.zone : NULL;
    }
    if (name == NULL) {
        return NULL; // UTC, until the engine has told the speaker's own, or the company's
    }
    cli->zone = zoneinfo_load(slice_from_cstr(name), &cli->zones);
    if (cli->zone == NULL) {
        cli->zone = zoneinfo_load(SLICE("UTC"), &cli->zones);
    }
    return cli->zone;
}

void cli_zone_is(struct cli *cli, struct slice name)
{
    const struct zone *zone = name.len > 0 ? zoneinfo_load(name, &cli->zones) : NULL;
    cli->zone = zone != NULL ? zone : cli->zone;
}

bool cli_zone_check(struct cli *cli)
{
    const char *name = cli_option(cli, OPTION_ZONE);
    if (name != NULL && !zoneinfo_known(slice_from_cstr(name))) {
        (void)cli_problem(cli, CLI_USAGE, "usage",
                          "there is no time zone `%s`; say for example Europe/Moscow", name);
        return false;
    }
    return true;
}
