// What a process or a stage holds, one by one: fields, tasks, actions, timers, rules, ends.
#include "base/check.h"
#include "dsl/syntax/parse_internal.h"

// ------------------------------------------------------------------------------------ clauses

// WORD LABEL
void parse_text_clause(struct parser *p, uint32_t parent, enum syntax_kind kind)
{
    parse_once(p, parent, kind);
    uint32_t node = parse_open(p, kind);
    struct slice what = parse_quote(p, p->at);
    parse_advance(p);
    parse_label(p, node, arena_cstr(p->arena, what), false);
    parse_add(p, parent, parse_close(p, node));
}

void parse_initial(struct parser *p, uint32_t parent)
{
    parse_once(p, parent, NODE_INITIAL);
    uint32_t node = parse_open(p, NODE_INITIAL);
    parse_advance(p);
    parse_expr(p, node, "`=`", "a first value");
    parse_add(p, parent, parse_close(p, node));
}

static void parse_flag(struct parser *p, uint32_t parent, enum syntax_kind kind)
{
    parse_once(p, parent, kind);
    parse_leaf(p, parent, kind);
}

// WORD WORD NAMES, whose second word is wanted
static void parse_names_clause(struct parser *p, uint32_t parent, enum syntax_kind kind,
                               enum word second, const char *what)
{
    parse_once(p, parent, kind);
    uint32_t node = parse_open(p, kind);
    parse_advance(p);
    if (!parse_take_word(p, second)) {
        struct diag *diag = parse_complain(p, DIAG_E0206, parse_here(p));
        diag_fact_format(diag, "`%.*s`", SLICE_PRINT(parse_text(p, p->at - 1)));
        diag_fact_format(diag, "`%s` after it", syntax_word_text(second));
        parse_insert(p, diag, syntax_word_text(second));
    }
    parse_names(p, node, what, "the name of a role");
    parse_add(p, parent, parse_close(p, node));
}

void parse_by(struct parser *p, uint32_t parent)
{
    parse_once(p, parent, NODE_BY);
    uint32_t node = parse_open(p, NODE_BY);
    parse_advance(p);
    parse_names(p, node, "`by`", "the name of a role");
    parse_add(p, parent, parse_close(p, node));
}

// if EXPR, behind a name
void parse_guard(struct parser *p, uint32_t parent)
{
    parse_once(p, parent, NODE_IF_CLAUSE);
    uint32_t node = parse_open(p, NODE_IF_CLAUSE);
    parse_advance(p);
    parse_expr(p, node, "`if`", "a condition");
    parse_add(p, parent, parse_close(p, node));
}

// due EXPR [until EXPR] [promised]
void parse_due(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_DUE);
    parse_advance(p);
    parse_expr(p, node, "`due`", "a moment or a duration");
    if (parse_at_clause(p, WORD_UNTIL)) {
        uint32_t until = parse_open(p, NODE_UNTIL);
        parse_advance(p);
        parse_expr(p, until, "`until`", "a moment or a duration");
        parse_add(p, node, parse_close(p, until));
    }
    parse_within_hours(p, node);
    if (parse_at_clause(p, WORD_PROMISED)) {
        parse_leaf(p, node, NODE_PROMISED);
    }
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ fields

// The clauses of a field or a part. False: none begins here.
static bool parse_field_clause(struct parser *p, uint32_t node)
{
    if (parse_at_clause(p, WORD_REQUIRED)) {
        parse_flag(p, node, NODE_REQUIRED);
    } else if (parse_at_clause(p, WORD_READONLY)) {
        parse_flag(p, node, NODE_READONLY);
    } else if (parse_at_clause(p, WORD_GIVEN)) {
        parse_flag(p, node, NODE_GIVEN);
    } else if (parse_at_clause(p, WORD_HELP)) {
        parse_text_clause(p, node, NODE_HELP);
    } else if (parse_at_clause(p, WORD_SHOWN)) {
        parse_names_clause(p, node, NODE_SHOWN_TO, WORD_TO, "`shown to`");
    } else if (parse_at(p, TOKEN_EQUALS)) {
        parse_initial(p, node);
    } else {
        return false;
    }
    return true;
}

void parse_field(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_FIELD);
    parse_advance(p);
    parse_decl_name(p, node);
    if (!parse_take(p, TOKEN_COLON)) {
        struct diag *diag = parse_complain(p, DIAG_E0205, parse_gap(p));
        diag_fact(diag, parse_describe(p, node));
        bool type = parse_at_type(p) && !parse_token(p)->first_on_line;
        diag_help_edit(diag, type ? DIAG_FIX_SAFE : DIAG_FIX_PLACEHOLDER, parse_gap(p),
                       type ? SLICE(":") : SLICE(": text"),
                       type ? "add `:`" : "for example `: text`");
    }
    parse_type(p, node);
    if (parse_at_text(p)) {
        parse_label(p, node, "a label", false);
    }
    while (parse_field_clause(p, node)) {
    }
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ tasks

// overdue LADDER [then flow], at most N times [then flow]
static void parse_then(struct parser *p, uint32_t node)
{
    if (parse_take_word(p, WORD_THEN)) {
        parse_flow_body(p, node);
    }
}

static void parse_overdue(struct parser *p, uint32_t parent)
{
    parse_once(p, parent, NODE_OVERDUE);
    uint32_t node = parse_open(p, NODE_OVERDUE);
    parse_advance(p);
    parse_lone_ref(p, node, "`overdue`", "the name of a ladder");
    parse_then(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// A moment without `due` before it.
static bool parse_bare_due(struct parser *p, uint32_t node)
{
    bool moment = parse_at(p, TOKEN_DURATION) || parse_at(p, TOKEN_DATE) ||
                  parse_at(p, TOKEN_TIME) || parse_at_word(p, WORD_NOW) ||
                  parse_at_word(p, WORD_TODAY);
    if (!moment || !parse_at_same_line(p) || parse_has(p, node, NODE_DUE)) {
        return false;
    }
    parse_insert(p, parse_needs(p, "a task", "`due` before a moment"), "due");
    uint32_t due = parse_open(p, NODE_DUE);
    parse_expr(p, due, "`due`", "a moment or a duration");
    parse_add(p, node, parse_close(p, due));
    return true;
}

static bool parse_task_clause(struct parser *p, uint32_t node)
{
    if (parse_at_word(p, WORD_DUE)) {
        parse_once(p, node, NODE_DUE);
        parse_due(p, node);
    } else if (parse_at_clause(p, WORD_URGENT)) {
        parse_flag(p, node, NODE_URGENT);
    } else if (parse_at_clause(p, WORD_SCRIPT)) {
        parse_text_clause(p, node, NODE_SCRIPT);
    } else if (parse_at_clause(p, WORD_OVERDUE)) {
        parse_overdue(p, node);
    } else if (parse_at_clause(p, WORD_OTHER)) {
        parse_names_clause(p, node, NODE_OTHER_THAN, WORD_THAN, "`other than`");
    } else if (!parse_remind_before(p, node) && !parse_bare_due(p, node)) {
        return false;
    }
    return true;
}

// `task "Call" to sales`.
static bool at_word_like_for(const struct parser *p)
{
    struct slice word = parse_text(p, p->at);
    const struct token *next = parse_peek(p);
    bool like = slice_equal(word, SLICE("to")) || slice_equal(word, SLICE("by")) ||
                slice_equal(word, SLICE("of"));
    return like && parse_at_same_line(p) && next->kind == TOKEN_WORD && !next->first_on_line &&
           !syntax_word_reserved((enum word)next->word);
}

void parse_task(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_TASK);
    parse_advance(p);
    parse_label(p, node, "a task", true);
    if (parse_take_word(p, WORD_FOR)) {
        parse_lone_ref(p, node, "`for`", "the name of a role");
    } else if (at_word_like_for(p)) {
        struct diag *diag = parse_needs(p, "a task", "`for` before the name of a role");
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), SLICE("for"), "write `for`");
        parse_advance(p);
        parse_lone_ref(p, node, "`for`", "the name of a role");
    } else if (parse_at_name(p) && parse_token(p)->word == WORD_NONE && parse_at_same_line(p)) {
        parse_insert(p, parse_needs(p, "a task", "`for` before the name of a role"), "for");
        parse_ref(p, node, "`for`", "the name of a role");
    } else {
        struct diag *diag = parse_needs(p, "a task", "`for` and the name of a role");
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, parse_gap(p), SLICE(" for ROLE"),
                       "say whose task it is");
        parse_missing(p, node, CLASS_NAME);
    }
    while (parse_task_clause(p, node)) {
    }
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ actions

static void parse_alias(struct parser *p, uint32_t parent)
{
    parse_once(p, parent, NODE_ALIAS);
    uint32_t node = parse_open(p, NODE_ALIAS);
    parse_advance(p);
    bool more;
    do {
        if (parse_at(p, TOKEN_STRING)) {
            parse_leaf(p, node, NODE_STRING);
        } else {
            parse_needs(p, "`alias`", "a text in quotes, without `{…}`");
            parse_missing(p, node, CLASS_EXPR);
            break;
        }
        bool missing = parse_at(p, TOKEN_STRING) && parse_at_same_line(p);
        if (missing) {
            parse_comma_missing(p, "words");
        }
        more = missing || parse_comma(p, parse_at_text);
    } while (more);
    parse_add(p, parent, parse_close(p, node));
}

static void parse_at_most(struct parser *p, uint32_t parent)
{
    parse_once(p, parent, NODE_AT_MOST);
    uint32_t node = parse_open(p, NODE_AT_MOST);
    parse_advance(p);
    if (!parse_take_word(p, WORD_MOST)) {
        parse_needs(p, "`at`", "`most` and a number of times");
    }
    if (!parse_literal(p, node, TOKEN_NUMBER, NODE_NUMBER)) {
        parse_needs(p, "`at most`", "a number");
        parse_missing(p, node, CLASS_EXPR);
    }
    if (!parse_take_word(p, WORD_TIMES)) {
        struct diag *diag = parse_needs(p, "`at most`", "the word `times` after the number");
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(" times"), "add `times`");
    }
    if (parse_at(p, TOKEN_ARROW) && parse_find_on_line(p, TOKEN_BRACE_OPEN) > 0) {
        struct diag *diag = parse_needs(p, "`at most`", "`then` before what comes afterwards");
        diag_note(diag, "what stands in braces is done the first times");
        parse_insert(p, diag, "then");
        parse_flow_body(p, node);
    }
    parse_then(p, node);
    parse_add(p, parent, parse_close(p, node));
}

static bool parse_action_clause(struct parser *p, uint32_t node)
{
    if (parse_at_word(p, WORD_BY)) {
        parse_by(p, node);
    } else if (parse_at_word(p, WORD_IF)) {
        parse_guard(p, node);
    } else if (parse_at_clause(p, WORD_GROUP)) {
        parse_text_clause(p, node, NODE_GROUP);
    } else if (parse_at_clause(p, WORD_CONFIRM)) {
        parse_text_clause(p, node, NODE_CONFIRM);
    } else if (parse_at_clause(p, WORD_HELP)) {
        parse_text_clause(p, node, NODE_HELP);
    } else if (parse_at_clause(p, WORD_ALIAS)) {
        parse_alias(p, node);
    } else if (parse_at_word(p, WORD_AT) && parse_peek(p)->word == WORD_MOST) {
        parse_at_most(p, node);
    } else {
        return false;
    }
    return true;
}

// `=> archive by sales`: a clause of the action stands behind its body.
static void check_late_clause(struct parser *p, uint32_t node)
{
    bool is_late = parse_at_word(p, WORD_BY) || parse_at_clause(p, WORD_GROUP) ||
                parse_at_clause(p, WORD_CONFIRM) || parse_at_clause(p, WORD_HELP) ||
                parse_at_clause(p, WORD_ALIAS) ||
                (parse_at_word(p, WORD_IF) && !parse_token(p)->first_on_line) ||
                (parse_at_word(p, WORD_AT) && parse_peek(p)->word == WORD_MOST);
    if (!is_late) {
        return;
    }
    struct diag *diag = parse_complain(p, DIAG_E0243, parse_span(p, p->at));
    diag_fact(diag, parse_text(p, p->at));
    diag_fact(diag, SLICE("action"));
    uint32_t late = p->at;
    while (parse_action_clause(p, node)) {
    }
    uint32_t block = p->nodes[node].first_child;
    while (block != NODE_NONE && p->nodes[block].kind != NODE_BLOCK) {
        block = p->nodes[block].next_sibling;
    }
    if (block == NODE_NONE || p->at == late) {
        diag_help(diag, "write it before the `=>` or the `{`");
        return;
    }
    uint32_t first = p->nodes[block].first_token;
    struct span body = span_join(parse_span(p, first), parse_span(p, late - 1));
    struct span clause = span_join(parse_span(p, late), parse_span(p, p->at - 1));
    struct slice text = arena_format(p->arena, "%.*s %.*s",
                                     SLICE_PRINT(source_text(p->diags->sources, clause)),
                                     SLICE_PRINT(source_text(p->diags->sources, body)));
    diag_help_edit(diag, DIAG_FIX_GUESS, span_join(body, clause), text,
                   "write it before the `=>` or the `{`");
}

void parse_action(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_ACTION);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    while (parse_action_clause(p, node)) {
    }
    parse_body(p, node);
    check_late_clause(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------- timers, rules

// after EXPR [idle] BODY, at EXPR BODY, every EXPR BODY, when EXPR [changes] BODY
void parse_timer_or_rule(struct parser *p, uint32_t parent)
{
    enum word word = (enum word)parse_token(p)->word;
    CHECK(word == WORD_AFTER || word == WORD_AT || word == WORD_EVERY || word == WORD_WHEN);
    uint32_t node = parse_open(p, word == WORD_AFTER   ? NODE_AFTER
                                  : word == WORD_AT    ? NODE_AT
                                  : word == WORD_EVERY ? NODE_EVERY
                                                       : NODE_WHEN);
    parse_advance(p);
    if (word == WORD_AFTER) {
        parse_expr(p, node, "`after`", "a duration");
        if (parse_at_clause(p, WORD_IDLE)) {
            parse_leaf(p, node, NODE_IDLE);
        }
    } else if (word == WORD_AT) {
        parse_expr(p, node, "`at`", "a moment");
    } else if (word == WORD_EVERY) {
        parse_expr(p, node, "`every`", "a duration");
    } else {
        parse_expr(p, node, "`when`", "a condition");
        if (parse_at_clause(p, WORD_CHANGES)) {
            parse_leaf(p, node, NODE_CHANGES);
        }
    }
    parse_body(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ ends

// reopen [within DURATION] [by names] [on repeat] => STAGE
static void parse_reopen(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_REOPEN);
    parse_advance(p);
    if (parse_at_word(p, WORD_WITHIN)) {
        uint32_t within = parse_open(p, NODE_WITHIN);
        parse_advance(p);
        if (!parse_literal(p, within, TOKEN_DURATION, NODE_DURATION)) {
            parse_needs(p, "`within`", "a duration");
            parse_missing(p, within, CLASS_EXPR);
        }
        parse_add(p, node, parse_close(p, within));
    }
    if (parse_at_word(p, WORD_BY)) {
        parse_by(p, node);
    }
    if (parse_at_word(p, WORD_ON)) {
        uint32_t repeat = parse_open(p, NODE_REOPEN_ON_REPEAT);
        parse_advance(p);
        if (!parse_take_word(p, WORD_REPEAT)) {
            parse_needs(p, "`on`", "the word `repeat`");
        }
        parse_add(p, node, parse_close(p, repeat));
    } else if (parse_at_word(p, WORD_REPEAT)) {
        parse_insert(p, parse_needs(p, "`repeat`", "the word `on` before it"), "on");
        parse_advance(p);
    }
    if (parse_at(p, TOKEN_ARROW) || parse_at(p, TOKEN_GIVES) || parse_at(p, TOKEN_EQUALS)) {
        parse_goto(p, node);
    } else {
        struct diag *diag = parse_needs(p, "`reopen`", "`=>` and the stage where work goes on");
        if (parse_at_name(p) && parse_at_same_line(p)) {
            parse_insert(p, diag, "=>");
            parse_advance(p);
        } else {
            diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, parse_gap(p), SLICE(" => STAGE"),
                           "add `=> STAGE`");
        }
        parse_missing(p, node, CLASS_STEP);
    }
    parse_add(p, parent, parse_close(p, node));
}

void parse_end(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_END);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    while (true) {
        if (parse_at_clause(p, WORD_SUCCESS) && !parse_has(p, node, NODE_FAILURE)) {
            parse_flag(p, node, NODE_SUCCESS);
        } else if (parse_at_clause(p, WORD_FAILURE) && !parse_has(p, node, NODE_SUCCESS)) {
            parse_flag(p, node, NODE_FAILURE);
        } else if (parse_at_word(p, WORD_BY)) {
            parse_by(p, node);
        } else {
            break;
        }
    }
    if (parse_at_clause(p, WORD_REOPEN)) {
        parse_reopen(p, node);
    }
    parse_add(p, parent, parse_close(p, node));
}
