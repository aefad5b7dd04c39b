// The search index on disk: an LMDB environment of its own, `search/` in the data folder. It is a
// fold of the journal as far as `seq`, and may be deleted whenever the engine does not run: it is
// made again. Nothing of the engine waits for it.
//
// A posting says that a term stands in a case. Postings lie in buckets of 4,096 consecutive cases:
//   state, kind [, role], text, 0, ~bucket  →  at most 255 places in the bucket (u16), or 512 bytes
//                                              of bits
// so that walking a term's keys upwards shows the newest cases first, a word of every case costs
// one bit a case, and two terms are intersected a bucket at a time. Beside them a row a case: the
// terms it was filed under (doc.h).
//
// One thread writes (index_begin … index_commit); others read through struct index_reader.
#ifndef RUNG_ENGINE_SEARCH_INDEX_H
#define RUNG_ENGINE_SEARCH_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "engine/search/postings.h"
#include "engine/store/store.h"

struct index;

enum {
    INDEX_BUCKET_CASES = 4096,
    INDEX_WORDS = INDEX_BUCKET_CASES / 64,
    INDEX_TERM_BYTES_MAX = 300, // of a term key: state, kind, role, text, 0
    INDEX_BUCKET_BYTES = 4, // behind the term key: ~bucket
    INDEX_PLACE_BYTES = 2,  // of a case in its bucket
    INDEX_DOC_BYTES_MAX = 64 * 1024
};

struct index_place { // what the index holds: everything up to this record
    uint64_t seq;
    uint8_t chain[STORE_CHAIN_BYTES];
};

// Opens `search/` of the data folder. What is not there, belongs to another store or was written by
// another version is begun anew, and so is what does not validate.
enum err index_open(const char *data_folder, const uint8_t *uuid, uint64_t map_bytes,
                    struct index **ret_index) ATTR_USE_RESULT;
void index_close(struct index *index); // no reader may be open; NULL is fine
enum err index_drop(const char *data_folder) ATTR_USE_RESULT; // of a store that nobody has open
const struct index_place *index_place(const struct index *index); // writer's thread
uint64_t index_bytes(struct index *index);                        // of the file, in use
int index_fd(struct index *index);

// --- one batch, on the writer's thread -----------------------------------------------------------
enum err index_begin(struct index *index) ATTR_USE_RESULT;
// Of a case, as it is filed now; empty: not at all. Valid until the next put.
struct slice index_filed(struct index *index, uint64_t instance);
void index_file(struct index *index, uint64_t instance, struct slice doc);
// Sorts the postings, writes them all and the new place, and ends the batch. ERR_FULL,
// ERR_NO_MEMORY: nothing happened. ERR_IO: unknown.
enum err index_commit(struct index *index, struct postings *postings,
                      const struct index_place *place) ATTR_USE_RESULT;
void index_abort(struct index *index);
enum err index_clear(struct index *index) ATTR_USE_RESULT; // begins anew

// --- reading -------------------------------------------------------------------------------------
struct index_reader;
enum err index_reader_open(struct index *index, struct index_reader **ret_reader) ATTR_USE_RESULT;
void index_reader_close(struct index_reader *reader); // NULL is fine
enum err index_reader_begin(struct index_reader *reader) ATTR_USE_RESULT; // keep it short
void index_reader_end(struct index_reader *reader);
uint64_t index_reader_seq(struct index_reader *reader); // what this snapshot holds
struct slice index_reader_doc(struct index_reader *reader, uint64_t instance); // empty: none

// The newest bucket of a term that is not newer than `at` (an inverted bucket; 0: any). False:
// there is none. The value lives until index_reader_end.
bool index_reader_seek(struct index_reader *reader, struct slice term, uint32_t at,
                       uint32_t *ret_at, struct slice *ret_value);
// The first term key >= `from` that begins with `with`. False: none. Lives until index_reader_end.
bool index_reader_term(struct index_reader *reader, struct slice from, struct slice with,
                       struct slice *ret_term);
// Adds the cases of a bucket's value to `bits`.
void index_bucket_or(struct slice value, uint64_t bits[INDEX_WORDS]);
uint32_t index_bucket_count(struct slice value);
static inline uint64_t index_case(uint32_t at, uint32_t place) // inverted bucket, place in it
{
    return (uint64_t)(~at) * INDEX_BUCKET_CASES + place;
}

#endif
