// Incidents, messages that wait and calls on their way, read row by row.
#include "base/reader.h"
#include "engine/state/view_internal.h"

static bool read_incident(const struct view *view, uint32_t number, struct slice value,
                          struct view_incident_row *ret_row)
{
    struct unpack unpack;
    unpack_init(&unpack, value);
    (void)unpack_array(&unpack);
    ret_row->incident = number;
    ret_row->instance = unpack_uint(&unpack);
    ret_row->at = unpack_uint(&unpack);
    ret_row->kind = unpack_str(&unpack);
    ret_row->text = unpack_str(&unpack);
    ret_row->role = (uint32_t)unpack_uint(&unpack);
    ret_row->what = unpack_bin(&unpack);
    if (unpack.bad) {
        view->backing->failed = ERR_CORRUPT;
    }
    return !unpack.bad;
}

void view_incidents(const struct view *view, view_incident_fn *each, void *context)
{
    struct store_cursor *cursor = view_seek(view, DB_INCIDENT, SLICE_EMPTY);
    for (bool more = cursor != NULL; more; more = store_next(cursor)) {
        struct reader reader;
        struct view_incident_row row;
        reader_init(&reader, store_cursor_key(cursor));
        if (!read_incident(view, reader_u32_be(&reader), store_cursor_value(cursor), &row) ||
            !each(context, &row)) {
            return;
        }
    }
}

bool view_incident(const struct view *view, uint32_t incident, struct view_incident_row *ret_row)
{
    struct key key;
    struct slice value;
    key_number(&key, incident);
    return view_get(view, DB_INCIDENT, &key, &value) == OK &&
           read_incident(view, incident, value, ret_row);
}

bool view_kept(const struct view *view, uint64_t instance, uint32_t number,
               struct view_kept_row *ret_row)
{
    struct key key;
    struct slice value;
    key_kept(&key, instance, number);
    if (view_get(view, DB_KEPT, &key, &value) != OK) {
        return false;
    }
    struct unpack unpack;
    unpack_init(&unpack, value);
    (void)unpack_array(&unpack);
    ret_row->at = unpack_uint(&unpack);
    ret_row->connector = unpack_str(&unpack);
    ret_row->name = unpack_str(&unpack);
    ret_row->form = unpack_bin(&unpack);
    if (unpack.bad) {
        view->backing->failed = ERR_CORRUPT;
    }
    return !unpack.bad;
}

static bool read_call(const struct view *view, struct slice value, struct view_call_row *row)
{
    struct unpack unpack;
    unpack_init(&unpack, value);
    (void)unpack_array(&unpack);
    row->instance = unpack_uint(&unpack);
    row->attempts = (uint32_t)unpack_uint(&unpack);
    row->connector = unpack_str(&unpack);
    row->name = unpack_str(&unpack);
    row->key = unpack_str(&unpack);
    row->form = unpack_bin(&unpack);
    if (unpack.bad) {
        view->backing->failed = ERR_CORRUPT;
    }
    return !unpack.bad;
}

void view_calls(const struct view *view, uint64_t from_ms, view_call_fn *each, void *context)
{
    struct key from;
    key_call(&from, from_ms, 0);
    struct store_cursor *cursor = view_seek(view, DB_CALL, key_slice(&from));
    for (bool more = cursor != NULL; more; more = store_next(cursor)) {
        struct reader reader;
        reader_init(&reader, store_cursor_key(cursor));
        struct view_call_row row = { .due = reader_u64_be(&reader) };
        row.call = reader_u64_be(&reader);
        if (!read_call(view, store_cursor_value(cursor), &row) || !each(context, &row)) {
            return;
        }
    }
}

bool view_call(const struct view *view, uint64_t due, uint64_t call, struct view_call_row *ret_row)
{
    struct key key;
    struct slice value;
    key_call(&key, due, call);
    *ret_row = (struct view_call_row){ .due = due, .call = call };
    return view_get(view, DB_CALL, &key, &value) == OK && read_call(view, value, ret_row);
}
