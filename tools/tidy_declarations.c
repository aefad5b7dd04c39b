// Rules about what stands at the outermost level of a C file: lengths of functions, and variables
// that anybody could change.
#include "tools/tidy.h"

#include <stdint.h>

// Where the walk over a file is. `text` is the code with its preprocessor lines blanked.
struct walk {
    struct tidy *tidy;
    const struct tidy_source *source;
    struct tidy_folder *folder;
    struct slice text;
    size_t at;
};

static struct slice blank_directives(struct arena *arena, struct slice code)
{
    char *text = arena_alloc_raw(arena, code.len + 1);
    bool line_start = true;
    bool directive = false;
    for (size_t at = 0; at < code.len; at++) {
        char byte = code.ptr[at];
        if (line_start && byte == '#') {
            directive = true;
        }
        text[at] = directive && byte != '\n' ? ' ' : byte;
        if (byte == '\n') {
            directive = directive && at > 0 && code.ptr[at - 1] == '\\';
            line_start = true;
        } else if (byte != ' ' && byte != '\t') {
            line_start = false;
        }
    }
    return slice_make(text, code.len);
}

// The offset behind the brace that closes the one at `at`.
static size_t after_braces(struct slice text, size_t at)
{
    size_t depth = 0;
    for (; at < text.len; at++) {
        if (text.ptr[at] == '{') {
            depth++;
        } else if (text.ptr[at] == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return text.len;
}

static size_t count_lines(struct slice text)
{
    size_t lines = 1;
    for (size_t at = 0; at < text.len; at++) {
        lines += text.ptr[at] == '\n';
    }
    return lines;
}

static size_t find_char(struct slice text, char wanted)
{
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == wanted) {
            return at;
        }
    }
    return SIZE_MAX;
}

static bool next_name(struct slice text, size_t *at, struct slice *ret_name)
{
    while (*at < text.len && !tidy_is_name_char(text.ptr[*at])) {
        (*at)++;
    }
    size_t start = *at;
    while (*at < text.len && tidy_is_name_char(text.ptr[*at])) {
        (*at)++;
    }
    *ret_name = slice_sub(text, start, *at - start);
    return ret_name->len > 0;
}

static bool has_name(struct slice text, struct slice wanted)
{
    struct slice name;
    for (size_t at = 0; next_name(text, &at, &name);) {
        if (slice_equal(name, wanted)) {
            return true;
        }
    }
    return false;
}

// The name before the first parenthesis: of the function, in `int name(…)`.
static struct slice declared_name(struct slice declaration)
{
    size_t open = find_char(declaration, '(');
    struct slice head = open == SIZE_MAX ? declaration : slice_sub(declaration, 0, open);
    struct slice last = SLICE_EMPTY;
    struct slice name;
    for (size_t at = 0; next_name(head, &at, &name);) {
        last = name;
    }
    return last;
}

// What stands before an initialiser or an array's size.
static struct slice declarator(struct slice declaration)
{
    size_t end = declaration.len;
    for (size_t at = 0; at < end; at++) {
        char byte = declaration.ptr[at];
        if (byte == '=' || byte == '[' || byte == '{') {
            end = at;
        }
    }
    return slice_sub(declaration, 0, end);
}

// A constant: `const` behind the last star, or anywhere when there is no star.
static bool is_constant(struct slice declared)
{
    size_t behind = 0;
    for (size_t at = 0; at < declared.len; at++) {
        if (declared.ptr[at] == '*') {
            behind = at + 1;
        }
    }
    return has_name(slice_sub(declared, behind, declared.len), SLICE("const"));
}

// `static check_fn check_stages, check_tasks;`: a function type, and no star.
static bool declares_functions(struct slice declared)
{
    struct slice name;
    for (size_t at = 0; next_name(declared, &at, &name);) {
        if (name.len > 3 && slice_equal(slice_sub(name, name.len - 3, 3), SLICE("_fn"))) {
            return find_char(declared, '*') == SIZE_MAX;
        }
    }
    return false;
}

static bool declares_variable(struct slice declaration)
{
    struct slice declared = declarator(declaration);
    if (find_char(declared, '(') != SIZE_MAX || has_name(declared, SLICE("typedef")) ||
        has_name(declared, SLICE("using")) || declares_functions(declared)) {
        return false;
    }
    size_t names = 0;
    bool tagged = false;
    struct slice name;
    for (size_t at = 0; next_name(declared, &at, &name);) {
        bool storage = slice_equal(name, SLICE("static")) || slice_equal(name, SLICE("extern"));
        tagged = tagged || slice_equal(name, SLICE("struct")) ||
                 slice_equal(name, SLICE("union")) || slice_equal(name, SLICE("enum"));
        names += !storage;
    }
    return names >= (tagged ? 3u : 2u);
}

static void check_variable(struct walk *walk, size_t start, size_t end)
{
    struct slice declaration = tidy_trim(slice_sub(walk->text, start, end - start));
    if (!declares_variable(declaration) || is_constant(declarator(declaration))) {
        return;
    }
    struct slice path = walk->source->path;
    if (!tidy_lies_in(path, SLICE("base")) && !tidy_lies_in(path, SLICE("dsl")) &&
        !tidy_lies_in(path, SLICE("engine"))) {
        return;
    }
    tidy_report(walk->tidy, walk->source, (size_t)(declaration.ptr - walk->text.ptr), "mutable",
                SLICE_EMPTY,
                SLICE("a variable that outlives its function and can change; only main owns "
                      "objects, pass it instead"));
}

static void check_body(struct walk *walk, struct slice name, size_t start, size_t end)
{
    struct slice body = slice_sub(walk->text, start, end - start);
    size_t lines = count_lines(body);
    walk->folder->functions++;
    if (lines > TIDY_FUNCTION_LINES_MAX) {
        struct slice message =
            arena_format(&walk->tidy->arena, "function `%.*s` has %zu lines, more than %d",
                         SLICE_PRINT(name), lines, TIDY_FUNCTION_LINES_MAX);
        tidy_report(walk->tidy, walk->source, start, "function", name, message);
    }
    struct slice word;
    for (size_t at = 0; next_name(body, &at, &word);) {
        if (slice_equal(word, SLICE("static"))) {
            size_t from = start + at;
            size_t len = find_char(slice_sub(walk->text, from, walk->text.len), ';');
            check_variable(walk, from, len == SIZE_MAX ? walk->text.len : from + len);
        }
    }
}

// At a brace of the item that began at `start`: true when the item ends with it.
static bool open_brace(struct walk *walk, size_t start)
{
    size_t open = walk->at;
    struct slice head = tidy_trim(slice_sub(walk->text, start, open - start));
    if (slice_equal(head, SLICE("extern"))) { // extern "C": what is inside stands outermost too
        walk->at = open + 1;
        return true;
    }
    walk->at = after_braces(walk->text, open);
    if (head.len == 0 || head.ptr[head.len - 1] != ')' || find_char(head, '=') != SIZE_MAX) {
        return false; // a struct, an enum or an initialiser: the item ends with its semicolon
    }
    check_body(walk, declared_name(head), open, walk->at);
    return true;
}

// One declaration or definition, from walk->at to its end.
static void check_item(struct walk *walk)
{
    size_t start = walk->at;
    while (walk->at < walk->text.len) {
        char byte = walk->text.ptr[walk->at];
        if (byte == ';') {
            check_variable(walk, start, walk->at);
            walk->at++;
            return;
        }
        if (byte == '}') { // the end of extern "C" { … }
            walk->at++;
            return;
        }
        if (byte != '{') {
            walk->at++;
        } else if (open_brace(walk, start)) {
            return;
        }
    }
}

void tidy_check_declarations(struct tidy *tidy, const struct tidy_source *source,
                             struct tidy_folder *folder)
{
    struct walk walk = { tidy, source, folder, blank_directives(&tidy->arena, source->code), 0 };
    while (walk.at < walk.text.len) {
        check_item(&walk);
    }
}
