// Questions about the outside world: incidents and calls on their way.
#include "base/pack.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"

enum { ROWS_LIMIT = 1000 };

struct rows {
    struct question *q;
    struct reply_count list;
    uint64_t from, limit;
    bool more;
};

static struct slice process_of(const struct question *q, uint64_t id)
{
    const struct instance *instance = id != 0 ? view_instance(q->env.view, id, NULL) : NULL;
    const struct view_program *program =
        instance != NULL ? view_program(q->env.view, instance->head.program) : NULL;
    return program != NULL ? image_slice(&program->image, program->image.process[0].name)
                           : SLICE_EMPTY;
}

static bool write_incident(void *context, const struct view_incident_row *row)
{
    struct rows *rows = context;
    struct buf *buf = rows->q->env.buf;
    if (row->incident <= rows->from) {
        return true;
    }
    if (rows->list.count == rows->limit) {
        rows->more = true;
        return false;
    }
    pack_map(buf, 7);
    reply_uint(buf, "incident", row->incident);
    reply_uint(buf, "instance", row->instance);
    reply_text(buf, "process", process_of(rows->q, row->instance));
    reply_moment(buf, "at", row->at);
    reply_text(buf, "kind", row->kind);
    reply_text(buf, "text", row->text);
    reply_bool(buf, "retry", row->what.len > 0);
    rows->list.count++;
    return true;
}

static struct rows open_rows(struct question *q, const char *key)
{
    const struct call *call = q->call;
    struct rows rows = { .q = q, .limit = ROWS_LIMIT };
    rows.from = call_has(call, PARAM_FROM) ? call->arg[PARAM_FROM].number : 0;
    if (call_has(call, PARAM_LIMIT) && call->arg[PARAM_LIMIT].number < ROWS_LIMIT) {
        rows.limit = call->arg[PARAM_LIMIT].number;
    }
    view_begin(q->shell->view);
    pack_map(q->env.buf, 2);
    reply_key(q->env.buf, key);
    rows.list = reply_open_array(q->env.buf);
    return rows;
}

static bool close_rows(struct rows *rows)
{
    reply_close(rows->q->env.buf, rows->list);
    reply_bool(rows->q->env.buf, "more", rows->more);
    view_end(rows->q->shell->view);
    return true;
}

bool question_incidents(struct question *q)
{
    struct rows rows = open_rows(q, "incidents");
    view_incidents(q->env.view, write_incident, &rows);
    return close_rows(&rows);
}

static bool write_call(void *context, const struct view_call_row *row)
{
    struct rows *rows = context;
    struct buf *buf = rows->q->env.buf;
    if (rows->list.count == rows->limit) {
        rows->more = true;
        return false;
    }
    bool waits = row->due >= CALL_DUE_BEHIND;
    pack_map(buf, 7);
    reply_uint(buf, "call", row->call);
    reply_uint(buf, "instance", row->instance);
    reply_text(buf, "connector", row->connector);
    reply_text(buf, "name", row->name);
    reply_uint(buf, "tries", row->attempts);
    reply_moment(buf, "due", waits ? 0 : row->due);
    reply_text(buf, "state", row->due == CALL_DUE_PARKED   ? SLICE("parked")
                             : row->due == CALL_DUE_BEHIND ? SLICE("behind another")
                                                           : SLICE("on its way"));
    rows->list.count++;
    return true;
}

bool question_calls(struct question *q)
{
    struct rows rows = open_rows(q, "calls");
    view_calls(q->env.view, 0, write_call, &rows);
    return close_rows(&rows);
}
