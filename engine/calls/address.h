// Which addresses calls may reach: public ones, and those that the settings allow by name.
#ifndef RUNG_ENGINE_CALLS_ADDRESS_H
#define RUNG_ENGINE_CALLS_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sockaddr;

struct address {
    bool v6;
    uint8_t bytes[16]; // of IPv4 the first four
    uint16_t port;
};

// "127.0.0.1:8080", "[::1]:25"
bool address_parse(struct slice text, struct address *ret_address);
bool address_from(const struct sockaddr *from, struct address *ret_address);
bool address_equal(const struct address *a, const struct address *b);
// Neither loopback, private, link-local, shared, multicast nor reserved, also not by way of an
// IPv6 address that stands for an IPv4 one.
bool address_is_public(const struct address *address);

#endif
