// Names, labels and types.
#include "dsl/syntax/parse_internal.h"

// ------------------------------------------------------------------------------------ names

bool parse_at_name(const struct parser *p)
{
    return parse_at(p, TOKEN_WORD) && !syntax_word_reserved((enum word)parse_token(p)->word);
}

// Whether a reserved word stands where the author most likely meant a name of his own. At the
// beginning of a line it rather begins what comes next, unless there is a colon behind it.
static bool is_misused_word(const struct parser *p)
{
    enum token_kind next = (enum token_kind)parse_peek(p)->kind;
    if (!parse_at(p, TOKEN_WORD) || next == TOKEN_COLON) {
        return parse_at(p, TOKEN_WORD);
    }
    return !parse_token(p)->first_on_line &&
           (next == TOKEN_STRING || next == TOKEN_STRING_OPEN || next == TOKEN_PAREN_OPEN ||
            next == TOKEN_PAREN_CLOSE || next == TOKEN_BRACE_OPEN || next == TOKEN_COMMA ||
            next == TOKEN_BRACE_CLOSE || next == TOKEN_ARROW || parse_peek(p)->first_on_line);
}

bool parse_at_parameter(const struct parser *p)
{
    enum token_kind next = (enum token_kind)parse_peek(p)->kind;
    return parse_at_name(p) || (parse_at(p, TOKEN_WORD) &&
                                (next == TOKEN_COLON || next == TOKEN_COMMA ||
                                 next == TOKEN_PAREN_CLOSE));
}

static void take_misused(struct parser *p, uint32_t parent, bool declared)
{
    struct diag *diag = parse_complain(p, DIAG_E0202, parse_span(p, p->at));
    struct slice word = parse_text(p, p->at);
    diag_fact(diag, word);
    if (declared) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, parse_span(p, p->at),
                       arena_format(p->arena, "%.*s_", SLICE_PRINT(word)),
                       "choose another name, for example with an underscore");
    } else {
        diag_help(diag, "write the name that was declared, for example `%.*s_`",
                  SLICE_PRINT(word));
    }
    uint32_t node = parse_leaf(p, parent, NODE_ERROR);
    p->nodes[node].op = CLASS_NAME;
}

void parse_decl_name(struct parser *p, uint32_t node)
{
    if (parse_at_name(p)) {
        parse_leaf(p, node, NODE_NAME);
        return;
    }
    if (parse_at(p, TOKEN_WORD) && is_misused_word(p)) {
        take_misused(p, node, true);
        return;
    }
    struct diag *diag = parse_complain(p, DIAG_E0201, parse_here(p));
    diag_fact(diag, parse_describe(p, node));
    if (parse_at_text(p)) {
        diag_note(diag, "a name comes first, then the label that people see");
    }
    parse_missing(p, node, CLASS_NAME);
}

void parse_ref(struct parser *p, uint32_t parent, const char *what, const char *needs)
{
    if (parse_at_name(p)) {
        parse_leaf(p, parent, NODE_NAME);
    } else if (parse_at(p, TOKEN_WORD) && is_misused_word(p)) {
        take_misused(p, parent, false);
    } else if (!parse_quoted_name(p, parent, CLASS_NAME, needs)) {
        parse_needs(p, what, needs);
        parse_missing(p, parent, CLASS_NAME);
    }
}

// A name alone: one more word beside it belongs to it.
void parse_lone_ref(struct parser *p, uint32_t parent, const char *what, const char *needs)
{
    bool name = parse_at_name(p);
    parse_ref(p, parent, what, needs);
    if (name) {
        (void)parse_one_word(p, p->nodes[parent].last_child, needs);
    }
}

static bool name_follows(const struct parser *p)
{
    if (parse_token(p)->first_on_line) {
        return parse_at_name(p) && parse_peek(p)->word != WORD_DOES;
    }
    return parse_at(p, TOKEN_WORD) || parse_at(p, TOKEN_STRING);
}

void parse_names(struct parser *p, uint32_t parent, const char *what, const char *needs)
{
    uint32_t node = parse_open(p, NODE_NAMES);
    parse_ref(p, node, what, needs);
    while (true) {
        bool more = parse_at(p, TOKEN_WORD) && parse_token(p)->word == WORD_NONE &&
                    parse_at_same_line(p) && parse_peek(p)->kind != TOKEN_ASSIGN &&
                    parse_peek(p)->kind != TOKEN_EQUALS && parse_peek(p)->kind != TOKEN_COLON;
        if (more) {
            bool last = parse_peek(p)->first_on_line || parse_peek(p)->word == WORD_DUE;
            struct diag *diag = parse_comma_missing(p, "names");
            if (last) {
                parse_insert(p, diag, "=>"); // `by sales won`
            }
        } else if (!parse_comma(p, name_follows)) {
            break;
        }
        parse_ref(p, node, "the comma", needs);
    }
    parse_add(p, parent, parse_close(p, node));
}

// ------------------------------------------------------------------------------------ texts

bool parse_at_text(const struct parser *p)
{
    return parse_at(p, TOKEN_STRING) || parse_at(p, TOKEN_STRING_OPEN);
}

// One value between { and }; what does not belong there is passed.
static void parse_hole(struct parser *p, uint32_t template)
{
    if (parse_at(p, TOKEN_STRING_MIDDLE) || parse_at(p, TOKEN_STRING_CLOSE)) {
        struct span span = span_join(span_before(parse_gap(p)), span_before(parse_span(p, p->at)));
        span.start -= 1;
        span.end += 1;
        struct diag *diag = parse_complain(p, DIAG_E0228, span);
        diag_help(diag, "name a field there, or write `{{` where the brace itself is meant");
        parse_missing(p, template, CLASS_EXPR);
        return;
    }
    parse_expr(p, template, "`{`", "a value after it");
    if (!parse_at(p, TOKEN_STRING_MIDDLE) && !parse_at(p, TOKEN_STRING_CLOSE)) {
        struct diag *diag = parse_complain(p, DIAG_E0106, parse_span(p, p->at));
        diag_fact(diag, SLICE("`{…}` in a text holds one value"));
        diag_here(diag, "this stands after it");
        diag_help_edit(diag, DIAG_FIX_GUESS, parse_gap(p), SLICE("}"), "close the value here");
    }
    while (!parse_at(p, TOKEN_STRING_MIDDLE) && !parse_at(p, TOKEN_STRING_CLOSE)) {
        parse_advance(p);
    }
}

uint32_t parse_template(struct parser *p)
{
    uint32_t node = parse_open(p, NODE_TEMPLATE);
    parse_leaf(p, node, NODE_TEXT);
    bool more = true;
    while (more) {
        parse_hole(p, node);
        more = parse_at(p, TOKEN_STRING_MIDDLE);
        parse_leaf(p, node, NODE_TEXT);
    }
    return parse_close(p, node);
}

static void take_text(struct parser *p, uint32_t label, const char *what, bool with_template)
{
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, label, NODE_STRING);
        return;
    }
    uint32_t first = p->at;
    uint32_t template = parse_template(p);
    if (with_template) {
        parse_add(p, label, template);
        return;
    }
    struct diag *diag =
        parse_complain(p, DIAG_E0227, span_join(parse_span(p, first), parse_span(p, p->at - 1)));
    diag_fact(diag, slice_from_cstr(what));
    diag_help(diag, "leave the braces out, or write `{{` where a brace itself is meant");
    parse_missing(p, label, CLASS_EXPR);
}

// `ru "…"` behind a text: two or three small letters, and the same in that language.
static bool at_language(const struct parser *p)
{
    enum token_kind next = (enum token_kind)parse_peek(p)->kind;
    if (!parse_at(p, TOKEN_WORD) || parse_token(p)->word != WORD_NONE ||
        (next != TOKEN_STRING && next != TOKEN_STRING_OPEN) || parse_peek(p)->first_on_line) {
        return false;
    }
    struct slice text = parse_text(p, p->at);
    bool lower = text.len == 2 || text.len == 3;
    for (size_t i = 0; lower && i < text.len; i++) {
        lower = text.ptr[i] >= 'a' && text.ptr[i] <= 'z';
    }
    return lower;
}

static void take_translation(struct parser *p, uint32_t label, const char *what,
                             bool with_template)
{
    uint32_t node = parse_open(p, NODE_TRANSLATION);
    struct slice lang = parse_text(p, p->at);
    for (uint32_t other = p->nodes[label].first_child; other != NODE_NONE;
         other = p->nodes[other].next_sibling) {
        uint32_t name = p->nodes[other].kind == NODE_TRANSLATION ? p->nodes[other].first_child
                                                                 : NODE_NONE;
        if (name != NODE_NONE && slice_equal(parse_text(p, p->nodes[name].first_token), lang)) {
            struct diag *diag = parse_complain(p, DIAG_E0216, parse_span(p, p->at));
            diag_fact(diag, SLICE("this text"));
            diag_fact(diag, lang);
            diag_here(diag, "here again");
            diag_label(diag, parse_span(p, p->nodes[name].first_token), "here first");
        }
    }
    parse_leaf(p, node, NODE_NAME);
    take_text(p, node, what, with_template);
    parse_add(p, label, parse_close(p, node));
}

static void take_label(struct parser *p, uint32_t parent, const char *what, bool with_template)
{
    uint32_t label = parse_open(p, NODE_LABEL);
    take_text(p, label, what, with_template);
    while (at_language(p)) {
        take_translation(p, label, what, with_template);
    }
    parse_add(p, parent, parse_close(p, label));
}

void parse_label(struct parser *p, uint32_t parent, const char *what, bool with_template)
{
    if (parse_at_text(p)) {
        take_label(p, parent, what, with_template);
        return;
    }
    parse_needs(p, what, "a text in quotes");
    parse_missing(p, parent, CLASS_LABEL);
}

// A label made from the name, to be corrected: `first_call` becomes "First call".
static struct slice guess_label(struct parser *p, struct slice name)
{
    struct slice guess = arena_format(p->arena, " \"%.*s\"", SLICE_PRINT(name));
    char *text = arena_cstr(p->arena, guess);
    for (size_t i = 2; i < guess.len; i++) {
        text[i] = text[i] == '_' ? ' ' : text[i];
    }
    if (text[2] >= 'a' && text[2] <= 'z') {
        text[2] = (char)(text[2] - 'a' + 'A');
    }
    return slice_make(text, guess.len);
}

void parse_decl_label(struct parser *p, uint32_t node)
{
    if (parse_at_text(p)) {
        take_label(p, node, "a label", false);
        if (parse_at_text(p)) {
            struct diag *diag = parse_complain(p, DIAG_E0235, parse_span(p, p->at));
            diag_fact(diag, parse_describe(p, node));
            diag_help(diag, "join them into one text, or say the rest with `help`");
            uint32_t dropped = parse_open(p, NODE_ERROR);
            take_label(p, dropped, "a label", true);
        }
        return;
    }
    struct diag *diag = parse_complain(p, DIAG_E0203, parse_here(p));
    diag_fact(diag, parse_describe(p, node));
    uint32_t name = p->nodes[node].first_child;
    if (name != NODE_NONE && p->nodes[name].kind == NODE_NAME) {
        struct slice text = parse_text(p, p->nodes[name].first_token);
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, parse_gap(p), guess_label(p, text),
                       "write what people see");
    }
    parse_missing(p, node, CLASS_LABEL);
}

// ------------------------------------------------------------------------------------ types

bool parse_at_type(const struct parser *p)
{
    if (parse_token(p)->first_on_line && parse_at_name(p)) { // rather the next item or step
        enum word word = (enum word)parse_token(p)->word;
        bool type = word == WORD_NONE || word == WORD_SET || word == WORD_LIST ||
                    word == WORD_USER || word == WORD_REF;
        return type && parse_peek(p)->kind != TOKEN_ASSIGN;
    }
    return parse_at_name(p) || parse_at_word(p, WORD_RECORD);
}

static void parse_element_type(struct parser *p, uint32_t parent, enum syntax_kind kind)
{
    uint32_t node = parse_open(p, kind);
    const char *what = kind == NODE_TYPE_SET ? "`set`" : "`list`";
    parse_advance(p);
    if (!parse_take_word(p, WORD_OF)) {
        parse_insert(p, parse_needs(p, what, "`of` and the type of what it holds"), "of");
    }
    if (!parse_enter(p)) {
        parse_missing(p, node, CLASS_TYPE);
    } else {
        parse_type(p, node);
        parse_leave(p);
    }
    parse_add(p, parent, parse_close(p, node));
}

static void parse_user_type(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_TYPE_USER);
    parse_advance(p);
    if (!parse_take_word(p, WORD_OF)) {
        struct diag *diag = parse_needs(p, "`user`", "`of` and the name of a role");
        diag_note(diag, "a person is always the holder of some role: `user of sales`");
        parse_insert(p, diag, "of");
    }
    parse_ref(p, node, "`user of`", "the name of a role");
    parse_add(p, parent, parse_close(p, node));
}

// record { part, … }
static void parse_record_type(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_TYPE_RECORD);
    parse_advance(p);
    if (parse_enter(p)) {
        parse_parts(p, node);
        parse_leave(p);
    } else if (parse_at(p, TOKEN_BRACE_OPEN)) {
        parse_skip_braces(p);
    }
    parse_add(p, parent, parse_close(p, node));
}

void parse_type(struct parser *p, uint32_t parent)
{
    if (parse_at_word(p, WORD_SET) || parse_at_word(p, WORD_LIST)) {
        parse_element_type(p, parent,
                           parse_at_word(p, WORD_SET) ? NODE_TYPE_SET : NODE_TYPE_LIST);
    } else if (parse_at_word(p, WORD_USER)) {
        parse_user_type(p, parent);
    } else if (parse_at_word(p, WORD_REF)) {
        uint32_t node = parse_open(p, NODE_TYPE_REF);
        parse_advance(p);
        parse_ref(p, node, "`ref`", "the name of a process");
        parse_add(p, parent, parse_close(p, node));
    } else if (parse_at_word(p, WORD_RECORD)) {
        parse_record_type(p, parent);
    } else if (parse_at_type(p)) {
        uint32_t node = parse_open(p, NODE_TYPE_NAME);
        uint32_t name = parse_leaf(p, node, NODE_NAME);
        (void)parse_one_word(p, name, "a type");
        parse_add(p, parent, parse_close(p, node));
    } else if (!parse_quoted_name(p, parent, CLASS_TYPE, "a type")) {
        struct diag *diag = parse_complain(p, DIAG_E0204, parse_here(p));
        diag_fact(diag, parse_describe(p, parent));
        diag_note(diag, "types are text, integer, decimal, money, bool, date, time, datetime, "
                        "duration, phone, email, url, file, the enums and records of the file, "
                        "`user of ROLE`, `ref PROCESS`, `set of TYPE` and `list of TYPE`");
        parse_missing(p, parent, CLASS_TYPE);
    }
}

// team "north"
void parse_team(struct parser *p, uint32_t parent)
{
    uint32_t node = parse_open(p, NODE_TEAM);
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, node, NODE_STRING);
    } else {
        parse_needs(p, "`team`", "the name of a team, in quotes");
        parse_missing(p, node, CLASS_EXPR);
        if (parse_at_name(p) && !parse_token(p)->first_on_line) {
            parse_advance(p);
        }
    }
    parse_add(p, parent, parse_close(p, node));
}
