// The outside world: connectors, messages that come in, calls that go out.
#include "dsl/syntax/parse_internal.h"

// ------------------------------------------------------------------------------------ parameters

static void close_parenthesis(struct parser *p, uint32_t open)
{
    if (!parse_take(p, TOKEN_PAREN_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0229, parse_span(p, open));
        diag_fact(diag, SLICE("("));
        diag_help_edit(diag, DIAG_FIX_GUESS, parse_gap(p), SLICE(")"), "add `)`");
    }
}

static bool at_parenthesis_end(const struct parser *p)
{
    return parse_at(p, TOKEN_PAREN_CLOSE) || parse_body_over(p) || parse_at_body(p);
}

// ------------------------------------------------------------------------------------ connectors

static void parse_connector_part(struct parser *p, uint32_t connector, enum syntax_kind kind)
{
    uint32_t node = parse_open(p, kind);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_params(p, node, kind == NODE_CONNECTOR_CALL ? "a call" : "a message");
    parse_add(p, connector, parse_close(p, node));
}

static void parse_connector_retry(struct parser *p, uint32_t connector)
{
    parse_once(p, connector, NODE_CONNECTOR_RETRY);
    uint32_t node = parse_open(p, NODE_CONNECTOR_RETRY);
    parse_advance(p);
    parse_ref(p, node, "`retry`", "the name of a ladder");
    parse_add(p, connector, parse_close(p, node));
}

static bool at_connector_part(const struct parser *p)
{
    return parse_at_word(p, WORD_RETRY) || parse_at_word(p, WORD_CALL) ||
           parse_at_word(p, WORD_MESSAGE);
}

void parse_connector(struct parser *p, uint32_t file)
{
    static const enum word words[] = { WORD_CALL, WORD_MESSAGE, WORD_RETRY };
    uint32_t node = parse_open(p, NODE_CONNECTOR);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    uint32_t brace = parse_brace_open(p, node);
    while (!parse_body_over(p)) {
        if (!at_connector_part(p)) {
            parse_unknown(p, node, words, ARRAY_COUNT(words));
            parse_skip_to(p, at_connector_part);
            continue;
        }
        parse_calm(p);
        if (parse_at_word(p, WORD_RETRY)) {
            parse_connector_retry(p, node);
        } else {
            parse_connector_part(p, node, parse_at_word(p, WORD_CALL) ? NODE_CONNECTOR_CALL
                                                                      : NODE_CONNECTOR_MESSAGE);
        }
    }
    parse_brace_close(p, node, brace);
    parse_add(p, file, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ messages

// NAME "." NAME
static void parse_of_connector(struct parser *p, uint32_t node, const char *what,
                               const char *second)
{
    parse_ref(p, node, what, "the name of a connector");
    if (!parse_take(p, TOKEN_DOT)) {
        struct diag *diag = parse_needs(p, what, second);
        diag_help(diag, "write `CONNECTOR.NAME`");
        parse_missing(p, node, CLASS_NAME);
        return;
    }
    parse_ref(p, node, "the dot", second);
}

// NAME "." NAME "(" [ NAME { "," NAME } ] ")"
static void parse_signal(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_SIGNAL);
    parse_of_connector(p, node, "`on message`", "the name of a message");
    uint32_t open = p->at;
    if (!parse_take(p, TOKEN_PAREN_OPEN)) {
        struct diag *diag = parse_needs(p, "a message", "its parameters in parentheses");
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE("()"), "add `()`");
        parse_add(p, parent, parse_close(p, node));
        return;
    }
    while (!at_parenthesis_end(p)) {
        parse_ref(p, node, "a message", "the names of its parameters");
        if (!parse_more(p, parse_at_parameter, "parameters")) {
            break;
        }
    }
    close_parenthesis(p, open);
    parse_add(p, parent, parse_close(p, node));
}

// on message SIGNAL [keep] BODY
void parse_on_message(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_ON_MESSAGE);
    parse_advance(p);
    parse_advance(p);
    parse_signal(p, node);
    if (parse_at_clause(p, WORD_KEEP)) {
        parse_leaf(p, node, NODE_KEEP);
    }
    parse_body(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// on message SIGNAL start PROCESS [with …]
void parse_intake(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_INTAKE);
    parse_advance(p);
    parse_advance(p);
    parse_signal(p, node);
    if (!parse_take_word(p, WORD_START)) {
        struct diag *diag = parse_needs(p, "`on message` outside of a process",
                                        "`start` and the process that it begins");
        diag_help(diag, "write `start PROCESS with FIELD: PARAMETER, …`");
        parse_missing(p, node, CLASS_NAME);
        if (parse_at_body(p)) {
            parse_body(p, node);
        }
        parse_add(p, file, parse_close(p, node));
        return;
    }
    parse_ref(p, node, "`start`", "the name of a process");
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    parse_add(p, file, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ calls

// send NAME.NAME [with …] [within NAME hours] [else BODY]
void parse_send(struct parser *p, uint32_t block)
{
    uint32_t node = parse_open(p, NODE_SEND);
    parse_advance(p);
    parse_of_connector(p, node, "`send`", "the name of a call");
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    parse_within_hours(p, node);
    if (parse_take_word(p, WORD_ELSE)) {
        parse_body(p, node);
    } else if (parse_at(p, TOKEN_BRACE_OPEN)) { // no step begins with a brace
        parse_insert(p, parse_needs(p, "`send`", "`else` before what follows a failure"), "else");
        parse_body(p, node);
    }
    parse_add(p, block, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ tests

// message NAME.NAME [to NAME] [with …] [refused [STRING]]
void parse_play_message(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_MESSAGE);
    parse_advance(p);
    parse_of_connector(p, node, "`message`", "the name of a message");
    if (parse_take_word(p, WORD_TO)) {
        parse_ref(p, node, "`to`", "the name of a case");
    }
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    parse_refused(p, node);
    parse_add(p, test, parse_close(p, node));
}

// call NAME.NAME on NAME (failed | succeeded)
void parse_play_call(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_CALL);
    parse_advance(p);
    parse_of_connector(p, node, "`call`", "the name of a call");
    if (!parse_take_word(p, WORD_ON)) {
        parse_needs(p, "`call`", "`on` and the name of a case");
    }
    parse_ref(p, node, "`on`", "the name of a case");
    p->nodes[node].op = parse_at_word(p, WORD_SUCCEEDED) ? SYNTAX_SUCCEEDED : SYNTAX_FAILED;
    if (!parse_take_word(p, WORD_FAILED) && !parse_take_word(p, WORD_SUCCEEDED)) {
        parse_needs(p, "`call`", "`failed` or `succeeded`");
    }
    parse_add(p, test, parse_close(p, node));
}
