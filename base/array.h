// Growing arrays in an arena: {items, count} pairs without a capacity of their own. Room doubles at
// 4, 8, 16 …; what was outgrown is forgotten with the arena.
#ifndef RUNG_BASE_ARRAY_H
#define RUNG_BASE_ARRAY_H

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

enum { ARRAY_FIRST_ROOM = 4 };

static inline void *array_room(struct arena *arena, void *items, uint32_t count, size_t bytes)
{
    if (count == 0) {
        return arena_alloc(arena, ARRAY_FIRST_ROOM * bytes);
    }
    if (count < ARRAY_FIRST_ROOM || (count & (count - 1)) != 0) {
        return items;
    }
    void *room = arena_alloc(arena, 2 * (size_t)count * bytes);
    memcpy(room, items, (size_t)count * bytes);
    return room;
}

// ARRAY_PUSH(arena, process->fields, process->field_count, field);
#define ARRAY_PUSH(arena, items, count, item)                                      \
    do {                                                                           \
        (items) = array_room((arena), (items), (count), sizeof *(items));          \
        (items)[(count)++] = (item);                                               \
    } while (0)

#endif
