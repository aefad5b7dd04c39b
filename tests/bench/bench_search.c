// Searching among many cases: the store is made through the engine's own core, the index by its
// follower, and the questions go through a session as clients' do, without the socket.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/pack.h"
#include "base/prng.h"
#include "engine/embed/toolchain_dsl.h"
#include "engine/shell/engine.h"
#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"

enum {
    BATCH = 400, PEOPLE = 200, QUESTIONS = 1000, WORDS = 3000, TEXT_MAX = 400,
    FEW_CLIENTS = 20000, MANY_CLIENTS = 1000000
};
static const char data_path[] = "build/bench-data/search";
static const uint64_t start_ms = 1767603600000ull;

struct desk {
    struct engine engine;
    struct clock clock;
    struct transport transport;
    struct worker worker;
    uint64_t now_ms, conn;
    struct buf received;
    struct arena arena;
    struct prng prng;
    char words[WORDS][32];
};

// --- the seams -----------------------------------------------------------------------------------

static uint64_t wall_clock(void *context) { return ((struct desk *)context)->now_ms; }
static uint64_t steady_clock(void *context) { return ((struct desk *)context)->now_ms * 1000; }

static size_t receive(void *context, uint64_t conn, struct slice bytes)
{
    (void)conn;
    buf_put_slice(&((struct desk *)context)->received, bytes);
    return bytes.len;
}

static void set_reading(void *context, uint64_t conn, bool on)
{
    (void)context;
    (void)conn;
    (void)on;
}

static void hang_up(void *context, uint64_t conn)
{
    (void)context;
    (void)conn;
}

static void work(void *context, struct job *job)
{
    (void)context;
    (void)job;
}

// --- clients -------------------------------------------------------------------------------------

static uint64_t draw(struct desk *desk, uint64_t bound) { return prng_below(&desk->prng, bound); }

// Some words are in every third text, most in few: about as it is in a language.
static const char *draw_word(struct desk *desk)
{
    uint64_t at = draw(desk, WORDS);
    return desk->words[at * draw(desk, WORDS) / WORDS * draw(desk, WORDS) / WORDS];
}

static void make_words(struct desk *desk)
{
    static const char *const ru[] = { "ба", "ве", "го", "да", "жи", "ко", "ла", "ми", "но", "пе",
                                      "ру", "со", "та", "фи", "ча", "шу" };
    static const char *const en[] = { "ba", "ve", "go", "da", "ji", "ko", "la", "mi", "no", "pe",
                                      "ru", "so", "ta", "fi", "cha", "shu" };
    static const char *const ru_ends[] = { "ов", "ова", "ин", "ский", "енко", "ать", "ый", "ка" };
    static const char *const en_ends[] = { "son", "er", "ing", "ed", "ly", "man", "ton", "s" };
    for (uint32_t i = 0; i < WORDS; i++) {
        const char *const *parts = i % 3 == 0 ? en : ru;
        const char *const *ends = i % 3 == 0 ? en_ends : ru_ends;
        (void)snprintf(desk->words[i], sizeof(desk->words[i]), "%s%s%s", parts[i % 16],
                       parts[i / 16 % 16], ends[i / 256 % 8]);
    }
}

static void make_phone(uint64_t number, char to[20])
{
    // Spread over the numbers, each only once: 7 and 9 have no factor in common with 10^7.
    (void)snprintf(to, 20, "+79%02llu%07llu", (unsigned long long)(10 + number / 10000000 % 80),
                   (unsigned long long)(number * 7654321 % 10000000));
}

static struct slice make_form(struct desk *desk, uint64_t number)
{
    static const char *const cities[] = { "moscow", "kazan", "samara", "perm", "omsk", "berlin" };
    char phone[20];
    char text[TEXT_MAX];
    struct buf buf;
    buf_init(&buf, 4096);
    pack_map(&buf, 5);
    make_phone(number, phone);
    pack_cstr(&buf, "phone");
    pack_cstr(&buf, phone);
    (void)snprintf(text, sizeof(text), "%s %s", draw_word(desk), draw_word(desk));
    pack_cstr(&buf, "name");
    pack_cstr(&buf, text);
    (void)snprintf(text, sizeof(text), "client%llu@mail%llu.example", (unsigned long long)number,
                   (unsigned long long)draw(desk, 20));
    pack_cstr(&buf, "email");
    pack_cstr(&buf, text);
    pack_cstr(&buf, "city");
    pack_cstr(&buf, cities[draw(desk, 6)]);
    (void)snprintf(text, sizeof(text), "%s %s %s %s %s", draw_word(desk), draw_word(desk),
                   draw_word(desk), draw_word(desk), draw_word(desk));
    pack_cstr(&buf, "note");
    pack_cstr(&buf, text);
    struct slice form = arena_copy(&desk->arena, buf_slice(&buf));
    buf_done(&buf);
    return form;
}

static void flush(struct desk *desk, bool all)
{
    struct store *store = desk->engine.store;
    if (store_wants_freeze(store, desk->now_ms, all)) {
        store_freeze(store, desk->now_ms);
        CHECK(store_flush(store) == OK);
        store_flush_done(store);
    }
}

static void commit(struct desk *desk, uint32_t count)
{
    const struct core_effects *effects;
    CHECK(core_commit(desk->engine.core, &effects) == OK);
    for (uint32_t i = 0; i < count; i++) {
        if (effects->answers[i].refusal.code != REFUSAL_NONE) {
            fprintf(stderr, "refused: %.*s\n",
                    SLICE_PRINT(effects->answers[i].refusal.message));
            abort();
        }
    }
    flush(desk, false);
    arena_reset(&desk->arena);
}

static void add_people(struct desk *desk)
{
    static const struct slice head[] = { { "head", 4 } };
    static const struct slice sales[] = { { "sales", 5 } };
    struct command_user *users = ARENA_ARRAY(&desk->arena, struct command_user, PEOPLE);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        users[i].name = arena_format(&desk->arena, i == 0 ? "head" : "sales%u", i);
        users[i].title = users[i].name;
        users[i].roles = i == 0 ? head : sales;
        users[i].role_count = 1;
        users[i].active = true;
    }
    const struct command command = { .kind = COMMAND_USERS, .users = users,
                                     .user_count = PEOPLE };
    core_begin(desk->engine.core, desk->now_ms);
    core_step(desk->engine.core, &command);
    commit(desk, 1);
}

// One in four ends; one in twenty has a comment.
static void add_clients(struct desk *desk, uint32_t clients)
{
    struct command *commands = malloc(sizeof(struct command) * BATCH);
    CHECK(commands != NULL);
    for (uint32_t first = 0; first < clients; first += BATCH) {
        uint32_t count = clients - first < BATCH ? clients - first : BATCH;
        core_begin(desk->engine.core, ++desk->now_ms);
        for (uint32_t i = 0; i < count; i++) {
            commands[i] = (struct command){ .kind = COMMAND_START, .process = SLICE("client"),
                                            .form = make_form(desk, first + i) };
            core_step(desk->engine.core, &commands[i]);
        }
        commit(desk, count);
        core_begin(desk->engine.core, ++desk->now_ms);
        uint32_t said = 0;
        for (uint32_t i = 0; i < count; i += 4, said++) {
            commands[said] = (struct command){ .kind = COMMAND_PRESS, .instance = first + i + 1,
                                               .name = SLICE("lose"), .as = SLICE("head") };
            if (i % 20 == 0) {
                struct slice text = arena_format(&desk->arena, "%s %s", draw_word(desk),
                                                 draw_word(desk));
                commands[said] = (struct command){ .kind = COMMAND_COMMENT,
                                                   .instance = first + i + 1, .text = text };
            }
            core_step(desk->engine.core, &commands[said]);
        }
        commit(desk, said);
    }
    free(commands);
    flush(desk, true);
}

// --- questions -----------------------------------------------------------------------------------

static void write_words(struct desk *desk, uint32_t clients, char to[TEXT_MAX])
{
    char phone[20];
    char begin[40];
    const char *word = draw_word(desk);
    uint64_t what = draw(desk, 100);
    make_phone(draw(desk, clients), phone);
    size_t len = 4 + 2 * draw(desk, 3); // 2-4 letters when they are Russian
    (void)snprintf(begin, sizeof(begin), "%s", word);
    begin[len] = '\0'; // every word has more
    if (what < 20) {
        (void)snprintf(to, TEXT_MAX, "%s", word);
    } else if (what < 35) {
        (void)snprintf(to, TEXT_MAX, "%s", begin);
    } else if (what < 50) {
        (void)snprintf(to, TEXT_MAX, "%s %s", word, draw_word(desk));
    } else if (what < 62) {
        (void)snprintf(to, TEXT_MAX, "%s", phone + 8 - draw(desk, 4));
    } else if (what < 68) {
        (void)snprintf(to, TEXT_MAX, "8 (%.3s) %.3s-%s", phone + 2, phone + 5, phone + 8);
    } else if (what < 73) {
        phone[3 + draw(desk, 7)] = '\0';
        (void)snprintf(to, TEXT_MAX, "%s", phone);
    } else if (what < 83) {
        (void)snprintf(to, TEXT_MAX, "%s %s", draw(desk, 2) == 0 ? "москва" : "berlin", begin);
    } else if (what < 93) {
        (void)snprintf(to, TEXT_MAX, "%s %s", draw(desk, 2) == 0 ? "занято" : "busy", word);
    } else if (what < 97) {
        (void)snprintf(to, TEXT_MAX, "%s %s %s", draw_word(desk), draw_word(desk),
                       draw_word(desk));
    } else {
        (void)snprintf(to, TEXT_MAX, "client%llu", (unsigned long long)draw(desk, clients / 9));
    }
}

static double cpu_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

// Everything a question costs the engine, from its bytes to those of its answer.
static double ask(struct desk *desk, const char *words, uint64_t as, double *ret_cpu_ms)
{
    char name[16];
    struct buf frame;
    buf_init(&frame, 4096);
    pack_array(&frame, 4);
    pack_uint(&frame, 0);
    pack_uint(&frame, 1);
    pack_cstr(&frame, "search");
    pack_array(&frame, 1);
    pack_map(&frame, as > 0 ? 2 : 1);
    pack_cstr(&frame, "words");
    pack_cstr(&frame, words);
    if (as > 0) {
        (void)snprintf(name, sizeof(name), "sales%u", (unsigned)as);
        pack_cstr(&frame, "as");
        pack_cstr(&frame, name);
    }
    buf_reset(&desk->received);
    double cpu = cpu_ms();
    uint64_t begun = clockwork_us();
    size_t room;
    char *to = shell_input(desk->engine.shell, desk->conn, &room);
    CHECK(to != NULL && room >= frame.len);
    memcpy(to, frame.ptr, frame.len);
    shell_received(desk->engine.shell, desk->conn, frame.len);
    (void)shell_tick(desk->engine.shell);
    uint64_t took = clockwork_us() - begun;
    *ret_cpu_ms = cpu_ms() - cpu;
    CHECK(desk->received.len > 0 && desk->received.ptr[0] == '\x94');
    buf_done(&frame);
    return (double)took / 1000;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct bench *bench, struct desk *desk, uint32_t clients)
{
    static double ms[QUESTIONS], cpu[QUESTIONS];
    char words[TEXT_MAX];
    char slowest[TEXT_MAX] = "";
    double most = 0;
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        write_words(desk, clients, words);
        ms[i] = ask(desk, words, i % 2 == 0 ? 0 : 1 + draw(desk, PEOPLE - 1), &cpu[i]);
        if (ms[i] > most) {
            most = ms[i];
            (void)snprintf(slowest, sizeof(slowest), "%s", words);
        }
    }
    qsort(cpu, QUESTIONS, sizeof(cpu[0]), by_size);
    qsort(ms, QUESTIONS, sizeof(ms[0]), by_size);
    bench_line(bench, "a search, of 1,000: p50, p99, max", "%.3f, %.3f, %.3f ms (`%s`)",
               ms[QUESTIONS / 2], ms[QUESTIONS * 99 / 100], ms[QUESTIONS - 1], slowest);
    bench_line(bench, "the same in processor time", "%.3f, %.3f, %.3f ms", cpu[QUESTIONS / 2],
               cpu[QUESTIONS * 99 / 100], cpu[QUESTIONS - 1]);
    bench_target(bench, ms[QUESTIONS * 99 / 100] < 5, "p99 under 5 ms");
}

// --- the section ---------------------------------------------------------------------------------

static bool activate(struct desk *desk)
{
    struct toolchain_dsl dsl = { 0 };
    struct toolchain toolchain = toolchain_dsl_make(&dsl);
    static char text[1 << 16];
    FILE *file = fopen("tests/bench/search.rung", "r");
    if (file == NULL) {
        fprintf(stderr, "run this from the top of the repository\n");
        return false;
    }
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    struct toolchain_file one = { SLICE("search.rung"), slice_make(text, len) };
    struct engine_activation activation;
    enum err err = engine_activate(&desk->engine, &toolchain, &one, 1, &desk->arena, &activation);
    if (err != OK) {
        fprintf(stderr, "%.*s\n", SLICE_PRINT(activation.text));
    }
    return err == OK;
}

static bool open_desk(struct desk *desk)
{
    struct engine_problem problem;
    arena_init(&desk->arena, 1ull << 30);
    buf_init(&desk->received, 1 << 24);
    prng_init(&desk->prng, 20261130);
    make_words(desk);
    desk->now_ms = start_ms;
    desk->clock = (struct clock){ wall_clock, steady_clock, desk };
    desk->transport = (struct transport){ receive, set_reading, hang_up, desk };
    desk->worker = (struct worker){ work, desk };
    clockwork_remove(data_path);
    const struct engine_options options = {
        .store = { .path = data_path, .create = true },
        .currency = SLICE("EUR"), .region = SLICE("RU"), .clock = &desk->clock,
        .transport = &desk->transport, .worker = &desk->worker, .scratch_path = "/nowhere",
    };
    enum err err = engine_open(&options, &desk->engine, &problem);
    if (err != OK || desk->engine.follower == NULL) {
        fprintf(stderr, "%s %s\n", err_sentence(err), problem.message);
        return false;
    }
    return activate(desk) && shell_opened(desk->engine.shell, &desk->conn);
}

bool bench_search(struct bench *bench)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    uint32_t clients = bench->quick ? FEW_CLIENTS : MANY_CLIENTS;
    printf("\nsearch: %u cases, one in five ended, 14 different words each\n", clients);
    if (desk == NULL || !open_desk(desk)) {
        return false;
    }
    add_people(desk);
    double cpu = cpu_ms();
    uint64_t begun = clockwork_us();
    add_clients(desk, clients);
    uint64_t made = clockwork_us();
    double made_cpu = cpu_ms();
    while (follower_tick(desk->engine.follower)) {
    }
    uint64_t filed = clockwork_us();
    double filed_cpu = cpu_ms();
    CHECK(follower_failed(desk->engine.follower) == OK);
    CHECK(follower_seq(desk->engine.follower) == store_head(desk->engine.store)->seq);
    struct store_stats stats;
    store_stats(desk->engine.store, &stats);
    bench_line(bench, "made through the core", "%.1f s (%.1f of processor); %.0f MB",
               (double)(made - begun) / 1e6, (made_cpu - cpu) / 1e3,
               (double)(stats.journal_bytes + stats.view_bytes) / 1e6);
    bench_line(bench, "filed from nothing", "%.1f s (%.1f of processor); %.0f MB, %.0f B a case",
               (double)(filed - made) / 1e6, (filed_cpu - made_cpu) / 1e3,
               (double)index_bytes(follower_index(desk->engine.follower)) / 1e6,
               (double)index_bytes(follower_index(desk->engine.follower)) / clients);
    measure(bench, desk, clients);
    shell_closed(desk->engine.shell, desk->conn);
    (void)shell_tick(desk->engine.shell);
    engine_close(&desk->engine, true);
    clockwork_remove(data_path);
    buf_done(&desk->received);
    arena_done(&desk->arena);
    free(desk);
    return true;
}
