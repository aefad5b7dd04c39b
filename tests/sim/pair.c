// The model of the process with branches (sim_pair_text): two of its branches must be done, the
// third is entered in the first round only; the third round is the last.
#include "base/check.h"
#include "base/pack.h"
#include "tests/sim/model.h"

static const uint64_t hour = 3600 * 1000;
static const uint64_t five_days = 5ull * 24 * 3600 * 1000;
static const char *const names[BRANCH_COUNT] = { "red", "green", "blue" };

// What other code looks at as the task of the case is that of the first branch in the text.
void pair_tell(struct model_case *c)
{
    c->task = (struct model_task){ 0 };
    for (uint32_t i = BRANCH_COUNT; i > 0; i--) {
        if (c->branches.branch[i - 1].open) {
            c->task = c->branches.branch[i - 1];
        }
    }
}

static void enter_branch(const struct model *model, struct model_case *c, uint32_t branch)
{
    struct model_task task = { .open = true,
                               .role = OF_WORKS,
                               .due = model->now_ms + (branch + 1) * hour };
    model_give(model, c, &task);
    c->branches.branch[branch] = task;
}

static void enter_both(const struct model *model, struct model_case *c)
{
    struct model_pair *pair = &c->branches;
    pair->rounds++;
    pair->done = 0;
    pair->entered_ms = model->now_ms;
    c->timer_due = model->now_ms + five_days;
    memset(pair->branch, 0, sizeof(pair->branch));
    enter_branch(model, c, BRANCH_RED);
    enter_branch(model, c, BRANCH_GREEN);
    if (pair->rounds < 2) {
        enter_branch(model, c, BRANCH_BLUE);
    }
}

void pair_start(const struct model *model, struct model_case *c)
{
    c->pair = true;
    c->told = true;
    c->stage = AT_BOTH;
    c->branches.seen = 1; // at the start from empty
    enter_both(model, c);
    pair_tell(c);
}

static void finish_branch(const struct model *model, struct model_case *c, uint32_t branch)
{
    struct model_pair *pair = &c->branches;
    pair->branch[branch].open = false;
    if (++pair->done < 2) {
        return;
    }
    pair->exits++;
    if (pair->rounds < 3) {
        enter_both(model, c);
        return;
    }
    memset(pair->branch, 0, sizeof(pair->branch));
    c->timer_due = 0;
    c->stage = AT_END;
    c->end = "over";
    c->told = true;
    memset(c->side, 0, sizeof(c->side));
    memset(c->side_number, 0, sizeof(c->side_number));
}

// Whoever acts first on an offered task has the role from then on.
static void take_offered(const struct model *model, struct model_case *c, struct model_task *task,
                         uint32_t who)
{
    if (task->open && task->holder == 0 && staff_holds(&model->staff, who, task->role)) {
        task->offered = OF_NO_ROLE;
        task->holder = c->slot[task->role] = who;
    }
}

// The right is that of the role; a task is taken by a presser who holds none of them.
static const char *go_around(const struct model *model, struct model_case *c,
                             const struct event_pressed *pressed)
{
    struct model_right right = model_right_as(model, c, OF_WORKS, pressed->user);
    uint32_t who = right.whom != 0 ? right.whom : pressed->user;
    if (!right.allowed || right.whom != pressed->acting_for) {
        return "was pressed without a right to, or for somebody else than history says";
    }
    struct model_task *taken = NULL; // none when he holds one already
    bool holds = false;
    for (uint32_t i = 0; i < BRANCH_COUNT; i++) {
        struct model_task *task = &c->branches.branch[i];
        bool own = model_is_own(model, task, who);
        holds = holds || (own && task->holder != 0);
        taken = taken == NULL && own ? task : taken;
    }
    if (taken != NULL && !holds) {
        take_offered(model, c, taken, who);
    }
    if (!staff_holds(&model->staff, c->slot[OF_WORKS], OF_WORKS) &&
        staff_holds(&model->staff, who, OF_WORKS)) {
        c->slot[OF_WORKS] = who;
    }
    c->branches.exits++;
    enter_both(model, c);
    return NULL;
}

static const char *press_branch(const struct model *model, struct model_case *c,
                                const struct event_pressed *pressed)
{
    struct slice name = pressed->name;
    for (uint32_t i = 0; i < BRANCH_COUNT; i++) {
        bool is_done = name.len > 1 && slice_equal(slice_sub(name, 0, name.len - 1),
                                                   slice_from_cstr(names[i]));
        bool is_anew = i == BRANCH_GREEN && slice_equal(name, SLICE("anew"));
        if (!is_done && !is_anew) {
            continue;
        }
        struct model_task *task = &c->branches.branch[i];
        struct model_right right = model_right_on(model, task, pressed->user);
        if (!right.allowed || right.whom != pressed->acting_for) {
            return "was pressed in a branch that is not open, or not his, or not for whom history "
                   "says";
        }
        take_offered(model, c, task, right.whom != 0 ? right.whom : pressed->user);
        if (is_anew) {
            enter_branch(model, c, i);
        } else {
            finish_branch(model, c, i);
        }
        return NULL;
    }
    return "was pressed by a name that it does not have";
}

const char *pair_press(const struct model *model, struct model_case *c,
                       const struct event_pressed *pressed)
{
    const char *wrong = slice_equal(pressed->name, SLICE("around"))
                            ? go_around(model, c, pressed)
                            : press_branch(model, c, pressed);
    pair_tell(c);
    return wrong;
}

// However long nobody looked: once, and then at the next multiple of five days.
void pair_tick(struct model_case *c, uint64_t now_ms)
{
    struct model_pair *pair = &c->branches;
    pair->ticks++;
    pair->seen++;
    uint64_t times = (now_ms - pair->entered_ms) / five_days + 1;
    c->timer_due = pair->entered_ms + times * five_days;
}

const char *pair_stand(const struct model_case *c)
{
    uint32_t first = 0;
    while (first + 1 < BRANCH_COUNT && !c->branches.branch[first].open) {
        first++;
    }
    return names[first];
}

// --------------------------------------------------------------------------------- comparing

static const struct open_task *task_at(const struct instance *instance, const struct image *image,
                                       const char *name)
{
    uint32_t stage = image_find_stage(image, slice_from_cstr(name));
    const struct active_stage *at =
        stage == INDEX_NONE ? NULL : instance_active(instance, stage);
    return at == NULL ? NULL : instance_main_task(instance, at->entry);
}

static bool holds(const struct view *view, const struct instance *instance,
                  const struct image *image, const char *name, int64_t wanted)
{
    uint32_t field = image_find_field(image, slice_from_cstr(name));
    struct unpack unpack;
    unpack_init(&unpack, field == INDEX_NONE ? SLICE_EMPTY : view_field(view, instance, field));
    return unpack_int(&unpack) == wanted && !unpack.bad;
}

const char *pair_compare(const struct model_case *c, const struct view *view,
                         const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    if (program == NULL) {
        return "runs a program that cannot be read";
    }
    const struct image *image = &program->image;
    const struct model_pair *pair = &c->branches;
    for (uint32_t i = 0; i < BRANCH_COUNT && c->end == NULL; i++) {
        const struct open_task *task = task_at(instance, image, names[i]);
        const struct model_task *wanted = &pair->branch[i];
        if ((task != NULL) != wanted->open) {
            return "has another set of open branches";
        }
        if (task != NULL && (task->due != wanted->due || task->holder != wanted->holder)) {
            return "has a task in a branch that is due at another moment, or another person's";
        }
    }
    bool fields = holds(view, instance, image, "rounds", pair->rounds) &&
                  holds(view, instance, image, "exits", pair->exits) &&
                  holds(view, instance, image, "ticks", pair->ticks) &&
                  holds(view, instance, image, "seen", pair->seen);
    return fields ? NULL : "counted its entries, exits, ticks or changes differently";
}
