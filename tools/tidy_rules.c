// The driver of the rules, the list of exceptions, and the rules about whole files: includes,
// guards, lengths, and being built at all.
#include "tools/tidy.h"

#include <stdint.h>

enum { FINDINGS_BYTES_MAX = 8 * 1024 * 1024, ARENA_BYTES_MAX = 512 * 1024 * 1024 };

void tidy_init(struct tidy *tidy, struct slice layers, struct slice exempt, struct slice words)
{
    *tidy = (struct tidy){ 0 };
    arena_init(&tidy->arena, ARENA_BYTES_MAX);
    buf_init(&tidy->findings, FINDINGS_BYTES_MAX);
    tidy->layers = layers;
    tidy->exempt = exempt;
    tidy->words = words;
}

void tidy_done(struct tidy *tidy)
{
    buf_done(&tidy->findings);
    arena_done(&tidy->arena);
}

static bool is_exempt(const struct tidy *tidy, struct slice rule, struct slice path,
                      struct slice name)
{
    struct slice rest = tidy->exempt;
    struct slice line;
    while (tidy_next_line(&rest, &line)) {
        struct slice word_rule, place, limited;
        size_t reason = tidy_find(line, SLICE("--"));
        struct slice words = slice_sub(line, 0, reason);
        if (!tidy_next_word(&words, &word_rule) || word_rule.ptr[0] == '#' ||
            !tidy_next_word(&words, &place)) {
            continue;
        }
        bool any_name = !tidy_next_word(&words, &limited);
        if (slice_equal(word_rule, rule) && tidy_lies_in(path, place) &&
            (any_name || slice_equal(limited, name))) {
            return true;
        }
    }
    return false;
}

void tidy_report(struct tidy *tidy, const struct tidy_source *source, size_t offset,
                 const char *rule, struct slice name, struct slice message)
{
    if (is_exempt(tidy, slice_from_cstr(rule), source->path, name)) {
        return;
    }
    size_t line = 1;
    for (size_t at = 0; at < offset && at < source->text.len; at++) {
        line += source->text.ptr[at] == '\n';
    }
    tidy->finding_count++;
    buf_format(&tidy->findings, "%.*s:%zu: [%s] %.*s\n", SLICE_PRINT(source->path), line, rule,
               SLICE_PRINT(message));
}

static bool ends_with(struct slice text, struct slice end)
{
    return text.len >= end.len && slice_equal(slice_sub(text, text.len - end.len, end.len), end);
}

// ---- includes -----------------------------------------------------------------------------------

static struct slice folder_of(struct slice path)
{
    size_t len = path.len;
    while (len > 0 && path.ptr[len - 1] != '/') {
        len--;
    }
    return slice_sub(path, 0, len > 0 ? len - 1 : 0);
}

// The line of layers.txt that holds `path`: the longest folder wins. `ret_allowed` is what follows
// the colon.
static bool find_layer(const struct tidy *tidy, struct slice path, struct slice *ret_folder,
                       struct slice *ret_allowed)
{
    struct slice rest = tidy->layers;
    struct slice line;
    bool found = false;
    size_t longest = 0;
    while (tidy_next_line(&rest, &line)) {
        size_t colon = tidy_find(line, SLICE(":"));
        struct slice folder = slice_sub(line, 0, colon);
        if (colon == SIZE_MAX || line.ptr[0] == '#' || line.ptr[0] == '<' ||
            !tidy_lies_in(path, folder) || folder.len < longest) {
            continue;
        }
        longest = folder.len;
        *ret_folder = folder;
        *ret_allowed = slice_sub(line, colon + 1, line.len);
        found = true;
    }
    return found;
}

static bool lies_in_one_of(struct slice path, struct slice places)
{
    struct slice place;
    while (tidy_next_word(&places, &place)) {
        if (tidy_lies_in(path, place)) {
            return true;
        }
    }
    return false;
}

static void check_own_include(struct tidy *tidy, const struct tidy_source *source, size_t offset,
                              struct slice included)
{
    struct slice folder, allowed;
    if (folder_of(included).len == 0) { // a neighbour in the same folder
        return;
    }
    if (!find_layer(tidy, source->path, &folder, &allowed)) {
        tidy_report(tidy, source, offset, "include", included,
                    SLICE("this folder is not in tools/layers.txt; add what it may include"));
        return;
    }
    if (tidy_lies_in(included, folder) || lies_in_one_of(included, allowed)) {
        return;
    }
    tidy_report(tidy, source, offset, "include", included,
                arena_format(&tidy->arena, "`%.*s` must not know \"%.*s\"; see tools/layers.txt",
                             SLICE_PRINT(folder), SLICE_PRINT(included)));
}

static void check_library(struct tidy *tidy, const struct tidy_source *source, size_t offset,
                          struct slice header)
{
    struct slice rest = tidy->layers;
    struct slice line;
    while (tidy_next_line(&rest, &line)) {
        size_t colon = tidy_find(line, SLICE(":"));
        if (colon == SIZE_MAX || !slice_equal(slice_sub(line, 0, colon), header) ||
            lies_in_one_of(source->path, slice_sub(line, colon + 1, line.len))) {
            continue;
        }
        tidy_report(tidy, source, offset, "library", header,
                    arena_format(&tidy->arena, "%.*s is used only by:%.*s", SLICE_PRINT(header),
                                 SLICE_PRINT(slice_sub(line, colon + 1, line.len))));
    }
}

void tidy_check_includes(struct tidy *tidy, const struct tidy_source *source)
{
    struct slice rest = source->text;
    struct slice line;
    while (tidy_next_line(&rest, &line)) {
        size_t offset = (size_t)(line.ptr - source->text.ptr);
        struct slice words = line;
        struct slice word, header;
        if (line.len == 0 || source->code.ptr[offset] != '#' || !tidy_next_word(&words, &word) ||
            !slice_equal(word, SLICE("#include")) || !tidy_next_word(&words, &header) ||
            header.len < 3) {
            continue;
        }
        if (header.ptr[0] == '"') {
            check_own_include(tidy, source, offset, slice_sub(header, 1, header.len - 2));
        } else {
            check_library(tidy, source, offset, header);
        }
    }
}

// ---- whole files --------------------------------------------------------------------------------

// RUNG_ and the path in capitals: RUNG_BASE_ARENA_H. With `short_form` the folder's name counts
// once where the file's begins with it: dsl/image/image_check.h may have RUNG_DSL_IMAGE_CHECK_H.
static struct slice guard_of(struct arena *arena, struct slice path, bool short_form)
{
    struct slice folder = folder_of(path);
    struct slice stem = slice_sub(path, folder.len > 0 ? folder.len + 1 : 0, path.len);
    stem.len -= 2;
    struct slice outer = folder_of(folder);
    struct slice last = slice_sub(folder, outer.len > 0 ? outer.len + 1 : 0, folder.len);
    struct slice named = slice_sub(path, 0, path.len - 2);
    if (short_form && last.len > 0 && slice_starts(stem, last)) {
        named = arena_format(arena, "%.*s%.*s", SLICE_PRINT(folder),
                             SLICE_PRINT(slice_sub(stem, last.len, stem.len)));
    }
    char *guard = arena_alloc(arena, named.len + 8);
    memcpy(guard, "RUNG_", 5);
    for (size_t at = 0; at < named.len; at++) {
        char byte = named.ptr[at];
        bool lower = byte >= 'a' && byte <= 'z';
        guard[5 + at] = lower ? (char)(byte - 'a' + 'A') : byte == '/' ? '_' : byte;
    }
    memcpy(guard + 5 + named.len, "_H", 2);
    return slice_make(guard, named.len + 7);
}

static bool stands_in_guard(struct arena *arena, struct slice code, struct slice guard)
{
    struct slice opening =
        arena_format(arena, "#ifndef %.*s\n#define %.*s\n", SLICE_PRINT(guard), SLICE_PRINT(guard));
    return slice_starts(code, opening) && ends_with(code, SLICE("#endif"));
}

static void check_guard(struct tidy *tidy, const struct tidy_source *source)
{
    struct slice guard = guard_of(&tidy->arena, source->path, false);
    struct slice shorter = guard_of(&tidy->arena, source->path, true);
    struct slice code = tidy_trim(source->code);
    if (!stands_in_guard(&tidy->arena, code, guard) &&
        !stands_in_guard(&tidy->arena, code, shorter)) {
        tidy_report(tidy, source, 0, "guard", guard,
                    arena_format(&tidy->arena, "the whole header stands inside #ifndef %.*s",
                                 SLICE_PRINT(guard)));
    }
}

static size_t columns(struct slice line)
{
    size_t count = 0;
    for (size_t at = 0; at < line.len; at++) {
        count += ((unsigned char)line.ptr[at] & 0xc0u) != 0x80u;
    }
    return count;
}

static void check_lengths(struct tidy *tidy, const struct tidy_source *source,
                          struct tidy_folder *folder)
{
    bool table = ends_with(source->path, SLICE(".def")); // one row of it is one line
    size_t lines = 0;
    struct slice rest = source->text;
    struct slice line;
    while (tidy_next_line(&rest, &line)) {
        size_t offset = (size_t)(line.ptr - source->text.ptr);
        lines++;
        folder->lines += tidy_trim(line).len > 0;
        folder->comment_lines += tidy_trim(slice_sub(source->comments, offset, line.len)).len > 0 &&
                                 tidy_trim(slice_sub(source->code, offset, line.len)).len == 0;
        if (!table && columns(line) > TIDY_LINE_COLUMNS_MAX) {
            tidy_report(tidy, source, offset, "line", SLICE_EMPTY,
                        arena_format(&tidy->arena, "%zu columns, more than %d", columns(line),
                                     TIDY_LINE_COLUMNS_MAX));
        }
    }
    bool header = ends_with(source->path, SLICE(".h"));
    size_t lines_max = header ? TIDY_HEADER_LINES_MAX : TIDY_FILE_LINES_MAX;
    if (lines > lines_max) {
        tidy_report(
            tidy, source, 0, "file", SLICE_EMPTY,
            arena_format(&tidy->arena, "%zu lines, more than %zu; split it", lines, lines_max));
    }
}

static void check_built(struct tidy *tidy, const struct tidy_source *source)
{
    struct slice wanted = arena_format(&tidy->arena, "/%.*s\"", SLICE_PRINT(source->path));
    if (tidy->commands.len > 0 && tidy_find(tidy->commands, wanted) == SIZE_MAX) {
        tidy_report(tidy, source, 0, "unbuilt", SLICE_EMPTY,
                    SLICE("no target of CMake builds this file"));
    }
}

// Figures are kept for the two outer levels: engine/store, dsl, tests/fuzz.
static struct tidy_folder *find_folder(struct tidy *tidy, struct slice path)
{
    struct slice name = folder_of(path);
    for (size_t index = 0; index < tidy->folder_count; index++) {
        if (slice_equal(tidy->folders[index].name, name)) {
            return &tidy->folders[index];
        }
    }
    if (tidy->folder_count == TIDY_FOLDERS_MAX) {
        return &tidy->folders[TIDY_FOLDERS_MAX - 1];
    }
    struct tidy_folder *folder = &tidy->folders[tidy->folder_count++];
    folder->name = arena_copy(&tidy->arena, name);
    return folder;
}

void tidy_file(struct tidy *tidy, struct slice path, struct slice text)
{
    bool header = ends_with(path, SLICE(".h"));
    bool unit = ends_with(path, SLICE(".c")) || ends_with(path, SLICE(".cc"));
    if (header || unit || ends_with(path, SLICE(".def"))) {
        struct tidy_source source = tidy_split(&tidy->arena, path, text);
        struct tidy_folder *folder = find_folder(tidy, path);
        tidy_check_includes(tidy, &source);
        check_lengths(tidy, &source, folder);
        tidy_check_declarations(tidy, &source, folder);
        tidy_check_names(tidy, &source, folder);
        if (header) {
            check_guard(tidy, &source);
        }
        if (unit) {
            check_built(tidy, &source);
        }
        return;
    }
    static const char *const texts[] = { ".md", ".rung", ".txt", ".cmake", ".sh", ".map", ".in" };
    for (size_t index = 0; index < ARRAY_COUNT(texts); index++) {
        if (ends_with(path, slice_from_cstr(texts[index]))) {
            struct tidy_source source = { path, text, text, text };
            tidy_check_names(tidy, &source, NULL);
        }
    }
}
