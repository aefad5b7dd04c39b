#include "tests/bench/mix.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/slice.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static const char *const files[] = {
    "shared.rung",           "design_deal.rung",        "document_deal.rung",
    "supply_deal.rung",      "mounting_deal.rung",      "lead.rung",
    "design_deal_test.rung", "document_deal_test.rung", "supply_deal_test.rung",
    "mounting_deal_test.rung", "lead_test.rung",
};
// Processes share one space of names in a set: each copy has its own.
static const char *const processes[] = { "lead", "design_deal", "document_deal", "supply_deal",
                                         "mounting_deal" };

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool names_process(struct slice word)
{
    for (size_t i = 0; i < ARRAY_COUNT(processes); i++) {
        if (slice_equal(word, slice_from_cstr(processes[i]))) {
            return true;
        }
    }
    return false;
}

// Copies one line; words that name a process, outside of texts and comments, get the number.
static void copy_line(struct buf *out, struct slice line, uint32_t copy)
{
    bool quoted = false;
    for (size_t at = 0; at < line.len;) {
        size_t end = at;
        while (end < line.len && is_word(line.ptr[end])) {
            end++;
        }
        if (end == at) {
            quoted = line.ptr[at] == '"' ? !quoted : quoted;
            buf_put_char(out, line.ptr[at++]);
            continue;
        }
        struct slice word = slice_sub(line, at, end - at);
        buf_put_slice(out, word);
        if (!quoted && names_process(word)) {
            buf_format(out, "_%u", copy);
        }
        at = end;
    }
    buf_put_char(out, '\n');
}

// What is overridden is overridden once in a set, and a role reads one inbox: not copied at all.
static bool stands_once(struct slice line)
{
    return slice_starts(line, SLICE("override ")) || slice_starts(line, SLICE("inbox "));
}

static bool copy_file(struct buf *out, const char *name, uint32_t copy, uint32_t *lines)
{
    static char text[FILE_BYTES_MAX];
    char path[200];
    (void)snprintf(path, sizeof(path), "processes/%s", name);
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(text, 1, sizeof(text), file) : 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    struct slice rest = slice_make(text, len);
    while (rest.len > 0) {
        const char *newline = memchr(rest.ptr, '\n', rest.len);
        size_t end = newline != NULL ? (size_t)(newline - rest.ptr) : rest.len;
        struct slice line = slice_sub(rest, 0, end);
        bool own = slice_starts(line, SLICE("import ")) &&
                   !slice_starts(line, SLICE("import stdlib."));
        if (!own && !stands_once(line)) {
            copy_line(out, line, copy);
            (*lines)++;
        }
        rest = slice_sub(rest, end + 1, rest.len);
    }
    return len > 0;
}

bool mix_write(struct buf *out, uint32_t copy, uint32_t *lines)
{
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        if (!copy_file(out, files[i], copy, lines)) {
            return false;
        }
    }
    return true;
}
