// Texts in quotes, with {…} in them.
#include "dsl/syntax/lexer_internal.h"

#include "base/utf8.h"

// U+202A…U+202E and U+2066…U+2069 turn the direction of what is shown: what a reader sees then is
// not what runs.
static bool is_direction_mark(const struct lexer *lexer, uint32_t at)
{
    if (lexer_byte(lexer, at) != 0xe2) {
        return false;
    }
    unsigned char second = lexer_byte(lexer, at + 1);
    unsigned char third = lexer_byte(lexer, at + 2);
    return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
           (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

void lexer_check_direction(struct lexer *lexer, uint32_t from, uint32_t to)
{
    const char *at = lexer->text.ptr + from;
    const char *end = lexer->text.ptr + to;
    while (at < end && (at = memchr(at, 0xe2, (size_t)(end - at))) != NULL) {
        uint32_t offset = (uint32_t)(at - lexer->text.ptr);
        if (is_direction_mark(lexer, offset)) {
            struct diag *diag = lexer_complain(lexer, DIAG_E0115, offset, offset + 3);
            diag_note(diag, "with it, the line does not read the way it runs");
            diag_help_edit(diag, DIAG_FIX_SAFE, lexer_span(lexer, offset, offset + 3), SLICE_EMPTY,
                           "take it out");
        }
        at++;
    }
}

static uint32_t read_escape(struct lexer *lexer, uint32_t at)
{
    unsigned char c = lexer_byte(lexer, at + 1);
    if (c == '"' || c == '\\' || c == 'n') {
        return at + 2;
    }
    if (c == 0 || c == '\n' || c == '\r') {
        return at + 1;
    }
    size_t bytes;
    (void)utf8_decode(lexer->text, at + 1, &bytes);
    uint32_t end = at + 1 + (uint32_t)bytes;
    struct diag *diag = lexer_complain(lexer, DIAG_E0105, at, end);
    diag_fact(diag, lexer_between(lexer, at, end));
    diag_here(diag, "a backslash here begins `\\\"`, `\\\\` or `\\n`");
    diag_help_edit(diag, DIAG_FIX_GUESS, lexer_span(lexer, at, at), SLICE("\\"),
                   "write `\\\\` for a backslash");
    return end;
}

static void not_closed(struct lexer *lexer, uint32_t start, uint32_t end)
{
    struct diag *diag = lexer_complain(lexer, DIAG_E0104, start, end);
    diag_here(diag, "the text begins here and runs to the end of the line");
    diag_note(diag, "a line break inside a text is written `\\n`");
    lexer_suggest_quote(lexer, diag, lexer->quote_at);
}

// Where a text that was never closed most likely ends: before a `{` at the end of its line, which
// rather begins a block.
static uint32_t unclosed_end(const struct lexer *lexer, uint32_t from)
{
    uint32_t end = lexer_line_end(lexer, from);
    while (end > from && (lexer->text.ptr[end - 1] == ' ' || lexer->text.ptr[end - 1] == '\t')) {
        end--;
    }
    if (end > from + 1 && lexer->text.ptr[end - 1] == '{') {
        end--;
    }
    return end;
}

// Reads on in a text from `at`, which lies inside it, and adds one token that begins at `start`.
static void read_text(struct lexer *lexer, uint32_t start, uint32_t at, bool first)
{
    while (true) {
        unsigned char c = lexer_byte(lexer, at);
        bool over = at >= lexer->text.len || c == '\n' || c == '\r';
        bool brace = c == '{' && lexer_byte(lexer, at + 1) != '{';
        if (brace) { // at the end of a line it rather begins a block
            unsigned char next = lexer_byte(lexer, lexer_skip_blanks(lexer, at + 1));
            over = next == '\n' || next == '\r' || next == 0;
        }
        if (over) {
            uint32_t end = unclosed_end(lexer, lexer->quote_at);
            end = end < at && end > start ? end : at;
            not_closed(lexer, lexer->quote_at, end);
            lexer->in_template = false;
            lexer_add(lexer, first ? TOKEN_STRING : TOKEN_STRING_CLOSE, start, end)->reported =
                true;
            return;
        }
        if (c == '"') {
            lexer->in_template = false;
            lexer_add(lexer, first ? TOKEN_STRING : TOKEN_STRING_CLOSE, start, at + 1);
            break;
        }
        if (brace) {
            lexer->in_template = true;
            lexer->template_at = at;
            lexer_add(lexer, first ? TOKEN_STRING_OPEN : TOKEN_STRING_MIDDLE, start, at + 1);
            break;
        }
        if (c == '\\') {
            at = read_escape(lexer, at);
        } else {
            at += c == '{' ? 2 : 1;
        }
    }
    lexer_check_direction(lexer, start, lexer->at);
}

// Where `{company or phone …` most likely ends: behind a name, and those that follow an `or`.
static uint32_t hole_end(const struct lexer *lexer, uint32_t at)
{
    while (true) {
        uint32_t end = lexer_name_end(lexer, lexer_skip_blanks(lexer, at));
        while (lexer_byte(lexer, end) == '.' && lexer_name_end(lexer, end + 1) > end + 1) {
            end = lexer_name_end(lexer, end + 1);
        }
        uint32_t next = lexer_skip_blanks(lexer, end);
        uint32_t after = lexer_name_end(lexer, next);
        if (!slice_equal(lexer_between(lexer, next, after), SLICE("or"))) {
            return end;
        }
        at = after;
    }
}

// `"`, `{` and the end of the line have no place there.
bool lexer_leave_template(struct lexer *lexer, unsigned char c)
{
    if (c == '}') {
        read_text(lexer, lexer->at, lexer->at + 1, false);
        return true;
    }
    if (c == '"' && lexer_quotes_odd(lexer, lexer->at)) {
        not_closed(lexer, lexer->quote_at, lexer->at + 1);
        lexer->in_template = false;
        lexer_add(lexer, TOKEN_STRING_CLOSE, lexer->at, lexer->at + 1)->reported = true;
        return true;
    }
    if (c == '"') {
        struct diag *diag =
            lexer_complain(lexer, DIAG_E0106, lexer->template_at, lexer->template_at + 1);
        diag_fact(diag, SLICE("the `{` in this text is not closed"));
        diag_label(diag, lexer_span(lexer, lexer->at, lexer->at + 1), "the text ends here");
        diag_note(diag, "what stands in `{…}` inside a text may itself hold no quotes");
        uint32_t end = hole_end(lexer, lexer->template_at + 1);
        diag_help_edit(diag, DIAG_FIX_GUESS, lexer_span(lexer, end, end), SLICE("}"),
                       "close it with `}`, or write `{{` where the brace itself is meant");
        lexer->in_template = false;
        lexer_add(lexer, TOKEN_STRING_CLOSE, lexer->at, lexer->at + 1)->reported = true;
        return true;
    }
    if (c == '\n' || c == '\r' || lexer->at >= lexer->text.len) {
        not_closed(lexer, lexer->quote_at, lexer->at);
        lexer->in_template = false;
        lexer_add(lexer, TOKEN_STRING_CLOSE, lexer->at, lexer->at)->reported = true;
        return true;
    }
    if (c == '{') {
        struct diag *diag = lexer_complain(lexer, DIAG_E0106, lexer->at, lexer->at + 1);
        diag_fact(diag, SLICE("what stands in `{…}` inside a text cannot hold another `{`"));
        lexer->at++;
        return true;
    }
    return false;
}

void lexer_read_text(struct lexer *lexer)
{
    lexer->quote_at = lexer->at;
    read_text(lexer, lexer->at, lexer->at + 1, true);
}
