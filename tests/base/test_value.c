#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/attr.h"

static struct value number(int64_t n) { return value_integer(n); }

static struct value decimal(int64_t mantissa, uint8_t scale)
{
    return (struct value){ .kind = VALUE_DECIMAL, .scale = scale, .number = mantissa };
}

static struct value money(int64_t mantissa, uint8_t scale, const char *currency)
{
    struct value value = { .kind = VALUE_MONEY, .scale = scale, .number = mantissa };
    memcpy(value.currency, currency, 3);
    return value;
}

static struct value duration(int64_t amount, enum duration_unit unit)
{
    return (struct value){ .kind = VALUE_DURATION, .unit = (uint8_t)unit, .number = amount };
}

static struct value of_kind(enum value_kind kind, int64_t n)
{
    return (struct value){ .kind = (uint8_t)kind, .number = n };
}

static void assert_prints(struct value value, const char *expected)
{
    struct buf buf;
    buf_init(&buf, 4096);
    value_print(&buf, &value);
    buf_put_char(&buf, '\0');
    assert_string_equal(buf.ptr, expected);
    buf_done(&buf);
}

// ------------------------------------------------------------------------------------ packing

static void assert_round_trip(struct value value)
{
    struct buf buf;
    struct buf again;
    struct arena arena;
    buf_init(&buf, 65536);
    buf_init(&again, 65536);
    arena_init(&arena, 1 << 20);
    value_pack(&buf, &value);
    struct unpack unpack;
    unpack_init(&unpack, buf_slice(&buf));
    struct value back = value_unpack(&unpack, &arena);
    assert_false(unpack.bad);
    assert_ptr_equal(unpack.at, unpack.end);
    assert_int_equal(back.kind, value.kind);
    assert_true(value_equal(&value, &back));
    struct value copy = value_copy(&back, &arena);
    value_pack(&again, &copy);
    assert_true(slice_equal(buf_slice(&buf), buf_slice(&again)));
    for (size_t len = 0; len < buf.len; len++) { // cut anywhere, it is refused
        unpack_init(&unpack, slice_sub(buf_slice(&buf), 0, len));
        back = value_unpack(&unpack, &arena);
        assert_true(unpack.bad);
        assert_int_equal(back.kind, VALUE_EMPTY);
    }
    buf_done(&buf);
    buf_done(&again);
    arena_done(&arena);
}

static void every_kind_survives_packing(void **state)
{
    (void)state;
    assert_round_trip(value_empty());
    assert_round_trip(value_bool(true));
    assert_round_trip(value_bool(false));
    static const int64_t numbers[] = { 0, 1, -1, 127, 128, -32, -33, 65536, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        assert_round_trip(number(numbers[i]));
        assert_round_trip(decimal(numbers[i], 9));
        assert_round_trip(money(numbers[i], 2, "EUR"));
        assert_round_trip(value_datetime(numbers[i]));
    }
    assert_round_trip(value_text(SLICE("")));
    assert_round_trip(value_text(SLICE("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82")));
    assert_round_trip(of_kind(VALUE_DATE, -719468));
    assert_round_trip(of_kind(VALUE_TIME, 86399999));
    assert_round_trip(duration(2, DURATION_WORK_DAY));
    assert_round_trip(value_user(UINT32_MAX));
    assert_round_trip(of_kind(VALUE_REF, INT64_MAX));
}

static void lists_and_records_survive_packing(void **state)
{
    (void)state;
    struct value items[3] = { number(1), value_text(SLICE("two")), value_empty() };
    struct value list = { .kind = VALUE_LIST, .list = { items, 3 } };
    struct value_part parts[2] = { { SLICE("who"), value_user(7) }, { SLICE("what"), list } };
    struct value record = { .kind = VALUE_RECORD, .record = { parts, 2 } };
    assert_round_trip(list);
    assert_round_trip(record);
    assert_round_trip((struct value){ .kind = VALUE_LIST });
}

static void assert_refused(const char *bytes, size_t len)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct unpack unpack;
    unpack_init(&unpack, slice_make(bytes, len));
    (void)value_unpack(&unpack, &arena);
    assert_true(unpack.bad);
    arena_done(&arena);
}

static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    static const char bad_scale[] = "\xc7\x09\x01\x0a\0\0\0\0\0\0\0\x01";
    static const char bad_unit[] = "\xc7\x09\x06\x06\0\0\0\0\0\0\0\x01";
    static const char bad_currency[] = "\xc7\x0c\x02" "eUR\x02\0\0\0\0\0\0\0\x01";
    static const char bad_time[] = "\xd6\x04\x05\x26\x5c\x00";
    static const char bad_ref[] = "\xd7\x08\x80\0\0\0\0\0\0\0";
    static const char short_date[] = "\xd5\x03\0\0";
    static const char unknown_ext[] = "\xd6\x09\0\0\0\0";
    static const char too_big[] = "\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    static const char huge_list[] = "\xdd\xff\xff\xff\xff";
    assert_refused(bad_scale, sizeof(bad_scale) - 1);
    assert_refused(bad_unit, sizeof(bad_unit) - 1);
    assert_refused(bad_currency, sizeof(bad_currency) - 1);
    assert_refused(bad_time, sizeof(bad_time) - 1);
    assert_refused(bad_ref, sizeof(bad_ref) - 1);
    assert_refused(short_date, sizeof(short_date) - 1);
    assert_refused(unknown_ext, sizeof(unknown_ext) - 1);
    assert_refused(too_big, sizeof(too_big) - 1);
    assert_refused(huge_list, sizeof(huge_list) - 1);
    assert_refused("\xc4\x01x", 3); // raw bytes are no value
    char deep[64];
    memset(deep, (char)0x91, sizeof(deep));
    assert_refused(deep, sizeof(deep));
}

static void a_list_may_not_be_longer_than_its_bound(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 65536);
    pack_array(&buf, VALUE_ITEMS_MAX + 1);
    for (int i = 0; i <= VALUE_ITEMS_MAX; i++) {
        pack_nil(&buf);
    }
    assert_refused(buf.ptr, buf.len);
    buf_done(&buf);
}

// ------------------------------------------------------------------------------------ comparing

static void assert_order(struct value a, struct value b, int expected)
{
    int order;
    assert_true(value_order(&a, &b, &order));
    assert_int_equal(order < 0 ? -1 : order > 0, expected);
    assert_true(value_order(&b, &a, &order));
    assert_int_equal(order < 0 ? -1 : order > 0, -expected);
    assert_int_equal(value_equal(&a, &b), expected == 0);
}

static void assert_no_order(struct value a, struct value b)
{
    int order;
    assert_false(value_order(&a, &b, &order));
    assert_false(value_order(&b, &a, &order));
    assert_false(value_equal(&a, &b));
}

static void numbers_compare_across_their_kinds(void **state)
{
    (void)state;
    assert_order(number(2), decimal(200, 2), 0);
    assert_order(number(2), decimal(201, 2), -1);
    assert_order(money(150000, 2, "EUR"), number(1500), 0);
    assert_order(money(1, 2, "EUR"), number(0), 1);
    assert_order(number(INT64_MIN), decimal(INT64_MIN, 9), -1);
    assert_order(number(INT64_MAX), decimal(INT64_MAX, 9), 1);
    assert_order(number(-1), decimal(1, 9), -1);
    assert_no_order(money(1, 0, "EUR"), money(1, 0, "USD"));
    assert_no_order(number(1), value_text(SLICE("1")));
}

static void durations_compare_inside_their_family(void **state)
{
    (void)state;
    assert_order(duration(1, DURATION_WEEK), duration(7, DURATION_DAY), 0);
    assert_order(duration(1, DURATION_WEEK), duration(8, DURATION_DAY), -1);
    assert_order(duration(-1, DURATION_WEEK), duration(1, DURATION_DAY), -1);
    assert_order(duration(60000, DURATION_MS), duration(60001, DURATION_MS), -1);
    assert_no_order(duration(1, DURATION_DAY), duration(86400000, DURATION_MS));
    assert_no_order(duration(1, DURATION_MONTH), duration(30, DURATION_DAY));
    assert_no_order(duration(1, DURATION_WORK_DAY), duration(1, DURATION_DAY));
}

static void texts_dates_and_moments_have_an_order(void **state)
{
    (void)state;
    assert_order(value_text(SLICE("a")), value_text(SLICE("ab")), -1);
    assert_order(value_text(SLICE("z")), value_text(SLICE("\xd0\xb0")), -1);
    assert_order(of_kind(VALUE_DATE, -1), of_kind(VALUE_DATE, 1), -1);
    assert_order(of_kind(VALUE_TIME, 1), of_kind(VALUE_TIME, 1), 0);
    assert_order(value_datetime(5), value_datetime(4), 1);
    assert_order(value_bool(false), value_bool(true), -1);
    struct value user = value_user(3);
    struct value other = value_user(4);
    assert_no_order(user, other);
    assert_true(value_equal(&user, &user));
}

static void empty_equals_only_empty(void **state)
{
    (void)state;
    struct value empty = value_empty();
    struct value zero = number(0);
    struct value blank = value_text(SLICE(""));
    assert_true(value_equal(&empty, &empty));
    assert_true(value_equal(&empty, &blank));
    assert_false(value_equal(&empty, &zero));
    int order;
    assert_false(value_order(&empty, &zero, &order));
}

// ------------------------------------------------------------------------------------ arithmetic

static void assert_result(enum value_op op, struct value a, struct value b, const char *expected)
{
    struct value result;
    assert_true(value_arithmetic(op, &a, &b, &result));
    assert_prints(result, expected);
}

static void assert_impossible(enum value_op op, struct value a, struct value b)
{
    struct value result;
    assert_false(value_arithmetic(op, &a, &b, &result));
}

static void sums_and_products_are_exact(void **state)
{
    (void)state;
    assert_result(VALUE_ADD, number(2), number(3), "5");
    assert_result(VALUE_ADD, decimal(1, 1), decimal(2, 1), "0.3");
    assert_result(VALUE_ADD, decimal(5, 1), decimal(5, 1), "1");
    assert_result(VALUE_SUBTRACT, number(3), decimal(35, 1), "-0.5");
    assert_result(VALUE_ADD, money(150000, 2, "EUR"), money(50, 2, "EUR"), "1500.50 EUR");
    assert_result(VALUE_SUBTRACT, money(150000, 2, "EUR"), money(150000, 2, "EUR"), "0.00 EUR");
    assert_result(VALUE_MULTIPLY, money(150000, 2, "EUR"), decimal(50, 2), "750.00 EUR");
    assert_result(VALUE_MULTIPLY, number(-3), number(4), "-12");
    assert_result(VALUE_MULTIPLY, decimal(1, 9), decimal(5, 1), "0"); // half to even
    assert_result(VALUE_MULTIPLY, decimal(3, 9), decimal(5, 1), "0.000000002");
    assert_result(VALUE_ADD, number(INT64_MAX), number(INT64_MIN), "-1");
}

static void division_rounds_half_to_even(void **state)
{
    (void)state;
    assert_result(VALUE_DIVIDE, number(6), number(2), "3");
    assert_result(VALUE_DIVIDE, number(1), number(3), "0.333333333");
    assert_result(VALUE_DIVIDE, number(2), number(3), "0.666666667");
    assert_result(VALUE_DIVIDE, decimal(5, 9), number(10), "0");
    assert_result(VALUE_DIVIDE, decimal(15, 9), number(10), "0.000000002");
    assert_result(VALUE_DIVIDE, money(100000, 2, "EUR"), number(3), "333.333333333 EUR");
    assert_result(VALUE_DIVIDE, money(100000, 2, "EUR"), money(25000, 2, "EUR"), "4");
    assert_result(VALUE_DIVIDE, number(INT64_MIN), number(1), "-9223372036854775808");
    struct value result;
    struct value six = number(6);
    struct value two = number(2);
    assert_true(value_arithmetic(VALUE_DIVIDE, &six, &two, &result));
    assert_int_equal(result.kind, VALUE_DECIMAL); // the type does not hang on the values
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_impossible(VALUE_ADD, number(INT64_MAX), number(1));
    assert_impossible(VALUE_SUBTRACT, number(INT64_MIN), number(1));
    assert_impossible(VALUE_MULTIPLY, number(INT64_MAX), number(2));
    assert_impossible(VALUE_DIVIDE, number(1), number(0));
    assert_impossible(VALUE_DIVIDE, number(INT64_MIN), number(-1));
    assert_impossible(VALUE_DIVIDE, number(1), money(1, 0, "EUR"));
    assert_impossible(VALUE_MULTIPLY, money(1, 0, "EUR"), money(1, 0, "EUR"));
    assert_impossible(VALUE_ADD, money(1, 0, "EUR"), money(1, 0, "USD"));
    assert_impossible(VALUE_ADD, value_text(SLICE("a")), value_text(SLICE("b")));
    assert_impossible(VALUE_ADD, duration(1, DURATION_MS), number(1));
    assert_impossible(VALUE_ADD, value_empty(), number(1));
}

// ------------------------------------------------------------------------------------ texts

static void values_print_as_people_write_them(void **state)
{
    (void)state;
    assert_prints(value_empty(), "");
    assert_prints(value_bool(true), "yes");
    assert_prints(decimal(-5, 2), "-0.05");
    assert_prints(decimal(INT64_MIN, 9), "-9223372036.854775808");
    assert_prints(money(150000, 2, "EUR"), "1500.00 EUR");
    assert_prints(of_kind(VALUE_DATE, 20514), "2026-03-02");
    assert_prints(of_kind(VALUE_TIME, 64800000), "18:00");
    assert_prints(of_kind(VALUE_TIME, 64830000), "18:00:30");
    assert_prints(value_datetime(1772445600000), "2026-03-02 10:00");
    assert_prints(value_datetime(-1), "1969-12-31 23:59:59");
    assert_prints(duration(600000, DURATION_MS), "10 min");
    assert_prints(duration(5400000, DURATION_MS), "90 min");
    assert_prints(duration(7200000, DURATION_MS), "2 h");
    assert_prints(duration(1, DURATION_MS), "1 ms");
    assert_prints(duration(0, DURATION_MS), "0 min");
    assert_prints(duration(1, DURATION_DAY), "1 day");
    assert_prints(duration(2, DURATION_WORK_DAY), "2 work days");
    assert_prints(duration(7200000, DURATION_WORK_MS), "2 work h");
    assert_prints(value_user(12), "user 12");
    assert_prints(of_kind(VALUE_REF, 5), "case 5");
    struct value items[2] = { value_text(SLICE("a")), value_text(SLICE("b")) };
    assert_prints((struct value){ .kind = VALUE_LIST, .list = { items, 2 } }, "a, b");
    struct value_part parts[2] = { { SLICE("x"), number(1) }, { SLICE("y"), value_bool(false) } };
    assert_prints((struct value){ .kind = VALUE_RECORD, .record = { parts, 2 } }, "x: 1, y: no");
}

static void integers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    int64_t n;
    assert_true(value_parse_integer(SLICE("1_000"), &n) && n == 1000);
    assert_true(value_parse_integer(SLICE("-5"), &n) && n == -5);
    assert_true(value_parse_integer(SLICE("9223372036854775807"), &n) && n == INT64_MAX);
    assert_true(value_parse_integer(SLICE("-9223372036854775808"), &n) && n == INT64_MIN);
    static const char *const bad[] = { "", "-", "1_", "_1", "1__0", "1.0", "9223372036854775808",
                                       " 1", "1 ", "+1", "0x1", "1e3" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(value_parse_integer(slice_from_cstr(bad[i]), &n));
    }
}

static void decimals_keep_the_digits_they_were_written_with(void **state)
{
    (void)state;
    int64_t n;
    uint8_t scale;
    assert_true(value_parse_decimal(SLICE("1500.00"), &n, &scale) && n == 150000 && scale == 2);
    assert_true(value_parse_decimal(SLICE("-0.5"), &n, &scale) && n == -5 && scale == 1);
    assert_true(value_parse_decimal(SLICE("7"), &n, &scale) && n == 7 && scale == 0);
    static const char *const bad[] = { "", ".", "1.", ".5", "1.2.3", "1.0000000000", "1,5" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(value_parse_decimal(slice_from_cstr(bad[i]), &n, &scale));
    }
}

static void dates_and_times_are_read_only_when_they_exist(void **state)
{
    (void)state;
    int64_t n;
    assert_true(value_parse_date(SLICE("2026-03-02"), &n) && n == 20514);
    assert_true(value_parse_date(SLICE("2024-02-29"), &n));
    assert_true(value_parse_time(SLICE("23:59:59"), &n) && n == 86399000);
    assert_true(value_parse_datetime(SLICE("2026-03-02T10:00"), &n) && n == 1772445600000);
    assert_true(value_parse_datetime(SLICE("2026-03-02 10:00"), &n) && n == 1772445600000);
    static const char *const bad_dates[] = { "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-10",
                                             "2026-3-2", "02.03.2026", "2026-03-02 " };
    for (size_t i = 0; i < ARRAY_COUNT(bad_dates); i++) {
        assert_false(value_parse_date(slice_from_cstr(bad_dates[i]), &n));
    }
    static const char *const bad_times[] = { "24:00", "23:60", "9:00", "18:00:60", "18:00:", "18" };
    for (size_t i = 0; i < ARRAY_COUNT(bad_times); i++) {
        assert_false(value_parse_time(slice_from_cstr(bad_times[i]), &n));
    }
    assert_false(value_parse_datetime(SLICE("2026-03-02"), &n));
    assert_false(value_parse_datetime(SLICE("2026-03-02x10:00"), &n));
}

static void durations_are_read_with_their_unit(void **state)
{
    (void)state;
    uint8_t unit;
    int64_t n;
    assert_true(value_parse_duration(SLICE("10 min"), &unit, &n));
    assert_true(unit == DURATION_MS && n == 600000);
    assert_true(value_parse_duration(SLICE("5ms"), &unit, &n) && unit == DURATION_MS && n == 5);
    assert_true(value_parse_duration(SLICE("2 days"), &unit, &n) && unit == DURATION_DAY);
    assert_true(value_parse_duration(SLICE("1 week"), &unit, &n) && unit == DURATION_WEEK);
    assert_true(value_parse_duration(SLICE("3 months"), &unit, &n) && unit == DURATION_MONTH);
    assert_true(value_parse_duration(SLICE("2 work h"), &unit, &n));
    assert_true(unit == DURATION_WORK_MS && n == 7200000);
    assert_true(value_parse_duration(SLICE("1 work day"), &unit, &n) && unit == DURATION_WORK_DAY);
    static const char *const bad[] = { "", "min", "10", "1.5 h", "10 minutes", "-1 h",
                                       "1 work week", "1 work min", "1 workh",
                                       "9223372036854775807 h" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(value_parse_duration(slice_from_cstr(bad[i]), &unit, &n));
    }
}

static void days_and_civil_dates_are_the_same_thing(void **state)
{
    (void)state;
    int64_t year;
    unsigned month;
    unsigned day;
    int64_t expected = civil_to_days(-401, 12, 31);
    for (int64_t days = expected; days < expected + 400 * 366; days += 13) {
        civil_from_days(days, &year, &month, &day);
        assert_true(civil_valid(year, month, day));
        assert_int_equal(civil_to_days(year, month, day), days);
    }
    civil_from_days(0, &year, &month, &day);
    assert_true(year == 1970 && month == 1 && day == 1);
    assert_false(civil_valid(2026, 4, 31));
    assert_false(civil_valid(2026, 0, 1));
    assert_false(civil_valid(2026, 1, 0));
    assert_true(civil_valid(2000, 2, 29));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_survives_packing),
        cmocka_unit_test(lists_and_records_survive_packing),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(a_list_may_not_be_longer_than_its_bound),
        cmocka_unit_test(numbers_compare_across_their_kinds),
        cmocka_unit_test(durations_compare_inside_their_family),
        cmocka_unit_test(texts_dates_and_moments_have_an_order),
        cmocka_unit_test(empty_equals_only_empty),
        cmocka_unit_test(sums_and_products_are_exact),
        cmocka_unit_test(division_rounds_half_to_even),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(values_print_as_people_write_them),
        cmocka_unit_test(integers_are_read_whole_or_not_at_all),
        cmocka_unit_test(decimals_keep_the_digits_they_were_written_with),
        cmocka_unit_test(dates_and_times_are_read_only_when_they_exist),
        cmocka_unit_test(durations_are_read_with_their_unit),
        cmocka_unit_test(days_and_civil_dates_are_the_same_thing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
