// Stored bytes are input: a record or a row with flipped bits is refused and named, and never ends
// the process.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <lmdb.h>

#include "base/attr.h"
#include "base/prng.h"
#include "engine/decide/rights.h"
#include "engine/evolve/evolve.h"
#include "engine/state/state.h"
#include "tests/engine/company.h"
#include "tests/store/scratch.h"

enum { RECORDS_MAX = 40, ROW_BYTES_MAX = 4000 };

static const char *const history[] = {
    "bob: c1#1 start lead with name=Ann, phone=+49 30 123456, email=a@b.example",
    "bob: press 1 busy",
    "bob: edit 1 with name=Anna",
    "bob: side 1 for wim called Draw it",
    "bob: press 1 later with call_at=2026-01-06 10:00",
    "hana: reassign 1 1 to bea",
    "bea: press 1 talked",
    "bea: press 1 back",
    "bea: press 1 sold with wanted=alpha, beta",
    "wim: claim 2 1",
    "wim: press 2 made",
    "bob: start flip",
    "wait 1 h",
    "crm/1 start lead with name=Bea",
};

static const char *const attempts[] = {
    "bob: press 1 busy",      "hana: press 1 stop",     "bea: press 1 drop",
    "bob: edit 1 with name=X", "bob: comment 1 saying x", "hana: reassign 1 1 to bob",
    "wim: press 2 broke",     "wes: press 3 made",      "bob: press 4 stop",
    "bob: start lead with name=Q, phone=+49 30 123456", "wim: claim 3 1",
    "hana: move 1 contact because x", "cancel 1 because x", "close 1 because x",
    "bob: c1#1 start lead with name=Ann, phone=+49 30 123456, email=a@b.example",
    "hire bea works",         "fire wim",
};

// Escalations, open and ended, cases that were merged, and a press that was taken back.
static const char *const frozen_history[] = {
    "bob: start lead with name=Ann, phone=+49 30 123456",
    "bob: press 1 busy",
    "bob: press 1 busy",
    "bob: undo 1",
    "hana: press 1 trouble with why=stock",
    "hana: press 1 solved",
    "hana: undo 1",
    "hana: press 1 worse",
    "bob: start lead with name=Bea, phone=030 222222",
    "bob: start lead with name=Cid, phone=030 333333",
    "hana: press 2 double with twin=1",
    "hana: press 3 trouble with why=late",
};
static const char *const frozen_attempts[] = {
    "hana: press 3 solved",  "hana: undo 3",            "hana: press 1 calm",
    "hana: press 1 solved",  "bob: press 1 busy",       "hana: undo 1",
    "bob: start lead with name=Q, phone=030 222222",    "hana: move 3 offer because x",
    "hana: press 3 hopeless", "cancel 1 because x",
};

// A history, and what a store that holds it is asked for when some of its bytes have changed.
struct life {
    const char *text;
    const char *const *history, *const *attempts;
    size_t history_count, attempt_count;
};
static const struct life ordinary = { company_text, history, attempts, ARRAY_COUNT(history),
                                      ARRAY_COUNT(attempts) };
static const struct life frozen = { company_frames_text, frozen_history, frozen_attempts,
                                    ARRAY_COUNT(frozen_history), ARRAY_COUNT(frozen_attempts) };

static void make_history(struct company *company, const struct life *life)
{
    for (size_t i = 0; i < life->history_count; i++) {
        if (!company_say(company, life->history[i])) {
            fail_msg("`%s`: %.*s", life->history[i],
                     SLICE_PRINT(company->answer.refusal.message));
        }
    }
}

// --------------------------------------------------------------------------------- records

// Every record of a lived history, as its bytes.
static uint32_t read_journal(struct company *company, struct slice records[RECORDS_MAX])
{
    struct store_reader *reader;
    uint64_t last = store_head(company->store)->seq;
    assert_true(last <= RECORDS_MAX);
    assert_int_equal(store_reader_open(company->store, &reader), OK);
    for (uint64_t seq = 1; seq <= last; seq++) {
        struct slice bytes;
        store_reader_begin(reader);
        assert_int_equal(store_reader_record(reader, seq, &company->arena, &bytes, NULL), OK);
        records[seq - 1] = arena_copy(&company->arena, bytes);
        store_reader_end(reader);
    }
    store_reader_close(reader);
    return (uint32_t)last;
}

static enum err fold(struct state *state, const struct record *record, uint64_t seq)
{
    state_command_begin(state, record->now_ms);
    evolve_fold(state, record, seq);
    return state_command_store(state);
}

// Folds one record with each of its bytes changed, on top of the good ones before it.
static void fold_damaged(struct state *state, struct store *store, struct slice good, uint64_t seq,
                         struct prng *prng)
{
    struct arena arena;
    char *bytes = NULL;
    arena_init(&arena, 64 * 1024 * 1024);
    for (size_t at = 0; at < good.len; at++) {
        struct record record;
        arena_reset(&arena);
        bytes = arena_alloc(&arena, good.len);
        memcpy(bytes, good.ptr, good.len);
        bytes[at] = (char)(bytes[at] ^ (char)(1u << prng_below(prng, 8)));
        if (record_decode(slice_make(bytes, good.len), &arena, &record) == OK) {
            (void)fold(state, &record, seq);
            store_command_refuse(store);
            state_refresh_all(state);
        }
    }
    arena_done(&arena);
}

static void flip_bits_of_records(const struct life *life)
{
    static struct slice records[RECORDS_MAX];
    struct company company;
    struct arena arena;
    struct prng prng;
    prng_init(&prng, 7);
    company_open(&company, life->text);
    make_history(&company, life);
    uint32_t count = read_journal(&company, records);
    const struct store_options options = { .path = NULL };
    struct store_problem problem;
    struct store *store;
    struct state *state;
    assert_int_equal(store_open(&options, &store, &problem), OK);
    assert_int_equal(state_open(store, &state), OK);
    arena_init(&arena, 64 * 1024 * 1024);
    for (uint32_t i = 0; i < count; i++) {
        struct record record;
        fold_damaged(state, store, records[i], i + 1, &prng);
        assert_int_equal(record_decode(records[i], &arena, &record), OK);
        assert_int_equal(fold(state, &record, i + 1), OK);
        (void)store_append(store, records[i], record.now_ms);
        store_command_accept(store);
        assert_int_equal(store_commit(store), OK);
    }
    arena_done(&arena);
    state_close(state);
    store_close(store, true);
    company_close(&company);
}

static void a_record_with_flipped_bits_folds_or_is_refused(void **unused)
{
    (void)unused;
    flip_bits_of_records(&ordinary);
    flip_bits_of_records(&frozen);
}

static void a_record_that_is_cut_short_or_too_long_is_refused(void **unused)
{
    (void)unused;
    static struct slice records[RECORDS_MAX];
    struct company company;
    company_open(&company, company_text);
    make_history(&company, &ordinary);
    uint32_t count = read_journal(&company, records);
    for (uint32_t i = 0; i < count; i++) {
        struct record record;
        for (size_t len = 0; len < records[i].len; len++) {
            assert_int_equal(record_decode(slice_sub(records[i], 0, len), &company.arena, &record),
                             ERR_CORRUPT);
        }
        char *bytes = arena_alloc(&company.arena, records[i].len + 1);
        memcpy(bytes, records[i].ptr, records[i].len);
        assert_int_equal(record_decode(slice_make(bytes, records[i].len + 1), &company.arena,
                                       &record),
                         ERR_CORRUPT);
    }
    company_close(&company);
}

// --------------------------------------------------------------------------------- rows of the
// view

// Changes rows of a closed store behind the engine's back.
struct surgery {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

static void begin_surgery(struct surgery *surgery, const char *store, const char *folder,
                          const char *db)
{
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/%s", store, folder);
    assert_int_equal(mdb_env_create(&surgery->env), 0);
    assert_int_equal(mdb_env_set_maxdbs(surgery->env, 40), 0);
    assert_int_equal(mdb_env_set_mapsize(surgery->env, (size_t)1 << 30), 0);
    assert_int_equal(mdb_env_open(surgery->env, path, MDB_NOTLS | MDB_NOSYNC, 0600), 0);
    assert_int_equal(mdb_txn_begin(surgery->env, NULL, 0, &surgery->txn), 0);
    assert_int_equal(mdb_dbi_open(surgery->txn, db, 0, &surgery->dbi), 0);
}

static void end_surgery(struct surgery *surgery)
{
    assert_int_equal(mdb_txn_commit(surgery->txn), 0);
    mdb_env_close(surgery->env);
}

// The n-th row, copied. False: there are fewer.
static bool read_row(const char *store, const char *db, uint32_t number, struct arena *arena,
                     struct slice *ret_key, struct slice *ret_value)
{
    struct surgery surgery;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    begin_surgery(&surgery, store, "view", db);
    assert_int_equal(mdb_cursor_open(surgery.txn, surgery.dbi, &cursor), 0);
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    while (rc == 0 && number-- > 0) {
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (rc == 0) {
        *ret_key = arena_copy(arena, slice_make(key.mv_data, key.mv_size));
        *ret_value = arena_copy(arena, slice_make(value.mv_data, value.mv_size));
    }
    mdb_cursor_close(cursor);
    end_surgery(&surgery);
    return rc == 0;
}

static void write_row(const char *store, const char *db, struct slice key, struct slice value)
{
    struct surgery surgery;
    char bytes[ROW_BYTES_MAX];
    char name[STORE_KEY_BYTES_MAX];
    memcpy(name, key.ptr, key.len);
    memcpy(bytes, value.ptr, value.len);
    MDB_val k = { key.len, name };
    MDB_val v = { value.len, bytes };
    begin_surgery(&surgery, store, "view", db);
    assert_int_equal(mdb_put(surgery.txn, surgery.dbi, &k, &v, 0), 0);
    end_surgery(&surgery);
}

// Everything a damaged row might be asked for: answered or refused, whatever it says.
static void try_everything(struct company *company, const struct life *life)
{
    for (size_t i = 0; i < life->attempt_count; i++) {
        (void)company_say(company, life->attempts[i]);
    }
    for (uint32_t i = 0; i < 20 && core_next_due_ms(company->core) != UINT64_MAX; i++) {
        const struct core_effects *effects;
        uint64_t due = core_next_due_ms(company->core);
        company->now_ms = due > company->now_ms ? due : company->now_ms;
        core_begin(company->core, company->now_ms);
        (void)core_step_timers(company->core, 10);
        enum err err = core_commit(company->core, &effects);
        if (err != OK) {
            return; // a row that cannot be read: the process would end here, with a name for it
        }
    }
}

struct patient {
    const struct life *life;
    struct company company;
    struct scratch scratch;
    uint64_t last_seq;
};

static void admit(struct patient *patient)
{
    scratch_init_in(&patient->scratch, "/dev/shm");
    company_open_at(&patient->company, patient->life->text, patient->scratch.store);
    make_history(&patient->company, patient->life);
    patient->last_seq = store_head(patient->company.store)->seq;
    core_close(patient->company.core);
    store_close(patient->company.store, false); // flushed: the view holds the rows
}

static void discharge(struct patient *patient)
{
    compile_done(&patient->company.set);
    arena_done(&patient->company.arena);
    scratch_done(&patient->scratch);
}

// Opens the store as it is now, in memory of its own, and never writes it back.
static bool reopen(struct patient *patient)
{
    struct company *company = &patient->company;
    const struct store_options store = { .path = company->path, .map_bytes = (uint64_t)1 << 30,
                                         .fingerprint = core_evolve_fingerprint() };
    const struct core_options options = { .build = SLICE("test"), .versions = SLICE("test"),
                                          .currency = SLICE("EUR"), .region = SLICE("DE") };
    struct store_problem problem;
    uint64_t folded;
    if (store_open(&store, &company->store, &problem) != OK) {
        return false;
    }
    if (core_open(company->store, &options, company->now_ms, &company->core, &folded) != OK) {
        store_close(company->store, true);
        return false;
    }
    company->view = core_view(company->core);
    return true;
}

static void verify_damage(struct patient *patient, const char *db)
{
    char path[400];
    struct core_verify verify;
    struct store_reader *reader;
    (void)snprintf(path, sizeof(path), "%s/scratch", patient->scratch.folder);
    assert_int_equal(store_reader_open(patient->company.store, &reader), OK);
    enum err err = core_verify(reader, path, NULL, NULL, &verify);
    store_reader_close(reader);
    scratch_remove(path);
    if (err == OK || verify.message[0] == '\0') {
        fail_msg("a changed row of %s was not noticed: %s %s", db, err_name(err), verify.message);
    }
}

// Each row of the database in turn: some of its bytes are changed; everything is tried.
static void damage_rows(struct patient *patient, struct arena *rows, const char *db, uint32_t step,
                        struct prng *prng)
{
    struct slice key;
    struct slice value;
    uint64_t seq = patient->last_seq;
    const char *store = patient->scratch.store;
    for (uint32_t row = 0; read_row(store, db, row, rows, &key, &value); row++) {
        assert_true(value.len <= ROW_BYTES_MAX);
        for (size_t at = prng_below(prng, step); at < value.len; at += step) {
            struct arena_mark mark = arena_mark(rows);
            char *bytes = arena_cstr(rows, value);
            bytes[at] = (char)(bytes[at] ^ (char)(1u << prng_below(prng, 8)));
            write_row(patient->scratch.store, db, key, slice_make(bytes, value.len));
            arena_rewind(rows, mark);
            if (reopen(patient)) {
                if (store_head(patient->company.store)->seq == seq) { // else opening wrote it anew
                    verify_damage(patient, db);
                }
                try_everything(&patient->company, patient->life);
                core_close(patient->company.core);
                store_close(patient->company.store, true);
            }
            // What was tried is in the journal now: the next patient begins where this one began.
            discharge(patient);
            admit(patient);
        }
    }
}

static void damage(const struct life *life, const char *db, uint32_t step)
{
    struct patient patient = { .life = life };
    struct prng prng;
    struct arena rows;
    prng_init(&prng, strlen(db));
    arena_init(&rows, 64 * 1024 * 1024);
    admit(&patient);
    damage_rows(&patient, &rows, db, step, &prng);
    discharge(&patient);
    arena_done(&rows);
}

static void damaged_instance_images_are_refused_or_carried_on(void **unused)
{
    (void)unused;
    damage(&ordinary, "instance", 7);
}

static void damaged_frames_are_refused_or_carried_on(void **unused)
{
    (void)unused;
    damage(&frozen, "part", 7);
    damage(&frozen, "instance", 11);
}

static void damaged_index_rows_are_refused_or_carried_on(void **unused)
{
    (void)unused;
    static const char *const dbs[] = { "by_key", "task", "timer", "child", "request", "client",
                                       "import", "load", "notice", "incident" };
    for (size_t i = 0; i < ARRAY_COUNT(dbs); i++) {
        damage(&ordinary, dbs[i], 5);
    }
}

static void damaged_rows_of_the_company_are_refused_or_carried_on(void **unused)
{
    (void)unused;
    static const char *const dbs[] = { "meta", "program", "active", "name", "user", "user_name" };
    for (size_t i = 0; i < ARRAY_COUNT(dbs); i++) {
        damage(&ordinary, dbs[i], 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_with_flipped_bits_folds_or_is_refused),
        cmocka_unit_test(a_record_that_is_cut_short_or_too_long_is_refused),
        cmocka_unit_test(damaged_instance_images_are_refused_or_carried_on),
        cmocka_unit_test(damaged_frames_are_refused_or_carried_on),
        cmocka_unit_test(damaged_index_rows_are_refused_or_carried_on),
        cmocka_unit_test(damaged_rows_of_the_company_are_refused_or_carried_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
