// The words of a question. Digits that stand together as in a phone number ("8 (916) 123-45-67")
// are one word.
#include "engine/search/find_internal.h"

enum { JOINED_DIGITS_MIN = 4, TRUNK_DIGITS_MIN = 4, ID_DIGITS_MAX = 15 };

static bool only_between_digits(struct slice between)
{
    for (size_t i = 0; i < between.len; i++) {
        if (strchr(" -()./", between.ptr[i]) == NULL || between.ptr[i] == '\0') {
            return false;
        }
    }
    return true;
}

// The number that begins with the word at *at (behind which *at stands already), with what follows.
static struct slice join_digits(struct slice folded, struct slice word, size_t *at,
                                struct arena *arena)
{
    char digits[TERM_DIGITS_MAX];
    size_t len = 0;
    size_t end = *at;
    if (word.len > sizeof(digits)) {
        return word;
    }
    memcpy(digits, word.ptr, word.len);
    len = word.len;
    size_t next = end;
    struct slice more;
    while (words_next(folded, &next, &more) && words_is_number(more) &&
           only_between_digits(
               slice_sub(folded, end, (size_t)(more.ptr - folded.ptr) - end)) &&
           len + more.len <= sizeof(digits)) {
        memcpy(digits + len, more.ptr, more.len);
        len += more.len;
        end = next;
    }
    if (len < JOINED_DIGITS_MIN) {
        return word;
    }
    *at = end;
    return arena_copy(arena, slice_make(digits, len));
}

static void add_variant(struct slice *list, uint32_t *count, struct slice variant)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (slice_equal(list[i], variant)) {
            return;
        }
    }
    if (variant.len > 0 && *count < VARIANTS_MAX) {
        list[(*count)++] = variant;
    }
}

// National spellings: 8 or 0 before the number, 00 or + before the country.
static void spell_digits(struct find_word *word, bool international)
{
    struct slice digits = word->word;
    bool trunk = digits.len >= TRUNK_DIGITS_MIN && (digits.ptr[0] == '8' || digits.ptr[0] == '0');
    bool away = trunk && digits.len > 6 && digits.ptr[0] == '0' && digits.ptr[1] == '0';
    struct slice bare = away ? slice_sub(digits, 2, digits.len)
                        : trunk ? slice_sub(digits, 1, digits.len) : digits;
    if (digits.len >= TERM_DIGITS_MIN && digits.len <= TERM_DIGITS_MAX) {
        add_variant(word->ends, &word->end_count, digits);
    }
    if (bare.len >= TERM_DIGITS_MIN && bare.len <= TERM_DIGITS_MAX) {
        add_variant(word->ends, &word->end_count, bare);
    }
    add_variant(word->begins, &word->begin_count, bare);
    if ((international || away) && bare.len >= TERM_DIGITS_MIN) {
        add_variant(word->begins, &word->begin_count, digits_national(bare));
    }
    for (size_t i = 0; i < digits.len && digits.len <= ID_DIGITS_MAX; i++) {
        word->id = word->id * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
}

bool find_parse(struct slice text, struct stemmer *stemmer, struct arena *arena,
                struct find_word words[FIND_WORDS_MAX], uint32_t *ret_count)
{
    struct slice folded = words_fold(arena, text);
    struct slice word;
    *ret_count = 0;
    for (size_t at = 0; words_next(folded, &at, &word);) {
        if (*ret_count == FIND_WORDS_MAX) {
            return false;
        }
        struct find_word *one = &words[(*ret_count)++];
        *one = (struct find_word){ .word = word, .number = words_is_number(word) };
        bool plus = word.ptr > folded.ptr && word.ptr[-1] == '+';
        if (one->number) {
            one->word = join_digits(folded, word, &at, arena);
        }
        one->stem = arena_copy(arena, stemmer_stem(stemmer, one->word));
        add_variant(one->begins, &one->begin_count, one->word);
        if (one->number) {
            spell_digits(one, plus);
        }
    }
    return true;
}
