// The model's side of what goes to other systems and comes from them (sim_bill_text): calls, each
// with its tries and its ladder, and messages, those that wait among them.
#ifndef RUNG_TESTS_SIM_BILL_H
#define RUNG_TESTS_SIM_BILL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/model/command.h"
#include "engine/model/record.h"
#include "engine/state/view.h"

struct model;
struct model_case;

enum {
    BILL_KEPT_MAX = 32, BILL_KEPT_OF_ONE_MAX = 16, // as the manual says
    BILL_OPEN_CALLS_MAX = 16,
    BILL_CALLS_MAX = 4000, BILL_KEY_MAX = 48, BILL_QUEUED_MAX = 4, BILL_FAILED_MAX = 1000
};

enum bill_signal {
    BILL_ORDER, BILL_PAID, BILL_SAID, BILL_CHARGED, BILL_LATE, BILL_NOTED, BILL_SIGNALS
};
struct bill_kept {
    uint32_t number;
    enum bill_signal signal;
    int64_t value; // what it brings: a sum or a receipt
};

// What a bill has counted.
struct model_bill {
    char number[16];
    int64_t charges, refused, taken, receipts, lates, notes, sums, inner, middle, repeats;
    struct bill_kept kept[BILL_KEPT_MAX]; // oldest first
    uint32_t kept_count;
};

enum bill_connector { BY_BANK, BY_POST }; // the post keeps hours
enum bill_call_state { BILL_CALL_DUE, BILL_CALL_BEHIND, BILL_CALL_PARKED, BILL_CALL_OVER };
struct bill_call {
    uint64_t instance, seq, due; // seq: of the record that promised it
    char key[BILL_KEY_MAX];
    char number[16];
    int64_t amount, otherwise; // otherwise: what its `else` counts
    enum bill_connector by;
    enum bill_call_state state;
    uint32_t attempts, incident;
    bool done, late; // done: the engine heard of it; late: its late answer has come
    // What the outside world last told of it, as it was told (outside.c).
    uint32_t told_attempt;
    enum call_result told;
    int64_t told_receipt; // 0: no answer
};

struct bill_promise {
    enum bill_connector by;
    int64_t amount, otherwise;
};

// A message that waited, or came as an answer, and could not be done: an incident holds it.
struct bill_failed {
    uint32_t incident; // 0: retried, or given up
    uint64_t instance;
    enum bill_signal signal;
    int64_t value;
};

struct bill_calls {
    struct bill_call *call; // by number - 1
    uint32_t count;
    // of the record in hand: what its press has promised, which call is to go next
    struct bill_promise queued[BILL_QUEUED_MAX];
    uint32_t queued_count;
    uint64_t next;
    struct bill_failed failed[BILL_FAILED_MAX];
    uint32_t failed_count;
};

struct bill_call *bill_call(const struct model *model, uint64_t number); // NULL: none
void bill_start(struct model *model, struct model_case *c, const struct record *record);
// The open bill of that number, else the one that ended last, or NULL.
struct model_case *bill_find(struct model *model, struct slice number);
// NULL: nothing was wrong.
const char *bill_press(struct model *model, struct model_case *c, struct slice name);
// A message, one that waited, what became of a try, an incident of a call.
void bill_take(struct model *model, const struct record *record);
// What any record may hold: calls that were queued or withdrawn, messages that waited for too long.
void bill_take_side(struct model *model, const struct record *record);
const char *bill_compare(const struct model *model, const struct model_case *c,
                         const struct view *view, const struct instance *instance);
// After a batch: what waits is awaited by nobody. NULL: so it is.
const char *bill_unsettled(const struct model_case *c);
// Calls of the case that are on their way or parked.
uint32_t bill_open_calls(const struct model *model, const struct model_case *c);
// So many messages wait that no other of that kind may.
bool bill_is_full(const struct model_case *c, enum bill_signal signal);
// The earliest moment at which a call is to be tried.
uint64_t bill_next_due(const struct model *model);

#endif
