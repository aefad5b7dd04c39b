// The hashes of records: of one case, and the head of the whole history, which stands for all of
// it.
#include "base/pack.h"
#include "engine/core/core.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"
#include "engine/shell/walk.h"

static enum err write_head(struct question *q, uint64_t seq)
{
    struct core_head head = { .seq = seq };
    struct slice bytes;
    struct arena_mark mark = arena_mark(q->env.arena);
    enum err err =
        store_reader_record(q->shell->reader, seq, q->env.arena, &bytes, head.chain);
    arena_rewind(q->env.arena, mark);
    struct buf text;
    buf_init(&text, HEAD_TEXT_BYTES_MAX);
    core_head_print(&text, &head);
    pack_str(q->env.buf, buf_slice(&text));
    buf_done(&text);
    return err;
}

bool answer_proof(struct question *q)
{
    bool of_case = call_has(q->call, PARAM_INSTANCE);
    struct walk *walk = ARENA_NEW(q->env.arena, struct walk);
    question_begin(q);
    const struct view_program *program = NULL;
    bool known = question_user(q, PARAM_AS, &q->env.user);
    const struct instance *instance = known && of_case ? question_instance(q, &program) : NULL;
    uint64_t last = instance != NULL ? instance->head.last_seq : 0;
    uint64_t newest = store_reader_seq(q->shell->reader);
    question_end(q);
    if (!known || (of_case && instance == NULL)) {
        return false;
    }
    enum err err = OK;
    if (of_case) {
        err = walk_back(q->shell->reader, q->call->arg[PARAM_INSTANCE].number, last,
                        question_number(q->call, PARAM_FROM, 0), HISTORY_RECORDS_MAX,
                        q->env.arena, walk);
    }
    pack_map(q->env.buf, 3);
    reply_key(q->env.buf, "records");
    pack_array(q->env.buf, walk->count);
    for (uint32_t i = walk->count; err == OK && i > 0; i--) {
        err = write_head(q, walk->seq[i - 1]);
    }
    bool more = walk->count > 0 && walk->seq[0] < last;
    reply_moment(q->env.buf, "next", more ? walk->seq[0] : 0);
    reply_key(q->env.buf, "head");
    if (newest == 0) {
        pack_nil(q->env.buf);
    } else if (err == OK) {
        err = write_head(q, newest);
    }
    return err == OK ||
           question_refuse(q, REFUSAL_ROW_DAMAGED, SLICE("a record of the history is damaged"),
                           SLICE_EMPTY);
}
