// Values that fields, forms and expressions hold. A value is a small struct that borrows its text,
// list and record bytes (from an arena, an image or a stored row). Packed form: MessagePack, one
// canonical spelling per value, self-describing enough for evolve to copy it without its type.
//
//   empty nil | bool | integer int | text, phone, email, url, file, enum member: str
//   decimal ext 1 (scale u8, mantissa i64 BE) | money ext 2 (currency 3 bytes, scale u8, mantissa)
//   date ext 3 (days since 1970-01-01, i32 BE) | time of day ext 4 (ms, u32 BE)
//   datetime ext 5 (ms since 1970 UTC, i64 BE) | duration ext 6 (unit u8, amount i64 BE)
//   user ext 7 (u32 BE) | ref ext 8 (instance, u64 BE)
//   list and set: array (a set is kept in the order of its enum, without repeats)
//   record: map of str keys in declared order
#ifndef RUNG_BASE_VALUE_H
#define RUNG_BASE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/pack.h"
#include "base/slice.h"

enum value_kind {
    VALUE_EMPTY, VALUE_BOOL, VALUE_INTEGER, VALUE_TEXT, VALUE_DECIMAL, VALUE_MONEY, VALUE_DATE,
    VALUE_TIME, VALUE_DATETIME, VALUE_DURATION, VALUE_USER, VALUE_REF, VALUE_LIST, VALUE_RECORD
};

// Exact units count milliseconds; calendar units keep the wall time and need a zone; working units
// need a calendar. A "day" is a calendar unit, "24 h" is exact.
enum duration_unit {
    DURATION_MS, DURATION_DAY, DURATION_WEEK, DURATION_MONTH, DURATION_WORK_MS, DURATION_WORK_DAY
};

enum { DECIMAL_SCALE_MAX = 9, VALUE_DEPTH_MAX = 8, VALUE_ITEMS_MAX = 1000 };

struct value_part;

struct value {
    uint8_t kind;     // enum value_kind
    uint8_t scale;    // decimal, money: digits after the point, 0 … DECIMAL_SCALE_MAX
    uint8_t unit;     // duration: enum duration_unit
    char currency[3]; // money: "EUR"
    union {
        bool yes;
        int64_t number; // integer; mantissa; days; ms of day; ms; amount; user; instance
        struct slice text;
        struct {
            const struct value *items;
            uint32_t count;
        } list;
        struct {
            const struct value_part *parts;
            uint32_t count;
        } record;
    };
};

struct value_part {
    struct slice name;
    struct value value;
};

static inline struct value value_empty(void) { return (struct value){ .kind = VALUE_EMPTY }; }
static inline struct value value_bool(bool yes)
{
    return (struct value){ .kind = VALUE_BOOL, .yes = yes };
}
static inline struct value value_integer(int64_t n)
{
    return (struct value){ .kind = VALUE_INTEGER, .number = n };
}
static inline struct value value_text(struct slice text)
{
    return (struct value){ .kind = VALUE_TEXT, .text = text };
}
static inline struct value value_datetime(int64_t ms)
{
    return (struct value){ .kind = VALUE_DATETIME, .number = ms };
}
static inline struct value value_user(uint32_t user)
{
    return (struct value){ .kind = VALUE_USER, .number = user };
}
static inline bool value_is_empty(const struct value *value)
{
    return value->kind == VALUE_EMPTY || (value->kind == VALUE_TEXT && value->text.len == 0) ||
           (value->kind == VALUE_LIST && value->list.count == 0);
}

void value_pack(struct buf *buf, const struct value *value);
// Texts borrow from the unpacked bytes; lists and records live in `arena`. On bad input the cursor
// goes bad and the value is empty. Depth and counts are bounded by VALUE_DEPTH_MAX,
// VALUE_ITEMS_MAX.
struct value value_unpack(struct unpack *unpack, struct arena *arena);
// A deep copy into `arena`.
struct value value_copy(const struct value *value, struct arena *arena);

// Equality of the same kind (integer, decimal and money compare across by number); money of
// different currencies is never equal. Empty equals only empty.
bool value_equal(const struct value *a, const struct value *b);
// Order of comparable values (numbers; money of one currency; texts by code point; dates; times;
// moments; durations of one family; bool). Returns false when they have no order.
bool value_order(const struct value *a, const struct value *b, int *ret_order);

enum value_op { VALUE_ADD, VALUE_SUBTRACT, VALUE_MULTIPLY, VALUE_DIVIDE };
// Exact arithmetic on numbers and money (divide: rounded half to even at DECIMAL_SCALE_MAX, result
// stripped of trailing zeros; integer / integer is a decimal). False: overflow, division by zero,
// different currencies, or kinds that do not combine. Dates and durations are not for this
// function.
bool value_arithmetic(enum value_op op, const struct value *a, const struct value *b,
                      struct value *ret_result);

// "1500.00 EUR", "2026-03-02 10:00" (UTC), "10 min", "yes", "a, b"; what people read. UTC moments
// print with minutes, seconds only when not 0. A user prints as "user 12": callers that know names
// print those themselves.
void value_print(struct buf *buf, const struct value *value);

// --- text forms, for forms on the command line, CSV and JSON. False when the text is not one. ----
bool value_parse_integer(struct slice text, int64_t *ret_number);             // 1_000 and -5
bool value_parse_decimal(struct slice text, int64_t *ret_mantissa, uint8_t *ret_scale);
bool value_parse_date(struct slice text, int64_t *ret_days);                  // 2026-03-02
bool value_parse_time(struct slice text, int64_t *ret_ms);                    // 18:00, 18:00:30
bool value_parse_datetime(struct slice text, int64_t *ret_ms); // 2026-03-02 18:00 (or T), UTC
bool value_parse_duration(struct slice text, uint8_t *ret_unit,
                          int64_t *ret_amount); // 10 min, 2 days

// --- civil time (proleptic Gregorian; algorithm: Howard Hinnant, "chrono-compatible low-level date
// algorithms"). Days since 1970-01-01.
// ---------------------------------------------------------------
int64_t civil_to_days(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);
bool civil_valid(int64_t year, unsigned month, unsigned day);

#endif
