#include "tests/dsl/damage.h"

#include "base/attr.h"

const struct damage damage_list[] = {
    // --- names
    { "a stage is misspelt", damage_misspell, NODE_GOTO, "", "", DAMAGE_POINTED, 95 },
    { "a role is misspelt", damage_misspell, NODE_TASK, "", "", DAMAGE_POINTED, 95 },
    { "a role is misspelt after `by`", damage_misspell, NODE_BY, "", "", DAMAGE_POINTED, 95 },
    { "a role is misspelt after `under`", damage_misspell, NODE_UNDER, "", "", DAMAGE_POINTED, 95 },
    { "a ladder is misspelt", damage_misspell, NODE_RETRY, "", "", DAMAGE_POINTED, 95 },
    { "a ladder is misspelt after `overdue`", damage_misspell, NODE_OVERDUE, "", "",
      DAMAGE_POINTED, 95 },
    { "a field is misspelt in `ask`", damage_misspell, NODE_ASK, "", "", DAMAGE_POINTED, 95 },
    { "a field is misspelt where it is set", damage_misspell, NODE_ASSIGN, "", "",
      DAMAGE_POINTED, 95 },
    { "a name is misspelt in an expression", damage_misspell, NODE_PATH, "", "",
      DAMAGE_POINTED, 95 },
    { "a type is misspelt", damage_misspell, NODE_TYPE_NAME, "", "", DAMAGE_POINTED, 95 },
    { "a process is misspelt", damage_misspell, NODE_PAIR, "", "", DAMAGE_POINTED, 95 },
    { "an action is misspelt in a test", damage_misspell, NODE_PLAY_DOES, "", "",
      DAMAGE_POINTED, 95 },
    { "a value is misspelt in a test", damage_misspell, NODE_ARG, "", "", DAMAGE_POINTED, 95 },
    { "a role is misspelt in a test", damage_misspell, NODE_PLAY_USER, "", "", DAMAGE_POINTED, 95 },
    { "a letter is Cyrillic", damage_cyrillic, 0, "", "", DAMAGE_POINTED, 95 },
    { "a name has a capital letter", damage_capital, 0, "", "", DAMAGE_POINTED, 95 },
    { "a name stands in quotes", damage_quote_name, 0, "", "", DAMAGE_POINTED, 95 },
    { "a name has a space", damage_split_name, 0, " ", "", DAMAGE_POINTED, 95 },
    { "a name has a hyphen", damage_split_name, 0, "-", "", DAMAGE_POINTED, 95 },
    { "a keyword is misspelt", damage_keyword, 0, "", "", DAMAGE_POINTED, 95 },
    { "a keyword has a capital letter", damage_keyword, 1, "", "", DAMAGE_POINTED, 95 },
    { "an import is forgotten", damage_import_gone, 0, "", "", DAMAGE_POINTED, 95 },
    // --- signs and words
    { "`->` for `=>`", damage_swap, TOKEN_ARROW, "=>", "->", DAMAGE_POINTED, 95 },
    { "an arrow of a text editor for `=>`", damage_swap, TOKEN_ARROW, "=>", "\xe2\x86\x92",
      DAMAGE_POINTED, 95 },
    { "`=` for `=>`", damage_swap, TOKEN_ARROW, "=>", "=", DAMAGE_POINTED, 97 },
    { "`=` for `:=`", damage_swap, TOKEN_ASSIGN, ":=", "=", DAMAGE_POINTED, 95 },
    { "`==` for `is`", damage_swap, TOKEN_WORD, "is", "==", DAMAGE_POINTED, 95 },
    { "`=` for `is`", damage_swap, TOKEN_WORD, "is", "=", DAMAGE_POINTED, 95 },
    { "`&&` for `and`", damage_swap, TOKEN_WORD, "and", "&&", DAMAGE_POINTED, 95 },
    { "`||` for `or`", damage_swap, TOKEN_WORD, "or", "||", DAMAGE_POINTED, 95 },
    { "`;` for a comma", damage_swap, TOKEN_COMMA, ",", ";", DAMAGE_POINTED, 95 },
    { "`then` is missing", damage_drop, TOKEN_WORD, "then", "", DAMAGE_POINTED, 95 },
    { "`times` is missing", damage_drop, TOKEN_WORD, "times", "", DAMAGE_POINTED, 95 },
    { "`due` is missing", damage_drop, TOKEN_WORD, "due", "", DAMAGE_POINTED, 95 },
    { "`for` is missing", damage_drop, TOKEN_WORD, "for", "", DAMAGE_POINTED, 95 },
    { "`to` for `for`", damage_task_for, 0, "", "to", DAMAGE_POINTED, 95 },
    { "`of` is missing", damage_drop, TOKEN_WORD, "of", "", DAMAGE_POINTED, 95 },
    { "`on` is missing", damage_drop, TOKEN_WORD, "on", "", DAMAGE_POINTED, 95 },
    { "`else` is missing", damage_drop, TOKEN_WORD, "else", "", DAMAGE_POINTED, 95 },
    { "`=>` is missing", damage_drop, TOKEN_ARROW, "=>", "", DAMAGE_POINTED, 95 },
    { "a colon is missing", damage_drop, TOKEN_COLON, ":", "", DAMAGE_POINTED, 95 },
    { "a comma is missing", damage_drop, TOKEN_COMMA, ",", "", DAMAGE_POINTED, 95 },
    { "a comma is doubled", damage_comma_doubled, 0, "", "", DAMAGE_POINTED, 95 },
    { "a comma stands at the end", damage_last_comma, 0, "", "", DAMAGE_POINTED, 95 },
    { "`{` is missing", damage_drop, TOKEN_BRACE_OPEN, "{", "", DAMAGE_POINTED, 95 },
    { "`}` is missing", damage_drop, TOKEN_BRACE_CLOSE, "}", "", DAMAGE_POINTED, 95 },
    { "`}` is doubled", damage_swap, TOKEN_BRACE_CLOSE, "}", "} }", DAMAGE_LED, 98 },
    { "curly quotes", damage_quotes, 0, "\xe2\x80\x9c", "\xe2\x80\x9d", DAMAGE_POINTED, 95 },
    { "single quotes", damage_quotes, 0, "'", "'", DAMAGE_POINTED, 95 },
    { "guillemets", damage_quotes, 0, "\xc2\xab", "\xc2\xbb", DAMAGE_POINTED, 95 },
    { "a closing quote is missing", damage_quote_missing, 1, "", "", DAMAGE_POINTED, 95 },
    { "an opening quote is missing", damage_quote_missing, 0, "", "", DAMAGE_POINTED, 95 },
    { "`}` is missing in a text", damage_hole_open, 0, "", "", DAMAGE_POINTED, 95 },
    { "a foreign word for a unit", damage_unit, 0, "", "", DAMAGE_POINTED, 95 },
    { "a duration without its unit", damage_unit_missing, 0, "", "", DAMAGE_LED, 0 },
    { "a date of another country", damage_date, 0, "", "", DAMAGE_POINTED, 95 },
    { "`//` for `--`", damage_comment, 0, "", "//", DAMAGE_POINTED, 95 },
    { "`#` for `--`", damage_comment, 0, "", "#", DAMAGE_POINTED, 95 },
    { "a percentage without its sign", damage_percent, 0, "", "", DAMAGE_POINTED, 95 },
    // --- constructs
    { "an action without a body", damage_body_missing, NODE_ACTION, "", "", DAMAGE_LED, 0 },
    { "a label is missing", damage_label_missing, 0, "", "", DAMAGE_LED, 0 },
    { "steps without braces", damage_braces_missing, 0, "", "", DAMAGE_POINTED, 95 },
    { "two flows on a path", damage_flow_twice, 0, "", "", DAMAGE_POINTED, 95 },
    { "a flow before the steps", damage_flow_first, 0, "", "", DAMAGE_POINTED, 95 },
    { "a field is copied", damage_line_twice, NODE_FIELD, "", "", DAMAGE_POINTED, 95 },
    { "an action is copied", damage_line_twice, NODE_ACTION, "", "", DAMAGE_POINTED, 95 },
    { "an end is copied", damage_line_twice, NODE_END, "", "", DAMAGE_POINTED, 95 },
    { "a clause behind the body", damage_clause_late, 0, "", "", DAMAGE_POINTED, 95 },
    { "an amount is compared with a duration", damage_compare_duration, 0, "", "",
      DAMAGE_LED, 0 },
    { "a stage that nothing leads to", damage_stray_stage, 0, "", "", DAMAGE_POINTED, 95 },
    { "a field of another process", damage_foreign_field, 0, "", "", DAMAGE_POINTED, 0 },
};
const uint32_t damage_count = ARRAY_COUNT(damage_list);

void damage_find(struct damage_finder *finder, const struct damage *damage,
                 const struct syntax_tree *tree, struct arena *arena)
{
    *finder = (struct damage_finder){ .arena = arena, .tree = tree, .damage = damage };
    damage->find(finder);
}

void damage_add(struct damage_finder *finder, uint32_t start, uint32_t end, struct slice with)
{
    if (finder->count == finder->capacity) {
        uint32_t capacity = finder->capacity > 0 ? finder->capacity * 2 : 64;
        struct damage_place *places = ARENA_ARRAY(finder->arena, struct damage_place, capacity);
        if (finder->count > 0) {
            memcpy(places, finder->places, finder->count * sizeof(*places));
        }
        finder->places = places;
        finder->capacity = capacity;
    }
    finder->places[finder->count++] = (struct damage_place){ start, end, with };
}

struct slice damage_token(const struct damage_finder *finder, uint32_t token)
{
    const struct token *at = &finder->tree->tokens[token];
    return slice_sub(finder->tree->text, at->start, at->end - at->start);
}
