#include "dsl/lexer.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"

enum { WORD_SLOTS = 512 };

struct lexer {
    struct slice text;
    uint32_t file;
    uint32_t at;
    struct arena *arena;
    struct diags *diags;
    struct token *tokens;
    uint32_t count;
    uint32_t capacity;
    bool line_begun;       // some token stands on this line
    bool in_template;      // between the { and } of a text
    uint32_t template_at;  // where that { is
    uint32_t quote_at;     // where that text begins
    bool cr_reported;
    bool has_errors;
    uint8_t words[WORD_SLOTS]; // open hash of enum word
};

// ------------------------------------------------------------------------------------ words

static const struct slice word_texts[WORDS_END] = {
#define WORD(name, text, class) [WORD_##name] = { text, sizeof(text) - 1 },
#include "dsl/token.def"
#undef WORD
};

static uint32_t hash_text(struct slice text)
{
    uint32_t hash = 2166136261u; // FNV-1a
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.ptr[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static void fill_words(struct lexer *lexer)
{
    memset(lexer->words, 0, sizeof(lexer->words));
    for (unsigned word = 1; word < WORDS_END; word++) {
        uint32_t slot = hash_text(word_texts[word]) % WORD_SLOTS;
        while (lexer->words[slot] != WORD_NONE) {
            slot = (slot + 1) % WORD_SLOTS;
        }
        lexer->words[slot] = (uint8_t)word;
    }
}

static enum word find_word(const struct lexer *lexer, struct slice text)
{
    uint32_t slot = hash_text(text) % WORD_SLOTS;
    while (lexer->words[slot] != WORD_NONE) {
        if (slice_equal(word_texts[lexer->words[slot]], text)) {
            return (enum word)lexer->words[slot];
        }
        slot = (slot + 1) % WORD_SLOTS;
    }
    return WORD_NONE;
}

// ------------------------------------------------------------------------------------ helpers

static unsigned char byte_at(const struct lexer *lexer, uint32_t at)
{
    return at < lexer->text.len ? (unsigned char)lexer->text.ptr[at] : 0;
}

static bool at_end(const struct lexer *lexer) { return lexer->at >= lexer->text.len; }

static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

static bool is_ascii_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Whether a name may go on at `at`, and how many bytes that character has.
static bool is_name_part(const struct lexer *lexer, uint32_t at, uint32_t *ret_bytes)
{
    unsigned char c = byte_at(lexer, at);
    *ret_bytes = 1;
    if (c < 0x80) {
        return is_ascii_letter(c) || is_digit(c);
    }
    size_t bytes;
    uint32_t code = utf8_decode(lexer->text, at, &bytes);
    *ret_bytes = (uint32_t)bytes;
    return utf8_is_letter(code);
}

static uint32_t name_end(const struct lexer *lexer, uint32_t at)
{
    uint32_t bytes;
    while (at < lexer->text.len && is_name_part(lexer, at, &bytes)) {
        at += bytes;
    }
    return at;
}

static struct slice bytes_between(const struct lexer *lexer, uint32_t start, uint32_t end)
{
    return slice_sub(lexer->text, start, end - start);
}

static struct token *add_token(struct lexer *lexer, enum token_kind kind, uint32_t start,
                               uint32_t end)
{
    CHECK(start <= end && end <= lexer->text.len);
    if (lexer->count == lexer->capacity) {
        uint32_t capacity = lexer->capacity > 0 ? lexer->capacity * 2 : 1024;
        struct token *tokens =
            arena_alloc_raw(lexer->arena, (size_t)capacity * sizeof(struct token));
        if (lexer->count > 0) {
            memcpy(tokens, lexer->tokens, lexer->count * sizeof(*tokens));
        }
        lexer->tokens = tokens;
        lexer->capacity = capacity;
    }
    struct token *token = &lexer->tokens[lexer->count++];
    *token = (struct token){ .start = start, .end = end, .kind = (uint8_t)kind,
                             .first_on_line = !lexer->line_begun };
    lexer->line_begun = true;
    lexer->at = end;
    return token;
}

static struct diag *complain(struct lexer *lexer, enum diag_code code, uint32_t start,
                             uint32_t end)
{
    lexer->has_errors = true;
    return diag_add(lexer->diags, code, span_make(lexer->file, start, end));
}

static struct span span_of(const struct lexer *lexer, uint32_t start, uint32_t end)
{
    return span_make(lexer->file, start, end);
}

static uint32_t line_end(const struct lexer *lexer, uint32_t at)
{
    while (at < lexer->text.len && lexer->text.ptr[at] != '\n' && lexer->text.ptr[at] != '\r') {
        at++;
    }
    return at;
}

static uint32_t skip_blanks(const struct lexer *lexer, uint32_t at)
{
    while (byte_at(lexer, at) == ' ' || byte_at(lexer, at) == '\t') {
        at++;
    }
    return at;
}

// ------------------------------------------------------------------------------------ texts

// U+202A…U+202E and U+2066…U+2069 turn the direction of what is shown: what a reader sees is then
// not what runs.
static bool is_direction_mark(const struct lexer *lexer, uint32_t at)
{
    if (byte_at(lexer, at) != 0xe2) {
        return false;
    }
    unsigned char second = byte_at(lexer, at + 1);
    unsigned char third = byte_at(lexer, at + 2);
    return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
           (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

static void check_direction_marks(struct lexer *lexer, uint32_t from, uint32_t to)
{
    const char *at = lexer->text.ptr + from;
    const char *end = lexer->text.ptr + to;
    while (at < end && (at = memchr(at, 0xe2, (size_t)(end - at))) != NULL) {
        uint32_t offset = (uint32_t)(at - lexer->text.ptr);
        if (is_direction_mark(lexer, offset)) {
            struct diag *diag = complain(lexer, DIAG_E0115, offset, offset + 3);
            diag_note(diag, "with it, the line does not read the way it runs");
            diag_help_edit(diag, DIAG_FIX_SAFE, span_of(lexer, offset, offset + 3), SLICE_EMPTY,
                           "take it out");
        }
        at++;
    }
}

static uint32_t read_escape(struct lexer *lexer, uint32_t at)
{
    unsigned char c = byte_at(lexer, at + 1);
    if (c == '"' || c == '\\' || c == 'n') {
        return at + 2;
    }
    if (c == 0 || c == '\n' || c == '\r') {
        return at + 1;
    }
    size_t bytes;
    (void)utf8_decode(lexer->text, at + 1, &bytes);
    uint32_t end = at + 1 + (uint32_t)bytes;
    struct diag *diag = complain(lexer, DIAG_E0105, at, end);
    diag_fact(diag, bytes_between(lexer, at, end));
    diag_here(diag, "a backslash here begins `\\\"`, `\\\\` or `\\n`");
    diag_help_edit(diag, DIAG_FIX_GUESS, span_of(lexer, at, at), SLICE("\\"),
                   "write `\\\\` for a backslash");
    return end;
}

static void not_closed(struct lexer *lexer, uint32_t start, uint32_t end)
{
    struct diag *diag = complain(lexer, DIAG_E0104, start, end);
    diag_here(diag, "the text begins here and runs to the end of the line");
    diag_help(diag, "close it with `\"`; a line break inside a text is written `\\n`");
}

// Where a text that was never closed most likely ends: before a `{` at the end of its line, which is
// rather the beginning of a block.
static uint32_t unclosed_end(const struct lexer *lexer, uint32_t from)
{
    uint32_t end = line_end(lexer, from);
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
        unsigned char c = byte_at(lexer, at);
        bool over = at >= lexer->text.len || c == '\n' || c == '\r';
        bool brace = c == '{' && byte_at(lexer, at + 1) != '{';
        if (brace && skip_blanks(lexer, at + 1) == line_end(lexer, at + 1)) {
            over = true;
        }
        if (over) {
            uint32_t end = unclosed_end(lexer, lexer->quote_at);
            end = end < at && end > start ? end : at;
            not_closed(lexer, lexer->quote_at, end);
            lexer->in_template = false;
            add_token(lexer, first ? TOKEN_STRING : TOKEN_STRING_CLOSE, start, end)->reported =
                true;
            return;
        }
        if (c == '"') {
            lexer->in_template = false;
            add_token(lexer, first ? TOKEN_STRING : TOKEN_STRING_CLOSE, start, at + 1);
            break;
        }
        if (brace) {
            lexer->in_template = true;
            lexer->template_at = at;
            add_token(lexer, first ? TOKEN_STRING_OPEN : TOKEN_STRING_MIDDLE, start, at + 1);
            break;
        }
        if (c == '\\') {
            at = read_escape(lexer, at);
        } else {
            at += c == '{' ? 2 : 1;
        }
    }
    check_direction_marks(lexer, start, lexer->at);
}

// Between the { and } of a text, where `"`, `{` and the end of the line have no place.
static bool leave_template(struct lexer *lexer, unsigned char c)
{
    if (c == '}') {
        read_text(lexer, lexer->at, lexer->at + 1, false);
        return true;
    }
    if (c == '"') {
        struct diag *diag = complain(lexer, DIAG_E0106, lexer->template_at, lexer->template_at + 1);
        diag_fact(diag, SLICE("the `{` in this text is not closed"));
        diag_label(diag, span_of(lexer, lexer->at, lexer->at + 1), "the text ends here");
        diag_note(diag, "what stands in `{…}` inside a text may itself hold no quotes");
        diag_help(diag, "close it with `}`, or write `{{` where the brace itself is meant");
        lexer->in_template = false;
        add_token(lexer, TOKEN_STRING_CLOSE, lexer->at, lexer->at + 1)->reported = true;
        return true;
    }
    if (c == '\n' || c == '\r' || at_end(lexer)) {
        not_closed(lexer, lexer->quote_at, lexer->at);
        lexer->in_template = false;
        add_token(lexer, TOKEN_STRING_CLOSE, lexer->at, lexer->at)->reported = true;
        return true;
    }
    if (c == '{') {
        struct diag *diag = complain(lexer, DIAG_E0106, lexer->at, lexer->at + 1);
        diag_fact(diag, SLICE("what stands in `{…}` inside a text cannot hold another `{`"));
        lexer->at++;
        return true;
    }
    return false;
}

// ------------------------------------------------------------------------------------ numbers

static struct token *bad_token(struct lexer *lexer, uint32_t start, uint32_t end)
{
    struct token *token = add_token(lexer, TOKEN_BAD, start, end);
    token->reported = true;
    return token;
}

static uint32_t digits_end(const struct lexer *lexer, uint32_t at)
{
    while (is_digit(byte_at(lexer, at)) ||
           (byte_at(lexer, at) == '_' && is_digit(byte_at(lexer, at + 1)))) {
        at++;
    }
    return at;
}

// `2026-03-02`; also what was meant to be one, which is reported. False: no date here.
static bool read_date(struct lexer *lexer, uint32_t start, uint32_t end)
{
    if (end - start != 4 || byte_at(lexer, end) != '-') {
        return false;
    }
    uint32_t month_end = digits_end(lexer, end + 1);
    uint32_t day_end = digits_end(lexer, month_end + 1);
    if (month_end == end + 1 || month_end > end + 3 || byte_at(lexer, month_end) != '-' ||
        day_end == month_end + 1 || day_end > month_end + 3) {
        return false;
    }
    int64_t days;
    struct slice text = bytes_between(lexer, start, day_end);
    if (value_parse_date(text, &days)) {
        (void)add_token(lexer, TOKEN_DATE, start, day_end);
        return true;
    }
    struct diag *diag = complain(lexer, DIAG_E0108, start, day_end);
    diag_fact(diag, text);
    diag_note(diag, "a date is written year-month-day, for example 2026-03-02");
    bad_token(lexer, start, day_end);
    return true;
}

static bool read_time(struct lexer *lexer, uint32_t start, uint32_t end)
{
    if (end - start > 2 || byte_at(lexer, end) != ':' || !is_digit(byte_at(lexer, end + 1))) {
        return false;
    }
    uint32_t time_end = digits_end(lexer, end + 1);
    if (byte_at(lexer, time_end) == ':' && is_digit(byte_at(lexer, time_end + 1))) {
        time_end = digits_end(lexer, time_end + 1);
    }
    int64_t ms;
    struct slice text = bytes_between(lexer, start, time_end);
    if (value_parse_time(text, &ms)) {
        (void)add_token(lexer, TOKEN_TIME, start, time_end);
        return true;
    }
    struct diag *diag = complain(lexer, DIAG_E0109, start, time_end);
    diag_fact(diag, text);
    diag_note(diag, "a time of day is written with two digits for the hour and two for the "
                    "minutes, from 00:00 to 23:59");
    if (end - start == 1) {
        diag_help_edit(diag, DIAG_FIX_SAFE, span_of(lexer, start, start), SLICE("0"),
                       "write `0%.*s`", SLICE_PRINT(text));
    }
    bad_token(lexer, start, time_end);
    return true;
}

// A word that names a unit elsewhere; gives the unit of Rung that is meant.
static const char *foreign_unit(struct slice word)
{
    static const struct {
        struct slice word;
        const char *unit;
    } units[] = {
        { { "second", 6 }, "s" },    { { "seconds", 7 }, "s" },   { { "sec", 3 }, "s" },
        { { "secs", 4 }, "s" },      { { "minute", 6 }, "min" },  { { "minutes", 7 }, "min" },
        { { "mins", 4 }, "min" },    { { "hour", 4 }, "h" },      { { "hours", 5 }, "h" },
        { { "hr", 2 }, "h" },        { { "hrs", 3 }, "h" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (slice_equal(units[i].word, word)) {
            return units[i].unit;
        }
    }
    return NULL;
}

// The unit after a number, on the same line: `min`, `work days`. Gives its end, or 0. A word that is
// given a value (`x := 3  h := 4`) is a name.
static uint32_t unit_end(const struct lexer *lexer, uint32_t number_end)
{
    uint32_t at = skip_blanks(lexer, number_end);
    uint32_t end = name_end(lexer, at);
    if (slice_equal(bytes_between(lexer, at, end), SLICE("work"))) {
        uint32_t next = skip_blanks(lexer, end);
        if (next > end) {
            end = name_end(lexer, next);
        }
    }
    uint32_t after = skip_blanks(lexer, end);
    bool assigned = byte_at(lexer, after) == ':' && byte_at(lexer, after + 1) == '=';
    return end == at || assigned ? 0 : end;
}

static void report_number(struct lexer *lexer, uint32_t start, uint32_t end)
{
    diag_fact(complain(lexer, DIAG_E0107, start, end), bytes_between(lexer, start, end));
    bad_token(lexer, start, end);
}

// A number with a unit. False: what follows the number is no unit.
static bool read_duration(struct lexer *lexer, uint32_t start, uint32_t end, bool whole)
{
    uint32_t after = unit_end(lexer, end);
    if (after == 0) {
        return false;
    }
    uint8_t unit;
    int64_t amount;
    uint32_t unit_at = skip_blanks(lexer, end);
    struct slice word = bytes_between(lexer, unit_at, after);
    char probe[32] = "1 ";
    if (word.len >= sizeof(probe) - 2) {
        return false;
    }
    memcpy(probe + 2, word.ptr, word.len);
    bool known = value_parse_duration(slice_make(probe, word.len + 2), &unit, &amount);
    const char *meant = known ? NULL : foreign_unit(word);
    if (!known && meant == NULL) {
        return false;
    }
    struct slice text = bytes_between(lexer, start, after);
    if (meant != NULL) {
        struct diag *diag = complain(lexer, DIAG_E0117, unit_at, after);
        diag_fact(diag, word);
        diag_note(diag, "the units are s, min, h, day, week and month");
        diag_help_edit(diag, DIAG_FIX_SAFE, span_of(lexer, unit_at, after),
                       slice_from_cstr(meant), "write `%.*s %s`",
                       SLICE_PRINT(bytes_between(lexer, start, end)), meant);
        bad_token(lexer, start, after);
        return true;
    }
    if (!whole) {
        struct diag *diag = complain(lexer, DIAG_E0111, start, after);
        diag_here(diag, "this is not a whole number of units");
        diag_help(diag, "use a smaller unit, for example `90 min` for one and a half hours");
        bad_token(lexer, start, after);
    } else if (!value_parse_duration(text, &unit, &amount)) {
        report_number(lexer, start, after);
    } else {
        (void)add_token(lexer, TOKEN_DURATION, start, after);
    }
    return true;
}

static bool read_money(struct lexer *lexer, uint32_t start, uint32_t end)
{
    uint32_t at = skip_blanks(lexer, end);
    uint32_t after = name_end(lexer, at);
    if (at == end || after - at != 3) {
        return false;
    }
    for (uint32_t i = at; i < after; i++) {
        if (byte_at(lexer, i) < 'A' || byte_at(lexer, i) > 'Z') {
            return false;
        }
    }
    uint32_t next = skip_blanks(lexer, after);
    if (byte_at(lexer, next) == ':' && byte_at(lexer, next + 1) == '=') {
        return false;
    }
    (void)add_token(lexer, TOKEN_MONEY, start, after);
    return true;
}

static void read_number(struct lexer *lexer)
{
    uint32_t start = lexer->at;
    uint32_t end = digits_end(lexer, start);
    if (read_date(lexer, start, end) || read_time(lexer, start, end)) {
        return;
    }
    bool whole = true;
    if (byte_at(lexer, end) == '.' && is_digit(byte_at(lexer, end + 1))) {
        end = digits_end(lexer, end + 1);
        whole = false;
    }
    if (read_duration(lexer, start, end, whole)) {
        return;
    }
    int64_t mantissa;
    uint8_t scale;
    if (!value_parse_decimal(bytes_between(lexer, start, end), &mantissa, &scale)) {
        report_number(lexer, start, end);
        return;
    }
    uint32_t word = name_end(lexer, end);
    if (word > end) {
        struct slice text = bytes_between(lexer, start, word);
        struct diag *diag = complain(lexer, DIAG_E0112, start, word);
        diag_fact(diag, text);
        diag_note(diag, "a name begins with a letter");
        bad_token(lexer, start, word);
        return;
    }
    uint32_t percent = skip_blanks(lexer, end);
    if (byte_at(lexer, percent) == '%' && scale <= DECIMAL_SCALE_MAX - 2) {
        (void)add_token(lexer, TOKEN_PERCENT, start, percent + 1);
    } else if (!read_money(lexer, start, end)) {
        (void)add_token(lexer, TOKEN_NUMBER, start, end);
    }
}

// ------------------------------------------------------------------------------------ strange signs

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
    struct slice rest = bytes_between(lexer, start, line_end(lexer, start));
    for (size_t i = 0; i < ARRAY_COUNT(quotes); i++) {
        struct slice close = quotes[i].close;
        if (!slice_starts(rest, quotes[i].open)) {
            continue;
        }
        size_t at = quotes[i].open.len;
        while (at < rest.len && !slice_starts(slice_sub(rest, at, rest.len), close)) {
            at++;
        }
        if (at == rest.len) {
            return false;
        }
        uint32_t end = start + (uint32_t)(at + close.len);
        struct slice inside = slice_sub(rest, quotes[i].open.len, at - quotes[i].open.len);
        struct diag *diag = complain(lexer, DIAG_E0118, start, end);
        diag_here(diag, "this text stands in other quotes");
        diag_help_edit(diag, DIAG_FIX_SAFE, span_of(lexer, start, end),
                       arena_format(lexer->arena, "\"%.*s\"", SLICE_PRINT(inside)),
                       "use straight double quotes");
        add_token(lexer, TOKEN_STRING, start, end)->reported = true;
        return true;
    }
    return false;
}

static bool read_foreign_comment(struct lexer *lexer)
{
    struct slice rest = bytes_between(lexer, lexer->at, line_end(lexer, lexer->at));
    uint32_t marks = slice_starts(rest, SLICE("#"))                                       ? 1
                     : slice_starts(rest, SLICE("//")) || slice_starts(rest, SLICE("/*")) ? 2
                                                                                          : 0;
    if (marks == 0) {
        return false;
    }
    struct diag *diag = complain(lexer, DIAG_E0116, lexer->at, lexer->at + marks);
    if (!slice_starts(rest, SLICE("/*"))) {
        diag_help_edit(diag, DIAG_FIX_SAFE, span_of(lexer, lexer->at, lexer->at + marks),
                       SLICE("--"), "write `--`; the comment then runs to the end of the line");
    } else {
        diag_help(diag, "write `--` at the beginning of every line of the comment");
    }
    lexer->at += (uint32_t)rest.len;
    return true;
}

static void read_strange(struct lexer *lexer)
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
        struct diag *diag = complain(lexer, DIAG_E0103, start, end);
        if (slice_equal(strange->sign, SLICE("\xc2\xa0"))) {
            diag_fact(diag, SLICE("U+00A0"));
        } else {
            diag_fact_format(diag, "`%.*s`", SLICE_PRINT(strange->sign));
        }
        diag_help_edit(diag, DIAG_FIX_SAFE, span_of(lexer, start, end),
                       slice_from_cstr(strange->write), "%s", strange->help);
        lexer->at = end;
        if (strange->meant != TOKEN_END) {
            struct token *token = add_token(lexer, strange->meant, start, end);
            token->word = (uint8_t)strange->word;
            token->reported = true;
        }
        return;
    }
    size_t bytes;
    uint32_t code = utf8_decode(lexer->text, start, &bytes);
    uint32_t end = start + (uint32_t)bytes;
    bool bad_byte = code == UTF8_BAD && bytes == 1;
    bool control = code < 0x20 || code == 0x7f;
    while (bad_byte && end < lexer->text.len) { // one message for a run of them
        if (utf8_decode(lexer->text, end, &bytes) != UTF8_BAD || bytes != 1) {
            break;
        }
        end++;
    }
    if (bad_byte || code == 0) {
        bad_token(lexer, start, end); // check_utf8 has spoken about these
        return;
    }
    struct diag *diag = complain(lexer, control ? DIAG_E0102 : DIAG_E0103, start, end);
    if (utf8_width(code) == 0 && !control) {
        diag_fact_format(diag, "U+%04X (invisible)", code);
    } else if (!control) {
        diag_fact_format(diag, "`%.*s`", SLICE_PRINT(bytes_between(lexer, start, end)));
    }
    bad_token(lexer, start, end);
}

// ------------------------------------------------------------------------------------ the loop

static bool read_mark(struct lexer *lexer)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } marks[] = {
#define MARK(kind, text) { text, TOKEN_##kind },
#include "dsl/token.def"
#undef MARK
    };
    char c = (char)byte_at(lexer, lexer->at);
    char next = (char)byte_at(lexer, lexer->at + 1);
    if ((c == '=' && (next == '=' || next == '<')) || (c == '|' && next == '|') ||
        (c == '/' && (next == '/' || next == '*'))) {
        return false; // of other languages: explained by read_strange
    }
    for (size_t i = 0; i < ARRAY_COUNT(marks); i++) {
        const char *text = marks[i].text;
        if (text[0] == c && (text[1] == '\0' || text[1] == next)) {
            (void)add_token(lexer, marks[i].kind, lexer->at,
                            lexer->at + (text[1] == '\0' ? 1 : 2));
            return true;
        }
    }
    return false;
}

static void read_word(struct lexer *lexer)
{
    uint32_t start = lexer->at;
    uint32_t end = name_end(lexer, start);
    struct token *token = add_token(lexer, TOKEN_WORD, start, end);
    token->word = (uint8_t)find_word(lexer, bytes_between(lexer, start, end));
    if (end - start > NAME_BYTES_MAX) {
        struct diag *diag = complain(lexer, DIAG_E0113, start, end);
        diag_help(diag, "the label beside it may be as long as it needs to be");
        token->reported = true;
    }
}

// Spaces, line ends and comments. False: something else stands here.
static bool skip_gap(struct lexer *lexer, unsigned char c)
{
    if (c == ' ' || c == '\t') {
        lexer->at++;
        return true;
    }
    if (c == '\n') {
        lexer->line_begun = false;
        lexer->at++;
        return true;
    }
    if (c == '\r') {
        lexer->line_begun = false;
        if (byte_at(lexer, lexer->at + 1) != '\n' && !lexer->cr_reported) {
            struct diag *diag = complain(lexer, DIAG_E0114, lexer->at, lexer->at + 1);
            diag_help(diag, "save the file with line feeds, as all editors of today do");
            lexer->cr_reported = true;
        }
        lexer->at++;
        return true;
    }
    if (c == '-' && byte_at(lexer, lexer->at + 1) == '-') {
        uint32_t end = line_end(lexer, lexer->at);
        check_direction_marks(lexer, lexer->at, end);
        lexer->at = end;
        return true;
    }
    return false;
}

static void read_one(struct lexer *lexer)
{
    unsigned char c = byte_at(lexer, lexer->at);
    if ((lexer->in_template && leave_template(lexer, c)) || skip_gap(lexer, c)) {
        return;
    }
    uint32_t bytes;
    if (c == '"') {
        lexer->quote_at = lexer->at;
        read_text(lexer, lexer->at, lexer->at + 1, true);
    } else if (is_digit(c)) {
        read_number(lexer);
    } else if (is_name_part(lexer, lexer->at, &bytes)) {
        read_word(lexer);
    } else if (!read_mark(lexer)) {
        read_strange(lexer);
    }
}

// Bytes that are not UTF-8 inside texts and comments, where the loop does not look at characters.
static void check_utf8(struct lexer *lexer)
{
    if (utf8_valid(lexer->text) && memchr(lexer->text.ptr, 0, lexer->text.len) == NULL) {
        return;
    }
    uint32_t at = 0;
    while (at < lexer->text.len) {
        size_t bytes;
        uint32_t code = utf8_decode(lexer->text, at, &bytes);
        bool bad = code == UTF8_BAD && bytes == 1;
        if (bad || code == 0) {
            struct diag *diag = complain(lexer, bad ? DIAG_E0101 : DIAG_E0102, at, at + 1);
            if (bad) {
                diag_help(diag, "save the file as UTF-8");
            }
            return; // one is enough: the whole file was saved in another way
        }
        at += (uint32_t)bytes;
    }
}

void lexer_run(struct syntax_tree *tree, struct arena *arena, struct diags *diags)
{
    struct lexer *lexer = ARENA_NEW(arena, struct lexer);
    lexer->text = tree->text;
    lexer->file = tree->file;
    lexer->arena = arena;
    lexer->diags = diags;
    fill_words(lexer);
    if (tree->text.len > SOURCE_BYTES_MAX) {
        struct diag *diag = complain(lexer, DIAG_E0110, 0, 0);
        diag_help(diag, "split it into several files and `import` them");
        lexer->text = SLICE_EMPTY;
    }
    if (lexer->text.len > 0) {
        check_utf8(lexer);
    }
    if (slice_starts(lexer->text, SLICE("\xef\xbb\xbf"))) {
        lexer->at = 3; // a byte order mark says nothing in UTF-8
    }
    while (!at_end(lexer)) {
        uint32_t before = lexer->at;
        uint32_t count = lexer->count;
        read_one(lexer);
        CHECK(lexer->at > before || lexer->count > count);
    }
    if (lexer->in_template) {
        (void)leave_template(lexer, 0);
    }
    (void)add_token(lexer, TOKEN_END, (uint32_t)lexer->text.len, (uint32_t)lexer->text.len);
    tree->tokens = lexer->tokens;
    tree->token_count = lexer->count;
    tree->has_errors = lexer->has_errors;
}
