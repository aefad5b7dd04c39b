// Messages (rules 7, 33, 37): who awaits one, what it fills, what waits and what is only recorded.
#include "engine/decide/decide_outside.h"
#include "engine/decide/decide_version.h"
#include "engine/state/frame.h"

void message_emit(struct decide *d, uint64_t instance, const struct message *message,
                  enum message_outcome outcome, uint32_t signal)
{
    struct event event = { .kind = EVENT_MESSAGE_TAKEN };
    event.message_taken = (struct event_message_taken){
        .instance = instance, .connector = message->connector, .name = message->name,
        .became = (uint8_t)outcome, .kept = message->kept, .signal = signal,
        .form = outcome == MESSAGE_KEPT ? message->form : SLICE_EMPTY,
    };
    decide_emit(d, &event);
}

uint32_t message_signal(const struct image *image, const struct message *message)
{
    for (uint32_t i = 0; i < image->signal_count; i++) {
        const struct image_signal *signal = &image->signal[i];
        if (signal->is_call == 0 &&
            slice_equal(image_slice(image, signal->connector), message->connector) &&
            slice_equal(image_slice(image, signal->name), message->name)) {
            return i;
        }
    }
    return INDEX_NONE;
}

// --------------------------------------------------------------------------------- what it brings

static const struct image_param *find_param(const struct image *image, uint32_t signal,
                                            struct slice name)
{
    struct image_range params = image->signal[signal].params;
    for (uint32_t i = 0; i < params.count; i++) {
        if (slice_equal(image_slice(image, image->param[params.first + i].name), name)) {
            return &image->param[params.first + i];
        }
    }
    return NULL;
}

// Every value has a parameter of its name and fits its type; one refusal names all that do not.
static bool check_values(struct run *run, uint32_t signal, struct slice bytes)
{
    const struct image *image = &run->program->image;
    struct form form;
    form_open(&form, run, bytes);
    struct unpack unpack;
    unpack_init(&unpack, bytes);
    uint32_t pairs = bytes.len > 0 ? unpack_map(&unpack) : 0;
    for (uint32_t i = 0; i < pairs && !unpack.bad && form.bad.len < 2000; i++) {
        struct slice name = unpack_peek(&unpack) == PACK_STR ? unpack_str(&unpack) : SLICE_EMPTY;
        unpack_skip(&unpack);
        const struct image_param *param = find_param(image, signal, name);
        struct value value;
        if (param == NULL) {
            form_bad(&form, clip_text(name, NAME_BYTES_MAX), REFUSAL_BAD_FORM,
                     SLICE("the message has no parameter of this name"));
        } else if (!eval_coerce(&run->env, param->type, pack_map_find(bytes, name), &value)) {
            form_bad(&form, name, REFUSAL_BAD_FORM, run->env.refusal.message);
            run->env.refusal = (struct refusal){ 0 };
        }
    }
    return form_close(&form);
}

// --------------------------------------------------------------------------------- who awaits it

struct awaiting {
    uint32_t message; // handler of the image
    uint32_t entry, stage;
    uint32_t leaf;    // entry of the leaf from which it was found
};
struct awaiting_list {
    struct awaiting items[ACTIVE_STAGES_MAX];
    uint32_t count;
};

static uint32_t handler_at(const struct image *image, uint32_t stage, uint32_t signal)
{
    for (uint32_t i = 0; i < image->message_count; i++) {
        if (image->message[i].stage == stage && image->message[i].signal == signal) {
            return i;
        }
    }
    return INDEX_NONE;
}

static void add_awaiting(struct awaiting_list *list, struct awaiting found)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].entry == found.entry) {
            return; // two branches share the stage around them
        }
    }
    list->items[list->count++] = found;
}

// The innermost handler in each branch, in text order (rule 7).
static void find_awaiting(const struct instance *instance, const struct image *image,
                          uint32_t signal, struct awaiting_list *list)
{
    list->count = 0;
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    for (; leaf != NULL; leaf = instance_next_leaf(instance, 0, leaf)) {
        const struct active_stage *at = leaf;
        while (at != NULL) {
            uint32_t handler = handler_at(image, at->stage, signal);
            if (handler != INDEX_NONE) {
                add_awaiting(list, (struct awaiting){ handler, at->entry, at->stage,
                                                      leaf->entry });
                break;
            }
            at = at->around != 0 ? instance_entry(instance, at->around) : NULL;
        }
    }
}

static bool may_wait(const struct image *image, uint32_t signal)
{
    for (uint32_t i = 0; i < image->message_count; i++) {
        if (image->message[i].signal == signal && image->message[i].keep != 0) {
            return true;
        }
    }
    return false;
}

// Rule 26: what an escalation has frozen hears nothing, and misses nothing.
static bool is_frozen(const struct run *run, uint32_t signal)
{
    for (uint32_t level = 0; level < frame_count(run->instance); level++) {
        const struct frame *frame = view_frame(run->d->view, run->instance, level);
        for (uint32_t i = 0; frame != NULL && i < frame->head.stage_count; i++) {
            uint32_t stage = frame->stage[i].stage;
            if (handler_at(&run->program->image, stage, signal) != INDEX_NONE) {
                return true;
            }
        }
    }
    return false;
}

static bool awaits_anywhere(const struct image *image, uint32_t signal)
{
    for (uint32_t i = 0; i < image->message_count; i++) {
        if (image->message[i].signal == signal) {
            return true;
        }
    }
    return false;
}

// --------------------------------------------------------------------------------- giving it

static enum run_result run_handler(struct run *run, const struct awaiting *at, struct slice bytes)
{
    const struct image *image = &run->program->image;
    const struct image_message *handler = &image->message[at->message];
    struct form form;
    form_open(&form, run, bytes);
    for (uint32_t i = 0; i < handler->asks.count; i++) {
        (void)form_take_ask(&form, image->list[handler->asks.first + i], false);
    }
    if (!form_close(&form)) {
        return RUN_REFUSED;
    }
    run->braces = handler->stage;
    run->action_entry = at->entry;
    run->env.at = at->leaf;
    run->done_by_person = false;
    run->outcome = SLICE("message");
    return run_block(run, handler->block);
}

static enum run_result deliver(struct run *run, const struct message *message, uint32_t signal,
                               const struct awaiting_list *list)
{
    message_emit(run->d, run->instance->head.id, message, MESSAGE_DELIVERED, signal);
    for (uint32_t i = 0; i < list->count; i++) {
        bool left = instance_entry(run->instance, list->items[i].entry) == NULL;
        if (!left && run_handler(run, &list->items[i], message->form) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    return run->instance->head.status == INSTANCE_OPEN ? run_settle(run) : RUN_ON;
}

static enum run_result keep(struct run *run, const struct message *message, uint32_t signal)
{
    const struct instance *instance = run->instance;
    uint32_t count = 0;
    for (uint32_t i = 0; i < instance->head.kept_count; i++) {
        count += instance->kept[i].signal == signal ? 1u : 0u;
    }
    if (count >= KEPT_PER_SIGNAL_MAX || instance->head.kept_count >= KEPT_MAX) {
        return REFUSE(run->d, LIMIT, "as many messages `%.*s.%.*s` wait for case %llu as may: "
                      "KEPT_PER_SIGNAL_MAX = %d, KEPT_MAX = %d", SLICE_PRINT(message->connector),
                      SLICE_PRINT(message->name), (unsigned long long)instance->head.id,
                      KEPT_PER_SIGNAL_MAX, KEPT_MAX);
    }
    if (message->form.len > CALL_FORM_BYTES_MAX) {
        return REFUSE(run->d, LIMIT, "a message that waits has at most CALL_FORM_BYTES_MAX = %d "
                      "bytes", CALL_FORM_BYTES_MAX);
    }
    struct message kept = *message;
    uint32_t last = instance->head.kept_count;
    kept.kept = last == 0 ? 1 : instance->kept[last - 1].number + 1;
    message_emit(run->d, instance->head.id, &kept, MESSAGE_KEPT, signal);
    return RUN_ON;
}

static enum run_result say_unknown(struct decide *d, const struct message *message,
                                   struct slice who)
{
    return REFUSE(d, UNKNOWN_MESSAGE, "%.*s awaits a message `%.*s.%.*s`", SLICE_PRINT(who),
                  SLICE_PRINT(clip_text(message->connector, NAME_BYTES_MAX)),
                  SLICE_PRINT(clip_text(message->name, NAME_BYTES_MAX)));
}

enum run_result message_give(struct run *run, const struct message *message)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    uint64_t id = run->instance->head.id;
    uint32_t signal = message_signal(image, message);
    if (signal == INDEX_NONE || !awaits_anywhere(image, signal)) {
        return say_unknown(d, message, arena_format(d->arena, "nothing in case %llu",
                                                    (unsigned long long)id));
    }
    if (!check_values(run, signal, message->form)) {
        return RUN_REFUSED;
    }
    if (run->instance->head.status == INSTANCE_ENDED) {
        message_emit(d, id, message, MESSAGE_ENDED, signal);
        return RUN_ON;
    }
    struct awaiting_list list;
    find_awaiting(run->instance, image, signal, &list);
    if (list.count > 0) {
        return deliver(run, message, signal, &list);
    }
    if (message->kept == 0 && (may_wait(image, signal) || is_frozen(run, signal))) {
        return keep(run, message, signal);
    }
    message_emit(d, id, message, MESSAGE_NOT_AWAITED, signal);
    return RUN_ON;
}

// --------------------------------------------------------------------------------- those that wait

// Rule 37: oldest first, on entry of a stage that awaits them. Each is a command of its own, so
// that what a message cannot do does not undo what a person has said.
void run_wake_kept(struct run *run)
{
    const struct instance *instance = run->instance;
    for (uint32_t i = 0; i < instance->head.kept_count; i++) {
        struct awaiting_list list;
        find_awaiting(instance, &run->program->image, instance->kept[i].signal, &list);
        if (list.count > 0) {
            struct decide_follow follow = { .kind = COMMAND_DELIVER,
                                            .parent = instance->head.id,
                                            .number = instance->kept[i].number };
            decide_push_follow(run->d, &follow);
            return;
        }
    }
}

// Rule 33: what waited is told of when the case is over.
void run_drop_kept(struct run *run)
{
    while (run->instance->head.kept_count > 0) {
        struct kept_message kept = run->instance->kept[0];
        struct view_kept_row row = { 0 };
        (void)view_kept(run->d->view, run->instance->head.id, kept.number, &row);
        struct message message = { .connector = arena_copy(run->d->arena, row.connector),
                                   .name = arena_copy(run->d->arena, row.name),
                                   .kept = kept.number };
        uint16_t before = run->instance->head.kept_count;
        message_emit(run->d, run->instance->head.id, &message, MESSAGE_DROPPED, kept.signal);
        if (run->instance->head.kept_count >= before) {
            return; // the row is damaged, and the store has said so
        }
    }
}

void decide_deliver(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    struct view_kept_row row;
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    if (!view_kept(d->view, d->command->instance, d->command->task, &row)) {
        (void)REFUSE(d, STALE, "this message no longer waits");
        return;
    }
    struct message message = { .connector = arena_copy(d->arena, row.connector),
                               .name = arena_copy(d->arena, row.name),
                               .form = arena_copy(d->arena, row.form),
                               .kept = d->command->task };
    uint32_t signal = message_signal(&run->program->image, &message);
    struct awaiting_list list = { .count = 0 };
    if (signal != INDEX_NONE) {
        find_awaiting(run->instance, &run->program->image, signal, &list);
    }
    if (list.count == 0) {
        (void)REFUSE(d, STALE, "nothing awaits this message now");
        return;
    }
    (void)deliver(run, &message, signal, &list);
}

// --------------------------------------------------------------------------------- which case

struct candidates {
    uint64_t awaiting; // open, and a handler is active
    uint64_t open, ended;
    uint32_t intake;   // process that it may begin, or 0
    bool known;        // some active process has to do with it
};

static void look_at_case(struct decide *d, uint64_t id, const struct message *message,
                         struct candidates *found)
{
    const struct instance *instance = view_instance(d->view, id, NULL);
    const struct view_program *program =
        instance != NULL ? view_program(d->view, instance->head.program) : NULL;
    uint32_t signal = program != NULL ? message_signal(&program->image, message) : INDEX_NONE;
    if (signal == INDEX_NONE || !awaits_anywhere(&program->image, signal)) {
        return;
    }
    if (instance->head.status == INSTANCE_ENDED) {
        found->ended = id > found->ended ? id : found->ended;
        return;
    }
    struct awaiting_list list;
    find_awaiting(instance, &program->image, signal, &list);
    if (list.count > 0 && found->awaiting == 0) {
        found->awaiting = id;
    }
    found->open = found->open != 0 ? found->open : id;
}

// The cases of one process that hold a value of the message as their key.
static void look_at_keys(struct run *run, uint32_t signal, const struct message *message,
                         struct candidates *found)
{
    const struct image *image = &run->program->image;
    struct decide *d = run->d;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct slice name = image_slice(image, image->field[field].name);
        if (find_param(image, signal, name) == NULL) {
            continue;
        }
        struct slice raw = pack_map_find(message->form, name);
        struct value value;
        struct slice key;
        struct view_key_row row;
        bool given = raw.len > 0 && eval_coerce(&run->env, image->field[field].type, raw, &value);
        run->env.refusal = (struct refusal){ 0 };
        if (!given || !fields_normalise(run, field, &value) ||
            !fields_key_of(run, field, &value, &key) || key.len > KEY_BYTES_MAX ||
            !fields_look_up(run, field, key, &row)) {
            continue;
        }
        if (row.open != 0) {
            look_at_case(d, row.open, message, found);
        }
        if (row.ended != 0) {
            look_at_case(d, row.ended, message, found);
        }
    }
}

static bool begins_with(const struct image *image, uint32_t signal)
{
    for (uint32_t i = 0; i < image->intake_count; i++) {
        if (image->intake[i].signal == signal) {
            return true;
        }
    }
    return false;
}

static struct candidates find_candidates(struct decide *d, const struct message *message)
{
    struct candidates found = { 0 };
    uint32_t processes = view_counters(d->view)->next_process;
    for (uint32_t process = 1; process < processes && !decide_refused(d); process++) {
        const struct view_program *program = view_active(d->view, process);
        uint32_t signal = program != NULL ? message_signal(&program->image, message) : INDEX_NONE;
        if (signal == INDEX_NONE) {
            continue;
        }
        found.known = true;
        struct run *run = ARENA_NEW(d->arena, struct run);
        decide_open_form_run(run, d, program);
        if (!check_values(run, signal, message->form)) {
            return found;
        }
        look_at_keys(run, signal, message, &found);
        if (found.intake == 0 && begins_with(&program->image, signal)) {
            found.intake = process;
        }
    }
    return found;
}

static void give_to(struct decide *d, uint64_t id, const struct message *message)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    enum err err;
    const struct instance *instance = view_instance(d->view, id, &err);
    if (instance == NULL && err == ERR_NOT_FOUND) {
        (void)REFUSE(d, UNKNOWN_INSTANCE, "there is no case %llu", (unsigned long long)id);
    } else if (instance == NULL) {
        (void)REFUSE(d, ROW_DAMAGED, "the stored row of case %llu does not validate",
                     (unsigned long long)id);
    } else if (run_open(run, d, instance)) {
        (void)message_give(run, message);
        decide_note_origin(d, id);
    }
}

static void find_and_give(struct decide *d, const struct message *message)
{
    struct candidates found = find_candidates(d, message);
    if (decide_refused(d)) {
        return;
    }
    if (!found.known) {
        (void)say_unknown(d, message, SLICE("no active process"));
    } else if (found.awaiting != 0) {
        give_to(d, found.awaiting, message);
    } else if (found.intake != 0) {
        decide_begin(d, view_active(d->view, found.intake), message->connector, message->name);
    } else if (found.open != 0 || found.ended != 0) {
        give_to(d, found.open != 0 ? found.open : found.ended, message);
    } else {
        (void)REFUSE(d, UNKNOWN_INSTANCE, "no case is found by what message `%.*s.%.*s` brings",
                     SLICE_PRINT(message->connector), SLICE_PRINT(message->name));
    }
}

void decide_message(struct decide *d)
{
    const struct command *command = d->command;
    struct message message = { .connector = command->connector, .name = command->name,
                               .form = command->form };
    uint64_t known;
    if (command->source.len > 0 && view_imported(d->view, command->source, command->row, &known)) {
        d->already = known; // delivered before, under the same number
        return;
    }
    if (command->instance != 0) {
        give_to(d, command->instance, &message);
    } else {
        find_and_give(d, &message);
    }
}
