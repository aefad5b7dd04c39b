#include "tests/bench/convert.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/pack.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/journal.h"
#include "tests/bench/load.h"
#include "tests/bench/serve.h"

enum { IN_BYTES = 8192, POLL_MS = 2000 };
static const char *const parts[CONVERT_DEALS_MAX] = { "plan", "kitchen", "doors", "light" };

// One client: it has one command on its way, and says it again on another connection if the first
// was cut off.
struct conn {
    int fd; // -1: cut off
    uint32_t lead;
    bool busy, converting;
    uint64_t id, instance;
    struct buf frame;
    char in[IN_BYTES];
    uint32_t in_len;
};

struct work {
    const struct convert_options *options;
    struct convert_result *result;
    struct serve serve;
    struct conn conn[CONVERT_CONNECTIONS_MAX];
    uint32_t next_lead, finished;
    uint64_t *instances; // of each lead, once it was answered
    double *ready_ms;    // of each start after a kill
};

static uint32_t wanted_of(uint32_t lead) { return 1 + lead % CONVERT_DEALS_MAX; }

// --- commands ------------------------------------------------------------------------------------

static void begin(struct buf *buf, const char *method, uint32_t pairs)
{
    buf_reset(buf);
    pack_array(buf, 4);
    pack_uint(buf, 0);
    pack_uint(buf, 1);
    pack_cstr(buf, method);
    pack_array(buf, 1);
    pack_map(buf, pairs);
}

static void put_text(struct buf *buf, const char *key, const char *text)
{
    pack_cstr(buf, key);
    pack_cstr(buf, text);
}

static void write_start(struct conn *conn)
{
    char phone[24];
    struct buf *buf = &conn->frame;
    (void)snprintf(phone, sizeof(phone), "+49151%08u", conn->lead);
    begin(buf, "start", 4);
    put_text(buf, "process", "lead");
    put_text(buf, "as", "sam");
    pack_cstr(buf, "id");
    pack_uint(buf, ++conn->id);
    pack_cstr(buf, "form");
    pack_map(buf, 2);
    put_text(buf, "phone", phone);
    pack_cstr(buf, "wanted");
    pack_array(buf, wanted_of(conn->lead));
    for (uint32_t i = 0; i < wanted_of(conn->lead); i++) {
        pack_cstr(buf, parts[i]);
    }
    conn->converting = false;
}

static void write_sold(struct conn *conn)
{
    struct buf *buf = &conn->frame;
    begin(buf, "press", 4);
    pack_cstr(buf, "instance");
    pack_uint(buf, conn->instance);
    put_text(buf, "action", "sold");
    put_text(buf, "as", "sam");
    pack_cstr(buf, "id");
    pack_uint(buf, ++conn->id);
    conn->converting = true;
}

// --- connections ---------------------------------------------------------------------------------

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t done = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        bytes = slice_sub(bytes, done < 0 ? 0 : (size_t)done, bytes.len);
    }
    return true;
}

static void cut_off(struct conn *conn)
{
    if (conn->fd >= 0) {
        (void)close(conn->fd);
    }
    conn->fd = -1;
    conn->in_len = 0;
}

// Reads what is there. True: a whole answer lies in `in`.
static bool read_answer(struct conn *conn)
{
    size_t whole = 0;
    ssize_t got = read(conn->fd, conn->in + conn->in_len, IN_BYTES - conn->in_len);
    if (got <= 0) {
        cut_off(conn);
        return false;
    }
    conn->in_len += (uint32_t)got;
    return pack_scan(slice_make(conn->in, conn->in_len), IN_BYTES, &whole) == PACK_WHOLE;
}

static bool open_conn(struct work *work, uint32_t index)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct conn *conn = &work->conn[index];
    char name[32];
    struct buf hello;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", work->serve.socket);
    (void)snprintf(name, sizeof(name), "convert%02u", index);
    conn->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    conn->in_len = 0;
    buf_init(&hello, 256);
    begin(&hello, "hello", 1);
    put_text(&hello, "client", name);
    bool good = conn->fd >= 0 &&
                connect(conn->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                write_all(conn->fd, buf_slice(&hello));
    buf_done(&hello);
    while (good && !read_answer(conn)) {
        good = conn->fd >= 0;
    }
    conn->in_len = 0;
    return good;
}

static void say(struct conn *conn)
{
    conn->busy = true;
    if (!write_all(conn->fd, buf_slice(&conn->frame))) {
        cut_off(conn);
    }
}

static void say_next(struct work *work, struct conn *conn)
{
    if (work->next_lead < work->options->leads) {
        conn->lead = work->next_lead++;
        write_start(conn);
        say(conn);
    }
}

// --- answers -------------------------------------------------------------------------------------

static uint64_t number_in(struct slice map, const char *key)
{
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(map, slice_from_cstr(key)));
    return unpack_uint(&unpack);
}

static bool result_of(const struct conn *conn, struct slice *ret_map)
{
    struct unpack unpack;
    unpack_init(&unpack, slice_make(conn->in, conn->in_len));
    (void)unpack_array(&unpack);
    (void)unpack_uint(&unpack);
    (void)unpack_uint(&unpack);
    if (unpack_peek(&unpack) != PACK_NIL) {
        return false;
    }
    unpack_nil(&unpack);
    *ret_map = unpack_raw(&unpack);
    return !unpack.bad;
}

static bool take_answer(struct work *work, struct conn *conn)
{
    struct slice map;
    conn->busy = false;
    if (!result_of(conn, &map)) {
        work->result->refused++;
        fprintf(stderr, "refused: lead %u: %.*s\n", conn->lead, (int)conn->in_len, conn->in);
        return false;
    }
    conn->in_len = 0;
    if (!conn->converting) {
        conn->instance = number_in(map, "instance");
        work->instances[conn->lead] = conn->instance;
        write_sold(conn);
        say(conn);
        return true;
    }
    struct unpack children;
    unpack_init(&children, pack_map_find(map, SLICE("children")));
    if (unpack_array(&children) != wanted_of(conn->lead)) {
        work->result->lost++; // the answer itself names too few or too many
    }
    work->finished++;
    say_next(work, conn);
    return true;
}

// Waits for something to be read, and takes it. False: refused, or nothing comes any more.
static bool turn(struct work *work)
{
    struct pollfd list[CONVERT_CONNECTIONS_MAX];
    uint32_t count = work->options->connections;
    for (uint32_t i = 0; i < count; i++) {
        list[i] = (struct pollfd){ .fd = work->conn[i].fd, .events = POLLIN };
    }
    int ready = poll(list, count, POLL_MS * 10);
    if (ready <= 0) {
        fprintf(stderr, "no answer for %d s\n", POLL_MS * 10 / 1000);
        return ready < 0 && errno == EINTR;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct conn *conn = &work->conn[i];
        if (list[i].revents != 0 && conn->fd >= 0 && read_answer(conn) &&
            !take_answer(work, conn)) {
            return false;
        }
        if (conn->fd < 0) {
            fprintf(stderr, "a connection was lost while the engine lived\n");
            return false;
        }
    }
    return true;
}

// --- kills ---------------------------------------------------------------------------------------

static uint32_t converting(const struct work *work)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < work->options->connections; i++) {
        count += work->conn[i].busy && work->conn[i].converting ? 1u : 0u;
    }
    return count;
}

static bool come_up(struct work *work, const char *processes)
{
    bool good = serve_start_at(&work->serve, work->options->data, processes, NULL);
    if (good && work->result->kills > 0) {
        work->ready_ms[work->result->kills - 1] = work->serve.ready_ms;
    }
    return good;
}

// Had the conversion been decided, as the engine shows the case after it came up?
static bool is_converted(const struct work *work, uint64_t instance)
{
    struct buf buf;
    uint32_t len = 0;
    buf_init(&buf, 256);
    begin(&buf, "show", 1);
    pack_cstr(&buf, "instance");
    pack_uint(&buf, instance);
    char *answer = load_ask(work->serve.socket, buf.ptr, (uint32_t)buf.len, &len);
    bool there = false;
    for (uint32_t i = 0; answer != NULL && i + 7 < len && !there; i++) {
        there = memcmp(answer + i, "in_work", 7) == 0; // the stage behind the conversion
    }
    free(answer);
    buf_done(&buf);
    return there;
}

static bool kill_and_go_on(struct work *work)
{
    struct convert_result *result = work->result;
    result->in_flight += converting(work);
    result->kills++;
    serve_kill(&work->serve);
    for (uint32_t i = 0; i < work->options->connections; i++) {
        cut_off(&work->conn[i]); // answers that lie in the socket are not read either
    }
    if (!come_up(work, NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < work->options->connections; i++) {
        struct conn *conn = &work->conn[i];
        if (conn->busy && conn->converting) {
            result->decided += is_converted(work, conn->instance) ? 1u : 0u;
        }
    }
    for (uint32_t i = 0; i < work->options->connections; i++) {
        struct conn *conn = &work->conn[i];
        if (!open_conn(work, i)) {
            return false;
        }
        if (conn->busy) {
            result->said_again++;
            say(conn);
        }
    }
    return true;
}

// Kill number n comes once n parts of the leads are done and a conversion is on its way.
static bool is_time(const struct work *work)
{
    const struct convert_options *options = work->options;
    uint64_t due = (uint64_t)options->leads * (work->result->kills + 1) / (options->kills + 1);
    return work->result->kills < options->kills && work->finished >= due && converting(work) > 0;
}

static bool add_people(const struct work *work)
{
    struct buf buf;
    uint32_t len = 0;
    buf_init(&buf, 512);
    begin(&buf, "import_users", 1);
    pack_cstr(&buf, "users");
    pack_array(&buf, 1);
    pack_map(&buf, 2);
    put_text(&buf, "name", "sam");
    pack_cstr(&buf, "roles");
    pack_array(&buf, 1);
    pack_cstr(&buf, "seller");
    char *answer = load_ask(work->serve.socket, buf.ptr, (uint32_t)buf.len, &len);
    buf_done(&buf);
    free(answer);
    return answer != NULL;
}

static bool work_through(struct work *work)
{
    bool good = come_up(work, "tests/bench/convert.rung") && add_people(work);
    for (uint32_t i = 0; i < work->options->connections && good; i++) {
        good = open_conn(work, i);
        if (good) {
            say_next(work, &work->conn[i]);
        }
    }
    while (good && work->finished < work->options->leads) {
        good = is_time(work) ? kill_and_go_on(work) : turn(work);
    }
    struct serve_stats stats = { 0 };
    good = good && serve_stats(&work->serve, &stats);
    work->result->open = stats.open;
    for (uint32_t i = 0; i < work->options->connections; i++) {
        cut_off(&work->conn[i]);
    }
    return work->serve.pid != 0 && serve_stop(&work->serve) && good;
}

// --- the books -----------------------------------------------------------------------------------

struct family { uint8_t started, conversions, deals; };

struct books {
    struct convert_result *result;
    struct family *families;
    uint64_t most; // the highest number of a case that can be
};

static void take_event(struct books *books, const struct event *event)
{
    struct convert_result *result = books->result;
    struct family *families = books->families;
    if (event->kind == EVENT_INSTANCE_STARTED) {
        const struct event_instance_started *e = &event->instance_started;
        CHECK(e->instance <= books->most && e->parent <= books->most);
        if (e->parent == 0) {
            result->leads++;
            families[e->instance].started++;
        } else {
            result->deals++;
            families[e->parent].deals++;
        }
    } else if (event->kind == EVENT_CONVERTED) {
        CHECK(event->converted.instance <= books->most);
        result->conversions++;
        families[event->converted.instance].conversions++;
    }
}

static void take_record(void *context, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        take_event(context, &record->events[i]);
    }
}

static uint64_t less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

// What was answered is there once; what is there was asked for.
static void balance(const struct work *work, const struct family *families)
{
    struct convert_result *result = work->result;
    for (uint32_t lead = 0; lead < work->options->leads; lead++) {
        const struct family *family = &families[work->instances[lead]];
        uint32_t wanted = wanted_of(lead);
        result->wanted += wanted;
        result->lost += less(1, family->started) + less(1, family->conversions) +
                        less(wanted, family->deals);
        result->doubled += less(family->conversions, 1) + less(family->deals, wanted);
    }
    result->doubled += less(result->leads, work->options->leads);
    result->lost += less(work->options->leads, result->leads);
}

static bool audit(struct work *work)
{
    struct convert_result *result = work->result;
    uint64_t most = (uint64_t)work->options->leads * (1 + CONVERT_DEALS_MAX) * 2;
    struct family *families = calloc(most + 1, sizeof(families[0]));
    CHECK(families != NULL);
    struct books books = { result, families, most };
    bool good = journal_each(work->options->data, take_record, &books);
    if (good) {
        balance(work, families);
        const char *const verify[] = { "verify", work->options->data, NULL };
        result->verified = serve_program(verify, NULL);
    }
    free(families);
    return good;
}

bool convert_run(const struct convert_options *options, struct convert_result *ret_result)
{
    struct work *work = calloc(1, sizeof(*work));
    CHECK(work != NULL && options->connections <= CONVERT_CONNECTIONS_MAX);
    *ret_result = (struct convert_result){ .verified = false };
    work->options = options;
    work->result = ret_result;
    work->instances = calloc(options->leads, sizeof(work->instances[0]));
    work->ready_ms = calloc(options->kills + 1, sizeof(work->ready_ms[0]));
    CHECK(work->instances != NULL && work->ready_ms != NULL);
    for (uint32_t i = 0; i < options->connections; i++) {
        work->conn[i].fd = -1;
        buf_init(&work->conn[i].frame, 1024);
    }
    clockwork_remove(options->data);
    uint64_t begun = clockwork_us();
    bool good = work_through(work);
    ret_result->seconds = (double)(clockwork_us() - begun) / 1e6;
    good = good && audit(work);
    if (good && ret_result->kills > 0) {
        ret_result->ready_p50_ms = clockwork_median(work->ready_ms, ret_result->kills);
        ret_result->ready_max_ms = work->ready_ms[ret_result->kills - 1]; // sorted by then
    }
    for (uint32_t i = 0; i < options->connections; i++) {
        buf_done(&work->conn[i].frame);
    }
    free(work->instances);
    free(work->ready_ms);
    free(work);
    return good;
}
