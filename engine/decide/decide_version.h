// Inside engine/decide only: cases and fields across versions of their process.
#ifndef RUNG_ENGINE_DECIDE_DECIDE_VERSION_H
#define RUNG_ENGINE_DECIDE_DECIDE_VERSION_H

#include "engine/decide/decide_internal.h"
#include "engine/decide/version.h"

// One per command.
void decide_revert(struct decide *d);
void decide_migrate(struct decide *d);
void decide_version(struct decide *d);
void decide_version_settled(struct decide *d);
// What stood in the way becomes the case's result at the newest activation.
void decide_hold_version(struct decide *d, const struct refusal *why);

// fields.c
// First values of fields that are empty; not of those that the version `before` had (NULL: of all).
enum run_result fields_default(struct run *run, const struct image *before);
// A case changes its version: the keys of fields that are none in `other` are given back, or taken.
void fields_release_others(struct run *run, const struct image *other);
void fields_take_others(struct run *run, const struct image *other);
// The row of that key in the index; it is the same for all versions of the process.
bool fields_look_up(const struct run *run, uint32_t field, struct slice key,
                    struct view_key_row *ret_row);

#endif
