// A failed test for people: the lines of the test on the left, what each of them did on the right.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/play/play.h"

enum { LEFT_COLUMNS = 52 };

// The text in so many columns, shortened or filled up. Gives nothing wider.
static void put_left(struct buf *out, struct slice text)
{
    unsigned width = 0;
    size_t at = 0;
    while (at < text.len) {
        size_t bytes;
        uint32_t code = utf8_decode(text, at, &bytes);
        unsigned wide = code == UTF8_BAD || code < 0x20 ? 1 : utf8_width(code);
        if (width + wide > LEFT_COLUMNS - 1) {
            buf_put_cstr(out, "…");
            width++;
            break;
        }
        if (code == UTF8_BAD || code < 0x20) {
            buf_put_char(out, ' ');
        } else {
            buf_put(out, text.ptr + at, bytes);
        }
        width += wide;
        at += bytes;
    }
    for (; width < LEFT_COLUMNS; width++) {
        buf_put_char(out, ' ');
    }
}

static void put_right(struct buf *out, const struct play_moment *moment)
{
    buf_format(out, "| %.*s  %.*s\n", SLICE_PRINT(moment->at), SLICE_PRINT(moment->text));
}

// The line of the test, beside it what happened meanwhile, and what it expected in vain.
static uint32_t put_play(const struct play_report *report, uint32_t play, uint32_t next,
                         struct buf *out)
{
    const struct test_play *line = &report->plan->plays[play];
    buf_format(out, "  %4u  ", line->line);
    put_left(out, line->text);
    bool first = true;
    while (next < report->timeline_count && report->timeline[next].play <= play) {
        if (!first) {
            buf_put_cstr(out, "        ");
            put_left(out, SLICE_EMPTY);
        }
        put_right(out, &report->timeline[next++]);
        first = false;
    }
    if (first) {
        buf_put_cstr(out, "|\n");
    }
    for (uint32_t i = 0; play + 1 == report->plays && i < report->failure_count; i++) {
        buf_put_cstr(out, "     !  ");
        put_left(out, report->failures[i].expected);
        buf_format(out, "| %.*s\n", SLICE_PRINT(report->failures[i].found));
    }
    return next;
}

void play_render(const struct play_report *report, struct buf *out)
{
    if (report->passed) {
        return;
    }
    buf_format(out, "test \"%.*s\" failed\n", SLICE_PRINT(report->plan->title));
    for (uint32_t i = 0; i < report->failure_count; i++) {
        const struct play_failure *failure = &report->failures[i];
        buf_format(out, "  %.*s:%u:%u: %.*s\n", SLICE_PRINT(report->plan->file), failure->line,
                   failure->column, SLICE_PRINT(failure->text));
        buf_format(out, "    expected: %.*s\n", SLICE_PRINT(failure->expected));
        buf_format(out, "    but:      %.*s\n", SLICE_PRINT(failure->found));
    }
    if (report->timeline_count == 0) {
        return;
    }
    buf_put_cstr(out, "        ");
    put_left(out, SLICE("the test says"));
    buf_format(out, "| what happened to %.*s\n", SLICE_PRINT(report->case_name));
    uint32_t next = 0;
    for (uint32_t play = 0; play < report->plays; play++) {
        next = put_play(report, play, next, out);
    }
    CHECK(next <= report->timeline_count);
}
