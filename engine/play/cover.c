#include "engine/play/cover.h"

#include "base/check.h"
#include "engine/model/record.h"

enum { COVER_ARENA_BYTES_MAX = 256 * 1024 * 1024, COVER_CASES_MAX = 4096, COVER_TASKS_MAX = 64 };

struct cover_program {
    const struct compile_program *compiled;
    struct image image;
    bool *stages, *actions, *ends, *rungs, *rows;
    bool *ladders; // those that something of the process climbs
    uint32_t number; // of the process in the store of the test in hand
};

// A case of the test in hand, and the ladders of its open tasks.
struct cover_case {
    uint64_t instance;
    struct cover_program *program;
    uint32_t overdue[COVER_TASKS_MAX]; // by task number: ladder, or INDEX_NONE
};

struct cover_cases {
    struct cover_case items[COVER_CASES_MAX];
    uint32_t count;
};

static void note_ladders(struct cover_program *program)
{
    const struct image *image = &program->image;
    for (uint32_t i = 0; i < image->step_count; i++) {
        if (image->step[i].kind == STEP_RETRY) {
            program->ladders[image->step[i].a] = true;
        }
    }
    for (uint32_t i = 0; i < image->task_count; i++) {
        if (image->task[i].overdue != INDEX_NONE) {
            program->ladders[image->task[i].overdue] = true;
        }
    }
}

void cover_init(struct cover *cover, const struct compile_result *set)
{
    CHECK(compile_is_good(set));
    *cover = (struct cover){ .program_count = set->program_count, .set = set };
    arena_init(&cover->arena, COVER_ARENA_BYTES_MAX);
    cover->programs = ARENA_ARRAY(&cover->arena, struct cover_program, set->program_count + 1);
    cover->cases = ARENA_NEW(&cover->arena, struct cover_cases);
    for (uint32_t i = 0; i < set->program_count; i++) {
        struct cover_program *program = &cover->programs[i];
        program->compiled = &set->programs[i];
        enum err err = image_open(program->compiled->image, &program->image);
        CHECK(err == OK); // promised by the compiler
        const struct image *image = &program->image;
        program->stages = ARENA_ARRAY(&cover->arena, bool, image->stage_count + 1);
        program->actions = ARENA_ARRAY(&cover->arena, bool, image->action_count + 1);
        program->ends = ARENA_ARRAY(&cover->arena, bool, image->end_count + 1);
        program->rungs = ARENA_ARRAY(&cover->arena, bool, image->rung_count + 1);
        program->rows = ARENA_ARRAY(&cover->arena, bool, image->row_count + 1);
        program->ladders = ARENA_ARRAY(&cover->arena, bool, image->ladder_count + 1);
        note_ladders(program);
    }
}

void cover_done(struct cover *cover) { arena_done(&cover->arena); }

// ------------------------------------------------------------------------------------ reaching

void cover_begin(struct cover *cover)
{
    cover->cases->count = 0;
    for (uint32_t i = 0; i < cover->program_count; i++) {
        cover->programs[i].number = UINT32_MAX; // every test numbers the processes anew
    }
}

static void reach(bool *marks, uint32_t at, uint32_t count)
{
    if (at < count) {
        marks[at] = true;
    }
}

static void reach_rung(struct cover_program *program, uint32_t ladder, uint32_t rung)
{
    const struct image *image = &program->image;
    if (ladder < image->ladder_count && rung > 0 && rung <= image->ladder[ladder].rungs.count) {
        program->rungs[image->ladder[ladder].rungs.first + rung - 1] = true;
    }
}

static void reach_row(struct cover_program *program, const struct event_table_hit *hit)
{
    const struct image *image = &program->image;
    for (uint32_t i = 0; i < image->table_count; i++) {
        bool same = slice_equal(image_slice(image, image->table[i].name), hit->name);
        if (same && hit->row > 0 && hit->row <= image->table[i].rows.count) {
            program->rows[image->table[i].rows.first + hit->row - 1] = true;
        }
    }
}

static void note_process(struct cover *cover, const struct event_process_named *named)
{
    for (uint32_t i = 0; i < cover->program_count; i++) {
        if (slice_equal(cover->programs[i].compiled->process, named->name)) {
            cover->programs[i].number = named->process;
        }
    }
}

// A `reload`: what is started from now on is no longer of this set.
static void forget_process(struct cover *cover, uint32_t process)
{
    for (uint32_t i = 0; i < cover->program_count; i++) {
        if (cover->programs[i].number == process) {
            cover->programs[i].number = 0;
        }
    }
}

static void note_case(struct cover *cover, const struct event_instance_started *started)
{
    struct cover_cases *cases = cover->cases;
    for (uint32_t i = 0; i < cover->program_count && cases->count < COVER_CASES_MAX; i++) {
        if (cover->programs[i].number == started->process) {
            struct cover_case *found = &cases->items[cases->count++];
            *found = (struct cover_case){ .instance = started->instance,
                                          .program = &cover->programs[i] };
            memset(found->overdue, 0xff, sizeof(found->overdue));
            return;
        }
    }
}

static struct cover_case *find_case(struct cover *cover, uint64_t instance)
{
    struct cover_cases *cases = cover->cases;
    for (uint32_t i = cases->count; i-- > 0;) {
        if (cases->items[i].instance == instance) {
            return &cases->items[i];
        }
    }
    return NULL;
}

static void cover_event(struct cover_case *found, const struct event *event)
{
    struct cover_program *program = found->program;
    const struct image *image = &program->image;
    const struct event_task_opened *opened = &event->task_opened;
    switch ((unsigned)event->kind) {
    case EVENT_STAGE_ENTERED:
        reach(program->stages, event->stage_entered.stage, image->stage_count);
        break;
    case EVENT_PRESSED: reach(program->actions, event->pressed.action, image->action_count); break;
    case EVENT_INSTANCE_ENDED:
        reach(program->ends, event->instance_ended.end, image->end_count);
        break;
    case EVENT_TABLE_HIT: reach_row(program, &event->table_hit); break;
    case EVENT_TASK_OPENED:
        if (opened->task < COVER_TASKS_MAX) {
            found->overdue[opened->task] = opened->def < image->task_count
                                               ? image->task[opened->def].overdue : INDEX_NONE;
        }
        break;
    case EVENT_TASK_REPLANNED:
        reach_rung(program, event->task_replanned.ladder, event->task_replanned.rung);
        break;
    case EVENT_OVERDUE_STEPPED:
        if (event->overdue_stepped.task < COVER_TASKS_MAX) {
            reach_rung(program, found->overdue[event->overdue_stepped.task],
                       event->overdue_stepped.rung);
        }
        break;
    default: break;
    }
}

void cover_record(struct cover *cover, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_PROCESS_NAMED) {
            note_process(cover, &event->process_named);
        } else if (event->kind == EVENT_INSTANCE_STARTED) {
            note_case(cover, &event->instance_started);
        } else if (event->kind == EVENT_PROGRAM_ACTIVATED && event->program_activated.was != 0) {
            forget_process(cover, event->program_activated.process);
        }
        struct cover_case *found = find_case(cover, event_instance(event));
        if (found != NULL && event->kind == EVENT_VERSION_MOVED) {
            found->instance = 0; // from here on it reaches parts of another file
        } else if (found != NULL) {
            cover_event(found, event);
        }
    }
}

// ------------------------------------------------------------------------------------ gaps

struct walk {
    struct cover *cover;
    const struct cover_program *program;
    cover_gap_fn *each;
    void *context;
    uint32_t reached, parts;
};

static void visit(struct walk *walk, bool reached, const char *kind, struct slice name,
                  uint32_t line)
{
    walk->parts++;
    walk->reached += reached ? 1 : 0;
    if (!reached && walk->each != NULL) {
        struct cover_gap gap = { .process = walk->program->compiled->process,
                                 .file = walk->program->compiled->files[0], .kind = kind,
                                 .name = name, .line = line };
        walk->each(walk->context, &gap);
    }
}

static void visit_ladders(struct walk *walk)
{
    const struct image *image = &walk->program->image;
    for (uint32_t i = 0; i < image->ladder_count; i++) {
        const struct image_ladder *ladder = &image->ladder[i];
        for (uint32_t r = 0; walk->program->ladders[i] && r < ladder->rungs.count; r++) {
            visit(walk, walk->program->rungs[ladder->rungs.first + r], "rung",
                  arena_format(&walk->cover->arena, "%u of ladder %.*s", r + 1,
                               SLICE_PRINT(image_slice(image, ladder->name))), 0);
        }
    }
}

static bool is_of_library(const struct compile_result *set, struct slice table)
{
    for (uint32_t i = 0; i < set->library_table_count; i++) {
        if (slice_equal(set->library_tables[i], table)) {
            return true;
        }
    }
    return false;
}

static void visit_program(struct walk *walk)
{
    const struct image *image = &walk->program->image;
    struct arena *arena = &walk->cover->arena;
    for (uint32_t i = 1; i < image->stage_count; i++) { // 0 is the body
        visit(walk, walk->program->stages[i], "stage", image_slice(image, image->stage[i].name),
              image->stage[i].line);
    }
    for (uint32_t i = 0; i < image->action_count; i++) {
        const struct image_action *action = &image->action[i];
        struct slice name = image_slice(image, action->name);
        if (action->stage != 0) {
            name = arena_format(arena, "%.*s at stage %.*s", SLICE_PRINT(name),
                                SLICE_PRINT(image_slice(image, image->stage[action->stage].name)));
        }
        visit(walk, walk->program->actions[i], "action", name, action->line);
    }
    visit_ladders(walk);
    for (uint32_t i = 0; i < image->table_count; i++) {
        const struct image_table *table = &image->table[i];
        bool own = !is_of_library(walk->cover->set, image_slice(image, table->name));
        for (uint32_t r = 0; own && r < table->rows.count; r++) {
            visit(walk, walk->program->rows[table->rows.first + r], "row",
                  arena_format(arena, "%u of table %.*s", r + 1,
                               SLICE_PRINT(image_slice(image, table->name))), 0);
        }
    }
    for (uint32_t i = 0; i < image->end_count; i++) {
        visit(walk, walk->program->ends[i], "end", image_slice(image, image->end[i].name),
              image->end[i].line);
    }
}

void cover_gaps(struct cover *cover, cover_gap_fn *each, void *context, uint32_t *ret_reached,
                uint32_t *ret_parts)
{
    struct walk walk = { .cover = cover, .each = each, .context = context };
    for (uint32_t i = 0; i < cover->program_count; i++) {
        walk.program = &cover->programs[i];
        if (!walk.program->compiled->of_library) {
            visit_program(&walk);
        }
    }
    *ret_reached = walk.reached;
    *ret_parts = walk.parts;
}
