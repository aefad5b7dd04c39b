// Ways in which people damage a program while they write it. Each finds every place of a file where
// it can happen, and says what then stands there.
#ifndef RUNG_TESTS_DSL_DAMAGE_H
#define RUNG_TESTS_DSL_DAMAGE_H

#include "dsl/syntax/syntax.h"

// What the messages make of a damage, from worst to best.
enum damage_grade {
    DAMAGE_SILENT,  // no message, and another meaning
    DAMAGE_FAR,     // a message, but at another place
    DAMAGE_POINTED, // the first message names the line, or one of its labels does
    DAMAGE_LED,     // its edit stands at the place and leaves a word to the author
    DAMAGE_MENDED   // its edits give back a program of the same meaning
};

struct damage_place {
    uint32_t start, end; // bytes of the file
    struct slice with;   // what stands there instead
};

struct damage_finder {
    struct arena *arena;
    const struct syntax_tree *tree;
    const struct damage *damage;
    struct damage_place *places;
    uint32_t count, capacity;
};

struct damage {
    const char *name;
    void (*find)(struct damage_finder *finder);
    unsigned kind;  // of token or node, as `find` wants it
    const char *from, *to;
    enum damage_grade grade; // every place does as well as this
    unsigned mended;         // percent of the places that are mended; the rest does as `grade` says
};

extern const struct damage damage_list[];
extern const uint32_t damage_count;

// In `arena`, in the order of the text.
void damage_find(struct damage_finder *finder, const struct damage *damage,
                 const struct syntax_tree *tree, struct arena *arena);
void damage_add(struct damage_finder *finder, uint32_t start, uint32_t end, struct slice with);
struct slice damage_token(const struct damage_finder *finder, uint32_t token);

// Damages to names, in damage_names.c.
void damage_misspell(struct damage_finder *finder);
void damage_cyrillic(struct damage_finder *finder);
void damage_capital(struct damage_finder *finder);
void damage_quote_name(struct damage_finder *finder);
void damage_split_name(struct damage_finder *finder);
void damage_keyword(struct damage_finder *finder);
void damage_import_gone(struct damage_finder *finder);
// To signs and words, in damage_signs.c.
void damage_swap(struct damage_finder *finder);
void damage_drop(struct damage_finder *finder);
void damage_drop_word_before(struct damage_finder *finder);
void damage_quotes(struct damage_finder *finder);
void damage_quote_missing(struct damage_finder *finder);
void damage_hole_open(struct damage_finder *finder);
void damage_unit(struct damage_finder *finder);
void damage_unit_missing(struct damage_finder *finder);
void damage_date(struct damage_finder *finder);
void damage_comment(struct damage_finder *finder);
void damage_comma_doubled(struct damage_finder *finder);
void damage_last_comma(struct damage_finder *finder);
// To whole constructs, in damage_nodes.c.
void damage_body_missing(struct damage_finder *finder);
void damage_label_missing(struct damage_finder *finder);
void damage_braces_missing(struct damage_finder *finder);
void damage_flow_twice(struct damage_finder *finder);
void damage_flow_first(struct damage_finder *finder);
void damage_line_twice(struct damage_finder *finder);
void damage_clause_late(struct damage_finder *finder);
void damage_task_for(struct damage_finder *finder);
void damage_compare_duration(struct damage_finder *finder);
void damage_stray_stage(struct damage_finder *finder);
void damage_foreign_field(struct damage_finder *finder);
void damage_percent(struct damage_finder *finder);

#endif
