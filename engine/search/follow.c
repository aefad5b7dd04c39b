#include "engine/search/follow.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/model/record.h"
#include "engine/search/doc.h"
#include "engine/state/view.h"

enum {
    RECORD_ARENA_BYTES_MAX = 64 * 1024 * 1024,
    DOC_ARENA_BYTES_MAX = 64 * 1024 * 1024,
    RECORDS_MAX = 20000, // of one batch
    TABLE_BYTES_KEPT = 4 * 1024 * 1024
};

struct follower {
    struct store_reader *reader;
    struct view *view;
    struct index *index;
    struct stemmer *stemmer;
    struct arena records, arena;
    struct table touched;  // case (u64 BE) → what was said of it in this batch, as an encoded doc
    struct postings postings;
    struct doc *before, *after, *removed, *added;
    struct buf encoded;
    uint64_t filing; // the case in hand
    bool there; // its terms are added, not removed
    struct index_place place;
    _Atomic uint64_t seq;
    _Atomic int failed; // enum err
};

// --- opening -------------------------------------------------------------------------------------

static void close_all(struct follower *follower)
{
    if (follower->view != NULL) {
        view_close_reader(follower->view);
    }
    store_reader_close(follower->reader);
    index_close(follower->index);
    stemmer_close(follower->stemmer);
    arena_done(&follower->records);
    arena_done(&follower->arena);
    table_done(&follower->touched);
    postings_done(&follower->postings);
    buf_done(&follower->encoded);
    mem_free(follower->before);
    mem_free(follower->after);
    mem_free(follower->removed);
    mem_free(follower->added);
    mem_free(follower);
}

// An index that is ahead of the journal, or of another history, is begun anew.
static enum err hold_against_journal(struct follower *follower, const struct store *store)
{
    const struct index_place *place = index_place(follower->index);
    uint8_t chain[STORE_CHAIN_BYTES];
    struct slice record;
    if (place->seq == 0) {
        return OK;
    }
    bool same = place->seq <= store_head(store)->seq &&
                store_reader_record(follower->reader, place->seq, &follower->records, &record,
                                    chain) == OK &&
                memcmp(chain, place->chain, sizeof(chain)) == 0;
    arena_reset(&follower->records);
    return same ? OK : index_clear(follower->index);
}

enum err follower_open(struct store *store, const char *data_folder, uint64_t map_bytes,
                       struct follower **ret_follower)
{
    struct follower *follower = mem_zalloc(sizeof(*follower));
    arena_init(&follower->records, RECORD_ARENA_BYTES_MAX);
    arena_init(&follower->arena, DOC_ARENA_BYTES_MAX);
    table_init(&follower->touched);
    postings_init(&follower->postings);
    buf_init(&follower->encoded, INDEX_DOC_BYTES_MAX);
    follower->before = mem_zalloc(sizeof(struct doc));
    follower->after = mem_zalloc(sizeof(struct doc));
    follower->removed = mem_zalloc(sizeof(struct doc));
    follower->added = mem_zalloc(sizeof(struct doc));
    follower->stemmer = stemmer_open();
    enum err err = store_reader_open(store, &follower->reader);
    if (err == OK) {
        err = view_open_reader(follower->reader, &follower->view);
    }
    if (err == OK) {
        err = index_open(data_folder, store_uuid(store), map_bytes, &follower->index);
    }
    if (err == OK) {
        err = hold_against_journal(follower, store);
    }
    if (err != OK) {
        close_all(follower);
        return err;
    }
    atomic_init(&follower->seq, index_place(follower->index)->seq);
    atomic_init(&follower->failed, OK);
    *ret_follower = follower;
    return OK;
}

void follower_close(struct follower *follower)
{
    if (follower != NULL) {
        close_all(follower);
    }
}

struct index *follower_index(struct follower *follower) { return follower->index; }

enum err follower_failed(const struct follower *follower)
{
    return (enum err)atomic_load_explicit(&follower->failed, memory_order_relaxed);
}

uint64_t follower_seq(const struct follower *follower)
{
    return atomic_load_explicit(&follower->seq, memory_order_relaxed);
}

// --- what a batch touches ------------------------------------------------------------------------

static struct slice key_of(uint64_t instance, char to[8])
{
    for (uint32_t i = 0; i < 8; i++) {
        to[i] = (char)(unsigned char)(instance >> (56 - 8 * i));
    }
    return slice_make(to, 8);
}

static uint64_t case_of(struct slice key)
{
    uint64_t instance = 0;
    for (uint32_t i = 0; i < 8; i++) {
        instance = instance << 8 | (unsigned char)key.ptr[i];
    }
    return instance;
}

static void touch(struct follower *follower, uint64_t instance)
{
    char bytes[8];
    struct slice known;
    struct slice key = key_of(instance, bytes);
    if (table_get(&follower->touched, key, &known) == TABLE_ABSENT) {
        table_put(&follower->touched, key, SLICE_EMPTY);
    }
}

static void keep_said(struct follower *follower, uint64_t instance)
{
    char bytes[8];
    buf_reset(&follower->encoded);
    doc_encode(follower->after, &follower->encoded);
    if (!follower->encoded.overflow) {
        table_put(&follower->touched, key_of(instance, bytes), buf_slice(&follower->encoded));
    }
}

// Comments and links are told by events alone; everything else is in the case's row.
static void note_event(struct follower *follower, const struct event *event)
{
    bool comment = event->kind == EVENT_COMMENTED;
    if (!comment && event->kind != EVENT_DUPLICATE_LINKED) {
        return;
    }
    uint64_t instance = event_instance(event);
    char bytes[8];
    struct slice known;
    struct doc *doc = follower->after;
    doc_clear(doc);
    if (table_get(&follower->touched, key_of(instance, bytes), &known) == TABLE_PRESENT &&
        known.len > 0) {
        (void)doc_decode(arena_copy(&follower->records, known), doc);
    }
    if (comment) {
        doc_add_words(doc, &follower->records, TOKEN_SAID, 0, event->commented.text);
    } else {
        struct slice other = arena_format(&follower->records, "%llu",
                                          (unsigned long long)event->duplicate_linked.other);
        (void)doc_add(doc, (struct token){ TOKEN_TWIN, 0, other });
    }
    keep_said(follower, instance);
}

// Reads records up to `last` until enough cases are touched.
static enum err read_records(struct follower *follower, uint64_t last)
{
    for (uint32_t i = 0; i < RECORDS_MAX && follower->place.seq < last &&
                         follower->touched.row_count < FOLLOW_CASES_MAX;
         i++) {
        struct record record;
        struct slice bytes;
        arena_reset(&follower->records);
        enum err err = store_reader_record(follower->reader, follower->place.seq + 1,
                                           &follower->records, &bytes, follower->place.chain);
        if (err == OK) {
            err = record_decode(bytes, &follower->records, &record);
        }
        if (err != OK) {
            return err;
        }
        follower->place.seq++;
        for (uint32_t t = 0; t < record.touched_count; t++) {
            touch(follower, record.touched[t].instance);
        }
        for (uint32_t e = 0; e < record.event_count; e++) {
            note_event(follower, &record.events[e]);
        }
    }
    return OK;
}

// --- filing --------------------------------------------------------------------------------------

static void note_posting(void *context, struct slice term)
{
    struct follower *follower = context;
    postings_add(&follower->postings, term, follower->filing, follower->there);
}

// The tokens that only `of` has. Tokens keep their order from one filing to the next, so that one
// is mostly found right behind the one found before it.
static void keep_others(struct doc *ret_doc, const struct doc *of, const struct doc *without)
{
    uint32_t at = 0;
    ret_doc->ended = of->ended;
    ret_doc->count = 0;
    for (uint32_t i = 0; i < of->count; i++) {
        uint32_t passed = 0;
        while (passed < without->count && !token_equal(&of->token[i], &without->token[at])) {
            at = at + 1 < without->count ? at + 1 : 0;
            passed++;
        }
        if (passed == without->count) {
            ret_doc->token[ret_doc->count++] = of->token[i];
        }
    }
}

// Two tokens of these kinds may share a term: a stem, or first letters.
static bool shares_terms(const struct token *token)
{
    return token->kind == TOKEN_WORD || token->kind == TOKEN_SAID || token->kind == TOKEN_DIGITS;
}

// What the case loses and gains. When a word is lost, all that stay are told again, since what is
// added prevails: they may have terms of the lost one.
static void find_changes(struct follower *follower)
{
    const struct doc *before = follower->before, *after = follower->after;
    struct doc *added = follower->added;
    if (before->ended != after->ended) { // every term has another key
        *follower->removed = *before;
        *added = *after;
        return;
    }
    keep_others(follower->removed, before, after);
    keep_others(added, after, before);
    bool word_lost = false;
    for (uint32_t i = 0; i < follower->removed->count; i++) {
        word_lost = word_lost || shares_terms(&follower->removed->token[i]);
    }
    for (uint32_t i = 0; i < after->count && word_lost; i++) {
        if (shares_terms(&after->token[i])) {
            (void)doc_add(added, after->token[i]);
        }
    }
}

static void keep_from(struct doc *doc, const struct doc *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        if (from->token[i].kind == TOKEN_SAID || from->token[i].kind == TOKEN_TWIN) {
            (void)doc_add(doc, from->token[i]);
        }
    }
}

static void file_case(struct follower *follower, uint64_t id, struct slice said)
{
    const struct instance *instance = view_peek(follower->view, id);
    const struct view_program *program =
        instance != NULL ? view_program(follower->view, instance->head.program) : NULL;
    struct slice filed = arena_copy(&follower->arena, index_filed(follower->index, id));
    if (program == NULL || !doc_decode(filed, follower->before)) {
        doc_clear(follower->before);
        if (program == NULL) {
            return; // a damaged row: `rung verify` names it
        }
    }
    if (said.len == 0 && filed.len > 0 && follower->before->seq >= instance->head.last_seq) {
        return; // filed by an earlier batch, which saw the case as it is now
    }
    struct doc *doc = follower->after;
    doc_clear(doc);
    doc_read(doc, follower->view, program, instance, &follower->arena);
    keep_from(doc, follower->before);
    if (said.len > 0) {
        struct doc *more = ARENA_NEW(&follower->arena, struct doc);
        (void)doc_decode(said, more);
        keep_from(doc, more);
    }
    buf_reset(&follower->encoded);
    doc_encode(doc, &follower->encoded);
    if (follower->encoded.overflow || follower->arena.overflow) {
        return;
    }
    index_file(follower->index, id, buf_slice(&follower->encoded));
    find_changes(follower);
    follower->filing = id;
    follower->there = true;
    doc_terms(follower->added, follower->stemmer, note_posting, follower);
    follower->there = false;
    doc_terms(follower->removed, follower->stemmer, note_posting, follower);
}

static enum err file_touched(struct follower *follower)
{
    enum err err = index_begin(follower->index);
    if (err != OK) {
        return err;
    }
    struct table_cursor row;
    for (bool more = table_seek(&follower->touched, SLICE_EMPTY, &row); more;
         more = table_next(&row)) {
        struct arena_mark mark = arena_mark(view_arena(follower->view));
        arena_reset(&follower->arena);
        file_case(follower, case_of(row.key), row.value);
        arena_rewind(view_arena(follower->view), mark);
    }
    return index_commit(follower->index, &follower->postings, &follower->place);
}

bool follower_tick(struct follower *follower)
{
    enum err err = follower_failed(follower);
    if (err != OK && err != ERR_FULL && err != ERR_NO_MEMORY) {
        return false;
    }
    table_reset(&follower->touched);
    postings_reset(&follower->postings);
    follower->place = *index_place(follower->index);
    view_begin_flushed(follower->view);
    uint64_t last = store_reader_seq(follower->reader);
    err = OK;
    bool failed = store_reader_failed(follower->reader);
    if (!failed && follower->place.seq < last) {
        err = read_records(follower, last);
        if (err == OK) {
            err = file_touched(follower);
        }
    }
    failed = failed || store_reader_failed(follower->reader);
    view_end(follower->view);
    err = failed && err == OK ? ERR_IO : err;
    postings_reset(&follower->postings);
    table_reset(&follower->touched);
    table_shrink(&follower->touched, TABLE_BYTES_KEPT);
    atomic_store_explicit(&follower->seq, index_place(follower->index)->seq, memory_order_relaxed);
    atomic_store_explicit(&follower->failed, (int)err, memory_order_relaxed);
    return err == OK && follower->place.seq < last;
}
