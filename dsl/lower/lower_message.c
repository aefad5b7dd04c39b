// The outside world: signals on first use, the handlers of messages, calls, what begins a case.
#include "base/array.h"
#include "base/check.h"
#include "dsl/lower/lower_internal.h"

static uint32_t lower_signal(struct lower *lower, const struct signal *signal)
{
    for (uint32_t i = 0; i < lower->signal_count; i++) {
        if (lower->signals[i] == signal) {
            return i;
        }
    }
    struct image_param *params =
        ARENA_ARRAY(lower->arena, struct image_param, signal->param_count + 1);
    for (uint32_t i = 0; i < signal->param_count; i++) {
        params[i] = (struct image_param){ .name = lower_text(lower, signal->params[i].name),
                                          .type = lower_type(lower, signal->params[i].type) };
    }
    struct image_signal to = {
        .connector = lower_text(lower, signal->connector->decl.name),
        .name = lower_text(lower, signal->name),
        .params = { build_count(&lower->build, BUILD_param), signal->param_count },
        .is_call = signal->is_call,
        .ladder = signal->is_call ? lower_ladder(lower, signal->connector->retry) : INDEX_NONE,
    };
    for (uint32_t i = 0; i < signal->param_count; i++) {
        build_add_param(&lower->build, &params[i]);
    }
    ARRAY_PUSH(lower->arena, lower->signals, lower->signal_count, signal);
    uint32_t index = build_add_signal(&lower->build, &to);
    CHECK(index + 1 == lower->signal_count);
    return index;
}

static struct image_range lower_withs(struct lower *lower, const struct with *withs,
                                      uint32_t count)
{
    struct image_with *to = ARENA_ARRAY(lower->arena, struct image_with, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        to[i] = (struct image_with){ .name = lower_text(lower, withs[i].name),
                                     .value = lower_expr(lower, withs[i].value) };
    }
    struct image_range range = { build_count(&lower->build, BUILD_with), count };
    for (uint32_t i = 0; i < count; i++) {
        build_add_with(&lower->build, &to[i]);
    }
    return range;
}

uint32_t lower_send(struct lower *lower, const struct step *step)
{
    const struct send *send = step->send;
    struct image_send to = {
        .signal = lower_signal(lower, send->signal),
        .otherwise = lower_block(lower, send->otherwise),
        .withs = lower_withs(lower, send->withs, send->with_count),
        .line = lower_line(lower, step->span),
        .within = lower_calendar(lower, step->within),
    };
    return build_add_send(&lower->build, &to);
}

static void lower_message(struct lower *lower, const struct handler *handler)
{
    struct image_message to = {
        .signal = lower_signal(lower, handler->signal),
        .stage = handler->stage->index,
        .keep = handler->keep,
        .asks = lower_asks(lower, handler),
        .line = lower_line(lower, handler->span),
    };
    to.block = lower_block(lower, handler->block);
    build_add_message(&lower->build, &to);
}

void lower_outside(struct lower *lower)
{
    const struct process *process = lower->process;
    for (uint32_t i = 0; i < process->handler_count; i++) {
        if (process->handlers[i]->kind == HANDLER_MESSAGE) {
            lower_message(lower, process->handlers[i]);
        }
    }
    for (uint32_t i = 0; i < process->intake_count; i++) {
        const struct handler *intake = process->intakes[i];
        struct image_intake to = {
            .signal = lower_signal(lower, intake->signal),
            .line = lower_line(lower, intake->span),
            .asks = lower_asks(lower, intake),
            .withs = lower_withs(lower, intake->withs, intake->with_count),
        };
        build_add_intake(&lower->build, &to);
    }
}
