// Messages as JSON, one object per line, in the order of the text rendering.
#include "base/check.h"
#include "base/utf8.h"
#include "dsl/diag/diag.h"

static void put_string(struct buf *out, struct slice text)
{
    buf_put_char(out, '"');
    size_t at = 0;
    while (at < text.len) {
        size_t bytes;
        uint32_t code = utf8_decode(text, at, &bytes);
        if (code == '"' || code == '\\') {
            buf_format(out, "\\%c", (char)code);
        } else if (code == '\n') {
            buf_put_cstr(out, "\\n");
        } else if (code < 0x20) {
            buf_format(out, "\\u%04x", code);
        } else if (code == UTF8_BAD) {
            buf_put_cstr(out, "\xef\xbf\xbd");
        } else {
            buf_put(out, text.ptr + at, bytes);
        }
        at += bytes;
    }
    buf_put_char(out, '"');
}

static void put_member(struct buf *out, const char *name, struct slice text)
{
    buf_format(out, ",\"%s\":", name);
    put_string(out, text);
}

static void put_span(struct buf *out, const struct source_set *sources, struct span span)
{
    const struct source_file *file = &sources->files[span.file];
    buf_put_cstr(out, "\"file\":");
    put_string(out, file->name);
    buf_format(out, ",\"line\":%u,\"column\":%u,\"start\":%u,\"end\":%u",
               source_line(file, span.start), source_column(file, span.start), span.start,
               span.end);
}

static void put_labels(struct buf *out, const struct diag *diag)
{
    buf_put_cstr(out, ",\"labels\":[");
    for (uint32_t i = 0; i < diag->label_count; i++) {
        buf_put_cstr(out, i > 0 ? ",{" : "{");
        put_span(out, diag->owner->sources, diag->labels[i].span);
        put_member(out, "text", diag->labels[i].text);
        buf_put_char(out, '}');
    }
    buf_put_char(out, ']');
}

static void put_texts(struct buf *out, const char *name, const struct slice *texts,
                      uint32_t count)
{
    buf_format(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) {
        buf_put_cstr(out, i > 0 ? "," : "");
        put_string(out, texts[i]);
    }
    buf_put_char(out, ']');
}

static void put_helps(struct buf *out, const struct diag *diag)
{
    static const char *const fixes[] = { "none", "safe", "guess", "placeholder" };
    buf_put_cstr(out, ",\"helps\":[");
    for (uint32_t i = 0; i < diag->help_count; i++) {
        const struct diag_help *help = &diag->helps[i];
        buf_put_cstr(out, i > 0 ? ",{\"text\":" : "{\"text\":");
        put_string(out, help->text);
        if (help->fix != DIAG_FIX_NONE) {
            buf_format(out, ",\"fix\":\"%s\",", fixes[help->fix]);
            put_span(out, diag->owner->sources, help->span);
            put_member(out, "replacement", help->replacement);
        }
        buf_put_char(out, '}');
    }
    buf_put_char(out, ']');
}

void diag_render_json(const struct diags *diags, struct buf *out)
{
    CHECK(diags->finished);
    for (uint32_t i = 0; i < diags->count; i++) {
        const struct diag *diag = diags->items[i];
        buf_format(out, "{\"code\":\"%s\",\"slug\":\"%s\",\"level\":\"%s\",\"message\":",
                   diag_code_name(diag->code), diag_code_slug(diag->code),
                   diag->level == DIAG_ERROR ? "error" : "warning");
        put_string(out, diag_sentence(diag));
        buf_put_char(out, ',');
        put_span(out, diags->sources, diag->primary);
        put_member(out, "label", diag->primary_label);
        put_labels(out, diag);
        put_texts(out, "notes", diag->notes, diag->note_count);
        put_texts(out, "facts", diag->facts, diag->fact_count);
        put_helps(out, diag);
        buf_put_cstr(out, "}\n");
    }
}
