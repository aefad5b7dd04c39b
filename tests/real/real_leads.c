// real_leads --rung PROGRAM --work FOLDER [--data FOLDER] [--kills N] [--flush-kills N] [--seed N]
//            [--count N]
//
// The real leads of a seller of online courses, from the file to closed books: imports them into a
// new store, presses each lead's buttons over the socket for 60 days of the engine's clock, then
// compares where every lead stands, and its history, with what the file says. With --kills the
// engine is killed without warning so many times on the way, each time with commands unanswered.
// The file is looked for in --data, in RUNG_REAL_DATA, or in ../shared/data; without it the program
// says so and passes.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pack.h"
#include "engine/cli/env.h"
#include "tests/real/books.h"

enum { CALLERS = 40, ADVISERS = 8, WRITERS = 2 };

struct options {
    const char *rung, *data, *work;
    uint32_t kills, flush_kills, count;
    uint64_t seed;
};

static uint32_t passed_count;
static uint32_t failed_count;

static bool expect(bool holds, const char *what)
{
    printf("%s %s\n", holds ? "  ok  " : "FAILED", what);
    (void)fflush(stdout);
    passed_count += holds;
    failed_count += !holds;
    return holds;
}

static void pack_user(struct buf *users, const char *role, int number)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "%s%d", role, number);
    pack_map(users, 3);
    pack_cstr(users, "name");
    pack_cstr(users, name);
    pack_cstr(users, "roles");
    pack_array(users, 1);
    pack_cstr(users, role);
    pack_cstr(users, "superior");
    pack_cstr(users, strcmp(role, "head") == 0 ? "" : "head1");
}

static bool import_users(struct engine *engine)
{
    static const struct {
        const char *role;
        int count;
    } people[] = {
        { "head", 1 }, { "caller", CALLERS }, { "adviser", ADVISERS }, { "writer", WRITERS }
    };
    struct buf users;
    struct client_reply reply;
    buf_init(&users, 65536);
    pack_array(&users, 1 + CALLERS + ADVISERS + WRITERS);
    for (size_t index = 0; index < ARRAY_COUNT(people); index++) {
        for (int number = 1; number <= people[index].count; number++) {
            pack_user(&users, people[index].role, number);
        }
    }
    params_raw(engine_ask(engine), "users", buf_slice(&users));
    bool done = engine_command(engine, "import_users", &reply);
    buf_done(&users);
    return done;
}

static bool import_leads(struct engine *engine, const char *csv)
{
    const char *const argv[] = { engine->rung, "import",       "lead",
                                 csv,          "--map",        "tests/real/xeducation.map",
                                 "--socket",   engine->socket, NULL };
    return engine_run(engine, argv) == 0;
}

static void print_kills(const struct kills *kills)
{
    printf("kills: %" PRIu32 " with %" PRIu32 " to %" PRIu32 " commands unanswered, %" PRIu32
           " of them during a flush; %" PRIu64 " commands said again, %" PRIu32
           " of them had been carried out before\n",
           kills->done, kills->unanswered_min, kills->unanswered_max, kills->during_flush,
           kills->resent, kills->repeats);
}

static bool offline_verify(struct engine *engine)
{
    const char *const argv[] = { engine->rung, "verify", engine->data, NULL };
    return engine_run(engine, argv) == 0;
}

static void close_books(struct engine *engine, struct leads *leads, struct play *play,
                        const char *csv)
{
    expect(books_close(engine, leads), "the books close as the file says");
    expect(books_histories(engine, leads), "every answered press stands in the history once");
    uint64_t seq = books_seq(engine);
    expect(import_leads(engine, csv) && books_seq(engine) == seq,
           "importing the file again changes nothing, also for closed leads");
    expect(books_verify(engine), "the running engine finds its replay equal to its state");
    if (play->kills.wanted > 0) {
        print_kills(&play->kills);
        expect(play->kills.done >= play->kills.wanted, "as many kills as were asked for");
        expect(play->kills.during_flush >= play->kills.flush_wanted,
               "as many of them during a flush as were asked for");
        expect(play->kills.unanswered_min >= 1, "each with a command unanswered");
    }
    expect(engine_stop(engine), "the engine ends cleanly");
    expect(offline_verify(engine), "rung verify: replay equals view, nobody asleep, indexes equal");
}

static void run(const struct options *options, const char *csv)
{
    struct leads leads;
    struct engine engine;
    struct play play;
    if (!expect(leads_read(&leads, csv, options->count), "the leads are read") ||
        !engine_init(&engine, options->rung, "tests/real", options->work)) {
        failed_count++;
        return;
    }
    uint64_t began = env_steady_ms();
    play_init(&play, &engine, &leads, options->seed, options->kills, options->flush_kills);
    if (expect(engine_start(&engine), "the engine starts on a clock that stands still") &&
        expect(import_users(&engine), "the people are known") &&
        expect(import_leads(&engine, csv), "the leads are imported") &&
        expect(play_run(&play), "every button is pressed at its moment, for 60 days")) {
        printf("%" PRIu64 " presses of %" PRIu32 " leads in %" PRIu64 " ms\n", play.presses,
               leads.count, env_steady_ms() - began);
        close_books(&engine, &leads, &play, csv);
    }
    if (engine.pid > 0) {
        engine_kill(&engine);
    }
    client_done(&engine.client);
    params_done(&engine.params);
    play_done(&play);
    leads_done(&leads);
}

static bool take_options(struct options *options, int argc, char **argv)
{
    for (int at = 1; at + 1 < argc; at += 2) {
        uint64_t number = strtoull(argv[at + 1], NULL, 10);
        if (strcmp(argv[at], "--rung") == 0) {
            options->rung = argv[at + 1];
        } else if (strcmp(argv[at], "--data") == 0) {
            options->data = argv[at + 1];
        } else if (strcmp(argv[at], "--work") == 0) {
            options->work = argv[at + 1];
        } else if (strcmp(argv[at], "--kills") == 0) {
            options->kills = (uint32_t)number;
        } else if (strcmp(argv[at], "--flush-kills") == 0) {
            options->flush_kills = (uint32_t)number;
        } else if (strcmp(argv[at], "--count") == 0) {
            options->count = (uint32_t)number;
        } else if (strcmp(argv[at], "--seed") == 0) {
            options->seed = number;
        } else {
            return false;
        }
    }
    return argc % 2 == 1 && options->rung != NULL && options->data != NULL && options->work != NULL;
}

int main(int argc, char **argv)
{
    const char *data = env_get("RUNG_REAL_DATA");
    struct options options = { .data = data != NULL ? data : "../shared/data" };
    env_random(&options.seed, sizeof(options.seed));
    if (!take_options(&options, argc, argv)) {
        (void)fprintf(stderr,
                      "usage: real_leads --rung PROGRAM --work FOLDER "
                      "[--data FOLDER] [--kills N] [--flush-kills N] [--seed N] [--count N]\n");
        return 2;
    }
    char csv[512];
    (void)snprintf(csv, sizeof(csv), "%s/leads/xeducation_leads.csv.gz", options.data);
    if (access(csv, R_OK) != 0) {
        printf("skipped: %s is not here\n0 passed, 0 failed\n", csv);
        return 0;
    }
    printf("seed %" PRIu64 "\n", options.seed);
    run(&options, csv);
    printf("%" PRIu32 " passed, %" PRIu32 " failed\n", passed_count, failed_count);
    return failed_count > 0 ? 1 : 0;
}
