// Questions: answered by the loop's side from its own view, straight into the session's output. A
// question that turns out to be refused takes back what it had written.
#include "base/check.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/card.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"
#include "engine/shell/walk.h"

enum { HISTORY_LIMIT = 100, USERS_LIMIT = 1000 };

bool question_refuse(struct question *q, enum refusal_code code, struct slice message,
                   struct slice subject)
{
    q->refusal = (struct refusal){ code, message, subject };
    return false;
}

uint64_t question_number(const struct call *call, enum param param, uint64_t otherwise)
{
    return call_has(call, param) ? call->arg[param].number : otherwise;
}

void question_begin(struct question *q) { view_begin(q->shell->view); }

void question_end(struct question *q) { view_end(q->shell->view); }

// On whose behalf is asked. Between begin and end.
static bool find_user(struct question *q, enum param param)
{
    return question_user(q, param, &q->env.user);
}

bool question_user(struct question *q, enum param param, uint32_t *ret_user)
{
    if (!call_has(q->call, param)) {
        return true;
    }
    struct slice name = q->call->arg[param].bytes;
    const struct view_user *user = view_user_named(q->env.view, name);
    if (user == NULL) {
        return question_refuse(q, REFUSAL_UNKNOWN_USER,
                      arena_format(q->env.arena, "there is no user `%.*s`", SLICE_PRINT(name)),
                      name);
    }
    *ret_user = user->id;
    return true;
}

const struct instance *question_instance(struct question *q,
                                         const struct view_program **ret_program)
{
    uint64_t id = q->call->arg[PARAM_INSTANCE].number;
    enum err err = OK;
    const struct instance *instance = view_instance(q->env.view, id, &err);
    struct slice subject = arena_format(q->env.arena, "%llu", (unsigned long long)id);
    if (instance == NULL) {
        (void)question_refuse(
            q, err == ERR_NOT_FOUND ? REFUSAL_UNKNOWN_INSTANCE : REFUSAL_ROW_DAMAGED,
                     err == ERR_NOT_FOUND
                         ? arena_format(q->env.arena, "there is no case %.*s", SLICE_PRINT(subject))
                         : arena_format(q->env.arena, "the stored row of case %.*s is damaged",
                                        SLICE_PRINT(subject)), subject);
        return NULL;
    }
    *ret_program = view_program(q->env.view, instance->head.program);
    if (*ret_program == NULL) {
        (void)question_refuse(q, REFUSAL_ROW_DAMAGED,
                     arena_format(q->env.arena, "the program of case %.*s is not in the store",
                                  SLICE_PRINT(subject)), subject);
        return NULL;
    }
    if (q->env.user != 0 && !rights_see(q->env.view, instance, *ret_program, q->env.user)) {
        (void)question_refuse(q, REFUSAL_NOT_ALLOWED,
                              rights_unseen(q->env.view, id, q->env.user, q->env.arena),
                              subject);
        return NULL;
    }
    return instance;
}

// --- hello, next_due -----------------------------------------------------------------------------

static bool answer_hello(struct question *q)
{
    static const char digits[] = "0123456789abcdef";
    struct shell *shell = q->shell;
    char uuid[STORE_UUID_BYTES * 2];
    const uint8_t *bytes = store_uuid(shell->options.store);
    for (size_t i = 0; i < STORE_UUID_BYTES; i++) {
        uuid[2 * i] = digits[bytes[i] >> 4];
        uuid[2 * i + 1] = digits[bytes[i] & 15];
    }
    question_begin(q);
    uint64_t seq = store_reader_seq(shell->reader);
    char zone[64]; // read before the reader moves on
    struct slice name = view_zone_name(q->env.view, 0);
    size_t zone_len = name.len < sizeof(zone) ? name.len : sizeof(zone);
    memcpy(zone, name.ptr, zone_len);
    // Somebody unknown is refused when he asks or says something.
    const struct view_user *user = view_user_named(q->env.view, q->call->arg[PARAM_AS].bytes);
    struct slice own = arena_copy(q->env.arena, user != NULL ? user->zone : SLICE_EMPTY);
    question_end(q);
    struct slice build = shell->options.build;
    pack_map(q->env.buf, 10);
    reply_text(q->env.buf, "server", SLICE("rung"));
    reply_text(q->env.buf, "version", build);
    reply_text(q->env.buf, "store", slice_make(uuid, sizeof(uuid)));
    reply_uint(q->env.buf, "seq", seq);
    reply_moment(q->env.buf, "now", q->env.now_ms);
    reply_bool(q->env.buf, "demo", shell->options.keeper->demo);
    reply_bool(q->env.buf, "clock_stepped", timekeeper_stepped(shell->options.keeper));
    reply_text(q->env.buf, "currency", shell->options.currency);
    reply_text(q->env.buf, "zone", slice_make(zone, zone_len));
    reply_text(q->env.buf, "own_zone", own);
    return true;
}

static bool answer_next_due(struct question *q)
{
    question_begin(q);
    struct view_timer_row row;
    bool any = view_first_timer(q->env.view, &row);
    question_end(q);
    pack_map(q->env.buf, 2);
    reply_moment(q->env.buf, "due", any ? row.due : 0);
    reply_moment(q->env.buf, "now", q->env.now_ms);
    return true;
}

// --- show, history -------------------------------------------------------------------------------

static bool answer_show(struct question *q)
{
    if (call_has(q->call, PARAM_AT) || call_has(q->call, PARAM_SEQ)) {
        return answer_past(q);
    }
    question_begin(q);
    const struct view_program *program = NULL;
    const struct instance *instance =
        find_user(q, PARAM_AS) ? question_instance(q, &program) : NULL;
    if (instance != NULL) {
        card_case(&q->env, program, instance);
    }
    question_end(q);
    return instance != NULL;
}

static bool answer_history(struct question *q)
{
    uint64_t limit = question_number(q->call, PARAM_LIMIT, HISTORY_LIMIT);
    limit = limit == 0 ? 1 : limit < HISTORY_RECORDS_MAX ? limit : HISTORY_RECORDS_MAX;
    uint64_t id = q->call->arg[PARAM_INSTANCE].number;
    question_begin(q);
    const struct view_program *program = NULL;
    const struct instance *instance =
        find_user(q, PARAM_AS) ? question_instance(q, &program) : NULL;
    uint64_t last = instance != NULL ? instance->head.last_seq : 0;
    question_end(q);
    if (instance == NULL) {
        return false;
    }
    struct walk *walk = ARENA_NEW(q->env.arena, struct walk);
    enum err err = walk_back(q->shell->reader, id, last, question_number(q->call, PARAM_FROM, 0),
                             (uint32_t)limit, q->env.arena, walk);
    pack_map(q->env.buf, 2);
    reply_key(q->env.buf, "records");
    pack_array(q->env.buf, walk->count);
    for (uint32_t i = walk->count; err == OK && i > 0; i--) {
        struct arena_mark mark = arena_mark(q->env.arena);
        struct record record;
        err = walk_record(q->shell->reader, walk->seq[i - 1], q->env.arena, &record);
        if (err == OK) {
            question_begin(q);
            card_record(&q->env, walk->seq[i - 1], &record, id);
            question_end(q);
        }
        arena_rewind(q->env.arena, mark);
    }
    reply_bool(q->env.buf, "more", walk->count > 0 && walk->seq[0] < last);
    return err == OK || question_refuse(q, REFUSAL_ROW_DAMAGED,
                               SLICE("a record of this case's history is damaged"), SLICE_EMPTY);
}

// --- processes, users ----------------------------------------------------------------------------

void question_hash(struct buf *buf, const struct view_program *program)
{
    static const char digits[] = "0123456789abcdef";
    char hash[16];
    for (size_t i = 0; i < sizeof(hash) / 2; i++) {
        hash[2 * i] = digits[program->hash[i] >> 4];
        hash[2 * i + 1] = digits[program->hash[i] & 15];
    }
    reply_text(buf, "hash", slice_make(hash, sizeof(hash)));
}

// All its open cases, on whatever version they run.
static uint32_t count_open(struct question *q, uint32_t process)
{
    uint32_t count = 0;
    uint32_t programs = view_counters(q->env.view)->next_program;
    for (uint32_t i = 1; i < programs; i++) {
        const struct view_program *program = view_program(q->env.view, i);
        count += program != NULL && program->process == process ? view_open_on(q->env.view, i) : 0;
    }
    return count;
}

static void write_process(struct question *q, const struct view_program *program)
{
    const struct image *image = &program->image;
    pack_map(q->env.buf, 8);
    reply_text(q->env.buf, "process", image_slice(image, image->process[0].name));
    reply_text(q->env.buf, "label", image_slice(image, image->process[0].label));
    reply_uint(q->env.buf, "version", program->version);
    question_hash(q->env.buf, program);
    reply_uint(q->env.buf, "open", count_open(q, program->process));
    reply_text(q->env.buf, "file", image_slice(image, image->process[0].file));
    reply_key(q->env.buf, "roles");
    pack_array(q->env.buf, image->role_count);
    for (uint32_t i = 0; i < image->role_count; i++) {
        pack_str(q->env.buf, image_slice(image, image->role[i].name));
    }
    reply_key(q->env.buf, "start_form");
    card_start_form(&q->env, program);
}

static void write_inbox(struct question *q, const struct view_program *program)
{
    const struct image *image = &program->image;
    struct image_range readers = image->inbox[0].readers;
    pack_map(q->env.buf, 5);
    reply_text(q->env.buf, "inbox", image_slice(image, image->inbox[0].name));
    reply_uint(q->env.buf, "version", program->id);
    question_hash(q->env.buf, program);
    reply_text(q->env.buf, "file", image_slice(image, image->inbox[0].file));
    reply_key(q->env.buf, "for");
    pack_array(q->env.buf, readers.count);
    for (uint32_t i = readers.first; i < readers.first + readers.count; i++) {
        pack_str(q->env.buf, image_slice(image, image->role[image->list[i]].name));
    }
}

static void write_inboxes(struct question *q)
{
    reply_key(q->env.buf, "inboxes");
    struct reply_count list = reply_open_array(q->env.buf);
    uint32_t count = view_counters(q->env.view)->next_process;
    for (uint32_t process = 1; process < count; process++) {
        const struct view_program *program = view_active_inbox(q->env.view, process);
        if (program != NULL) {
            write_inbox(q, program);
            list.count++;
        }
    }
    reply_close(q->env.buf, list);
}

static bool answer_processes(struct question *q)
{
    question_begin(q);
    bool known = find_user(q, PARAM_AS);
    if (known) {
        pack_map(q->env.buf, 2);
        reply_key(q->env.buf, "processes");
        struct reply_count list = reply_open_array(q->env.buf);
        uint32_t count = view_counters(q->env.view)->next_process;
        for (uint32_t process = 1; process < count; process++) {
            const struct view_program *program = view_active(q->env.view, process);
            if (program != NULL) {
                write_process(q, program);
                list.count++;
            }
        }
        reply_close(q->env.buf, list);
        write_inboxes(q);
    }
    question_end(q);
    return known;
}

// Those that have not ended, in order; the first may have begun.
static void write_absences(struct question *q, const struct view_user *user)
{
    reply_key(q->env.buf, "absences");
    pack_array(q->env.buf, user->absence_count);
    for (uint32_t i = 0; i < user->absence_count; i++) {
        const struct view_absence *absence = &user->absences[i];
        pack_map(q->env.buf, 4);
        reply_moment(q->env.buf, "from", absence->from);
        reply_moment(q->env.buf, "to", absence->to);
        card_user(&q->env, "substitute", absence->substitute);
        reply_bool(q->env.buf, "away", absence->begun != 0);
    }
}

static void write_user(struct question *q, const struct view_user *user)
{
    pack_map(q->env.buf, 12);
    reply_text(q->env.buf, "name", user->name);
    reply_text(q->env.buf, "title", user->title);
    reply_key(q->env.buf, "roles");
    pack_array(q->env.buf, user->role_count);
    for (uint32_t i = 0; i < user->role_count; i++) {
        pack_str(q->env.buf, view_role_name(q->env.view, user->roles[i]));
    }
    reply_key(q->env.buf, "teams");
    pack_array(q->env.buf, user->team_count);
    for (uint32_t i = 0; i < user->team_count; i++) {
        pack_str(q->env.buf, view_team_name(q->env.view, user->teams[i]));
    }
    reply_text(q->env.buf, "zone", user->zone);
    reply_text(q->env.buf, "language", user->language);
    reply_text(q->env.buf, "hours", user->hours);
    reply_bool(q->env.buf, "at_work",
               view_present(q->env.view, user->id) &&
                   view_work_begins(q->env.view, user->id, q->env.now_ms) == q->env.now_ms);
    write_absences(q, user);
    card_user(&q->env, "superior", user->superior);
    reply_bool(q->env.buf, "active", user->active);
    reply_uint(q->env.buf, "tasks", view_load(q->env.view, user->id));
}

static bool answer_users(struct question *q)
{
    uint64_t from = question_number(q->call, PARAM_FROM, 0);
    uint64_t limit = question_number(q->call, PARAM_LIMIT, USERS_LIMIT);
    limit = limit < USERS_LIMIT ? limit : USERS_LIMIT;
    question_begin(q);
    uint32_t count = view_user_count(q->env.view);
    uint64_t next = from + 1;
    pack_map(q->env.buf, 2);
    reply_key(q->env.buf, "users");
    struct reply_count list = reply_open_array(q->env.buf);
    for (; from < count && next <= count && list.count < limit; next++) {
        const struct view_user *user = view_user(q->env.view, (uint32_t)next);
        if (user != NULL) {
            write_user(q, user);
            list.count++;
        }
    }
    reply_close(q->env.buf, list);
    // Where to go on from; nil at the end of the list.
    reply_moment(q->env.buf, "next", from < count && next <= count ? next - 1 : 0);
    question_end(q);
    return true;
}

// --- one question --------------------------------------------------------------------------------

static bool answer(struct question *q)
{
    static const struct {
        enum method method;
        bool (*answer)(struct question *q);
    } answers[] = {
        { METHOD_HELLO, answer_hello },         { METHOD_INBOX, question_inbox },
        { METHOD_SHOW, answer_show },           { METHOD_HISTORY, answer_history },
        { METHOD_PROCESSES, answer_processes }, { METHOD_USERS, answer_users },
        { METHOD_NEXT_DUE, answer_next_due },   { METHOD_HOLDINGS, answer_holdings },
        { METHOD_PEOPLE, answer_people },       { METHOD_INCIDENTS, question_incidents },
        { METHOD_CALLS, question_calls },       { METHOD_WHY, answer_why },
        { METHOD_RECORDS, answer_records },     { METHOD_PROOF, answer_proof },
        { METHOD_SEARCH, question_search },     { METHOD_DUPLICATES, question_duplicates },
        { METHOD_VERSIONS, question_versions },
        { METHOD_MOVES, question_moves },
    };
    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        if (answers[i].method == q->call->method) {
            return answers[i].answer(q);
        }
    }
    UNREACHABLE();
}

void question_answer(struct shell *shell, struct session *session, const struct call *call)
{
    struct question q = {
        .shell = shell,
        .call = call,
        .env = {
            .view = shell->view,
            .arena = &shell->scratch,
            .buf = &session->out,
            .currency = shell->options.currency,
            .lang = session_lang(session),
            .now_ms = timekeeper_now(shell->options.keeper),
        },
    };
    size_t mark = session->out.len;
    reply_begin(&session->out, call->msgid);
    bool answered = answer(&q);
    bool overflow = session->out.overflow || shell->scratch.overflow;
    if (overflow) {
        q.refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("the answer would be longer than 8 MiB"),
                                      SLICE("limit") };
    }
    if (!answered || overflow) {
        session->out.len = mark;
        session->out.overflow = false;
        session_refuse(shell, session, call->msgid, &q.refusal);
        return;
    }
    session_mark_dirty(shell, session);
}
