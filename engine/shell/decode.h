// Frames → calls → commands. Strict: a call has exactly the parameters that method.def names, each
// of the right type and within its bound. What is wrong is said in one sentence that names it.
#ifndef RUNG_ENGINE_SHELL_DECODE_H
#define RUNG_ENGINE_SHELL_DECODE_H

#include "engine/shell/request.h"

enum decode_outcome {
    DECODE_CALL,     // well formed
    DECODE_REFUSED,  // a request, but not one of ours: answer, the connection goes on
    DECODE_MALFORMED // not a request at all: answer, and end the connection
};

// `frame` is one whole element (pack_scan said so). The call borrows from it; the texts of a
// refusal live in `arena`. ret_call->msgid is set (0 when none could be read) whatever the outcome.
enum decode_outcome decode_call(struct slice frame, struct arena *arena, struct call *ret_call,
                                struct refusal *ret_refusal);

const char *decode_method_name(enum method method);
enum command_kind decode_command_kind(enum method method); // COMMAND_NONE: a question

// Copies the frame into the request and fills its command from the call. False: a nested shape
// (users) does not hold; the refusal's texts live in `arena`.
bool decode_command(const struct call *call, struct slice frame, struct slice client,
                    struct request *request, struct arena *arena, struct refusal *ret_refusal);

// One file of `apply`.
struct decode_file {
    struct slice name, text;
};
// The files of an apply call; they borrow from the array's bytes, the list lives in `arena`.
bool decode_files(struct slice array, struct arena *arena, const struct decode_file **ret_files,
                  uint32_t *ret_count, struct refusal *ret_refusal);

#endif
