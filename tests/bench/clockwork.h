// Time and files as the bench needs them.
#ifndef RUNG_TESTS_BENCH_CLOCKWORK_H
#define RUNG_TESTS_BENCH_CLOCKWORK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t clockwork_us(void); // steady
void clockwork_nap_us(uint32_t us);
double clockwork_median(double *values, uint32_t count); // sorts them
// Removes a folder and all in it, copies one; by `rm` and `cp`.
void clockwork_remove(const char *path);
bool clockwork_copy(const char *from, const char *to);
// The median time of a synced append of 4 KiB in that folder.
double clockwork_append_us(const char *folder);

#endif
