#include "tests/sim/ask.h"

#include "base/pack.h"

uint64_t ask_draw(struct world *world, uint64_t bound)
{
    return prng_below(&world->prng_work, bound);
}

bool ask_chance(struct world *world, uint32_t percent)
{
    return prng_chance(&world->prng_work, percent * 10000);
}

void ask_open(struct ask_params *params)
{
    *params = (struct ask_params){ .pairs = 0 };
    buf_init(&params->buf, 64 * 1024);
}

void ask_text(struct ask_params *params, const char *key, const char *text)
{
    pack_cstr(&params->buf, key);
    pack_cstr(&params->buf, text);
    params->pairs++;
}

void ask_number(struct ask_params *params, const char *key, uint64_t number)
{
    pack_cstr(&params->buf, key);
    pack_uint(&params->buf, number);
    params->pairs++;
}

void ask_form(struct ask_params *params, const char *name, struct slice value)
{
    pack_cstr(&params->buf, "form");
    pack_map(&params->buf, 1);
    pack_cstr(&params->buf, name);
    buf_put_slice(&params->buf, value);
    params->pairs++;
}

void ask_request(struct world *world, struct sim_client *client, const char *method,
                 struct ask_params *params)
{
    struct sim_request *request = &client->requests[client->request_count++];
    *request = (struct sim_request){
        .method = slice_from_cstr(method),
        .pairs = params->pairs,
        .params = arena_copy(&world->arena, buf_slice(&params->buf)),
    };
    buf_done(&params->buf);
    client->open++;
}
