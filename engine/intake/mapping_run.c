// What one body brings, element by element.
#include <inttypes.h>

#include <sodium.h>

#include "base/limits.h"
#include "base/pack.h"
#include "base/value.h"
#include "engine/intake/mapping.h"
#include "engine/intake/moment.h"
#include "engine/text/phone.h"

_Static_assert((int)INTAKE_ROW_BYTES_MAX <= (int)KEY_BYTES_MAX, "a row id that the ledger takes");

struct mapping_run {
    const struct mapping *mapping;
    const struct body *body;
    struct arena *arena;
    struct mapping_result *result;
    struct slice problem;
};

// --- places --------------------------------------------------------------------------------------

static struct slice join(struct arena *arena, struct slice path, struct slice name)
{
    return path.len == 0 ? name
                         : arena_format(arena, "%.*s.%.*s", SLICE_PRINT(path), SLICE_PRINT(name));
}

// The name or position below `path` that the value at `full` stands under.
static struct slice next_name(struct slice full, struct slice path)
{
    struct slice rest = slice_sub(full, path.len > 0 ? path.len + 1 : 0, full.len);
    const char *point = rest.len > 0 ? memchr(rest.ptr, '.', rest.len) : NULL;
    return point != NULL ? slice_sub(rest, 0, (size_t)(point - rest.ptr)) : rest;
}

// Of the elements of a list, the first whose NAME is VALUE. False: there is none.
static bool choose(const struct mapping_run *run, const struct mapping_step *step,
                   struct slice *path)
{
    const struct body_value *found = NULL;
    uint32_t first = 0;
    uint32_t end = body_below(run->body, *path, &first);
    for (uint32_t i = first; i < end; i++) {
        const struct body_value *value = &run->body->values[i];
        struct slice element = next_name(value->path, *path);
        size_t at = (path->len > 0 ? path->len + 1 : 0) + element.len + 1;
        if (at <= value->path.len && slice_equal(value->text, step->value) &&
            slice_equal(slice_sub(value->path, at, value->path.len), step->name) &&
            (found == NULL || value->order < found->order)) {
            found = value;
        }
    }
    if (found != NULL) {
        *path = join(run->arena, *path, next_name(found->path, *path));
    }
    return found != NULL;
}

// The text at a place; empty: nothing stands there.
static struct slice text_at(const struct mapping_run *run, const struct mapping_place *place,
                            struct slice element)
{
    struct slice path = place->of_element ? element : SLICE_EMPTY;
    for (uint32_t i = 0; i < place->count; i++) {
        const struct mapping_step *step = &place->steps[i];
        if (step->kind == STEP_NAME) {
            path = join(run->arena, path, step->name);
        } else if (!choose(run, step, &path)) {
            return SLICE_EMPTY;
        }
    }
    const struct body_value *value = body_find(run->body, path);
    return value != NULL ? value->text : SLICE_EMPTY;
}

static struct slice hash_of(struct arena *arena, struct slice bytes)
{
    enum { HASH_BYTES = 32 };
    unsigned char hash[HASH_BYTES];
    char hex[2 * HASH_BYTES + 1];
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)bytes.ptr, bytes.len, NULL,
                             0);
    (void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    return arena_format(arena, "blake2b:%s", hex);
}

static struct slice chosen(const struct mapping_run *run, const struct mapping_choice *choice,
                           struct slice element)
{
    for (uint32_t i = 0; i < choice->count; i++) {
        const struct mapping_place *place = &choice->places[i];
        struct slice text = place->whole_body ? hash_of(run->arena, run->body->bytes)
                                              : text_at(run, place, element);
        if (text.len > 0) {
            return text;
        }
    }
    return SLICE_EMPTY;
}

static bool holds(const struct mapping_run *run, const struct mapping_condition *condition,
                  struct slice element)
{
    bool good = true;
    for (uint32_t i = 0; i < condition->count && good; i++) {
        const struct mapping_term *term = &condition->terms[i];
        struct slice text = text_at(run, &term->place, element);
        switch (term->test) {
        case TEST_IS: good = slice_equal(text, term->value); break;
        case TEST_IS_NOT: good = !slice_equal(text, term->value); break;
        case TEST_EMPTY: good = text.len == 0; break;
        case TEST_NOT_EMPTY: good = text.len > 0; break;
        }
    }
    return good;
}

// NULL: no rule holds.
static const struct mapping_rule *find_rule(const struct mapping_run *run,
                                            const struct mapping_rules *rules, struct slice element)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        if (holds(run, &rules->items[i].when, element)) {
            return &rules->items[i];
        }
    }
    return NULL;
}

// --- one element ---------------------------------------------------------------------------------

static struct mapping_element *add(struct mapping_run *run, enum mapping_outcome outcome,
                                   const struct mapping_route *route, struct slice place)
{
    struct mapping_result *result = run->result;
    if (result->count == INTAKE_ELEMENTS_MAX) {
        run->problem = arena_format(run->arena,
                                    "the body holds more than INTAKE_ELEMENTS_MAX = %d "
                                    "elements",
                                    INTAKE_ELEMENTS_MAX);
        return NULL;
    }
    struct mapping_element *element = &result->elements[result->count++];
    *element = (struct mapping_element){ .route = route, .outcome = outcome, .place = place };
    return element;
}

// A number with its country but without the plus is tried with one; what is no number goes as it
// is, and the engine says what is wrong with it.
static struct slice phone_of(struct arena *arena, const struct mapping_field *field,
                             struct slice text)
{
    char phone[PHONE_BYTES_MAX];
    if (phone_normalise(text.ptr, text.len, field->region, phone)) {
        return arena_copy(arena, slice_from_cstr(phone));
    }
    struct slice plus = arena_format(arena, "+%.*s", SLICE_PRINT(text));
    bool digit = text.len > 0 && text.ptr[0] >= '1' && text.ptr[0] <= '9';
    if (digit && phone_normalise(plus.ptr, plus.len, field->region, phone)) {
        return arena_copy(arena, slice_from_cstr(phone));
    }
    return text;
}

static void pack_field(const struct mapping_run *run, const struct mapping_field *field,
                       struct slice text, struct buf *form)
{
    uint64_t ms = 0;
    pack_str(form, field->name);
    if (field->split != 0) {
        map_pack_parts(form, text, field->split);
    } else if (field->moment && moment_read(text, &ms)) {
        pack_uint(form, ms);
    } else {
        pack_str(form, field->phone ? phone_of(run->arena, field, text) : text);
    }
}

static void fill(struct mapping_run *run, struct mapping_element *element)
{
    const struct mapping_route *route = element->route;
    struct buf pairs, form;
    uint32_t count = 0;
    buf_init(&pairs, FRAME_BYTES_MAX);
    buf_init(&form, FRAME_BYTES_MAX);
    for (uint32_t i = 0; i < route->field_count; i++) {
        const struct mapping_field *field = &route->fields[i];
        struct slice text =
            field->constant ? field->text : chosen(run, &field->choice, element->place);
        text = field->constant ? text : map_value_of(&field->values, text);
        if (text.len > 0) { // empty is not sent: the process's own default holds
            pack_field(run, field, text, &pairs);
            count++;
        }
    }
    pack_map(&form, count);
    buf_put_slice(&form, buf_slice(&pairs));
    if (pairs.overflow || form.overflow || form.len > FRAME_BYTES_MAX / 2) {
        element->outcome = MAPPING_BAD;
        element->problem = SLICE("what it brings is longer than a command may be (512 KiB)");
    } else {
        element->form = arena_copy(run->arena, buf_slice(&form));
    }
    buf_done(&pairs);
    buf_done(&form);
}

static bool take_row(struct mapping_run *run, struct mapping_element *element)
{
    const struct mapping_route *route = element->route;
    struct slice row = SLICE_EMPTY;
    for (uint32_t i = 0; i < route->row_count; i++) {
        struct slice part = chosen(run, &route->row[i], element->place);
        if (part.len == 0) {
            element->outcome = MAPPING_BAD;
            element->problem = SLICE("it has no row id: nothing stands at the places that the "
                                     "mapping names for it");
            return false;
        }
        row = i == 0 ? part
                     : arena_format(run->arena, "%.*s/%.*s", SLICE_PRINT(row), SLICE_PRINT(part));
    }
    element->row = row.len <= INTAKE_ROW_BYTES_MAX ? row : hash_of(run->arena, row);
    return true;
}

static void take_element(struct mapping_run *run, const struct mapping_route *route,
                         struct slice place)
{
    if (!holds(run, &route->when, place)) {
        return; // another line may be for it
    }
    const struct mapping_rule *rule = find_rule(run, &route->rules, place);
    enum mapping_outcome outcome = rule == NULL    ? MAPPING_WORK
                                   : rule->is_test ? MAPPING_TEST
                                                   : MAPPING_SKIPPED;
    struct mapping_element *element = add(run, outcome, route, place);
    if (element != NULL && outcome == MAPPING_WORK && take_row(run, element)) {
        fill(run, element);
    }
}

// --- all elements of a route ---------------------------------------------------------------------

struct names {
    struct slice name[INTAKE_ELEMENTS_MAX];
    uint32_t order[INTAKE_ELEMENTS_MAX]; // of the first value under it
    uint32_t count;
};

static void add_name(struct mapping_run *run, struct names *names, struct slice name,
                     uint32_t order)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (slice_equal(names->name[i], name)) {
            names->order[i] = order < names->order[i] ? order : names->order[i];
            return;
        }
    }
    if (names->count == INTAKE_ELEMENTS_MAX) {
        run->problem = arena_format(run->arena,
                                    "a list of the body holds more than "
                                    "INTAKE_ELEMENTS_MAX = %d elements",
                                    INTAKE_ELEMENTS_MAX);
        return;
    }
    names->name[names->count] = name;
    names->order[names->count++] = order;
}

static void sort_names(struct names *names) // as they came
{
    for (uint32_t i = 1; i < names->count; i++) {
        for (uint32_t k = i; k > 0 && names->order[k] < names->order[k - 1]; k--) {
            struct slice name = names->name[k];
            uint32_t order = names->order[k];
            names->name[k] = names->name[k - 1];
            names->order[k] = names->order[k - 1];
            names->name[k - 1] = name;
            names->order[k - 1] = order;
        }
    }
}

// Depth: MAPPING_STEPS_MAX.
static void expand(struct mapping_run *run, const struct mapping_route *route, uint32_t step,
                   struct slice path)
{
    for (; step < route->each.count && route->each.steps[step].kind != STEP_EACH; step++) {
        if (route->each.steps[step].kind == STEP_NAME) {
            path = join(run->arena, path, route->each.steps[step].name);
        } else if (!choose(run, &route->each.steps[step], &path)) {
            return;
        }
    }
    if (step == route->each.count) {
        uint32_t first = 0;
        if (body_below(run->body, path, &first) > first || body_find(run->body, path) != NULL) {
            take_element(run, route, path);
        }
        return;
    }
    struct names *names = ARENA_NEW(run->arena, struct names);
    uint32_t first = 0;
    uint32_t end = body_below(run->body, path, &first);
    for (uint32_t i = first; i < end && run->problem.len == 0; i++) {
        const struct body_value *value = &run->body->values[i];
        add_name(run, names, next_name(value->path, path), value->order);
    }
    sort_names(names);
    for (uint32_t i = 0; i < names->count && run->problem.len == 0; i++) {
        expand(run, route, step + 1, join(run->arena, path, names->name[i]));
    }
}

bool mapping_run(const struct mapping *mapping, const struct body *body, struct arena *arena,
                 struct mapping_result *ret_result, struct slice *ret_problem)
{
    struct mapping_run run = { mapping, body, arena, ret_result, SLICE_EMPTY };
    ret_result->count = 0;
    const struct mapping_rule *rule = find_rule(&run, &mapping->rules, SLICE_EMPTY);
    if (rule != NULL) {
        (void)add(&run, rule->is_test ? MAPPING_TEST : MAPPING_SKIPPED, NULL, SLICE_EMPTY);
        return true;
    }
    for (uint32_t i = 0; i < mapping->route_count && run.problem.len == 0; i++) {
        expand(&run, mapping->routes[i], 0, SLICE_EMPTY);
    }
    if (run.problem.len > 0) {
        *ret_problem = run.problem;
        return false;
    }
    if (ret_result->count == 0) {
        (void)add(&run, MAPPING_SKIPPED, NULL, SLICE_EMPTY);
    }
    return true;
}
