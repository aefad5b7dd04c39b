// The edges of a drawing, in the order of the text.
#include "dsl/graph/graph.h"

#include "base/array.h"
#include "dsl/graph/graph_internal.h"

// A drawing with more edges than that shows nobody anything; choices behind choices could have
// them.
enum { LABEL_BYTES_MAX = 4096, EDGES_MAX = 20000 };

// Where an edge begins, and what leads along it.
struct cause {
    enum graph_place place;
    uint32_t from;
    enum graph_edge_kind kind;
    struct slice label;
};

static struct slice take_label(struct graph *graph, struct buf *words)
{
    struct slice label = arena_copy(graph->arena, buf_slice(words));
    buf_done(words);
    return label;
}

static struct slice join(struct graph *graph, struct slice label, const char *between,
                         struct slice more)
{
    return arena_format(graph->arena, "%.*s%s%.*s", SLICE_PRINT(label), between,
                        SLICE_PRINT(more));
}

static void add_edge(struct graph *graph, const struct cause *cause, enum graph_place place,
                     uint32_t to)
{
    const struct graph_edge edge = { cause->place, place, cause->from, to, cause->kind,
                                     cause->label };
    ARRAY_PUSH(graph->arena, graph->edges, graph->edge_count, edge);
}

static void collect_block(struct graph *graph, const struct cause *cause, uint32_t block);

// A choice and a join are no places of their own: their ways begin where the case comes from.
static void go_through(struct graph *graph, const struct cause *cause, uint32_t block)
{
    enum { ROW_MAX = 8 };
    if (graph->chained < ROW_MAX && graph->edge_count < EDGES_MAX) {
        graph->chained++;
        collect_block(graph, cause, block);
        graph->chained--;
    }
}

static void add_choice(struct graph *graph, const struct cause *cause, uint32_t choice)
{
    const struct image *image = graph->image;
    struct cause through = *cause;
    through.label = join(graph, cause->label, ", choice ",
                         image_slice(image, image->choice[choice].name));
    go_through(graph, &through, image->choice[choice].block);
}

static void add_done(struct graph *graph, const struct cause *cause, uint32_t branch)
{
    const struct image *image = graph->image;
    const struct image_parallel *parallel =
        &image->parallel[image->stage[image->stage[branch].parent].parallel];
    struct cause through = *cause;
    through.label = parallel->until == 0
                        ? join(graph, cause->label, ", when all are done", SLICE_EMPTY)
                        : arena_format(graph->arena, "%.*s, when %u are done",
                                       SLICE_PRINT(cause->label), parallel->until);
    go_through(graph, &through, parallel->block);
}

// The leaves that are entered with a stage: one, or one of each branch.
static void add_entered(struct graph *graph, const struct cause *cause, uint32_t stage)
{
    const struct image *image = graph->image;
    while (image->stage[stage].first_child != INDEX_NONE &&
           image->stage[stage].parallel == INDEX_NONE) {
        stage = image->stage[stage].first_child;
    }
    if (image->stage[stage].first_child == INDEX_NONE) {
        add_edge(graph, cause, PLACE_STAGE, stage);
        return;
    }
    stage = image->stage[stage].first_child;
    for (; stage != INDEX_NONE; stage = image->stage[stage].next_sibling) {
        add_entered(graph, cause, stage); // as deep as stages are nested
    }
}

static void add_goto(struct graph *graph, const struct cause *cause, uint32_t flow)
{
    const struct image_goto *g = &graph->image->flow[flow];
    switch ((enum image_target)g->target_kind) {
    case TARGET_STAGE: add_entered(graph, cause, g->target); break;
    case TARGET_END: add_edge(graph, cause, PLACE_END, g->target); break;
    case TARGET_CHOICE: add_choice(graph, cause, g->target); break;
    case TARGET_DONE: add_done(graph, cause, g->target); break;
    }
}

static void add_raise(struct graph *graph, const struct cause *cause, uint32_t escalation)
{
    uint32_t to = graph->image->escalation[escalation].stage;
    while (graph->image->stage[to].first_child != INDEX_NONE) {
        to = graph->image->stage[to].first_child;
    }
    add_edge(graph, cause, PLACE_STAGE, to);
}

// Back to wherever the escalation was raised.
static void add_back(struct graph *graph, const struct cause *cause)
{
    struct cause back = *cause;
    back.label = join(graph, cause->label, ": ", SLICE("back"));
    add_edge(graph, &back, PLACE_BACK, 0);
}

static void add_merge(struct graph *graph, const struct cause *cause)
{
    struct cause merge = *cause;
    merge.label = join(graph, cause->label, ": ", SLICE("merge"));
    add_edge(graph, &merge, PLACE_MERGED, 0);
}

static void add_stay(struct graph *graph, const struct cause *cause)
{
    if (cause->place != PLACE_START) {
        add_edge(graph, cause, cause->place, cause->from);
    }
}

static void collect_convert(struct graph *graph, const struct cause *cause, uint32_t convert)
{
    const struct image *image = graph->image;
    const struct image_convert *c = &image->convert[convert];
    struct cause child = *cause;
    child.kind = EDGE_CHILD;
    child.label = join(graph, cause->label, cause->label.len > 0 ? ": " : "",
                       image_slice(image, image->collection[c->collection].name));
    for (uint32_t i = 0; i < c->pairs.count; i++) {
        if (graph_pair_is_first(image, c->pairs, i)) {
            add_edge(graph, &child, PLACE_PROCESS, graph_pair(image, c->pairs.first + i));
        }
    }
}

static void collect_retry(struct graph *graph, const struct cause *cause,
                          const struct image_step *step)
{
    const struct image *image = graph->image;
    struct slice name = image_slice(image, image->ladder[step->a].name);
    struct cause stay = *cause;
    stay.label = join(graph, cause->label, ": ladder ", name);
    add_stay(graph, &stay);
    struct cause then = *cause;
    then.label = join(graph, cause->label, ", after ladder ", name);
    collect_block(graph, &then, step->b);
}

static void collect_step(struct graph *graph, const struct cause *cause,
                         const struct image_step *step)
{
    switch ((enum image_step_kind)step->kind) {
    case STEP_IF:
        collect_block(graph, cause, step->b);
        if (step->c != INDEX_NONE) {
            collect_block(graph, cause, step->c);
        }
        break;
    case STEP_CONVERT: collect_convert(graph, cause, step->a); break;
    case STEP_GOTO: add_goto(graph, cause, step->a); break;
    case STEP_AGAIN: add_stay(graph, cause); break;
    case STEP_RETRY: collect_retry(graph, cause, step); break;
    case STEP_ESCALATE: add_raise(graph, cause, step->a); break;
    case STEP_BACK: add_back(graph, cause); break;
    case STEP_MERGE: add_merge(graph, cause); break;
    case STEP_ASK:
    case STEP_ASSIGN:
    case STEP_REQUIRE:
    case STEP_NOTIFY:
    case STEP_CANCEL:
    case STEP_TASK:
    case STEP_SEND:
    case STEP_KIND_COUNT: break;
    }
}

static void collect_block(struct graph *graph, const struct cause *cause, uint32_t block)
{
    const struct image_block *b = &graph->image->block[block];
    for (uint32_t i = 0; i < b->count; i++) {
        collect_step(graph, cause, &graph->image->step[b->first + i]);
    }
}

static struct cause cause_in(const struct graph *graph, uint32_t stage, enum graph_edge_kind kind)
{
    bool leaf = graph->image->stage[stage].first_child == INDEX_NONE && stage != 0;
    return (struct cause){ leaf ? PLACE_STAGE : PLACE_ANYWHERE, stage, kind, SLICE_EMPTY };
}

static void collect_action(struct graph *graph, uint32_t action)
{
    const struct image *image = graph->image;
    const struct image_action *a = &image->action[action];
    struct buf words;
    buf_init(&words, LABEL_BYTES_MAX);
    graph_put_text(image, a->label, &words);
    buf_put_cstr(&words, " (");
    graph_put_pressers(image, action, &words);
    buf_put_char(&words, ')');
    struct cause cause = cause_in(graph, a->stage, EDGE_PRESS);
    cause.label = take_label(graph, &words);
    uint32_t before = graph->edge_count;
    collect_block(graph, &cause, a->block);
    if (graph->edge_count == before) {
        add_stay(graph, &cause);
    }
    if (a->at_most_then != INDEX_NONE) {
        cause.label = arena_format(graph->arena, "%.*s, after %u times", SLICE_PRINT(cause.label),
                                   a->at_most);
        collect_block(graph, &cause, a->at_most_then);
    }
}

static void collect_overdue(struct graph *graph, uint32_t stage)
{
    const struct image *image = graph->image;
    uint32_t task = image->stage[stage].task;
    if (task == INDEX_NONE || image->task[task].overdue_then == INDEX_NONE) {
        return;
    }
    struct cause cause = cause_in(graph, stage, EDGE_TIME);
    cause.label = join(graph, SLICE("overdue, after ladder "), "",
                       image_slice(image, image->ladder[image->task[task].overdue].name));
    collect_block(graph, &cause, image->task[task].overdue_then);
}

static void collect_messages(struct graph *graph, uint32_t stage)
{
    const struct image *image = graph->image;
    for (uint32_t i = 0; i < image->message_count; i++) {
        const struct image_message *message = &image->message[i];
        if (message->stage != stage) {
            continue;
        }
        struct buf words;
        buf_init(&words, LABEL_BYTES_MAX);
        buf_put_cstr(&words, "message ");
        graph_put_signal(image, message->signal, &words);
        struct cause cause = cause_in(graph, stage, EDGE_TIME);
        cause.label = take_label(graph, &words);
        collect_block(graph, &cause, message->block);
    }
}

static void collect_stage(struct graph *graph, uint32_t stage)
{
    const struct image *image = graph->image;
    const struct image_stage *s = &image->stage[stage];
    for (uint32_t i = 0; i < s->actions.count; i++) {
        collect_action(graph, s->actions.first + i);
    }
    collect_overdue(graph, stage);
    for (uint32_t i = 0; i < s->timers.count; i++) {
        struct buf words;
        buf_init(&words, LABEL_BYTES_MAX);
        graph_put_timer(image, s->timers.first + i, &words);
        struct cause cause = cause_in(graph, stage, EDGE_TIME);
        cause.label = take_label(graph, &words);
        collect_block(graph, &cause, image->timer[s->timers.first + i].block);
    }
    for (uint32_t i = 0; i < s->rules.count; i++) {
        const struct image_rule *rule = &image->rule[s->rules.first + i];
        struct buf words;
        buf_init(&words, LABEL_BYTES_MAX);
        graph_put_rule(image, s->rules.first + i, &words);
        struct cause cause = cause_in(graph, stage, EDGE_TIME);
        cause.label = take_label(graph, &words);
        collect_block(graph, &cause, rule->block);
    }
    collect_messages(graph, stage);
}

void graph_collect(struct graph *graph)
{
    const struct image *image = graph->image;
    const struct cause start = { PLACE_START, 0, EDGE_PRESS, SLICE_EMPTY };
    collect_block(graph, &start, image->process[0].start_block);
    for (uint32_t stage = 1; stage < image->stage_count; stage++) {
        collect_stage(graph, stage);
    }
    collect_stage(graph, 0);
    for (uint32_t end = 0; end < image->end_count; end++) {
        if (image->end[end].reopen_goto != INDEX_NONE) {
            const struct cause cause = { PLACE_END, end, EDGE_PRESS, SLICE("reopen") };
            add_goto(graph, &cause, image->end[end].reopen_goto);
        }
    }
}

bool graph_leads_to(const struct graph *graph, enum graph_place place)
{
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        if (graph->edges[i].to_place == place) {
            return true;
        }
    }
    return false;
}

bool graph_has_anywhere(const struct graph *graph, uint32_t stage)
{
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];
        if (edge->from_place == PLACE_ANYWHERE && edge->from == stage) {
            return true;
        }
    }
    return false;
}

bool graph_pair_is_first(const struct image *image, struct image_range pairs, uint32_t index)
{
    struct slice name = image_slice(image, image->pair[pairs.first + index].process);
    for (uint32_t i = 0; i < index; i++) {
        if (slice_equal(image_slice(image, image->pair[pairs.first + i].process), name)) {
            return false;
        }
    }
    return true;
}

uint32_t graph_pair(const struct image *image, uint32_t pair)
{
    struct slice name = image_slice(image, image->pair[pair].process);
    for (uint32_t i = 0; i < pair; i++) {
        if (slice_equal(image_slice(image, image->pair[i].process), name)) {
            return i;
        }
    }
    return pair;
}

void graph_draw(const struct image *image, enum graph_form form, struct slice lang,
                struct arena *arena, struct buf *out)
{
    const struct image said = graph_in_language(image, lang, arena);
    struct graph graph = { .image = &said, .arena = arena };
    graph_collect(&graph);
    switch (form) {
    case GRAPH_TEXT: graph_draw_text(&graph, out); break;
    case GRAPH_MERMAID: graph_draw_mermaid(&graph, out); break;
    case GRAPH_DOT: graph_draw_dot(&graph, out); break;
    }
}
