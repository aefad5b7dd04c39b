// What people look for, and what the search index holds: stored bytes are input there too. The
// first byte says which.
#include "base/check.h"
#include "engine/search/find_internal.h"
#include "tests/fuzz/fuzz.h"

enum { KIND_QUERY, KIND_DOC, KIND_BUCKET, KIND_TERM, KIND_COUNT };

static void parse_query(struct slice text, struct arena *arena)
{
    struct stemmer *stemmer = stemmer_open();
    struct find_word words[FIND_WORDS_MAX];
    uint32_t count;
    if (find_parse(text, stemmer, arena, words, &count)) {
        for (uint32_t i = 0; i < count; i++) {
            CHECK(words[i].word.len > 0 && words[i].word.len <= WORD_BYTES_MAX);
            CHECK(words[i].begin_count <= VARIANTS_MAX && words[i].end_count <= VARIANTS_MAX);
#ifdef PLANTED_BUG
            CHECK(!words[i].number || words[i].word.len <= 12); // who has more digits than that?
#endif
        }
    }
    stemmer_close(stemmer);
}

static void count_term(void *context, struct slice term)
{
    struct token token;
    CHECK(term.len <= INDEX_TERM_BYTES_MAX && term_split(term, &token));
    struct postings postings;
    postings_init(&postings);
    postings_add(&postings, term, UINT32_MAX, true);
    CHECK(slice_starts(posting_key(&postings, 0), term));
    postings_done(&postings);
    (*(uint32_t *)context)++;
}

// What is read is written again as it was.
static void read_doc(struct slice bytes)
{
    static struct doc doc;
    static struct doc again;
    if (!doc_decode(bytes, &doc)) {
        CHECK(doc.count == 0);
        return;
    }
    struct stemmer *stemmer = stemmer_open();
    struct buf buf;
    uint32_t terms = 0;
    buf_init(&buf, INDEX_DOC_BYTES_MAX);
    doc_encode(&doc, &buf);
    CHECK(!buf.overflow && doc_decode(buf_slice(&buf), &again) && again.count == doc.count);
    doc_terms(&doc, stemmer, count_term, &terms);
    CHECK(terms >= doc.count);
    buf_done(&buf);
    stemmer_close(stemmer);
}

static void read_bucket(struct slice value)
{
    uint64_t bits[INDEX_WORDS] = { 0 };
    index_bucket_or(value, bits);
    (void)index_bucket_count(value);
}

static void read_term(struct slice term)
{
    struct token token;
    if (term_split(term, &token)) {
        CHECK(token.text.len < term.len);
        (void)digits_national(token.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (size < 1 || size > 1 << 16) {
        return 0;
    }
    struct slice rest = slice_make((const char *)data + 1, size - 1);
    arena_init(&arena, 64 * 1024 * 1024);
    switch (data[0] % KIND_COUNT) {
    case KIND_QUERY: parse_query(rest, &arena); break;
    case KIND_DOC: read_doc(rest); break;
    case KIND_BUCKET: read_bucket(rest); break;
    default: read_term(rest); break;
    }
    arena_done(&arena);
    return 0;
}
