// What the files of the runner share.
#ifndef RUNG_ENGINE_SERVER_RUNNER_INTERNAL_H
#define RUNG_ENGINE_SERVER_RUNNER_INTERNAL_H

#include <curl/curl.h>

#include "engine/calls/mail.h"
#include "engine/calls/settings.h"
#include "engine/server/runner.h"
#include "engine/server/shaper.h"

enum {
    TRIES_MAX = 64,
    SETTINGS_ARENA_BYTES_MAX = 16 * 1024 * 1024
};

enum try_state { TRY_FREE, TRY_SHAPING, TRY_SENDING, TRY_HEARING };

struct try {
    struct runner *runner;
    enum try_state state;
    struct shaper_job *job;     // TRY_SHAPING, TRY_HEARING
    CURL *easy;                 // TRY_SENDING
    struct curl_slist *headers; // or recipients
    size_t sent;                // of a letter's bytes
    bool is_mail;
    struct settings_section section;
    struct arena memory; // what `call` points to
    struct shape_call call;
    uint64_t number; // of the call
    struct buf body, answer, form;
    struct buf heard; // headers of the answer, each with its line end
    bool is_blocked, is_too_long;
    char error[CURL_ERROR_SIZE];
};

struct runner {
    struct runner_options options;
    struct arena arena, scratch;
    struct settings settings;
    struct shaper *shaper;
    CURLM *multi;
    uv_timer_t timer;
    bool closed, told_missing;
    struct try tries[TRIES_MAX];
};

// runner_try.c: one try as libcurl has it. False: it could not be begun.
bool runner_try_send(struct try *try, const struct shape_request *request);
bool runner_try_send_letter(struct try *try, const struct mail *mail);
// The headers that came, in small letters, those of one name joined.
const struct shape_heard *runner_try_heard(const struct try *try, struct arena *arena,
                                           uint32_t *ret_count);
void runner_try_hang_up(struct try *try);
void runner_try_free(struct try *try);

#endif
