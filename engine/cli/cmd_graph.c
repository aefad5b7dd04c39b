// rung graph: processes as text, as Mermaid, or as SVG drawn by Graphviz.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dsl/graph/graph.h"
#include "engine/cli/program.h"

enum { DRAWING_BYTES_MAX = 64 * 1024 * 1024, DOT_TIMEOUT_MS = 10 * 1000, POLL_MS = 100 };
// How the child tells that there is no `dot`, or that it cannot be run; as shells do.
enum { EXIT_NOT_RUN = 126, EXIT_NO_PROGRAM = 127 };

// The program that draws, while it runs.
struct child {
    pid_t pid;
    int in, out;      // our ends; -1: closed
    int64_t end_ms;   // when it is given up
};

enum dot_outcome { DOT_DREW, DOT_MISSING, DOT_FAILED, DOT_TOO_SLOW };

static int64_t clock_ms(void)
{
    struct timespec now = { 0 };
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

static bool pipe_make(int fds[2])
{
    if (pipe(fds) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        (void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    }
    return true;
}

// Runs in the child: never returns.
static void child_become_dot(int in, int out)
{
    char dot[] = "dot";
    char form[] = "-Tsvg";
    char *const args[] = { dot, form, NULL };
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
        (void)execvp(dot, args);
    }
    _exit(errno == ENOENT ? EXIT_NO_PROGRAM : EXIT_NOT_RUN);
}

static enum dot_outcome child_start(struct child *child)
{
    int in[2];
    int out[2];
    if (!pipe_make(in)) {
        return DOT_FAILED;
    }
    if (!pipe_make(out)) {
        fd_close(&in[0]);
        fd_close(&in[1]);
        return DOT_FAILED;
    }
    child->pid = fork();
    if (child->pid == 0) {
        child_become_dot(in[0], out[1]);
    }
    fd_close(&in[0]);
    fd_close(&out[1]);
    child->in = in[1];
    child->out = out[0];
    if (child->pid < 0) {
        fd_close(&child->in);
        fd_close(&child->out);
        return DOT_FAILED;
    }
    (void)fcntl(child->in, F_SETFL, O_NONBLOCK);
    (void)fcntl(child->out, F_SETFL, O_NONBLOCK);
    child->end_ms = clock_ms() + DOT_TIMEOUT_MS;
    return DOT_DREW;
}

static void give(struct child *child, struct slice *rest)
{
    ssize_t count = rest->len == 0 ? 0 : write(child->in, rest->ptr, rest->len);
    if (count > 0) {
        *rest = slice_sub(*rest, (size_t)count, rest->len);
    }
    bool broken = count < 0 && errno != EAGAIN && errno != EINTR;
    if (rest->len == 0 || broken) {
        fd_close(&child->in);
    }
}

static void take(struct child *child, struct buf *svg)
{
    char chunk[16 * 1024 - 512];
    ssize_t count = read(child->out, chunk, sizeof chunk);
    if (count > 0) {
        buf_put(svg, chunk, (size_t)count);
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        fd_close(&child->out);
    }
}

// Feeds the child and reads what it draws, until it has closed its output or time is up.
static bool child_feed(struct child *child, struct slice rest, struct buf *svg)
{
    while (child->out >= 0) {
        if (clock_ms() >= child->end_ms) {
            return false;
        }
        struct pollfd fds[2] = { { .fd = child->out, .events = POLLIN },
                                 { .fd = child->in, .events = POLLOUT } };
        if (poll(fds, 2, POLL_MS) <= 0) {
            continue;
        }
        if (child->in >= 0 && fds[1].revents != 0) {
            give(child, &rest);
        }
        if (fds[0].revents != 0) {
            take(child, svg);
        }
    }
    return true;
}

static enum dot_outcome dot_run(struct slice text, struct buf *svg)
{
    struct child child = { .in = -1, .out = -1 };
    // A child that goes early must not take us with it.
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction before;
    (void)sigaction(SIGPIPE, &ignore, &before);
    enum dot_outcome outcome = child_start(&child);
    if (outcome == DOT_DREW) {
        bool in_time = child_feed(&child, text, svg);
        fd_close(&child.in);
        fd_close(&child.out);
        int status = 0;
        if (!in_time) {
            (void)kill(child.pid, SIGKILL);
        }
        while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
        }
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && svg->len > 0;
        bool missing = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM;
        outcome = !in_time ? DOT_TOO_SLOW : missing ? DOT_MISSING : good ? DOT_DREW : DOT_FAILED;
    }
    (void)sigaction(SIGPIPE, &before, NULL);
    return outcome;
}

static int draw_svg(struct cli *cli, struct buf *drawing)
{
    struct buf svg;
    buf_init(&svg, DRAWING_BYTES_MAX);
    int status = CLI_DONE;
    switch (dot_run(buf_slice(drawing), &svg)) {
    case DOT_DREW:
        buf_reset(drawing);
        buf_put_slice(drawing, buf_slice(&svg));
        break;
    case DOT_MISSING:
        status = cli_problem(cli, CLI_USAGE, "no_dot",
                             "Graphviz is not installed: there is no program `dot`\n"
                             "  install the package graphviz, or use --as mermaid or --as text");
        break;
    case DOT_FAILED:
        status = cli_problem(cli, CLI_USAGE, "dot", "`dot` has failed; its message stands above");
        break;
    case DOT_TOO_SLOW:
        status = cli_problem(cli, CLI_USAGE, "dot", "`dot` has not finished within %d s",
                             DOT_TIMEOUT_MS / 1000);
        break;
    }
    buf_done(&svg);
    return status;
}

static bool form_read(struct cli *cli, enum graph_form *ret_form)
{
    struct slice name = slice_from_cstr(cli_option(cli, OPTION_DRAW_AS));
    *ret_form = GRAPH_TEXT;
    if (slice_equal(name, SLICE("mermaid"))) {
        *ret_form = GRAPH_MERMAID;
    } else if (slice_equal(name, SLICE("svg"))) {
        *ret_form = GRAPH_DOT;
    } else if (name.len > 0 && !slice_equal(name, SLICE("text"))) {
        return false;
    }
    return true;
}

// What is to be drawn, and how.
struct wish {
    struct image *images;
    uint32_t image_count;
    enum graph_form form;
    struct slice only; // the process that was asked for; empty: all
    struct slice lang; // empty: labels as they are written first
};

static void wish_images(struct cli *cli, const struct cli_files *files,
                        const struct compile_result *result, struct wish *wish)
{
    wish->only = slice_from_cstr(cli_option(cli, OPTION_PROCESS));
    wish->images = ARENA_ARRAY(&cli->arena, struct image, result->program_count + 1);
    for (uint32_t i = 0; i < result->program_count; i++) {
        const struct compile_program *program = &result->programs[i];
        if (program_is_wanted(program, files, wish->only) &&
            image_open(program->image, &wish->images[wish->image_count]) == OK) {
            wish->image_count++;
        }
    }
}

// A language that no label is said in was meant to be another one.
static int wish_language(struct cli *cli, struct wish *wish)
{
    const char *said = cli_option(cli, OPTION_DRAW_LANG);
    wish->lang = slice_from_cstr(said);
    struct graph_languages known = { 0 };
    for (uint32_t i = 0; i < wish->image_count; i++) {
        graph_add_languages(&wish->images[i], &cli->arena, &known);
    }
    bool found = said == NULL;
    struct slice list = SLICE_EMPTY;
    for (uint32_t i = 0; i < known.count; i++) {
        found = found || slice_equal(known.codes[i], wish->lang);
        list = arena_format(&cli->arena, "%.*s%s`%.*s`", SLICE_PRINT(list), i > 0 ? ", " : "",
                            SLICE_PRINT(known.codes[i]));
    }
    if (found) {
        return CLI_DONE;
    }
    if (known.count == 0) {
        return cli_problem(cli, CLI_USAGE, "option",
                           "there are no labels in `%.*s`: they are written in one language only\n"
                           "  leave --lang out", SLICE_PRINT(wish->lang));
    }
    return cli_problem(cli, CLI_USAGE, "option",
                       "there are no labels in `%.*s`; beside those written first there are some "
                       "in %.*s\n  say one of these, or leave --lang out", SLICE_PRINT(wish->lang),
                       SLICE_PRINT(list));
}

static int programs_draw(struct cli *cli, const struct wish *wish, struct buf *drawing)
{
    for (uint32_t i = 0; i < wish->image_count; i++) {
        if (wish->form != GRAPH_TEXT && i > 0) {
            return cli_problem(cli, CLI_USAGE, "words",
                               "such a drawing holds one process; say which with --process");
        }
        buf_put_cstr(drawing, i > 0 ? "\n" : "");
        graph_draw(&wish->images[i], wish->form, wish->lang, &cli->arena, drawing);
    }
    if (wish->image_count == 0) {
        return wish->only.len > 0
                   ? cli_problem(cli, CLI_USAGE, "words", "there is no process `%.*s`",
                                 SLICE_PRINT(wish->only))
                   : cli_problem(cli, CLI_USAGE, "words", "there is no process in there");
    }
    return wish->form == GRAPH_DOT ? draw_svg(cli, drawing) : CLI_DONE;
}

int cmd_graph(struct cli *cli)
{
    struct wish wish = { 0 };
    if (!form_read(cli, &wish.form)) {
        return cli_problem(cli, CLI_USAGE, "option", "--as is text, mermaid or svg");
    }
    struct cli_files files;
    int status = cli_read_programs(cli, 0, &files);
    if (status != CLI_DONE) {
        return status;
    }
    struct compile_result *result = ARENA_NEW(&cli->arena, struct compile_result);
    program_compile(cli, &files, result);
    struct buf drawing;
    buf_init(&drawing, DRAWING_BYTES_MAX);
    if (compile_is_good(result)) {
        wish_images(cli, &files, result, &wish);
        status = wish.image_count > 0 ? wish_language(cli, &wish) : CLI_DONE;
        status = status == CLI_DONE ? programs_draw(cli, &wish, &drawing) : status;
        if (status == CLI_DONE && cli_json_wanted(cli)) {
            cli_print_json(cli, json_pack("{s:s%}", "drawing", drawing.ptr, drawing.len));
        } else if (status == CLI_DONE) {
            (void)fwrite(drawing.ptr, 1, drawing.len, stdout);
        }
    } else {
        program_tell(cli, &result->diags);
        status = cli_problem(cli, CLI_BAD_INPUT, "bad_program",
                             "the files have errors; nothing was drawn");
    }
    buf_done(&drawing);
    compile_done(result);
    return status;
}
