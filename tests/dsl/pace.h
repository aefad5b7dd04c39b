// How long something takes, and in which builds that is judged.
#ifndef RUNG_TESTS_DSL_PACE_H
#define RUNG_TESTS_DSL_PACE_H

#include <stdbool.h>
#include <time.h>

static inline bool pace_under_sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer);
#else
    return false;
#endif
}

// A sanitized build is compiled with -O1, and says nothing of the pace of the product.
static inline bool pace_is_judged(void)
{
#ifdef __OPTIMIZE__
    return !pace_under_sanitizer();
#else
    return false;
#endif
}

// Of the processor, so that what else the machine does is not counted.
static inline double pace_processor_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1000.0 + (double)now.tv_nsec / 1e6;
}

#endif
