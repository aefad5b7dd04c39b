// Any bytes as JSON of an outside system. Every value told is UTF-8 with a path within its bounds;
// what was taken as a whole is taken again, and tells the same number of values.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/calls/json.h"
#include "tests/fuzz/fuzz.h"

static void count_value(void *context, struct slice path, enum json_kind kind, struct slice text)
{
    uint32_t *count = context;
    CHECK(path.len <= JSON_PATH_BYTES_MAX && utf8_valid(path) && utf8_valid(text));
    CHECK(kind == JSON_STRING || text.len > 0);
#ifdef PLANTED_BUG
    // Takes it that no number is longer than 20 digits.
    char digits[20] = { 0 };
    for (size_t i = 0; kind == JSON_NUMBER && i < text.len; i++) {
        digits[i] = text.ptr[i];
    }
    CHECK(digits[0] != 'x');
#endif
    (*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    uint32_t first = 0, second = 0;
    size_t offset = 0;
    if (json_read(text, count_value, &first, &offset)) {
        CHECK(offset == size);
        CHECK(json_read(text, count_value, &second, NULL) && first == second);
    }
    CHECK(offset <= size);
    return 0;
}
