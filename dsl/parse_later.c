// Constructs of the language that this version does not run. Each is recognised by name, gets one
// message, and is read to its end, so that what stands after it is checked as usual.
#include "dsl/parse_internal.h"

// A name that the dropped construct declares, kept under its ERROR node so that nobody calls it
// unknown.
static void keep_name(struct parser *p, uint32_t error, uint32_t token)
{
    const struct token *at = &p->tokens[token];
    if (at->kind == TOKEN_WORD && !syntax_word_reserved((enum word)at->word)) {
        uint32_t node = parse_open(p, NODE_NAME);
        p->nodes[node].first_token = token;
        p->nodes[node].end_token = token + 1;
        parse_add(p, error, node);
    }
}

// Passes everything up to a `{` and what it holds; stops before something that begins a top.
static void skip_braced(struct parser *p)
{
    parse_advance(p);
    while (!parse_body_over(p) && !parse_at(p, TOKEN_BRACE_OPEN)) {
        parse_advance(p);
    }
    if (parse_at(p, TOKEN_BRACE_OPEN)) {
        parse_skip_braces(p);
    }
}

bool parse_later_top(struct parser *p, uint32_t file)
{
    if (!parse_at(p, TOKEN_WORD)) {
        return false;
    }
    struct span span = parse_span(p, p->at);
    uint32_t name_token = p->at + 1 < p->token_count ? p->at + 1 : p->at;
    switch ((unsigned)parse_token(p)->word) {
    case WORD_INBOX: parse_later(p, span, "`inbox` is"); break;
    default: return false;
    }
    keep_name(p, parse_missing(p, file, CLASS_TOP), name_token);
    skip_braced(p);
    return true;
}

static const char *later_item_name(const struct parser *p)
{
    switch ((unsigned)parse_token(p)->word) {
    case WORD_MIGRATE: return "`migrate` is";
    default: return NULL;
    }
}

bool parse_later_item(struct parser *p, uint32_t parent)
{
    const char *name = later_item_name(p);
    if (name == NULL) {
        return false;
    }
    parse_later(p, parse_span(p, p->at), name);
    parse_missing(p, parent, CLASS_ITEM);
    p->mute++;
    skip_braced(p);
    p->mute--;
    return true;
}
