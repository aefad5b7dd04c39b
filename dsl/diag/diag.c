#include "dsl/diag/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/utf8.h"

struct code_info {
    const char *name;
    const char *slug;
    const char *sentence;
    enum diag_level level;
};

static const struct code_info infos[DIAG_CODE_COUNT] = {
#define DIAG(code, level, slug, sentence) [DIAG_##code] = { #code, slug, sentence, DIAG_##level },
#include "dsl/diag/diag.def"
#undef DIAG
};

const char *diag_code_name(enum diag_code code) { return infos[code].name; }

const char *diag_code_slug(enum diag_code code) { return infos[code].slug; }

bool diag_code_find(struct slice name, enum diag_code *ret_code)
{
    for (unsigned code = 0; code < DIAG_CODE_COUNT; code++) {
        if (slice_equal(slice_from_cstr(infos[code].name), name)) {
            *ret_code = (enum diag_code)code;
            return true;
        }
    }
    return false;
}

// ------------------------------------------------------------------------------------ adding

void diags_init(struct diags *diags, struct arena *arena, const struct source_set *sources)
{
    *diags = (struct diags){ .arena = arena, .sources = sources };
}

static struct span clamp(const struct diags *diags, struct span span)
{
    CHECK(span.file < diags->sources->count);
    uint32_t len = (uint32_t)diags->sources->files[span.file].text.len;
    span.start = span.start < len ? span.start : len;
    span.end = span.end < len ? span.end : len;
    span.end = span.end > span.start ? span.end : span.start;
    return span;
}

struct diag *diag_add(struct diags *diags, enum diag_code code, struct span primary)
{
    CHECK(code < DIAG_CODE_COUNT && !diags->finished);
    primary = clamp(diags, primary);
    enum diag_level level = infos[code].level;
    diags->error_count += level == DIAG_ERROR ? 1 : 0;
    diags->warning_count += level == DIAG_WARNING ? 1 : 0;
    struct diag *diag = &diags->spare;
    if (diags->kept[primary.file] == DIAG_KEPT_PER_FILE_MAX) {
        diags->dropped[primary.file]++;
    } else {
        diags->kept[primary.file]++;
        if (diags->count == diags->capacity) {
            uint32_t capacity = diags->capacity > 0 ? diags->capacity * 2 : 32;
            struct diag **items = ARENA_ARRAY(diags->arena, struct diag *, capacity);
            if (diags->count > 0) {
                memcpy(items, diags->items, diags->count * sizeof(struct diag *));
            }
            diags->items = items;
            diags->capacity = capacity;
        }
        diag = ARENA_NEW(diags->arena, struct diag);
        diags->items[diags->count++] = diag;
    }
    *diag = (struct diag){ .owner = diags, .code = code, .level = level, .primary = primary };
    return diag;
}

// Messages that are thrown away (the spare one) cost no memory.
static bool is_spare(const struct diag *diag) { return diag == &diag->owner->spare; }

// Words of the file are quoted in messages: what is not text, or could steer a terminal, is not.
static bool is_showable(uint32_t code)
{
    return code != UTF8_BAD && (code >= 0x20 || code == '\n') && (code < 0x7f || code >= 0xa0) &&
           !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

static struct slice copy_showable(struct arena *arena, struct slice text)
{
    char *to = arena_alloc_raw(arena, text.len * 3 + 1); // U+FFFD has three bytes
    size_t len = 0;
    size_t at = 0;
    while (at < text.len) {
        size_t bytes;
        if (is_showable(utf8_decode(text, at, &bytes))) {
            memcpy(to + len, text.ptr + at, bytes);
            len += bytes;
        } else {
            len += utf8_encode(UTF8_BAD, to + len);
        }
        at += bytes;
    }
    return slice_make(to, len);
}

static struct slice format_text(const struct diag *diag, const char *format, va_list args)
    ATTR_PRINTF(2, 0);

static struct slice format_text(const struct diag *diag, const char *format, va_list args)
{
    char text[1024];
    int length = vsnprintf(text, sizeof(text), format, args);
    CHECK(length >= 0);
    size_t len = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    if (len == sizeof(text) - 1) { // cut, but not inside a character
        while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80) {
            len--;
        }
        len -= len > 0 && (unsigned char)text[len - 1] >= 0xc0 ? 1 : 0;
    }
    return copy_showable(diag->owner->arena, slice_make(text, len));
}

void diag_fact(struct diag *diag, struct slice fact)
{
    if (!is_spare(diag) && diag->fact_count < DIAG_FACTS_MAX) {
        diag->facts[diag->fact_count++] = copy_showable(diag->owner->arena, fact);
    }
}

void diag_fact_format(struct diag *diag, const char *format, ...)
{
    if (!is_spare(diag) && diag->fact_count < DIAG_FACTS_MAX) {
        va_list args;
        va_start(args, format);
        diag->facts[diag->fact_count++] = format_text(diag, format, args);
        va_end(args);
    }
}

void diag_here(struct diag *diag, const char *format, ...)
{
    if (!is_spare(diag)) {
        va_list args;
        va_start(args, format);
        diag->primary_label = format_text(diag, format, args);
        va_end(args);
    }
}

void diag_label(struct diag *diag, struct span span, const char *format, ...)
{
    if (!is_spare(diag) && diag->label_count < DIAG_LABELS_MAX) {
        va_list args;
        va_start(args, format);
        struct diag_label *label = &diag->labels[diag->label_count++];
        label->span = clamp(diag->owner, span);
        label->text = format_text(diag, format, args);
        va_end(args);
    }
}

void diag_note(struct diag *diag, const char *format, ...)
{
    if (!is_spare(diag) && diag->note_count < DIAG_NOTES_MAX) {
        va_list args;
        va_start(args, format);
        struct slice note = format_text(diag, format, args);
        va_end(args);
        for (uint32_t i = 0; i < diag->note_count; i++) {
            if (slice_equal(diag->notes[i], note)) {
                return; // a fact is stated once, however many places show it
            }
        }
        diag->notes[diag->note_count++] = note;
    }
}

void diag_help(struct diag *diag, const char *format, ...)
{
    if (!is_spare(diag) && diag->help_count < DIAG_HELPS_MAX) {
        va_list args;
        va_start(args, format);
        diag->helps[diag->help_count++].text = format_text(diag, format, args);
        va_end(args);
    }
}

void diag_help_edit(struct diag *diag, enum diag_fix fix, struct span span,
                    struct slice replacement, const char *format, ...)
{
    CHECK(fix != DIAG_FIX_NONE);
    if (!is_spare(diag) && diag->help_count < DIAG_HELPS_MAX) {
        va_list args;
        va_start(args, format);
        struct diag_help *help = &diag->helps[diag->help_count++];
        help->text = format_text(diag, format, args);
        help->fix = fix;
        help->span = clamp(diag->owner, span);
        help->replacement = arena_copy(diag->owner->arena, replacement);
        va_end(args);
    }
}

struct slice diag_sentence(const struct diag *diag)
{
    struct buf out;
    buf_init(&out, 16 * 1024);
    for (const char *at = infos[diag->code].sentence; *at != '\0'; at++) {
        if (at[0] == '{' && at[1] >= '1' && at[1] <= '0' + DIAG_FACTS_MAX && at[2] == '}') {
            buf_put_slice(&out, diag->facts[at[1] - '1']);
            at += 2;
        } else {
            buf_put_char(&out, *at);
        }
    }
    struct slice sentence = arena_copy(diag->owner->arena, buf_slice(&out));
    buf_done(&out);
    return sentence;
}

// ------------------------------------------------------------------------------------ finishing

static int compare_diags(const struct diag *a, const struct diag *b)
{
    if (a->primary.file != b->primary.file) {
        return a->primary.file < b->primary.file ? -1 : 1;
    }
    if (a->primary.start != b->primary.start) {
        return a->primary.start < b->primary.start ? -1 : 1;
    }
    if (a->code != b->code) {
        return a->code < b->code ? -1 : 1;
    }
    return a->primary.end < b->primary.end ? -1 : a->primary.end > b->primary.end;
}

// Merge sort: stable, so that equal messages keep the order in which the passes gave them.
static void sort_diags(struct diag **items, struct diag **spare, uint32_t count)
{
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t from = 0; from < count; from += 2 * width) {
            uint32_t middle = from + width < count ? from + width : count;
            uint32_t end = middle + width < count ? middle + width : count;
            uint32_t left = from;
            uint32_t right = middle;
            for (uint32_t at = from; at < end; at++) {
                bool take_left =
                    left < middle &&
                    (right == end || compare_diags(items[left], items[right]) <= 0);
                spare[at] = take_left ? items[left++] : items[right++];
            }
        }
        memcpy(items, spare, count * sizeof(struct diag *));
    }
}

// Of the text itself, or of how it is put together.
static bool is_syntax(const struct diag *diag)
{
    const char *name = infos[diag->code].name;
    return name[0] == 'E' && name[1] == '0' && (name[2] == '1' || name[2] == '2');
}

static void drop(struct diags *diags, const struct diag *diag)
{
    if (diag->level == DIAG_ERROR) {
        diags->error_count--;
    } else {
        diags->warning_count--;
    }
}

// A brace or a quote that is not closed moves everything behind it into another place.
static bool breaks_structure(const struct diag *diag)
{
    return diag->code == DIAG_E0104 || diag->code == DIAG_E0106 || diag->code == DIAG_E0210 ||
           diag->code == DIAG_E0211 || diag->code == DIAG_E0214;
}

// Says that a name is not known. While an imported file cannot be found, its names are missing
// everywhere, and that is said once, at the import.
static bool is_unknown_name(const struct diag *diag)
{
    return (diag->code >= DIAG_E0301 && diag->code <= DIAG_E0309) || diag->code == DIAG_E0314 ||
           diag->code == DIAG_E0316 ||
           diag->code == DIAG_E0318 || diag->code == DIAG_E0341 || diag->code == DIAG_E0350;
}

// What a line seems to mean is no news while it cannot be read, and neither is anything while the
// structure of a file is open. On a line with an open text only that is said.
static void drop_follow_ons(struct diags *diags)
{
    uint32_t kept = 0;
    uint32_t from = 0;
    bool broken = false;
    bool lost = false;
    for (uint32_t i = 0; i < diags->count; i++) {
        broken = broken || breaks_structure(diags->items[i]);
        lost = lost || diags->items[i]->code == DIAG_E0312;
    }
    while (from < diags->count) {
        const struct source_file *file = source_file(diags->sources,
                                                     diags->items[from]->primary.file);
        uint32_t line = source_line(file, diags->items[from]->primary.start);
        uint32_t end = from;
        bool unreadable = broken;
        bool open_text = false;
        while (end < diags->count &&
               diags->items[end]->primary.file == diags->items[from]->primary.file &&
               source_line(file, diags->items[end]->primary.start) == line) {
            unreadable = unreadable || is_syntax(diags->items[end]);
            open_text = open_text || diags->items[end]->code == DIAG_E0104;
            end++;
        }
        for (; from < end; from++) {
            bool follows = (unreadable && !is_syntax(diags->items[from])) ||
                           (lost && is_unknown_name(diags->items[from])) ||
                           (open_text && diags->items[from]->code != DIAG_E0104);
            if (follows) {
                drop(diags, diags->items[from]);
            } else {
                diags->items[kept++] = diags->items[from];
            }
        }
    }
    diags->count = kept;
}

void diag_finish(struct diags *diags)
{
    CHECK(!diags->finished);
    diags->finished = true;
    if (diags->count == 0) {
        return;
    }
    sort_diags(diags->items, ARENA_ARRAY(diags->arena, struct diag *, diags->count), diags->count);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < diags->count; i++) {
        struct diag *diag = diags->items[i];
        if (compare_diags(diags->items[kept - 1], diag) != 0) {
            diags->items[kept++] = diag;
        } else {
            drop(diags, diag);
        }
    }
    diags->count = kept;
    drop_follow_ons(diags);
}

uint32_t diag_apply_edits(const struct diags *diags, uint32_t file, struct buf *out)
{
    CHECK(diags->finished);
    struct slice text = diags->sources->files[file].text;
    uint32_t made = 0;
    size_t done = 0; // bytes of the text that are written or replaced
    size_t last_insert = SIZE_MAX;
    while (true) {
        const struct diag_help *next = NULL;
        for (uint32_t i = 0; i < diags->count; i++) {
            const struct diag *diag = diags->items[i];
            for (uint32_t h = 0; h < diag->help_count; h++) {
                const struct diag_help *help = &diag->helps[h];
                bool fits = help->fix == DIAG_FIX_SAFE && help->span.file == file &&
                            help->span.start >= done &&
                            !(help->span.end == done && last_insert == done);
                if (fits && (next == NULL || help->span.start < next->span.start)) {
                    next = help;
                }
            }
        }
        if (next == NULL) {
            break;
        }
        buf_put_slice(out, slice_sub(text, done, next->span.start - done));
        buf_put_slice(out, next->replacement);
        done = next->span.end;
        last_insert = done;
        made++;
    }
    buf_put_slice(out, slice_sub(text, done, text.len));
    return made;
}
