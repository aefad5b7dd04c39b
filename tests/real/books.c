#include "tests/real/books.h"

#include <stdio.h>

enum { WRONG_PRINTED_MAX = 20, HISTORY_LIMIT = 1000 };

struct wrong {
    uint32_t count;
};

static void wrong_lead(struct wrong *wrong, const struct lead *lead, const char *what,
                       struct slice detail)
{
    if (wrong->count++ < WRONG_PRINTED_MAX) {
        (void)fprintf(stderr, "lead %.*s (%.*s, converted %d): %s %.*s\n",
                      SLICE_PRINT(lead->number), SLICE_PRINT(lead->tag), lead->converted, what,
                      SLICE_PRINT(detail));
    }
}

static bool show(struct engine *engine, uint64_t instance, struct client_reply *reply)
{
    params_uint(engine_ask(engine), "instance", instance);
    return engine_answer(engine, "show", reply);
}

// ---- the table ----------------------------------------------------------------------------------

static enum place place_of(struct slice card)
{
    struct slice ended = wire_text(card, "ended", NULL);
    struct slice name = ended.len > 0 ? ended : wire_text(card, "stage", NULL);
    for (int place = 0; place < PLACE_COUNT; place++) {
        if (place_names[place].ended == (ended.len > 0) &&
            slice_equal(name, slice_from_cstr(place_names[place].stage))) {
            return (enum place)place;
        }
    }
    return PLACE_COUNT;
}

// A lead that waits has exactly one child, and it is open.
static bool has_one_open_deal(struct lead *lead, struct slice card)
{
    struct slice children = wire_raw(card, "children");
    struct wire_list list = wire_list(children);
    struct slice child = SLICE_EMPTY;
    if (wire_count(children) != 1 || !wire_next(&list, &child)) {
        return false;
    }
    lead->child = wire_uint(child, "instance");
    return slice_equal(wire_text(child, "state", NULL), SLICE("open")) &&
           slice_equal(wire_text(child, "process", NULL), SLICE("other_course"));
}

static bool is_awake(enum place place, struct slice card)
{
    bool has_task = wire_text(wire_raw(card, "task"), "title", NULL).len > 0;
    return has_task == (place == PLACE_FIRST_CALL || place == PLACE_PARKED);
}

static void count_lead(struct engine *engine, struct lead *lead, uint32_t found[PLACE_COUNT + 1],
                       uint32_t *deals, struct wrong *wrong)
{
    struct client_reply reply;
    if (!show(engine, lead->instance, &reply)) {
        wrong_lead(wrong, lead, "cannot be shown", SLICE_EMPTY);
        return;
    }
    enum place place = place_of(reply.result);
    found[place]++;
    if (place != lead->place) {
        struct slice ended = wire_text(reply.result, "ended", NULL);
        wrong_lead(wrong, lead, "stands at",
                   ended.len > 0 ? ended : wire_text(reply.result, "stage", NULL));
    }
    if (place == PLACE_WAITING) {
        if (has_one_open_deal(lead, reply.result)) {
            (*deals)++;
        } else {
            wrong_lead(wrong, lead, "has not exactly one open deal", SLICE_EMPTY);
        }
    }
    if (place != PLACE_COUNT && !is_awake(place, reply.result)) {
        wrong_lead(wrong, lead, "has a task where there should be none, or none at all",
                   SLICE_EMPTY);
    }
}

static uint64_t count_open(struct engine *engine)
{
    struct client_reply reply;
    (void)engine_ask(engine);
    return engine_answer(engine, "stats", &reply)
               ? wire_uint(wire_raw(reply.result, "cases"), "open")
               : 0;
}

bool books_close(struct engine *engine, struct leads *leads)
{
    uint32_t found[PLACE_COUNT + 1] = { 0 };
    struct wrong wrong = { 0 };
    uint32_t deals = 0;
    for (uint32_t index = 0; index < leads->count; index++) {
        count_lead(engine, &leads->rows[index], found, &deals, &wrong);
    }
    printf("%-34s %8s %8s\n", "where they stand", "leads", "expected");
    uint32_t open = 0;
    for (int place = 0; place < PLACE_COUNT; place++) {
        printf("%-34s %8u %8u\n", place_names[place].words, found[place], leads->expected[place]);
        open += place_names[place].ended ? 0 : leads->expected[place];
        wrong.count += found[place] != leads->expected[place];
    }
    open += deals;
    uint64_t counted = leads->whole ? count_open(engine) : open; // a part leaves others untouched
    printf("%-34s %8u\n%-34s %8u\n%-34s %8llu %8u\n", "in all", leads->count,
           "open deals for other courses", deals, "open cases, by the engine's count",
           (unsigned long long)counted, open);
    return wrong.count == 0 && counted == open && deals == leads->expected[PLACE_WAITING];
}

// ---- histories ----------------------------------------------------------------------------------

static bool holds_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= text.len; at++) {
        size_t same = 0;
        while (same < len && (text.ptr[at + same] | 0x20) == word[same]) {
            same++;
        }
        if (same == len) {
            return true;
        }
    }
    return false;
}

// One record of a lead against what was pressed: `*next` is the press that must come next.
static void check_record(struct lead *lead, struct slice record, uint32_t *next,
                         struct wrong *wrong)
{
    struct wire_list events = wire_list(wire_raw(record, "events"));
    struct slice event;
    while (wire_next(&events, &event)) {
        struct slice kind = wire_text(event, "event", NULL);
        struct slice title = wire_text(event, "title", NULL);
        const struct press_done *done = *next < lead->done_count ? &lead->done[*next] : NULL;
        if (lead->no_calls && slice_equal(kind, SLICE("task_opened")) &&
            holds_word(title, "call")) {
            wrong_lead(wrong, lead, "asked not to be called, and there is a task", title);
        }
        if (slice_equal(kind, SLICE("pressed"))) {
            struct slice name = wire_text(event, "name", NULL);
            if (done == NULL || !slice_equal(name, slice_from_cstr(done->action)) ||
                wire_uint(record, "seq") != done->seq || wire_moment(record, "at") != done->at_ms) {
                wrong_lead(wrong, lead,
                           "has a press in its history that is not the one answered:", name);
            }
            (*next)++;
        }
        if (slice_equal(kind, SLICE("task_replanned")) && *next > 0 &&
            wire_moment(event, "due") != lead->done[*next - 1].due_ms) {
            wrong_lead(wrong, lead, "was planned anew for another moment than was answered",
                       SLICE_EMPTY);
        }
    }
}

// A lead on a ladder: each rung's moment is the press before it plus the rung, and the top is the
// end.
static void check_rungs(const struct lead *lead, struct wrong *wrong)
{
    uint64_t at_ms = lead->started_ms;
    for (uint32_t press = 0; press < lead->done_count; press++) {
        if (lead->done[press].at_ms != at_ms) {
            wrong_lead(wrong, lead, "was pressed at another moment than its ladder says",
                       slice_from_cstr(lead->done[press].action));
        }
        at_ms = lead->done[press].due_ms > at_ms ? lead->done[press].due_ms : at_ms;
    }
    uint32_t rungs = 0;
    while (rungs < LADDER_RUNGS_MAX && lead->rule != NULL && lead->rule->rungs_ms[rungs] > 0) {
        rungs++;
    }
    if (lead->place == PLACE_ARCHIVE && lead->done_count != rungs + 1) {
        wrong_lead(wrong, lead, "has not climbed its ladder to the top", SLICE_EMPTY);
    }
}

static void check_history(struct engine *engine, struct lead *lead, struct wrong *wrong)
{
    struct client_reply reply;
    struct params *params = engine_ask(engine);
    params_uint(params, "instance", lead->instance);
    params_uint(params, "limit", HISTORY_LIMIT);
    if (!engine_answer(engine, "history", &reply)) {
        wrong_lead(wrong, lead, "has no history to read", SLICE_EMPTY);
        return;
    }
    struct wire_list records = wire_list(wire_raw(reply.result, "records"));
    struct slice record;
    uint32_t next = 0;
    while (wire_next(&records, &record)) {
        check_record(lead, record, &next, wrong);
    }
    if (next != lead->done_count) {
        wrong_lead(wrong, lead, "has fewer presses in its history than were answered", SLICE_EMPTY);
    }
    check_rungs(lead, wrong);
}

bool books_histories(struct engine *engine, struct leads *leads)
{
    struct wrong wrong = { 0 };
    uint64_t presses = 0, rungs = 0;
    for (uint32_t index = 0; index < leads->count; index++) {
        struct lead *lead = &leads->rows[index];
        check_history(engine, lead, &wrong);
        presses += lead->done_count;
        for (uint32_t press = 0; press < lead->done_count; press++) {
            rungs += lead_plan(lead, press).rung_ms > 0;
        }
    }
    printf("histories: %llu presses, %llu rungs climbed, each once and at its moment: %s\n",
           (unsigned long long)presses, (unsigned long long)rungs, wrong.count == 0 ? "yes" : "no");
    return wrong.count == 0;
}

// ---- proof --------------------------------------------------------------------------------------

uint64_t books_seq(struct engine *engine)
{
    struct client_reply reply;
    (void)engine_ask(engine);
    return engine_answer(engine, "stats", &reply) ? wire_uint(reply.result, "seq") : 0;
}

bool books_verify(struct engine *engine)
{
    struct client_reply reply;
    (void)engine_ask(engine);
    engine->client.timeout_ms = 300000;
    bool answered = engine_answer(engine, "verify", &reply);
    engine->client.timeout_ms = CLIENT_TIMEOUT_MS;
    if (!answered) {
        return false;
    }
    char *text = json_dumps(wire_json(reply.result), JSON_COMPACT);
    printf("verify: %s\n", text != NULL ? text : "");
    return true;
}
