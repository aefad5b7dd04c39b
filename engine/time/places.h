// Where a client is: cities and telephone prefixes that tell a time zone. Small tables of our own
// (places.def); what they do not know they do not guess.
#ifndef RUNG_ENGINE_TIME_PLACES_H
#define RUNG_ENGINE_TIME_PLACES_H

#include "base/slice.h"
#include "engine/time/ranges.h"

// The IANA zone of a city, by its Russian or English name, case and `ё` aside; empty: not known.
struct slice places_zone_of_city(struct slice name);
// The zone of an E.164 number; empty when the number does not tell. Mobile numbers of a country
// with several zones are handed out by ranges, not by prefix, so their prefix says nothing: they
// tell only by `ranges`, which go before the prefixes (NULL: there is no register).
struct slice places_zone_of_phone(struct slice phone, const struct ranges *ranges);
// Small letters without blanks around them; `ё` as `е`. Latin and Cyrillic only. Gives the length;
// what does not fit into `room` is cut off.
size_t places_fold(struct slice text, char *to, size_t room);

#endif
