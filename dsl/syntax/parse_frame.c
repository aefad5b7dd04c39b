// Escalations: `escalation NAME … { … }`, the step that raises one, and the two flows that leave a
// case where it stood: `=> back` and `merge into`.
#include "dsl/syntax/parse_internal.h"

// escalation NAME label [by names] { ask | item }
void parse_escalation(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_ESCALATION);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    if (parse_at_word(p, WORD_BY)) {
        parse_by(p, node);
    }
    if (parse_enter(p)) {
        parse_stage_body(p, node);
        parse_leave(p);
    } else if (parse_at(p, TOKEN_BRACE_OPEN)) {
        parse_skip_braces(p);
    }
    parse_add(p, parent, parse_close(p, node));
}

// escalate NAME [with …]
void parse_escalate(struct parser *p, uint32_t block)
{
    uint32_t node = parse_open(p, NODE_ESCALATE);
    parse_advance(p);
    parse_ref(p, node, "`escalate`", "the name of an escalation");
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    parse_add(p, block, parse_close(p, node));
}

// merge into EXPR
void parse_merge(struct parser *p, uint32_t block)
{
    uint32_t node = parse_open(p, NODE_MERGE);
    parse_advance(p);
    if (!parse_take_word(p, WORD_INTO)) {
        parse_needs(p, "`merge`", "`into` and the case that stays open");
    }
    parse_expr(p, node, "`merge into`", "the case that stays open");
    parse_add(p, block, parse_close(p, node));
}
