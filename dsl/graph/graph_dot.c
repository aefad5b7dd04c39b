// A drawing in the language of Graphviz. Edges between the same two places become one with several
// lines; what a person presses is black, what time and data do is blue, children are dashed. What
// leads nowhere else is told in the box: Graphviz lays the words of a loop below other edges.
#include "base/utf8.h"
#include "dsl/graph/graph_internal.h"

enum { WORDS_BYTES_MAX = 64 * 1024, LINE_CELLS = 42 };

// Keeps words off the edge they belong to. A picture drops common spaces at the beginning of a
// line; these do not break and stay.
#define INDENT "\u00a0\u00a0"

static void put_escaped(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\') {
            buf_put_char(out, '\\');
        }
        buf_put_char(out, c == '\n' ? ' ' : c);
    }
}

// Broken between words into lines that end in `line_end` (`\n` is centred, `\l` stands left) and
// begin with `indent`.
static void put_lines(struct slice text, const char *indent, const char *line_end, struct buf *out)
{
    buf_put_cstr(out, indent);
    size_t column = 0;
    size_t at = 0;
    while (at < text.len) {
        size_t end = at;
        while (end < text.len && text.ptr[end] != ' ') {
            end++;
        }
        struct slice word = slice_sub(text, at, end - at);
        size_t cells = utf8_cells(word);
        if (column > 0 && column + 1 + cells > LINE_CELLS) {
            buf_put_cstr(out, line_end);
            buf_put_cstr(out, indent);
            column = 0;
        }
        buf_put_cstr(out, column > 0 ? " " : "");
        put_escaped(word, out);
        column += cells + (column > 0 ? 1 : 0);
        at = end + 1;
    }
    buf_put_cstr(out, line_end);
}

static bool is_loop(const struct graph_edge *edge)
{
    return edge->from_place == edge->to_place && edge->from == edge->to;
}

// What may be done in a place and leaves the case there.
static void put_loops(const struct graph *graph, enum graph_place place, uint32_t index,
                      struct buf *out)
{
    bool first = true;
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];
        if (is_loop(edge) && edge->from_place == place && edge->from == index) {
            buf_put_cstr(out, first ? " \\nstays:\\l" : "");
            put_lines(edge->label, INDENT, "\\l", out);
            first = false;
        }
    }
}

static void put_anywhere(const struct graph *graph, uint32_t stage, uint32_t depth, struct buf *out)
{
    if (graph_has_anywhere(graph, stage)) {
        buf_format(out, "%*sa%u [label=\"%s\\n", (int)depth * 2, "", stage,
                   stage == 0 ? "anywhere" : "anywhere inside");
        put_loops(graph, PLACE_ANYWHERE, stage, out);
        buf_put_cstr(out, "\", style=\"dashed,rounded\"];\n");
    }
}

static void put_leaf(const struct graph *graph, uint32_t stage, uint32_t depth, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_stage *s = &image->stage[stage];
    const struct image_range none = { 0, 0 };
    struct buf words;
    buf_init(&words, WORDS_BYTES_MAX);
    buf_format(out, "%*ss%u [label=\"", (int)depth * 2, "", stage);
    graph_put_text(image, s->label, &words);
    if (s->chance != INDEX_NONE) {
        buf_format(&words, " (%u%%)", s->chance);
    }
    put_lines(buf_slice(&words), "", "\\n", out);
    if (s->task != INDEX_NONE) {
        buf_reset(&words);
        graph_put_sentence(image, image->task[s->task].title, none, &words);
        put_lines(buf_slice(&words), "", "\\n", out);
        buf_reset(&words);
        graph_put_task_terms(image, s->task, &words);
        put_lines(buf_slice(&words), "", "\\n", out);
    }
    put_loops(graph, PLACE_STAGE, stage, out);
    buf_put_cstr(out, "\"];\n");
    buf_done(&words);
}

// Depth is bound by IMAGE_STAGE_DEPTH_MAX.
static void put_stage(const struct graph *graph, uint32_t stage, uint32_t depth, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_stage *s = &image->stage[stage];
    if (s->first_child == INDEX_NONE) {
        put_leaf(graph, stage, depth, out);
        return;
    }
    buf_format(out, "%*ssubgraph cluster_s%u {\n%*slabel=\"", (int)depth * 2, "", stage,
               (int)depth * 2 + 2, "");
    put_escaped(image_slice(image, s->label), out);
    if (s->chance != INDEX_NONE) {
        buf_format(out, " (%u%%)", s->chance);
    }
    if (s->parallel != INDEX_NONE) {
        buf_put_cstr(out, ", ");
        graph_put_parallel(image, stage, out);
    }
    buf_put_cstr(out, "\";\n");
    put_anywhere(graph, stage, depth + 1, out);
    for (uint32_t c = s->first_child; c != INDEX_NONE; c = image->stage[c].next_sibling) {
        put_stage(graph, c, depth + 1, out);
    }
    buf_format(out, "%*s}\n", (int)depth * 2, "");
}

static void put_ends(const struct image *image, struct buf *out)
{
    static const char *const colours[] = { "#eeeeee", "#c8e6c9", "#ffcdd2" };
    for (uint32_t i = 0; i < image->end_count; i++) {
        const struct image_end *end = &image->end[i];
        buf_format(out, "  e%u [label=\"", i);
        put_escaped(image_slice(image, end->label), out);
        if (end->by.count > 0) {
            buf_put_cstr(out, "\\nby ");
            graph_put_roles(image, end->by, out);
        }
        buf_format(out, "\", shape=box, peripheries=2, style=filled, fillcolor=\"%s\"];\n",
                   colours[end->kind]);
    }
}

static void put_processes(const struct image *image, struct buf *out)
{
    for (uint32_t i = 0; i < image->pair_count; i++) {
        if (graph_pair(image, i) == i) {
            buf_format(out, "  p%u [label=\"process ", i);
            put_escaped(image_slice(image, image->pair[i].process), out);
            buf_put_cstr(out, "\", shape=component, style=filled, fillcolor=\"#e3f2fd\"];\n");
        }
    }
}

static void put_ladders(const struct image *image, struct buf *out)
{
    if (image->ladder_count == 0) {
        return;
    }
    struct buf words;
    buf_init(&words, WORDS_BYTES_MAX);
    buf_put_cstr(out, "  ladders [shape=note, label=\"");
    for (uint32_t i = 0; i < image->ladder_count; i++) {
        buf_reset(&words);
        buf_format(&words, "ladder %.*s: ", SLICE_PRINT(image_slice(image, image->ladder[i].name)));
        graph_put_rungs(image, i, &words);
        put_escaped(buf_slice(&words), out);
        buf_put_cstr(out, "\\l");
    }
    buf_put_cstr(out, "\"];\n");
    buf_done(&words);
}

static bool same_way(const struct graph_edge *a, const struct graph_edge *b)
{
    return a->from_place == b->from_place && a->from == b->from && a->to_place == b->to_place &&
           a->to == b->to && a->kind == b->kind;
}

static void put_edge(const struct graph *graph, uint32_t index, struct buf *out)
{
    static const char *const looks[] = {
        "", ", color=\"#1565c0\", fontcolor=\"#1565c0\"", ", style=dashed" };
    const struct graph_edge *edge = &graph->edges[index];
    for (uint32_t i = 0; i < index; i++) {
        if (same_way(&graph->edges[i], edge)) {
            return;
        }
    }
    buf_put_cstr(out, "  ");
    graph_put_place(edge->from_place, edge->from, "start", out);
    buf_put_cstr(out, " -> ");
    graph_put_place(edge->to_place, edge->to, "start", out);
    buf_put_cstr(out, " [label=\"");
    for (uint32_t i = index; i < graph->edge_count; i++) {
        if (same_way(&graph->edges[i], edge)) {
            put_lines(graph->edges[i].label, INDENT, "\\l", out);
        }
    }
    buf_format(out, "\"%s];\n", looks[edge->kind]);
}

void graph_draw_dot(const struct graph *graph, struct buf *out)
{
    const struct image *image = graph->image;
    buf_put_cstr(out, "digraph process {\n  label=\"");
    put_escaped(image_slice(image, image->process[0].label), out);
    buf_put_cstr(out, "\";\n  labelloc=t;\n  fontname=\"Helvetica\";\n  nodesep=0.5;\n"
                      "  ranksep=0.7;\n"
                      "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];\n"
                      "  edge [fontname=\"Helvetica\", fontsize=9];\n"
                      "  start [shape=circle, style=filled, fillcolor=black, label=\"\", "
                      "width=0.2];\n");
    for (uint32_t i = 1; i < image->stage_count; i++) {
        if (image->stage[i].parent == 0) {
            put_stage(graph, i, 1, out);
        }
    }
    put_anywhere(graph, 0, 1, out);
    put_ends(image, out);
    put_processes(image, out);
    if (graph_leads_to(graph, PLACE_BACK)) {
        buf_put_cstr(out, "  back [label=\"back to where\\nthe case stood\", "
                          "style=\"dashed,rounded\"];\n");
    }
    if (graph_leads_to(graph, PLACE_MERGED)) {
        buf_put_cstr(out, "  merged [label=\"merged into\\nanother case\", shape=box, "
                          "style=dashed];\n");
    }
    put_ladders(image, out);
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        if (!is_loop(&graph->edges[i])) {
            put_edge(graph, i, out);
        }
    }
    buf_put_cstr(out, "}\n");
}
