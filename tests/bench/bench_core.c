// The same load without sockets, threads or disk: what a command costs in the engine itself. For
// profilers (`valgrind --tool=callgrind bench_core 300`), and for looking at one change at a time
// on a machine that is not quiet.
//
//   bench_core LEADS
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "tests/bench/frames.h"
#include "tests/fuzz/memory_engine.h"

enum { TEXT_BYTES_MAX = 1 << 20, TIMER_MS = 3000 };

struct bench_core {
    struct memory_engine memory;
    struct frames frames;
    struct lead lead[MEMORY_CONNS_MAX];
    uint64_t next_id[MEMORY_CONNS_MAX];
    uint64_t leads, begun, finished, commands;
};

static double cpu_seconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void feed_whole(struct bench_core *bench, uint32_t conn, struct slice frame)
{
    size_t fed = memory_engine_feed(&bench->memory, conn, frame);
    CHECK(fed == frame.len);
}

static void open_engine(struct bench_core *bench, const char *program)
{
    static const char *const roles[] = { "head", NULL };
    memory_engine_open(&bench->memory, program, roles);
    uint32_t conn = memory_engine_connect(&bench->memory);
    feed_whole(bench, conn, frames_users());
    memory_engine_settle(&bench->memory);
    memory_engine_hang_up(&bench->memory, conn);
    for (uint32_t i = 0; i < MEMORY_CONNS_MAX; i++) {
        conn = memory_engine_connect(&bench->memory);
        CHECK(conn == i);
        feed_whole(bench, conn, frames_hello(i));
        memory_engine_settle(&bench->memory);
        buf_reset(&bench->memory.received[i]);
        bench->lead[i].step = LEAD_STEPS;
    }
}

static bool send_next(struct bench_core *bench, uint32_t conn)
{
    struct lead *lead = &bench->lead[conn];
    if (lead->step == LEAD_STEPS) {
        if (bench->begun == bench->leads) {
            return false;
        }
        *lead = (struct lead){ .number = bench->begun++ };
    }
    feed_whole(bench, conn, frames_fill(&bench->frames, lead, 1, ++bench->next_id[conn]));
    return true;
}

static void take_answer(struct bench_core *bench, uint32_t conn)
{
    struct buf *received = &bench->memory.received[conn];
    while (received->len == 0) {
        (void)memory_engine_turn(&bench->memory);
    }
    if (!frames_answer(&bench->lead[conn], buf_slice(received))) {
        fprintf(stderr, "refused: %.*s\n", (int)received->len, received->ptr);
        abort();
    }
    buf_reset(received);
    bench->commands++;
    bench->lead[conn].step++;
    bench->finished += bench->lead[conn].step == LEAD_STEPS ? 1 : 0;
}

static void run(struct bench_core *bench)
{
    bool sent[MEMORY_CONNS_MAX];
    while (bench->finished < bench->leads) {
        for (uint32_t i = 0; i < MEMORY_CONNS_MAX; i++) {
            sent[i] = send_next(bench, i);
        }
        for (uint32_t i = 0; i < MEMORY_CONNS_MAX; i++) {
            if (sent[i]) {
                take_answer(bench, i);
            }
        }
        bench->memory.now_ms += TIMER_MS;
        (void)memory_engine_turn(&bench->memory); // the timers of those who were busy
    }
}

int main(int argc, char **argv)
{
    static struct bench_core bench;
    static char program[TEXT_BYTES_MAX];
    bench.leads = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    FILE *file = fopen("tests/bench/lead.rung", "r");
    if (file == NULL) {
        fprintf(stderr, "run this from the top of the repository\n");
        return 2;
    }
    program[fread(program, 1, sizeof(program) - 1, file)] = '\0';
    (void)fclose(file);
    frames_init(&bench.frames);
    open_engine(&bench, program);
    double begun = cpu_seconds();
    run(&bench);
    double took = cpu_seconds() - begun;
    printf("%llu commands, %llu timers: %.2f us of CPU a command\n",
           (unsigned long long)bench.commands,
           (unsigned long long)bench.memory.engine.core_tick.counters.timers,
           took * 1e6 / (double)bench.commands);
    memory_engine_close(&bench.memory);
    return 0;
}
