#include "engine/shell/plan.h"

#include <string.h>

#include "engine/decide/version.h"
#include "engine/shell/reply.h"

enum {
    CASES_AT_ONCE = 500, // between two looks at the store
    GROUPS_MAX = 200,    // of one process: what is told apart
    EXAMPLES_MAX = 5     // cases named in each
};

// Cases of which the same is to be said.
struct group {
    uint32_t version, stage, to_stage;
    bool moves, by_migrate;
    struct slice why;
    uint64_t count;
    uint64_t example[EXAMPLES_MAX];
    uint32_t example_count;
};

struct plan {
    struct view *view;
    struct arena *arena;
    const struct image *image; // of the version to come
    uint32_t process, program; // program: its number, when it is known; else 0
    uint32_t version;
    uint8_t hash[32];
    uint64_t cases, moving, held, next;
    uint32_t looked;
    bool more;
    struct group *groups;
    uint32_t group_count, lost; // lost: groups beyond the bound
};

static bool same_group(const struct group *a, const struct group *b)
{
    return a->version == b->version && a->stage == b->stage && a->to_stage == b->to_stage &&
           a->moves == b->moves && a->by_migrate == b->by_migrate && slice_equal(a->why, b->why);
}

static void count_case(struct plan *plan, const struct group *one, uint64_t instance)
{
    struct group *group = NULL;
    for (uint32_t i = 0; i < plan->group_count && group == NULL; i++) {
        group = same_group(&plan->groups[i], one) ? &plan->groups[i] : NULL;
    }
    if (group == NULL && plan->group_count == GROUPS_MAX) {
        plan->lost++;
        return;
    }
    if (group == NULL) {
        group = &plan->groups[plan->group_count++];
        *group = *one;
        group->why = arena_copy(plan->arena, one->why);
    }
    group->count++;
    if (group->example_count < EXAMPLES_MAX) {
        group->example[group->example_count++] = instance;
    }
}

static void judge_case(struct plan *plan, const struct instance *instance)
{
    const struct view_program *from = view_program(plan->view, instance->head.program);
    if (from == NULL || !instance_fits(instance, &from->image)) {
        return; // `rung verify` tells of it
    }
    struct version_pair pair = version_pair_make(from, plan->image, plan->version, plan->hash);
    struct version_judgement judgement;
    version_judge(&pair, plan->view, instance, VERSION_BY_ITSELF, view_arena(plan->view),
                  &judgement);
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    struct group group = { .version = from->version, .stage = leaf != NULL ? leaf->stage : 0,
                           .to_stage = judgement.stage, .moves = judgement.moves,
                           .by_migrate = judgement.by_migrate, .why = judgement.why };
    plan->moving += judgement.moves;
    plan->held += !judgement.moves;
    count_case(plan, &group, instance->head.id);
}

static bool look(void *context, const struct instance *instance)
{
    struct plan *plan = context;
    if (plan->looked == CASES_AT_ONCE) {
        plan->next = instance->head.id;
        plan->more = true;
        return false;
    }
    plan->looked++;
    if (instance->head.process == plan->process && instance->head.status == INSTANCE_OPEN) {
        plan->cases++;
        if (plan->program == 0 || instance->head.program != plan->program) {
            judge_case(plan, instance);
        }
    }
    return true;
}

static void look_at_cases(struct plan *plan)
{
    plan->next = 1;
    do {
        plan->more = false;
        plan->looked = 0;
        view_begin(plan->view);
        view_all_instances(plan->view, plan->next, look, plan);
        view_end(plan->view);
    } while (plan->more);
}

// The image of a stage of an earlier version is needed for its name only.
static struct slice old_stage(struct plan *plan, const struct group *group)
{
    uint32_t number = view_program_of_version(plan->view, plan->process, group->version);
    const struct view_program *from = view_program(plan->view, number);
    return from != NULL && group->stage < from->image.stage_count
               ? image_slice(&from->image, from->image.stage[group->stage].name)
               : SLICE_EMPTY;
}

static void write_groups(struct plan *plan, bool moves, struct buf *buf)
{
    struct reply_count list = reply_open_array(buf);
    for (uint32_t i = 0; i < plan->group_count; i++) {
        const struct group *group = &plan->groups[i];
        if (group->moves != moves) {
            continue;
        }
        pack_map(buf, moves ? 6 : 5);
        reply_uint(buf, "version", group->version);
        reply_text(buf, "stage", old_stage(plan, group));
        if (moves) {
            reply_text(buf, "to", image_slice(plan->image,
                                              plan->image->stage[group->to_stage].name));
            reply_bool(buf, "migrate", group->by_migrate);
        } else {
            reply_text(buf, "why", group->why);
        }
        reply_uint(buf, "cases", group->count);
        reply_key(buf, "examples");
        pack_array(buf, group->example_count);
        for (uint32_t n = 0; n < group->example_count; n++) {
            pack_uint(buf, group->example[n]);
        }
        list.count++;
    }
    reply_close(buf, list);
}

static void write_plan(struct plan *plan, bool changed, struct buf *buf)
{
    const struct image *image = plan->image;
    plan->groups = ARENA_ARRAY(plan->arena, struct group, GROUPS_MAX);
    if (plan->process != 0) {
        look_at_cases(plan);
    }
    view_begin(plan->view);
    pack_map(buf, 9);
    reply_text(buf, "process", image_slice(image, image->process[0].name));
    reply_uint(buf, "version", plan->version);
    reply_bool(buf, "changed", changed);
    reply_uint(buf, "cases", plan->cases);
    reply_uint(buf, "moving", plan->moving);
    reply_uint(buf, "held", plan->held);
    reply_key(buf, "moves");
    write_groups(plan, true, buf);
    reply_key(buf, "stay");
    write_groups(plan, false, buf);
    reply_uint(buf, "untold", plan->lost);
    view_end(plan->view);
}

// A program that is not active yet: which number it would have, and what runs now.
static void plan_new(struct plan *plan, const struct toolchain_program *program,
                     struct reply_count *list, struct buf *buf)
{
    struct image image;
    if (image_open(program->image, &image) != OK || image.inbox_count > 0) {
        return; // an inbox has no cases
    }
    list->count++;
    view_begin(plan->view);
    plan->image = &image;
    plan->process = view_process_number(plan->view, program->process);
    version_hash(program->image, plan->hash);
    const struct view_program *active =
        plan->process != 0 ? view_active(plan->view, plan->process) : NULL;
    plan->program = plan->process != 0
                        ? view_program_hashed(plan->view, plan->process, plan->hash)
                        : 0;
    bool changed = active == NULL || active->id != plan->program;
    const struct view_program *known = view_program(plan->view, plan->program);
    plan->version = 1;
    while (known == NULL && plan->process != 0 &&
           view_program_of_version(plan->view, plan->process, plan->version) != 0) {
        plan->version++;
    }
    plan->version = known != NULL ? known->version : plan->version;
    view_end(plan->view);
    write_plan(plan, changed, buf);
}

static void plan_active(struct plan *plan, uint32_t process, struct reply_count *list,
                        struct buf *buf)
{
    view_begin(plan->view);
    const struct view_program *active = view_active(plan->view, process);
    plan->process = process;
    if (active != NULL) {
        plan->image = &active->image; // programs stay as long as the view
        plan->program = active->id;
        plan->version = active->version;
        memcpy(plan->hash, active->hash, sizeof(plan->hash));
        list->count++;
    }
    view_end(plan->view);
    if (active != NULL) {
        write_plan(plan, false, buf);
    }
}

static void plan_all(struct view *view, const struct toolchain_program *programs, uint32_t count,
                     struct arena *arena, struct buf *buf)
{
    reply_key(buf, "programs");
    struct reply_count list = reply_open_array(buf);
    view_begin(view);
    uint32_t processes = count == 0 ? view_counters(view)->next_process : 0;
    view_end(view);
    for (uint32_t i = 0; i < count; i++) {
        struct plan *plan = ARENA_NEW(arena, struct plan);
        plan->view = view;
        plan->arena = arena;
        plan_new(plan, &programs[i], &list, buf);
    }
    for (uint32_t process = 1; process < processes; process++) {
        struct plan *plan = ARENA_NEW(arena, struct plan);
        plan->view = view;
        plan->arena = arena;
        plan_active(plan, process, &list, buf);
    }
    reply_close(buf, list);
}

enum err plan_write(struct store *store, const struct toolchain_program *programs, uint32_t count,
                    struct arena *arena, struct buf *buf)
{
    struct store_reader *reader = NULL;
    struct view *view = NULL;
    enum err err = store_reader_open(store, &reader);
    if (err == OK) {
        err = view_open_reader(reader, &view);
    }
    if (err == OK) {
        plan_all(view, programs, count, arena, buf);
        view_close_reader(view);
    }
    if (reader != NULL) {
        store_reader_close(reader);
    }
    return err;
}
