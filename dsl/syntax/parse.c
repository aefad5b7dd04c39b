// The ground of the parser: tokens, nodes, messages, braces, recovery.
#include "base/check.h"
#include "dsl/syntax/lexer.h"
#include "dsl/syntax/parse_internal.h"

// ------------------------------------------------------------------------------------ tokens

bool parse_at_clause(const struct parser *p, enum word word)
{
    return parse_at_word(p, word) && parse_peek(p)->kind != TOKEN_ASSIGN;
}

void parse_advance(struct parser *p)
{
    if (p->at + 1 < p->token_count) {
        p->at++;
        p->line = p->tokens[p->at].first_on_line ? p->at : p->line;
    }
}

bool parse_take(struct parser *p, enum token_kind kind)
{
    if (!parse_at(p, kind)) {
        return false;
    }
    parse_advance(p);
    return true;
}

bool parse_take_word(struct parser *p, enum word word)
{
    if (!parse_at_word(p, word)) {
        return false;
    }
    parse_advance(p);
    return true;
}

struct span parse_span(const struct parser *p, uint32_t token)
{
    return span_make(p->file, p->tokens[token].start, p->tokens[token].end);
}

struct slice parse_text(const struct parser *p, uint32_t token)
{
    const struct token *at = &p->tokens[token];
    return slice_sub(p->text, at->start, at->end - at->start);
}

uint32_t parse_indent(const struct parser *p, uint32_t token)
{
    while (token > 0 && !p->tokens[token].first_on_line) {
        token--;
    }
    uint32_t start = p->tokens[token].start;
    uint32_t line = start;
    while (line > 0 && p->text.ptr[line - 1] != '\n') {
        line--;
    }
    return start - line;
}

// ------------------------------------------------------------------------------------ nodes

uint32_t parse_open(struct parser *p, enum syntax_kind kind)
{
    if (p->node_count == p->node_capacity) {
        uint32_t capacity = p->node_capacity > 0 ? p->node_capacity * 2 : 1024;
        struct syntax_node *nodes =
            arena_alloc_raw(p->arena, (size_t)capacity * sizeof(struct syntax_node));
        if (p->node_count > 0) {
            memcpy(nodes, p->nodes, p->node_count * sizeof(*nodes));
        }
        p->nodes = nodes;
        p->node_capacity = capacity;
    }
    p->nodes[p->node_count] = (struct syntax_node){
        .kind = (uint8_t)kind, .parent = NODE_NONE, .first_child = NODE_NONE,
        .last_child = NODE_NONE, .next_sibling = NODE_NONE, .first_token = p->at,
        .end_token = p->at,
    };
    return p->node_count++;
}

uint32_t parse_close(struct parser *p, uint32_t node)
{
    CHECK(p->at >= p->nodes[node].first_token);
    p->nodes[node].end_token = p->at;
    return node;
}

void parse_add(struct parser *p, uint32_t parent, uint32_t child)
{
    struct syntax_node *above = &p->nodes[parent];
    CHECK(p->nodes[child].parent == NODE_NONE && child != parent);
    p->nodes[child].parent = parent;
    if (above->first_child == NODE_NONE) {
        above->first_child = child;
    } else {
        p->nodes[above->last_child].next_sibling = child;
    }
    above->last_child = child;
    uint16_t height = (uint16_t)(p->nodes[child].height + 1);
    above->height = above->height > height ? above->height : height;
}

uint32_t parse_leaf(struct parser *p, uint32_t parent, enum syntax_kind kind)
{
    uint32_t node = parse_open(p, kind);
    parse_advance(p);
    parse_close(p, node);
    parse_add(p, parent, node);
    return node;
}

uint32_t parse_missing(struct parser *p, uint32_t parent, enum syntax_class class)
{
    uint32_t node = parse_open(p, NODE_ERROR);
    p->nodes[node].op = (uint8_t)class;
    parse_add(p, parent, node);
    return node;
}

bool parse_has(const struct parser *p, uint32_t node, enum syntax_kind kind)
{
    uint32_t child = p->nodes[node].first_child;
    while (child != NODE_NONE && p->nodes[child].kind != kind) {
        child = p->nodes[child].next_sibling;
    }
    return child != NODE_NONE;
}

// ------------------------------------------------------------------------------------ messages

// Whether the lexer has spoken about something near: the token before, or the rest of this line.
static bool is_reported_here(const struct parser *p)
{
    bool reported = p->tokens[p->at].reported || (p->at > 0 && p->tokens[p->at - 1].reported);
    for (uint32_t i = p->at + 1; !reported && i < p->token_count; i++) {
        if (p->tokens[i].first_on_line) {
            break;
        }
        reported = p->tokens[i].reported;
    }
    return reported;
}

struct diag *parse_complain(struct parser *p, enum diag_code code, struct span span)
{
    // What the lexer could not read has been reported; what follows from it is not news.
    bool silent = p->quiet || p->mute > 0 || is_reported_here(p);
    p->quiet = true;
    p->has_errors = true;
    if (!silent) {
        p->complained = true;
        p->last_complaint = span.start;
        return diag_add(p->diags, code, span);
    }
    struct diag *spare = &p->diags->spare;
    *spare = (struct diag){ .owner = p->diags, .code = code, .primary = span };
    return spare;
}

void parse_calm(struct parser *p)
{
    if (!p->quiet || !p->complained) {
        p->quiet = false;
        return;
    }
    p->quiet = p->last_complaint > p->tokens[p->line].start;
}

struct span parse_gap(const struct parser *p)
{
    return p->at == 0 ? span_make(p->file, 0, 0) : span_after(parse_span(p, p->at - 1));
}

struct span parse_here(const struct parser *p)
{
    const struct token *token = parse_token(p);
    return token->first_on_line || token->kind == TOKEN_END ? parse_gap(p) : parse_span(p, p->at);
}

// Whether the kind is called by its keyword ("this `after`"), not as a thing ("this action").
static bool is_said_as_word(enum syntax_kind kind)
{
    enum syntax_class class = syntax_class_of(kind);
    return class == CLASS_STEP || class == CLASS_CLAUSE || kind == NODE_START ||
           kind == NODE_ON_REPEAT || kind == NODE_AFTER || kind == NODE_AT || kind == NODE_WHEN ||
           kind == NODE_EVERY || kind == NODE_ON_ENTER || kind == NODE_ON_EXIT ||
           kind == NODE_PARALLEL || kind == NODE_MIGRATE;
}

struct slice parse_describe(const struct parser *p, uint32_t node)
{
    enum syntax_kind kind = (enum syntax_kind)p->nodes[node].kind;
    const char *text = syntax_kind_name(kind);
    bool word = is_said_as_word(kind) && kind != NODE_TASK;
    uint32_t child = p->nodes[node].first_child;
    if (child == NODE_NONE || p->nodes[child].kind != NODE_NAME) {
        return arena_format(p->arena, word ? "this `%s`" : "this %s", text);
    }
    struct slice name = parse_text(p, p->nodes[child].first_token);
    return arena_format(p->arena, word ? "`%s %.*s`" : "%s `%.*s`", text, SLICE_PRINT(name));
}

struct slice parse_quote(const struct parser *p, uint32_t token)
{
    if (p->tokens[token].kind == TOKEN_END) {
        return SLICE("the end of the file");
    }
    struct slice text = parse_text(p, token);
    if (text.len > 40) {
        return SLICE("this");
    }
    return arena_format(p->arena, "`%.*s`", SLICE_PRINT(text));
}

struct diag *parse_needs(struct parser *p, const char *what, const char *needs)
{
    struct diag *diag = parse_complain(p, DIAG_E0206, parse_here(p));
    diag_fact(diag, slice_from_cstr(what));
    diag_fact(diag, slice_from_cstr(needs));
    return diag;
}

bool parse_enter(struct parser *p)
{
    if (p->nesting == PARSE_NESTING_MAX) {
        struct diag *diag = parse_complain(p, DIAG_E0231, parse_here(p));
        diag_fact_format(diag, "%d", PARSE_NESTING_MAX);
        return false;
    }
    p->nesting++;
    return true;
}

void parse_leave(struct parser *p)
{
    CHECK(p->nesting > 0);
    p->nesting--;
}

void parse_once(struct parser *p, uint32_t node, enum syntax_kind kind)
{
    uint32_t child = p->nodes[node].first_child;
    while (child != NODE_NONE && p->nodes[child].kind != kind) {
        child = p->nodes[child].next_sibling;
    }
    if (child == NODE_NONE) {
        return;
    }
    struct diag *diag = parse_complain(p, DIAG_E0216, parse_span(p, p->at));
    diag_fact(diag, parse_describe(p, node));
    diag_fact(diag, slice_from_cstr(syntax_kind_name(kind)));
    diag_here(diag, "here again");
    diag_label(diag, parse_span(p, p->nodes[child].first_token), "here first");
}

// ------------------------------------------------------------------------------------ braces

uint32_t parse_find_on_line(const struct parser *p, enum token_kind kind)
{
    uint32_t i = p->at;
    if (p->tokens[i].first_on_line) {
        return 0;
    }
    while (i < p->at + PARSE_LOOK_AHEAD_MAX && p->tokens[i].kind != TOKEN_END &&
           !p->tokens[i].first_on_line && p->tokens[i].kind != TOKEN_BRACE_CLOSE) {
        if (p->tokens[i].kind == kind) {
            return i;
        }
        i++;
    }
    return 0;
}

uint32_t parse_brace_open(struct parser *p, uint32_t node)
{
    uint32_t brace = p->at;
    if (parse_take(p, TOKEN_BRACE_OPEN)) {
        return brace;
    }
    uint32_t later = parse_find_on_line(p, TOKEN_BRACE_OPEN);
    if (later > 0) {
        struct diag *diag = parse_complain(p, DIAG_E0249, parse_span(p, p->at));
        diag_fact(diag, parse_quote(p, p->at));
        diag_fact(diag, parse_describe(p, node));
        p->at = later;
        parse_advance(p);
        return later;
    }
    struct diag *diag = parse_complain(p, DIAG_E0209, parse_here(p));
    diag_fact(diag, parse_describe(p, node));
    diag_help_edit(diag, DIAG_FIX_GUESS, parse_gap(p), SLICE(" {"), "write `{` here");
    return p->at > 0 ? p->at - 1 : 0;
}

bool parse_was_disturbed(const struct parser *p, uint32_t first, uint32_t end)
{
    bool disturbed = p->complained && p->last_complaint >= p->tokens[first].start;
    for (uint32_t i = first; !disturbed && i < end; i++) {
        disturbed = p->tokens[i].reported;
    }
    return disturbed;
}

static void report_not_closed(struct parser *p, uint32_t node, uint32_t brace)
{
    p->quiet = p->quiet || p->tokens[brace].kind != TOKEN_BRACE_OPEN ||
               parse_was_disturbed(p, brace, p->at);
    bool suspected = p->suspect != NODE_NONE;
    uint32_t open = suspected ? p->suspect_brace : brace;
    struct diag *diag = parse_complain(p, DIAG_E0210, parse_span(p, open));
    parse_suggest_close(p, diag, open, suspected ? p->suspect : node);
    diag_fact(diag, parse_describe(p, suspected ? p->suspect : node));
    diag_here(diag, "no `}` closes what begins here");
    if (parse_at(p, TOKEN_END)) {
        diag_note(diag, "the file ends while it is still open");
    } else {
        diag_label(diag, parse_span(p, p->at), "%.*s cannot stand inside it",
                   SLICE_PRINT(parse_quote(p, p->at)));
    }
    p->suspect = NODE_NONE;
}

void parse_brace_close(struct parser *p, uint32_t node, uint32_t brace)
{
    uint32_t at = p->at;
    if (!parse_take(p, TOKEN_BRACE_CLOSE)) {
        report_not_closed(p, node, brace);
        return;
    }
    // A brace on a second line of its construct belongs to the column of the first.
    uint32_t column = parse_indent(p, p->nodes[node].first_token);
    uint32_t line_column = parse_indent(p, brace);
    bool outside = p->tokens[at].first_on_line && parse_indent(p, at) != column &&
                   parse_indent(p, at) != line_column;
    bool same_line = true;
    for (uint32_t i = brace + 1; i <= at && same_line; i++) {
        same_line = !p->tokens[i].first_on_line;
    }
    bool deeper = p->tokens[at].first_on_line && parse_indent(p, at) > column &&
                  parse_indent(p, at) > line_column;
    if (p->early == 0 && !same_line && (deeper || !p->tokens[at].first_on_line)) {
        p->early = at;
    }
    if (outside && p->suspect == NODE_NONE) {
        p->suspect = node;
        p->suspect_brace = brace;
    }
}

bool parse_at_top_word(const struct parser *p)
{
    if (!parse_at(p, TOKEN_WORD) || !parse_token(p)->first_on_line) {
        return false;
    }
    switch ((unsigned)parse_token(p)->word) {
    case WORD_PROCESS:
    case WORD_ROLE:
    case WORD_ENUM:
    case WORD_LADDER:
    case WORD_TEST:
    case WORD_IMPORT:
    case WORD_OVERRIDE:
    case WORD_TABLE:
    case WORD_HOOK:
    case WORD_CONNECTOR:
    case WORD_INBOX: return true;
    case WORD_RECORD: return parse_peek(p)->kind == TOKEN_WORD;
    case WORD_CALENDAR: return parse_indent(p, p->at) == 0;
    default: return false;
    }
}

bool parse_body_over(const struct parser *p)
{
    return parse_at(p, TOKEN_BRACE_CLOSE) || parse_at(p, TOKEN_END) || parse_at_top_word(p);
}

void parse_skip_braces(struct parser *p)
{
    CHECK(parse_at(p, TOKEN_BRACE_OPEN));
    unsigned depth = 0;
    do {
        depth += parse_at(p, TOKEN_BRACE_OPEN) ? 1 : 0;
        depth -= parse_at(p, TOKEN_BRACE_CLOSE) ? 1 : 0;
        parse_advance(p);
    } while (depth > 0 && !parse_at(p, TOKEN_END) && !parse_at_top_word(p));
}

void parse_skip_to(struct parser *p, parse_starts_fn *starts)
{
    uint32_t first = p->at;
    while (!parse_body_over(p) && (p->at == first || !starts(p))) {
        if (parse_at(p, TOKEN_BRACE_OPEN)) {
            parse_skip_braces(p);
        } else {
            parse_advance(p);
        }
    }
}

void parse_unknown(struct parser *p, uint32_t container, const enum word *words, size_t count)
{
    struct diag *diag = parse_complain(p, DIAG_E0213, parse_span(p, p->at));
    diag_fact(diag, parse_quote(p, p->at));
    diag_fact(diag, parse_describe(p, container));
    if (parse_at(p, TOKEN_COMMA)) {
        diag_help_edit(diag, DIAG_FIX_GUESS, parse_span(p, p->at), SLICE_EMPTY, "take it out");
    }
    if (!parse_at(p, TOKEN_WORD)) {
        return;
    }
    parse_suggest_words(p, diag, words, count);
}

void parse_suggest_words(struct parser *p, struct diag *diag, const enum word *words, size_t count)
{
    struct suggestions suggestions;
    suggest_init(&suggestions, parse_text(p, p->at));
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&suggestions, slice_from_cstr(syntax_word_text(words[i])), 0);
    }
    if (suggestions.count > 0) {
        bool certain = suggestions.scores[0] >> 16 == 0;
        diag_help_edit(diag, certain ? DIAG_FIX_SAFE : DIAG_FIX_GUESS, parse_span(p, p->at),
                       suggestions.names[0], "`%.*s` is a word like it",
                       SLICE_PRINT(suggestions.names[0]));
    }
}

// ------------------------------------------------------------------------------------ entry

void syntax_parse(struct syntax_tree *ret_tree, const struct source_set *sources, uint32_t file,
                  struct arena *arena, struct diags *diags)
{
    CHECK(file < sources->count);
    *ret_tree = (struct syntax_tree){ .file = file, .text = sources->files[file].text };
    lexer_run(ret_tree, arena, diags);
    struct parser parser = {
        .tokens = ret_tree->tokens, .token_count = ret_tree->token_count,
        .text = ret_tree->text, .file = file, .arena = arena, .diags = diags,
        .has_errors = ret_tree->has_errors, .process = NODE_NONE, .suspect = NODE_NONE,
    };
    parse_file(&parser);
    CHECK(parser.nesting == 0 && parser.mute == 0);
    CHECK(parser.nodes[0].height < SYNTAX_DEPTH_MAX);
    ret_tree->nodes = parser.nodes;
    ret_tree->node_count = parser.node_count;
    ret_tree->has_errors = parser.has_errors;
}
