// What words of the wire may be: methods, headers; and which words must not come back.
#include "engine/calls/settings.h"

enum { SECRET_BYTES_MIN = 6, WORD_BYTES_MIN = 8 }; // shorter ones stand in many a text by chance

const char *settings_method(struct slice name)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (slice_equal(name, slice_from_cstr(methods[i]))) {
            return methods[i];
        }
    }
    return NULL;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool settings_same_header(struct slice name, struct slice text)
{
    bool same = name.len == text.len;
    for (size_t i = 0; same && i < name.len; i++) {
        same = lower(name.ptr[i]) == lower(text.ptr[i]);
    }
    return same;
}

bool settings_is_own_header(struct slice name)
{
    // What frames a message, whom it is for, and the key by which repeats are told.
    static const char *const own[] = {
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "expect", "te",
        "trailer", "upgrade", "http2-settings", "proxy-authorization", "proxy-connection",
        "idempotency-key", "message-id",
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (settings_same_header(name, slice_from_cstr(own[i]))) {
            return true;
        }
    }
    return false;
}

bool settings_is_header_name(struct slice text) // RFC 9110, token
{
    for (size_t i = 0; i < text.len; i++) {
        char c = lower(text.ptr[i]);
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return text.len > 0;
}

bool settings_is_header_value(struct slice text)
{
    bool says = false;
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            return false;
        }
        says = says || text.ptr[i] != ' ';
    }
    return says;
}

bool settings_holds(struct slice text, struct slice part)
{
    while (part.len > 0 && text.len >= part.len) {
        const char *at = memchr(text.ptr, part.ptr[0], text.len - part.len + 1);
        if (at == NULL) {
            return false;
        }
        text = slice_sub(text, (size_t)(at - text.ptr), text.len);
        if (slice_starts(text, part)) {
            return true;
        }
        text = slice_sub(text, 1, text.len);
    }
    return part.len == 0;
}

bool settings_repeats_secret(const struct settings_section *section, struct slice text)
{
    for (uint32_t i = 0; i < section->secret_count; i++) {
        struct slice secret = section->secrets[i];
        size_t last = secret.len;
        while (last > 0 && secret.ptr[last - 1] != ' ') { // "Bearer 12345…"
            last--;
        }
        struct slice word = slice_sub(secret, last, secret.len);
        if ((secret.len >= SECRET_BYTES_MIN && settings_holds(text, secret)) ||
            (last > 0 && word.len >= WORD_BYTES_MIN && settings_holds(text, word))) {
            return true;
        }
    }
    return false;
}
