// Commands of administrators and of the engine itself.
#include <sodium.h>

#include "engine/decide/decide_internal.h"
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
    (void)crypto_generichash(hash, 32, (const unsigned char *)program->image.ptr,
                             program->image.len, NULL, 0);
    uint32_t process = view_process_number(d->view, name);
    const struct view_program *active = process == 0 ? NULL
                                        : inbox      ? view_active_inbox(d->view, process)
                                                     : view_active(d->view, process);
    if (active != NULL && memcmp(active->hash, hash, 32) == 0) {
        return true; // this very version is active
    }
    if (process == 0) {
        process = view_counters(d->view)->next_process;
        struct event named = { .kind = EVENT_PROCESS_NAMED, .process_named = { process, name } };
        decide_emit(d, &named);
    }
    name_roles(d, &image);
    struct event event = { .kind = EVENT_PROGRAM_ACTIVATED };
    event.program_activated = (struct event_program_activated){
        .program = view_counters(d->view)->next_program, .process = process, .name = name,
        .image_hash = slice_make(hash, 32),
        .source_hash = slice_make(image.header->source_hash, 32),
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
