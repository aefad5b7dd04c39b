// Signs of other languages and keyboards: each is explained, and read as what was likely meant.
#include "dsl/syntax/lexer_internal.h"

#include "base/utf8.h"

// A text in foreign quotes may be this long: the search for its end must not cost more than the
// file.
enum { QUOTED_BYTES_MAX = 300 };

struct strange {
    struct slice sign;
    enum token_kind meant; // TOKEN_BAD: nothing
    enum word word;        // for TOKEN_WORD
    const char *write;     // what to write instead, or NULL
    const char *help;
};

static const struct strange stranges[] = {
    { { "==", 2 }, TOKEN_WORD, WORD_IS, "is", "two values are compared with `is`" },
    { { "!=", 2 }, TOKEN_BAD, WORD_NONE, "is not", "two values are compared with `is not`" },
    { { "&&", 2 }, TOKEN_WORD, WORD_AND, "and", "write `and`" },
    { { "||", 2 }, TOKEN_WORD, WORD_OR, "or", "write `or`" },
    { { "!", 1 }, TOKEN_WORD, WORD_NOT, "not ", "write `not`" },
    { { ";", 1 }, TOKEN_END, WORD_NONE, "", "nothing stands between two steps: leave it out" },
    { { "=<", 2 }, TOKEN_LESS_EQUAL, WORD_NONE, "<=", "write `<=`" },
    { { "\xe2\x89\xa4", 3 }, TOKEN_LESS_EQUAL, WORD_NONE, "<=", "write `<=`" },
    { { "\xe2\x89\xa5", 3 }, TOKEN_GREATER_EQUAL, WORD_NONE, ">=", "write `>=`" },
    { { "\xe2\x86\x92", 3 }, TOKEN_ARROW, WORD_NONE, "=>", "write `=>`" },
    { { "\xe2\x87\x92", 3 }, TOKEN_ARROW, WORD_NONE, "=>", "write `=>`" },
    { { "\xc3\x97", 2 }, TOKEN_STAR, WORD_NONE, "*", "write `*`" },
    { { "\xe2\x88\x92", 3 }, TOKEN_MINUS, WORD_NONE, "-", "write `-`" },
    { { "\xe2\x80\x93", 3 }, TOKEN_MINUS, WORD_NONE, "-", "write `-`" },
    { { "\xc2\xa0", 2 }, TOKEN_END, WORD_NONE, " ", "this is a space that does not break: write "
                                                     "an ordinary one" },
    { { "\xe2\x80\x94", 3 }, TOKEN_BAD, WORD_NONE, "--", "a comment begins with `--`" },
};

// Quotes of other keyboards and languages: the text inside is read as if it stood in `"`.
static bool read_foreign_quotes(struct lexer *lexer)
{
    static const struct {
        struct slice open, close;
    } quotes[] = {
        { { "\xe2\x80\x9c", 3 }, { "\xe2\x80\x9d", 3 } },
        { { "\xe2\x80\x9e", 3 }, { "\xe2\x80\x9c", 3 } },
        { { "\xc2\xab", 2 }, { "\xc2\xbb", 2 } },
        { { "'", 1 }, { "'", 1 } },
        { { "\xe2\x80\x98", 3 }, { "\xe2\x80\x99", 3 } },
    };
    uint32_t start = lexer->at;
    struct slice rest = slice_sub(lexer->text, start, QUOTED_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(quotes); i++) {
        struct slice close = quotes[i].close;
        if (!slice_starts(rest, quotes[i].open)) {
            continue;
        }
        size_t at = quotes[i].open.len;
        while (at < rest.len && rest.ptr[at] != '\n' && rest.ptr[at] != '\r' &&
               !slice_starts(slice_sub(rest, at, rest.len), close)) {
            at++;
        }
        if (!slice_starts(slice_sub(rest, at, rest.len), close)) {
            return false;
        }
        uint32_t end = start + (uint32_t)(at + close.len);
        struct slice inside = slice_sub(rest, quotes[i].open.len, at - quotes[i].open.len);
        struct diag *diag = lexer_complain(lexer, DIAG_E0118, start, end);
        diag_here(diag, "this text stands in other quotes");
        diag_help_edit(diag, DIAG_FIX_SAFE, lexer_span(lexer, start, end),
                       arena_format(lexer->arena, "\"%.*s\"", SLICE_PRINT(inside)),
                       "use straight double quotes");
        lexer_add(lexer, TOKEN_STRING, start, end)->reported = true;
        return true;
    }
    return false;
}

static bool read_foreign_comment(struct lexer *lexer)
{
    struct slice rest = slice_sub(lexer->text, lexer->at, 2);
    uint32_t marks = slice_starts(rest, SLICE("#"))                                       ? 1
                     : slice_starts(rest, SLICE("//")) || slice_starts(rest, SLICE("/*")) ? 2
                                                                                          : 0;
    if (marks == 0) {
        return false;
    }
    struct diag *diag = lexer_complain(lexer, DIAG_E0116, lexer->at, lexer->at + marks);
    if (!slice_starts(rest, SLICE("/*"))) {
        diag_help_edit(diag, DIAG_FIX_SAFE, lexer_span(lexer, lexer->at, lexer->at + marks),
                       SLICE("--"), "write `--`; the comment then runs to the end of the line");
    } else {
        diag_help(diag, "write `--` at the beginning of every line of the comment");
    }
    lexer->at = lexer_line_end(lexer, lexer->at);
    return true;
}

static bool ends_line(const struct lexer *lexer, uint32_t at)
{
    at = lexer_skip_blanks(lexer, at);
    return lexer_line_end(lexer, at) == at ||
           (lexer_byte(lexer, at) == '-' && lexer_byte(lexer, at + 1) == '-');
}

// `a; b` may be meant as two values as well as two steps.
static void suggest_comma(struct lexer *lexer, struct diag *diag, uint32_t at)
{
    if (!ends_line(lexer, at + 1)) {
        diag_help_edit(diag, DIAG_FIX_GUESS, lexer_span(lexer, at, at + 1), SLICE(","),
                       "between two values of a list stands a comma");
    }
}

void lexer_read_strange(struct lexer *lexer)
{
    uint32_t start = lexer->at;
    if (read_foreign_comment(lexer) || read_foreign_quotes(lexer)) {
        return;
    }
    struct slice rest = slice_sub(lexer->text, start, lexer->text.len);
    for (size_t i = 0; i < ARRAY_COUNT(stranges); i++) {
        const struct strange *strange = &stranges[i];
        if (!slice_starts(rest, strange->sign)) {
            continue;
        }
        uint32_t end = start + (uint32_t)strange->sign.len;
        struct diag *diag = lexer_complain(lexer, DIAG_E0103, start, end);
        if (slice_equal(strange->sign, SLICE("\xc2\xa0"))) {
            diag_fact(diag, SLICE("U+00A0"));
        } else {
            diag_fact_format(diag, "`%.*s`", SLICE_PRINT(strange->sign));
        }
        bool sure = rest.ptr[0] != ';' || ends_line(lexer, end);
        diag_help_edit(diag, sure ? DIAG_FIX_SAFE : DIAG_FIX_GUESS, lexer_span(lexer, start, end),
                       slice_from_cstr(strange->write), "%s", strange->help);
        if (rest.ptr[0] == ';') {
            suggest_comma(lexer, diag, start);
        }
        lexer->at = end;
        if (strange->meant != TOKEN_END) {
            struct token *token = lexer_add(lexer, strange->meant, start, end);
            token->word = (uint8_t)strange->word;
            token->reported = true;
        }
        return;
    }
    size_t bytes;
    uint32_t code = utf8_decode(lexer->text, start, &bytes);
    uint32_t end = start + (uint32_t)bytes;
    bool bad_byte = code == UTF8_BAD && bytes == 1;
    while (bad_byte && end < lexer->text.len) { // one message for a run of them
        if (utf8_decode(lexer->text, end, &bytes) != UTF8_BAD || bytes != 1) {
            break;
        }
        end++;
    }
    if (bad_byte || lexer_is_control(code)) {
        lexer_add_bad(lexer, start, end); // check_utf8 has spoken about these
        return;
    }
    struct diag *diag = lexer_complain(lexer, DIAG_E0103, start, end);
    if (utf8_width(code) == 0) {
        diag_fact_format(diag, "U+%04X (invisible)", code);
        if (code >= 0x300 && code <= 0x36f) {
            diag_help(diag, "type the letter and its mark as one character");
        }
    } else {
        diag_fact_format(diag, "`%.*s`", SLICE_PRINT(lexer_between(lexer, start, end)));
    }
    lexer_add_bad(lexer, start, end);
}
