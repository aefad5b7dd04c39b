// Fields and keys: one spelling for phones and e-mails, one open case per key (rules 34, 35).
#include "engine/decide/decide_internal.h"
#include "engine/decide/decide_version.h"
#include "engine/text/phone.h"

bool fields_is_key(const struct image *image, uint32_t field)
{
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        if (image->list[image->process[0].keys.first + i] == field) {
            return true;
        }
    }
    return false;
}

static bool is_plain_e164(struct slice text)
{
    if (text.len < 9 || text.len > 16 || text.ptr[0] != '+' || text.ptr[1] == '0') {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool normalise_phone(struct run *run, struct value *value)
{
    char phone[PHONE_BYTES_MAX];
    char region[3] = { 'Z', 'Z', '\0' };
    if (is_plain_e164(value->text)) {
        return true;
    }
    if (run->d->region.len == 2) {
        memcpy(region, run->d->region.ptr, 2);
    }
    if (!phone_normalise(value->text.ptr, value->text.len, region, phone)) {
        return false;
    }
    value->text = arena_copy(run->d->arena, slice_from_cstr(phone));
    return true;
}

static void fold_email(struct run *run, struct value *value)
{
    char *folded = arena_alloc_raw(run->d->arena, value->text.len + 1);
    for (size_t i = 0; i < value->text.len; i++) {
        char c = value->text.ptr[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    value->text = slice_make(folded, value->text.len);
}

bool fields_normalise(struct run *run, uint32_t field, struct value *value)
{
    const struct image *image = &run->program->image;
    if (value->kind != VALUE_TEXT || value->text.len == 0) {
        return true;
    }
    uint32_t kind = image->type[image->field[field].type].kind;
    if (kind == TYPE_EMAIL) {
        fold_email(run, value);
    }
    return kind != TYPE_PHONE || normalise_phone(run, value);
}

// The text under which a value is looked up. Empty values are no keys.
bool fields_key_of(struct run *run, uint32_t field, const struct value *value,
                   struct slice *ret_key)
{
    (void)field;
    if (value_is_empty(value)) {
        return false;
    }
    if (value->kind == VALUE_TEXT) {
        *ret_key = value->text;
        return true;
    }
    struct buf buf;
    buf_init(&buf, KEY_BYTES_MAX * 4);
    value_print(&buf, value);
    *ret_key = arena_copy(run->d->arena, buf_slice(&buf));
    buf_done(&buf);
    return true;
}

bool fields_look_up(const struct run *run, uint32_t field, struct slice key,
                    struct view_key_row *ret_row)
{
    return view_key(run->d->view, run->program->process,
                    image_key_number(&run->program->image, field), key, ret_row);
}

static enum run_result take_key(struct run *run, uint32_t field, const struct value *value)
{
    struct slice key;
    if (!fields_key_of(run, field, value, &key)) {
        return RUN_ON;
    }
    const struct image *image = &run->program->image;
    struct slice name = image_slice(image, image->field[field].name);
    if (key.len > KEY_BYTES_MAX) {
        return REFUSE(run->d, LIMIT, "the key `%.*s` is longer than KEY_BYTES_MAX = %d bytes",
                      SLICE_PRINT(name), KEY_BYTES_MAX);
    }
    struct view_key_row row;
    const struct instance_head *head = &run->instance->head;
    if (fields_look_up(run, field, key, &row) && row.open != 0 &&
        row.open != head->id) {
        uint32_t merge = run_merging_action(run);
        struct slice offer = merge == INDEX_NONE
                                 ? SLICE_EMPTY
                                 : arena_format(run->d->arena, "; `%.*s` merges the two",
                                                SLICE_PRINT(image_slice(
                                                    image, image->action[merge].name)));
        return REFUSE(run->d, KEY_TAKEN, "case %llu is open with the same %.*s%.*s",
                      (unsigned long long)row.open, SLICE_PRINT(name), SLICE_PRINT(offer));
    }
    struct event event = { .kind = EVENT_KEY_TAKEN,
                           .key_taken = { head->id, head->process,
                                          image_key_number(image, field), key } };
    decide_emit(run->d, &event);
    return RUN_ON;
}

static void release_key(struct run *run, uint32_t field, const struct value *value, bool ended)
{
    struct slice key;
    if (!fields_key_of(run, field, value, &key)) {
        return;
    }
    struct event event = { .kind = EVENT_KEY_RELEASED,
                           .key_released = { run->instance->head.id, run->instance->head.process,
                                             image_key_number(&run->program->image, field), key,
                                             ended } };
    decide_emit(run->d, &event);
}

void fields_release_keys(struct run *run, bool ended)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct value value = eval_field(&run->env, field);
        release_key(run, field, &value, ended);
    }
}

void fields_take_keys(struct run *run)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct value value = eval_field(&run->env, field);
        if (take_key(run, field, &value) == RUN_REFUSED) {
            return;
        }
    }
}

static struct slice pack_field(struct run *run, const struct value *value)
{
    if (value_is_empty(value)) {
        return SLICE_EMPTY;
    }
    struct buf buf;
    buf_init(&buf, FIELD_BYTES_MAX + 16);
    value_pack(&buf, value);
    if (buf.overflow) {
        (void)REFUSE(run->d, LIMIT, "a field is longer than FIELD_BYTES_MAX = %d bytes",
                     FIELD_BYTES_MAX);
    }
    struct slice packed = arena_copy(run->d->arena, buf_slice(&buf));
    buf_done(&buf);
    return packed;
}

static enum run_result set_field(struct run *run, uint32_t field, struct value value)
{
    const struct image *image = &run->program->image;
    if (!fields_normalise(run, field, &value)) {
        return REFUSE(run->d, BAD_FORM, "`%.*s` is not a phone number",
                      SLICE_PRINT(clip_text(value.text, NAME_BYTES_MAX)));
    }
    struct slice packed = pack_field(run, &value);
    struct slice old = view_field(run->d->view, run->instance, field);
    if (decide_refused(run->d)) {
        return RUN_REFUSED;
    }
    if (slice_equal(packed, old)) {
        return RUN_ON;
    }
    old = arena_copy(run->d->arena, old);
    if (fields_is_key(image, field)) {
        struct value before = eval_field(&run->env, field);
        release_key(run, field, &before, false);
        if (take_key(run, field, &value) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    struct event event = { .kind = EVENT_FIELD_CHANGED,
                           .field_changed = { run->instance->head.id, field, old, packed } };
    decide_emit(run->d, &event);
    run->changed[field / 32] |= 1u << (field % 32);
    struct image_range zone = image->process[0].zone_from;
    for (uint32_t i = 0; i < zone.count; i++) {
        if (image->list[zone.first + i] == field) {
            run_find_zone(run);
            break;
        }
    }
    return RUN_ON;
}

static bool is_changed(const uint32_t *bits, uint32_t field)
{
    return (bits[field / 32] >> (field % 32) & 1) != 0;
}

static bool depends_on_changed(const struct run *run, uint32_t field, const uint32_t *changed)
{
    const struct image *image = &run->program->image;
    struct image_range depends = image->field[field].depends;
    for (uint32_t i = 0; i < depends.count; i++) {
        if (is_changed(changed, image->list[depends.first + i])) {
            return true;
        }
    }
    return false;
}

// One pass in the order of the image: each computed field stands behind those it depends on.
static enum run_result compute(struct run *run, uint32_t changed[8], bool all)
{
    const struct image *image = &run->program->image;
    struct image_range computed = image->process[0].computed;
    for (uint32_t i = 0; i < computed.count; i++) {
        uint32_t field = image->list[computed.first + i];
        if (!all && !depends_on_changed(run, field, changed)) {
            continue;
        }
        struct slice before = arena_copy(run->d->arena,
                                         view_field(run->d->view, run->instance, field));
        struct value value = eval_or_empty(&run->env, image->field[field].initial);
        if (run_take_refusal(run) || set_field(run, field, value) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
        if (!slice_equal(before, view_field(run->d->view, run->instance, field))) {
            changed[field / 32] |= 1u << (field % 32);
        }
    }
    return RUN_ON;
}

enum run_result run_set_field(struct run *run, uint32_t field, struct value value)
{
    uint32_t changed[8] = { 0 };
    _Static_assert(IMAGE_FIELDS_MAX <= 8 * 32, "a bit for each field");
    if (set_field(run, field, value) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    if (run->program->image.process[0].computed.count == 0 || !is_changed(run->changed, field)) {
        return RUN_ON;
    }
    changed[field / 32] |= 1u << (field % 32);
    return compute(run, changed, false);
}

enum run_result fields_compute(struct run *run)
{
    uint32_t changed[8] = { 0 };
    return compute(run, changed, true);
}

enum run_result fields_default(struct run *run, const struct image *before)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->field_count; i++) {
        if (image->field[i].initial == INDEX_NONE ||
            (image->field[i].flags & FIELD_COMPUTED) != 0 ||
            view_field(run->d->view, run->instance, i).len > 0 ||
            (before != NULL && image_find_field(before, image_slice(image, image->field[i].name)) !=
                                   INDEX_NONE)) {
            continue;
        }
        struct value value = eval(&run->env, image->field[i].initial);
        if (run_take_refusal(run) || run_set_field(run, i, value) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    return fields_compute(run);
}

// --------------------------------------------------------------------------------- other versions

// Is a field of that name a key there, of the same type?
static bool is_key_there(const struct image *image, uint32_t field, const struct image *other)
{
    uint32_t found = image_find_field(other, image_slice(image, image->field[field].name));
    return found != INDEX_NONE && fields_is_key(other, found) &&
           image->type[image->field[field].type].kind ==
               other->type[other->field[found].type].kind;
}

void fields_release_others(struct run *run, const struct image *other)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct value value = eval_field(&run->env, field);
        if (!is_key_there(image, field, other)) {
            release_key(run, field, &value, false);
        }
    }
}

void fields_take_others(struct run *run, const struct image *other)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct value value = eval_field(&run->env, field);
        if (!is_key_there(image, field, other) && take_key(run, field, &value) == RUN_REFUSED) {
            return;
        }
    }
}
