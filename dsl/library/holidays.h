// Lists of holidays, one year each, as official production calendars are published:
//   <calendar year="2026" country="ru"> … <day d="01.09" t="1"/> … </calendar>
// with d = month.day and t = 1: off, 2: shorter by an hour, 3: worked. Everything else in the file
// (names of holidays, where a day was moved from) is passed over. Untrusted bytes; pure.
#ifndef RUNG_DSL_LIBRARY_HOLIDAYS_H
#define RUNG_DSL_LIBRARY_HOLIDAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dsl/image/image.h"

enum { HOLIDAYS_DAYS_MAX = 400, HOLIDAYS_BYTES_MAX = 256 * 1024 };

struct holidays {
    int32_t year;
    struct image_exception *days; // ascending, each day once; in the arena
    uint32_t count;
};
struct holidays_fault {
    uint32_t line;
    const char *what; // "this day has no date"
};

// False: `fault` says what the first bad line is.
bool holidays_read(struct slice text, struct arena *arena, struct holidays *ret,
                   struct holidays_fault *ret_fault);

#endif
