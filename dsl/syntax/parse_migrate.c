// migrate from "VERSION" { stage OLD => NEW  FIELD := VALUE … }
#include "base/attr.h"
#include "dsl/syntax/parse_internal.h"

static bool starts_line(const struct parser *p)
{
    return parse_at_word(p, WORD_STAGE) ||
           (parse_at_name(p) && (parse_peek(p)->kind == TOKEN_ASSIGN ||
                                 parse_peek(p)->kind == TOKEN_EQUALS));
}

static void parse_from(struct parser *p, uint32_t migrate)
{
    if (!parse_take_word(p, WORD_FROM)) {
        struct diag *diag = parse_needs(p, "`migrate`", "the word `from` and a version in quotes");
        if (parse_at(p, TOKEN_STRING)) {
            parse_insert(p, diag, "from");
        }
    }
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, migrate, NODE_STRING);
        return;
    }
    bool bare = parse_at(p, TOKEN_NUMBER);
    struct diag *diag = parse_needs(p, "`from`", "a version in quotes");
    if (bare) {
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at),
                       arena_format(p->arena, "\"%.*s\"", SLICE_PRINT(parse_text(p, p->at))),
                       "write it in quotes");
        parse_advance(p);
    }
    parse_missing(p, migrate, CLASS_EXPR);
}

// stage OLD => NEW; the first name is one of the earlier version and means nothing here.
static void parse_move(struct parser *p, uint32_t migrate)
{
    uint32_t node = parse_open(p, NODE_MIGRATE_STAGE);
    parse_advance(p);
    parse_ref(p, node, "`stage`", "the name of a stage of the earlier version");
    if (!parse_take(p, TOKEN_ARROW)) {
        struct diag *diag = parse_needs(p, "`stage`", "`=>` and the stage that it becomes");
        if (parse_at_name(p) && parse_at_same_line(p)) {
            parse_insert(p, diag, "=>");
        }
    }
    parse_ref(p, node, "`=>`", "the name of a stage");
    parse_add(p, migrate, parse_close(p, node));
}

void parse_migrate(struct parser *p, uint32_t parent)
{
    static const enum word words[] = { WORD_STAGE };
    uint32_t node = parse_open(p, NODE_MIGRATE);
    parse_advance(p);
    parse_from(p, node);
    uint32_t brace = parse_brace_open(p, node);
    while (!parse_body_over(p)) {
        if (!starts_line(p)) {
            if (!parse_respell(p, node, words, ARRAY_COUNT(words))) {
                parse_unknown(p, node, words, ARRAY_COUNT(words));
                parse_skip_to(p, starts_line);
            }
            continue;
        }
        parse_calm(p);
        if (parse_at_word(p, WORD_STAGE)) {
            parse_move(p, node);
        } else {
            parse_assign(p, node);
        }
    }
    parse_brace_close(p, node, brace);
    parse_add(p, parent, parse_close(p, node));
}
