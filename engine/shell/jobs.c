// Slow work of four methods: `apply` compiles and tests, then goes to the core as a command;
// `plan`, `backup` and `verify` answer by themselves. The request carries the bytes and the memory
// of its job, so that a job outlives its connection without harm.
#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/plan.h"
#include "engine/shell/reply.h"
#include "engine/shell/shell_internal.h"

struct shell_job {
    struct job job;
    struct shell *shell;
    struct request *request;
    enum method method;
    struct refusal refusal; // when it failed
    struct buf detail;      // packed pairs for the error's map
    uint32_t detail_pairs;
    const struct toolchain_file *files;
    uint32_t file_count;
    struct toolchain_result result;
    struct core_head noted; // verify: asked for, or of seq 0
};

enum { DETAIL_BYTES_MAX = 4 * 1024 * 1024, DIAGNOSTICS_SENT_MAX = 1000 };

static struct shell_job *job_of(struct job *job) { return (struct shell_job *)(void *)job; }

// --- on a worker's thread ------------------------------------------------------------------------

static void write_diagnostics(const struct toolchain_result *result, struct buf *buf)
{
    uint32_t count = result->diagnostic_count < DIAGNOSTICS_SENT_MAX ? result->diagnostic_count
                                                                     : DIAGNOSTICS_SENT_MAX;
    pack_array(buf, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct toolchain_diagnostic *d = &result->diagnostics[i];
        pack_map(buf, 7);
        reply_text(buf, "code", d->code);
        reply_text(buf, "severity", d->severity);
        reply_text(buf, "message", d->message);
        reply_text(buf, "help", d->help);
        reply_text(buf, "file", d->file);
        reply_uint(buf, "line", d->line);
        reply_uint(buf, "column", d->column);
    }
}

// False: refused, with what is wrong with the files.
static bool compile(struct shell_job *job)
{
    const struct toolchain *toolchain = job->shell->options.toolchain;
    const struct toolchain_result *result = &job->result;
    toolchain->run(toolchain->context, job->files, job->file_count, &job->request->arena,
                   &job->result);
    if (!result->good) {
        job->refusal = (struct refusal){
            REFUSAL_BAD_PROGRAM,
            result->tests > 0 ? SLICE("a test of the files fails; nothing was activated")
                              : SLICE("the files have errors; nothing was activated"),
            SLICE("files"),
        };
        reply_text(&job->detail, "text", result->text);
        reply_key(&job->detail, "diagnostics");
        write_diagnostics(result, &job->detail);
        job->detail_pairs = 2;
    }
    return result->good;
}

static void fail_store(struct shell_job *job, enum err err, const char *what);

static void run_plan(struct job *base)
{
    struct shell_job *job = job_of(base);
    struct request *request = job->request;
    bool files = job->file_count > 0;
    if (files && !compile(job)) {
        return;
    }
    enum err err = plan_write(job->shell->options.store, job->result.programs,
                              job->result.program_count, &request->arena, &request->extra);
    if (err != OK) {
        fail_store(job, err, "the cases could not be looked at");
        return;
    }
    request->extra_pairs = 1;
    if (files) {
        reply_uint(&request->extra, "tests", job->result.tests);
        reply_text(&request->extra, "text", job->result.text);
        request->extra_pairs = 3;
    }
    if (request->arena.overflow || request->extra.overflow) {
        job->refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("the plan is too big for one answer"),
                                         SLICE("files") };
    }
}

static void run_apply(struct job *base)
{
    struct shell_job *job = job_of(base);
    struct request *request = job->request;
    const struct toolchain_result *result = &job->result;
    if (!compile(job)) {
        return;
    }
    struct command_program *programs =
        ARENA_ARRAY(&request->arena, struct command_program, result->program_count + 1);
    for (uint32_t i = 0; i < result->program_count; i++) {
        programs[i] = (struct command_program){ result->programs[i].process,
                                                result->programs[i].image,
                                                result->programs[i].source };
    }
    request->command.programs = programs;
    request->command.program_count = result->program_count;
    reply_text(&request->extra, "text", result->text);
    reply_uint(&request->extra, "tests", result->tests);
    reply_key(&request->extra, "warnings");
    write_diagnostics(result, &request->extra);
    request->extra_pairs = 3;
    if (request->arena.overflow || request->extra.overflow) {
        job->refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("the files are too big to compile"),
                                         SLICE("files") };
    }
}

static void fail_store(struct shell_job *job, enum err err, const char *what)
{
    enum refusal_code code = err == ERR_FULL       ? REFUSAL_STORE_FULL
                             : err == ERR_MISMATCH ? REFUSAL_ROW_DAMAGED
                             : err == ERR_CORRUPT  ? REFUSAL_ROW_DAMAGED
                                                   : REFUSAL_BAD_REQUEST;
    job->refusal = (struct refusal){
        code, arena_format(&job->request->arena, "%s: %s", what, err_sentence(err)), SLICE_EMPTY,
    };
}

// A store whose own bytes do not validate is told as such; all else is about the folder.
static void fail_backup(struct shell_job *job, enum err err)
{
    if (err == ERR_CORRUPT) {
        fail_store(job, err, "the backup was not made");
        return;
    }
    const char *why = err == ERR_MISMATCH ? "the folder holds another history"
                      : err == ERR_LOCKED ? "another process has that folder open"
                      : err == ERR_FULL   ? "its disk has no room left"
                      : err == ERR_IO     ? "the folder cannot be made or written"
                                          : err_sentence(err);
    struct arena *arena = &job->request->arena;
    job->refusal = (struct refusal){ REFUSAL_BACKUP_FAILED,
                                     arena_format(arena, "the backup was not made: %s", why),
                                     SLICE("path") };
}

static void run_backup(struct job *base)
{
    struct shell_job *job = job_of(base);
    struct request *request = job->request;
    struct slice text = request->command.text;
    if (text.len == 0 || memchr(text.ptr, '\0', text.len) != NULL) {
        job->refusal = (struct refusal){ REFUSAL_BAD_REQUEST,
                                         SLICE("`path` names a folder, without zero bytes"),
                                         SLICE("path") };
        return;
    }
    const char *path = arena_cstr(&request->arena, text);
    uint64_t seq = 0;
    enum err err = store_backup(job->shell->options.store, path, NULL, NULL, &seq);
    if (err != OK) {
        fail_backup(job, err);
        return;
    }
    reply_uint(&request->extra, "seq", seq);
    request->extra_pairs = 1;
}

static void write_verify(const struct core_verify *verify, struct request *request)
{
    struct buf *buf = &request->extra;
    reply_uint(buf, "records", verify->records);
    reply_uint(buf, "rows", verify->rows);
    reply_uint(buf, "instances_open", verify->instances_open);
    reply_uint(buf, "instances_ended", verify->instances_ended);
    reply_uint(buf, "asleep", verify->asleep);
    reply_uint(buf, "index_faults", verify->index_faults);
    reply_text(buf, "message", slice_from_cstr(verify->message));
    struct buf head;
    buf_init(&head, HEAD_TEXT_BYTES_MAX);
    if (verify->head.seq != 0) {
        core_head_print(&head, &verify->head);
    }
    reply_text(buf, "head", buf_slice(&head));
    buf_done(&head);
    request->extra_pairs = 8;
}

static void run_verify(struct job *base)
{
    struct shell_job *job = job_of(base);
    struct store_reader *reader = NULL;
    enum err err = store_reader_open(job->shell->options.store, &reader);
    struct core_verify verify = { 0 };
    if (err == OK) {
        err = core_verify(reader, job->shell->options.scratch_path, NULL, NULL, &verify);
        err = err == OK ? core_verify_noted(reader, &job->noted, &verify) : err;
        store_reader_close(reader);
    }
    // A mismatch is an answer: its figures and its message are what was asked for.
    if (err != OK && err != ERR_MISMATCH && err != ERR_CORRUPT) {
        fail_store(job, err, "the check did not come to its end");
        return;
    }
    write_verify(&verify, job->request);
    reply_bool(&job->request->extra, "good", err == OK);
    job->request->extra_pairs++;
}

// --- on the loop's thread ------------------------------------------------------------------------

// The files of the call, from the copy of its frame.
static bool take_files(struct shell_job *job, const struct call *call, struct slice frame,
                       struct arena *arena, struct refusal *refusal)
{
    struct request *request = job->request;
    struct slice array = call->arg[PARAM_FILES].bytes;
    array = slice_make(request->bytes.ptr + (array.ptr - frame.ptr), array.len);
    const struct decode_file *files = NULL;
    if (!decode_files(array, &request->arena, &files, &job->file_count, refusal)) {
        refusal->message = arena_copy(arena, refusal->message);
        return false;
    }
    struct toolchain_file *list =
        ARENA_ARRAY(&request->arena, struct toolchain_file, job->file_count + 1);
    for (uint32_t i = 0; i < job->file_count; i++) {
        list[i] = (struct toolchain_file){ files[i].name, files[i].text };
    }
    job->files = list;
    return true;
}

static bool prepare_files(struct shell_job *job, const struct session *session,
                          const struct call *call, struct slice frame, struct refusal *refusal)
{
    struct shell *shell = job->shell;
    if (shell->options.toolchain == NULL) {
        *refusal = (struct refusal){ REFUSAL_UNKNOWN_METHOD,
                                     SLICE("this engine was built without the compiler"),
                                     SLICE("apply") };
        return false;
    }
    if (call->method == METHOD_PLAN) { // no command: only its bytes are kept
        buf_put_slice(&job->request->bytes, frame);
        return take_files(job, call, frame, &shell->scratch, refusal);
    }
    return decode_command(call, frame, slice_make(session->client, session->client_len),
                          job->request, &shell->scratch, refusal) &&
           take_files(job, call, frame, &shell->scratch, refusal);
}

static bool prepare_verify(struct shell_job *job, const struct call *call, struct refusal *refusal)
{
    if (!call_has(call, PARAM_HEAD) ||
        core_head_parse(call->arg[PARAM_HEAD].bytes, &job->noted)) {
        return true;
    }
    *refusal = (struct refusal){ REFUSAL_BAD_REQUEST,
                                 SLICE("`head` is SEQ:HASH, as `verify` gives it"),
                                 SLICE("head") };
    return false;
}

bool jobs_start(struct shell *shell, struct session *session, const struct call *call,
                struct slice frame)
{
    if (shell->stopping) {
        session_refuse(shell, session, call->msgid,
                       &(struct refusal){ REFUSAL_STOPPING, SLICE("the engine is shutting down"),
                                          SLICE_EMPTY });
        return true;
    }
    struct request *request = request_take(&shell->pool);
    if (request == NULL) {
        shell->stalled = true;
        return false;
    }
    request->conn = session_conn(session);
    request->msgid = call->msgid;
    struct shell_job *job = ARENA_NEW(&request->arena, struct shell_job);
    job->shell = shell;
    job->request = request;
    job->method = call->method;
    buf_init(&job->detail, DETAIL_BYTES_MAX);
    struct refusal refusal = { 0 };
    job->job.run = call->method == METHOD_APPLY    ? run_apply
                   : call->method == METHOD_PLAN   ? run_plan
                   : call->method == METHOD_BACKUP ? run_backup
                                                   : run_verify;
    request->command.text = arena_copy(&request->arena, call->arg[PARAM_PATH].bytes);
    bool files = call->method == METHOD_APPLY ||
                 (call->method == METHOD_PLAN && call_has(call, PARAM_FILES));
    bool good = files ? prepare_files(job, session, call, frame, &refusal)
                      : prepare_verify(job, call, &refusal);
    if (!good) {
        session_refuse(shell, session, call->msgid, &refusal);
        buf_done(&job->detail);
        request_give(&shell->pool, request);
        return true;
    }
    session->in_flight++;
    shell->jobs++;
    const struct worker *worker = shell->options.worker;
    worker->submit(worker->context, &job->job);
    return true;
}

static void answer_here(struct shell *shell, struct shell_job *job)
{
    struct request *request = job->request;
    struct session *session = session_find(shell, request->conn);
    if (session != NULL) {
        if (job->refusal.code != REFUSAL_NONE) {
            reply_refusal_with(&session->out, request->msgid, &job->refusal,
                               buf_slice(&job->detail), job->detail_pairs);
        } else {
            reply_result_with(&session->out, request->msgid, SLICE("\x80"),
                              buf_slice(&request->extra), request->extra_pairs);
        }
        session_answered(shell, session);
    }
}

static void finish(struct shell *shell, struct shell_job *job)
{
    struct request *request = job->request;
    shell->jobs--;
    bool onward = job->method == METHOD_APPLY && job->refusal.code == REFUSAL_NONE;
    if (!onward) {
        answer_here(shell, job);
    }
    buf_done(&job->detail);
    if (onward) {
        request->arrived_us = clock_steady_us(shell->options.keeper->clock);
        request->next = shell->late;
        shell->late = request;
    } else {
        request_give(&shell->pool, request);
    }
}

void jobs_work(struct shell *shell)
{
    while (shell->finished != NULL) {
        struct job *job = shell->finished;
        shell->finished = job->next;
        finish(shell, job_of(job));
    }
    while (shell->late != NULL) {
        struct request *request = shell->late;
        struct request *next = request->next;
        if (!shell_submit(shell, request)) {
            return; // the inbox is full: at the next tick
        }
        shell->late = next;
    }
}
