// Tests of processes: plays and what is expected.
#include "dsl/syntax/parse_internal.h"

static bool at_does(const struct parser *p)
{
    return parse_at_name(p) && parse_peek(p)->kind == TOKEN_WORD &&
           parse_peek(p)->word == WORD_DOES;
}

static bool starts_play(const struct parser *p)
{
    if (!parse_at(p, TOKEN_WORD)) {
        return false;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_AT:
    case WORD_USER:
    case WORD_START:
    case WORD_WAIT:
    case WORD_MESSAGE:
    case WORD_RELOAD:
    case WORD_EXPECT: return true;
    case WORD_ABSENT:
    case WORD_PRESENT: return at_does(p) || parse_peek(p)->kind == TOKEN_WORD;
    case WORD_CALL: return parse_peek(p)->word != WORD_DOES;
    case WORD_CHILD: return at_does(p) || parse_peek(p)->kind == TOKEN_WORD;
    default: return at_does(p) || parse_at_deed(p);
    }
}

static bool starts_play_line(const struct parser *p)
{
    return starts_play(p) || (parse_token(p)->first_on_line && parse_at_name(p));
}

static void play_at(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_AT);
    parse_advance(p);
    bool date = parse_at(p, TOKEN_DATE) && parse_peek(p)->kind == TOKEN_TIME;
    if (date) {
        uint32_t moment = parse_open(p, NODE_DATETIME);
        parse_advance(p);
        parse_advance(p);
        parse_add(p, node, parse_close(p, moment));
    } else {
        struct diag *diag = parse_needs(p, "`at` in a test", "a date and a time");
        diag_help(diag, "for example `at 2026-03-02 10:00`");
        parse_missing(p, node, CLASS_EXPR);
        (void)(parse_take(p, TOKEN_DATE) || parse_take(p, TOKEN_TIME));
    }
    if (parse_at_word(p, WORD_ZONE) && !parse_token(p)->first_on_line) {
        parse_zone_of_test(p, node);
    }
    parse_add(p, test, parse_close(p, node));
}

static void play_user(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_USER);
    parse_advance(p);
    parse_ref(p, node, "`user`", "a name for the person");
    if (parse_at(p, TOKEN_EQUALS)) {
        struct diag *diag = parse_needs(p, "a user", "`is` and the roles of the person");
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), SLICE("is"), "write `is`");
        parse_advance(p);
    } else if (!parse_take_word(p, WORD_IS)) {
        struct diag *diag = parse_needs(p, "a user", "`is` and the roles of the person");
        if (parse_at_name(p) && parse_at_same_line(p)) {
            parse_insert(p, diag, "is");
        }
    }
    parse_names(p, node, "`is`", "the name of a role");
    if (parse_at_word(p, WORD_UNDER)) {
        uint32_t under = parse_open(p, NODE_UNDER);
        parse_advance(p);
        parse_ref(p, under, "`under`", "the name of a person");
        parse_add(p, node, parse_close(p, under));
    }
    if (parse_at_word(p, WORD_TEAM)) {
        parse_team(p, node);
    }
    parse_add(p, test, parse_close(p, node));
}

// absent NAME DURATION [substitute NAME]
static void play_absent(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_ABSENT);
    parse_advance(p);
    parse_ref(p, node, "`absent`", "the name of a person");
    if (!parse_literal(p, node, TOKEN_DURATION, NODE_DURATION)) {
        struct diag *diag = parse_needs(p, "`absent`", "how long the person is away");
        diag_help(diag, "for example `absent bob 3 days substitute bea`");
        parse_missing(p, node, CLASS_EXPR);
    }
    if (parse_at_word(p, WORD_SUBSTITUTE)) {
        uint32_t substitute = parse_open(p, NODE_SUBSTITUTE);
        parse_advance(p);
        parse_ref(p, substitute, "`substitute`", "the name of a person");
        parse_add(p, node, parse_close(p, substitute));
    }
    parse_add(p, test, parse_close(p, node));
}

static void play_present(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_PRESENT);
    parse_advance(p);
    parse_ref(p, node, "`present`", "the name of a person");
    parse_add(p, test, parse_close(p, node));
}

static void play_start(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_START);
    parse_advance(p);
    parse_ref(p, node, "`start`", "the name of a process");
    parse_ref(p, node, "`start`", "a name for the new case, after that of the process");
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    if (parse_at_word(p, WORD_AS)) {
        uint32_t as = parse_open(p, NODE_AS);
        parse_advance(p);
        parse_ref(p, as, "`as`", "the name of a person");
        parse_add(p, node, parse_close(p, as));
    }
    parse_refused(p, node);
    parse_add(p, test, parse_close(p, node));
}

static void play_wait(struct parser *p, uint32_t test)
{
    bool until = parse_peek(p)->kind == TOKEN_WORD && parse_peek(p)->word == WORD_UNTIL;
    uint32_t node = parse_open(p, until ? NODE_PLAY_WAIT_UNTIL : NODE_PLAY_WAIT);
    parse_advance(p);
    if (until) {
        parse_advance(p);
        parse_expr(p, node, "`wait until`", "a moment");
    } else if (!parse_literal(p, node, TOKEN_DURATION, NODE_DURATION)) {
        struct diag *diag = parse_needs(p, "`wait`", "a duration, or `until` and a moment");
        if (parse_at(p, TOKEN_NUMBER)) {
            diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(parse_span(p, p->at)),
                           SLICE(" min"), "add s, min, h, days, weeks or months");
            parse_advance(p);
        } else {
            diag_help(diag, "for example `wait 30 min`");
        }
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_add(p, test, parse_close(p, node));
}

// task ["TITLE"] [for NAME] [due EXPR]
static void parse_task_check(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_TASK_CHECK);
    parse_advance(p);
    parse_check_text(p, node);
    bool bare = parse_at_name(p) && parse_token(p)->word == WORD_NONE && parse_at_same_line(p);
    if (bare) {
        parse_insert(p, parse_needs(p, "`task`", "`for` before the name of a person"), "for");
        parse_check_for(p, node);
    } else if (parse_at_word(p, WORD_FOR)) {
        parse_check_for(p, node);
    }
    bool moment = (parse_at(p, TOKEN_DATE) || parse_at(p, TOKEN_TIME)) && parse_at_same_line(p);
    if (moment || parse_at_word(p, WORD_DUE)) {
        if (moment) {
            parse_insert(p, parse_needs(p, "`task`", "`due` before a moment"), "due");
        }
        uint32_t due = parse_open(p, NODE_DUE);
        (void)parse_take_word(p, WORD_DUE);
        parse_expr(p, due, "`due`", "a moment");
        parse_add(p, node, parse_close(p, due));
    }
    parse_add(p, parent, parse_close(p, node));
}

// `incident` as a whole check: nothing that makes it a name stands behind it.
static bool at_incident(const struct parser *p)
{
    bool no = parse_at_word(p, WORD_NO) && parse_peek(p)->word == WORD_INCIDENT;
    const struct token *next = parse_peek(p);
    bool alone = next->first_on_line || next->kind == TOKEN_COMMA ||
                 next->kind == TOKEN_BRACE_CLOSE || next->kind == TOKEN_END;
    return no || (parse_at_word(p, WORD_INCIDENT) && alone);
}

static void parse_check(struct parser *p, uint32_t parent)
{
    if (at_incident(p)) {
        bool no = parse_at_word(p, WORD_NO);
        uint32_t node = parse_open(p, no ? NODE_NO_INCIDENT : NODE_INCIDENT);
        parse_advance(p);
        if (no) {
            parse_advance(p);
        }
        parse_add(p, parent, parse_close(p, node));
        return;
    }
    if (parse_at_notice(p)) {
        parse_notice(p, parent);
    } else if (parse_at_word(p, WORD_NO) && parse_peek(p)->word == WORD_TASK) {
        uint32_t node = parse_open(p, NODE_NO_TASK);
        parse_advance(p);
        parse_advance(p);
        if (parse_at_word(p, WORD_FOR) && parse_at_same_line(p)) {
            parse_check_for(p, node);
        }
        parse_add(p, parent, parse_close(p, node));
    } else if (parse_at_word(p, WORD_TASK) && parse_peek(p)->kind != TOKEN_DOT) {
        parse_task_check(p, parent);
    } else {
        parse_expr(p, parent, "`expect`", "a condition");
    }
}

static bool parse_at_check(const struct parser *p)
{
    return parse_at_expr(p) || parse_at_word(p, WORD_NO) || parse_at_word(p, WORD_TASK);
}

static bool check_follows(const struct parser *p)
{
    return parse_at_check(p) && !(parse_token(p)->first_on_line && starts_play(p));
}

static void play_expect(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_EXPECT);
    parse_advance(p);
    bool more;
    do {
        parse_check(p, node);
        bool missing = parse_at_same_line(p) && parse_at_check(p);
        if (missing) {
            parse_comma_missing(p, "expectations");
        }
        more = missing || parse_comma(p, check_follows);
    } while (more);
    parse_add(p, test, parse_close(p, node));
}

// NAME does NAME on NAME [with …] [refused [STRING]]
static void play_does(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_DOES);
    parse_leaf(p, node, NODE_NAME);
    parse_advance(p);
    parse_ref(p, node, "`does`", "the name of an action");
    if (!parse_take_word(p, WORD_ON)) {
        struct diag *diag = parse_needs(p, "`does`", "`on` and the name of a case");
        if (parse_at_name(p) && parse_at_same_line(p)) {
            parse_insert(p, diag, "on");
        }
    }
    parse_ref(p, node, "`on`", "the name of a case");
    if (parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    }
    parse_refused(p, node);
    parse_add(p, test, parse_close(p, node));
}

// reload "lead.next"
static void play_reload(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_RELOAD);
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, node, NODE_STRING);
    } else {
        parse_needs(p, "`reload`", "the name of a file in quotes");
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_add(p, test, parse_close(p, node));
}

// True: it is read as a word that it is like.
static bool report_unknown_play(struct parser *p, uint32_t test)
{
    static const enum word words[] = { WORD_AT,     WORD_USER,   WORD_START,   WORD_WAIT,
                                       WORD_EXPECT, WORD_ABSENT, WORD_PRESENT, WORD_MESSAGE,
                                       WORD_RELOAD,
                                       WORD_CHILD };
    enum word verbs[DEED_COUNT + 1] = { [DEED_COUNT] = WORD_DOES };
    parse_deed_words(verbs);
    if (parse_respell(p, test, words, ARRAY_COUNT(words))) {
        return true;
    }
    bool acts = parse_at_name(p) && parse_peek(p)->kind == TOKEN_WORD &&
                !parse_peek(p)->first_on_line && p->at + 1 < p->token_count;
    if (acts) {
        p->at++;
        bool respelt = parse_respell(p, test, verbs, ARRAY_COUNT(verbs));
        p->at--;
        if (respelt) {
            return true;
        }
    }
    if (parse_at_name(p) && parse_peek(p)->kind == TOKEN_WORD && !parse_peek(p)->first_on_line) {
        struct diag *diag = parse_complain(p, DIAG_E0213, parse_span(p, p->at));
        diag_fact(diag, parse_quote(p, p->at));
        diag_fact(diag, parse_describe(p, test));
        diag_help(diag, "a person acts as in `%.*s does ACTION on CASE`",
                  SLICE_PRINT(parse_text(p, p->at)));
        return false;
    }
    parse_unknown(p, test, words, ARRAY_COUNT(words));
    return false;
}

static void parse_play(struct parser *p, uint32_t test)
{
    if (at_does(p)) {
        play_does(p, test);
        return;
    }
    if (parse_at_deed(p)) {
        parse_deed(p, test);
        return;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_CHILD: parse_play_child(p, test); return;
    case WORD_ABSENT: play_absent(p, test); return;
    case WORD_PRESENT: play_present(p, test); return;
    case WORD_AT: play_at(p, test); return;
    case WORD_USER: play_user(p, test); return;
    case WORD_START: play_start(p, test); return;
    case WORD_WAIT: play_wait(p, test); return;
    case WORD_EXPECT: play_expect(p, test); return;
    case WORD_MESSAGE: parse_play_message(p, test); return;
    case WORD_CALL:
        if (parse_peek(p)->word != WORD_DOES) {
            parse_play_call(p, test);
            return;
        }
        play_does(p, test);
        return;
    case WORD_RELOAD: play_reload(p, test); return;
    default: play_does(p, test); return;
    }
}

void parse_test(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_TEST);
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, node, NODE_STRING);
    } else {
        parse_needs(p, "`test`", "a sentence in quotes that says what it shows");
        parse_missing(p, node, CLASS_EXPR);
    }
    p->suspect = NODE_NONE;
    p->early = 0;
    uint32_t brace = parse_brace_open(p, node);
    while (!parse_body_over(p)) {
        if (starts_play(p)) {
            parse_calm(p);
            parse_play(p, node);
        } else if (!report_unknown_play(p, node)) {
            parse_skip_to(p, starts_play_line);
        }
    }
    parse_brace_close(p, node, brace);
    parse_add(p, file, parse_close(p, node));
}
