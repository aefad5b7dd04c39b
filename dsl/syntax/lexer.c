#include "dsl/syntax/lexer_internal.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"

// ------------------------------------------------------------------------------------ words

static const struct slice word_texts[WORDS_END] = {
#define WORD(name, text, class) [WORD_##name] = { text, sizeof(text) - 1 },
#include "dsl/syntax/token.def"
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
        uint32_t slot = hash_text(word_texts[word]) % LEXER_WORD_SLOTS;
        while (lexer->words[slot] != WORD_NONE) {
            slot = (slot + 1) % LEXER_WORD_SLOTS;
        }
        lexer->words[slot] = (uint8_t)word;
    }
}

static enum word find_word(const struct lexer *lexer, struct slice text)
{
    uint32_t slot = hash_text(text) % LEXER_WORD_SLOTS;
    while (lexer->words[slot] != WORD_NONE) {
        if (slice_equal(word_texts[lexer->words[slot]], text)) {
            return (enum word)lexer->words[slot];
        }
        slot = (slot + 1) % LEXER_WORD_SLOTS;
    }
    return WORD_NONE;
}

// ------------------------------------------------------------------------------------ helpers

static bool at_end(const struct lexer *lexer) { return lexer->at >= lexer->text.len; }

static bool is_ascii_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool lexer_is_name_part(const struct lexer *lexer, uint32_t at, uint32_t *ret_bytes)
{
    unsigned char c = lexer_byte(lexer, at);
    *ret_bytes = 1;
    if (c < 0x80) {
        return is_ascii_letter(c) || lexer_is_digit(c);
    }
    size_t bytes;
    uint32_t code = utf8_decode(lexer->text, at, &bytes);
    *ret_bytes = (uint32_t)bytes;
    return utf8_is_letter(code);
}

uint32_t lexer_name_end(const struct lexer *lexer, uint32_t at)
{
    uint32_t bytes;
    while (at < lexer->text.len && lexer_is_name_part(lexer, at, &bytes)) {
        at += bytes;
    }
    return at;
}

struct slice lexer_between(const struct lexer *lexer, uint32_t start, uint32_t end)
{
    return slice_sub(lexer->text, start, end - start);
}

struct token *lexer_add(struct lexer *lexer, enum token_kind kind, uint32_t start,
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

struct diag *lexer_complain(struct lexer *lexer, enum diag_code code, uint32_t start,
                             uint32_t end)
{
    lexer->has_errors = true;
    return diag_add(lexer->diags, code, span_make(lexer->file, start, end));
}

struct span lexer_span(const struct lexer *lexer, uint32_t start, uint32_t end)
{
    return span_make(lexer->file, start, end);
}

uint32_t lexer_line_end(const struct lexer *lexer, uint32_t at)
{
    while (at < lexer->text.len && lexer->text.ptr[at] != '\n' && lexer->text.ptr[at] != '\r') {
        at++;
    }
    return at;
}

uint32_t lexer_skip_blanks(const struct lexer *lexer, uint32_t at)
{
    while (lexer_byte(lexer, at) == ' ' || lexer_byte(lexer, at) == '\t') {
        at++;
    }
    return at;
}

struct token *lexer_add_bad(struct lexer *lexer, uint32_t start, uint32_t end)
{
    struct token *token = lexer_add(lexer, TOKEN_BAD, start, end);
    token->reported = true;
    return token;
}

// ------------------------------------------------------------------------------------ the loop

static bool read_mark(struct lexer *lexer)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } marks[] = {
#define MARK(kind, text) { text, TOKEN_##kind },
#include "dsl/syntax/token.def"
#undef MARK
    };
    char c = (char)lexer_byte(lexer, lexer->at);
    char next = (char)lexer_byte(lexer, lexer->at + 1);
    if ((c == '=' && (next == '=' || next == '<')) || (c == '|' && next == '|') ||
        (c == '/' && (next == '/' || next == '*'))) {
        return false; // of other languages: explained by lexer_read_strange
    }
    for (size_t i = 0; i < ARRAY_COUNT(marks); i++) {
        const char *text = marks[i].text;
        if (text[0] == c && (text[1] == '\0' || text[1] == next)) {
            (void)lexer_add(lexer, marks[i].kind, lexer->at,
                            lexer->at + (text[1] == '\0' ? 1 : 2));
            return true;
        }
    }
    return false;
}

static void read_word(struct lexer *lexer)
{
    uint32_t start = lexer->at;
    uint32_t end = lexer_name_end(lexer, start);
    struct token *token = lexer_add(lexer, TOKEN_WORD, start, end);
    token->word = (uint8_t)find_word(lexer, lexer_between(lexer, start, end));
    if (end - start > NAME_BYTES_MAX) {
        struct diag *diag = lexer_complain(lexer, DIAG_E0113, start, end);
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
        if (lexer_byte(lexer, lexer->at + 1) != '\n' && !lexer->cr_reported) {
            struct diag *diag = lexer_complain(lexer, DIAG_E0114, lexer->at, lexer->at + 1);
            diag_help(diag, "save the file with line feeds, as all editors of today do");
            lexer->cr_reported = true;
        }
        lexer->at++;
        return true;
    }
    if (c == '-' && lexer_byte(lexer, lexer->at + 1) == '-') {
        uint32_t end = lexer_line_end(lexer, lexer->at);
        lexer_check_direction(lexer, lexer->at, end);
        lexer->at = end;
        return true;
    }
    return false;
}

static void read_one(struct lexer *lexer)
{
    unsigned char c = lexer_byte(lexer, lexer->at);
    if ((lexer->in_template && lexer_leave_template(lexer, c)) || skip_gap(lexer, c)) {
        return;
    }
    uint32_t bytes;
    if (c == '"') {
        lexer_read_text(lexer);
    } else if (lexer_is_digit(c)) {
        lexer_read_number(lexer);
    } else if (lexer_is_name_part(lexer, lexer->at, &bytes)) {
        read_word(lexer);
    } else if (!read_mark(lexer)) {
        lexer_read_strange(lexer);
    }
}

bool lexer_is_control(uint32_t code)
{
    return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
           (code >= 0x7f && code < 0xa0);
}

static bool has_controls(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool upper = c == 0xc2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xa0;
        if ((c < 0x20 && lexer_is_control(c)) || c == 0x7f || upper) {
            return true;
        }
    }
    return false;
}

// Bytes that are not UTF-8, and signs that nobody sees, also inside texts and comments, where the
// loop does not look at characters.
static void check_utf8(struct lexer *lexer)
{
    if (utf8_valid(lexer->text) && !has_controls(lexer->text)) {
        return;
    }
    uint32_t at = 0;
    while (at < lexer->text.len) {
        size_t bytes;
        uint32_t code = utf8_decode(lexer->text, at, &bytes);
        bool bad = code == UTF8_BAD && bytes == 1;
        uint32_t end = at + (uint32_t)bytes;
        if (bad) {
            diag_help(lexer_complain(lexer, DIAG_E0101, at, end), "save the file as UTF-8");
            return; // one is enough: the whole file was saved in another way
        }
        if (lexer_is_control(code)) {
            struct diag *diag = lexer_complain(lexer, DIAG_E0102, at, end);
            diag_here(diag, "U+%04X, which nobody sees", code);
            diag_help_edit(diag, DIAG_FIX_GUESS, lexer_span(lexer, at, end), SLICE_EMPTY,
                           "leave it out");
        }
        at = end;
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
        struct diag *diag = lexer_complain(lexer, DIAG_E0110, 0, 0);
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
        (void)lexer_leave_template(lexer, 0);
    }
    (void)lexer_add(lexer, TOKEN_END, (uint32_t)lexer->text.len, (uint32_t)lexer->text.len);
    tree->tokens = lexer->tokens;
    tree->token_count = lexer->count;
    tree->has_errors = lexer->has_errors;
}
