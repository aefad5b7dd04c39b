#include "tests/bench/serve.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/pack.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/frames.h"
#include "tests/bench/load.h"

enum { WORDS_MAX = 16, LINE_BYTES = 512, PATH_BYTES = 512, THREAD_BYTES = 64 };

static void become(const char *const *words, int out, const char *log)
{
    char *argv[WORDS_MAX + 2];
    size_t count = 0;
    argv[count++] = strdup(RUNG_PROGRAM);
    for (; words[count - 1] != NULL && count <= WORDS_MAX; count++) {
        argv[count] = strdup(words[count - 1]);
    }
    argv[count] = NULL;
    int err = open(log, O_CREAT | O_APPEND | O_WRONLY, 0600);
    if (out < 0) {
        out = open("/dev/null", O_WRONLY);
    }
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)execv(argv[0], argv);
    _exit(127);
}

bool serve_program(const char *const *words, double *ret_ms)
{
    uint64_t begun = clockwork_us();
    int status = 1;
    pid_t pid = fork();
    if (pid == 0) {
        become(words, -1, "build/bench-rung.log");
    }
    bool good = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    if (ret_ms != NULL) {
        *ret_ms = (double)(clockwork_us() - begun) * 1e-3;
    }
    return good;
}

bool serve_start(struct serve *serve, const char *data, const char *processes)
{
    return serve_start_at(serve, data, processes, "x1000");
}

bool serve_start_at(struct serve *serve, const char *data, const char *processes, const char *clock)
{
    int pipe_fd[2];
    *serve = (struct serve){ .data = data };
    (void)snprintf(serve->socket, sizeof(serve->socket), "%s.socket", data);
    CHECK(pipe(pipe_fd) == 0);
    fflush(stdout);
    uint64_t begun = clockwork_us();
    pid_t pid = fork();
    if (pid == 0) {
        const char *words[WORDS_MAX] = { "serve", data, "--socket", serve->socket };
        uint32_t count = 4;
        if (clock != NULL) {
            words[count++] = "--demo-clock";
            words[count++] = clock;
        }
        words[count] = processes;
        (void)close(pipe_fd[0]);
        become(words, pipe_fd[1], "build/bench-serve.log");
    }
    (void)close(pipe_fd[1]);
    char line[LINE_BYTES];
    size_t len = 0;
    while (len < sizeof(line) - 1 && read(pipe_fd[0], line + len, 1) == 1 && line[len] != '\n') {
        len++;
    }
    serve->ready_ms = (double)(clockwork_us() - begun) * 1e-3;
    serve->pid = (int)pid;
    (void)close(pipe_fd[0]);
    if (len == 0) {
        fprintf(stderr, "rung serve %s did not come up, see build/bench-serve.log\n", data);
        serve_kill(serve);
    }
    return len > 0;
}

static bool end_child(struct serve *serve, int signal_number)
{
    int status = 1;
    (void)kill(serve->pid, signal_number);
    bool good = waitpid(serve->pid, &status, 0) == serve->pid && status == 0;
    serve->pid = 0;
    return good;
}

bool serve_stop(struct serve *serve) { return end_child(serve, SIGTERM); }
void serve_kill(struct serve *serve) { (void)end_child(serve, SIGKILL); }

// --- /proc ---------------------------------------------------------------------------------------

static bool read_text(const char *path, char *to, size_t bytes)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(to, 1, bytes - 1, file);
    to[len] = '\0';
    (void)fclose(file);
    return true;
}

static uint64_t number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at == NULL ? 0 : strtoull(at + strlen(word), NULL, 10);
}

// utime and stime of a stat line, in microseconds; `name` gets the thread's.
static uint64_t cpu_of(const char *stat, char name[32])
{
    const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
    uint64_t utime = 0, stime = 0;
    if (open == NULL || close == NULL) {
        return 0;
    }
    size_t name_len = (size_t)(close - open - 1) < 31 ? (size_t)(close - open - 1) : 31;
    memcpy(name, open + 1, name_len);
    name[name_len] = '\0';
    // After the name: state and ten numbers before utime.
    const char *at = close + 2;
    for (uint32_t field = 0; field < 11 && at != NULL; field++) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    if (at != NULL) {
        char *end = NULL;
        utime = strtoull(at, &end, 10);
        stime = strtoull(end, NULL, 10);
    }
    return (utime + stime) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void read_threads(int pid, struct serve_usage *usage)
{
    char path[PATH_BYTES], text[LINE_BYTES * 2], name[32];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    size_t len = 0;
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        (void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid, entry->d_name);
        if (entry->d_name[0] != '.' && read_text(path, text, sizeof(text))) {
            uint64_t us = cpu_of(text, name);
            if (us >= 10000 && len < sizeof(usage->threads) - THREAD_BYTES) {
                len += (size_t)snprintf(usage->threads + len, THREAD_BYTES, "%.31s %llu ms  ", name,
                                        (unsigned long long)us / 1000);
            }
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

void serve_usage(const struct serve *serve, struct serve_usage *ret_usage)
{
    char path[PATH_BYTES], text[4096], name[32];
    *ret_usage = (struct serve_usage){ 0 };
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", serve->pid);
    if (read_text(path, text, sizeof(text))) {
        ret_usage->cpu_us = cpu_of(text, name);
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/io", serve->pid);
    if (read_text(path, text, sizeof(text))) {
        ret_usage->written = number_after(text, "\nwchar: ");
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/status", serve->pid);
    if (read_text(path, text, sizeof(text))) {
        ret_usage->rss_anon_kb = number_after(text, "RssAnon:");
        ret_usage->rss_file_kb = number_after(text, "RssFile:");
    }
    read_threads(serve->pid, ret_usage);
}

// --- stats ---------------------------------------------------------------------------------------

static uint64_t figure(struct slice map, const char *group, const char *key)
{
    if (group != NULL) {
        map = pack_map_find(map, slice_from_cstr(group));
    }
    struct unpack unpack;
    unpack_init(&unpack, map.len == 0 ? map : pack_map_find(map, slice_from_cstr(key)));
    return unpack_peek(&unpack) == PACK_INTEGER ? unpack_uint(&unpack) : 0;
}

bool serve_stats(const struct serve *serve, struct serve_stats *ret_stats)
{
    struct slice question = frames_question("stats");
    uint32_t len = 0;
    char *answer = load_ask(serve->socket, question.ptr, (uint32_t)question.len, &len);
    frames_free(question);
    if (answer == NULL) {
        return false;
    }
    struct unpack unpack;
    unpack_init(&unpack, slice_make(answer, len));
    (void)unpack_array(&unpack);
    unpack_skip(&unpack);
    unpack_skip(&unpack);
    unpack_skip(&unpack);
    struct slice map = unpack_raw(&unpack);
    *ret_stats = (struct serve_stats){
        .seq = figure(map, NULL, "seq"),
        .open = figure(map, "cases", "open"),
        .ended = figure(map, "cases", "ended"),
        .timers = figure(map, "commands", "timers"),
        .accepted = figure(map, "commands", "accepted"),
        .refused = figure(map, "commands", "refused"),
        .batches = figure(map, "commands", "batches"),
        .commits = figure(map, "store", "commits"),
        .records = figure(map, "store", "records"),
        .record_bytes = figure(map, "store", "record_bytes"),
        .flushes = figure(map, "store", "flushes"),
        .flush_rows = figure(map, "store", "flush_rows"),
        .flush_us_max = figure(map, "store", "flush_us_max"),
        .overfull_waits = figure(map, "store", "overfull_waits"),
        .commit_us_max = figure(map, "store", "commit_us_max"),
    };
    free(answer);
    return true;
}
