// Inside of the parser: hand-written recursive descent over the tokens of one file. Every parse_
// function takes the construct that begins at the current token, adds its node to `parent` and
// leaves the parser behind it; none fails. What is missing becomes an ERROR node and one message;
// after a message the parser is quiet until the next item, step or play begins.
// Included by dsl/parse*.c only.
#ifndef RUNG_DSL_SYNTAX_PARSE_INTERNAL_H
#define RUNG_DSL_SYNTAX_PARSE_INTERNAL_H

#include "dsl/syntax/syntax.h"

enum {
    PARSE_NESTING_MAX = 32,    // braces, brackets and `else if` inside one another
    PARSE_EXPR_HEIGHT_MAX = 60, // operators of one chain
    PARSE_LOOK_AHEAD_MAX = 200  // tokens; what guesses at a slip must not cost more than the file
};

struct parser {
    struct token *tokens;
    uint32_t at;   // current token
    uint32_t line; // the first token of its line
    uint32_t token_count;
    struct syntax_node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    struct slice text;
    uint32_t file;
    struct arena *arena;
    struct diags *diags;
    bool quiet;           // a message was given for the construct in hand
    unsigned mute;        // above 0: what is read is dropped, and so are its messages
    unsigned nesting;
    bool has_errors;
    bool complained;
    uint32_t last_complaint; // where in the text
    uint32_t process;     // the process in hand, or the last one; NODE_NONE
    uint32_t process_end; // token after the last process
    bool process_left;    // items outside of it have been reported
    // The first body whose `}` stands in another column than the line of its `{`: when a brace is
    // missing in the end, it is most likely missing there.
    uint32_t suspect;
    uint32_t suspect_brace;
    // The first `}` that stands deeper than the line of its `{`, or behind another one on its line:
    // when something stands outside in the end, that one is most likely too many. 0: none.
    uint32_t early;
};

// --- tokens --------------------------------------------------------------------------------------
static inline const struct token *parse_token(const struct parser *p) { return &p->tokens[p->at]; }
// The token after the current one; the last one repeats.
static inline const struct token *parse_peek(const struct parser *p)
{
    return &p->tokens[p->at + 1 < p->token_count ? p->at + 1 : p->at];
}
static inline bool parse_at(const struct parser *p, enum token_kind kind)
{
    return p->tokens[p->at].kind == kind;
}
static inline bool parse_at_word(const struct parser *p, enum word word)
{
    return p->tokens[p->at].kind == TOKEN_WORD && p->tokens[p->at].word == word;
}
// A word that may also be a name: not when it is being given a value (`help := …`).
bool parse_at_clause(const struct parser *p, enum word word);
void parse_advance(struct parser *p); // stays at TOKEN_END
bool parse_take(struct parser *p, enum token_kind kind);
bool parse_take_word(struct parser *p, enum word word);
struct span parse_span(const struct parser *p, uint32_t token);
struct slice parse_text(const struct parser *p, uint32_t token);
// Column in bytes of the first token of the line on which the token stands.
uint32_t parse_indent(const struct parser *p, uint32_t token);

// --- nodes ---------------------------------------------------------------------------------------
uint32_t parse_open(struct parser *p, enum syntax_kind kind); // begins at the current token
uint32_t parse_close(struct parser *p, uint32_t node);        // ends before the current token
void parse_add(struct parser *p, uint32_t parent, uint32_t child);
uint32_t parse_leaf(struct parser *p, uint32_t parent, enum syntax_kind kind); // takes one token
uint32_t parse_missing(struct parser *p, uint32_t parent, enum syntax_class class);
bool parse_has(const struct parser *p, uint32_t node, enum syntax_kind kind);

// --- messages ------------------------------------------------------------------------------------
// A message about `span`, unless the parser is quiet (then it goes nowhere). Never NULL.
struct diag *parse_complain(struct parser *p, enum diag_code code, struct span span);
// The current token when it stands on the line of the one before, else the place after that one.
struct span parse_here(const struct parser *p);
struct span parse_gap(const struct parser *p); // the place after the token before
// "action `busy`", "this action"; in the arena.
struct slice parse_describe(const struct parser *p, uint32_t node);
// "`due`" for a token; "the end of the file".
struct slice parse_quote(const struct parser *p, uint32_t token);
// E0206: `what` needs `needs`.
struct diag *parse_needs(struct parser *p, const char *what, const char *needs);
// A construct begins: messages are news again, unless one was given on this very line.
void parse_calm(struct parser *p);
// False (and a message): too deep. Pair with parse_leave.
bool parse_enter(struct parser *p);
void parse_leave(struct parser *p);
// E0216 when `node` has the clause already.
void parse_once(struct parser *p, uint32_t node, enum syntax_kind kind);

// --- braces and recovery -------------------------------------------------------------------------
// Takes `{`. A missing one is reported and read as if it stood there. Gives its token (the one
// before when it is missing).
uint32_t parse_brace_open(struct parser *p, uint32_t node);
void parse_brace_close(struct parser *p, uint32_t node, uint32_t brace);
// Whether the current token ends a body for sure: `}`, the end, or a word that begins a top.
bool parse_body_over(const struct parser *p);
bool parse_at_top_word(const struct parser *p);
// Whether a message was given since the token `first`, or the lexer has spoken about one of the
// tokens [first, end): braces that do not match now are most likely no second cause.
bool parse_was_disturbed(const struct parser *p, uint32_t first, uint32_t end);
// The next token of the kind on the rest of this line, before any `}`; 0: none near, or the current
// token begins a line.
uint32_t parse_find_on_line(const struct parser *p, enum token_kind kind);
void parse_skip_braces(struct parser *p); // the current `{` and all up to its `}`
typedef bool parse_starts_fn(const struct parser *p);
// Passes tokens, at least one, up to something that `starts`, or the end of the body in hand.
void parse_skip_to(struct parser *p, parse_starts_fn *starts);
// The message for something that begins nothing here: E0213 with nearly right words.
void parse_unknown(struct parser *p, uint32_t container, const enum word *words, size_t count);
// Adds the word that is like the current token, if one is.
void parse_suggest_words(struct parser *p, struct diag *diag, const enum word *words,
                         size_t count);

// --- slips that are seen through (parse_mend.c) --------------------------------------------------
// Adds the help that inserts `word` before the current token, or behind the one before it when the
// current one begins a line.
void parse_insert(struct parser *p, struct diag *diag, const char *word);
bool parse_at_plain_word(const struct parser *p);
bool parse_at_same_line(const struct parser *p);
// Takes a comma between two elements. One too many is reported and passed. `follows`: whether an
// element can begin at the current token.
bool parse_comma(struct parser *p, parse_starts_fn *follows);
// Whether another element of a list in parentheses follows, also where its comma is missing.
bool parse_more(struct parser *p, parse_starts_fn *follows, const char *plural);
// E0219 before the current token; the elements are `plural`.
struct diag *parse_comma_missing(struct parser *p, const char *plural);
// Whether the current token is one of the words, misspelt: E0213, and it is read as that word.
bool parse_respell(struct parser *p, uint32_t container, const enum word *words, size_t count);
// After the name `node`: E0252 when one more word stands beside it; the node is an ERROR then.
// Gives the message, or NULL.
struct diag *parse_one_word(struct parser *p, uint32_t node, const char *needs);
// A name in quotes: E0251, and an ERROR of that class. False: none stands here.
bool parse_quoted_name(struct parser *p, uint32_t parent, enum syntax_class class,
                       const char *needs);
// Adds the help that closes the body of the brace where its lines end.
void parse_suggest_close(struct parser *p, struct diag *diag, uint32_t brace, uint32_t node);
void parse_help_remove(struct parser *p, struct diag *diag, uint32_t brace);
// Adds the help that takes out the first `}` that closed too much, if one did.
void parse_suggest_open(struct parser *p, struct diag *diag);

// --- names, labels, types (parse_name.c) ---------------------------------------------------------
void parse_decl_name(struct parser *p, uint32_t node);
bool parse_at_name(const struct parser *p);
// A name in round brackets, or a reserved word that was meant as one.
bool parse_at_parameter(const struct parser *p);
// A name that stands for something declared elsewhere; `what` needs `needs`.
void parse_ref(struct parser *p, uint32_t parent, const char *what, const char *needs);
// The same, for a name that no other name follows.
void parse_lone_ref(struct parser *p, uint32_t parent, const char *what, const char *needs);
void parse_names(struct parser *p, uint32_t parent, const char *what, const char *needs);
// The label of a declaration: E0203 when it is missing.
void parse_decl_label(struct parser *p, uint32_t node);
// A text after a word. `with_template`: `{…}` may stand in it.
void parse_label(struct parser *p, uint32_t parent, const char *what, bool with_template);
void parse_text_clause(struct parser *p, uint32_t parent, enum syntax_kind kind); // WORD LABEL
void parse_initial(struct parser *p, uint32_t parent);                            // = EXPR
bool parse_at_text(const struct parser *p);
bool parse_at_type(const struct parser *p);
void parse_type(struct parser *p, uint32_t parent);
uint32_t parse_template(struct parser *p); // STRING_OPEN … STRING_CLOSE; has no parent yet

// --- constructs ----------------------------------------------------------------------------------
void parse_file(struct parser *p);                                    // parse_top.c
void parse_table(struct parser *p, uint32_t file);                    // parse_table.c
void parse_hook(struct parser *p, uint32_t file);
void parse_parts(struct parser *p, uint32_t node); // { part, … }: parse_top.c
void parse_params(struct parser *p, uint32_t parent, const char *what);
void parse_test(struct parser *p, uint32_t file);                     // parse_test.c
void parse_calendar(struct parser *p, uint32_t file);                 // parse_calendar.c
void parse_inbox(struct parser *p, uint32_t file);                    // parse_inbox.c
void parse_zone_of_test(struct parser *p, uint32_t at); // zone "Europe/Moscow", after `at`
void parse_zone_from(struct parser *p, uint32_t process);
void parse_calendar_of(struct parser *p, uint32_t process);
void parse_within_hours(struct parser *p, uint32_t parent);           // nothing when none is there
bool parse_remind_before(struct parser *p, uint32_t task);
void parse_process(struct parser *p, uint32_t file);                  // parse_process.c
bool parse_starts_item(const struct parser *p);
void parse_stray_items(struct parser *p);
void parse_stage(struct parser *p, uint32_t parent);
bool parse_starts_item_line(const struct parser *p);
void parse_migrate(struct parser *p, uint32_t parent);                // parse_migrate.c
void parse_assign(struct parser *p, uint32_t parent);                 // parse_step.c
void parse_choice(struct parser *p, uint32_t parent);                 // parse_branch.c
void parse_stage_body(struct parser *p, uint32_t stage);              // `{ … }` of a stage
void parse_ask(struct parser *p, uint32_t parent);                    // parse_step.c
void parse_escalation(struct parser *p, uint32_t parent);             // parse_frame.c
void parse_escalate(struct parser *p, uint32_t block);
void parse_merge(struct parser *p, uint32_t block);
void parse_parallel(struct parser *p, uint32_t parent);
void parse_action(struct parser *p, uint32_t parent);                 // parse_item.c
void parse_task(struct parser *p, uint32_t parent);
void parse_timer_or_rule(struct parser *p, uint32_t parent);
void parse_end(struct parser *p, uint32_t parent);
void parse_field(struct parser *p, uint32_t parent);
void parse_due(struct parser *p, uint32_t parent);
void parse_by(struct parser *p, uint32_t parent);
void parse_guard(struct parser *p, uint32_t parent);
void parse_body(struct parser *p, uint32_t parent);                   // parse_step.c
void parse_flow_body(struct parser *p, uint32_t parent);
void parse_block(struct parser *p, uint32_t owner);
bool parse_at_body(const struct parser *p);
bool parse_at_flow(const struct parser *p);
void parse_goto(struct parser *p, uint32_t parent);
void parse_with(struct parser *p, uint32_t parent);
void parse_strategy(struct parser *p, uint32_t parent);
void parse_team(struct parser *p, uint32_t parent); // team "north"
void parse_expr(struct parser *p, uint32_t parent, const char *what, const char *needs);
bool parse_at_expr(const struct parser *p);                           // parse_expr.c
// A literal after a word: takes one token of that kind.
bool parse_literal(struct parser *p, uint32_t parent, enum token_kind token,
                   enum syntax_kind kind);
void parse_connector(struct parser *p, uint32_t file);                // parse_message.c
void parse_intake(struct parser *p, uint32_t file);
void parse_on_message(struct parser *p, uint32_t parent);
void parse_send(struct parser *p, uint32_t block);
// What stands in tests beside presses (parse_test_deeds.c).
bool parse_at_deed(const struct parser *p); // NAME and one of the words of enum syntax_deed
void parse_deed(struct parser *p, uint32_t test);
void parse_deed_words(enum word *ret_words); // DEED_COUNT of them
void parse_play_child(struct parser *p, uint32_t test);
void parse_refused(struct parser *p, uint32_t node);    // [refused [STRING]]
void parse_check_text(struct parser *p, uint32_t node); // [STRING]
void parse_check_for(struct parser *p, uint32_t node);  // for NAME; the word may be missing
bool parse_at_notice(const struct parser *p);
void parse_notice(struct parser *p, uint32_t parent);
void parse_play_message(struct parser *p, uint32_t test);
void parse_play_call(struct parser *p, uint32_t test);

#endif
