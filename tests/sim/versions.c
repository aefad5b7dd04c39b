// New versions of the simulator's processes in the middle of everything, and the oracle for them:
// what `plan` would have said of a case is what becomes of it, unless something came between.
#include <inttypes.h>

#include "base/check.h"
#include "base/mem.h"
#include "dsl/compile.h"
#include "engine/decide/version.h"
#include "tests/sim/process.h"
#include "tests/sim/sim.h"

// How one version differs from another; the model sees none of it.
enum {
    VARIANT_FIELDS = 1,  // a field before all others: each has another number
    VARIANT_STAGES = 2,  // `offer` before `contact`, and a button more: theirs have others, too
    VARIANT_OFFER = 4,   // the task of `offer` is another one: who stands there stays
    VARIANT_MIGRATE = 8, // `migrate` names a stage
    VARIANTS = 16
};

// What the plan said, by case.
struct sim_expected {
    uint64_t last_seq; // of the case when it was asked; 0: it was not asked
    uint32_t process;
    uint32_t looked_in; // the activation in which it was last looked at
    bool moves;
    struct slice stage;
};

static const char *find(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    CHECK(at != NULL);
    return at;
}

// --- texts ---------------------------------------------------------------------------------------

static void put_between(struct buf *text, const char *from, const char *to)
{
    buf_put(text, from, (size_t)(to - from));
}

static void put_offer(struct buf *text, const char *offer, const char *waiting, uint32_t variant)
{
    const char *due = find(offer, " due 1 day within");
    put_between(text, offer, due);
    buf_put_cstr(text, (variant & VARIANT_OFFER) != 0 ? " other than works" : "");
    put_between(text, due, waiting);
}

static void put_contact(struct buf *text, const char *contact, const char *offer,
                        uint32_t variant)
{
    const char *busy = find(contact, "    action busy");
    put_between(text, contact, busy);
    if ((variant & VARIANT_STAGES) != 0) {
        buf_put_cstr(text, "    action never \"Never\" if tried < 0 => lost\n");
    }
    put_between(text, busy, offer);
}

static void put_version(struct buf *text, uint32_t variant, uint32_t active)
{
    const char *process = find(sim_process_text, "process lead");
    const char *phone = find(process, "  field phone");
    const char *start = find(process, "  start => contact");
    const char *contact = find(process, "  stage contact");
    const char *offer = find(process, "  stage offer");
    const char *waiting = find(process, "  stage waiting");
    const char *end = find(process, "  end won");
    bool first = (variant & VARIANT_FIELDS) != 0;
    put_between(text, sim_process_text, phone);
    buf_put_cstr(text, first ? "  field extra: integer = 1\n" : "");
    put_between(text, phone, start);
    buf_put_cstr(text, first ? "" : "  field extra: integer = 1\n");
    put_between(text, start, contact);
    if ((variant & VARIANT_STAGES) != 0) {
        put_offer(text, offer, waiting, variant);
        put_contact(text, contact, offer, variant);
    } else {
        put_contact(text, contact, offer, variant);
        put_offer(text, offer, waiting, variant);
    }
    put_between(text, waiting, end);
    if ((variant & VARIANT_MIGRATE) != 0) {
        buf_format(text, "  migrate from \"%u\" { stage contact => contact  tried := tried }\n",
                   active);
    }
    buf_put_cstr(text, end);
}

static uint32_t active_version(struct world *world)
{
    const struct view *view = core_view(world->engine.core);
    const struct view_program *active =
        view_active(view, view_process_number(view, SLICE("lead")));
    return active != NULL ? active->version : 1;
}

static void compile_version(struct world *world, uint32_t variant)
{
    struct buf text;
    struct compile_result set;
    buf_init(&text, 64 * 1024);
    put_version(&text, variant, active_version(world));
    struct compile_file files[] = { { SLICE("sim.rung"), buf_slice(&text) },
                                    { SLICE("sim.lua"), slice_from_cstr(sim_hook_text) } };
    struct compile_input input = { .files = files, .file_count = 2 };
    compile_set(&input, &set);
    CHECK(compile_is_good(&set));
    world->program_count = set.program_count + set.inbox_count;
    CHECK(world->program_count <= ARRAY_COUNT(world->programs));
    for (uint32_t i = 0; i < world->program_count; i++) {
        const struct compile_program *program = i < set.program_count
                                                    ? &set.programs[i]
                                                    : &set.inboxes[i - set.program_count];
        world->programs[i] = (struct command_program){
            arena_copy(&world->arena, program->process),
            arena_copy(&world->arena, program->image),
            arena_copy(&world->arena, program->source),
        };
    }
    compile_done(&set);
    buf_done(&text);
}

// --- what is expected ----------------------------------------------------------------------------

struct planning {
    struct world *world;
    const struct image *image;
    uint32_t process, version;
    uint8_t hash[32];
};

static bool plan_case(void *context, const struct instance *instance)
{
    struct planning *planning = context;
    struct world *world = planning->world;
    const struct instance_head *head = &instance->head;
    const struct view_program *from = view_program(world->view, head->program);
    if (head->process != planning->process || head->status != INSTANCE_OPEN || from == NULL ||
        head->id > MODEL_CASES_MAX) {
        return true;
    }
    struct version_pair pair =
        version_pair_make(from, planning->image, planning->version, planning->hash);
    struct version_judgement judgement;
    version_judge(&pair, world->view, instance, VERSION_BY_ITSELF, view_arena(world->view),
                  &judgement);
    struct slice stage =
        image_slice(planning->image, planning->image->stage[judgement.stage].name);
    struct sim_expected *expected = &world->expected[head->id - 1];
    *expected = (struct sim_expected){
        .last_seq = head->last_seq, .process = head->process, .looked_in = expected->looked_in,
        .moves = judgement.moves, .stage = arena_copy(&world->arena, stage),
    };
    return true;
}

static void plan_program(struct world *world, const struct command_program *program)
{
    struct image image;
    struct planning planning = { .world = world, .image = &image };
    CHECK(image_open(program->image, &image) == OK);
    if (image.inbox_count > 0) {
        return;
    }
    version_hash(program->image, planning.hash);
    view_begin(world->view);
    planning.process = view_process_number(world->view, program->process);
    uint32_t known = view_program_hashed(world->view, planning.process, planning.hash);
    const struct view_program *there = view_program(world->view, known);
    planning.version = there != NULL ? there->version : 1000;
    view_all_instances(world->view, 1, plan_case, &planning);
    view_end(world->view);
}

static const struct model_case *untouched(struct world *world, uint64_t instance)
{
    const struct model_case *c =
        instance <= MODEL_CASES_MAX ? model_find(world->model, instance) : NULL;
    uint64_t last = c != NULL && c->touch_count > 0 ? c->touches[c->touch_count - 1] : 0;
    return last != 0 && world->expected != NULL &&
                   world->expected[instance - 1].last_seq == last
               ? c
               : NULL;
}

// Each activation looks at a case once: it comes along then, or stays. One that lives again is
// looked at again.
static void check_once(struct world *world, uint64_t instance, uint32_t activation)
{
    if (world->expected == NULL || instance == 0 || instance > MODEL_CASES_MAX) {
        return;
    }
    struct sim_expected *expected = &world->expected[instance - 1];
    if (expected->looked_in == activation) {
        sim_break(world, ORACLE_VERSION, "case %" PRIu64 " was looked at twice in activation %u",
                  instance, activation);
    }
    expected->looked_in = activation;
}

static void check_moved(struct world *world, const struct event_version_moved *moved)
{
    if (untouched(world, moved->instance) == NULL) {
        return;
    }
    const struct sim_expected *said = &world->expected[moved->instance - 1];
    view_begin(world->view);
    const struct view_program *program = view_program(world->view, moved->program);
    CHECK(program != NULL);
    struct slice stage = image_slice(&program->image, program->image.stage[moved->stage].name);
    bool same = said->moves && slice_equal(stage, said->stage);
    view_end(world->view);
    if (!same) {
        sim_break(world, ORACLE_VERSION, "case %" PRIu64 " moved, and the plan said otherwise",
                  moved->instance);
    }
}

static void check_held(struct world *world, const struct event_version_held *held)
{
    if (untouched(world, held->held) != NULL && world->expected[held->held - 1].moves) {
        sim_break(world, ORACLE_VERSION,
                  "case %" PRIu64 " stays, and the plan said that it moves: %.*s", held->held,
                  SLICE_PRINT(held->why));
    }
}

// All have been looked at: each open case runs the active version, or its reason is listed.
struct settled_walk {
    struct world *world;
    uint32_t process, activation, program;
};

static bool check_case(void *context, const struct instance *instance)
{
    const struct settled_walk *walk = context;
    struct view_move_row row;
    if (instance->head.process == walk->process && instance->head.status == INSTANCE_OPEN &&
        instance->head.program != walk->program &&
        (!view_move(walk->world->view, walk->activation, instance->head.id, &row) || row.moved)) {
        sim_break(walk->world, ORACLE_VERSION,
                  "case %" PRIu64 " is on an earlier version, and nothing says why",
                  instance->head.id);
        return false;
    }
    return true;
}

static void check_settled(struct world *world, const struct event_version_settled *settled)
{
    struct view_activation row;
    view_begin(world->view);
    if (view_activation_of(world->view, settled->process) == settled->activation &&
        view_activation(world->view, settled->activation, &row)) {
        struct settled_walk walk = { world, settled->process, settled->activation, row.program };
        view_all_instances(world->view, 1, check_case, &walk);
    }
    view_end(world->view);
}

static bool check_at_rest(void *context, const struct instance *instance)
{
    struct world *world = context;
    const struct view *view = world->view;
    const struct view_program *active = view_active(view, instance->head.process);
    uint32_t activation = view_activation_of(view, instance->head.process);
    struct view_move_row row;
    if (instance->head.status == INSTANCE_OPEN && instance->head.program != active->id &&
        (!view_move(view, activation, instance->head.id, &row) || row.moved)) {
        sim_break(world, ORACLE_VERSION,
                  "case %" PRIu64 " neither came to the version that was applied last nor stays "
                  "for a reason", instance->head.id);
        return false;
    }
    return true;
}

void versions_check(struct world *world)
{
    if (core_versions_left(world->engine.core)) {
        sim_break(world, ORACLE_VERSION, "nobody asks any more, and cases still stand back");
        return;
    }
    view_begin(world->view);
    view_all_instances(world->view, 1, check_at_rest, world);
    view_end(world->view);
}

static void forget_look(struct world *world, uint64_t instance)
{
    if (world->expected != NULL && instance != 0 && instance <= MODEL_CASES_MAX) {
        world->expected[instance - 1].looked_in = 0;
    }
}

void versions_take(struct world *world, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count && world->broken == ORACLE_NONE; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_INSTANCE_REOPENED || event->kind == EVENT_UNDONE) {
            forget_look(world, event_instance(event));
        } else if (event->kind == EVENT_VERSION_MOVED) {
            world->counts.moved++;
            check_once(world, event->version_moved.instance, event->version_moved.activation);
            check_moved(world, &event->version_moved);
        } else if (event->kind == EVENT_VERSION_HELD) {
            world->counts.held++;
            check_once(world, event->version_held.held, event->version_held.activation);
            check_held(world, &event->version_held);
        } else if (event->kind == EVENT_VERSION_SETTLED) {
            check_settled(world, &event->version_settled);
        }
    }
}

// It stands where it stood, and nothing of it has changed but a field that the new version adds.
void model_take_version(struct model *model, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        struct model_case *c = model_find(model, event_instance(event));
        if (c != NULL && event->kind == EVENT_FIELD_CHANGED) {
            c->moved_ms = record->now_ms;
        } else if (c != NULL && event->kind == EVENT_VERSION_MOVED) {
            c->renewed = true;
        }
    }
}

// --- deploying -----------------------------------------------------------------------------------

void versions_deploy(struct world *world)
{
    const struct core_effects *effects;
    if (world->expected == NULL) {
        world->expected = ARENA_ARRAY(&world->arena, struct sim_expected, MODEL_CASES_MAX);
    }
    const size_t plan_bytes = MODEL_CASES_MAX * sizeof(struct sim_expected);
    struct sim_expected *before = mem_alloc(plan_bytes);
    memcpy(before, world->expected, plan_bytes);
    compile_version(world, (uint32_t)prng_below(&world->prng_work, VARIANTS));
    for (uint32_t i = 0; i < world->program_count; i++) {
        plan_program(world, &world->programs[i]);
    }
    const struct command command = { .kind = COMMAND_APPLY, .programs = world->programs,
                                     .program_count = world->program_count };
    core_begin(world->engine.core, timekeeper_now(&world->engine.keeper));
    core_step(world->engine.core, &command);
    enum err err = core_commit(world->engine.core, &effects);
    sim_trace(world, "deploy %s", err_name(err));
    if (err == ERR_IO) {
        atomic_store(&world->engine.core_tick.failed, true);
        memset(world->expected, 0, plan_bytes); // nobody knows which version is active now
    } else if (err != OK) { // not activated: what moves meanwhile moves by the plan before
        memcpy(world->expected, before, plan_bytes);
    }
    mem_free(before);
    world->counts.deploys += err == OK && effects->record_count > 0 ? 1u : 0u;
}
