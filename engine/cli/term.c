#include "engine/cli/term.h"

#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/utf8.h"
#include "engine/cli/env.h"

void term_init(struct term *term, int fd)
{
    *term = (struct term){ .terminal = env_is_terminal(fd) };
    env_terminal_size(fd, &term->columns, &term->rows);
    const char *kind = env_get("TERM");
    bool dumb = kind != NULL && slice_equal(slice_from_cstr(kind), SLICE("dumb"));
    term->colour = term->terminal && !dumb && env_get("NO_COLOR") == NULL;
}

void term_put_style(const struct term *term, struct buf *out, enum term_style style)
{
    static const char *const codes[] = { "\x1b[0m",  "\x1b[1m",  "\x1b[2m",  "\x1b[31m",
                                         "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[36m",
                                         "\x1b[95m", "\x1b[38;5;208m" };
    CHECK((unsigned)style < ARRAY_COUNT(codes));
    if (term->colour) {
        buf_put_cstr(out, codes[style]);
    }
}

void term_put(const struct term *term, struct buf *out, enum term_style style, struct slice text)
{
    if (style != TERM_PLAIN) {
        term_put_style(term, out, style);
    }
    buf_put_slice(out, text);
    if (style != TERM_PLAIN) {
        term_put_style(term, out, TERM_PLAIN);
    }
}

// Marks that turn the direction of text round can make a line show what it does not say.
static bool is_direction_mark(uint32_t code)
{
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0x200e || code == 0x200f;
}

struct slice term_clean(struct arena *arena, struct slice text)
{
    char *to = arena_alloc_raw(arena, text.len * 3 + 1);
    size_t len = 0;
    size_t bytes = 0;
    for (size_t at = 0; at < text.len; at += bytes) {
        uint32_t code = utf8_decode(text, at, &bytes);
        if (code == '\n' || code == '\r' || code == '\t' || code == 0x2028 || code == 0x2029) {
            to[len++] = ' ';
        } else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || is_direction_mark(code) ||
                   (code == UTF8_BAD && bytes == 1)) {
            memcpy(to + len, "\xef\xbf\xbd", 3);
            len += 3;
        } else {
            memcpy(to + len, text.ptr + at, bytes);
            len += bytes;
        }
    }
    return (struct slice){ to, len };
}

// Bytes of the longest beginning that is at most `cells` wide.
static size_t bytes_within(struct slice text, unsigned cells)
{
    size_t bytes = 0;
    unsigned used = 0;
    size_t at = 0;
    for (; at < text.len; at += bytes) {
        unsigned width = utf8_width(utf8_decode(text, at, &bytes));
        if (used + width > cells) {
            break;
        }
        used += width;
    }
    return at;
}

struct slice term_fit(struct arena *arena, struct slice text, unsigned cells)
{
    if (utf8_cells(text) <= cells) {
        return text;
    }
    if (cells == 0) {
        return SLICE_EMPTY;
    }
    size_t bytes = bytes_within(text, cells - 1);
    return arena_format(arena, "%.*s…", (int)bytes, text.ptr);
}

void term_pad(struct buf *out, unsigned cells)
{
    for (unsigned i = 0; i < cells; i++) {
        buf_put_char(out, ' ');
    }
}

unsigned term_wrap(const struct term *term, struct buf *out, struct slice text, unsigned indent,
                   unsigned lines_max)
{
    struct arena arena;
    arena_init(&arena, text.len * 4 + 4096);
    struct slice rest = term_clean(&arena, text);
    unsigned width = term->columns > indent + 20 ? term->columns - indent : 20;
    unsigned lines = 0;
    while (rest.len > 0 && lines < lines_max) {
        size_t bytes = bytes_within(rest, width);
        size_t next = bytes;
        if (bytes < rest.len) {
            size_t blank = bytes;
            while (blank > 0 && rest.ptr[blank] != ' ') {
                blank--;
            }
            bytes = blank > 0 ? blank : bytes;
            next = blank > 0 ? blank + 1 : bytes;
        }
        CHECK(next > 0);
        lines++;
        term_pad(out, indent);
        if (lines == lines_max && next < rest.len) {
            buf_put_slice(out, term_fit(&arena, rest, width));
            next = rest.len;
        } else {
            buf_put(out, rest.ptr, bytes);
        }
        buf_put_char(out, '\n');
        rest = slice_sub(rest, next, rest.len);
    }
    arena_done(&arena);
    return lines;
}

void progress_init(struct progress *progress, const char *title)
{
    *progress = (struct progress){ .title = title, .shown = env_is_terminal(STDERR_FILENO) };
}

void progress_step(struct progress *progress, uint64_t done, uint64_t total)
{
    uint64_t now = env_steady_ms();
    if (!progress->shown || (now - progress->last_ms < 100 && done != total)) {
        return;
    }
    progress->last_ms = now;
    if (total == 0) {
        (void)fprintf(stderr, "\r%s %llu\x1b[K", progress->title, (unsigned long long)done);
        return;
    }
    enum { BAR_CELLS = 30 };
    char bar[BAR_CELLS + 1];
    uint64_t filled = done >= total ? BAR_CELLS : done * BAR_CELLS / total;
    for (uint64_t i = 0; i < BAR_CELLS; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR_CELLS] = '\0';
    (void)fprintf(stderr, "\r%s [%s] %llu of %llu\x1b[K", progress->title, bar,
                  (unsigned long long)done, (unsigned long long)total);
}

void progress_done(struct progress *progress)
{
    if (progress->shown && progress->last_ms != 0) {
        (void)fputs("\r\x1b[K", stderr);
    }
}
