// The table against a model: a sorted array that is searched from end to end.
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/prng.h"

enum { KEY_BYTES = 6, MODEL_ROWS = 4096 };

struct model_row {
    char key[KEY_BYTES];
    uint32_t value;
    bool dead;
};

struct model {
    struct model_row rows[MODEL_ROWS];
    uint32_t count;
};

static uint32_t model_place(const struct model *model, struct slice key)
{
    uint32_t at = 0;
    while (at < model->count &&
           slice_compare(slice_make(model->rows[at].key, KEY_BYTES), key) < 0) {
        at++;
    }
    return at;
}

static struct model_row *model_row(struct model *model, const char key[KEY_BYTES])
{
    uint32_t at = model_place(model, slice_make(key, KEY_BYTES));
    if (at == model->count || memcmp(model->rows[at].key, key, KEY_BYTES) != 0) {
        assert_true(model->count < MODEL_ROWS);
        memmove(&model->rows[at + 1], &model->rows[at],
                (model->count - at) * sizeof(model->rows[0]));
        model->count++;
        memcpy(model->rows[at].key, key, KEY_BYTES);
    }
    return &model->rows[at];
}

// Few different bytes, so that keys share long beginnings; high ones, to show unsigned order.
static void random_key(struct prng *prng, char key[KEY_BYTES])
{
    static const char alphabet[] = { 0, 1, 'a', 'b', (char)0x7f, (char)0x80, (char)0xff };
    for (int i = 0; i < KEY_BYTES; i++) {
        key[i] = alphabet[prng_below(prng, sizeof(alphabet))];
    }
}

static void assert_same_row(const struct table_cursor *cursor, const struct model_row *row)
{
    assert_true(slice_equal(cursor->key, slice_make(row->key, KEY_BYTES)));
    assert_int_equal(cursor->dead, row->dead);
    if (!row->dead) {
        assert_true(slice_equal(cursor->value, slice_make(&row->value, sizeof(row->value))));
    }
}

static void assert_same_order(const struct table *table, const struct model *model)
{
    struct table_cursor cursor;
    bool more = table_seek(table, SLICE_EMPTY, &cursor);
    for (uint32_t i = 0; i < model->count; i++) {
        assert_true(more);
        assert_same_row(&cursor, &model->rows[i]);
        more = table_next(&cursor);
    }
    assert_false(more);
}

static void assert_same_seek(const struct table *table, const struct model *model,
                             struct slice from)
{
    struct table_cursor cursor;
    uint32_t at = model_place(model, from);
    bool found = table_seek(table, from, &cursor);
    assert_int_equal(found, at < model->count);
    if (found) {
        assert_same_row(&cursor, &model->rows[at]);
        found = table_next(&cursor);
        assert_int_equal(found, at + 1 < model->count);
        if (found) {
            assert_same_row(&cursor, &model->rows[at + 1]);
        }
    }
}

static void play(struct table *table, struct model *model, struct prng *prng, uint32_t steps)
{
    char key[KEY_BYTES];
    for (uint32_t step = 0; step < steps; step++) {
        random_key(prng, key);
        uint64_t what = prng_below(prng, 10);
        if (what < 5) {
            struct model_row *row = model_row(model, key);
            row->value = (uint32_t)prng_next(prng);
            row->dead = false;
            table_put(table, slice_make(key, KEY_BYTES),
                      slice_make(&row->value, sizeof(row->value)));
        } else if (what < 7) {
            model_row(model, key)->dead = true;
            table_kill(table, slice_make(key, KEY_BYTES));
        } else { // a whole key or a beginning of one, present or not
            assert_same_seek(table, model, slice_make(key, prng_below(prng, KEY_BYTES + 1)));
        }
    }
}

static void random_rows_read_back_in_order_and_from_any_place(void **state)
{
    (void)state;
    static struct model model;
    struct table table;
    table_init(&table);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct prng prng;
        prng_init(&prng, seed);
        model.count = 0;
        for (int round = 0; round < 5; round++) {
            play(&table, &model, &prng, 300);
            assert_same_order(&table, &model);
        }
        for (uint32_t i = 0; i < model.count; i++) {
            struct slice value;
            enum table_found found =
                table_get(&table, slice_make(model.rows[i].key, KEY_BYTES), &value);
            assert_int_equal(found, model.rows[i].dead ? TABLE_DEAD : TABLE_PRESENT);
        }
        table_reset(&table);
        assert_true(table_is_empty(&table));
    }
    table_shrink(&table, 0);
    assert_int_equal(table.byte_capacity, 0);
    table_done(&table);
}

static void an_empty_table_has_no_rows(void **state)
{
    (void)state;
    struct table table;
    struct table_cursor cursor;
    struct slice value;
    table_init(&table);
    assert_false(table_seek(&table, SLICE("a"), &cursor));
    assert_false(table_seek(&table, SLICE_EMPTY, &cursor));
    assert_int_equal(table_get(&table, SLICE("a"), &value), TABLE_ABSENT);
    table_done(&table);
}

static void a_put_over_a_tombstone_revives_the_row(void **state)
{
    (void)state;
    struct table table;
    struct slice value;
    table_init(&table);
    table_put(&table, SLICE("key"), SLICE("short"));
    table_kill(&table, SLICE("key"));
    assert_int_equal(table_get(&table, SLICE("key"), &value), TABLE_DEAD);
    assert_int_equal(table.dead_count, 1);
    table_put(&table, SLICE("key"), SLICE("longer than before"));
    assert_int_equal(table_get(&table, SLICE("key"), &value), TABLE_PRESENT);
    assert_true(slice_equal(value, SLICE("longer than before")));
    assert_int_equal(table.dead_count, 0);
    table_put(&table, SLICE("key"), SLICE_EMPTY);
    assert_int_equal(table_get(&table, SLICE("key"), &value), TABLE_PRESENT);
    assert_int_equal(value.len, 0);
    table_done(&table);
}

static void keys_of_different_lengths_that_end_in_zero_keep_byte_order(void **state)
{
    (void)state;
    static const struct slice keys[] = { { "\0", 1 }, { "a\0", 2 }, { "ab\0", 3 }, { "abc\0", 4 },
                                         { "b\0", 2 }, { "\xff\0", 2 } };
    struct table table;
    struct table_cursor cursor;
    table_init(&table);
    for (size_t i = 6; i-- > 0;) {
        table_put(&table, keys[i], keys[i]);
    }
    bool more = table_seek(&table, SLICE_EMPTY, &cursor);
    for (size_t i = 0; i < 6; i++) {
        assert_true(more);
        assert_true(slice_equal(cursor.key, keys[i]));
        more = table_next(&cursor);
    }
    assert_false(more);
    assert_true(table_seek(&table, SLICE("ab"), &cursor)); // a beginning of two keys
    assert_true(slice_equal(cursor.key, keys[2]));
    assert_true(table_seek(&table, SLICE("abd"), &cursor));
    assert_true(slice_equal(cursor.key, keys[4]));
    table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_no_rows),
        cmocka_unit_test(random_rows_read_back_in_order_and_from_any_place),
        cmocka_unit_test(a_put_over_a_tombstone_revives_the_row),
        cmocka_unit_test(keys_of_different_lengths_that_end_in_zero_keep_byte_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
