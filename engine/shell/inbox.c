#include "engine/shell/inbox.h"

#include "base/check.h"
#include "base/mem.h"

void inbox_init(struct inbox *inbox, uint32_t capacity, struct doorbell doorbell)
{
    CHECK(capacity > 0 && (capacity & (capacity - 1)) == 0);
    inbox->slot = mem_zalloc(sizeof(void *) * capacity);
    inbox->capacity = capacity;
    inbox->doorbell = doorbell;
    atomic_init(&inbox->pushed, 0);
    atomic_init(&inbox->taken, 0);
    atomic_init(&inbox->asleep, false);
}

void inbox_done(struct inbox *inbox)
{
    mem_free(inbox->slot);
    inbox->slot = NULL;
}

bool inbox_push(struct inbox *inbox, void *item)
{
    CHECK(item != NULL);
    uint32_t pushed = atomic_load_explicit(&inbox->pushed, memory_order_relaxed);
    if (pushed - atomic_load_explicit(&inbox->taken, memory_order_acquire) == inbox->capacity) {
        return false;
    }
    inbox->slot[pushed & (inbox->capacity - 1)] = item;
    atomic_store_explicit(&inbox->pushed, pushed + 1, memory_order_release);
    return true;
}

uint32_t inbox_room(const struct inbox *inbox)
{
    return inbox->capacity - (atomic_load_explicit(&inbox->pushed, memory_order_relaxed) -
                              atomic_load_explicit(&inbox->taken, memory_order_acquire));
}

void inbox_ring(struct inbox *inbox)
{
    // Orders the pushes before the look at `asleep`; inbox_sleep has the mirror image of it. So
    // either this sees a sleeper, or the sleeper sees the push.
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&inbox->asleep, memory_order_relaxed) &&
        atomic_exchange_explicit(&inbox->asleep, false, memory_order_acq_rel) &&
        inbox->doorbell.ring != NULL) {
        inbox->doorbell.ring(inbox->doorbell.context);
    }
}

void *inbox_take(struct inbox *inbox)
{
    uint32_t taken = atomic_load_explicit(&inbox->taken, memory_order_relaxed);
    if (taken == atomic_load_explicit(&inbox->pushed, memory_order_acquire)) {
        return NULL;
    }
    void *item = inbox->slot[taken & (inbox->capacity - 1)];
    atomic_store_explicit(&inbox->taken, taken + 1, memory_order_release);
    return item;
}

bool inbox_is_empty(const struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->taken, memory_order_relaxed) ==
           atomic_load_explicit(&inbox->pushed, memory_order_acquire);
}

uint32_t inbox_count(const struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->pushed, memory_order_acquire) -
           atomic_load_explicit(&inbox->taken, memory_order_acquire);
}

bool inbox_sleep(struct inbox *inbox)
{
    atomic_store_explicit(&inbox->asleep, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (!inbox_is_empty(inbox)) {
        atomic_store_explicit(&inbox->asleep, false, memory_order_relaxed);
        return false;
    }
    return true;
}

void inbox_wake(struct inbox *inbox)
{
    atomic_store_explicit(&inbox->asleep, false, memory_order_relaxed);
}
