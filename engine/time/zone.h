// Time zones from the system's tzdata (TZif files, RFC 8536; the POSIX rule of the footer goes on
// where the table ends). Pure: bytes come in, nothing is opened here. Why not a library: ICU of the
// same system carries tzdata of years ago, and the C library's TZ is one setting for a whole
// process.
//
// Seconds are since 1970-01-01 UTC; local seconds are the same count on the zone's wall clock.
#ifndef RUNG_ENGINE_TIME_ZONE_H
#define RUNG_ENGINE_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

// When daylight time begins or ends in a year: day by one of three rules, seconds of that wall day.
enum zone_rule_kind { ZONE_RULE_JULIAN, ZONE_RULE_DAY, ZONE_RULE_WEEK };
struct zone_rule {
    enum zone_rule_kind kind;
    int day;               // JULIAN: 1-365 without February 29; DAY: 0-365
    int month, week, wday; // WEEK: the week'th wday of the month, 5 = the last
    int32_t seconds;       // -167 h to 167 h
};

struct zone {
    const int64_t *moments; // ascending
    const uint8_t *types;   // type from that moment on
    uint32_t count;
    const int32_t *offsets; // by type, seconds east of UTC
    uint32_t type_count;
    bool has_footer, has_summer;
    int32_t standard, summer; // offsets of the footer
    struct zone_rule begins, ends;
};

// The zone points into `arena`. ERR_CORRUPT: not a TZif file, or one whose counts do not hold.
enum err zone_parse(struct slice bytes, struct arena *arena, struct zone *ret_zone);
// The zone that is UTC.
struct zone zone_utc(void);

int32_t zone_offset(const struct zone *zone, int64_t utc);
int64_t zone_to_local(const struct zone *zone, int64_t utc);
// Rule 18: a wall time in a gap moves forward by the gap; in a fold it is the first of the two.
int64_t zone_to_utc(const struct zone *zone, int64_t local);

#endif
