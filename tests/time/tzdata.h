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

// Word number `number`, from 0, of a line.
static inline bool tzdata_word(const char *line, int number, char *word, size_t room)
{
    for (int i = 0; i < number; i++) {
        line += strcspn(line, " \n");
        line += strspn(line, " ");
    }
    size_t len = strcspn(line, " \n");
    if (len == 0 || len >= room) {
        return false;
    }
    memcpy(word, line, len);
    word[len] = '\0';
    return true;
}

// Calls `each` for every zone of tzdata, and for the other names of zones too when `links`, as its
// source tzdata.zi lists them: "Z NAME …", "L ZONE NAME". Returns how many; 0 when there is none.
static inline unsigned tzdata_each(bool links,
                                   void (*each)(const char *name, const struct zone *zone))
{
    FILE *file = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    char line[500];
    unsigned count = 0;
    struct arena arena;
    arena_init(&arena, 64u << 20);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char name[100];
        struct zone zone;
        bool zone_line = line[0] == 'Z' && line[1] == ' ';
        bool link_line = links && line[0] == 'L' && line[1] == ' ';
        if ((!zone_line && !link_line) ||
            !tzdata_word(line, zone_line ? 1 : 2, name, sizeof(name))) {
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

enum { TZDATA_CHANGES_MAX = 400, TZDATA_STEP = 6 * 3600 };

// The moments, to within TZDATA_STEP before, when the offset of the zone changes.
static inline unsigned tzdata_changes(const struct zone *zone, int64_t from, int64_t to,
                                      int64_t changes[TZDATA_CHANGES_MAX])
{
    unsigned count = 0;
    int32_t before = zone_offset(zone, from);
    for (int64_t at = from; at < to && count < TZDATA_CHANGES_MAX; at += TZDATA_STEP) {
        int32_t offset = zone_offset(zone, at + TZDATA_STEP);
        if (offset != before) {
            changes[count++] = at;
            before = offset;
        }
    }
    return count;
}

#endif
