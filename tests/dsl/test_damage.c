// Every file of processes/ is damaged in the ways of damage.c, at every place where each applies.
// The messages must then lead back: following the edits of the first message gives a program of the
// same meaning, or, where a word of the author is lost, leads to the place where it stood.
// DAMAGE_TELL=1 in the environment prints what was not mended, DAMAGE_ONLY=… runs some of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dsl/compile.h"
#include "tests/dsl/damage.h"
#include "tests/dsl/sema_files.h"
#include "tests/dsl/snapshot.h"

enum {
    FILES_MAX = 64,
    LOADS_MAX = 256,
    ROUNDS_MAX = 4,
    PLACES_MAX = 8 // of one damage in one file; more are sampled evenly
};

// What an import or a list asked for, and whether it was there.
struct loaded {
    struct slice path, text;
    bool found;
};

struct bench {
    struct arena arena;
    struct loaded loads[LOADS_MAX];
    uint32_t load_count;
    struct compile_file files[FILES_MAX];
    uint32_t file_count;
    bool tells;
    struct slice images[FILES_MAX]; // of the files as they are, without lines
    uint32_t program_count;
    uint32_t test_counts[FILES_MAX]; // of the set that a damaged file is compiled in
};

static void add_file(const char *path, void *context)
{
    struct bench *bench = context;
    assert_true(bench->file_count < FILES_MAX);
    struct compile_file *file = &bench->files[bench->file_count++];
    file->name = arena_copy(&bench->arena, slice_from_cstr(path));
    assert_true(sema_read_file(path, &bench->arena, &file->text));
}

// Tests beside other files say nothing about this one, and take most of the time.
static bool belongs(struct slice name, struct slice damaged)
{
    struct slice ending = SLICE("_test.rung");
    if (name.len <= ending.len ||
        !slice_equal(slice_sub(name, name.len - ending.len, ending.len), ending)) {
        return true;
    }
    struct slice stem = slice_sub(name, 0, name.len - ending.len);
    return slice_equal(name, damaged) || (slice_starts(damaged, stem) &&
                                          damaged.len == stem.len + sizeof(".rung") - 1);
}

// A file is read from the disk once, not for each of some thousand programs.
static bool load_once(void *context, struct slice path, struct arena *arena,
                      struct slice *ret_text)
{
    struct bench *bench = context;
    (void)arena; // the text outlives every program
    for (uint32_t i = 0; i < bench->load_count; i++) {
        if (slice_equal(bench->loads[i].path, path)) {
            *ret_text = bench->loads[i].text;
            return bench->loads[i].found;
        }
    }
    struct loaded load = { .path = arena_copy(&bench->arena, path) };
    load.found = sema_load(NULL, path, &bench->arena, &load.text);
    if (bench->load_count < LOADS_MAX) { // misspelt paths may be many: they are asked again
        bench->loads[bench->load_count++] = load;
    }
    *ret_text = load.text;
    return load.found;
}

// The set with another text for one of its files.
static void compile_with(struct bench *bench, uint32_t file, struct slice text,
                         struct compile_result *result)
{
    struct compile_file files[FILES_MAX];
    struct compile_input input = { .files = files, .file_count = bench->file_count,
                                   .load = load_once, .load_context = bench };
    for (uint32_t i = 0; i < bench->file_count; i++) {
        files[i] = bench->files[i];
        if (!belongs(files[i].name, bench->files[file].name)) {
            files[i].text = SLICE("role nobody \"Nobody\"\n"); // files keep their numbers
        }
    }
    files[file].text = text;
    compile_set(&input, result);
}

// --- the same meaning ---------------------------------------------------------------------------

// A text of the same words and signs in the same order as the undamaged one means the same.
static bool same_words(const struct syntax_tree *undamaged, struct slice text)
{
    struct source_set sources;
    struct diags diags;
    struct syntax_tree tree;
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    source_set_init(&sources, &arena);
    (void)source_add(&sources, SLICE("a.rung"), text);
    diags_init(&diags, &arena, &sources);
    syntax_parse(&tree, &sources, 0, &arena, &diags);
    bool same = undamaged->token_count == tree.token_count;
    for (uint32_t i = 0; same && i < tree.token_count; i++) {
        const struct token *left = &undamaged->tokens[i];
        const struct token *right = &tree.tokens[i];
        same = left->kind == right->kind &&
               slice_equal(slice_sub(undamaged->text, left->start, left->end - left->start),
                           slice_sub(text, right->start, right->end - right->start));
    }
    arena_done(&arena);
    return same;
}

// An image without what depends on the place in the text.
static struct slice bare_image(struct arena *arena, struct slice bytes)
{
    struct image image;
    assert_int_equal(image_open(bytes, &image), OK);
    char *copy = arena_cstr(arena, bytes);
#define DROP_LINES(name, type)                                                               \
    for (uint32_t i = 0; i < image.name##_count; i++) {                                       \
        const char *line = (const char *)&image.name[i] + offsetof(struct type, line);        \
        memset(copy + (line - bytes.ptr), 0, sizeof(uint32_t));                               \
    }
    DROP_LINES(process, image_process)
    DROP_LINES(stage, image_stage)
    DROP_LINES(task, image_task)
    DROP_LINES(action, image_action)
    DROP_LINES(timer, image_timer)
    DROP_LINES(rule, image_rule)
    DROP_LINES(end, image_end)
    DROP_LINES(step, image_step)
    DROP_LINES(ask, image_ask)
    DROP_LINES(convert, image_convert)
#undef DROP_LINES
    memset(copy + offsetof(struct image_header, source_hash), 0, IMAGE_HASH_BYTES);
    return slice_make(copy, bytes.len);
}

// Whether the set checks, and its processes are what they were before the damage.
static bool same_images(const struct bench *bench, uint32_t file,
                        const struct compile_result *result)
{
    bool same = compile_is_good(result) && result->program_count == bench->program_count &&
                result->test_count == bench->test_counts[file];
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    for (uint32_t i = 0; same && i < result->program_count; i++) {
        same = slice_equal(bare_image(&arena, result->programs[i].image), bench->images[i]);
    }
    arena_done(&arena);
    return same;
}

static void open_bench(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    bench->tells = getenv("DAMAGE_TELL") != NULL;
    arena_init(&bench->arena, (size_t)256 << 20);
    (void)snapshot_each("processes", add_file, bench);
    assert_true(bench->file_count > 0);
    struct compile_result result;
    compile_with(bench, 0, bench->files[0].text, &result);
    assert_true(compile_is_good(&result) && result.program_count <= FILES_MAX);
    bench->program_count = result.program_count;
    for (uint32_t i = 0; i < result.program_count; i++) {
        bench->images[i] = bare_image(&bench->arena, result.programs[i].image);
    }
    compile_done(&result);
    for (uint32_t i = 0; i < bench->file_count; i++) {
        compile_with(bench, i, bench->files[i].text, &result);
        bench->test_counts[i] = result.test_count;
        compile_done(&result);
    }
}

// --- following the messages ----------------------------------------------------------------------

struct mending {
    struct bench *bench;
    uint32_t file;
    const struct damage *damage;
    const struct damage_place *place;
    const struct syntax_tree *undamaged;
    enum damage_grade grade;
};

static struct slice splice(struct arena *arena, struct slice text, uint32_t start, uint32_t end,
                           struct slice with)
{
    return arena_format(arena, "%.*s%.*s%.*s", (int)start, text.ptr, SLICE_PRINT(with),
                        SLICE_PRINT(slice_sub(text, end, text.len)));
}

static const struct diag *first_error(const struct compile_result *result)
{
    for (uint32_t i = 0; i < result->diags.count; i++) {
        if (result->diags.items[i]->level == DIAG_ERROR) {
            return result->diags.items[i];
        }
    }
    return result->diags.count > 0 ? result->diags.items[0] : NULL;
}

static bool touches(const struct mending *mending, struct span span)
{
    const struct damage_place *place = mending->place;
    uint32_t end = place->start + (uint32_t)place->with.len;
    return span.file == mending->file && span.start <= end + 1 && span.end + 1 >= place->start;
}

static bool on_its_lines(const struct compile_result *result, const struct mending *mending,
                         struct span span)
{
    const struct source_file *source = source_file(&result->sources, mending->file);
    uint32_t end = mending->place->start + (uint32_t)mending->place->with.len;
    return span.file == mending->file &&
           source_line(source, span.end) >= source_line(source, mending->place->start) &&
           source_line(source, span.start) <= source_line(source, end);
}

static bool is_pointed_at(const struct compile_result *result, const struct mending *mending,
                          const struct diag *diag)
{
    bool pointed = on_its_lines(result, mending, diag->primary);
    for (uint32_t i = 0; i < diag->label_count; i++) {
        pointed = pointed || on_its_lines(result, mending, diag->labels[i].span);
    }
    return pointed;
}

// One try: the edit of the message, then those of what is left. Gives whether all is as it was.
static bool follow(struct mending *mending, struct slice text, int round);

static bool follow_diag(struct mending *mending, const struct diag *diag, struct slice text,
                        int round)
{
    for (uint32_t h = 0; h < diag->help_count; h++) {
        const struct diag_help *help = &diag->helps[h];
        if (help->fix == DIAG_FIX_NONE || help->span.file != mending->file) {
            continue;
        }
        if (help->fix == DIAG_FIX_PLACEHOLDER) {
            if (round == 0 && touches(mending, help->span) && mending->grade < DAMAGE_LED) {
                mending->grade = DAMAGE_LED;
            }
            continue;
        }
        struct slice next = splice(&mending->bench->arena, text, help->span.start, help->span.end,
                                   help->replacement);
        if (round + 1 < ROUNDS_MAX && follow(mending, next, round + 1)) {
            return true;
        }
    }
    return false;
}

static bool follow(struct mending *mending, struct slice text, int round)
{
    if (round > 0 && same_words(mending->undamaged, text)) {
        return true;
    }
    struct compile_result result;
    compile_with(mending->bench, mending->file, text, &result);
    if (round > 0 && same_images(mending->bench, mending->file, &result)) {
        compile_done(&result);
        return true;
    }
    const struct diag *diag = first_error(&result);
    if (round == 0) {
        mending->grade = diag == NULL ? DAMAGE_SILENT
                         : is_pointed_at(&result, mending, diag) ? DAMAGE_POINTED : DAMAGE_FAR;
    }
    bool good = diag != NULL && follow_diag(mending, diag, text, round);
    compile_done(&result);
    return good;
}

static void tell(const struct mending *mending, struct slice text)
{
    static const char *const grades[] = { "SILENT", "FAR", "POINTED", "LED", "MENDED" };
    struct compile_result result;
    struct buf out;
    buf_init(&out, 1 << 22);
    compile_with(mending->bench, mending->file, text, &result);
    diag_render_text(&result.diags, &out, 0);
    printf("\n######## %s: %s at %.*s:%u `%.*s` -> `%.*s`\n%.*s\n", grades[mending->grade],
           mending->damage->name, SLICE_PRINT(mending->bench->files[mending->file].name),
           source_line(source_file(&result.sources, mending->file), mending->place->start),
           SLICE_PRINT(slice_sub(mending->undamaged->text, mending->place->start,
                                 mending->place->end - mending->place->start)),
           SLICE_PRINT(mending->place->with),
           (int)(out.len < 1500 ? out.len : 1500), out.ptr);
    buf_done(&out);
    compile_done(&result);
}

static enum damage_grade mend(struct bench *bench, uint32_t file, const struct damage *damage,
                              const struct damage_place *place,
                              const struct syntax_tree *undamaged)
{
    struct slice text =
        splice(&bench->arena, undamaged->text, place->start, place->end, place->with);
    struct mending mending = { .bench = bench, .file = file, .damage = damage, .place = place,
                               .undamaged = undamaged };
    if (same_words(undamaged, text)) {
        return DAMAGE_MENDED; // no damage at all
    }
    if (follow(&mending, text, 0)) {
        return DAMAGE_MENDED;
    }
    if (bench->tells) {
        tell(&mending, text);
    }
    return mending.grade;
}

// --- the count -----------------------------------------------------------------------------------

struct tally {
    unsigned grades[DAMAGE_MENDED + 1];
    unsigned places, all;
};

static void damage_file(struct bench *bench, uint32_t file, const struct damage *damage,
                        struct tally *tally)
{
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    struct source_set sources;
    struct diags diags;
    struct syntax_tree tree;
    struct damage_finder finder;
    source_set_init(&sources, &arena);
    (void)source_add(&sources, bench->files[file].name, bench->files[file].text);
    diags_init(&diags, &arena, &sources);
    syntax_parse(&tree, &sources, 0, &arena, &diags);
    damage_find(&finder, damage, &tree, &arena);
    uint32_t wanted = finder.count < PLACES_MAX ? finder.count : PLACES_MAX;
    for (uint32_t i = 0; i < wanted; i++) {
        const struct damage_place *place = &finder.places[i * finder.count / wanted];
        tally->grades[mend(bench, file, damage, place, &tree)]++;
        tally->places++;
    }
    tally->all += finder.count;
    arena_done(&arena);
}

static void every_damage_is_led_back_by_its_messages(void **state)
{
    (void)state;
    static struct bench bench;
    open_bench(&bench);
    unsigned short_of = 0;
    unsigned places = 0;
    unsigned mended = 0;
    const char *only = getenv("DAMAGE_ONLY");
    for (uint32_t i = 0; i < damage_count; i++) {
        const struct damage *damage = &damage_list[i];
        struct tally tally = { 0 };
        if (only != NULL && strstr(damage->name, only) == NULL) {
            continue;
        }
        for (uint32_t file = 0; file < bench.file_count; file++) {
            damage_file(&bench, file, damage, &tally);
        }
        unsigned worse = 0;
        for (unsigned grade = 0; grade < damage->grade; grade++) {
            worse += grade < DAMAGE_MENDED ? tally.grades[grade] : 0;
        }
        print_message("%-45s %4u of %4u: %4u mended, %3u led, %3u pointed, %3u far, "
                      "%3u silent\n",
               damage->name, tally.places, tally.all, tally.grades[DAMAGE_MENDED],
               tally.grades[DAMAGE_LED], tally.grades[DAMAGE_POINTED], tally.grades[DAMAGE_FAR],
               tally.grades[DAMAGE_SILENT]);
        places += tally.places;
        mended += tally.grades[DAMAGE_MENDED];
        bool good = worse == 0 && tally.places > 0 &&
                    tally.grades[DAMAGE_MENDED] * 100 >= tally.places * damage->mended;
        if (!good) {
            print_error("too few of them: %s\n", damage->name);
        }
        short_of += !good;
    }
    print_message("%u damages at %u places, %u of them mended by the edits of messages\n",
                  damage_count, places, mended);
    arena_done(&bench.arena);
    assert_int_equal(short_of, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_is_led_back_by_its_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
