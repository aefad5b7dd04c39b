// What goes out: as the settings say it, or as a function makes it.
#include "base/pack.h"
#include "engine/calls/json.h"
#include "engine/calls/shape.h"

static const char json_type[] = "application/json";
static const char form_type[] = "application/x-www-form-urlencoded";
static const char text_type[] = "text/plain; charset=utf-8";

static bool has_body(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

// --- the address ---------------------------------------------------------------------------------

// The pattern with each {call} in its place, up to its query; `ret_query` is that, with its mark.
static void put_base(struct shape_job *job, struct buf *out, struct slice *ret_query)
{
    struct slice mark = SLICE("{call}");
    struct slice rest = slice_from_cstr(job->section->url);
    struct buf whole;
    buf_init(&whole, SHAPE_URL_BYTES_MAX);
    while (rest.len > 0) {
        bool found = slice_starts(rest, mark);
        if (found) {
            shape_put_segment(&whole, job->call->name);
        } else {
            buf_put_char(&whole, rest.ptr[0]);
        }
        rest = slice_sub(rest, found ? mark.len : 1, rest.len);
    }
    struct slice url = arena_copy(job->arena, buf_slice(&whole));
    out->overflow = out->overflow || whole.overflow;
    buf_done(&whole);
    const char *query = url.len > 0 ? memchr(url.ptr, '?', url.len) : NULL;
    size_t len = query != NULL ? (size_t)(query - url.ptr) : url.len;
    *ret_query = slice_sub(url, len, url.len);
    buf_put_slice(out, slice_sub(url, 0, len));
}

static enum shape_end put_segment(struct shape_job *job, struct buf *out, struct slice text,
                                  bool is_last)
{
    if (slice_equal(text, SLICE(".")) || slice_equal(text, SLICE(".."))) {
        return shape_wrong(job, SHAPE_REFUSED, "a `path` with `%.*s`: it stays below the URL of "
                           "the settings", SLICE_PRINT(text));
    }
    if (text.len == 0 && !is_last) {
        return shape_wrong(job, SHAPE_REFUSED, "a `path` with an empty part");
    }
    buf_put_cstr(out, out->len > 0 && out->ptr[out->len - 1] == '/' ? "" : "/");
    shape_put_segment(out, text);
    return SHAPE_DONE;
}

// "a/b", each part between strokes; or {"a", "b"}, where a stroke is part of a part.
static enum shape_end put_path(struct shape_job *job, struct buf *out, const struct value *path)
{
    enum shape_end end = SHAPE_DONE;
    if (path->kind == VALUE_LIST && path->list.count > 0) {
        for (uint32_t i = 0; i < path->list.count && end == SHAPE_DONE; i++) {
            struct buf text;
            buf_init(&text, SHAPE_URL_BYTES_MAX);
            bool plain = json_put_plain(&text, &path->list.items[i]);
            end = plain ? put_segment(job, out, buf_slice(&text), false)
                        : shape_wrong(job, SHAPE_RETRY, "a `path` with a table inside a part");
            out->overflow = out->overflow || text.overflow;
            buf_done(&text);
        }
        return end;
    }
    if (path->kind != VALUE_TEXT) {
        return shape_wrong(job, SHAPE_RETRY, "a `path` that is neither a text nor a list of parts");
    }
    struct slice rest = path->text;
    rest = slice_starts(rest, SLICE("/")) ? slice_sub(rest, 1, rest.len) : rest;
    for (bool more = rest.len > 0; more && end == SHAPE_DONE;) {
        const char *stroke = rest.len > 0 ? memchr(rest.ptr, '/', rest.len) : NULL;
        size_t len = stroke != NULL ? (size_t)(stroke - rest.ptr) : rest.len;
        more = stroke != NULL;
        end = put_segment(job, out, slice_sub(rest, 0, len), !more);
        rest = slice_sub(rest, len + (more ? 1 : 0), rest.len);
    }
    return end;
}

static enum shape_end make_url(struct shape_job *job, const struct value *path,
                               const struct value *query, struct shape_request *request)
{
    struct buf url, pairs;
    struct slice own;
    enum shape_end end = SHAPE_DONE;
    buf_init(&url, SHAPE_URL_BYTES_MAX);
    buf_init(&pairs, SHAPE_URL_BYTES_MAX);
    put_base(job, &url, &own);
    if (path != NULL) {
        end = put_path(job, &url, path);
    }
    if (end == SHAPE_DONE && query != NULL && !shape_is_names(query)) {
        end = shape_wrong(job, SHAPE_RETRY, "a `query` that is not a table of names");
    } else if (end == SHAPE_DONE && query != NULL && !shape_put_query(&pairs, query, false)) {
        end = shape_wrong(job, SHAPE_REFUSED, "a query with a record, or a list of lists: it holds "
                                              "single values and lists of them");
    }
    buf_put_slice(&url, own);
    if (pairs.len > 0) {
        buf_put_cstr(&url, own.len > 0 ? "&" : "?");
        buf_put_slice(&url, buf_slice(&pairs));
    }
    if (end == SHAPE_DONE && (url.overflow || pairs.overflow)) {
        end = shape_wrong(job, SHAPE_REFUSED, "an address of more than SHAPE_URL_BYTES_MAX = %d "
                          "bytes", SHAPE_URL_BYTES_MAX);
    }
    request->url = arena_cstr(job->arena, buf_slice(&url));
    buf_done(&pairs);
    buf_done(&url);
    return end;
}

// --- headers -------------------------------------------------------------------------------------

static bool is_of_settings(const struct settings_section *section, struct slice name)
{
    for (uint32_t i = 0; i < section->header_count; i++) {
        const char *colon = strchr(section->headers[i], ':');
        struct slice own = slice_make(section->headers[i], (size_t)(colon - section->headers[i]));
        if (settings_same_header(name, own)) {
            return true;
        }
    }
    return false;
}

static enum shape_end take_header(struct shape_job *job, const struct value_part *part,
                                  struct shape_request *request)
{
    struct slice name = part->name, shown = slice_sub(part->name, 0, 60);
    struct buf text;
    if (!settings_is_header_name(name)) {
        return shape_wrong(job, SHAPE_REFUSED, "a header whose name is none");
    }
    if (settings_is_own_header(name)) {
        return shape_wrong(job, SHAPE_REFUSED, "the header `%.*s`, which the engine says itself",
                           SLICE_PRINT(shown));
    }
    if (is_of_settings(job->section, name)) {
        return shape_wrong(job, SHAPE_REFUSED, "the header `%.*s`, which the settings say",
                           SLICE_PRINT(shown));
    }
    buf_init(&text, SHAPE_HEADER_BYTES_MAX);
    bool plain = json_put_plain(&text, &part->value) && !text.overflow &&
                 settings_is_header_value(buf_slice(&text));
    struct slice line = arena_format(job->arena, "%.*s: %.*s", SLICE_PRINT(name),
                                     SLICE_PRINT(buf_slice(&text)));
    buf_done(&text);
    if (!plain) {
        return shape_wrong(job, SHAPE_REFUSED, "the header `%.*s` with a value that is not one "
                           "line of text of at most %d bytes", SLICE_PRINT(shown),
                           SHAPE_HEADER_BYTES_MAX);
    }
    request->says_type |= settings_same_header(name, SLICE("content-type"));
    request->says_accept |= settings_same_header(name, SLICE("accept"));
    request->says_agent |= settings_same_header(name, SLICE("user-agent"));
    request->headers[request->header_count++] = arena_cstr(job->arena, line);
    return SHAPE_DONE;
}

static enum shape_end take_headers(struct shape_job *job, const struct value *headers,
                                   struct shape_request *request)
{
    enum shape_end end = SHAPE_DONE;
    if (!shape_is_names(headers)) {
        return shape_wrong(job, SHAPE_RETRY, "`headers` that are not a table of names");
    }
    uint32_t count = headers->kind == VALUE_RECORD ? headers->record.count : 0;
    if (count > SHAPE_HEADERS_MAX) {
        return shape_wrong(job, SHAPE_REFUSED, "more than SHAPE_HEADERS_MAX = %d headers",
                           SHAPE_HEADERS_MAX);
    }
    for (uint32_t i = 0; i < count && end == SHAPE_DONE; i++) {
        if (headers->record.parts[i].value.kind != VALUE_EMPTY) {
            end = take_header(job, &headers->record.parts[i], request);
        }
    }
    return end;
}

// --- the body ------------------------------------------------------------------------------------

static enum shape_end take_body(struct shape_job *job, const struct value *table,
                                struct shape_request *request)
{
    const struct value *text = shape_member(table, "body"), *json = shape_member(table, "json");
    const struct value *form = shape_member(table, "form");
    enum shape_end end = SHAPE_DONE;
    struct buf body;
    if ((text != NULL) + (json != NULL) + (form != NULL) > 1) {
        return shape_wrong(job, SHAPE_RETRY, "more than one of `body`, `json` and `form`");
    }
    bool given = text != NULL || json != NULL || form != NULL;
    if (given && !has_body(request->method)) {
        return shape_wrong(job, SHAPE_RETRY, "a %s with a body; it has none", request->method);
    }
    buf_init(&body, SHAPE_BODY_BYTES_MAX);
    if (text != NULL && text->kind == VALUE_TEXT) {
        request->content_type = text_type;
        buf_put_slice(&body, text->text);
    } else if (text != NULL) {
        end = shape_wrong(job, SHAPE_RETRY, "a `body` that is not a text; a table goes into `json` "
                                            "or `form`");
    } else if (json != NULL) {
        request->content_type = json_type;
        if (shape_is_names(json) && json->kind == VALUE_LIST) {
            buf_put_cstr(&body, "{}"); // Lua does not tell an empty list from an empty object
        } else {
            json_put_value(&body, json);
        }
    } else if (form != NULL && !shape_is_names(form)) {
        end = shape_wrong(job, SHAPE_RETRY, "a `form` that is not a table of names");
    } else if (form != NULL) {
        request->content_type = form_type;
        end = shape_put_query(&body, form, true)
                  ? SHAPE_DONE
                  : shape_wrong(job, SHAPE_REFUSED, "a `form` with a record, or a list of lists: "
                                "it holds single values and lists of them");
    }
    if (end == SHAPE_DONE && body.overflow) {
        end = shape_wrong(job, SHAPE_REFUSED, "a body of more than SHAPE_BODY_BYTES_MAX = %d bytes",
                          SHAPE_BODY_BYTES_MAX);
    }
    request->body = arena_copy(job->arena, buf_slice(&body));
    buf_done(&body);
    return end;
}

// --- both ways -----------------------------------------------------------------------------------

static enum shape_end take_method(struct shape_job *job, const struct value *method,
                                  struct shape_request *request)
{
    const char *own = job->section->method;
    request->method = method == NULL ? (own != NULL ? own : "POST")
                      : method->kind == VALUE_TEXT ? settings_method(method->text)
                                                   : NULL;
    return request->method != NULL
               ? SHAPE_DONE
               : shape_wrong(job, SHAPE_RETRY, "a `method` that is none of \"GET\", \"HEAD\", "
                             "\"POST\", \"PUT\", \"PATCH\" and \"DELETE\"");
}

static enum shape_end take(struct shape_job *job, const struct value *table,
                           struct shape_request *request)
{
    static const char *const members[] = { "method", "path", "query", "headers", "body", "json",
                                           "form", "fail", NULL };
    static const char usual[] = "a `request` gives a table of `method`, `path`, `query`, `headers` "
                                "and one of `json`, `form` and `body`, or `{ fail = \"…\" }`";
    if (!shape_is_names(table)) {
        return shape_wrong(job, SHAPE_RETRY, "%s; %s", shape_kind(table), usual);
    }
    struct slice stranger = shape_stranger(table, members);
    if (stranger.len > 0) {
        return shape_wrong(job, SHAPE_RETRY, "`%.*s`, which means nothing here; %s",
                           SLICE_PRINT(slice_sub(stranger, 0, 60)), usual);
    }
    const struct value *fail = shape_member(table, "fail"),
                       *headers = shape_member(table, "headers");
    if (fail != NULL && fail->kind == VALUE_TEXT && fail->text.len > 0) {
        job->words = fail->text;
        return SHAPE_REFUSED;
    }
    if (fail != NULL) {
        return shape_wrong(job, SHAPE_RETRY, "`fail` without words: a text says why");
    }
    enum shape_end end = take_method(job, shape_member(table, "method"), request);
    end = end != SHAPE_DONE ? end : make_url(job, shape_member(table, "path"),
                                             shape_member(table, "query"), request);
    end = end != SHAPE_DONE || headers == NULL ? end : take_headers(job, headers, request);
    return end != SHAPE_DONE ? end : take_body(job, table, request);
}

// The parameters as they are: JSON, or a query where no body goes.
static enum shape_end take_plain(struct shape_job *job, struct shape_request *request)
{
    struct value names = { .kind = VALUE_RECORD };
    enum shape_end end = take_method(job, NULL, request);
    bool in_query = !has_body(request->method) || strcmp(request->method, "DELETE") == 0;
    struct unpack unpack;
    unpack_init(&unpack, job->call->form);
    uint32_t count = in_query && job->call->form.len > 0 ? unpack_map(&unpack) : 0;
    struct value_part *parts = ARENA_ARRAY(job->arena, struct value_part, count + 1);
    for (uint32_t i = 0; i < count && !unpack.bad; i++) {
        parts[i].name = unpack_str(&unpack);
        parts[i].value = value_unpack(&unpack, job->arena);
    }
    names.record.parts = parts;
    names.record.count = unpack.bad ? 0 : count;
    end = make_url(job, NULL, &names, request);
    if (end != SHAPE_DONE || in_query) {
        return unpack.bad ? SHAPE_REFUSED : end;
    }
    struct buf body;
    buf_init(&body, SHAPE_BODY_BYTES_MAX);
    bool good = json_put_form(&body, job->call->form, job->arena) && !body.overflow;
    request->content_type = json_type;
    request->body = arena_copy(job->arena, buf_slice(&body));
    buf_done(&body);
    return good ? SHAPE_DONE
                : shape_wrong(job, SHAPE_REFUSED, "what the call carries cannot be read");
}

enum shape_end shape_request(struct hook_box *box, const struct settings_section *section,
                             const struct shape_call *call, struct arena *arena,
                             struct shape_request *ret_request, struct slice *ret_words)
{
    bool shaped = section->request.name.len > 0;
    struct shape_job job = { .box = box, .section = section, .call = call, .arena = arena,
                             .function = shaped ? &section->request : NULL };
    struct value given = value_empty();
    *ret_request = (struct shape_request){ .method = "POST" };
    enum shape_end end = !shaped ? take_plain(&job, ret_request)
                         : shape_ask(&job, NULL, &given) ? take(&job, &given, ret_request)
                                                         : SHAPE_RETRY;
    *ret_words = job.words;
    return end;
}
