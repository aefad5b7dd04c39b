// What the files of the core's side share. Includable only inside engine/shell.
#ifndef RUNG_ENGINE_SHELL_CORE_TICK_INTERNAL_H
#define RUNG_ENGINE_SHELL_CORE_TICK_INTERNAL_H

#include "engine/shell/core_tick.h"
#include "engine/shell/reply.h"

static inline uint64_t now_us(const struct core_tick *tick)
{
    return clock_steady_us(tick->keeper->clock);
}

static inline void set_flag(_Atomic bool *flag, bool value)
{
    atomic_store_explicit(flag, value, memory_order_relaxed);
}

static inline bool get_flag(const _Atomic bool *flag)
{
    return atomic_load_explicit(flag, memory_order_relaxed);
}

enum { FULL_RETRY_US = 1000000 };

// --- core_batch.c
struct delivery_reply *batch_open_reply(struct delivery *delivery, struct request *request);
void batch_close_reply(struct delivery *delivery, struct delivery_reply *reply);
void batch_refuse(struct core_tick *tick, struct tick_batch *batch, struct request *request,
                  const struct refusal *refusal);
void batch_refuse_full(struct core_tick *tick, struct tick_batch *batch, struct request *request);
// Hands the batch's answers to the loop's side; nothing to do when there are none.
void batch_deliver(struct core_tick *tick, struct tick_batch *batch);
void batch_enter_full(struct core_tick *tick);
// Gives the open batch a delivery if it has none. False: none is free.
bool batch_have_delivery(struct core_tick *tick);
void batch_begin(struct core_tick *tick, bool timers); // the open one, unless it has begun
uint32_t batch_moves_now(const struct core_tick *tick); // cases that may be moved in one
void batch_step_last(struct core_tick *tick);          // decides its newest command
void batch_seal(struct core_tick *tick);               // ends it; nothing else is sealed
bool batch_take_written(struct core_tick *tick);       // true: nothing is being written

#endif
