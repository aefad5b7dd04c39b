// Signs and small words that are wrong, doubled or missing.
#include "base/attr.h"
#include "tests/dsl/damage.h"

void damage_swap(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        if (token->kind == finder->damage->kind &&
            slice_equal(damage_token(finder, i), slice_from_cstr(finder->damage->from))) {
            damage_add(finder, token->start, token->end, slice_from_cstr(finder->damage->to));
        }
    }
}

// With the blanks behind it.
void damage_drop(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        if (token->kind == finder->damage->kind &&
            slice_equal(damage_token(finder, i), slice_from_cstr(finder->damage->from))) {
            uint32_t end = token->end;
            while (end < tree->text.len && tree->text.ptr[end] == ' ') {
                end++;
            }
            bool sign = token->kind == TOKEN_COMMA || token->kind == TOKEN_COLON;
            damage_add(finder, token->start, sign ? token->end : end, SLICE_EMPTY);
        }
    }
}

static bool is_text(const struct syntax_tree *tree, uint32_t node)
{
    enum syntax_kind kind = syntax_kind(tree, node);
    return kind == NODE_STRING || kind == NODE_TEMPLATE;
}

void damage_quotes(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        struct slice text = is_text(tree, node) ? syntax_source(tree, node) : SLICE_EMPTY;
        // An apostrophe in the text would end it.
        bool fits = text.len >= 2 && memchr(text.ptr, '\\', text.len) == NULL &&
                    (finder->damage->from[0] != '\'' || memchr(text.ptr, '\'', text.len) == NULL);
        if (fits) {
            struct span span = syntax_span(tree, node);
            damage_add(finder, span.start, span.end,
                       arena_format(finder->arena, "%s%.*s%s", finder->damage->from,
                                    SLICE_PRINT(slice_sub(text, 1, text.len - 2)),
                                    finder->damage->to));
        }
    }
}

void damage_quote_missing(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (is_text(tree, node)) {
            struct span span = syntax_span(tree, node);
            uint32_t at = finder->damage->kind == 1 ? span.end - 1 : span.start;
            damage_add(finder, at, at + 1, SLICE_EMPTY);
        }
    }
}

void damage_hole_open(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        if (token->kind == TOKEN_STRING_MIDDLE || token->kind == TOKEN_STRING_CLOSE) {
            damage_add(finder, token->start, token->start + 1, SLICE_EMPTY);
        }
    }
}

static struct slice unit_of(struct slice text, uint32_t *ret_at)
{
    size_t at = 0;
    while (at < text.len && ((text.ptr[at] >= '0' && text.ptr[at] <= '9') || text.ptr[at] == ' ')) {
        at++;
    }
    *ret_at = (uint32_t)at;
    return slice_sub(text, at, text.len);
}

void damage_unit(struct damage_finder *finder)
{
    static const struct {
        struct slice unit;
        const char *foreign;
    } words[] = {
        { { "s", 1 }, "seconds" }, { { "min", 3 }, "minutes" }, { { "h", 1 }, "hours" },
        { { "day", 3 }, "d" },     { { "days", 4 }, "d" },      { { "weeks", 5 }, "wks" },
        { { "week", 4 }, "wk" },
    };
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        uint32_t at = 0;
        struct slice unit = token->kind == TOKEN_DURATION
                                ? unit_of(damage_token(finder, i), &at) : SLICE_EMPTY;
        for (size_t n = 0; n < ARRAY_COUNT(words) && unit.len > 0; n++) {
            if (slice_equal(words[n].unit, unit)) {
                damage_add(finder, token->start + at, token->end,
                           slice_from_cstr(words[n].foreign));
            }
        }
    }
}

void damage_unit_missing(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        if (token->kind == TOKEN_DURATION) {
            uint32_t at = 0;
            (void)unit_of(damage_token(finder, i), &at);
            while (at > 0 && tree->text.ptr[token->start + at - 1] == ' ') {
                at--;
            }
            damage_add(finder, token->start + at, token->end, SLICE_EMPTY);
        }
    }
}

// 2026-03-02 as 02.03.2026 or as 2026-3-2
void damage_date(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        if (token->kind != TOKEN_DATE) {
            continue;
        }
        const char *text = tree->text.ptr + token->start;
        bool dots = finder->count % 2 == 0;
        int month = (text[5] - '0') * 10 + text[6] - '0';
        int day = (text[8] - '0') * 10 + text[9] - '0';
        damage_add(finder, token->start, token->end,
                   dots ? arena_format(finder->arena, "%02d.%02d.%.4s", day, month, text)
                        : arena_format(finder->arena, "%.4s-%d-%d", text, month, day));
    }
}

void damage_comment(struct damage_finder *finder)
{
    struct slice text = finder->tree->text;
    for (uint32_t i = 0; i < finder->tree->token_count; i++) {
        const struct token *token = &finder->tree->tokens[i];
        uint32_t from = i == 0 ? 0 : finder->tree->tokens[i - 1].end;
        for (uint32_t at = from; at + 1 < token->start; at++) {
            bool begins = text.ptr[at] == '-' && text.ptr[at + 1] == '-';
            if (begins) {
                damage_add(finder, at, at + 2, slice_from_cstr(finder->damage->to));
                while (at < token->start && text.ptr[at] != '\n') {
                    at++;
                }
            }
        }
    }
}

void damage_comma_doubled(struct damage_finder *finder)
{
    for (uint32_t i = 0; i < finder->tree->token_count; i++) {
        const struct token *token = &finder->tree->tokens[i];
        if (token->kind == TOKEN_COMMA) {
            damage_add(finder, token->end, token->end, SLICE(","));
        }
    }
}

// Behind the last of a list that stands on one line without braces.
void damage_last_comma(struct damage_finder *finder)
{
    const struct syntax_tree *tree = finder->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        enum syntax_kind kind = syntax_kind(tree, node);
        if (kind == NODE_WITH || kind == NODE_IMPORT || kind == NODE_PLAY_EXPECT) {
            struct span span = syntax_span(tree, node);
            damage_add(finder, span.end, span.end, SLICE(","));
        }
    }
}

void damage_percent(struct damage_finder *finder)
{
    for (uint32_t i = 0; i < finder->tree->token_count; i++) {
        const struct token *token = &finder->tree->tokens[i];
        if (token->kind == TOKEN_PERCENT) {
            damage_add(finder, token->end - 1, token->end, SLICE_EMPTY);
        }
    }
}
