// What people do in a test: presses, and what they do beside them.
#include "engine/decide/rights.h"
#include "engine/play/play_internal.h"

// What the person knows of the case; it is there from the first time on.
static struct play_hand *hand_of(struct play *play, const struct test_play *line)
{
    struct play_hand *hand = play->hands;
    while (hand != NULL && (hand->user != line->user || hand->case_index != line->case_index)) {
        hand = hand->next;
    }
    if (hand == NULL) {
        hand = ARENA_NEW(play->arena, struct play_hand);
        *hand = (struct play_hand){ play->hands, line->user, line->case_index, false, 0, 0,
                                    { .kind = COMMAND_NONE } };
        play->hands = hand;
    }
    return hand;
}

// In several places at once the engine finds the one where this person may press it.
static void see(const struct play_case *found, uint32_t *ret_entry, uint32_t *ret_task)
{
    const struct active_stage *leaf = instance_next_leaf(found->instance, 0, NULL);
    const struct open_task *task = instance_main_task(found->instance, 0);
    bool lone = leaf != NULL && instance_next_leaf(found->instance, 0, leaf) == NULL;
    *ret_entry = lone ? leaf->entry : 0;
    *ret_task = lone && task != NULL ? task->number : 0;
}

static bool find_case(struct play *play, const struct test_play *line, struct play_case *found)
{
    play->case_index = line->case_index;
    if (play_find_case(play, line->case_index, found)) {
        return true;
    }
    play_fail_line(play, line, SLICE("a case that was started"),
                   play_where(play, line->case_index));
    return false;
}

void play_press(struct play *play, const struct test_play *line)
{
    struct play_case found;
    if (!find_case(play, line, &found)) {
        return;
    }
    struct play_hand *hand = hand_of(play, line);
    if (!hand->looked) {
        see(&found, &hand->entry, &hand->task);
    }
    bool *chosen = ARENA_ARRAY(play->arena, bool, line->with_count + 1);
    hand->pressed = (struct command){
        .kind = COMMAND_PRESS, .as = play_user(play, line->user), .name = line->action,
        .client = play->repeats ? SLICE("test") : SLICE_EMPTY, .request = ++play->request,
        .instance = found.instance->head.id, .entry = hand->entry, .task = hand->task,
        .form = play_pack_form(play, line, chosen, false),
    };
    struct core_answer answer = play_command(play, &hand->pressed);
    (void)play_judge(play, line, &answer);
}

// The same words under the same request id: the first answer, and nothing happens twice.
static void repeat(struct play *play, const struct test_play *line)
{
    const struct play_hand *hand = hand_of(play, line);
    if (hand->pressed.kind == COMMAND_NONE) {
        play_fail_line(play, line, SLICE("something to say again"),
                       SLICE("he has pressed nothing on this case"));
        return;
    }
    struct core_answer answer = play_command(play, &hand->pressed);
    if (play_judge(play, line, &answer) && !answer.repeated) {
        play_fail_line(play, line, SLICE("the first answer once more"),
                       SLICE("it was carried out again"));
    }
}

static void look(struct play *play, const struct test_play *line)
{
    struct play_case found;
    if (find_case(play, line, &found)) {
        struct play_hand *hand = hand_of(play, line);
        hand->looked = true;
        see(&found, &hand->entry, &hand->task);
    }
}

// The side task of that title; else the case's own task, the one that he sees if there are several.
static uint32_t task_of(const struct play *play, const struct test_play *line,
                        const struct play_case *found)
{
    const struct instance *instance = found->instance;
    uint32_t first = 0;
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        bool side = (task->flags & TASK_FLAG_SIDE) != 0;
        struct rights_task offer = rights_task_of(found->program, instance, task);
        bool wanted = line->deed == TEST_DEED_FINISHES
                          ? slice_equal(view_task_title(play->view, instance, task), line->title)
                          : rights_shown(play->view, &offer, play->users[line->user]);
        if (side == (line->deed == TEST_DEED_FINISHES) && wanted) {
            return task->number;
        }
        first = first == 0 && !side ? task->number : first;
    }
    return line->deed == TEST_DEED_FINISHES ? 0 : first;
}

static enum command_kind command_of(enum test_deed deed)
{
    switch (deed) {
    case TEST_DEED_UNDOES: return COMMAND_UNDO;
    case TEST_DEED_REOPENS: return COMMAND_REOPEN;
    case TEST_DEED_CLAIMS: return COMMAND_CLAIM;
    case TEST_DEED_EDITS: return COMMAND_EDIT;
    case TEST_DEED_MOVES: return COMMAND_MOVE;
    case TEST_DEED_GIVES: return COMMAND_REASSIGN;
    case TEST_DEED_ADDS: return COMMAND_SIDE_TASK;
    case TEST_DEED_FINISHES: return COMMAND_FINISH;
    case TEST_DEED_LOOKS:
    case TEST_DEED_REPEATS: break;
    }
    return COMMAND_NONE;
}

void play_deed(struct play *play, const struct test_play *line)
{
    struct play_case found;
    if (line->deed == TEST_DEED_LOOKS || line->deed == TEST_DEED_REPEATS) {
        (line->deed == TEST_DEED_LOOKS ? look : repeat)(play, line);
        return;
    }
    if (!find_case(play, line, &found)) {
        return;
    }
    bool *chosen = ARENA_ARRAY(play->arena, bool, line->with_count + 1);
    struct command command = {
        .kind = command_of(line->deed), .as = play_user(play, line->user),
        .name = line->target, .instance = found.instance->head.id,
        .form = play_pack_form(play, line, chosen, false),
    };
    bool on_task = command.kind == COMMAND_CLAIM || command.kind == COMMAND_REASSIGN ||
                   command.kind == COMMAND_FINISH;
    command.task = on_task ? task_of(play, line, &found) : 0;
    command.text = command.kind == COMMAND_MOVE        ? line->text // a reason is needed
                   : command.kind == COMMAND_SIDE_TASK ? line->title
                                                       : SLICE_EMPTY;
    struct core_answer answer = play_command(play, &command);
    (void)play_judge(play, line, &answer);
}

// --------------------------------------------------------------------------------- children

struct child_search {
    const struct play *play;
    struct slice process;
    uint32_t collection;
    uint64_t found;
};

static bool has_name(const struct play *play, uint64_t instance)
{
    bool named = false;
    for (uint32_t i = 0; i < play->plan->case_count && !named; i++) {
        named = play->instances[i] == instance;
    }
    return named;
}

static bool is_wanted(void *context, const struct view_child_row *row)
{
    struct child_search *search = context;
    const struct view *view = search->play->view;
    const struct instance *child = view_instance(view, row->child, NULL);
    const struct view_program *program =
        child == NULL ? NULL : view_program(view, child->head.program);
    bool same = program != NULL && row->collection == search->collection &&
                slice_equal(image_slice(&program->image, program->image.process[0].name),
                            search->process) &&
                !has_name(search->play, row->child);
    search->found = same ? row->child : 0;
    return !same;
}

// The oldest child of the collection that runs the process and has no name yet gets one.
void play_child(struct play *play, const struct test_play *line)
{
    struct play_case above;
    play->case_index = line->parent;
    if (!play_find_case(play, line->parent, &above)) {
        play_fail_line(play, line, SLICE("a case with children"), play_where(play, line->parent));
        return;
    }
    struct child_search search = {
        .play = play, .process = line->process,
        .collection = image_find_collection(&above.program->image, line->target),
    };
    view_children(play->view, above.instance->head.id, is_wanted, &search);
    if (search.found == 0) {
        play_fail_line(play, line, SLICE("such a child, without a name so far"),
                       arena_format(play->arena, "there is none: %.*s",
                                    SLICE_PRINT(play_where(play, line->parent))));
        return;
    }
    play->instances[line->case_index] = search.found;
    play->case_index = line->case_index;
}
