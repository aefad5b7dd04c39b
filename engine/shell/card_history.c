// Records as people read them: numbers of the image become names. Driven by the events' field
// tables, so that a new event shows up here without a line of code.
#include "base/check.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/shell/card.h"
#include "engine/shell/reply.h"

static bool field_is(const struct event_field *field, const char *name)
{
    return strcmp(field->name, name) == 0;
}

static struct slice name_or_label(const struct card_env *env, const struct image *image,
                                  struct image_text label, struct image_text name)
{
    return image_label(image, label.len > 0 ? label : name, env->lang);
}

static uint64_t number_at(const struct event_field *field, const char *at)
{
    uint64_t number = 0; // little-endian: the low bytes come first
    switch (field->type) {
    case FIELD_TYPE_U8: memcpy(&number, at, 1); break;
    case FIELD_TYPE_U16: memcpy(&number, at, 2); break;
    case FIELD_TYPE_U32: memcpy(&number, at, 4); break;
    case FIELD_TYPE_U64:
    case FIELD_TYPE_I64: memcpy(&number, at, 8); break;
    case FIELD_TYPE_FLAG:
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_VALUE:
    case FIELD_TYPE_BYTES: break;
    }
    return number;
}

enum meaning {
    MEANS_NUMBER, MEANS_MOMENT, MEANS_USER, MEANS_ROLE, MEANS_TEAM, MEANS_STAGE, MEANS_FIELD,
    MEANS_END, MEANS_COLLECTION, MEANS_LADDER, MEANS_OUTCOME, MEANS_PROGRAM, MEANS_CASE,
    MEANS_MESSAGE, MEANS_CALL, MEANS_NOTHING
};

static const struct {
    const char *name;
    enum meaning meaning;
} meanings[] = {
    { "user", MEANS_USER },        { "holder", MEANS_USER },   { "creator", MEANS_USER },
    { "acting_for", MEANS_USER },  { "asker", MEANS_USER },    { "by", MEANS_USER },
    { "superior", MEANS_USER },    { "substitute", MEANS_USER }, { "team", MEANS_TEAM },
    { "role", MEANS_ROLE },     { "offered", MEANS_ROLE },
    { "stage", MEANS_STAGE },      { "field", MEANS_FIELD },   { "collection", MEANS_COLLECTION },
    { "ladder", MEANS_LADDER },    { "overdue", MEANS_LADDER }, { "outcome", MEANS_OUTCOME },
    { "program", MEANS_PROGRAM },  { "before", MEANS_PROGRAM }, { "activation", MEANS_NOTHING },
    { "due", MEANS_MOMENT },    { "until", MEANS_MOMENT },
    { "at", MEANS_MOMENT },
    { "overdue_next", MEANS_MOMENT }, { "next", MEANS_MOMENT }, { "base", MEANS_MOMENT },
    { "from", MEANS_MOMENT },      { "to", MEANS_MOMENT },     { "action", MEANS_NOTHING },
    { "def", MEANS_NOTHING },      { "process", MEANS_NOTHING }, { "of", MEANS_NOTHING },
    { "end", MEANS_END },          { "instance", MEANS_NOTHING }, { "parent", MEANS_CASE },
    { "became", MEANS_MESSAGE },   { "result", MEANS_CALL },
    { "send", MEANS_NOTHING },     { "signal", MEANS_NOTHING },
    { "root", MEANS_CASE },        { "other", MEANS_CASE },    { "child", MEANS_CASE },
    { "into", MEANS_CASE },        { "escalation", MEANS_NOTHING },
};

static enum meaning meaning_of(const struct event_field *field)
{
    if (field_is(field, "was")) { // a user in one event, a moment in another: told by its width
        return field->type == FIELD_TYPE_U64 ? MEANS_MOMENT : MEANS_USER;
    }
    for (size_t i = 0; i < ARRAY_COUNT(meanings); i++) {
        if (field_is(field, meanings[i].name)) {
            return meanings[i].meaning;
        }
    }
    return MEANS_NUMBER;
}

static void write_name_of(const struct card_env *env, struct slice name)
{
    if (name.len > 0) {
        pack_str(env->buf, name);
    } else {
        pack_nil(env->buf);
    }
}

// What a number means in the program that the case runs on; empty when it names nothing there.
static struct slice name_in(const struct image *image, enum meaning meaning, uint64_t n)
{
#define NAME_OF(part) \
    (n < image->part##_count ? image_slice(image, image->part[n].name) : SLICE_EMPTY)
    switch ((unsigned)meaning) {
    case MEANS_STAGE: return NAME_OF(stage);
    case MEANS_FIELD: return NAME_OF(field);
    case MEANS_END: return NAME_OF(end);
    case MEANS_COLLECTION: return NAME_OF(collection);
    case MEANS_LADDER: return NAME_OF(ladder);
    default: UNREACHABLE();
    }
#undef NAME_OF
}

static void write_number(const struct card_env *env, const struct view_program *program,
                         enum meaning meaning, uint64_t n)
{
    struct slice name = SLICE_EMPTY;
    switch (meaning) {
    case MEANS_MOMENT:
    case MEANS_CASE:
        if (n == 0 || n >= CALL_DUE_BEHIND) {
            pack_nil(env->buf);
            return;
        }
        pack_uint(env->buf, n);
        return;
    case MEANS_PROGRAM: { // as people count versions
        const struct view_program *of = view_program(env->view, (uint32_t)n);
        pack_uint(env->buf, of != NULL ? of->version : 0);
        return;
    }
    case MEANS_NUMBER:
    case MEANS_NOTHING: pack_uint(env->buf, n); return;
    case MEANS_USER: name = card_user_name(env, (uint32_t)n); break;
    case MEANS_ROLE:
        name = n != 0 && n != INDEX_NONE ? view_role_name(env->view, (uint32_t)n) : SLICE_EMPTY;
        break;
    case MEANS_TEAM:
        name = n != 0 ? view_team_name(env->view, (uint32_t)n) : SLICE_EMPTY;
        break;
    case MEANS_STAGE:
    case MEANS_FIELD:
    case MEANS_END:
    case MEANS_COLLECTION:
    case MEANS_LADDER:
        name = program != NULL ? name_in(&program->image, meaning, n) : SLICE_EMPTY;
        break;
    case MEANS_MESSAGE:
        name = slice_from_cstr(message_outcome_name((enum message_outcome)n));
        break;
    case MEANS_CALL: name = slice_from_cstr(call_outcome_name((enum call_outcome)n)); break;
    case MEANS_OUTCOME:
        name = n <= OUTCOME_MERGED ? slice_from_cstr(outcome_name((enum outcome)n)) : SLICE_EMPTY;
        break;
    }
    write_name_of(env, name);
}

// What a pick has seen: "bob 3, bea 2" (user and open tasks, in pairs).
static bool write_seen(const struct card_env *env, const char *at)
{
    struct slice bytes;
    memcpy(&bytes, at, sizeof(bytes));
    if (bytes.len == 0 || bytes.len % (2 * sizeof(uint32_t)) != 0) {
        return false;
    }
    struct buf text;
    buf_init(&text, 16 * 1024);
    for (size_t i = 0; i < bytes.len; i += 2 * sizeof(uint32_t)) {
        uint32_t pair[2];
        memcpy(pair, bytes.ptr + i, sizeof(pair));
        buf_format(&text, "%s%.*s %u", i == 0 ? "" : ", ",
                   SLICE_PRINT(card_user_name(env, pair[0])), pair[1]);
    }
    reply_text(env->buf, "seen", buf_slice(&text));
    buf_done(&text);
    return true;
}

// A field of that name that is not shown to the reader; a total names the list it adds up.
static bool hides(const struct card_env *env, const struct view_program *program,
                  struct slice name)
{
    struct slice total = SLICE("total ");
    if (slice_starts(name, total)) {
        name = slice_sub(name, total.len, name.len);
    }
    uint32_t field = program != NULL ? image_find_field(&program->image, name) : INDEX_NONE;
    return field != INDEX_NONE && !rights_see_field(env->view, program, field, env->user);
}

// What a condition was read from: what is not shown to this user is left out.
static void write_read(const struct card_env *env, const struct view_program *program,
                       struct slice packed)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    reply_key(env->buf, "seen");
    struct reply_count map = reply_open_map(env->buf);
    uint32_t pairs = packed.len > 0 && unpack_peek(&unpack) == PACK_MAP ? unpack_map(&unpack) : 0;
    for (uint32_t i = 0; i < pairs && !unpack.bad; i++) {
        struct slice name = unpack_str(&unpack);
        struct slice raw = unpack_raw(&unpack);
        if (unpack.bad || (env->user != 0 && hides(env, program, name))) {
            continue;
        }
        pack_str(env->buf, name);
        card_packed_value(env, raw);
        map.count++;
    }
    reply_close(env->buf, map);
}

static bool write_event_field(const struct card_env *env, const struct view_program *program,
                              const struct event *event, const struct event_field *field)
{
    const char *at = (const char *)event + field->offset;
    enum meaning meaning = meaning_of(field);
    if (meaning == MEANS_NOTHING && field->type != FIELD_TYPE_TEXT) {
        return false;
    }
    struct slice bytes = SLICE_EMPTY;
    switch (field->type) {
    case FIELD_TYPE_BYTES: return field_is(field, "seen") && write_seen(env, at);
    case FIELD_TYPE_FLAG: {
        bool flag = false;
        memcpy(&flag, at, sizeof(flag));
        reply_bool(env->buf, field->name, flag);
        return true;
    }
    case FIELD_TYPE_TEXT:
        memcpy(&bytes, at, sizeof(bytes));
        reply_text(env->buf, field->name, bytes);
        return true;
    case FIELD_TYPE_VALUE:
        memcpy(&bytes, at, sizeof(bytes));
        if (field_is(field, "seen")) {
            write_read(env, program, bytes);
            return true;
        }
        reply_key(env->buf, field->name);
        card_packed_value(env, bytes);
        return true;
    case FIELD_TYPE_U8:
    case FIELD_TYPE_U16:
    case FIELD_TYPE_U32:
    case FIELD_TYPE_U64:
    case FIELD_TYPE_I64:
        reply_key(env->buf, field->name);
        write_number(env, program, meaning, number_at(field, at));
        return true;
    }
    UNREACHABLE();
}

static bool names_stage(const struct event *event)
{
    return event->kind == EVENT_STAGE_ENTERED || event->kind == EVENT_FROZEN ||
           event->kind == EVENT_RESUMED || event->kind == EVENT_ESCALATION_REPEATED ||
           event->kind == EVENT_BRANCH_DONE;
}

// Labels beside names, for people.
static uint32_t write_labels(const struct card_env *env, const struct view_program *program,
                             const struct event *event)
{
    const struct image *image = &program->image;
    struct slice label = SLICE_EMPTY;
    uint32_t at = event->kind == EVENT_PRESSED          ? event->pressed.action
                  : event->kind == EVENT_STAGE_ENTERED  ? event->stage_entered.stage
                  : event->kind == EVENT_FROZEN         ? event->frozen.stage
                  : event->kind == EVENT_RESUMED        ? event->resumed.stage
                  : event->kind == EVENT_ESCALATION_REPEATED
                      ? event->escalation_repeated.stage
                  : event->kind == EVENT_BRANCH_DONE    ? event->branch_done.stage
                  : event->kind == EVENT_FIELD_CHANGED  ? event->field_changed.field
                  : event->kind == EVENT_INSTANCE_ENDED ? event->instance_ended.end
                                                        : INDEX_NONE;
    if (event->kind == EVENT_PRESSED && at < image->action_count) {
        label = name_or_label(env, image, image->action[at].label, image->action[at].name);
    } else if (names_stage(event) && at < image->stage_count) {
        label = name_or_label(env, image, image->stage[at].label, image->stage[at].name);
    } else if (event->kind == EVENT_FIELD_CHANGED && at < image->field_count) {
        label = name_or_label(env, image, image->field[at].label, image->field[at].name);
    } else if (event->kind == EVENT_INSTANCE_ENDED && at < image->end_count) {
        label = name_or_label(env, image, image->end[at].label, image->end[at].name);
    } else {
        return 0;
    }
    reply_text(env->buf, "label", label);
    return 1;
}

// The place in the program that an event comes from. False: none. `ret_own`: the event says its
// line by itself.
static bool place_of(const struct image *image, const struct event *event,
                     struct quote_of *ret_place, bool *ret_own)
{
    struct quote_of place = { 0 };
    uint32_t at = INDEX_NONE;
    *ret_own = false;
    switch ((unsigned)event->kind) {
    case EVENT_RULE_FIRED: place.line = event->rule_fired.line; *ret_own = true; break;
    case EVENT_CONDITION_READ: place.line = event->condition_read.line; *ret_own = true; break;
    case EVENT_TABLE_HIT:
        place = (struct quote_of){ event->table_hit.line, "table", event->table_hit.name };
        *ret_own = true;
        break;
    case EVENT_HOOK_ASKED:
        place = (struct quote_of){ event->hook_asked.line, "hook", event->hook_asked.name };
        *ret_own = true;
        break;
    case EVENT_TIMER_FIRED:
        at = event->timer_fired.def;
        place.line = at < image->timer_count ? image->timer[at].line : 0;
        break;
    case EVENT_PRESSED:
        at = event->pressed.action;
        place.line = at < image->action_count ? image->action[at].line : 0;
        break;
    case EVENT_STAGE_ENTERED:
        at = event->stage_entered.stage;
        place.line = at != 0 && at < image->stage_count ? image->stage[at].line : 0;
        break;
    case EVENT_TASK_OPENED:
        at = event->task_opened.def;
        place.line = at < image->task_count ? image->task[at].line : 0;
        break;
    case EVENT_INSTANCE_ENDED:
        at = event->instance_ended.end;
        place.line = at < image->end_count ? image->end[at].line : 0;
        break;
    case EVENT_CALL_QUEUED:
        at = event->call_queued.send;
        place.line = at < image->send_count ? image->send[at].line : 0;
        break;
    default: break;
    }
    *ret_place = place;
    return place.line != 0;
}

// The line of the program that something stands at, which is what "why" asks for; and its text.
static uint32_t write_line(const struct card_env *env, const struct view_program *program,
                           const struct event *event)
{
    struct quote_of place;
    struct quote quote;
    bool own = false;
    if (!place_of(&program->image, event, &place, &own)) {
        return 0;
    }
    uint32_t pairs = 0;
    if (!own) {
        reply_uint(env->buf, "line", place.line);
        pairs++;
    }
    if (env->book != NULL && quote_line(env->book, program, &place, &quote)) {
        reply_text(env->buf, "file", quote.file);
        reply_text(env->buf, "text", quote.text);
        pairs += 2;
    }
    return pairs;
}

static bool is_hidden(const struct card_env *env, const struct view_program *program,
                      const struct event *event)
{
    if (event->kind == EVENT_LATCH_SET || event->kind == EVENT_POSITION_SET) {
        return true; // the engine's own book-keeping: says nothing to people
    }
    if (event->kind == EVENT_HOOK_ASKED && env->user != 0) {
        return true; // what it was asked and gave may be from fields that are not shown to all
    }
    return event->kind == EVENT_FIELD_CHANGED && env->user != 0 && program != NULL &&
           event->field_changed.field < program->image.field_count &&
           !rights_see_field(env->view, program, event->field_changed.field, env->user);
}

static void write_event(const struct card_env *env, const struct view_program *program,
                        const struct event *event)
{
    struct reply_count map = reply_open_map(env->buf);
    reply_text(env->buf, "event", slice_from_cstr(event_name(event->kind)));
    map.count = 1;
    uint32_t count = 0;
    const struct event_field *fields = event_fields(event->kind, &count);
    for (uint32_t i = 0; i < count; i++) {
        map.count += write_event_field(env, program, event, &fields[i]) ? 1 : 0;
    }
    if (program != NULL) {
        map.count += write_labels(env, program, event);
        map.count += write_line(env, program, event);
    }
    reply_close(env->buf, map);
}

// The answers as pressed. A field that is not shown to this user is left out; an ask that fills a
// hidden field bears the field's name.
static void write_form(const struct card_env *env, const struct view_program *program,
                       struct slice form)
{
    reply_key(env->buf, "form");
    struct reply_count map = reply_open_map(env->buf);
    struct unpack unpack;
    unpack_init(&unpack, form);
    uint32_t pairs = form.len > 0 ? unpack_map(&unpack) : 0;
    for (uint32_t i = 0; i < pairs && !unpack.bad; i++) {
        struct slice name = unpack_str(&unpack);
        struct slice raw = unpack_raw(&unpack);
        if (unpack.bad || (env->user != 0 && hides(env, program, name))) {
            continue;
        }
        pack_str(env->buf, name);
        card_packed_value(env, raw);
        map.count++;
    }
    reply_close(env->buf, map);
}

static const struct record_touched *touched_by(const struct record *record, uint64_t instance)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            return &record->touched[i];
        }
    }
    return NULL;
}

// What the case ran when the record began: numbers before its move are of the earlier version.
static const struct view_program *first_program(const struct card_env *env,
                                                const struct record *record, uint64_t instance,
                                                const struct view_program *program)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_VERSION_MOVED && event->version_moved.instance == instance) {
            return view_program(env->view, event->version_moved.before);
        }
    }
    return program;
}

void card_record(const struct card_env *env, uint64_t seq, const struct record *record,
                 uint64_t instance)
{
    const struct record_touched *touched = touched_by(record, instance);
    const struct view_program *program =
        touched != NULL && touched->program != 0 ? view_program(env->view, touched->program) : NULL;
    pack_map(env->buf, 11);
    reply_uint(env->buf, "instance", instance);
    reply_uint(env->buf, "seq", seq);
    reply_uint(env->buf, "previous", touched != NULL ? touched->previous_seq : 0);
    reply_moment(env->buf, "at", record->now_ms);
    reply_text(env->buf, "command", slice_from_cstr(command_name(record->command)));
    reply_text(env->buf, "who", record->actor);
    card_user(env, "for", record->on_behalf);
    reply_uint(env->buf, "cause", record->cause_seq);
    reply_text(env->buf, "note", record->note);
    // What a message or an answer brings has names of its own: only administrators see it whole.
    bool outside = record->command == COMMAND_MESSAGE || record->command == COMMAND_CALL_RESULT;
    write_form(env, program, outside && env->user != 0 ? SLICE_EMPTY : record->form);
    reply_key(env->buf, "events");
    struct reply_count list = reply_open_array(env->buf);
    program = first_program(env, record, instance, program);
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_VERSION_MOVED && event->version_moved.instance == instance) {
            program = view_program(env->view, event->version_moved.program);
        }
        if (event_instance(event) == instance && !is_hidden(env, program, event)) {
            write_event(env, program, event);
            list.count++;
        }
    }
    reply_close(env->buf, list);
}
