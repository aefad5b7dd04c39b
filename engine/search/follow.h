// The follower: reads the journal behind the view and files every case that a record touched as it
// stands in the view, in batches of bounded size. Whatever happens in between, a batch is in the
// index as a whole or not at all, and the next start goes on from there. It takes no lock of the
// store: it sees what the last flush wrote. One thread.
#ifndef RUNG_ENGINE_SEARCH_FOLLOW_H
#define RUNG_ENGINE_SEARCH_FOLLOW_H

#include "base/err.h"
#include "engine/search/index.h"
#include "engine/store/store.h"

struct follower;

enum { FOLLOW_CASES_MAX = 1500 }; // about so many of one batch: bounds its memory

// ERR_FULL, ERR_IO, …: the index could not be opened; the engine does without it.
enum err follower_open(struct store *store, const char *data_folder, uint64_t map_bytes,
                       struct follower **ret_follower) ATTR_USE_RESULT;
void follower_close(struct follower *follower); // NULL is fine
struct index *follower_index(struct follower *follower);
// One batch. True: there is more to do at once. After ERR_FULL it is tried again at the next call;
// after another error it does nothing any more.
bool follower_tick(struct follower *follower);
enum err follower_failed(const struct follower *follower); // OK: it follows
uint64_t follower_seq(const struct follower *follower);    // any thread

#endif
