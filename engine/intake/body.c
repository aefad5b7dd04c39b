#include "engine/intake/body.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "engine/calls/json.h"

_Static_assert((int)JSON_DEPTH_MAX == (int)BODY_DEPTH_MAX, "one bound for both");
_Static_assert((int)JSON_PATH_BYTES_MAX == (int)BODY_PATH_BYTES_MAX, "one bound for both");

struct list_seen { // of a form: `prefix[]`
    struct slice prefix;
    uint32_t next;
};

struct body_reader {
    struct arena *arena;
    struct body_value *values; // BODY_VALUES_MAX
    uint32_t count;
    size_t kept_bytes;
    struct list_seen lists[BODY_LISTS_MAX];
    uint32_t list_count;
    struct slice problem; // the first one
};

static void wrong(struct body_reader *reader, struct slice sentence)
{
    reader->problem = reader->problem.len > 0 ? reader->problem : sentence;
}

static void add(struct body_reader *reader, struct slice path, struct slice text)
{
    reader->kept_bytes += path.len + text.len;
    if (reader->count == BODY_VALUES_MAX || reader->kept_bytes > BODY_KEPT_BYTES_MAX) {
        wrong(reader, arena_format(reader->arena,
                                   "the body holds more than BODY_VALUES_MAX = %d values, or more "
                                   "than BODY_KEPT_BYTES_MAX = %d bytes of places and texts",
                                   BODY_VALUES_MAX, BODY_KEPT_BYTES_MAX));
        return;
    }
    reader->values[reader->count] =
        (struct body_value){ arena_copy(reader->arena, path), arena_copy(reader->arena, text),
                             reader->count };
    reader->count++;
}

// --- JSON ----------------------------------------------------------------------------------------

static void take_json(void *context, struct slice path, enum json_kind kind, struct slice text)
{
    struct body_reader *reader = context;
    if (reader->problem.len == 0) {
        add(reader, path, kind == JSON_NULL ? SLICE_EMPTY : text);
    }
}

static void read_json(struct body_reader *reader, struct slice bytes)
{
    size_t at = 0;
    if (slice_starts(bytes, SLICE("\xef\xbb\xbf"))) {
        bytes = slice_sub(bytes, 3, bytes.len);
    }
    if (!json_read(bytes, take_json, reader, &at)) {
        wrong(reader, arena_format(reader->arena,
                                   "the body is not JSON in UTF-8, or goes beyond BODY_DEPTH_MAX = "
                                   "%d or BODY_PATH_BYTES_MAX = %d; byte %zu",
                                   BODY_DEPTH_MAX, BODY_PATH_BYTES_MAX, at + 1));
    }
}

// --- forms ---------------------------------------------------------------------------------------

static int hex(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

// `+` is a blank; a % that is none stands for itself, as in PHP.
static struct slice decode(struct arena *arena, struct slice text)
{
    char *to = arena_alloc_raw(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool coded =
            c == '%' && text.len - i > 2 && hex(text.ptr[i + 1]) >= 0 && hex(text.ptr[i + 2]) >= 0;
        if (coded) {
            to[len++] = (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2]));
            i += 2;
        } else {
            to[len++] = c == '+' ? ' ' : c;
        }
    }
    return slice_make(to, len);
}

// Are these `[…][…]…` to the end?
static bool are_brackets(struct slice rest)
{
    while (rest.len > 0) {
        const char *end = rest.ptr[0] == '[' ? memchr(rest.ptr, ']', rest.len) : NULL;
        if (end == NULL) {
            return false;
        }
        rest = slice_sub(rest, (size_t)(end - rest.ptr) + 1, rest.len);
    }
    return true;
}

static uint32_t next_in_list(struct body_reader *reader, struct slice prefix)
{
    for (uint32_t i = 0; i < reader->list_count; i++) {
        if (slice_equal(reader->lists[i].prefix, prefix)) {
            return reader->lists[i].next++;
        }
    }
    if (reader->list_count == BODY_LISTS_MAX) {
        wrong(reader, arena_format(reader->arena,
                                   "the form holds more than BODY_LISTS_MAX = %d "
                                   "lists with empty brackets",
                                   BODY_LISTS_MAX));
        return 0;
    }
    reader->lists[reader->list_count++] =
        (struct list_seen){ arena_copy(reader->arena, prefix), 1 };
    return 0;
}

// `a[b][0]` → `a.b.0`. A name whose brackets do not fit together is one name.
static struct slice path_of(struct body_reader *reader, struct slice name)
{
    const char *open = name.len > 0 ? memchr(name.ptr, '[', name.len) : NULL;
    size_t first = open != NULL ? (size_t)(open - name.ptr) : name.len;
    struct slice rest = slice_sub(name, first, name.len);
    if (first == 0 || !are_brackets(rest)) {
        first = name.len;
        rest = SLICE_EMPTY;
    }
    struct buf path;
    uint32_t depth = 1;
    buf_init(&path, BODY_PATH_BYTES_MAX);
    buf_put_slice(&path, slice_sub(name, 0, first));
    while (rest.len > 0 && depth <= BODY_DEPTH_MAX) {
        size_t len = (size_t)((const char *)memchr(rest.ptr, ']', rest.len) - rest.ptr);
        struct slice inner = slice_sub(rest, 1, len - 1);
        if (inner.len == 0) {
            uint32_t number = next_in_list(reader, buf_slice(&path));
            buf_format(&path, ".%u", number);
        } else {
            buf_put_char(&path, '.');
            buf_put_slice(&path, inner);
        }
        rest = slice_sub(rest, len + 1, rest.len);
        depth++;
    }
    if (path.overflow || depth > BODY_DEPTH_MAX) {
        wrong(reader, arena_format(reader->arena,
                                   "a name of the form goes beyond BODY_PATH_BYTES_MAX = %d or "
                                   "BODY_DEPTH_MAX = %d",
                                   BODY_PATH_BYTES_MAX, BODY_DEPTH_MAX));
    }
    struct slice copy = arena_copy(reader->arena, buf_slice(&path));
    buf_done(&path);
    return copy;
}

static struct slice cut(struct slice *rest, char mark)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, mark, rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
    struct slice before = slice_sub(*rest, 0, len);
    *rest = slice_sub(*rest, end != NULL ? len + 1 : len, rest->len);
    return before;
}

static void read_form(struct body_reader *reader, struct slice bytes)
{
    while (bytes.len > 0 &&
           (bytes.ptr[bytes.len - 1] == '\n' || bytes.ptr[bytes.len - 1] == '\r')) {
        bytes.len--; // of a file that an editor has saved
    }
    while (bytes.len > 0 && reader->problem.len == 0) {
        struct slice pair = cut(&bytes, '&');
        if (pair.len == 0) {
            continue;
        }
        struct slice value = pair;
        struct slice name = decode(reader->arena, cut(&value, '='));
        value = decode(reader->arena, value);
        if (!utf8_valid(name) || !utf8_valid(value)) {
            wrong(reader, SLICE("the form holds bytes that are not UTF-8"));
            return;
        }
        struct slice path = path_of(reader, name);
        if (reader->problem.len == 0) {
            add(reader, path, value);
        }
    }
}

// --- the whole -----------------------------------------------------------------------------------

static bool has_word(struct slice text, struct slice word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        size_t same = 0;
        while (same < word.len && (text.ptr[i + same] | 0x20) == word.ptr[same]) {
            same++;
        }
        if (same == word.len) {
            return true;
        }
    }
    return false;
}

enum body_type body_type_of(struct slice content_type, struct slice bytes)
{
    struct slice kind = content_type;
    const char *end = kind.len > 0 ? memchr(kind.ptr, ';', kind.len) : NULL;
    kind = end != NULL ? slice_sub(kind, 0, (size_t)(end - kind.ptr)) : kind;
    struct slice more = slice_sub(content_type, kind.len, content_type.len);
    if (has_word(more, SLICE("charset")) && !has_word(more, SLICE("utf-8"))) {
        return BODY_UNKNOWN;
    }
    if (has_word(kind, SLICE("json"))) {
        return BODY_JSON;
    }
    if (has_word(kind, SLICE("x-www-form-urlencoded"))) {
        return BODY_FORM;
    }
    if (kind.len > 0) {
        return BODY_UNKNOWN;
    }
    size_t at = slice_starts(bytes, SLICE("\xef\xbb\xbf")) ? 3 : 0;
    while (at < bytes.len && bytes.ptr[at] > 0 && strchr(" \t\r\n", bytes.ptr[at]) != NULL) {
        at++;
    }
    bool json = at < bytes.len && (bytes.ptr[at] == '{' || bytes.ptr[at] == '[');
    return json ? BODY_JSON : BODY_FORM;
}

// By path, those of one path as they came: merges runs of growing length, back and forth between
// `values` and `other`. Gives whichever holds the result.
static struct body_value *sort(struct body_value *values, struct body_value *other, uint32_t count)
{
    for (uint32_t run = 1; run < count; run *= 2) {
        for (uint32_t first = 0; first < count; first += 2 * run) {
            uint32_t middle = count - first > run ? first + run : count;
            uint32_t end = count - first > 2 * run ? first + 2 * run : count;
            uint32_t left = first, right = middle;
            for (uint32_t to = first; to < end; to++) {
                bool take_left =
                    left < middle &&
                    (right == end || slice_compare(values[left].path, values[right].path) <= 0);
                other[to] = values[take_left ? left++ : right++];
            }
        }
        struct body_value *sorted = other;
        other = values;
        values = sorted;
    }
    return values;
}

bool body_read(enum body_type type, struct slice bytes, struct arena *arena, struct body *ret_body,
               struct slice *ret_problem)
{
    struct body_reader *reader = ARENA_NEW(arena, struct body_reader);
    reader->arena = arena;
    reader->values = ARENA_ARRAY(arena, struct body_value, BODY_VALUES_MAX);
    if (bytes.len > BODY_BYTES_MAX) {
        wrong(reader,
              arena_format(arena, "the body is longer than BODY_BYTES_MAX = %d", BODY_BYTES_MAX));
    } else if (type == BODY_JSON) {
        read_json(reader, bytes);
    } else if (type == BODY_FORM) {
        read_form(reader, bytes);
    } else {
        wrong(reader, SLICE("a body is application/json or application/x-www-form-urlencoded, in "
                            "UTF-8"));
    }
    if (reader->problem.len > 0) {
        *ret_problem = reader->problem;
        return false;
    }
    uint32_t kept = 0;
    struct body_value *values = sort(
        reader->values, ARENA_ARRAY(arena, struct body_value, reader->count + 1), reader->count);
    for (uint32_t i = 0; i < reader->count; i++) {
        if (i + 1 == reader->count || !slice_equal(values[i].path, values[i + 1].path)) {
            values[kept++] = values[i];
        }
    }
    *ret_body = (struct body){ bytes, values, kept };
    return true;
}

// --- looking -------------------------------------------------------------------------------------

// The first value whose path is not before `path`.
static uint32_t lower(const struct body *body, struct slice path)
{
    uint32_t from = 0, to = body->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (slice_compare(body->values[middle].path, path) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

const struct body_value *body_find(const struct body *body, struct slice path)
{
    uint32_t at = lower(body, path);
    return at < body->count && slice_equal(body->values[at].path, path) ? &body->values[at] : NULL;
}

uint32_t body_below(const struct body *body, struct slice path, uint32_t *ret_first)
{
    char bytes[BODY_PATH_BYTES_MAX + 1];
    *ret_first = 0;
    if (path.len == 0) {
        return body->count;
    }
    if (path.len > BODY_PATH_BYTES_MAX) {
        return 0;
    }
    memcpy(bytes, path.ptr, path.len);
    bytes[path.len] = '.';
    *ret_first = lower(body, slice_make(bytes, path.len + 1));
    bytes[path.len] = '.' + 1; // what sorts right behind every path below
    return lower(body, slice_make(bytes, path.len + 1));
}
