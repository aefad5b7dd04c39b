#include "base/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/prng.h"

static struct buf packed;

static int make_buf(void **state)
{
    (void)state;
    buf_init(&packed, 1 << 20);
    return 0;
}

static int drop_buf(void **state)
{
    (void)state;
    buf_done(&packed);
    return 0;
}

static struct unpack reading(void)
{
    struct unpack unpack;
    unpack_init(&unpack, buf_slice(&packed));
    return unpack;
}

static void assert_read_to_the_end(const struct unpack *unpack)
{
    assert_false(unpack->bad);
    assert_ptr_equal(unpack->at, unpack->end);
    assert_int_equal(unpack_peek(unpack), PACK_END);
}

static void integers_of_every_width_survive(void **state)
{
    (void)state;
    static const int64_t numbers[] = { 0, 1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX,
                                       (int64_t)UINT32_MAX + 1, INT64_MAX, -1, -32, -33, -128, -129,
                                       -32768, -32769, INT32_MIN, (int64_t)INT32_MIN - 1,
                                       INT64_MIN };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        pack_int(&packed, numbers[i]);
    }
    pack_uint(&packed, UINT64_MAX);
    struct unpack unpack = reading();
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        assert_int_equal(unpack_peek(&unpack), PACK_INTEGER);
        assert_int_equal(unpack_int(&unpack), numbers[i]);
    }
    assert_int_equal(unpack_uint(&unpack), UINT64_MAX);
    assert_read_to_the_end(&unpack);
}

static void texts_bytes_and_extensions_of_every_length_class_survive(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0,  1,  2,  3,  4,   8,   15,    16,
                                      17, 31, 32, 255, 256, 65535, 65536 };
    static char text[65536];
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        buf_reset(&packed);
        struct slice bytes = slice_make(text, lengths[i]);
        pack_str(&packed, bytes);
        pack_bin(&packed, bytes);
        pack_ext(&packed, -5, bytes);
        struct unpack unpack = reading();
        assert_int_equal(unpack_str(&unpack).len, lengths[i]);
        assert_int_equal(unpack_bin(&unpack).len, lengths[i]);
        int8_t type;
        assert_int_equal(unpack_ext(&unpack, &type).len, lengths[i]);
        assert_int_equal(type, -5);
        assert_read_to_the_end(&unpack);
    }
}

static void a_message_reads_as_it_was_written(void **state)
{
    (void)state;
    pack_map(&packed, 3);
    pack_cstr(&packed, "yes");
    pack_bool(&packed, true);
    pack_cstr(&packed, "half");
    pack_double(&packed, 0.5);
    pack_cstr(&packed, "list");
    pack_array(&packed, 2);
    pack_nil(&packed);
    pack_uint(&packed, 7);
    struct unpack unpack = reading();
    assert_int_equal(unpack_map(&unpack), 3);
    assert_true(slice_equal(unpack_str(&unpack), SLICE("yes")));
    assert_true(unpack_bool(&unpack));
    unpack_skip(&unpack);
    assert_true(unpack_double(&unpack) * 2 >= 1.0);
    unpack_skip(&unpack);
    assert_int_equal(unpack_raw(&unpack).len, 3);
    assert_read_to_the_end(&unpack);
    struct slice list = pack_map_find(buf_slice(&packed), SLICE("list"));
    unpack_init(&unpack, list);
    assert_int_equal(unpack_array(&unpack), 2);
    assert_int_equal(pack_map_find(buf_slice(&packed), SLICE("no")).len, 0);
    size_t bytes;
    assert_int_equal(pack_scan(buf_slice(&packed), 1000, &bytes), PACK_WHOLE);
    assert_int_equal(bytes, packed.len);
}

static void a_wrong_kind_makes_the_cursor_bad_for_good(void **state)
{
    (void)state;
    pack_cstr(&packed, "text");
    pack_uint(&packed, 1);
    struct unpack unpack = reading();
    assert_int_equal(unpack_uint(&unpack), 0);
    assert_true(unpack.bad);
    assert_int_equal(unpack_str(&unpack).len, 0);
    assert_int_equal(unpack_uint(&unpack), 0);
    buf_reset(&packed);
    pack_int(&packed, -1);
    unpack = reading();
    assert_int_equal(unpack_uint(&unpack), 0);
    assert_true(unpack.bad);
    buf_reset(&packed);
    pack_uint(&packed, UINT64_MAX);
    unpack = reading();
    assert_int_equal(unpack_int(&unpack), 0);
    assert_true(unpack.bad);
}

static enum pack_status scan(const char *bytes, size_t len, size_t max)
{
    size_t whole;
    return pack_scan(slice_make(bytes, len), max, &whole);
}

static void a_claimed_length_is_refused_before_anything_is_kept(void **state)
{
    (void)state;
    // Each claims gigabytes in five or six bytes.
    assert_int_equal(scan("\xdb\xff\xff\xff\xff", 5, 1 << 20), PACK_BAD);
    assert_int_equal(scan("\xc6\xff\xff\xff\xff", 5, 1 << 20), PACK_BAD);
    assert_int_equal(scan("\xdd\xff\xff\xff\xff", 5, 1 << 20), PACK_BAD);
    assert_int_equal(scan("\xdf\xff\xff\xff\xff", 5, 1 << 20), PACK_BAD);
    assert_int_equal(scan("\xc9\xff\xff\xff\xff\x01", 6, 1 << 20), PACK_BAD);
    // The same lengths within the bound only need more bytes.
    assert_int_equal(scan("\xdb\x00\x00\x01\x00", 5, 1 << 20), PACK_MORE);
    assert_int_equal(scan("\xdd\x00\x00\x01\x00", 5, 1 << 20), PACK_MORE);
    assert_int_equal(scan("\xc1", 1, 100), PACK_BAD);
    assert_int_equal(scan("", 0, 100), PACK_MORE);
    // The cursor itself does not trust the counts either.
    struct unpack unpack;
    unpack_init(&unpack, SLICE("\xdd\xff\xff\xff\xff"));
    assert_int_equal(unpack_array(&unpack), 0);
    assert_true(unpack.bad);
    unpack_init(&unpack, SLICE("\xdf\xff\xff\xff\xff"));
    assert_int_equal(unpack_map(&unpack), 0);
    assert_true(unpack.bad);
    unpack_init(&unpack, SLICE("\xdd\xff\xff\xff\xff\x01"));
    unpack_skip(&unpack);
    assert_true(unpack.bad);
}

static void nesting_beyond_the_bound_is_refused(void **state)
{
    (void)state;
    char deep[PACK_DEPTH_MAX + 8];
    memset(deep, (char)0x91, sizeof(deep));
    deep[PACK_DEPTH_MAX - 1] = (char)0xc0;
    assert_int_equal(scan(deep, PACK_DEPTH_MAX, 1000), PACK_WHOLE);
    memset(deep, (char)0x91, sizeof(deep));
    assert_int_equal(scan(deep, sizeof(deep), 1000), PACK_BAD);
    static char bomb[100000];
    memset(bomb, (char)0x91, sizeof(bomb));
    struct unpack unpack;
    unpack_init(&unpack, slice_make(bomb, sizeof(bomb)));
    unpack_skip(&unpack); // needs no stack, ends in a refusal
    assert_true(unpack.bad);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\xa2\xc3\x28", 3, 100), PACK_BAD);
    assert_int_equal(scan("\xa2\xc3\xa9", 3, 100), PACK_WHOLE);
    assert_int_equal(scan("\xc4\x02\xc3\x28", 4, 100), PACK_WHOLE); // bytes may be anything
}

static void pack_sample(void)
{
    pack_map(&packed, 4);
    pack_cstr(&packed, "number");
    pack_int(&packed, -70000);
    pack_cstr(&packed, "list");
    pack_array(&packed, 3);
    pack_double(&packed, 1.5);
    pack_bin(&packed, SLICE("\x01\x02\x03"));
    pack_ext(&packed, 4, SLICE("12345678"));
    pack_cstr(&packed, "text");
    pack_cstr(&packed, "a text that is longer than thirty-one bytes, so its head has two");
    pack_cstr(&packed, "nothing");
    pack_nil(&packed);
}

static void a_message_cut_at_any_byte_only_needs_more(void **state)
{
    (void)state;
    pack_sample();
    size_t whole;
    assert_int_equal(pack_scan(buf_slice(&packed), 1000, &whole), PACK_WHOLE);
    assert_int_equal(whole, packed.len);
    for (size_t len = 0; len < packed.len; len++) {
        assert_int_equal(scan(packed.ptr, len, 1000), PACK_MORE);
        struct unpack unpack;
        unpack_init(&unpack, slice_make(packed.ptr, len));
        unpack_skip(&unpack);
        assert_true(unpack.bad);
    }
    pack_nil(&packed); // what follows a whole element is not looked at
    size_t again;
    assert_int_equal(pack_scan(buf_slice(&packed), 1000, &again), PACK_WHOLE);
    assert_int_equal(again, whole);
}

static void damaged_messages_end_in_an_answer(void **state)
{
    (void)state;
    pack_sample();
    struct prng prng;
    prng_init(&prng, 7);
    static char copy[512];
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, packed.ptr, packed.len);
        for (int flips = 0; flips < 3; flips++) {
            copy[prng_below(&prng, packed.len)] = (char)prng_next(&prng);
        }
        size_t bytes = 0;
        if (pack_scan(slice_make(copy, packed.len), 400, &bytes) == PACK_WHOLE) {
            assert_true(bytes <= packed.len);
            struct unpack unpack;
            unpack_init(&unpack, slice_make(copy, bytes));
            unpack_skip(&unpack);
            assert_read_to_the_end(&unpack);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_of_every_width_survive, make_buf, drop_buf),
        cmocka_unit_test_setup_teardown(texts_bytes_and_extensions_of_every_length_class_survive,
                                        make_buf, drop_buf),
        cmocka_unit_test_setup_teardown(a_message_reads_as_it_was_written, make_buf, drop_buf),
        cmocka_unit_test_setup_teardown(a_wrong_kind_makes_the_cursor_bad_for_good, make_buf,
                                        drop_buf),
        cmocka_unit_test(a_claimed_length_is_refused_before_anything_is_kept),
        cmocka_unit_test(nesting_beyond_the_bound_is_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test_setup_teardown(a_message_cut_at_any_byte_only_needs_more, make_buf,
                                        drop_buf),
        cmocka_unit_test_setup_teardown(damaged_messages_end_in_an_answer, make_buf, drop_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
