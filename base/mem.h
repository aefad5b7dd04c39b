// The only door to the heap. Never returns NULL: a machine without memory is the end of the
// process, which is safe (nothing acknowledged is lost). Used by arenas, buffers, tables and
// start-up code; nothing on the per-command path calls it.
#ifndef RUNG_BASE_MEM_H
#define RUNG_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes);  // not zeroed
void *mem_zalloc(size_t bytes); // zeroed
void *mem_grow(void *old, size_t bytes);
void mem_free(void *ptr); // NULL is fine

#endif
