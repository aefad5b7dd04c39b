#include "engine/shell/stats.h"

#include "base/pack.h"
#include "engine/shell/core_tick.h"
#include "engine/shell/reply.h"
#include "engine/state/view.h"

struct figure {
    const char *name;
    uint64_t value;
};

static void write_figures(struct buf *buf, const char *group, const struct figure *figures,
                          uint32_t count)
{
    reply_key(buf, group);
    pack_map(buf, count);
    for (uint32_t i = 0; i < count; i++) {
        reply_uint(buf, figures[i].name, figures[i].value);
    }
}

static void write_store(struct core_tick *tick, struct buf *buf)
{
    struct store_stats s;
    store_stats(tick->store, &s);
    const struct figure figures[] = {
        { "commits", s.commits },
        { "records", s.records },
        { "record_bytes", s.record_bytes },
        { "commit_us_mean", s.commits > 0 ? s.commit_us_total / s.commits : 0 },
        { "commit_us_max", s.commit_us_max },
        { "flushes", s.flushes },
        { "flush_rows", s.flush_rows },
        { "flush_us_mean", s.flushes > 0 ? s.flush_us_total / s.flushes : 0 },
        { "flush_us_max", s.flush_us_max },
        { "overfull_waits", s.overfull_waits },
        { "active_rows", s.active_rows },
        { "active_bytes", s.active_bytes },
        { "frozen_rows", s.frozen_rows },
        { "journal_bytes", s.journal_bytes },
        { "view_bytes", s.view_bytes },
    };
    write_figures(buf, "store", figures, sizeof(figures) / sizeof(figures[0]));
}

static void write_commands(const struct core_tick *tick, struct buf *buf)
{
    const struct core_tick_counters *c = &tick->counters;
    const struct figure figures[] = {
        { "batches", c->batches },
        { "commands", c->commands },
        { "accepted", c->accepted },
        { "refused", c->refused },
        { "repeated", c->repeated },
        { "timers", c->timers },
        { "full_batches", c->full_batches },
        { "latency_us_p50", core_tick_latency_us(c, 500) },
        { "latency_us_p99", core_tick_latency_us(c, 990) },
        { "latency_us_p999", core_tick_latency_us(c, 999) },
        { "latency_us_max", c->latency_max_us },
    };
    write_figures(buf, "commands", figures, sizeof(figures) / sizeof(figures[0]));
}

static void write_cases(const struct core_tick *tick, struct buf *buf)
{
    const struct view_counters *c = view_counters(core_view(tick->core));
    const struct figure figures[] = {
        { "open", c->open_instances },
        { "ended", c->ended_instances },
        { "tasks", c->open_tasks },
        { "incidents", c->open_incidents },
        { "notices", c->notices },
        { "users", c->next_user > 0 ? c->next_user - 1u : 0u },
    };
    write_figures(buf, "cases", figures, sizeof(figures) / sizeof(figures[0]));
}

void stats_write(struct core_tick *tick, uint64_t now_ms, struct buf *buf)
{
    pack_map(buf, 8);
    reply_uint(buf, "seq", store_head(tick->store)->seq);
    reply_moment(buf, "now", now_ms);
    reply_bool(buf, "clock_stepped", timekeeper_stepped(tick->keeper));
    reply_bool(buf, "store_full", atomic_load_explicit(&tick->full, memory_order_relaxed));
    reply_moment(buf, "next_due", core_next_due_ms(tick->core));
    write_cases(tick, buf);
    write_commands(tick, buf);
    write_store(tick, buf);
}
