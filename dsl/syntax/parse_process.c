// A process and its stages: which items stand where.
#include "dsl/syntax/parse_internal.h"

// ------------------------------------------------------------------------------------ beginnings

bool parse_starts_item(const struct parser *p)
{
    if (!parse_at(p, TOKEN_WORD)) {
        return false;
    }
    bool first = parse_token(p)->first_on_line;
    enum token_kind next = (enum token_kind)parse_peek(p)->kind;
    switch ((unsigned)parse_token(p)->word) {
    case WORD_STAGE:
    case WORD_TASK: return next != TOKEN_DOT;
    case WORD_ACTION:
    case WORD_FIELD:
    case WORD_PARALLEL:
    case WORD_CHOICE:
    case WORD_ESCALATION:
    case WORD_MIGRATE: return true;
    case WORD_AFTER:
    case WORD_WHEN:
    case WORD_EVERY:
    case WORD_END:
    case WORD_START:
    case WORD_ON:
    case WORD_CALENDAR: return true;
    case WORD_AT: return parse_peek(p)->word != WORD_MOST;
    // Words that may be names: only where a line begins, or right after a brace.
    case WORD_KEY:
        return (next == TOKEN_WORD || (first && next == TOKEN_STRING)) &&
               (first || p->tokens[p->at - 1].kind != TOKEN_WORD);
    case WORD_TITLE: return next == TOKEN_STRING || next == TOKEN_STRING_OPEN || first;
    case WORD_ZONE: return next == TOKEN_WORD && parse_peek(p)->word == WORD_FROM;
    default: return false;
    }
}

static bool is_process_only(const struct parser *p)
{
    switch ((unsigned)parse_token(p)->word) {
    case WORD_KEY:
    case WORD_TITLE:
    case WORD_FIELD:
    case WORD_START:
    case WORD_ZONE:
    case WORD_CALENDAR:
    case WORD_END:
    case WORD_MIGRATE:
    case WORD_ESCALATION: return true;
    case WORD_ON: return parse_peek(p)->word == WORD_REPEAT;
    default: return false;
    }
}

bool parse_starts_item_line(const struct parser *p)
{
    return parse_starts_item(p) && (parse_token(p)->first_on_line ||
                                    parse_at_word(p, WORD_STAGE) || parse_at_word(p, WORD_TASK) ||
                                    parse_at_word(p, WORD_ACTION) || parse_at_word(p, WORD_FIELD));
}

// ------------------------------------------------------------------------------------ items

static void parse_key(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_KEY);
    parse_advance(p);
    parse_names(p, node, "`key`", "the name of a field");
    parse_add(p, parent, parse_close(p, node));
}

static void parse_title(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_TITLE);
    parse_advance(p);
    parse_label(p, node, "`title`", true);
    parse_add(p, parent, parse_close(p, node));
}

static void parse_start(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_START);
    parse_advance(p);
    parse_body(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// on repeat BLOCK, on enter BLOCK, on exit BLOCK
static void parse_on(struct parser *p, uint32_t parent)
{
    enum word word = (enum word)parse_peek(p)->word;
    enum syntax_kind kind = word == WORD_ENTER  ? NODE_ON_ENTER
                            : word == WORD_EXIT ? NODE_ON_EXIT
                                                : NODE_ON_REPEAT;
    uint32_t node = parse_open(p, kind);
    parse_advance(p);
    if (kind != NODE_ON_REPEAT || parse_at_word(p, WORD_REPEAT)) {
        parse_advance(p);
    } else {
        parse_needs(p, "`on`", "the word `repeat`, `enter` or `exit`");
    }
    if (!parse_at(p, TOKEN_BRACE_OPEN) && parse_at_body(p)) {
        struct diag *diag = parse_complain(p, DIAG_E0247, parse_span(p, p->at));
        diag_fact_format(diag, "`%s`", syntax_kind_name(kind));
        if (kind == NODE_ON_REPEAT) {
            diag_note(diag, "a move may stand among them: `on repeat { => STAGE }`");
        }
    }
    parse_body(p, node);
    parse_add(p, parent, parse_close(p, node));
}

// An item that both a process and a stage may hold.
static void parse_common_item(struct parser *p, uint32_t parent)
{
    switch ((unsigned)parse_token(p)->word) {
    case WORD_STAGE: parse_stage(p, parent); return;
    case WORD_TASK: parse_task(p, parent); return;
    case WORD_ACTION: parse_action(p, parent); return;
    case WORD_ON:
        if (parse_peek(p)->word == WORD_MESSAGE) {
            parse_on_message(p, parent);
        } else {
            parse_on(p, parent);
        }
        return;
    case WORD_CHOICE: parse_choice(p, parent); return;
    case WORD_PARALLEL: parse_parallel(p, parent); return;
    default: parse_timer_or_rule(p, parent); return;
    }
}

static void parse_process_item(struct parser *p, uint32_t process)
{
    switch ((unsigned)parse_token(p)->word) {
    case WORD_KEY: parse_key(p, process); return;
    case WORD_TITLE: parse_title(p, process); return;
    case WORD_FIELD: parse_field(p, process); return;
    case WORD_START: parse_start(p, process); return;
    case WORD_END: parse_end(p, process); return;
    case WORD_ESCALATION: parse_escalation(p, process); return;
    case WORD_MIGRATE: parse_migrate(p, process); return;
    case WORD_ZONE: parse_zone_from(p, process); return;
    case WORD_CALENDAR: parse_calendar_of(p, process); return;
    case WORD_ON:
        if (parse_peek(p)->word != WORD_MESSAGE) {
            parse_on(p, process);
            return;
        }
        break;
    default: break;
    }
    parse_common_item(p, process);
}

// True: it is read as a word that it is like.
static bool report_unknown_item(struct parser *p, uint32_t owner)
{
    static const enum word words[] = { WORD_STAGE, WORD_TASK,  WORD_ACTION, WORD_AFTER, WORD_AT,
                                       WORD_WHEN,  WORD_EVERY, WORD_ON,    WORD_CHOICE,
                                       WORD_PARALLEL,
                                       WORD_FIELD, WORD_KEY,   WORD_TITLE, WORD_START,
                                       WORD_END,   WORD_ZONE,  WORD_CALENDAR };
    bool process = p->nodes[owner].kind == NODE_PROCESS;
    size_t count = process ? ARRAY_COUNT(words) : 10;
    bool without_on = parse_at_word(p, WORD_ENTER) || parse_at_word(p, WORD_EXIT) ||
                      parse_at_word(p, WORD_MESSAGE) || (parse_at_word(p, WORD_REPEAT) && process);
    if (without_on) {
        const char *what = arena_format(p->arena, "`%.*s`", SLICE_PRINT(parse_text(p, p->at))).ptr;
        parse_insert(p, parse_needs(p, what, "the word `on` before it"), "on");
        return false;
    }
    if (parse_respell(p, owner, words, count)) {
        return true;
    }
    if (parse_at(p, TOKEN_ARROW) && p->at > 0 && p->tokens[p->at - 1].kind == TOKEN_BRACE_CLOSE) {
        struct diag *diag = parse_complain(p, DIAG_E0213, parse_span(p, p->at));
        diag_fact(diag, parse_quote(p, p->at));
        diag_fact(diag, parse_describe(p, owner));
        parse_help_remove(p, diag, p->at - 1); // the steps before it were closed too soon
        return false;
    }
    parse_unknown(p, owner, words, count);
    return false;
}

// ------------------------------------------------------------------------------------ stages

// Something only a process holds, inside a stage. True: the stage is over, because the word stands
// as far left as the stage itself.
static bool leave_for_process_item(struct parser *p, uint32_t stage, uint32_t brace)
{
    if (parse_token(p)->first_on_line && parse_indent(p, p->at) <= parse_indent(p, brace)) {
        return true;
    }
    struct diag *diag = parse_complain(p, DIAG_E0212, parse_span(p, p->at));
    diag_fact(diag, parse_quote(p, p->at));
    diag_fact(diag, parse_describe(p, stage));
    diag_note(diag, "key, title, field, zone, calendar, start, on repeat, escalation, migrate and "
                    "end belong to the process itself");
    diag_help(diag, "move it out of the braces of the stage");
    parse_process_item(p, p->process);
    return false;
}

void parse_stage_body(struct parser *p, uint32_t stage)
{
    bool escalation = p->nodes[stage].kind == NODE_ESCALATION;
    uint32_t brace = parse_brace_open(p, stage);
    while (!parse_body_over(p)) {
        if (escalation && parse_at_word(p, WORD_ASK)) {
            parse_calm(p);
            parse_ask(p, stage);
            continue;
        }
        if (!parse_starts_item(p)) {
            if (!report_unknown_item(p, stage)) {
                parse_skip_to(p, parse_starts_item_line);
            }
            continue;
        }
        parse_calm(p);
        if (!is_process_only(p)) {
            parse_common_item(p, stage);
        } else if (leave_for_process_item(p, stage, brace)) {
            break;
        }
    }
    parse_brace_close(p, stage, brace);
}

static void parse_chance(struct parser *p, uint32_t stage)
{
    parse_once(p, stage, NODE_CHANCE);
    uint32_t node = parse_open(p, NODE_CHANCE);
    parse_advance(p);
    if (!parse_literal(p, node, TOKEN_PERCENT, NODE_PERCENT)) {
        bool number = parse_at(p, TOKEN_NUMBER);
        struct diag *diag = parse_needs(p, "`chance`", "a percentage, for example `40%`");
        if (number) {
            diag_help_edit(diag, DIAG_FIX_GUESS, span_after(parse_span(p, p->at)), SLICE("%"),
                           "add `%%`");
            parse_advance(p);
        }
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_add(p, stage, parse_close(p, node));
}

void parse_stage(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_STAGE);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    bool more = true;
    while (more) {
        if (parse_at_clause(p, WORD_CHANCE)) {
            parse_chance(p, node);
        } else if (parse_at_word(p, WORD_IF)) {
            parse_guard(p, node);
        } else {
            more = false;
        }
    }
    if (parse_enter(p)) {
        parse_stage_body(p, node);
        parse_leave(p);
    } else if (parse_at(p, TOKEN_BRACE_OPEN)) {
        parse_skip_braces(p);
    }
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ the process

static void parse_items(struct parser *p, uint32_t process)
{
    while (!parse_body_over(p)) {
        if (!parse_starts_item(p)) {
            if (!report_unknown_item(p, process)) {
                parse_skip_to(p, parse_starts_item_line);
            }
            continue;
        }
        parse_calm(p);
        parse_process_item(p, process);
    }
}

void parse_process(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_PROCESS);
    p->process = node;
    p->process_left = false;
    p->suspect = NODE_NONE;
    p->early = 0;
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    uint32_t brace = parse_brace_open(p, node);
    parse_items(p, node);
    parse_brace_close(p, node, brace);
    p->process_end = p->at;
    parse_add(p, file, parse_close(p, node));
}

// Items that stand outside of the process, most likely after a `}` too many: one message; they are
// read into the last process, so that nobody misses their names.
void parse_stray_items(struct parser *p)
{
    if (p->process_left ||
        (p->process != NODE_NONE &&
         parse_was_disturbed(p, p->nodes[p->process].first_token, p->process_end))) {
        p->quiet = true; // a brace was lost, or made, by what was reported
    }
    p->process_left = true;
    struct diag *diag = parse_complain(p, DIAG_E0214, parse_span(p, p->at));
    diag_fact(diag, parse_quote(p, p->at));
    bool after = p->process != NODE_NONE && p->process_end > 0 &&
                 p->tokens[p->process_end - 1].kind == TOKEN_BRACE_CLOSE;
    if (after) {
        diag_label(diag, parse_span(p, p->process_end - 1), "%.*s is closed here",
                   SLICE_PRINT(parse_describe(p, p->process)));
        parse_suggest_open(p, diag);
    } else {
        diag_help(diag, "put it into the braces of a `process`");
    }
    p->mute++;
    if (p->process == NODE_NONE) {
        p->process = parse_open(p, NODE_PROCESS); // of no file: what goes there is dropped
    }
    parse_items(p, p->process);
    (void)parse_take(p, TOKEN_BRACE_CLOSE); // the one that was meant to close the process
    p->mute--;
    p->quiet = true; // more braces of the same kind are not news
}
