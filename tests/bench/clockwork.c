#include "tests/bench/clockwork.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

enum { APPENDS = 300, APPEND_BYTES = 4096, PATH_BYTES = 4096, WORDS_MAX = 8 };

uint64_t clockwork_us(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void clockwork_nap_us(uint32_t us)
{
    const struct timespec nap = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 };
    (void)nanosleep(&nap, NULL);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double clockwork_median(double *values, uint32_t count)
{
    CHECK(count > 0);
    qsort(values, count, sizeof(values[0]), compare_doubles);
    return values[count / 2];
}

static bool run_program(const char *const *words)
{
    int status = 1;
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[WORDS_MAX + 1] = { NULL };
        for (uint32_t i = 0; i < WORDS_MAX && words[i] != NULL; i++) {
            argv[i] = strdup(words[i]);
        }
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void clockwork_remove(const char *path)
{
    (void)run_program((const char *[]){ "rm", "-rf", "--", path, NULL });
}

bool clockwork_copy(const char *from, const char *to)
{
    clockwork_remove(to);
    bool good = run_program((const char *[]){ "cp", "-r", "--sparse=auto", "--", from, to, NULL });
    sync(); // so that the copy's own writing is over before anything is measured
    return good;
}

double clockwork_append_us(const char *folder)
{
    static char page[APPEND_BYTES];
    static double took[APPENDS];
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/append", folder);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    CHECK(fd >= 0);
    for (uint32_t i = 0; i < APPENDS; i++) {
        uint64_t begun = clockwork_us();
        CHECK(write(fd, page, sizeof(page)) == sizeof(page) && fdatasync(fd) == 0);
        took[i] = (double)(clockwork_us() - begun);
    }
    (void)close(fd);
    (void)unlink(path);
    return clockwork_median(took, APPENDS);
}
