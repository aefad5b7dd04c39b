// Durations and due moments, on the wall clock of the case (rules 11, 18).
#include "engine/eval/eval_internal.h"

static const int64_t day_ms = 24 * 3600 * 1000;

// --------------------------------------------------------------------------------- zones

const struct zone *eval_zone(struct eval_env *env)
{
    if (env->lane != NULL) {
        return env->lane->zone;
    }
    uint32_t number = env->instance != NULL ? env->instance->head.zone : 0;
    const struct zone *zone = view_zone(env->view, number);
    if (zone != NULL) {
        return zone;
    }
    (void)eval_fail(env, REFUSAL_UNKNOWN_ZONE,
                    arena_format(env->arena, "this machine's tzdata has no zone `%.*s`",
                                 SLICE_PRINT(view_zone_name(env->view, number))));
    return eval_utc();
}

const struct zone *eval_utc(void)
{
    static const int32_t offset = 0;
    static const struct zone utc = { .offsets = &offset, .type_count = 1 };
    return &utc;
}

static const struct zone *zone_of_calendar(struct eval_env *env, uint32_t calendar)
{
    const struct zone *own = env->program->calendar_zones[calendar];
    if (own != NULL) {
        return own;
    }
    if (env->program->image.calendar[calendar].of_case != 0) {
        return eval_zone(env);
    }
    const struct zone *company = view_zone(env->view, 0);
    return company != NULL ? company : eval_zone(env);
}

// --------------------------------------------------------------------------------- durations

static bool never_open(struct eval_env *env, uint32_t calendar)
{
    const struct image *image = &env->program->image;
    (void)eval_fail(env, REFUSAL_BAD_ARITHMETIC,
                    arena_format(env->arena, "calendar `%.*s` is not open for years",
                                 SLICE_PRINT(image_slice(image, image->calendar[calendar].name))));
    return false;
}

static bool add_working(struct eval_env *env, uint64_t base_ms, uint8_t unit, int64_t amount,
                        uint64_t *ret_ms)
{
    uint32_t number =
        env->lane != NULL ? INDEX_NONE : env->program->image.process[0].calendar;
    if (number == INDEX_NONE) {
        (void)eval_fail(env, REFUSAL_BAD_ARITHMETIC,
                        SLICE("working time needs a process that names a calendar"));
        return false;
    }
    const struct zone *zone = zone_of_calendar(env, number);
    if (!span_add_working(&env->program->calendars[number], zone, base_ms, unit, amount, ret_ms)) {
        return never_open(env, number);
    }
    return env->refusal.code == REFUSAL_NONE;
}

bool eval_add(struct eval_env *env, uint64_t base_ms, uint8_t unit, int64_t amount,
              uint64_t *ret_ms)
{
    if (unit == DURATION_WORK_MS || unit == DURATION_WORK_DAY) {
        return add_working(env, base_ms, unit, amount, ret_ms);
    }
    const struct zone *zone = unit == DURATION_MS ? eval_utc() : eval_zone(env);
    *ret_ms = span_add(zone, base_ms, unit, amount);
    return env->refusal.code == REFUSAL_NONE;
}

bool eval_is_working(struct eval_env *env, uint32_t expr)
{
    struct value value = eval(env, expr);
    return env->refusal.code == REFUSAL_NONE && value.kind == VALUE_DURATION &&
           (value.unit == DURATION_WORK_MS || value.unit == DURATION_WORK_DAY);
}

int64_t eval_open_between(struct eval_env *env, uint64_t from_ms, uint64_t to_ms)
{
    uint32_t number = env->program->image.process[0].calendar;
    int64_t from = (int64_t)from_ms;
    int64_t to = (int64_t)to_ms;
    if (number == INDEX_NONE) {
        return to - from;
    }
    const struct calendar *calendar = &env->program->calendars[number];
    const struct zone *zone = zone_of_calendar(env, number);
    return to >= from ? calendar_open_seconds(calendar, zone, from / 1000, to / 1000) * 1000
                      : -calendar_open_seconds(calendar, zone, to / 1000, from / 1000) * 1000;
}

bool eval_within(struct eval_env *env, uint32_t number, uint64_t *moment_ms)
{
    if (number == INDEX_NONE) {
        return true;
    }
    const struct zone *zone = zone_of_calendar(env, number);
    if (!span_to_opening(&env->program->calendars[number], zone, moment_ms)) {
        return never_open(env, number);
    }
    return env->refusal.code == REFUSAL_NONE;
}

// --------------------------------------------------------------------------------- dues

bool eval_moment(struct eval_env *env, uint32_t expr, uint64_t *ret_ms)
{
    struct value value = eval(env, expr);
    if (env->refusal.code != REFUSAL_NONE || value_is_empty(&value)) {
        return false;
    }
    const struct zone *zone = NULL;
    int64_t moment = 0;
    switch ((enum value_kind)value.kind) {
    case VALUE_DURATION: return eval_add(env, env->now_ms, value.unit, value.number, ret_ms);
    case VALUE_DATETIME: moment = value.number; break;
    case VALUE_DATE: // 23:59 of that day
        zone = eval_zone(env);
        moment = span_to_utc(zone, (value.number + 1) * day_ms - 60000);
        break;
    case VALUE_TIME: {
        zone = eval_zone(env);
        int64_t today = span_floor(span_to_local(zone, (int64_t)env->now_ms), day_ms);
        moment = span_to_utc(zone, today * day_ms + value.number);
        break;
    }
    case VALUE_EMPTY:
    case VALUE_BOOL:
    case VALUE_INTEGER:
    case VALUE_TEXT:
    case VALUE_DECIMAL:
    case VALUE_MONEY:
    case VALUE_USER:
    case VALUE_REF:
    case VALUE_LIST:
    case VALUE_RECORD: return false;
    }
    *ret_ms = moment < 0 ? 0 : (uint64_t)moment;
    return env->refusal.code == REFUSAL_NONE;
}
