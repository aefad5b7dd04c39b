// Program images: the builder's bytes open again with the same contents, and no damaged byte is
// ever more than a clean refusal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/value.h"
#include "dsl/image/build.h"
#include "dsl/image/image.h"

static struct image_text intern(struct build *build, const char *text)
{
    return build_intern(build, slice_from_cstr(text));
}

static uint32_t add_text_expr(struct build *build, const char *text)
{
    struct image_expr expr = { .kind = EXPR_TEXT, .type = INDEX_NONE, .text = intern(build, text) };
    return build_add_expr(build, &expr);
}

static struct image_stage make_stage(struct build *build, const char *name, uint32_t position)
{
    return (struct image_stage){ .name = intern(build, name),
                                 .label = intern(build, name),
                                 .parent = position == 0 ? INDEX_NONE : 0,
                                 .first_child = INDEX_NONE,
                                 .next_sibling = INDEX_NONE,
                                 .task = INDEX_NONE,
                                 .chance = INDEX_NONE,
                                 .position = position,
                                 .waits = WAIT_TASK,
                                 .on_enter = INDEX_NONE,
                                 .on_exit = INDEX_NONE,
                                 .parallel = INDEX_NONE,
                                 .guard = INDEX_NONE };
}

static void add_vocabulary(struct build *build)
{
    struct image_type types[] = {
        { .kind = TYPE_TEXT, .arg = INDEX_NONE, .name = intern(build, "text") },
        { .kind = TYPE_ENUM, .arg = 0, .name = intern(build, "product") },
        { .kind = TYPE_SET, .arg = 1 },
        { .kind = TYPE_RECORD, .arg = 0, .name = intern(build, "line") },
    };
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        build_add_type(build, &types[i]);
    }
    struct image_role role = { .name = intern(build, "sales"), .under = INDEX_NONE };
    build_add_role(build, &role);
    struct image_member member = { intern(build, "design"), intern(build, "Design") };
    struct image_enum product = { intern(build, "product"),
                                  { build_add_member(build, &member), 1 } };
    build_add_enumeration(build, &product);
    struct image_part part = { .name = intern(build, "what"), .type = 0, .initial = INDEX_NONE };
    struct image_record record = { intern(build, "line"), { build_add_part(build, &part), 1 } };
    build_add_record(build, &record);
    struct image_rung rung = { .amount = 300000, .unit = DURATION_MS, .role = INDEX_NONE };
    struct image_ladder ladder = { intern(build, "busy"), 0, { build_add_rung(build, &rung), 1 } };
    build_add_ladder(build, &ladder);
    struct image_field field = { .name = intern(build, "products"),
                                 .type = 2,
                                 .initial = INDEX_NONE };
    build_add_field(build, &field);
    struct image_collection deals = { intern(build, "deals"), 1 };
    build_add_collection(build, &deals);
}

// `busy`: retry busy then => lost.
static uint32_t add_retry_block(struct build *build)
{
    struct image_goto lost = { TARGET_END, 0, INDEX_NONE };
    struct image_step last = { .kind = STEP_GOTO, .a = build_add_flow(build, &lost) };
    struct image_block then = { build_add_step(build, &last), 1 };
    struct image_step retry = { .kind = STEP_RETRY, .b = build_add_block(build, &then) };
    struct image_block block = { build_add_step(build, &retry), 1 };
    return build_add_block(build, &block);
}

static void add_convert_block(struct build *build, uint32_t field_expr)
{
    struct image_pair pair = { intern(build, "design"), intern(build, "design_deal") };
    struct image_with with = { .name = intern(build, "kind"), .value = field_expr };
    struct image_convert convert = { .each = field_expr,
                                     .local = 0,
                                     .by = INDEX_NONE,
                                     .pairs = { build_add_pair(build, &pair), 1 },
                                     .withs = { build_add_with(build, &with), 1 } };
    struct image_step step = { .kind = STEP_CONVERT, .a = build_add_convert(build, &convert) };
    struct image_block block = { build_add_step(build, &step), 1 };
    build_add_block(build, &block);
}

static void add_process(struct build *build)
{
    struct image_expr field = { .kind = EXPR_FIELD, .type = 2 };
    uint32_t field_expr = build_add_expr(build, &field);
    struct image_expr empty = { .kind = EXPR_IS_EMPTY, .type = INDEX_NONE, .a = field_expr };
    uint32_t condition = build_add_expr(build, &empty);
    uint32_t title = add_text_expr(build, "Lead");
    struct image_goto start = { TARGET_STAGE, 1, INDEX_NONE };
    struct image_step step = { .kind = STEP_GOTO, .a = build_add_flow(build, &start) };
    struct image_block block = { build_add_step(build, &step), 1 };
    struct image_process process = { .name = intern(build, "lead"),
                                     .title = title,
                                     .start_block = build_add_block(build, &block),
                                     .repeat_block = INDEX_NONE,
                                     .calendar = INDEX_NONE,
                                     .local_count = 1 };
    uint32_t key = 0;
    process.keys = build_list(build, &key, 1);
    build_add_process(build, &process);
    struct image_due due = { .moment = title, .until = INDEX_NONE, .within = 0 };
    struct image_task task = { .title = title,
                               .due = build_add_due(build, &due),
                               .overdue = INDEX_NONE,
                               .overdue_then = INDEX_NONE };
    struct image_stage body = make_stage(build, "lead", 0);
    body.first_child = 1;
    struct image_stage contact = make_stage(build, "contact", 1);
    contact.task = build_add_task(build, &task);
    contact.actions = (struct image_range){ 0, 1 };
    contact.timers = (struct image_range){ 0, 1 };
    contact.rules = (struct image_range){ 0, 1 };
    build_add_stage(build, &body);
    build_add_stage(build, &contact);
    struct image_text alias = intern(build, "engaged");
    struct image_ask ask = { .name = intern(build, "products"), .type = 2, .initial = INDEX_NONE };
    uint32_t ask_index = build_add_ask(build, &ask);
    struct image_action action = { .name = intern(build, "busy"),
                                   .stage = 1,
                                   .guard = condition,
                                   .aliases = { build_add_alias(build, &alias), 1 },
                                   .at_most = INDEX_NONE,
                                   .at_most_then = INDEX_NONE,
                                   .block = add_retry_block(build),
                                   .asks = build_list(build, &ask_index, 1),
                                   .flags = ACTION_HAS_FLOW | ACTION_LEAVES };
    build_add_action(build, &action);
    struct image_timer timer = { .kind = TIMER_AFTER, .stage = 1, .moment = title, .leaves = 1 };
    build_add_timer(build, &timer);
    struct image_rule rule = { .condition = condition, .stage = 1 };
    build_add_rule(build, &rule);
    struct image_end end = { .name = intern(build, "lost"), .reopen_goto = INDEX_NONE };
    build_add_end(build, &end);
    add_convert_block(build, field_expr);
}

// Every second day, with a holiday.
static void add_calendar(struct build *build)
{
    struct image_opening hours = { 9 * 3600, 18 * 3600 };
    struct image_calendar office = { .name = intern(build, "office"),
                                     .zone = intern(build, "Europe/Berlin") };
    for (uint32_t day = 0; day < 7; day += 2) {
        office.week[day] = (struct image_range){ build_add_opening(build, &hours), 1 };
    }
    struct image_exception holiday = { 20454, MARK_OFF };
    office.exceptions = (struct image_range){ build_add_exception(build, &holiday), 1 };
    build_add_calendar(build, &office);
}

static void build_sample(struct buf *bytes)
{
    struct build build;
    build_init(&build);
    add_vocabulary(&build);
    add_process(&build);
    add_calendar(&build);
    uint8_t hash[IMAGE_HASH_BYTES] = { 7 };
    assert_int_equal(build_finish(&build, hash, bytes), OK);
    build_done(&build);
}

static void a_built_image_opens_with_the_same_contents(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, IMAGE_BYTES_MAX);
    build_sample(&bytes);
    struct image image;
    assert_int_equal(image_open(buf_slice(&bytes), &image), OK);
    assert_int_equal(image.header->source_hash[0], 7);
    assert_int_equal(image.stage_count, 2);
    assert_int_equal(image_find_stage(&image, SLICE("contact")), 1);
    assert_int_equal(image_find_stage(&image, SLICE("lead")), INDEX_NONE);
    assert_int_equal(image_find_action(&image, 1, SLICE("busy")), 0);
    assert_int_equal(image_find_action(&image, 0, SLICE("busy")), INDEX_NONE);
    assert_int_equal(image_find_field(&image, SLICE("products")), 0);
    assert_int_equal(image_find_role(&image, SLICE("sales")), 0);
    assert_int_equal(image_find_end(&image, SLICE("lost")), 0);
    assert_int_equal(image_find_collection(&image, SLICE("deals")), 0);
    assert_int_equal(image_find_field(&image, SLICE("product")), INDEX_NONE);
    assert_int_equal(image.exception[image.calendar[0].exceptions.first].mark, MARK_OFF);
    assert_true(image_stage_inside(&image, 1, 0));
    assert_false(image_stage_inside(&image, 0, 1));
    assert_true(slice_equal(image_slice(&image, image.alias[0]), SLICE("engaged")));
    buf_done(&bytes);
}

static void a_flipped_bit_is_refused_or_harmless(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, IMAGE_BYTES_MAX);
    build_sample(&bytes);
    struct image image;
    unsigned refused = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.ptr[i] = (char)(bytes.ptr[i] ^ (1 << bit));
            enum err err = image_open(buf_slice(&bytes), &image);
            assert_true(err == OK || err == ERR_CORRUPT);
            refused += err == ERR_CORRUPT;
            bytes.ptr[i] = (char)(bytes.ptr[i] ^ (1 << bit));
        }
        // Every value of one byte, not only its neighbours.
        char original = bytes.ptr[i];
        for (int value = 0; value < 256; value += 5) {
            bytes.ptr[i] = (char)value;
            enum err err = image_open(buf_slice(&bytes), &image);
            assert_true(err == OK || err == ERR_CORRUPT);
        }
        bytes.ptr[i] = original;
    }
    assert_true(refused > bytes.len);
    assert_int_equal(image_open(buf_slice(&bytes), &image), OK);
    buf_done(&bytes);
}

static void a_cut_image_is_refused(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, IMAGE_BYTES_MAX);
    build_sample(&bytes);
    struct image image;
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(image_open(slice_make(bytes.ptr, len), &image), ERR_CORRUPT);
    }
    assert_int_equal(image_open(slice_make(bytes.ptr + 1, bytes.len - 1), &image), ERR_CORRUPT);
    buf_done(&bytes);
}

// Gives the opened sample whose bytes may be damaged by the caller, section by section.
static void expect_refused(void (*damage)(struct build *build))
{
    struct build build;
    build_init(&build);
    add_vocabulary(&build);
    add_process(&build);
    damage(&build);
    struct buf bytes;
    buf_init(&bytes, IMAGE_BYTES_MAX);
    uint8_t hash[IMAGE_HASH_BYTES] = { 0 };
    assert_int_equal(build_finish(&build, hash, &bytes), OK);
    struct image image;
    assert_int_equal(image_open(buf_slice(&bytes), &image), ERR_CORRUPT);
    buf_done(&bytes);
    build_done(&build);
}

static void nest_block_in_itself(struct build *build)
{
    struct image_step step = { .kind = STEP_IF,
                               .b = build_count(build, BUILD_block),
                               .c = INDEX_NONE };
    struct image_block block = { build_add_step(build, &step), 1 };
    build_add_block(build, &block);
}

static void nest_blocks_too_deep(struct build *build)
{
    for (int i = 0; i <= IMAGE_BLOCK_DEPTH_MAX; i++) {
        struct image_step step = { .kind = STEP_IF,
                                   .b = build_count(build, BUILD_block) - 1,
                                   .c = INDEX_NONE };
        struct image_block block = { build_add_step(build, &step), 1 };
        build_add_block(build, &block);
    }
}

static void put_operand_behind_operator(struct build *build)
{
    struct image_expr expr = { .kind = EXPR_NOT, .type = INDEX_NONE };
    expr.a = build_count(build, BUILD_expr) + 1;
    build_add_expr(build, &expr);
    add_text_expr(build, "late");
}

static void nest_exprs_too_deep(struct build *build)
{
    struct image_expr expr = { .kind = EXPR_NOT, .type = INDEX_NONE };
    for (int i = 0; i < IMAGE_EXPR_DEPTH_MAX; i++) {
        expr.a = build_count(build, BUILD_expr) - 1;
        build_add_expr(build, &expr);
    }
}

static void hang_stage_twice(struct build *build)
{
    struct image_stage stage = make_stage(build, "other", 2);
    stage.next_sibling = 1;
    build_add_stage(build, &stage);
}

static void enter_with_a_flow(struct build *build)
{
    struct image_step step = { .kind = STEP_GOTO, .a = 0 };
    struct image_block block = { build_add_step(build, &step), 1 };
    build_at_stage(build, 1)->on_enter = build_add_block(build, &block);
}

static void put_parallel_into_the_process(struct build *build)
{
    struct image_parallel parallel = { .stage = 0, .block = 0 };
    build_at_stage(build, 0)->parallel = build_add_parallel(build, &parallel);
}

static void guard_a_stage_that_is_no_branch(struct build *build)
{
    build_at_stage(build, 1)->guard = 0;
}

static void finish_a_stage_that_is_no_branch(struct build *build)
{
    struct image_goto flow = { TARGET_DONE, 1, INDEX_NONE };
    build_add_flow(build, &flow);
}

static void leave_stage_unlinked(struct build *build)
{
    struct image_stage stage = make_stage(build, "other", 2);
    build_add_stage(build, &stage);
}

static void make_role_its_own_superior(struct build *build)
{
    build_at_role(build, 0)->under = 0;
}

static void make_type_of_itself(struct build *build)
{
    build_at_type(build, 2)->arg = 2;
}

static void name_member_that_is_not_there(struct build *build)
{
    struct image_expr expr = { .kind = EXPR_ENUM, .type = 1, .text = intern(build, "supply") };
    build_add_expr(build, &expr);
}

static void images_with_rings_or_bottomless_nesting_are_refused(void **state)
{
    (void)state;
    expect_refused(nest_block_in_itself);
    expect_refused(nest_blocks_too_deep);
    expect_refused(put_operand_behind_operator);
    expect_refused(nest_exprs_too_deep);
    expect_refused(hang_stage_twice);
    expect_refused(enter_with_a_flow);
    expect_refused(put_parallel_into_the_process);
    expect_refused(guard_a_stage_that_is_no_branch);
    expect_refused(finish_a_stage_that_is_no_branch);
    expect_refused(leave_stage_unlinked);
    expect_refused(make_role_its_own_superior);
    expect_refused(make_type_of_itself);
    expect_refused(name_member_that_is_not_there);
}

static void the_builder_keeps_equal_texts_once(void **state)
{
    (void)state;
    struct build build;
    build_init(&build);
    char name[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++) {
            size_t len = (size_t)snprintf(name, sizeof name, "name_%d", i);
            struct image_text text = build_intern(&build, slice_make(name, len));
            assert_int_equal(text.len, len);
        }
    }
    assert_int_equal(build.texts.len, 1000 * sizeof(struct image_text));
    build_reset(&build);
    assert_int_equal(intern(&build, "again").offset, 0);
    build_done(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_built_image_opens_with_the_same_contents),
        cmocka_unit_test(a_flipped_bit_is_refused_or_harmless),
        cmocka_unit_test(a_cut_image_is_refused),
        cmocka_unit_test(images_with_rings_or_bottomless_nesting_are_refused),
        cmocka_unit_test(the_builder_keeps_equal_texts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
