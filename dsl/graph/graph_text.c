// A drawing as text, in 80 columns.
#include "base/utf8.h"
#include "dsl/graph/graph_internal.h"

enum { COLUMNS = 80, HANG = 4, PARAGRAPH_BYTES_MAX = 64 * 1024 };

// The end of what begins at `at` and is not broken: a word; `=>` or a number with what follows.
static size_t piece_end(struct slice text, size_t at)
{
    for (;;) {
        size_t end = at;
        bool number = true;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\n') {
            number = number && text.ptr[end] >= '0' && text.ptr[end] <= '9';
            end++;
        }
        bool holds = number || slice_equal(slice_sub(text, at, end - at), SLICE("=>"));
        if (!holds || end + 1 >= text.len) {
            return end;
        }
        at = end + 1;
    }
}

// Writes what is in `words`, broken between words, and empties it.
static void put_paragraph(struct buf *words, uint32_t indent, struct buf *out)
{
    size_t column = 0;
    size_t at = 0;
    bool fresh = true;
    struct slice text = buf_slice(words);
    while (at < text.len) {
        size_t end = piece_end(text, at);
        struct slice word = slice_sub(text, at, end - at);
        size_t cells = utf8_cells(word);
        if (!fresh && column + 1 + cells > COLUMNS) {
            buf_put_char(out, '\n');
            buf_format(out, "%*s", (int)(indent + HANG), "");
            column = indent + HANG;
        } else if (fresh) {
            buf_format(out, "%*s", (int)indent, "");
            column = indent;
        } else {
            buf_put_char(out, ' ');
            column++;
        }
        buf_put_slice(out, word);
        column += cells;
        fresh = false;
        at = end + 1;
    }
    buf_put_char(out, '\n');
    buf_reset(words);
}

static void put_action(const struct graph *graph, uint32_t action, uint32_t indent,
                       struct buf *words, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_action *a = &image->action[action];
    const struct image_range none = { 0, 0 };
    buf_put_char(words, '[');
    graph_put_text(image, a->label, words);
    buf_put_cstr(words, "] ");
    graph_put_pressers(image, action, words);
    if (a->guard != INDEX_NONE) {
        buf_put_cstr(words, " if ");
        graph_put_expr(image, a->guard, none, words);
    }
    size_t before = words->len;
    buf_put_cstr(words, ": ");
    size_t mark = words->len;
    graph_put_block(image, a->block, a->asks, words);
    if (words->len == mark) {
        words->len = before;
        buf_put_cstr(words, ": stays");
    }
    if (a->at_most != INDEX_NONE) {
        buf_format(words, "; at most %u times", a->at_most);
        if (a->at_most_then != INDEX_NONE) {
            buf_put_cstr(words, " then ");
            graph_put_block(image, a->at_most_then, none, words);
        }
    }
    put_paragraph(words, indent, out);
}

static void put_task(const struct graph *graph, uint32_t task, uint32_t indent, struct buf *words,
                     struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_task *t = &image->task[task];
    const struct image_range none = { 0, 0 };
    buf_put_cstr(words, "task \"");
    graph_put_sentence(image, t->title, none, words);
    buf_put_cstr(words, "\" ");
    graph_put_task_terms(image, task, words);
    if (t->overdue_then != INDEX_NONE) {
        buf_put_cstr(words, " then ");
        graph_put_block(image, t->overdue_then, none, words);
    }
    put_paragraph(words, indent, out);
}

// What only fills fields is not drawn.
static void put_hook(const struct image *image, const char *when, uint32_t block, uint32_t indent,
                     struct buf *words, struct buf *out)
{
    const struct image_range none = { 0, 0 };
    if (block == INDEX_NONE) {
        return;
    }
    buf_put_cstr(words, when);
    size_t before = words->len;
    graph_put_block(image, block, none, words);
    if (words->len > before) {
        put_paragraph(words, indent, out);
    } else {
        buf_reset(words);
    }
}

static void put_messages(const struct image *image, uint32_t stage, uint32_t indent,
                         struct buf *words, struct buf *out)
{
    for (uint32_t i = 0; i < image->message_count; i++) {
        const struct image_message *message = &image->message[i];
        if (message->stage != stage) {
            continue;
        }
        buf_put_cstr(words, "message ");
        graph_put_signal(image, message->signal, words);
        buf_put_cstr(words, message->keep != 0 ? ", kept until awaited: " : ": ");
        size_t before = words->len;
        graph_put_block(image, message->block, message->asks, words);
        buf_put_cstr(words, words->len == before ? "stays" : "");
        put_paragraph(words, indent, out);
    }
}

static void put_triggers(const struct graph *graph, const struct image_stage *stage,
                         uint32_t indent, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_range none = { 0, 0 };
    struct buf words;
    buf_init(&words, PARAGRAPH_BYTES_MAX);
    if (stage->task != INDEX_NONE) {
        put_task(graph, stage->task, indent, &words, out);
    }
    for (uint32_t i = 0; i < stage->actions.count; i++) {
        put_action(graph, stage->actions.first + i, indent, &words, out);
    }
    for (uint32_t i = 0; i < stage->timers.count; i++) {
        graph_put_timer(image, stage->timers.first + i, &words);
        buf_put_cstr(&words, ": ");
        graph_put_block(image, image->timer[stage->timers.first + i].block, none, &words);
        put_paragraph(&words, indent, out);
    }
    for (uint32_t i = 0; i < stage->rules.count; i++) {
        graph_put_rule(image, stage->rules.first + i, &words);
        buf_put_cstr(&words, ": ");
        graph_put_block(image, image->rule[stage->rules.first + i].block, none, &words);
        put_paragraph(&words, indent, out);
    }
    if (stage->parallel != INDEX_NONE) {
        graph_put_parallel(image, (uint32_t)(stage - image->stage), &words);
        buf_put_cstr(&words, ", then ");
        graph_put_block(image, image->parallel[stage->parallel].block, none, &words);
        put_paragraph(&words, indent, out);
    }
    put_hook(image, "on enter: ", stage->on_enter, indent, &words, out);
    put_hook(image, "on exit: ", stage->on_exit, indent, &words, out);
    for (uint32_t i = 0; i < image->choice_count; i++) {
        const struct image_choice *choice = &image->choice[i];
        if (&image->stage[choice->stage] == stage) {
            buf_format(&words, "choice %.*s: ", SLICE_PRINT(image_slice(image, choice->name)));
            graph_put_block(image, choice->block, none, &words);
            put_paragraph(&words, indent, out);
        }
    }
    put_messages(image, (uint32_t)(stage - image->stage), indent, &words, out);
    buf_done(&words);
}

static uint32_t depth_of(const struct image *image, uint32_t stage)
{
    uint32_t depth = 0;
    while (image->stage[stage].parent != INDEX_NONE && image->stage[stage].parent != 0) {
        stage = image->stage[stage].parent;
        depth++;
    }
    return depth;
}

static void put_stage(const struct graph *graph, uint32_t stage, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_stage *s = &image->stage[stage];
    uint32_t indent = depth_of(image, stage) * 2;
    bool escalation = image_escalation_around(image, stage) != INDEX_NONE && indent == 0;
    buf_format(out, "\n%*s%s %.*s  %.*s", (int)indent, "", escalation ? "escalation" : "stage",
               SLICE_PRINT(image_slice(image, s->name)), SLICE_PRINT(image_slice(image, s->label)));
    if (s->chance != INDEX_NONE) {
        buf_format(out, "  %u%%", s->chance);
    }
    if (s->guard != INDEX_NONE) {
        const struct image_range none = { 0, 0 };
        buf_put_cstr(out, "  if ");
        graph_put_expr(image, s->guard, none, out);
    }
    buf_put_char(out, '\n');
    put_triggers(graph, s, indent + 2, out);
}

static void put_end(const struct graph *graph, uint32_t end, struct buf *words, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_end *e = &image->end[end];
    static const char *const kinds[] = { "", "  success", "  failure" };
    buf_format(words, "%.*s  %.*s%s", SLICE_PRINT(image_slice(image, e->name)),
               SLICE_PRINT(image_slice(image, e->label)), kinds[e->kind]);
    if (e->by.count > 0) {
        buf_put_cstr(words, " by ");
        graph_put_roles(image, e->by, words);
    }
    if (e->reopen_goto != INDEX_NONE) {
        buf_put_cstr(words, ", reopen");
        if (e->reopen_within > 0) {
            buf_put_cstr(words, " within ");
            graph_put_duration(e->reopen_within, e->reopen_within_unit, words);
        }
        if (e->reopen_by.count > 0) {
            buf_put_cstr(words, " by ");
            graph_put_roles(image, e->reopen_by, words);
        }
        buf_put_cstr(words, (e->flags & END_REOPEN_ON_REPEAT) != 0 ? " on repeat" : "");
        buf_put_cstr(words, " => ");
        graph_put_text(image, image->stage[image->flow[e->reopen_goto].target].name, words);
    }
    put_paragraph(words, 2, out);
}

static bool has_something(const struct image *image, const struct image_stage *body)
{
    bool something = body->actions.count + body->timers.count + body->rules.count > 0 ||
                     body->on_enter != INDEX_NONE || body->on_exit != INDEX_NONE;
    for (uint32_t i = 0; i < image->choice_count && !something; i++) {
        something = image->choice[i].stage == 0;
    }
    for (uint32_t i = 0; i < image->message_count && !something; i++) {
        something = image->message[i].stage == 0;
    }
    return something;
}

// Which ladders the process uses; an image holds no others.
static void put_ladders(const struct graph *graph, struct buf *words, struct buf *out)
{
    const struct image *image = graph->image;
    if (image->ladder_count > 0) {
        buf_put_cstr(out, "\nladders\n");
    }
    for (uint32_t i = 0; i < image->ladder_count; i++) {
        graph_put_text(image, image->ladder[i].name, words);
        buf_put_cstr(words, image->ladder[i].keeps_count != 0 ? " (keeps count): " : ": ");
        graph_put_rungs(image, i, words);
        put_paragraph(words, 2, out);
    }
}

static void put_intakes(const struct image *image, struct buf *words, struct buf *out)
{
    if (image->intake_count > 0) {
        buf_put_cstr(out, "\nbegun by\n");
    }
    for (uint32_t i = 0; i < image->intake_count; i++) {
        buf_put_cstr(words, "message ");
        graph_put_signal(image, image->intake[i].signal, words);
        put_paragraph(words, 2, out);
    }
}

void graph_draw_text(const struct graph *graph, struct buf *out)
{
    const struct image *image = graph->image;
    const struct image_process *process = &image->process[0];
    struct buf words;
    buf_init(&words, PARAGRAPH_BYTES_MAX);
    buf_format(out, "process %.*s  %.*s\n", SLICE_PRINT(image_slice(image, process->name)),
               SLICE_PRINT(image_slice(image, process->label)));
    buf_put_cstr(&words, "start: ");
    graph_put_block(image, process->start_block, process->start_asks, &words);
    put_paragraph(&words, 2, out);
    if (process->repeat_block != INDEX_NONE) {
        buf_put_cstr(&words, "on repeat: ");
        size_t before = words.len;
        graph_put_block(image, process->repeat_block, (struct image_range){ 0, 0 }, &words);
        buf_put_cstr(&words, words.len == before ? "stays" : "");
        put_paragraph(&words, 2, out);
    }
    for (uint32_t stage = 1; stage < image->stage_count; stage++) {
        put_stage(graph, stage, out);
    }
    const struct image_stage *body = &image->stage[0];
    if (has_something(image, body)) {
        buf_put_cstr(out, "\neverywhere\n");
        put_triggers(graph, body, 2, out);
    }
    buf_put_cstr(out, "\nends\n");
    for (uint32_t end = 0; end < image->end_count; end++) {
        put_end(graph, end, &words, out);
    }
    put_ladders(graph, &words, out);
    put_intakes(image, &words, out);
    buf_done(&words);
}
