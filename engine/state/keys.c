#include "engine/state/keys.h"

#include "base/check.h"
#include "engine/state/instance.h"

void key_u8(struct key *key, uint8_t number)
{
    CHECK(key->len < KEY_BUFFER_BYTES);
    key->bytes[key->len++] = (char)number;
}

void key_u32(struct key *key, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        key_u8(key, (uint8_t)(number >> shift));
    }
}

void key_u64(struct key *key, uint64_t number)
{
    CHECK(key->len + 8 <= KEY_BUFFER_BYTES);
    uint64_t big = __builtin_bswap64(number);
    memcpy(key->bytes + key->len, &big, 8);
    key->len += 8;
}

void key_text(struct key *key, struct slice text)
{
    size_t room = KEY_BUFFER_BYTES - 1 - key->len;
    size_t len = text.len < room ? text.len : room;
    if (len > 0) {
        memcpy(key->bytes + key->len, text.ptr, len);
    }
    key->len += len;
    key->bytes[key->len++] = '\0';
}

void key_instance(struct key *key, uint64_t instance)
{
    key->len = 0;
    key_u64(key, instance);
}

void key_part(struct key *key, uint64_t instance, uint32_t part)
{
    key_instance(key, instance);
    key_u32(key, part);
}

void key_by_key(struct key *key, uint32_t process, uint32_t field, struct slice value)
{
    key->len = 0;
    key_u32(key, process);
    key_u32(key, field);
    key_text(key, value);
}

void key_task(struct key *key, enum key_task_kind kind, uint32_t number, uint64_t due,
              uint64_t instance, uint32_t task)
{
    key->len = 0;
    key_u8(key, (uint8_t)kind);
    key_u32(key, number);
    key_u64(key, due);
    key_u64(key, instance);
    key_u32(key, task);
}

void key_open_task(struct key *key, const struct instance *instance,
                   const struct open_task *task)
{
    enum key_task_kind kind = task->holder != 0 ? KEY_TASK_USER : KEY_TASK_ROLE;
    uint32_t number = task->holder != 0 ? task->holder : task->offered;
    key_task(key, kind, number, task->due, instance->head.id, task->number);
}

void key_done(struct key *key, uint32_t user, uint32_t place)
{
    key->len = 0;
    key_u32(key, user);
    key_u32(key, place);
}

void key_timer(struct key *key, uint64_t due, uint64_t instance, uint32_t timer)
{
    key->len = 0;
    key_u64(key, due);
    key_u64(key, instance);
    key_u32(key, timer);
}

void key_child(struct key *key, uint64_t parent, uint32_t collection, uint32_t round,
               uint64_t child)
{
    key->len = 0;
    key_u64(key, parent);
    key_u32(key, collection);
    key_u32(key, round);
    key_u64(key, child);
}

void key_kept(struct key *key, uint64_t instance, uint32_t number)
{
    key_part(key, instance, number);
}

void key_call(struct key *key, uint64_t due, uint64_t call)
{
    key->len = 0;
    key_u64(key, due);
    key_u64(key, call);
}

enum { KIND_ACTIVATION = 1, KIND_ACTIVATION_OF = 2, KIND_MOVE = 3 }; // of DB_VERSION

void key_activation(struct key *key, uint32_t activation)
{
    key->len = 0;
    key_u8(key, KIND_ACTIVATION);
    key_u32(key, activation);
}

void key_activation_of(struct key *key, uint32_t process)
{
    key->len = 0;
    key_u8(key, KIND_ACTIVATION_OF);
    key_u32(key, process);
}

void key_move(struct key *key, uint32_t activation, uint64_t instance)
{
    key->len = 0;
    key_u8(key, KIND_MOVE);
    key_u32(key, activation);
    key_u64(key, instance);
}

void key_number(struct key *key, uint32_t number)
{
    key->len = 0;
    key_u32(key, number);
}

void key_name(struct key *key, enum key_name_kind kind, struct slice name)
{
    key->len = 0;
    key_u8(key, (uint8_t)kind);
    key_text(key, name);
}

void key_plain_text(struct key *key, struct slice text)
{
    key->len = 0;
    key_text(key, text);
}

void key_import(struct key *key, struct slice source, struct slice row)
{
    key->len = 0;
    key_text(key, slice_sub(source, 0, 100));
    key_text(key, row);
}

void key_pair(struct key *key, uint32_t a, uint32_t b)
{
    key->len = 0;
    key_u32(key, a);
    key_u32(key, b);
}

void key_load(struct key *key, enum key_load_kind kind, uint32_t number)
{
    key->len = 0;
    key_u8(key, (uint8_t)kind);
    key_u32(key, number);
}
