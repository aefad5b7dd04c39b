// Moments for people: how far away they are, and moments as people type them. Wall times are those
// of the reader's `zone` (NULL: UTC). Pure.
#ifndef RUNG_ENGINE_CLI_WHEN_H
#define RUNG_ENGINE_CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "engine/time/zone.h"

// "in 10 min", "now", "2 h ago".
void when_distance(struct buf *out, uint64_t at_ms, uint64_t now_ms);
// The same for something due: "in 10 min", "now", "2 h late".
void when_due(struct buf *out, uint64_t due_ms, uint64_t now_ms);
// "today 18:00", "tomorrow 10:00", "Mon 2026-03-02 18:00".
void when_moment(struct buf *out, uint64_t at_ms, uint64_t now_ms, const struct zone *zone);
// "2026-03-02 18:00:07".
void when_stamp(struct buf *out, uint64_t at_ms, const struct zone *zone);

// now · in 10 min · in 2 h · in 3 days [10:00] · today 18:00 · tomorrow [10:00] · monday [10:00] ·
// next monday [10:00] · 18:00 (its next one) · 2026-03-02 [18:00]. A day without a time of day
// means WHEN_HOUR o'clock. False: the text is none of these.
enum { WHEN_HOUR = 10 };
bool when_parse(struct slice text, uint64_t now_ms, const struct zone *zone, uint64_t *ret_ms);
// A moment that has been: 2 h ago · 3 days ago · yesterday [18:00] · now · today [09:00] ·
// 2026-03-02 [18:00]. A day alone is its beginning, or with `whole_day` its last millisecond.
bool when_parse_past(struct slice text, uint64_t now_ms, const struct zone *zone, bool whole_day,
                     uint64_t *ret_ms);
// Days only: today, tomorrow, monday, next monday, in 3 days, 2026-03-02.
bool when_parse_day(struct slice text, uint64_t now_ms, const struct zone *zone,
                    int64_t *ret_days);

// The one-tap moments offered for a question about a moment.
extern const char *const when_quick[];
enum { WHEN_QUICK_COUNT = 6 };
extern const char *const when_quick_days[];
enum { WHEN_QUICK_DAYS_COUNT = 4 };

#endif
