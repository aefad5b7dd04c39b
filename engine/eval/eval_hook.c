// Hooks: a function in Lua is asked, and what it gives becomes a value of the type that the program
// declares. People go in and come out by name.
#include "engine/eval/eval_internal.h"
#include "engine/hooks/hook.h"

enum { ERROR_BYTES_MAX = 2000 };

// Depth: VALUE_DEPTH_MAX, which every value keeps.
static struct value named(struct eval_env *env, const struct value *value)
{
    struct value result = *value;
    if (value->kind == VALUE_USER) {
        const struct view_user *user = view_user(env->view, (uint32_t)value->number);
        return user != NULL ? value_text(user->name) : value_empty();
    }
    if (value->kind == VALUE_LIST) {
        struct value *items = ARENA_ARRAY(env->arena, struct value, value->list.count + 1);
        for (uint32_t i = 0; i < value->list.count; i++) {
            items[i] = named(env, &value->list.items[i]);
        }
        result.list.items = items;
    } else if (value->kind == VALUE_RECORD) {
        struct value_part *parts =
            ARENA_ARRAY(env->arena, struct value_part, value->record.count + 1);
        for (uint32_t i = 0; i < value->record.count; i++) {
            parts[i].name = value->record.parts[i].name;
            parts[i].value = named(env, &value->record.parts[i].value);
        }
        result.record.parts = parts;
    }
    return result;
}

static struct value fail(struct eval_env *env, struct slice name, struct slice why)
{
    return eval_fail(env, REFUSAL_HOOK_FAILED,
                     arena_format(env->arena, "hook `%.*s`: %.*s", SLICE_PRINT(name),
                                  SLICE_PRINT(slice_sub(why, 0, ERROR_BYTES_MAX))));
}

// What was given cannot be used; the script's own line is where its function begins.
static struct value unfit(struct eval_env *env, const struct image_hook *hook, struct slice why)
{
    const struct image *image = &env->program->image;
    return fail(env, image_slice(image, hook->name),
                arena_format(env->arena, "%.*s:%u: what it gave %.*s",
                             SLICE_PRINT(image_slice(image, hook->file)),
                             (unsigned)hook_line(env->hooks), SLICE_PRINT(why)));
}

// The same road that a form's answer takes: what it may be, and the words when it is not.
static struct value typed(struct eval_env *env, const struct image_hook *hook,
                          const struct value *value)
{
    struct buf buf;
    struct value result = value_empty();
    if (value_is_empty(value)) {
        return result;
    }
    buf_init(&buf, FIELD_BYTES_MAX);
    value_pack(&buf, value);
    struct slice packed = arena_copy(env->arena, buf_slice(&buf));
    bool fits = !buf.overflow;
    buf_done(&buf);
    if (!fits) {
        return unfit(env, hook, SLICE("is larger than a field may be"));
    }
    if (!eval_coerce(env, hook->type, packed, &result)) {
        struct slice why = env->refusal.message;
        env->refusal = (struct refusal){ 0 };
        return unfit(env, hook, arena_format(env->arena, "does not fit: %.*s", SLICE_PRINT(why)));
    }
    return result;
}

struct value eval_hook(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    const struct image *image = &env->program->image;
    const struct image_hook *hook = &image->hook[expr->a];
    struct slice name = image_slice(image, hook->name);
    struct value *args = ARENA_ARRAY(env->arena, struct value, expr->list.count + 1);
    for (uint32_t i = 0; i < expr->list.count; i++) {
        struct value value = eval_inner(env, image->list[expr->list.first + i], depth);
        args[i] = named(env, &value);
    }
    if (env->refusal.code != REFUSAL_NONE) {
        return value_empty();
    }
    if (env->hooks == NULL) {
        return fail(env, name, SLICE("it cannot be asked here"));
    }
    struct value given;
    struct slice error;
    const struct hook_call call = { .file = image_slice(image, hook->file),
                                    .text = image_slice(image, hook->text),
                                    .name = name, .args = args, .arg_count = expr->list.count,
                                    .seed = env->hook_seed++, .arena = env->arena };
    if (!hook_call(env->hooks, &call, &given, &error)) {
        return fail(env, name, error);
    }
    struct value value = typed(env, hook, &given);
    if (env->asked != NULL && env->refusal.code == REFUSAL_NONE) {
        env->asked(env->asked_context, expr->a, &value);
    }
    return value;
}
