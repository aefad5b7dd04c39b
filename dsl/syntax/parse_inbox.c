// inbox NAME for roles { lane NAME "label" colour if … by …, … }
// inbox NAME for roles like NAME
#include "dsl/image/image.h"
#include "dsl/syntax/parse_internal.h"

static bool starts_lane(const struct parser *p) { return parse_at_word(p, WORD_LANE); }

static void report_colour(struct parser *p)
{
    struct diag *diag = parse_complain(p, DIAG_E0254, parse_span(p, p->at));
    struct suggestions suggestions;
    diag_fact(diag, parse_text(p, p->at));
    suggest_init(&suggestions, parse_text(p, p->at));
    for (uint32_t i = COLOUR_NONE + 1; i < COLOUR_COUNT; i++) {
        suggest_offer(&suggestions, slice_from_cstr(image_colour_name(i)), 0);
    }
    if (!diag_suggest(diag, &suggestions, parse_span(p, p->at), "colour")) {
        diag_note(diag, "the colours are white, grey, red, pink, orange, yellow, green and blue");
    }
}

static void parse_colour(struct parser *p, uint32_t lane)
{
    parse_once(p, lane, NODE_COLOUR);
    uint32_t colour = COLOUR_NONE + 1;
    while (colour < COLOUR_COUNT &&
           !slice_equal(slice_from_cstr(image_colour_name(colour)), parse_text(p, p->at))) {
        colour++;
    }
    if (colour == COLOUR_COUNT) {
        report_colour(p);
        p->nodes[parse_leaf(p, lane, NODE_ERROR)].op = CLASS_CLAUSE;
        return;
    }
    p->nodes[parse_leaf(p, lane, NODE_COLOUR)].op = (uint8_t)colour;
}

static void parse_sort(struct parser *p, uint32_t by)
{
    uint32_t node = parse_open(p, NODE_SORT);
    if (parse_token(p)->first_on_line && starts_lane(p)) { // not a field of that name
        parse_needs(p, "`by`", "what the lane is sorted by");
        parse_missing(p, node, CLASS_EXPR);
    } else {
        parse_expr(p, node, "`by`", "what the lane is sorted by");
    }
    if (parse_at_word(p, WORD_DESC)) {
        parse_leaf(p, node, NODE_DESC);
    }
    parse_add(p, by, parse_close(p, node));
}

static void parse_lane_by(struct parser *p, uint32_t lane)
{
    parse_once(p, lane, NODE_LANE_BY);
    uint32_t node = parse_open(p, NODE_LANE_BY);
    parse_advance(p);
    do {
        parse_sort(p, node);
    } while (parse_take(p, TOKEN_COMMA));
    parse_add(p, lane, parse_close(p, node));
}

static void parse_lane(struct parser *p, uint32_t inbox)
{
    uint32_t node = parse_open(p, NODE_LANE);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    while (true) {
        if (parse_at_word(p, WORD_IF)) {
            parse_guard(p, node);
        } else if (parse_at_word(p, WORD_BY)) {
            parse_lane_by(p, node);
        } else if (parse_at_name(p) && parse_at_same_line(p)) {
            parse_colour(p, node);
        } else {
            break;
        }
    }
    parse_add(p, inbox, parse_close(p, node));
}

static void parse_lanes(struct parser *p, uint32_t inbox)
{
    static const enum word words[] = { WORD_LANE };
    uint32_t brace = parse_brace_open(p, inbox);
    if (parse_at(p, TOKEN_BRACE_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0218, parse_span(p, brace));
        diag_fact(diag, parse_describe(p, inbox));
        diag_fact(diag, SLICE("lanes"));
    }
    while (!parse_body_over(p)) {
        parse_calm(p);
        if (starts_lane(p)) {
            parse_lane(p, inbox);
        } else {
            parse_unknown(p, inbox, words, ARRAY_COUNT(words));
            parse_skip_to(p, starts_lane);
        }
    }
    parse_brace_close(p, inbox, brace);
}

void parse_inbox(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_INBOX);
    parse_advance(p);
    parse_decl_name(p, node);
    if (parse_at_word(p, WORD_FOR)) {
        uint32_t roles = parse_open(p, NODE_INBOX_FOR);
        parse_advance(p);
        parse_names(p, roles, "`for`", "the name of a role");
        parse_add(p, node, parse_close(p, roles));
    }
    if (parse_at_word(p, WORD_LIKE)) {
        uint32_t like = parse_open(p, NODE_LIKE);
        parse_advance(p);
        parse_lone_ref(p, like, "`like`", "the name of an inbox");
        parse_add(p, node, parse_close(p, like));
    } else {
        parse_lanes(p, node);
    }
    parse_add(p, file, parse_close(p, node));
}
