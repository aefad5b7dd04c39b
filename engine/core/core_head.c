// Heads of the history: what an auditor notes, and looks for again later.
#include <stdio.h>
#include <string.h>

#include "engine/core/core_internal.h"

static bool digit_of(char c, uint8_t *ret_digit)
{
    if (c >= '0' && c <= '9') {
        *ret_digit = (uint8_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        *ret_digit = (uint8_t)(c - 'a' + 10);
    } else {
        return false;
    }
    return true;
}

bool core_head_parse(struct slice text, struct core_head *ret_head)
{
    struct core_head head = { .seq = 0 };
    size_t at = 0;
    for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
        if (head.seq > UINT64_MAX / 10 - 1) {
            return false;
        }
        head.seq = head.seq * 10 + (uint64_t)(text.ptr[at] - '0');
    }
    if (head.seq == 0 || at == text.len || text.ptr[at] != ':' ||
        text.len - at - 1 != 2 * sizeof(head.chain)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(head.chain); i++) {
        uint8_t high = 0, low = 0;
        if (!digit_of(text.ptr[at + 1 + 2 * i], &high) ||
            !digit_of(text.ptr[at + 2 + 2 * i], &low)) {
            return false;
        }
        head.chain[i] = (uint8_t)(high << 4 | low);
    }
    *ret_head = head;
    return true;
}

void core_head_print(struct buf *buf, const struct core_head *head)
{
    buf_format(buf, "%llu:", (unsigned long long)head->seq);
    for (size_t i = 0; i < sizeof(head->chain); i++) {
        buf_format(buf, "%02x", (unsigned)head->chain[i]);
    }
}

enum err core_verify_noted(struct store_reader *reader, const struct core_head *noted,
                           struct core_verify *verify)
{
    if (noted->seq == 0) {
        return OK;
    }
    struct arena arena;
    arena_init(&arena, STORE_RECORD_BYTES_MAX);
    uint8_t chain[STORE_CHAIN_BYTES];
    struct slice bytes;
    enum err err = store_reader_record(reader, noted->seq, &arena, &bytes, chain);
    arena_done(&arena);
    const char *text = NULL;
    if (err == ERR_NOT_FOUND) {
        text = "what was noted does not hold: this history has no record";
    } else if (err == OK && memcmp(chain, noted->chain, sizeof(chain)) != 0) {
        text = "what was noted does not hold: the history was changed at or before record";
    }
    if (text != NULL) {
        (void)snprintf(verify->message, sizeof(verify->message), "%s %llu", text,
                       (unsigned long long)noted->seq);
        return ERR_MISMATCH;
    }
    return err;
}
