// table NAME ( parameters ) -> TYPE { | cell | cell -> value … }
// hook NAME ( parameters ) -> TYPE from "file.lua"
#include "dsl/syntax/parse_internal.h"

static bool starts_row(const struct parser *p) { return parse_at(p, TOKEN_BAR); }

static void parse_param(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_PARAM);
    parse_decl_name(p, node);
    if (!parse_take(p, TOKEN_COLON)) {
        struct diag *diag = parse_complain(p, DIAG_E0205, parse_gap(p));
        diag_fact(diag, parse_describe(p, node));
        if (parse_at_type(p) && !parse_token(p)->first_on_line) {
            diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(":"), "add `:`");
        }
    }
    parse_type(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// ( name: type, … )
void parse_params(struct parser *p, uint32_t parent, const char *what)
{
    uint32_t paren = p->at;
    if (!parse_take(p, TOKEN_PAREN_OPEN)) {
        struct diag *diag = parse_needs(p, what, "its parameters, in round brackets");
        diag_help(diag, "for example `(kind: product, city: text)`");
        return;
    }
    while (!parse_at(p, TOKEN_PAREN_CLOSE) && !parse_body_over(p)) {
        parse_param(p, parent);
        if (!parse_more(p, parse_at_parameter, "parameters")) {
            break;
        }
    }
    if (!parse_take(p, TOKEN_PAREN_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0229, parse_span(p, paren));
        diag_fact(diag, SLICE("("));
    }
}

// `->`, which people also write as `=>`. False: neither stands here.
static bool take_gives(struct parser *p, const char *what, const char *needs)
{
    if (parse_take(p, TOKEN_GIVES)) {
        return true;
    }
    struct diag *diag = parse_needs(p, what, needs);
    if (!parse_at(p, TOKEN_ARROW)) {
        return false;
    }
    diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), SLICE("->"), "write `->`");
    parse_advance(p);
    return true;
}

static bool at_any(const struct parser *p)
{
    return parse_at(p, TOKEN_WORD) && slice_equal(parse_text(p, p->at), SLICE("_"));
}

static bool take_sign(struct parser *p, enum syntax_operator *ret)
{
    static const struct {
        enum token_kind kind;
        enum syntax_operator op;
    } signs[] = { { TOKEN_LESS, OPERATOR_LESS },
                  { TOKEN_LESS_EQUAL, OPERATOR_LESS_EQUAL },
                  { TOKEN_GREATER, OPERATOR_GREATER },
                  { TOKEN_GREATER_EQUAL, OPERATOR_GREATER_EQUAL } };
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++) {
        if (parse_take(p, signs[i].kind)) {
            *ret = signs[i].op;
            return true;
        }
    }
    return false;
}

static void parse_cell(struct parser *p, uint32_t row)
{
    if (at_any(p)) {
        parse_leaf(p, row, NODE_CELL_ANY);
        return;
    }
    uint32_t node = parse_open(p, NODE_CELL_IS);
    enum syntax_operator op = OPERATOR_IS;
    if (take_sign(p, &op)) {
        p->nodes[node].kind = NODE_CELL_COMPARE;
        p->nodes[node].op = (uint8_t)op;
        parse_expr(p, node, "this cell", "a value behind the sign");
    } else {
        parse_expr(p, node, "this cell", "a value, a range or `_`");
        if (parse_take(p, TOKEN_RANGE)) {
            p->nodes[node].kind = NODE_CELL_RANGE;
            parse_expr(p, node, "`..`", "the value at which the range ends");
        }
    }
    parse_add(p, row, parse_close(p, node));
}

static void parse_row(struct parser *p, uint32_t table)
{
    uint32_t node = parse_open(p, NODE_ROW);
    while (parse_take(p, TOKEN_BAR)) {
        parse_cell(p, node);
    }
    if (take_gives(p, "this row", "`->` and what it gives")) {
        parse_expr(p, node, "`->`", "a value behind it");
    } else {
        parse_missing(p, node, CLASS_EXPR);
        if (!starts_row(p) && !parse_body_over(p)) {
            parse_skip_to(p, starts_row);
        }
    }
    parse_add(p, table, parse_close(p, node));
}

static void parse_rows(struct parser *p, uint32_t table)
{
    uint32_t brace = parse_brace_open(p, table);
    if (parse_at(p, TOKEN_BRACE_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0218, parse_span(p, brace));
        diag_fact(diag, parse_describe(p, table));
        diag_fact(diag, SLICE("rows"));
    }
    while (!parse_body_over(p)) {
        if (starts_row(p)) {
            parse_calm(p);
            parse_row(p, table);
            continue;
        }
        struct diag *diag = parse_complain(p, DIAG_E0206, parse_here(p));
        diag_fact(diag, SLICE("a row"));
        diag_fact(diag, SLICE("`|` before each of its cells"));
        diag_help(diag, "for example `| design | _ -> 3`");
        parse_skip_to(p, starts_row);
    }
    parse_brace_close(p, table, brace);
}

void parse_table(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_TABLE);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_params(p, node, "`table`");
    if (!parse_has(p, node, NODE_PARAM)) {
        struct diag *diag = parse_complain(p, DIAG_E0218, parse_gap(p));
        diag_fact(diag, parse_describe(p, node));
        diag_fact(diag, SLICE("columns"));
    }
    if (take_gives(p, "`table`", "`->` and the type of what its rows give")) {
        parse_type(p, node);
    } else {
        parse_missing(p, node, CLASS_TYPE);
    }
    parse_rows(p, node);
    parse_add(p, file, parse_close(p, node));
}

static void parse_origin(struct parser *p, uint32_t hook)
{
    if (!parse_take_word(p, WORD_FROM)) {
        struct diag *diag = parse_needs(p, "`hook`", "`from` and the file in Lua that holds it");
        if (parse_at(p, TOKEN_STRING)) {
            diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(" from"), "add `from`");
        } else {
            diag_help(diag, "for example `from \"hooks/price.lua\"`");
        }
    }
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, hook, NODE_STRING);
    } else {
        struct diag *diag = parse_needs(p, "`from`", "the file's name in quotation marks");
        diag_help(diag, "for example `from \"hooks/price.lua\"`");
    }
}

void parse_hook(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_HOOK);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_params(p, node, "`hook`");
    if (take_gives(p, "`hook`", "`->` and the type of what it gives")) {
        parse_type(p, node);
    } else {
        parse_missing(p, node, CLASS_TYPE);
    }
    parse_origin(p, node);
    parse_add(p, file, parse_close(p, node));
}
