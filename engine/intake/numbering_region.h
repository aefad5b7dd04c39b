// Regions as the register of numbers spells them. Its spelling is not one: "г. Москва * Московская
// область", "Москва и Московская область", "г. Сочи|Краснодарский край", "Ханты - Мансийский - Югра
// АО". Only inside engine/intake.
#ifndef RUNG_ENGINE_INTAKE_NUMBERING_REGION_H
#define RUNG_ENGINE_INTAKE_NUMBERING_REGION_H

#include <stddef.h>

#include "engine/intake/numbering.h"
#include "engine/time/places.h"

enum {
    REGION_SILENT = 255,  // known, and keeps several times
    REGION_UNKNOWN = 256,
    REGION_KEY_BYTES_MAX = 200
};

// The words of a region but for those of its kind (область, край, г. …), in small letters, one
// blank between them. Gives the length; 0: no such word, or too long.
size_t region_key(struct slice text, char to[REGION_KEY_BYTES_MAX]);
// NULL: not in the list.
const struct numbering_region *region_find(const struct numbering_region *regions, uint32_t count,
                                           struct slice key);
// Of alternatives (`|`, from the narrow to the wide) the first that is known counts; of regions
// that share a range (`*`, `и`) all must be known and keep one time.
uint32_t region_zone(const struct numbering_region *regions, uint32_t count, struct slice text);

#endif
