// A line with a quote too few: where the missing one most likely stood. Each guess is an edit.
#include "dsl/syntax/lexer_internal.h"

enum { GUESSES_MAX = 3, LINE_QUOTES_MAX = 64 };

struct guess_line {
    const struct lexer *lexer;
    uint32_t start, end; // of the line; `end` is before a comment
    uint32_t guesses[GUESSES_MAX];
    unsigned count;
};

static bool is_blank(unsigned char c) { return c == ' ' || c == '\t'; }

static void guess(struct guess_line *line, uint32_t at)
{
    bool known = at <= line->start || line->count == GUESSES_MAX;
    for (unsigned i = 0; i < line->count; i++) {
        known = known || line->guesses[i] == at;
    }
    if (!known) {
        line->guesses[line->count++] = at;
    }
}

static uint32_t before_blanks(const struct lexer *lexer, uint32_t at, uint32_t from)
{
    while (at > from && is_blank(lexer_byte(lexer, at - 1))) {
        at--;
    }
    return at;
}

// ------------------------------------------------------------------------------------ words

static bool is_one_of(struct slice word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(word, slice_from_cstr(words[i]))) {
            return true;
        }
    }
    return false;
}

// Words that may follow a text.
static bool ends_text(struct slice word)
{
    static const char *const words[] = {
        "retry",   "again",    "by",     "if",       "group",   "confirm",  "help",  "alias",
        "for",     "due",      "urgent", "overdue",  "script",  "required", "quick", "readonly",
        "given",   "shown",    "chance", "success",  "failure", "reopen",   "under", "pick",
        "sees",    "may",      "as",     "refused",  "at",      "else",
    };
    return is_one_of(word, words, ARRAY_COUNT(words));
}

// Words that a text follows.
static bool begins_text(struct slice word)
{
    static const char *const words[] = { "task",   "title", "test",    "group", "confirm",
                                         "script", "help",  "alias",   "else" };
    return is_one_of(word, words, ARRAY_COUNT(words));
}

static struct slice word_at(const struct lexer *lexer, uint32_t at)
{
    return lexer_between(lexer, at, lexer_name_end(lexer, at));
}

// The n-th word of the line, from 1; its end, or 0.
static uint32_t end_of_word(const struct guess_line *line, unsigned n)
{
    uint32_t at = line->start;
    for (unsigned i = 0; i < n; i++) {
        while (at < line->end && word_at(line->lexer, at).len == 0) {
            at++;
        }
        at = lexer_name_end(line->lexer, at);
    }
    return at < line->end ? at : 0;
}

// ------------------------------------------------------------------------------------ guesses

// A text that begins at `from` is closed somewhere before `to`.
static void guess_close(struct guess_line *line, uint32_t from, uint32_t to)
{
    const struct lexer *lexer = line->lexer;
    for (uint32_t at = from + 1; at + 1 < to; at++) { // columns stand two blanks apart
        if (is_blank(lexer_byte(lexer, at)) && is_blank(lexer_byte(lexer, at + 1))) {
            guess(line, at);
            break;
        }
    }
    for (uint32_t at = from + 1; at < to; at++) {
        unsigned char c = lexer_byte(lexer, at);
        unsigned char next = lexer_byte(lexer, at + 1);
        bool sign = (c == '=' && next == '>') || c == ',' || (c == '{' && is_blank(next)) ||
                    (c == '{' && at + 1 >= to) || (c == '=' && is_blank(next));
        bool word = is_blank(lexer_byte(lexer, at - 1)) && ends_text(word_at(lexer, at));
        if (sign || word) {
            guess(line, before_blanks(lexer, at, from + 1));
        }
    }
}

static void guess_end(struct guess_line *line)
{
    const struct lexer *lexer = line->lexer;
    uint32_t end = before_blanks(lexer, line->end, line->start);
    while (end > line->start && (lexer_byte(lexer, end - 1) == '{' ||
                                 (lexer_byte(lexer, end - 1) == '}' &&
                                  is_blank(lexer_byte(lexer, end - 2))))) {
        end = before_blanks(lexer, end - 1, line->start);
    }
    if (line->count == GUESSES_MAX) {
        line->count--;
    }
    guess(line, end);
}

// How many words stand before the label in a line that begins with this word.
static unsigned words_before_text(struct slice word)
{
    static const char *const named[] = { "action", "stage", "end", "process", "role", "notify" };
    static const char *const typed[] = { "field", "ask" };
    return is_one_of(word, named, ARRAY_COUNT(named))   ? 2
           : is_one_of(word, typed, ARRAY_COUNT(typed)) ? 3
                                                        : 1;
}

// Behind the words that the line begins with.
static void guess_label(struct guess_line *line, uint32_t from, uint32_t to)
{
    static const char *const wholes[] = { "set", "list", "user" };
    const struct lexer *lexer = line->lexer;
    uint32_t first = lexer_skip_blanks(lexer, line->start);
    unsigned words = words_before_text(word_at(lexer, first));
    uint32_t label = end_of_word(line, words);
    if (words == 3 && label > 0) { // `set of product`
        uint32_t type = label;
        while (type > 0 && !is_blank(lexer_byte(lexer, type - 1))) {
            type--;
        }
        label = is_one_of(word_at(lexer, type), wholes, ARRAY_COUNT(wholes))
                    ? end_of_word(line, 5) : label;
    }
    if (label > 0 && label >= from && label < to) {
        guess(line, lexer_skip_blanks(lexer, label));
    }
}

// A text that is closed at `to` began somewhere behind `from`.
static void guess_open(struct guess_line *line, uint32_t from, uint32_t to)
{
    const struct lexer *lexer = line->lexer;
    uint32_t behind = from;
    for (uint32_t at = to; at-- > from + 1;) {
        if (lexer_byte(lexer, at - 1) == ':' && is_blank(lexer_byte(lexer, at))) {
            behind = lexer_skip_blanks(lexer, at);
            break;
        }
    }
    uint32_t brace = from;
    while (brace < to && lexer_byte(lexer, brace) != '{') {
        brace++;
    }
    if (brace < to && from == line->start) { // the first member of an enum
        uint32_t element = lexer_skip_blanks(lexer, brace + 1);
        guess(line, lexer_skip_blanks(lexer, lexer_name_end(lexer, element)));
    }
    if (behind > from && slice_equal(word_at(lexer, lexer_skip_blanks(lexer, line->start)),
                                     SLICE("record"))) { // a part: its type stands before
        guess(line, lexer_skip_blanks(lexer, lexer_name_end(lexer, behind)));
    }
    if (lexer_byte(lexer, from + 1) == ',') { // one more of a list
        uint32_t element = lexer_skip_blanks(lexer, from + 2);
        guess(line, behind > from ? behind
                                  : lexer_skip_blanks(lexer, lexer_name_end(lexer, element)));
        guess(line, element);
    }
    for (uint32_t at = from; at < to; at++) {
        bool word = at == 0 || is_blank(lexer_byte(lexer, at - 1));
        struct slice text = word ? word_at(lexer, at) : SLICE_EMPTY;
        uint32_t next = lexer_skip_blanks(lexer, at + (uint32_t)text.len);
        if (begins_text(text) && from > line->start) {
            guess(line, next);
        } else if (slice_equal(text, SLICE("notify"))) {
            guess(line, lexer_skip_blanks(lexer, lexer_name_end(lexer, next)));
        }
    }
    guess_label(line, from, to);
    if (behind > from) {
        guess(line, behind);
    }
    for (uint32_t at = from; at < to; at++) {
        if ((at == 0 || is_blank(lexer_byte(lexer, at - 1))) && begins_text(word_at(lexer, at))) {
            guess(line, lexer_skip_blanks(lexer, lexer_name_end(lexer, at)));
        }
    }
    uint32_t last = to;
    while (last > from && !is_blank(lexer_byte(lexer, last - 1))) {
        last--;
    }
    guess(line, last);
}

// ------------------------------------------------------------------------------------ the line

static uint32_t find_quotes(const struct guess_line *line, uint32_t quotes[LINE_QUOTES_MAX])
{
    uint32_t count = 0;
    for (uint32_t at = line->start; at < line->end && count < LINE_QUOTES_MAX; at++) {
        if (lexer_byte(line->lexer, at) == '"' &&
            (at == 0 || lexer_byte(line->lexer, at - 1) != '\\')) {
            quotes[count++] = at;
        }
    }
    return count;
}

// A comment begins at two minuses with a blank before them: the text that is not closed hides it.
static uint32_t code_end(const struct lexer *lexer, uint32_t start)
{
    uint32_t end = lexer_line_end(lexer, start);
    for (uint32_t at = start; at + 3 < end; at++) {
        if (is_blank(lexer_byte(lexer, at)) && is_blank(lexer_byte(lexer, at + 1)) &&
            lexer_byte(lexer, at + 2) == '-' && lexer_byte(lexer, at + 3) == '-') {
            return at;
        }
    }
    return end;
}

static struct guess_line line_at(const struct lexer *lexer, uint32_t at)
{
    struct guess_line line = { .lexer = lexer, .start = at };
    while (line.start > 0 && lexer_byte(lexer, line.start - 1) != '\n') {
        line.start--;
    }
    line.end = code_end(lexer, line.start);
    return line;
}

bool lexer_quotes_odd(const struct lexer *lexer, uint32_t at)
{
    struct guess_line line = line_at(lexer, at);
    uint32_t quotes[LINE_QUOTES_MAX];
    return find_quotes(&line, quotes) % 2 != 0;
}

void lexer_suggest_quote(struct lexer *lexer, struct diag *diag, uint32_t quote)
{
    struct guess_line line = line_at(lexer, quote);
    uint32_t quotes[LINE_QUOTES_MAX];
    uint32_t count = find_quotes(&line, quotes);
    bool open = false;
    uint32_t from = line.start;
    for (uint32_t i = 0; i < count && line.count == 0; i++) {
        unsigned char before = i > 0 || quotes[i] > 0 ? lexer_byte(lexer, quotes[i] - 1) : ' ';
        unsigned char after = lexer_byte(lexer, quotes[i] + 1);
        if (!open && !is_blank(before) && before != '\n' && before != '(' && before != '[') {
            guess_open(&line, from, quotes[i]);
        } else if (open && is_blank(before) && !is_blank(after) && after != ',' && after != 0 &&
                   after != '\n') {
            guess_close(&line, from, quotes[i]);
        }
        open = !open;
        from = quotes[i];
    }
    if (line.count == 0) {
        guess_close(&line, quote, line.end);
        guess_end(&line);
    }
    for (unsigned i = 0; i < line.count; i++) {
        diag_help_edit(diag, DIAG_FIX_GUESS, lexer_span(lexer, line.guesses[i], line.guesses[i]),
                       SLICE("\""), i == 0 ? "a quote is missing, most likely here" : "or here");
    }
}
