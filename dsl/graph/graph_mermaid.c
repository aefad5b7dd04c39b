// A drawing as a Mermaid state diagram. Names are numbers (s3, e1): those of the language may be
// words of Mermaid. Edges begin and end at leaves only: Mermaid draws none from a state to another
// inside it.
#include "dsl/graph/graph_internal.h"

enum { LABEL_BYTES_MAX = 64 * 1024 };

// Characters that mean something to Mermaid go as numbers.
static void put_escaped(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c != '\0' && strchr("\":;#{}<>[]\\`", c) != NULL) {
            buf_format(out, "#%d;", c);
        } else {
            buf_put_char(out, c == '\n' ? ' ' : c);
        }
    }
}

static void put_title(struct slice text, struct buf *out)
{
    buf_put_cstr(out, "---\ntitle: \"");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        buf_put_cstr(out, c == '"' || c == '\\' ? "\\" : "");
        buf_put_char(out, c == '\n' ? ' ' : c);
    }
    buf_put_cstr(out, "\"\n---\n");
}

static void put_anywhere(const struct graph *graph, uint32_t stage, uint32_t depth, struct buf *out)
{
    if (graph_has_anywhere(graph, stage)) {
        buf_format(out, "%*sstate \"anywhere%s", (int)depth * 2, "", stage == 0 ? "" : " in ");
        if (stage != 0) {
            put_escaped(image_slice(graph->image, graph->image->stage[stage].label), out);
        }
        buf_format(out, "\" as a%u\n", stage);
    }
}

static void put_task(const struct graph *graph, uint32_t stage, uint32_t depth, struct buf *out)
{
    const struct image *image = graph->image;
    uint32_t task = image->stage[stage].task;
    if (task == INDEX_NONE) {
        return;
    }
    struct buf words;
    buf_init(&words, LABEL_BYTES_MAX);
    graph_put_task_terms(image, task, &words);
    if (image->task[task].overdue != INDEX_NONE) {
        buf_put_cstr(&words, " (");
        graph_put_rungs(image, image->task[task].overdue, &words);
        buf_put_char(&words, ')');
    }
    buf_format(out, "%*ss%u : ", (int)depth * 2, "", stage);
    put_escaped(buf_slice(&words), out);
    buf_put_char(out, '\n');
    buf_done(&words);
}

// Depth is bound by IMAGE_STAGE_DEPTH_MAX.
static void put_stage(const struct graph *graph, uint32_t stage, uint32_t depth, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_stage *s = &image->stage[stage];
    buf_format(out, "%*sstate \"", (int)depth * 2, "");
    put_escaped(image_slice(image, s->label), out);
    if (s->chance != INDEX_NONE) {
        buf_format(out, " %u%%", s->chance);
    }
    if (s->parallel != INDEX_NONE) {
        buf_put_cstr(out, ", ");
        graph_put_parallel(image, stage, out);
    }
    buf_format(out, "\" as s%u", stage);
    if (s->first_child == INDEX_NONE) {
        buf_put_char(out, '\n');
        put_task(graph, stage, depth, out);
        return;
    }
    buf_put_cstr(out, " {\n");
    put_anywhere(graph, stage, depth + 1, out);
    for (uint32_t c = s->first_child; c != INDEX_NONE; c = image->stage[c].next_sibling) {
        if (s->parallel != INDEX_NONE && c != s->first_child) {
            buf_format(out, "%*s--\n", (int)depth * 2 + 2, ""); // at the same time
        }
        put_stage(graph, c, depth + 1, out);
    }
    buf_format(out, "%*s}\n", (int)depth * 2, "");
}

static void put_ends(const struct image *image, struct buf *out)
{
    static const char *const classes[] = { "plain", "success", "failure" };
    for (uint32_t i = 0; i < image->end_count; i++) {
        buf_put_cstr(out, "  state \"");
        put_escaped(image_slice(image, image->end[i].label), out);
        buf_format(out, "\" as e%u\n  class e%u %s\n", i, i, classes[image->end[i].kind]);
    }
}

static void put_processes(const struct image *image, struct buf *out)
{
    for (uint32_t i = 0; i < image->pair_count; i++) {
        if (graph_pair(image, i) == i) {
            buf_put_cstr(out, "  state \"process ");
            put_escaped(image_slice(image, image->pair[i].process), out);
            buf_format(out, "\" as p%u\n  class p%u child\n", i, i);
        }
    }
}

void graph_draw_mermaid(const struct graph *graph, struct buf *out)
{
    const struct image *image = graph->image;
    put_title(image_slice(image, image->process[0].label), out);
    buf_put_cstr(out, "stateDiagram-v2\n"
                      "  classDef success fill:#c8e6c9,stroke:#2e7d32\n"
                      "  classDef failure fill:#ffcdd2,stroke:#c62828\n"
                      "  classDef plain fill:#eeeeee,stroke:#757575\n"
                      "  classDef child fill:#e3f2fd,stroke:#1565c0\n");
    for (uint32_t i = 1; i < image->stage_count; i++) {
        if (image->stage[i].parent == 0) {
            put_stage(graph, i, 1, out);
        }
    }
    put_anywhere(graph, 0, 1, out);
    put_ends(image, out);
    put_processes(image, out);
    if (graph_leads_to(graph, PLACE_BACK)) {
        buf_put_cstr(out, "  state \"back to where the case stood\" as back\n");
    }
    if (graph_leads_to(graph, PLACE_MERGED)) {
        buf_put_cstr(out, "  state \"merged into another case\" as merged\n"
                          "  class merged plain\n");
    }
    for (uint32_t i = 0; i < image->ladder_count; i++) {
        struct buf words;
        buf_init(&words, LABEL_BYTES_MAX);
        graph_put_rungs(image, i, &words);
        buf_format(out, "  %%%% ladder %.*s %.*s\n",
                   SLICE_PRINT(image_slice(image, image->ladder[i].name)),
                   SLICE_PRINT(buf_slice(&words)));
        buf_done(&words);
    }
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];
        buf_put_cstr(out, "  ");
        graph_put_place(edge->from_place, edge->from, "[*]", out);
        buf_put_cstr(out, " --> ");
        graph_put_place(edge->to_place, edge->to, "[*]", out);
        buf_put_cstr(out, edge->label.len > 0 ? " : " : "");
        put_escaped(edge->label, out);
        buf_put_char(out, '\n');
    }
}
