// What comes in from other systems: messages that begin a case, that find one by its key or its
// number, that come when nobody awaits them, and answers that come late.
#include <stdio.h>

#include "base/pack.h"
#include "tests/sim/ask.h"
#include "tests/sim/sim.h"

enum { NUMBERS = 14, SUM_MAX = 15 };

static void draw_number(struct world *world, char number[16])
{
    (void)snprintf(number, 16, "q%c", (char)('a' + ask_draw(world, NUMBERS)));
}

static void open_message(struct ask_params *params, const char *message, struct buf *form,
                         uint32_t pairs)
{
    ask_open(params);
    ask_text(params, "connector", "bank");
    ask_text(params, "message", message);
    pack_cstr(&params->buf, "form");
    pack_map(&params->buf, pairs);
    buf_put_slice(&params->buf, buf_slice(form));
    params->pairs++;
    buf_done(form);
}

static void ask_order(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    struct buf form;
    char number[16];
    draw_number(world, number);
    buf_init(&form, 64);
    pack_cstr(&form, "number");
    pack_cstr(&form, number);
    if (ask_chance(world, 80)) {
        open_message(&params, "order", &form, 1);
        ask_request(world, client, "message", &params);
        return;
    }
    ask_open(&params);
    ask_text(&params, "process", "bill");
    pack_cstr(&params.buf, "form");
    pack_map(&params.buf, 1);
    buf_put_slice(&params.buf, buf_slice(&form));
    params.pairs++;
    buf_done(&form);
    ask_request(world, client, "start", &params);
}

// By its number, or by its key: the message names whom it means, so that the model knows.
static void ask_paid_or_said(struct world *world, struct sim_client *client, uint64_t whom)
{
    struct ask_params params;
    struct buf form;
    bool paid = ask_chance(world, 50);
    bool noted = !paid && ask_chance(world, 50);
    buf_init(&form, 128);
    if (whom != 0) {
        pack_cstr(&form, "whom");
        pack_uint(&form, whom);
    } else {
        char number[16];
        draw_number(world, number);
        pack_cstr(&form, "number");
        pack_cstr(&form, number);
    }
    if (paid || noted) {
        pack_cstr(&form, paid ? "sum" : "value");
        pack_uint(&form, 1 + ask_draw(world, SUM_MAX));
    }
    open_message(&params, paid ? "paid" : noted ? "noted" : "said", &form, paid || noted ? 2 : 1);
    if (whom != 0) {
        ask_number(&params, "instance", whom);
    }
    ask_request(world, client, "message", &params);
}

// Its answer was lost; it says by itself what became of it, and says it twice. The number that it
// gives makes one of the two.
static void ask_late(struct world *world, struct sim_client *client, struct outside_work *work)
{
    struct ask_params params;
    struct buf form;
    char row[32];
    work->late_said++;
    buf_init(&form, 64);
    pack_cstr(&form, "receipt");
    pack_uint(&form, work->call);
    open_message(&params, "late", &form, 1);
    (void)snprintf(row, sizeof(row), "%llu", (unsigned long long)work->call);
    ask_number(&params, "instance", work->instance);
    ask_text(&params, "source", "bank");
    ask_text(&params, "row", row);
    ask_request(world, client, "message", &params);
}

static void ask_about(struct world *world, struct sim_client *client, uint32_t incident,
                      uint64_t instance)
{
    struct ask_params params;
    bool again = ask_chance(world, 60);
    ask_open(&params);
    ask_number(&params, "incident", incident);
    if (!again) {
        ask_number(&params, "instance", instance);
        ask_text(&params, "reason", "it was done by hand");
    }
    ask_request(world, client, again ? "retry_incident" : "close_incident", &params);
}

// A message that could not be done.
static bool ask_failed(struct world *world, struct sim_client *client)
{
    const struct bill_calls *calls = &world->model->calls;
    uint32_t at = calls->failed_count > 0 ? (uint32_t)ask_draw(world, calls->failed_count) : 0;
    for (uint32_t i = 0; i < calls->failed_count; i++) {
        const struct bill_failed *failed = &calls->failed[(at + i) % calls->failed_count];
        if (failed->incident != 0) {
            ask_about(world, client, failed->incident, failed->instance);
            return true;
        }
    }
    return false;
}

static bool ask_incident(struct world *world, struct sim_client *client)
{
    const struct bill_calls *calls = &world->model->calls;
    uint32_t at = calls->count > 0 ? (uint32_t)ask_draw(world, calls->count) : 0;
    if (ask_chance(world, 40) && ask_failed(world, client)) {
        return true;
    }
    for (uint32_t i = 0; i < calls->count; i++) {
        const struct bill_call *call = &calls->call[(at + i) % calls->count];
        if (call->incident != 0) {
            ask_about(world, client, call->incident, call->instance);
            return true;
        }
    }
    return ask_failed(world, client);
}

static uint64_t some_bill(struct world *world)
{
    const struct model *model = world->model;
    uint32_t at = model->case_count > 0 ? (uint32_t)ask_draw(world, model->case_count) : 0;
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[(at + i) % model->case_count];
        if (c->bill && (c->end == NULL || ask_chance(world, 10))) {
            return c->id;
        }
    }
    return 0;
}

void ask_outside(struct world *world, struct sim_client *client)
{
    struct outside_work *owing = outside_owing(world);
    uint64_t what = ask_draw(world, 100);
    uint64_t whom = some_bill(world);
    if (what < 15 && owing != NULL) {
        ask_late(world, client, owing);
    } else if (what < 25 && ask_incident(world, client)) {
        return;
    } else if (what < 50 || whom == 0) {
        ask_order(world, client);
    } else {
        ask_paid_or_said(world, client, what < 75 ? whom : 0);
    }
}
