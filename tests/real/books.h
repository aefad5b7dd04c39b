// Closes the books: where every lead stands, what its history says, whether the engine's own proof
// holds, and whether importing the file again changes anything.
#ifndef RUNG_TESTS_REAL_BOOKS_H
#define RUNG_TESTS_REAL_BOOKS_H

#include "tests/real/play.h"

// Each prints what it found and returns false when something does not hold.
bool books_close(struct engine *engine, struct leads *leads);     // the table
bool books_histories(struct engine *engine, struct leads *leads); // presses, moments, words
bool books_verify(struct engine *engine);                         // the running engine's `verify`
uint64_t books_seq(struct engine *engine);                        // number of the last record

#endif
