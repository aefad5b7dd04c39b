#include "engine/calls/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct block {
    uint8_t bytes[16];
    uint8_t bits;
};

static bool is_in(const uint8_t *bytes, const struct block *block)
{
    for (unsigned bit = 0; bit < block->bits; bit += 8) {
        unsigned left = block->bits - bit;
        unsigned mask = left >= 8 ? 0xffU : (0xff00U >> left) & 0xffU;
        if (((unsigned)bytes[bit / 8] & mask) != block->bytes[bit / 8]) {
            return false;
        }
    }
    return true;
}

static bool is_public_v4(const uint8_t *bytes)
{
    static const struct block closed[] = { // RFC 6890 and what followed it
        { { 0 }, 8 }, { { 10 }, 8 }, { { 100, 64 }, 10 }, { { 127 }, 8 }, { { 169, 254 }, 16 },
        { { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 }, { { 192, 0, 2 }, 24 }, { { 192, 88, 99 }, 24 },
        { { 192, 168 }, 16 }, { { 198, 18 }, 15 }, { { 198, 51, 100 }, 24 },
        { { 203, 0, 113 }, 24 }, { { 224 }, 4 }, { { 240 }, 4 },
    };
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        if (is_in(bytes, &closed[i])) {
            return false;
        }
    }
    return true;
}

bool address_is_public(const struct address *address)
{
    static const struct block unicast = { { 0x20 }, 3 }, six_to_four = { { 0x20, 0x02 }, 16 },
                              teredo = { { 0x20, 0x01 }, 32 },
                              written = { { 0x20, 0x01, 0x0d, 0xb8 }, 32 },
                              mapped = { { [10] = 0xff, [11] = 0xff }, 96 },
                              translated = { { 0x00, 0x64, 0xff, 0x9b }, 96 };
    const uint8_t *bytes = address->bytes;
    if (!address->v6) {
        return is_public_v4(bytes);
    }
    if (is_in(bytes, &mapped) || is_in(bytes, &translated)) {
        return is_public_v4(bytes + 12);
    }
    if (is_in(bytes, &six_to_four)) {
        return is_public_v4(bytes + 2);
    }
    return is_in(bytes, &unicast) && !is_in(bytes, &teredo) && !is_in(bytes, &written);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->v6 == b->v6 && a->port == b->port &&
           memcmp(a->bytes, b->bytes, a->v6 ? 16 : 4) == 0;
}

bool address_from(const struct sockaddr *from, struct address *ret_address)
{
    *ret_address = (struct address){ 0 };
    if (from->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof(v4));
        memcpy(ret_address->bytes, &v4.sin_addr, 4);
        ret_address->port = ntohs(v4.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof(v6));
        memcpy(ret_address->bytes, &v6.sin6_addr, 16);
        ret_address->port = ntohs(v6.sin6_port);
        ret_address->v6 = true;
        return true;
    }
    return false;
}

bool address_parse(struct slice text, struct address *ret_address)
{
    char host[64];
    size_t colon = text.len;
    uint32_t port = 0;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    for (size_t i = colon; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || port > 65535) {
            return false;
        }
        port = port * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *ret_address = (struct address){ .port = (uint16_t)port };
    if (colon < 2 || port == 0 || port > 65535) {
        return false;
    }
    struct slice name = slice_sub(text, 0, colon - 1);
    ret_address->v6 = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    if (ret_address->v6) {
        name = slice_sub(name, 1, name.len - 2);
    }
    if (name.len >= sizeof(host)) {
        return false;
    }
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';
    return inet_pton(ret_address->v6 ? AF_INET6 : AF_INET, host, ret_address->bytes) == 1;
}
