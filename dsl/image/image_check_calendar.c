// Validation of calendars, and of what is said before a task is due.
#include "base/check.h"
#include "dsl/image/image_internal.h"

// Ascending and apart, within one day.
static bool week_ok(const struct image *image, const struct image_calendar *calendar)
{
    for (size_t day = 0; day < ARRAY_COUNT(calendar->week); day++) {
        struct image_range open = calendar->week[day];
        if (!image_range_ok(open, image->opening_count) || open.count > CALENDAR_HOURS_MAX) {
            return false;
        }
        int32_t last = 0;
        for (uint32_t i = 0; i < open.count; i++) {
            const struct image_opening *hours = &image->opening[open.first + i];
            if (hours->from < last || hours->to <= hours->from || hours->to > 86400) {
                return false;
            }
            last = hours->to;
        }
    }
    return true;
}

static bool exceptions_ok(const struct image *image, struct image_range list)
{
    if (!image_range_ok(list, image->exception_count)) {
        return false;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        const struct image_exception *one = &image->exception[list.first + i];
        if (one->mark < MARK_OFF || one->mark > MARK_WORKING || one->day < -200000 ||
            one->day > 200000 || (i > 0 && one[-1].day >= one->day)) {
            return false;
        }
    }
    return true;
}

static bool check_calendars(const struct image *image)
{
    for (uint32_t i = 0; i < image->calendar_count; i++) {
        const struct image_calendar *calendar = &image->calendar[i];
        if (!image_name_ok(image, calendar->name) || !image_text_ok(image, calendar->zone) ||
            calendar->zone.len > IMAGE_NAME_BYTES_MAX || calendar->of_case > 1 ||
            (calendar->of_case == 1 && calendar->zone.len > 0) || !week_ok(image, calendar) ||
            !exceptions_ok(image, calendar->exceptions)) {
            return false;
        }
    }
    return true;
}

// What stands before a due moment is a plain wait.
static bool check_reminds(const struct image *image)
{
    for (uint32_t i = 0; i < image->task_count; i++) {
        struct image_range reminds = image->task[i].reminds;
        for (uint32_t n = 0; n < reminds.count; n++) {
            if (image->rung[reminds.first + n].effect != RUNG_REMIND) {
                return false;
            }
        }
    }
    return true;
}

bool image_check_calendars(const struct image *image)
{
    return check_calendars(image) && check_reminds(image);
}
