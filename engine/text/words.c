#include "engine/text/words.h"

#include <libstemmer.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"

// --- folding -------------------------------------------------------------------------------------

// ASCII and the Russian letters need no tables: nearly all texts are these alone.
static bool fold_plain(uint32_t code, uint32_t *ret_code)
{
    if (code < 0x80) {
        *ret_code = code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
        return true;
    }
    if (code >= 0x410 && code <= 0x44f) {
        *ret_code = code < 0x430 ? code + 0x20 : code;
        return true;
    }
    if (code == 0x401 || code == 0x451) { // ё
        *ret_code = 0x435;
        return true;
    }
    return false;
}

// False: some character needs the tables. `to` has room for text.len bytes.
static bool fold_all_plain(struct slice text, char *to, size_t *ret_len)
{
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        size_t bytes = 1;
        uint32_t code = (unsigned char)text.ptr[at];
        if (code >= 0x80) {
            code = utf8_decode(text, at, &bytes);
        }
        at += bytes;
        if (!fold_plain(code, &code)) {
            return false;
        }
        if (code < 0x80) {
            to[len++] = (char)code;
        } else {
            len += utf8_encode(code, to + len);
        }
    }
    *ret_len = len;
    return true;
}

struct wide {
    UChar *units;
    int32_t len;
};

static struct wide normalise(struct arena *arena, const UNormalizer2 *with, struct wide from)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t len = unorm2_normalize(with, from.units, from.len, NULL, 0, &error);
    struct wide to = { ARENA_ARRAY(arena, UChar, (size_t)len + 1), len };
    error = U_ZERO_ERROR;
    to.len = unorm2_normalize(with, from.units, from.len, to.units, len + 1, &error);
    if (U_FAILURE(error)) {
        to.len = 0;
    }
    return to;
}

// Takes the marks off, but for the breve that makes й of и. Marks beyond the first plane stay.
static void strip_marks(struct wide *text)
{
    int32_t kept = 0;
    UChar before = 0;
    for (int32_t at = 0; at < text->len; at++) {
        UChar unit = text->units[at];
        if (u_getCombiningClass((UChar32)unit) != 0 && !(unit == 0x306 && before == 0x438)) {
            continue;
        }
        before = unit;
        text->units[kept++] = unit;
    }
    text->len = kept;
}

static struct slice fold_by_tables(struct arena *arena, struct slice text)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t bytes = (int32_t)text.len;
    struct wide wide = { ARENA_ARRAY(arena, UChar, text.len + 1), 0 };
    (void)u_strFromUTF8WithSub(wide.units, bytes + 1, &wide.len, text.ptr, bytes, 0x20, NULL,
                               &error);
    if (U_FAILURE(error)) {
        return SLICE_EMPTY;
    }
    wide = normalise(arena, unorm2_getNFKCCasefoldInstance(&error), wide);
    wide = normalise(arena, unorm2_getNFDInstance(&error), wide);
    strip_marks(&wide);
    wide = normalise(arena, unorm2_getNFCInstance(&error), wide);
    int32_t len = 0;
    char *to = arena_alloc_raw(arena, (size_t)wide.len * 3 + 1);
    (void)u_strToUTF8(to, wide.len * 3 + 1, &len, wide.units, wide.len, &error);
    return U_FAILURE(error) ? SLICE_EMPTY : slice_make(to, (size_t)len);
}

struct slice words_fold(struct arena *arena, struct slice text)
{
    if (text.len == 0 || text.len > INT32_MAX / 32) {
        return SLICE_EMPTY;
    }
    char *to = arena_alloc_raw(arena, text.len + 4);
    size_t len;
    if (fold_all_plain(text, to, &len)) {
        return slice_make(to, len);
    }
    return fold_by_tables(arena, text);
}

// --- words ---------------------------------------------------------------------------------------

static bool in_word(uint32_t code)
{
    if (code < 0x80) {
        return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9') ||
               (code >= 'A' && code <= 'Z');
    }
    return (code >= 0x430 && code <= 0x44f) || u_isalnum((UChar32)code);
}

bool words_next(struct slice folded, size_t *at, struct slice *ret_word)
{
    size_t bytes;
    while (*at < folded.len && !in_word(utf8_decode(folded, *at, &bytes))) {
        *at += bytes;
    }
    size_t from = *at;
    while (*at < folded.len && in_word(utf8_decode(folded, *at, &bytes))) {
        *at += bytes;
    }
    struct slice word = slice_sub(folded, from, *at - from);
    while (word.len > WORD_BYTES_MAX) {
        word.len = WORD_BYTES_MAX;
        while (word.len > 0 && ((unsigned char)word.ptr[word.len] & 0xc0) == 0x80) {
            word.len--;
        }
    }
    *ret_word = word;
    return word.len > 0;
}

bool words_is_number(struct slice word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9') {
            return false;
        }
    }
    return word.len > 0;
}

struct slice words_head(struct slice word, uint32_t characters)
{
    size_t at = 0;
    for (uint32_t i = 0; i < characters && at < word.len; i++) {
        size_t bytes;
        (void)utf8_decode(word, at, &bytes);
        at += bytes;
    }
    return slice_sub(word, 0, at);
}

uint32_t words_length(struct slice word)
{
    uint32_t count = 0;
    for (size_t i = 0; i < word.len; i++) {
        count += ((unsigned char)word.ptr[i] & 0xc0) != 0x80 ? 1u : 0u;
    }
    return count;
}

// --- stems ---------------------------------------------------------------------------------------

struct stemmer {
    struct sb_stemmer *russian, *english;
};

struct stemmer *stemmer_open(void)
{
    struct stemmer *stemmer = mem_zalloc(sizeof(*stemmer));
    stemmer->russian = sb_stemmer_new("russian", "UTF_8");
    stemmer->english = sb_stemmer_new("english", "UTF_8");
    CHECK(stemmer->russian != NULL && stemmer->english != NULL);
    return stemmer;
}

void stemmer_close(struct stemmer *stemmer)
{
    if (stemmer != NULL) {
        sb_stemmer_delete(stemmer->russian);
        sb_stemmer_delete(stemmer->english);
        mem_free(stemmer);
    }
}

// Of one alphabet, without a digit; NULL: neither.
static struct sb_stemmer *language_of(const struct stemmer *stemmer, struct slice word)
{
    bool latin = true;
    bool cyrillic = true;
    for (size_t at = 0; at < word.len;) {
        size_t bytes;
        uint32_t code = utf8_decode(word, at, &bytes);
        latin = latin && code >= 'a' && code <= 'z';
        cyrillic = cyrillic && code >= 0x430 && code <= 0x44f;
        at += bytes;
    }
    return latin ? stemmer->english : cyrillic ? stemmer->russian : NULL;
}

struct slice stemmer_stem(struct stemmer *stemmer, struct slice word)
{
    struct sb_stemmer *of = word.len > 0 ? language_of(stemmer, word) : NULL;
    const sb_symbol *stem = NULL;
    if (of != NULL) {
        stem = sb_stemmer_stem(of, (const sb_symbol *)word.ptr, (int)word.len);
    }
    // None: out of memory. The word itself is found all the same.
    return stem != NULL ? slice_make(stem, (size_t)sb_stemmer_length(of)) : word;
}
