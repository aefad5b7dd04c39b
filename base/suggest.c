// Names that are nearly right: restricted Damerau-Levenshtein distance over folded characters.
#include "base/suggest.h"

#include "base/utf8.h"

enum { NAME_CHARACTERS_MAX = 64 };

// Lower case for ASCII, Latin-1, Greek and Cyrillic: enough for names people type in a hurry.
static uint32_t fold(uint32_t code)
{
    if ((code >= 'A' && code <= 'Z') || (code >= 0xc0 && code <= 0xde && code != 0xd7) ||
        (code >= 0x391 && code <= 0x3a9) || (code >= 0x410 && code <= 0x42f)) {
        return code + 0x20;
    }
    return code >= 0x400 && code <= 0x40f ? code + 0x50 : code;
}

static uint32_t unpack_folded(struct slice text, uint32_t to[NAME_CHARACTERS_MAX])
{
    uint32_t count = 0;
    size_t at = 0;
    while (at < text.len && count < NAME_CHARACTERS_MAX) {
        size_t bytes;
        to[count++] = fold(utf8_decode(text, at, &bytes));
        at += bytes;
    }
    return count;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

uint32_t suggest_distance(struct slice a, struct slice b, uint32_t max)
{
    uint32_t left[NAME_CHARACTERS_MAX];
    uint32_t right[NAME_CHARACTERS_MAX];
    uint32_t left_count = unpack_folded(a, left);
    uint32_t right_count = unpack_folded(b, right);
    uint32_t gap = left_count > right_count ? left_count - right_count : right_count - left_count;
    if (gap > max) {
        return max + 1;
    }
    uint32_t rows[3][NAME_CHARACTERS_MAX + 1];
    for (uint32_t j = 0; j <= right_count; j++) {
        rows[0][j] = j;
        rows[2][j] = 0;
    }
    for (uint32_t i = 1; i <= left_count; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *above = rows[(i + 2) % 3];
        const uint32_t *above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= right_count; j++) {
            uint32_t cost = left[i - 1] == right[j - 1] ? 0 : 1;
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                row[j] = least(row[j], above_that[j - 2] + 1);
            }
        }
    }
    uint32_t distance = rows[left_count % 3][right_count];
    return distance <= max ? distance : max + 1;
}

void suggest_init(struct suggestions *suggestions, struct slice wanted)
{
    *suggestions = (struct suggestions){ .wanted = wanted };
}

// Equal when case and underscores are left out.
static bool same_letters(struct slice a, struct slice b)
{
    uint32_t left[NAME_CHARACTERS_MAX];
    uint32_t right[NAME_CHARACTERS_MAX];
    uint32_t left_count = unpack_folded(a, left);
    uint32_t right_count = unpack_folded(b, right);
    uint32_t j = 0;
    for (uint32_t i = 0; i < left_count; i++) {
        if (left[i] == '_') {
            continue;
        }
        while (j < right_count && right[j] == '_') {
            j++;
        }
        if (j == right_count || right[j] != left[i]) {
            return false;
        }
        j++;
    }
    while (j < right_count && right[j] == '_') {
        j++;
    }
    return j == right_count && left_count > 0;
}

void suggest_offer(struct suggestions *suggestions, struct slice candidate, uint32_t nearness)
{
    uint32_t max = (uint32_t)suggestions->wanted.len / 3;
    max = max > 0 ? max : 1;
    uint32_t distance =
        same_letters(suggestions->wanted, candidate)
            ? 0
            : suggest_distance(suggestions->wanted, candidate, max);
    if (distance > max || slice_equal(suggestions->wanted, candidate)) {
        return;
    }
    uint32_t score = distance << 16 | least(nearness, UINT16_MAX);
    uint32_t at = 0;
    while (at < suggestions->count &&
           (suggestions->scores[at] < score ||
            (suggestions->scores[at] == score &&
             slice_compare(suggestions->names[at], candidate) < 0))) {
        at++;
    }
    for (uint32_t i = 0; i < suggestions->count; i++) {
        if (slice_equal(suggestions->names[i], candidate)) {
            return; // one name visible in two scopes
        }
    }
    if (at == SUGGESTIONS_MAX) {
        return;
    }
    uint32_t last = suggestions->count < SUGGESTIONS_MAX ? suggestions->count++
                                                              : SUGGESTIONS_MAX - 1;
    for (; last > at; last--) {
        suggestions->names[last] = suggestions->names[last - 1];
        suggestions->scores[last] = suggestions->scores[last - 1];
    }
    suggestions->names[at] = candidate;
    suggestions->scores[at] = score;
}
