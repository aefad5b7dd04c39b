// Activations of programs, and what became of the cases that ran another version (DB_VERSION).
#include "base/reader.h"
#include "engine/state/view_internal.h"

bool view_activation(const struct view *view, uint32_t number, struct view_activation *ret)
{
    struct key key;
    struct slice value;
    key_activation(&key, number);
    if (view_get(view, DB_VERSION, &key, &value) != OK) {
        return false;
    }
    struct unpack unpack;
    unpack_init(&unpack, value);
    (void)unpack_array(&unpack);
    *ret = (struct view_activation){ .number = number };
    ret->process = (uint32_t)unpack_uint(&unpack);
    ret->program = (uint32_t)unpack_uint(&unpack);
    ret->was = (uint32_t)unpack_uint(&unpack);
    ret->at = unpack_uint(&unpack);
    ret->moved = (uint32_t)unpack_uint(&unpack);
    ret->held = (uint32_t)unpack_uint(&unpack);
    ret->settled = unpack_bool(&unpack);
    ret->revert = unpack_bool(&unpack);
    ret->by = unpack_str(&unpack);
    if (unpack.bad) {
        view->backing->failed = ERR_CORRUPT;
    }
    return !unpack.bad;
}

uint32_t view_activation_of(const struct view *view, uint32_t process)
{
    struct key key;
    struct slice value;
    uint32_t number = 0;
    key_activation_of(&key, process);
    if (view_get(view, DB_VERSION, &key, &value) == OK && value.len == sizeof(number)) {
        memcpy(&number, value.ptr, sizeof(number));
    }
    return number;
}

static bool read_move(const struct view *view, uint64_t instance, struct slice value,
                      struct view_move_row *ret)
{
    struct unpack unpack;
    unpack_init(&unpack, value);
    (void)unpack_array(&unpack);
    *ret = (struct view_move_row){ .instance = instance };
    ret->at = unpack_uint(&unpack);
    ret->was = (uint32_t)unpack_uint(&unpack);
    ret->stage = (uint32_t)unpack_uint(&unpack);
    ret->moved = unpack_bool(&unpack);
    ret->by_migrate = unpack_bool(&unpack);
    ret->why = unpack_str(&unpack);
    if (unpack.bad) {
        view->backing->failed = ERR_CORRUPT;
    }
    return !unpack.bad;
}

bool view_move(const struct view *view, uint32_t activation, uint64_t instance,
               struct view_move_row *ret)
{
    struct key key;
    struct slice value;
    key_move(&key, activation, instance);
    return view_get(view, DB_VERSION, &key, &value) == OK &&
           read_move(view, instance, value, ret);
}

void view_moves(const struct view *view, uint32_t activation, uint64_t from, view_move_fn *each,
                void *context)
{
    enum { PREFIX_BYTES = 5 }; // kind and activation
    struct key key;
    key_move(&key, activation, from);
    struct store_cursor *cursor = view_seek(view, DB_VERSION, key_slice(&key));
    struct slice prefix = slice_sub(key_slice(&key), 0, PREFIX_BYTES);
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), prefix)) {
        struct reader reader;
        struct view_move_row row;
        reader_init(&reader, store_cursor_key(cursor));
        (void)reader_take(&reader, PREFIX_BYTES);
        uint64_t instance = reader_u64_be(&reader);
        if (reader.bad) {
            view->backing->failed = ERR_CORRUPT;
            return;
        }
        if (!read_move(view, instance, store_cursor_value(cursor), &row) || !each(context, &row) ||
            !store_next(cursor)) {
            return;
        }
    }
}
