// The labels of a drawing in another language: a copy of what holds labels, in which they are said
// in that language. Nothing that draws needs to know of languages then.
#include "dsl/graph/graph_internal.h"

#include <string.h>

#include "base/array.h"

#define COPY(arena, from, count) \
    memcpy(ARENA_ARRAY(arena, uint8_t, sizeof *(from) * ((size_t)(count) + 1)), from, \
           sizeof *(from) * (size_t)(count))

// A place in the text of the image: what image_label gives lies in there.
static struct image_text label_in(const struct image *image, struct image_text label,
                                  struct slice lang)
{
    struct slice said = image_label(image, label, lang);
    return (struct image_text){ .offset = (uint32_t)(said.ptr - image->text),
                                .len = (uint32_t)said.len };
}

// Sentences in several languages become the one that is said. An operand stands before its
// operator, so that what is chosen has been chosen in itself.
static const struct image_expr *exprs_in(const struct image *image, struct slice lang,
                                         struct arena *arena)
{
    struct image_expr *exprs = COPY(arena, image->expr, image->expr_count);
    for (uint32_t i = 0; i < image->expr_count; i++) {
        if (exprs[i].kind == EXPR_LANGUAGE) {
            bool own = slice_equal(image_slice(image, exprs[i].text), lang);
            exprs[i] = exprs[own ? exprs[i].a : exprs[i].b];
        }
    }
    return exprs;
}

struct image graph_in_language(const struct image *image, struct slice lang, struct arena *arena)
{
    struct image said = *image;
    struct image_process *process = COPY(arena, image->process, image->process_count);
    struct image_stage *stages = COPY(arena, image->stage, image->stage_count);
    struct image_action *actions = COPY(arena, image->action, image->action_count);
    struct image_end *ends = COPY(arena, image->end, image->end_count);
    process->label = label_in(image, process->label, lang);
    for (uint32_t i = 0; i < image->stage_count; i++) {
        stages[i].label = label_in(image, stages[i].label, lang);
    }
    for (uint32_t i = 0; i < image->action_count; i++) {
        actions[i].label = label_in(image, actions[i].label, lang);
    }
    for (uint32_t i = 0; i < image->end_count; i++) {
        ends[i].label = label_in(image, ends[i].label, lang);
    }
    said.process = process;
    said.stage = stages;
    said.action = actions;
    said.end = ends;
    said.expr = exprs_in(image, lang, arena);
    return said;
}

// In the order of the alphabet, each once.
static void add_language(struct graph_languages *languages, struct slice code,
                         struct arena *arena)
{
    uint32_t at = 0;
    while (at < languages->count && slice_compare(languages->codes[at], code) < 0) {
        at++;
    }
    if (at < languages->count && slice_equal(languages->codes[at], code)) {
        return;
    }
    struct slice copy = arena_copy(arena, code);
    ARRAY_PUSH(arena, languages->codes, languages->count, copy);
    memmove(&languages->codes[at + 1], &languages->codes[at],
            sizeof copy * (languages->count - 1 - at));
    languages->codes[at] = copy;
}

void graph_add_languages(const struct image *image, struct arena *arena,
                         struct graph_languages *languages)
{
    for (uint32_t i = 0; i < image->translation_count; i++) {
        add_language(languages, image_slice(image, image->translation[i].lang), arena);
    }
    for (uint32_t i = 0; i < image->expr_count; i++) {
        if (image->expr[i].kind == EXPR_LANGUAGE) {
            add_language(languages, image_slice(image, image->expr[i].text), arena);
        }
    }
}
