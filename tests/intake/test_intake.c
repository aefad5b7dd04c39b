// Bodies and mappings without an engine: what is read, what is found, and that every mistake of a
// mapping is shown with its place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pack.h"
#include "base/value.h"
#include "engine/intake/mapping.h"
#include "engine/intake/moment.h"

struct fixture {
    struct arena arena;
    struct mapping mapping;
    struct body body;
    struct mapping_result result;
};

static void open_fixture(struct fixture *fixture) { arena_init(&fixture->arena, 1 << 28); }

static void read_body(struct fixture *fixture, enum body_type type, struct slice bytes)
{
    struct slice problem = SLICE_EMPTY;
    if (!body_read(type, bytes, &fixture->arena, &fixture->body, &problem)) {
        fail_msg("%.*s: %.*s", SLICE_PRINT(slice_sub(bytes, 0, 100)), SLICE_PRINT(problem));
    }
}

static void expect_at(const struct fixture *fixture, const char *path, const char *text)
{
    const struct body_value *value = body_find(&fixture->body, slice_from_cstr(path));
    if (text == NULL) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    if (!slice_equal(value->text, slice_from_cstr(text))) {
        fail_msg("at %s stands %.*s", path, SLICE_PRINT(value->text));
    }
}

static void expect_problem(enum body_type type, struct slice bytes, const char *word)
{
    struct fixture fixture;
    struct slice problem = SLICE_EMPTY;
    open_fixture(&fixture);
    assert_false(body_read(type, bytes, &fixture.arena, &fixture.body, &problem));
    const char *text = arena_cstr(&fixture.arena, problem);
    if (strstr(text, word) == NULL) {
        fail_msg("%s does not speak of %s", text, word);
    }
    arena_done(&fixture.arena);
}

// S43
static void a_form_with_brackets_is_nested(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    read_body(&fixture, BODY_FORM,
              SLICE("leads[status][0][id]=10701093&leads%5Bstatus%5D%5B0%5D%5Bname%5D=A+b%2Bc%zz&"
                    "f[0][values][0]=1&f[1][values][0][value]=\xd0\xaf&tag[]=x&tag[]=y&n[a=1&[b]=2&"
                    "empty=&bare&&twice=1&twice=2\r\n"));
    expect_at(&fixture, "leads.status.0.id", "10701093");
    expect_at(&fixture, "leads.status.0.name", "A b+c%zz");
    expect_at(&fixture, "f.0.values.0", "1");
    expect_at(&fixture, "f.1.values.0.value", "\xd0\xaf");
    expect_at(&fixture, "tag.0", "x");
    expect_at(&fixture, "tag.1", "y");
    expect_at(&fixture, "n[a", "1");
    expect_at(&fixture, "[b]", "2");
    expect_at(&fixture, "empty", "");
    expect_at(&fixture, "bare", "");
    expect_at(&fixture, "twice", "2");
    expect_at(&fixture, "nothing", NULL);
    uint32_t first = 0;
    assert_int_equal(body_below(&fixture.body, SLICE("f"), &first) - first, 2);
    assert_int_equal(body_below(&fixture.body, SLICE_EMPTY, &first), fixture.body.count);
    arena_done(&fixture.arena);
}

static void json_keeps_every_digit(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    read_body(
        &fixture, BODY_JSON,
        SLICE("\xef\xbb\xbf{\"id\":9007199254740993,\"a\":[1,{\"b\":null}],\"c\":1,\"c\":2.50}"));
    expect_at(&fixture, "id", "9007199254740993");
    expect_at(&fixture, "a.1.b", "");
    expect_at(&fixture, "c", "2.50");
    arena_done(&fixture.arena);
}

static void bodies_have_bounds(void **state)
{
    (void)state;
    static char bytes[BODY_BYTES_MAX + 2];
    memset(bytes, '[', sizeof(bytes));
    expect_problem(BODY_JSON, slice_make(bytes, 100000), "BODY_DEPTH_MAX");
    expect_problem(BODY_JSON, slice_make(bytes, sizeof(bytes)), "BODY_BYTES_MAX");
    expect_problem(BODY_UNKNOWN, SLICE("<a/>"), "application/json");
    expect_problem(BODY_FORM, SLICE("a=%ff"), "UTF-8");
    for (size_t i = 0; i + 1 < sizeof(bytes); i += 2) {
        memcpy(bytes + i, "a&", 2);
    }
    expect_problem(BODY_FORM, slice_make(bytes, 60000), "BODY_VALUES_MAX");
    memset(bytes, 'n', 1000);
    expect_problem(BODY_FORM, slice_make(bytes, 1000), "BODY_PATH_BYTES_MAX");
    memcpy(bytes, "a", 1);
    for (size_t i = 0; i < 40; i++) {
        memcpy(bytes + 1 + 3 * i, "[b]", 3);
    }
    expect_problem(BODY_FORM, slice_make(bytes, 121), "BODY_DEPTH_MAX");
    struct buf lists;
    buf_init(&lists, 10000);
    for (int i = 0; i <= BODY_LISTS_MAX; i++) {
        buf_format(&lists, "l%d[]=1&", i);
    }
    expect_problem(BODY_FORM, buf_slice(&lists), "BODY_LISTS_MAX");
    buf_done(&lists);
}

static void the_content_type_decides(void **state)
{
    (void)state;
    assert_int_equal(body_type_of(SLICE("application/json"), SLICE("a=1")), BODY_JSON);
    assert_int_equal(body_type_of(SLICE("Application/Problem+JSON; charset=UTF-8"), SLICE_EMPTY),
                     BODY_JSON);
    assert_int_equal(body_type_of(SLICE("application/x-www-form-urlencoded"), SLICE("{}")),
                     BODY_FORM);
    assert_int_equal(body_type_of(SLICE("application/json; charset=windows-1251"), SLICE("{}")),
                     BODY_UNKNOWN);
    assert_int_equal(body_type_of(SLICE("text/html"), SLICE("{}")), BODY_UNKNOWN);
    assert_int_equal(body_type_of(SLICE_EMPTY, SLICE(" \n{}")), BODY_JSON);
    assert_int_equal(body_type_of(SLICE_EMPTY, SLICE("a=1")), BODY_FORM);
    assert_int_equal(body_type_of(SLICE_EMPTY, SLICE_EMPTY), BODY_FORM);
}

static void expect_moment(const char *text, uint64_t wanted) // 0: it is none
{
    uint64_t ms = 0;
    bool good = moment_read(slice_from_cstr(text), &ms);
    if (good != (wanted != 0) || (good && ms != wanted)) {
        fail_msg("%s: %llu", text, (unsigned long long)ms);
    }
}

static void moments_of_other_systems(void **state)
{
    (void)state;
    expect_moment("1440120384", 1440120384000);
    expect_moment("1440120384123", 1440120384123);
    expect_moment("2026-03-11T17:28:46+03:00", 1773239326000);
    expect_moment("2015-02-28T08:49:14+0000", 1425113354000);
    expect_moment("2015-02-28 08:49Z", 1425113340000);
    expect_moment("2015-02-28T08:49:14.250-01:30", 1425118754000);
    expect_moment("Sat, 07 May 2022 14:30:14 +0000", 1651933814000);
    expect_moment("7 May 2022 14:30:14 -0130", 1651939214000);
    static const char *const none[] = {
        "",
        " ",
        "now",
        "2026-03-11T17:28:46",
        "2026-02-30T10:00:00Z",
        "2026-03-11T25:00:00Z",
        "Sat, 07 Foo 2022 14:30:14 +0000",
        "1-1-1",
        "99999999999999999999",
        "2026-03-11T17:28:46+",
        "Sat,",
        "2026-13-01T10:00Z",
        "12345678901234567",
    };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        expect_moment(none[i], 0);
    }
}

// --- mappings ------------------------------------------------------------------------------------

static void parse(struct fixture *fixture, const char *text)
{
    mapping_parse(&fixture->mapping, &fixture->arena, SLICE("site.map"), slice_from_cstr(text));
}

// What each element becomes: `outcome place row form`, joined by lines.
static void expect_run(const char *map, enum body_type type, struct slice bytes, const char *wanted)
{
    static const char outcomes[] = "WTSB";
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    struct slice problem = SLICE_EMPTY;
    struct buf told;
    open_fixture(fixture);
    buf_init(&told, 1 << 16);
    parse(fixture, map);
    assert_int_equal(fixture->mapping.lines.fault_count, 0);
    read_body(fixture, type, bytes);
    assert_true(mapping_run(&fixture->mapping, &fixture->body, &fixture->arena, &fixture->result,
                            &problem));
    for (uint32_t i = 0; i < fixture->result.count; i++) {
        const struct mapping_element *element = &fixture->result.elements[i];
        buf_format(&told, "%c(%.*s)%.*s", outcomes[element->outcome], SLICE_PRINT(element->place),
                   SLICE_PRINT(element->row));
        struct unpack unpack;
        unpack_init(&unpack, element->form);
        uint32_t pairs = element->form.len > 0 ? unpack_map(&unpack) : 0;
        for (uint32_t k = 0; k < pairs; k++) {
            struct slice name = unpack_str(&unpack);
            struct value value = value_unpack(&unpack, &fixture->arena);
            buf_format(&told, " %.*s=", SLICE_PRINT(name));
            value_print(&told, &value);
        }
        assert_false(unpack.bad);
        buf_put_char(&told, '\n');
    }
    buf_put_char(&told, 0);
    assert_string_equal(told.ptr, wanted);
    buf_done(&told);
    arena_done(&fixture->arena);
    test_free(fixture);
}

// S57, S97
static void elements_are_found_and_filled(void **state)
{
    (void)state;
    expect_run("source = s\nmessage f.lead each entry.*.changes.* when .field is lead\n"
               "row id = .value.id + entry.0.id\nid = .value.id\npage = object\n  page -> P\n"
               "origin := site\ntags = .value.tags split \",\"\n",
               BODY_JSON,
               SLICE("{\"object\":\"page\",\"entry\":[{\"id\":5,\"changes\":["
                     "{\"field\":\"lead\",\"value\":{\"id\":123123123123,\"tags\":\"a, b\"}},"
                     "{\"field\":\"other\",\"value\":{\"id\":1}},"
                     "{\"field\":\"lead\",\"value\":{\"id\":2}},"
                     "{\"field\":\"lead\",\"value\":{}}]}]}"),
               "W(entry.0.changes.0)123123123123/5 id=123123123123 page=P origin=site tags=a, b\n"
               "W(entry.0.changes.2)2/5 id=2 page=P origin=site\n"
               "B(entry.0.changes.3)\n");
}

static void the_order_is_that_of_the_body(void **state)
{
    (void)state;
    struct buf json;
    buf_init(&json, 4096);
    buf_put_cstr(&json, "[");
    for (int i = 0; i < 12; i++) {
        buf_format(&json, "%s{\"n\":%d}", i > 0 ? "," : "", 100 - i);
    }
    buf_put_cstr(&json, "]");
    expect_run("source = s\nstart p each *\nrow id = .n\n", BODY_JSON, buf_slice(&json),
               "W(0)100\nW(1)99\nW(2)98\nW(3)97\nW(4)96\nW(5)95\nW(6)94\nW(7)93\nW(8)92\nW(9)91\n"
               "W(10)90\nW(11)89\n");
    buf_done(&json);
}

static void one_of_a_list_is_chosen_by_what_it_holds(void **state)
{
    (void)state;
    expect_run("source = s\nstart p\nrow id = id\n"
               "name = cols[column_id=FULL_NAME].value or cols[\"column id\"=\"the name\"].value\n"
               "mail = cols[column_id=MAIL].value\nkind = kind\n",
               BODY_JSON,
               SLICE("{\"id\":\"7\",\"cols\":[{\"column_id\":\"MAIL\",\"value\":\"a@b.c\"},"
                     "{\"column id\":\"the name\",\"value\":\"Ann\"}]}"),
               "W()7 name=Ann mail=a@b.c\n");
}

static void phones_and_moments_are_turned(void **state)
{
    (void)state;
    expect_run("source = s\nstart p\nrow id = id\na = a phone US\nb = b phone\nc = c phone US\n"
               "d = d moment\ne = e moment\n",
               BODY_FORM,
               SLICE("id=1&a=1-650-253-0000&b=19061234567&c=by+mail&d=1440120384&e=soon"),
               "W()1 a=+16502530000 b=+19061234567 c=by mail d=1440120384000 e=soon\n");
}

static void tests_and_others_make_no_work(void **state)
{
    (void)state;
    static const char map[] = "source = s\ntest when test is test\nskip when kind is not lead and "
                              "kind is not empty\nstart p when id is not empty\nrow id = id or "
                              "whole body\ntest when dry is true\nskip when id is 0\n";
    expect_run(map, BODY_FORM, SLICE("test=test"), "T()\n");
    expect_run(map, BODY_FORM, SLICE("kind=deal&id=1"), "S()\n");
    expect_run(map, BODY_FORM, SLICE("id=1&dry=true"), "T()\n");
    expect_run(map, BODY_FORM, SLICE("id=0"), "S()\n");
    expect_run(map, BODY_FORM, SLICE("id=3"), "W()3\n");
    expect_run(map, BODY_FORM, SLICE("a=b"), "S()\n"); // for no line
}

static void a_long_row_id_is_a_hash(void **state)
{
    (void)state;
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    struct slice problem = SLICE_EMPTY;
    char form[600] = "id=";
    memset(form + 3, 'x', 500);
    open_fixture(fixture);
    parse(fixture, "source = s\nstart p\nrow id = id\nstart q\nrow id = whole body\n");
    read_body(fixture, BODY_FORM, slice_make(form, 503));
    assert_true(mapping_run(&fixture->mapping, &fixture->body, &fixture->arena, &fixture->result,
                            &problem));
    assert_int_equal(fixture->result.count, 2);
    assert_int_equal(fixture->result.elements[0].row.len, 8 + 64);
    assert_true(slice_starts(fixture->result.elements[1].row, SLICE("blake2b:")));
    assert_false(slice_equal(fixture->result.elements[0].row, fixture->result.elements[1].row));
    arena_done(&fixture->arena);
    test_free(fixture);
}

static void elements_have_a_bound(void **state)
{
    (void)state;
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    struct slice problem = SLICE_EMPTY;
    struct buf json;
    buf_init(&json, 4096);
    buf_put_cstr(&json, "[0");
    for (int i = 0; i < INTAKE_ELEMENTS_MAX; i++) {
        buf_put_cstr(&json, ",0");
    }
    buf_put_cstr(&json, "]");
    open_fixture(fixture);
    parse(fixture, "source = s\nstart p each *\nrow id = whole body\n");
    read_body(fixture, BODY_JSON, buf_slice(&json));
    assert_false(mapping_run(&fixture->mapping, &fixture->body, &fixture->arena, &fixture->result,
                             &problem));
    assert_non_null(strstr(arena_cstr(&fixture->arena, problem), "INTAKE_ELEMENTS_MAX"));
    buf_done(&json);
    arena_done(&fixture->arena);
    test_free(fixture);
}

// S127
static void every_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } lines[] = {
        { "start p.q", "this is not what a delivery goes to" },
        { "message p", "this is not what a delivery goes to" },
        { "start", "this is not what a delivery goes to" },
        { "start p each", "a place is missing here" },
        { "start p when", "a place is missing here" },
        { "start p when a", "`is` is missing here" },
        { "start p when a is", "a value is missing here" },
        { "start p else", "this does not belong on the line" },
        { "row id = b", "the row id is named twice" },
        { "a = b..c", "a name is missing in this place" },
        { "a = *", "`*` stands behind `each`" },
        { "a = b[c]", "in brackets stands" },
        { "a = b[c=", "in brackets stands" },
        { "a = whole", "`whole body` is meant" },
        { "a = \"b", "this quote is never closed" },
        { "a := ", "the constant is missing here" },
        { "a", "`=` or `:=` is missing here" },
        { "known = b", "this field is filled twice" },
        { "source = t", "the source is named twice" },
        { "test when", "a place is missing here" },
        { "a = b split", "`split` needs one character" },
        { "  x y", "an indented line maps a value" },
        { "a = b or", "a place is missing here" },
        { "= b", "a field is missing here" },
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct fixture *fixture = test_calloc(1, sizeof(*fixture));
        struct buf text, shown;
        open_fixture(fixture);
        buf_init(&text, 4096);
        buf_init(&shown, 1 << 16);
        buf_format(&text, "source = s\nstart p\nrow id = a\nknown = b\n%s\n", lines[i].line);
        parse(fixture, arena_cstr(&fixture->arena, buf_slice(&text)));
        const struct map_lines *map = &fixture->mapping.lines;
        if (map->fault_count == 0 || map->faults[0].place.line != 5 ||
            strstr(arena_cstr(&fixture->arena, map->faults[0].message), lines[i].message) == NULL) {
            map_lines_render(map, NULL, NULL, &shown);
            fail_msg("%s: %.*s", lines[i].line, SLICE_PRINT(buf_slice(&shown)));
        }
        assert_true(map->faults[0].help.len > 0 || i == 0);
        buf_done(&text);
        buf_done(&shown);
        arena_done(&fixture->arena);
        test_free(fixture);
    }
}

static void what_is_missing_is_told_of_the_whole(void **state)
{
    (void)state;
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    open_fixture(fixture);
    parse(fixture, "x = y\n");
    assert_int_equal(fixture->mapping.lines.fault_count, 3); // the field, the source, the target
    parse(fixture, "source = s\nstart p\nx = .y\n");
    assert_int_equal(fixture->mapping.lines.fault_count, 2); // no element, no row id
    parse(fixture, "source = s\nstart p\nrow id = a\nnaem = b\n");
    assert_int_equal(fixture->mapping.lines.fault_count, 0);
    static const struct slice known[] = { { "name", 4 }, { "phone", 5 } };
    mapping_check_names(&fixture->mapping, fixture->mapping.routes[0], known, 2);
    struct buf shown;
    buf_init(&shown, 4096);
    map_lines_render(&fixture->mapping.lines, NULL, NULL, &shown);
    buf_put_char(&shown, 0);
    assert_string_equal(shown.ptr,
                        "error: the start of process `p` does not ask for a field named `naem`\n"
                        " --> site.map:4:1\n"
                        "  |\n"
                        "4 | naem = b\n"
                        "  | ^^^^\n"
                        "  = help: a field with a similar name exists: `name`\n\n");
    buf_done(&shown);
    arena_done(&fixture->arena);
    test_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_with_brackets_is_nested),
        cmocka_unit_test(json_keeps_every_digit),
        cmocka_unit_test(bodies_have_bounds),
        cmocka_unit_test(the_content_type_decides),
        cmocka_unit_test(moments_of_other_systems),
        cmocka_unit_test(elements_are_found_and_filled),
        cmocka_unit_test(the_order_is_that_of_the_body),
        cmocka_unit_test(one_of_a_list_is_chosen_by_what_it_holds),
        cmocka_unit_test(phones_and_moments_are_turned),
        cmocka_unit_test(tests_and_others_make_no_work),
        cmocka_unit_test(a_long_row_id_is_a_hash),
        cmocka_unit_test(elements_have_a_bound),
        cmocka_unit_test(every_mistake_is_told_with_its_place),
        cmocka_unit_test(what_is_missing_is_told_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
