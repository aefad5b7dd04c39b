#include "engine/server/runner.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/calls/json.h"
#include "engine/calls/mail.h"
#include "engine/calls/settings.h"

enum {
    TRIES_MAX = 64,
    CONNECT_S_MAX = 10,
    NOTE_BYTES = 200,
    SETTINGS_ARENA_BYTES_MAX = 16 * 1024 * 1024,
    BODY_BYTES_MAX = 6 * CALL_FORM_BYTES_MAX + 1024
};

struct try {
    struct runner *runner;
    CURL *easy; // NULL: free
    struct curl_slist *headers; // or recipients
    size_t sent;                // of a letter's bytes
    bool is_mail;
    struct settings_section section;
    uint64_t call;
    struct buf body, answer, form;
    bool is_blocked, is_too_long;
    char blocked[64];
    char error[CURL_ERROR_SIZE];
};

struct runner {
    struct runner_options options;
    struct arena arena, scratch;
    struct settings settings;
    CURLM *multi;
    uv_timer_t timer;
    bool closed, told_missing;
    struct try tries[TRIES_MAX];
};

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

// --- one try -------------------------------------------------------------------------------------

// After the name was resolved: a name may lead anywhere.
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct try *try = context;
    struct address address;
    bool known = purpose == CURLSOCKTYPE_IPCXN && address_from(&to->addr, &address);
    bool open = known && address_is_public(&address);
    for (uint32_t i = 0; known && !open && i < try->section.allow_count; i++) {
        open = address_equal(&address, &try->section.allow[i]);
    }
    if (!open) {
        try->is_blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct try *try = context;
    size_t len = size * count;
    if (len > try->section.answer_bytes - try->answer.len) {
        try->is_too_long = true;
        return 0;
    }
    buf_put(&try->answer, bytes, len);
    return len;
}

static void free_try(struct try *try)
{
    if (try->easy != NULL) {
        (void)curl_multi_remove_handle(try->runner->multi, try->easy);
        curl_easy_cleanup(try->easy);
    }
    curl_slist_free_all(try->headers);
    buf_done(&try->body);
    buf_done(&try->answer);
    buf_done(&try->form);
    *try = (struct try){ .runner = try->runner };
}

static bool add_header(struct try *try, const char *line)
{
    struct curl_slist *longer = curl_slist_append(try->headers, line);
    try->headers = longer != NULL ? longer : try->headers;
    return longer != NULL;
}

static bool set_headers(struct try *try, const struct effector_call *call)
{
    struct arena *arena = &try->runner->scratch;
    struct slice key = arena_format(arena, "Idempotency-Key: %.*s", SLICE_PRINT(call->key));
    bool good = add_header(try, "Content-Type: application/json") &&
                add_header(try, "Accept: application/json") && add_header(try, "Expect:") &&
                add_header(try, "User-Agent: rung") && add_header(try, arena_cstr(arena, key));
    for (uint32_t i = 0; i < try->section.header_count; i++) {
        good = good && add_header(try, try->section.headers[i]);
    }
    return good;
}

// The address with each {call} in its place.
static char *make_url(struct arena *arena, const char *pattern, struct slice call)
{
    struct slice mark = SLICE("{call}");
    struct slice rest = slice_from_cstr(pattern);
    struct slice url = SLICE_EMPTY;
    for (size_t i = 0; i < rest.len;) {
        bool found = slice_starts(slice_sub(rest, i, rest.len), mark);
        struct slice next = found ? call : slice_sub(rest, i, 1);
        url = arena_format(arena, "%.*s%.*s", SLICE_PRINT(url), SLICE_PRINT(next));
        i += found ? mark.len : 1;
    }
    return arena_cstr(arena, url);
}

static bool set_limits(struct try *try)
{
    CURL *easy = try->easy;
    long timeout_s = (long)try->section.timeout_s;
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT, timeout_s) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
                            timeout_s < CONNECT_S_MAX ? timeout_s : CONNECT_S_MAX) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, try) == CURLE_OK &&
           // Whom a connection leads to was looked at for this connector alone.
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
}

static bool set_request(struct try *try, const char *url)
{
    CURL *easy = try->easy;
    const char *method = try->section.method != NULL ? try->section.method : "POST";
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, try->body.ptr) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)try->body.len) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, try->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, try) == CURLE_OK;
}

// --- letters -------------------------------------------------------------------------------------

static size_t give_letter(char *to, size_t size, size_t count, void *context)
{
    struct try *try = context;
    struct slice rest = slice_sub(buf_slice(&try->body), try->sent, size * count);
    if (rest.len > 0) {
        memcpy(to, rest.ptr, rest.len);
    }
    try->sent += rest.len;
    return rest.len;
}

// A password goes over TLS or not at all.
static bool set_login(struct try *try)
{
    CURL *easy = try->easy;
    const struct settings_section *section = &try->section;
    long tls = section->user != NULL ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY;
    return curl_easy_setopt(easy, CURLOPT_USE_SSL, tls) == CURLE_OK &&
           (section->user == NULL ||
            (curl_easy_setopt(easy, CURLOPT_USERNAME, section->user) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_PASSWORD, section->password) == CURLE_OK));
}

static bool set_letter(struct try *try, const struct mail *mail)
{
    CURL *easy = try->easy;
    bool good = true;
    for (uint32_t i = 0; i < mail->to_count; i++) {
        good = good && add_header(try, mail->to[i]);
    }
    buf_put_slice(&try->body, mail->text);
    return good && !try->body.overflow && set_login(try) &&
           curl_easy_setopt(easy, CURLOPT_URL, try->section.url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, try->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_letter) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READDATA, try) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_INFILESIZE, (long)try->body.len) == CURLE_OK;
}

// --- both ----------------------------------------------------------------------------------------

// A free place, unless the connector has as many tries under way as it may.
static struct try *find_place(struct runner *runner, const struct settings_section *section)
{
    struct try *place = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        struct try *try = &runner->tries[i];
        if (try->easy == NULL) {
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

// False: the try cannot be made, now or ever; `ret_problem` says why.
static bool fill(struct try *try, const struct effector_call *call, struct slice *ret_problem)
{
    struct arena *arena = &try->runner->scratch;
    *ret_problem = SLICE("the try could not be begun");
    if (try->is_mail) {
        const struct mail_call letter = { call->form, call->key, wall_ms(try->runner) };
        struct mail mail;
        return mail_make(&try->section, &letter, arena, &mail, ret_problem) &&
               set_letter(try, &mail);
    }
    const char *url = make_url(arena, try->section.url, call->name);
    return json_put_form(&try->body, call->form, arena) && !try->body.overflow &&
           set_headers(try, call) && set_request(try, url);
}

static bool begin(struct runner *runner, struct try *try, const struct effector_call *call,
                  struct effector_result *ret_result)
{
    buf_init(&try->body, try->is_mail ? 2 * MAIL_BYTES_MAX : BODY_BYTES_MAX);
    buf_init(&try->answer, SETTINGS_ANSWER_KB_MAX * 1024);
    buf_init(&try->form, CALL_FORM_BYTES_MAX);
    try->call = call->call;
    try->easy = curl_easy_init();
    arena_reset(&runner->scratch);
    CURL *easy = try->easy;
    *ret_result = (struct effector_result){ .result = CALL_RESULT_FAILED,
                                            .note = SLICE("the try could not be begun") };
    if (easy != NULL && !fill(try, call, &ret_result->note)) {
        ret_result->result = CALL_RESULT_REFUSED; // nor could another one
        return false;
    }
    return easy != NULL && set_limits(try) &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, try->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, try) == CURLE_OK &&
           curl_multi_add_handle(runner->multi, easy) == CURLM_OK;
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
    struct effector_result result;
    *try = (struct try){ .runner = runner, .section = section,
                         .is_mail = settings_is_mail(&section) };
    if (!begin(runner, try, call, &result)) {
        free_try(try);
        runner->options.done(runner->options.context, call->call, &result);
    }
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

static void end_try(struct try *try, CURLcode code)
{
    struct runner *runner = try->runner;
    char note[NOTE_BYTES] = "";
    long status = 0;
    (void)curl_easy_getinfo(try->easy, CURLINFO_RESPONSE_CODE, &status);
    struct effector_result result = { .result = CALL_RESULT_FAILED };
    if (try->is_blocked) {
        result.result = CALL_RESULT_REFUSED;
        (void)snprintf(note, sizeof(note), "its address is not public, and the settings do not "
                                           "allow it");
    } else if (try->is_too_long) {
        result.result = CALL_RESULT_REFUSED;
        (void)snprintf(note, sizeof(note), "the answer is longer than %u bytes",
                       try->section.answer_bytes);
    } else if (try->is_mail) {
        result.result = judge_letter(code, status);
        (void)snprintf(note, sizeof(note), "answered %ld: %.150s", status,
                       try->error[0] != '\0' ? try->error : curl_easy_strerror(code));
    } else if (code != CURLE_OK) {
        (void)snprintf(note, sizeof(note), "%.180s",
                       try->error[0] != '\0' ? try->error : curl_easy_strerror(code));
    } else {
        result.result = judge_status(status);
        (void)snprintf(note, sizeof(note), "answered %ld", status);
    }
    if (result.result == CALL_RESULT_DONE && try->section.answer.len > 0) {
        if (read_answer(try)) {
            result.message = try->section.answer;
            result.form = buf_slice(&try->form);
        } else {
            result.result = CALL_RESULT_REFUSED;
            (void)snprintf(note, sizeof(note), "answered %ld, and not with JSON", status);
        }
    }
    result.note = result.result != CALL_RESULT_DONE ? slice_from_cstr(note) : SLICE_EMPTY;
    runner->options.done(runner->options.context, try->call, &result);
    free_try(try);
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
        if (runner->tries[i].easy != NULL) {
            free_try(&runner->tries[i]);
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
    arena_init(&runner->scratch, 4 * BODY_BYTES_MAX);
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
        (void)curl_multi_cleanup(runner->multi);
        runner->multi = NULL;
        uv_close((uv_handle_t *)&runner->timer, NULL);
    }
}

void runner_free(struct runner *runner)
{
    CHECK(runner->closed || runner->multi == NULL);
    arena_done(&runner->scratch);
    arena_done(&runner->arena);
    mem_free(runner);
}
