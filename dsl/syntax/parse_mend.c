// Slips that are easy to see through: the message carries the edit that mends them, and the parser
// goes on as if it had been made.
#include "dsl/syntax/parse_internal.h"

void parse_insert(struct parser *p, struct diag *diag, const char *word)
{
    const struct token *token = parse_token(p);
    bool behind = token->first_on_line || token->kind == TOKEN_END;
    struct slice text = arena_format(p->arena, behind ? " %s" : "%s ", word);
    diag_help_edit(diag, DIAG_FIX_GUESS,
                   behind ? parse_gap(p) : span_before(parse_span(p, p->at)), text,
                   "write `%s` here", word);
}

// A word that nothing in the language begins with.
bool parse_at_plain_word(const struct parser *p)
{
    enum word word = (enum word)parse_token(p)->word;
    return parse_at(p, TOKEN_WORD) &&
           (word == WORD_NONE || word == WORD_WORK || word == WORD_CALL || word == WORD_CASE);
}

bool parse_at_same_line(const struct parser *p)
{
    return !parse_token(p)->first_on_line && !parse_at(p, TOKEN_END);
}

// ------------------------------------------------------------------------------------ commas

static void report_comma(struct parser *p, uint32_t comma, const char *here)
{
    struct diag *diag = parse_complain(p, DIAG_E0250, parse_span(p, comma));
    diag_here(diag, "%s", here);
    diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, comma), SLICE_EMPTY, "take it out");
}

bool parse_comma(struct parser *p, parse_starts_fn *follows)
{
    if (!parse_take(p, TOKEN_COMMA)) {
        return false;
    }
    uint32_t comma = p->at - 1;
    while (parse_at(p, TOKEN_COMMA)) {
        report_comma(p, p->at, "a second comma");
        parse_advance(p);
    }
    if (!follows(p)) {
        report_comma(p, comma, "nothing follows it");
        return false;
    }
    return true;
}

struct diag *parse_comma_missing(struct parser *p, const char *plural)
{
    struct diag *diag = parse_complain(p, DIAG_E0219, parse_gap(p));
    diag_fact(diag, slice_from_cstr(plural));
    diag_help_edit(diag, DIAG_FIX_GUESS, parse_gap(p), SLICE(","), "add a comma");
    return diag;
}

bool parse_more(struct parser *p, parse_starts_fn *follows, const char *plural)
{
    if (parse_at_same_line(p) && follows(p)) {
        parse_comma_missing(p, plural);
        return true;
    }
    return parse_comma(p, follows);
}

// ------------------------------------------------------------------------------------ words

// The word of the language that the token most likely is. False: none is near.
static bool find_like(const struct parser *p, uint32_t token, const enum word *words, size_t count,
                      enum word *ret_word, bool *ret_certain)
{
    struct suggestions suggestions;
    suggest_init(&suggestions, parse_text(p, token));
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&suggestions, slice_from_cstr(syntax_word_text(words[i])), 0);
    }
    if (suggestions.count == 0) {
        return false;
    }
    *ret_word = syntax_word_find(suggestions.names[0]);
    *ret_certain = suggestions.scores[0] >> 16 == 0;
    return true;
}

bool parse_respell(struct parser *p, uint32_t container, const enum word *words, size_t count)
{
    const struct token *next = parse_peek(p);
    enum word word;
    bool certain;
    // A name that is given a value is no word of the language.
    bool own = next->kind == TOKEN_ASSIGN || next->kind == TOKEN_COLON ||
               next->kind == TOKEN_EQUALS;
    bool known = parse_token(p)->word != WORD_NONE;
    if (!parse_at(p, TOKEN_WORD) || own || known || parse_text(p, p->at).len < 3 ||
        !find_like(p, p->at, words, count, &word, &certain)) {
        return false;
    }
    parse_calm(p);
    struct diag *diag = parse_complain(p, DIAG_E0213, parse_span(p, p->at));
    diag_fact(diag, parse_quote(p, p->at));
    diag_fact(diag, parse_describe(p, container));
    diag_help_edit(diag, certain ? DIAG_FIX_SAFE : DIAG_FIX_GUESS, parse_span(p, p->at),
                   slice_from_cstr(syntax_word_text(word)), "`%s` is a word like it",
                   syntax_word_text(word));
    p->tokens[p->at].word = (uint8_t)word; // what it declares is no second cause
    return true;
}

// ------------------------------------------------------------------------------------ names

// Two words on one line where one name belongs: `in work`, `in-work`.
static bool is_two_words(const struct parser *p)
{
    const struct token *token = parse_token(p);
    const struct token *next = parse_peek(p);
    const struct token *before = &p->tokens[p->at - 1];
    if (token->kind == TOKEN_MINUS) {
        return token->start == before->end && next->start == token->end &&
               next->kind == TOKEN_WORD;
    }
    return parse_at_plain_word(p) && parse_at_same_line(p) &&
           next->kind != TOKEN_ASSIGN && next->kind != TOKEN_COLON && next->kind != TOKEN_EQUALS;
}

struct diag *parse_one_word(struct parser *p, uint32_t node, const char *needs)
{
    if (p->at == 0 || !is_two_words(p)) {
        return NULL;
    }
    uint32_t first = p->at - 1;
    uint32_t last = parse_at(p, TOKEN_MINUS) ? p->at + 1 : p->at;
    struct span span = span_join(parse_span(p, first), parse_span(p, last));
    struct diag *diag = parse_complain(p, DIAG_E0252, span);
    diag_fact(diag, source_text(p->diags->sources, span));
    diag_here(diag, "%s is one word", needs);
    diag_help_edit(diag, DIAG_FIX_GUESS, span,
                   arena_format(p->arena, "%.*s_%.*s", SLICE_PRINT(parse_text(p, first)),
                                SLICE_PRINT(parse_text(p, last))),
                   "join the words with an underscore");
    while (p->at <= last && !parse_at(p, TOKEN_END)) {
        parse_advance(p);
    }
    p->nodes[node].kind = NODE_ERROR; // it is unknown for certain, and that is no second cause
    p->nodes[node].op = CLASS_NAME;
    return diag;
}

bool parse_quoted_name(struct parser *p, uint32_t parent, enum syntax_class class,
                       const char *needs)
{
    struct slice text = parse_text(p, p->at);
    bool set = parse_peek(p)->kind == TOKEN_ASSIGN; // may begin a line
    if (!parse_at(p, TOKEN_STRING) || !(set || parse_at_same_line(p)) || text.len < 3) {
        return false;
    }
    if (class == CLASS_TYPE && !(text.ptr[1] >= 'a' && text.ptr[1] <= 'z')) {
        return false; // rather a label, and the type is missing
    }
    for (size_t i = 1; i + 1 < text.len; i++) {
        char c = text.ptr[i];
        bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || (unsigned char)c >= 0x80;
        if (!part || (i == 1 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    struct diag *diag = parse_complain(p, DIAG_E0251, parse_span(p, p->at));
    diag_here(diag, "%s is needed here", needs);
    diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), slice_sub(text, 1, text.len - 2),
                   "leave the quotes out");
    uint32_t node = parse_leaf(p, parent, NODE_ERROR);
    p->nodes[node].op = (uint8_t)class;
    return true;
}

// ------------------------------------------------------------------------------------ braces

// Where the line of the token ends, behind its last token.
static uint32_t last_on_line(const struct parser *p, uint32_t token)
{
    while (token + 1 < p->token_count && p->tokens[token + 1].kind != TOKEN_END &&
           !p->tokens[token + 1].first_on_line) {
        token++;
    }
    return token;
}

// A body ends before the first line that stands as far left as the line that opened it.
void parse_suggest_close(struct parser *p, struct diag *diag, uint32_t brace, uint32_t node)
{
    uint32_t indent = parse_indent(p, p->nodes[node].first_token);
    uint32_t last = last_on_line(p, brace);
    bool one_line = last > brace; // the body stands behind its brace
    while (last + 1 < p->token_count && p->tokens[last + 1].kind != TOKEN_END &&
           parse_indent(p, last + 1) > indent) {
        last = last_on_line(p, last + 1);
        one_line = false;
    }
    struct slice text = one_line ? SLICE(" }")
                                 : arena_format(p->arena, "\n%*s}", (int)indent, "");
    diag_help_edit(diag, DIAG_FIX_GUESS, span_after(parse_span(p, last)), text,
                   "close it here");
}

// With its line when it has it for itself, else with the blanks before it.
void parse_help_remove(struct parser *p, struct diag *diag, uint32_t brace)
{
    struct span span = parse_span(p, brace);
    bool lone = p->tokens[brace].first_on_line &&
                (p->tokens[brace + 1].first_on_line || p->tokens[brace + 1].kind == TOKEN_END);
    if (!lone) {
        span.start = brace > 0 ? p->tokens[brace - 1].end : span.start;
    } else {
        span.start -= parse_indent(p, brace);
        while (span.end < p->text.len && p->text.ptr[span.end++] != '\n') {
        }
    }
    diag_help_edit(diag, DIAG_FIX_GUESS, span, SLICE_EMPTY, "take that `}` out");
}

void parse_suggest_open(struct parser *p, struct diag *diag)
{
    if (p->early == 0) {
        return;
    }
    diag_label(diag, parse_span(p, p->early), "this `}` closes more than its line opened");
    parse_help_remove(p, diag, p->early);
}
