// One try over HTTP or SMTP, as libcurl has it.
#include <string.h>

#include "base/check.h"
#include "engine/server/runner_internal.h"

enum { CONNECT_S_MAX = 10 };

// --- what holds for both -------------------------------------------------------------------------

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

void runner_try_hang_up(struct try *try)
{
    if (try->easy != NULL) {
        (void)curl_multi_remove_handle(try->runner->multi, try->easy);
        curl_easy_cleanup(try->easy);
        try->easy = NULL;
    }
}

void runner_try_free(struct try *try)
{
    runner_try_hang_up(try);
    curl_slist_free_all(try->headers);
    buf_done(&try->body);
    buf_done(&try->answer);
    buf_done(&try->form);
    buf_done(&try->heard);
    arena_done(&try->memory);
    *try = (struct try){ .runner = try->runner };
}

static bool add_header(struct try *try, const char *line)
{
    struct curl_slist *longer = curl_slist_append(try->headers, line);
    try->headers = longer != NULL ? longer : try->headers;
    return longer != NULL;
}

// Who names certificates of his own for a connector believes no others there.
static bool set_ca(struct try *try)
{
    return try->section.ca == NULL ||
           (curl_easy_setopt(try->easy, CURLOPT_CAINFO, try->section.ca) == CURLE_OK &&
            curl_easy_setopt(try->easy, CURLOPT_CAPATH, NULL) == CURLE_OK);
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
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           set_ca(try) &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, try) == CURLE_OK &&
           // Whom a connection leads to was looked at for this connector alone.
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
}

static bool begin(struct try *try)
{
    try->easy = curl_easy_init();
    try->state = TRY_SENDING;
    return try->easy != NULL && set_limits(try) &&
           curl_easy_setopt(try->easy, CURLOPT_ERRORBUFFER, try->error) == CURLE_OK &&
           curl_easy_setopt(try->easy, CURLOPT_PRIVATE, try) == CURLE_OK;
}

// --- requests ------------------------------------------------------------------------------------

static size_t take_heard(char *bytes, size_t size, size_t count, void *context)
{
    struct try *try = context;
    struct slice line = slice_make(bytes, size * count);
    if (slice_starts(line, SLICE("HTTP/"))) {
        buf_reset(&try->heard); // 100 Continue was not the answer
    } else {
        buf_put_slice(&try->heard, line); // what would not fit is dropped whole
    }
    return line.len;
}

// A header of the answer: its name in small letters, its value without blanks around it.
static bool read_heard(struct slice line, struct arena *arena, struct shape_heard *ret_heard)
{
    const char *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
    if (colon == NULL) {
        return false;
    }
    size_t len = (size_t)(colon - line.ptr), end = line.len, begin = len + 1;
    char *name = arena_alloc_raw(arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        char c = line.ptr[i];
        name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    while (begin < end && (line.ptr[begin] == ' ' || line.ptr[begin] == '\t')) {
        begin++;
    }
    while (end > begin && strchr(" \t\r\n", line.ptr[end - 1]) != NULL) {
        end--;
    }
    ret_heard->name = slice_make(name, len);
    ret_heard->value = arena_copy(arena, slice_sub(line, begin, end - begin));
    return len > 0;
}

const struct shape_heard *runner_try_heard(const struct try *try, struct arena *arena,
                                           uint32_t *ret_count)
{
    struct shape_heard *heard = ARENA_ARRAY(arena, struct shape_heard, SHAPE_HEARD_MAX);
    struct slice rest = buf_slice(&try->heard);
    uint32_t count = 0;
    while (rest.len > 0 && count < SHAPE_HEARD_MAX) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.ptr) + 1 : rest.len;
        struct shape_heard *one = &heard[count];
        if (read_heard(slice_sub(rest, 0, len), arena, one)) {
            uint32_t same = 0;
            while (!slice_equal(heard[same].name, one->name)) {
                same++;
            }
            if (same < count) {
                heard[same].value = arena_format(arena, "%.*s, %.*s",
                                                 SLICE_PRINT(heard[same].value),
                                                 SLICE_PRINT(one->value));
            }
            count += same == count ? 1 : 0;
        }
        rest = slice_sub(rest, len, rest.len);
    }
    *ret_count = count;
    return heard;
}

static bool set_headers(struct try *try, const struct shape_request *request)
{
    struct arena *arena = &try->runner->scratch;
    struct slice key = arena_format(arena, "Idempotency-Key: %.*s", SLICE_PRINT(try->call.key));
    bool good = add_header(try, "Expect:") && add_header(try, arena_cstr(arena, key));
    if (!request->says_type) { // without a value: not libcurl's own either
        struct slice type = arena_format(arena, "Content-Type: %s", request->content_type != NULL
                                                                        ? request->content_type
                                                                        : "");
        good = good && add_header(try, arena_cstr(arena, type));
    }
    good = good && (request->says_accept || add_header(try, "Accept: application/json"));
    good = good && (request->says_agent || add_header(try, "User-Agent: rung"));
    for (uint32_t i = 0; i < request->header_count; i++) {
        good = good && add_header(try, request->headers[i]);
    }
    for (uint32_t i = 0; i < try->section.header_count; i++) {
        good = good && add_header(try, try->section.headers[i]);
    }
    return good;
}

static bool set_method(struct try *try, const struct shape_request *request)
{
    CURL *easy = try->easy;
    const char *method = request->method;
    if (strcmp(method, "HEAD") == 0) {
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    }
    if (strcmp(method, "GET") == 0) {
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    if (strcmp(method, "DELETE") == 0 && request->content_type == NULL) {
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    }
    buf_put_slice(&try->body, request->body);
    const char *body = try->body.len > 0 ? try->body.ptr : "";
    return !try->body.overflow && curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)try->body.len) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

bool runner_try_send(struct try *try, const struct shape_request *request)
{
    if (!begin(try) || !set_headers(try, request) || !set_method(try, request)) {
        return false;
    }
    CURL *easy = try->easy;
    return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, try->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_heard) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, try) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, try) == CURLE_OK &&
           curl_multi_add_handle(try->runner->multi, easy) == CURLM_OK;
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

bool runner_try_send_letter(struct try *try, const struct mail *mail)
{
    bool good = begin(try);
    CURL *easy = try->easy;
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
           curl_easy_setopt(easy, CURLOPT_INFILESIZE, (long)try->body.len) == CURLE_OK &&
           curl_multi_add_handle(try->runner->multi, easy) == CURLM_OK;
}
