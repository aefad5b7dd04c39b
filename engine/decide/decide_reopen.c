// Reopening by hand (rule 36): a case at an end whose process says so lives again. The rule is the
// one that a repeat follows as well.
#include "engine/decide/decide_internal.h"

bool run_may_reopen(struct run *run, const struct image_end **ret_end, struct slice *ret_why)
{
    const struct image *image = &run->program->image;
    const struct instance_head *head = &run->instance->head;
    *ret_end = head->end < image->end_count ? &image->end[head->end] : NULL;
    if (*ret_end == NULL || (*ret_end)->reopen_goto == INDEX_NONE) {
        *ret_why = SLICE("a case that ended so is not reopened");
        return false;
    }
    uint64_t until = UINT64_MAX;
    bool known = (*ret_end)->reopen_within == 0 ||
                 eval_add(&run->env, head->ended_ms, (uint8_t)(*ret_end)->reopen_within_unit,
                          (*ret_end)->reopen_within, &until);
    if (run_take_refusal(run) || !known || run->d->now_ms > until) {
        *ret_why = SLICE("the time in which it could be reopened is over");
        return false;
    }
    const struct instance *parent =
        head->parent != 0 ? view_instance(run->d->view, head->parent, NULL) : NULL;
    if (head->parent != 0 && (parent == NULL || parent->head.status != INSTANCE_OPEN)) {
        *ret_why = SLICE("the case above it has ended");
        return false;
    }
    return true;
}

// It may have slept through a new version at its end: whoever looks at the cases has passed it
// over.
void run_catch_up(struct run *run)
{
    const struct view_program *active = view_active(run->d->view, run->instance->head.process);
    if (active != NULL && active->id != run->program->id) {
        struct decide_follow follow = { .kind = COMMAND_VERSION,
                                        .parent = run->instance->head.id };
        decide_push_follow(run->d, &follow);
    }
}

enum run_result run_revive(struct run *run)
{
    struct event event = { .kind = EVENT_INSTANCE_REOPENED,
                           .instance_reopened = { run->instance->head.id,
                                                  run->instance->head.life + 1u } };
    decide_emit(run->d, &event);
    if (run_enter_body(run) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    fields_take_keys(run);
    run_catch_up(run);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}

// The case that the command names, at its end; NULL: refused.
static const struct instance *ended_case(struct decide *d, struct run *run)
{
    enum err err;
    unsigned long long number = d->command->instance;
    const struct instance *instance = view_instance(d->view, d->command->instance, &err);
    if (instance == NULL && err == ERR_NOT_FOUND) {
        (void)REFUSE(d, UNKNOWN_INSTANCE, "there is no case %llu", number);
    } else if (instance == NULL) {
        (void)REFUSE(d, ROW_DAMAGED, "the stored row of case %llu does not validate", number);
    } else if (instance->head.status == INSTANCE_OPEN) {
        (void)REFUSE(d, NOT_OFFERED, "case %llu is open", number);
    } else if (run_open(run, d, instance)) {
        return instance;
    }
    return NULL;
}

void decide_reopen(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct image_end *end;
    struct slice why;
    if (ended_case(d, run) == NULL) {
        return;
    }
    if (!run_may_reopen(run, &end, &why)) {
        (void)REFUSE(d, NOT_OFFERED, "case %llu is not reopened: %.*s",
                     (unsigned long long)run->instance->head.id, SLICE_PRINT(why));
        return;
    }
    struct rights rights = rights_reopen(d->view, run->instance, run->program, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    run->outcome = SLICE("reopened");
    if (run_revive(run) != RUN_REFUSED && run_goto(run, end->reopen_goto) != RUN_REFUSED) {
        (void)run_settle(run);
    }
}
