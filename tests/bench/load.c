#include "tests/bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/pack.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/frames.h"

enum { IN_BYTES = 4096, EVENTS_MAX = 64, PARKED_MAX = 1 << 20, TIMER_EVENT = LOAD_CONNECTIONS_MAX };

struct conn {
    int fd;
    bool busy;
    uint64_t next_id;
    uint64_t sent_us; // or the scheduled arrival, in an open loop
    struct lead lead;
    uint32_t in_len;
    char in[IN_BYTES];
};

struct parked {
    struct lead lead;
    uint64_t ready_us;
};

struct load {
    const struct load_options *options;
    struct load_result *result;
    struct frames frames;
    struct conn conn[LOAD_CONNECTIONS_MAX];
    uint32_t idle[LOAD_CONNECTIONS_MAX];
    uint32_t idle_count;
    int epoll, timer;
    uint64_t begun_us, window_us, end_us; // window: from window_us to end_us
    uint64_t arrivals; // open loop: how many commands were scheduled so far
    struct parked *parked; // in the order of ready_us
    uint64_t parked_head, parked_tail;
    struct lead *waiting; // open loop: leads between two commands
    uint64_t waiting_head, waiting_tail;
    uint32_t *sample;
    uint64_t cpu_window_us, cpu_end_us;
    uint64_t last_us; // of the last answer that counts
};

// --- connecting ----------------------------------------------------------------------------------

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, bytes, len);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        bytes += done < 0 ? 0 : done;
        len -= done < 0 ? 0 : (size_t)done;
    }
    return true;
}

char *load_ask(const char *socket, const char *frame, uint32_t frame_len, uint32_t *ret_len)
{
    enum { ANSWER_BYTES_MAX = 1 << 20 };
    int fd = connect_to(socket);
    char *answer = malloc(ANSWER_BYTES_MAX);
    CHECK(answer != NULL);
    size_t len = 0, whole = 0;
    bool good = fd >= 0 && write_all(fd, frame, frame_len);
    while (good && pack_scan(slice_make(answer, len), ANSWER_BYTES_MAX, &whole) == PACK_MORE) {
        ssize_t got = read(fd, answer + len, ANSWER_BYTES_MAX - len);
        good = got > 0;
        len += good ? (size_t)got : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    // [1, msgid of one byte, nil, result]
    if (!good || len < 4 || (unsigned char)answer[3] != 0xc0) {
        if (good) {
            fprintf(stderr, "refused: %.*s\n", (int)len, answer);
        }
        free(answer);
        return NULL;
    }
    *ret_len = (uint32_t)len;
    return answer;
}

static bool open_conns(struct load *load)
{
    load->epoll = epoll_create1(0);
    for (uint32_t i = 0; i < load->options->connections; i++) {
        struct conn *conn = &load->conn[i];
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
        struct slice hello = frames_hello(i);
        conn->fd = connect_to(load->options->socket);
        conn->next_id = load->options->first_number * LEAD_STEPS + 1;
        if (conn->fd < 0 || !write_all(conn->fd, hello.ptr, hello.len) ||
            read(conn->fd, conn->in, IN_BYTES) < 4 || (unsigned char)conn->in[3] != 0xc0 ||
            epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0) {
            return false;
        }
        load->idle[load->idle_count++] = load->options->connections - 1 - i;
    }
    return true;
}

// --- which command comes next --------------------------------------------------------------------

static bool may_begin(const struct load *load, uint64_t now)
{
    const struct load_options *options = load->options;
    return (options->leads_max == 0 || load->result->leads < options->leads_max) &&
           (load->end_us == 0 || now < load->end_us);
}

static bool next_lead(struct load *load, uint64_t now, struct lead *ret_lead)
{
    if (load->parked_head < load->parked_tail &&
        load->parked[load->parked_head % PARKED_MAX].ready_us <= now) {
        *ret_lead = load->parked[load->parked_head++ % PARKED_MAX].lead;
        return true;
    }
    if (load->waiting_head < load->waiting_tail) {
        *ret_lead = load->waiting[load->waiting_head++ % PARKED_MAX];
        return true;
    }
    if (!may_begin(load, now)) {
        return false;
    }
    *ret_lead = (struct lead){ .number = load->options->first_number + load->result->leads };
    load->result->leads++;
    return true;
}

static void send_step(struct load *load, struct conn *conn, uint64_t since_us)
{
    struct slice frame = frames_fill(&load->frames, &conn->lead, 1, conn->next_id++);
    conn->busy = true;
    conn->sent_us = since_us;
    conn->in_len = 0;
    if (!write_all(conn->fd, frame.ptr, frame.len)) {
        load->result->broken = true;
    }
}

static void count_answer(struct load *load, const struct conn *conn, uint64_t now)
{
    struct load_result *result = load->result;
    result->commands++;
    if (now < load->window_us || (load->end_us != 0 && now >= load->end_us)) {
        return;
    }
    result->counted++;
    load->last_us = now;
    if (result->samples < LOAD_SAMPLES_MAX) {
        load->sample[result->samples++] = (uint32_t)(now - conn->sent_us);
    }
}

static bool lead_is_over(const struct load *load, const struct lead *lead)
{
    return lead->step == LEAD_STEPS || (load->options->starts_only && lead->step > 0);
}

static void take_answer(struct load *load, uint32_t index, uint64_t now)
{
    struct conn *conn = &load->conn[index];
    struct load_result *result = load->result;
    count_answer(load, conn, now);
    conn->busy = false;
    conn->in[conn->in_len < IN_BYTES ? conn->in_len : IN_BYTES - 1] = '\0';
    if (!frames_answer(&conn->lead, slice_make(conn->in, conn->in_len))) {
        if (result->refused++ == 0) {
            (void)snprintf(result->refusal, sizeof(result->refusal), "step %u: %.200s",
                           conn->lead.step, conn->in);
        }
        load->idle[load->idle_count++] = index; // that lead goes no further
        return;
    }
    conn->lead.step++;
    bool over = lead_is_over(load, &conn->lead);
    if (!over && conn->lead.step == LEAD_REACHED) {
        CHECK(load->parked_tail - load->parked_head < PARKED_MAX);
        load->parked[load->parked_tail++ % PARKED_MAX] =
            (struct parked){ conn->lead, now + load->options->wait_us };
        over = true;
    }
    if (load->options->rate != 0) {
        if (!over) {
            CHECK(load->waiting_tail - load->waiting_head < PARKED_MAX);
            load->waiting[load->waiting_tail++ % PARKED_MAX] = conn->lead;
        }
        load->idle[load->idle_count++] = index;
    } else if (!over || next_lead(load, now, &conn->lead)) {
        send_step(load, conn, now);
    } else {
        load->idle[load->idle_count++] = index;
    }
}

static void read_conn(struct load *load, uint32_t index)
{
    struct conn *conn = &load->conn[index];
    ssize_t got = read(conn->fd, conn->in + conn->in_len, IN_BYTES - conn->in_len);
    if (got <= 0 || !conn->busy) {
        load->result->broken = true;
        return;
    }
    conn->in_len += (uint32_t)got;
    size_t whole = 0;
    if (pack_scan(slice_make(conn->in, conn->in_len), IN_BYTES, &whole) == PACK_WHOLE) {
        take_answer(load, index, clockwork_us());
    }
}

// --- the loop ------------------------------------------------------------------------------------

static uint64_t own_cpu_us(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Open loop: a command is due every 1/rate seconds, whatever happened to the ones before it.
static void send_scheduled(struct load *load, uint64_t now)
{
    const struct load_options *options = load->options;
    while (load->idle_count > 0) {
        uint64_t due = load->begun_us + load->arrivals * 1000000 / options->rate;
        struct conn *conn = &load->conn[load->idle[load->idle_count - 1]];
        if (due > now || !next_lead(load, now, &conn->lead)) {
            return;
        }
        load->arrivals++;
        load->idle_count--;
        send_step(load, conn, due);
    }
}

static void send_saturated(struct load *load, uint64_t now)
{
    while (load->idle_count > 0) {
        struct conn *conn = &load->conn[load->idle[load->idle_count - 1]];
        if (!next_lead(load, now, &conn->lead)) {
            return;
        }
        load->idle_count--;
        send_step(load, conn, now);
    }
}

static bool is_over(const struct load *load, uint64_t now)
{
    return load->result->broken ||
           (load->idle_count == load->options->connections && !may_begin(load, now) &&
            load->parked_head == load->parked_tail && load->waiting_head == load->waiting_tail);
}

static void watch_window(struct load *load, uint64_t now)
{
    if (load->cpu_window_us == 0 && now >= load->window_us) {
        load->cpu_window_us = own_cpu_us();
    }
    if (load->cpu_end_us == 0 && load->end_us != 0 && now >= load->end_us) {
        load->cpu_end_us = own_cpu_us();
    }
}

// An open loop at thousands a second is timed in fractions of a millisecond: a timer among the
// connections says when the next command is due. When none is free the next answer comes first: a
// timer that is over already would keep this process spinning on a processor that the server needs.
static void arm_timer(struct load *load)
{
    struct itimerspec spec = { .it_value = { 0, 0 } }; // disarmed
    if (load->idle_count > 0) {
        uint64_t due = load->begun_us + load->arrivals * 1000000 / load->options->rate;
        uint64_t now = clockwork_us();
        uint64_t wait = due > now ? due - now : 1;
        spec.it_value.tv_sec = (time_t)(wait / 1000000);
        spec.it_value.tv_nsec = (long)(wait % 1000000) * 1000;
    }
    CHECK(timerfd_settime(load->timer, 0, &spec, NULL) == 0);
}

static void open_timer(struct load *load)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = TIMER_EVENT };
    load->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK(load->timer >= 0 && epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->timer, &event) == 0);
}

static void run_loop(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t now = clockwork_us();
    while (!is_over(load, now)) {
        if (load->options->rate != 0) {
            send_scheduled(load, now);
        } else {
            send_saturated(load, now);
        }
        if (load->options->rate != 0) {
            arm_timer(load);
        }
        int wait_ms = load->idle_count > 0 ? 1 : 100;
        int count = epoll_wait(load->epoll, events, EVENTS_MAX, wait_ms);
        for (int i = 0; i < count; i++) {
            uint64_t expired;
            if (events[i].data.u32 != TIMER_EVENT) {
                read_conn(load, events[i].data.u32);
            } else if (read(load->timer, &expired, sizeof(expired)) < 0) {
                CHECK(errno == EAGAIN);
            }
        }
        now = clockwork_us();
        watch_window(load, now);
    }
}

static int compare_samples(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void summarise(struct load *load)
{
    struct load_result *result = load->result;
    uint64_t end = load->end_us != 0 ? load->end_us : load->last_us;
    result->window_s = end > load->window_us ? (double)(end - load->window_us) * 1e-6 : 0;
    result->cpu_us =
        (load->cpu_end_us != 0 ? load->cpu_end_us : own_cpu_us()) - load->cpu_window_us;
    if (result->samples == 0) {
        return;
    }
    qsort(load->sample, result->samples, sizeof(load->sample[0]), compare_samples);
    result->p50_us = load->sample[result->samples / 2];
    result->p99_us = load->sample[(uint64_t)result->samples * 99 / 100];
    result->p999_us = load->sample[(uint64_t)result->samples * 999 / 1000];
    result->max_us = load->sample[result->samples - 1];
}

static void run_child(const struct load_options *options, struct load_result *result)
{
    static struct load load;
    load.options = options;
    load.result = result;
    load.sample = calloc(LOAD_SAMPLES_MAX, sizeof(load.sample[0]));
    load.parked = calloc(PARKED_MAX, sizeof(load.parked[0]));
    load.waiting = calloc(PARKED_MAX, sizeof(load.waiting[0]));
    CHECK(load.sample != NULL && load.parked != NULL && load.waiting != NULL);
    CHECK(options->connections <= LOAD_CONNECTIONS_MAX);
    frames_init(&load.frames);
    if (!open_conns(&load)) {
        result->broken = true;
        return;
    }
    open_timer(&load);
    load.begun_us = clockwork_us();
    load.window_us = load.begun_us + (uint64_t)(options->warm_seconds * 1e6);
    load.end_us = options->seconds > 0 ? load.window_us + (uint64_t)(options->seconds * 1e6) : 0;
    run_loop(&load);
    summarise(&load);
}

bool load_begin(const struct load_options *options, struct load_child *ret_child)
{
    struct load_result *result =
        mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (result == MAP_FAILED) {
        return false;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        run_child(options, result);
        _exit(0);
    }
    *ret_child = (struct load_child){ (int)pid, result };
    return pid > 0;
}

void load_end(struct load_child *child, struct load_result *ret_result)
{
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    *ret_result = *child->result;
    ret_result->broken = ret_result->broken || status != 0;
    (void)munmap(child->result, sizeof(*child->result));
}

bool load_run(const struct load_options *options, struct load_result *ret_result)
{
    struct load_child child;
    if (!load_begin(options, &child)) {
        return false;
    }
    load_end(&child, ret_result);
    return true;
}
