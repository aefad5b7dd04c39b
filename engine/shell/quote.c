#include "engine/shell/quote.h"

#include "base/pack.h"

static struct slice source_of(struct quote_book *book, const struct view_program *program)
{
    for (uint32_t i = 0; i < book->count; i++) {
        if (book->programs[i].program == program->id) {
            return book->programs[i].source;
        }
    }
    struct slice source = SLICE_EMPTY;
    if (book->count < QUOTE_PROGRAMS) {
        enum err err = store_reader_blob(book->reader, program->image.header->source_hash,
                                         book->arena, &source);
        source = err == OK ? source : SLICE_EMPTY;
        book->programs[book->count].program = program->id;
        book->programs[book->count++].source = source;
    }
    return source;
}

static struct slice trimmed(struct slice line)
{
    line = slice_trim(line, " \t\r");
    if (line.len > QUOTE_BYTES_MAX) {
        line.len = QUOTE_BYTES_MAX;
        while (line.len > 0 && ((unsigned char)line.ptr[line.len] & 0xC0) == 0x80) {
            line.len--;
        }
    }
    return line;
}

static bool next_line(struct slice *rest, struct slice *ret_line)
{
    if (rest->len == 0) {
        return false;
    }
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    *ret_line = slice_sub(*rest, 0, len);
    *rest = slice_sub(*rest, end == NULL ? len : len + 1, rest->len);
    return true;
}

// "table NAME" or "override table NAME", and then no letter of a longer name.
static bool declares(struct slice line, const struct quote_of *of)
{
    if (slice_starts(line, SLICE("override "))) {
        line = trimmed(slice_sub(line, 9, line.len));
    }
    struct slice word = slice_from_cstr(of->word);
    if (!slice_starts(line, word) || line.len == word.len || line.ptr[word.len] != ' ') {
        return false;
    }
    line = trimmed(slice_sub(line, word.len, line.len));
    if (!slice_starts(line, of->name)) {
        return false;
    }
    char next = line.len > of->name.len ? line.ptr[of->name.len] : ' ';
    return next == ' ' || next == '(' || next == '{';
}

// The line of that number; for a table or hook only where it, or its row, stands below its
// declaration with no other declaration of that kind between.
static bool find_line(struct slice text, const struct quote_of *of, struct slice *ret_line)
{
    bool inside = of->word == NULL;
    struct slice line;
    for (uint32_t number = 1; next_line(&text, &line); number++) {
        line = trimmed(line);
        if (of->word != NULL) {
            bool other = slice_starts(line, slice_from_cstr(of->word)) ||
                         slice_starts(line, SLICE("override "));
            inside = declares(line, of) || (inside && !other);
        }
        if (number == of->line) {
            *ret_line = line;
            return inside && line.len > 0;
        }
    }
    return false;
}

bool quote_line(struct quote_book *book, const struct view_program *program,
                const struct quote_of *of, struct quote *ret_quote)
{
    struct slice source = source_of(book, program);
    struct unpack unpack;
    unpack_init(&unpack, source);
    uint32_t files = source.len > 0 ? unpack_array(&unpack) : 0;
    for (uint32_t i = 0; i < files && !unpack.bad; i++) {
        if (unpack_array(&unpack) != 2) {
            return false;
        }
        struct slice name = unpack_str(&unpack);
        struct slice text = unpack_str(&unpack);
        struct slice line;
        if (!unpack.bad && find_line(text, of, &line)) {
            *ret_quote = (struct quote){ name, line };
            return true;
        }
        if (of->word == NULL) {
            return false; // its own file stands first
        }
    }
    return false;
}
