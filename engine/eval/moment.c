// Durations and due moments. In this version every wall time is UTC.
#include "base/check.h"
#include "engine/eval/eval_internal.h"

static const int64_t day_ms = 24 * 3600 * 1000;

// Rule 18: months keep the day of the month; a day that the month lacks becomes its last.
static int64_t add_months(int64_t base_ms, int64_t months)
{
    int64_t days = base_ms / day_ms;
    int64_t rest = base_ms % day_ms;
    int64_t year;
    unsigned month;
    unsigned day;
    civil_from_days(days, &year, &month, &day);
    int64_t total = year * 12 + (int64_t)month - 1 + months;
    year = total / 12;
    month = (unsigned)(total % 12) + 1;
    while (!civil_valid(year, month, day)) {
        day--;
    }
    return civil_to_days(year, month, day) * day_ms + rest;
}

uint64_t eval_add_duration(uint64_t base_ms, uint8_t unit, int64_t amount)
{
    static const int64_t far = INT64_MAX / 4;
    static const int64_t most_days = 4000000;
    int64_t base = base_ms > (uint64_t)far ? far : (int64_t)base_ms;
    int64_t sum = 0;
    switch ((enum duration_unit)unit) {
    case DURATION_MS:
        amount = amount > far ? far : amount < -far ? -far : amount;
        sum = base + amount;
        break;
    case DURATION_DAY:
    case DURATION_WEEK:
    case DURATION_MONTH: {
        int64_t days_each = unit == DURATION_DAY ? 1 : unit == DURATION_WEEK ? 7 : 31;
        amount = amount > most_days / days_each ? most_days / days_each : amount;
        amount = amount < -most_days / days_each ? -most_days / days_each : amount;
        sum = unit == DURATION_MONTH ? add_months(base, amount)
                                     : base + amount * days_each * day_ms;
        break;
    }
    case DURATION_WORK_MS:
    case DURATION_WORK_DAY: UNREACHABLE(); // image_open refuses images that hold one
    }
    return sum < 0 ? 0 : (uint64_t)sum;
}

bool eval_moment(struct eval_env *env, uint32_t expr, uint64_t *ret_ms)
{
    struct value value = eval(env, expr);
    if (env->refusal.code != REFUSAL_NONE || value_is_empty(&value)) {
        return false;
    }
    int64_t today = (int64_t)env->now_ms / day_ms * day_ms;
    int64_t moment = 0;
    switch ((enum value_kind)value.kind) {
    case VALUE_DURATION:
        *ret_ms = eval_add_duration(env->now_ms, value.unit, value.number);
        return true;
    case VALUE_DATE: moment = (value.number + 1) * day_ms - 60000; break; // 23:59 of that day
    case VALUE_DATETIME: moment = value.number; break;
    case VALUE_TIME: moment = today + value.number; break;
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
    return true;
}
