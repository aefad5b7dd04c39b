#include "tests/sim/lines.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/pack.h"
#include "base/value.h"

enum { LINES_DRAWN_MAX = 3, CENTS = 100 };

static const char *const prices[] = { "10", "33.50", "100", "250", "500", "99.99", "0.01", "1000" };

void lines_pack(struct prng *prng, struct buf *form)
{
    static const char *const products[] = { "alpha", "beta", "gamma", "delta" };
    uint32_t count = 1 + (uint32_t)prng_below(prng, LINES_DRAWN_MAX);
    bool mixed = count > 1 && prng_below(prng, 10) == 0;
    pack_array(form, count);
    for (uint32_t i = 0; i < count; i++) {
        char price[24];
        const char *amount = prices[prng_below(prng, ARRAY_COUNT(prices))];
        (void)snprintf(price, sizeof(price), "%s%s", amount, mixed && i == 0 ? " USD" : "");
        bool counted = prng_below(prng, 2) == 0;
        pack_map(form, counted ? 3 : 2);
        pack_cstr(form, "what");
        pack_cstr(form, products[prng_below(prng, ARRAY_COUNT(products))]);
        pack_cstr(form, "price");
        pack_cstr(form, price);
        if (counted) {
            pack_cstr(form, "many");
            pack_uint(form, 1 + prng_below(prng, 4));
        }
    }
}

// "33.50" in hundredths; anything else is no price that was drawn in the company's currency.
static bool read_cents(struct slice text, int64_t *ret_cents)
{
    int64_t whole = 0;
    int64_t part = 0;
    unsigned digits = 0;
    bool point = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c < '0' || c > '9' || digits == 2) {
            return false;
        } else if (point) {
            part = part * 10 + (c - '0');
            digits++;
        } else {
            whole = whole * 10 + (c - '0');
        }
    }
    *ret_cents = whole * CENTS + (digits == 1 ? part * 10 : part);
    return text.len > 0;
}

bool lines_read(const struct record *record, struct lines *ret_lines)
{
    struct slice raw = pack_map_find(record->form, SLICE("lines"));
    struct unpack unpack;
    *ret_lines = (struct lines){ .any = raw.len > 0 };
    unpack_init(&unpack, raw);
    uint32_t count = raw.len > 0 ? unpack_array(&unpack) : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct slice line = unpack_raw(&unpack);
        struct slice many = pack_map_find(line, SLICE("many"));
        struct unpack part;
        unpack_init(&part, pack_map_find(line, SLICE("price")));
        int64_t cents = 0;
        if (!read_cents(unpack_str(&part), &cents)) {
            return false;
        }
        unpack_init(&part, many);
        ret_lines->cents += cents * (many.len > 0 ? (int64_t)unpack_uint(&part) : 1);
    }
    return count > 0 && !unpack.bad;
}

uint32_t lines_row(const struct lines *lines)
{
    return lines->cents < 100 * CENTS ? 1 : lines->cents <= 1000 * CENTS ? 2 : 3;
}

bool lines_hit(const struct record *record, uint64_t instance, uint32_t row)
{
    uint32_t right = 0;
    uint32_t all = 0;
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_TABLE_HIT && event->table_hit.instance == instance) {
            all++;
            right += event->table_hit.row == row && slice_equal(event->table_hit.name,
                                                                SLICE("rung_of"));
        }
    }
    return right == 1 && all == 1;
}

static struct value field_of(const struct view *view, const struct instance *instance,
                             const struct view_program *program, struct slice name)
{
    uint32_t field = image_find_field(&program->image, name);
    struct slice packed = field != INDEX_NONE ? view_field(view, instance, field) : SLICE_EMPTY;
    struct unpack unpack;
    unpack_init(&unpack, packed);
    return packed.len > 0 ? value_unpack(&unpack, view_arena(view)) : value_empty();
}

bool lines_hold(const struct lines *lines, const struct view *view,
                const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    if (program == NULL) {
        return false;
    }
    struct value total = field_of(view, instance, program, SLICE("sum_"));
    struct value size = field_of(view, instance, program, SLICE("size"));
    struct value cents = { .kind = VALUE_DECIMAL, .scale = 2, .number = lines->cents };
    struct value row = value_integer(lines_row(lines));
    struct value amount = { .kind = VALUE_DECIMAL, .scale = total.scale, .number = total.number };
    return total.kind == VALUE_MONEY && value_equal(&amount, &cents) && value_equal(&size, &row);
}
