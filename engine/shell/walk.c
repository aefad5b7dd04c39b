#include "engine/shell/walk.h"

#include "base/check.h"

enum err walk_record(struct store_reader *reader, uint64_t seq, struct arena *arena,
                     struct record *ret_record)
{
    struct slice bytes = SLICE_EMPTY;
    enum err err = store_reader_record(reader, seq, arena, &bytes, NULL);
    return err == OK ? record_decode(bytes, arena, ret_record) : err;
}

static bool find_previous(const struct record *record, uint64_t instance, uint64_t *ret_seq)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            *ret_seq = record->touched[i].previous_seq;
            return true;
        }
    }
    return false;
}

enum err walk_back(struct store_reader *reader, uint64_t instance, uint64_t last, uint64_t after,
                   uint32_t most, struct arena *arena, struct walk *ret_walk)
{
    CHECK(most > 0 && most <= WALK_SEQS_MAX);
    uint64_t found = 0;
    ret_walk->count = 0;
    uint64_t ring[WALK_SEQS_MAX];
    for (uint64_t seq = last; seq > after;) {
        ring[found++ % most] = seq;
        struct arena_mark mark = arena_mark(arena);
        struct record record;
        uint64_t previous = 0;
        enum err err = walk_record(reader, seq, arena, &record);
        bool good = err == OK && find_previous(&record, instance, &previous) && previous < seq;
        arena_rewind(arena, mark);
        if (!good) {
            return err != OK ? err : ERR_CORRUPT;
        }
        seq = previous;
    }
    ret_walk->count = found < most ? (uint32_t)found : most;
    // The last `count` written are the oldest; give them newest first.
    for (uint32_t i = 0; i < ret_walk->count; i++) {
        ret_walk->seq[i] = ring[(found - ret_walk->count + i) % most];
    }
    return OK;
}
