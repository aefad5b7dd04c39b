#include "engine/time/zoneinfo.h"

#include <stdio.h>
#include <string.h>

#include "base/zone_name.h"

enum { PATH_BYTES_MAX = 100, FILE_BYTES_MAX = 64 * 1024 };

static const char folder[] = "/usr/share/zoneinfo/";

const struct zone *zoneinfo_load(struct slice name, struct arena *arena)
{
    struct zone *zone = ARENA_NEW(arena, struct zone);
    if (slice_equal(name, SLICE("UTC"))) {
        *zone = zone_utc();
        return zone;
    }
    if (!zone_name_ok(name)) {
        return NULL;
    }
    char path[PATH_BYTES_MAX];
    memcpy(path, folder, sizeof(folder) - 1);
    memcpy(path + sizeof(folder) - 1, name.ptr, name.len);
    path[sizeof(folder) - 1 + name.len] = '\0';
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    struct arena scratch;
    arena_init(&scratch, 2 * FILE_BYTES_MAX);
    char *bytes = arena_alloc_raw(&scratch, FILE_BYTES_MAX);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    bool whole = ferror(file) == 0 && len < FILE_BYTES_MAX;
    (void)fclose(file);
    bool good = whole && zone_parse(slice_make(bytes, len), arena, zone) == OK;
    arena_done(&scratch);
    return good ? zone : NULL;
}

bool zoneinfo_known(struct slice name)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    bool known = zoneinfo_load(name, &arena) != NULL;
    arena_done(&arena);
    return known;
}

// The first line of tzdata.zi: "# version 2026b".
void zoneinfo_version(char *to, size_t room)
{
    char line[64] = "";
    (void)snprintf(to, room, "none");
    FILE *file = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    if (file == NULL) {
        return;
    }
    static const char start[] = "# version ";
    if (fgets(line, sizeof(line), file) != NULL && strncmp(line, start, sizeof(start) - 1) == 0) {
        line[strcspn(line, "\r\n")] = '\0';
        (void)snprintf(to, room, "%s", line + sizeof(start) - 1);
    }
    (void)fclose(file);
}
