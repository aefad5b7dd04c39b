// The mover: after another version of a process was activated, its open cases are looked at one by
// one, in commands of their own, between those of clients. What became of each is in the journal,
// so that whoever goes on after a crash passes over them.
#include "base/check.h"
#include "base/mem.h"
#include "engine/core/core_internal.h"

enum { SCANNED_PER_STEP_MAX = 512 };

struct scan {
    struct core *core;
    const struct core_mover *mover;
    uint64_t ids[SCANNED_PER_STEP_MAX];
    uint64_t next; // where the next step goes on
    uint32_t count, count_max, scanned;
    bool more;
};

static void add_mover(struct core *core, const struct core_mover *mover)
{
    if (core->mover_count == core->mover_capacity) {
        core->mover_capacity = core->mover_capacity * 2 + 8;
        core->movers = mem_grow(core->movers, sizeof(core->movers[0]) * core->mover_capacity);
    }
    core->movers[core->mover_count++] = *mover;
}

// The newest activation of each process, unless all its cases have been looked at. One that is
// being worked on is gone on with where it was.
static void find_movers(struct core *core)
{
    const struct view *view = core_view(core);
    uint32_t processes = view_counters(view)->next_process;
    uint32_t old_count = core->mover_count;
    struct core_mover *old = arena_alloc_raw(&core->batch, sizeof(*old) * (old_count + 1));
    if (old_count > 0) {
        memcpy(old, core->movers, sizeof(*old) * old_count);
    }
    core->mover_count = 0;
    for (uint32_t process = 1; process < processes; process++) {
        struct view_activation row;
        uint32_t activation = view_activation_of(view, process);
        if (activation == 0 || !view_activation(view, activation, &row) || row.settled) {
            continue;
        }
        struct core_mover mover = { .process = process, .activation = activation,
                                    .program = row.program, .next = 1 };
        for (uint32_t i = 0; i < old_count; i++) {
            mover.next = old[i].activation == activation ? old[i].next : mover.next;
        }
        add_mover(core, &mover);
    }
    core->movers_known = true;
}

bool core_versions_left(struct core *core)
{
    if (!core->movers_known) {
        state_command_begin(core->state, core->now_ms);
        find_movers(core);
    }
    return core->mover_count > 0;
}

static bool look(void *context, const struct instance *instance)
{
    struct scan *scan = context;
    const struct instance_head *head = &instance->head;
    if (scan->scanned == SCANNED_PER_STEP_MAX || scan->count == scan->count_max) {
        scan->next = head->id;
        scan->more = true;
        return false;
    }
    scan->scanned++;
    if (head->status == INSTANCE_OPEN && head->process == scan->mover->process &&
        head->program != scan->mover->program) {
        scan->ids[scan->count++] = head->id;
    }
    return true;
}

static bool has_result(struct core *core, uint32_t activation, uint64_t instance)
{
    struct view_move_row row;
    return view_move(core_view(core), activation, instance, &row);
}

static void run_internal(struct core *core, const struct command *what)
{
    struct command *command = ARENA_NEW(&core->batch, struct command);
    *command = *what;
    struct step step = { .core = core, .command = command };
    core_run_with_follows(core, &step);
}

static void move_some(struct core *core, const struct scan *scan)
{
    for (uint32_t i = 0; i < scan->count; i++) {
        state_command_begin(core->state, core->now_ms);
        if (!has_result(core, scan->mover->activation, scan->ids[i])) {
            const struct command command = { .kind = COMMAND_VERSION, .instance = scan->ids[i] };
            run_internal(core, &command);
        }
    }
}

bool core_step_versions(struct core *core, uint32_t count_max)
{
    CHECK(core->in_batch);
    if (count_max == 0 || !core_versions_left(core)) {
        return false;
    }
    struct core_mover mover = core->movers[0];
    struct scan *scan = ARENA_NEW(&core->batch, struct scan);
    scan->core = core;
    scan->mover = &mover;
    scan->count_max = count_max;
    state_command_begin(core->state, core->now_ms);
    view_all_instances(core_view(core), mover.next, look, scan);
    move_some(core, scan);
    if (scan->more) {
        core->movers[0].next = scan->next;
        return true;
    }
    const struct command command = { .kind = COMMAND_VERSION_SETTLED, .task = mover.activation,
                                     .entry = mover.process };
    run_internal(core, &command);
    core->movers_known = false;
    return true;
}
