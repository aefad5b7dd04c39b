// Programs that hold every construct: they check cleanly, their images show what was written, and
// neither damaged programs nor damaged images do harm. The pace of the checker is measured here
// too.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/prng.h"
#include "base/value.h"
#include "dsl/compile.h"
#include "tests/dsl/pace.h"
#include "tests/dsl/sema_files.h"

#define FOLDER "tests/dsl/programs/"

struct set {
    struct arena arena;
    struct compile_file files[4];
    struct compile_input input;
    struct compile_result result;
};

static void read_set(struct set *set)
{
    static const char *const names[] = { FOLDER "trade.rung", FOLDER "trade_test.rung" };
    *set = (struct set){ .input = { .load = sema_load } };
    arena_init(&set->arena, (size_t)64 << 20);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        set->files[i].name = slice_from_cstr(names[i]);
        assert_true(sema_read_file(names[i], &set->arena, &set->files[i].text));
    }
    set->input.files = set->files;
    set->input.file_count = ARRAY_COUNT(names);
}

static void drop_set(struct set *set)
{
    compile_done(&set->result);
    arena_done(&set->arena);
}

static void open_program(const struct set *set, const char *process, struct image *ret_image)
{
    const struct compile_program *program =
        compile_find(&set->result, slice_from_cstr(process));
    assert_non_null(program);
    assert_int_equal(image_open(program->image, ret_image), OK);
    assert_memory_equal(ret_image->header->source_hash, program->source_hash, IMAGE_HASH_BYTES);
}

static void compile_good(struct set *set)
{
    read_set(set);
    compile_set(&set->input, &set->result);
    if (!compile_is_good(&set->result)) {
        struct buf out;
        buf_init(&out, 1 << 20);
        diag_render_text(&set->result.diags, &out, 0);
        fail_msg("%.*s", SLICE_PRINT(buf_slice(&out)));
    }
    assert_int_equal(set->result.diags.count, 0);
}

// --- what images show ------------------------------------------------------------------------

static void a_set_gives_one_image_per_process_and_its_tests(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    assert_int_equal(set.result.program_count, 4);
    assert_int_equal(set.result.test_count, 1);
    assert_int_equal(set.result.programs[0].file_count, 2);
    assert_true(slice_equal(set.result.programs[0].files[1], SLICE(FOLDER "people.rung")));
    assert_null(compile_find(&set.result, SLICE("nothing")));
    drop_set(&set);
}

static void every_kind_of_expression_step_and_type_comes_into_an_image(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    struct image image;
    open_program(&set, "trade", &image);
    bool exprs[EXPR_KIND_COUNT] = { [EXPR_EMPTY] = true };
    bool steps[STEP_KIND_COUNT] = { false };
    bool types[TYPE_KIND_COUNT] = { false };
    uint32_t waits = 0;
    for (uint32_t i = 0; i < image.expr_count; i++) {
        exprs[image.expr[i].kind] = true;
    }
    struct image inbox;
    assert_int_equal(set.result.inbox_count, 1);
    assert_int_equal(image_open(set.result.inboxes[0].image, &inbox), OK);
    for (uint32_t i = 0; i < inbox.expr_count; i++) {
        exprs[inbox.expr[i].kind] = true;
    }
    for (uint32_t i = 0; i < image.step_count; i++) {
        steps[image.step[i].kind] = true;
    }
    for (uint32_t i = 0; i < image.type_count; i++) {
        types[image.type[i].kind] = true;
    }
    for (uint32_t i = 0; i < image.stage_count; i++) {
        waits |= image.stage[i].waits;
    }
    for (unsigned i = 0; i < EXPR_KIND_COUNT; i++) {
        if (!exprs[i]) {
            fail_msg("no expression of kind %u", i);
        }
    }
    for (unsigned i = 0; i < STEP_KIND_COUNT; i++) {
        if (!steps[i]) {
            fail_msg("no step of kind %u", i);
        }
    }
    for (unsigned i = 0; i < TYPE_KIND_COUNT; i++) {
        if (!types[i]) {
            fail_msg("no type of kind %u", i);
        }
    }
    assert_int_equal(waits, WAIT_TASK | WAIT_TIMER | WAIT_IDLE | WAIT_CHILDREN);
    drop_set(&set);
}

static const struct image_action *find_action(const struct image *image, const char *stage,
                                              const char *name)
{
    uint32_t at = image_find_stage(image, slice_from_cstr(stage));
    assert_int_not_equal(at, INDEX_NONE);
    uint32_t index = image_find_action(image, at, slice_from_cstr(name));
    assert_int_not_equal(index, INDEX_NONE);
    return &image->action[index];
}

static bool text_is(const struct image *image, struct image_text text, const char *wanted)
{
    return slice_equal(image_slice(image, text), slice_from_cstr(wanted));
}

static void forms_keep_the_order_of_the_text(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    struct image image;
    open_program(&set, "trade", &image);
    const struct image_action *agreed = find_action(&image, "first_call", "agreed");
    assert_int_equal(agreed->asks.count, 2);
    const struct image_ask *price = &image.ask[image.list[agreed->asks.first]];
    const struct image_ask *note = &image.ask[image.list[agreed->asks.first + 1]];
    assert_true(text_is(&image, price->name, "price"));
    assert_true(text_is(&image, price->label, "Price"));
    assert_true(text_is(&image, price->help, "What they agreed to"));
    assert_int_equal(price->flags, ASK_REQUIRED);
    assert_int_equal(price->field, image_find_field(&image, SLICE("price")));
    assert_true(text_is(&image, note->name, "note"));
    assert_int_equal(note->field, INDEX_NONE);
    assert_int_not_equal(price->local, note->local);
    assert_int_equal(image.process[0].start_asks.count, 1);
    drop_set(&set);
}

static void actions_know_whether_they_leave(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    struct image image;
    open_program(&set, "trade", &image);
    const struct image_action *busy = find_action(&image, "first_call", "busy");
    const struct image_action *described = find_action(&image, "offer", "described");
    const struct image_action *refused = find_action(&image, "answer", "refused");
    const struct image_action *later = find_action(&image, "first_call", "later");
    assert_int_equal(busy->flags, ACTION_HAS_FLOW | ACTION_LEAVES);
    assert_int_equal(busy->aliases.count, 2);
    assert_int_equal(described->flags, 0);
    assert_int_equal(refused->flags, ACTION_HAS_FLOW | ACTION_LEAVES | ACTION_BODY);
    assert_int_equal(refused->by.count, 1);
    assert_int_equal(later->at_most, 3);
    assert_int_not_equal(later->at_most_then, INDEX_NONE);
    drop_set(&set);
}

static void stages_end_timers_and_ladders_stand_as_written(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    struct image image;
    open_program(&set, "trade", &image);
    const struct image_stage *answer = &image.stage[image_find_stage(&image, SLICE("answer"))];
    assert_int_equal(answer->parent, image_find_stage(&image, SLICE("talking")));
    assert_int_equal(answer->timers.count, 3);
    const struct image_timer *timer = &image.timer[answer->timers.first];
    assert_int_equal(timer[0].kind, TIMER_AFTER);
    assert_int_equal(timer[0].leaves, 1);
    assert_int_equal(timer[1].kind, TIMER_AT);
    assert_int_equal(timer[1].leaves, 0);
    assert_int_equal(image.list[timer[1].fields.first], image_find_field(&image, SLICE("call_at")));
    assert_int_equal(image.stage[answer->parent].chance, 40);
    const struct image_end *archive = &image.end[image_find_end(&image, SLICE("archive"))];
    assert_int_equal(archive->flags, END_REOPEN | END_REOPEN_ON_REPEAT);
    assert_int_equal(archive->reopen_within, 90);
    assert_int_equal(archive->reopen_within_unit, DURATION_DAY);
    assert_int_equal(image.flow[archive->reopen_goto].target_kind, TARGET_STAGE);
    bool keeps = false;
    for (uint32_t i = 0; i < image.ladder_count; i++) {
        keeps = keeps || image.ladder[i].keeps_count == 1;
    }
    assert_true(keeps);
    drop_set(&set);
}

static void what_with_leaves_out_comes_from_the_field_of_that_name(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    struct image image;
    open_program(&set, "trade", &image);
    unsigned implicit = 0;
    for (uint32_t i = 0; i < image.convert_count; i++) {
        const struct image_convert *convert = &image.convert[i];
        for (uint32_t n = 0; n < convert->withs.count; n++) {
            const struct image_with *with = &image.with[convert->withs.first + n];
            if (text_is(&image, with->name, "company")) {
                assert_int_equal(image.expr[with->value].kind, EXPR_FIELD);
                implicit++;
            }
        }
    }
    assert_int_equal(implicit,
                     2); // both conversions that may make orders; an errand has no company
    drop_set(&set);
}

static void plans_hold_what_tests_say(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    const struct test_plan *plan = &set.result.tests[0];
    assert_int_equal(plan->user_count, 3);
    assert_int_equal(plan->users[1].role_count, 2);
    assert_int_equal(plan->case_count, 2);
    assert_int_equal(plan->plays[3].kind, TEST_PLAY_AT);
    const struct test_play *start = &plan->plays[4];
    assert_int_equal(start->kind, TEST_PLAY_START);
    assert_true(slice_equal(start->process, SLICE("trade")));
    assert_int_equal(start->user, 0);
    assert_int_equal(start->with_count, 4);
    const struct value *wanted = &start->withs[2].value->value;
    assert_int_equal(wanted->kind, VALUE_LIST);
    assert_int_equal(wanted->list.count, 2);
    assert_true(slice_equal(wanted->list.items[0].text, SLICE("chair"))); // the order of the enum
    const struct test_check *first = &plan->plays[5].checks[0];
    assert_int_equal(first->kind, TEST_CHECK_TRUE);
    assert_int_equal(first->condition->kind, TEST_EXPR_STANDS);
    assert_true(slice_equal(first->text, SLICE("l in talking")));
    drop_set(&set);
}

// --- the same in, the same out ---------------------------------------------------------------

static void the_same_texts_give_the_same_bytes(void **state)
{
    (void)state;
    struct set a;
    struct set b;
    compile_good(&a);
    compile_good(&b);
    for (uint32_t i = 0; i < a.result.program_count; i++) {
        assert_true(slice_equal(a.result.programs[i].image, b.result.programs[i].image));
    }
    drop_set(&a);
    drop_set(&b);
}

static bool load_longer(void *context, struct slice path, struct arena *arena,
                        struct slice *ret_text)
{
    if (!sema_load(context, path, arena, ret_text)) {
        return false;
    }
    *ret_text = arena_format(arena, "%.*s-- one word more\n", SLICE_PRINT(*ret_text));
    return true;
}

static void a_changed_import_changes_the_hash(void **state)
{
    (void)state;
    struct set a;
    struct set b;
    compile_good(&a);
    read_set(&b);
    b.input.load = load_longer;
    compile_set(&b.input, &b.result);
    assert_true(compile_is_good(&b.result));
    assert_memory_not_equal(a.result.programs[0].source_hash, b.result.programs[0].source_hash,
                            IMAGE_HASH_BYTES);
    drop_set(&a);
    drop_set(&b);
}

// --- damage ----------------------------------------------------------------------------------

static void a_flipped_bit_of_a_real_image_is_refused_or_harmless(void **state)
{
    (void)state;
    struct set set;
    compile_good(&set);
    const struct compile_program *program = compile_find(&set.result, SLICE("trade"));
    char *bytes = arena_alloc(&set.arena, program->image.len);
    memcpy(bytes, program->image.ptr, program->image.len);
    struct image image;
    size_t refused = 0;
    for (size_t i = 0; i < program->image.len; i++) {
        char original = bytes[i];
        bytes[i] = (char)(original ^ (1 << (i % 8)));
        enum err err = image_open(slice_make(bytes, program->image.len), &image);
        assert_true(err == OK || err == ERR_CORRUPT);
        refused += err == ERR_CORRUPT;
        bytes[i] = original;
    }
    assert_true(refused > program->image.len / 2);
    drop_set(&set);
}

static void damage(struct prng *prng, char *text, size_t len)
{
    static const char signs[] = "{}()[]=>:,.\"-0 \nx";
    uint64_t count = 1 + prng_next(prng) % 4;
    for (uint64_t i = 0; i < count; i++) {
        size_t at = (size_t)(prng_next(prng) % len);
        if (prng_next(prng) % 3 == 0) {
            // A piece of the program stands where another one stood.
            size_t from = (size_t)(prng_next(prng) % len);
            size_t run = (size_t)(prng_next(prng) % 40);
            size_t room = len - (at > from ? at : from);
            memmove(text + at, text + from, run < room ? run : room);
        } else {
            text[at] = signs[prng_next(prng) % (sizeof signs - 1)];
        }
    }
}

static void damaged_programs_give_messages_inside_their_files(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 20261122);
    for (int round = 0; round < 1500; round++) {
        struct set set;
        read_set(&set);
        struct slice text = set.files[round % 2].text;
        char *copy = arena_alloc(&set.arena, text.len);
        memcpy(copy, text.ptr, text.len);
        damage(&prng, copy, text.len);
        set.files[round % 2].text = slice_make(copy, text.len);
        compile_set(&set.input, &set.result);
        for (uint32_t i = 0; i < set.result.diags.count; i++) {
            const struct diag *diag = set.result.diags.items[i];
            const struct source_file *file = source_file(&set.result.sources, diag->primary.file);
            assert_true(diag->primary.start <= diag->primary.end);
            assert_true(diag->primary.end <= file->text.len);
        }
        assert_true(compile_is_good(&set.result) || set.result.program_count == 0);
        drop_set(&set);
    }
}

// --- pace ------------------------------------------------------------------------------------

static void write_long_process(struct buf *text)
{
    buf_put_cstr(text, "role seller \"Seller\"\nladder busy { 5 min, 1 h }\n"
                       "process long \"Long\" {\n  title \"{f0}\"\n");
    for (int i = 0; i < 100; i++) {
        buf_format(text, "  field f%d: text \"Field\"\n", i);
    }
    buf_put_cstr(text, "  start => s0\n");
    for (int i = 0; i < 111; i++) {
        buf_format(text,
                   "  stage s%d \"Stage\" {\n"
                   "    task \"Call {f%d}\" for seller due 1 day\n"
                   "    action busy \"Busy\" retry busy then => lost\n"
                   "    action done%d \"On\" {\n"
                   "      ask note: text \"Note\" required\n"
                   "      f%d := \"{note} {f%d}\"\n"
                   "      => s%d\n"
                   "    }\n",
                   i, i % 100, i, i % 100, (i + 7) % 100, (i + 1) % 111);
        buf_put_cstr(text, i % 10 == 0 ? "    action won \"Won\" => won\n  }\n" : "  }\n");
    }
    buf_put_cstr(text, "  end won \"Won\" success\n  end lost \"Lost\" failure\n}\n");
}

static void a_thousand_lines_check_in_twenty_milliseconds(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    write_long_process(&text);
    unsigned lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    assert_true(lines >= 1000);
    struct compile_file file = { .name = SLICE("long.rung"), .text = buf_slice(&text) };
    struct compile_input input = { .files = &file, .file_count = 1 };
    double best = 1e9;
    for (int i = 0; i < 10; i++) {
        struct compile_result result;
        double start = pace_processor_ms();
        compile_set(&input, &result);
        double took = pace_processor_ms() - start;
        best = took < best ? took : best;
        assert_int_equal(result.program_count, 1);
        compile_done(&result);
    }
    print_message("%u lines: %.2f ms\n", lines, best);
    assert_true(!pace_is_judged() || best < 20.0);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_gives_one_image_per_process_and_its_tests),
        cmocka_unit_test(every_kind_of_expression_step_and_type_comes_into_an_image),
        cmocka_unit_test(forms_keep_the_order_of_the_text),
        cmocka_unit_test(actions_know_whether_they_leave),
        cmocka_unit_test(stages_end_timers_and_ladders_stand_as_written),
        cmocka_unit_test(what_with_leaves_out_comes_from_the_field_of_that_name),
        cmocka_unit_test(plans_hold_what_tests_say),
        cmocka_unit_test(the_same_texts_give_the_same_bytes),
        cmocka_unit_test(a_changed_import_changes_the_hash),
        cmocka_unit_test(a_flipped_bit_of_a_real_image_is_refused_or_harmless),
        cmocka_unit_test(damaged_programs_give_messages_inside_their_files),
        cmocka_unit_test(a_thousand_lines_check_in_twenty_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
