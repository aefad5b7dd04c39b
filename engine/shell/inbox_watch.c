// Subscriptions to inboxes: the latest state per task, at most four frames a second. One table
// holds what each subscription was told of each task, in order of case, so that a case that changed
// is looked at once, however many inboxes are watched.
#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/card.h"
#include "engine/shell/inbox_list.h"
#include "engine/shell/lanes.h"
#include "engine/shell/reply.h"
#include "engine/shell/subscribe_internal.h"

enum {
    FRAME_MS = 250,
    TOUCHED_KEPT_MAX = 4096, // cases that changed since the last frame
    TOLD_KEY_BYTES = 16,     // case, task, number of the subscription
    GONE_AT_ONCE = 64
};

struct told_key {
    char bytes[TOLD_KEY_BYTES];
};

static void put_be(char *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (char)(value >> (8 * (bytes - 1 - i)));
    }
}

static struct told_key told_key(uint64_t instance, uint32_t task, uint32_t number)
{
    struct told_key key;
    put_be(key.bytes, instance, 8);
    put_be(key.bytes + 8, task, 4);
    put_be(key.bytes + 12, number, 4);
    return key;
}

static struct slice key_bytes(const struct told_key *key)
{
    return slice_make(key->bytes, sizeof(key->bytes));
}

static uint32_t get_be32(const char *from)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        value = (value << 8) | (unsigned char)from[i];
    }
    return value;
}

static uint64_t mix(uint64_t hash, uint64_t fact) { return (hash ^ fact) * 1099511628211u; }

static uint64_t mix_key(uint64_t hash, const struct value *key)
{
    hash = mix(hash, key->kind * 256u + key->scale);
    for (size_t i = 0; i < sizeof(key->currency); i++) {
        hash = mix(hash, (unsigned char)key->currency[i]);
    }
    if (key->kind != VALUE_TEXT) { // what lanes are sorted by is one of these
        return mix(hash, key->kind == VALUE_BOOL ? key->yes : (uint64_t)key->number);
    }
    for (size_t i = 0; i < key->text.len; i++) {
        hash = mix(hash, (unsigned char)key->text.ptr[i]);
    }
    return hash;
}

static bool is_broken(const struct open_task *task, uint64_t now_ms)
{
    return (task->flags & TASK_FLAG_PROMISED) != 0 && task->due < now_ms;
}

// Two states of a task that read the same have the same number (FNV-1a over what a card shows).
static uint64_t state_of(const struct instance *instance, const struct open_task *task,
                         const struct lane_place *place, uint64_t now_ms)
{
    const struct active_stage *leaf = card_leaf(instance, task);
    const uint64_t facts[] = { task->due, task->until, task->holder, task->offered, task->flags,
                               task->tries, leaf != NULL ? leaf->entry : 0, place->inbox,
                               place->lane, is_broken(task, now_ms) };
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
        hash = mix(hash, facts[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(place->key); i++) {
        hash = mix_key(hash, &place->key[i]);
    }
    return hash;
}

static bool is_for(const struct view *view, const struct view_program *program,
                   const struct instance *instance, const struct open_task *task, uint32_t user)
{
    if (task->holder == user) {
        return true;
    }
    struct rights_task offer = rights_task_of(program, instance, task);
    return program != NULL && rights_shown(view, &offer, user);
}

// --- beginning and end ---------------------------------------------------------------------------

static void remember(struct shell *shell, struct subscription *s, uint64_t instance, uint32_t task,
                     uint64_t state)
{
    struct told_key key = told_key(instance, task, s->number);
    table_put(&shell->told, key_bytes(&key), slice_make(&state, sizeof(state)));
}

static void open_lanes(struct shell *shell, const struct subscription *s, struct lanes *lanes)
{
    lanes_open(lanes, shell->view, &shell->scratch, s->user, s->user,
               timekeeper_now(shell->options.keeper));
    (void)lanes_set_zone(lanes, slice_from_cstr(s->zone)); // it was known when he gave it
    lanes->currency = shell->options.currency;
}

static void await(struct shell *shell, uint64_t moment_ms)
{
    if (moment_ms < shell->inbox_moment_ms) {
        shell->inbox_moment_ms = moment_ms;
    }
}

// The first promise that is not broken yet.
static void await_promise(struct shell *shell, struct subscription *s, uint64_t due, uint32_t flags)
{
    uint64_t now_ms = timekeeper_now(shell->options.keeper);
    if ((flags & TASK_FLAG_PROMISED) != 0 && due >= now_ms && due + 1 < s->promise_ms) {
        s->promise_ms = due + 1;
        await(shell, s->promise_ms);
    }
}

// What stands there now counts as told: whoever subscribes, or is told to reload, asks for it.
static void fill_told(struct shell *shell, struct subscription *s)
{
    struct inbox_list list;
    struct lanes lanes;
    inbox_list_init(&list, INBOX_TASKS_MAX, &shell->scratch);
    inbox_list_fill(&list, shell->view, s->user);
    open_lanes(shell, s, &lanes);
    s->midnight_ms = lanes.count > 0 ? lanes_midnight(&lanes) : UINT64_MAX;
    s->promise_ms = UINT64_MAX;
    await(shell, s->midnight_ms);
    for (uint32_t i = 0; i < list.count; i++) {
        remember(shell, s, list.items[i].instance, list.items[i].task, 0);
        await_promise(shell, s, list.items[i].due, list.items[i].flags);
    }
    s->told_count = list.count;
}

void inbox_watch_begin(struct shell *shell, struct subscription *s, const struct view_user *user)
{
    s->number = ++shell->inbox_number;
    s->user = user->id;
    buf_init(&s->added, SESSION_PUSH_BYTES_MAX);
    buf_init(&s->removed, SESSION_PUSH_BYTES_MAX);
    fill_told(shell, s);
}

// Leaves out what was told to `without` (0: to nobody), and all tombstones.
static void rebuild_told(struct shell *shell, uint32_t without)
{
    struct table fresh;
    struct table_cursor cursor;
    table_init(&fresh);
    bool more = table_seek(&shell->told, SLICE_EMPTY, &cursor);
    for (; more; more = table_next(&cursor)) {
        if (!cursor.dead && get_be32(cursor.key.ptr + 12) != without) {
            table_put(&fresh, cursor.key, cursor.value);
        }
    }
    table_done(&shell->told);
    shell->told = fresh;
}

void inbox_watch_end(struct shell *shell, struct subscription *s)
{
    buf_done(&s->added);
    buf_done(&s->removed);
    rebuild_told(shell, s->number);
}

void inbox_watch_done(struct shell *shell)
{
    table_done(&shell->told);
    mem_free(shell->touched);
}

void inbox_watch_people(struct shell *shell) { shell->touched_lost = true; }

void inbox_watch_touched(struct shell *shell, uint64_t instance)
{
    if (shell->touched == NULL) {
        shell->touched = mem_alloc(sizeof(uint64_t) * TOUCHED_KEPT_MAX);
    }
    // Neighbours in a batch are often about one case.
    for (uint32_t i = shell->touched_count; i > 0 && i + 8 > shell->touched_count; i--) {
        if (shell->touched[i - 1] == instance) {
            return;
        }
    }
    if (shell->touched_count == TOUCHED_KEPT_MAX) {
        shell->touched_lost = true;
        return;
    }
    shell->touched[shell->touched_count++] = instance;
}

// --- one case that changed -----------------------------------------------------------------------

static struct subscription *find_number(struct shell *shell, uint32_t number)
{
    struct subscription *s = shell->watching;
    while (s != NULL && s->number != number) {
        s = s->next;
    }
    return s;
}

// Some of the tasks that were told of and are no longer where they were. Returns how many.
static uint32_t tell_removed(struct shell *shell, uint64_t id, const struct instance *instance)
{
    struct told_key gone[GONE_AT_ONCE];
    uint32_t count = 0;
    const struct view_program *program =
        instance != NULL ? view_program(shell->view, instance->head.program) : NULL;
    struct told_key first = told_key(id, 0, 0);
    struct table_cursor cursor;
    bool more = table_seek(&shell->told, key_bytes(&first), &cursor);
    for (; more && memcmp(cursor.key.ptr, first.bytes, 8) == 0 && count < GONE_AT_ONCE;
         more = table_next(&cursor)) {
        struct subscription *s = find_number(shell, get_be32(cursor.key.ptr + 12));
        CHECK(cursor.dead || s != NULL);
        uint32_t number = get_be32(cursor.key.ptr + 8);
        const struct open_task *task =
            instance != NULL ? instance_task_const(instance, number) : NULL;
        if (!cursor.dead &&
            (task == NULL || !is_for(shell->view, program, instance, task, s->user))) {
            memcpy(gone[count++].bytes, cursor.key.ptr, TOLD_KEY_BYTES);
            pack_map(&s->removed, 2);
            reply_uint(&s->removed, "instance", id);
            reply_uint(&s->removed, "task", number);
            s->removed_count++;
            s->told_count--;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        table_kill(&shell->told, key_bytes(&gone[i]));
    }
    return count;
}

static void tell_task(struct shell *shell, struct subscription *s, const struct instance *instance,
                      const struct open_task *task)
{
    struct told_key key = told_key(instance->head.id, task->number, s->number);
    struct slice known = SLICE_EMPTY;
    struct lanes lanes;
    struct lane_place place;
    const struct view_program *program = view_program(shell->view, instance->head.program);
    if (program == NULL) {
        return;
    }
    open_lanes(shell, s, &lanes);
    lanes_place(&lanes, program, instance, task, 0, &place);
    uint64_t state = state_of(instance, task, &place, lanes.now_ms);
    uint64_t before = 0;
    bool told = table_get(&shell->told, key_bytes(&key), &known) == TABLE_PRESENT;
    if (told) {
        memcpy(&before, known.ptr, sizeof(before));
    }
    await_promise(shell, s, task->due, task->flags);
    if (told && before == state) {
        return;
    }
    if (!told && s->told_count == INBOX_TASKS_MAX) {
        s->missed = true; // it could not be told when the task goes
        return;
    }
    s->told_count += told ? 0 : 1;
    remember(shell, s, instance->head.id, task->number, state);
    struct card_env env = subscribe_env(shell, s->session, &s->added);
    card_task(&env, program, instance, task, &lanes, &place);
    s->added_count++;
}

static void tell_case(struct shell *shell, uint64_t id)
{
    view_begin(shell->view);
    const struct instance *instance = view_instance(shell->view, id, NULL);
    while (tell_removed(shell, id, instance) == GONE_AT_ONCE) {
    }
    const struct view_program *program =
        instance != NULL ? view_program(shell->view, instance->head.program) : NULL;
    for (uint32_t i = 0; instance != NULL && i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        for (struct subscription *s = shell->watching; s != NULL; s = s->next) {
            if (s->user != 0 && is_for(shell->view, program, instance, task, s->user)) {
                tell_task(shell, s, instance, task);
            }
        }
    }
    view_end(shell->view);
}

// --- moments (rule 39) ---------------------------------------------------------------------------

// Promises that were kept open until now are told of once more, with their new lane.
static void tell_broken(struct shell *shell, struct subscription *s, uint64_t now_ms)
{
    struct inbox_list list;
    uint64_t from = s->promise_ms - 1;
    view_begin(shell->view);
    inbox_list_init(&list, INBOX_TASKS_MAX, &shell->scratch);
    inbox_list_fill(&list, shell->view, s->user);
    view_end(shell->view);
    s->promise_ms = UINT64_MAX;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct inbox_item *item = &list.items[i];
        await_promise(shell, s, item->due, item->flags);
        if ((item->flags & TASK_FLAG_PROMISED) != 0 && item->due >= from && item->due < now_ms) {
            inbox_watch_touched(shell, item->instance);
        }
    }
}

// A day that ends moves tasks from lane to lane: the whole list is to be asked for anew.
static void pass_moments(struct shell *shell, uint64_t now_ms)
{
    shell->inbox_moment_ms = UINT64_MAX;
    for (struct subscription *s = shell->watching; s != NULL; s = s->next) {
        if (s->user == 0) {
            continue;
        }
        if (now_ms >= s->midnight_ms) {
            s->missed = true;
            s->midnight_ms = UINT64_MAX; // until it has been told
        }
        if (now_ms >= s->promise_ms) {
            tell_broken(shell, s, now_ms);
            arena_reset(&shell->scratch);
        }
        await(shell, s->midnight_ms);
        await(shell, s->promise_ms);
    }
}

// --- frames --------------------------------------------------------------------------------------

static void send_frame(struct shell *shell, struct subscription *s)
{
    bool reload = shell->touched_lost || s->missed || s->added.overflow || s->removed.overflow;
    if (s->added_count == 0 && s->removed_count == 0 && !reload) {
        return;
    }
    if (session_unsent(s->session) >= SESSION_PUSH_BYTES_MAX) {
        s->missed = true; // he does not read: he will be told to ask again
    } else {
        struct buf *out = &s->session->out;
        view_begin(shell->view);
        struct card_env env = subscribe_env(shell, s->session, out);
        struct slice name = arena_copy(&shell->scratch, card_user_name(&env, s->user));
        view_end(shell->view);
        bool whole = !s->added.overflow && !s->removed.overflow;
        reply_notification(out, "inbox");
        pack_map(out, 4);
        reply_text(out, "user", name);
        reply_bool(out, "reload", reload);
        reply_key(out, "added");
        pack_array(out, whole ? s->added_count : 0);
        buf_put_slice(out, whole ? buf_slice(&s->added) : SLICE_EMPTY);
        reply_key(out, "removed");
        pack_array(out, whole ? s->removed_count : 0);
        buf_put_slice(out, whole ? buf_slice(&s->removed) : SLICE_EMPTY);
        session_mark_dirty(shell, s->session);
        s->missed = false;
        if (reload) {
            rebuild_told(shell, s->number);
            view_begin(shell->view);
            fill_told(shell, s);
            view_end(shell->view);
        }
    }
    buf_reset(&s->added);
    buf_reset(&s->removed);
    s->added_count = 0;
    s->removed_count = 0;
}

void inbox_watch_work(struct shell *shell)
{
    uint64_t now_ms = clock_steady_us(shell->options.keeper->clock) / 1000;
    uint64_t moment_ms = timekeeper_now(shell->options.keeper);
    bool moment = moment_ms >= shell->inbox_moment_ms;
    if ((shell->touched_count == 0 && !shell->touched_lost && !moment) ||
        now_ms < shell->next_inbox_ms) {
        return;
    }
    shell->next_inbox_ms = now_ms + FRAME_MS;
    if (moment) {
        pass_moments(shell, moment_ms);
    }
    bool any = false;
    for (const struct subscription *s = shell->watching; s != NULL; s = s->next) {
        any = any || s->user != 0;
    }
    for (uint32_t i = 0; any && i < shell->touched_count; i++) {
        tell_case(shell, shell->touched[i]);
        arena_reset(&shell->scratch);
    }
    for (struct subscription *s = shell->watching; any && s != NULL; s = s->next) {
        if (s->user != 0) {
            send_frame(shell, s);
            arena_reset(&shell->scratch);
        }
    }
    shell->touched_count = 0;
    shell->touched_lost = false;
    if (shell->told.dead_count > INBOX_TASKS_MAX) {
        rebuild_told(shell, 0);
    }
}

uint64_t inbox_watch_wait_ms(const struct shell *shell)
{
    uint64_t until_ms = shell->touched_count > 0 || shell->touched_lost
                            ? 0
                            : timekeeper_wait_ms(shell->options.keeper, shell->inbox_moment_ms);
    uint64_t now_ms = clock_steady_us(shell->options.keeper->clock) / 1000;
    uint64_t frame_ms = shell->next_inbox_ms > now_ms ? shell->next_inbox_ms - now_ms : 0;
    return until_ms > frame_ms ? until_ms : frame_ms;
}
