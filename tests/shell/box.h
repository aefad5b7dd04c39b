// A whole engine in one thread for the tests: store in memory, connections that are queues, a clock
// that stands still until it is moved. Nothing happens until somebody turns it.
#ifndef RUNG_TESTS_SHELL_BOX_H
#define RUNG_TESTS_SHELL_BOX_H

#include "base/buf.h"
#include "base/pack.h"
#include "engine/embed/toolchain_play.h"
#include "engine/shell/engine.h"

// The process of the box, with `more` among its fields.
#define BOX_LEAD(more)                                                                             \
    "role sales \"Sales\"\n"                                                                       \
    "process lead \"Lead\" {\n"                                                                    \
    "  title \"{name}\"\n"                                                                         \
    "  field name: text \"Name\" required\n"                                                       \
    "  field remark: text \"Remark\"\n" more                                                       \
    "  start => calling\n"                                                                         \
    "  stage calling \"Calling\" {\n"                                                              \
    "    task \"Call {name}\" for sales due 10 min\n"                                              \
    "    action reached \"Reached\" => thinking\n"                                                 \
    "  }\n"                                                                                        \
    "  stage thinking \"Thinking it over\" {\n"                                                    \
    "    task \"Call {name} again\" for sales due 3 days\n"                                        \
    "    action back \"Back\" => calling\n"                                                        \
    "    action bought \"Bought\" => won\n"                                                        \
    "    after 7 days => lost\n"                                                                   \
    "  }\n"                                                                                        \
    "  end won \"Won\" success\n"                                                                  \
    "  end lost \"Lost\" failure\n"                                                                \
    "}\n"

enum { BOX_WIRES_MAX = 16 };

// One connection as its client sees it.
struct box_wire {
    uint64_t conn;
    bool open;         // the engine has not hung up
    bool reading;      // the engine reads from it
    size_t room;       // bytes that the engine may still send before the wire is full
    struct buf unread; // bytes for the engine that it does not take yet
    struct buf got;    // what the client has received
};

struct box {
    struct engine engine;
    struct clock clock;
    struct transport transport;
    struct worker worker;
    struct toolchain_company company;
    struct toolchain_dsl dsl;
    struct toolchain toolchain;
    bool writer;
    uint64_t wall_ms, steady_us;
    struct box_wire wire[BOX_WIRES_MAX];
    uint32_t wire_count;
    uint32_t closes; // connections that the engine hung up
};

// Opens with the process `lead` active and the user `ann` (sales). `demo`: the clock stands still.
void box_open(struct box *box, bool demo);
// The same with a writer beside the core: a command's batch is decided, sealed, and on disk only
// when box_write was called.
void box_open_with_writer(struct box *box);
void box_close(struct box *box);

struct box_wire *box_connect(struct box *box);
void box_hang_up(struct box *box, struct box_wire *wire); // the client is gone
void box_half_close(struct box *box, struct box_wire *wire); // the client sends nothing more
// Gives bytes to the engine, as far as it reads; the rest waits for box_shell.
void box_send(struct box *box, struct box_wire *wire, struct slice bytes);
void box_widen(struct box *box, struct box_wire *wire, size_t room); // the client reads again

void box_shell(struct box *box); // one tick of the loop's side
void box_core(struct box *box);  // one tick of the core's side, and of the flusher
void box_write(struct box *box); // one tick of the writer, where there is one
void box_settle(struct box *box); // all, until nothing changes any more

// Requests.
void box_request(struct buf *frame, uint32_t msgid, const char *method, struct slice map);
void box_press(struct buf *frame, uint32_t msgid, uint64_t instance, const char *action);
void box_start(struct buf *frame, uint32_t msgid, const char *name);

// The next message that the wire has received whole; empty when there is none. Valid until the
// next.
struct slice box_take(struct box_wire *wire);
// A call and its answer, taken once nothing changes any more.
struct slice box_ask(struct box *box, struct box_wire *wire, const char *method, struct slice map);
// Parts of a message: its type, its msgid, its error's code (empty: none), its result or
// notification.
uint64_t box_type(struct slice message);
uint64_t box_msgid(struct slice message);
struct slice box_code(struct slice message);
struct slice box_error(struct slice message);
struct slice box_message(struct slice message); // of its error
struct slice box_result(struct slice message);
struct slice box_good(struct slice message); // its result; a refusal fails the test
struct slice box_push(struct slice message, struct slice *ret_method);
uint64_t box_number(struct slice map, const char *key);
struct slice box_text(struct slice map, const char *key);

#endif
