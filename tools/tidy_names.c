// Rules about words: calls that have a better replacement, words of the domain, marks of unfinished
// work.
#include "tools/tidy.h"

#include <stdint.h>

struct banned_call {
    const char *name; // a star at the end: every name that begins so
    const char *instead;
};

static const struct banned_call banned_calls[] = {
    { "malloc", "mem_alloc, or better an arena" },
    { "calloc", "mem_zalloc, or better an arena" },
    { "realloc", "mem_grow, or better a buf" },
    { "free", "mem_free, or better an arena" },
    { "strdup", "arena_copy" },
    { "strndup", "arena_copy" },
    { "strcpy", "buf_put or arena_copy" },
    { "strcat", "buf_put" },
    { "strncpy", "buf_put or memcpy with a checked length" },
    { "strncat", "buf_put" },
    { "sprintf", "buf_format or arena_format" },
    { "vsprintf", "buf_format or arena_format" },
    { "gets", "the bounded reader" },
    { "scanf", "the bounded reader" },
    { "sscanf", "the bounded reader" },
    { "atoi", "value_parse or the bounded reader" },
    { "atol", "value_parse or the bounded reader" },
    { "atof", "decimals are integers with a scale" },
    { "strtod", "decimals are integers with a scale" },
    { "strtok", "tidy loops over slices" },
    { "strtok_r", "loops over slices" },
    { "rand", "prng, seeded by the caller" },
    { "srand", "prng, seeded by the caller" },
    { "random", "prng, seeded by the caller" },
    { "time", "the moment that came with the command" },
    { "gettimeofday", "the moment that came with the command" },
    { "clock_gettime", "the moment that came with the command; the clock is read at the edge" },
    { "localtime", "UTC milliseconds" },
    { "gmtime", "UTC milliseconds" },
    { "mktime", "UTC milliseconds" },
    { "getenv", "options handed in by main" },
    { "qsort", "a stable order: table, or an insertion sort" },
    { "assert", "CHECK" },
    { "system", "posix_spawn with an argument list" },
    { "popen", "posix_spawn with an argument list" },
    { "alloca", "an arena" },
    { "longjmp", "a sticky error" },
    { "setjmp", "a sticky error" },
    { "msgpack_unpack*", "pack_validate and the bounded reader" },
};

static const char *const printing_calls[] = { "printf", "fprintf", "vprintf", "vfprintf",
                                              "puts",   "fputs",   "putchar", "perror" };

static bool is_call(struct slice code, size_t start, size_t end)
{
    while (end < code.len && code.ptr[end] == ' ') {
        end++;
    }
    bool member =
        start > 0 && (code.ptr[start - 1] == '.' ||
                      (code.ptr[start - 1] == '>' && start > 1 && code.ptr[start - 2] == '-'));
    return end < code.len && code.ptr[end] == '(' && !member;
}

static bool matches_call(const char *pattern, struct slice name)
{
    struct slice wanted = slice_from_cstr(pattern);
    if (wanted.ptr[wanted.len - 1] == '*') {
        return slice_starts(name, slice_sub(wanted, 0, wanted.len - 1));
    }
    return slice_equal(name, wanted);
}

static void check_call(struct tidy *tidy, const struct tidy_source *source, size_t at,
                       struct slice name)
{
    for (size_t index = 0; index < ARRAY_COUNT(banned_calls); index++) {
        if (matches_call(banned_calls[index].name, name)) {
            tidy_report(tidy, source, at, "banned", name,
                        arena_format(&tidy->arena, "`%.*s` is not called here; use %s",
                                     SLICE_PRINT(name), banned_calls[index].instead));
        }
    }
    for (size_t index = 0; index < ARRAY_COUNT(printing_calls); index++) {
        if (matches_call(printing_calls[index], name)) {
            tidy_report(tidy, source, at, "printing", name,
                        arena_format(&tidy->arena,
                                     "`%.*s` prints; only the command line, tools and tests do",
                                     SLICE_PRINT(name)));
        }
    }
}

// ---- words of the domain ------------------------------------------------------------------------

static bool equal_but_case(struct slice word, struct slice wanted)
{
    if (word.len != wanted.len) {
        return false;
    }
    for (size_t at = 0; at < word.len; at++) {
        char byte = word.ptr[at];
        char lower = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
        if (lower != wanted.ptr[at]) {
            return false;
        }
    }
    return true;
}

static void check_word(struct tidy *tidy, const struct tidy_source *source, size_t at,
                       struct slice word, const char *where)
{
    struct slice rest = tidy->words;
    struct slice line;
    while (tidy_next_line(&rest, &line)) {
        size_t arrow = tidy_find(line, SLICE("->"));
        if (arrow == SIZE_MAX || line.ptr[0] == '#' ||
            !equal_but_case(word, tidy_trim(slice_sub(line, 0, arrow))) ||
            tidy_find(slice_sub(line, arrow, line.len), slice_from_cstr(where)) == SIZE_MAX) {
            continue;
        }
        struct slice right = tidy_trim(slice_sub(line, arrow + 2, line.len));
        size_t gap = tidy_find(right, SLICE("  "));
        tidy_report(tidy, source, at, "word", word,
                    arena_format(&tidy->arena, "we say `%.*s`, not `%.*s`",
                                 SLICE_PRINT(slice_sub(right, 0, gap)), SLICE_PRINT(word)));
    }
}

// A name is looked at part by part: `task_act_count` holds the word `act`.
static void check_name_parts(struct tidy *tidy, const struct tidy_source *source, size_t at,
                             struct slice name)
{
    size_t start = 0;
    for (size_t end = 0; end <= name.len; end++) {
        if (end == name.len || name.ptr[end] == '_') {
            check_word(tidy, source, at + start, slice_sub(name, start, end - start), "names");
            start = end + 1;
        }
    }
}

static bool next_token(struct slice text, size_t *at, size_t *ret_start)
{
    while (*at < text.len && !tidy_is_name_char(text.ptr[*at])) {
        (*at)++;
    }
    *ret_start = *at;
    while (*at < text.len && tidy_is_name_char(text.ptr[*at])) {
        (*at)++;
    }
    return *at > *ret_start;
}

// ---- marks of unfinished work -------------------------------------------------------------------

// Spelled in two halves, so that this file does not find itself.
static const char *const markers[] = { "TO"
                                       "DO",
                                       "FIX"
                                       "ME",
                                       "XX"
                                       "X",
                                       "HA"
                                       "CK" };
static const char *const phrases[] = { "not implem"
                                       "ented",
                                       "not yet implem"
                                       "ented",
                                       "for n"
                                       "ow," };

static void check_markers(struct tidy *tidy, const struct tidy_source *source)
{
    size_t start;
    for (size_t at = 0; next_token(source->text, &at, &start);) {
        struct slice word = slice_sub(source->text, start, at - start);
        for (size_t index = 0; index < ARRAY_COUNT(markers); index++) {
            if (slice_equal(word, slice_from_cstr(markers[index]))) {
                tidy_report(tidy, source, start, "marker", word,
                            SLICE("unfinished work; do it, or refuse it and say so in "
                                  "docs/limits.md"));
            }
        }
    }
    for (size_t index = 0; index < ARRAY_COUNT(phrases); index++) {
        size_t at = tidy_find(source->text, slice_from_cstr(phrases[index]));
        if (at != SIZE_MAX) {
            tidy_report(tidy, source, at, "marker", slice_from_cstr(phrases[index]),
                        SLICE("unfinished work; do it, or refuse it and say so in "
                              "docs/limits.md"));
        }
    }
}

void tidy_check_names(struct tidy *tidy, const struct tidy_source *source,
                      struct tidy_folder *folder)
{
    check_markers(tidy, source);
    if (folder == NULL) { // a text, not a source
        return;
    }
    size_t start;
    for (size_t at = 0; next_token(source->code, &at, &start);) {
        struct slice name = slice_sub(source->code, start, at - start);
        check_name_parts(tidy, source, start, name);
        if (is_call(source->code, start, at)) {
            check_call(tidy, source, start, name);
            folder->checks +=
                slice_equal(name, SLICE("CHECK")) || slice_equal(name, SLICE("CHECK_SLOW"));
        }
    }
    for (size_t at = 0; next_token(source->comments, &at, &start);) {
        check_word(tidy, source, start, slice_sub(source->comments, start, at - start), "comments");
    }
}
