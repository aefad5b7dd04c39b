// Tests: what people do beside pressing, and children that get a name.
#include "dsl/syntax/parse_internal.h"

struct deed {
    enum word word;
    bool has_title; // "Title" on CASE
    enum word joins; // what stands before the last name; WORD_NONE: there is none
    const char *wants; // that name
};

static const struct deed deeds[DEED_COUNT] = {
    [DEED_LOOKS] = { WORD_LOOKS, false, WORD_NONE, NULL },
    [DEED_REPEATS] = { WORD_REPEATS, false, WORD_NONE, NULL },
    [DEED_UNDOES] = { WORD_UNDOES, false, WORD_NONE, NULL },
    [DEED_REOPENS] = { WORD_REOPENS, false, WORD_NONE, NULL },
    [DEED_CLAIMS] = { WORD_CLAIMS, false, WORD_NONE, NULL },
    [DEED_EDITS] = { WORD_EDITS, false, WORD_NONE, NULL },
    [DEED_MOVES] = { WORD_MOVES, false, WORD_TO, "the name of a stage" },
    [DEED_GIVES] = { WORD_GIVES_TASK, false, WORD_TO, "the name of a person" },
    [DEED_ADDS] = { WORD_ADDS, true, WORD_FOR, "the name of a person or of a role" },
    [DEED_FINISHES] = { WORD_FINISHES, true, WORD_NONE, NULL },
};

// DEED_COUNT: the token after the current one is no such word.
static enum syntax_deed find_deed(const struct parser *p)
{
    enum syntax_deed deed = DEED_LOOKS;
    const struct token *verb = parse_peek(p);
    while (deed < DEED_COUNT && (verb->kind != TOKEN_WORD || verb->first_on_line ||
                               verb->word != (uint8_t)deeds[deed].word)) {
        deed++;
    }
    return deed;
}

bool parse_at_deed(const struct parser *p)
{
    return parse_at_name(p) && find_deed(p) != DEED_COUNT;
}

void parse_deed_words(enum word *ret_words)
{
    for (uint32_t i = 0; i < DEED_COUNT; i++) {
        ret_words[i] = deeds[i].word;
    }
}

void parse_refused(struct parser *p, uint32_t node)
{
    if (parse_at_word(p, WORD_REFUSED)) {
        uint32_t refused = parse_open(p, NODE_REFUSED);
        parse_advance(p);
        if (parse_at(p, TOKEN_STRING)) {
            parse_leaf(p, refused, NODE_STRING);
        }
        parse_add(p, node, parse_close(p, refused));
    }
}

// A word that joins two names; a missing one is put in when a name follows.
static void parse_join(struct parser *p, enum word word, const char *what, const char *needs)
{
    if (parse_take_word(p, word)) {
        return;
    }
    struct diag *diag = parse_needs(p, what, needs);
    if (parse_at_name(p) && parse_at_same_line(p)) {
        parse_insert(p, diag, syntax_word_text(word));
    }
}

// NAME VERB ["TITLE" on] NAME [to NAME] [with …] [refused [STRING]]
void parse_deed(struct parser *p, uint32_t test)
{
    enum syntax_deed kind = find_deed(p);
    const struct deed *deed = &deeds[kind];
    const char *verb = arena_format(p->arena, "`%s`", syntax_word_text(deed->word)).ptr;
    uint32_t node = parse_open(p, NODE_PLAY_DEED);
    p->nodes[node].op = (uint8_t)kind;
    parse_leaf(p, node, NODE_NAME);
    parse_advance(p);
    if (kind == DEED_LOOKS) {
        parse_join(p, WORD_AT, verb, "`at` and the name of a case");
    }
    if (deed->has_title) {
        if (parse_at(p, TOKEN_STRING)) {
            parse_leaf(p, node, NODE_STRING);
        } else {
            parse_needs(p, verb, "the title of a side task in quotes");
            parse_missing(p, node, CLASS_EXPR);
        }
        parse_join(p, WORD_ON, verb, "`on` and the name of a case");
    }
    parse_ref(p, node, verb, "the name of a case");
    if (deed->joins != WORD_NONE) {
        parse_join(p, deed->joins, verb,
                   arena_format(p->arena, "`%s` and %s", syntax_word_text(deed->joins),
                                deed->wants)
                       .ptr);
        parse_ref(p, node, verb, deed->wants);
    }
    if (kind == DEED_EDITS && parse_at_word(p, WORD_WITH)) {
        parse_with(p, node);
    } else if (kind == DEED_EDITS) {
        parse_needs(p, verb, "`with`, the name of a field and its value");
    }
    parse_refused(p, node);
    parse_add(p, test, parse_close(p, node));
}

// child PROCESS NAME of CASE.COLLECTION
void parse_play_child(struct parser *p, uint32_t test)
{
    uint32_t node = parse_open(p, NODE_PLAY_CHILD);
    parse_advance(p);
    parse_ref(p, node, "`child`", "the name of a process");
    parse_ref(p, node, "`child`", "a name for the case, after that of its process");
    parse_join(p, WORD_OF, "`child`", "`of` and the children it is one of: `CASE.COLLECTION`");
    parse_ref(p, node, "`of`", "the name of a case");
    if (!parse_take(p, TOKEN_DOT)) {
        parse_needs(p, "`child`", "a dot and the name of the children, after that of the case");
    }
    parse_ref(p, node, "the dot", "the name of the children");
    parse_add(p, test, parse_close(p, node));
}

// task ["TITLE"] [for NAME] [due EXPR], no task [for NAME], notice ["TEXT"] for NAME
void parse_check_text(struct parser *p, uint32_t node)
{
    if (parse_at(p, TOKEN_STRING) && parse_at_same_line(p)) {
        parse_leaf(p, node, NODE_STRING);
    }
}

void parse_check_for(struct parser *p, uint32_t node)
{
    uint32_t clause = parse_open(p, NODE_FOR);
    (void)parse_take_word(p, WORD_FOR);
    parse_ref(p, clause, "`for`", "the name of a person");
    parse_add(p, node, parse_close(p, clause));
}

bool parse_at_notice(const struct parser *p)
{
    const struct token *next = parse_peek(p);
    if (parse_at_word(p, WORD_NO)) {
        return next->kind == TOKEN_WORD && next->word == WORD_NOTICE;
    }
    return parse_at_word(p, WORD_NOTICE) && !next->first_on_line &&
           (next->kind == TOKEN_STRING || (next->kind == TOKEN_WORD && next->word == WORD_FOR));
}

void parse_notice(struct parser *p, uint32_t parent)
{
    bool no = parse_at_word(p, WORD_NO);
    uint32_t node = parse_open(p, no ? NODE_NO_NOTICE : NODE_NOTICE);
    parse_advance(p);
    if (no) {
        parse_advance(p);
    }
    parse_check_text(p, node);
    if (!parse_at_word(p, WORD_FOR)) {
        parse_needs(p, "`notice`", "`for` and the name of a person");
        parse_missing(p, node, CLASS_CLAUSE);
    } else {
        parse_check_for(p, node);
    }
    parse_add(p, parent, parse_close(p, node));
}
