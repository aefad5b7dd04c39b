// Any bytes as the body of a webhook, as JSON and as a form: places and texts are UTF-8 within
// their bounds, in order and each once, and each is found where it stands.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/intake/body.h"
#include "tests/fuzz/fuzz.h"

static void look_at(const struct body *body)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < body->count; i++) {
        const struct body_value *value = &body->values[i];
        CHECK(value->path.len <= BODY_PATH_BYTES_MAX && utf8_valid(value->path));
        CHECK(utf8_valid(value->text));
        CHECK(i == 0 || slice_compare(body->values[i - 1].path, value->path) < 0);
        CHECK(body_find(body, value->path) == value);
        uint32_t end = body_below(body, value->path, &first);
        CHECK(first <= end && end <= body->count);
        for (uint32_t k = first; k < end && k < first + 100; k++) {
            CHECK(slice_starts(body->values[k].path, value->path));
        }
#ifdef PLANTED_BUG
        // Takes it that nobody nests deeper than nine.
        uint32_t points[9] = { 0 };
        for (size_t at = 0, count = 0; at < value->path.len; at++) {
            if (value->path.ptr[at] == '.') {
                points[count++] = (uint32_t)at;
            }
        }
        CHECK(points[0] <= BODY_PATH_BYTES_MAX);
#endif
    }
    CHECK(body_below(body, SLICE_EMPTY, &first) == body->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_make((const char *)data, size);
    for (enum body_type type = BODY_JSON; type <= BODY_FORM; type++) {
        struct arena arena;
        struct body body;
        struct slice problem = SLICE_EMPTY;
        arena_init(&arena, 256 * 1024 * 1024);
        if (body_read(type, bytes, &arena, &body, &problem)) {
            look_at(&body);
        } else {
            CHECK(problem.len > 0);
        }
        arena_done(&arena);
    }
    (void)body_type_of(bytes, bytes);
    return 0;
}
