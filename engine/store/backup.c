// A backup is a data folder: open it to restore. The order of the steps keeps it one at every
// moment: its view never goes beyond its journal.
#include "base/check.h"
#include "engine/store/store_internal.h"

enum { RECORDS_PER_STEP = 2000, STEP_BYTES = 4 * 1024 * 1024 };

struct backup {
    struct store *store;
    struct journal_reader *from; // of the store
    struct journal *journal;     // of the backup
    struct journal_reader *to;   // of the backup
    struct keep *keep;           // of the backup
    struct arena arena;
    uint64_t last; // seq up to which records are copied
    store_progress_fn *progress;
    void *context;
    struct files_path journal_path, keep_path, view_path, fresh_view_path;
};

static enum err name_paths(struct backup *backup, const char *path)
{
    enum err err = files_join(&backup->journal_path, path, "journal");
    if (err == OK) {
        err = files_join(&backup->keep_path, path, "keep");
    }
    if (err == OK) {
        err = files_join(&backup->view_path, path, "view");
    }
    return err == OK ? files_join(&backup->fresh_view_path, path, "view.new") : err;
}

// The target's journal: a new one, or an older piece of this very history.
static enum err open_target(struct backup *backup)
{
    enum err err = files_make_folder(backup->journal_path.text);
    if (err == OK) {
        err = files_make_folder(backup->keep_path.text);
    }
    if (err != OK) {
        return err;
    }
    struct journal_options options = { .folder = backup->journal_path.text,
                                       .map_bytes = backup->store->map_bytes };
    memcpy(options.uuid, backup->store->uuid, STORE_UUID_BYTES);
    struct journal_info info;
    err = journal_open(&options, &info, &backup->journal);
    if (err != OK) {
        return err;
    }
    if (memcmp(info.uuid, backup->store->uuid, STORE_UUID_BYTES) != 0) {
        return ERR_MISMATCH;
    }
    err = journal_reader_open(backup->journal, &backup->to);
    if (err == OK) {
        struct store_lock none = { 0 };
        err = keep_open(backup->keep_path.text, backup->store->uuid, &none, &backup->keep);
    }
    return err;
}

// What the target has already must be the beginning of what we have.
static enum err check_common(struct backup *backup)
{
    const struct store_head *head = journal_head(backup->journal);
    if (head->seq == 0) {
        return OK;
    }
    if (head->seq > backup->last) {
        return ERR_MISMATCH;
    }
    struct journal_frame frame;
    enum err err = journal_pin(backup->from);
    if (err != OK) {
        return err;
    }
    err = journal_peek(backup->from, head->seq, &frame);
    if (err == OK && memcmp(frame.chain, head->chain, STORE_CHAIN_BYTES) != 0) {
        err = ERR_MISMATCH;
    }
    journal_unpin(backup->from);
    return err;
}

// --- blobs -----------------------------------------------------------------------------------

// The next blob of the store behind `hash`, its bytes only when the target lacks it.
static enum err read_blob(struct backup *backup, bool first, uint8_t hash[STORE_HASH_BYTES],
                          bool *ret_lacks, struct slice *ret_bytes)
{
    uint8_t after[STORE_HASH_BYTES];
    memcpy(after, hash, sizeof(after));
    enum err err = journal_pin(backup->from);
    if (err != OK) {
        return err;
    }
    err = journal_next_blob(backup->from, first ? NULL : after, hash);
    if (err == OK) {
        err = journal_pin(backup->to);
        if (err == OK) {
            *ret_lacks = !journal_has_blob(backup->to, hash);
            journal_unpin(backup->to);
        }
        if (err == OK && *ret_lacks) {
            err = journal_blob(backup->from, hash, &backup->arena, ret_bytes);
        }
    }
    journal_unpin(backup->from);
    return err;
}

// Copies the blobs that the target lacks, in transactions of about STEP_BYTES.
static enum err copy_blobs(struct backup *backup)
{
    uint8_t hash[STORE_HASH_BYTES] = { 0 };
    bool first = true;
    for (;;) {
        struct slice bytes = SLICE_EMPTY;
        bool lacks = false;
        arena_reset(&backup->arena);
        enum err err = read_blob(backup, first, hash, &lacks, &bytes);
        first = false;
        if (err == OK && lacks) {
            journal_stage_blob(backup->journal, hash, bytes);
        }
        uint64_t staged = journal_staged_bytes(backup->journal);
        bool end = err == ERR_NOT_FOUND;
        if ((err == OK && staged >= STEP_BYTES) || (end && staged > 0)) {
            err = journal_commit(backup->journal);
        }
        if (end || err != OK) {
            return err == ERR_NOT_FOUND ? OK : err;
        }
    }
}

// --- records ---------------------------------------------------------------------------------

static enum err stage_record(struct backup *backup, uint64_t seq)
{
    struct journal_frame frame;
    enum err err = journal_peek(backup->from, seq, &frame);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    if (frame.record.len > STORE_RECORD_BYTES_MAX ||
        frame.now_ms < journal_staged_head(backup->journal)->now_ms) {
        return ERR_CORRUPT;
    }
    (void)journal_stage(backup->journal, frame.record, frame.now_ms);
    const uint8_t *chain = journal_staged_head(backup->journal)->chain;
    return memcmp(chain, frame.chain, STORE_CHAIN_BYTES) == 0 ? OK : ERR_CORRUPT;
}

// One short read of the store, one synced transaction of the target.
static enum err copy_step(struct backup *backup)
{
    enum err err = journal_pin(backup->from);
    if (err != OK) {
        return err;
    }
    for (uint32_t count = 0; count < RECORDS_PER_STEP && err == OK; count++) {
        uint64_t seq = journal_staged_head(backup->journal)->seq + 1;
        if (seq > backup->last || journal_staged_bytes(backup->journal) >= STEP_BYTES) {
            break;
        }
        err = stage_record(backup, seq);
    }
    journal_unpin(backup->from);
    if (err == OK) {
        err = journal_commit(backup->journal);
    }
    if (err == OK && backup->progress != NULL) {
        backup->progress(backup->context, journal_head(backup->journal)->seq, backup->last);
    }
    return err;
}

// Blobs first: a record must never be in a backup without the blobs that it names.
static enum err copy_journal(struct backup *backup)
{
    enum err err = copy_blobs(backup);
    while (err == OK && journal_head(backup->journal)->seq < backup->last) {
        err = copy_step(backup);
    }
    return err;
}

// --- the whole -------------------------------------------------------------------------------

// The view as of now, beside the old one; it takes its place when the journal has caught up with
// it.
static enum err copy_view(struct backup *backup)
{
    enum err err = files_remove_folder(backup->fresh_view_path.text);
    if (err == OK) {
        err = files_make_folder(backup->fresh_view_path.text);
    }
    return err == OK ? store_view_copy(backup->store->view, backup->fresh_view_path.text) : err;
}

static enum err place_view(struct backup *backup)
{
    enum err err = files_remove_folder(backup->view_path.text);
    return err == OK ? files_rename(backup->fresh_view_path.text, backup->view_path.text) : err;
}

static enum err sync_names(struct backup *backup)
{
    enum err err = files_sync_folder(backup->journal_path.text);
    return err == OK ? files_sync_folder(backup->keep_path.text) : err;
}

static enum err run_backup(struct backup *backup)
{
    enum err err = open_target(backup);
    if (err == OK) {
        err = journal_reader_open(backup->store->journal, &backup->from);
    }
    if (err == OK) {
        err = copy_view(backup);
    }
    if (err == OK) { // read after the view was copied: the journal must reach at least as far
        store_lock_take(backup->store);
        backup->last = backup->store->committed.seq;
        store_lock_give(backup->store);
        err = check_common(backup);
    }
    if (err == OK) {
        err = copy_journal(backup);
    }
    if (err == OK) {
        err = keep_copy(backup->store->keep, backup->keep);
    }
    if (err == OK) {
        err = place_view(backup);
    }
    return err == OK ? sync_names(backup) : err;
}

enum err store_backup(struct store *store, const char *path, store_progress_fn *progress,
                      void *context, uint64_t *ret_seq)
{
    CHECK(store->magic == STORE_MAGIC);
    if (!store->on_disk) {
        return ERR_BAD_INPUT;
    }
    struct backup backup = { .store = store, .progress = progress, .context = context };
    int lock_fd = -1;
    long holder_pid;
    enum err err = name_paths(&backup, path);
    if (err == OK) {
        err = files_make_folder(path);
    }
    if (err == OK) {
        err = files_lock(path, &lock_fd, &holder_pid);
    }
    if (err != OK) {
        return err;
    }
    arena_init(&backup.arena, 2 * (size_t)STORE_BLOB_BYTES_MAX);
    err = run_backup(&backup);
    journal_reader_close(backup.from);
    journal_reader_close(backup.to);
    journal_close(backup.journal);
    keep_close(backup.keep);
    arena_done(&backup.arena);
    files_unlock(lock_fd);
    if (err == OK) {
        *ret_seq = backup.last;
    }
    return err;
}
