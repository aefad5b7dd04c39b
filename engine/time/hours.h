// Working hours of a person as the directory has them: "mon..fri 09:00-13:00 14:00-18:00; sat
// 10:00-14:00". Days as in a calendar of the language (mon tue wed thu fri sat sun), `00:00` as an
// end is midnight. Pure.
#ifndef RUNG_ENGINE_TIME_HOURS_H
#define RUNG_ENGINE_TIME_HOURS_H

#include "base/slice.h"
#include "engine/time/calendar.h"

// False: `ret_why` says what is wrong, in one sentence; it may name `ret_at`, a part of the text.
bool hours_parse(struct slice text, struct calendar *ret_calendar, const char **ret_why,
                 struct slice *ret_at);

#endif
