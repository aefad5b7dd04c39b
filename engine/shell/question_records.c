// Records chosen by who, what and when: of one case, or of the whole store. Each answer looks at a
// bounded number of records and says where to go on.
#include "base/pack.h"
#include "base/utf8.h"
#include "engine/decide/rights.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"
#include "engine/shell/walk.h"

enum { RECORDS_LIMIT = 100 };

struct records {
    struct question *q;
    uint64_t instance; // 0: of the whole store
    uint32_t who;      // a user
    struct slice actor; // or "admin", "engine"; empty: whoever
    struct slice kind, action, stage, field, grep;
    uint64_t since_ms, until_ms;
    uint64_t last; // newest record there is
    uint64_t limit, next;
    bool past; // a record later than `until` was seen
    struct reply_count list;
    enum err err;
};

// --- what is asked for ---------------------------------------------------------------------------

static bool is_kind(struct slice kind)
{
    for (int i = COMMAND_NONE + 1; i < COMMAND_KIND_COUNT; i++) {
        if (slice_equal(kind, slice_from_cstr(command_name((enum command_kind)i)))) {
            return true;
        }
    }
    for (int i = EVENT_NONE + 1; i < EVENT_KIND_COUNT; i++) {
        if (slice_equal(kind, slice_from_cstr(event_name((enum event_kind)i)))) {
            return true;
        }
    }
    return false;
}

static struct slice text_of(const struct question *q, enum param param)
{
    return call_has(q->call, param) ? q->call->arg[param].bytes : SLICE_EMPTY;
}

// Who acted: a user, the socket's owner, the engine itself.
static bool read_who(struct records *records)
{
    struct question *q = records->q;
    struct slice who = text_of(q, PARAM_WHO);
    if (who.len == 0) {
        return true;
    }
    if (slice_equal(who, SLICE("admin")) || slice_equal(who, SLICE("engine"))) {
        records->actor = who;
        return true;
    }
    return question_user(q, PARAM_WHO, &records->who);
}

static bool read_query(struct records *records)
{
    struct question *q = records->q;
    uint64_t limit = question_number(q->call, PARAM_LIMIT, RECORDS_LIMIT);
    records->limit = limit == 0 ? 1 : limit < HISTORY_RECORDS_MAX ? limit : HISTORY_RECORDS_MAX;
    records->instance = question_number(q->call, PARAM_INSTANCE, 0);
    records->since_ms = question_number(q->call, PARAM_SINCE, 0);
    records->until_ms = question_number(q->call, PARAM_UNTIL, UINT64_MAX);
    records->action = text_of(q, PARAM_ACTION);
    records->stage = text_of(q, PARAM_STAGE);
    records->field = text_of(q, PARAM_FIELD);
    records->grep = text_of(q, PARAM_GREP);
    records->kind = text_of(q, PARAM_KIND);
    if (slice_equal(records->kind, SLICE("rule"))) {
        records->kind = SLICE("rule_fired");
    }
    if (records->kind.len > 0 && !is_kind(records->kind)) {
        return question_refuse(q, REFUSAL_BAD_REQUEST,
                               arena_format(q->env.arena,
                                            "`%.*s` is no kind of record: `rule`, a command like "
                                            "`press` or `timer`, or an event like `stage_entered`",
                                            SLICE_PRINT(records->kind)),
                               SLICE("kind"));
    }
    return true;
}

// Over the whole store a person asks about himself or those below him.
static bool may_ask(struct records *records)
{
    struct question *q = records->q;
    if (q->env.user == 0 || records->instance != 0) {
        return true;
    }
    if (records->who == 0) {
        return question_refuse(q, REFUSAL_NOT_ALLOWED,
                               SLICE("over all cases a person asks about himself and those below "
                                     "him: name one by `who`"), SLICE("who"));
    }
    return question_over(q, records->who);
}

// --- choosing ------------------------------------------------------------------------------------

static const struct view_program *program_of(const struct records *records,
                                             const struct record *record, uint64_t instance)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            return view_program(records->q->env.view, record->touched[i].program);
        }
    }
    return NULL;
}

static bool is_named(const struct view_program *program, uint32_t stage, struct slice name)
{
    return program != NULL && stage < program->image.stage_count &&
           slice_equal(image_slice(&program->image, program->image.stage[stage].name), name);
}

static bool event_fits(const struct records *records, const struct view_program *program,
                       const struct event *event, unsigned *wanted)
{
    if (event->kind == EVENT_PRESSED && slice_equal(event->pressed.name, records->action)) {
        *wanted &= ~1u;
    }
    uint32_t stage = event->kind == EVENT_STAGE_ENTERED  ? event->stage_entered.stage
                     : event->kind == EVENT_STAGE_EXITED ? event->stage_exited.stage
                                                         : INDEX_NONE;
    if (stage != INDEX_NONE && is_named(program, stage, records->stage)) {
        *wanted &= ~2u;
    }
    if (event->kind == EVENT_FIELD_CHANGED && program != NULL &&
        event->field_changed.field < program->image.field_count &&
        slice_equal(image_slice(&program->image,
                                program->image.field[event->field_changed.field].name),
                    records->field)) {
        *wanted &= ~4u;
    }
    if (slice_equal(slice_from_cstr(event_name(event->kind)), records->kind)) {
        *wanted &= ~8u;
    }
    return *wanted == 0;
}

// Everything that is asked of its events, each by some event of that case.
static bool events_fit(const struct records *records, const struct record *record,
                       uint64_t instance)
{
    bool command = slice_equal(slice_from_cstr(command_name(record->command)), records->kind);
    unsigned wanted = (records->action.len > 0 ? 1u : 0u) | (records->stage.len > 0 ? 2u : 0u) |
                      (records->field.len > 0 ? 4u : 0u) |
                      (records->kind.len > 0 && !command ? 8u : 0u);
    const struct view_program *program =
        wanted != 0 ? program_of(records, record, instance) : NULL;
    bool fits = wanted == 0;
    for (uint32_t i = 0; i < record->event_count && !fits; i++) {
        const struct event *event = &record->events[i];
        fits = event_instance(event) == instance && event_fits(records, program, event, &wanted);
    }
    return fits;
}

static bool head_fits(const struct records *records, const struct record *record)
{
    return record->now_ms >= records->since_ms && record->now_ms <= records->until_ms &&
           (records->who == 0 || record->on_behalf == records->who) &&
           (records->actor.len == 0 ||
            (slice_equal(record->actor, records->actor) && record->on_behalf == 0));
}

static uint32_t folded(uint32_t code)
{
    bool upper = (code >= 'A' && code <= 'Z') || (code >= 0xC0 && code <= 0xDE && code != 0xD7) ||
                 (code >= 0x410 && code <= 0x42F);
    return upper ? code + 32 : code >= 0x400 && code <= 0x40F ? code + 80 : code;
}

static bool begins_folded(struct slice text, size_t at, struct slice word)
{
    for (size_t n = 0; n < word.len;) {
        size_t a = 0, b = 0;
        if (at >= text.len ||
            folded(utf8_decode(text, at, &a)) != folded(utf8_decode(word, n, &b))) {
            return false;
        }
        at += a;
        n += b;
    }
    return true;
}

static bool text_holds(struct slice text, struct slice word)
{
    for (size_t at = 0; at < text.len; at++) {
        if (begins_folded(text, at, word)) {
            return true;
        }
    }
    return false;
}

struct level {
    uint32_t left; // elements still to come
    bool map;      // every other one is a key
};

// In the texts of what the answer says of it, keys left out: nothing is found by what is not shown.
static bool holds_text(struct slice written, struct slice word)
{
    struct level level[PACK_DEPTH_MAX + 1] = { { 1, false } };
    uint32_t depth = 0;
    struct unpack unpack;
    unpack_init(&unpack, written);
    while (!unpack.bad) {
        while (depth > 0 && level[depth].left == 0) {
            depth--;
        }
        if (level[depth].left == 0) {
            return false;
        }
        bool key = level[depth].map && level[depth].left % 2 == 0;
        level[depth].left--;
        enum pack_kind kind = unpack_peek(&unpack);
        if ((kind == PACK_MAP || kind == PACK_ARRAY) && depth < PACK_DEPTH_MAX) {
            bool map = kind == PACK_MAP;
            uint32_t count = map ? unpack_map(&unpack) * 2 : unpack_array(&unpack);
            level[++depth] = (struct level){ count, map };
        } else if (kind != PACK_STR) {
            (void)unpack_raw(&unpack);
        } else if (text_holds(unpack_str(&unpack), word) && !key) {
            return true;
        }
    }
    return false;
}

// --- writing -------------------------------------------------------------------------------------

static bool may_see(const struct records *records, uint64_t id)
{
    const struct question *q = records->q;
    if (q->env.user == 0) {
        return true;
    }
    const struct instance *instance = id != 0 ? view_instance(q->env.view, id, NULL) : NULL;
    const struct view_program *program =
        instance != NULL ? view_program(q->env.view, instance->head.program) : NULL;
    return program != NULL && rights_see(q->env.view, instance, program, q->env.user);
}

static void offer(struct records *records, uint64_t seq, const struct record *record,
                  uint64_t instance)
{
    struct buf *buf = records->q->env.buf;
    if (!events_fit(records, record, instance) || !may_see(records, instance)) {
        return;
    }
    size_t mark = buf->len;
    card_record(&records->q->env, seq, record, instance);
    struct slice written = slice_sub(buf_slice(buf), mark, buf->len);
    if (records->grep.len > 0 && !holds_text(written, records->grep)) {
        buf->len = mark;
        return;
    }
    records->list.count++;
}

// One record: as far as it is about the case that is asked about; else about the case that its
// first event belongs to, and each other one of its cases that has what is asked for.
static void look_at(struct records *records, uint64_t seq, const struct record *record)
{
    records->past = record->now_ms > records->until_ms;
    if (!head_fits(records, record)) {
        return;
    }
    if (records->instance != 0) {
        offer(records, seq, record, records->instance);
        return;
    }
    bool of_events = records->action.len + records->stage.len + records->field.len +
                         records->grep.len > 0;
    uint64_t first = record->event_count > 0 ? event_instance(&record->events[0]) : 0;
    offer(records, seq, record, first);
    for (uint32_t i = 0; of_events && i < record->touched_count; i++) {
        if (record->touched[i].instance != first) {
            offer(records, seq, record, record->touched[i].instance);
        }
    }
}

static bool take(struct records *records, uint64_t seq)
{
    struct question *q = records->q;
    struct arena_mark mark = arena_mark(q->env.arena);
    struct record record;
    records->err = walk_record(q->shell->reader, seq, q->env.arena, &record);
    if (records->err == OK) {
        question_begin(q);
        look_at(records, seq, &record);
        question_end(q);
    }
    arena_rewind(q->env.arena, mark);
    return records->err == OK;
}

static bool moment_of(struct records *records, uint64_t seq, uint64_t *ret_ms)
{
    struct question *q = records->q;
    struct arena_mark mark = arena_mark(q->env.arena);
    struct record record;
    records->err = walk_record(q->shell->reader, seq, q->env.arena, &record);
    *ret_ms = records->err == OK ? record.now_ms : 0;
    arena_rewind(q->env.arena, mark);
    return records->err == OK;
}

// The first record of that moment or later: moments never go back, so half of what is left is
// passed over at each look.
static uint64_t first_since(struct records *records, uint64_t seq)
{
    uint64_t end = records->last + 1;
    while (seq < end) {
        uint64_t middle = seq + (end - seq) / 2;
        uint64_t ms = 0;
        if (!moment_of(records, middle, &ms)) {
            return end;
        }
        if (ms < records->since_ms) {
            seq = middle + 1;
        } else {
            end = middle;
        }
    }
    return seq;
}

static void scan_store(struct records *records, uint64_t after)
{
    uint64_t seq = records->since_ms > 0 ? first_since(records, after + 1) : after + 1;
    for (uint32_t n = 0; n < RECORDS_SCAN_MAX && seq <= records->last; n++, seq++) {
        if (records->list.count >= records->limit || records->past || !take(records, seq)) {
            break;
        }
    }
    records->next = seq <= records->last && !records->past ? seq - 1 : 0;
}

static void scan_case(struct records *records, uint64_t after)
{
    struct question *q = records->q;
    struct walk *walk = ARENA_NEW(q->env.arena, struct walk);
    records->err = walk_back(q->shell->reader, records->instance, records->last, after,
                             HISTORY_RECORDS_MAX, q->env.arena, walk);
    uint64_t seen = after;
    for (uint32_t i = walk->count; records->err == OK && i > 0; i--) {
        if (records->list.count >= records->limit || !take(records, walk->seq[i - 1])) {
            break;
        }
        seen = walk->seq[i - 1];
    }
    records->next = seen < records->last ? seen : 0;
}

bool answer_records(struct question *q)
{
    struct records records = { .q = q };
    question_begin(q);
    const struct view_program *program = NULL;
    bool known = question_user(q, PARAM_AS, &q->env.user) && read_query(&records) &&
                 read_who(&records) && may_ask(&records);
    const struct instance *instance =
        known && records.instance != 0 ? question_instance(q, &program) : NULL;
    known = known && (records.instance == 0 || instance != NULL);
    records.last = instance != NULL ? instance->head.last_seq : store_reader_seq(q->shell->reader);
    question_end(q);
    if (!known) {
        return false;
    }
    uint64_t after = question_number(q->call, PARAM_FROM, 0);
    pack_map(q->env.buf, 2);
    reply_key(q->env.buf, "records");
    records.list = reply_open_array(q->env.buf);
    if (after < records.last && records.instance != 0) {
        scan_case(&records, after);
    } else if (after < records.last) {
        scan_store(&records, after);
    }
    reply_close(q->env.buf, records.list);
    reply_moment(q->env.buf, "next", records.next); // where to go on from; nil at the end
    return records.err == OK ||
           question_refuse(q, REFUSAL_ROW_DAMAGED, SLICE("a record of the history is damaged"),
                           SLICE_EMPTY);
}
