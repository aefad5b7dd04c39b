// sim --seed N | --seeds N [--from S] | --file FILE   [--lite] [--twice] [--verbose]
// Exit code 0: every run held; else that of the oracle that broke first (oracle.def), 2 for bad
// arguments, 3 when a run ended in a CHECK or a signal. A failed run prints SEED=… and how to
// repeat it.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/sim/sim.h"

enum { EXIT_USAGE = 2, EXIT_DIED = 3, SEEDS_MAX = 100000 };

struct arguments {
    uint64_t from, count;
    const char *file;
    bool lite, twice, verbose, all;
};

static void print_seed(void *context)
{
    (void)fprintf(stderr, "SEED=%" PRIu64 "\n", *(const uint64_t *)context);
}

static void print_run(const struct sim_result *result, uint64_t seed)
{
    const struct sim_counts *c = &result->counts;
    (void)printf("seed %" PRIu64 ": %" PRIu64 " records, %" PRIu64 " acknowledged, %" PRIu64
                 " refused; %" PRIu64 " crashes, %" PRIu64 " power losses (%" PRIu64
                 " in a sync), %" PRIu64 " disk errors, %" PRIu64 " resets; %" PRIu64
                 " retries, %" PRIu64 " duplicates; %" PRIu64 " timers, %" PRIu64
                 " rungs overdue; %" PRIu64 " commits (%" PRIu64 " handed over), %" PRIu64
                 " flushes, %" PRIu64 " folded; %" PRIu64 " conversions, %" PRIu64
                 " reopened, %" PRIu64 " versions (%" PRIu64 " cases moved, %" PRIu64
                 " stayed), %" PRIu64 " pushes, %" PRIu64
                 " tasks ranked; %" PRIu64
                 " filings, %" PRIu64 " indexes deleted, %" PRIu64 " searches found %" PRIu64
                 "; %" PRIu64 " absences, %" PRIu64 " pressed in another's place, %" PRIu64
                 " hand-overs, %" PRIu64 " picked of a team; %" PRIu64 " tries of calls, %" PRIu64
                 " acknowledgements lost, %" PRIu64 " asked for again, %" PRIu64
                 " answers said again, %" PRIu64 " given up; %" PRIu64 " messages, %" PRIu64
                 " waited, %" PRIu64 " began a case; %" PRIu64
                 " questions answered amid faults, %" PRIu64
                 " answers held against the model; %" PRIu64
                 " calls waited for their hours, %" PRIu64
                 " messages could not be done; %" PRIu64
                 " times as many messages as may wait, %" PRIu64
                 " times as many calls as may go\n",
                 seed, c->records, c->acknowledged, c->refused, c->crashes, c->power_losses,
                 c->cuts, c->io_errors, c->resets, c->retries, c->duplicates, c->timers,
                 c->overdue, c->commits, c->handed_over, c->flushes, c->replayed,
                 c->convertions, c->reopens, c->deploys, c->moved, c->held, c->pushes, c->ranked,
                 c->filings, c->dropped_indexes, c->searches, c->found, c->absences, c->in_place,
                 c->hand_overs, c->of_team, c->tries, c->lost, c->done_again, c->said_again,
                 c->given_up, c->messages, c->kept, c->begun,
                 c->answers_amid, c->answers_exact, c->for_hours, c->failed, c->kept_full,
                 c->calls_full);
}

static void print_failure(const struct sim_result *result, const struct arguments *arguments,
                          uint64_t seed)
{
    (void)printf("SEED=%" PRIu64 " ORACLE=%s: %s\n"
                 "  repeat it with: sim --seed %" PRIu64 "%s --verbose\n",
                 seed, sim_oracle_name(result->broken), result->message, seed,
                 arguments->lite ? " --lite" : "");
}

static int run_here(const struct arguments *arguments, uint64_t seed)
{
    struct sim_result result;
    sim_run(seed, arguments->lite, arguments->verbose, &result);
    if (result.broken == ORACLE_NONE && arguments->twice) {
        struct sim_result again;
        sim_run(seed, arguments->lite, false, &again);
        if (again.trace != result.trace || again.unseed != result.unseed ||
            again.files != result.files) {
            result.broken = ORACLE_SAME;
            (void)snprintf(result.message, sizeof(result.message), "the second run differs: %s",
                           again.trace != result.trace     ? "its decisions"
                           : again.unseed != result.unseed ? "its last draws"
                                                           : "its files");
        }
    }
    print_run(&result, seed);
    if (result.broken != ORACLE_NONE) {
        print_failure(&result, arguments, seed);
    }
    (void)fflush(NULL);
    return (int)result.broken;
}

// In a process of its own: one that dies is a failed run, not the end of the others.
static int run_apart(const struct arguments *arguments, uint64_t seed)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        check_set_context(print_seed, &seed);
        _exit(run_here(arguments, seed));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return EXIT_DIED;
    }
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    (void)printf("SEED=%" PRIu64 " ORACLE=check: the run died of signal %d\n", seed,
                 WTERMSIG(status));
    return EXIT_DIED;
}

static int run_range(const struct arguments *arguments)
{
    int first = 0;
    for (uint64_t i = 0; i < arguments->count; i++) {
        int code = run_apart(arguments, arguments->from + i);
        first = first == 0 ? code : first;
        if (code != 0 && !arguments->all) {
            break;
        }
    }
    return first;
}

// One seed a line, optionally followed by a word: `lite`. A # begins a comment.
static int run_file(const struct arguments *arguments)
{
    FILE *file = fopen(arguments->file, "r");
    char line[256];
    int first = 0;
    if (file == NULL) {
        (void)fprintf(stderr, "cannot read %s\n", arguments->file);
        return EXIT_USAGE;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        char *end = line;
        uint64_t seed = strtoull(line, &end, 10);
        if (end != line) {
            struct arguments one = *arguments;
            one.lite = strstr(end, "lite") != NULL;
            int code = run_apart(&one, seed);
            first = first == 0 ? code : first;
        }
    }
    (void)fclose(file);
    return first;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    *ret = (struct arguments){ .from = 1 };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--lite") == 0) {
            ret->lite = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            ret->twice = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            ret->verbose = true;
        } else if (strcmp(argv[i], "--all") == 0) {
            ret->all = true;
        } else if (value == NULL) {
            return false;
        } else if (strcmp(argv[i], "--seed") == 0) {
            ret->from = strtoull(argv[++i], NULL, 10);
            ret->count = 1;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            ret->count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--from") == 0) {
            ret->from = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--file") == 0) {
            ret->file = argv[++i];
        } else {
            return false;
        }
    }
    return (ret->count > 0 && ret->count <= SEEDS_MAX) != (ret->file != NULL);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse(argc, argv, &arguments)) {
        (void)fprintf(stderr, "usage: sim --seed N | --seeds N [--from S] [--all] | --file FILE  "
                              "[--lite] [--twice] [--verbose]\n");
        return EXIT_USAGE;
    }
    return arguments.file != NULL ? run_file(&arguments) : run_range(&arguments);
}
