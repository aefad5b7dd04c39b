// What the three forms of a drawing share: words for what the image says, and the edges.
#ifndef RUNG_DSL_GRAPH_GRAPH_INTERNAL_H
#define RUNG_DSL_GRAPH_GRAPH_INTERNAL_H

#include "dsl/graph/graph.h"

enum graph_place {
    PLACE_START,
    PLACE_STAGE,    // a leaf
    PLACE_ANYWHERE, // in a stage that holds stages; stage 0: in the whole process
    PLACE_END,
    PLACE_PROCESS, // pair: a process that cases are converted to
    PLACE_BACK,    // where the case stood before the escalation
    PLACE_MERGED   // given up for another case of the process
};
enum graph_edge_kind { EDGE_PRESS, EDGE_TIME, EDGE_CHILD };

struct graph_edge {
    enum graph_place from_place, to_place;
    uint32_t from, to;
    enum graph_edge_kind kind;
    struct slice label;
};

struct graph {
    const struct image *image;
    struct arena *arena;
    struct graph_edge *edges;
    uint32_t edge_count;
    uint32_t chained; // choices that the edge in hand has passed
};

// The same process with its labels and sentences in one language: no EXPR_LANGUAGE is left.
struct image graph_in_language(const struct image *image, struct slice lang, struct arena *arena);

// All edges, in the order of the text.
void graph_collect(struct graph *graph);
// Whether an edge begins at PLACE_ANYWHERE of this stage.
bool graph_has_anywhere(const struct graph *graph, uint32_t stage);
bool graph_leads_to(const struct graph *graph, enum graph_place place);
// The first pair that names the same process: one place for each process.
uint32_t graph_pair(const struct image *image, uint32_t pair);
// Whether no pair of these before it names the same process.
bool graph_pair_is_first(const struct image *image, struct image_range pairs, uint32_t index);

// The name of a place in a drawing that is made elsewhere; `start` is how the form calls the start.
void graph_put_place(enum graph_place place, uint32_t index, const char *start, struct buf *out);

// Words. `asks` are those of the form whose answers an expression may name.
void graph_put_text(const struct image *image, struct image_text text, struct buf *out);
void graph_put_expr(const struct image *image, uint32_t expr, struct image_range asks,
                    struct buf *out);
// A text that is shown to people: without quotes, `{…}` for what is filled in.
void graph_put_sentence(const struct image *image, uint32_t expr, struct image_range asks,
                        struct buf *out);
void graph_put_roles(const struct image *image, struct image_range roles, struct buf *out);
void graph_put_duration(int64_t amount, uint32_t unit, struct buf *out);
void graph_put_due(const struct image *image, uint32_t due, struct image_range asks,
                   struct buf *out);
// `5 min, 10 min remind, 1 day notify head`
void graph_put_rungs(const struct image *image, uint32_t ladder, struct buf *out);
// Who may press: the roles of `by`, else those with a task in the braces around the action.
void graph_put_pressers(const struct image *image, uint32_t action, struct buf *out);
void graph_put_signal(const struct image *image, uint32_t signal, struct buf *out); // `site.form`
// `for sales, due 1 day, overdue late`, without the title.
void graph_put_task_terms(const struct image *image, uint32_t task, struct buf *out);
// What the steps of a block do, in words; empty when they only fill fields.
void graph_put_block(const struct image *image, uint32_t block, struct image_range asks,
                     struct buf *out);
void graph_put_timer(const struct image *image, uint32_t timer, struct buf *out); // `after 3 days`
// `at the same time, until 2 are done`; nothing for a stage without a parallel.
void graph_put_parallel(const struct image *image, uint32_t stage, struct buf *out);
void graph_put_rule(const struct image *image, uint32_t rule, struct buf *out); // `when x changes`

void graph_draw_text(const struct graph *graph, struct buf *out);
void graph_draw_mermaid(const struct graph *graph, struct buf *out);
void graph_draw_dot(const struct graph *graph, struct buf *out);

#endif
