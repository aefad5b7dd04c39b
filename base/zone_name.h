// Names of time zones, as tzdata writes them: letters, digits and `_+-` between single slashes.
// Nothing else is a name, so that one may stand behind a folder without leaving it.
#ifndef RUNG_BASE_ZONE_NAME_H
#define RUNG_BASE_ZONE_NAME_H

#include <stdbool.h>

#include "base/slice.h"

enum { ZONE_NAME_BYTES_MAX = 60 };

// Says nothing about whether there is such a zone.
bool zone_name_ok(struct slice name);

#endif
