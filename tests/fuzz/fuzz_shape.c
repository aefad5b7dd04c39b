// Any answer from outside to a function of a connector, and anything that a function might give: up
// to the first newline the mode, then either the text of a function that makes requests and reads
// answers, or a body for one that is known. Whatever becomes a request stays where it may go.
#include "base/check.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "engine/calls/shape.h"
#include "engine/hooks/hook.h"
#include "tests/fuzz/fuzz.h"

static const char base[] = "https://bank.example/api/pay";

// Gives back what it hears, in every place where a request holds something.
static const char known[] =
    "local function words(v, n)\n"
    "  if type(v) ~= 'table' then return tostring(v) end\n"
    "  local t = ''\n"
    "  for k, x in pairs(v) do t = t .. tostring(k) .. (n > 0 and words(x, n - 1) or '') end\n"
    "  return t\n"
    "end\n"
    "function f(call, answer)\n"
    "  if answer then\n"
    "    return { message = 'm', with = { body = answer.body, words = words(answer.json, 3) } }\n"
    "  end\n"
    "  local a = call.args.text\n"
    "  return { method = #a % 2 == 0 and 'GET' or nil, path = { 'x', a }, query = { [a] = a },\n"
    "           headers = { ['X-A'] = a, ['X' .. a] = 'b' },\n"
    "           form = #a % 2 == 1 and { [a] = a } or nil }\n"
    "end\n";

static bool is_line(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static void look_at_request(const struct shape_request *request)
{
    struct slice url = slice_from_cstr(request->url);
    size_t len = sizeof(base) - 1;
    CHECK(slice_starts(url, slice_from_cstr(base)) && is_line(request->url));
    CHECK(url.len == len || url.ptr[len] == '/' || url.ptr[len] == '?');
    for (size_t i = 0; i < url.len; i++) {
        CHECK((unsigned char)url.ptr[i] < 0x7f && strchr(" \"#<>\\^`{|}", url.ptr[i]) == NULL);
    }
    CHECK(!settings_holds(url, SLICE("/../")) && !settings_holds(url, SLICE("/./")));
    CHECK(!settings_holds(slice_sub(url, 8, url.len), SLICE("//")));
    CHECK(settings_method(slice_from_cstr(request->method)) != NULL);
    CHECK(request->header_count <= SHAPE_HEADERS_MAX);
    for (uint32_t i = 0; i < request->header_count; i++) {
        const char *colon = strchr(request->headers[i], ':');
        CHECK(colon != NULL && is_line(request->headers[i]));
        struct slice name =
            slice_make(request->headers[i], (size_t)(colon - request->headers[i]));
        CHECK(settings_is_header_name(name) && !settings_is_own_header(name));
        CHECK(!settings_same_header(name, SLICE("X-Token")));
    }
    CHECK(request->content_type != NULL || request->body.len == 0);
}

static void look_at_message(const struct shape_message *message, struct arena *arena)
{
    struct unpack unpack;
    unpack_init(&unpack, message->form);
    CHECK(utf8_valid(message->name));
    uint32_t count = message->form.len > 0 ? unpack_map(&unpack) : 0;
    for (uint32_t i = 0; i < count; i++) {
        (void)unpack_str(&unpack);
        struct value value = value_unpack(&unpack, arena);
        CHECK(value.kind <= VALUE_RECORD);
    }
    CHECK(!unpack.bad && message->form.len <= CALL_FORM_BYTES_MAX);
}

static void ask_both(const struct settings_section *section, const struct shape_call *call,
                     const struct shape_answer *answer, struct arena *arena)
{
    struct hook_box *box = hook_box_new();
    struct shape_request request;
    struct shape_message message;
    struct slice words = SLICE_EMPTY;
    enum shape_end end = shape_request(box, section, call, arena, &request, &words);
    CHECK(end == SHAPE_DONE || words.len > 0);
    if (end == SHAPE_DONE) {
        look_at_request(&request);
    }
    end = shape_reply(box, section, call, answer, arena, &message, &words);
    CHECK(end == SHAPE_DONE || words.len > 0);
    if (end == SHAPE_DONE) {
        look_at_message(&message, arena);
    }
#ifdef PLANTED_BUG
    if (end == SHAPE_REFUSED) {
        char shown[40];
        memcpy(shown, words.ptr, words.len); // whoever says no is short
        CHECK(shown[0] != '\0');
    }
#endif
    hook_box_free(box);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > SETTINGS_SHAPED_KB_MAX * 1024) {
        return 0;
    }
    bool is_script = data[0] == 'f';
    struct slice rest = slice_make(data + 1, size - 1);
    static const struct shape_heard headers[] = { { { "x-a", 3 }, { "b", 1 } } };
    struct settings_function function = { SLICE("fuzz.lua"),
                                          is_script ? rest : slice_from_cstr(known), SLICE("f") };
    const struct settings_section section = {
        .url = "https://bank.example/api/{call}", .headers = { "X-Token: abc" }, .header_count = 1,
        .request = function, .reply = function,
    };
    struct arena arena;
    struct buf form;
    arena_init(&arena, SHAPE_ARENA_BYTES_MAX);
    buf_init(&form, CALL_FORM_BYTES_MAX);
    pack_map(&form, 1);
    pack_cstr(&form, "text");
    pack_str(&form, is_script ? SLICE("a/b") : slice_sub(rest, 0, 1000));
    const struct shape_call call = { .connector = SLICE("bank"), .name = SLICE("pay"),
                                     .key = SLICE("1-2"), .form = buf_slice(&form), .instance = 1,
                                     .process = SLICE("bill"), .attempt = 1 };
    const struct shape_answer answer = { 200, headers, 1, is_script ? SLICE("[1]") : rest };
    ask_both(&section, &call, &answer, &arena);
    buf_done(&form);
    arena_done(&arena);
    return 0;
}
