// Where a client is: cities and telephone prefixes that tell a time zone. Small tables of our own
// (places.def); what they do not know they do not guess.
#ifndef RUNG_ENGINE_TIME_PLACES_H
#define RUNG_ENGINE_TIME_PLACES_H

#include "base/slice.h"

// The IANA zone of a city, by its Russian or English name, case and `ё` aside; empty: not known.
struct slice places_zone_of_city(struct slice name);
// The zone of an E.164 number; empty when the number does not tell: mobile numbers of a country
// with several zones are handed out by ranges, not by prefix, so their prefix says nothing.
struct slice places_zone_of_phone(struct slice phone);

#endif
