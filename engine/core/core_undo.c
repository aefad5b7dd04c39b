// What it takes to take a command back (rule 40): the record of it, and the case as it was before.
// That is folded from the journal: the records of one case are a chain. The fold happens in the
// command's own layer, which is emptied again before anything is decided.
#include "base/check.h"
#include "engine/core/core_internal.h"
#include "engine/state/frame.h"

enum { UNDO_IMAGE_BYTES_MAX = 256 * 1024 };

static uint64_t previous_of(const struct record *record, uint64_t instance)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            return record->touched[i].previous_seq;
        }
    }
    return 0;
}

// The records before `seq` that are about the case, the newest first. False: too many, or one is
// damaged.
static bool list_chain(struct core *core, uint64_t instance, uint64_t seq, uint64_t *seqs,
                       uint32_t *ret_count)
{
    *ret_count = 0;
    while (seq != 0) {
        struct arena_mark mark = arena_mark(&core->batch);
        const struct record *record = core_record_of(core, seq);
        if (record == NULL || *ret_count == UNDO_RECORDS_MAX) {
            return false;
        }
        seqs[(*ret_count)++] = seq;
        seq = previous_of(record, instance);
        arena_rewind(&core->batch, mark);
    }
    return *ret_count > 0;
}

static bool fold_chain(struct core *core, uint64_t instance, const uint64_t *seqs, uint32_t count)
{
    for (uint32_t i = count; i > 0; i--) {
        struct arena_mark mark = arena_mark(&core->batch);
        const struct record *record = core_record_of(core, seqs[i - 1]);
        if (record == NULL) {
            return false;
        }
        state_set_now(core->state, record->now_ms);
        for (uint32_t e = 0; e < record->event_count; e++) {
            if (event_instance(&record->events[e]) == instance) {
                evolve_event(core->state, &record->events[e]);
            }
        }
        arena_rewind(&core->batch, mark);
    }
    return true;
}

// The image without its fields, the titles of its tasks, and what its escalations have frozen.
static bool pack_image(struct core *core, struct instance *instance, struct buf *buf)
{
    uint32_t frames = frame_count(instance);
    struct buf row;
    buf_init(&row, INSTANCE_IMAGE_BYTES_MAX);
    instance->head.field_count = 0;
    bool ok = instance_encode(instance, &row) == OK && !row.overflow;
    pack_array(buf, 3);
    pack_bin(buf, buf_slice(&row));
    buf_done(&row);
    pack_array(buf, instance->head.task_count);
    for (uint32_t i = 0; i < instance->head.task_count && ok; i++) {
        uint32_t position = 0;
        struct slice title = SLICE_EMPTY;
        ok = state_task_row_read(core->state, instance, &instance->task[i], &position, &title);
        pack_array(buf, 2);
        pack_uint(buf, position);
        pack_str(buf, title);
    }
    pack_array(buf, frames);
    for (uint32_t level = 0; level < frames && ok; level++) {
        struct key key;
        struct slice value = SLICE_EMPTY;
        key_part(&key, instance->head.id, frame_part(level));
        ok = state_get(core->state, DB_PART, &key, &value) == OK;
        pack_bin(buf, value);
    }
    return ok && !buf->overflow;
}

// The case as the records before `seq` left it. Empty: it cannot be had.
static struct slice image_before(struct core *core, uint64_t id, uint64_t seq, uint32_t *ret_stage)
{
    uint64_t *seqs = arena_alloc_raw(&core->batch, sizeof(uint64_t) * UNDO_RECORDS_MAX);
    uint32_t count = 0;
    struct slice image = SLICE_EMPTY;
    struct buf buf;
    buf_init(&buf, UNDO_IMAGE_BYTES_MAX);
    state_command_begin(core->state, core->now_ms);
    if (list_chain(core, id, seq, seqs, &count) && fold_chain(core, id, seqs, count)) {
        struct instance *instance = state_instance(core->state, id);
        const struct active_stage *leaf =
            instance != NULL ? instance_next_leaf(instance, 0, NULL) : NULL;
        *ret_stage = leaf != NULL ? leaf->stage : 0;
        if (leaf != NULL && pack_image(core, instance, &buf)) {
            image = arena_copy(&core->batch, buf_slice(&buf));
        }
    }
    buf_done(&buf);
    core_forget(core);
    return image;
}

void core_prepare_undo(struct core *core, uint64_t id, struct decide_undo *ret_undo)
{
    *ret_undo = (struct decide_undo){ .seq = 0 };
    state_command_begin(core->state, core->now_ms);
    const struct instance *instance = view_instance(core_view(core), id, NULL);
    if (instance == NULL) {
        return;
    }
    uint64_t seq = instance->head.last_seq;
    const struct record *record = core_record_of(core, seq);
    if (record == NULL) {
        return;
    }
    ret_undo->seq = seq;
    ret_undo->record = record;
    ret_undo->image = image_before(core, id, previous_of(record, id), &ret_undo->stage);
}
