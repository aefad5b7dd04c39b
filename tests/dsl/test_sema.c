// The checker: every message of E03 … E09 and W5 as people see it, each with a program that differs
// where it matters and is silent; edits that are said to be safe are made, and must help.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dsl/compile.h"
#include "tests/dsl/snapshot.h"

#define CHECK_FOLDER "tests/dsl/check"

// What the programs of the folder may import.
static bool load(void *context, struct slice path, struct arena *arena, struct slice *ret_text)
{
    (void)context;
    (void)arena;
    static const struct {
        const char *path;
        const char *text;
    } files[] = {
        { "people.rung", "role desk \"Desk\"\n" },
        { "waits.rung", "ladder busy { 5 min, 10 min }\n"
                        "table need(n: integer) -> integer { | _ -> n }\n" },
        { "ring.rung", "import import_ring\n" },
        { "reloaded.next", "role sales \"Sales\"\n"
                           "process lead \"Lead\" {\n"
                           "  start => contact\n"
                           "  stage contact \"Contact\" {\n"
                           "    task \"Call\" for sales\n"
                           "    action sold \"Sold\" => won\n"
                           "  }\n"
                           "  end won \"Won\" success\n"
                           "}\n" },
        { "reload_broken.next", "process lead \"Lead\" {\n  start => contact\n}\n" },
        { "hooks/price.lua", "function price_of(n) return n end\n" },
        { "hooks/broken.lua", "function price_of(n)\n  retrn n\nend\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        if (slice_equal(path, slice_from_cstr(files[i].path))) {
            *ret_text = slice_from_cstr(files[i].text);
            return true;
        }
    }
    return false;
}

// As the sandbox would say it; which the checker cannot know.
static bool check_hook(struct slice file, struct slice text, struct slice name,
                       struct arena *arena, uint32_t *ret_line, struct slice *ret_error)
{
    *ret_line = 2;
    *ret_error = SLICE("syntax error near 'n'");
    return arena != NULL && name.len > 0 && text.len > 0 &&
           !slice_equal(file, SLICE("hooks/broken.lua"));
}

static void compile(struct compile_result *result, const char *name, struct slice text)
{
    struct compile_file file = { .name = slice_from_cstr(name), .text = text };
    struct compile_input input = { .files = &file, .file_count = 1, .load = load,
                                   .check_hook = check_hook };
    compile_set(&input, result);
}

struct coverage {
    bool shown[DIAG_CODE_COUNT];
    bool twin[DIAG_CODE_COUNT];
    unsigned safe_edits;
    unsigned loud; // programs that should have been silent
};

static void check_silent(const char *name, struct slice text, const char *what,
                         struct coverage *coverage)
{
    struct compile_result result;
    compile(&result, name, text);
    if (result.diags.count > 0) {
        struct buf out;
        buf_init(&out, 1 << 20);
        diag_render_text(&result.diags, &out, 0);
        print_error("the %s of %s is not silent:\n%.*s\n", what, name,
                    SLICE_PRINT(buf_slice(&out)));
        coverage->loud++;
        buf_done(&out);
    }
    compile_done(&result);
}

static bool has_safe_edit(const struct diag *diag)
{
    for (uint32_t h = 0; h < diag->help_count; h++) {
        if (diag->helps[h].fix == DIAG_FIX_SAFE) {
            return true;
        }
    }
    return false;
}

// When every message of a program carries a safe edit, the program is right after all of them.
static void check_edits(const struct snapshot *snapshot, const struct compile_result *result,
                        struct coverage *coverage)
{
    for (uint32_t i = 0; i < result->diags.count; i++) {
        if (!has_safe_edit(result->diags.items[i])) {
            return;
        }
    }
    struct buf edited;
    buf_init(&edited, 1 << 20);
    coverage->safe_edits += diag_apply_edits(&result->diags, 0, &edited);
    check_silent(snapshot->name, buf_slice(&edited), "edited program", coverage);
    buf_done(&edited);
}

static void render(const struct snapshot *snapshot, struct buf *out, void *context)
{
    struct coverage *coverage = context;
    struct compile_result result;
    compile(&result, snapshot->name, snapshot->program);
    diag_render_text(&result.diags, out, 0);
    for (uint32_t i = 0; i < result.diags.count; i++) {
        coverage->shown[result.diags.items[i]->code] = true;
        coverage->twin[result.diags.items[i]->code] |= snapshot->twin.len > 0;
    }
    assert_true(result.diags.count > 0);
    check_edits(snapshot, &result, coverage);
    compile_done(&result);
    assert_true(snapshot->twin.len > 0);
    check_silent(snapshot->name, snapshot->twin, "twin", coverage);
}

// These need more text than a snapshot should hold; they have tests of their own below.
static bool has_own_test(enum diag_code code) { return code == DIAG_E0322 || code == DIAG_E0901; }

static void every_message_reads_as_its_snapshot_and_its_twin_is_silent(void **state)
{
    (void)state;
    static struct coverage coverage;
    snapshot_run(CHECK_FOLDER, render, &coverage);
    assert_int_equal(coverage.loud, 0);
    assert_true(coverage.safe_edits > 0);
    for (unsigned code = 0; code < DIAG_CODE_COUNT; code++) {
        const char *name = diag_code_name((enum diag_code)code);
        bool earlier_pass = name[1] == '0' && (name[2] == '1' || name[2] == '2');
        if (earlier_pass || has_own_test((enum diag_code)code)) {
            continue;
        }
        if (!coverage.shown[code] || !coverage.twin[code]) {
            fail_msg("%s (%s) has no snapshot", name, diag_code_slug((enum diag_code)code));
        }
    }
}

static const struct diag *expect_code(const struct compile_result *result, enum diag_code code)
{
    assert_int_equal(result->program_count, 0);
    for (uint32_t i = 0; i < result->diags.count; i++) {
        if (result->diags.items[i]->code == code) {
            return result->diags.items[i];
        }
    }
    fail_msg("%s is not reported", diag_code_name(code));
    return NULL;
}

static void a_set_of_too_many_files_is_refused(void **state)
{
    (void)state;
    static char names[SOURCE_FILES_MAX + 1][16];
    static struct compile_file files[SOURCE_FILES_MAX + 1];
    for (unsigned i = 0; i <= SOURCE_FILES_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "f%u.rung", i);
        files[i].name = slice_from_cstr(names[i]);
        files[i].text = SLICE("role sales \"Sales\"\n");
    }
    struct compile_input input = { .files = files, .file_count = SOURCE_FILES_MAX + 1 };
    struct compile_result result;
    compile_set(&input, &result);
    expect_code(&result, DIAG_E0322);
    compile_done(&result);
}

static void an_action_that_asks_too_much_is_refused(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_put_cstr(&text, "role sales \"Sales\"\nprocess lead \"Lead\" {\n  start => contact\n"
                        "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                        "    action sold \"Sold\" {\n");
    for (int i = 0; i <= IMAGE_LOCALS_MAX; i++) {
        buf_format(&text, "      ask a%d: text\n", i);
    }
    buf_put_cstr(&text, "      => won\n    }\n  }\n  end won \"Won\" success\n}\n");
    struct compile_result result;
    compile(&result, "lead.rung", buf_slice(&text));
    expect_code(&result, DIAG_E0901);
    compile_done(&result);
    buf_done(&text);
}

// A head, as many lines as wanted, a tail; `line` holds one %d.
static void expect_limit(const char *head, const char *line, int count, const char *tail,
                         const char *fact)
{
    struct buf text;
    buf_init(&text, SOURCE_BYTES_MAX);
    buf_put_cstr(&text, head);
    for (int i = 0; i < count; i++) {
        const char *place = strstr(line, "%d");
        buf_put(&text, line, (size_t)(place - line));
        buf_format(&text, "%d", i);
        buf_put_cstr(&text, place + 2);
    }
    buf_put_cstr(&text, tail);
    struct compile_result result;
    compile(&result, "big.rung", buf_slice(&text));
    const struct diag *diag = expect_code(&result, DIAG_E0901);
    assert_true(slice_equal(diag->facts[1], slice_from_cstr(fact)));
    compile_done(&result);
    buf_done(&text);
}

static void a_program_beyond_a_bound_is_refused_by_the_bounds_name(void **state)
{
    (void)state;
    const char *body = "role sales \"Sales\"\nprocess lead \"Lead\" {\n  start => contact\n"
                       "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                       "    action sold \"Sold\" => won\n  }\n  end won \"Won\" success\n";
    expect_limit("", "role r%d \"R\"\n", 2001, "", "2000 names");
    expect_limit("enum e {\n", "m%d \"M\",\n", 1001, "last \"L\" }\n", "1000 members");
    expect_limit("record r {\n", "p%d: text,\n", 201, "last: text }\n", "200 parts");
    expect_limit(body, "  field f%d: text\n", 257, "}\n", "256 fields");
    expect_limit(body, "  stage s%d \"S\" { after 1 day => won }\n", 1001, "}\n", "1000 stages");
    expect_limit(body, "  end e%d \"E\"\n", 201, "}\n", "200 ends");
    expect_limit(body, "  after %d days => won\n", 4001, "}\n",
                 "4000 actions, timers, rules and tasks");
    expect_limit("role x \"X\"\ntest \"t\" {\n", "user u%d is x\n", 1001, "}\n", "1000 people");
}

static void a_name_in_a_file_that_is_not_imported_is_shown_with_its_import(void **state)
{
    (void)state;
    struct compile_file files[] = {
        { SLICE("processes/lead.rung"),
          SLICE("process lead \"Lead\" {\n  start => contact\n  stage contact \"Contact\" {\n"
                "    task \"Call\" for sales\n    action sold \"Sold\" => won\n  }\n"
                "  end won \"Won\"\n}\n") },
        { SLICE("processes/people.rung"), SLICE("role sales \"Sales\"\n") },
    };
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result result;
    compile_set(&input, &result);
    const struct diag *diag = expect_code(&result, DIAG_E0302);
    assert_int_equal(result.diags.count, 1);
    assert_int_equal(diag->labels[0].span.file, 1);
    assert_int_equal(diag->helps[0].span.start, 0);
    assert_true(slice_equal(diag->helps[0].replacement, SLICE("import people\n")));
    compile_done(&result);
    files[0].text = SLICE("import people\nprocess lead \"Lead\" {\n  start => contact\n"
                          "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                          "    action sold \"Sold\" => won\n  }\n  end won \"Won\"\n}\n");
    compile_set(&input, &result);
    assert_true(compile_is_good(&result));
    assert_int_equal(result.program_count, 1);
    compile_done(&result);
}

// One root cause, one message: what came with the copy is not told again.
static void a_copied_file_gives_one_message_with_both_places(void **state)
{
    (void)state;
    struct slice text =
        SLICE("import shop\non message site.form(name) start lead with name: name\n"
              "process lead \"Lead\" {\n  field name: text\n  start => contact\n"
              "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
              "    action sold \"Sold\" => won\n  }\n  end won \"Won\"\n}\n");
    struct compile_file files[] = {
        { SLICE("lead.rung"), text },
        { SLICE("lead (2).rung"), text },
        { SLICE("shop.rung"), SLICE("role sales \"Sales\"\n"
                                    "connector site \"Site\" { message form(name: text) }\n") },
    };
    struct compile_input input = { .files = files, .file_count = 3 };
    struct compile_result result;
    compile_set(&input, &result);
    const struct diag *diag = expect_code(&result, DIAG_E0310);
    assert_int_equal(result.diags.count, 1);
    assert_int_equal(diag->primary.file, 1);
    assert_int_equal(diag->labels[0].span.file, 0);
    compile_done(&result);
}

static void a_file_may_have_the_name_of_a_reserved_word(void **state)
{
    (void)state;
    struct compile_file files[] = {
        { SLICE("lead.rung"),
          SLICE("import test\nprocess lead \"Lead\" {\n  start => contact\n"
                "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                "    action sold \"Sold\" => won\n  }\n  end won \"Won\"\n}\n") },
        { SLICE("test.rung"), SLICE("role sales \"Sales\"\n") },
    };
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result result;
    compile_set(&input, &result);
    assert_true(compile_is_good(&result));
    assert_int_equal(result.program_count, 1);
    compile_done(&result);
}

static void an_import_of_several_words_begins_beside_its_file(void **state)
{
    (void)state;
    struct compile_file files[] = {
        { SLICE("shop/lead.rung"),
          SLICE("import people.sellers, stdlib.ladders\nprocess lead \"Lead\" {\n"
                "  start => contact\n  stage contact \"Contact\" {\n"
                "    task \"Call\" for sales overdue untouched\n"
                "    action sold \"Sold\" => won\n  }\n  end won \"Won\"\n}\n") },
        { SLICE("shop/people/sellers.rung"), SLICE("role sales \"Sales\"\n") },
    };
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result result;
    compile_set(&input, &result);
    assert_true(compile_is_good(&result));
    compile_done(&result);
    files[1].name = SLICE("people/sellers.rung"); // where the set begins
    compile_set(&input, &result);
    assert_true(compile_is_good(&result));
    compile_done(&result);
    files[1].name = SLICE("sellers.rung");
    compile_set(&input, &result);
    (void)expect_code(&result, DIAG_E0312);
    compile_done(&result);
}

// A message that nobody sends is one that no process which sees it awaits.
static void a_file_of_declarations_alone_is_not_called_unused(void **state)
{
    (void)state;
    struct compile_file files[] = {
        { SLICE("shop.rung"),
          SLICE("import stdlib.approvals\nrole sales \"Sales\"\n"
                "connector site \"Site\" { message form(name: text) }\n") },
        { SLICE("lead.rung"),
          SLICE("import shop\nprocess lead \"Lead\" {\n  start => contact\n"
                "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                "    action sold \"Sold\" => won\n  }\n  end won \"Won\"\n}\n") },
    };
    struct compile_input input = { .files = files, .file_count = 1 };
    struct compile_result result;
    compile_set(&input, &result);
    assert_int_equal(result.diags.count, 0);
    compile_done(&result);
    input.file_count = 2;
    compile_set(&input, &result);
    assert_int_equal(result.diags.count, 1);
    assert_int_equal(result.diags.items[0]->code, DIAG_W510);
    compile_done(&result);
}

static void one_role_declared_by_two_files_is_one_role(void **state)
{
    (void)state;
    struct compile_file files[] = {
        { SLICE("a.rung"),
          SLICE("role sales \"Sales\"\nprocess lead \"Lead\" {\n  start => contact\n"
                "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                "    action sold \"Sold\" {\n"
                "      convert into deals => deal with sales: sales\n"
                "      => waiting\n    }\n  }\n  stage waiting \"Waiting\" {\n"
                "    when all deals ended => won\n  }\n  end won \"Won\"\n}\n") },
        { SLICE("b.rung"), SLICE("role sales \"Sales\"\nprocess deal \"Deal\" {\n  start => work\n"
                                 "  stage work \"Work\" {\n    task \"Work\" for sales\n"
                                 "    action made \"Made\" => won\n  }\n  end won \"Won\"\n}\n") },
    };
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result result;
    compile_set(&input, &result);
    assert_int_equal(result.diags.count, 0);
    assert_int_equal(result.program_count, 2);
    compile_done(&result);
}

static void compile_pair(struct compile_result *result, const char *own)
{
    struct compile_file files[] = {
        { SLICE("waits.rung"), SLICE("role boss \"Boss\"\nladder busy { 5 min }\n") },
        { SLICE("lead.rung"),
          SLICE("import waits\nrole sales \"Sales\"\nprocess lead \"Lead\" {\n"
                "  start => contact\n  stage contact \"Contact\" {\n"
                "    task \"Call\" for sales\n    action busy \"Busy\" retry busy then => won\n"
                "  }\n  end won \"Won\"\n}\n") },
        { SLICE("other.rung"),
          SLICE("role sales \"Sales\"\nprocess other \"Other\" {\n  start => contact\n"
                "  stage contact \"Contact\" {\n    task \"Call\" for sales\n"
                "    action sold \"Sold\" => won\n  }\n  end won \"Won\"\n}\n") },
        { SLICE("own.rung"), slice_from_cstr(own) },
    };
    struct compile_input input = { .files = files, .file_count = 4, .load = load };
    compile_set(&input, result);
    assert_true(compile_is_good(result));
}

// S12: what an installation overrides is a part of the program, and of no other.
static void an_override_is_a_part_of_the_hash(void **state)
{
    (void)state;
    struct compile_result plain;
    struct compile_result own;
    compile_pair(&plain, "import waits\n");
    compile_pair(&own, "import waits\nrole chief \"Chief\"\n"
                       "override ladder busy { 1 h notify chief, 2 h notify boss }\n");
    assert_memory_not_equal(compile_find(&plain, SLICE("lead"))->source_hash,
                            compile_find(&own, SLICE("lead"))->source_hash, IMAGE_HASH_BYTES);
    assert_memory_equal(compile_find(&plain, SLICE("other"))->source_hash,
                        compile_find(&own, SLICE("other"))->source_hash, IMAGE_HASH_BYTES);
    struct image image;
    assert_int_equal(image_open(compile_find(&own, SLICE("lead"))->image, &image), OK);
    assert_int_equal(image.rung_count, 2);
    assert_int_equal(image.rung[0].amount, 60 * 60 * 1000);
    assert_true(slice_equal(image_slice(&image, image.role[image.rung[0].role].name),
                            SLICE("chief")));
    assert_int_equal(compile_find(&own, SLICE("lead"))->file_count, 3);
    compile_done(&plain);
    compile_done(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_reads_as_its_snapshot_and_its_twin_is_silent),
        cmocka_unit_test(a_set_of_too_many_files_is_refused),
        cmocka_unit_test(an_action_that_asks_too_much_is_refused),
        cmocka_unit_test(a_program_beyond_a_bound_is_refused_by_the_bounds_name),
        cmocka_unit_test(a_name_in_a_file_that_is_not_imported_is_shown_with_its_import),
        cmocka_unit_test(a_copied_file_gives_one_message_with_both_places),
        cmocka_unit_test(a_file_may_have_the_name_of_a_reserved_word),
        cmocka_unit_test(an_import_of_several_words_begins_beside_its_file),
        cmocka_unit_test(a_file_of_declarations_alone_is_not_called_unused),
        cmocka_unit_test(one_role_declared_by_two_files_is_one_role),
        cmocka_unit_test(an_override_is_a_part_of_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
