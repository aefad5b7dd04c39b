#include "tests/fuzz/memory_engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"

const char memory_engine_sample[] =
    "role head \"Head\" may move sees all\n"
    "role sales \"Sales\" under head pick round robin\n"
    "enum product { desk \"Desk\", chair \"Chair\" }\n"
    "ladder busy { 5 min, 1 h, 1 day }\n"
    "ladder nag { 1 day remind, 2 days notify head }\n"
    "table rank(quote: money, wanted: product) -> integer {\n"
    "  | < 100 | _ -> 1\n"
    "  | 100 .. 999 | desk -> 2\n"
    "  | _ | _ -> 3\n"
    "}\n"
    "record item {\n"
    "  what: product required, price: money, many: integer = 1, sum: money = price * many\n"
    "}\n"
    "process lead \"Lead\" ru \"Lid\" {\n"
    "  key phone\n"
    "  title \"{name}\" ru \"Lid {name}\"\n"
    "  field items: list of item \"Items\" ru \"Pozicii\"\n"
    "  field worth: money \"Worth\" = total items.sum + rank(quote or 1, desk) * 1 EUR readonly\n"
    "  field twin: ref lead \"Twin\"\n"
    "  field name: text \"Name\" required\n"
    "  field phone: phone \"Phone\"\n"
    "  field mail: email \"Mail\"\n"
    "  field people: integer \"People\"\n"
    "  field rate: decimal \"Rate\"\n"
    "  field quote: money \"Quote\"\n"
    "  field hot: bool \"Hot\"\n"
    "  field day_of: date \"Day\"\n"
    "  field call_at: datetime \"Call at\"\n"
    "  field wanted: set of product \"Wanted\"\n"
    "  start => calling\n"
    "  on repeat { notify sales \"{title} asked again\" }\n"
    "  stage calling \"Calling\" {\n"
    "    task \"Call {name}\" for sales due 10 min overdue nag\n"
    "    action busy \"Busy\" retry busy then => lost\n"
    "    action reached \"Reached\" {\n"
    "      ask wanted required\n"
    "      ask quote\n"
    "      people := rank(quote or 1, first(wanted))\n"
    "      => agreed\n"
    "    }\n"
    "    action fill_in \"Fill in\" if not exists lead by phone { ask items  ask twin }\n"
    "    action later \"Later\" {\n"
    "      ask call_at required\n"
    "      again due call_at promised\n"
    "    }\n"
    "    action pause \"Pause\" {\n"
    "      ask pause: duration required\n"
    "      again due pause\n"
    "    }\n"
    "  }\n"
    "  stage agreed \"Agreed\" {\n"
    "    task \"Sell to {name}\" for sales due 3 days\n"
    "    action sold \"Sold\" {\n"
    "      convert each item of wanted into deals { desk => deal, chair => deal } with kind: item\n"
    "      => making\n"
    "    }\n"
    "    action task_for \"Ask the head\" { task \"Look at {name}\" for head due 1 day }\n"
    "    after 30 days => lost\n"
    "  }\n"
    "  stage making \"Making\" {\n"
    "    when all deals ended => won\n"
    "  }\n"
    "  end won \"Won\" success\n"
    "  end lost \"Lost\" failure reopen on repeat => calling\n"
    "}\n"
    "process deal \"Deal\" {\n"
    "  title \"Deal {kind}\"\n"
    "  field kind: product given\n"
    "  start => produce\n"
    "  stage produce \"Produce\" {\n"
    "    task \"Make it\" for sales due 2 days\n"
    "    action made \"Made\" => done_well\n"
    "  }\n"
    "  end done_well \"Done\" success\n"
    "}\n"
    "inbox work for sales, head {\n"
    "  lane broken \"Broken\" ru \"Срок\" pink if task.promised and task.due < now\n"
    "    by task.due desc\n"
    "  lane dear \"Dear\" blue if case.quote > 100 and case.wanted is not empty by case.quote\n"
    "  lane finished \"Done\" green if day(task.done_at) is today\n"
    "  lane rest \"Rest\" by stage.position desc, stage.chance desc\n"
    "}\n";

enum { FIRST_MS = 1767603600, RECEIVED_BYTES_MAX = 64 * 1024 * 1024, QUIET_TURNS = 3 };

static uint64_t clock_now(void *context) { return ((struct memory_engine *)context)->now_ms; }
static uint64_t clock_steady(void *context)
{
    return ((struct memory_engine *)context)->now_ms * 1000;
}

static uint32_t index_of(const struct memory_engine *memory, uint64_t conn)
{
    uint32_t index = 0;
    while (index < memory->conn_count && memory->conn[index] != conn) {
        index++;
    }
    CHECK(index < memory->conn_count);
    return index;
}

static size_t take_output(void *context, uint64_t conn, struct slice bytes)
{
    struct memory_engine *memory = context;
    struct buf *received = &memory->received[index_of(memory, conn)];
    buf_put_slice(received, bytes);
    CHECK(!received->overflow);
    return bytes.len;
}

static void set_reading(void *context, uint64_t conn, bool on)
{
    CHECK(context != NULL);
    (void)conn;
    (void)on;
}

static void forget_conn(void *context, uint64_t conn)
{
    struct memory_engine *memory = context;
    memory->conn[index_of(memory, conn)] = UINT64_MAX;
}

static void work_now(void *context, struct job *job)
{
    struct memory_engine *memory = context;
    job->run(job);
    shell_job_done(memory->engine.shell, job);
}

static void call(struct memory_engine *memory, const char *method, const struct buf *params)
{
    struct buf frame;
    buf_init(&frame, FRAME_BYTES_MAX);
    pack_array(&frame, 4);
    pack_uint(&frame, 0);
    pack_uint(&frame, 1);
    pack_cstr(&frame, method);
    pack_array(&frame, 1);
    buf_put_slice(&frame, buf_slice(params));
    uint32_t index = memory_engine_connect(memory);
    struct slice rest = buf_slice(&frame);
    while (rest.len > 0) {
        size_t fed = memory_engine_feed(memory, index, rest);
        rest = slice_sub(rest, fed, rest.len);
        memory_engine_settle(memory);
    }
    // [1, 1, nil, …]: accepted
    const struct buf *answer = &memory->received[index];
    if (answer->len < 4 || (uint8_t)answer->ptr[2] != 0x01 || (uint8_t)answer->ptr[3] != 0xc0) {
        fprintf(stderr, "%s: %.*s\n", method, (int)answer->len, answer->ptr);
        abort();
    }
    memory_engine_hang_up(memory, index);
    buf_done(&frame);
}

static void activate(struct memory_engine *memory, const char *program)
{
    struct buf params;
    buf_init(&params, FRAME_BYTES_MAX);
    pack_map(&params, 1);
    pack_cstr(&params, "files");
    pack_array(&params, 1);
    pack_map(&params, 2);
    pack_cstr(&params, "name");
    pack_cstr(&params, "sample.rung");
    pack_cstr(&params, "text");
    pack_cstr(&params, program);
    call(memory, "apply", &params);
    buf_done(&params);
}

static void import_users(struct memory_engine *memory, const char *const *roles)
{
    static const char *const names[] = { "ann", "bob" };
    uint32_t role_count = 0;
    while (roles[role_count] != NULL) {
        role_count++;
    }
    struct buf params;
    buf_init(&params, FRAME_BYTES_MAX);
    pack_map(&params, 1);
    pack_cstr(&params, "users");
    pack_array(&params, 2);
    for (uint32_t i = 0; i < 2; i++) {
        pack_map(&params, 2);
        pack_cstr(&params, "name");
        pack_cstr(&params, names[i]);
        pack_cstr(&params, "roles");
        pack_array(&params, role_count);
        for (uint32_t r = 0; r < role_count; r++) {
            pack_cstr(&params, roles[r]);
        }
    }
    call(memory, "import_users", &params);
    buf_done(&params);
}

void memory_engine_open(struct memory_engine *memory, const char *program, const char *const *roles)
{
    *memory = (struct memory_engine){ .now_ms = FIRST_MS * 1000ull };
    memory->clock = (struct clock){ clock_now, clock_steady, memory };
    memory->transport = (struct transport){ take_output, set_reading, forget_conn, memory };
    memory->worker = (struct worker){ work_now, memory };
    memory->toolchain = toolchain_dsl_make(&memory->dsl);
    const struct engine_options options = {
        .store = { .create = true },
        .currency = SLICE("EUR"),
        .clock = &memory->clock,
        .transport = &memory->transport,
        .worker = &memory->worker,
        .toolchain = &memory->toolchain,
        .scratch_path = "build/fuzz-scratch",
    };
    struct engine_problem problem;
    enum err err = engine_open(&options, &memory->engine, &problem);
    CHECK(err == OK);
    activate(memory, program);
    import_users(memory, roles);
}

void memory_engine_close(struct memory_engine *memory)
{
    shell_stop(memory->engine.shell);
    memory_engine_settle(memory);
    shell_drop(memory->engine.shell);
    engine_close(&memory->engine, false);
    for (uint32_t i = 0; i < memory->conn_count; i++) {
        buf_done(&memory->received[i]);
    }
}

uint32_t memory_engine_connect(struct memory_engine *memory)
{
    uint32_t index = 0;
    while (index < memory->conn_count && memory->conn[index] != UINT64_MAX) {
        index++;
    }
    CHECK(index < MEMORY_CONNS_MAX);
    if (index == memory->conn_count) {
        memory->conn_count++;
        buf_init(&memory->received[index], RECEIVED_BYTES_MAX);
    }
    buf_reset(&memory->received[index]);
    bool opened = shell_opened(memory->engine.shell, &memory->conn[index]);
    CHECK(opened);
    return index;
}

size_t memory_engine_feed(struct memory_engine *memory, uint32_t index, struct slice bytes)
{
    size_t room = 0;
    if (memory->conn[index] == UINT64_MAX) {
        return bytes.len; // nobody listens any more
    }
    char *to = shell_input(memory->engine.shell, memory->conn[index], &room);
    if (to == NULL) {
        return 0;
    }
    size_t fed = bytes.len < room ? bytes.len : room;
    memcpy(to, bytes.ptr, fed);
    shell_received(memory->engine.shell, memory->conn[index], fed);
    return fed;
}

bool memory_engine_turn(struct memory_engine *memory)
{
    uint64_t shell_ms = shell_tick(memory->engine.shell);
    uint64_t core_ms = core_tick(&memory->engine.core_tick);
    bool flushed = flusher_tick(&memory->engine.flusher);
    return shell_ms == 0 || core_ms == 0 || flushed || !inbox_is_empty(&memory->engine.outbox) ||
           !inbox_is_empty(&memory->engine.inbox);
}

void memory_engine_settle(struct memory_engine *memory)
{
    // A slow job that is done within a turn, or a delivery on its way back, says nothing of itself.
    uint32_t quiet = 0;
    while (quiet < QUIET_TURNS) {
        quiet = memory_engine_turn(memory) ? 0 : quiet + 1;
    }
}

void memory_engine_hang_up(struct memory_engine *memory, uint32_t index)
{
    if (memory->conn[index] != UINT64_MAX) {
        shell_ended(memory->engine.shell, memory->conn[index]);
        memory_engine_settle(memory);
    }
    if (memory->conn[index] != UINT64_MAX) {
        shell_closed(memory->engine.shell, memory->conn[index]);
        memory->conn[index] = UINT64_MAX;
        memory_engine_settle(memory);
    }
    buf_reset(&memory->received[index]);
}
