// S40, S44
// A call as a letter: the templates of the settings filled with its parameters, as MIME. Whatever a
// parameter holds, it cannot add a header or a recipient.
#ifndef RUNG_ENGINE_CALLS_MAIL_H
#define RUNG_ENGINE_CALLS_MAIL_H

#include "base/buf.h"
#include "engine/calls/settings.h"

enum { MAIL_TO_MAX = 16, MAIL_BYTES_MAX = 1 << 20, MAIL_ADDRESS_BYTES_MAX = 254 };

struct mail_call {
    struct slice form; // packed map of the parameters
    struct slice key;  // becomes the Message-ID, the same on every try
    uint64_t now_ms;
};

struct mail {
    const char *from;            // "<desk@example.com>"
    const char *to[MAIL_TO_MAX]; // likewise
    uint32_t to_count;
    struct slice text; // head and body, lines end in CR LF
};

// Is this "desk@example.com" or "Desk <desk@example.com>"?
bool mail_is_sender(struct slice text);
// False: `ret_problem` is a sentence; another try would not help. All lives in `arena`.
bool mail_make(const struct settings_section *section, const struct mail_call *call,
               struct arena *arena, struct mail *ret_mail, struct slice *ret_problem);

#endif
