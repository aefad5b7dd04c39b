// What every fuzz target has: the entry that libFuzzer calls, and the planted bug.
//
// A target is built twice. The second time, PLANTED_BUG is defined and the target holds one mistake
// of the kind it is there to find; tests/fuzz/run.sh --planted shows that it is found within a
// minute, so that a target which reaches nothing cannot pass for one that finds nothing.
#ifndef RUNG_TESTS_FUZZ_FUZZ_H
#define RUNG_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
