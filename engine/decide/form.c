// Answers of a form: all of them are looked at before anything happens, and one refusal lists every
// bad one (rule 8).
#include "engine/decide/decide_internal.h"
#include "engine/decide/decide_version.h"

void form_open(struct form *form, struct run *run, struct slice bytes)
{
    *form = (struct form){ .run = run, .bytes = bytes };
    buf_init(&form->bad, 4000);
}

void form_bad(struct form *form, struct slice name, enum refusal_code code, struct slice sentence)
{
    if (form->bad.len == 0) {
        form->subject = name;
        form->code = code;
    }
    buf_format(&form->bad, "%s`%.*s`: %.*s", form->bad.len == 0 ? "" : "; ", SLICE_PRINT(name),
               SLICE_PRINT(sentence));
}

// The case of a process that a person means: by its number, or by one of its keys.
static uint64_t find_case(struct run *run, struct slice process, struct slice text)
{
    uint32_t number = view_process_number(run->d->view, process);
    const struct view_program *program =
        number != 0 ? view_active(run->d->view, number) : NULL;
    int64_t id = 0;
    const struct instance *named =
        value_parse_integer(text, &id) && id > 0
            ? view_instance(run->d->view, (uint64_t)id, NULL)
            : NULL;
    if (named != NULL && named->head.process == number) {
        return named->head.id;
    }
    uint64_t found = 0;
    struct run other = { .d = run->d, .program = program };
    for (uint32_t i = 0; program != NULL && i < program->image.process[0].keys.count; i++) {
        uint32_t field = program->image.list[program->image.process[0].keys.first + i];
        struct value value = value_text(text);
        struct slice key;
        struct view_key_row row;
        if (found == 0 && fields_normalise(&other, field, &value) &&
            fields_key_of(&other, field, &value, &key) && key.len <= KEY_BYTES_MAX &&
            fields_look_up(&other, field, key, &row)) {
            found = row.open != 0 ? row.open : row.ended;
        }
    }
    return found;
}

// Rule 43: a reference is to a case of that process, which exists.
static bool check_ref(struct form *form, struct slice name, const struct image_type *type,
                      struct slice raw, struct value *value)
{
    struct run *run = form->run;
    struct slice process = image_slice(&run->program->image, type->name);
    struct unpack unpack;
    unpack_init(&unpack, raw);
    struct slice text = SLICE_EMPTY;
    if (unpack_peek(&unpack) == PACK_STR) {
        text = unpack_str(&unpack);
    } else if (value->kind == VALUE_REF) {
        text = arena_format(run->d->arena, "%lld", (long long)value->number);
    }
    uint64_t found = text.len > 0 ? find_case(run, process, text) : 0;
    if (found == 0 && text.len > 0) {
        form_bad(form, name, REFUSAL_BAD_FORM,
                 arena_format(run->d->arena, "there is no case `%.*s` of `%.*s`",
                              SLICE_PRINT(clip_text(text, NAME_BYTES_MAX)), SLICE_PRINT(process)));
        return false;
    }
    *value = text.len == 0 ? value_empty()
                           : (struct value){ .kind = VALUE_REF, .number = (int64_t)found };
    return true;
}

// A coerced, normalised answer to `name`. `ret_given` tells an empty answer from none.
static bool take(struct form *form, struct slice name, uint32_t type, struct value *ret_value,
                 bool *ret_given)
{
    struct run *run = form->run;
    *ret_value = value_empty();
    struct slice raw = form->bytes.len > 0 ? pack_map_find(form->bytes, name) : SLICE_EMPTY;
    *ret_given = raw.len > 0;
    if (!*ret_given) {
        return true;
    }
    form->used++;
    const struct image_type *of = &run->program->image.type[type];
    if (of->kind == TYPE_REF) {
        bool plain = raw.len > 0 && (unsigned char)raw.ptr[0] != 0xc0;
        struct unpack unpack;
        unpack_init(&unpack, raw);
        bool text = plain && unpack_peek(&unpack) == PACK_STR;
        if (text || eval_coerce(&run->env, type, raw, ret_value)) {
            return check_ref(form, name, of, raw, ret_value);
        }
    } else if (eval_coerce(&run->env, type, raw, ret_value)) {
        return true;
    }
    form_bad(form, name, REFUSAL_BAD_FORM, run->env.refusal.message);
    run->env.refusal = (struct refusal){ 0 };
    return false;
}

bool form_take_field(struct form *form, uint32_t number, struct value *ret_value, bool *ret_given)
{
    struct run *run = form->run;
    const struct image *image = &run->program->image;
    const struct image_field *field = &image->field[number];
    struct slice name = image_slice(image, field->name);
    if (!take(form, name, field->type, ret_value, ret_given)) {
        return false;
    }
    if (!fields_normalise(run, number, ret_value)) {
        form_bad(form, name, REFUSAL_BAD_FORM, SLICE("a phone number is expected"));
        return false;
    }
    return true;
}

static bool bind_field_ask(struct form *form, const struct image_ask *ask, bool required_now)
{
    struct run *run = form->run;
    struct slice name = image_slice(&run->program->image, ask->name);
    struct value value;
    bool given;
    if (!form_take_field(form, ask->field, &value, &given)) {
        return false;
    }
    if (!given && ask->initial != INDEX_NONE) {
        value = eval(&run->env, ask->initial);
        given = true;
    }
    struct value before = eval_field(&run->env, ask->field);
    bool empty = given ? value_is_empty(&value) : value_is_empty(&before);
    if (required_now && empty) {
        form_bad(form, name, REFUSAL_BAD_FORM, SLICE("must be answered"));
        return false;
    }
    if (!given) {
        return true;
    }
    run->answered[ask->field / 32] |= 1u << (ask->field % 32);
    return run_set_field(run, ask->field, value) != RUN_REFUSED;
}

bool form_take_ask(struct form *form, uint32_t number, bool required_now)
{
    struct run *run = form->run;
    const struct image_ask *ask = &run->program->image.ask[number];
    if (ask->field != INDEX_NONE) {
        return bind_field_ask(form, ask, required_now);
    }
    struct slice name = image_slice(&run->program->image, ask->name);
    struct value value;
    bool given;
    if (!take(form, name, ask->type, &value, &given)) {
        return false;
    }
    if (!given && ask->initial != INDEX_NONE) {
        value = eval(&run->env, ask->initial);
    }
    if (required_now && value_is_empty(&value)) {
        form_bad(form, name, REFUSAL_BAD_FORM, SLICE("must be answered"));
        return false;
    }
    run->locals[ask->local] = value;
    return true;
}

// Names the answers that nobody asked for.
static void unknown_answers(struct form *form, const struct image *image, struct image_range asks,
                            bool fields_too)
{
    struct unpack unpack;
    unpack_init(&unpack, form->bytes);
    uint32_t pairs = unpack_map(&unpack);
    for (uint32_t p = 0; p < pairs && !unpack.bad; p++) {
        struct slice name = unpack_peek(&unpack) == PACK_STR ? unpack_str(&unpack) : SLICE_EMPTY;
        unpack_skip(&unpack);
        bool known = false;
        for (uint32_t i = 0; i < asks.count && !known; i++) {
            known = slice_equal(name,
                                image_slice(image, image->ask[image->list[asks.first + i]].name));
        }
        for (uint32_t i = 0; i < image->field_count && !known && fields_too; i++) {
            bool closed = (image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) != 0;
            known = !closed && slice_equal(name, image_slice(image, image->field[i].name));
        }
        if (!known) {
            form_bad(form, clip_text(name, NAME_BYTES_MAX), REFUSAL_BAD_FORM,
                     SLICE("the form does not ask for this"));
        }
    }
}

bool form_close(struct form *form)
{
    struct run *run = form->run;
    (void)run_take_refusal(run);
    if (form->bad.len > 0) {
        struct slice message = arena_copy(run->d->arena, buf_slice(&form->bad));
        (void)decide_refuse(run->d, form->code, message, form->subject);
    }
    buf_done(&form->bad);
    return !decide_refused(run->d);
}

void form_refuse_unknown(struct form *form, struct image_range asks, bool fields_too)
{
    if (form->bytes.len > 0) {
        unknown_answers(form, &form->run->program->image, asks, fields_too);
    }
}
