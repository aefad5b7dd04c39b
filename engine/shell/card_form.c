// Forms: what a button or a start asks for, with everything a client needs to ask it.
#include "base/check.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/card.h"
#include "engine/shell/reply.h"

enum { CHOICES_MAX = 200 };
#define HOUR_MS (3600ull * 1000)
#define DAY_MS (24 * HOUR_MS)

static void write_member_choices(const struct card_env *env, const struct image *image,
                                 uint32_t enumeration)
{
    struct image_range members = image->enumeration[enumeration].members;
    pack_array(env->buf, members.count);
    for (uint32_t i = 0; i < members.count; i++) {
        const struct image_member *member = &image->member[members.first + i];
        pack_map(env->buf, 2);
        reply_text(env->buf, "name", image_slice(image, member->name));
        reply_text(env->buf, "label", image_label(image, member->label, env->lang));
    }
}

static void write_user_choices(const struct card_env *env, uint32_t role)
{
    struct reply_count list = reply_open_array(env->buf);
    uint32_t count = view_user_count(env->view);
    for (uint32_t user = 1; user <= count && list.count < CHOICES_MAX; user++) {
        const struct view_user *known = view_user(env->view, user);
        if (known == NULL || !known->active || (role != 0 && !view_holds(env->view, user, role))) {
            continue;
        }
        pack_map(env->buf, 2);
        reply_text(env->buf, "name", known->name);
        reply_text(env->buf, "label", known->title.len > 0 ? known->title : known->name);
        list.count++;
    }
    reply_close(env->buf, list);
}

// What may be chosen; nil when anything of the type will do.
static void write_choices(const struct card_env *env, const struct view_program *program,
                          uint32_t type)
{
    const struct image *image = &program->image;
    const struct image_type *t = &image->type[type];
    if (t->kind == TYPE_SET || t->kind == TYPE_LIST) {
        t = &image->type[t->arg];
    }
    reply_key(env->buf, "choices");
    if (t->kind == TYPE_ENUM) {
        write_member_choices(env, image, t->arg);
    } else if (t->kind == TYPE_USER) {
        write_user_choices(env, t->arg != INDEX_NONE ? program->roles[t->arg] : 0);
    } else {
        pack_nil(env->buf);
    }
}

struct suggestion {
    const char *label;
    uint64_t ms;
};

// One-tap moments; whole hours and mornings, so that what is pressed reads well in a list.
static void write_quick_moments(const struct card_env *env, bool dates)
{
    uint64_t now = env->now_ms;
    uint64_t today = now - now % DAY_MS;
    uint64_t weekday = (today / DAY_MS + 3) % 7; // 0 = Monday
    uint64_t monday = today + (7 - weekday) * DAY_MS;
    const uint64_t minute = now - now % 60000;
    const struct suggestion moments[] = {
        { "in 10 minutes", minute + 10 * 60000 },
        { "in an hour", minute + HOUR_MS },
        { "in 3 hours", minute + 3 * HOUR_MS },
        { "tomorrow morning", today + DAY_MS + 10 * HOUR_MS },
        { "in 3 days", today + 3 * DAY_MS + 10 * HOUR_MS },
        { "next Monday", monday + 10 * HOUR_MS },
    };
    const struct suggestion days[] = {
        { "today", today },           { "tomorrow", today + DAY_MS },
        { "in 3 days", today + 3 * DAY_MS }, { "next Monday", monday },
    };
    const struct suggestion *list = dates ? days : moments;
    uint32_t count = dates ? 4 : 6;
    pack_array(env->buf, count);
    for (uint32_t i = 0; i < count; i++) {
        struct value value = dates ? (struct value){ .kind = VALUE_DATE,
                                                     .number = (int64_t)(list[i].ms / DAY_MS) }
                                   : value_datetime((int64_t)list[i].ms);
        pack_map(env->buf, 2);
        reply_text(env->buf, "label", slice_from_cstr(list[i].label));
        reply_key(env->buf, "value");
        card_value(env, &value);
    }
}

static void write_quick_times(const struct card_env *env)
{
    static const unsigned hours[] = { 9, 12, 15, 18 };
    pack_array(env->buf, ARRAY_COUNT(hours));
    for (uint32_t i = 0; i < ARRAY_COUNT(hours); i++) {
        struct value value = { .kind = VALUE_TIME, .number = (int64_t)(hours[i] * HOUR_MS) };
        pack_map(env->buf, 2);
        reply_text(env->buf, "label", arena_format(env->arena, "%02u:00", hours[i]));
        reply_key(env->buf, "value");
        card_value(env, &value);
    }
}

static void write_quick(const struct card_env *env, const struct image *image, uint32_t type,
                        bool wanted)
{
    uint32_t kind = image->type[type].kind;
    reply_key(env->buf, "quick");
    if (wanted && kind == TYPE_TIME) {
        write_quick_times(env);
    } else if (wanted && (kind == TYPE_DATETIME || kind == TYPE_DATE)) {
        write_quick_moments(env, kind == TYPE_DATE);
    } else {
        pack_array(env->buf, 0);
    }
}

// The parts of a record, so that a client can ask for them one by one; an empty array otherwise.
static void write_parts(const struct card_env *env, const struct view_program *program,
                        uint32_t type)
{
    const struct image *image = &program->image;
    const struct image_type *t = &image->type[type];
    if (t->kind == TYPE_SET || t->kind == TYPE_LIST) {
        t = &image->type[t->arg];
    }
    reply_key(env->buf, "parts");
    if (t->kind != TYPE_RECORD) {
        pack_array(env->buf, 0);
        return;
    }
    struct image_range parts = image->record[t->arg].parts;
    pack_array(env->buf, parts.count);
    for (uint32_t i = 0; i < parts.count; i++) {
        const struct image_part *part = &image->part[parts.first + i];
        struct slice label = image_label(image, part->label, env->lang);
        pack_map(env->buf, 7);
        reply_text(env->buf, "name", image_slice(image, part->name));
        reply_text(env->buf, "label", label.len > 0 ? label : image_slice(image, part->name));
        reply_text(env->buf, "type", slice_from_cstr(eval_type_name(image, part->type)));
        reply_text(env->buf, "help", image_label(image, part->help, env->lang));
        reply_bool(env->buf, "required", (part->flags & PART_REQUIRED) != 0);
        reply_bool(env->buf, "computed", (part->flags & PART_COMPUTED) != 0);
        write_choices(env, program, part->type);
    }
}

struct form_field {
    struct image_text name, label, help;
    uint32_t type, initial, field; // field: INDEX_NONE when it fills none
    bool required, quick;
};

// What stands in the field before anybody types. What cannot be worked out yet is left empty.
static struct value initial_value(struct eval_env *scope, uint32_t expr)
{
    struct value value = expr != INDEX_NONE ? eval(scope, expr) : value_empty();
    if (scope->refusal.code != REFUSAL_NONE) {
        scope->refusal = (struct refusal){ 0 };
        value = value_empty();
    }
    return value;
}

static void write_form_field(const struct card_env *env, struct eval_env *scope,
                             const struct form_field *f)
{
    const struct view_program *program = scope->program;
    const struct image *image = &program->image;
    struct value initial = initial_value(scope, f->initial);
    struct slice label = image_label(image, f->label, env->lang);
    pack_map(env->buf, 10);
    reply_text(env->buf, "name", image_slice(image, f->name));
    reply_text(env->buf, "label", label.len > 0 ? label : image_slice(image, f->name));
    reply_text(env->buf, "type", slice_from_cstr(eval_type_name(image, f->type)));
    reply_bool(env->buf, "required", f->required);
    reply_text(env->buf, "help", image_label(image, f->help, env->lang));
    write_choices(env, program, f->type);
    write_parts(env, program, f->type);
    write_quick(env, image, f->type, f->quick);
    reply_key(env->buf, "initial");
    card_value(env, &initial);
    reply_key(env->buf, "value");
    if (f->field != INDEX_NONE && scope->instance != NULL &&
        (env->user == 0 || rights_see_field(env->view, program, f->field, env->user))) {
        card_packed_value(env, view_field(env->view, scope->instance, f->field));
    } else {
        pack_nil(env->buf);
    }
}

void card_ask(const struct card_env *env, struct eval_env *scope, uint32_t ask)
{
    const struct image_ask *a = &scope->program->image.ask[ask];
    const struct form_field field = {
        a->name, a->label, a->help, a->type, a->initial, a->field,
        (a->flags & ASK_REQUIRED) != 0, (a->flags & ASK_QUICK) != 0,
    };
    write_form_field(env, scope, &field);
}

void card_start_form(const struct card_env *env, const struct view_program *program)
{
    const struct image *image = &program->image;
    struct eval_env scope = card_eval(env, program, NULL);
    struct reply_count list = reply_open_array(env->buf);
    for (uint32_t i = 0; i < image->field_count; i++) {
        const struct image_field *f = &image->field[i];
        if ((f->flags & (FIELD_READONLY | FIELD_GIVEN)) != 0) {
            continue;
        }
        const struct form_field field = {
            f->name, f->label, f->help, f->type, f->initial, i,
            (f->flags & FIELD_REQUIRED) != 0, false,
        };
        write_form_field(env, &scope, &field);
        list.count++;
    }
    struct image_range asks = image->process[0].start_asks;
    for (uint32_t i = 0; i < asks.count; i++) {
        card_ask(env, &scope, image->list[asks.first + i]);
        list.count++;
    }
    reply_close(env->buf, list);
}
