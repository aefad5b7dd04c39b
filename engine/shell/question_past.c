// A case as it stood: its records up to a moment are folded again, and the ordinary card is made of
// that, with that moment as now.
#include "base/pack.h"
#include "base/table.h"
#include "engine/core/core.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"

static bool refuse_past(struct question *q, enum err err, const struct core_past *past)
{
    if (err == ERR_NOT_FOUND) {
        char began[40];
        struct buf text;
        buf_init(&text, sizeof(began));
        struct value moment = value_datetime((int64_t)past->now_ms);
        value_print(&text, &moment);
        struct slice message =
            arena_format(q->env.arena, "case %llu was not there yet: it began at %.*s",
                         (unsigned long long)past->instance, SLICE_PRINT(buf_slice(&text)));
        buf_done(&text);
        return question_refuse(q, REFUSAL_UNKNOWN_INSTANCE, message, SLICE("at"));
    }
    if (err == ERR_TOO_BIG) {
        return question_refuse(q, REFUSAL_LIMIT,
                               arena_format(q->env.arena,
                                            "more than PAST_RECORDS_MAX = %d records would have "
                                            "to be folded", PAST_RECORDS_MAX),
                               SLICE("at"));
    }
    return question_refuse(q, REFUSAL_ROW_DAMAGED,
                           SLICE("a record of this case's history is damaged"), SLICE_EMPTY);
}

static bool show_then(struct question *q, const struct core_past *past)
{
    struct view *view = q->shell->view;
    question_begin(q);
    const struct instance *instance = view_instance(view, past->instance, NULL);
    const struct view_program *program =
        instance != NULL ? view_program(view, instance->head.program) : NULL;
    if (program != NULL) {
        q->env.now_ms = past->now_ms;
        card_case(&q->env, program, instance);
    }
    question_end(q);
    return program != NULL ||
           question_refuse(q, REFUSAL_ROW_DAMAGED,
                           SLICE("the case as it was then cannot be read"), SLICE_EMPTY);
}

bool answer_past(struct question *q)
{
    struct core_past past = {
        .instance = q->call->arg[PARAM_INSTANCE].number,
        .until_seq = question_number(q->call, PARAM_SEQ, UINT64_MAX),
        .until_ms = question_number(q->call, PARAM_AT, UINT64_MAX),
    };
    question_begin(q);
    const struct view_program *program = NULL;
    bool seen = question_user(q, PARAM_AS, &q->env.user) && question_instance(q, &program) != NULL;
    question_end(q);
    if (!seen) {
        return false;
    }
    struct table rows;
    table_init(&rows);
    enum err err = core_past(q->shell->view, &past, &rows);
    bool shown = false;
    if (err == OK) {
        if (call_has(q->call, PARAM_AT)) { // no later than now
            past.now_ms = past.until_ms < q->env.now_ms ? past.until_ms : q->env.now_ms;
        }
        store_reader_lay(q->shell->reader, &rows);
        shown = show_then(q, &past);
        store_reader_lay(q->shell->reader, NULL);
    }
    table_done(&rows);
    return err == OK ? shown : refuse_past(q, err, &past);
}
