// librung: one connection inside the process. A call goes through the same bytes, sessions and
// queues as one from a socket; the three ticks are turned by hand until its answer is there.
#include "engine/rung.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/embed/toolchain_play.h"
#include "engine/shell/engine.h"

enum {
    RUNG_MAGIC = 0x72756e67,
    PATH_BYTES_MAX = 4096,
    MESSAGE_BYTES_MAX = 1024 * 1024
};

struct rung {
    uint32_t magic;
    struct engine engine;
    struct clock clock;
    struct transport transport;
    struct worker worker;
    struct toolchain_company company;
    struct toolchain_dsl dsl;
    struct toolchain toolchain;
    struct rung_options options;
    uint64_t now_ms;
    uint64_t conn;
    uint32_t msgid;
    bool behind; // the search index: there is more to file
    struct buf received; // from the shell, not yet looked at
    struct buf answer;
    struct buf message;
    char scratch_path[PATH_BYTES_MAX];
};

// --- the seams -----------------------------------------------------------------------------------

static uint64_t clock_now(void *context) { return ((struct rung *)context)->now_ms; }

// The caller's clock is the only one there is, so it never steps away from itself.
static uint64_t clock_steady(void *context) { return ((struct rung *)context)->now_ms * 1000; }

static size_t receive(void *context, uint64_t conn, struct slice bytes)
{
    struct rung *rung = context;
    CHECK(conn == rung->conn);
    buf_put_slice(&rung->received, bytes);
    return bytes.len;
}

static void set_reading(void *context, uint64_t conn, bool on)
{
    // Calls come one at a time: there is never more to read than the one in hand.
    CHECK(context != NULL);
    (void)conn;
    (void)on;
}

static void hang_up(void *context, uint64_t conn)
{
    struct rung *rung = context;
    if (rung->conn == conn) {
        rung->conn = UINT64_MAX;
    }
}

static void work_now(void *context, struct job *job)
{
    struct rung *rung = context;
    job->run(job);
    shell_job_done(rung->engine.shell, job);
}

static bool load(void *context, struct slice path, struct arena *arena, struct slice *ret_text)
{
    struct rung *rung = context;
    const char *text = NULL;
    size_t len = 0;
    if (!rung->options.load(rung->options.load_context, path.ptr, path.len, &text, &len)) {
        return false;
    }
    *ret_text = arena_copy(arena, slice_make(text, len));
    return true;
}

// --- opening and closing -------------------------------------------------------------------------

static void wire(struct rung *rung)
{
    rung->clock = (struct clock){ clock_now, clock_steady, rung };
    rung->transport = (struct transport){ receive, set_reading, hang_up, rung };
    rung->worker = (struct worker){ work_now, rung };
    rung->company = (struct toolchain_company){ slice_from_cstr(rung->options.currency),
                                                slice_from_cstr(rung->options.region) };
    rung->dsl = (struct toolchain_dsl){
        .load = rung->options.load != NULL ? load : NULL,
        .load_context = rung,
        .tests = toolchain_play,
        .tests_context = &rung->company,
    };
    rung->toolchain = toolchain_dsl_make(&rung->dsl);
}

static void release(struct rung *rung)
{
    buf_done(&rung->received);
    buf_done(&rung->answer);
    buf_done(&rung->message);
    rung->magic = 0;
    mem_free(rung);
}

enum rung_status rung_open(const struct rung_options *options, struct rung **ret_rung,
                           char *message, size_t message_bytes)
{
    struct rung *rung = mem_zalloc(sizeof(*rung));
    rung->magic = RUNG_MAGIC;
    rung->options = *options;
    rung->now_ms = options->now_ms;
    rung->behind = true;
    buf_init(&rung->received, SESSION_OUTPUT_BYTES_MAX * 2);
    buf_init(&rung->answer, SESSION_OUTPUT_BYTES_MAX);
    buf_init(&rung->message, MESSAGE_BYTES_MAX);
    wire(rung);
    (void)snprintf(rung->scratch_path, sizeof(rung->scratch_path), "%s.verify",
                   options->path != NULL ? options->path : "rung");
    const struct engine_options engine = {
        .store = { .path = options->path, .map_bytes = options->map_bytes, .create = true },
        .currency = slice_from_cstr(options->currency != NULL ? options->currency : "EUR"),
        .region = slice_from_cstr(options->region),
        .zone = slice_from_cstr(options->zone),
        .demo = options->demo,
        .demo_ms = options->now_ms,
        .clock = &rung->clock,
        .transport = &rung->transport,
        .worker = &rung->worker,
        .toolchain = &rung->toolchain,
        .scratch_path = rung->scratch_path,
    };
    struct engine_problem problem;
    enum err err = engine_open(&engine, &rung->engine, &problem);
    if (err != OK) {
        (void)snprintf(message, message_bytes, "%s",
                       problem.message[0] != '\0' ? problem.message : err_sentence(err));
        release(rung);
        return RUNG_FAILED;
    }
    bool opened = shell_opened(rung->engine.shell, &rung->conn);
    CHECK(opened);
    if (message_bytes > 0) {
        message[0] = '\0';
    }
    *ret_rung = rung;
    return RUNG_OK;
}

void rung_close(struct rung *rung)
{
    CHECK(rung->magic == RUNG_MAGIC);
    bool failed = atomic_load(&rung->engine.core_tick.failed);
    shell_stop(rung->engine.shell);
    shell_drop(rung->engine.shell);
    engine_close(&rung->engine, failed);
    release(rung);
}

const char *rung_message(const struct rung *rung)
{
    return rung->message.len > 0 ? rung->message.ptr : "";
}

static void set_message(struct rung *rung, struct slice text)
{
    buf_reset(&rung->message);
    buf_put_slice(&rung->message, slice_sub(text, 0, MESSAGE_BYTES_MAX - 1));
    buf_put_char(&rung->message, '\0');
}

// --- turning the engine --------------------------------------------------------------------------

// One turn of all three sides. Returns whether something still waits to be done at once.
static bool turn(struct rung *rung)
{
    uint64_t shell_ms = shell_tick(rung->engine.shell);
    uint64_t core_ms = core_tick(&rung->engine.core_tick);
    bool flushed = flusher_tick(&rung->engine.flusher);
    if (rung->engine.follower != NULL && (flushed || rung->behind)) {
        rung->behind = follower_tick(rung->engine.follower); // one batch at a turn, nobody waits
    }
    return shell_ms == 0 || core_ms == 0 || flushed || !inbox_is_empty(&rung->engine.outbox);
}

static bool has_failed(struct rung *rung)
{
    if (!atomic_load(&rung->engine.core_tick.failed)) {
        return false;
    }
    set_message(rung, SLICE("writing the journal failed; what is on disk is unknown until the "
                            "store is opened again"));
    return true;
}

// Looks at what came. True: the answer to `msgid` is in rung->answer; notifications go to the
// caller.
static bool take_message(struct rung *rung, uint32_t msgid, bool *ret_refused)
{
    size_t whole = 0;
    while (rung->received.len > 0 &&
           pack_scan(buf_slice(&rung->received), SESSION_OUTPUT_BYTES_MAX, &whole) == PACK_WHOLE) {
        struct unpack unpack;
        unpack_init(&unpack, slice_make(rung->received.ptr, whole));
        (void)unpack_array(&unpack);
        bool response = unpack_uint(&unpack) == 1;
        bool ours = false;
        if (response) {
            ours = unpack_uint(&unpack) == msgid;
            *ret_refused = unpack_peek(&unpack) != PACK_NIL;
            struct slice error = unpack_raw(&unpack);
            struct slice result = unpack_raw(&unpack);
            buf_reset(&rung->answer);
            buf_put_slice(&rung->answer, *ret_refused ? error : result);
        } else if (rung->options.push != NULL) {
            char method[NAME_BYTES_MAX + 1] = { 0 };
            struct slice name = unpack_str(&unpack);
            CHECK(name.len <= NAME_BYTES_MAX);
            memcpy(method, name.ptr, name.len);
            (void)unpack_array(&unpack);
            struct slice map = unpack_raw(&unpack);
            rung->options.push(rung->options.push_context, method, map.ptr, map.len);
        }
        CHECK(!unpack.bad);
        buf_consume(&rung->received, whole);
        if (ours) {
            return true;
        }
    }
    return false;
}

static bool feed(struct rung *rung, struct slice frame)
{
    while (frame.len > 0) {
        size_t room = 0;
        char *to = shell_input(rung->engine.shell, rung->conn, &room);
        if (to == NULL) {
            return false;
        }
        struct slice part = slice_sub(frame, 0, room);
        memcpy(to, part.ptr, part.len);
        shell_received(rung->engine.shell, rung->conn, part.len);
        frame = slice_sub(frame, part.len, frame.len);
    }
    return true;
}

enum rung_status rung_call(struct rung *rung, const char *method, const void *params,
                           size_t params_len, const void **ret_answer, size_t *ret_answer_len)
{
    CHECK(rung->magic == RUNG_MAGIC);
    buf_reset(&rung->message);
    struct slice map = params_len > 0 ? slice_make(params, params_len) : SLICE("\x80");
    size_t whole = 0;
    if (pack_scan(map, FRAME_BYTES_MAX, &whole) != PACK_WHOLE || whole != map.len) {
        set_message(rung, SLICE("the parameters are not one packed map"));
        return RUNG_FAILED;
    }
    if (strcmp(method, "subscribe") == 0 && rung->options.push == NULL) {
        set_message(rung, SLICE("subscriptions need rung_options.push"));
        return RUNG_FAILED;
    }
    struct buf frame;
    buf_init(&frame, FRAME_BYTES_MAX);
    uint32_t msgid = ++rung->msgid;
    pack_array(&frame, 4);
    pack_uint(&frame, 0);
    pack_uint(&frame, msgid);
    pack_cstr(&frame, method);
    pack_array(&frame, 1);
    buf_put_slice(&frame, map);
    bool fed = !frame.overflow && rung->conn != UINT64_MAX && feed(rung, buf_slice(&frame));
    buf_done(&frame);
    bool refused = false;
    while (fed && !has_failed(rung) && rung->conn != UINT64_MAX) {
        (void)turn(rung);
        if (take_message(rung, msgid, &refused)) {
            *ret_answer = rung->answer.ptr;
            *ret_answer_len = rung->answer.len;
            return refused ? RUNG_REFUSED : RUNG_OK;
        }
    }
    if (rung->message.len == 0) {
        set_message(rung, fed ? SLICE("the engine has ended the connection")
                              : SLICE("the call is longer than 1 MiB"));
    }
    return RUNG_FAILED;
}

// --- time ----------------------------------------------------------------------------------------

uint64_t rung_now_ms(const struct rung *rung) { return timekeeper_now(&rung->engine.keeper); }

uint64_t rung_next_due_ms(const struct rung *rung) { return core_next_due_ms(rung->engine.core); }

static void set_now(struct rung *rung, uint64_t now_ms)
{
    if (now_ms > rung->now_ms) {
        rung->now_ms = now_ms;
    }
    if (rung->options.demo) {
        timekeeper_move(&rung->engine.keeper, now_ms);
    }
}

enum rung_status rung_tick(struct rung *rung, uint64_t now_ms)
{
    CHECK(rung->magic == RUNG_MAGIC);
    set_now(rung, now_ms);
    (void)turn(rung);
    bool refused = false;
    (void)take_message(rung, 0, &refused);
    return has_failed(rung) ? RUNG_FAILED : RUNG_OK;
}

enum rung_status rung_advance(struct rung *rung, uint64_t to_ms)
{
    CHECK(rung->magic == RUNG_MAGIC);
    enum rung_status status = RUNG_OK;
    while (status == RUNG_OK && rung_next_due_ms(rung) <= to_ms) {
        uint64_t fired = rung->engine.core_tick.counters.timers;
        status = rung_tick(rung, rung_next_due_ms(rung));
        if (status == RUNG_OK && rung->engine.core_tick.counters.timers == fired &&
            rung_next_due_ms(rung) <= rung_now_ms(rung) &&
            atomic_load(&rung->engine.core_tick.full)) {
            set_message(rung, slice_from_cstr(err_sentence(ERR_FULL)));
            status = RUNG_FAILED;
        }
    }
    if (status == RUNG_OK) {
        status = rung_tick(rung, to_ms);
    }
    return status;
}

// --- programs ------------------------------------------------------------------------------------

static struct slice text_of(struct slice map, const char *key)
{
    struct slice raw = pack_map_find(map, slice_from_cstr(key));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_STR ? unpack_str(&unpack) : SLICE_EMPTY;
}

enum rung_status rung_compile_and_activate(struct rung *rung, const struct rung_file *files,
                                           size_t count)
{
    struct buf params;
    buf_init(&params, FRAME_BYTES_MAX);
    pack_map(&params, 1);
    pack_cstr(&params, "files");
    pack_array(&params, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        pack_map(&params, 2);
        pack_cstr(&params, "name");
        pack_cstr(&params, files[i].name);
        pack_cstr(&params, "text");
        pack_str(&params, slice_make(files[i].text, files[i].text_len));
    }
    enum rung_status status = RUNG_FAILED;
    if (params.overflow || count > APPLY_FILES_MAX) {
        set_message(rung, SLICE("the files are longer than 1 MiB together"));
    } else {
        const void *answer = NULL;
        size_t len = 0;
        status = rung_call(rung, "apply", params.ptr, params.len, &answer, &len);
        if (status == RUNG_REFUSED) {
            struct slice map = slice_make(answer, len);
            struct slice text = text_of(map, "text");
            set_message(rung, text.len > 0 ? text : text_of(map, "message"));
        }
    }
    buf_done(&params);
    return status;
}
