#include "tests/engine/company.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/pack.h"

enum { WORDS_MAX = 64 };
static const uint64_t day_ms = 24ull * 3600 * 1000;
static const uint64_t monday_ms = 1767603600000ull; // 2026-01-05 09:00

struct company_seen *company_seen(void)
{
    static struct company_seen seen;
    return &seen;
}

// --------------------------------------------------------------------------------- opening

static const char company_lua[] = "function worth(price)\n"
                                  "  if price > 800 then return 'a lot' end\n"
                                  "  if price > 300 then error('too dear') end\n"
                                  "  return price > 100 and 2 or 1\n"
                                  "end\n";

static void compile(struct company *company, const char *text)
{
    struct compile_file files[] = { { SLICE("company.rung"), slice_from_cstr(text) },
                                    { SLICE("company.lua"), slice_from_cstr(company_lua) } };
    struct compile_input input = { .files = files, .file_count = 2 };
    compile_set(&input, &company->set);
    if (company->set.diags.error_count > 0) {
        struct buf out;
        buf_init(&out, 1024 * 1024);
        diag_render_text(&company->set.diags, &out, 0);
        print_error("%.*s\n", SLICE_PRINT(buf_slice(&out)));
        buf_done(&out);
    }
    assert_int_equal(company->set.diags.error_count, 0);
}

static void open_core(struct company *company)
{
    const struct store_options store = {
        .path = company->path, .create = true, .map_bytes = (uint64_t)1 << 30,
        .fingerprint = core_evolve_fingerprint(),
    };
    const struct core_options options = { .build = SLICE("test"), .versions = SLICE("test"),
                                          .currency = SLICE("EUR"), .region = SLICE("DE") };
    struct store_problem problem;
    uint64_t folded;
    assert_int_equal(store_open(&store, &company->store, &problem), OK);
    assert_int_equal(core_open(company->store, &options, company->now_ms, &company->core, &folded),
                     OK);
    company->view = core_view(company->core);
    company_seen()->event[EVENT_ENGINE_STARTED] |= store_head(company->store)->seq == 1;
}

static void run_command(struct company *company, const struct command *command);

static void activate(struct company *company)
{
    uint32_t count = company->set.program_count;
    struct command_program *programs = ARENA_ARRAY(&company->arena, struct command_program, count);
    for (uint32_t i = 0; i < count; i++) {
        programs[i] = (struct command_program){ company->set.programs[i].process,
                                                company->set.programs[i].image,
                                                company->set.programs[i].source };
    }
    const struct command command = { .kind = COMMAND_APPLY, .programs = programs,
                                     .program_count = count };
    run_command(company, &command);
    assert_int_equal(company->answer.refusal.code, REFUSAL_NONE);
}

void company_open_at(struct company *company, const char *text, const char *path)
{
    *company = (struct company){ .now_ms = monday_ms, .path = path };
    arena_init(&company->arena, 256 * 1024 * 1024);
    compile(company, text);
    open_core(company);
    activate(company);
    assert_true(company_say(company, "hire hana head"));
    assert_true(company_say(company, "hire bob sales"));
    assert_true(company_say(company, "hire bea sales"));
    assert_true(company_say(company, "hire wim works"));
    assert_true(company_say(company, "hire wes works"));
}

void company_open(struct company *company, const char *text)
{
    company_open_at(company, text, NULL);
}

static void close_core(struct company *company)
{
    core_close(company->core);
    store_close(company->store, false);
}

void company_reopen(struct company *company)
{
    close_core(company);
    open_core(company);
}

void company_close(struct company *company)
{
    close_core(company);
    compile_done(&company->set);
    arena_done(&company->arena);
}

// --------------------------------------------------------------------------------- carrying out

static void note_effects(struct company *company, const struct core_effects *effects)
{
    struct company_seen *seen = company_seen();
    size_t at = strlen(company->events);
    for (uint32_t i = 0; i < effects->record_count; i++) {
        const struct record *record = effects->records[i].record;
        seen->command[record->command] = true;
        for (uint32_t e = 0; e < record->event_count && at + 64 < sizeof(company->events); e++) {
            seen->event[record->events[e].kind] = true;
            int len = snprintf(company->events + at, sizeof(company->events) - at, "%s ",
                               event_name(record->events[e].kind));
            at += (size_t)len;
        }
    }
}

static void run_command(struct company *company, const struct command *command)
{
    const struct core_effects *effects;
    (void)snprintf(company->events, sizeof(company->events), " ");
    core_begin(company->core, company->now_ms);
    core_step(company->core, command);
    assert_int_equal(core_commit(company->core, &effects), OK);
    assert_int_equal(effects->answer_count, 1);
    company->answer = effects->answers[0];
    company->answer.refusal.message =
        arena_copy(&company->arena, effects->answers[0].refusal.message);
    company->result = arena_copy(&company->arena, effects->answers[0].result);
    company_seen()->refusal[company->answer.refusal.code] = true;
    note_effects(company, effects);
}

static void wait_until(struct company *company, uint64_t until_ms)
{
    const struct core_effects *effects;
    (void)snprintf(company->events, sizeof(company->events), " ");
    company->answer = (struct core_answer){ .kind = COMMAND_TIMER };
    while (core_next_due_ms(company->core) <= until_ms) {
        uint64_t due = core_next_due_ms(company->core);
        company->now_ms = due > company->now_ms ? due : company->now_ms;
        core_begin(company->core, company->now_ms);
        assert_true(core_step_timers(company->core, 1) == 1);
        assert_int_equal(core_commit(company->core, &effects), OK);
        note_effects(company, effects);
    }
    company->now_ms = until_ms;
}

// --------------------------------------------------------------------------------- lines

struct line {
    struct company *company;
    struct slice rest;
    struct command command;
};

static struct slice next_word(struct line *line)
{
    size_t skip = 0;
    while (skip < line->rest.len && line->rest.ptr[skip] == ' ') {
        skip++;
    }
    struct slice rest = slice_sub(line->rest, skip, line->rest.len);
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] != ' ') {
        len++;
    }
    line->rest = slice_sub(rest, len, rest.len);
    return slice_sub(rest, 0, len);
}

static uint64_t next_number(struct line *line)
{
    return strtoull(arena_cstr(&line->company->arena, next_word(line)), NULL, 10);
}

// Takes the word if it comes next.
static bool take_word(struct line *line, const char *word)
{
    struct line before = *line;
    if (slice_equal(next_word(line), slice_from_cstr(word))) {
        return true;
    }
    *line = before;
    return false;
}

static struct slice take_rest(struct line *line)
{
    struct slice rest = line->rest;
    line->rest = SLICE_EMPTY;
    return slice_sub(rest, rest.len > 0 ? 1 : 0, rest.len);
}

// A comma that is followed by a name and `=` ends a value.
static bool ends_value(struct slice text, size_t at)
{
    if (text.ptr[at] != ',') {
        return false;
    }
    size_t i = at + 2;
    while (i < text.len && text.ptr[i] != '=' && text.ptr[i] != ' ' && text.ptr[i] != ',') {
        i++;
    }
    return i < text.len && text.ptr[i] == '=' && i > at + 2;
}

static struct slice take_form(struct line *line)
{
    struct slice text = take_rest(line);
    struct buf body;
    struct buf form;
    uint32_t pairs = 0;
    buf_init(&body, 1024 * 1024);
    buf_init(&form, 1024 * 1024);
    for (size_t from = 0; from < text.len;) {
        size_t equals = from;
        while (equals < text.len && text.ptr[equals] != '=') {
            equals++;
        }
        size_t end = equals;
        while (end < text.len && !ends_value(text, end)) {
            end++;
        }
        pack_str(&body, slice_sub(text, from, equals - from));
        pack_str(&body, slice_sub(text, equals + 1, end - equals - 1));
        pairs++;
        from = end + 2;
    }
    pack_map(&form, pairs);
    buf_put_slice(&form, buf_slice(&body));
    struct slice packed = arena_copy(&line->company->arena, buf_slice(&form));
    buf_done(&body);
    buf_done(&form);
    return packed;
}

static bool has(struct slice word, char mark) { return memchr(word.ptr, mark, word.len) != NULL; }

static struct slice before_mark(struct slice word, char mark, struct slice *ret_after)
{
    size_t at = (size_t)((const char *)memchr(word.ptr, mark, word.len) - word.ptr);
    *ret_after = slice_sub(word, at + 1, word.len);
    return slice_sub(word, 0, at);
}

// `bob: c1#7 crm/row12 press …`
static void take_prefixes(struct line *line)
{
    while (true) {
        struct line before = *line;
        struct slice word = next_word(line);
        struct slice after;
        if (word.len > 1 && word.ptr[word.len - 1] == ':') {
            line->command.as = slice_sub(word, 0, word.len - 1);
        } else if (word.len > 0 && has(word, '#')) {
            line->command.client = before_mark(word, '#', &after);
            line->command.request =
                strtoull(arena_cstr(&line->company->arena, after), NULL, 10);
        } else if (word.len > 0 && has(word, '/')) {
            line->command.source = before_mark(word, '/', &after);
            line->command.row = after;
        } else {
            *line = before;
            return;
        }
    }
}

static void take_user(struct line *line, bool active)
{
    struct command_user *user = ARENA_NEW(&line->company->arena, struct command_user);
    struct slice *roles = ARENA_ARRAY(&line->company->arena, struct slice, WORDS_MAX);
    *user = (struct command_user){ .name = next_word(line), .roles = roles, .active = active };
    user->title = user->name;
    struct slice list = active ? next_word(line) : SLICE_EMPTY;
    while (list.len > 0 && user->role_count < WORDS_MAX) {
        struct slice after = SLICE_EMPTY;
        roles[user->role_count++] = has(list, ',') ? before_mark(list, ',', &after) : list;
        list = after;
    }
    if (take_word(line, "under")) {
        user->superior = next_word(line);
    }
    if (take_word(line, "in")) {
        struct slice *team = ARENA_NEW(&line->company->arena, struct slice);
        *team = next_word(line);
        user->teams = team;
        user->team_count = 1;
    }
    if (take_word(line, "zone")) {
        user->zone = next_word(line);
    }
    if (take_word(line, "speaks")) {
        user->language = next_word(line);
    }
    if (take_word(line, "hours")) {
        user->hours = take_rest(line);
    }
    line->command.kind = COMMAND_USERS;
    line->command.users = user;
    line->command.user_count = 1;
}

static void take_tail(struct line *line)
{
    while (line->rest.len > 0) {
        if (take_word(line, "with")) {
            line->command.form = take_form(line);
        } else if (take_word(line, "entry")) {
            line->command.entry = (uint32_t)next_number(line);
        } else if (take_word(line, "task")) {
            line->command.task = (uint32_t)next_number(line);
        } else if (take_word(line, "to") || take_word(line, "for")) {
            line->command.name = next_word(line);
        } else if (take_word(line, "until")) {
            line->command.until_ms = line->company->now_ms + next_number(line) * day_ms;
            (void)take_word(line, "days");
        } else if (take_word(line, "from")) {
            line->command.due_ms = line->company->now_ms + next_number(line) * day_ms;
            (void)take_word(line, "days");
        } else if (take_word(line, "substitute") || take_word(line, "taker")) {
            line->command.other = next_word(line);
        } else if (take_word(line, "dry")) {
            line->command.dry_run = true;
        } else if (take_word(line, "due")) {
            line->command.due_ms = next_number(line);
        } else if (take_word(line, "because") || take_word(line, "saying") ||
                   take_word(line, "called")) {
            line->command.text = take_rest(line);
        } else {
            fail_msg("`%.*s` cannot be said", SLICE_PRINT(line->rest));
        }
    }
}

static void take_signal(struct line *line)
{
    line->command.connector = before_mark(next_word(line), '.', &line->command.name);
}

// `message C.N [at CASE]`, `retry INCIDENT`, and
// `result CASE CALL TRY done|failed|refused [answer C.N]`
static void take_outside(struct line *line, struct slice word)
{
    struct command *command = &line->command;
    if (slice_equal(word, SLICE("message"))) {
        command->kind = COMMAND_MESSAGE;
        take_signal(line);
        command->instance = take_word(line, "at") ? next_number(line) : 0;
    } else if (slice_equal(word, SLICE("retry"))) {
        command->kind = COMMAND_INCIDENT_RETRY;
        command->task = (uint32_t)next_number(line);
    } else if (slice_equal(word, SLICE("result"))) {
        command->kind = COMMAND_CALL_RESULT;
        command->instance = next_number(line);
        command->child = next_number(line);
        command->entry = (uint32_t)next_number(line);
        command->outcome = take_word(line, "done")     ? CALL_RESULT_DONE
                           : take_word(line, "failed") ? CALL_RESULT_FAILED
                                                       : CALL_RESULT_REFUSED;
        (void)take_word(line, "refused");
        if (take_word(line, "answer")) {
            take_signal(line);
        }
    }
}

static void take_command(struct line *line)
{
    static const struct {
        const char *word;
        enum command_kind kind;
        bool named, tasked;
    } words[] = {
        { "press", COMMAND_PRESS, true, false },     { "edit", COMMAND_EDIT, false, false },
        { "claim", COMMAND_CLAIM, false, true },     { "release", COMMAND_RELEASE, false, true },
        { "finish", COMMAND_FINISH, false, true },   { "reassign", COMMAND_REASSIGN, false, true },
        { "side", COMMAND_SIDE_TASK, false, false }, { "comment", COMMAND_COMMENT, false, false },
        { "move", COMMAND_MOVE, true, false },       { "cancel", COMMAND_CANCEL, false, false },
        { "hand", COMMAND_HAND_OVER, true, false },  { "reopen", COMMAND_REOPEN, false, false },
        { "undo", COMMAND_UNDO, false, false },
    };
    struct slice word = next_word(line);
    struct command *command = &line->command;
    if (slice_equal(word, SLICE("start"))) {
        command->kind = COMMAND_START;
        command->process = next_word(line);
    } else if (slice_equal(word, SLICE("hire")) || slice_equal(word, SLICE("fire"))) {
        take_user(line, word.ptr[0] == 'h');
    } else if (slice_equal(word, SLICE("clock"))) {
        command->kind = COMMAND_CLOCK;
        command->due_ms = line->company->now_ms;
    } else if (slice_equal(word, SLICE("away")) || slice_equal(word, SLICE("back"))) {
        command->kind = word.ptr[0] == 'a' ? COMMAND_ABSENCE : COMMAND_PRESENT;
        command->name = next_word(line);
    } else if (slice_equal(word, SLICE("close"))) {
        command->kind = COMMAND_INCIDENT_CLOSE;
        command->task = (uint32_t)next_number(line);
    }
    take_outside(line, word);
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (slice_equal(word, slice_from_cstr(words[i].word))) {
            command->kind = words[i].kind;
            command->instance = next_number(line);
            command->name = words[i].named ? next_word(line) : SLICE_EMPTY;
            command->task = words[i].tasked ? (uint32_t)next_number(line) : 0;
        }
    }
    if (command->kind == COMMAND_NONE) {
        fail_msg("`%.*s` is no word of the tests", SLICE_PRINT(word));
    }
    take_tail(line);
}

bool company_say(struct company *company, const char *text)
{
    struct line line = { .company = company, .rest = slice_from_cstr(text) };
    if (take_word(&line, "wait")) {
        uint8_t unit;
        int64_t amount;
        assert_true(value_parse_duration(take_rest(&line), &unit, &amount));
        wait_until(company, company->now_ms +
                                (uint64_t)amount * (unit == DURATION_MS ? 1 : day_ms));
        return true;
    }
    take_prefixes(&line);
    take_command(&line);
    run_command(company, &line.command);
    return company->answer.refusal.code == REFUSAL_NONE;
}

// --------------------------------------------------------------------------------- scenes

static void expect_refusal(struct company *company, const struct scene *scene)
{
    const char *code = scene->expect + 1;
    const char *blank = strchr(code, ' ');
    size_t len = blank != NULL ? (size_t)(blank - code) : strlen(code);
    const char *name = refusal_name(company->answer.refusal.code);
    const char *message = arena_cstr(&company->arena, company->answer.refusal.message);
    if (strlen(name) != len || memcmp(name, code, len) != 0 ||
        (blank != NULL && strstr(message, blank + 1) == NULL)) {
        fail_msg("`%s`: expected %s; it was %s: %s", scene->line, scene->expect, name, message);
    }
    if (company->events[1] != '\0') {
        fail_msg("`%s` was refused, and recorded%s", scene->line, company->events);
    }
}

static void expect_events(struct company *company, const struct scene *scene)
{
    const char *at = company->events;
    if (company->answer.refusal.code != REFUSAL_NONE) {
        fail_msg("`%s` was refused: %s: %.*s", scene->line,
                 refusal_name(company->answer.refusal.code),
                 SLICE_PRINT(company->answer.refusal.message));
    }
    for (const char *word = scene->expect; *word != '\0';) {
        size_t len = strcspn(word, " ");
        struct slice wanted = arena_format(&company->arena, " %.*s ", (int)len, word);
        at = strstr(at, wanted.ptr);
        if (at == NULL) {
            fail_msg("`%s`: expected %s; it recorded%s", scene->line, scene->expect,
                     company->events);
            return;
        }
        at += len + 1; // the blank behind it is the one before the next
        word += len + (word[len] == ' ' ? 1 : 0);
    }
}

void company_play(struct company *company, const struct scene *scenes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct scene *scene = &scenes[i];
        (void)company_say(company, scene->line);
        if (scene->expect[0] == '!') {
            expect_refusal(company, scene);
        } else if (strcmp(scene->expect, "-") == 0) {
            if (company->events[1] != '\0') {
                fail_msg("`%s` recorded%s", scene->line, company->events);
            }
        } else {
            expect_events(company, scene);
        }
    }
}

// --------------------------------------------------------------------------------- looking

uint32_t company_user(const struct company *company, const char *name)
{
    const struct view_user *user = view_user_named(company->view, slice_from_cstr(name));
    return user != NULL ? user->id : 0;
}

const struct instance *company_case(const struct company *company, uint64_t id)
{
    const struct instance *instance = view_instance(company->view, id, NULL);
    assert_non_null(instance);
    return instance;
}

const char *company_stage(struct company *company, uint64_t id)
{
    const struct instance *instance = company_case(company, id);
    const struct view_program *program = view_program(company->view, instance->head.program);
    assert_non_null(program);
    const struct image *image = &program->image;
    if (instance->head.status == INSTANCE_ENDED) {
        return instance->head.end < image->end_count
                   ? arena_cstr(&company->arena,
                                image_slice(image, image->end[instance->head.end].name))
                   : outcome_name((enum outcome)instance->head.outcome);
    }
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    return arena_cstr(&company->arena, image_slice(image, image->stage[leaf->stage].name));
}

struct value company_field(struct company *company, uint64_t id, const char *name)
{
    const struct instance *instance = company_case(company, id);
    const struct view_program *program = view_program(company->view, instance->head.program);
    assert_non_null(program);
    uint32_t field = image_find_field(&program->image, slice_from_cstr(name));
    assert_true(field != INDEX_NONE);
    struct slice packed = view_field(company->view, instance, field);
    if (packed.len == 0) {
        return value_empty();
    }
    struct unpack unpack;
    unpack_init(&unpack, arena_copy(&company->arena, packed));
    return value_unpack(&unpack, &company->arena);
}
