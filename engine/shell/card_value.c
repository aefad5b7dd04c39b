#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/card.h"
#include "engine/shell/reply.h"

struct eval_env card_eval(const struct card_env *env, const struct view_program *program,
                          const struct instance *instance)
{
    return (struct eval_env){
        .view = env->view,
        .program = program,
        .instance = instance,
        .me = env->user,
        .now_ms = env->now_ms,
        .arena = env->arena,
        .currency = env->currency,
        .lang = env->lang,
    };
}

struct slice card_user_name(const struct card_env *env, uint32_t user)
{
    const struct view_user *known = user > 0 ? view_user(env->view, user) : NULL;
    return known != NULL ? known->name : SLICE_EMPTY;
}

void card_user(const struct card_env *env, const char *key, uint32_t user)
{
    struct slice name = card_user_name(env, user);
    reply_key(env->buf, key);
    if (name.len > 0) {
        pack_str(env->buf, name);
    } else {
        pack_nil(env->buf);
    }
}

static void printed(const struct card_env *env, const struct value *value)
{
    struct buf text;
    buf_init(&text, FIELD_BYTES_MAX);
    value_print(&text, value);
    pack_str(env->buf, buf_slice(&text));
    buf_done(&text);
}

static void write_value(const struct card_env *env, const struct value *value, unsigned depth)
{
    if (depth > VALUE_DEPTH_MAX) {
        pack_nil(env->buf);
        return;
    }
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: pack_nil(env->buf); break;
    case VALUE_BOOL: pack_bool(env->buf, value->yes); break;
    case VALUE_INTEGER:
    case VALUE_DATETIME:
    case VALUE_REF: pack_int(env->buf, value->number); break;
    case VALUE_TEXT: pack_str(env->buf, value->text); break;
    case VALUE_USER: {
        struct slice name = card_user_name(env, (uint32_t)value->number);
        if (name.len > 0) {
            pack_str(env->buf, name);
        } else {
            pack_nil(env->buf);
        }
        break;
    }
    case VALUE_DECIMAL:
    case VALUE_MONEY:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DURATION: printed(env, value); break;
    case VALUE_LIST:
        pack_array(env->buf, value->list.count);
        for (uint32_t i = 0; i < value->list.count; i++) {
            write_value(env, &value->list.items[i], depth + 1);
        }
        break;
    case VALUE_RECORD:
        pack_map(env->buf, value->record.count);
        for (uint32_t i = 0; i < value->record.count; i++) {
            pack_str(env->buf, value->record.parts[i].name);
            write_value(env, &value->record.parts[i].value, depth + 1);
        }
        break;
    default: pack_nil(env->buf); break; // `kind` is a byte: stored bytes may hold any
    }
}

void card_value(const struct card_env *env, const struct value *value)
{
    write_value(env, value, 0);
}

void card_packed_value(const struct card_env *env, struct slice packed)
{
    struct value value = value_empty();
    if (packed.len > 0) {
        struct unpack unpack;
        unpack_init(&unpack, packed);
        value = value_unpack(&unpack, env->arena);
    }
    card_value(env, &value);
}
