// The time zones of a company and its cases: names by number, and their rules, each loaded once.
#include "base/check.h"
#include "base/mem.h"
#include "engine/state/view_internal.h"
#include "engine/time/zoneinfo.h"

uint32_t name_number(const struct view *view, enum key_name_kind kind, struct slice name)
{
    struct key key;
    key_name(&key, kind, name);
    struct slice value;
    uint32_t number;
    if (view_get(view, DB_NAME, &key, &value) != OK || value.len != sizeof(number)) {
        return 0;
    }
    memcpy(&number, value.ptr, sizeof(number));
    return number;
}

static void read_names(const struct view *view, struct zones *zones)
{
    struct key prefix = { 0 };
    key_u8(&prefix, KEY_NAME_ZONE);
    struct store_cursor *cursor = view_seek(view, DB_NAME, key_slice(&prefix));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct slice key = store_cursor_key(cursor);
        struct slice value = store_cursor_value(cursor);
        uint32_t number = 0;
        if (value.len == sizeof(number)) {
            memcpy(&number, value.ptr, sizeof(number));
        }
        if (number > 0 && number < zones->count) {
            zones->names[number] = arena_copy(&zones->arena, slice_sub(key, 1, key.len - 2));
        }
        if (!store_next(cursor)) {
            break;
        }
    }
}

void zones_load(const struct view *view)
{
    struct zones *zones = &view->backing->zones;
    const struct view_counters *counters = &view->backing->counters;
    arena_reset(&zones->arena);
    zones->count = counters->next_zone > 0 ? counters->next_zone : 1;
    zones->names = ARENA_ARRAY(&zones->arena, struct slice, zones->count);
    zones->rules = ARENA_ARRAY(&zones->arena, const struct zone *, zones->count);
    struct slice own = slice_from_cstr(counters->zone);
    zones->names[0] = own.len > 0 ? arena_copy(&zones->arena, own) : SLICE("UTC");
    read_names(view, zones);
}

struct slice view_tz_version(const struct view *view)
{
    struct zones *zones = &view->backing->zones;
    if (zones->version[0] == '\0') {
        zoneinfo_version(zones->version, sizeof(zones->version));
    }
    return slice_from_cstr(zones->version);
}

// Rules are kept for good: there are only so many zones.
const struct zone *zones_rules(const struct view *view, struct slice name)
{
    struct view_backing *backing = view->backing;
    struct zones *zones = &backing->zones;
    for (uint32_t i = 0; i < zones->known_count; i++) {
        if (slice_equal(zones->known[i].name, name)) {
            return zones->known[i].rules;
        }
    }
    const struct zone *rules = zoneinfo_load(name, &backing->program_arena);
    if (rules != NULL) {
        zones->known = mem_grow(zones->known, sizeof(zones->known[0]) * (zones->known_count + 1));
        zones->known[zones->known_count++] =
            (struct zone_known){ arena_copy(&backing->program_arena, name), rules };
    }
    return rules;
}

const struct zone *view_zone(const struct view *view, uint32_t zone)
{
    struct view_backing *backing = view->backing;
    struct zones *zones = &backing->zones;
    if (zone >= zones->count && backing->names_changed) {
        zones_load(view); // it got its number in this very command
    }
    if (zone >= zones->count) {
        return NULL;
    }
    if (zones->rules[zone] == NULL) {
        zones->rules[zone] = zones_rules(view, zones->names[zone]);
    }
    return zones->rules[zone];
}

const struct zone *view_zone_named(const struct view *view, struct slice name)
{
    return name.len > 0 ? zones_rules(view, name) : NULL;
}

struct slice view_zone_name(const struct view *view, uint32_t zone)
{
    const struct zones *zones = &view->backing->zones;
    return zone < zones->count ? zones->names[zone] : SLICE_EMPTY;
}

uint32_t view_zone_number(const struct view *view, struct slice name)
{
    return name.len > NAME_BYTES_MAX ? 0 : name_number(view, KEY_NAME_ZONE, name);
}
