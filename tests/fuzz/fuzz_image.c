// Any bytes as a program image. image_open says no, or the image can be walked in every way the
// engine walks one: its names are looked up, and a case of it is started, pressed and waited for in
// a core in memory, where every expression and step of it may run.
#include "base/check.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "dsl/image/image.h"
#include "engine/core/core.h"
#include "engine/state/view.h"
#include "tests/fuzz/fuzz.h"

enum {
    FIRST_MS = 1767603600,
    DAY_MS = 24 * 3600 * 1000,
    PRESSES_MAX = 40,
    DAYS = 3,
    ALIGN = 8
};

struct play {
    struct store *store;
    struct core *core;
    const struct image *image;
    uint64_t now_ms;
    struct buf form;
};

// --- looking -------------------------------------------------------------------------------------

static void look(const struct image *image)
{
    for (uint32_t i = 0; i < image->stage_count; i++) {
        struct slice name = image_slice(image, image->stage[i].name);
        CHECK(utf8_valid(name));
        CHECK(utf8_valid(image_label(image, image->stage[i].label, SLICE("ru"))));
        (void)image_find_stage(image, name);
        (void)image_stage_inside(image, i, 0);
        (void)image_find_action(image, i, SLICE("busy"));
    }
    for (uint32_t i = 0; i < image->field_count; i++) {
        CHECK(image_find_field(image, image_slice(image, image->field[i].name)) <= i);
    }
    for (uint32_t i = 0; i < image->role_count; i++) {
        CHECK(image_find_role(image, image_slice(image, image->role[i].name)) <= i);
    }
    (void)image_find_end(image, SLICE("won"));
    (void)image_find_collection(image, SLICE("deals"));
}

#ifdef PLANTED_BUG
// Looks at the process before anybody has validated where it lies.
static void look_too_early(struct slice bytes)
{
    const struct image_header *header = (const void *)bytes.ptr;
    if (bytes.len < sizeof(*header) || header->magic != IMAGE_MAGIC || header->bytes != bytes.len) {
        return;
    }
    const char *text = bytes.ptr + header->section[0].first;
    CHECK(header->section[0].count == 0 || text[header->section[0].count - 1] != 1);
}
#endif

// --- playing -------------------------------------------------------------------------------------

static void pack_sample(struct buf *form, const struct image *image, uint32_t type)
{
    const struct image_type *t = &image->type[type];
    if (t->kind == TYPE_SET || t->kind == TYPE_LIST) {
        pack_array(form, 1);
        t = &image->type[t->arg];
    }
    switch ((enum image_type_kind)t->kind) {
    case TYPE_ENUM: {
        const struct image_enum *e = &image->enumeration[t->arg];
        pack_str(form, e->members.count > 0
                           ? image_slice(image, image->member[e->members.first].name)
                           : SLICE_EMPTY);
        break;
    }
    case TYPE_INTEGER:
    case TYPE_DECIMAL: pack_int(form, 7); break;
    case TYPE_BOOL: pack_bool(form, true); break;
    case TYPE_MONEY: pack_cstr(form, "15.00 EUR"); break;
    case TYPE_DATE: pack_cstr(form, "2027-03-02"); break;
    case TYPE_TIME: pack_cstr(form, "18:00"); break;
    case TYPE_DATETIME: pack_cstr(form, "2027-03-02 18:00"); break;
    case TYPE_DURATION: pack_cstr(form, "2 days"); break;
    case TYPE_PHONE: pack_cstr(form, "+49 30 123456"); break;
    case TYPE_EMAIL: pack_cstr(form, "ann@example.org"); break;
    case TYPE_USER: pack_cstr(form, "ann"); break;
    case TYPE_REF: pack_uint(form, 1); break;
    case TYPE_RECORD: pack_map(form, 0); break;
    case TYPE_TEXT:
    case TYPE_URL:
    case TYPE_FILE:
    case TYPE_SET:
    case TYPE_LIST:
    case TYPE_KIND_COUNT: pack_cstr(form, "abc"); break;
    }
}

static uint64_t step(struct play *play, struct command *command)
{
    core_begin(play->core, play->now_ms);
    core_step(play->core, command);
    const struct core_effects *effects;
    enum err err = core_commit(play->core, &effects);
    CHECK(err == OK && effects->answer_count == 1);
    const struct core_answer *answer = &effects->answers[0];
    return answer->refusal.code == REFUSAL_NONE ? store_head(play->store)->seq : 0;
}

static void import_user(struct play *play)
{
    struct slice roles[8];
    uint32_t count = 0;
    for (uint32_t i = 0; i < play->image->role_count && count < ARRAY_COUNT(roles); i++) {
        roles[count++] = image_slice(play->image, play->image->role[i].name);
    }
    const struct command_user user = {
        .name = SLICE("ann"), .roles = roles, .role_count = count, .active = true
    };
    (void)step(play, &(struct command){
                         .kind = COMMAND_USERS, .users = &user, .user_count = 1 });
}

static void start(struct play *play)
{
    const struct image *image = play->image;
    buf_reset(&play->form);
    uint32_t count = 0;
    for (uint32_t i = 0; i < image->field_count; i++) {
        count += (image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) == 0 ? 1u : 0u;
    }
    pack_map(&play->form, count);
    for (uint32_t i = 0; i < image->field_count; i++) {
        if ((image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) == 0) {
            pack_str(&play->form, image_slice(image, image->field[i].name));
            pack_sample(&play->form, image, image->field[i].type);
        }
    }
    (void)step(play, &(struct command){ .kind = COMMAND_START,
                                        .as = SLICE("ann"),
                                        .process = image_slice(image, image->process[0].name),
                                        .form = buf_slice(&play->form) });
}

static void press(struct play *play, uint32_t action)
{
    const struct image *image = play->image;
    const struct image_action *a = &image->action[action];
    buf_reset(&play->form);
    pack_map(&play->form, a->asks.count);
    for (uint32_t i = 0; i < a->asks.count; i++) {
        const struct image_ask *ask = &image->ask[image->list[a->asks.first + i]];
        pack_str(&play->form, image_slice(image, ask->name));
        pack_sample(&play->form, image, ask->type);
    }
    (void)step(play, &(struct command){ .kind = COMMAND_PRESS,
                                        .instance = 1,
                                        .name = image_slice(image, a->name),
                                        .form = buf_slice(&play->form) });
}

static void wait_a_day(struct play *play)
{
    play->now_ms += DAY_MS;
    core_begin(play->core, play->now_ms);
    (void)core_step_timers(play->core, 16);
    const struct core_effects *effects;
    enum err err = core_commit(play->core, &effects);
    CHECK(err == OK);
}

static void play_case(struct play *play, struct slice bytes)
{
    bool inbox = play->image->process_count == 0;
    const struct command_program program = {
        inbox ? SLICE("inbox") : image_slice(play->image, play->image->process[0].name), bytes,
        SLICE_EMPTY,
    };
    uint64_t applied = step(
        play, &(struct command){ .kind = COMMAND_APPLY, .programs = &program, .program_count = 1 });
    if (applied == 0 || inbox) {
        return; // nothing starts in it
    }
    import_user(play);
    start(play);
    uint32_t presses = 0;
    for (uint32_t day = 0; day < DAYS; day++) {
        for (uint32_t i = 0; i < play->image->action_count && presses < PRESSES_MAX; i++) {
            press(play, i);
            presses++;
        }
        wait_a_day(play);
    }
    start(play); // the same key again
}

static void open_and_play(const struct image *image, struct slice bytes)
{
    struct play play = { .image = image, .now_ms = FIRST_MS * 1000ull };
    struct store_problem problem;
    const struct store_options store_options = { .create = true };
    const struct core_options core_options = { .build = SLICE("fuzz"),
                                               .versions = SLICE("none"),
                                               .currency = SLICE("EUR") };
    uint64_t folded = 0;
    enum err err = store_open(&store_options, &play.store, &problem);
    CHECK(err == OK);
    err = core_open(play.store, &core_options, play.now_ms, &play.core, &folded);
    CHECK(err == OK);
    buf_init(&play.form, 1 << 20);
    play_case(&play, bytes);
    buf_done(&play.form);
    core_close(play.core);
    store_close(play.store, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(ALIGN) char bytes[1 << 20];
    if (size > sizeof(bytes)) {
        return 0;
    }
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    struct slice copy = slice_make(bytes, size);
#ifdef PLANTED_BUG
    look_too_early(copy);
#endif
    struct image image;
    if (image_open(copy, &image) == OK) {
        look(&image);
        open_and_play(&image, copy);
    }
    return 0;
}
