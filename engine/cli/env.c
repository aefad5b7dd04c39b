#include "engine/cli/env.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/value.h"

const char *env_get(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec now = { 0 };
    CHECK(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t env_now_ms(void) { return clock_ms(CLOCK_REALTIME); }
uint64_t env_steady_ms(void) { return clock_ms(CLOCK_MONOTONIC); }

void env_sleep_ms(uint32_t ms)
{
    struct timespec wait = { .tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000 };
    (void)nanosleep(&wait, NULL);
}

void env_random(void *to, size_t bytes) { CHECK(getrandom(to, bytes, 0) == (ssize_t)bytes); }

bool env_is_terminal(int fd) { return isatty(fd) == 1; }

static unsigned number_from(const char *name, unsigned otherwise)
{
    const char *text = env_get(name);
    int64_t number = 0;
    if (text == NULL || !value_parse_integer(slice_from_cstr(text), &number) || number < 20 ||
        number > 1000) {
        return otherwise;
    }
    return (unsigned)number;
}

void env_terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
    struct winsize size = { 0 };
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *ret_columns = number_from("COLUMNS", known ? size.ws_col : 80);
    *ret_rows = number_from("LINES", known ? size.ws_row : 24);
}
