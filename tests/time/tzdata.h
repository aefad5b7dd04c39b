// The zones of this machine, for the tests of this folder.
#ifndef RUNG_TESTS_TIME_TZDATA_H
#define RUNG_TESTS_TIME_TZDATA_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "engine/time/zone.h"

static inline bool tzdata_read(const char *name, struct arena *arena, struct zone *zone)
{
    char path[300];
    static char bytes[1 << 16];
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    return zone_parse(slice_make(bytes, len), arena, zone) == OK;
}

static inline bool third_word(const char *line, char *word, size_t room)
{
    for (int i = 0; i < 2; i++) {
        line += strcspn(line, "\t");
        line += strspn(line, "\t");
    }
    size_t len = strcspn(line, "\t\n");
    if (len == 0 || len >= room) {
        return false;
    }
    memcpy(word, line, len);
    word[len] = '\0';
    return true;
}

// Calls `each` for every zone named in zone1970.tab. Returns how many; 0 when there is no tzdata.
static inline unsigned tzdata_each(void (*each)(const char *name, const struct zone *zone))
{
    FILE *file = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
    char line[500];
    unsigned count = 0;
    struct arena arena;
    arena_init(&arena, 64u << 20);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char name[100];
        struct zone zone;
        if (line[0] == '#' || !third_word(line, name, sizeof(name))) {
            continue;
        }
        if (tzdata_read(name, &arena, &zone)) {
            each(name, &zone);
            count++;
        }
        arena_reset(&arena);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    arena_done(&arena);
    return count;
}

#endif
