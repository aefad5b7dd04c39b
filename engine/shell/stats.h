// What the method `stats` answers. Written on the core's thread, whose figures they are.
#ifndef RUNG_ENGINE_SHELL_STATS_H
#define RUNG_ENGINE_SHELL_STATS_H

#include "base/buf.h"

struct core_tick;

void stats_write(struct core_tick *tick, uint64_t now_ms, struct buf *buf); // one map

#endif
