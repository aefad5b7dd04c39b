#include "base/check.h"
#include "base/mem.h"
#include "engine/search/find_internal.h"

void arm_init(struct arm *arm) { *arm = (struct arm){ 0 }; }

void arm_done(struct arm *arm) { mem_free(arm->leaf); }

static struct leaf *add_leaf(struct arm *arm)
{
    if (arm->count == arm->capacity) {
        arm->capacity = arm->capacity == 0 ? 16 : 2 * arm->capacity;
        arm->leaf = mem_grow(arm->leaf, sizeof(struct leaf) * arm->capacity);
    }
    struct leaf *leaf = &arm->leaf[arm->count++];
    *leaf = (struct leaf){ 0 };
    return leaf;
}

void arm_add(struct arm *arm, struct arena *arena, struct slice term)
{
    for (uint32_t i = 0; i < arm->count; i++) {
        if (slice_equal(arm->leaf[i].term, term)) {
            return;
        }
    }
    add_leaf(arm)->term = arena_copy(arena, term);
}

void arm_add_case(struct arm *arm, struct arena *arena, uint64_t instance)
{
    uint32_t place = (uint32_t)(instance % INDEX_BUCKET_CASES);
    char *value = arena_alloc_raw(arena, 2);
    value[0] = (char)(unsigned char)place;
    value[1] = (char)(unsigned char)(place >> 8);
    *add_leaf(arm) = (struct leaf){ .value = slice_make(value, 2), .there = true,
                                    .at = ~(uint32_t)(instance / INDEX_BUCKET_CASES) };
}

// Moves a leaf to its first bucket at or behind `at`.
static void move_leaf(struct index_reader *reader, struct leaf *leaf, uint32_t at,
                      struct walk_budget *budget)
{
    if (leaf->done || (leaf->there && leaf->at >= at)) {
        return;
    }
    if (leaf->term.len == 0 || budget->steps == 0) {
        leaf->done = true;
        return;
    }
    budget->steps--;
    leaf->there = index_reader_seek(reader, leaf->term, at, &leaf->at, &leaf->value);
    leaf->done = !leaf->there;
}

// The first bucket at or behind `at` in which some leaf has cases. False: none.
static bool move_arm(struct index_reader *reader, struct arm *arm, uint32_t at,
                     struct walk_budget *budget, uint32_t *ret_at)
{
    bool any = false;
    for (uint32_t i = 0; i < arm->count; i++) {
        struct leaf *leaf = &arm->leaf[i];
        move_leaf(reader, leaf, at, budget);
        if (!leaf->done && (!any || leaf->at < *ret_at)) {
            *ret_at = leaf->at;
            any = true;
        }
    }
    return any;
}

static void or_arm(const struct arm *arm, uint32_t at, uint64_t bits[INDEX_WORDS])
{
    for (uint32_t i = 0; i < arm->count; i++) {
        if (!arm->leaf[i].done && arm->leaf[i].at == at) {
            index_bucket_or(arm->leaf[i].value, bits);
        }
    }
}

static void meet(struct arm *const *arms, uint32_t count, uint32_t at, uint64_t bits[INDEX_WORDS])
{
    memset(bits, 0xff, sizeof(uint64_t) * INDEX_WORDS);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t one[INDEX_WORDS] = { 0 };
        or_arm(arms[i], at, one);
        for (uint32_t w = 0; w < INDEX_WORDS; w++) {
            bits[w] &= one[w];
        }
    }
}

bool arms_next(struct index_reader *reader, struct arm *const *arms, uint32_t count,
               struct walk_budget *budget, uint32_t *at, uint64_t bits[INDEX_WORDS])
{
    CHECK(count > 0);
    for (;;) {
        uint32_t first = *at;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t found = 0;
            if (!move_arm(reader, arms[i], first, budget, &found)) {
                return false;
            }
            first = found;
        }
        if (first == *at) { // every arm stands here
            meet(arms, count, first, bits);
            for (uint32_t w = 0; w < INDEX_WORDS; w++) {
                if (bits[w] != 0) {
                    return true;
                }
            }
            if (*at == UINT32_MAX) {
                return false;
            }
            first++;
        }
        *at = first;
    }
}
