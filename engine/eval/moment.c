// Durations and due moments, on the wall clock of the case (rules 11, 18).
#include "base/check.h"
#include "base/limits.h"
#include "engine/eval/eval_internal.h"

static const int64_t day_ms = 24 * 3600 * 1000;

// --------------------------------------------------------------------------------- zones

int64_t eval_to_local(const struct zone *zone, int64_t utc_ms)
{
    return utc_ms + (int64_t)zone_offset(zone, eval_floor(utc_ms, 1000)) * 1000;
}

int64_t eval_to_utc(const struct zone *zone, int64_t local_ms)
{
    if (zone->count == 0 && !zone->has_footer) {
        return local_ms - (int64_t)zone->offsets[0] * 1000; // a zone that never changes
    }
    int64_t seconds = eval_floor(local_ms, 1000);
    return zone_to_utc(zone, seconds) * 1000 + (local_ms - seconds * 1000);
}

const struct zone *eval_zone(struct eval_env *env)
{
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

// Rule 18: months keep the day of the month; a day that the month lacks becomes its last.
static int64_t add_months(int64_t base_ms, int64_t months)
{
    int64_t days = eval_floor(base_ms, day_ms);
    int64_t rest = base_ms - days * day_ms;
    int64_t year;
    unsigned month;
    unsigned day;
    civil_from_days(days, &year, &month, &day);
    int64_t total = year * 12 + (int64_t)month - 1 + months;
    year = eval_floor(total, 12);
    month = (unsigned)(total - year * 12) + 1;
    while (!civil_valid(year, month, day) && day > 28) {
        day--;
    }
    return civil_to_days(year, month, day) * day_ms + rest;
}

uint64_t eval_add_plain(const struct zone *zone, uint64_t base_ms, uint8_t unit, int64_t amount)
{
    static const int64_t most_days = 4000000;
    int64_t base = base_ms > MOMENT_MS_MAX ? (int64_t)MOMENT_MS_MAX : (int64_t)base_ms;
    int64_t sum = 0;
    if (unit == DURATION_MS) {
        static const int64_t far = INT64_MAX / 4;
        amount = amount > far ? far : amount < -far ? -far : amount;
        sum = base + amount;
        return sum < 0 ? 0 : (uint64_t)sum;
    }
    CHECK(unit <= DURATION_MONTH);
    int64_t days_each = unit == DURATION_DAY ? 1 : unit == DURATION_WEEK ? 7 : 31;
    amount = amount > most_days / days_each ? most_days / days_each : amount;
    amount = amount < -most_days / days_each ? -most_days / days_each : amount;
    int64_t local = eval_to_local(zone, base);
    sum = unit == DURATION_MONTH ? add_months(local, amount) : local + amount * days_each * day_ms;
    sum = eval_to_utc(zone, sum);
    return sum < 0 ? 0 : (uint64_t)sum;
}

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
    uint32_t number = env->program->image.process[0].calendar;
    if (number == INDEX_NONE) {
        (void)eval_fail(env, REFUSAL_BAD_ARITHMETIC,
                        SLICE("working time needs a process that names a calendar"));
        return false;
    }
    const struct calendar *calendar = &env->program->calendars[number];
    const struct zone *zone = zone_of_calendar(env, number);
    int64_t base = (int64_t)(base_ms > MOMENT_MS_MAX ? MOMENT_MS_MAX : base_ms);
    int64_t seconds = base / 1000;
    int64_t sum = 0;
    // Working time is counted in whole seconds; a part of one is not work.
    bool open = unit == DURATION_WORK_DAY
                    ? calendar_add_work_days(calendar, zone, seconds, amount, &sum)
                    : calendar_add_open_seconds(calendar, zone, seconds, amount / 1000, &sum);
    if (!open) {
        return never_open(env, number);
    }
    *ret_ms = sum < 0 ? 0 : (uint64_t)sum * 1000;
    return env->refusal.code == REFUSAL_NONE;
}

bool eval_add(struct eval_env *env, uint64_t base_ms, uint8_t unit, int64_t amount,
              uint64_t *ret_ms)
{
    if (unit == DURATION_WORK_MS || unit == DURATION_WORK_DAY) {
        return add_working(env, base_ms, unit, amount, ret_ms);
    }
    const struct zone *zone = unit == DURATION_MS ? eval_utc() : eval_zone(env);
    *ret_ms = eval_add_plain(zone, base_ms, unit, amount);
    return env->refusal.code == REFUSAL_NONE;
}

bool eval_within(struct eval_env *env, uint32_t number, uint64_t *moment_ms)
{
    if (number == INDEX_NONE) {
        return true;
    }
    const struct zone *zone = zone_of_calendar(env, number);
    int64_t seconds = (int64_t)(*moment_ms > MOMENT_MS_MAX ? MOMENT_MS_MAX : *moment_ms) / 1000;
    int64_t opening;
    if (!calendar_next_opening(&env->program->calendars[number], zone, seconds, &opening)) {
        return never_open(env, number);
    }
    *moment_ms = opening > seconds ? (uint64_t)opening * 1000 : *moment_ms;
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
        moment = eval_to_utc(zone, (value.number + 1) * day_ms - 60000);
        break;
    case VALUE_TIME: {
        zone = eval_zone(env);
        int64_t today = eval_floor(eval_to_local(zone, (int64_t)env->now_ms), day_ms);
        moment = eval_to_utc(zone, today * day_ms + value.number);
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
