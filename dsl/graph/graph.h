// A drawing of one process, from its program image: stages in each other, buttons and who may press
// them, ladders and where they end, timers, rules, conversions, ends. The same image always gives
// the same bytes.
#ifndef RUNG_DSL_GRAPH_GRAPH_H
#define RUNG_DSL_GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/buf.h"
#include "dsl/image/image.h"

enum graph_form {
    GRAPH_TEXT,    // for terminals of 80 columns
    GRAPH_MERMAID, // stateDiagram-v2
    GRAPH_DOT      // for Graphviz
};

// The codes of the languages that labels are said in besides the one written first, in the order of
// the alphabet.
struct graph_languages {
    struct slice *codes;
    uint32_t count;
};

// Adds those of a process; begin with an empty list. The list and its codes lie in `arena`.
void graph_add_languages(const struct image *image, struct arena *arena,
                         struct graph_languages *languages);

// Appends the drawing to `out`, with labels as readers of `lang` see them: those written first
// where there are none in it, and everywhere when it is empty. Memory is taken from `arena`.
void graph_draw(const struct image *image, enum graph_form form, struct slice lang,
                struct arena *arena, struct buf *out);

#endif
