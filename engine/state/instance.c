#include "engine/state/instance.h"

#include "base/check.h"
#include "base/pack.h"
#include "base/reader.h"

static bool frames_hold(const struct instance_head *head)
{
    for (uint32_t i = 1; i < FRAMES_MAX; i++) {
        if (head->frames[i] != 0 && head->frames[i - 1] == 0) {
            return false;
        }
    }
    return true;
}

static bool counts_hold(const struct instance_head *head)
{
    return head->format == INSTANCE_FORMAT && head->status <= INSTANCE_ENDED &&
           head->active_count <= ACTIVE_STAGES_MAX && head->task_count <= TASKS_MAX &&
           head->timer_count <= TIMERS_MAX && head->position_count <= POSITIONS_MAX &&
           head->slot_count <= SLOTS_MAX && head->collection_count <= COLLECTIONS_MAX &&
           head->latch_count <= LATCHES_MAX && head->incident_count <= INCIDENTS_MAX &&
           head->acted_count <= ACTED_MAX && frames_hold(head) && head->kept_count <= KEPT_MAX &&
           head->call_count <= CALLS_MAX &&
           head->field_count <= FIELDS_MAX;
}

// The field area: a u16 end offset per field, then the packed values.
static enum err decode_fields(struct reader *reader, struct instance *instance)
{
    uint16_t ends[FIELDS_MAX];
    uint32_t count = instance->head.field_count;
    reader_copy(reader, ends, sizeof(ends[0]) * count);
    struct slice values = reader_take(reader, instance->head.field_bytes);
    if (reader->bad || reader->len != 0) {
        return ERR_CORRUPT;
    }
    uint16_t from = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (ends[i] < from || ends[i] > values.len) {
            return ERR_CORRUPT;
        }
        instance->field[i] = slice_sub(values, from, (size_t)(ends[i] - from));
        from = ends[i];
    }
    return from == values.len ? OK : ERR_CORRUPT;
}

enum err instance_decode(struct slice bytes, struct instance *ret_instance)
{
    struct instance *instance = ret_instance;
    struct reader reader;
    reader_init(&reader, bytes);
    reader_copy(&reader, &instance->head, sizeof(instance->head));
    const struct instance_head *head = &instance->head;
    if (reader.bad || !counts_hold(head)) {
        return ERR_CORRUPT;
    }
    reader_copy(&reader, instance->active, sizeof(instance->active[0]) * head->active_count);
    reader_copy(&reader, instance->task, sizeof(instance->task[0]) * head->task_count);
    reader_copy(&reader, instance->timer, sizeof(instance->timer[0]) * head->timer_count);
    reader_copy(&reader, instance->position, sizeof(instance->position[0]) * head->position_count);
    reader_copy(&reader, instance->slot, sizeof(instance->slot[0]) * head->slot_count);
    reader_copy(&reader, instance->collection,
                sizeof(instance->collection[0]) * head->collection_count);
    reader_copy(&reader, instance->latch, sizeof(instance->latch[0]) * head->latch_count);
    reader_copy(&reader, instance->incident, sizeof(instance->incident[0]) * head->incident_count);
    reader_copy(&reader, instance->acted, sizeof(instance->acted[0]) * head->acted_count);
    reader_copy(&reader, instance->kept, sizeof(instance->kept[0]) * head->kept_count);
    reader_copy(&reader, instance->call, sizeof(instance->call[0]) * head->call_count);
    enum err err = decode_fields(&reader, instance);
    instance->previous_seq = head->last_seq;
    memset(instance->part_bits, 0, sizeof(instance->part_bits));
    instance->fresh = false;
    instance->fits = false;
    instance->dirty = false;
    return err;
}

static bool in_part(const struct instance *instance, uint32_t field)
{
    return (instance->part_bits[field / 32] >> (field % 32) & 1) != 0;
}

static void move_to_part(struct instance *instance, uint32_t field)
{
    instance->part_bits[field / 32] |= 1u << (field % 32);
}

// A field that is already the mark of a part (loaded so and not changed since) stays a mark.
static bool is_mark(struct slice value)
{
    struct unpack unpack;
    unpack_init(&unpack, value);
    if (unpack_peek(&unpack) != PACK_EXT) {
        return false;
    }
    int8_t type;
    (void)unpack_ext(&unpack, &type);
    return type == INSTANCE_PART_EXT;
}

enum { PART_MARK_BYTES = 3 };

static size_t stored_bytes(const struct instance *instance, uint32_t field)
{
    return in_part(instance, field) ? PART_MARK_BYTES : instance->field[field].len;
}

static size_t fixed_bytes(const struct instance_head *head)
{
    return sizeof(*head) + sizeof(struct active_stage) * head->active_count +
           sizeof(struct open_task) * head->task_count +
           sizeof(struct armed_timer) * head->timer_count +
           sizeof(struct ladder_position) * head->position_count +
           sizeof(struct slot_holder) * head->slot_count +
           sizeof(struct collection_state) * head->collection_count +
           sizeof(struct rule_latch) * head->latch_count +
           sizeof(struct open_incident) * head->incident_count +
           sizeof(struct acted_as) * head->acted_count +
           sizeof(struct kept_message) * head->kept_count +
           sizeof(struct open_call) * head->call_count + 2u * head->field_count;
}

// Decides which fields live in parts: the long ones, then the longest while the row is too big.
static size_t choose_parts(struct instance *instance)
{
    size_t total = fixed_bytes(&instance->head);
    for (uint32_t i = 0; i < instance->head.field_count; i++) {
        if (instance->field[i].len > FIELD_INLINE_BYTES_MAX) {
            move_to_part(instance, i);
        }
        total += stored_bytes(instance, i);
    }
    while (total > INSTANCE_IMAGE_BYTES_MAX) {
        uint32_t longest = FIELDS_MAX;
        for (uint32_t i = 0; i < instance->head.field_count; i++) {
            bool movable = !in_part(instance, i) && !is_mark(instance->field[i]) &&
                           instance->field[i].len > PART_MARK_BYTES;
            if (movable && (longest == FIELDS_MAX ||
                            instance->field[i].len > instance->field[longest].len)) {
                longest = i;
            }
        }
        if (longest == FIELDS_MAX) {
            break;
        }
        total -= instance->field[longest].len - PART_MARK_BYTES;
        move_to_part(instance, longest);
    }
    return total;
}

static void put_fields(struct instance *instance, struct buf *buf)
{
    uint16_t at = 0;
    uint32_t count = instance->head.field_count;
    for (uint32_t i = 0; i < count; i++) {
        at = (uint16_t)(at + stored_bytes(instance, i));
        buf_put(buf, &at, sizeof(at));
    }
    for (uint32_t i = 0; i < count; i++) {
        if (in_part(instance, i)) {
            char number = (char)i;
            pack_ext(buf, INSTANCE_PART_EXT, slice_make(&number, 1));
        } else {
            buf_put_slice(buf, instance->field[i]);
        }
    }
}

enum err instance_encode(struct instance *instance, struct buf *buf)
{
    struct instance_head *head = &instance->head;
    CHECK(counts_hold(head));
    size_t total = choose_parts(instance);
    if (total > INSTANCE_ROW_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    head->field_bytes = (uint32_t)(total - fixed_bytes(head));
    size_t before = buf->len;
    buf_put(buf, head, sizeof(*head));
    buf_put(buf, instance->active, sizeof(instance->active[0]) * head->active_count);
    buf_put(buf, instance->task, sizeof(instance->task[0]) * head->task_count);
    buf_put(buf, instance->timer, sizeof(instance->timer[0]) * head->timer_count);
    buf_put(buf, instance->position, sizeof(instance->position[0]) * head->position_count);
    buf_put(buf, instance->slot, sizeof(instance->slot[0]) * head->slot_count);
    buf_put(buf, instance->collection, sizeof(instance->collection[0]) * head->collection_count);
    buf_put(buf, instance->latch, sizeof(instance->latch[0]) * head->latch_count);
    buf_put(buf, instance->incident, sizeof(instance->incident[0]) * head->incident_count);
    buf_put(buf, instance->acted, sizeof(instance->acted[0]) * head->acted_count);
    buf_put(buf, instance->kept, sizeof(instance->kept[0]) * head->kept_count);
    buf_put(buf, instance->call, sizeof(instance->call[0]) * head->call_count);
    put_fields(instance, buf);
    CHECK(buf->overflow || buf->len - before == total);
    return OK;
}

const struct active_stage *instance_entry(const struct instance *instance, uint32_t entry)
{
    for (uint32_t i = 0; i < instance->head.active_count; i++) {
        if (instance->active[i].entry == entry) {
            return &instance->active[i];
        }
    }
    return NULL;
}

bool instance_inside(const struct instance *instance, uint32_t entry, uint32_t around)
{
    const struct active_stage *at = instance_entry(instance, entry);
    for (uint32_t i = 0; i < ACTIVE_STAGES_MAX && at != NULL; i++) { // a damaged row may hold rings
        if (at->entry == around || around == 0) {
            return true;
        }
        at = instance_entry(instance, at->around);
    }
    return false;
}

uint32_t instance_branches(const struct instance *instance, uint32_t entry)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < instance->head.active_count; i++) {
        count += instance->active[i].around == entry ? 1u : 0u;
    }
    return count;
}

const struct active_stage *instance_next_leaf(const struct instance *instance, uint32_t around,
                                              const struct active_stage *after)
{
    uint32_t first = after == NULL ? 0 : (uint32_t)(after - instance->active) + 1;
    for (uint32_t i = first; i < instance->head.active_count; i++) {
        const struct active_stage *at = &instance->active[i];
        if (instance_branches(instance, at->entry) == 0 &&
            instance_inside(instance, at->entry, around)) {
            return at;
        }
    }
    return NULL;
}

const struct active_stage *instance_active(const struct instance *instance, uint32_t stage)
{
    for (uint32_t i = 0; i < instance->head.active_count; i++) {
        if (instance->active[i].stage == stage) {
            return &instance->active[i];
        }
    }
    return NULL;
}

const struct open_task *instance_task_const(const struct instance *instance, uint32_t number)
{
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        if (instance->task[i].number == number) {
            return &instance->task[i];
        }
    }
    return NULL;
}

struct open_task *instance_task(struct instance *instance, uint32_t number)
{
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        if (instance->task[i].number == number) {
            return &instance->task[i];
        }
    }
    return NULL;
}

static const struct open_task *task_of(const struct instance *instance,
                                       const struct active_stage *leaf)
{
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if (task->entry == leaf->entry && task->stage == leaf->stage &&
            (task->flags & TASK_FLAG_SIDE) == 0) {
            return task;
        }
    }
    return NULL;
}

const struct open_task *instance_main_task(const struct instance *instance, uint32_t around)
{
    const struct active_stage *leaf = instance_next_leaf(instance, around, NULL);
    const struct open_task *task = NULL;
    while (leaf != NULL && task == NULL) {
        task = task_of(instance, leaf);
        leaf = instance_next_leaf(instance, around, leaf);
    }
    return task;
}

uint32_t instance_slot(const struct instance *instance, uint32_t role)
{
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        if (instance->slot[i].role == role) {
            return instance->slot[i].user;
        }
    }
    return 0;
}

uint32_t instance_position(const struct instance *instance, uint32_t entry, uint32_t of)
{
    for (uint32_t i = 0; i < instance->head.position_count; i++) {
        const struct ladder_position *position = &instance->position[i];
        if (position->entry == entry && position->of == of) {
            return position->position;
        }
    }
    return 0;
}

const struct collection_state *instance_collection(const struct instance *instance,
                                                   uint32_t collection)
{
    for (uint32_t i = 0; i < instance->head.collection_count; i++) {
        if (instance->collection[i].collection == collection) {
            return &instance->collection[i];
        }
    }
    return NULL;
}

bool instance_latched(const struct instance *instance, uint32_t rule, uint32_t entry)
{
    for (uint32_t i = 0; i < instance->head.latch_count; i++) {
        if (instance->latch[i].rule == rule && instance->latch[i].entry == entry) {
            return true;
        }
    }
    return false;
}

const struct open_call *instance_call(const struct instance *instance, uint64_t call)
{
    for (uint32_t i = 0; i < instance->head.call_count; i++) {
        if (instance->call[i].call == call) {
            return &instance->call[i];
        }
    }
    return NULL;
}
