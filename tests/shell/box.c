#include "tests/shell/box.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char lead[] = BOX_LEAD("");

static const uint64_t monday_ms = 1767603600000; // 2026-01-05 09:00

static uint64_t wall(void *context) { return ((struct box *)context)->wall_ms; }

static uint64_t steady(void *context) { return ((struct box *)context)->steady_us; }

static struct box_wire *wire_of(struct box *box, uint64_t conn)
{
    for (uint32_t i = 0; i < box->wire_count; i++) {
        if (box->wire[i].open && box->wire[i].conn == conn) {
            return &box->wire[i];
        }
    }
    fail_msg("the engine speaks of a connection that is not there");
    return &box->wire[0]; // never comes here
}

static size_t take_bytes(void *context, uint64_t conn, struct slice bytes)
{
    struct box_wire *wire = wire_of(context, conn);
    size_t taken = bytes.len < wire->room ? bytes.len : wire->room;
    buf_put(&wire->got, bytes.ptr, taken);
    wire->room -= taken;
    return taken;
}

static void set_reading(void *context, uint64_t conn, bool on)
{
    wire_of(context, conn)->reading = on;
}

static void hang_up(void *context, uint64_t conn)
{
    struct box *box = context;
    wire_of(box, conn)->open = false;
    box->closes++;
}

static void work_now(void *context, struct job *job)
{
    struct box *box = context;
    job->run(job);
    shell_job_done(box->engine.shell, job);
}

static void open_engine(struct box *box, bool demo)
{
    const struct engine_options options = {
        .currency = SLICE("EUR"),
        .demo = demo,
        .demo_ms = monday_ms,
        .clock = &box->clock,
        .transport = &box->transport,
        .worker = &box->worker,
        .toolchain = &box->toolchain,
        .scratch_path = "verify.scratch",
        .writer = box->writer,
        .hand_over = 1,
    };
    struct engine_problem problem;
    assert_int_equal(engine_open(&options, &box->engine, &problem), OK);
}

static void open_box(struct box *box, bool demo, bool writer)
{
    *box = (struct box){ .wall_ms = monday_ms, .steady_us = 1000000, .writer = writer };
    box->clock = (struct clock){ wall, steady, box };
    box->transport = (struct transport){ take_bytes, set_reading, hang_up, box };
    box->worker = (struct worker){ work_now, box };
    box->company = (struct toolchain_company){ SLICE("EUR"), SLICE_EMPTY };
    box->dsl = (struct toolchain_dsl){ .tests = toolchain_play, .tests_context = &box->company };
    box->toolchain = toolchain_dsl_make(&box->dsl);
    open_engine(box, demo);
    const struct toolchain_file file = { SLICE("lead.rung"), slice_from_cstr(lead) };
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    struct engine_activation activation;
    assert_int_equal(engine_activate(&box->engine, &box->toolchain, &file, 1, &arena, &activation),
                     OK);
    assert_true(activation.fresh && activation.programs == 1);
    arena_done(&arena);
    // {users: [{name: "ann", roles: ["sales"]}]}
    struct box_wire *wire = box_connect(box);
    struct buf frame;
    buf_init(&frame, FRAME_BYTES_MAX);
    box_request(&frame, 1, "import_users",
                SLICE("\x81\xa5users\x91\x82\xa4name\xa3"
                      "ann\xa5roles\x91\xa5sales"));
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    assert_int_equal(box_code(box_take(wire)).len, 0);
    box_hang_up(box, wire);
    buf_done(&frame);
}

void box_open(struct box *box, bool demo) { open_box(box, demo, false); }
void box_open_with_writer(struct box *box) { open_box(box, false, true); }

void box_close(struct box *box)
{
    shell_stop(box->engine.shell);
    box_settle(box);
    shell_drop(box->engine.shell);
    assert_true(shell_is_quiet(box->engine.shell));
    engine_close(&box->engine, false);
    for (uint32_t i = 0; i < box->wire_count; i++) {
        buf_done(&box->wire[i].unread);
        buf_done(&box->wire[i].got);
    }
}

struct box_wire *box_connect(struct box *box)
{
    assert_true(box->wire_count < BOX_WIRES_MAX);
    struct box_wire *wire = &box->wire[box->wire_count++];
    *wire = (struct box_wire){ .open = true, .reading = true, .room = SIZE_MAX };
    buf_init(&wire->unread, 256 * 1024 * 1024);
    buf_init(&wire->got, 256 * 1024 * 1024);
    assert_true(shell_opened(box->engine.shell, &wire->conn));
    return wire;
}

void box_hang_up(struct box *box, struct box_wire *wire)
{
    if (wire->open) {
        shell_closed(box->engine.shell, wire->conn);
        wire->open = false;
    }
}

void box_half_close(struct box *box, struct box_wire *wire)
{
    assert_int_equal(wire->unread.len, 0);
    shell_ended(box->engine.shell, wire->conn);
}

static void feed(struct box *box, struct box_wire *wire)
{
    while (wire->open && wire->reading && wire->unread.len > 0) {
        size_t room = 0;
        char *to = shell_input(box->engine.shell, wire->conn, &room);
        if (to == NULL) {
            return;
        }
        size_t part = wire->unread.len < room ? wire->unread.len : room;
        memcpy(to, wire->unread.ptr, part);
        buf_consume(&wire->unread, part);
        shell_received(box->engine.shell, wire->conn, part);
        if (wire->unread.len > 0) {
            (void)shell_tick(box->engine.shell); // as a loop does between two readings
        }
    }
}

void box_send(struct box *box, struct box_wire *wire, struct slice bytes)
{
    buf_put_slice(&wire->unread, bytes);
    feed(box, wire);
}

void box_widen(struct box *box, struct box_wire *wire, size_t room)
{
    wire->room = room;
    shell_writable(box->engine.shell, wire->conn);
}

void box_shell(struct box *box)
{
    for (uint32_t i = 0; i < box->wire_count; i++) {
        feed(box, &box->wire[i]);
    }
    (void)shell_tick(box->engine.shell);
}

void box_core(struct box *box)
{
    (void)core_tick(&box->engine.core_tick);
    (void)flusher_tick(&box->engine.flusher);
}

void box_write(struct box *box)
{
    if (box->writer) {
        (void)writer_tick(&box->engine.writer);
    }
}

void box_settle(struct box *box)
{
    for (int i = 0; i < 64; i++) {
        box_shell(box);
        box_core(box);
        box_write(box);
    }
    box_shell(box);
}

void box_request(struct buf *frame, uint32_t msgid, const char *method, struct slice map)
{
    pack_array(frame, 4);
    pack_uint(frame, 0);
    pack_uint(frame, msgid);
    pack_cstr(frame, method);
    pack_array(frame, 1);
    buf_put_slice(frame, map);
}

void box_press(struct buf *frame, uint32_t msgid, uint64_t instance, const char *action)
{
    box_request(frame, msgid, "press", SLICE("\x83"));
    pack_cstr(frame, "instance");
    pack_uint(frame, instance);
    pack_cstr(frame, "action");
    pack_cstr(frame, action);
    pack_cstr(frame, "as");
    pack_cstr(frame, "ann");
}

void box_start(struct buf *frame, uint32_t msgid, const char *name)
{
    box_request(frame, msgid, "start", SLICE("\x82\xa7process\xa4lead"));
    pack_cstr(frame, "form");
    pack_map(frame, 1);
    pack_cstr(frame, "name");
    pack_cstr(frame, name);
}

struct slice box_take(struct box_wire *wire)
{
    static char message[16 * 1024 * 1024];
    size_t whole = 0;
    if (wire->got.len == 0 ||
        pack_scan(buf_slice(&wire->got), sizeof(message), &whole) != PACK_WHOLE) {
        return SLICE_EMPTY;
    }
    memcpy(message, wire->got.ptr, whole);
    buf_consume(&wire->got, whole);
    return slice_make(message, whole);
}

static struct slice element(struct slice message, uint32_t at)
{
    struct unpack unpack;
    unpack_init(&unpack, message);
    (void)unpack_array(&unpack);
    for (uint32_t i = 0; i < at; i++) {
        unpack_skip(&unpack);
    }
    struct slice raw = unpack_raw(&unpack);
    assert_false(unpack.bad);
    return raw;
}

static uint64_t number_of(struct slice raw)
{
    struct unpack unpack;
    unpack_init(&unpack, raw);
    uint64_t number = unpack_uint(&unpack);
    assert_false(unpack.bad);
    return number;
}

uint64_t box_type(struct slice message) { return number_of(element(message, 0)); }

uint64_t box_msgid(struct slice message) { return number_of(element(message, 1)); }

struct slice box_code(struct slice message)
{
    if (message.len == 0) {
        return SLICE("(no answer)");
    }
    struct slice error = element(message, 2);
    return slice_equal(error, SLICE("\xc0")) ? SLICE_EMPTY : box_text(error, "code");
}

struct slice box_error(struct slice message) { return element(message, 2); }

struct slice box_message(struct slice message)
{
    return box_text(element(message, 2), "message");
}

struct slice box_result(struct slice message) { return element(message, 3); }

struct slice box_good(struct slice message)
{
    if (box_code(message).len > 0) {
        fail_msg("refused: %.*s: %.*s", SLICE_PRINT(box_code(message)),
                 SLICE_PRINT(box_message(message)));
    }
    return box_result(message);
}

struct slice box_ask(struct box *box, struct box_wire *wire, const char *method, struct slice map)
{
    struct buf frame;
    buf_init(&frame, FRAME_BYTES_MAX);
    box_request(&frame, 1, method, map);
    box_send(box, wire, buf_slice(&frame));
    buf_done(&frame);
    box_settle(box);
    return box_take(wire);
}

struct slice box_push(struct slice message, struct slice *ret_method)
{
    struct unpack unpack;
    unpack_init(&unpack, element(message, 1));
    *ret_method = unpack_str(&unpack);
    return element(element(message, 2), 0);
}

uint64_t box_number(struct slice map, const char *key)
{
    return number_of(pack_map_find(map, slice_from_cstr(key)));
}

struct slice box_text(struct slice map, const char *key)
{
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(map, slice_from_cstr(key)));
    struct slice text = unpack_str(&unpack);
    assert_false(unpack.bad);
    return text;
}
