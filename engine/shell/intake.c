#include "engine/shell/intake.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/intake/mapping.h"
#include "engine/shell/reply.h"
#include "engine/shell/shell_internal.h"

enum {
    INTAKE_ARENA_BYTES_MAX = 128 * 1024 * 1024,
    TEXT_BYTES_MAX = 256 * 1024,
    NAMES_MAX = 1000,
    ELEMENT_BITS = 8
};
_Static_assert((int)INTAKE_ELEMENTS_MAX <= 1 << ELEMENT_BITS, "an element's number in a msgid");
_Static_assert((int)BODY_BYTES_MAX >= (int)FRAME_BYTES_MAX, "whatever a message can hold");

struct intake_open {
    struct arena arena;
    uint64_t conn;
    uint32_t msgid, slot;
    uint32_t waiting; // elements without an answer
    struct slice source;
    struct mapping_result result;
    struct slice answer[INTAKE_ELEMENTS_MAX]; // packed result, or error's map
    bool refused[INTAKE_ELEMENTS_MAX];
};

static void free_open(struct intake *intake, struct intake_open *open)
{
    intake->open[open->slot] = NULL;
    arena_done(&open->arena);
    mem_free(open);
}

void intake_done(struct intake *intake)
{
    for (uint32_t i = 0; i < INTAKES_OPEN_MAX; i++) {
        if (intake->open[i] != NULL) {
            free_open(intake, intake->open[i]);
        }
    }
}

// NULL: as many are open as may be.
static struct intake_open *make_open(struct intake *intake)
{
    for (uint32_t i = 0; i < INTAKES_OPEN_MAX; i++) {
        if (intake->open[i] == NULL) {
            struct intake_open *open = mem_zalloc(sizeof(*open));
            open->slot = i;
            arena_init(&open->arena, INTAKE_ARENA_BYTES_MAX);
            intake->open[i] = open;
            return open;
        }
    }
    return NULL;
}

// --- what the mapping speaks of ------------------------------------------------------------------

struct known {
    struct slice *names;
    uint32_t count;
};

static void add_known(struct known *known, struct slice name)
{
    bool there = known->count == NAMES_MAX;
    for (uint32_t i = 0; i < known->count && !there; i++) {
        there = slice_equal(known->names[i], name);
    }
    if (!there) {
        known->names[known->count++] = name;
    }
}

static void add_fields(struct known *known, const struct image *image)
{
    for (uint32_t i = 0; i < image->field_count; i++) {
        if ((image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) == 0) {
            add_known(known, image_slice(image, image->field[i].name));
        }
    }
    const struct image_range *asks = &image->process[0].start_asks;
    for (uint32_t i = 0; i < asks->count; i++) {
        add_known(known, image_slice(image, image->ask[image->list[asks->first + i]].name));
    }
}

static void add_signals(struct known *targets, struct known *names, struct arena *arena,
                        const struct mapping_route *route, const struct image *image)
{
    for (uint32_t i = 0; i < image->signal_count; i++) {
        const struct image_signal *signal = &image->signal[i];
        struct slice connector = image_slice(image, signal->connector);
        struct slice name = image_slice(image, signal->name);
        if (signal->is_call != 0) {
            continue;
        }
        add_known(targets,
                  arena_format(arena, "%.*s.%.*s", SLICE_PRINT(connector), SLICE_PRINT(name)));
        if (!slice_equal(connector, route->connector) || !slice_equal(name, route->name)) {
            continue;
        }
        for (uint32_t k = 0; k < signal->params.count; k++) {
            add_known(names, image_slice(image, image->param[signal->params.first + k].name));
        }
    }
}

// Is there what the line is for, and does it know the names that the line fills?
static void check_route(struct shell *shell, struct mapping *mapping,
                        const struct mapping_route *route)
{
    struct arena *arena = mapping->lines.arena;
    struct known targets = { ARENA_ARRAY(arena, struct slice, NAMES_MAX), 0 };
    struct known names = { ARENA_ARRAY(arena, struct slice, NAMES_MAX), 0 };
    uint32_t processes = view_counters(shell->view)->next_process;
    for (uint32_t process = 1; process < processes; process++) {
        const struct view_program *program = view_active(shell->view, process);
        if (program == NULL) {
            continue;
        }
        const struct image *image = &program->image;
        struct slice name = image_slice(image, image->process[0].name);
        if (route->process.len == 0) {
            add_signals(&targets, &names, arena, route, image);
            continue;
        }
        add_known(&targets, name);
        if (slice_equal(name, route->process)) {
            add_fields(&names, image);
        }
    }
    uint32_t before = mapping->lines.fault_count;
    mapping_check_target(mapping, route, targets.names, targets.count);
    if (mapping->lines.fault_count == before) {
        mapping_check_names(mapping, route, names.names, names.count);
    }
}

static bool is_checked_before(const struct mapping_result *result, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (result->elements[i].outcome == MAPPING_WORK &&
            result->elements[i].route == result->elements[at].route) {
            return true;
        }
    }
    return false;
}

// Only the lines that this body comes to: a mapping may know more than one company uses.
static void check_routes(struct shell *shell, struct mapping *mapping,
                         const struct mapping_result *result)
{
    view_begin(shell->view);
    for (uint32_t i = 0; i < result->count; i++) {
        const struct mapping_element *element = &result->elements[i];
        if (element->outcome == MAPPING_WORK && !is_checked_before(result, i)) {
            check_route(shell, mapping, element->route);
        }
    }
    view_end(shell->view);
}

// --- answers -------------------------------------------------------------------------------------

static void refuse(struct shell *shell, struct session *session, uint32_t msgid,
                   enum refusal_code code, struct slice message)
{
    session_refuse(shell, session, msgid, &(struct refusal){ code, message, SLICE_EMPTY });
}

static void refuse_mapping(struct shell *shell, struct session *session, uint32_t msgid,
                           const struct mapping *mapping)
{
    struct buf text, detail;
    const struct refusal refusal = {
        REFUSAL_BAD_MAPPING,
        arena_format(&shell->scratch, "%u mistake%s in the mapping `%.*s`; nothing was taken",
                     mapping->lines.fault_count, mapping->lines.fault_count == 1 ? "" : "s",
                     SLICE_PRINT(mapping->lines.name)),
        SLICE("mapping"),
    };
    buf_init(&text, TEXT_BYTES_MAX);
    buf_init(&detail, 2 * TEXT_BYTES_MAX);
    map_lines_render(&mapping->lines, NULL, NULL, &text);
    reply_text(&detail, "text", buf_slice(&text));
    reply_refusal_with(&session->out, msgid, &refusal, buf_slice(&detail), 1);
    session_mark_dirty(shell, session);
    buf_done(&text);
    buf_done(&detail);
}

static struct slice text_of(struct slice map, struct slice key)
{
    struct slice raw = pack_map_find(map, key);
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_STR ? unpack_str(&unpack) : SLICE_EMPTY;
}

static bool has(struct slice map, struct slice key) { return pack_map_find(map, key).len > 0; }

static struct slice outcome_of(const struct intake_open *open, uint32_t at)
{
    struct slice answer = open->answer[at];
    switch (open->result.elements[at].outcome) {
    case MAPPING_TEST: return SLICE("test");
    case MAPPING_SKIPPED: return SLICE("skipped");
    case MAPPING_BAD: return SLICE("refused");
    case MAPPING_WORK: break;
    }
    if (open->refused[at]) {
        return SLICE("refused");
    }
    if (answer.len == 0) {
        return SLICE("would_be_taken");
    }
    struct slice message = text_of(answer, SLICE("message"));
    return has(answer, SLICE("already"))  ? SLICE("already")
           : has(answer, SLICE("joined")) ? SLICE("joined")
           : message.len > 0              ? message
                                          : SLICE("started");
}

static void write_element(const struct intake_open *open, uint32_t at, struct buf *buf)
{
    const struct mapping_element *element = &open->result.elements[at];
    struct slice answer = open->answer[at];
    struct slice instance =
        open->refused[at] ? SLICE_EMPTY : pack_map_find(answer, SLICE("instance"));
    bool bad = element->outcome == MAPPING_BAD;
    pack_map(buf, 4 + (instance.len > 0 ? 1u : 0u) + (bad || open->refused[at] ? 2u : 0u));
    reply_text(buf, "place", element->place);
    reply_text(buf, "source", open->source);
    reply_text(buf, "row", element->row);
    reply_text(buf, "outcome", outcome_of(open, at));
    if (instance.len > 0) {
        reply_key(buf, "instance");
        buf_put_slice(buf, instance);
    }
    if (bad || open->refused[at]) {
        reply_text(buf, "code", bad ? SLICE("bad_body") : text_of(answer, SLICE("code")));
        reply_text(buf, "message", bad ? element->problem : text_of(answer, SLICE("message")));
    }
}

static void write_answer(const struct intake_open *open, struct session *session)
{
    struct buf *buf = &session->out;
    reply_begin(buf, open->msgid);
    pack_map(buf, 1);
    reply_key(buf, "elements");
    pack_array(buf, open->result.count);
    for (uint32_t i = 0; i < open->result.count; i++) {
        write_element(open, i, buf);
    }
}

void intake_answered(struct shell *shell, const struct request *request, struct slice reply)
{
    uint32_t at = request->msgid & ((1u << ELEMENT_BITS) - 1);
    struct intake_open *open = shell->intake.open[request->msgid >> ELEMENT_BITS];
    CHECK(open != NULL && at < open->result.count && open->waiting > 0);
    struct unpack unpack; // [1, msgid, error, result]
    unpack_init(&unpack, reply);
    (void)unpack_array(&unpack);
    unpack_skip(&unpack);
    unpack_skip(&unpack);
    open->refused[at] = unpack_peek(&unpack) == PACK_MAP;
    if (!open->refused[at]) {
        unpack_skip(&unpack);
    }
    open->answer[at] = arena_copy(&open->arena, unpack_raw(&unpack));
    if (--open->waiting > 0) {
        return;
    }
    struct session *session = session_find(shell, open->conn);
    if (session != NULL) { // else: gone; said again, it gets `already`
        write_answer(open, session);
        session_answered(shell, session);
    }
    free_open(&shell->intake, open);
}

// --- commands ------------------------------------------------------------------------------------

static struct slice put(struct request *request, struct slice bytes)
{
    struct slice copy = slice_make(request->bytes.ptr + request->bytes.len, bytes.len);
    buf_put_slice(&request->bytes, bytes);
    CHECK(!request->bytes.overflow);
    return bytes.len > 0 ? copy : SLICE_EMPTY;
}

static void say(struct shell *shell, struct intake_open *open, uint32_t at)
{
    const struct mapping_element *element = &open->result.elements[at];
    const struct mapping_route *route = element->route;
    struct request *request = request_take(&shell->pool);
    struct command *command = &request->command;
    size_t bytes = open->source.len + element->row.len + element->form.len + route->process.len +
                   route->connector.len + route->name.len;
    CHECK(buf_reserve(&request->bytes, bytes) != NULL); // once: slices point into it
    command->kind = route->process.len > 0 ? COMMAND_START : COMMAND_MESSAGE;
    command->source = put(request, open->source);
    command->row = put(request, element->row);
    command->form = put(request, element->form);
    command->process = put(request, route->process);
    command->connector = put(request, route->connector);
    command->name = put(request, route->name);
    request->conn = INTAKE_CONN;
    request->msgid = open->slot << ELEMENT_BITS | at;
    request->arrived_us = clock_steady_us(shell->options.keeper->clock);
    bool submitted = shell_submit(shell, request);
    CHECK(submitted);
    open->waiting++;
}

static uint32_t count_work(const struct mapping_result *result)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < result->count; i++) {
        count += result->elements[i].outcome == MAPPING_WORK ? 1u : 0u;
    }
    return count;
}

// --- one body ------------------------------------------------------------------------------------

static bool find_text(struct shell *shell, const struct call *call, struct slice *ret_text)
{
    const struct intake_library *library = shell->options.mappings;
    if (call_has(call, PARAM_MAP)) {
        *ret_text = call->arg[PARAM_MAP].bytes;
        return true;
    }
    return library != NULL &&
           library->find(library->context, call->arg[PARAM_MAPPING].bytes, ret_text);
}

// False: the session has been told why not.
static bool read_all(struct shell *shell, struct session *session, const struct call *call,
                     struct intake_open *open)
{
    struct arena *arena = &open->arena;
    struct slice text = SLICE_EMPTY, problem = SLICE_EMPTY;
    if (!find_text(shell, call, &text)) {
        refuse(shell, session, call->msgid, REFUSAL_BAD_MAPPING,
               arena_format(arena, "no mapping is known by the name `%.*s`",
                            SLICE_PRINT(call->arg[PARAM_MAPPING].bytes)));
        return false;
    }
    struct mapping *mapping = ARENA_NEW(arena, struct mapping);
    struct slice body_bytes = arena_copy(arena, call->arg[PARAM_BODY].bytes);
    mapping_parse(mapping, arena, arena_copy(arena, call->arg[PARAM_MAPPING].bytes),
                  arena_copy(arena, text));
    if (mapping->lines.fault_count > 0) {
        refuse_mapping(shell, session, call->msgid, mapping);
        return false;
    }
    struct body body;
    enum body_type type = body_type_of(call->arg[PARAM_TYPE].bytes, body_bytes);
    if (!body_read(type, body_bytes, arena, &body, &problem) ||
        !mapping_run(mapping, &body, arena, &open->result, &problem)) {
        refuse(shell, session, call->msgid, REFUSAL_BAD_BODY, problem);
        return false;
    }
    check_routes(shell, mapping, &open->result);
    if (mapping->lines.fault_count > 0) {
        refuse_mapping(shell, session, call->msgid, mapping);
        return false;
    }
    if (arena->overflow) {
        refuse(shell, session, call->msgid, REFUSAL_LIMIT,
               SLICE("this body and this mapping together need more memory than an intake may"));
        return false;
    }
    open->source = mapping->source;
    return true;
}

bool intake_take(struct shell *shell, struct session *session, const struct call *call)
{
    struct intake_open *open = inbox_room(shell->options.inbox) >= INTAKE_ELEMENTS_MAX &&
                                       shell->pool.free_count >= INTAKE_ELEMENTS_MAX
                                   ? make_open(&shell->intake)
                                   : NULL;
    if (open == NULL) {
        shell->stalled = true;
        return false;
    }
    open->conn = session_conn(session);
    open->msgid = call->msgid;
    if (!read_all(shell, session, call, open)) {
        free_open(&shell->intake, open);
        return true;
    }
    bool dry = call->arg[PARAM_DRY_RUN].number != 0;
    if (dry || count_work(&open->result) == 0) {
        write_answer(open, session);
        session_mark_dirty(shell, session);
        free_open(&shell->intake, open);
        return true;
    }
    for (uint32_t i = 0; i < open->result.count; i++) {
        if (open->result.elements[i].outcome == MAPPING_WORK) {
            say(shell, open, i);
        }
    }
    session->in_flight++;
    return true;
}
