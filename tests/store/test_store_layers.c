// The merged layers against a model: a plain sorted array of living rows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/prng.h"
#include "tests/store/scratch.h"

enum { KEYS = 300, DBS = 3, VALUE_BYTES_MAX = 600 };

struct model {
    bool there[DBS][KEYS];
    uint32_t value[DBS][KEYS]; // tells the bytes
};

static const enum store_db MODEL_DBS[DBS] = { DB_INSTANCE, DB_TASK, DB_FAMILIAR };

static struct slice key_of(uint32_t number, char bytes[8])
{
    for (uint32_t i = 0; i < 8; i++) {
        bytes[i] = (char)(i < 4 ? number * 7 >> (8 * (3 - i)) : 0x55);
    }
    return slice_make(bytes, 8);
}

static struct slice value_of(uint32_t number, char bytes[VALUE_BYTES_MAX])
{
    size_t len = number % VALUE_BYTES_MAX;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(number >> (8 * (i % 4)));
    }
    return slice_make(bytes, len);
}

static void compare_all(struct store *store, const struct model *model)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    char key[8];
    char value[VALUE_BYTES_MAX];
    for (uint32_t d = 0; d < DBS; d++) {
        struct store_cursor *cursor = store_seek(store, MODEL_DBS[d], SLICE_EMPTY, &arena);
        bool more = cursor != NULL;
        for (uint32_t k = 0; k < KEYS; k++) {
            struct slice got;
            enum err err = store_get(store, MODEL_DBS[d], key_of(k, key), &got);
            assert_int_equal(err, model->there[d][k] ? OK : ERR_NOT_FOUND);
            if (!model->there[d][k]) {
                continue;
            }
            assert_true(slice_equal(got, value_of(model->value[d][k], value)));
            assert_true(more);
            assert_true(slice_equal(store_cursor_key(cursor), key_of(k, key)));
            assert_true(slice_equal(store_cursor_value(cursor), got));
            more = store_next(cursor);
        }
        assert_false(more);
    }
    arena_done(&arena);
}

// From a random key, or a key that is not there, or the beginning of one.
static void compare_seek(struct store *store, const struct model *model, struct prng *prng)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    char key[8];
    uint32_t d = (uint32_t)prng_below(prng, DBS);
    uint32_t k = (uint32_t)prng_below(prng, KEYS);
    struct slice from = key_of(k, key);
    if (prng_chance(prng, 300000)) {
        from.len = 4;
    } else if (prng_chance(prng, 300000)) {
        key[7] = 0x54;
    }
    struct store_cursor *cursor = store_seek(store, MODEL_DBS[d], from, &arena);
    struct store_cursor *other = store_seek(store, MODEL_DBS[d], SLICE_EMPTY, &arena);
    bool more = cursor != NULL;
    for (uint32_t i = 0; i < 5; i++) {
        while (k < KEYS && !model->there[d][k]) {
            k++;
        }
        assert_int_equal(more, k < KEYS);
        if (!more) {
            break;
        }
        assert_true(slice_equal(store_cursor_key(cursor), key_of(k, key)));
        k++;
        more = store_next(cursor);
        if (other != NULL && !store_next(other)) { // two cursors do not disturb each other
            other = NULL;
        }
    }
    arena_done(&arena);
}

static void random_change(struct store *store, struct model *model, struct prng *prng)
{
    char key[8];
    char value[VALUE_BYTES_MAX];
    uint32_t d = (uint32_t)prng_below(prng, DBS);
    uint32_t k = (uint32_t)prng_below(prng, KEYS);
    if (prng_chance(prng, 350000)) {
        store_delete(store, MODEL_DBS[d], key_of(k, key));
        model->there[d][k] = false;
    } else {
        model->value[d][k] = (uint32_t)prng_next(prng);
        model->there[d][k] = true;
        store_put(store, MODEL_DBS[d], key_of(k, key), value_of(model->value[d][k], value));
    }
}

static void run_batch(struct store *store, struct model *model, struct prng *prng)
{
    struct model before = *model;
    uint32_t commands = (uint32_t)prng_below(prng, 8);
    for (uint32_t c = 0; c < commands; c++) {
        struct model before_command = *model;
        for (uint64_t n = prng_below(prng, 10); n > 0; n--) {
            random_change(store, model, prng);
        }
        if (prng_chance(prng, 200000)) {
            store_command_refuse(store);
            *model = before_command;
        } else {
            store_command_accept(store);
            (void)store_append(store, SLICE("changed"), store_head(store)->now_ms);
        }
        compare_seek(store, model, prng);
    }
    if (prng_chance(prng, 100000)) {
        store_batch_drop(store);
        *model = before;
    } else {
        assert_int_equal(store_commit(store), OK);
    }
}

static void run_layers(const char *path, uint64_t seed)
{
    struct prng prng;
    prng_init(&prng, seed);
    struct store *store = scratch_open(path);
    static struct model model;
    model = (struct model){ 0 };
    for (uint32_t round = 0; round < 400; round++) {
        run_batch(store, &model, &prng);
        if (!store_frozen(store) && prng_chance(&prng, 100000)) {
            store_freeze(store, 0);
        }
        if (store_frozen(store) && prng_chance(&prng, 300000)) {
            assert_int_equal(store_flush(store), OK);
            if (prng_chance(&prng, 500000)) {
                compare_all(store, &model); // F and V hold the same rows now
            }
            store_flush_done(store);
        }
        if (round % 20 == 0) {
            compare_all(store, &model);
        }
    }
    compare_all(store, &model);
    store_close(store, false);
    if (path != NULL) {
        store = scratch_open(path);
        compare_all(store, &model);
        store_close(store, false);
    }
}

static void layers_on_disk_read_as_one_sorted_map(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct scratch scratch;
        scratch_init(&scratch);
        run_layers(scratch.store, seed);
        scratch_done(&scratch);
    }
}

static void layers_in_memory_read_as_one_sorted_map(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        run_layers(NULL, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_in_memory_read_as_one_sorted_map),
        cmocka_unit_test(layers_on_disk_read_as_one_sorted_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
