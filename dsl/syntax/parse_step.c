// What happens: bodies, blocks, steps, flows.
#include "dsl/syntax/parse_internal.h"

static void parse_step(struct parser *p, uint32_t block);

// ------------------------------------------------------------------------------------ beginnings

bool parse_at_flow(const struct parser *p)
{
    bool sign = parse_at(p, TOKEN_EQUALS) && parse_peek(p)->kind == TOKEN_WORD &&
                !parse_peek(p)->first_on_line; // `= won` for `=> won`
    return sign || parse_at(p, TOKEN_ARROW) || parse_at(p, TOKEN_GIVES) ||
           parse_at_word(p, WORD_AGAIN) ||
           parse_at_word(p, WORD_RETRY) || parse_at_word(p, WORD_ESCALATE) ||
           parse_at_word(p, WORD_MERGE);
}

static bool at_assign(const struct parser *p)
{
    bool quoted = parse_at(p, TOKEN_STRING) && parse_peek(p)->kind == TOKEN_ASSIGN &&
                  (parse_token(p)->first_on_line ||
                   p->tokens[p->at - 1].kind == TOKEN_BRACE_OPEN); // reported as a name in quotes
    return (quoted || parse_at(p, TOKEN_WORD)) &&
           (parse_peek(p)->kind == TOKEN_ASSIGN || parse_peek(p)->kind == TOKEN_EQUALS) &&
           !parse_peek(p)->first_on_line;
}

static bool at_step_word(const struct parser *p)
{
    if (!parse_at(p, TOKEN_WORD)) {
        return false;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_ASK:
    case WORD_REQUIRE:
    case WORD_IF:
    case WORD_NOTIFY:
    case WORD_SEND:
    case WORD_CONVERT:
    case WORD_CANCEL: return true;
    case WORD_TASK: return parse_peek(p)->kind != TOKEN_DOT;
    default: return false;
    }
}

static bool starts_step(const struct parser *p)
{
    return parse_at_flow(p) || at_step_word(p) || at_assign(p);
}

// Words that begin an item and never a step: the block in hand was not closed before them.
static bool at_item_line(const struct parser *p)
{
    if (!parse_at(p, TOKEN_WORD) || !parse_token(p)->first_on_line) {
        return false;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_ACTION:
    case WORD_FIELD:
    case WORD_END:
    case WORD_WHEN:
    case WORD_AFTER:
    case WORD_AT:
    case WORD_EVERY:
    case WORD_ON:
    case WORD_START:
    case WORD_CHOICE:
    case WORD_PARALLEL:
    case WORD_ESCALATION: return true;
    case WORD_STAGE: return parse_peek(p)->kind != TOKEN_DOT;
    default: return false;
    }
}

// After something unreadable, what stands on the same line goes with it.
static bool starts_step_line(const struct parser *p)
{
    return parse_token(p)->first_on_line && (starts_step(p) || at_item_line(p));
}

// ------------------------------------------------------------------------------------ bodies

// True: it is read as a word that it is like.
static bool report_unknown_step(struct parser *p, uint32_t owner)
{
    static const enum word words[] = { WORD_ASK, WORD_REQUIRE, WORD_IF, WORD_NOTIFY, WORD_CONVERT,
                                       WORD_CANCEL, WORD_TASK, WORD_AGAIN, WORD_RETRY, WORD_SEND };
    if (parse_at_word(p, WORD_ELSE)) {
        (void)parse_complain(p, DIAG_E0238, parse_span(p, p->at));
        return false;
    }
    if (parse_respell(p, owner, words, ARRAY_COUNT(words))) {
        return true;
    }
    parse_unknown(p, owner, words, ARRAY_COUNT(words));
    return false;
}

static void parse_bare_target(struct parser *p, uint32_t block, uint32_t owner);

// A name alone among steps: the stage of a move without its `=>`.
static bool at_bare_target(const struct parser *p)
{
    const struct token *next = parse_peek(p);
    return parse_at_plain_word(p) &&
           (next->first_on_line || next->kind == TOKEN_BRACE_CLOSE || next->word == WORD_DUE);
}

void parse_block(struct parser *p, uint32_t owner)
{
    static const enum word again = WORD_AGAIN;
    uint32_t block = parse_open(p, NODE_BLOCK);
    uint32_t brace = parse_brace_open(p, owner);
    while (!parse_body_over(p) && !at_item_line(p)) {
        if (starts_step(p)) {
            parse_calm(p);
            parse_step(p, block);
        } else if (parse_peek(p)->word == WORD_DUE &&
                   parse_respell(p, owner, &again, 1)) {
            continue;
        } else if (at_bare_target(p)) {
            parse_calm(p);
            parse_bare_target(p, block, owner);
        } else if (!report_unknown_step(p, owner)) {
            parse_skip_to(p, starts_step_line);
        }
    }
    parse_brace_close(p, owner, brace);
    parse_add(p, owner, parse_close(p, block));
}

bool parse_at_body(const struct parser *p)
{
    return parse_at(p, TOKEN_BRACE_OPEN) || parse_at_flow(p);
}

// Whether a `{` is missing here: steps follow on deeper lines, or a `}` closes more on this line
// than is open.
static bool is_brace_missing(const struct parser *p, uint32_t owner)
{
    if (!starts_step(p) || parse_at_flow(p)) {
        return false; // a move alone is a body
    }
    if (parse_token(p)->first_on_line) {
        return parse_indent(p, p->at) > parse_indent(p, p->nodes[owner].first_token);
    }
    unsigned open = 0;
    for (uint32_t i = p->at; i < p->at + PARSE_LOOK_AHEAD_MAX; i++) {
        if (p->tokens[i].kind == TOKEN_END || p->tokens[i].first_on_line) {
            break;
        }
        open += p->tokens[i].kind == TOKEN_BRACE_OPEN ? 1 : 0;
        if (p->tokens[i].kind == TOKEN_BRACE_CLOSE && open-- == 0) {
            return true;
        }
    }
    return false;
}

// The body that follows later on this line, behind something that does not belong here; or 0.
static uint32_t find_body_on_line(const struct parser *p)
{
    uint32_t arrow = parse_find_on_line(p, TOKEN_ARROW);
    uint32_t brace = parse_find_on_line(p, TOKEN_BRACE_OPEN);
    return arrow > 0 && (brace == 0 || arrow < brace) ? arrow : brace;
}

static void parse_after_misfit(struct parser *p, uint32_t owner, uint32_t body)
{
    static const enum word words[] = { WORD_BY,   WORD_IF,    WORD_GROUP, WORD_CONFIRM,
                                       WORD_HELP, WORD_ALIAS, WORD_RETRY, WORD_AGAIN };
    struct diag *diag = parse_complain(p, DIAG_E0249, parse_span(p, p->at));
    diag_fact(diag, parse_quote(p, p->at));
    diag_fact(diag, parse_describe(p, owner));
    if (p->nodes[owner].kind == NODE_ACTION) {
        parse_suggest_words(p, diag, words, ARRAY_COUNT(words));
    }
    while (p->at < body) {
        parse_advance(p);
    }
    parse_body(p, owner);
}

// `=>` was left out before the name of a stage.
static void parse_bare_target(struct parser *p, uint32_t block, uint32_t owner)
{
    struct diag *diag = parse_complain(p, DIAG_E0207, parse_span(p, p->at));
    diag_fact(diag, parse_describe(p, owner));
    diag_help_edit(diag, DIAG_FIX_GUESS, span_before(parse_span(p, p->at)), SLICE("=> "),
                   "a move to a stage begins with `=>`");
    uint32_t node = parse_open(p, NODE_GOTO);
    parse_leaf(p, node, NODE_NAME);
    if (parse_at_word(p, WORD_DUE)) {
        parse_due(p, node);
    }
    parse_add(p, block, parse_close(p, node));
}

static void parse_braceless(struct parser *p, uint32_t parent)
{
    if (is_brace_missing(p, parent)) {
        parse_block(p, parent);
        return;
    }
    uint32_t later = starts_step(p) ? 0 : find_body_on_line(p);
    if (later > 0) {
        parse_after_misfit(p, parent, later);
        return;
    }
    uint32_t block = parse_open(p, NODE_BLOCK);
    if (parse_at_flow(p)) {
        parse_step(p, block);
    } else if (starts_step(p) && !parse_token(p)->first_on_line) {
        struct diag *diag = parse_complain(p, DIAG_E0247, parse_span(p, p->at));
        diag_fact(diag, parse_describe(p, parent));
        diag_note(diag, "without braces only one move may follow: `=>`, `again` or `retry`");
        struct span from = parse_span(p, p->at);
        while (starts_step(p) && parse_at_same_line(p)) {
            parse_step(p, block);
        }
        struct span steps = span_join(from, span_before(parse_gap(p)));
        diag_help_edit(diag, DIAG_FIX_GUESS, steps,
                       arena_format(p->arena, "{ %.*s }",
                                    SLICE_PRINT(source_text(p->diags->sources, steps))),
                       "put them into braces");
    } else if (parse_at_name(p) && !parse_token(p)->first_on_line) {
        parse_bare_target(p, block, parent);
    } else {
        struct diag *diag = parse_complain(p, DIAG_E0207, parse_here(p));
        diag_fact(diag, parse_describe(p, parent));
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, parse_gap(p), SLICE(" => STAGE"),
                       "add a move, or steps in `{ }`");
        parse_missing(p, parent, CLASS_BLOCK);
        return;
    }
    parse_add(p, parent, parse_close(p, block));
}

void parse_body(struct parser *p, uint32_t parent)
{
    bool braces = parse_at(p, TOKEN_BRACE_OPEN);
    if (!parse_enter(p)) {
        if (braces) {
            parse_skip_braces(p);
        }
        parse_missing(p, parent, CLASS_BLOCK);
        return;
    }
    if (braces) {
        parse_block(p, parent);
    } else {
        parse_braceless(p, parent);
    }
    parse_leave(p);
}

void parse_flow_body(struct parser *p, uint32_t parent)
{
    if (parse_at(p, TOKEN_BRACE_OPEN)) {
        struct diag *diag = parse_complain(p, DIAG_E0248, parse_span(p, p->at));
        diag_note(diag, "steps in braces may follow the `then` of a `retry` only");
    } else if (parse_at_name(p) && !parse_token(p)->first_on_line) {
        uint32_t block = parse_open(p, NODE_BLOCK);
        parse_bare_target(p, block, parent);
        parse_add(p, parent, parse_close(p, block));
        return;
    }
    parse_body(p, parent);
}

// ------------------------------------------------------------------------------------ flows

static void report_arrow(struct parser *p)
{
    struct diag *diag = parse_complain(p, DIAG_E0223, parse_span(p, p->at));
    diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), SLICE("=>"), "write `=>`");
}

// `=> estimate 1 day`, `=> in work`
static void parse_due_missing(struct parser *p, uint32_t name)
{
    if (!parse_at_same_line(p) || !parse_at_expr(p) || parse_peek(p)->kind == TOKEN_ASSIGN ||
        parse_peek(p)->kind == TOKEN_EQUALS) {
        return;
    }
    uint32_t word = p->at;
    struct diag *joined = parse_one_word(p, name, "the name of a stage or of an end");
    if (joined != NULL) {
        diag_help_edit(joined, DIAG_FIX_GUESS, span_before(parse_span(p, word)), SLICE("due "),
                       "or write `due` before a moment");
        return;
    }
    if (!parse_at_name(p)) {
        struct diag *diag = parse_needs(p, "a move", "`due` before a moment");
        parse_insert(p, diag, "due");
        uint32_t dropped = parse_open(p, NODE_ERROR);
        parse_expr(p, dropped, "`due`", "a moment or a duration");
    }
}

void parse_goto(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_GOTO);
    if (!parse_at(p, TOKEN_ARROW)) {
        report_arrow(p);
    }
    parse_advance(p);
    if (parse_at_word(p, WORD_BACK)) {
        parse_leaf(p, node, NODE_BACK);
    } else if (parse_at_word(p, WORD_DONE)) {
        parse_leaf(p, node, NODE_DONE);
    } else if (parse_at(p, TOKEN_WORD) && parse_at_name(p)) {
        parse_due_missing(p, parse_leaf(p, node, NODE_NAME));
    } else if (parse_at(p, TOKEN_WORD) && parse_at_same_line(p) && !starts_step(p) &&
               (parse_peek(p)->kind == TOKEN_WORD || parse_peek(p)->kind == TOKEN_MINUS) &&
               !parse_at_name(p) && !parse_peek(p)->first_on_line) { // `=> in work`
        uint32_t name = parse_leaf(p, node, NODE_ERROR);
        (void)parse_one_word(p, name, "the name of a stage or of an end");
    } else if (parse_quoted_name(p, node, CLASS_NAME, "the name of a stage or of an end")) {
        // reported
    } else if (parse_at(p, TOKEN_WORD) && !parse_at_word(p, WORD_END) &&
               !parse_token(p)->first_on_line && !starts_step(p)) {
        parse_ref(p, node, "`=>`", "the name of a stage or of an end");
    } else {
        struct diag *diag = parse_complain(p, DIAG_E0215, parse_here(p));
        diag_help(diag, "a case that is over goes to an `end` by its name, for example `=> won`");
        parse_missing(p, node, CLASS_NAME);
        if (!parse_token(p)->first_on_line) {
            (void)parse_take_word(p, WORD_END);
        }
    }
    if (parse_at_word(p, WORD_DUE)) {
        parse_due(p, node);
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_again(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_AGAIN);
    parse_advance(p);
    if (parse_at_word(p, WORD_DUE)) {
        parse_due(p, node);
    } else {
        struct diag *diag = parse_needs(p, "`again`", "`due` and a new moment");
        diag_note(diag, "`again` keeps the task and gives it a new moment");
        if (parse_at_expr(p) && !parse_token(p)->first_on_line) {
            diag_help_edit(diag, DIAG_FIX_SAFE, span_before(parse_span(p, p->at)),
                           SLICE("due "), "write `due` before it");
            uint32_t due = parse_open(p, NODE_DUE);
            parse_expr(p, due, "`due`", "a moment or a duration");
            parse_add(p, node, parse_close(p, due));
        } else {
            parse_missing(p, node, CLASS_CLAUSE);
        }
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_retry(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_RETRY);
    parse_advance(p);
    parse_lone_ref(p, node, "`retry`", "the name of a ladder");
    if (parse_take_word(p, WORD_THEN)) {
        if (parse_at_body(p) || !parse_token(p)->first_on_line) {
            parse_body(p, node);
        } else {
            parse_needs(p, "`then`", "what happens after the last rung");
            parse_missing(p, node, CLASS_BLOCK);
        }
    } else {
        struct diag *diag = parse_complain(p, DIAG_E0208, parse_span(p, p->at - 1));
        diag_fact(diag, parse_describe(p, node));
        diag_here(diag, "every ladder has an end");
        bool arrow = parse_at_body(p) && parse_at_same_line(p);
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

// ------------------------------------------------------------------------------------ steps

static void parse_ask_clauses(struct parser *p, uint32_t node)
{
    while (true) {
        if (parse_at_clause(p, WORD_REQUIRED)) {
            parse_once(p, node, NODE_REQUIRED);
            parse_leaf(p, node, NODE_REQUIRED);
        } else if (parse_at_clause(p, WORD_QUICK)) {
            parse_once(p, node, NODE_QUICK);
            parse_leaf(p, node, NODE_QUICK);
        } else if (parse_at(p, TOKEN_EQUALS) && parse_at_same_line(p)) {
            parse_once(p, node, NODE_INITIAL);
            uint32_t initial = parse_open(p, NODE_INITIAL);
            parse_advance(p);
            parse_expr(p, initial, "`=`", "a first value");
            parse_add(p, node, parse_close(p, initial));
        } else if (parse_at_clause(p, WORD_HELP)) {
            parse_once(p, node, NODE_HELP);
            uint32_t help = parse_open(p, NODE_HELP);
            parse_advance(p);
            parse_label(p, help, "`help`", false);
            parse_add(p, node, parse_close(p, help));
        } else {
            return;
        }
    }
}

void parse_ask(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_ASK);
    parse_advance(p);
    parse_decl_name(p, node);
    bool colon = parse_take(p, TOKEN_COLON);
    bool typed = parse_at_plain_word(p) || parse_peek(p)->kind == TOKEN_STRING ||
                 parse_peek(p)->word == WORD_OF;
    bool colon_missing = !colon && parse_at_name(p) && !parse_at_clause(p, WORD_HELP) && typed &&
                         parse_at_same_line(p) && !parse_peek(p)->first_on_line &&
                         parse_peek(p)->kind != TOKEN_ASSIGN;
    if (colon_missing) {
        struct diag *diag = parse_complain(p, DIAG_E0205, parse_gap(p));
        diag_fact(diag, parse_describe(p, node));
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(":"), "add `:`");
    }
    if (colon || colon_missing) {
        parse_type(p, node);
    }
    if (parse_at_text(p) && parse_peek(p)->kind != TOKEN_ASSIGN) {
        if (!parse_has(p, node, NODE_ERROR) && !colon && !colon_missing) {
            struct diag *diag = parse_complain(p, DIAG_E0205, parse_gap(p));
            diag_fact(diag, parse_describe(p, node));
            diag_note(diag, "an `ask` with the name of a field alone takes the label of the field");
            diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, parse_gap(p), SLICE(": text"),
                           "add the type of the answer");
        }
        parse_label(p, node, "a label", false);
    }
    parse_ask_clauses(p, node);
    parse_add(p, parent, parse_close(p, node));
}

void parse_assign(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_ASSIGN);
    parse_ref(p, node, "`:=`", "the name of a field before it");
    if (parse_at(p, TOKEN_EQUALS)) {
        struct diag *diag = parse_complain(p, DIAG_E0221, parse_span(p, p->at));
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), SLICE(":="), "write `:=`");
    }
    parse_advance(p);
    parse_expr(p, node, "`:=`", "a value after it");
    parse_add(p, parent, parse_close(p, node));
}

static void parse_require(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_REQUIRE);
    parse_advance(p);
    parse_expr(p, node, "`require`", "a condition");
    if (!parse_take_word(p, WORD_ELSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0224, parse_here(p));
        bool text = parse_at_text(p) && !parse_token(p)->first_on_line;
        diag_help_edit(diag, text ? DIAG_FIX_SAFE : DIAG_FIX_PLACEHOLDER, parse_gap(p),
                       text ? SLICE(" else") : SLICE(" else \"Say what is missing\""),
                       text ? "write `else` before the text" : "add `else` and a text");
        if (!text) {
            parse_missing(p, node, CLASS_LABEL);
            parse_add(p, parent, parse_close(p, node));
            return;
        }
    }
    parse_label(p, node, "`else`", true);
    parse_add(p, parent, parse_close(p, node));
}

static void parse_if(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_IF);
    parse_advance(p);
    parse_expr(p, node, "`if`", "a condition");
    parse_body(p, node);
    bool braces = parse_at(p, TOKEN_BRACE_OPEN) && p->tokens[p->at - 1].kind == TOKEN_BRACE_CLOSE;
    if (braces || (parse_at(p, TOKEN_BRACE_OPEN) && parse_token(p)->first_on_line)) {
        struct diag *diag = parse_needs(p, "this `if`", "`else` before its other steps");
        parse_insert(p, diag, "else");
        parse_body(p, node);
    } else if (parse_take_word(p, WORD_ELSE)) {
        if (!parse_at_word(p, WORD_IF)) {
            parse_body(p, node);
        } else if (parse_enter(p)) {
            uint32_t block = parse_open(p, NODE_BLOCK);
            parse_if(p, block);
            parse_add(p, node, parse_close(p, block));
            parse_leave(p);
        }
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_notify(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_NOTIFY);
    parse_advance(p);
    parse_ref(p, node, "`notify`", "the name of a role");
    parse_label(p, node, "`notify`", true);
    parse_within_hours(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// NAME : …, the next value after `with`
static bool value_follows(const struct parser *p)
{
    return parse_at(p, TOKEN_WORD) &&
           (parse_peek(p)->kind == TOKEN_COLON ||
            (parse_at_same_line(p) && p->tokens[p->at - 1].kind == TOKEN_COMMA &&
             !parse_at_word(p, WORD_AS) && !parse_at_word(p, WORD_REFUSED)));
}

void parse_with(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_WITH);
    bool more;
    parse_advance(p);
    do {
        uint32_t before = p->at;
        uint32_t arg = parse_open(p, NODE_ARG);
        parse_ref(p, arg, "`with`", "the name of a field and its value");
        if (!parse_take(p, TOKEN_COLON)) {
            struct diag *diag =
                parse_needs(p, "a value after `with`", "`:` between name and value");
            if (parse_at_expr(p) && parse_at_same_line(p)) {
                diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(":"), "add `:`");
            } else {
                diag_help(diag, "for example `with phone: \"+7 495 123-45-67\"`");
            }
        }
        parse_expr(p, arg, "the colon", "a value after it");
        parse_add(p, node, parse_close(p, arg));
        // Nothing was read: what stands there is no value, whatever it looks like.
        bool missing = value_follows(p) && parse_at_same_line(p) && p->at > before;
        if (missing) {
            parse_comma_missing(p, "values");
        }
        more = missing || parse_comma(p, value_follows);
    } while (more);
    parse_add(p, parent, parse_close(p, node));
}

// The last comma of a list in braces is allowed.
static bool parse_pair_follows(const struct parser *p)
{
    return !parse_at(p, TOKEN_COMMA);
}

// `=> NAME`, or a pair for each member in braces.
static void parse_pairs(struct parser *p, uint32_t node)
{
    bool brace_missing = parse_at_name(p) && parse_peek(p)->kind == TOKEN_ARROW;
    if (!parse_at(p, TOKEN_BRACE_OPEN) && !brace_missing) {
        uint32_t all = parse_open(p, NODE_PAIR_ALL);
        if (!parse_take(p, TOKEN_ARROW)) {
            struct diag *diag = parse_needs(p, "`convert`", "`=>` and the process of the children");
            diag_help(diag, "write `=> PROCESS`, or `{ MEMBER => PROCESS, … }`");
        }
        parse_ref(p, all, "`=>`", "the name of a process");
        parse_add(p, node, parse_close(p, all));
        return;
    }
    uint32_t brace = parse_brace_open(p, node);
    while (!parse_body_over(p)) {
        uint32_t pair = parse_open(p, NODE_PAIR);
        parse_ref(p, pair, "this list", "the name of a member");
        if (parse_at(p, TOKEN_GIVES) || parse_at(p, TOKEN_EQUALS)) {
            report_arrow(p);
            parse_advance(p);
        } else if (!parse_take(p, TOKEN_ARROW)) {
            struct diag *diag = parse_needs(p, "a member", "`=>` and a process after it");
            if (parse_at_name(p) && parse_at_same_line(p)) {
                parse_insert(p, diag, "=>");
            }
        }
        parse_ref(p, pair, "`=>`", "the name of a process");
        parse_add(p, node, parse_close(p, pair));
        if (!parse_comma(p, parse_pair_follows)) {
            break;
        }
    }
    if (parse_at_word(p, WORD_WITH)) {
        struct diag *diag = parse_complain(p, DIAG_E0210, parse_span(p, brace));
        diag_fact(diag, parse_describe(p, node));
        diag_here(diag, "no `}` closes what begins here");
        parse_insert(p, diag, "}");
        return;
    }
    if (!parse_body_over(p)) {
        struct diag *diag = parse_complain(p, DIAG_E0219, parse_gap(p));
        diag_fact(diag, SLICE("the members of a `convert`"));
        if (parse_at_name(p)) {
            diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(","), "add a comma");
        }
        while (!parse_body_over(p)) {
            parse_advance(p);
        }
    }
    parse_brace_close(p, node, brace);
}

static void parse_convert(struct parser *p, uint32_t parent)
{
    bool each = parse_peek(p)->kind == TOKEN_WORD && parse_peek(p)->word == WORD_EACH;
    uint32_t node = parse_open(p, each ? NODE_CONVERT_EACH : NODE_CONVERT_INTO);
    parse_advance(p);
    if (each) {
        parse_advance(p);
        parse_ref(p, node, "`each`", "a name for the item");
        if (!parse_take_word(p, WORD_OF)) {
            parse_insert(p, parse_needs(p, "`convert each`", "`of` and a set or list"), "of");
        }
        parse_expr(p, node, "`of`", "a set or list after it");
        if (parse_at_word(p, WORD_BY)) {
            uint32_t by = parse_open(p, NODE_CONVERT_BY);
            parse_advance(p);
            parse_expr(p, by, "`by`", "what chooses the process");
            parse_add(p, node, parse_close(p, by));
        }
    }
    if (!parse_take_word(p, WORD_INTO)) {
        struct diag *diag = parse_needs(p, "`convert`", "`into` and the name of a collection");
        diag_help(diag, "write `convert into NAME => PROCESS` for one child, or "
                        "`convert each ITEM of SET into NAME => PROCESS`");
    }
    parse_ref(p, node, "`into`", "the name of a collection");
    if (each) {
        parse_pairs(p, node);
    } else {
        if (!parse_take(p, TOKEN_ARROW)) {
            parse_needs(p, "`convert`", "`=>` and a process");
        }
        parse_ref(p, node, "`=>`", "the name of a process");
    }
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_step(struct parser *p, uint32_t block)
{
    if (at_assign(p)) {
        parse_assign(p, block);
        return;
    }
    if (parse_at(p, TOKEN_ARROW) || parse_at(p, TOKEN_GIVES) || parse_at(p, TOKEN_EQUALS)) {
        parse_goto(p, block);
        return;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_AGAIN: parse_again(p, block); return;
    case WORD_ESCALATE: parse_escalate(p, block); return;
    case WORD_MERGE: parse_merge(p, block); return;
    case WORD_RETRY: parse_retry(p, block); return;
    case WORD_ASK: parse_ask(p, block); return;
    case WORD_REQUIRE: parse_require(p, block); return;
    case WORD_IF: parse_if(p, block); return;
    case WORD_NOTIFY: parse_notify(p, block); return;
    case WORD_CONVERT: parse_convert(p, block); return;
    case WORD_SEND: parse_send(p, block); return;
    case WORD_TASK: parse_task(p, block); return;
    default: break;
    }
    uint32_t node = parse_open(p, NODE_CANCEL);
    parse_advance(p);
    parse_ref(p, node, "`cancel`", "the name of a collection of children");
    parse_add(p, block, parse_close(p, node));
}
