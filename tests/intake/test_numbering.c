// The register of Russian numbers: a mobile number tells a zone by its range, and a register that
// does not hold is refused with its line and what to do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/attr.h"
#include "dsl/library/stdlib.h"
#include "engine/intake/numbering_region.h"
#include "engine/time/zoneinfo.h"

#define HEADER "АВС/ DEF;От;До;Емкость;Оператор;Регион;ИНН\n"
#define REGIONS "stdlib/phones/ru_regions.txt"

struct desk {
    struct arena arena;
    struct numbering numbering;
    struct ranges ranges;
};

static ptrdiff_t read_text(void *context, char *to, size_t bytes)
{
    struct slice *text = context;
    size_t len = bytes < text->len ? bytes : text->len;
    len = len > 7 ? 7 : len; // the rows come in pieces
    if (len > 0) {
        memcpy(to, text->ptr, len);
    }
    *text = slice_sub(*text, len, text->len);
    return (ptrdiff_t)len;
}

static void open_desk(struct desk *desk)
{
    struct slice regions;
    arena_init(&desk->arena, 64u << 20);
    numbering_init(&desk->numbering, &desk->arena);
    assert_true(stdlib_find(SLICE(REGIONS), &regions));
    if (!numbering_regions(&desk->numbering, REGIONS, regions)) {
        fail_msg("%s", desk->numbering.message);
    }
}

static void close_desk(struct desk *desk)
{
    numbering_done(&desk->numbering);
    arena_done(&desk->arena);
}

static bool add(struct desk *desk, const char *name, const char *text)
{
    struct slice rest = slice_from_cstr(text);
    return numbering_add(&desk->numbering, name, read_text, &rest);
}

static void read_sample(struct desk *desk)
{
    static char text[1 << 16];
    FILE *file = fopen("tests/intake/numbers.csv", "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    if (!add(desk, "numbers.csv", text) || !numbering_finish(&desk->numbering, &desk->ranges)) {
        fail_msg("%s", desk->numbering.message);
    }
}

static void expect_zone(const struct desk *desk, const char *phone, const char *zone)
{
    struct slice found = places_zone_of_phone(slice_from_cstr(phone), &desk->ranges);
    if (!slice_equal(found, slice_from_cstr(zone))) {
        fail_msg("%s tells `%.*s`, not `%s`", phone, SLICE_PRINT(found), zone);
    }
}

// S33, S34
static void a_mobile_number_tells_its_zone_by_its_range_and_not_by_its_prefix(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    read_sample(&desk);
    expect_zone(&desk, "+79025000000", "Asia/Vladivostok"); // the first of a range
    expect_zone(&desk, "+79025069999", "Asia/Vladivostok"); // the last of its neighbour
    expect_zone(&desk, "+79025070000", "Europe/Moscow");    // two regions with one time
    expect_zone(&desk, "+79141500000", "Asia/Vladivostok"); // a town, then its region
    expect_zone(&desk, "+79064000000", "Asia/Yekaterinburg");
    expect_zone(&desk, "+79000061999", "Europe/Kaliningrad"); // leading zeros are not written
    // What does not tell: a region with three times, none at all, two regions with two times, one
    // that nobody knows, numbers between the ranges and numbers of other lengths.
    expect_zone(&desk, "+79140000000", "");
    expect_zone(&desk, "+79999000000", "");
    expect_zone(&desk, "+79000063000", "");
    expect_zone(&desk, "+79000062500", "");
    expect_zone(&desk, "+79025080000", "");
    expect_zone(&desk, "+79024999999", "");
    expect_zone(&desk, "+7902500000", "");
    expect_zone(&desk, "+790250000001", "");
    expect_zone(&desk, "+38902500000", "");
    // The prefixes of towns and countries go on.
    expect_zone(&desk, "+73432000000", "Asia/Yekaterinburg");
    expect_zone(&desk, "+4930123456", "Europe/Berlin");
    assert_int_equal(desk.numbering.silent_rows, 3);
    assert_int_equal(desk.numbering.strange_rows, 1);
    assert_int_equal(desk.numbering.stranger_count, 1);
    assert_int_equal(desk.numbering.strangers[0].line, 9);
    // Neighbours with one zone are one range: five are left of ten.
    assert_int_equal(desk.ranges.first[RANGES_CODES], 5);
    close_desk(&desk);
}

static void without_a_register_a_mobile_number_tells_nothing(void **state)
{
    (void)state;
    assert_int_equal(places_zone_of_phone(SLICE("+79025000000"), NULL).len, 0);
}

static void the_order_and_the_number_of_files_do_not_matter(void **state)
{
    static struct desk one, two;
    (void)state;
    open_desk(&one);
    open_desk(&two);
    assert_true(add(&one, "a.csv", HEADER "901;0;99;100;x;Омская обл.;1\n901;100;199;100;x;Омская "
                                          "обл.;1\n903;5;9;5;x;Томская обл.;1\n"));
    assert_true(add(&two, "a.csv", HEADER "903;5;9;5;x;Томская обл.;1\n"));
    assert_true(add(&two, "b.csv", HEADER "901;100;199;100;x;Омская область;1\n"));
    assert_true(add(&two, "c.csv", HEADER "901;0;99;100;x;Омская обл.;1\n"));
    assert_true(numbering_finish(&one.numbering, &one.ranges));
    assert_true(numbering_finish(&two.numbering, &two.ranges));
    assert_true(one.ranges.mark == two.ranges.mark);
    assert_int_equal(one.ranges.first[RANGES_CODES], 2);
    close_desk(&one);
    close_desk(&two);
}

static void what_does_not_hold_is_told_with_its_line_and_what_to_do(void **state)
{
    static const struct { const char *text, *told; } wrong[] = {
        { "", "r.csv:1: " },
        { "a;b;c\n1;2;3\n", "r.csv:1: the header has no column `АВС/ DEF`" },
        { "АВС/ DEF;От;До\n", "r.csv:1: the header has no column `регион`" },
        { HEADER "90;0;9;10;x;Омская обл.;1\n", "r.csv:2: `90` is no code; a code is 100 to 999" },
        { HEADER "901;0;9;10;x;Омская обл.;1\n901;a;9;10;x;y;1\n", "r.csv:3: the range is" },
        { HEADER "901;0;10000000;10000001;x;y;1\n", "r.csv:2: the range is not two numbers" },
        { HEADER "901;9;0;10;x;y;1\n", "r.csv:2: the range ends before it begins (9, 0)" },
        { HEADER "901;0;9;11;x;y;1\n", "r.csv:2: Емкость is `11`, but the range holds 10 numbers" },
        { HEADER "901;0;9;10;x\n", "r.csv:2: " },
        { HEADER "901;0;9;10;\"x;y;1\n", "r.csv:2: " },
        { HEADER "901;0;9;10;\xcc\xd2\xd1;y;1\n", "save the file as UTF-8" },
        { HEADER "901;0;9;10;x;Омская обл.;1\n901;9;19;11;x;Омская обл.;1\n",
          "r.csv:3: the range 901 0000009 to 0000019 overlaps the one of r.csv:2; leave one" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct desk desk;
        open_desk(&desk);
        bool good = add(&desk, "r.csv", wrong[i].text) &&
                    numbering_finish(&desk.numbering, &desk.ranges);
        if (good || strstr(desk.numbering.message, wrong[i].told) == NULL) {
            fail_msg("register %zu: told `%s`, not `%s`", i, desk.numbering.message, wrong[i].told);
        }
        close_desk(&desk);
    }
}

static void a_list_of_regions_that_does_not_hold_is_told_likewise(void **state)
{
    static const struct { const char *text, *told; } wrong[] = {
        { "Омская область Asia/Omsk\n", "list:1: no `=`" },
        { "-- Omsk\nОмская область =\n", "list:2: the zone is missing" },
        { "область = Asia/Omsk\n", "list:1: the region is missing" },
        { "Омская область = Asia/Omsk\nОмская обл. = none\n",
          "list:2: `Омская обл.` is listed twice" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct desk desk;
        arena_init(&desk.arena, 1 << 20);
        numbering_init(&desk.numbering, &desk.arena);
        assert_false(numbering_regions(&desk.numbering, "list", slice_from_cstr(wrong[i].text)));
        assert_non_null(strstr(desk.numbering.message, wrong[i].told));
        close_desk(&desk);
    }
}

static void a_region_is_known_in_each_of_its_spellings(void **state)
{
    static const struct { const char *text, *zone; } spellings[] = {
        { "г. Москва и Московская область", "Europe/Moscow" },
        { "Москва и Московская область", "Europe/Moscow" },
        { "Московская область * Москва|Московская область * Москва", "Europe/Moscow" },
        { "Республика Карачаево-Черкесская", "Europe/Moscow" },
        { "Карачаево-Черкесская Республика", "Europe/Moscow" },
        { "Ханты-Мансийский АО - Югра", "Asia/Yekaterinburg" },
        { "Кемеровская область - Кузбасс область", "Asia/Novokuznetsk" },
        { "Чувашская Республика - Чувашия", "Europe/Moscow" },
        { "Корякский округ|Камчатский край", "Asia/Kamchatka" },
        { "Республика Крым и г. Севастополь", "Europe/Simferopol" },
        { "ОРЛОВСКАЯ ОБЛ.", "Europe/Moscow" },
    };
    struct desk desk;
    (void)state;
    open_desk(&desk);
    for (size_t i = 0; i < ARRAY_COUNT(spellings); i++) {
        uint32_t zone = region_zone(desk.numbering.regions, desk.numbering.region_count,
                                    slice_from_cstr(spellings[i].text));
        if (zone >= desk.numbering.zone_count ||
            !slice_equal(desk.numbering.zones[zone], slice_from_cstr(spellings[i].zone))) {
            fail_msg("%s does not keep %s", spellings[i].text, spellings[i].zone);
        }
    }
    close_desk(&desk);
}

// Every zone of the list is one that tzdata knows.
static void the_zones_of_the_regions_exist(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    assert_true(desk.numbering.region_count >= 83);
    if (!zoneinfo_known(SLICE("Europe/Moscow"))) {
        print_message("skipped: this machine has no tzdata\n");
        skip();
    }
    for (uint32_t i = 0; i < desk.numbering.zone_count; i++) {
        if (!zoneinfo_known(desk.numbering.zones[i])) {
            fail_msg("%.*s is not in tzdata", SLICE_PRINT(desk.numbering.zones[i]));
        }
    }
    close_desk(&desk);
}

static ptrdiff_t read_gz(void *context, char *to, size_t bytes)
{
    return gzread(context, to, (unsigned)bytes);
}

// The register of February 2023, when it lies beside the repository: every row is read, and of its
// 627,670,533 numbers all but two in a hundred tell a zone.
static void the_real_register_is_read_to_its_end(void **state)
{
    const char *data = getenv("RUNG_REAL_DATA");
    char path[300];
    struct desk desk;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/phone/rossvyaz_DEF-9xx.csv.gz",
                   data != NULL ? data : "../shared/data");
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: there is no register at %s\n", path);
        skip();
    }
    open_desk(&desk);
    if (!numbering_add(&desk.numbering, "DEF-9xx.csv", read_gz, file) ||
        !numbering_finish(&desk.numbering, &desk.ranges)) {
        fail_msg("%s", desk.numbering.message);
    }
    (void)gzclose(file);
    assert_int_equal(desk.numbering.row_count, 9677);
    uint64_t silent = 0, all = 0;
    for (uint32_t i = 0; i < desk.numbering.row_count; i++) {
        const struct numbering_row *row = &desk.numbering.rows[i];
        all += row->to - row->from + 1;
        silent += row->zone == REGION_SILENT ? row->to - row->from + 1 : 0;
    }
    print_message("%u ranges joined to %u, %zu bytes; %llu numbers tell no zone; %u rows of "
                  "regions that are not known\n",
                  desk.numbering.row_count, desk.ranges.first[RANGES_CODES],
                  desk.ranges.first[RANGES_CODES] * sizeof(struct range) + sizeof(struct ranges),
                  (unsigned long long)silent, desk.numbering.strange_rows);
    assert_true(all == 627670533);
    assert_true(silent < all / 50);
    assert_true(desk.numbering.strange_rows <= 2); // two that name districts alone
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mobile_number_tells_its_zone_by_its_range_and_not_by_its_prefix),
        cmocka_unit_test(without_a_register_a_mobile_number_tells_nothing),
        cmocka_unit_test(the_order_and_the_number_of_files_do_not_matter),
        cmocka_unit_test(what_does_not_hold_is_told_with_its_line_and_what_to_do),
        cmocka_unit_test(a_list_of_regions_that_does_not_hold_is_told_likewise),
        cmocka_unit_test(a_region_is_known_in_each_of_its_spellings),
        cmocka_unit_test(the_zones_of_the_regions_exist),
        cmocka_unit_test(the_real_register_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
