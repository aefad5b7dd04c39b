#include "engine/search/vocab.h"

#include "base/mem.h"

enum { VOCAB_ARENA_BYTES_MAX = 64 * 1024 * 1024, ENTRIES_FIRST = 256 };

void vocab_init(struct vocab *vocab)
{
    *vocab = (struct vocab){ 0 };
    arena_init(&vocab->arena, VOCAB_ARENA_BYTES_MAX);
}

void vocab_done(struct vocab *vocab)
{
    arena_done(&vocab->arena);
    mem_free(vocab->entries);
}

struct reading {
    struct vocab *vocab;
    struct stemmer *stemmer;
    const struct image *image;
    struct vocab_entry entry; // kind, program, number
};

static bool is_known(const struct reading *reading, struct slice word)
{
    const struct vocab *vocab = reading->vocab;
    for (uint32_t i = vocab->count; i > 0; i--) {
        const struct vocab_entry *entry = &vocab->entries[i - 1];
        if (entry->kind != reading->entry.kind || entry->program != reading->entry.program ||
            entry->number != reading->entry.number) {
            return false; // entries of one thing stand together
        }
        if (slice_equal(entry->word, word)) {
            return true;
        }
    }
    return false;
}

static void add_text(struct reading *reading, struct slice text)
{
    struct vocab *vocab = reading->vocab;
    struct slice folded = words_fold(&vocab->arena, text);
    struct slice word;
    for (size_t at = 0; words_next(folded, &at, &word);) {
        if (is_known(reading, word)) {
            continue;
        }
        if (vocab->count == vocab->capacity) {
            vocab->capacity = vocab->capacity == 0 ? ENTRIES_FIRST : 2 * vocab->capacity;
            vocab->entries =
                mem_grow(vocab->entries, sizeof(struct vocab_entry) * vocab->capacity);
        }
        struct vocab_entry *entry = &vocab->entries[vocab->count++];
        *entry = reading->entry;
        entry->word = word;
        entry->stem = arena_copy(&vocab->arena, stemmer_stem(reading->stemmer, word));
    }
}

// In every language.
static void add_label(struct reading *reading, struct image_text label)
{
    const struct image *image = reading->image;
    add_text(reading, image_slice(image, label));
    for (uint32_t i = 0; i < image->translation_count; i++) {
        if (image->translation[i].of.offset == label.offset &&
            image->translation[i].of.len == label.len) {
            add_text(reading, image_slice(image, image->translation[i].text));
        }
    }
}

static void begin_entry(struct reading *reading, enum vocab_kind kind, uint32_t number)
{
    reading->entry.kind = (uint8_t)kind;
    reading->entry.number = number;
    reading->entry.stage = kind == VOCAB_ACTION ? reading->image->action[number].stage : INDEX_NONE;
}

static void add_actions(struct reading *reading)
{
    const struct image *image = reading->image;
    for (uint32_t i = 0; i < image->action_count; i++) {
        const struct image_action *action = &image->action[i];
        begin_entry(reading, VOCAB_ACTION, i);
        add_text(reading, image_slice(image, action->name));
        add_label(reading, action->label);
        for (uint32_t a = 0; a < action->aliases.count; a++) {
            add_text(reading, image_slice(image, image->alias[action->aliases.first + a]));
        }
    }
}

static void add_program(struct vocab *vocab, const struct view_program *program,
                        struct stemmer *stemmer)
{
    const struct image *image = &program->image;
    struct reading reading = { vocab, stemmer, image, { .program = program->id } };
    begin_entry(&reading, VOCAB_PROCESS, program->process);
    add_text(&reading, image_slice(image, image->process[0].name));
    add_label(&reading, image->process[0].label);
    for (uint32_t i = 1; i < image->stage_count; i++) {
        begin_entry(&reading, VOCAB_STAGE, i);
        add_text(&reading, image_slice(image, image->stage[i].name));
        add_label(&reading, image->stage[i].label);
    }
    for (uint32_t i = 0; i < image->end_count; i++) {
        begin_entry(&reading, VOCAB_END, i);
        add_text(&reading, image_slice(image, image->end[i].name));
        add_label(&reading, image->end[i].label);
    }
    add_actions(&reading);
}

void vocab_refresh(struct vocab *vocab, const struct view *view, struct stemmer *stemmer)
{
    uint32_t next = view_counters(view)->next_program;
    if (vocab->next_program == next) {
        return;
    }
    arena_reset(&vocab->arena);
    vocab->count = 0;
    vocab->next_program = next;
    uint32_t first = next > VOCAB_PROGRAMS_MAX ? next - VOCAB_PROGRAMS_MAX : 1;
    for (uint32_t id = first; id < next; id++) {
        const struct view_program *program = view_program(view, id);
        if (program != NULL) {
            add_program(vocab, program, stemmer);
        }
    }
}

enum vocab_match vocab_matches(const struct vocab_entry *entry, struct slice word,
                               struct slice stem)
{
    if (slice_equal(entry->word, word) || slice_equal(entry->stem, stem)) {
        return VOCAB_EXACT;
    }
    return slice_starts(entry->word, word) ? VOCAB_BEGINS : VOCAB_NONE;
}
