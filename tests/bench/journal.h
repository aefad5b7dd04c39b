// The journal of a store that no engine runs on, read to the end.
#ifndef RUNG_TESTS_BENCH_JOURNAL_H
#define RUNG_TESTS_BENCH_JOURNAL_H

#include <stdbool.h>

#include "engine/model/record.h"

typedef void journal_fn(void *context, const struct record *record); // it lasts until the return

// Calls `each` for every record of the store in that folder. False: it does not open (said on
// stderr), or a record cannot be read.
bool journal_each(const char *folder, journal_fn *each, void *context);

#endif
