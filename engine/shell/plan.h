// What would become of the cases that run, if these programs were active: the answer of `plan`.
// On a thread of its own, over a reader: it changes nothing.
#ifndef RUNG_ENGINE_SHELL_PLAN_H
#define RUNG_ENGINE_SHELL_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/shell/toolchain.h"
#include "engine/store/store.h"

// Packs the pair `programs`: [{process, version, changed, cases, moves: […], held: […]}].
// With no programs given: all active ones. ERR_CORRUPT: a row does not validate.
enum err plan_write(struct store *store, const struct toolchain_program *programs, uint32_t count,
                    struct arena *arena, struct buf *buf) ATTR_USE_RESULT;

#endif
