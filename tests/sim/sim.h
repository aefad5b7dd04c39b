// The simulator: the whole engine (shell, core, store over a disk that can lose power) and its
// clients in one thread, on a virtual clock, every decision drawn from one seed. See
// docs/testing.md.
#ifndef RUNG_TESTS_SIM_SIM_H
#define RUNG_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/prng.h"
#include "engine/shell/engine.h"
#include "tests/sim/model.h"
#include "tests/sim/outside.h"
#include "tests/store/scratch.h"

// Which promise was broken; also the exit code of a run.
enum sim_oracle {
    ORACLE_NONE = 0,
#define ORACLE(CODE, number, name, sentence) ORACLE_##CODE = number,
#include "tests/sim/oracle.def"
#undef ORACLE
};
const char *sim_oracle_name(enum sim_oracle oracle);

enum {
    SIM_CLIENTS_MAX = 6,
    SIM_CONNS_MAX = 2 * SIM_CLIENTS_MAX,
    SIM_REQUESTS_MAX = 900, // of one client: fewer than the engine's window
    SIM_SUBS_MAX = 4,       // of one connection
    SIM_USERS = 7
};

struct sim_options { // all drawn from the seed
    uint64_t seed;
    bool lite, verbose;
    uint32_t ticks, clients, flush_rows, flush_ms;
    uint32_t crash, power, cut, io_error, full, reset, slow, leap, pass; // per million and tick
    uint32_t core_turn, shell_turn, flusher_turn, writer_turn, follower_turn; // likewise
    uint32_t drop_index; // per million and start
    bool writer; // batches are decided while the last one is written
};

enum sim_request_state { REQUEST_OPEN, REQUEST_ACCEPTED, REQUEST_REFUSED };
struct sim_request {
    enum sim_request_state state;
    struct slice method, params; // params without the id: packed pairs
    uint32_t pairs;
    struct slice answer;         // first accepted result
    uint64_t seq;                // of its record, from the journal; 0: none seen
    uint64_t sent_tick, first_ms; // last sent; first sent, by the steady clock
    uint32_t sent, sent_before; // in all; before the answer was known
};

struct sim_client {
    char name[16];
    struct sim_request requests[SIM_REQUESTS_MAX];
    uint32_t request_count;
    uint32_t open; // requests without an answer
    uint32_t questions;
};

struct sim_sub {
    uint64_t instance, last; // last record told
    bool live, asked;        // asked: the answer to `subscribe` has not come yet
    uint32_t msgid;
};

// What is asked beside commands.
enum sim_ask {
    ASK_SHOW, ASK_HISTORY, ASK_RECORDS, ASK_INBOX, ASK_STATS, ASK_CALLS, ASK_MOVES, ASK_USERS,
    ASK_SEARCH, ASK_PROCESSES, ASK_INCIDENTS, ASK_PEOPLE, ASK_HOLDINGS, ASK_DUPLICATES, ASK_WHY,
    ASK_NEXT_DUE, SIM_ASK_KINDS
};
enum { SIM_QUESTIONS_MAX = 32 }; // of one connection, without an answer
struct sim_question {
    uint32_t msgid; // 0: none
    enum sim_ask kind;
    uint64_t instance, from, asked_seq; // asked_seq: the newest record when it was asked
    uint32_t user;
    bool indexed, known; // there was a search index then; there was that user
};

struct sim_conn {
    bool open;
    uint64_t conn;
    uint32_t client;
    bool said_hello, reading, slow, ended;
    bool blocked;       // the server waits for room
    struct buf to_server;
    struct buf parse;   // from the server, not yet a whole message
    struct buf to_client; // whole messages on their way
    struct sim_sub subs[SIM_SUBS_MAX];
    struct sim_question questions[SIM_QUESTIONS_MAX];
};

struct sim_record { // of the journal, as first read after its commit
    uint64_t hash, now_ms;
    enum command_kind command;
    uint32_t open, ended; // cases after it
};

struct sim_counts {
    uint64_t ticks, crashes, power_losses, cuts, io_errors, fulls, retries, duplicates,
        acknowledged, refused, repeated, timers, overdue, flushes, commits, resets, pushes, records,
        verifies, leaps, sent, replayed, convertions, reopens, deploys, moved, held,
        handed_over, absences,
        tries, lost, done_again, said_again, given_up, messages, kept, begun,
        of_team, in_place, hand_overs, ranked, searches, found, filings, dropped_indexes,
        answers_amid, answers_exact, bounds_tried, kept_full, calls_full, for_hours,
        failed;
};

enum { SIM_PAST_MAX = 64 };
struct sim_past {
    uint64_t instance, seq, hash;
};

struct world {
    struct sim_options options;
    struct prng prng_work, prng_net, prng_fault, prng_turn, prng_disk;
    struct scratch scratch;
    struct engine engine;
    bool up;
    struct clock clock;
    uint64_t wall_ms, steady_us;
    struct transport transport;
    struct worker worker;
    struct command_program programs[9]; // of the version in hand
    uint32_t program_count;
    struct store_reader *reader;
    struct view *view;
    struct sim_conn conns[SIM_CONNS_MAX];
    struct sim_client clients[SIM_CLIENTS_MAX];
    struct sim_counts counts;
    struct arena arena;   // of the run
    struct arena passing; // of one step
    struct buf packed;
    // what the journal is known to hold
    struct sim_record *records; // by seq - 1
    uint64_t record_count, record_capacity;
    uint64_t durable_seq; // committed with a sync
    struct sim_past past[SIM_PAST_MAX]; // rows of cases as they once were
    uint32_t past_count;
    struct sim_expected *expected; // by case - 1: what a plan said (versions.c)
    struct model *model;
    struct outside outside;
    bool faults; // off in the liveness phase
    uint32_t lull; // ticks for which nobody begins anything new
    // result
    enum sim_oracle broken;
    char message[500];
    uint64_t trace; // hash
};

// The first one stays.
void sim_break(struct world *world, enum sim_oracle oracle, const char *format, ...)
    ATTR_PRINTF(3, 4);
void sim_trace(struct world *world, const char *format, ...) ATTR_PRINTF(2, 3);
static inline uint64_t sim_hash(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * 1099511628211u;
    }
    return hash;
}
#define SIM_HASH_START 14695981039346656037u

// world.c: one run. Gives the oracle that broke.
struct sim_result {
    enum sim_oracle broken;
    char message[500];
    uint64_t trace, unseed, files;
    struct sim_counts counts;
};
void sim_run(uint64_t seed, bool lite, bool verbose, struct sim_result *ret_result);

// What follows a commit that was made beside the ticks.
void world_committed(struct world *world);

// bounds.c
void bounds_reach(struct world *world); // the next one; between batches

// net.c
void net_init(struct world *world);
void net_done(struct world *world);
void net_tick(struct world *world);
void net_drop_all(struct world *world); // the server is gone
void net_reset(struct world *world, struct sim_conn *conn);
struct sim_conn *net_open(struct world *world, uint32_t client); // NULL: no room
void net_send(struct sim_conn *conn, struct slice frame);

// versions.c
void versions_deploy(struct world *world); // another version of the processes, at once
void versions_take(struct world *world, const struct record *record); // what became of cases
void versions_check(struct world *world); // at rest: each has come along, or stays for a reason

// work.c
void work_init(struct world *world);
void work_tick(struct world *world);
bool work_is_quiet(const struct world *world); // nothing is open, nothing on its way
// Retries what has no answer. True: nothing is open any more.
bool work_settle(struct world *world);
// A whole message that reached the client.
void work_take(struct world *world, struct sim_conn *conn, struct slice message);
bool work_pushes_complete(struct world *world);

// A question over that connection. Gives its msgid.
uint32_t work_ask(struct world *world, struct sim_conn *conn, const char *method,
                  struct slice map);
struct sim_conn *work_connection(struct world *world); // the first client's; NULL: none

// questions.c
// Any question, about that case or anybody.
void questions_ask(struct world *world, struct sim_conn *conn, const struct model_case *c);
// The answer leaves the server.
void questions_answered(struct world *world, struct sim_conn *conn, uint32_t msgid,
                        struct slice error, struct slice result);
// Asks the next ones of all, from `*number` on. True: all were asked and answered.
bool questions_settle(struct world *world, uint32_t *number);

// find.c
void find_check(struct world *world); // the index must have caught up

// oracle.c
// After a core tick: reads what was committed, feeds the model, compares.
void oracle_commit(struct world *world);
// After opening: everything known must still be there, byte for byte.
void oracle_reopened(struct world *world);
// A whole message that leaves the server.
void oracle_leaves(struct world *world, struct sim_conn *conn, struct slice message);
void oracle_verify(struct world *world);
// oracle_past.c
// Where the record came from: an outside cause, or an earlier record that is there.
void oracle_cause(struct world *world, const struct record *record, uint64_t seq);
// Remembers a case as it stands after its record `seq`, and looks at one remembered before.
void oracle_past(struct world *world, uint64_t instance, uint64_t seq);
// rank.c: the lanes of every reader, as things stand.
void oracle_lanes(struct world *world);
// Nothing that was due before `now_ms` is still to come.
void oracle_punctual(struct world *world, uint64_t now_ms);

#endif
