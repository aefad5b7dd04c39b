// The zone of a case: told by the first of the named fields that tells one, recorded with the
// version of the rules. A text may be a city or the name of a zone itself: so it is set by hand.
#include "base/zone_name.h"
#include "engine/decide/decide_internal.h"
#include "engine/time/places.h"
#include "engine/time/zoneinfo.h"

// "Asia/Vladivostok", "UTC": whether there is such a zone is seen when it gets its number.
static bool is_zone_name(struct slice text)
{
    return slice_equal(text, SLICE("UTC")) ||
           (text.len <= ZONE_NAME_BYTES_MAX && text.len > 0 &&
            memchr(text.ptr, '/', text.len) != NULL);
}

static struct slice zone_of_value(const struct run *run, const struct value *value, uint32_t type)
{
    if (value->kind != VALUE_TEXT) {
        return SLICE_EMPTY;
    }
    if (type == TYPE_PHONE) {
        return places_zone_of_phone(value->text, run->d->ranges);
    }
    return is_zone_name(value->text) ? value->text : places_zone_of_city(value->text);
}

// False: this machine does not have that zone.
static bool set_zone(struct run *run, struct slice name, struct slice source)
{
    struct decide *d = run->d;
    uint32_t number = view_zone_number(d->view, name);
    if (number == 0) {
        number = view_counters(d->view)->next_zone;
        if (number >= ZONE_NUMBERS_MAX || zoneinfo_load(name, d->arena) == NULL) {
            return false;
        }
        struct event named = { .kind = EVENT_ZONE_NAMED, .zone_named = { number, name } };
        decide_emit(d, &named);
    }
    const struct zone *zone = view_zone(d->view, number);
    if (number == run->instance->head.zone || zone == NULL) {
        return zone != NULL;
    }
    struct event event = { .kind = EVENT_ZONE_SET };
    event.zone_set = (struct event_zone_set){
        .instance = run->instance->head.id, .zone = number, .name = name, .source = source,
        .offset_s = zone_offset(zone, (int64_t)(d->now_ms / 1000)),
        .tz = view_tz_version(d->view),
    };
    decide_emit(d, &event);
    return true;
}

void run_find_zone(struct run *run)
{
    const struct image *image = &run->program->image;
    struct image_range from = image->process[0].zone_from;
    for (uint32_t i = 0; i < from.count; i++) {
        uint32_t field = image->list[from.first + i];
        struct value value = eval_field(&run->env, field);
        uint32_t type = image->type[image->field[field].type].kind;
        struct slice name = zone_of_value(run, &value, type);
        if (name.len > 0 && set_zone(run, name, image_slice(image, image->field[field].name))) {
            return;
        }
    }
}

void run_inherit_zone(struct run *run, const struct instance *parent)
{
    if (parent->head.zone != 0) {
        (void)set_zone(run, view_zone_name(run->d->view, parent->head.zone), SLICE("inherited"));
    }
}
