// What `rung verify` proves: the chain holds, replay equals the view row by row, nothing open is
// asleep, and the index rows are those that the instances call for, no more and no fewer.
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/value.h"
#include "engine/core/core_internal.h"
#include "engine/state/frame.h"

enum { FOLD_BATCH = 1000 };

struct verify {
    struct store_reader *reader;
    struct core_verify *out;
    store_progress_fn *progress;
    void *context;
    uint64_t last;
    uint64_t now_ms; // of the record folded last
};

static enum err fault(struct verify *verify, const char *text, unsigned long long number)
{
    if (verify->out->message[0] == '\0') {
        (void)snprintf(verify->out->message, sizeof(verify->out->message), "%s %llu", text, number);
    }
    return ERR_MISMATCH;
}

// --------------------------------------------------------------------------------- replay

static enum err fold_one(struct verify *verify, struct store *scratch, struct state *state,
                         struct arena *arena, uint64_t seq)
{
    struct slice bytes;
    store_reader_begin(verify->reader);
    enum err err = store_reader_record(verify->reader, seq, arena, &bytes, NULL);
    store_reader_end(verify->reader);
    struct record record;
    if (err == OK) {
        err = record_decode(bytes, arena, &record);
    }
    if (err != OK) {
        return fault(verify, "this record does not decode: seq", seq);
    }
    if (record.now_ms < verify->now_ms) {
        return fault(verify, "this record is earlier than the one before it: seq", seq);
    }
    verify->now_ms = record.now_ms;
    state_command_begin(state, record.now_ms);
    evolve_fold(state, &record, seq);
    err = state_command_store(state);
    if (err != OK) {
        return fault(verify, "this record does not fold: seq", seq);
    }
    (void)store_append(scratch, bytes, record.now_ms);
    store_command_accept(scratch);
    verify->out->records++;
    return OK;
}

static enum err end_batch(struct store *scratch, uint64_t seq)
{
    enum err err = store_commit(scratch);
    if (err == OK && store_wants_freeze(scratch, seq * 1000, false)) {
        store_freeze(scratch, seq * 1000);
        err = store_flush(scratch);
        if (err == OK) {
            store_flush_done(scratch);
        }
    }
    return err;
}

// The records after `before`, up to verify->last.
static enum err fold_after(struct verify *verify, struct store *scratch, struct state *state,
                           uint64_t before)
{
    struct arena arena;
    arena_init(&arena, 256 * 1024 * 1024);
    enum err err = OK;
    for (uint64_t seq = before + 1; seq <= verify->last && err == OK; seq++) {
        err = fold_one(verify, scratch, state, &arena, seq);
        if (err == OK && (seq % FOLD_BATCH == 0 || seq == verify->last)) {
            err = end_batch(scratch, seq);
            arena_reset(&arena);
            if (verify->progress != NULL) {
                verify->progress(verify->context, seq, verify->last);
            }
        }
    }
    arena_done(&arena);
    return err;
}

// Folds everything, and what is committed meanwhile, until the reader sees just what was folded; it
// stays between begin and end then.
static enum err fold_all(struct verify *verify, struct store *scratch)
{
    struct state *state;
    enum err err = state_open(scratch, &state);
    if (err != OK) {
        return err;
    }
    uint64_t folded = 0;
    while (err == OK) {
        err = fold_after(verify, scratch, state, folded);
        folded = verify->last;
        if (err == OK) {
            store_reader_begin(verify->reader);
            verify->last = store_reader_seq(verify->reader);
            if (verify->last == folded) {
                break;
            }
            store_reader_end(verify->reader);
        }
    }
    state_close(state);
    return err;
}

static enum err compare(struct verify *verify, struct store *scratch)
{
    struct store_reader *other = NULL;
    enum err err = store_reader_open(scratch, &other);
    if (err != OK) {
        return err;
    }
    char what[200] = "";
    store_reader_begin(other);
    err = store_compare(verify->reader, other, &verify->out->rows, what, sizeof(what));
    store_reader_end(other);
    store_reader_close(other);
    if (err == ERR_MISMATCH) {
        (void)snprintf(verify->out->message, sizeof(verify->out->message),
                       "the view differs from the journal: %s", what);
    }
    return err;
}

static enum err replay(struct verify *verify, const char *scratch_path)
{
    struct store_options options = { .path = scratch_path, .create = true };
    struct store_problem problem = { 0 };
    struct store *scratch = NULL;
    // A run that was killed may have left its store behind.
    enum err err = store_remove(scratch_path);
    if (err == OK) {
        err = store_open(&options, &scratch, &problem);
    }
    if (err != OK) {
        (void)snprintf(verify->out->message, sizeof(verify->out->message), "%s", problem.message);
        return err;
    }
    err = fold_all(verify, scratch);
    if (err == OK) {
        err = compare(verify, scratch);
        store_reader_end(verify->reader);
    }
    store_close(scratch, true);
    const enum err removed = store_remove(scratch_path);
    return err == OK ? removed : err;
}

// --------------------------------------------------------------------------------- indexes

struct index_walk {
    struct verify *verify;
    const struct view *view;
    uint64_t now_ms;
    uint64_t tasks, timers, overdue, absences, keys, children, open_children, kept, calls;
    uint32_t *loads; // by user
    uint32_t users;
};

static void index_fault(struct index_walk *walk, const char *text, uint64_t instance)
{
    walk->verify->out->index_faults++;
    (void)fault(walk->verify, text, (unsigned long long)instance);
}

static void check_tasks(struct index_walk *walk, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        walk->tasks++;
        walk->overdue += task->overdue_next != 0 ? 1u : 0u;
        if (task->holder != 0 && task->holder < walk->users) {
            walk->loads[task->holder]++;
        }
        if (view_task_title(walk->view, instance, task).len == 0) {
            index_fault(walk, "an open task has no index row: case", instance->head.id);
        }
    }
}

struct timer_search {
    uint64_t instance;
    uint32_t number;
    bool overdue, found;
};

static bool is_timer(void *context, const struct view_timer_row *row)
{
    struct timer_search *search = context;
    search->found = row->instance == search->instance && row->timer == search->number &&
                    row->overdue == search->overdue;
    return !search->found;
}

static void check_timer(struct index_walk *walk, const struct instance *instance, uint64_t due,
                        uint32_t number, bool overdue)
{
    struct timer_search search = { instance->head.id, number, overdue, false };
    view_timers(walk->view, (struct view_timer_place){ due, instance->head.id }, due, is_timer,
                &search);
    if (!search.found) {
        index_fault(walk, "a timer has no index row at its moment: case", instance->head.id);
    }
}

static void check_timers(struct index_walk *walk, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->head.timer_count; i++) {
        check_timer(walk, instance, instance->timer[i].due, instance->timer[i].number, false);
    }
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        if (instance->task[i].overdue_next != 0) {
            check_timer(walk, instance, instance->task[i].overdue_next, instance->task[i].number,
                        true);
        }
    }
}

// As decide spells a key: texts as they are, everything else as it prints.
static struct slice spell_key(struct arena *arena, const struct value *value)
{
    if (value->kind == VALUE_TEXT) {
        return value->text;
    }
    struct buf buf;
    buf_init(&buf, KEY_BYTES_MAX * 4);
    value_print(&buf, value);
    struct slice text = arena_copy(arena, buf_slice(&buf));
    buf_done(&buf);
    return text;
}

static void check_keys(struct index_walk *walk, const struct instance *instance)
{
    const struct view_program *program = view_program(walk->view, instance->head.program);
    if (program == NULL) {
        index_fault(walk, "the process version cannot be read: case", instance->head.id);
        return;
    }
    const struct image *image = &program->image;
    struct arena *arena = view_arena(walk->view);
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct slice packed = view_field(walk->view, instance, field);
        struct unpack unpack;
        unpack_init(&unpack, packed);
        struct value value = packed.len > 0 ? value_unpack(&unpack, arena) : value_empty();
        struct view_key_row row;
        if (value_is_empty(&value)) {
            continue;
        }
        walk->keys++;
        if (!view_key(walk->view, instance->head.process, image_key_number(image, field),
                      spell_key(arena, &value), &row) ||
            row.open != instance->head.id) {
            index_fault(walk, "an open case does not hold its key: case", instance->head.id);
        }
    }
}

static void check_frames(struct index_walk *walk, const struct instance *instance)
{
    for (uint32_t level = 0; level < frame_count(instance); level++) {
        if (view_frame(walk->view, instance, level) == NULL) {
            index_fault(walk, "what an escalation froze cannot be read: case", instance->head.id);
        }
    }
}

// Messages that wait and calls on their way have a row each.
static void check_outside(struct index_walk *walk, const struct instance *instance)
{
    struct view_kept_row kept;
    struct view_call_row call;
    walk->kept += instance->head.kept_count;
    walk->calls += instance->head.call_count;
    for (uint32_t i = 0; i < instance->head.kept_count; i++) {
        if (!view_kept(walk->view, instance->head.id, instance->kept[i].number, &kept)) {
            index_fault(walk, "a message that waits has no row: case", instance->head.id);
        }
    }
    for (uint32_t i = 0; i < instance->head.call_count; i++) {
        const struct open_call *open = &instance->call[i];
        if (!view_call(walk->view, open->due, open->call, &call) ||
            call.instance != instance->head.id || call.attempts != open->attempts) {
            index_fault(walk, "a call on its way has no row: case", instance->head.id);
        }
    }
}

static bool fits(const struct index_walk *walk, const struct instance *instance)
{
    const struct view_program *program = view_program(walk->view, instance->head.program);
    return program == NULL || instance_fits(instance, &program->image);
}

static bool check_instance(struct index_walk *walk, const struct instance *instance)
{
    bool open = instance->head.status == INSTANCE_OPEN;
    walk->children += instance->head.parent != 0 ? 1u : 0u;
    walk->open_children += instance->head.parent != 0 && open ? 1u : 0u;
    if (!fits(walk, instance)) {
        index_fault(walk, "the row does not fit its process: case", instance->head.id);
        return true;
    }
    struct core_verify *out = walk->verify->out;
    walk->timers += instance->head.timer_count;
    check_tasks(walk, instance);
    check_timers(walk, instance);
    check_outside(walk, instance);
    if (!open) {
        out->instances_ended++;
        if (instance->head.task_count + instance->head.timer_count > 0) {
            index_fault(walk, "an ended case has open tasks or timers: case", instance->head.id);
        }
        return true;
    }
    out->instances_open++;
    check_keys(walk, instance);
    check_frames(walk, instance);
    const char *why = core_asleep(walk->view, instance, walk->now_ms);
    if (why != NULL) {
        out->asleep++;
        (void)fault(walk->verify, "nothing will move this case on: case",
                    (unsigned long long)instance->head.id);
    }
    return true;
}

static bool walk_instance(void *context, const struct instance *instance)
{
    struct index_walk *walk = context;
    struct arena *arena = view_arena(walk->view);
    struct arena_mark mark = arena_mark(arena); // a million cases leave nothing behind
    bool go_on = check_instance(walk, instance);
    arena_rewind(arena, mark);
    return go_on;
}

// Rows that say something of an open case: a key it holds, a child that is open.
static void count_rows(struct index_walk *walk, enum store_db db, uint64_t *ret_all,
                       uint64_t *ret_open)
{
    struct store_cursor *cursor =
        store_reader_seek(walk->verify->reader, db, SLICE_EMPTY, view_arena(walk->view));
    *ret_all = 0;
    *ret_open = 0;
    for (bool more = cursor != NULL; more; more = store_next(cursor)) {
        struct slice value = store_cursor_value(cursor);
        struct view_key_row key = { 0 };
        (*ret_all)++;
        if (db == DB_BY_KEY && value.len == sizeof(key)) {
            memcpy(&key, value.ptr, sizeof(key));
            *ret_open += key.open != 0 ? 1u : 0u;
        } else if (db == DB_CHILD) {
            *ret_open += value.len == 1 && value.ptr[0] == 0 ? 1u : 0u;
        }
    }
}

static void check_rows(struct index_walk *walk)
{
    uint64_t all;
    uint64_t open;
    count_rows(walk, DB_BY_KEY, &all, &open);
    if (open != walk->keys) {
        index_fault(walk, "rows of held keys and keys of open cases differ by number; rows:", open);
    }
    count_rows(walk, DB_CHILD, &all, &open);
    if (all != walk->children || open != walk->open_children) {
        index_fault(walk, "rows of children and cases under others differ by number; rows:", all);
    }
    count_rows(walk, DB_KEPT, &all, &open);
    if (all != walk->kept) {
        index_fault(walk, "rows of messages and messages that wait differ by number; rows:", all);
    }
    count_rows(walk, DB_CALL, &all, &open);
    if (all != walk->calls) {
        index_fault(walk, "rows of calls and calls on their way differ by number; rows:", all);
    }
}

static bool count_timer(void *context, const struct view_timer_row *row)
{
    uint64_t *counts = context;
    counts[row->instance == 0 ? 2 : row->overdue ? 1 : 0]++;
    return true;
}

static bool count_task(void *context, const struct view_task_row *row)
{
    (void)row;
    (*(uint64_t *)context)++;
    return true;
}

static uint64_t task_rows(const struct index_walk *walk)
{
    uint64_t rows = 0;
    for (uint32_t user = 1; user <= view_user_count(walk->view); user++) {
        view_tasks_of_user(walk->view, user, count_task, &rows);
    }
    for (uint32_t role = 1; role < view_counters(walk->view)->next_role; role++) {
        view_tasks_of_role(walk->view, role, count_task, &rows);
    }
    return rows;
}

// Each moment at which absences of a user begin or end has one row.
static void count_absences(struct index_walk *walk)
{
    for (uint32_t number = 1; number <= view_user_count(walk->view); number++) {
        const struct view_user *user = view_user(walk->view, number);
        uint64_t last = 0;
        for (uint32_t i = 0; user != NULL && i < user->absence_count; i++) {
            const struct view_absence *absence = &user->absences[i];
            uint64_t due = absence->begun != 0 ? absence->to : absence->from;
            walk->absences += due != last ? 1u : 0u;
            last = due;
        }
    }
}

static void check_counts(struct index_walk *walk)
{
    count_absences(walk);
    const struct view_counters *counters = view_counters(walk->view);
    uint64_t timers[3] = { 0, 0, 0 };
    view_timers(walk->view, (struct view_timer_place){ 0, 0 }, UINT64_MAX, count_timer, timers);
    uint64_t rows = task_rows(walk);
    if (timers[0] != walk->timers) {
        index_fault(walk, "timer rows and armed timers differ by number; rows:", timers[0]);
    }
    if (timers[1] != walk->overdue) {
        index_fault(walk, "overdue rows and climbing tasks differ by number; rows:", timers[1]);
    }
    if (timers[2] != walk->absences) {
        index_fault(walk, "rows of absences and absences differ by number; rows:", timers[2]);
    }
    if (rows != walk->tasks || counters->open_tasks != walk->tasks) {
        index_fault(walk, "task rows and open tasks differ by number; rows:", rows);
    }
    if (counters->open_instances != walk->verify->out->instances_open ||
        counters->ended_instances != walk->verify->out->instances_ended) {
        index_fault(walk, "the count of open cases is wrong; counted:", counters->open_instances);
    }
    for (uint32_t user = 1; user <= view_user_count(walk->view); user++) {
        if (view_load(walk->view, user) != walk->loads[user]) {
            index_fault(walk, "the load of a user is wrong: user", user);
        }
    }
}

static enum err check_indexes(struct verify *verify, uint64_t now_ms)
{
    struct view *view;
    enum err err = view_open_reader(verify->reader, &view);
    if (err != OK) {
        return err;
    }
    view_begin(view);
    uint32_t users = view_user_count(view) + 1;
    struct index_walk walk = { .verify = verify, .view = view, .now_ms = now_ms,
                               .loads = mem_zalloc(sizeof(uint32_t) * users), .users = users };
    view_all_instances(view, 0, walk_instance, &walk);
    check_counts(&walk);
    check_rows(&walk);
    mem_free(walk.loads);
    view_end(view);
    view_close_reader(view);
    return verify->out->index_faults + verify->out->asleep > 0 ? ERR_MISMATCH : OK;
}

static enum err last_moment(struct verify *verify, uint64_t *ret_now_ms)
{
    struct arena arena;
    arena_init(&arena, RECORD_BYTES_MAX * 4);
    struct slice bytes;
    struct record record;
    store_reader_begin(verify->reader);
    enum err err = store_reader_record(verify->reader, verify->last, &arena, &bytes,
                                       verify->out->head.chain);
    store_reader_end(verify->reader);
    verify->out->head.seq = err == OK ? verify->last : 0;
    if (err == OK) {
        err = record_decode(bytes, &arena, &record);
    }
    *ret_now_ms = err == OK ? record.now_ms : 0;
    arena_done(&arena);
    return err;
}

enum err core_verify(struct store_reader *reader, const char *scratch_path,
                     store_progress_fn *progress, void *context, struct core_verify *ret_verify)
{
    *ret_verify = (struct core_verify){ 0 };
    struct verify verify = { .reader = reader, .out = ret_verify, .progress = progress,
                             .context = context };
    store_reader_begin(reader);
    verify.last = store_reader_seq(reader);
    store_reader_end(reader);
    if (verify.last == 0) {
        return OK;
    }
    uint64_t bad_seq = 0;
    enum err err = store_check_chain(reader, 1, verify.last, &bad_seq);
    if (err != OK) {
        return fault(&verify,
                     "the chain of the journal is broken: what does not follow from what is before "
                     "it is record", (unsigned long long)bad_seq);
    }
    uint64_t now_ms = 0;
    err = last_moment(&verify, &now_ms);
    if (err == OK) {
        err = replay(&verify, scratch_path);
    }
    enum err indexes = err == OK || err == ERR_MISMATCH ? check_indexes(&verify, now_ms) : OK;
    return err != OK ? err : indexes;
}
