// A file and what stands at its top: imports, roles, enums, records, ladders.
#include "dsl/syntax/parse_internal.h"

// ----------------------------------------------------------------------------- lists in braces

typedef void parse_element_fn(struct parser *p, uint32_t parent);

// The last comma before `}` is allowed.
static bool element_follows(const struct parser *p)
{
    return !parse_at(p, TOKEN_COMMA);
}

static bool never_starts(const struct parser *p)
{
    (void)p;
    return false;
}

// { element, element, … }; a comma before `}` is allowed. `plural`: "rungs".
static void parse_braced_list(struct parser *p, uint32_t node, parse_element_fn *element,
                              const char *plural)
{
    uint32_t brace = parse_brace_open(p, node);
    if (parse_at(p, TOKEN_BRACE_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0218, parse_span(p, brace));
        diag_fact(diag, parse_describe(p, node));
        diag_fact(diag, slice_from_cstr(plural));
    }
    while (!parse_body_over(p)) {
        uint32_t before = p->at;
        element(p, node);
        if (parse_comma(p, element_follows)) {
            parse_calm(p);
            continue;
        }
        if (parse_body_over(p)) {
            break;
        }
        bool next = (parse_at(p, TOKEN_WORD) || parse_at(p, TOKEN_DURATION)) && p->at > before;
        struct diag *diag = parse_complain(p, DIAG_E0219, next ? parse_gap(p) : parse_here(p));
        diag_fact(diag, slice_from_cstr(plural));
        if (next) {
            diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(","), "add a comma");
        } else {
            parse_skip_to(p, never_starts);
        }
    }
    parse_brace_close(p, node, brace);
}

static bool at_top_or_later(const struct parser *p);

// ------------------------------------------------------------------------------------ imports

// Any word may name a file: `import test` reads test.rung. On a line of its own a reserved
// word is one when nothing else stands there, and a top of the file otherwise.
static bool at_file_name(const struct parser *p)
{
    const struct token *next = parse_peek(p);
    return parse_at_name(p) ||
           (parse_at(p, TOKEN_WORD) &&
            (parse_at_same_line(p) || next->first_on_line || next->kind == TOKEN_COMMA ||
             next->kind == TOKEN_DOT || next->kind == TOKEN_END));
}

static void parse_file_name(struct parser *p, uint32_t path, const char *what)
{
    const char *needs = "the name of a file";
    if (!at_file_name(p)) {
        parse_ref(p, path, what, needs);
        return;
    }
    uint32_t name = parse_leaf(p, path, NODE_NAME);
    struct diag *diag = parse_at(p, TOKEN_MINUS) ? parse_one_word(p, name, needs) : NULL;
    if (diag != NULL) {
        diag_help(diag, "and give the file that name");
    }
}

// `import "shared.rung"`, where `import shared` is meant.
static void parse_file_in_quotes(struct parser *p)
{
    struct diag *diag = parse_needs(p, "`import`", "the name of a file, without quotes");
    struct slice name = parse_text(p, p->at);
    struct slice ending = SLICE(".rung\"");
    bool ends = name.len > ending.len + 1 &&
                slice_equal(slice_sub(name, name.len - ending.len, ending.len), ending);
    name = slice_sub(name, 1, name.len - 1 - (ends ? ending.len : 1));
    bool word = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        word = word && ((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9'));
    }
    diag_note(diag, "`import shared` reads shared.rung, `import stdlib.ladders` reads "
                    "stdlib/ladders.rung");
    if (word) {
        diag_help_edit(diag, DIAG_FIX_SAFE, parse_span(p, p->at), name, "name it so");
    }
    parse_advance(p);
}

static void parse_import(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_IMPORT);
    if (p->nodes[file].last_child != NODE_NONE &&
        p->nodes[p->nodes[file].last_child].kind != NODE_IMPORT) {
        struct diag *diag = parse_complain(p, DIAG_E0233, parse_span(p, p->at));
        diag_help(diag, "move it to the beginning of the file");
    }
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING) && !parse_token(p)->first_on_line) {
        parse_file_in_quotes(p);
        parse_add(p, file, parse_close(p, node));
        return;
    }
    bool more;
    do {
        uint32_t path = parse_open(p, NODE_PATH);
        parse_file_name(p, path, "`import`");
        while (parse_at(p, TOKEN_DOT)) {
            parse_advance(p);
            parse_file_name(p, path, "the dot");
        }
        parse_add(p, node, parse_close(p, path));
        bool missing = parse_at_same_line(p) && at_file_name(p);
        if (missing) {
            parse_comma_missing(p, "imports");
        }
        more = missing || parse_comma(p, at_file_name);
    } while (more);
    parse_add(p, file, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ roles

void parse_strategy(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_STRATEGY);
    enum word word = parse_at(p, TOKEN_WORD) ? (enum word)parse_token(p)->word : WORD_NONE;
    if (word == WORD_FAMILIAR) {
        p->nodes[node].op = SYNTAX_FAMILIAR;
        parse_advance(p);
    } else if (word == WORD_LEAST || word == WORD_ROUND) {
        bool least = word == WORD_LEAST;
        p->nodes[node].op = least ? SYNTAX_LEAST_LOADED : SYNTAX_ROUND_ROBIN;
        parse_advance(p);
        if (!parse_take_word(p, least ? WORD_LOADED : WORD_ROBIN)) {
            parse_needs(p, least ? "`least`" : "`round`",
                        least ? "the word `loaded`" : "the word `robin`");
        }
    } else {
        struct diag *diag = parse_complain(p, DIAG_E0225, parse_here(p));
        diag_fact(diag, parse_quote(p, p->at));
        diag_note(diag, "the ways are `least loaded`, `round robin` and `familiar`");
        p->nodes[node].kind = NODE_ERROR;
        p->nodes[node].op = CLASS_CLAUSE;
        if (parse_at_name(p) && !parse_token(p)->first_on_line) {
            parse_advance(p);
        }
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_pick_clause(struct parser *p, uint32_t role)
{
    parse_once(p, role, NODE_PICK_CLAUSE);
    uint32_t node = parse_open(p, NODE_PICK_CLAUSE);
    parse_advance(p);
    parse_strategy(p, node);
    bool more = true;
    while (more) {
        bool missing = parse_at_same_line(p) &&
                       (parse_at_word(p, WORD_LEAST) || parse_at_word(p, WORD_ROUND) ||
                        parse_at_word(p, WORD_FAMILIAR));
        if (missing) {
            parse_insert(p, parse_needs(p, "a second way to pick", "`else` before it"), "else");
        }
        more = missing || parse_take_word(p, WORD_ELSE);
        if (more) {
            parse_strategy(p, node);
        }
    }
    parse_add(p, role, parse_close(p, node));
}

// Two words that are one clause: sees all, may move.
static void parse_two_words(struct parser *p, uint32_t parent, enum syntax_kind kind,
                            enum word second)
{
    parse_once(p, parent, kind);
    uint32_t node = parse_open(p, kind);
    struct slice first = parse_quote(p, p->at);
    parse_advance(p);
    if (!parse_take_word(p, second)) {
        struct diag *diag = parse_complain(p, DIAG_E0206, parse_here(p));
        diag_fact(diag, first);
        diag_fact_format(diag, "the word `%s` after it", syntax_word_text(second));
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_role(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_ROLE);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    while (true) {
        if (parse_at_word(p, WORD_UNDER)) {
            parse_once(p, node, NODE_UNDER);
            uint32_t under = parse_open(p, NODE_UNDER);
            parse_advance(p);
            parse_lone_ref(p, under, "`under`", "the name of a role");
            parse_add(p, node, parse_close(p, under));
        } else if (parse_at_word(p, WORD_PICK)) {
            parse_pick_clause(p, node);
        } else if (parse_at_word(p, WORD_SEES)) {
            parse_two_words(p, node, NODE_SEES_ALL, WORD_ALL);
        } else if (parse_at_word(p, WORD_MAY)) {
            parse_two_words(p, node, NODE_MAY_MOVE, WORD_MOVE);
        } else {
            break;
        }
    }
    parse_add(p, file, parse_close(p, node));
}

// ------------------------------------------------------------------------------ enums, records

static void parse_member(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_MEMBER);
    parse_decl_name(p, node);
    parse_decl_label(p, node);
    parse_add(p, parent, parse_close(p, node));
}

static void parse_enum(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_ENUM);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_braced_list(p, node, parse_member, "members");
    parse_add(p, file, parse_close(p, node));
}

static void parse_part(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_PART);
    parse_decl_name(p, node);
    if (!parse_take(p, TOKEN_COLON)) {
        struct diag *diag = parse_complain(p, DIAG_E0205, parse_gap(p));
        diag_fact(diag, parse_describe(p, node));
        bool type = parse_at_type(p) && !parse_token(p)->first_on_line;
        if (type) {
            diag_help_edit(diag, DIAG_FIX_SAFE, parse_gap(p), SLICE(":"), "add `:`");
        }
    }
    parse_type(p, node);
    if (parse_at_text(p)) {
        parse_label(p, node, "a label", false);
    }
    while (true) {
        if (parse_at_clause(p, WORD_REQUIRED)) {
            parse_once(p, node, NODE_REQUIRED);
            parse_leaf(p, node, NODE_REQUIRED);
        } else if (parse_at_clause(p, WORD_HELP)) {
            parse_text_clause(p, node, NODE_HELP);
        } else if (parse_at(p, TOKEN_EQUALS)) {
            parse_initial(p, node);
        } else {
            break;
        }
    }
    parse_add(p, parent, parse_close(p, node));
}

void parse_parts(struct parser *p, uint32_t node)
{
    parse_braced_list(p, node, parse_part, "parts");
}

static void parse_record(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_RECORD);
    parse_advance(p);
    parse_decl_name(p, node);
    parse_parts(p, node);
    parse_add(p, file, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ ladders

static void parse_rung_effect(struct parser *p, uint32_t rung)
{
    if (parse_at_word(p, WORD_REMIND)) {
        parse_leaf(p, rung, NODE_REMIND);
    } else if (parse_at_word(p, WORD_NOTIFY)) {
        uint32_t node = parse_open(p, NODE_NOTIFY_ROLE);
        parse_advance(p);
        parse_ref(p, node, "`notify`", "the name of a role");
        parse_add(p, rung, parse_close(p, node));
    } else if (parse_at_word(p, WORD_REASSIGN)) {
        uint32_t node = parse_open(p, NODE_REASSIGN);
        parse_advance(p);
        if (parse_take_word(p, WORD_TO)) {
            parse_ref(p, node, "`reassign to`", "the name of a role");
        }
        parse_add(p, rung, parse_close(p, node));
    }
}

static void parse_rung(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_RUNG);
    if (!parse_literal(p, node, TOKEN_DURATION, NODE_DURATION)) {
        struct diag *diag = parse_complain(p, DIAG_E0220, parse_here(p));
        if (parse_at(p, TOKEN_NUMBER)) {
            diag_here(diag, "this number has no unit");
            diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(parse_span(p, p->at)),
                           SLICE(" min"), "add s, min, h, days, weeks or months");
            parse_advance(p);
        } else {
            diag_help(diag, "for example `10 min` or `2 h notify head`");
        }
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_within_hours(p, node);
    parse_rung_effect(p, node);
    parse_add(p, parent, parse_close(p, node));
}

static void parse_ladder(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_LADDER);
    parse_advance(p);
    parse_decl_name(p, node);
    while (parse_at_word(p, WORD_KEEPS)) {
        parse_two_words(p, node, NODE_KEEPS_COUNT, WORD_COUNT);
    }
    parse_braced_list(p, node, parse_rung, "rungs");
    parse_add(p, file, parse_close(p, node));
}

// override ladder NAME { … }, override table NAME … { … }, override calendar NAME { … }
static void parse_override(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_OVERRIDE);
    parse_advance(p);
    if (parse_at_word(p, WORD_LADDER)) {
        parse_ladder(p, node);
    } else if (parse_at_word(p, WORD_TABLE)) {
        parse_table(p, node);
    } else if (parse_at_word(p, WORD_CALENDAR)) {
        parse_calendar(p, node);
    } else {
        struct diag *diag =
            parse_needs(p, "`override`", "`ladder`, `table` or `calendar` after it");
        diag_note(diag, "what an imported file declares is replaced for the whole set");
        if (parse_at(p, TOKEN_WORD) && !parse_token(p)->first_on_line) {
            parse_skip_to(p, at_top_or_later);
        }
    }
    parse_add(p, file, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ the file

static bool at_top(const struct parser *p)
{
    return parse_at_word(p, WORD_IMPORT) || parse_at_word(p, WORD_ROLE) ||
           parse_at_word(p, WORD_ENUM) || parse_at_word(p, WORD_RECORD) ||
           parse_at_word(p, WORD_LADDER) || parse_at_word(p, WORD_TABLE) ||
           parse_at_word(p, WORD_OVERRIDE) || parse_at_word(p, WORD_CALENDAR) ||
           parse_at_word(p, WORD_HOOK) ||
           parse_at_word(p, WORD_CONNECTOR) || parse_at_word(p, WORD_PROCESS) ||
           parse_at_word(p, WORD_INBOX) || parse_at_word(p, WORD_TEST);
}

static bool at_top_or_later(const struct parser *p)
{
    return at_top(p) || (parse_token(p)->first_on_line && parse_starts_item(p));
}

static void parse_top(struct parser *p, uint32_t file)
{
    switch ((unsigned)parse_token(p)->word) {
    case WORD_IMPORT: parse_import(p, file); return;
    case WORD_ROLE: parse_role(p, file); return;
    case WORD_ENUM: parse_enum(p, file); return;
    case WORD_RECORD: parse_record(p, file); return;
    case WORD_LADDER: parse_ladder(p, file); return;
    case WORD_TABLE: parse_table(p, file); return;
    case WORD_OVERRIDE: parse_override(p, file); return;
    case WORD_CALENDAR: parse_calendar(p, file); return;
    case WORD_HOOK: parse_hook(p, file); return;
    case WORD_PROCESS: parse_process(p, file); return;
    case WORD_CONNECTOR: parse_connector(p, file); return;
    case WORD_INBOX: parse_inbox(p, file); return;
    default: parse_test(p, file); return;
    }
}

static void report_unknown_top(struct parser *p, uint32_t file)
{
    static const enum word words[] = { WORD_PROCESS, WORD_ROLE,   WORD_ENUM,     WORD_RECORD,
                                       WORD_LADDER,  WORD_TABLE,  WORD_HOOK,     WORD_IMPORT,
                                       WORD_TEST,    WORD_CALENDAR, WORD_CONNECTOR, WORD_INBOX };
    if (parse_at(p, TOKEN_BRACE_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0211, parse_span(p, p->at));
        parse_help_remove(p, diag, p->at);
        if (p->early != p->at) {
            parse_suggest_open(p, diag);
        }
        parse_advance(p);
        return;
    }
    if (parse_at_word(p, WORD_MESSAGE)) {
        parse_insert(p, parse_needs(p, "`message`", "the word `on` before it"), "on");
        parse_skip_to(p, at_top_or_later);
        return;
    }
    if (parse_respell(p, file, words, ARRAY_COUNT(words))) {
        return;
    }
    if (p->early > 0 && parse_at(p, TOKEN_WORD)) { // the test before was closed too soon
        struct diag *diag = parse_complain(p, DIAG_E0213, parse_span(p, p->at));
        diag_fact(diag, parse_quote(p, p->at));
        diag_fact(diag, parse_describe(p, file));
        parse_suggest_open(p, diag);
    } else {
        parse_unknown(p, file, words, ARRAY_COUNT(words));
    }
    parse_skip_to(p, at_top_or_later);
}

// A message that begins a case stands at the margin, or says so.
static bool at_intake(const struct parser *p)
{
    return parse_at_word(p, WORD_ON) && parse_peek(p)->word == WORD_MESSAGE &&
           parse_indent(p, p->at) == 0;
}

void parse_file(struct parser *p)
{
    uint32_t file = parse_open(p, NODE_FILE);
    while (!parse_at(p, TOKEN_END)) {
        if (at_top(p)) {
            parse_calm(p);
            parse_top(p, file);
        } else if (at_intake(p)) {
            parse_calm(p);
            parse_intake(p, file);
        } else if (parse_starts_item(p)) {
            parse_calm(p);
            parse_stray_items(p);
        } else {
            bool later = parse_at(p, TOKEN_WORD) && parse_token(p)->first_on_line;
            if (later) {
                parse_calm(p);
            }
            report_unknown_top(p, file);
        }
    }
    if (p->nodes[file].first_child == NODE_NONE && !p->has_errors) {
        struct diag *diag = parse_complain(p, DIAG_E0232, span_make(p->file, 0, 0));
        diag_help(diag,
                  "begin with a `process`, or with a role, enum, record, ladder, table or test");
    }
    parse_close(p, file);
    p->nodes[file].end_token = p->at;
}
