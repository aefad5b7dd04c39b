// The past of one case: its records are a chain, so they can be folded again up to any of them,
// and the cases that it started with it. What comes of it are rows that lie over the view of today:
// people, roles and programs are looked up where they always are.
#include "base/check.h"
#include "base/mem.h"
#include "engine/core/core_internal.h"
#include "engine/state/keys.h"

enum { PAST_CASES_MAX = CHILDREN_PER_CONVERT_MAX * 2 + 1, PAST_BYTES_MAX = 64 * 1024 * 1024 };

struct fold {
    struct view *view;
    struct store_reader *reader;
    struct core_past *past;
    struct arena arena;
    uint64_t cases[PAST_CASES_MAX]; // the case, then what it has started
    uint32_t case_count;
    uint64_t *seqs; // ascending
    uint32_t seq_count;
    uint32_t budget;
};

static enum err read_record(struct fold *fold, uint64_t seq, struct record *ret_record)
{
    struct slice bytes;
    enum err err = store_reader_record(fold->reader, seq, &fold->arena, &bytes, NULL);
    err = err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    return err == OK ? record_decode(bytes, &fold->arena, ret_record) : err;
}

static bool is_folded(const struct fold *fold, uint64_t instance)
{
    for (uint32_t i = 0; i < fold->case_count; i++) {
        if (fold->cases[i] == instance) {
            return true;
        }
    }
    return false;
}

static void keep_seq(struct fold *fold, uint64_t seq)
{
    uint32_t at = fold->seq_count;
    while (at > 0 && fold->seqs[at - 1] > seq) {
        at--;
    }
    if (at > 0 && fold->seqs[at - 1] == seq) {
        return; // it is about two of the cases
    }
    memmove(fold->seqs + at + 1, fold->seqs + at, sizeof(uint64_t) * (fold->seq_count - at));
    fold->seqs[at] = seq;
    fold->seq_count++;
}

// Cases that the record started under the one asked for.
static void note_children(struct fold *fold, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_INSTANCE_STARTED && fold->case_count < PAST_CASES_MAX &&
            event->instance_started.parent == fold->past->instance &&
            !is_folded(fold, event->instance_started.instance)) {
            fold->cases[fold->case_count++] = event->instance_started.instance;
        }
    }
}

static bool in_time(const struct core_past *past, uint64_t seq, const struct record *record)
{
    return seq <= past->until_seq && record->now_ms <= past->until_ms;
}

static uint64_t previous_of(const struct record *record, uint64_t instance)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            return record->touched[i].previous_seq;
        }
    }
    return 0;
}

// The records of one of the cases that are old enough.
static enum err walk_case(struct fold *fold, uint64_t instance, uint64_t last)
{
    bool own = instance == fold->past->instance;
    for (uint64_t seq = last; seq != 0;) {
        struct arena_mark mark = arena_mark(&fold->arena);
        struct record record;
        if (fold->budget-- == 0) {
            return ERR_TOO_BIG;
        }
        enum err err = read_record(fold, seq, &record);
        if (err != OK) {
            return err;
        }
        if (in_time(fold->past, seq, &record)) {
            keep_seq(fold, seq);
            if (own) {
                note_children(fold, &record);
                fold->past->seq = fold->past->seq != 0 ? fold->past->seq : seq;
            }
        }
        if (own && (fold->past->seq == 0 || fold->past->seq == seq)) {
            fold->past->now_ms = record.now_ms;
        }
        uint64_t previous = previous_of(&record, instance);
        arena_rewind(&fold->arena, mark);
        seq = previous < seq ? previous : 0;
    }
    return OK;
}

static uint64_t last_of(struct fold *fold, uint64_t instance)
{
    view_begin(fold->view);
    const struct instance *now = view_instance(fold->view, instance, NULL);
    uint64_t last = now != NULL ? now->head.last_seq : 0;
    view_end(fold->view);
    return last;
}

static enum err walk_cases(struct fold *fold)
{
    fold->cases[fold->case_count++] = fold->past->instance;
    enum err err = walk_case(fold, fold->past->instance, last_of(fold, fold->past->instance));
    if (err == OK && fold->past->seq == 0) {
        err = ERR_NOT_FOUND;
    }
    for (uint32_t i = 1; i < fold->case_count && err == OK; i++) {
        err = walk_case(fold, fold->cases[i], last_of(fold, fold->cases[i]));
    }
    return err;
}

// --- folding -------------------------------------------------------------------------------------

static void fold_record(struct fold *fold, struct state *state, const struct record *record,
                        uint64_t seq)
{
    state_set_now(state, record->now_ms);
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (is_folded(fold, event_instance(&record->events[i]))) {
            evolve_event(state, &record->events[i]);
        }
    }
    for (uint32_t i = 0; i < record->touched_count; i++) {
        struct instance *instance = is_folded(fold, record->touched[i].instance)
                                        ? state_instance(state, record->touched[i].instance)
                                        : NULL;
        if (instance != NULL) {
            instance->head.last_seq = seq;
        }
    }
}

// What a card reads of a case by its number; the other rows only count and find.
static void take_rows(struct fold *fold, struct store *scratch, struct table *rows)
{
    static const enum store_db databases[] = { DB_INSTANCE, DB_PART, DB_TASK, DB_CHILD,
                                               DB_INCIDENT };
    for (uint32_t i = 0; i < ARRAY_COUNT(databases); i++) {
        arena_reset(&fold->arena);
        struct store_cursor *cursor =
            store_seek(scratch, databases[i], SLICE_EMPTY, &fold->arena);
        for (bool more = cursor != NULL; more; more = store_next(cursor)) {
            store_rows_put(rows, databases[i], store_cursor_key(cursor),
                           store_cursor_value(cursor));
        }
    }
}

static enum err fold_all(struct fold *fold, struct store *scratch, struct table *rows)
{
    struct state *state;
    enum err err = state_open(scratch, &state);
    if (err != OK) {
        return err;
    }
    state_command_begin(state, 0);
    for (uint32_t i = 0; i < fold->seq_count && err == OK; i++) {
        struct arena_mark mark = arena_mark(&fold->arena);
        struct record record;
        err = read_record(fold, fold->seqs[i], &record);
        if (err == OK) {
            fold_record(fold, state, &record, fold->seqs[i]);
        }
        arena_rewind(&fold->arena, mark);
    }
    if (err == OK) {
        err = state_command_store(state);
    }
    if (err == OK) {
        take_rows(fold, scratch, rows);
    }
    state_close(state);
    return err;
}

// --- what is there today and was not then --------------------------------------------------------

struct hiding {
    struct table *rows;
    uint64_t instance;
};

static bool hide_child(void *context, const struct view_child_row *row)
{
    struct hiding *hiding = context;
    struct key key;
    key_child(&key, hiding->instance, row->collection, row->round, row->child);
    store_rows_hide(hiding->rows, DB_CHILD, key_slice(&key));
    return true;
}

static bool hide_incident(void *context, const struct view_incident_row *row)
{
    struct hiding *hiding = context;
    if (row->instance == hiding->instance) {
        struct key key;
        key_number(&key, row->incident);
        store_rows_hide(hiding->rows, DB_INCIDENT, key_slice(&key));
    }
    return true;
}

static void hide_today(struct fold *fold, struct table *rows)
{
    struct hiding hiding = { rows, fold->past->instance };
    view_begin(fold->view);
    const struct instance *now = view_instance(fold->view, hiding.instance, NULL);
    view_children(fold->view, hiding.instance, hide_child, &hiding);
    if (now != NULL && now->head.incident_count > 0) {
        view_incidents(fold->view, hide_incident, &hiding);
    }
    view_end(fold->view);
}

enum err core_past(struct view *view, struct core_past *past, struct table *rows)
{
    struct fold fold = { .view = view, .reader = view_reader(view), .past = past,
                         .budget = PAST_RECORDS_MAX };
    past->seq = 0;
    past->now_ms = 0;
    arena_init(&fold.arena, PAST_BYTES_MAX);
    fold.seqs = mem_zalloc(sizeof(uint64_t) * (PAST_RECORDS_MAX + 1));
    enum err err = walk_cases(&fold);
    struct store *scratch = NULL;
    if (err == OK) {
        const struct store_options options = { .path = NULL, .create = true };
        struct store_problem problem = { 0 };
        err = store_open(&options, &scratch, &problem);
    }
    if (err == OK) {
        hide_today(&fold, rows);
        err = fold_all(&fold, scratch, rows);
        store_close(scratch, true);
    }
    mem_free(fold.seqs);
    arena_done(&fold.arena);
    return err;
}
