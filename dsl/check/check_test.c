// The `test` blocks: names and types are those of the processes they play with.
#include "base/array.h"
#include "base/check.h"
#include "base/limits.h"
#include "dsl/check/check_test_internal.h"
#include "dsl/compile.h"

static void check_plays(struct test_check_state *test, uint32_t node);

void check_tests(struct unit *unit, uint32_t file, struct test_plan **plans, uint32_t *plan_count)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    for (SYNTAX_EACH(tree, 0, node)) {
        if (syntax_kind(tree, node) != NODE_TEST) {
            continue;
        }
        struct test_check_state test = { .unit = unit, .file = file, .current_case = INDEX_NONE };
        test.infer = (struct infer){ .unit = unit, .file = file, .flags = INFER_IN_TEST };
        uint32_t title = syntax_child(tree, node, NODE_STRING);
        test.plan.title =
            title == NODE_NONE ? SLICE_EMPTY : syntax_string(tree, title, unit->arena);
        test.plan.file = source_file(unit->sources, file)->name;
        test.plan.line = check_test_line(&test, node);
        check_plays(&test, node);
        ARRAY_PUSH(unit->arena, *plans, *plan_count, test.plan);
    }
}

// --- names -------------------------------------------------------------------------------------

uint32_t check_test_line(const struct test_check_state *test, uint32_t node)
{
    struct span span = syntax_keyword_span(check_test_tree(test), node);
    return source_line(source_file(test->unit->sources, test->file), span.start);
}

static uint32_t column_of(const struct test_check_state *test, uint32_t node)
{
    struct span span = syntax_keyword_span(check_test_tree(test), node);
    return source_column(source_file(test->unit->sources, test->file), span.start);
}

struct slice check_test_source(const struct test_check_state *test, uint32_t node)
{
    struct slice source = syntax_source(check_test_tree(test), node);
    size_t len = 0;
    while (len < source.len && source.ptr[len] != '\n' && source.ptr[len] != '\r') {
        len++;
    }
    return slice_sub(source, 0, len);
}

uint32_t check_test_find_user(const struct test_check_state *test, struct slice name)
{
    for (uint32_t i = 0; i < test->plan.user_count; i++) {
        if (slice_equal(test->users[i].name, name)) {
            return i;
        }
    }
    return INDEX_NONE;
}

uint32_t check_test_find_case(const struct test_check_state *test, struct slice name)
{
    for (uint32_t i = 0; i < test->plan.case_count; i++) {
        if (slice_equal(test->cases[i].name, name)) {
            return i;
        }
    }
    return INDEX_NONE;
}

static void report_unknown(struct test_check_state *test, uint32_t node, bool is_person)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct slice name = syntax_name(tree, node);
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0317, syntax_span(tree, node));
    diag_fact(diag, name);
    diag_fact(diag, is_person ? SLICE("person") : SLICE("case"));
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; is_person && i < test->plan.user_count; i++) {
        suggest_offer(&suggestions, test->users[i].name, 0);
    }
    for (uint32_t i = 0; !is_person && i < test->plan.case_count; i++) {
        suggest_offer(&suggestions, test->cases[i].name, 0);
    }
    if (diag_suggest(diag, &suggestions, syntax_span(tree, node), is_person ? "person" : "case")) {
        return;
    }
    if (is_person) {
        diag_help(diag, "say who that is, before: `user %.*s is ROLE`", SLICE_PRINT(name));
    } else {
        diag_help(diag, "start it before: `start PROCESS %.*s with …`", SLICE_PRINT(name));
    }
}

uint32_t check_test_user(struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    if (node == NODE_NONE || syntax_kind(tree, node) != NODE_NAME) {
        return INDEX_NONE;
    }
    uint32_t index = check_test_find_user(test, syntax_name(tree, node));
    if (index == INDEX_NONE) {
        report_unknown(test, node, true);
    }
    return index;
}

uint32_t check_test_case(struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    if (node == NODE_NONE || syntax_kind(tree, node) != NODE_NAME) {
        return INDEX_NONE;
    }
    uint32_t index = check_test_find_case(test, syntax_name(tree, node));
    if (index == INDEX_NONE) {
        report_unknown(test, node, false);
    }
    return index;
}

uint32_t check_test_current(struct test_check_state *test, uint32_t node)
{
    if (test->current_case == INDEX_NONE) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0326,
                                     syntax_span(check_test_tree(test), node));
        diag_fact(diag, SLICE("case to look at"));
        diag_fact(diag, SLICE("this check"));
        diag_here(diag, "the task of which case?");
        diag_note(diag, "a check speaks of the case that was named last");
    }
    return test->current_case;
}

// --- plays -------------------------------------------------------------------------------------

struct play_list {
    struct test_play *plays;
    uint32_t count;
    int64_t clock_ms; // never later than the test's clock really is
    struct span clock_span;
};

static void check_clock(struct test_check_state *test, struct play_list *list, uint32_t node,
                        int64_t moment_ms)
{
    struct span span = syntax_span(check_test_tree(test), node);
    if (moment_ms < list->clock_ms) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0706, span);
        diag_here(diag, "this is earlier");
        diag_label(diag, list->clock_span, "the clock was put here");
        return;
    }
    list->clock_ms = moment_ms;
    list->clock_span = span;
}

static void play_at(struct test_check_state *test, struct play_list *list, struct test_play *play,
                    uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t moment = syntax_child(tree, node, NODE_DATETIME);
    play->kind = TEST_PLAY_AT;
    if (moment != NODE_NONE) {
        play->moment_ms = syntax_literal(tree, moment).number;
        check_clock(test, list, moment, play->moment_ms);
    }
    uint32_t clause = syntax_child(tree, node, NODE_CALENDAR_ZONE);
    uint32_t text = clause == NODE_NONE ? NODE_NONE : syntax_child(tree, clause, NODE_STRING);
    if (text == NODE_NONE) {
        return;
    }
    struct slice zone = syntax_string(tree, text, test->unit->arena);
    if (!names_zone_known(test->unit, zone)) {
        names_report_zone(test->unit, syntax_span(tree, text), zone);
    } else if (test->plan.zone.len > 0 && !slice_equal(zone, test->plan.zone)) {
        struct diag *diag = diag_add(test->unit->diags, DIAG_E0325, syntax_span(tree, text));
        diag_fact(diag, SLICE("zone"));
        diag_fact(diag, SLICE("this test"));
        diag_note(diag, "a company has one zone; clients tell theirs by `zone from`");
    } else {
        test->plan.zone = zone;
    }
}

static void play_user(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct arena *arena = test->unit->arena;
    play->kind = TEST_PLAY_USER;
    struct slice name = syntax_name(tree, node);
    if (names_reach_limit(test->unit, syntax_name_span(tree, node), SLICE("the test"),
                          test->plan.user_count, TEST_NAMES_MAX, "people")) {
        return;
    }
    uint32_t index = check_test_find_user(test, name);
    if (index == INDEX_NONE) {
        struct test_user user = { .name = name };
        index = test->plan.user_count;
        ARRAY_PUSH(arena, test->users, test->plan.user_count, user);
    }
    play->user = index;
    uint32_t names = syntax_child(tree, node, NODE_NAMES);
    struct role_list roles = names_roles(test->unit, test->file, names);
    struct test_user *user = &test->users[index];
    struct slice *all = ARENA_ARRAY(arena, struct slice, user->role_count + roles.count + 1);
    for (uint32_t i = 0; i < user->role_count; i++) {
        all[i] = user->roles[i];
    }
    for (uint32_t i = 0; i < roles.count; i++) {
        all[user->role_count + i] = roles.items[i]->decl.name;
    }
    user->roles = all;
    user->role_count += roles.count;
    uint32_t team = syntax_child(tree, node, NODE_TEAM);
    uint32_t text = team != NODE_NONE ? syntax_child(tree, team, NODE_STRING) : NODE_NONE;
    if (text != NODE_NONE) {
        user->team = syntax_string(tree, text, arena);
        if (user->team.len == 0 || user->team.len > NAME_BYTES_MAX) {
            diag_add(test->unit->diags, DIAG_E0605, syntax_span(tree, text));
        }
    }
    uint32_t under = syntax_child(tree, node, NODE_UNDER);
    uint32_t superior =
        under != NODE_NONE ? check_test_user(test, syntax_first(tree, under)) : INDEX_NONE;
    if (superior != INDEX_NONE) {
        test->users[index].superior = test->users[superior].name;
    }
}

static void play_absent(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    bool absent = syntax_kind(tree, node) == NODE_PLAY_ABSENT;
    play->kind = absent ? TEST_PLAY_ABSENT : TEST_PLAY_PRESENT;
    play->user = check_test_user(test, syntax_child_class(tree, node, CLASS_NAME, 0));
    uint32_t wait = syntax_child(tree, node, NODE_DURATION);
    if (wait != NODE_NONE) {
        infer_literal(&test->infer, wait, NULL);
        play->duration = syntax_literal(tree, wait);
        if (!names_working_time(test->unit, NULL, play->duration.unit, syntax_span(tree, wait))) {
            play->duration.unit = DURATION_MS;
        }
    }
    uint32_t substitute = syntax_child(tree, node, NODE_SUBSTITUTE);
    if (substitute != NODE_NONE) {
        play->other = check_test_user(test, syntax_first(tree, substitute));
    }
}

// What a form calls the value, its type and where that is said; NULL: it asks for nothing of the
// kind.
struct form_entry {
    const struct type *type;
    struct span span;
};

static bool find_in_asks(const struct handler *handler, struct slice name, struct form_entry *entry)
{
    for (uint32_t i = 0; handler != NULL && i < handler->ask_count; i++) {
        if (slice_equal(handler->asks[i]->name, name)) {
            *entry = (struct form_entry){ handler->asks[i]->type, handler->asks[i]->span };
            return true;
        }
    }
    return false;
}

static bool find_field(const struct process *process, struct slice name, struct form_entry *entry)
{
    const struct field *field = infer_find_field(process, name);
    if (field != NULL) {
        *entry = (struct form_entry){ field->type, field->span };
    }
    return field != NULL;
}

static bool find_at_start(struct test_check_state *test, const struct process *process,
                          struct slice name, struct form_entry *entry)
{
    if (find_field(process, name, entry)) {
        return true;
    }
    const struct role *role = names_find_role(test->unit, process->decl.file, name);
    if (role != NULL) {
        *entry = (struct form_entry){ type_builtin(TYPE_USER), role->decl.span };
        return true;
    }
    return find_in_asks(process->start, name, entry);
}

// Actions of one name may stand at several stages; the form is that of the one which is offered.
static bool find_in_action(const struct process *process, struct slice action, struct slice name,
                           struct form_entry *entry)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        if (handler->kind == HANDLER_ACTION && slice_equal(handler->name, action) &&
            find_in_asks(handler, name, entry)) {
            return true;
        }
    }
    return false;
}

static void suggest_form(struct test_check_state *test, struct diag *diag, uint32_t name_node,
                         const struct process *process, struct slice action)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, name_node));
    for (uint32_t i = 0; action.len == 0 && i < process->field_count; i++) {
        suggest_offer(&suggestions, process->fields[i]->name, 0);
    }
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        bool asks = action.len == 0 ? handler->kind == HANDLER_START
                                    : handler->kind == HANDLER_ACTION &&
                                          slice_equal(handler->name, action);
        for (uint32_t n = 0; asks && n < handler->ask_count; n++) {
            suggest_offer(&suggestions, handler->asks[n]->name, 0);
        }
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "field");
}

void check_test_with(struct test_check_state *test, struct test_play *play, uint32_t node,
                     const struct process *process)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t clause = syntax_child(tree, node, NODE_WITH);
    struct test_with *withs = NULL;
    for (uint32_t arg = clause == NODE_NONE ? NODE_NONE : syntax_first(tree, clause);
         arg != NODE_NONE; arg = syntax_next(tree, arg)) {
        if (syntax_kind(tree, arg) != NODE_ARG || process == NULL) {
            continue;
        }
        uint32_t name_node = syntax_first(tree, arg);
        struct test_with with = { .name = syntax_name(tree, name_node) };
        struct form_entry entry;
        bool known = play->kind == TEST_PLAY_START
                         ? find_at_start(test, process, with.name, &entry)
                     : play->kind == TEST_PLAY_DEED
                         ? find_field(process, with.name, &entry)
                         : find_in_action(process, play->action, with.name, &entry);
        if (!known) {
            bool of_process = play->kind != TEST_PLAY_PRESS;
            struct diag *diag =
                diag_add(test->unit->diags, DIAG_E0318, syntax_span(tree, name_node));
            diag_fact(diag, with.name);
            diag_fact_format(diag, of_process ? "process `%.*s`" : "action `%.*s`",
                             SLICE_PRINT(of_process ? process->decl.name : play->action));
            suggest_form(test, diag, name_node, process, play->action);
            continue;
        }
        for (uint32_t i = 0; i < play->with_count; i++) {
            if (slice_equal(withs[i].name, with.name)) {
                struct diag *diag =
                    diag_add(test->unit->diags, DIAG_E0324, syntax_span(tree, name_node));
                diag_fact(diag, with.name);
            }
        }
        with.value = check_test_fit(
            test, syntax_next(tree, name_node), entry.type,
            arena_format(test->unit->arena, "`%.*s`", SLICE_PRINT(with.name)), entry.span);
        ARRAY_PUSH(test->unit->arena, withs, play->with_count, with);
    }
    play->withs = withs;
}

void check_test_add_case(struct test_check_state *test, struct test_play *play, uint32_t name_node,
                         struct slice case_name, const struct process *process)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct arena *arena = test->unit->arena;
    struct test_name name = { .name = case_name, .span = syntax_span(tree, name_node) };
    uint32_t known = check_test_find_case(test, name.name);
    if (known != INDEX_NONE && name.name.len > 0) {
        names_twice(test->unit, name.span, test->case_names[known].span, "case", name.name);
    }
    struct test_case made = { .name = name.name,
                              .process = process == NULL ? SLICE_EMPTY : process->decl.name };
    play->case_index = test->plan.case_count;
    uint32_t count = test->plan.case_count;
    ARRAY_PUSH(arena, test->processes, count, process);
    count = test->plan.case_count;
    ARRAY_PUSH(arena, test->case_names, count, name);
    ARRAY_PUSH(arena, test->cases, test->plan.case_count, made);
    test->current_case = play->case_index;
}

const struct process *check_test_process(const struct test_check_state *test,
                                         const struct process *process)
{
    for (uint32_t i = 0; test->reload != NULL && process != NULL &&
                         i < test->reload->process_count; i++) {
        if (slice_equal(test->reload->processes[i]->decl.name, process->decl.name)) {
            return test->reload->processes[i];
        }
    }
    return process;
}

static void play_start(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    play->kind = TEST_PLAY_START;
    if (names_reach_limit(test->unit, syntax_keyword_span(tree, node), SLICE("the test"),
                          test->plan.case_count, TEST_NAMES_MAX, "cases")) {
        return;
    }
    const struct process *process =
        check_test_process(test, names_process(test->unit, test->file,
                                           syntax_child_class(tree, node, CLASS_NAME, 0)));
    uint32_t name_node = syntax_child_class(tree, node, CLASS_NAME, 1);
    uint32_t as = syntax_child(tree, node, NODE_AS);
    if (as != NODE_NONE) {
        play->user = check_test_user(test, syntax_first(tree, as));
    }
    check_test_with(test, play, node, process);
    check_test_add_case(test, play, name_node == NODE_NONE ? node : name_node,
                        name_node == NODE_NONE ? SLICE_EMPTY : syntax_name(tree, name_node),
                        process);
    play->process = process == NULL ? SLICE_EMPTY : process->decl.name;
    check_test_refused(test, play, node);
}

static void play_wait(struct test_check_state *test, struct play_list *list, struct test_play *play,
                      uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    static const int64_t at_least_ms[] = {
        [DURATION_MS] = 1, [DURATION_DAY] = 86400000, [DURATION_WEEK] = 604800000,
        [DURATION_MONTH] = 28 * (int64_t)86400000, [DURATION_WORK_MS] = 0, [DURATION_WORK_DAY] = 0,
    };
    play->kind = TEST_PLAY_WAIT;
    uint32_t wait = syntax_child(tree, node, NODE_DURATION);
    if (wait == NODE_NONE) {
        return;
    }
    infer_literal(&test->infer, wait, NULL);
    play->duration = syntax_literal(tree, wait);
    if (!names_working_time(test->unit, NULL, play->duration.unit, syntax_span(tree, wait))) {
        play->duration.unit = DURATION_MS;
    }
    if (play->duration.number < INT32_MAX || play->duration.unit == DURATION_MS) {
        int64_t most = INT64_MAX / 4;
        int64_t step = at_least_ms[play->duration.unit];
        list->clock_ms += play->duration.number < most && list->clock_ms < most
                              ? play->duration.number * step
                              : 0;
        list->clock_span = syntax_span(tree, wait);
    }
}

// From here on the cases are spoken of as the new version has them: all are there in the end, or
// the test says where they stay.
static void play_reload(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t path = syntax_child(tree, node, NODE_STRING);
    play->kind = TEST_PLAY_RELOAD;
    if (path == NODE_NONE) {
        return;
    }
    play->reload = test->unit->reload(test->unit, test->file, syntax_span(tree, path),
                                      syntax_string(tree, path, test->unit->arena));
    test->reload = play->reload != NULL ? play->reload : test->reload;
    for (uint32_t i = 0; play->reload != NULL && i < play->reload->process_count; i++) {
        const struct process *process = play->reload->processes[i];
        for (uint32_t n = 0; n < test->plan.case_count; n++) {
            if (test->processes[n] != NULL &&
                slice_equal(test->processes[n]->decl.name, process->decl.name)) {
                test->processes[n] = process;
            }
        }
    }
}

static void play_wait_until(struct test_check_state *test, struct play_list *list,
                            struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t until = syntax_first(tree, node);
    play->kind = TEST_PLAY_WAIT_UNTIL;
    struct test_typed moment = check_test_expr(test, until, type_builtin(TYPE_DATETIME));
    play->until = moment.expr;
    const struct type *type = moment.of.type;
    if (!type_fits(type, type_builtin(TYPE_DATETIME)) && !type_is(type, TYPE_TIME) &&
        !type_is(type, TYPE_DATE)) {
        infer_report_misfit(&test->infer, &moment.of, until, type_builtin(TYPE_DATETIME),
                            SLICE("`wait until`"), span_make(0, 0, 0));
    }
    if (moment.expr->kind == TEST_EXPR_VALUE && moment.expr->value.kind == VALUE_DATETIME) {
        check_clock(test, list, until, moment.expr->value.number);
    }
}

static void report_unknown_action(struct test_check_state *test, uint32_t node,
                                  const struct process *process)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct diag *diag = diag_add(test->unit->diags, DIAG_E0316, syntax_span(tree, node));
    diag_fact(diag, syntax_name(tree, node));
    diag_fact(diag, process->decl.name);
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 0; i < process->handler_count; i++) {
        if (process->handlers[i]->kind == HANDLER_ACTION) {
            suggest_offer(&suggestions, process->handlers[i]->name, 0);
        }
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, node), "action");
}

static bool has_action(const struct process *process, struct slice name)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        if (process->handlers[i]->kind == HANDLER_ACTION &&
            slice_equal(process->handlers[i]->name, name)) {
            return true;
        }
    }
    return false;
}

void check_test_refused(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t refused = syntax_child(tree, node, NODE_REFUSED);
    play->refused = refused != NODE_NONE;
    uint32_t text = play->refused ? syntax_child(tree, refused, NODE_STRING) : NODE_NONE;
    if (text != NODE_NONE) {
        play->refused_text = syntax_string(tree, text, test->unit->arena);
    }
}

const struct process *check_test_of_case(struct test_check_state *test, struct test_play *play,
                                         uint32_t node)
{
    play->case_index = check_test_case(test, node);
    if (play->case_index == INDEX_NONE) {
        return NULL;
    }
    test->current_case = play->case_index;
    return test->processes[play->case_index];
}

static void play_does(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    play->kind = TEST_PLAY_PRESS;
    play->user = check_test_user(test, syntax_child_class(tree, node, CLASS_NAME, 0));
    uint32_t action = syntax_child_class(tree, node, CLASS_NAME, 1);
    const struct process *process =
        check_test_of_case(test, play, syntax_child_class(tree, node, CLASS_NAME, 2));
    if (action == NODE_NONE || syntax_kind(tree, action) != NODE_NAME) {
        process = NULL;
    } else {
        play->action = syntax_name(tree, action);
    }
    if (process != NULL && !has_action(process, play->action)) {
        report_unknown_action(test, action, process);
        process = NULL;
    }
    check_test_with(test, play, node, process);
    check_test_refused(test, play, node);
}

static void check_task_check(struct test_check_state *test, struct test_check *check, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    uint32_t title = syntax_child(tree, node, NODE_STRING);
    if (title != NODE_NONE) {
        check->title = syntax_string(tree, title, test->unit->arena);
    }
    uint32_t holder = syntax_child(tree, node, NODE_FOR);
    if (holder != NODE_NONE) {
        check->user = check_test_user(test, syntax_first(tree, holder));
    }
    uint32_t due = syntax_child(tree, node, NODE_DUE);
    if (due == NODE_NONE) {
        return;
    }
    uint32_t moment_node = syntax_first(tree, due);
    struct test_typed moment = check_test_expr(test, moment_node, type_builtin(TYPE_DATETIME));
    check->due = moment.expr;
    const struct type *type = moment.of.type;
    if (!type_fits(type, type_builtin(TYPE_DATETIME)) && !type_is(type, TYPE_TIME) &&
        !type_is(type, TYPE_DATE)) {
        infer_report_misfit(&test->infer, &moment.of, moment_node, type_builtin(TYPE_DATETIME),
                            SLICE("`due`"), span_make(0, 0, 0));
    }
}

static void play_expect(struct test_check_state *test, struct test_play *play, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct test_check *checks = NULL;
    play->kind = TEST_PLAY_EXPECT;
    for (SYNTAX_EACH(tree, node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_ERROR) {
            continue;
        }
        struct test_check check = { .user = INDEX_NONE,
                                    .line = check_test_line(test, child),
                                    .column = column_of(test, child),
                                    .text = check_test_source(test, child) };
        if (kind == NODE_INCIDENT || kind == NODE_NO_INCIDENT) {
            check.kind =
                kind == NODE_INCIDENT ? TEST_CHECK_INCIDENT : TEST_CHECK_NO_INCIDENT;
        } else if (kind == NODE_NOTICE || kind == NODE_NO_NOTICE) {
            check.kind = kind == NODE_NOTICE ? TEST_CHECK_NOTICE : TEST_CHECK_NO_NOTICE;
            check_task_check(test, &check, child);
        } else if (kind == NODE_NO_TASK || kind == NODE_TASK_CHECK) {
            check.kind = kind == NODE_NO_TASK ? TEST_CHECK_NO_TASK : TEST_CHECK_TASK;
            check_test_current(test, child);
            check_task_check(test, &check, child);
        } else {
            check.kind = TEST_CHECK_TRUE;
            check.condition = check_test_condition(test, child);
        }
        check.case_index = test->current_case;
        ARRAY_PUSH(test->unit->arena, checks, play->check_count, check);
    }
    play->checks = checks;
}

static void check_plays(struct test_check_state *test, uint32_t node)
{
    const struct syntax_tree *tree = check_test_tree(test);
    struct play_list list = { .clock_ms = INT64_MIN / 4 };
    for (SYNTAX_EACH(tree, node, child)) {
        if (names_is_flooded(test->unit, test->file)) {
            break;
        }
        struct test_play play = { .line = check_test_line(test, child),
                                  .column = column_of(test, child),
                                  .text = check_test_source(test, child),
                                  .user = INDEX_NONE,
                                  .other = INDEX_NONE,
                                  .parent = INDEX_NONE,
                                  .case_index = INDEX_NONE };
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_PLAY_AT) {
            play_at(test, &list, &play, child);
        } else if (kind == NODE_PLAY_USER) {
            play_user(test, &play, child);
        } else if (kind == NODE_PLAY_ABSENT || kind == NODE_PLAY_PRESENT) {
            play_absent(test, &play, child);
        } else if (kind == NODE_PLAY_START) {
            play_start(test, &play, child);
        } else if (kind == NODE_PLAY_WAIT) {
            play_wait(test, &list, &play, child);
        } else if (kind == NODE_PLAY_WAIT_UNTIL) {
            play_wait_until(test, &list, &play, child);
        } else if (kind == NODE_PLAY_DOES) {
            play_does(test, &play, child);
        } else if (kind == NODE_PLAY_CHILD) {
            check_test_child(test, &play, child);
        } else if (kind == NODE_PLAY_DEED) {
            check_test_deed(test, &play, child);
        } else if (kind == NODE_PLAY_MESSAGE || kind == NODE_PLAY_CALL) {
            check_test_outside(test, &play, child);
        } else if (kind == NODE_PLAY_RELOAD) {
            play_reload(test, &play, child);
        } else if (kind == NODE_PLAY_EXPECT) {
            play_expect(test, &play, child);
        } else {
            continue;
        }
        ARRAY_PUSH(test->unit->arena, list.plays, list.count, play);
    }
    test->plan.users = test->users;
    test->plan.cases = test->cases;
    test->plan.plays = list.plays;
    test->plan.play_count = list.count;
}
