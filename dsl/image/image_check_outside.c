// Validation of what a process has to do with the outside world: signals, messages, calls, intake.
#include "dsl/image/image_internal.h"

static bool check_signals(const struct image *image)
{
    for (uint32_t i = 0; i < image->signal_count; i++) {
        const struct image_signal *signal = &image->signal[i];
        if (!image_name_ok(image, signal->connector) || !image_name_ok(image, signal->name) ||
            !image_range_ok(signal->params, image->param_count) || signal->is_call > 1 ||
            !image_optional_ok(signal->ladder, image->ladder_count) ||
            (signal->is_call == 0 && signal->ladder != INDEX_NONE)) {
            return false;
        }
    }
    return true;
}

static bool is_signal(const struct image *image, uint32_t index, bool is_call)
{
    return index < image->signal_count && (image->signal[index].is_call != 0) == is_call;
}

static bool check_messages(const struct image *image)
{
    for (uint32_t i = 0; i < image->message_count; i++) {
        const struct image_message *message = &image->message[i];
        if (!is_signal(image, message->signal, false) || message->stage >= image->stage_count ||
            message->block >= image->block_count || message->keep > 1 ||
            !image_list_ok(image, message->asks, image->ask_count) || message->pad != 0) {
            return false;
        }
    }
    return true;
}

bool image_check_outside(const struct image *image)
{
    if (!check_signals(image) || !check_messages(image)) {
        return false;
    }
    for (uint32_t i = 0; i < image->send_count; i++) {
        const struct image_send *send = &image->send[i];
        if (!is_signal(image, send->signal, true) ||
            !image_optional_ok(send->otherwise, image->block_count) ||
            !image_range_ok(send->withs, image->with_count) ||
            !image_optional_ok(send->within, image->calendar_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->intake_count; i++) {
        const struct image_intake *intake = &image->intake[i];
        if (!is_signal(image, intake->signal, false) ||
            !image_list_ok(image, intake->asks, image->ask_count) ||
            !image_range_ok(intake->withs, image->with_count)) {
            return false;
        }
    }
    return true;
}
