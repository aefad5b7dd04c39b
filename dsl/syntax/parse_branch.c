// Where the way of a case parts: `choice` and `parallel`.
#include "base/check.h"
#include "dsl/syntax/parse_internal.h"

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

// until any done, until NUMBER done
static void parse_until_done(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_UNTIL_DONE);
    parse_advance(p);
    if (!parse_take_word(p, WORD_ANY) &&
        !parse_literal(p, node, TOKEN_NUMBER, NODE_NUMBER)) {
        parse_needs(p, "`until`", "`any` or a number of branches");
    }
    if (!parse_take_word(p, WORD_DONE)) {
        struct diag *diag = parse_needs(p, "`until`", "the word `done`");
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(" done"), "add `done`");
    }
    parse_add(p, parent, parse_close(p, node));
}

static void report_no_branch(struct parser *p, uint32_t parallel)
{
    struct diag *diag = parse_complain(p, DIAG_E0212, parse_span(p, p->at));
    diag_fact(diag, parse_quote(p, p->at));
    diag_fact(diag, parse_describe(p, parallel));
    diag_note(diag, "a `parallel` holds its branches, and each of them is a stage");
    diag_help(diag, "move it out of the braces of `parallel`, to the stage around it");
}

static void parse_branches(struct parser *p, uint32_t parallel)
{
    uint32_t brace = parse_brace_open(p, parallel);
    while (!parse_body_over(p)) {
        if (parse_at_word(p, WORD_STAGE)) {
            parse_calm(p);
            parse_stage(p, parallel);
            continue;
        }
        report_no_branch(p, parallel);
        parse_skip_to(p, parse_starts_item_line);
    }
    parse_brace_close(p, parallel, brace);
    if (!parse_has(p, parallel, NODE_STAGE)) {
        struct diag *diag = parse_complain(p, DIAG_E0218, parse_span(p, brace));
        diag_fact(diag, parse_describe(p, parallel));
        diag_fact(diag, SLICE("stage"));
    }
}

// parallel [until …] { stage … } then FLOW
void parse_parallel(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_PARALLEL);
    parse_advance(p);
    if (parse_at_word(p, WORD_UNTIL)) {
        parse_until_done(p, node);
    }
    if (parse_enter(p)) {
        parse_branches(p, node);
        parse_leave(p);
    } else if (parse_at(p, TOKEN_BRACE_OPEN)) {
        parse_skip_braces(p);
    }
    if (parse_take_word(p, WORD_THEN)) {
        parse_flow_body(p, node);
    } else if (parse_at(p, TOKEN_BRACE_CLOSE) && parse_peek(p)->word == WORD_THEN) {
        struct diag *diag =
            parse_complain(p, DIAG_E0253, parse_span(p, p->nodes[node].first_token));
        parse_help_remove(p, diag, p->at); // one brace too many stands before its `then`
        parse_advance(p);
        parse_advance(p);
        parse_flow_body(p, node);
    } else {
        struct diag *diag =
            parse_complain(p, DIAG_E0253, parse_span(p, p->nodes[node].first_token));
        bool arrow = parse_at(p, TOKEN_ARROW) && !parse_token(p)->first_on_line;
        diag_help_edit(diag, arrow ? DIAG_FIX_SAFE : DIAG_FIX_PLACEHOLDER, parse_gap(p),
                       arrow ? SLICE(" then") : SLICE(" then => STAGE"), "add `then%s`",
                       arrow ? "" : " => STAGE");
        if (arrow) {
            parse_body(p, node);
        } else {
            parse_missing(p, node, CLASS_BLOCK);
        }
    }
    parse_add(p, parent, parse_close(p, node));
}
