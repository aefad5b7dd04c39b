// Opening and closing a store: lock, journal, keep, view, and whether they belong together.
#include <stdarg.h>
#include <stdio.h>

#include <sodium.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/store/store_internal.h"

#define MAP_BYTES_DEFAULT ((uint64_t)64 << 30)
enum { PLACE_TEXT_BYTES = 2 * 4 + 1, PART_NAME_BYTES = 16 };

void store_problem_say(struct store_problem *problem, const char *format, ...)
{
    if (problem == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->message, sizeof(problem->message), format, args);
    va_end(args);
}

// The first bytes of a hash, enough for people to tell two of them apart.
static const char *short_hex(const uint8_t *bytes, char text[PLACE_TEXT_BYTES])
{
    (void)snprintf(text, PLACE_TEXT_BYTES, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2],
                   bytes[3]);
    return text;
}

static struct store *make_store(const struct store_options *options)
{
    struct store *store = mem_zalloc(sizeof(*store));
    store->magic = STORE_MAGIC;
    store->on_disk = options->path != NULL;
    store->lock_fd = -1;
    store->lock = options->lock;
    store->map_bytes = options->map_bytes > 0 ? options->map_bytes : MAP_BYTES_DEFAULT;
    store->flush_rows = options->flush_rows > 0 ? options->flush_rows : STORE_FLUSH_ROWS;
    store->flush_bytes = options->flush_bytes > 0 ? options->flush_bytes : STORE_FLUSH_BYTES;
    store->flush_ms = options->flush_ms > 0 ? options->flush_ms : STORE_FLUSH_MS;
    store->fingerprint = options->fingerprint;
    table_init(&store->command);
    table_init(&store->batch);
    table_init(&store->sealed);
    table_init(&store->written);
    table_init(&store->active);
    table_init(&store->frozen);
    store->layers.tables[0] = &store->command;
    store->layers.tables[1] = &store->batch;
    store->layers.tables[2] = &store->sealed;
    store->layers.tables[3] = &store->written;
    store->layers.tables[4] = &store->active;
    store->layers.tables[5] = &store->frozen;
    store->layers.table_count = 6;
    return store;
}

// --- the folder ------------------------------------------------------------------------------

static enum err open_folder(struct store *store, const struct store_options *options,
                            struct store_problem *problem)
{
    struct files_path journal;
    enum err err = files_join(&journal, options->path, "journal");
    if (err == OK) {
        err = files_join(&store->path, options->path, ".");
    }
    if (err == OK) {
        err = files_join(&store->view_path, options->path, "view");
    }
    if (err != OK) {
        store_problem_say(problem, "the path of the data folder is too long");
        return err;
    }
    if (!options->create && !files_exists(journal.text)) {
        store_problem_say(problem, "there is no store in %.180s", options->path);
        return ERR_NOT_FOUND;
    }
    err = options->create ? files_make_folder(options->path) : OK;
    long holder_pid = 0;
    if (err == OK) {
        err = files_lock(options->path, &store->lock_fd, &holder_pid);
    }
    if (err == ERR_LOCKED) {
        store_problem_say(problem, "%.120s is in use by process %ld: stop that one first",
                          options->path, holder_pid);
        if (problem != NULL) {
            problem->holder_pid = holder_pid;
        }
    } else if (err != OK) {
        store_problem_say(problem, "%.180s cannot be made or locked", options->path);
    }
    return err;
}

// --- journal and keep ------------------------------------------------------------------------

static void say_journal(struct store_problem *problem, enum err err,
                        const struct journal_info *info)
{
    if (err == ERR_FORMAT) {
        store_problem_say(problem, "the journal has format %u, this program reads format %d",
                          (unsigned)info->format, JOURNAL_FORMAT);
    } else if (err == ERR_CORRUPT) {
        store_problem_say(problem, "the journal's bytes do not validate (its last record does not "
                                   "follow from the one before, or a file is damaged): restore "
                                   "a backup");
    } else if (err == ERR_FULL) {
        store_problem_say(problem, "there is no room for what a crash left in journal/log.*: make "
                                   "room on the disk, nothing is lost");
    } else {
        store_problem_say(problem, "the journal cannot be opened: %s", err_sentence(err));
    }
}

static void say_keep(struct store_problem *problem, enum err err)
{
    if (err == ERR_MISMATCH) {
        store_problem_say(problem, "keep/ belongs to another store than journal/: take both from "
                                   "one backup");
    } else {
        store_problem_say(problem, "keep/ cannot be opened: %s", err_sentence(err));
    }
}

static void choose_uuid(const struct store_options *options, uint8_t ret_uuid[STORE_UUID_BYTES])
{
    memset(ret_uuid, 0, STORE_UUID_BYTES);
    if (options->uuid != NULL) {
        memcpy(ret_uuid, options->uuid, STORE_UUID_BYTES);
    } else if (options->path != NULL) {
        randombytes_buf(ret_uuid, STORE_UUID_BYTES);
    }
}

// Opens one part of the store in `folder`; with `probe` it is only made there and closed again.
typedef enum err open_part_fn(struct store *store, const struct store_options *options,
                              const char *folder, bool probe, struct store_problem *problem);

static enum err open_journal(struct store *store, const struct store_options *options,
                             const char *folder, bool probe, struct store_problem *problem)
{
    struct journal_options journal = { .folder = folder,
                                       .map_bytes = store->map_bytes,
                                       .log = true };
    choose_uuid(options, journal.uuid);
    struct journal_info info;
    enum err err = journal_open(&journal, &info, &store->journal);
    if (err != OK) {
        say_journal(problem, err, &info);
        return err;
    }
    if (probe) {
        journal_close(store->journal);
        store->journal = NULL;
        return OK;
    }
    memcpy(store->uuid, info.uuid, STORE_UUID_BYTES);
    store->committed = *journal_head(store->journal);
    return journal_reader_open(store->journal, &store->journal_reader);
}

static enum err open_keep(struct store *store, const struct store_options *options,
                          const char *folder, bool probe, struct store_problem *problem)
{
    (void)options;
    enum err err = keep_open(folder, store->uuid, &store->lock, &store->keep);
    if (err != OK) {
        say_keep(problem, err);
        return err;
    }
    if (probe) {
        keep_close(store->keep);
        store->keep = NULL;
    }
    return OK;
}

static enum err open_view_at(struct store *store, const struct store_options *options,
                             const char *folder, bool probe, struct store_problem *problem)
{
    (void)options;
    struct store_view_meta fresh = { .format = STORE_VIEW_FORMAT,
                                     .fingerprint = store->fingerprint };
    memcpy(fresh.uuid, store->uuid, STORE_UUID_BYTES);
    enum err err = store_view_open(folder, store->map_bytes, &fresh, &store->view);
    if (err == ERR_CORRUPT) {
        store_problem_say(problem, "the view's file or its meta row does not validate: "
                                   "`rung rebuild` makes it anew from the journal");
    } else if (err != OK) {
        store_problem_say(problem, "the view cannot be opened: %s", err_sentence(err));
    }
    if (err == OK && probe) {
        store_view_close(store->view);
        store->view = NULL;
    }
    return err;
}

// Opens one part of the folder. A new one is made beside its place and moves there when it is
// whole: a power loss leaves either no part or a valid one.
static enum err open_part(struct store *store, const struct store_options *options,
                          const char *name, open_part_fn *open_at, struct store_problem *problem)
{
    struct files_path place;
    struct files_path fresh;
    char fresh_name[PART_NAME_BYTES];
    (void)snprintf(fresh_name, sizeof(fresh_name), "%s.new", name);
    enum err err = files_join(&place, options->path, name);
    if (err == OK) {
        err = files_join(&fresh, options->path, fresh_name);
    }
    if (err != OK || files_exists(place.text)) {
        return err == OK ? open_at(store, options, place.text, false, problem) : err;
    }
    err = files_remove_folder(fresh.text);
    if (err == OK) {
        err = files_make_folder(fresh.text);
    }
    if (err == OK) {
        err = open_at(store, options, fresh.text, true, problem);
    }
    if (err == OK) {
        err = files_sync_folder(fresh.text);
    }
    if (err == OK) {
        err = files_rename(fresh.text, place.text);
    }
    return err == OK ? open_at(store, options, place.text, false, problem) : err;
}
// Journal and keep are the truth: keep/ is made only together with the store.
static enum err check_keep_there(const struct store *store, const struct store_options *options,
                                 struct store_problem *problem)
{
    struct files_path keep;
    enum err err = files_join(&keep, options->path, "keep");
    if (err == OK && store->committed.seq > 0 && !files_exists(keep.text)) {
        store_problem_say(problem,
                          "keep/ is missing beside a journal of %llu records: take it from "
                          "a backup, or make an empty folder of that name to go on "
                          "without its passwords, tokens and keys",
                          (unsigned long long)store->committed.seq);
        err = ERR_MISMATCH;
    }
    return err;
}

static enum err open_truth(struct store *store, const struct store_options *options,
                           struct store_problem *problem)
{
    if (!store->on_disk) {
        enum err err = open_journal(store, options, NULL, false, problem);
        return err == OK ? open_keep(store, options, NULL, false, problem) : err;
    }
    enum err err = open_part(store, options, "journal", open_journal, problem);
    if (err == OK) {
        err = check_keep_there(store, options, problem);
    }
    return err == OK ? open_part(store, options, "keep", open_keep, problem) : err;
}

// --- the view --------------------------------------------------------------------------------

// The chain that the journal has at `seq`.
static enum err journal_chain_at(struct store *store, uint64_t seq,
                                 uint8_t ret_chain[STORE_CHAIN_BYTES])
{
    memset(ret_chain, 0, STORE_CHAIN_BYTES);
    if (seq == 0) {
        return OK;
    }
    enum err err = journal_pin(store->journal_reader);
    if (err != OK) {
        return err;
    }
    struct journal_frame frame;
    err = journal_peek(store->journal_reader, seq, &frame);
    if (err == OK) {
        memcpy(ret_chain, frame.chain, STORE_CHAIN_BYTES);
    }
    journal_unpin(store->journal_reader);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err compare_places(struct store *store, const struct store_view_meta *meta,
                               struct store_problem *problem)
{
    const struct store_head *head = journal_head(store->journal);
    char ours[PLACE_TEXT_BYTES];
    char theirs[PLACE_TEXT_BYTES];
    if (memcmp(meta->uuid, store->uuid, STORE_UUID_BYTES) != 0) {
        store_problem_say(problem,
                          "the view belongs to store %s, the journal to store %s: "
                          "`rung rebuild` makes the view anew from the journal",
                          short_hex(meta->uuid, theirs), short_hex(store->uuid, ours));
        return ERR_MISMATCH;
    }
    if (meta->seq > head->seq) {
        store_problem_say(problem,
                          "the view is at record %llu, the journal ends at record %llu: "
                          "put the newer journal back, or `rung rebuild` makes the view "
                          "anew from this one",
                          (unsigned long long)meta->seq, (unsigned long long)head->seq);
        return ERR_MISMATCH;
    }
    uint8_t chain[STORE_CHAIN_BYTES];
    enum err err = journal_chain_at(store, meta->seq, chain);
    if (err != OK) {
        store_problem_say(problem, "record %llu of the journal is not readable: restore a backup",
                          (unsigned long long)meta->seq);
        return err;
    }
    if (memcmp(meta->chain, chain, sizeof(chain)) != 0) {
        store_problem_say(problem,
                          "at record %llu the view has chain %s, the journal has %s: they "
                          "come from different histories; `rung rebuild` makes the view "
                          "anew from the journal",
                          (unsigned long long)meta->seq, short_hex(meta->chain, theirs),
                          short_hex(chain, ours));
        return ERR_MISMATCH;
    }
    return OK;
}

// Whether the view is of this journal. `ret_rebuild`: it is, but of an earlier fold function.
static enum err judge_view(struct store *store, struct store_problem *problem, bool *ret_rebuild)
{
    const struct store_view_meta *meta = store_view_meta(store->view);
    *ret_rebuild = false;
    if (meta->format != STORE_VIEW_FORMAT) {
        store_problem_say(problem,
                          "the view has format %u, this program reads format %d: "
                          "`rung rebuild` makes it anew from the journal",
                          (unsigned)meta->format, STORE_VIEW_FORMAT);
        return ERR_FORMAT;
    }
    enum err err = compare_places(store, meta, problem);
    *ret_rebuild = err == OK && meta->fingerprint != store->fingerprint;
    return err;
}

static enum err open_view(struct store *store, const struct store_options *options,
                          struct store_problem *problem)
{
    bool rebuild = false;
    enum err err = open_part(store, options, "view", open_view_at, problem);
    if (err == OK) {
        err = judge_view(store, problem, &rebuild);
    }
    if (err == OK && rebuild) {
        store_view_close(store->view);
        store->view = NULL;
        err = files_remove_folder(store->view_path.text);
        if (err == OK) {
            err = open_part(store, options, "view", open_view_at, problem);
        }
    }
    if (err == OK) {
        err = store_snapshot_open(store->view, &store->snapshot);
    }
    if (err != OK) {
        return err;
    }
    store->layers.snapshot = store->snapshot;
    const struct store_view_meta *meta = store_view_meta(store->view);
    store->applied.seq = meta->seq;
    memcpy(store->applied.chain, meta->chain, STORE_CHAIN_BYTES);
    store->folding = meta->seq < journal_head(store->journal)->seq;
    return OK;
}

// --- open, close -----------------------------------------------------------------------------

enum err store_open(const struct store_options *options, struct store **ret_store,
                    struct store_problem *ret_problem)
{
    if (ret_problem != NULL) {
        *ret_problem = (struct store_problem){ 0 };
    }
    CHECK(sodium_init() >= 0);
    struct store *store = make_store(options);
    enum err err = OK;
    if (store->on_disk) {
        err = open_folder(store, options, ret_problem);
    }
    if (err == OK) {
        err = open_truth(store, options, ret_problem);
    }
    if (err == OK && store->on_disk) {
        err = open_view(store, options, ret_problem);
    }
    if (err != OK) {
        if (ret_problem != NULL && ret_problem->message[0] == '\0') {
            store_problem_say(ret_problem, "the store cannot be opened: %s", err_sentence(err));
        }
        store_close(store, true);
        return err;
    }
    *ret_store = store;
    return OK;
}

// Nothing is lost when this fails: the next open reads the log and folds the journal's tail again.
static void flush_rest(struct store *store)
{
    // Of batches without rows, too.
    enum err err = journal_keep(store->journal, store->committed.seq);
    for (uint32_t round = 0; round < 2 && err == OK; round++) {
        if (!store->frozen_there && !table_is_empty(&store->active)) {
            store_freeze(store, store->freeze_clock_ms);
        }
        if (store->frozen_there) {
            err = store_flush(store);
            if (err == OK) {
                store_flush_done(store);
            }
        }
    }
}

void store_close(struct store *store, bool crash)
{
    if (store == NULL) {
        return;
    }
    CHECK(store->magic == STORE_MAGIC);
    if (!crash && store->on_disk) {
        store_batch_drop(store);
        flush_rest(store);
    }
    store_snapshot_close(store->snapshot);
    store_view_close(store->view);
    journal_reader_close(store->journal_reader);
    journal_close(store->journal);
    keep_close(store->keep);
    table_done(&store->command);
    table_done(&store->batch);
    table_done(&store->sealed);
    table_done(&store->written);
    table_done(&store->active);
    table_done(&store->frozen);
    if (store->lock_fd >= 0) {
        files_unlock(store->lock_fd);
    }
    store->magic = 0;
    mem_free(store);
}

enum err store_drop_view(const char *path)
{
    struct files_path view;
    enum err err = files_join(&view, path, "view");
    int lock_fd = -1;
    long holder_pid;
    if (err == OK) {
        err = files_lock(path, &lock_fd, &holder_pid);
    }
    if (err != OK) {
        return err;
    }
    err = files_remove_folder(view.text);
    if (err == OK) { // what follows the view is made again with it
        err = files_join(&view, path, "search");
    }
    if (err == OK) {
        err = files_remove_folder(view.text);
    }
    files_unlock(lock_fd);
    return err;
}

enum err store_remove(const char *path)
{
    static const char *const parts[] = {
        "view.new", "view", "keep.new", "keep", "search", "journal.new", "journal",
    };
    int lock_fd = -1;
    long holder_pid;
    if (!files_exists(path)) {
        return OK;
    }
    enum err err = files_lock(path, &lock_fd, &holder_pid);
    for (size_t i = 0; i < ARRAY_COUNT(parts) && err == OK; i++) {
        struct files_path part;
        err = files_join(&part, path, parts[i]);
        if (err == OK) {
            err = files_remove_folder(part.text);
        }
    }
    if (lock_fd >= 0) {
        files_unlock(lock_fd);
    }
    return err == OK ? files_remove_folder(path) : err;
}
