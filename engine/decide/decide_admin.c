// Commands of administrators and of the engine itself.
#include <sodium.h>

#include "engine/decide/decide_internal.h"
#include "engine/decide/decide_version.h"
#include "engine/time/zoneinfo.h"

void decide_cancel(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "a cancellation needs a reason");
        return;
    }
    run->outcome = SLICE("cancelled");
    run_cancel(run, clip_text(d->command->text, COMMENT_BYTES_MAX), false);
}

void decide_clock(struct decide *d)
{
    struct event event = { .kind = EVENT_CLOCK_CONFIRMED,
                           .clock_confirmed = { d->now_ms, d->command->due_ms } };
    decide_emit(d, &event);
}

void decide_engine_started(struct decide *d)
{
    struct event event = { .kind = EVENT_ENGINE_STARTED,
                           .engine_started = { d->command->engine_build,
                                               d->command->engine_versions, d->command->demo,
                                               d->command->currency, d->command->region,
                                               d->command->zone } };
    decide_emit(d, &event);
}

// --------------------------------------------------------------------------------- programs

static void name_roles(struct decide *d, const struct image *image)
{
    for (uint32_t i = 0; i < image->role_count; i++) {
        (void)decide_role_number(d, image_slice(image, image->role[i].name));
    }
}

// A `migrate` about a version that this engine has had speaks of stages that it has.
static bool check_migrate(struct decide *d, const struct view_program *from,
                          const struct image *image, const struct image_migrate *migrate)
{
    for (uint32_t i = 0; i < migrate->moves.count; i++) {
        struct slice old = image_slice(image, image->migrate_stage[migrate->moves.first + i].old);
        if (image_find_stage(&from->image, old) == INDEX_NONE) {
            (void)REFUSE(d, BAD_PROGRAM,
                         "`migrate` in line %u of `%.*s`: version %u of process `%.*s` has no "
                         "stage `%.*s`",
                         migrate->line, SLICE_PRINT(image_slice(image, image->process[0].file)),
                         from->version, SLICE_PRINT(image_slice(image, image->process[0].name)),
                         SLICE_PRINT(old));
            return false;
        }
    }
    return true;
}

static bool check_migrates(struct decide *d, uint32_t process, const struct image *image)
{
    for (uint32_t i = 0; i < image->migrate_count; i++) {
        uint32_t number = 0;
        for (uint32_t version = 1;
             (number = view_program_of_version(d->view, process, version)) != 0; version++) {
            const struct view_program *from = view_program(d->view, number);
            if (from != NULL &&
                version_is_named(image_slice(image, image->migrate[i].from), version,
                                 from->hash) &&
                !check_migrate(d, from, image, &image->migrate[i])) {
                return false;
            }
        }
    }
    return true;
}

void version_hash(struct slice image, uint8_t ret_hash[32])
{
    (void)crypto_generichash(ret_hash, 32, (const unsigned char *)image.ptr, image.len, NULL, 0);
}

static bool activate(struct decide *d, const struct command_program *program)
{
    struct image image;
    struct slice bytes = arena_copy(d->arena, program->image); // aligned as image_open needs it
    if (image_open(bytes, &image) != OK) {
        (void)REFUSE(d, BAD_PROGRAM, "the compiled form of `%.*s` does not validate",
                     SLICE_PRINT(clip_text(program->process, NAME_BYTES_MAX)));
        return false;
    }
    for (uint32_t i = 0; i < image.calendar_count; i++) {
        struct slice zone = image_slice(&image, image.calendar[i].zone);
        if (zone.len > 0 && zoneinfo_load(zone, d->arena) == NULL) {
            (void)REFUSE(d, UNKNOWN_ZONE, "this machine's tzdata has no zone `%.*s`",
                         SLICE_PRINT(clip_text(zone, NAME_BYTES_MAX)));
            return false;
        }
    }
    bool inbox = image.inbox_count > 0; // numbered among the processes, under a name that none has
    struct slice name = inbox ? arena_format(d->arena, "inbox %.*s",
                                             SLICE_PRINT(image_slice(&image, image.inbox[0].name)))
                              : image_slice(&image, image.process[0].name);
    uint8_t *hash = arena_alloc(d->arena, 32);
    version_hash(program->image, hash);
    uint32_t process = view_process_number(d->view, name);
    const struct view_program *active = process == 0 ? NULL
                                        : inbox      ? view_active_inbox(d->view, process)
                                                     : view_active(d->view, process);
    if (active != NULL && memcmp(active->hash, hash, 32) == 0) {
        return true; // this very version is active
    }
    if (process != 0 && !check_migrates(d, process, &image)) {
        return false;
    }
    uint32_t known = process != 0 ? view_program_hashed(d->view, process, hash) : 0;
    if (process == 0) {
        process = view_counters(d->view)->next_process;
        struct event named = { .kind = EVENT_PROCESS_NAMED, .process_named = { process, name } };
        decide_emit(d, &named);
    }
    name_roles(d, &image);
    struct event event = { .kind = EVENT_PROGRAM_ACTIVATED };
    event.program_activated = (struct event_program_activated){
        .program = known != 0 ? known : view_counters(d->view)->next_program,
        .process = process, .name = name,
        .image_hash = slice_make(hash, 32),
        .source_hash = slice_make(image.header->source_hash, 32),
        .activation = view_counters(d->view)->next_activation,
        .was = active != NULL ? active->id : 0,
        .by = clip_text(d->command->text, NAME_BYTES_MAX),
    };
    decide_emit(d, &event);
    return true;
}

void decide_apply(struct decide *d)
{
    if (d->command->program_count == 0) {
        (void)REFUSE(d, BAD_PROGRAM, "there is no process in these files");
        return;
    }
    for (uint32_t i = 0; i < d->command->program_count; i++) {
        if (!activate(d, &d->command->programs[i])) {
            return;
        }
    }
}

// An earlier version is active again; cases that came from it go back when they can.
void decide_revert(struct decide *d)
{
    uint32_t process = view_process_number(d->view, d->command->process);
    const struct view_program *active = process != 0 ? view_active(d->view, process) : NULL;
    struct view_activation newest = { .was = 0 };
    uint32_t since = process != 0 ? view_activation_of(d->view, process) : 0;
    if (active == NULL || !view_activation(d->view, since, &newest)) {
        (void)REFUSE(d, UNKNOWN_PROCESS, "there is no active process named `%.*s`",
                     SLICE_PRINT(clip_text(d->command->process, NAME_BYTES_MAX)));
        return;
    }
    uint32_t number = d->command->task != 0
                          ? view_program_of_version(d->view, process, d->command->task)
                          : newest.was;
    const struct view_program *to = number != 0 ? view_program(d->view, number) : NULL;
    if (to == NULL) {
        (void)REFUSE(d, UNKNOWN_VERSION,
                     d->command->task != 0 ? "process `%.*s` has no version %u"
                                           : "process `%.*s` had no version before this one",
                     SLICE_PRINT(clip_text(d->command->process, NAME_BYTES_MAX)),
                     d->command->task);
        return;
    }
    if (to->id == active->id) {
        (void)REFUSE(d, NOT_OFFERED, "version %u is the active one", active->version);
        return;
    }
    struct event event = { .kind = EVENT_PROGRAM_ACTIVATED };
    event.program_activated = (struct event_program_activated){
        .program = to->id, .process = process,
        .name = image_slice(&to->image, to->image.process[0].name),
        .image_hash = slice_make(to->hash, 32),
        .source_hash = slice_make(to->image.header->source_hash, 32),
        .activation = view_counters(d->view)->next_activation, .was = active->id,
        .by = clip_text(d->command->text, NAME_BYTES_MAX), .revert = true,
    };
    decide_emit(d, &event);
}
