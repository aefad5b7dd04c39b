#include "engine/calls/mail.h"

#include "base/pack.h"
#include "base/utf8.h"
#include "base/value.h"

enum { LINE_BYTES = 57, WORD_BYTES = 45 }; // of base64: 76 and 60 characters

struct writer {
    const struct mail_call *call;
    struct arena *arena;
    struct slice problem; // the first one
};

static bool wrong(struct writer *writer, struct slice sentence)
{
    writer->problem = writer->problem.len > 0 ? writer->problem : sentence;
    return false;
}

// --- templates -----------------------------------------------------------------------------------

static void put_param(struct writer *writer, struct slice name, struct buf *to)
{
    struct slice raw = pack_map_find(writer->call->form, name);
    struct unpack unpack;
    if (raw.len == 0) {
        (void)wrong(writer, arena_format(writer->arena, "the call has no parameter `%.*s`",
                                         SLICE_PRINT(name)));
        return;
    }
    unpack_init(&unpack, raw);
    struct value value = value_unpack(&unpack, writer->arena);
    if (value.kind == VALUE_TEXT) {
        buf_put_slice(to, value.text);
    } else if (value.kind != VALUE_EMPTY) {
        value_print(to, &value);
    }
}

// `{name}` is a parameter, `{{` a brace.
static struct slice fill(struct writer *writer, struct slice pattern)
{
    struct buf text;
    buf_init(&text, MAIL_BYTES_MAX);
    for (size_t i = 0; i < pattern.len; i++) {
        struct slice rest = slice_sub(pattern, i, pattern.len);
        const char *end = rest.ptr[0] == '{' ? memchr(rest.ptr, '}', rest.len) : NULL;
        if (slice_starts(rest, SLICE("{{"))) {
            buf_put_char(&text, '{');
            i++;
        } else if (end != NULL) {
            size_t len = (size_t)(end - rest.ptr);
            put_param(writer, slice_sub(rest, 1, len - 1), &text);
            i += len;
        } else {
            buf_put_char(&text, rest.ptr[0]);
        }
    }
    if (text.overflow) {
        (void)wrong(writer, SLICE("the letter is longer than MAIL_BYTES_MAX"));
    }
    struct slice copy = arena_copy(writer->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

// --- addresses -----------------------------------------------------------------------------------

// Plain ASCII without anything that means something in a head or in SMTP.
static bool is_address(struct slice text)
{
    size_t at = 0;
    uint32_t marks = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c >= 0x7f || strchr("<>()[],;:\\\"", c) != NULL) {
            return false;
        }
        if (c == '@') {
            marks++;
            at = i;
        }
    }
    return marks == 1 && at > 0 && at + 1 < text.len && text.len <= MAIL_ADDRESS_BYTES_MAX;
}

// "Desk <desk@example.com>" → its two parts.
static bool split_sender(struct slice text, struct slice *ret_name, struct slice *ret_address)
{
    const char *open = text.len > 0 ? memchr(text.ptr, '<', text.len) : NULL;
    *ret_name = SLICE_EMPTY;
    *ret_address = slice_trim(text, " ");
    if (open != NULL && text.ptr[text.len - 1] == '>') {
        size_t at = (size_t)(open - text.ptr);
        *ret_name = slice_trim(slice_sub(text, 0, at), " ");
        *ret_address = slice_sub(text, at + 1, text.len - at - 2);
    }
    return is_address(*ret_address);
}

bool mail_is_sender(struct slice text)
{
    struct slice name, address;
    return split_sender(text, &name, &address);
}

static const char *in_brackets(struct arena *arena, struct slice address)
{
    return arena_format(arena, "<%.*s>", SLICE_PRINT(address)).ptr;
}

// Recipients are cut apart before they are filled in, so that a parameter is one of them at most.
static bool take_recipients(struct writer *writer, struct slice pattern, struct mail *mail)
{
    while (pattern.len > 0) {
        const char *comma = memchr(pattern.ptr, ',', pattern.len);
        size_t len = comma != NULL ? (size_t)(comma - pattern.ptr) : pattern.len;
        struct slice address = slice_trim(fill(writer, slice_sub(pattern, 0, len)), " ");
        pattern = slice_sub(pattern, len + 1, pattern.len);
        if (address.len == 0) {
            continue; // a parameter that is empty
        }
        if (!is_address(address)) {
            return wrong(writer, arena_format(writer->arena,
                                              "`%.*s` is no address that a letter can go to",
                                              SLICE_PRINT(slice_sub(address, 0, 100))));
        }
        if (mail->to_count == MAIL_TO_MAX) {
            return wrong(writer, SLICE("a letter goes to at most MAIL_TO_MAX addresses"));
        }
        mail->to[mail->to_count++] = in_brackets(writer->arena, address);
    }
    return mail->to_count > 0 || wrong(writer, SLICE("the letter has no recipient"));
}

// --- MIME ----------------------------------------------------------------------------------------

static void put_base64(struct buf *to, struct slice bytes)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t group = 0;
        size_t count = bytes.len - i < 3 ? bytes.len - i : 3;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (k < count ? (unsigned char)bytes.ptr[i + k] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            buf_put_char(to, k <= count ? digits[group >> (18 - 6 * k) & 63] : '=');
        }
    }
}

// A text in a head: as it is, or as encoded words (RFC 2047); control characters become blanks.
static void put_words(struct writer *writer, struct buf *to, struct slice text)
{
    char *clean = arena_alloc_raw(writer->arena, text.len + 1);
    bool plain = text.len <= 60;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        clean[i] = c < ' ' || c == 0x7f ? ' ' : text.ptr[i];
        plain = plain && c >= ' ' && c < 0x7f && c != '=' && c != '"' && c != '\\';
    }
    if (plain) {
        buf_put(to, clean, text.len);
        return;
    }
    for (size_t at = 0; at < text.len;) {
        size_t end = text.len - at > WORD_BYTES ? at + WORD_BYTES : text.len;
        while (end < text.len && end > at + 1 && ((unsigned char)clean[end] & 0xc0) == 0x80) {
            end--; // not within a character
        }
        buf_put_cstr(to, at > 0 ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
        put_base64(to, slice_make(clean + at, end - at));
        buf_put_cstr(to, "?=");
        at = end;
    }
}

static void put_date(struct buf *to, uint64_t now_ms)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; // 1970-01-01 was a Thursday
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t year = 0;
    unsigned month = 1, day = 1;
    uint64_t seconds = now_ms / 1000;
    uint64_t number = seconds / 86400;
    civil_from_days((int64_t)number, &year, &month, &day);
    buf_format(to, "Date: %.3s, %02u %.3s %04d %02u:%02u:%02u +0000\r\n", days + 3 * (number % 7),
               day, months + 3 * (month - 1), (int)year, (unsigned)(seconds / 3600 % 24),
               (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static void put_sender(struct writer *writer, struct buf *to, struct slice name,
                       struct slice address)
{
    buf_put_cstr(to, "From: ");
    if (name.len > 0) {
        put_words(writer, to, name);
        buf_put_char(to, ' ');
    }
    buf_format(to, "<%.*s>\r\n", SLICE_PRINT(address));
}

static void put_head(struct writer *writer, const struct settings_section *section,
                     const struct mail *mail, struct buf *to)
{
    struct slice name, address;
    (void)split_sender(section->from, &name, &address);
    const char *at = memchr(address.ptr, '@', address.len);
    struct slice domain = slice_sub(address, (size_t)(at - address.ptr) + 1, address.len);
    put_date(to, writer->call->now_ms);
    put_sender(writer, to, name, address);
    for (uint32_t i = 0; i < mail->to_count; i++) {
        buf_format(to, "%s%s", i == 0 ? "To: " : ",\r\n ", mail->to[i]);
    }
    buf_put_cstr(to, "\r\nSubject: ");
    put_words(writer, to, fill(writer, section->subject));
    buf_format(to, "\r\nMessage-ID: <%.*s@%.*s>\r\nIdempotency-Key: %.*s\r\n",
               SLICE_PRINT(writer->call->key), SLICE_PRINT(domain), SLICE_PRINT(writer->call->key));
    for (uint32_t i = 0; i < section->header_count; i++) {
        buf_format(to, "%s\r\n", section->headers[i]);
    }
    buf_put_cstr(to, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n");
}

static void put_body(struct writer *writer, struct slice text, struct buf *to)
{
    struct buf lines;
    buf_init(&lines, 2 * MAIL_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        bool bare = text.ptr[i] == '\n' && (i == 0 || text.ptr[i - 1] != '\r');
        buf_put(&lines, "\r", bare ? 1 : 0);
        buf_put_char(&lines, text.ptr[i]);
    }
    for (size_t at = 0; at < lines.len; at += LINE_BYTES) {
        put_base64(to, slice_sub(buf_slice(&lines), at, LINE_BYTES));
        buf_put_cstr(to, "\r\n");
    }
    if (lines.overflow) {
        (void)wrong(writer, SLICE("the letter is longer than MAIL_BYTES_MAX"));
    }
    buf_done(&lines);
}

bool mail_make(const struct settings_section *section, const struct mail_call *call,
               struct arena *arena, struct mail *ret_mail, struct slice *ret_problem)
{
    struct writer writer = { .call = call, .arena = arena };
    struct slice name, address;
    struct buf text;
    *ret_mail = (struct mail){ .to_count = 0 };
    buf_init(&text, 2 * MAIL_BYTES_MAX);
    if (!split_sender(section->from, &name, &address) || section->to.len == 0 ||
        section->text.len == 0) {
        (void)wrong(&writer,
                    SLICE("the settings do not say `from`, `to` and `text` for this call"));
    } else if (take_recipients(&writer, section->to, ret_mail)) {
        ret_mail->from = in_brackets(arena, address);
        put_head(&writer, section, ret_mail, &text);
        put_body(&writer, fill(&writer, section->text), &text);
        if (text.overflow) {
            (void)wrong(&writer, SLICE("the letter is longer than MAIL_BYTES_MAX"));
        }
        ret_mail->text = arena_copy(arena, buf_slice(&text));
    }
    buf_done(&text);
    *ret_problem = writer.problem;
    return writer.problem.len == 0;
}
