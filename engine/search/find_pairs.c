// Cases that may be of one client: phones, addresses and links that several open ones have.
#include "engine/search/find.h"
#include "engine/search/find_internal.h"

// The cases of a term, the newest first, at most FIND_TWINS_MAX.
static uint32_t list_cases(struct finder *finder, struct slice term, uint64_t *cases)
{
    uint32_t count = 0;
    uint32_t at = 0;
    struct slice value;
    while (count < FIND_TWINS_MAX && index_reader_seek(finder->reader, term, at, &at, &value)) {
        uint64_t bits[INDEX_WORDS] = { 0 };
        index_bucket_or(value, bits);
        for (uint32_t place = INDEX_BUCKET_CASES; place > 0 && count < FIND_TWINS_MAX; place--) {
            if ((bits[(place - 1) / 64] >> ((place - 1) % 64) & 1) != 0) {
                cases[count++] = index_case(at, place - 1);
            }
        }
        if (at == UINT32_MAX) {
            break;
        }
        at++;
    }
    return count;
}

static bool take_pair(struct finder *finder, struct slice term, struct arena *arena,
                      find_pair_fn *take, void *context)
{
    struct token token;
    uint64_t cases[FIND_TWINS_MAX + 1];
    if (!term_split(term, &token)) {
        return true;
    }
    uint32_t count = list_cases(finder, term, cases);
    uint64_t other = 0;
    for (size_t i = 0; token.kind == TOKEN_TWIN && i < token.text.len; i++) {
        other = other * 10 + (uint64_t)(token.text.ptr[i] - '0');
    }
    if (other != 0) {
        cases[count++] = other; // it says whom the others are linked to
    }
    char digits[TERM_DIGITS_MAX];
    if (token.kind == TOKEN_DIGITS && token.text.len <= TERM_DIGITS_MAX) {
        digits_reversed(token.text, digits);
        token.text = arena_copy(arena, slice_make(digits, token.text.len));
    }
    struct find_pair pair = { &token, cases, count };
    return count < 2 || take(context, &pair);
}

enum err finder_pairs(struct finder *finder, struct slice from, struct arena *arena,
                      find_pair_fn *take, void *context, struct slice *ret_next)
{
    // In the order of their keys: what only some are shown comes behind what everybody is.
    static const uint8_t kinds[] = { TOKEN_DIGITS, TOKEN_MAIL, TOKEN_TWIN, TOKEN_DIGITS | 0x80,
                                     TOKEN_MAIL | 0x80 };
    uint32_t looked = 0;
    bool on = true;
    *ret_next = SLICE_EMPTY;
    enum err err = index_reader_begin(finder->reader);
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && err == OK && on; i++) {
        char with[2] = { 0, (char)kinds[i] };
        char at[INDEX_TERM_BYTES_MAX];
        size_t len = sizeof(with);
        struct slice term;
        memcpy(at, with, len);
        if (from.len >= len && from.len <= sizeof(at) &&
            slice_compare(from, slice_make(with, len)) > 0) {
            len = from.len;
            memcpy(at, from.ptr, len);
        }
        while (on && index_reader_term(finder->reader, slice_make(at, len),
                                       slice_make(with, sizeof(with)), &term)) {
            len = term.len;
            memcpy(at, term.ptr, len);
            if (looked++ == FIND_TERMS_MAX ||
                !take_pair(finder, slice_make(at, len), arena, take, context)) {
                *ret_next = arena_copy(arena, slice_make(at, len));
                on = false;
            }
            at[len - 1] = 1;
        }
    }
    if (err == OK) {
        index_reader_end(finder->reader);
    }
    return err;
}
