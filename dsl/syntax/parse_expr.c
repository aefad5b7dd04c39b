// Expressions, by precedence: or, and, not, comparison, sum, product, minus, value. Every function
// gives a node that has no parent yet, so that an operator can be put above what stands left of it.
#include "dsl/syntax/parse_internal.h"

static uint32_t read_or(struct parser *p, const char *what, const char *needs);

static uint32_t missing_expr(struct parser *p)
{
    uint32_t node = parse_open(p, NODE_ERROR);
    p->nodes[node].op = CLASS_EXPR;
    return node;
}

static uint32_t leaf(struct parser *p, enum syntax_kind kind)
{
    uint32_t node = parse_open(p, kind);
    parse_advance(p);
    return parse_close(p, node);
}

// Puts a new node above `left`, beginning where `left` begins.
static uint32_t wrap(struct parser *p, enum syntax_kind kind, uint32_t left)
{
    uint32_t node = parse_open(p, kind);
    p->nodes[node].first_token = p->nodes[left].first_token;
    parse_add(p, node, left);
    return node;
}

static uint32_t binary(struct parser *p, enum syntax_operator op, uint32_t left, uint32_t right)
{
    uint32_t node = wrap(p, NODE_BINARY, left);
    p->nodes[node].op = (uint8_t)op;
    parse_add(p, node, right);
    return parse_close(p, node);
}

// Whether one more operator may stand above `left`. A longer chain is reported once and its rest is
// read without being kept.
static bool may_grow(struct parser *p, uint32_t left)
{
    if (p->nodes[left].height < PARSE_EXPR_HEIGHT_MAX) {
        return true;
    }
    (void)parse_complain(p, DIAG_E0245, parse_span(p, p->at));
    return false;
}

// ------------------------------------------------------------------------------------ values

static uint32_t read_path(struct parser *p, enum syntax_kind kind)
{
    uint32_t node = parse_open(p, kind);
    parse_leaf(p, node, NODE_NAME);
    while (parse_at(p, TOKEN_DOT)) {
        parse_advance(p);
        if (!parse_at(p, TOKEN_WORD) || parse_token(p)->first_on_line) {
            parse_needs(p, "the dot", "a name after it");
            parse_missing(p, node, CLASS_NAME);
            break;
        }
        parse_leaf(p, node, NODE_NAME); // after a dot every word is a name
    }
    return parse_close(p, node);
}

static void read_arguments(struct parser *p, uint32_t node)
{
    uint32_t paren = p->at;
    parse_advance(p);
    if (!parse_enter(p)) {
        return;
    }
    while (!parse_at(p, TOKEN_PAREN_CLOSE) && !parse_at(p, TOKEN_END)) {
        parse_add(p, node, read_or(p, "this function", "a value here"));
        if (!parse_more(p, parse_at_expr, "values")) {
            break;
        }
    }
    parse_leave(p);
    if (!parse_take(p, TOKEN_PAREN_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0229, parse_span(p, paren));
        diag_fact(diag, SLICE("("));
    }
}

static uint32_t read_name_or_call(struct parser *p)
{
    uint32_t first = p->at;
    uint32_t path = read_path(p, NODE_PATH);
    if (!parse_at(p, TOKEN_PAREN_OPEN) || parse_token(p)->first_on_line) {
        return path;
    }
    if (p->at != first + 1) {
        (void)parse_complain(p, DIAG_E0241, parse_span(p, p->at));
    }
    p->nodes[path].kind = NODE_CALL; // its one NAME is the first child already
    read_arguments(p, path);
    return parse_close(p, path);
}

static uint32_t read_property(struct parser *p)
{
    bool of_task = parse_at_word(p, WORD_TASK);
    uint32_t first = p->at;
    parse_advance(p);
    if (!parse_at(p, TOKEN_DOT)) {
        struct diag *diag = parse_complain(p, DIAG_E0206, parse_span(p, first));
        diag_fact(diag, of_task ? SLICE("`task` in a condition") : SLICE("`stage` in a condition"));
        diag_fact(diag, SLICE("a dot and a property"));
        diag_help(diag, "for example `%s`", of_task ? "task.due" : "stage.position");
        return missing_expr(p);
    }
    parse_advance(p);
    if (!parse_at(p, TOKEN_WORD)) {
        parse_needs(p, "the dot", "a name after it");
        return missing_expr(p);
    }
    uint32_t node = read_path(p, NODE_PROPERTY);
    p->nodes[node].first_token = first;
    p->nodes[node].op = of_task ? PROPERTY_OF_TASK : PROPERTY_OF_STAGE;
    return node;
}

// all deals ended, any deals open, count deals
static uint32_t read_collection(struct parser *p)
{
    static const enum word states[] = { WORD_OPEN, WORD_ENDED, WORD_SUCCEEDED, WORD_FAILED };
    uint32_t node = parse_open(p, NODE_COLLECTION);
    enum word word = (enum word)parse_token(p)->word;
    const char *what = "`count`";
    p->nodes[node].op = SYNTAX_COUNT;
    if (word != WORD_COUNT) {
        what = word == WORD_ALL ? "`all`" : "`any`";
        p->nodes[node].op = word == WORD_ALL ? SYNTAX_ALL : SYNTAX_ANY;
    }
    parse_advance(p);
    if (!parse_at_name(p)) {
        parse_needs(p, what, "the name of a collection of children");
        parse_missing(p, node, CLASS_EXPR);
    } else {
        parse_add(p, node, read_path(p, NODE_PATH));
    }
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        if (parse_at_word(p, states[i])) {
            uint32_t state = parse_leaf(p, node, NODE_CHILD_STATE);
            p->nodes[state].op = (uint8_t)i;
            break;
        }
    }
    return parse_close(p, node);
}

// total lines, total lines.price
static uint32_t read_total(struct parser *p)
{
    uint32_t node = parse_open(p, NODE_TOTAL);
    parse_advance(p);
    if (parse_at_name(p)) {
        parse_add(p, node, read_path(p, NODE_PATH));
    } else {
        parse_needs(p, "`total`", "a list, or a part of what a list holds");
        parse_missing(p, node, CLASS_EXPR);
    }
    return parse_close(p, node);
}

// exists lead by phone
static uint32_t read_exists(struct parser *p)
{
    uint32_t node = parse_open(p, NODE_EXISTS);
    parse_advance(p);
    parse_ref(p, node, "`exists`", "the name of a process");
    if (!parse_take_word(p, WORD_BY)) {
        struct diag *diag = parse_needs(p, "`exists`", "`by` and the key to look for");
        diag_help(diag, "for example `exists lead by phone`");
    }
    parse_ref(p, node, "`by`", "the name of a key");
    return parse_close(p, node);
}

// pick sales, pick least loaded of sales, pick round robin of team "north"
static uint32_t read_pick(struct parser *p)
{
    uint32_t node = parse_open(p, NODE_PICK);
    parse_advance(p);
    bool strategy = (parse_at_word(p, WORD_LEAST) || parse_at_word(p, WORD_ROUND) ||
                     parse_at_word(p, WORD_FAMILIAR));
    if (strategy) {
        parse_strategy(p, node);
        if (!parse_take_word(p, WORD_OF)) {
            parse_insert(p,
                         parse_needs(p, "`pick`", "`of` and the name of a role, or `team` and a "
                                                  "name in quotes"),
                         "of");
        }
    }
    if (parse_at_word(p, WORD_TEAM)) {
        parse_team(p, node);
    } else {
        parse_ref(p, node, "`pick`", "the name of a role");
    }
    return parse_close(p, node);
}

static bool value_follows(const struct parser *p)
{
    return parse_at_expr(p) || parse_at(p, TOKEN_BRACKET_CLOSE);
}

static uint32_t read_list(struct parser *p)
{
    uint32_t node = parse_open(p, NODE_LIST);
    uint32_t bracket = p->at;
    parse_advance(p);
    if (!parse_enter(p)) {
        return parse_close(p, node);
    }
    while (!parse_at(p, TOKEN_BRACKET_CLOSE) && !parse_at(p, TOKEN_END)) {
        parse_add(p, node, read_or(p, "this list", "a value here"));
        if (parse_at_expr(p) && parse_at_same_line(p)) {
            parse_comma_missing(p, "values");
        } else if (!parse_comma(p, value_follows)) {
            break;
        }
    }
    parse_leave(p);
    if (!parse_take(p, TOKEN_BRACKET_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0229, parse_span(p, bracket));
        diag_fact(diag, SLICE("["));
        diag_help_edit(diag, DIAG_FIX_GUESS, parse_gap(p), SLICE("]"), "close it here");
    }
    return parse_close(p, node);
}

static uint32_t read_parens(struct parser *p)
{
    uint32_t paren = p->at;
    parse_advance(p);
    if (!parse_enter(p)) {
        return missing_expr(p);
    }
    uint32_t inner = read_or(p, "`(`", "a value after it");
    parse_leave(p);
    if (!parse_take(p, TOKEN_PAREN_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0229, parse_span(p, paren));
        diag_fact(diag, SLICE("("));
        diag_help_edit(diag, DIAG_FIX_GUESS, parse_gap(p), SLICE(")"), "close it here");
    }
    if (p->nodes[inner].first_child != NODE_NONE) { // a leaf keeps its own bytes
        p->nodes[inner].first_token = paren;
        parse_close(p, inner);
    }
    return inner;
}

static uint32_t read_text(struct parser *p)
{
    return parse_at(p, TOKEN_STRING) ? leaf(p, NODE_STRING) : parse_template(p);
}

static uint32_t read_word_value(struct parser *p, const char *what, const char *needs)
{
    switch ((unsigned)parse_token(p)->word) {
    case WORD_TODAY: {
        uint32_t node = parse_open(p, NODE_TODAY);
        parse_advance(p);
        if (parse_at(p, TOKEN_TIME)) {
            parse_leaf(p, node, NODE_TIME);
        }
        return parse_close(p, node);
    }
    case WORD_NOW: return leaf(p, NODE_NOW);
    case WORD_YES: return leaf(p, NODE_YES);
    case WORD_NO: return leaf(p, NODE_NO);
    case WORD_ME: return leaf(p, NODE_ME);
    case WORD_CREATOR: return leaf(p, NODE_CREATOR);
    case WORD_ALL:
    case WORD_ANY:
    case WORD_COUNT: return read_collection(p);
    case WORD_PICK: return read_pick(p);
    case WORD_TASK:
    case WORD_STAGE: return read_property(p);
    case WORD_TOTAL: return read_total(p);
    case WORD_EXISTS: return read_exists(p);
    default: break;
    }
    // A name that is given a value on a line of its own begins the next step.
    bool next_step = parse_token(p)->first_on_line && parse_peek(p)->kind == TOKEN_ASSIGN;
    if (parse_at_name(p) && !next_step) {
        return read_name_or_call(p);
    }
    parse_needs(p, what, needs);
    return missing_expr(p);
}

bool parse_at_expr(const struct parser *p)
{
    switch ((enum token_kind)parse_token(p)->kind) {
    case TOKEN_NUMBER:
    case TOKEN_MONEY:
    case TOKEN_DURATION:
    case TOKEN_PERCENT:
    case TOKEN_STRING:
    case TOKEN_STRING_OPEN:
    case TOKEN_TIME:
    case TOKEN_DATE:
    case TOKEN_PAREN_OPEN:
    case TOKEN_BRACKET_OPEN:
    case TOKEN_MINUS:
    case TOKEN_BAD: return true;
    case TOKEN_WORD: break;
    case TOKEN_END: case TOKEN_STRING_MIDDLE: case TOKEN_STRING_CLOSE: case TOKEN_ARROW:
    case TOKEN_GIVES: case TOKEN_ASSIGN: case TOKEN_LESS_EQUAL: case TOKEN_GREATER_EQUAL:
    case TOKEN_RANGE: case TOKEN_BRACE_OPEN: case TOKEN_BRACE_CLOSE: case TOKEN_PAREN_CLOSE:
    case TOKEN_BRACKET_CLOSE: case TOKEN_COMMA: case TOKEN_COLON: case TOKEN_DOT:
    case TOKEN_LESS: case TOKEN_GREATER: case TOKEN_PLUS: case TOKEN_STAR: case TOKEN_SLASH:
    case TOKEN_EQUALS: case TOKEN_BAR: case TOKEN_KIND_COUNT: return false;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_TODAY:
    case WORD_NOW:
    case WORD_YES:
    case WORD_NO:
    case WORD_ME:
    case WORD_CREATOR:
    case WORD_ALL:
    case WORD_ANY:
    case WORD_COUNT:
    case WORD_PICK:
    case WORD_TOTAL:
    case WORD_EXISTS:
    case WORD_NOT: return true;
    case WORD_TASK:
    case WORD_STAGE: return parse_peek(p)->kind == TOKEN_DOT;
    default: return parse_at_name(p);
    }
}

static uint32_t read_primary(struct parser *p, const char *what, const char *needs)
{
    switch ((unsigned)parse_token(p)->kind) {
    case TOKEN_NUMBER: return leaf(p, NODE_NUMBER);
    case TOKEN_MONEY: return leaf(p, NODE_MONEY);
    case TOKEN_DURATION: return leaf(p, NODE_DURATION);
    case TOKEN_PERCENT: return leaf(p, NODE_PERCENT);
    case TOKEN_TIME: return leaf(p, NODE_TIME);
    case TOKEN_DATE: {
        uint32_t node = leaf(p, NODE_DATE);
        if (parse_at(p, TOKEN_TIME)) {
            p->nodes[node].kind = NODE_DATETIME;
            parse_advance(p);
            parse_close(p, node);
        }
        return node;
    }
    case TOKEN_STRING:
    case TOKEN_STRING_OPEN: return read_text(p);
    case TOKEN_PAREN_OPEN: return read_parens(p);
    case TOKEN_BRACKET_OPEN: return read_list(p);
    case TOKEN_WORD: return read_word_value(p, what, needs);
    case TOKEN_BAD: { // reported by the lexer
        uint32_t node = leaf(p, NODE_ERROR);
        p->nodes[node].op = CLASS_EXPR;
        p->quiet = true;
        return node;
    }
    default: break;
    }
    parse_needs(p, what, needs);
    return missing_expr(p);
}

// ------------------------------------------------------------------------------------ operators

static uint32_t read_prefixed(struct parser *p, enum syntax_kind kind, const char *needs)
{
    uint32_t node = parse_open(p, kind);
    const char *what = kind == NODE_NOT ? "`not`" : "`-`";
    parse_advance(p);
    if (!parse_enter(p)) {
        parse_add(p, node, missing_expr(p));
        return parse_close(p, node);
    }
    uint32_t inner = NODE_NONE;
    if (parse_at(p, TOKEN_MINUS)) {
        inner = read_prefixed(p, NODE_NEGATE, "a number after it");
    } else {
        inner = read_primary(p, what, needs);
    }
    parse_leave(p);
    parse_add(p, node, inner);
    return parse_close(p, node);
}

static uint32_t read_factor(struct parser *p, const char *what, const char *needs)
{
    return parse_at(p, TOKEN_MINUS) ? read_prefixed(p, NODE_NEGATE, "a number after it")
                                    : read_primary(p, what, needs);
}

static uint32_t read_term(struct parser *p, const char *what, const char *needs)
{
    uint32_t left = read_factor(p, what, needs);
    while (parse_at(p, TOKEN_STAR) || parse_at(p, TOKEN_SLASH)) {
        bool star = parse_at(p, TOKEN_STAR);
        bool grow = may_grow(p, left);
        parse_advance(p);
        uint32_t right = read_factor(p, star ? "`*`" : "`/`", "a number after it");
        left = grow ? binary(p, star ? OPERATOR_MULTIPLY : OPERATOR_DIVIDE, left, right) : left;
    }
    return left;
}

static uint32_t read_sum(struct parser *p, const char *what, const char *needs)
{
    uint32_t left = read_term(p, what, needs);
    while (parse_at(p, TOKEN_PLUS) || parse_at(p, TOKEN_MINUS)) {
        bool plus = parse_at(p, TOKEN_PLUS);
        bool grow = may_grow(p, left);
        parse_advance(p);
        uint32_t right = read_term(p, plus ? "`+`" : "`-`", "a value after it");
        left = grow ? binary(p, plus ? OPERATOR_ADD : OPERATOR_SUBTRACT, left, right) : left;
    }
    return left;
}

struct comparison {
    enum syntax_operator op;
    const char *what;
};

// The comparison that begins here, taken. False: none does.
static bool take_comparison(struct parser *p, struct comparison *ret)
{
    static const struct {
        enum token_kind kind;
        enum syntax_operator op;
        const char *what;
    } signs[] = {
        { TOKEN_LESS, OPERATOR_LESS, "`<`" },
        { TOKEN_LESS_EQUAL, OPERATOR_LESS_EQUAL, "`<=`" },
        { TOKEN_GREATER, OPERATOR_GREATER, "`>`" },
        { TOKEN_GREATER_EQUAL, OPERATOR_GREATER_EQUAL, "`>=`" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++) {
        if (parse_take(p, signs[i].kind)) {
            *ret = (struct comparison){ signs[i].op, signs[i].what };
            return true;
        }
    }
    if (parse_take_word(p, WORD_IN)) {
        *ret = (struct comparison){ OPERATOR_IN, "`in`" };
        return true;
    }
    if (parse_at_word(p, WORD_NOT) && parse_peek(p)->kind == TOKEN_WORD &&
        parse_peek(p)->word == WORD_IN) {
        parse_advance(p);
        parse_advance(p);
        *ret = (struct comparison){ OPERATOR_NOT_IN, "`not in`" };
        return true;
    }
    if (parse_at(p, TOKEN_EQUALS) && parse_at_same_line(p)) {
        struct diag *diag = parse_complain(p, DIAG_E0222, parse_span(p, p->at));
        const struct token *after = &p->tokens[p->at + 2 < p->token_count ? p->at + 2 : p->at];
        bool name = parse_peek(p)->kind == TOKEN_WORD &&
                    (after->first_on_line || after->kind == TOKEN_BRACE_CLOSE);
        diag_help_edit(diag, name ? DIAG_FIX_GUESS : DIAG_FIX_SAFE, parse_span(p, p->at),
                       SLICE("is"), "write `is`");
        if (name) {
            diag_help_edit(diag, DIAG_FIX_GUESS, parse_span(p, p->at), SLICE("=>"),
                           "or, where the case moves to a stage, write `=>`");
        }
        parse_advance(p);
        *ret = (struct comparison){ OPERATOR_IS, "`is`" };
        return true;
    }
    if (parse_take_word(p, WORD_IS)) {
        *ret = (struct comparison){ OPERATOR_IS, "`is`" };
        if (parse_take_word(p, WORD_NOT)) {
            *ret = (struct comparison){ OPERATOR_IS_NOT, "`is not`" };
        }
        return true;
    }
    return false;
}

static uint32_t read_compared(struct parser *p, struct comparison comparison, uint32_t left)
{
    bool is = comparison.op == OPERATOR_IS || comparison.op == OPERATOR_IS_NOT;
    if (is && parse_at_word(p, WORD_EMPTY)) {
        uint32_t node = wrap(
            p, comparison.op == OPERATOR_IS ? NODE_IS_EMPTY : NODE_IS_NOT_EMPTY, left);
        parse_advance(p);
        return parse_close(p, node);
    }
    if (is && parse_at_word(p, WORD_IN)) {
        struct span words = span_join(parse_span(p, p->at - 1), parse_span(p, p->at));
        bool not_in = comparison.op == OPERATOR_IS_NOT;
        if (not_in) {
            words = span_join(parse_span(p, p->at - 2), words);
        }
        struct diag *diag = parse_complain(p, DIAG_E0246, words);
        diag_help_edit(diag, DIAG_FIX_SAFE, words, not_in ? SLICE("not in") : SLICE("in"),
                       "write `%s`", not_in ? "not in" : "in");
        parse_advance(p);
        comparison.op = not_in ? OPERATOR_NOT_IN : OPERATOR_IN;
    }
    uint32_t right = read_sum(p, comparison.what, "a value after it");
    return binary(p, comparison.op, left, right);
}

static uint32_t read_comparison(struct parser *p, const char *what, const char *needs)
{
    uint32_t left = read_sum(p, what, needs);
    struct comparison comparison;
    if (!take_comparison(p, &comparison)) {
        return left;
    }
    left = read_compared(p, comparison, left);
    uint32_t second = p->at;
    while (take_comparison(p, &comparison)) {
        struct diag *diag = parse_complain(p, DIAG_E0230, parse_span(p, second));
        diag_here(diag, "the second comparison");
        diag_help(diag, "join two comparisons with `and`, for example `a < b and b < c`");
        p->mute++;
        (void)read_compared(p, comparison, missing_expr(p));
        p->mute--;
    }
    return left;
}

static uint32_t read_not(struct parser *p, const char *what, const char *needs)
{
    if (!parse_at_word(p, WORD_NOT)) {
        return read_comparison(p, what, needs);
    }
    uint32_t node = parse_open(p, NODE_NOT);
    parse_advance(p);
    uint32_t inner = NODE_NONE;
    if (parse_enter(p)) {
        inner = read_not(p, "`not`", "a condition after it");
        parse_leave(p);
    } else {
        inner = missing_expr(p);
    }
    parse_add(p, node, inner);
    return parse_close(p, node);
}

static uint32_t read_and(struct parser *p, const char *what, const char *needs)
{
    uint32_t left = read_not(p, what, needs);
    while (parse_at_word(p, WORD_AND)) {
        bool grow = may_grow(p, left);
        parse_advance(p);
        uint32_t right = read_not(p, "`and`", "a condition after it");
        left = grow ? binary(p, OPERATOR_AND, left, right) : left;
    }
    return left;
}

static uint32_t read_or(struct parser *p, const char *what, const char *needs)
{
    uint32_t left = read_and(p, what, needs);
    while (parse_at_word(p, WORD_OR)) {
        bool grow = may_grow(p, left);
        parse_advance(p);
        uint32_t right = read_and(p, "`or`", "a condition after it");
        left = grow ? binary(p, OPERATOR_OR, left, right) : left;
    }
    return left;
}

void parse_expr(struct parser *p, uint32_t parent, const char *what, const char *needs)
{
    parse_add(p, parent, read_or(p, what, needs));
}

bool parse_literal(struct parser *p, uint32_t parent, enum token_kind token, enum syntax_kind kind)
{
    if (parse_at(p, TOKEN_BAD)) {
        uint32_t node = parse_leaf(p, parent, NODE_ERROR);
        p->nodes[node].op = CLASS_EXPR;
        p->quiet = true;
        return true;
    }
    if (!parse_at(p, token)) {
        return false;
    }
    parse_leaf(p, parent, kind);
    return true;
}
