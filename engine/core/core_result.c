// The result of an accepted command: a pure function of its record (and of the image it ran under),
// so that a repeat gets the first answer to the byte.
#include "base/check.h"
#include "engine/core/core_internal.h"

struct facts {
    uint64_t instance;
    uint32_t stage; // entered last, INDEX_NONE = none
    struct slice ended;
    bool joined;
    const char *message; // what became of it, or NULL
    uint32_t tasks, programs, children, handed;
};

static bool tells_task(const struct event *event)
{
    return event->kind == EVENT_TASK_OPENED || event->kind == EVENT_TASK_REPLANNED ||
           event->kind == EVENT_TASK_RESUMED;
}

static bool is_handed(const struct record *record, const struct event *event)
{
    return record->command == COMMAND_HAND_OVER &&
           (event->kind == EVENT_TASK_ASSIGNED || event->kind == EVENT_SLOT_SET);
}

static struct facts read_facts(const struct record *record)
{
    struct facts facts = { .stage = INDEX_NONE };
    for (uint32_t i = 0; i < record->event_count && facts.instance == 0; i++) {
        facts.instance = event_instance(&record->events[i]);
    }
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        facts.programs += event->kind == EVENT_PROGRAM_ACTIVATED ? 1u : 0u;
        if (event_instance(event) != facts.instance) {
            facts.children += event->kind == EVENT_INSTANCE_STARTED ? 1u : 0u;
            continue;
        }
        facts.tasks += tells_task(event) ? 1u : 0u;
        if (event->kind == EVENT_MESSAGE_TAKEN && facts.message == NULL) {
            facts.message = message_outcome_name(event->message_taken.became);
        }
        facts.joined = facts.joined || event->kind == EVENT_REPEAT_JOINED;
        facts.handed += is_handed(record, event) ? 1u : 0u;
        if (event->kind == EVENT_STAGE_ENTERED) {
            facts.stage = event->stage_entered.stage;
        } else if (event->kind == EVENT_RESUMED) {
            facts.stage = event->resumed.stage;
        } else if (event->kind == EVENT_UNDONE) {
            facts.stage = event->undone.stage;
            facts.ended = SLICE_EMPTY;
        } else if (event->kind == EVENT_VERSION_MOVED) {
            facts.stage = event->version_moved.stage;
        } else if (event->kind == EVENT_INSTANCE_ENDED) {
            facts.ended = event->instance_ended.name;
        }
    }
    return facts;
}

static void pack_task(struct buf *buf, const struct view *view, const struct event *event)
{
    bool opened = event->kind == EVENT_TASK_OPENED;
    bool resumed = event->kind == EVENT_TASK_RESUMED;
    pack_map(buf, opened ? 4 : 2);
    pack_cstr(buf, "task");
    pack_uint(buf, opened    ? event->task_opened.task
                   : resumed ? event->task_resumed.task
                             : event->task_replanned.task);
    pack_cstr(buf, "due");
    pack_uint(buf, opened    ? event->task_opened.due
                   : resumed ? event->task_resumed.due
                             : event->task_replanned.due);
    if (!opened) {
        return;
    }
    const struct view_user *holder = view_user(view, event->task_opened.holder);
    pack_cstr(buf, "title");
    pack_str(buf, event->task_opened.title);
    pack_cstr(buf, "for");
    pack_str(buf, holder != NULL ? holder->name
                                 : view_role_name(view, event->task_opened.offered));
}

static void pack_tasks(struct buf *buf, const struct view *view, const struct record *record,
                       const struct facts *facts)
{
    pack_cstr(buf, "tasks");
    pack_array(buf, facts->tasks);
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event_instance(event) == facts->instance && tells_task(event)) {
            pack_task(buf, view, event);
        }
    }
}

static void pack_programs(struct buf *buf, const struct view *view, const struct record *record,
                          uint32_t count)
{
    pack_cstr(buf, "programs");
    pack_array(buf, count);
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_PROGRAM_ACTIVATED) {
            pack_map(buf, 2);
            pack_cstr(buf, "process");
            pack_str(buf, event->program_activated.name);
            pack_cstr(buf, "version");
            pack_uint(buf, view_version_number(view, event->program_activated.process,
                                               event->program_activated.program));
        }
    }
}

static const struct view_program *program_of(struct core *core, const struct record *record,
                                             uint64_t instance)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            return view_program(core_view(core), record->touched[i].program);
        }
    }
    return NULL;
}

// The cases that a conversion started, in the order of its elements (and theirs).
static void pack_children(struct buf *buf, const struct view *view, const struct record *record,
                          const struct facts *facts)
{
    pack_cstr(buf, "children");
    pack_array(buf, facts->children);
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind != EVENT_INSTANCE_STARTED ||
            event->instance_started.instance == facts->instance) {
            continue;
        }
        const struct view_program *program = view_program(view, event->instance_started.program);
        pack_map(buf, 2);
        pack_cstr(buf, "instance");
        pack_uint(buf, event->instance_started.instance);
        pack_cstr(buf, "process");
        pack_str(buf, program != NULL
                          ? image_slice(&program->image, program->image.process[0].name)
                          : SLICE_EMPTY);
    }
}

// What a hand-over has moved: {task, role, to} or {role, to}; `to` is a person, or the role that a
// task is offered to now.
static void pack_handed(struct buf *buf, const struct view *view, const struct record *record,
                        uint32_t count)
{
    pack_cstr(buf, "handed");
    pack_array(buf, count);
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (!is_handed(record, event)) {
            continue;
        }
        bool task = event->kind == EVENT_TASK_ASSIGNED;
        uint32_t user = task ? event->task_assigned.holder : event->slot_set.user;
        uint32_t offered = task ? event->task_assigned.offered : 0;
        const struct view_user *to = view_user(view, user);
        pack_map(buf, task ? 3 : 2);
        if (task) {
            pack_cstr(buf, "task");
            pack_uint(buf, event->task_assigned.task);
        }
        pack_cstr(buf, "role");
        pack_str(buf, view_role_name(view, task ? event->task_assigned.role
                                                : event->slot_set.role));
        pack_cstr(buf, "to");
        pack_str(buf, to != NULL ? to->name : view_role_name(view, offered));
    }
}

static void pack_where(struct buf *buf, const struct view_program *program,
                       const struct facts *facts)
{
    if (facts->ended.len > 0) {
        pack_cstr(buf, "ended");
        pack_str(buf, facts->ended);
        return;
    }
    const struct image *image = &program->image;
    pack_cstr(buf, "stage");
    pack_str(buf, image_slice(image, image->stage[facts->stage].name));
}

struct slice core_result(struct core *core, const struct record *record, uint64_t seq)
{
    struct facts facts = read_facts(record);
    const struct view_program *program = program_of(core, record, facts.instance);
    bool where = facts.ended.len > 0 ||
                 (program != NULL && facts.stage < program->image.stage_count);
    struct buf *buf = &core->encode;
    buf_reset(buf);
    pack_map(buf, 2 + (facts.instance != 0 ? 1u : 0u) + (where ? 1u : 0u) +
                      (facts.joined ? 1u : 0u) + (facts.message != NULL ? 1u : 0u) +
                      (facts.tasks > 0 ? 1u : 0u) + (facts.children > 0 ? 1u : 0u) +
                      (facts.programs > 0 ? 1u : 0u) + (facts.handed > 0 ? 1u : 0u));
    pack_cstr(buf, "seq");
    pack_uint(buf, seq);
    pack_cstr(buf, "at");
    pack_uint(buf, record->now_ms);
    if (facts.instance != 0) {
        pack_cstr(buf, "instance");
        pack_uint(buf, facts.instance);
    }
    if (where) {
        pack_where(buf, program, &facts);
    }
    if (facts.joined) {
        pack_cstr(buf, "joined");
        pack_bool(buf, true);
    }
    if (facts.message != NULL) {
        pack_cstr(buf, "message");
        pack_cstr(buf, facts.message);
    }
    if (facts.tasks > 0) {
        pack_tasks(buf, core_view(core), record, &facts);
    }
    if (facts.children > 0) {
        pack_children(buf, core_view(core), record, &facts);
    }
    if (facts.handed > 0) {
        pack_handed(buf, core_view(core), record, facts.handed);
    }
    if (facts.programs > 0) {
        pack_programs(buf, core_view(core), record, facts.programs);
    }
    CHECK(!buf->overflow);
    return arena_copy(&core->batch, buf_slice(buf));
}

// Accepted without a record: an import row that the ledger knows, or nothing to change.
struct slice core_result_already(struct core *core, uint64_t instance)
{
    struct buf *buf = &core->encode;
    buf_reset(buf);
    pack_map(buf, instance != 0 ? 3 : 2);
    pack_cstr(buf, "seq");
    pack_uint(buf, store_staged_head(core->store)->seq);
    pack_cstr(buf, "already");
    pack_bool(buf, true);
    if (instance != 0) {
        pack_cstr(buf, "instance");
        pack_uint(buf, instance);
    }
    return arena_copy(&core->batch, buf_slice(buf));
}
