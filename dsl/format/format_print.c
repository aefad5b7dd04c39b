// Long lines, and the text.
#include "base/utf8.h"
#include "dsl/format/format_internal.h"

// Comments at line ends stand in the first of these columns that is free.
static const uint32_t comment_columns[] = { 54, 97 };
enum { COMMENT_COLUMNS = 2, COMMENT_SPACE = 3, COMMENT_SPACE_LEAST = 2 };

// --- long lines ---------------------------------------------------------------------------------

// The best token of (first, end) to go on with in a new line: what stands before it must fit.
static uint32_t find_break(const struct format *format, uint32_t first, uint32_t end, uint32_t room)
{
    uint32_t best = 0;
    uint8_t best_soft = UINT8_MAX;
    for (uint32_t i = first + 1; i < end; i++) {
        uint8_t soft = format->gaps[i].soft;
        if (soft == SOFT_NONE) {
            continue;
        }
        bool room_left = format_width(format, first, i) <= room;
        if (!room_left && best != 0) {
            break;
        }
        if (soft <= best_soft) {
            best = i;
            best_soft = soft;
        }
        if (!room_left) {
            break;
        }
    }
    return best;
}

static void break_line(struct format *format, uint32_t first, uint32_t end, uint32_t level)
{
    uint32_t own = format->gaps[first].level;
    while (!format->keep_breaks &&
           own * FORMAT_INDENT + format_width(format, first, end) > FORMAT_COLUMNS) {
        uint32_t at = find_break(format, first, end, FORMAT_COLUMNS - own * FORMAT_INDENT);
        if (at == 0) {
            return;
        }
        format->gaps[at].line = GAP_HANG;
        format->gaps[at].level = (uint16_t)level;
        first = at;
        own = level;
    }
}

void format_fit(struct format *format)
{
    uint32_t count = format->tree->token_count;
    uint32_t level = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct format_gap *gap = &format->gaps[i];
        if (gap->line == GAP_BREAK) {
            level = gap->level + (gap->fill ? 0U : 1U);
        } else if (gap->comment || (format->keep_breaks && gap->begins)) {
            gap->line = GAP_HANG;
            gap->level = (uint16_t)level;
        }
    }
    uint32_t first = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (format->gaps[first].line == GAP_BREAK) {
            level = format->gaps[first].level + (format->gaps[first].fill ? 0U : 1U);
        }
        if (format->gaps[i].line != GAP_SAME) {
            break_line(format, first, i, level);
            first = i;
        }
    }
}

// --- text ---------------------------------------------------------------------------------------

static void put_blanks(struct buf *out, uint32_t count)
{
    static const char blanks[] = "                                                                ";
    while (count > 0) {
        uint32_t now = count < sizeof blanks - 1 ? count : (uint32_t)sizeof blanks - 1;
        buf_put(out, blanks, now);
        count -= now;
    }
}

static void put_token(const struct format *format, uint32_t token, struct buf *out)
{
    struct slice text = format_token(format, token);
    if (!format_joins_blanks((enum token_kind)format->tree->tokens[token].kind)) {
        buf_put_slice(out, text);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool blank = text.ptr[i] == ' ' || text.ptr[i] == '\t';
        bool again = blank && i > 0 && (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t');
        if (!again) {
            buf_put_char(out, blank ? ' ' : text.ptr[i]);
        }
    }
}

// A text that is being written, line by line.
struct page {
    const struct format *format;
    struct buf *out;
    size_t line_start;      // where the line in hand begins in `out`
    uint32_t last_column;   // of the comment of the line above, when it stood beyond the columns
};

static uint32_t comment_column(const struct page *page, uint32_t cells)
{
    for (uint32_t i = 0; i < COMMENT_COLUMNS; i++) {
        if (cells + COMMENT_SPACE_LEAST <= comment_columns[i]) {
            return comment_columns[i];
        }
    }
    uint32_t column = cells + COMMENT_SPACE;
    return page->last_column > column ? page->last_column : column;
}

static void end_line(struct page *page)
{
    buf_put_char(page->out, '\n');
    page->line_start = page->out->len;
}

static void put_comment_behind(struct page *page, struct slice comment)
{
    struct slice line = slice_make(page->out->ptr + page->line_start,
                                   page->out->len - page->line_start);
    uint32_t cells = (uint32_t)utf8_cells(line);
    uint32_t column = comment_column(page, cells);
    page->last_column = column > comment_columns[COMMENT_COLUMNS - 1] ? column : 0;
    put_blanks(page->out, column - cells);
    buf_put_slice(page->out, comment);
}

// The comment that begins at `at`, without the blanks at its end.
static struct slice read_comment(struct slice text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.ptr[end] != '\n') {
        end++;
    }
    while (end > at && (text.ptr[end - 1] == ' ' || text.ptr[end - 1] == '\t' ||
                        text.ptr[end - 1] == '\r')) {
        end--;
    }
    return slice_sub(text, at, end - at);
}

// Writes the comments before a token that begins a line, and the empty lines among them.
static void put_comments(struct page *page, uint32_t token)
{
    const struct format *format = page->format;
    const struct syntax_tree *tree = format->tree;
    const struct format_gap *gap = &format->gaps[token];
    bool closes = tree->tokens[token].kind == TOKEN_BRACE_CLOSE;
    bool last = closes || tree->tokens[token].kind == TOKEN_END;
    bool nothing_yet = token == 0 || tree->tokens[token - 1].kind == TOKEN_BRACE_OPEN;
    uint32_t level = gap->level + (closes ? 1U : 0U);
    struct slice text = slice_sub(tree->text, 0, tree->tokens[token].start);
    uint32_t lines = 0;
    bool fresh = token == 0;
    bool spaced = gap->line == GAP_BREAK;
    bool ended = token == 0;
    for (size_t at = token == 0 ? 0 : tree->tokens[token - 1].end; at < text.len; at++) {
        if (text.ptr[at] == '\n') {
            lines++;
            fresh = true;
        } else if (text.ptr[at] == '-') {
            struct slice comment = read_comment(text, at);
            if (!fresh) {
                put_comment_behind(page, comment);
            } else {
                page->last_column = 0;
                if (!ended) {
                    end_line(page);
                }
                if (lines > 1 && spaced && !nothing_yet) {
                    end_line(page);
                }
                put_blanks(page->out, level * FORMAT_INDENT);
                buf_put_slice(page->out, comment);
                nothing_yet = false;
            }
            at += comment.len - 1;
            lines = 0;
            ended = false;
        }
    }
    if (!ended) {
        end_line(page);
    }
    if (lines > 1 && spaced && !nothing_yet && !last) {
        end_line(page);
        page->last_column = 0;
    }
}

static bool comment_behind(const struct format_gap *gap) { return gap->comment && !gap->own_line; }

void format_print(const struct format *format, struct buf *out)
{
    const struct syntax_tree *tree = format->tree;
    struct page page = { .format = format, .out = out, .line_start = out->len };
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct format_gap *gap = &format->gaps[i];
        if (gap->line == GAP_SAME) {
            put_blanks(out, (uint32_t)gap->space + gap->pad);
        } else {
            if (!comment_behind(gap)) {
                page.last_column = gap->comment ? page.last_column : 0;
            }
            put_comments(&page, i);
            if (tree->tokens[i].kind != TOKEN_END) {
                put_blanks(out, gap->level * (uint32_t)FORMAT_INDENT);
            }
        }
        put_token(format, i, out);
    }
}
