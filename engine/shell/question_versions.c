// Questions about the versions of processes, and what became of the cases when one was activated.
#include "base/pack.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"

enum { MOVES_LIMIT = 200 };

// Between begin and end. 0: every process; false: refused.
static bool find_process(struct question *q, uint32_t *ret_process)
{
    struct slice name = q->call->arg[PARAM_PROCESS].bytes;
    *ret_process = name.len > 0 ? view_process_number(q->env.view, name) : 0;
    if (name.len > 0 && *ret_process == 0) {
        return question_refuse(q, REFUSAL_UNKNOWN_PROCESS,
                               arena_format(q->env.arena, "there is no process named `%.*s`",
                                            SLICE_PRINT(name)),
                               SLICE("process"));
    }
    return true;
}

// The newest activation of that program; false: there is none.
static bool last_activation(struct question *q, uint32_t program, struct view_activation *ret)
{
    for (uint32_t i = view_counters(q->env.view)->next_activation; i > 1; i--) {
        if (view_activation(q->env.view, i - 1, ret) && ret->program == program) {
            return true;
        }
    }
    return false;
}

static void write_version(struct question *q, const struct view_program *program, bool active)
{
    struct view_activation since = { .number = 0 };
    struct buf *buf = q->env.buf;
    const struct image *image = &program->image;
    (void)last_activation(q, program->id, &since);
    bool newest = active && since.number == view_activation_of(q->env.view, program->process);
    pack_map(buf, newest ? 12 : 8);
    reply_text(buf, "process", image_slice(image, image->process[0].name));
    reply_uint(buf, "version", program->version);
    question_hash(buf, program);
    reply_text(buf, "file", image_slice(image, image->process[0].file));
    reply_bool(buf, "active", active);
    reply_moment(buf, "at", since.at);
    reply_text(buf, "by", since.by);
    reply_uint(buf, "open", view_open_on(q->env.view, program->id));
    if (newest) {
        reply_bool(buf, "revert", since.revert);
        reply_uint(buf, "moved", since.moved);
        reply_uint(buf, "held", since.held);
        reply_bool(buf, "settled", since.settled);
    }
}

bool question_versions(struct question *q)
{
    uint32_t wanted;
    question_begin(q);
    bool known = find_process(q, &wanted);
    if (known) {
        pack_map(q->env.buf, 1);
        reply_key(q->env.buf, "versions");
        struct reply_count list = reply_open_array(q->env.buf);
        uint32_t count = view_counters(q->env.view)->next_program;
        for (uint32_t i = 1; i < count; i++) {
            const struct view_program *program = view_program(q->env.view, i);
            bool inbox = program != NULL && program->image.inbox_count > 0;
            if (program == NULL || inbox || (wanted != 0 && program->process != wanted)) {
                continue;
            }
            const struct view_program *active = view_active(q->env.view, program->process);
            write_version(q, program, active != NULL && active->id == program->id);
            list.count++;
        }
        reply_close(q->env.buf, list);
    }
    question_end(q);
    return known;
}

// --- one by one ----------------------------------------------------------------------------------

struct move_list {
    struct question *q;
    const struct view_program *program;
    struct reply_count list;
    uint64_t limit, next; // next: where to go on; 0 = the end
};

static bool write_move(void *context, const struct view_move_row *row)
{
    struct move_list *moves = context;
    struct card_env *env = &moves->q->env;
    if (moves->list.count == moves->limit) {
        moves->next = row->instance;
        return false;
    }
    const struct view_program *was = view_program(env->view, row->was);
    const struct image *image = &moves->program->image;
    bool known = row->moved && row->stage < image->stage_count;
    pack_map(env->buf, row->moved ? 6 : 5);
    reply_uint(env->buf, "instance", row->instance);
    reply_bool(env->buf, "moved", row->moved);
    reply_moment(env->buf, "at", row->at);
    reply_uint(env->buf, "from", was != NULL ? was->version : 0);
    if (row->moved) {
        reply_text(env->buf, "stage",
                   known ? image_slice(image, image->stage[row->stage].name) : SLICE_EMPTY);
        reply_bool(env->buf, "migrate", row->by_migrate);
    } else {
        reply_text(env->buf, "why", row->why);
    }
    moves->list.count++;
    return true;
}

bool question_moves(struct question *q)
{
    uint32_t process;
    uint64_t limit = question_number(q->call, PARAM_LIMIT, MOVES_LIMIT);
    struct view_activation activation;
    question_begin(q);
    bool known = find_process(q, &process);
    if (known &&
        !view_activation(q->env.view, view_activation_of(q->env.view, process), &activation)) {
        known = question_refuse(q, REFUSAL_UNKNOWN_PROCESS, SLICE("it has never been activated"),
                                SLICE("process"));
    }
    const struct view_program *program = known ? view_program(q->env.view, activation.program)
                                               : NULL;
    if (program != NULL) {
        pack_map(q->env.buf, 6);
        reply_uint(q->env.buf, "version", program->version);
        reply_uint(q->env.buf, "moved", activation.moved);
        reply_uint(q->env.buf, "held", activation.held);
        reply_bool(q->env.buf, "settled", activation.settled);
        reply_key(q->env.buf, "cases");
        struct move_list moves = { .q = q, .program = program,
                                   .list = reply_open_array(q->env.buf),
                                   .limit = limit < MOVES_LIMIT ? limit : MOVES_LIMIT };
        view_moves(q->env.view, activation.number, question_number(q->call, PARAM_FROM, 1),
                   write_move, &moves);
        reply_close(q->env.buf, moves.list);
        reply_moment(q->env.buf, "next", moves.next);
    }
    question_end(q);
    return known;
}
