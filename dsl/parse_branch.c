// Where the way of a case parts: `choice`.
#include "base/check.h"
#include "dsl/parse_internal.h"

// choice NAME { if … else … }
void parse_choice(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_CHOICE);
    parse_advance(p);
    parse_decl_name(p, node);
    if (parse_at(p, TOKEN_STRING)) {
        struct diag *diag = parse_complain(p, DIAG_E0249, parse_span(p, p->at));
        diag_fact(diag, SLICE("a label"));
        diag_fact(diag, parse_describe(p, node));
        diag_note(diag, "nobody sees a choice: a case passes it at once");
        diag_help_edit(diag, DIAG_FIX_SAFE,
                       span_make(p->file, parse_gap(p).start, parse_span(p, p->at).end),
                       SLICE_EMPTY, "leave the label out");
        parse_advance(p);
    }
    if (parse_enter(p)) {
        parse_block(p, node);
        parse_leave(p);
    } else {
        if (parse_at(p, TOKEN_BRACE_OPEN)) {
            parse_skip_braces(p);
        }
        parse_missing(p, node, CLASS_BLOCK);
    }
    parse_add(p, parent, parse_close(p, node));
}
