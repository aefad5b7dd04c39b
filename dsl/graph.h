// A drawing of one process, from its program image: stages in each other, buttons and who may press
// them, ladders and where they end, timers, rules, conversions, ends. The same image always gives
// the same bytes.
#ifndef RUNG_DSL_GRAPH_H
#define RUNG_DSL_GRAPH_H

#include "base/arena.h"
#include "base/buf.h"
#include "dsl/image/image.h"

enum graph_form {
    GRAPH_TEXT,    // for terminals of 80 columns
    GRAPH_MERMAID, // stateDiagram-v2
    GRAPH_DOT      // for Graphviz
};

// Appends the drawing to `out`; memory is taken from `arena`.
void graph_draw(const struct image *image, enum graph_form form, struct arena *arena,
                struct buf *out);

#endif
