#include "engine/play/play.h"

#include "base/check.h"
#include "engine/play/play_internal.h"
#include "engine/time/zoneinfo.h"

static const int64_t day_ms = 24 * 3600 * 1000;
static const uint64_t first_ms = 1767603600000ull; // 2026-01-05 09:00, a Monday

struct play_set {
    const struct compile_result *compiled;
    struct play_program *programs; // beside compiled->programs
    struct play_options options;
};

void play_fail(struct play *play, uint32_t line, uint32_t column,
               const struct play_failure *failure)
{
    if (play->failure_count < PLAY_FAILURES_MAX) {
        play->failures[play->failure_count] = *failure;
        play->failures[play->failure_count].line = line;
        play->failures[play->failure_count].column = column;
        play->failure_count++;
    }
}

void play_fail_line(struct play *play, const struct test_play *line, struct slice expected,
                      struct slice found)
{
    struct play_failure failure = { .text = line->text, .expected = expected, .found = found };
    play_fail(play, line->line, line->column, &failure);
}

// --------------------------------------------------------------------------------- commands

// Runs one command as a batch of its own. The answer is valid until the next one.
struct core_answer play_command(struct play *play, const struct command *command)
{
    const struct core_effects *effects;
    core_begin(play->core, play->now_ms);
    core_step(play->core, command);
    enum err err = core_commit(play->core, &effects);
    CHECK(err == OK && effects->answer_count == 1); // a store in memory does not fail
    return effects->answers[0];
}

static bool collect_incident(void *context, const struct view_incident_row *row)
{
    *(struct slice *)context = row->text;
    return false;
}

// Does the next line say that an incident is open, or that none is?
static bool is_about_incidents(const struct test_play *line)
{
    for (uint32_t i = 0; line != NULL && i < line->check_count; i++) {
        if (line->checks[i].kind == TEST_CHECK_INCIDENT ||
            line->checks[i].kind == TEST_CHECK_NO_INCIDENT) {
            return true;
        }
    }
    return false;
}

// An incident is what the engine opens where the process cannot go on: a test that expects one says
// so in its next line.
static bool check_incidents(struct play *play, const struct test_play *line)
{
    if (view_counters(play->view)->open_incidents <= play->incidents) {
        return true;
    }
    struct slice text = SLICE_EMPTY;
    view_incidents(play->view, collect_incident, &text);
    play_fail_line(play, line, SLICE("the process to go on by itself"),
              arena_format(play->arena, "an incident for an administrator: %.*s",
                           SLICE_PRINT(text)));
    return false;
}

// Every timer due until then, one after the other, each at its exact moment.
static void advance(struct play *play, const struct test_play *line, uint64_t until_ms)
{
    uint32_t fired = 0;
    uint64_t due = core_next_due_ms(play->core);
    while (due <= until_ms && fired < PLAY_TIMERS_MAX) {
        const struct core_effects *effects;
        play->now_ms = due > play->now_ms ? due : play->now_ms;
        core_begin(play->core, play->now_ms);
        fired += core_step_timers(play->core, 1);
        enum err err = core_commit(play->core, &effects);
        CHECK(err == OK);
        due = core_next_due_ms(play->core);
    }
    play->timers += fired;
    if (fired >= PLAY_TIMERS_MAX) {
        play_fail_line(play, line, SLICE("the timers of the process to come to rest"),
                  arena_format(play->arena, "%u timers fired in one wait", fired));
    }
    play->now_ms = until_ms > play->now_ms ? until_ms : play->now_ms;
}

// --------------------------------------------------------------------------------- forms

struct slice play_pack_form(const struct play *play, const struct test_play *line,
                              const bool *chosen, bool which)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < line->with_count; i++) {
        count += chosen[i] == which ? 1u : 0u;
    }
    if (count == 0) {
        return SLICE_EMPTY;
    }
    struct buf buf;
    buf_init(&buf, FRAME_BYTES_MAX);
    pack_map(&buf, count);
    for (uint32_t i = 0; i < line->with_count; i++) {
        if (chosen[i] == which) {
            struct value value = play_value(play, line->withs[i].value, 0);
            pack_str(&buf, line->withs[i].name);
            value_pack(&buf, &value);
        }
    }
    struct slice form = arena_copy(play->arena, buf_slice(&buf));
    buf_done(&buf);
    return form;
}

// Does a case above hand this over, or does somebody answer it in the start form?
static bool is_given(const struct image *image, struct slice name)
{
    uint32_t field = image_find_field(image, name);
    if (field != INDEX_NONE) {
        return (image->field[field].flags & (FIELD_READONLY | FIELD_GIVEN)) != 0;
    }
    return image_find_role(image, name) != INDEX_NONE;
}

struct slice play_user(const struct play *play, uint32_t user)
{
    return user == INDEX_NONE ? SLICE_EMPTY : play->plan->users[user].name;
}

bool play_holds(struct slice text, struct slice part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        if (part.len == 0 || memcmp(text.ptr + at, part.ptr, part.len) == 0) {
            return true;
        }
    }
    return false;
}

// Was the outcome the one that the line expects? True: the command was accepted.
bool play_judge(struct play *play, const struct test_play *line, const struct core_answer *answer)
{
    const struct refusal *refusal = &answer->refusal;
    bool refused = refusal->code != REFUSAL_NONE;
    struct slice said = SLICE_EMPTY;
    if (refused) {
        said = arena_format(play->arena, "refused (%s): %.*s", refusal_name(refusal->code),
                            SLICE_PRINT(refusal->message));
    }
    if (refused && !line->refused) {
        play_fail_line(play, line, SLICE("it to be accepted"), said);
    } else if (!refused && line->refused) {
        play_fail_line(play, line, SLICE("a refusal"),
                  arena_format(play->arena, "accepted: %.*s",
                               SLICE_PRINT(play_where(play, line->case_index))));
    } else if (refused && !play_holds(refusal->message, line->refused_text)) {
        play_fail_line(play, line,
                  arena_format(play->arena, "a refusal that says \"%.*s\"",
                               SLICE_PRINT(line->refused_text)),
                  said);
    }
    return !refused;
}

static const struct play_program *find_program(const struct play_set *set, struct slice process)
{
    for (uint32_t i = 0; i < set->compiled->program_count; i++) {
        if (slice_equal(set->compiled->programs[i].process, process)) {
            return &set->programs[i];
        }
    }
    return NULL;
}

// What is started by that name now.
static const struct play_program *active_program(const struct play *play,
                                                 const struct play_set *set, struct slice process)
{
    for (uint32_t i = 0; i < play->reloaded_count; i++) {
        if (slice_equal(play->reloaded[i].compiled->process, process)) {
            return &play->reloaded[i];
        }
    }
    return find_program(set, process);
}

static void play_start(struct play *play, const struct play_set *set, const struct test_play *line)
{
    const struct play_program *program = active_program(play, set, line->process);
    bool *given = ARENA_ARRAY(play->arena, bool, line->with_count + 1);
    for (uint32_t i = 0; program != NULL && i < line->with_count; i++) {
        given[i] = is_given(&program->image, line->withs[i].name);
    }
    play->case_index = line->case_index;
    struct command command = {
        .kind = COMMAND_START, .as = play_user(play, line->user), .process = line->process,
        .form = play_pack_form(play, line, given, false),
        .given = play_pack_form(play, line, given, true),
    };
    struct core_answer answer = play_command(play, &command);
    if (!play_judge(play, line, &answer)) {
        return;
    }
    struct slice raw = pack_map_find(answer.result, SLICE("instance"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    play->instances[line->case_index] = raw.len > 0 ? unpack_uint(&unpack) : 0;
}

// --------------------------------------------------------------------------------- the clock

static uint64_t until_of(const struct play *play, const struct test_expr *expr)
{
    struct value value = play_value(play, expr, 0);
    const struct zone *zone = play_zone(play);
    int64_t today = span_to_local(zone, (int64_t)play->now_ms) / day_ms * day_ms;
    int64_t moment = 0;
    switch ((unsigned)value.kind) {
    case VALUE_DATETIME: moment = value.number; break;
    case VALUE_DATE: moment = span_to_utc(zone, value.number * day_ms); break;
    case VALUE_TIME:
        moment = span_to_utc(zone, today + value.number);
        if (moment <= (int64_t)play->now_ms) {
            moment = span_to_utc(zone, today + day_ms + value.number);
        }
        break;
    default: break;
    }
    return moment < 0 ? 0 : (uint64_t)moment;
}

static void play_clock(struct play *play, const struct test_play *line, uint64_t to_ms)
{
    bool untouched = store_head(play->store)->now_ms == 0 || play->timers == 0;
    if (to_ms < play->now_ms && line->kind == TEST_PLAY_AT && untouched &&
        play->case_index == INDEX_NONE) {
        play->now_ms = to_ms; // the first `at` of a test may lie before the default moment
        return;
    }
    if (to_ms < play->now_ms) {
        play_fail_line(play, line, SLICE("a moment that is still to come"),
                  arena_format(play->arena, "the clock shows %.*s",
                               SLICE_PRINT(play_print_moment(play, play->now_ms))));
        return;
    }
    advance(play, line, to_ms);
}

static void play_absence(struct play *play, const struct test_play *line)
{
    bool absent = line->kind == TEST_PLAY_ABSENT;
    struct command command = {
        .kind = absent ? COMMAND_ABSENCE : COMMAND_PRESENT, .name = play_user(play, line->user),
        .other = play_user(play, line->other),
    };
    if (absent) {
        command.until_ms =
            span_add(play_zone(play), play->now_ms, line->duration.unit,
                           line->duration.number);
    }
    struct core_answer answer = play_command(play, &command);
    (void)play_judge(play, line, &answer);
}

// --------------------------------------------------------------------------------- new versions

// All open cases are looked at, as a server would between other commands.
static void move_cases(struct play *play)
{
    bool more = true;
    while (more) {
        const struct core_effects *effects;
        core_begin(play->core, play->now_ms);
        more = core_step_versions(play->core, MOVES_PER_BATCH_MAX);
        enum err err = core_commit(play->core, &effects);
        CHECK(err == OK);
    }
}

static void play_reload(struct play *play, const struct test_play *line)
{
    const struct compile_result *compiled = line->reload;
    uint32_t count = compiled->program_count;
    struct command_program *programs = ARENA_ARRAY(play->arena, struct command_program, count + 1);
    play->reloaded = ARENA_ARRAY(play->arena, struct play_program, count + 1);
    play->reloaded_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct compile_program *program = &compiled->programs[i];
        programs[i] = (struct command_program){ .process = program->process,
                                                .image = program->image };
        play->reloaded[i].compiled = program;
        enum err err = image_open(program->image, &play->reloaded[i].image);
        CHECK(err == OK); // promised by the compiler
    }
    struct command command = { .kind = COMMAND_APPLY, .programs = programs,
                               .program_count = count };
    struct core_answer answer = play_command(play, &command);
    if (play_judge(play, line, &answer)) {
        move_cases(play);
    }
}

static void run_line(struct play *play, const struct play_set *set, const struct test_play *line,
                     const struct test_play *next)
{
    switch (line->kind) {
    case TEST_PLAY_AT:
        play_clock(play, line, (uint64_t)span_to_utc(play->company, line->moment_ms));
        break;
    case TEST_PLAY_USER: break; // known since the beginning of the test
    case TEST_PLAY_START: play_start(play, set, line); break;
    case TEST_PLAY_WAIT:
        play_clock(play, line,
                   span_add(play_zone(play), play->now_ms, line->duration.unit,
                                  line->duration.number));
        break;
    case TEST_PLAY_WAIT_UNTIL: play_clock(play, line, until_of(play, line->until)); break;
    case TEST_PLAY_PRESS: play_press(play, line); break;
    case TEST_PLAY_ABSENT:
    case TEST_PLAY_PRESENT: play_absence(play, line); break;
    case TEST_PLAY_MESSAGE: play_message(play, line); break;
    case TEST_PLAY_CALL: play_call(play, line); break;
    case TEST_PLAY_CHILD: play_child(play, line); break;
    case TEST_PLAY_DEED: play_deed(play, line); break;
    case TEST_PLAY_RELOAD: play_reload(play, line); break;
    case TEST_PLAY_EXPECT:
        for (uint32_t i = 0; i < line->check_count; i++) {
            play_check(play, &line->checks[i]);
        }
        break;
    }
    if (play->failure_count == 0 && line->kind != TEST_PLAY_EXPECT) {
        advance(play, line, play->now_ms); // what became due by this very line
        if (!is_about_incidents(next)) {
            (void)check_incidents(play, line);
        }
    }
}

// --------------------------------------------------------------------------------- one test

static bool is_chosen(const struct command_program *programs, uint32_t count, struct slice process)
{
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(programs[i].process, process)) {
            return true;
        }
    }
    return false;
}

static void choose(const struct play_set *set, struct command_program *programs, uint32_t *count,
                   struct slice process)
{
    const struct play_program *program = find_program(set, process);
    if (program != NULL && !is_chosen(programs, *count, process)) {
        programs[*count] =
            (struct command_program){ program->compiled->process, program->compiled->image,
                                      SLICE_EMPTY };
        (*count)++;
    }
}

// A message finds its case, or begins one, in whatever process has to do with it.
static void choose_for_message(const struct play_set *set, struct command_program *programs,
                               uint32_t *count, const struct test_play *line)
{
    for (uint32_t i = 0; i < set->compiled->program_count; i++) {
        const struct image *image = &set->programs[i].image;
        for (uint32_t n = 0; n < image->signal_count; n++) {
            if (slice_equal(image_slice(image, image->signal[n].connector), line->connector) &&
                slice_equal(image_slice(image, image->signal[n].name), line->action)) {
                choose(set, programs, count, set->compiled->programs[i].process);
            }
        }
    }
}

// Only what the test can reach: a large set would cost every test its whole weight.
static void activate(struct play *play, const struct play_set *set)
{
    struct command_program *programs = ARENA_ARRAY(play->arena, struct command_program,
                                                   set->compiled->program_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < play->plan->case_count; i++) {
        choose(set, programs, &count, play->plan->cases[i].process);
    }
    for (uint32_t i = 0; i < play->plan->play_count; i++) {
        if (play->plan->plays[i].kind == TEST_PLAY_MESSAGE) {
            choose_for_message(set, programs, &count, &play->plan->plays[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) { // grows while it runs
        const struct play_program *program = find_program(set, programs[i].process);
        CHECK(program != NULL);
        for (uint32_t p = 0; p < program->image.pair_count; p++) {
            choose(set, programs, &count,
                   image_slice(&program->image, program->image.pair[p].process));
        }
    }
    if (count == 0) {
        return;
    }
    struct command command = { .kind = COMMAND_APPLY, .programs = programs,
                               .program_count = count };
    struct core_answer answer = play_command(play, &command);
    CHECK(answer.refusal.code == REFUSAL_NONE); // the compiler made them
}

static void add_users(struct play *play, uint32_t line)
{
    const struct test_plan *plan = play->plan;
    play->users = ARENA_ARRAY(play->arena, uint32_t, plan->user_count + 1);
    if (plan->user_count == 0) {
        return;
    }
    struct command_user *users = ARENA_ARRAY(play->arena, struct command_user, plan->user_count);
    for (uint32_t i = 0; i < plan->user_count; i++) {
        users[i] = (struct command_user){
            .name = plan->users[i].name, .title = plan->users[i].name,
            .roles = plan->users[i].roles, .role_count = plan->users[i].role_count, .active = true,
            .teams = &plan->users[i].team, .team_count = plan->users[i].team.len > 0 ? 1 : 0,
            .superior = plan->users[i].superior,
        };
    }
    struct command command = { .kind = COMMAND_USERS, .users = users,
                               .user_count = plan->user_count };
    struct core_answer answer = play_command(play, &command);
    if (answer.refusal.code != REFUSAL_NONE) {
        struct play_failure failure = { .text = plan->title, .expected = SLICE("these users"),
                                        .found = answer.refusal.message };
        play_fail(play, line, 1, &failure);
        return;
    }
    for (uint32_t i = 0; i < plan->user_count; i++) {
        play->users[i] = view_user_named(play->view, plan->users[i].name)->id;
    }
}

// The users are said before anything happens, at the first moment the test speaks of.
static uint64_t opening_moment(const struct play *play, const struct test_plan *plan)
{
    for (uint32_t i = 0; i < plan->play_count; i++) {
        if (plan->plays[i].kind == TEST_PLAY_AT) {
            return (uint64_t)span_to_utc(play->company, plan->plays[i].moment_ms);
        }
        if (plan->plays[i].kind != TEST_PLAY_USER) {
            break;
        }
    }
    return first_ms;
}

static void run_plays(struct play *play, const struct play_set *set, struct play_report *report)
{
    play->view = core_view(play->core);
    memcpy(play->currency, view_counters(play->view)->currency, sizeof(play->currency));
    play->instances = ARENA_ARRAY(play->arena, uint64_t, play->plan->case_count + 1);
    play->seqs = ARENA_ARRAY(play->arena, uint64_t, play->plan->play_count + 1);
    for (uint32_t i = 0; i < play->plan->play_count; i++) {
        const struct test_play *line = &play->plan->plays[i];
        play->repeats |= line->kind == TEST_PLAY_DEED && line->deed == TEST_DEED_REPEATS;
    }
    activate(play, set);
    add_users(play, play->plan->line);
    for (uint32_t i = 0; i < play->plan->play_count && play->failure_count == 0; i++) {
        bool last = i + 1 == play->plan->play_count;
        run_line(play, set, &play->plan->plays[i], last ? NULL : &play->plan->plays[i + 1]);
        play->seqs[i] = store_head(play->store)->seq;
        report->plays++;
    }
    report->passed = play->failure_count == 0;
    report->timers = play->timers;
    report->failures = play->failures;
    report->failure_count = play->failure_count;
    if (!report->passed) {
        play_timeline(play, report);
    }
}

static enum err run_test(const struct play_set *set, const struct test_plan *plan,
                         struct arena *arena, play_report_fn *report_fn, void *context,
                         bool *ret_passed)
{
    struct store_problem problem;
    struct store_options store_options = { .path = NULL };
    struct core_options core_options = {
        .build = SLICE("test"), .versions = SLICE("test"), .currency = set->options.currency,
        .region = set->options.region,
        .zone = plan->zone.len > 0 ? plan->zone : set->options.zone,
    };
    struct play *play = ARENA_NEW(arena, struct play);
    uint64_t folded;
    play->plan = plan;
    play->arena = arena;
    play->company =
        zoneinfo_load(core_options.zone.len > 0 ? core_options.zone : SLICE("UTC"), arena);
    if (play->company == NULL) { // the checker has seen it; this machine lost its tzdata since
        play->company = zoneinfo_load(SLICE("UTC"), arena);
        core_options.zone = SLICE_EMPTY;
    }
    play->now_ms = opening_moment(play, plan);
    play->case_index = INDEX_NONE;
    enum err err = store_open(&store_options, &play->store, &problem);
    if (err != OK) {
        return err;
    }
    err = core_open(play->store, &core_options, play->now_ms, &play->core, &folded);
    if (err == OK) {
        struct play_report report = { .plan = plan };
        run_plays(play, set, &report);
        *ret_passed = report.passed;
        if (set->options.cover != NULL) {
            play_cover(play, set->options.cover);
        }
        if (report_fn != NULL) {
            report_fn(context, &report);
        }
        core_close(play->core);
    }
    store_close(play->store, true);
    return err;
}

static void open_programs(struct play_set *set, struct arena *arena)
{
    const struct compile_result *compiled = set->compiled;
    set->programs = ARENA_ARRAY(arena, struct play_program, compiled->program_count + 1);
    for (uint32_t i = 0; i < compiled->program_count; i++) {
        set->programs[i].compiled = &compiled->programs[i];
        enum err err = image_open(compiled->programs[i].image, &set->programs[i].image);
        CHECK(err == OK); // promised by the compiler
    }
}

static bool is_wanted(const struct test_plan *plan, struct slice filter)
{
    return play_holds(plan->title, filter) || play_holds(plan->file, filter);
}

enum err play_run(const struct compile_result *compiled, const struct play_options *options,
                  play_report_fn *report, void *context, struct play_summary *ret_summary)
{
    struct arena programs;
    struct arena arena;
    struct play_set set = { .compiled = compiled, .options = *options };
    *ret_summary = (struct play_summary){ 0 };
    CHECK(compile_is_good(compiled));
    arena_init(&programs, PLAY_ARENA_BYTES_MAX);
    arena_init(&arena, PLAY_ARENA_BYTES_MAX);
    open_programs(&set, &programs);
    enum err err = OK;
    for (uint32_t i = 0; i < compiled->test_count && err == OK; i++) {
        if (!is_wanted(&compiled->tests[i], options->filter)) {
            ret_summary->skipped++;
            continue;
        }
        bool passed = false;
        arena_reset(&arena);
        err = run_test(&set, &compiled->tests[i], &arena, report, context, &passed);
        ret_summary->tests++;
        ret_summary->passed += passed ? 1u : 0u;
        ret_summary->failed += passed ? 0u : 1u;
    }
    arena_done(&arena);
    arena_done(&programs);
    return err;
}

// --------------------------------------------------------------------------------- for people
