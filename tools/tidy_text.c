// Reading of sources and of the three lists, without any rule in it.
#include "tools/tidy.h"

#include <stdint.h>

bool tidy_is_name_char(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct slice tidy_trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = slice_sub(text, 1, text.len - 1);
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool tidy_next_line(struct slice *rest, struct slice *ret_line)
{
    if (rest->len == 0) {
        return false;
    }
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
    *ret_line = slice_sub(*rest, 0, len);
    *rest = slice_sub(*rest, end != NULL ? len + 1 : len, rest->len);
    return true;
}

bool tidy_next_word(struct slice *rest, struct slice *ret_word)
{
    *rest = tidy_trim(*rest);
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->ptr[len])) {
        len++;
    }
    *ret_word = slice_sub(*rest, 0, len);
    *rest = slice_sub(*rest, len, rest->len);
    return len > 0;
}

size_t tidy_find(struct slice whole, struct slice part)
{
    for (size_t at = 0; part.len > 0 && at + part.len <= whole.len; at++) {
        const char *start = memchr(whole.ptr + at, part.ptr[0], whole.len - at - part.len + 1);
        if (start == NULL) {
            return SIZE_MAX;
        }
        at = (size_t)(start - whole.ptr);
        if (memcmp(start, part.ptr, part.len) == 0) {
            return at;
        }
    }
    return SIZE_MAX;
}

bool tidy_lies_in(struct slice path, struct slice place)
{
    if (place.len > 0 && place.ptr[place.len - 1] == '/') {
        place.len--;
    }
    return slice_starts(path, place) && (path.len == place.len || path.ptr[place.len] == '/');
}

// What the splitter is inside of.
enum part { PART_CODE, PART_LINE_COMMENT, PART_BLOCK_COMMENT, PART_STRING, PART_CHARACTER };

static enum part part_after(enum part part, const char *at, const char *end)
{
    char next = at + 1 < end ? at[1] : '\0';
    switch (part) {
    case PART_CODE:
        if (at[0] == '/' && next == '/') {
            return PART_LINE_COMMENT;
        }
        if (at[0] == '/' && next == '*') {
            return PART_BLOCK_COMMENT;
        }
        return at[0] == '"' ? PART_STRING : at[0] == '\'' ? PART_CHARACTER : PART_CODE;
    case PART_LINE_COMMENT: return at[0] == '\n' ? PART_CODE : part;
    case PART_BLOCK_COMMENT: return at[0] == '*' && next == '/' ? PART_CODE : part;
    case PART_STRING: return at[0] == '"' || at[0] == '\n' ? PART_CODE : part;
    case PART_CHARACTER: return at[0] == '\'' || at[0] == '\n' ? PART_CODE : part;
    }
    return part;
}

struct tidy_source tidy_split(struct arena *arena, struct slice path, struct slice text)
{
    char *code = arena_alloc_raw(arena, text.len + 1);
    char *comments = arena_alloc_raw(arena, text.len + 1);
    const char *end = text.ptr + text.len;
    enum part part = PART_CODE;
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        enum part next = part_after(part, text.ptr + at, end);
        bool comment =
            next == PART_LINE_COMMENT || next == PART_BLOCK_COMMENT || part == PART_BLOCK_COMMENT;
        bool newline = byte == '\n';
        code[at] = newline || (part == PART_CODE && next == PART_CODE) ? byte : ' ';
        comments[at] = newline || comment ? byte : ' ';
        if (part == PART_BLOCK_COMMENT && next == PART_CODE) { // its two-byte end
            at++;
            code[at] = ' ';
            comments[at] = '/';
        } else if ((part == PART_STRING || part == PART_CHARACTER) && byte == '\\' &&
                   at + 1 < text.len) { // what is escaped ends nothing
            at++;
            code[at] = text.ptr[at] == '\n' ? '\n' : ' ';
            comments[at] = code[at];
            next = part;
        }
        part = next;
    }
    return (struct tidy_source){ path, text, slice_make(code, text.len),
                                 slice_make(comments, text.len) };
}
