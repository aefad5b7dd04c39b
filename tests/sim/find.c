// What a search must find, by looking through every case and every comment: words are cut at blanks
// and compared letter by letter, without an index.
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "engine/decide/rights.h"
#include "engine/search/find.h"
#include "tests/sim/sim.h"

enum { QUESTIONS = 40, WORDS_OF_CASE_MAX = 64, CASES_MAX = MODEL_CASES_MAX };

struct naive {
    const struct world *world;
    struct arena *arena;
    struct slice words[WORDS_OF_CASE_MAX]; // of the case in hand
    uint32_t count;
    struct slice phone; // its digits
};

static struct slice lower(struct arena *arena, struct slice text)
{
    char *to = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return slice_make(to, text.len);
}

static bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

static void add_words(struct naive *naive, struct slice text)
{
    text = lower(naive->arena, text);
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        while (at < text.len && is_plain(text.ptr[at])) {
            at++;
        }
        if (at > from && naive->count < WORDS_OF_CASE_MAX) {
            naive->words[naive->count++] = slice_sub(text, from, at - from);
        }
        at = at > from ? at : at + 1;
    }
}

static void read_case(struct naive *naive, const struct instance *instance,
                      const struct view_program *program)
{
    const struct image *image = &program->image;
    naive->count = 0;
    naive->phone = SLICE_EMPTY;
    for (uint32_t i = 0; i < image->field_count; i++) {
        struct slice packed = view_field(naive->world->view, instance, i);
        struct unpack unpack;
        unpack_init(&unpack, packed);
        if (packed.len == 0 || unpack_peek(&unpack) != PACK_STR) {
            continue;
        }
        struct slice text = unpack_str(&unpack);
        enum image_type_kind kind = (enum image_type_kind)image->type[image->field[i].type].kind;
        if (kind == TYPE_PHONE) {
            naive->phone = slice_sub(text, 1, text.len);
        } else if (kind == TYPE_TEXT) {
            add_words(naive, text);
        }
    }
}

// Every comment on the case: the journal is read from its beginning.
static void read_comments(struct naive *naive, uint64_t id)
{
    const struct world *world = naive->world;
    const struct model_case *c = model_find(world->model, id);
    for (uint32_t i = 0; c != NULL && i < c->touch_count; i++) {
        struct slice bytes;
        struct record record;
        CHECK(store_reader_record(world->reader, c->touches[i], naive->arena, &bytes, NULL) == OK);
        CHECK(record_decode(bytes, naive->arena, &record) == OK);
        for (uint32_t e = 0; e < record.event_count; e++) {
            if (record.events[e].kind == EVENT_COMMENTED &&
                record.events[e].commented.instance == id) {
                add_words(naive, record.events[e].commented.text);
            }
        }
    }
}

static struct slice national(struct slice phone)
{
    size_t country = slice_starts(phone, SLICE("7")) ? 1 : slice_starts(phone, SLICE("49")) ? 2 : 3;
    return slice_sub(phone, country, phone.len);
}

static bool number_fits(const struct naive *naive, struct slice word)
{
    bool trunk = word.len >= 4 && (word.ptr[0] == '8' || word.ptr[0] == '0');
    bool away = trunk && word.len > 6 && word.ptr[0] == '0' && word.ptr[1] == '0';
    struct slice spelt[] = { word, slice_sub(word, away ? 2 : trunk ? 1 : 0, word.len) };
    for (size_t i = 0; i < ARRAY_COUNT(spelt); i++) {
        struct slice phone = naive->phone;
        size_t len = spelt[i].len < phone.len ? spelt[i].len : phone.len;
        struct slice end = slice_sub(phone, phone.len - len, len);
        if ((spelt[i].len >= 4 && slice_equal(end, spelt[i])) ||
            (phone.len > 0 && slice_starts(national(phone), spelt[i]))) {
            return true;
        }
        for (uint32_t w = 0; w < naive->count; w++) {
            if (slice_starts(naive->words[w], spelt[i])) {
                return true;
            }
        }
    }
    return false;
}

static bool word_fits(const struct naive *naive, struct slice word, uint64_t id)
{
    if (word.ptr[0] >= '0' && word.ptr[0] <= '9') {
        uint64_t number = 0;
        for (size_t i = 0; i < word.len; i++) {
            number = number * 10 + (uint64_t)(word.ptr[i] - '0');
        }
        return number == id || number_fits(naive, word);
    }
    for (uint32_t w = 0; w < naive->count; w++) {
        if (slice_starts(naive->words[w], word)) {
            return true;
        }
    }
    return false;
}

// --- one question --------------------------------------------------------------------------------

struct asked {
    struct slice words[2];
    uint32_t count;
    uint32_t user;
    bool found[CASES_MAX + 1]; // by the engine
};

static void take_hit(void *context, const struct find_hit *hit)
{
    struct asked *asked = context;
    CHECK(hit->instance->head.id <= CASES_MAX && !asked->found[hit->instance->head.id]);
    asked->found[hit->instance->head.id] = true;
}

static bool must_find(struct world *world, struct arena *arena, const struct asked *asked,
                      uint64_t id)
{
    struct naive naive = { .world = world, .arena = arena };
    view_begin(world->view);
    const struct instance *instance = view_peek(world->view, id);
    const struct view_program *program = view_program(world->view, instance->head.program);
    bool seen = asked->user == 0 || rights_see(world->view, instance, program, asked->user);
    read_case(&naive, instance, program);
    read_comments(&naive, id);
    for (uint32_t i = 0; i < asked->count; i++) {
        seen = seen && word_fits(&naive, asked->words[i], id);
    }
    view_end(world->view);
    return seen;
}

static void draw_question(struct world *world, struct arena *arena, struct asked *asked)
{
    struct prng *prng = &world->prng_work;
    struct model *model = world->model;
    const struct model_case *c = &model->cases[prng_below(prng, model->case_count)];
    struct slice phone = slice_from_cstr(c->phone);
    asked->user = prng_chance(prng, 500000) ? 0 : 1 + (uint32_t)prng_below(prng, SIM_USERS);
    asked->count = 1;
    if (phone.len > 6 && prng_chance(prng, 500000)) {
        size_t len = 4 + prng_below(prng, phone.len - 4);
        asked->words[0] = slice_sub(phone, phone.len - len, len);
        asked->words[0] = asked->words[0].ptr[0] == '+' ? slice_sub(phone, 1, len)
                                                        : asked->words[0];
        return;
    }
    struct naive naive = { .world = world, .arena = arena };
    view_begin(world->view);
    const struct instance *instance = view_peek(world->view, c->id);
    read_case(&naive, instance, view_program(world->view, instance->head.program));
    read_comments(&naive, c->id);
    view_end(world->view);
    for (uint32_t i = 0; i < 2 && naive.count > 0; i++) {
        struct slice word = naive.words[prng_below(prng, naive.count)];
        // The words of the processes themselves ("Lead 2") are found too: a look at the texts would
        // not.
        bool told = slice_equal(word, SLICE("ann")) || slice_equal(word, SLICE("bea")) ||
                    (word.len > 1 && word.ptr[0] >= '0' && word.ptr[0] <= '9');
        if (told && i == asked->count - 1) {
            asked->words[i] = slice_sub(word, 0, 2 + prng_below(prng, word.len - 1));
            asked->words[i] = word.ptr[0] > '9' ? word : asked->words[i];
            asked->count = i + 1;
        }
    }
    if (asked->words[0].len == 0) {
        asked->words[0] = SLICE("ann");
    }
    if (asked->count == 1 && prng_chance(prng, 300000) && asked->words[0].ptr[0] <= '9') {
        asked->words[1] = asked->words[0]; // a word before the number: they do not become one
        asked->words[0] = prng_chance(prng, 500000) ? SLICE("ann") : SLICE("bea");
        asked->count = 2;
    }
    if (asked->count == 2 && asked->words[0].ptr[0] <= '9' && asked->words[1].ptr[0] <= '9') {
        asked->count = 1;
    }
}

static void check_question(struct world *world, struct finder *finder, struct arena *arena)
{
    struct asked *asked = ARENA_NEW(arena, struct asked);
    draw_question(world, arena, asked);
    struct slice text = asked->words[0];
    if (asked->count == 2) {
        text = arena_format(arena, "%.*s %.*s", SLICE_PRINT(asked->words[0]),
                            SLICE_PRINT(asked->words[1]));
    }
    const struct find_options options = { .words = text, .user = asked->user, .open = true,
                                          .ended = true, .limit = SEARCH_CASES_MAX,
                                          .arena = arena, .view = world->view,
                                          .take = take_hit, .context = asked };
    struct find_result result;
    CHECK(finder_run(finder, &options, &result) == OK);
    world->counts.searches++;
    world->counts.found += result.count;
    for (uint64_t id = 1; id <= world->model->case_count; id++) {
        bool wanted = must_find(world, arena, asked, id);
        if (asked->found[id] != wanted && (asked->found[id] || !result.more)) {
            sim_break(world, ORACLE_FIND, "`%.*s` for user %u %s case %" PRIu64,
                      SLICE_PRINT(text), asked->user,
                      wanted ? "does not find" : "finds", id);
            return;
        }
    }
}

void find_check(struct world *world)
{
    struct finder *finder;
    CHECK(finder_open(follower_index(world->engine.follower), &finder) == OK);
    for (uint32_t i = 0; i < QUESTIONS && world->broken == ORACLE_NONE; i++) {
        struct arena arena;
        arena_init(&arena, 512ull * 1024 * 1024);
        check_question(world, finder, &arena);
        arena_done(&arena);
    }
    finder_close(finder);
}
