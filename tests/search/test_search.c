// Searching, merging and duplicates as clients meet them, on a store on disk.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/pack.h"
#include "engine/rung.h"
#include "tests/store/scratch.h"

static const char program_text[] =
    "role head \"Head\" sees all may move\n"
    "role sales \"Sales\" under head\n"
    "role boss \"Boss\" sees all\n"
    "enum origin { site \"Website\" ru \"Сайт\", cold \"Cold call\" ru \"Холодный звонок\" }\n"
    "ladder busy { 10 min, 1 h }\n"
    "process lead \"Lead\" ru \"Лид\" {\n"
    "  key phone, email\n"
    "  title \"{name}\"\n"
    "  field phone: phone \"Phone\"\n"
    "  field mobile: phone \"Mobile\"\n"
    "  field name: text \"Name\" required\n"
    "  field email: email \"Mail\"\n"
    "  field origin_: origin \"Origin\"\n"
    "  field secret: text \"Secret\" shown to boss\n"
    "  field password: phone \"Private\" shown to boss\n"
    "  start { sales := creator => contact }\n"
    "  on repeat { notify sales \"again\" }\n"
    "  stage contact \"Contact\" ru \"Разговор\" {\n"
    "    task \"Call {name}\" for sales\n"
    "    action busy \"Busy\" ru \"Занято\" alias \"линия\" { retry busy then => lost }\n"
    "    action pay \"Paid\" ru \"Оплачено\" if origin_ is site => won\n"
    "    action lose \"Lose\" => lost\n"
    "  }\n"
    "  end won \"Won\" ru \"Выигран\" success\n"
    "  end lost \"Lost\" failure\n"
    "}\n"
    "process deal \"Deal\" {\n"
    "  title \"Deal of {client}\"\n"
    "  field client: text \"Client\" required\n"
    "  field phone: phone \"Phone\"\n"
    "  start { sales := creator => doing }\n"
    "  stage doing \"Doing\" { task \"Make\" for sales action made \"Made\" => finished }\n"
    "  end finished \"Finished\" success\n"
    "}\n";

struct desk {
    struct scratch scratch;
    struct rung *rung;
    uint64_t now_ms;
    char cases[200]; // of the last answer: "3 1", "+" when there are more
    char buttons[200];
    char code[64]; // of the last refusal
};

static void open_desk(struct desk *desk)
{
    char message[500];
    const struct rung_options options = { .path = desk->scratch.store, .region = "RU",
                                          .map_bytes = 256ull * 1024 * 1024,
                                          .now_ms = desk->now_ms };
    if (rung_open(&options, &desk->rung, message, sizeof(message)) != RUNG_OK) {
        fail_msg("%s", message);
    }
}

// Until what was said is filed.
static void settle(struct desk *desk)
{
    for (int i = 0; i < 4; i++) {
        desk->now_ms += 200;
        assert_int_equal(rung_tick(desk->rung, desk->now_ms), RUNG_OK);
    }
}

static struct slice say(struct desk *desk, const char *method, const char *pairs[], size_t count,
                        struct slice form)
{
    struct buf map;
    const void *answer = NULL;
    size_t len = 0;
    buf_init(&map, 64 * 1024);
    pack_map(&map, (uint32_t)(count / 2 + (form.len > 0 ? 1 : 0)));
    for (size_t i = 0; i < count; i += 2) {
        pack_cstr(&map, pairs[i]);
        bool number = pairs[i + 1][0] == '#';
        if (number) {
            pack_uint(&map, strtoull(pairs[i + 1] + 1, NULL, 10));
        } else {
            pack_cstr(&map, pairs[i + 1]);
        }
    }
    if (form.len > 0) {
        pack_cstr(&map, "form");
        buf_put_slice(&map, form);
    }
    enum rung_status status = rung_call(desk->rung, method, map.ptr, map.len, &answer, &len);
    buf_done(&map);
    assert_int_not_equal(status, RUNG_FAILED);
    desk->code[0] = '\0';
    struct slice result = slice_make(answer, len);
    if (status == RUNG_REFUSED) {
        struct unpack unpack;
        unpack_init(&unpack, pack_map_find(result, SLICE("code")));
        struct slice code = unpack_str(&unpack);
        memcpy(desk->code, code.ptr, code.len);
        desk->code[code.len] = '\0';
    }
    return result;
}
#define SAY(desk, method, ...)                                                                     \
    say(desk, method, (const char *[]){ __VA_ARGS__ },                                             \
        sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), SLICE_EMPTY)

static void start_as(struct desk *desk, const char *process, const char *user, const char *form[])
{
    struct buf map;
    buf_init(&map, 4096);
    uint32_t count = 0;
    while (form[2 * count] != NULL) {
        count++;
    }
    pack_map(&map, count);
    for (uint32_t i = 0; i < 2 * count; i++) {
        pack_cstr(&map, form[i]);
    }
    const char *pairs[] = { "process", process, "as", user };
    (void)say(desk, "start", pairs, 4, buf_slice(&map));
    buf_done(&map);
    assert_string_equal(desk->code, "");
}
#define START(desk, process, user, ...) \
    start_as(desk, process, user, (const char *[]){ __VA_ARGS__, NULL })

static void set_users(struct desk *desk)
{
    static const char *const users[][3] = { { "hana", "head", "" },      { "sam", "sales", "hana" },
                                            { "sue", "sales", "hana" },  { "bo", "boss", "" },
                                            { "zoe", "sales", "" } };
    struct buf map;
    const void *answer;
    size_t len;
    buf_init(&map, 4096);
    pack_map(&map, 1);
    pack_cstr(&map, "users");
    pack_array(&map, 5);
    for (size_t i = 0; i < 5; i++) {
        pack_map(&map, users[i][2][0] != '\0' ? 4 : 3);
        pack_cstr(&map, "name");
        pack_cstr(&map, users[i][0]);
        pack_cstr(&map, "title");
        pack_cstr(&map, users[i][0]);
        pack_cstr(&map, "roles");
        pack_array(&map, 1);
        pack_cstr(&map, users[i][1]);
        if (users[i][2][0] != '\0') {
            pack_cstr(&map, "superior");
            pack_cstr(&map, users[i][2]);
        }
    }
    assert_int_equal(rung_call(desk->rung, "import_users", map.ptr, map.len, &answer, &len),
                     RUNG_OK);
    buf_done(&map);
}

// Cases 1 and 2 are sam's and sue's; 3 is sam's; 4 ended; 5 is a deal of zoe's.
static int set_up(void **state)
{
    struct desk *desk = test_calloc(1, sizeof(*desk));
    scratch_init(&desk->scratch);
    desk->now_ms = 1767603600000ull; // 2026-01-05
    open_desk(desk);
    const struct rung_file file = { "lead.rung", program_text, sizeof(program_text) - 1 };
    if (rung_compile_and_activate(desk->rung, &file, 1) != RUNG_OK) {
        fail_msg("%s", rung_message(desk->rung));
    }
    set_users(desk);
    START(desk, "lead", "sam", "phone", "8 916 123-45-67", "name", "Пётр Иванов", "email",
          "Ivanov@Mail.Example", "origin_", "site", "secret", "тайна", "password",
          "8 905 000-77-66");
    START(desk, "lead", "sue", "phone", "+49 170 1234567", "name", "Anna Müller", "origin_",
          "cold");
    START(desk, "lead", "sam", "phone", "8 495 765 43 21", "name", "Мария Иванова", "mobile",
          "8 916 123-45-67");
    START(desk, "lead", "sue", "name", "Old Ivanov");
    (void)SAY(desk, "press", "instance", "#4", "action", "lose", "as", "sue");
    START(desk, "deal", "zoe", "client", "Ivanov & sons", "phone", "8 916 123-45-67");
    (void)SAY(desk, "comment", "instance", "#1", "text", "Просил договоры на бумаге", "as", "sam");
    settle(desk);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    rung_close(desk->rung);
    scratch_done(&desk->scratch);
    test_free(desk);
    return 0;
}

static void note_answer(struct desk *desk, struct slice result)
{
    struct unpack list;
    unpack_init(&list, pack_map_find(result, SLICE("cases")));
    size_t len = 0, buttons = 0;
    desk->cases[0] = desk->buttons[0] = '\0';
    for (uint32_t i = unpack_array(&list); i > 0; i--) {
        struct slice one = unpack_raw(&list);
        struct unpack number;
        unpack_init(&number, pack_map_find(one, SLICE("instance")));
        len += (size_t)snprintf(desk->cases + len, sizeof(desk->cases) - len, "%s%u",
                                len > 0 ? " " : "", (unsigned)unpack_uint(&number));
        struct unpack actions;
        unpack_init(&actions, pack_map_find(one, SLICE("actions")));
        for (uint32_t a = unpack_array(&actions); a > 0; a--) {
            struct unpack name;
            unpack_init(&name, pack_map_find(unpack_raw(&actions), SLICE("action")));
            struct slice text = unpack_str(&name);
            buttons += (size_t)snprintf(desk->buttons + buttons, sizeof(desk->buttons) - buttons,
                                        "%s%.*s", buttons > 0 ? " " : "", SLICE_PRINT(text));
        }
    }
    struct unpack more;
    unpack_init(&more, pack_map_find(result, SLICE("more")));
    if (desk->code[0] == '\0' && unpack_bool(&more)) {
        (void)snprintf(desk->cases + len, sizeof(desk->cases) - len, "+");
    }
}

static void expect(struct desk *desk, const char *user, const char *words, const char *cases)
{
    struct slice result = user != NULL ? SAY(desk, "search", "words", words, "as", user)
                                       : SAY(desk, "search", "words", words);
    note_answer(desk, result);
    if (strcmp(desk->cases, cases) != 0) {
        fail_msg("`%s` finds %s, not %s", words, desk->cases, cases);
    }
}

// --- words ---------------------------------------------------------------------------------------

// S94, S118
static void cases_are_found_by_words_in_any_form(void **state)
{
    struct desk *desk = *state;
    expect(desk, NULL, "Мюллер", "");
    expect(desk, NULL, "muller", "2");
    expect(desk, NULL, "MÜLLER", "2");
    expect(desk, NULL, "петр", "1");           // ё is е
    expect(desk, NULL, "пётр иванов", "1");
    expect(desk, NULL, "иванов", "1 3");       // the whole word before its beginning
    expect(desk, NULL, "иванова", "3");
    expect(desk, NULL, "ива", "3 1");          // the newest first
    expect(desk, NULL, "договор", "1");        // of a comment, by its stem
    expect(desk, NULL, "договорами", "1");
    expect(desk, NULL, "ivanov", "5 1 4");     // open ones before ended ones
    expect(desk, NULL, "mail.example", "1");
    expect(desk, NULL, "ivanov@mail.example", "1");
    expect(desk, NULL, "сайт", "1");           // a member by its label, in every language
    expect(desk, NULL, "website", "1");
    expect(desk, NULL, "разговор", "3 2 1");   // a stage
    expect(desk, NULL, "lost", "4");           // an end
    expect(desk, NULL, "лид иванов", "1 3");   // a process
    expect(desk, NULL, "3", "3");              // the number of the case, and what begins so
    expect(desk, NULL, "nobody", "");
    expect(desk, NULL, "иванов nobody", "");
    expect(desk, NULL, "-- !", "");
}

// S118: whoever calls, in whatever spelling the number comes.
static void phones_are_found_by_their_digits(void **state)
{
    struct desk *desk = *state;
    expect(desk, NULL, "8 (916) 123-45-67", "5 3 1");
    expect(desk, NULL, "+79161234567", "5 3 1");
    expect(desk, NULL, "9161234567", "5 3 1");
    expect(desk, NULL, "4567", "5 3 2 1");
    expect(desk, NULL, "45-67", "5 3 2 1");
    expect(desk, NULL, "567", "");             // three digits are too few for the end of a number
    expect(desk, NULL, "8 916", "5 3 1");      // as it is typed
    expect(desk, NULL, "+7 916", "5 3 1");
    expect(desk, NULL, "0170 123", "2");
    expect(desk, NULL, "0049 170", "2");
    expect(desk, NULL, "9161234567 мария", "3");
}

// The 8 before a number may be left out where somebody wrote it down, however short it is.
static void a_number_in_a_comment_is_found_without_its_trunk_digit(void **state)
{
    struct desk *desk = *state;
    (void)SAY(desk, "comment", "instance", "#3", "text", "Перезвонить на 4256", "as", "sam");
    settle(desk);
    expect(desk, NULL, "84256", "3");
    expect(desk, NULL, "4256", "3");
    expect(desk, NULL, "42", "3");
}

// S94: a few letters find data or run a procedure.
static void buttons_are_found_with_their_cases(void **state)
{
    struct desk *desk = *state;
    expect(desk, "sam", "занято иванов", "1 3");
    assert_string_equal(desk->buttons, "busy busy");
    expect(desk, "sam", "busy ivanov", "1");
    expect(desk, "sam", "лин мария", "3"); // an alias
    assert_string_equal(desk->buttons, "busy");
    expect(desk, "sam", "paid", "1");      // the guard holds for this one alone
    expect(desk, "sue", "busy", "2");
    expect(desk, NULL, "busy old", "");    // it has ended
    (void)SAY(desk, "press", "instance", "#1", "action", "lose", "as", "sam");
    expect(desk, "sam", "busy ivanov", ""); // at once: the case is looked at as it stands
}

// --- rights --------------------------------------------------------------------------------------

static void nothing_is_found_that_may_not_be_seen(void **state)
{
    struct desk *desk = *state;
    expect(desk, "sam", "ivanov", "1");
    expect(desk, "sue", "ivanov", "4");
    expect(desk, "hana", "ivanov", "5 1 4");
    expect(desk, "sam", "muller", "");
    expect(desk, NULL, "тайна", "1");
    expect(desk, "sam", "тайна", "");  // his own case, a field that is not shown to him
    expect(desk, "hana", "тайна", ""); // nor to her, who sees all
    expect(desk, "bo", "тайна", "1");
    expect(desk, "bo", "тай", "1");
    expect(desk, "sam", "7766", "");
    expect(desk, "bo", "7766", "1");
    (void)SAY(desk, "search", "words", "x", "as", "nobody");
    assert_string_equal(desk->code, "unknown_user");
}

static void whoever_gets_a_case_finds_it(void **state)
{
    struct desk *desk = *state;
    (void)SAY(desk, "reassign", "instance", "#2", "task", "#1", "to", "zoe", "as", "hana");
    settle(desk);
    expect(desk, "zoe", "muller", "2");
}

// --- filters -------------------------------------------------------------------------------------

// S116
static void filters_narrow_what_is_found(void **state)
{
    struct desk *desk = *state;
    note_answer(desk, SAY(desk, "search", "words", "ivanov", "process", "deal"));
    assert_string_equal(desk->cases, "5");
    note_answer(desk, SAY(desk, "search", "words", "ivanov", "state", "ended"));
    assert_string_equal(desk->cases, "4");
    note_answer(desk, SAY(desk, "search", "words", "ivanov", "state", "open", "limit", "#1"));
    assert_string_equal(desk->cases, "5+");
    (void)SAY(desk, "search", "words", "x", "state", "asleep");
    assert_string_equal(desk->code, "bad_request");
    (void)SAY(desk, "search", "words", "x", "process", "nothing");
    assert_string_equal(desk->code, "unknown_process");
    (void)SAY(desk, "search", "words", "a b c d e f g h i");
    assert_string_equal(desk->code, "limit");
    note_answer(desk, SAY(desk, "search", "limit", "#3"));
    assert_string_equal(desk->cases, ""); // nothing was asked
}

static void clients_are_found_that_nobody_has_moved_for_long(void **state)
{
    struct desk *desk = *state;
    note_answer(desk, SAY(desk, "search", "quiet_for", "#2592000000"));
    assert_string_equal(desk->cases, "");
    desk->now_ms += 31ull * 24 * 3600 * 1000;
    assert_int_equal(rung_tick(desk->rung, desk->now_ms), RUNG_OK);
    (void)SAY(desk, "press", "instance", "#3", "action", "busy", "as", "sam");
    settle(desk);
    note_answer(desk, SAY(desk, "search", "quiet_for", "#2592000000", "state", "open"));
    assert_string_equal(desk->cases, "5 2 1");
    note_answer(desk, SAY(desk, "search", "quiet_for", "#2592000000", "words", "ив", "as", "sam",
                          "state", "open"));
    assert_string_equal(desk->cases, "1");
}

// --- the index -----------------------------------------------------------------------------------

static void the_index_may_be_deleted_and_is_made_again(void **state)
{
    struct desk *desk = *state;
    char path[400];
    rung_close(desk->rung);
    (void)snprintf(path, sizeof(path), "%s/search", desk->scratch.store);
    scratch_remove(path);
    open_desk(desk);
    settle(desk);
    expect(desk, NULL, "договор иванов", "1");
    expect(desk, NULL, "4567", "5 3 2 1");
}

static void a_damaged_index_is_begun_anew(void **state)
{
    struct desk *desk = *state;
    char path[400];
    rung_close(desk->rung);
    (void)snprintf(path, sizeof(path), "%s/search/data.mdb", desk->scratch.store);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    for (int i = 0; i < 8192; i++) {
        (void)fputc('x', file);
    }
    (void)fclose(file);
    open_desk(desk);
    settle(desk);
    expect(desk, NULL, "договор", "1");
}

static void what_changes_is_filed_anew(void **state)
{
    struct desk *desk = *state;
    struct buf form;
    buf_init(&form, 256);
    pack_map(&form, 1);
    pack_cstr(&form, "name");
    pack_cstr(&form, "Борис Сидоров");
    const char *pairs[] = { "instance", "#3", "as", "sam" };
    (void)say(desk, "edit", pairs, 4, buf_slice(&form));
    buf_done(&form);
    settle(desk);
    expect(desk, NULL, "мария", "");
    expect(desk, NULL, "сидоров", "3");
    (void)SAY(desk, "comment", "instance", "#3", "text", "Срочно", "as", "sam");
    settle(desk);
    expect(desk, NULL, "срочно", "3");
    expect(desk, NULL, "договор", "1"); // what was said before stays
}

// --- duplicates and merging ----------------------------------------------------------------------

static uint32_t count_groups(struct desk *desk, const char *user, const char *by)
{
    struct slice result = user != NULL ? SAY(desk, "duplicates", "as", user)
                                       : SAY(desk, "duplicates", "limit", "#50");
    struct unpack list;
    uint32_t count = 0;
    unpack_init(&list, pack_map_find(result, SLICE("groups")));
    for (uint32_t i = unpack_array(&list); i > 0; i--) {
        struct unpack text;
        unpack_init(&text, pack_map_find(unpack_raw(&list), SLICE("by")));
        count += slice_equal(unpack_str(&text), slice_from_cstr(by)) ? 1u : 0u;
    }
    return count;
}

// S61, S105
static void possible_duplicates_are_listed(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(count_groups(desk, NULL, "phone"), 1); // 3 and 1; 5 is another process
    assert_int_equal(count_groups(desk, "sam", "phone"), 1);
    assert_int_equal(count_groups(desk, "sue", "phone"), 0);
    assert_int_equal(count_groups(desk, NULL, "linked"), 0);
    START(desk, "lead", "sam", "phone", "8 495 765 43 21", "name", "X", "email",
          "ivanov@mail.example"); // finds 3 by its phone and 1 by its mail
    settle(desk);
    assert_int_equal(count_groups(desk, NULL, "linked"), 1);
}

static void a_case_is_merged_into_another_by_hand(void **state)
{
    struct desk *desk = *state;
    (void)SAY(desk, "merge", "instance", "#3", "into", "#1", "reason", "one man", "as", "sam");
    assert_string_equal(desk->code, "not_allowed");
    (void)SAY(desk, "merge", "instance", "#3", "into", "#1", "reason", "", "as", "hana");
    assert_string_equal(desk->code, "bad_form");
    (void)SAY(desk, "merge", "instance", "#3", "into", "#3", "reason", "x");
    assert_string_equal(desk->code, "bad_form");
    (void)SAY(desk, "merge", "instance", "#3", "into", "#5", "reason", "x");
    assert_string_equal(desk->code, "bad_form");
    (void)SAY(desk, "merge", "instance", "#3", "into", "#4", "reason", "x");
    assert_string_equal(desk->code, "case_ended");
    (void)SAY(desk, "merge", "instance", "#3", "into", "#99", "reason", "x");
    assert_string_equal(desk->code, "unknown_instance");
    (void)SAY(desk, "merge", "instance", "#3", "into", "#1", "reason", "one man", "as", "hana");
    assert_string_equal(desk->code, "");
    (void)SAY(desk, "undo", "instance", "#3", "as", "hana");
    assert_string_equal(desk->code, "cannot_undo");
    settle(desk);
    assert_int_equal(count_groups(desk, NULL, "phone"), 0);
    expect(desk, NULL, "мария", "3"); // reading stays
    // Its key finds the other one from now on.
    START(desk, "lead", "sue", "phone", "+7 495 765-43-21", "name", "Again");
    expect(desk, NULL, "5 deal", "5");
    note_answer(desk, SAY(desk, "search", "words", "again", "state", "open"));
    assert_string_equal(desk->cases, ""); // it joined case 1, whose name is filled
}

int main(void)
{
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        DESK_TEST(cases_are_found_by_words_in_any_form),
        DESK_TEST(phones_are_found_by_their_digits),
        DESK_TEST(a_number_in_a_comment_is_found_without_its_trunk_digit),
        DESK_TEST(buttons_are_found_with_their_cases),
        DESK_TEST(nothing_is_found_that_may_not_be_seen),
        DESK_TEST(whoever_gets_a_case_finds_it),
        DESK_TEST(filters_narrow_what_is_found),
        DESK_TEST(clients_are_found_that_nobody_has_moved_for_long),
        DESK_TEST(the_index_may_be_deleted_and_is_made_again),
        DESK_TEST(a_damaged_index_is_begun_anew),
        DESK_TEST(what_changes_is_filed_anew),
        DESK_TEST(possible_duplicates_are_listed),
        DESK_TEST(a_case_is_merged_into_another_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
