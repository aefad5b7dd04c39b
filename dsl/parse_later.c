// Constructs of the language that this version does not run. Each is recognised by name, gets one
// message, and is read to its end, so that what stands after it is checked as usual.
#include "dsl/parse_internal.h"

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
