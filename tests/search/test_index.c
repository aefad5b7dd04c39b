// Words, buckets of postings, and stored bytes that nobody has written so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "engine/search/doc.h"
#include "engine/search/find_internal.h"
#include "engine/search/index.h"
#include "tests/store/scratch.h"

// --- words ---------------------------------------------------------------------------------------

static void expect_words(const char *text, const char *words)
{
    struct arena arena;
    struct buf got;
    arena_init(&arena, 1024 * 1024);
    buf_init(&got, 4096);
    struct slice folded = words_fold(&arena, slice_from_cstr(text));
    struct slice word;
    for (size_t at = 0; words_next(folded, &at, &word);) {
        buf_format(&got, "%s%.*s", got.len > 0 ? " " : "", SLICE_PRINT(word));
    }
    if (!slice_equal(buf_slice(&got), slice_from_cstr(words))) {
        fail_msg("`%s` gives `%.*s`, not `%s`", text, SLICE_PRINT(buf_slice(&got)), words);
    }
    buf_done(&got);
    arena_done(&arena);
}

static void texts_are_folded_and_split(void **state)
{
    (void)state;
    expect_words("Ann O'Neil, 8-916", "ann o neil 8 916");
    expect_words("Ёлка и Йод, ЙОГА", "елка и йод йога"); // й stays another letter than и
    expect_words("Café Müller Straße ÅNGSTRÖM", "cafe muller strasse angstrom");
    expect_words("ﬁn Ｆｕｌｌ", "fin full");
    expect_words("cafe\xcc\x81 x", "cafe x"); // a letter and its mark
    expect_words("a\xff" "b", "a b");
    expect_words("東京 x", "東京 x");
    expect_words("", "");
}

static void words_have_stems(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "договоры", "договор" }, { "договорами", "договор" },
                                            { "running", "run" },      { "busy", "busi" },
                                            { "a1b2", "a1b2" },        { "東京", "東京" } };
    struct stemmer *stemmer = stemmer_open();
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        struct slice stem = stemmer_stem(stemmer, slice_from_cstr(pairs[i][0]));
        assert_true(slice_equal(stem, slice_from_cstr(pairs[i][1])));
    }
    stemmer_close(stemmer);
}

static void numbers_lose_their_country(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "79161234567", "9161234567" },
                                            { "12125550100", "2125550100" },
                                            { "493012345", "3012345" },
                                            { "212522123456", "522123456" },
                                            { "37250123", "50123" } };
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        assert_true(slice_equal(digits_national(slice_from_cstr(pairs[i][0])),
                                slice_from_cstr(pairs[i][1])));
    }
}

// --- postings ------------------------------------------------------------------------------------

struct shelf {
    struct scratch scratch;
    struct index *index;
    struct postings postings;
    struct index_place place;
};

static const uint8_t uuid[STORE_UUID_BYTES] = "the store itself";

static int set_up(void **state)
{
    struct shelf *shelf = test_calloc(1, sizeof(*shelf));
    scratch_init(&shelf->scratch);
    postings_init(&shelf->postings);
    assert_int_equal(index_open(shelf->scratch.folder, uuid, 1 << 28, &shelf->index), OK);
    *state = shelf;
    return 0;
}

static int tear_down(void **state)
{
    struct shelf *shelf = *state;
    index_close(shelf->index);
    postings_done(&shelf->postings);
    scratch_done(&shelf->scratch);
    test_free(shelf);
    return 0;
}

static struct slice term_of(const char *word, char *to)
{
    return slice_make(to, term_key(false, TOKEN_WORD, 0, slice_from_cstr(word), to));
}

static void note(struct shelf *shelf, const char *word, uint64_t instance, char sign)
{
    char term[INDEX_TERM_BYTES_MAX];
    postings_add(&shelf->postings, term_of(word, term), instance, sign == '+');
}

static void commit(struct shelf *shelf)
{
    assert_int_equal(index_begin(shelf->index), OK);
    shelf->place.seq++;
    assert_int_equal(index_commit(shelf->index, &shelf->postings, &shelf->place), OK);
    postings_reset(&shelf->postings);
}

// The cases that have all the words, the newest first, must be those for which `has` is set.
static void expect_cases(struct shelf *shelf, const char *const *words, uint32_t count,
                         const bool *has, uint32_t cases)
{
    struct index_reader *reader;
    struct arena arena;
    struct arm arm[4];
    struct arm *arms[4];
    char term[INDEX_TERM_BYTES_MAX];
    uint64_t bits[INDEX_WORDS];
    uint32_t at = 0, left = cases;
    struct walk_budget budget = { 1000 };
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(index_reader_open(shelf->index, &reader), OK);
    assert_int_equal(index_reader_begin(reader), OK);
    for (uint32_t i = 0; i < count; i++) {
        arm_init(&arm[i]);
        arm_add(&arm[i], &arena, term_of(words[i], term));
        arms[i] = &arm[i];
    }
    while (arms_next(reader, arms, count, &budget, &at, bits)) {
        for (uint32_t place = INDEX_BUCKET_CASES; place > 0; place--) {
            if ((bits[(place - 1) / 64] >> ((place - 1) % 64) & 1) == 0) {
                continue;
            }
            uint64_t found = index_case(at, place - 1);
            while (left > found + 1) {
                assert_false(has[--left]); // passed over
            }
            assert_true(has[found]);
            left = (uint32_t)found;
        }
        if (at++ == UINT32_MAX) {
            break;
        }
    }
    while (left > 0) {
        assert_false(has[--left]);
    }
    for (uint32_t i = 0; i < count; i++) {
        arm_done(&arm[i]);
    }
    index_reader_end(reader);
    index_reader_close(reader);
    arena_done(&arena);
}

enum { CASES = 20000 };

// Of one batch, what is added prevails over what is removed.
static void change(bool *has, uint32_t *added_in, bool add, uint32_t round)
{
    *has = add || *added_in == round;
    *added_in = add ? round : *added_in;
}

static void postings_are_sets_of_cases(void **state)
{
    struct shelf *shelf = *state;
    static bool common[CASES], rare[CASES], both[CASES];
    static uint32_t common_round[CASES], rare_round[CASES];
    static const char *const words[] = { "common", "rare" };
    struct prng prng;
    prng_init(&prng, 7);
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < 6000; i++) {
            uint32_t number = (uint32_t)prng_below(&prng, CASES);
            bool add = prng_below(&prng, 6) > round / 2;
            change(&common[number], &common_round[number], add, round + 1);
            note(shelf, "common", number, add ? '+' : '-');
            if (i % 40 == 0) {
                uint32_t other = (uint32_t)prng_below(&prng, CASES);
                change(&rare[other], &rare_round[other], add, round + 1);
                note(shelf, "rare", other, add ? '+' : '-');
            }
        }
        commit(shelf);
        expect_cases(shelf, words, 1, common, CASES);
        expect_cases(shelf, words + 1, 1, rare, CASES);
        for (uint32_t i = 0; i < CASES; i++) {
            both[i] = common[i] && rare[i];
        }
        expect_cases(shelf, words, 2, both, CASES);
    }
    for (uint32_t i = 0; i < CASES; i++) {
        note(shelf, "common", i, '-');
        common[i] = false;
    }
    commit(shelf);
    expect_cases(shelf, words, 1, common, CASES);
}

static void an_index_of_another_store_is_begun_anew(void **state)
{
    struct shelf *shelf = *state;
    note(shelf, "word", 5, '+');
    commit(shelf);
    index_close(shelf->index);
    assert_int_equal(index_open(shelf->scratch.folder, uuid, 1 << 28, &shelf->index), OK);
    assert_int_equal(index_place(shelf->index)->seq, 1);
    index_close(shelf->index);
    const uint8_t other[STORE_UUID_BYTES] = "another store!!";
    assert_int_equal(index_open(shelf->scratch.folder, other, 1 << 28, &shelf->index), OK);
    assert_int_equal(index_place(shelf->index)->seq, 0);
    static const char *const words[] = { "word" };
    static const bool none[10];
    expect_cases(shelf, words, 1, none, 10);
}

// --- stored docs ---------------------------------------------------------------------------------

static void a_doc_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct doc *doc = test_calloc(1, sizeof(*doc));
    struct doc *again = test_calloc(1, sizeof(*doc));
    struct arena arena;
    struct buf buf;
    arena_init(&arena, 1024 * 1024);
    buf_init(&buf, INDEX_DOC_BYTES_MAX);
    doc->seq = 77;
    doc->ended = true;
    doc_add_words(doc, &arena, TOKEN_WORD, 0, SLICE("Ann Lee ann"));
    doc_add_words(doc, &arena, TOKEN_WORD, 9, SLICE("secret"));
    doc_add_number(doc, &arena, TOKEN_STAGE, 3, 0);
    assert_int_equal(doc->count, 4);
    doc_encode(doc, &buf);
    assert_true(doc_decode(buf_slice(&buf), again));
    assert_int_equal(again->seq, 77);
    assert_true(again->ended && again->count == 4 && again->token[2].role == 9);
    for (size_t len = 0; len < buf.len; len++) { // cut anywhere: refused, or fewer tokens
        if (doc_decode(slice_make(buf.ptr, len), again)) {
            assert_true(again->count < 4);
        } else {
            assert_int_equal(again->count, 0);
        }
    }
    for (size_t at = 9; at < buf.len; at++) { // a flipped bit anywhere harms nobody
        buf.ptr[at] = (char)(buf.ptr[at] ^ 0x40);
        (void)doc_decode(buf_slice(&buf), again);
        buf.ptr[at] = (char)(buf.ptr[at] ^ 0x40);
    }
    buf_done(&buf);
    arena_done(&arena);
    test_free(doc);
    test_free(again);
}

static void a_doc_is_bounded(void **state)
{
    (void)state;
    struct doc *doc = test_calloc(1, sizeof(*doc));
    struct arena arena;
    struct buf text;
    arena_init(&arena, 8 * 1024 * 1024);
    buf_init(&text, 1024 * 1024);
    for (int i = 0; i < 2000; i++) {
        buf_format(&text, "word%d ", i);
    }
    doc_add_words(doc, &arena, TOKEN_SAID, 0, buf_slice(&text));
    assert_int_equal(doc->count, DOC_TOKENS_MAX);
    buf_done(&text);
    arena_done(&arena);
    test_free(doc);
}

int main(void)
{
#define SHELF_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_folded_and_split),
        cmocka_unit_test(words_have_stems),
        cmocka_unit_test(numbers_lose_their_country),
        SHELF_TEST(postings_are_sets_of_cases),
        SHELF_TEST(an_index_of_another_store_is_begun_anew),
        cmocka_unit_test(a_doc_is_read_as_it_was_written),
        cmocka_unit_test(a_doc_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
