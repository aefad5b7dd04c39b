// The timeline of a case, from the records of the test's own journal, for a failed report.
#include "engine/model/record.h"
#include "engine/play/play_internal.h"

static struct slice user_name(const struct play *play, uint32_t user)
{
    const struct view_user *person = view_user(play->view, user);
    return person != NULL ? person->name : SLICE("nobody");
}

static struct slice stage_name(const struct play_case *found, uint32_t stage)
{
    const struct image *image = &found->program->image;
    return stage < image->stage_count ? image_slice(image, image->stage[stage].name) : SLICE("?");
}

static void say_task(const struct play *play, struct buf *out, const struct event *event)
{
    const struct event_task_opened *task = &event->task_opened;
    struct slice holder = task->holder != 0 ? user_name(play, task->holder)
                                            : view_role_name(play->view, task->offered);
    buf_format(out, "; task \"%.*s\" for %.*s due %.*s", SLICE_PRINT(task->title),
               SLICE_PRINT(holder), SLICE_PRINT(play_print_moment(play, task->due)));
}

// Adds what the event says to the line; most events say nothing that another one does not.
static void say_event(const struct play *play, struct buf *out, const struct play_case *found,
                      const struct record *record, const struct event *event)
{
    switch ((unsigned)event->kind) {
    case EVENT_INSTANCE_STARTED: buf_put_cstr(out, "; started"); break;
    case EVENT_REPEAT_JOINED: buf_put_cstr(out, "; a repeat joined it"); break;
    case EVENT_PRESSED:
        buf_format(out, "; %.*s does %.*s", SLICE_PRINT(user_name(play, record->on_behalf)),
                   SLICE_PRINT(event->pressed.name));
        break;
    case EVENT_STAGE_ENTERED:
        if (event->stage_entered.stage != 0) {
            buf_format(out, "; in %.*s",
                       SLICE_PRINT(stage_name(found, event->stage_entered.stage)));
        }
        break;
    case EVENT_BRANCH_DONE:
        buf_format(out, "; done with %.*s",
                   SLICE_PRINT(stage_name(found, event->branch_done.stage)));
        break;
    case EVENT_RULE_FIRED: buf_format(out, "; rule of line %u", event->rule_fired.line); break;
    case EVENT_TABLE_HIT:
        buf_format(out, "; %.*s: row %u", SLICE_PRINT(event->table_hit.name),
                   event->table_hit.row);
        break;
    case EVENT_HOOK_ASKED:
        buf_format(out, "; hook %.*s", SLICE_PRINT(event->hook_asked.name));
        break;
    case EVENT_TIMER_FIRED: buf_put_cstr(out, "; a timer fires"); break;
    case EVENT_OVERDUE_STEPPED:
        buf_format(out, "; overdue, rung %u", event->overdue_stepped.rung);
        break;
    case EVENT_TASK_OPENED: say_task(play, out, event); break;
    case EVENT_TASK_REPLANNED:
        buf_format(out, "; task due %.*s",
                   SLICE_PRINT(play_print_moment(play, event->task_replanned.due)));
        break;
    case EVENT_TASK_ASSIGNED:
        buf_format(out, "; task for %.*s",
                   SLICE_PRINT(user_name(play, event->task_assigned.holder)));
        break;
    case EVENT_CONVERTED: buf_format(out, "; %u cases started", event->converted.count); break;
    case EVENT_CHILD_ENDED:
        buf_format(out, "; a case under it ended in %.*s", SLICE_PRINT(event->child_ended.end));
        break;
    case EVENT_INSTANCE_ENDED:
        buf_format(out, "; ended in %.*s", SLICE_PRINT(event->instance_ended.name));
        break;
    case EVENT_INSTANCE_REOPENED: buf_put_cstr(out, "; opened again"); break;
    case EVENT_VERSION_MOVED:
        buf_format(out, "; comes to version %u", found->program->version);
        break;
    case EVENT_INCIDENT_OPENED:
        buf_format(out, "; incident: %.*s", SLICE_PRINT(event->incident_opened.text));
        break;
    default: break;
    }
}

static uint32_t play_of(const struct play *play, const struct play_report *report, uint64_t seq)
{
    uint32_t at = 0;
    while (at < report->plays && play->seqs[at] < seq) {
        at++;
    }
    return at;
}

static void say_record(const struct play *play, struct play_moment *lines, uint32_t *count,
                       const struct play_case *found, const struct record *record, uint32_t during)
{
    struct buf out;
    struct play_case then = *found; // on the version that it ran at that moment
    buf_init(&out, 8 * 1024);
    for (uint32_t i = 0; i < record->touched_count; i++) {
        const struct view_program *program = view_program(play->view, record->touched[i].program);
        if (record->touched[i].instance == found->instance->head.id && program != NULL) {
            then.program = program;
        }
    }
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (event_instance(&record->events[i]) == found->instance->head.id) {
            say_event(play, &out, &then, record, &record->events[i]);
        }
    }
    if (out.len > 2 && *count < PLAY_TIMELINE_MAX) {
        lines[*count] = (struct play_moment){
            play_print_moment(play, record->now_ms), during,
            arena_copy(play->arena, slice_sub(buf_slice(&out), 2, out.len)),
        };
        (*count)++;
    }
    buf_done(&out);
}

// Every record of the test, in order.
static void each_record(const struct play *play,
                        void (*each)(void *context, uint64_t seq, const struct record *record),
                        void *context)
{
    struct store_reader *reader;
    if (store_reader_open(play->store, &reader) != OK) {
        return;
    }
    uint64_t last = store_head(play->store)->seq;
    for (uint64_t seq = 1; seq <= last; seq++) {
        struct slice bytes;
        struct record record;
        store_reader_begin(reader);
        enum err err = store_reader_record(reader, seq, play->arena, &bytes, NULL);
        store_reader_end(reader);
        if (err == OK && record_decode(bytes, play->arena, &record) == OK) {
            each(context, seq, &record);
        }
    }
    store_reader_close(reader);
}

struct telling {
    const struct play *play;
    struct play_report *report;
    struct play_case found;
    struct play_moment *lines;
};

static void tell_record(void *context, uint64_t seq, const struct record *record)
{
    struct telling *telling = context;
    say_record(telling->play, telling->lines, &telling->report->timeline_count, &telling->found,
               record, play_of(telling->play, telling->report, seq));
}

void play_timeline(const struct play *play, struct play_report *report)
{
    struct telling telling = { .play = play, .report = report };
    if (!play_find_case(play, play->case_index, &telling.found)) {
        return;
    }
    telling.lines = ARENA_ARRAY(play->arena, struct play_moment, PLAY_TIMELINE_MAX);
    each_record(play, tell_record, &telling);
    report->case_name = play->plan->cases[play->case_index].name;
    report->timeline = telling.lines;
}

static void reach_record(void *context, uint64_t seq, const struct record *record)
{
    (void)seq;
    cover_record(context, record);
}

void play_cover(const struct play *play, struct cover *cover)
{
    cover_begin(cover);
    each_record(play, reach_record, cover);
}
