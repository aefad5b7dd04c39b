#include "engine/shell/request.h"

#include "base/check.h"
#include "base/mem.h"

enum { BYTES_KEPT = 4096, EXTRA_BYTES_MAX = FRAME_BYTES_MAX };

void request_pool_init(struct request_pool *pool)
{
    *pool = (struct request_pool){ .all = mem_zalloc(sizeof(struct request) * REQUEST_POOL_COUNT) };
    // Backwards, so that the first taken is the first in memory and a quiet engine touches few
    // pages.
    for (uint32_t i = REQUEST_POOL_COUNT; i > 0; i--) {
        struct request *request = &pool->all[i - 1];
        request->next = pool->free;
        pool->free = request;
    }
    pool->free_count = REQUEST_POOL_COUNT;
}

static void release_memory(struct request *request)
{
    if (request->bytes.bytes_max > 0) {
        buf_done(&request->bytes);
        buf_done(&request->extra);
        arena_done(&request->arena);
    }
}

void request_pool_done(struct request_pool *pool, bool crash)
{
    CHECK(crash || pool->free_count == REQUEST_POOL_COUNT);
    for (uint32_t i = 0; i < REQUEST_POOL_COUNT; i++) {
        release_memory(&pool->all[i]);
    }
    mem_free(pool->all);
    *pool = (struct request_pool){ 0 };
}

struct request *request_take(struct request_pool *pool)
{
    struct request *request = pool->free;
    if (request == NULL) {
        return NULL;
    }
    pool->free = request->next;
    pool->free_count--;
    if (request->bytes.bytes_max == 0) {
        buf_init(&request->bytes, FRAME_BYTES_MAX);
        buf_init(&request->extra, EXTRA_BYTES_MAX);
        arena_init(&request->arena, COMMAND_ARENA_BYTES_MAX);
    }
    request->next = NULL;
    request->stats = false;
    request->by = false;
    request->extra_pairs = 0;
    request->command = (struct command){ .kind = COMMAND_NONE };
    return request;
}

void request_give(struct request_pool *pool, struct request *request)
{
    CHECK(request >= pool->all && request < pool->all + REQUEST_POOL_COUNT);
    CHECK(pool->free_count < REQUEST_POOL_COUNT);
    if (request->bytes.capacity > BYTES_KEPT || request->extra.capacity > BYTES_KEPT ||
        request->arena.used_bytes > 0) {
        release_memory(request); // a rare big one must not hold its memory for ever
        request->bytes.bytes_max = 0;
    } else {
        buf_reset(&request->bytes);
        buf_reset(&request->extra);
    }
    request->next = pool->free;
    pool->free = request;
    pool->free_count++;
}
