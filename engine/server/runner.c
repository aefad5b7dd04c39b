#include "engine/server/runner.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "engine/calls/json.h"
#include "engine/server/runner_internal.h"

enum { NOTE_BYTES = 200, CALL_MEMORY_BYTES_MAX = 4 * 1024 * 1024 };

struct watch { // a socket of libcurl
    uv_poll_t poll;
    struct runner *runner;
    curl_socket_t fd;
};

static void look_for_ended(struct runner *runner);

// --- libcurl on the loop -------------------------------------------------------------------------

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct runner *runner = watch->runner;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    int running = 0;
    (void)curl_multi_socket_action(runner->multi, watch->fd, flags, &running);
    look_for_ended(runner);
}

static void on_poll_closed(uv_handle_t *handle) { mem_free(handle->data); }

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct runner *runner = context;
    struct watch *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            (void)uv_poll_stop(&watch->poll);
            uv_close((uv_handle_t *)&watch->poll, on_poll_closed);
            (void)curl_multi_assign(runner->multi, fd, NULL);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = mem_zalloc(sizeof(*watch));
        watch->runner = runner;
        watch->fd = fd;
        if (uv_poll_init_socket(runner->options.loop, &watch->poll, fd) != 0) {
            mem_free(watch);
            return -1;
        }
        watch->poll.data = watch;
        (void)curl_multi_assign(runner->multi, fd, watch);
    }
    int events = 0;
    events |= what != CURL_POLL_OUT ? UV_READABLE : 0;
    events |= what != CURL_POLL_IN ? UV_WRITABLE : 0;
    return uv_poll_start(&watch->poll, events, on_socket) == 0 ? 0 : -1;
}

static void on_timer(uv_timer_t *timer)
{
    struct runner *runner = timer->data;
    int running = 0;
    (void)curl_multi_socket_action(runner->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    look_for_ended(runner);
}

// libcurl must not be called from here, so that even "at once" goes by way of the loop.
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct runner *runner = context;
    (void)multi;
    if (timeout_ms < 0) {
        (void)uv_timer_stop(&runner->timer);
    } else if (!runner->closed) {
        uint64_t wait_ms = timeout_ms > 0 ? (uint64_t)timeout_ms : 1;
        (void)uv_timer_start(&runner->timer, on_timer, wait_ms, 0);
    }
    return 0;
}

// --- the end of a try ----------------------------------------------------------------------------

// What people read: text, and no long one. What is no text gives way to question marks.
static struct slice make_note(struct arena *arena, struct slice words)
{
    struct buf note;
    buf_init(&note, CALL_NOTE_BYTES_MAX);
    for (size_t at = 0, bytes = 0; at < words.len && !note.overflow; at += bytes) {
        uint32_t code = utf8_decode(words, at, &bytes);
        bool plain = code != UTF8_BAD && (code >= 0x20 || code == '\n') && code != 0x7f;
        buf_put(&note, plain ? words.ptr + at : code == '\t' ? " " : "?", plain ? bytes : 1);
    }
    struct slice copy = arena_copy(arena, buf_slice(&note));
    buf_done(&note);
    return copy;
}

static void tell(struct try *try, struct effector_result result)
{
    struct runner *runner = try->runner;
    arena_reset(&runner->scratch);
    if (settings_repeats_secret(&try->section, result.note) ||
        settings_repeats_secret(&try->section, result.form)) {
        result = (struct effector_result){
            .result = CALL_RESULT_REFUSED,
            .note = SLICE("the answer repeats a secret of the settings; it is not kept"),
        };
    }
    result.note = make_note(&runner->scratch,
                            result.result != CALL_RESULT_DONE ? result.note : SLICE_EMPTY);
    runner->options.done(runner->options.context, try->number, &result);
    runner_try_free(try);
}

static void tell_failed(struct try *try, enum call_result result, struct slice note)
{
    tell(try, (struct effector_result){ .result = result, .note = note });
}

// Of a function that gave no way on. The words live until this returns.
static void tell_shape(struct try *try, enum shape_end end, struct slice words)
{
    tell_failed(try, end == SHAPE_RETRY ? CALL_RESULT_FAILED : CALL_RESULT_REFUSED, words);
}

// --- how a try begins ----------------------------------------------------------------------------

// A free place, unless the connector has as many tries under way as it may.
static struct try *find_place(struct runner *runner, const struct settings_section *section)
{
    struct try *place = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        struct try *try = &runner->tries[i];
        if (try->state == TRY_FREE) {
            place = try;
        } else if (slice_equal(try->section.connector, section->connector)) {
            count++;
        }
    }
    return count < section->at_once ? place : NULL;
}

static void tell_missing(struct runner *runner, const struct effector_call *call)
{
    if (!runner->told_missing) {
        runner->told_missing = true; // once: `rung calls` lists what waits
        arena_reset(&runner->scratch);
        struct slice line = arena_format(
            &runner->scratch,
            "calls of %.*s.%.*s wait: the settings of connectors have no url for them",
            SLICE_PRINT(call->connector), SLICE_PRINT(call->name));
        runner->options.log(runner->options.context, arena_cstr(&runner->scratch, line));
    }
}

static uint64_t wall_ms(const struct runner *runner)
{
    return runner->options.clock.now_ms(runner->options.clock.context);
}

static void send_letter(struct try *try)
{
    struct arena *arena = &try->runner->scratch;
    const struct mail_call letter = { try->call.form, try->call.key, wall_ms(try->runner) };
    struct mail mail;
    struct slice problem = SLICE_EMPTY;
    arena_reset(arena);
    if (!mail_make(&try->section, &letter, arena, &mail, &problem)) {
        tell_failed(try, CALL_RESULT_REFUSED, arena_copy(&try->memory, problem));
    } else if (!runner_try_send_letter(try, &mail)) {
        tell_failed(try, CALL_RESULT_FAILED, SLICE("the try could not be begun"));
    }
}

static void send_request(struct try *try, enum shape_end end, const struct shape_request *request,
                         struct slice words)
{
    if (end != SHAPE_DONE) {
        tell_shape(try, end, words);
    } else if (!runner_try_send(try, request)) {
        tell_failed(try, CALL_RESULT_FAILED, SLICE("the try could not be begun"));
    }
}

static void on_request(void *context, struct shaper_task *task)
{
    struct try *try = context;
    try->job = NULL;
    send_request(try, task->end, &task->request, task->words);
}

// A job that knows the call, not yet started.
static struct shaper_task *take_job(struct try *try, enum try_state state)
{
    try->state = state;
    try->job = shaper_take(try->runner->shaper);
    struct shaper_task *task = shaper_task_of(try->job);
    task->section = try->section;
    task->call = try->call; // what it points to is copied: the try may be forgotten
    task->call.connector = arena_copy(&task->arena, try->call.connector);
    task->call.name = arena_copy(&task->arena, try->call.name);
    task->call.key = arena_copy(&task->arena, try->call.key);
    task->call.form = arena_copy(&task->arena, try->call.form);
    task->call.process = arena_copy(&task->arena, try->call.process);
    task->section.connector = task->call.connector;
    task->section.call = task->call.name;
    return task;
}

static void begin(struct runner *runner, struct try *try)
{
    if (try->is_mail) {
        send_letter(try);
    } else if (try->section.request.name.len > 0) {
        (void)take_job(try, TRY_SHAPING);
        shaper_start(try->job, on_request, try);
    } else {
        struct shape_request request;
        struct slice words;
        arena_reset(&runner->scratch);
        enum shape_end end = shape_request(NULL, &try->section, &try->call, &runner->scratch,
                                           &request, &words);
        send_request(try, end, &request, arena_copy(&try->memory, words));
    }
}

static bool start_try(void *context, const struct effector_call *call)
{
    struct runner *runner = context;
    struct settings_section section;
    if (!settings_of(&runner->settings, call->connector, call->name, &section)) {
        tell_missing(runner, call);
        return false;
    }
    struct try *try = find_place(runner, &section);
    if (try == NULL) {
        return false;
    }
    *try = (struct try){ .runner = runner, .section = section, .state = TRY_SENDING,
                         .is_mail = settings_is_mail(&section), .number = call->call };
    arena_init(&try->memory, CALL_MEMORY_BYTES_MAX);
    buf_init(&try->body, try->is_mail ? 2 * MAIL_BYTES_MAX : SHAPE_BODY_BYTES_MAX);
    buf_init(&try->answer, SETTINGS_ANSWER_KB_MAX * 1024);
    buf_init(&try->form, CALL_FORM_BYTES_MAX);
    buf_init(&try->heard, SHAPE_HEARD_BYTES_MAX);
    try->call = (struct shape_call){
        .connector = arena_copy(&try->memory, call->connector),
        .name = arena_copy(&try->memory, call->name), .key = arena_copy(&try->memory, call->key),
        .form = arena_copy(&try->memory, call->form), .instance = call->instance,
        .process = arena_copy(&try->memory, call->process), .started_ms = call->started_ms,
        .attempt = call->attempt,
    };
    try->section.connector = try->call.connector;
    try->section.call = try->call.name;
    begin(runner, try);
    return true;
}

// --- how it ended --------------------------------------------------------------------------------

struct answer_reader {
    struct try *try;
    struct buf pairs;
    uint32_t count;
    bool taken[SETTINGS_TAKES_MAX];
};

static void take_value(void *context, struct slice path, enum json_kind kind, struct slice text)
{
    struct answer_reader *reader = context;
    const struct settings_section *section = &reader->try->section;
    for (uint32_t i = 0; i < section->take_count; i++) {
        if (kind == JSON_NULL || reader->taken[i] || !slice_equal(section->takes[i].place, path)) {
            continue;
        }
        reader->taken[i] = true;
        reader->count++;
        pack_str(&reader->pairs, section->takes[i].param);
        pack_str(&reader->pairs, text); // the parameter's type reads it
    }
}

static bool read_answer(struct try *try)
{
    struct answer_reader reader = { .try = try };
    buf_init(&reader.pairs, CALL_FORM_BYTES_MAX);
    bool good = json_read(buf_slice(&try->answer), take_value, &reader, NULL) &&
                !reader.pairs.overflow;
    pack_map(&try->form, reader.count);
    buf_put_slice(&try->form, buf_slice(&reader.pairs));
    buf_done(&reader.pairs);
    return good && !try->form.overflow;
}

static enum call_result judge_status(long status)
{
    if (status >= 200 && status < 300) {
        return CALL_RESULT_DONE;
    }
    bool later = status >= 500 || status == 408 || status == 425 || status == 429;
    return later ? CALL_RESULT_FAILED : CALL_RESULT_REFUSED;
}

// 4xx and silence: later. 5xx, and a password that would go in the clear: never.
static enum call_result judge_letter(CURLcode code, long status)
{
    bool never = status >= 500 || code == CURLE_USE_SSL_FAILED ||
                 code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    return code == CURLE_OK ? CALL_RESULT_DONE
           : never          ? CALL_RESULT_REFUSED
                            : CALL_RESULT_FAILED;
}

static void on_reply(void *context, struct shaper_task *task)
{
    struct try *try = context;
    try->job = NULL;
    if (task->end != SHAPE_DONE) {
        tell_shape(try, task->end, task->words);
        return;
    }
    tell(try, (struct effector_result){ .result = CALL_RESULT_DONE, .message = task->message.name,
                                        .form = task->message.form });
}

static void hear(struct try *try, long status)
{
    struct shaper_task *task = take_job(try, TRY_HEARING);
    task->replied = true;
    task->answer.status = status;
    task->answer.headers = runner_try_heard(try, &task->arena, &task->answer.header_count);
    task->answer.body = arena_copy(&task->arena, buf_slice(&try->answer));
    shaper_start(try->job, on_reply, try);
}

// By its status, and as `answer` of the settings says.
static void take_answered(struct try *try, long status)
{
    char note[NOTE_BYTES];
    struct effector_result result = { .result = judge_status(status) };
    (void)snprintf(note, sizeof(note), "answered %ld", status);
    if (result.result == CALL_RESULT_DONE && try->section.answer.len > 0) {
        if (read_answer(try)) {
            result.message = try->section.answer;
            result.form = buf_slice(&try->form);
        } else {
            result.result = CALL_RESULT_REFUSED;
            (void)snprintf(note, sizeof(note), "answered %ld, and not with JSON", status);
        }
    }
    result.note = slice_from_cstr(note);
    tell(try, result);
}

static void end_try(struct try *try, CURLcode code)
{
    char note[NOTE_BYTES] = "";
    long status = 0;
    enum call_result result = CALL_RESULT_FAILED;
    const char *why = try->error[0] != '\0' ? try->error : curl_easy_strerror(code);
    (void)curl_easy_getinfo(try->easy, CURLINFO_RESPONSE_CODE, &status);
    if (try->is_blocked) {
        result = CALL_RESULT_REFUSED;
        (void)snprintf(note, sizeof(note), "its address is not public, and the settings do not "
                                           "allow it");
    } else if (try->is_too_long) {
        result = CALL_RESULT_REFUSED;
        (void)snprintf(note, sizeof(note), "the answer is longer than %u bytes",
                       try->section.answer_bytes);
    } else if (try->is_mail) {
        result = judge_letter(code, status);
        (void)snprintf(note, sizeof(note), "answered %ld: %.150s", status, why);
    } else if (code != CURLE_OK) {
        (void)snprintf(note, sizeof(note), "%.180s", why);
    } else {
        runner_try_hang_up(try);
        if (try->section.reply.name.len > 0) {
            hear(try, status);
        } else {
            take_answered(try, status);
        }
        return;
    }
    tell_failed(try, result, slice_from_cstr(note));
}

static void look_for_ended(struct runner *runner)
{
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(runner->multi, &left);
    for (; message != NULL; message = curl_multi_info_read(runner->multi, &left)) {
        char *context = NULL;
        if (message->msg == CURLMSG_DONE) {
            CURLcode code = message->data.result;
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
            end_try((struct try *)(void *)context, code); // frees the message too
        }
    }
}

// --- start and end -------------------------------------------------------------------------------

static void cancel_all(void *context)
{
    struct runner *runner = context;
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        struct try *try = &runner->tries[i];
        if (try->job != NULL) {
            shaper_forget(try->job);
            try->job = NULL;
        }
        if (try->state != TRY_FREE) {
            runner_try_free(try);
        }
    }
}

static void tell_stranger(struct runner *runner, const struct settings_section *section,
                          const char *what, struct slice name)
{
    arena_reset(&runner->scratch);
    struct slice line = arena_format(&runner->scratch, "%s:%u: no active process %s `%.*s%s%.*s`",
                                     runner->options.path, section->line, what,
                                     SLICE_PRINT(section->connector), name.len > 0 ? "." : "",
                                     SLICE_PRINT(name));
    runner->options.log(runner->options.context, arena_cstr(&runner->scratch, line));
}

void runner_tell_strangers(struct runner *runner, runner_knows_fn *knows)
{
    void *context = runner->options.context;
    for (uint32_t i = 0; i < runner->settings.count; i++) {
        const struct settings_section *section = &runner->settings.sections[i];
        if (!knows(context, section->connector, section->call, true)) {
            tell_stranger(runner, section, section->call.len > 0 ? "sends" : "knows",
                          section->call);
        } else if (section->answer.len > 0 &&
                   !knows(context, section->connector, section->answer, false)) {
            tell_stranger(runner, section, "awaits", section->answer);
        }
    }
}

struct effector runner_effector(struct runner *runner)
{
    return (struct effector){ start_try, cancel_all, runner };
}

enum err runner_open(const struct runner_options *options, struct runner **ret_runner,
                     char *problem, size_t problem_bytes)
{
    struct runner *runner = mem_zalloc(sizeof(*runner));
    struct settings_problem why;
    runner->options = *options;
    arena_init(&runner->arena, SETTINGS_ARENA_BYTES_MAX);
    arena_init(&runner->scratch, 4 * SHAPE_BODY_BYTES_MAX);
    enum err err = settings_open(options->path, &runner->arena, &runner->settings, &why);
    if (err == OK && (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
                      (runner->multi = curl_multi_init()) == NULL)) {
        (void)snprintf(why.message, sizeof(why.message),
                       "libcurl (libcurl.so.4) could not be loaded");
        err = ERR_NO_MEMORY;
    }
    if (err != OK) {
        (void)snprintf(problem, problem_bytes, "%s", why.message);
        runner_free(runner);
        return err;
    }
    runner->shaper = shaper_open(options->loop);
    CHECK(uv_timer_init(options->loop, &runner->timer) == 0);
    runner->timer.data = runner;
    (void)curl_multi_setopt(runner->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(runner->multi, CURLMOPT_SOCKETDATA, runner);
    (void)curl_multi_setopt(runner->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(runner->multi, CURLMOPT_TIMERDATA, runner);
    *ret_runner = runner;
    return OK;
}

void runner_close(struct runner *runner)
{
    if (!runner->closed) {
        runner->closed = true;
        cancel_all(runner);
        shaper_close(runner->shaper);
        (void)curl_multi_cleanup(runner->multi);
        runner->multi = NULL;
        uv_close((uv_handle_t *)&runner->timer, NULL);
    }
}

void runner_free(struct runner *runner)
{
    CHECK(runner->closed || runner->multi == NULL);
    if (runner->shaper != NULL) {
        shaper_free(runner->shaper);
    }
    arena_done(&runner->scratch);
    arena_done(&runner->arena);
    mem_free(runner);
}
