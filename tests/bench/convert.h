// Leads that become one to four deals each while the engine is killed without warning: each
// command is said again under its request id until it is answered, and afterwards the journal must
// hold each lead once, converted once, with as many deals as it wanted.
#ifndef RUNG_TESTS_BENCH_CONVERT_H
#define RUNG_TESTS_BENCH_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

enum { CONVERT_CONNECTIONS_MAX = 64, CONVERT_DEALS_MAX = 4 };

struct convert_options {
    const char *data; // made anew
    uint32_t leads, kills, connections;
};

struct convert_result {
    uint32_t kills;         // done, each with a conversion that was said and not answered
    uint64_t in_flight;     // conversions said and not answered, at all kills together
    uint64_t decided;       // of them: the journal held them when the engine had come up again
    uint64_t said_again;    // commands
    uint64_t refused;
    double seconds, ready_p50_ms, ready_max_ms; // of the starts after kills
    uint64_t leads, conversions, deals, wanted; // in the journal; deals that were wanted
    uint64_t lost;    // leads or deals that were answered or wanted and are not there
    uint64_t doubled; // leads, conversions or deals too many
    uint64_t open;    // what the engine says is open
    bool verified;    // rung verify: replay equals view, nothing is asleep
};

// False: it could not be done; see stderr.
bool convert_run(const struct convert_options *options, struct convert_result *ret_result);

#endif
