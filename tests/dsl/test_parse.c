// The parser: every construct as a tree, every message of E01 and E02 as people see it, and what
// damaged programs do to it.
#include "dsl/syntax/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/prng.h"
#include "base/utf8.h"
#include "tests/dsl/snapshot.h"

#define PARSE_FOLDER "tests/dsl/parse"
#define TREE_FOLDER "tests/dsl/tree"

struct reading {
    struct arena arena;
    struct source_set sources;
    struct diags diags;
    struct syntax_tree tree;
};

static void read_text(struct reading *reading, const char *name, struct slice text)
{
    arena_init(&reading->arena, (size_t)256 << 20);
    source_set_init(&reading->sources, &reading->arena);
    diags_init(&reading->diags, &reading->arena, &reading->sources);
    uint32_t file = source_add(&reading->sources, slice_from_cstr(name), text);
    syntax_parse(&reading->tree, &reading->sources, file, &reading->arena, &reading->diags);
    diag_finish(&reading->diags);
}

static void drop(struct reading *reading) { arena_done(&reading->arena); }

// ------------------------------------------------------------------------------------ trees

static bool kinds_seen[NODE_KIND_COUNT];

static void render_tree(const struct snapshot *snapshot, struct buf *out, void *context)
{
    (void)context;
    struct reading reading;
    read_text(&reading, snapshot->name, snapshot->program);
    diag_render_text(&reading.diags, out, 0);
    syntax_print(&reading.tree, out);
    for (uint32_t i = 0; i < reading.tree.node_count; i++) {
        kinds_seen[reading.tree.nodes[i].kind] = true;
    }
    drop(&reading);
}

static void every_construct_has_its_tree(void **state)
{
    (void)state;
    snapshot_run(TREE_FOLDER, render_tree, NULL);
    for (unsigned kind = NODE_ERROR + 1; kind < NODE_KIND_COUNT; kind++) {
        if (!kinds_seen[kind]) {
            fail_msg("no tree shows a %s (%u)", syntax_kind_name((enum syntax_kind)kind), kind);
        }
    }
}

// ------------------------------------------------------------------------------------ messages

struct coverage {
    bool shown[DIAG_CODE_COUNT];
    bool twin[DIAG_CODE_COUNT];
};

static void check_twin(const struct snapshot *snapshot)
{
    struct reading reading;
    read_text(&reading, snapshot->name, snapshot->twin);
    if (reading.diags.count > 0) {
        struct buf out;
        buf_init(&out, 1 << 20);
        diag_render_text(&reading.diags, &out, 0);
        fail_msg("the twin in %s is not silent:\n%.*s", snapshot->name,
                 SLICE_PRINT(buf_slice(&out)));
    }
    drop(&reading);
}

static bool all_are_safe(const struct diags *diags)
{
    for (uint32_t i = 0; i < diags->count; i++) {
        bool safe = false;
        for (uint32_t h = 0; h < diags->items[i]->help_count; h++) {
            safe = safe || diags->items[i]->helps[h].fix == DIAG_FIX_SAFE;
        }
        if (!safe) {
            return false;
        }
    }
    return diags->count > 0;
}

enum { EDIT_ROUNDS_MAX = 3 };

// Where every message has a sure edit, the program is clean once they are made (a construct gives
// one message at a time, so it may take more than one round).
static void check_edits(const struct snapshot *snapshot, const struct diags *diags, int round)
{
    if (!all_are_safe(diags)) {
        return;
    }
    struct buf fixed;
    buf_init(&fixed, 1 << 20);
    assert_true(diag_apply_edits(diags, 0, &fixed) > 0);
    struct reading again;
    read_text(&again, snapshot->name, buf_slice(&fixed));
    if (again.diags.count > 0 && (round == EDIT_ROUNDS_MAX || !all_are_safe(&again.diags))) {
        fail_msg("%s: not clean after its edits:\n%.*s", snapshot->name,
                 SLICE_PRINT(buf_slice(&fixed)));
    }
    check_edits(snapshot, &again.diags, round + 1);
    drop(&again);
    buf_done(&fixed);
}

static void render_messages(const struct snapshot *snapshot, struct buf *out, void *context)
{
    struct coverage *coverage = context;
    struct reading reading;
    read_text(&reading, snapshot->name, snapshot->program);
    diag_render_text(&reading.diags, out, 0);
    assert_false(out->overflow);
    assert_int_equal(reading.tree.has_errors, reading.diags.error_count > 0);
    check_edits(snapshot, &reading.diags, 1);
    for (uint32_t i = 0; i < reading.diags.count; i++) {
        enum diag_code code = reading.diags.items[i]->code;
        coverage->shown[code] = true;
        coverage->twin[code] = coverage->twin[code] || snapshot->twin.len > 0;
    }
    if (snapshot->twin.len > 0) {
        check_twin(snapshot);
    }
    drop(&reading);
}

static void every_grammar_message_reads_as_its_snapshot(void **state)
{
    (void)state;
    static struct coverage coverage;
    snapshot_run(PARSE_FOLDER, render_messages, &coverage);
    for (unsigned code = 0; code < DIAG_CODE_COUNT; code++) {
        const char *name = diag_code_name((enum diag_code)code);
        bool later_pass = name[1] != '0' || (name[2] != '1' && name[2] != '2');
        if (later_pass || code == DIAG_E0110) { // which has a test of its own below
            continue;
        }
        if (!coverage.shown[code] || !coverage.twin[code]) {
            fail_msg("%s has no snapshot%s", name, coverage.shown[code] ? " with a twin" : "");
        }
    }
}

// ------------------------------------------------------------------------------------ invariants

static void check_tree(const struct syntax_tree *tree)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const struct token *token = &tree->tokens[i];
        assert_true(token->start >= end && token->end >= token->start);
        assert_true(token->end <= tree->text.len);
        end = token->end;
    }
    assert_int_equal(tree->tokens[tree->token_count - 1].kind, TOKEN_END);
    for (uint32_t i = 0; i < tree->node_count; i++) {
        struct span span = syntax_span(tree, i);
        assert_true(span.start <= span.end && span.end <= tree->text.len);
        for (SYNTAX_EACH(tree, i, child)) {
            assert_int_equal(tree->nodes[child].parent, i);
        }
    }
}

static void check_messages(const struct reading *reading)
{
    size_t len = reading->tree.text.len;
    for (uint32_t i = 0; i < reading->diags.count; i++) {
        const struct diag *diag = reading->diags.items[i];
        assert_true(diag->primary.start <= diag->primary.end && diag->primary.end <= len);
        for (uint32_t l = 0; l < diag->label_count; l++) {
            assert_true(diag->labels[l].span.end <= len);
        }
        assert_true(diag_sentence(diag).len > 0);
    }
    struct buf out;
    buf_init(&out, (size_t)64 << 20);
    diag_render_text(&reading->diags, &out, DIAG_COLOUR);
    diag_render_json(&reading->diags, &out);
    assert_false(out.overflow);
    assert_true(utf8_valid(buf_slice(&out)));
    buf_done(&out);
}

static void read_and_check(struct slice text)
{
    struct reading reading;
    read_text(&reading, "damaged.rung", text);
    check_tree(&reading.tree);
    check_messages(&reading);
    struct buf out;
    buf_init(&out, (size_t)64 << 20);
    syntax_print(&reading.tree, &out);
    for (uint32_t i = 0; i < reading.tree.node_count; i++) {
        (void)syntax_string(&reading.tree, i, &reading.arena);
        (void)syntax_comment(&reading.tree, i < 50 ? i : 0, &reading.arena);
        switch ((unsigned)reading.tree.nodes[i].kind) {
        case NODE_NUMBER: case NODE_MONEY: case NODE_DURATION: case NODE_PERCENT: case NODE_TIME:
        case NODE_DATE: case NODE_DATETIME: (void)syntax_literal(&reading.tree, i); break;
        default: break;
        }
    }
    buf_done(&out);
    drop(&reading);
}

enum { DAMAGE_ROUNDS = 8 };

// Pieces that turn a program into something else than noise.
static const char *const pieces[] = {
    "{", "}", "\"", "{{", "=>", "->", ":=", "(", ")", "[", "]", ",", "\n", "\r", "--", ".", "-",
    "\\", "'", "\t", "1", "99999999999999999999", "5 min ", "\xff", "\xe2\x80\xae", "if ", "then ",
    "stage ", "process ", "else ", "task ", "not ", "is ", "in ", "all ", "parallel ",
    "convert each ", "retry x ", "",
};

static void edit(struct prng *prng, struct buf *to, struct slice text)
{
    size_t at = prng_below(prng, text.len + 1);
    size_t gone = prng_below(prng, 3) == 0 ? prng_below(prng, 40) : prng_below(prng, 2);
    buf_put_slice(to, slice_sub(text, 0, at));
    if (prng_below(prng, 2) == 0) {
        buf_put_cstr(to, pieces[prng_below(prng, ARRAY_COUNT(pieces))]);
    } else {
        buf_put_char(to, (char)prng_next(prng));
    }
    buf_put_slice(to, slice_sub(text, at + gone, text.len));
}

static void damage(const char *path, void *context)
{
    struct prng *prng = context;
    struct buf whole;
    struct buf texts[2];
    buf_init(&whole, 1 << 20);
    buf_init(&texts[0], 1 << 21);
    buf_init(&texts[1], 1 << 21);
    snapshot_read(path, &whole);
    for (int round = 0; round < DAMAGE_ROUNDS; round++) {
        buf_reset(&texts[0]);
        buf_put_slice(&texts[0], buf_slice(&whole));
        for (int edits = 0; edits < 4; edits++) {
            struct buf *from = &texts[edits % 2];
            struct buf *to = &texts[1 - edits % 2];
            buf_reset(to);
            edit(prng, to, buf_slice(from));
            read_and_check(buf_slice(to));
        }
    }
    buf_done(&whole);
    buf_done(&texts[0]);
    buf_done(&texts[1]);
}

static void random_edits_never_break_the_parser(void **state)
{
    (void)state;
    static const char *const folders[] = { TREE_FOLDER, PARSE_FOLDER, "processes", "stdlib",
                                           "tests/dsl/check" };
    struct prng prng;
    prng_init(&prng, 20260302);
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
        (void)snapshot_each(folders[i], damage, &prng);
    }
}

struct slips {
    uint32_t slips;
    uint32_t more_than_one;
    uint32_t more_than_two;
};

// Leaves out one token after another: each is one slip of the author.
static void leave_out(const char *path, void *context)
{
    struct slips *slips = context;
    struct buf whole;
    struct buf text;
    struct reading reading;
    buf_init(&whole, 1 << 20);
    buf_init(&text, 1 << 20);
    snapshot_read(path, &whole);
    read_text(&reading, path, buf_slice(&whole));
    assert_int_equal(reading.diags.count, 0);
    for (uint32_t i = 0; i + 1 < reading.tree.token_count; i++) {
        const struct token *token = &reading.tree.tokens[i];
        buf_reset(&text);
        buf_put_slice(&text, slice_sub(buf_slice(&whole), 0, token->start));
        buf_put_slice(&text, slice_sub(buf_slice(&whole), token->end, whole.len));
        struct reading slip;
        read_text(&slip, path, buf_slice(&text));
        slips->slips++;
        slips->more_than_one += slip.diags.count > 1 ? 1 : 0;
        slips->more_than_two += slip.diags.count > 2 ? 1 : 0;
        if (slip.diags.count > 2) {
            print_message("%s:%u: %u messages without `%.*s`\n", path,
                          source_line(source_file(&reading.sources, 0), token->start),
                          slip.diags.count, (int)(token->end - token->start),
                          whole.ptr + token->start);
        }
        drop(&slip);
    }
    drop(&reading);
    buf_done(&whole);
    buf_done(&text);
}

static void one_slip_gives_one_message(void **state)
{
    (void)state;
    struct slips slips = { 0 };
    assert_true(snapshot_each("processes", leave_out, &slips) > 0);
    print_message("%u words left out: %u times more than one message\n", slips.slips,
                  slips.more_than_one);
    assert_true(slips.more_than_one * 100 <= slips.slips); // one in a hundred
    assert_int_equal(slips.more_than_two, 0);
}

static void repeat(struct buf *to, const char *piece, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buf_put_cstr(to, piece);
    }
}

// Nesting, chains and lists far beyond what anybody writes.
static void bombs_are_refused_in_few_words(void **state)
{
    (void)state;
    static const char *const bombs[] = {
        "stage a \"A\" { ", "{ ", "if a { ", "if a ", "else if a => b ", "( ", "[ ", "not ", "- ",
        "+ a ", "or a ", "retry a then ", "\"{a} ", "set of ", "day(", "} ", "=> ", "a.b ", "< a ",
        "if a ask b ", "after a b ", "} stage a \"A\" { } ", "@ ", "' ", "\xe2\x80\x9c ", "a {b} ",
        "== ", "1 ", "} role a \"A\" ", "overdue a then ", "action a \"A\" ", "process p \"P\" { ",
    };
    struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < ARRAY_COUNT(bombs); i++) {
        buf_reset(&text);
        buf_put_cstr(&text, "process p \"P\" {\n start { x := a ");
        repeat(&text, bombs[i], 10000);
        read_and_check(buf_slice(&text));
    }
    buf_done(&text);
}

static void a_file_longer_than_its_bound_is_one_message(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4 << 20);
    repeat(&text, "role a \"A\"\n", 200000);
    struct reading reading;
    read_text(&reading, "long.rung", buf_slice(&text));
    assert_int_equal(reading.diags.count, 1);
    assert_int_equal(reading.diags.items[0]->code, DIAG_E0110);
    drop(&reading);
    buf_done(&text);
}

static void too_many_messages_are_counted(void **state)
{
    (void)state;
    struct buf text;
    struct buf out;
    buf_init(&text, 4 << 20);
    buf_init(&out, 4 << 20);
    repeat(&text, "role\n", 3000);
    struct reading reading;
    read_text(&reading, "many.rung", buf_slice(&text));
    assert_int_equal(reading.diags.error_count, 3000);
    assert_int_equal(reading.diags.count, DIAG_KEPT_PER_FILE_MAX);
    diag_render_text(&reading.diags, &out, 0);
    assert_non_null(strstr(out.ptr, "and 2980 more in many.rung"));
    drop(&reading);
    buf_done(&text);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_construct_has_its_tree),
        cmocka_unit_test(every_grammar_message_reads_as_its_snapshot),
        cmocka_unit_test(one_slip_gives_one_message),
        cmocka_unit_test(a_file_longer_than_its_bound_is_one_message),
        cmocka_unit_test(too_many_messages_are_counted),
        cmocka_unit_test(bombs_are_refused_in_few_words),
        cmocka_unit_test(random_edits_never_break_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
