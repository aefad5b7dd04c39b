#include "base/value.h"

#include "base/check.h"

enum {
    EXT_DECIMAL = 1,
    EXT_MONEY = 2,
    EXT_DATE = 3,
    EXT_TIME = 4,
    EXT_DATETIME = 5,
    EXT_DURATION = 6,
    EXT_USER = 7,
    EXT_REF = 8,
    MS_PER_DAY = 24 * 3600 * 1000,
};

// ------------------------------------------------------------------------------------ packing

static size_t put_be(char *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (char)(unsigned char)(value >> (8 * (bytes - 1 - i)));
    }
    return bytes;
}

static void pack_number(struct buf *buf, int8_t type, uint64_t number, unsigned bytes)
{
    char body[8];
    size_t len = put_be(body, number, bytes);
    pack_ext(buf, type, slice_make(body, len));
}

// What stands before the 8 bytes of the number: scale, unit, or currency and scale.
static void pack_scaled(struct buf *buf, const struct value *value, int8_t type)
{
    char body[12];
    size_t len = 0;
    if (type == EXT_MONEY) {
        memcpy(body, value->currency, sizeof(value->currency));
        len += sizeof(value->currency);
    }
    body[len++] = (char)(type == EXT_DURATION ? value->unit : value->scale);
    len += put_be(body + len, (uint64_t)value->number, 8);
    pack_ext(buf, type, slice_make(body, len));
}

static void pack_at_depth(struct buf *buf, const struct value *value, unsigned depth);

static void pack_children(struct buf *buf, const struct value *value, unsigned depth)
{
    CHECK(depth < VALUE_DEPTH_MAX);
    if (value->kind == VALUE_LIST) {
        CHECK(value->list.count <= VALUE_ITEMS_MAX);
        pack_array(buf, value->list.count);
        for (uint32_t i = 0; i < value->list.count; i++) {
            pack_at_depth(buf, &value->list.items[i], depth + 1);
        }
        return;
    }
    CHECK(value->record.count <= VALUE_ITEMS_MAX);
    pack_map(buf, value->record.count);
    for (uint32_t i = 0; i < value->record.count; i++) {
        pack_str(buf, value->record.parts[i].name);
        pack_at_depth(buf, &value->record.parts[i].value, depth + 1);
    }
}

static void pack_at_depth(struct buf *buf, const struct value *value, unsigned depth)
{
    uint64_t number = (uint64_t)value->number;
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: pack_nil(buf); return;
    case VALUE_BOOL: pack_bool(buf, value->yes); return;
    case VALUE_INTEGER: pack_int(buf, value->number); return;
    case VALUE_TEXT: pack_str(buf, value->text); return;
    case VALUE_DECIMAL: pack_scaled(buf, value, EXT_DECIMAL); return;
    case VALUE_MONEY: pack_scaled(buf, value, EXT_MONEY); return;
    case VALUE_DURATION: pack_scaled(buf, value, EXT_DURATION); return;
    case VALUE_DATE:
        CHECK(value->number >= INT32_MIN && value->number <= INT32_MAX);
        pack_number(buf, EXT_DATE, number, 4);
        return;
    case VALUE_TIME: pack_number(buf, EXT_TIME, number, 4); return;
    case VALUE_DATETIME: pack_number(buf, EXT_DATETIME, number, 8); return;
    case VALUE_USER: pack_number(buf, EXT_USER, number, 4); return;
    case VALUE_REF: pack_number(buf, EXT_REF, number, 8); return;
    case VALUE_LIST:
    case VALUE_RECORD: pack_children(buf, value, depth); return;
    }
    UNREACHABLE();
}

void value_pack(struct buf *buf, const struct value *value) { pack_at_depth(buf, value, 0); }

// ------------------------------------------------------------------------------------ unpacking

static uint64_t read_be(const char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | (unsigned char)at[i];
    }
    return value;
}

static bool currency_good(const char currency[3])
{
    for (int i = 0; i < 3; i++) {
        if (currency[i] < 'A' || currency[i] > 'Z') {
            return false;
        }
    }
    return true;
}

static bool scaled_from_body(struct slice body, struct value *value, enum value_kind kind)
{
    size_t front = kind == VALUE_MONEY ? 4 : 1;
    if (body.len != front + 8) {
        return false;
    }
    value->kind = (uint8_t)kind;
    value->number = (int64_t)read_be(body.ptr + front, 8);
    uint8_t small = (uint8_t)body.ptr[front - 1];
    if (kind == VALUE_DURATION) {
        value->unit = small;
        return small <= DURATION_WORK_DAY;
    }
    value->scale = small;
    if (kind == VALUE_MONEY) {
        memcpy(value->currency, body.ptr, 3);
        return small <= DECIMAL_SCALE_MAX && currency_good(value->currency);
    }
    return small <= DECIMAL_SCALE_MAX;
}

static bool number_from_body(struct slice body, struct value *value, enum value_kind kind,
                             size_t bytes)
{
    if (body.len != bytes) {
        return false;
    }
    value->kind = (uint8_t)kind;
    value->number = (int64_t)read_be(body.ptr, bytes);
    if (kind == VALUE_DATE) {
        value->number = (int32_t)(uint32_t)value->number;
    }
    if (kind == VALUE_TIME) {
        return value->number < MS_PER_DAY;
    }
    return kind != VALUE_REF || value->number >= 0;
}

static bool ext_to_value(int8_t type, struct slice body, struct value *value)
{
    switch (type) {
    case EXT_DECIMAL: return scaled_from_body(body, value, VALUE_DECIMAL);
    case EXT_MONEY: return scaled_from_body(body, value, VALUE_MONEY);
    case EXT_DATE: return number_from_body(body, value, VALUE_DATE, 4);
    case EXT_TIME: return number_from_body(body, value, VALUE_TIME, 4);
    case EXT_DATETIME: return number_from_body(body, value, VALUE_DATETIME, 8);
    case EXT_DURATION: return scaled_from_body(body, value, VALUE_DURATION);
    case EXT_USER: return number_from_body(body, value, VALUE_USER, 4);
    case EXT_REF: return number_from_body(body, value, VALUE_REF, 8);
    default: return false; // types of a later format
    }
}

static void refuse(struct unpack *unpack)
{
    unpack->bad = true;
    unpack->at = unpack->end;
}

static struct value unpack_at_depth(struct unpack *unpack, struct arena *arena, unsigned depth);

static struct value unpack_list(struct unpack *unpack, struct arena *arena, unsigned depth)
{
    uint32_t count = unpack_array(unpack);
    if (count > VALUE_ITEMS_MAX || depth >= VALUE_DEPTH_MAX) {
        refuse(unpack);
    }
    if (unpack->bad) {
        return value_empty();
    }
    struct value *items = ARENA_ARRAY(arena, struct value, count);
    for (uint32_t i = 0; i < count; i++) {
        items[i] = unpack_at_depth(unpack, arena, depth + 1);
    }
    return (struct value){ .kind = VALUE_LIST, .list = { items, count } };
}

static struct value unpack_record(struct unpack *unpack, struct arena *arena, unsigned depth)
{
    uint32_t count = unpack_map(unpack);
    if (count > VALUE_ITEMS_MAX || depth >= VALUE_DEPTH_MAX) {
        refuse(unpack);
    }
    if (unpack->bad) {
        return value_empty();
    }
    struct value_part *parts = ARENA_ARRAY(arena, struct value_part, count);
    for (uint32_t i = 0; i < count; i++) {
        parts[i].name = unpack_str(unpack);
        parts[i].value = unpack_at_depth(unpack, arena, depth + 1);
    }
    return (struct value){ .kind = VALUE_RECORD, .record = { parts, count } };
}

static struct value unpack_extended(struct unpack *unpack)
{
    int8_t type;
    struct slice body = unpack_ext(unpack, &type);
    struct value value = value_empty();
    if (unpack->bad || !ext_to_value(type, body, &value)) {
        refuse(unpack);
    }
    return value;
}

static struct value unpack_at_depth(struct unpack *unpack, struct arena *arena, unsigned depth)
{
    switch (unpack_peek(unpack)) {
    case PACK_NIL: unpack_nil(unpack); return value_empty();
    case PACK_BOOL: return value_bool(unpack_bool(unpack));
    case PACK_INTEGER: return value_integer(unpack_int(unpack));
    case PACK_STR: return value_text(unpack_str(unpack));
    case PACK_ARRAY: return unpack_list(unpack, arena, depth);
    case PACK_MAP: return unpack_record(unpack, arena, depth);
    case PACK_EXT: return unpack_extended(unpack);
    case PACK_FLOAT:
    case PACK_BIN:
    case PACK_END: break;
    }
    refuse(unpack);
    return value_empty();
}

struct value value_unpack(struct unpack *unpack, struct arena *arena)
{
    struct value value = unpack_at_depth(unpack, arena, 0);
    return unpack->bad ? value_empty() : value;
}

static struct value copy_at_depth(const struct value *value, struct arena *arena, unsigned depth)
{
    CHECK(depth <= VALUE_DEPTH_MAX);
    struct value copy = *value;
    if (value->kind == VALUE_TEXT) {
        copy.text = arena_copy(arena, value->text);
    } else if (value->kind == VALUE_LIST) {
        struct value *items = ARENA_ARRAY(arena, struct value, value->list.count);
        for (uint32_t i = 0; i < value->list.count; i++) {
            items[i] = copy_at_depth(&value->list.items[i], arena, depth + 1);
        }
        copy.list.items = items;
    } else if (value->kind == VALUE_RECORD) {
        struct value_part *parts = ARENA_ARRAY(arena, struct value_part, value->record.count);
        for (uint32_t i = 0; i < value->record.count; i++) {
            parts[i].name = arena_copy(arena, value->record.parts[i].name);
            parts[i].value = copy_at_depth(&value->record.parts[i].value, arena, depth + 1);
        }
        copy.record.parts = parts;
    }
    return copy;
}

struct value value_copy(const struct value *value, struct arena *arena)
{
    return copy_at_depth(value, arena, 0);
}

// ------------------------------------------------------------------------------------ wide numbers

// 128 bits without a sign: the product of two mantissas, before it is brought back to 64 bits.
struct wide {
    uint64_t high;
    uint64_t low;
};

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

static struct wide wide_multiply(uint64_t a, uint64_t b)
{
    uint64_t a_low = a & UINT32_MAX;
    uint64_t a_high = a >> 32;
    uint64_t b_low = b & UINT32_MAX;
    uint64_t b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (middle & UINT32_MAX);
    return (struct wide){ a_high * b_high + (middle >> 32) + (other >> 32),
                          other << 32 | (low & UINT32_MAX) };
}

static int wide_compare(struct wide a, struct wide b)
{
    if (a.high != b.high) {
        return a.high < b.high ? -1 : 1;
    }
    return a.low < b.low ? -1 : a.low > b.low;
}

// Long division bit by bit; the quotient replaces `number`, the remainder is returned.
static uint64_t wide_divide(struct wide *number, uint64_t by)
{
    CHECK(by > 0);
    struct wide quotient = { 0, 0 };
    uint64_t rest = 0;
    for (unsigned bit = 128; bit-- > 0;) {
        uint64_t word = bit >= 64 ? number->high : number->low;
        bool carry = rest >> 63 != 0;
        rest = rest << 1 | (word >> (bit & 63) & 1);
        if (carry || rest >= by) {
            rest -= by;
            uint64_t *part = bit >= 64 ? &quotient.high : &quotient.low;
            *part |= 1ull << (bit & 63);
        }
    }
    *number = quotient;
    return rest;
}

// Divides, rounding half to even.
static void wide_divide_rounded(struct wide *number, uint64_t by)
{
    uint64_t rest = wide_divide(number, by);
    uint64_t other = by - rest;
    if (rest > other || (rest == other && (number->low & 1) != 0)) {
        number->low++;
        number->high += number->low == 0 ? 1 : 0;
    }
}

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;
    CHECK(exponent <= 19);
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

static bool to_signed(struct wide number, bool negative, int64_t *ret_number)
{
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (number.high != 0 || number.low > limit) {
        return false;
    }
    *ret_number = negative ? (int64_t)(0 - number.low) : (int64_t)number.low;
    return true;
}

// ------------------------------------------------------------------------------------ comparing

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_DECIMAL ||
           value->kind == VALUE_MONEY;
}

static uint8_t scale_of(const struct value *value)
{
    return value->kind == VALUE_INTEGER ? 0 : value->scale;
}

static bool same_currency(const struct value *a, const struct value *b)
{
    return a->kind != VALUE_MONEY || b->kind != VALUE_MONEY ||
           memcmp(a->currency, b->currency, 3) == 0;
}

static int number_order(const struct value *a, const struct value *b)
{
    bool a_negative = a->number < 0;
    bool b_negative = b->number < 0;
    if (a_negative != b_negative) {
        return a_negative ? -1 : 1;
    }
    uint8_t a_scale = scale_of(a);
    uint8_t b_scale = scale_of(b);
    uint8_t scale = a_scale > b_scale ? a_scale : b_scale;
    struct wide a_wide = wide_multiply(magnitude(a->number), power_of_ten(scale - a_scale));
    struct wide b_wide = wide_multiply(magnitude(b->number), power_of_ten(scale - b_scale));
    int order = wide_compare(a_wide, b_wide);
    return a_negative ? -order : order;
}

// Weeks and days are one family, so that `1 week is 7 days`; the others stand alone.
static bool duration_order(const struct value *a, const struct value *b, int *ret_order)
{
    uint8_t a_family = a->unit == DURATION_WEEK ? (uint8_t)DURATION_DAY : a->unit;
    uint8_t b_family = b->unit == DURATION_WEEK ? (uint8_t)DURATION_DAY : b->unit;
    if (a_family != b_family) {
        return false;
    }
    struct wide a_wide = wide_multiply(magnitude(a->number), a->unit == DURATION_WEEK ? 7 : 1);
    struct wide b_wide = wide_multiply(magnitude(b->number), b->unit == DURATION_WEEK ? 7 : 1);
    if ((a->number < 0) != (b->number < 0)) {
        *ret_order = a->number < 0 ? -1 : 1;
        return true;
    }
    int order = wide_compare(a_wide, b_wide);
    *ret_order = a->number < 0 ? -order : order;
    return true;
}

bool value_order(const struct value *a, const struct value *b, int *ret_order)
{
    *ret_order = 0;
    if (is_number(a) && is_number(b)) {
        if (!same_currency(a, b)) {
            return false;
        }
        *ret_order = number_order(a, b);
        return true;
    }
    if (a->kind != b->kind) {
        return false;
    }
    switch ((enum value_kind)a->kind) {
    case VALUE_BOOL: *ret_order = (int)a->yes - (int)b->yes; return true;
    case VALUE_TEXT: *ret_order = slice_compare(a->text, b->text); return true;
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DATETIME:
        *ret_order = a->number < b->number ? -1 : a->number > b->number;
        return true;
    case VALUE_DURATION: return duration_order(a, b, ret_order);
    case VALUE_EMPTY:
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
    case VALUE_MONEY:
    case VALUE_USER:
    case VALUE_REF:
    case VALUE_LIST:
    case VALUE_RECORD: return false;
    }
    return false;
}

static bool equal_at_depth(const struct value *a, const struct value *b, unsigned depth)
{
    CHECK(depth <= VALUE_DEPTH_MAX);
    if (value_is_empty(a) || value_is_empty(b)) {
        return value_is_empty(a) && value_is_empty(b);
    }
    int order;
    if (value_order(a, b, &order)) {
        return order == 0;
    }
    if (a->kind != b->kind) {
        return false;
    }
    bool equal = false;
    if (a->kind == VALUE_USER || a->kind == VALUE_REF) {
        equal = a->number == b->number;
    } else if (a->kind == VALUE_LIST) {
        equal = a->list.count == b->list.count;
        for (uint32_t i = 0; equal && i < a->list.count; i++) {
            equal = equal_at_depth(&a->list.items[i], &b->list.items[i], depth + 1);
        }
    } else if (a->kind == VALUE_RECORD) {
        equal = a->record.count == b->record.count;
        for (uint32_t i = 0; equal && i < a->record.count; i++) {
            const struct value_part *part = &a->record.parts[i];
            const struct value_part *other = &b->record.parts[i];
            equal = slice_equal(part->name, other->name) &&
                    equal_at_depth(&part->value, &other->value, depth + 1);
        }
    }
    return equal;
}

bool value_equal(const struct value *a, const struct value *b) { return equal_at_depth(a, b, 0); }

// ------------------------------------------------------------------------------------ arithmetic

// A number on its way to a result: sign, 128-bit magnitude, digits after the point (up to 18).
struct amount {
    struct wide size;
    bool negative;
    unsigned scale;
};

// Takes zeros off the end while the scale stays above `scale_min`.
static void strip_zeros(struct amount *amount, unsigned scale_min)
{
    while (amount->scale > scale_min) {
        struct wide shorter = amount->size;
        if (wide_divide(&shorter, 10) != 0) {
            return;
        }
        amount->size = shorter;
        amount->scale--;
    }
}

// Gives the result the kind that follows from the operands: money if one is money, integer if both
// are, else decimal. Money keeps the digits that its operands were written with.
static bool finish(struct amount amount, const struct value *a, const struct value *b,
                   struct value *ret_result)
{
    const struct value *money = a->kind == VALUE_MONEY ? a : b->kind == VALUE_MONEY ? b : NULL;
    unsigned scale_min = 0;
    if (money != NULL) {
        scale_min = money->scale;
        if (a->kind == b->kind && b->scale > scale_min) {
            scale_min = b->scale;
        }
    }
    if (amount.scale > DECIMAL_SCALE_MAX) {
        strip_zeros(&amount, DECIMAL_SCALE_MAX);
        wide_divide_rounded(&amount.size, power_of_ten(amount.scale - DECIMAL_SCALE_MAX));
        amount.scale = DECIMAL_SCALE_MAX;
    }
    strip_zeros(&amount, scale_min);
    struct value result = { .kind = VALUE_DECIMAL, .scale = (uint8_t)amount.scale };
    if (!to_signed(amount.size, amount.negative, &result.number)) {
        strip_zeros(&amount, 0);
        result.scale = (uint8_t)amount.scale;
        if (!to_signed(amount.size, amount.negative, &result.number)) {
            return false;
        }
    }
    if (money != NULL) {
        result.kind = VALUE_MONEY;
        memcpy(result.currency, money->currency, sizeof(result.currency));
    } else if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER && amount.scale == 0) {
        result.kind = VALUE_INTEGER;
    }
    *ret_result = result;
    return true;
}

static bool add(const struct value *a, const struct value *b, bool subtract,
                struct value *ret_result)
{
    unsigned scale = scale_of(a) > scale_of(b) ? scale_of(a) : scale_of(b);
    struct wide left = wide_multiply(magnitude(a->number), power_of_ten(scale - scale_of(a)));
    struct wide right = wide_multiply(magnitude(b->number), power_of_ten(scale - scale_of(b)));
    bool left_negative = a->number < 0;
    bool right_negative = (b->number < 0) != subtract;
    struct amount sum = { .negative = left_negative, .scale = scale };
    // Both are below 10^9 * 2^63, so the sum fits in 128 bits.
    if (left_negative == right_negative) {
        sum.size.low = left.low + right.low;
        sum.size.high = left.high + right.high + (sum.size.low < left.low ? 1 : 0);
        return finish(sum, a, b, ret_result);
    }
    if (wide_compare(left, right) < 0) {
        struct wide swapped = left;
        left = right;
        right = swapped;
        sum.negative = right_negative;
    }
    sum.size.low = left.low - right.low;
    sum.size.high = left.high - right.high - (left.low < right.low ? 1 : 0);
    return finish(sum, a, b, ret_result);
}

static bool divide(const struct value *a, const struct value *b, struct value *ret_result)
{
    if (b->number == 0) {
        return false;
    }
    struct value ratio = *a;
    struct value by = *b;
    if (a->kind == VALUE_MONEY && b->kind == VALUE_MONEY) {
        ratio.kind = VALUE_DECIMAL; // how many times one sum is the other
        by.kind = VALUE_DECIMAL;
    } else if (b->kind == VALUE_MONEY) {
        return false;
    }
    if (ratio.kind == VALUE_INTEGER) {
        ratio.kind = VALUE_DECIMAL; // 6 / 2 is the decimal 3: the type must not hang on the values
        ratio.scale = 0;
    }
    unsigned shift = DECIMAL_SCALE_MAX + (unsigned)scale_of(&by) - scale_of(&ratio);
    struct amount result = { .negative = (a->number < 0) != (b->number < 0),
                             .scale = DECIMAL_SCALE_MAX };
    result.size = wide_multiply(magnitude(a->number), power_of_ten(shift));
    wide_divide_rounded(&result.size, magnitude(b->number));
    return finish(result, &ratio, &by, ret_result);
}

bool value_arithmetic(enum value_op op, const struct value *a, const struct value *b,
                      struct value *ret_result)
{
    if (!is_number(a) || !is_number(b) || !same_currency(a, b)) {
        return false;
    }
    switch (op) {
    case VALUE_ADD: return add(a, b, false, ret_result);
    case VALUE_SUBTRACT: return add(a, b, true, ret_result);
    case VALUE_DIVIDE: return divide(a, b, ret_result);
    case VALUE_MULTIPLY: break;
    }
    if (a->kind == VALUE_MONEY && b->kind == VALUE_MONEY) {
        return false;
    }
    struct amount product = { .negative = (a->number < 0) != (b->number < 0),
                              .scale = (unsigned)scale_of(a) + scale_of(b) };
    product.size = wide_multiply(magnitude(a->number), magnitude(b->number));
    return finish(product, a, b, ret_result);
}
