#include "engine/shell/decode.h"

#include "base/check.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "base/value.h"

enum param_type {
    PARAM_TYPE_TEXT, PARAM_TYPE_NUMBER, PARAM_TYPE_MOMENT, PARAM_TYPE_MAP, PARAM_TYPE_ARRAY,
    PARAM_TYPE_BYTES
};

struct param_rule {
    struct slice name;
    enum param_type type;
    uint64_t most;
};

static const struct param_rule param_rules[PARAM_COUNT] = {
#define PARAM(NAME, name, type, most) \
    [PARAM_##NAME] = { { "" name, sizeof(name) - 1 }, PARAM_TYPE_##type, (uint64_t)(most) },
#include "engine/shell/method.def"
#undef PARAM
};

struct method_rule {
    struct slice name;
    enum command_kind command;
    uint64_t must, may; // bits by enum param
};

#define P(NAME) ((uint64_t)1 << PARAM_##NAME)
static const struct method_rule method_rules[METHOD_COUNT] = {
#define METHOD(NAME, name, command, must, may) \
    [METHOD_##NAME] = { { "" name, sizeof(name) - 1 }, COMMAND_##command, (must), (must) | (may) },
#include "engine/shell/method.def"
#undef METHOD
};

_Static_assert(PARAM_COUNT <= 64, "bits of struct call.given");

const char *decode_method_name(enum method method)
{
    CHECK(method < METHOD_COUNT);
    return method_rules[method].name.ptr;
}

enum command_kind decode_command_kind(enum method method)
{
    CHECK(method < METHOD_COUNT);
    return method_rules[method].command;
}

static void refuse(struct refusal *refusal, struct slice message, struct slice subject)
{
    *refusal = (struct refusal){ REFUSAL_BAD_REQUEST, message, subject };
}

static void refuse_param(struct arena *arena, const struct param_rule *rule, const char *wanted,
                         struct refusal *refusal)
{
    refuse(refusal,
           arena_format(arena, "`%.*s` must be %s", SLICE_PRINT(rule->name), wanted), rule->name);
}

static bool take_text(struct unpack *unpack, const struct param_rule *rule, struct arena *arena,
                      struct call_arg *arg, struct refusal *refusal)
{
    if (unpack_peek(unpack) != PACK_STR) {
        refuse_param(arena, rule, "text", refusal);
        return false;
    }
    arg->bytes = unpack_str(unpack);
    if (arg->bytes.len > rule->most) {
        refusal->code = REFUSAL_LIMIT;
        refusal->message = arena_format(arena, "`%.*s` is longer than %llu bytes",
                                        SLICE_PRINT(rule->name), (unsigned long long)rule->most);
        refusal->subject = rule->name;
        return false;
    }
    return true;
}

static bool take_bytes(struct unpack *unpack, const struct param_rule *rule, struct arena *arena,
                       struct call_arg *arg, struct refusal *refusal)
{
    enum pack_kind kind = unpack_peek(unpack);
    if (kind != PACK_BIN && kind != PACK_STR) {
        refuse_param(arena, rule, "binary or text", refusal);
        return false;
    }
    arg->bytes = kind == PACK_BIN ? unpack_bin(unpack) : unpack_str(unpack);
    return true;
}

static bool take_number(struct unpack *unpack, const struct param_rule *rule, struct arena *arena,
                        struct call_arg *arg, struct refusal *refusal)
{
    bool integer = unpack_peek(unpack) == PACK_INTEGER;
    arg->number = integer ? unpack_uint(unpack) : 0;
    if (!integer || unpack->bad || arg->number > rule->most) {
        refuse_param(arena, rule,
                     rule->most == UINT64_MAX ? "a whole number from 0"
                     : rule->most == UINT32_MAX ? "a whole number from 0, of at most 32 bits"
                                                : "a whole number of milliseconds from 0", refusal);
        return false;
    }
    return true;
}

static bool take_moment(struct unpack *unpack, const struct param_rule *rule, struct arena *arena,
                        struct call_arg *arg, struct refusal *refusal)
{
    int64_t ms = -1;
    if (unpack_peek(unpack) == PACK_INTEGER) {
        ms = unpack_int(unpack);
    } else if (unpack_peek(unpack) == PACK_STR && !value_parse_datetime(unpack_str(unpack), &ms)) {
        ms = -1;
    }
    if (unpack->bad || ms < 0 || (uint64_t)ms > rule->most) {
        refuse_param(arena, rule, "a moment: 2026-03-02 18:00, or milliseconds since 1970",
                     refusal);
        return false;
    }
    arg->number = (uint64_t)ms;
    return true;
}

static bool take_arg(struct unpack *unpack, enum param param, struct arena *arena,
                     struct call_arg *arg, struct refusal *refusal)
{
    const struct param_rule *rule = &param_rules[param];
    switch (rule->type) {
    case PARAM_TYPE_TEXT: return take_text(unpack, rule, arena, arg, refusal);
    case PARAM_TYPE_NUMBER: return take_number(unpack, rule, arena, arg, refusal);
    case PARAM_TYPE_MOMENT: return take_moment(unpack, rule, arena, arg, refusal);
    case PARAM_TYPE_BYTES: return take_bytes(unpack, rule, arena, arg, refusal);
    case PARAM_TYPE_MAP:
        if (unpack_peek(unpack) != PACK_MAP) {
            refuse_param(arena, rule, "a map", refusal);
            return false;
        }
        arg->bytes = unpack_raw(unpack);
        return true;
    case PARAM_TYPE_ARRAY:
        if (unpack_peek(unpack) != PACK_ARRAY) {
            refuse_param(arena, rule, "an array", refusal);
            return false;
        }
        arg->bytes = unpack_raw(unpack);
        return true;
    }
    UNREACHABLE();
}

// The parameter that `key` means for this method; two share the name `to`.
static enum param find_param(const struct method_rule *rule, struct slice key)
{
    for (uint32_t i = 0; i < PARAM_COUNT; i++) {
        if ((rule->may & ((uint64_t)1 << i)) != 0 && slice_equal(param_rules[i].name, key)) {
            return (enum param)i;
        }
    }
    return PARAM_COUNT;
}

static bool find_missing(const struct method_rule *rule, uint64_t given, struct arena *arena,
                         struct refusal *refusal)
{
    for (uint32_t i = 0; i < PARAM_COUNT; i++) {
        if ((rule->must & ~given & ((uint64_t)1 << i)) != 0) {
            refuse(refusal,
                   arena_format(arena, "`%.*s` needs `%.*s`", SLICE_PRINT(rule->name),
                                SLICE_PRINT(param_rules[i].name)), param_rules[i].name);
            return true;
        }
    }
    return false;
}

static bool take_params(struct unpack *unpack, struct arena *arena, struct call *call,
                        struct refusal *refusal)
{
    const struct method_rule *rule = &method_rules[call->method];
    uint32_t pairs = unpack_map(unpack);
    for (uint32_t i = 0; i < pairs; i++) {
        if (unpack_peek(unpack) != PACK_STR) {
            refuse(refusal, SLICE("every key of the parameters is text"), rule->name);
            return false;
        }
        struct slice key = unpack_str(unpack);
        enum param param = find_param(rule, key);
        if (param == PARAM_COUNT) {
            key = slice_sub(key, 0, NAME_BYTES_MAX);
            key = utf8_valid(key) ? key : SLICE_EMPTY;
            refuse(refusal, arena_format(arena, "`%.*s` does not take `%.*s`",
                                         SLICE_PRINT(rule->name), SLICE_PRINT(key)),
                   arena_copy(arena, key));
            return false;
        }
        if (call_has(call, param)) {
            refuse(refusal, arena_format(arena, "`%.*s` is given twice", SLICE_PRINT(key)),
                   param_rules[param].name);
            return false;
        }
        if (!take_arg(unpack, param, arena, &call->arg[param], refusal)) {
            return false;
        }
        call->given |= (uint64_t)1 << param;
    }
    return !find_missing(rule, call->given, arena, refusal);
}

static enum method find_method(struct slice name)
{
    for (uint32_t i = 0; i < METHOD_COUNT; i++) {
        if (slice_equal(method_rules[i].name, name)) {
            return (enum method)i;
        }
    }
    return METHOD_COUNT;
}

enum decode_outcome decode_call(struct slice frame, struct arena *arena, struct call *ret_call,
                                struct refusal *ret_refusal)
{
    *ret_call = (struct call){ .method = METHOD_COUNT };
    *ret_refusal = (struct refusal){ .code = REFUSAL_BAD_REQUEST };
    struct unpack unpack;
    unpack_init(&unpack, frame);
    ret_refusal->message = SLICE("a request is the array [0, msgid, method, [params]]");
    if (unpack_peek(&unpack) != PACK_ARRAY || unpack_array(&unpack) != 4 ||
        unpack_peek(&unpack) != PACK_INTEGER || unpack_uint(&unpack) != 0 || unpack.bad ||
        unpack_peek(&unpack) != PACK_INTEGER) {
        return DECODE_MALFORMED;
    }
    uint64_t msgid = unpack_uint(&unpack);
    if (unpack.bad || msgid > UINT32_MAX) {
        ret_refusal->message = SLICE("msgid must be a whole number from 0, of at most 32 bits");
        return DECODE_MALFORMED;
    }
    ret_call->msgid = (uint32_t)msgid;
    if (unpack_peek(&unpack) != PACK_STR) {
        ret_refusal->message = SLICE("the method must be text");
        return DECODE_MALFORMED;
    }
    struct slice name = unpack_str(&unpack);
    if (unpack_peek(&unpack) != PACK_ARRAY || unpack_array(&unpack) != 1 ||
        unpack_peek(&unpack) != PACK_MAP) {
        ret_refusal->message = SLICE("params must be an array with one map");
        return DECODE_MALFORMED;
    }
    ret_call->method = find_method(name);
    if (ret_call->method == METHOD_COUNT) {
        name = slice_sub(name, 0, NAME_BYTES_MAX);
        name = utf8_valid(name) ? name : SLICE_EMPTY;
        *ret_refusal = (struct refusal){
            REFUSAL_UNKNOWN_METHOD,
            arena_format(arena, "there is no method `%.*s`", SLICE_PRINT(name)),
            arena_copy(arena, name),
        };
        return DECODE_REFUSED;
    }
    if (!take_params(&unpack, arena, ret_call, ret_refusal)) {
        return DECODE_REFUSED;
    }
    CHECK(!unpack.bad && unpack.at == unpack.end);
    *ret_refusal = (struct refusal){ 0 };
    return DECODE_CALL;
}

// ------------------------------------------------------------------------------- commands

// An array of at most `most` names. NULL: something else.
static const struct slice *take_names(struct unpack *unpack, uint32_t most, struct arena *arena,
                                      uint32_t *ret_count)
{
    *ret_count = unpack_array(unpack);
    if (*ret_count > most) {
        return NULL;
    }
    struct slice *names = ARENA_ARRAY(arena, struct slice, *ret_count + 1);
    for (uint32_t i = 0; i < *ret_count; i++) {
        names[i] = unpack_str(unpack);
        if (names[i].len == 0 || names[i].len > NAME_BYTES_MAX) {
            return NULL;
        }
    }
    return names;
}

static bool take_user_list(struct unpack *unpack, struct slice key, struct arena *arena,
                           struct command_user *user)
{
    if (slice_equal(key, SLICE("roles")) && user->roles == NULL) {
        user->roles = take_names(unpack, ROLES_PER_USER_MAX, arena, &user->role_count);
        return user->roles != NULL;
    }
    if (slice_equal(key, SLICE("teams")) && user->teams == NULL) {
        user->teams = take_names(unpack, TEAMS_PER_USER_MAX, arena, &user->team_count);
        return user->teams != NULL;
    }
    return false;
}

static bool take_user_text(struct unpack *unpack, struct slice key, struct command_user *user)
{
    const struct {
        struct slice key, *text;
        size_t most;
    } texts[] = {
        { SLICE("name"), &user->name, NAME_BYTES_MAX },
        { SLICE("title"), &user->title, TITLE_BYTES_MAX },
        { SLICE("superior"), &user->superior, NAME_BYTES_MAX },
        { SLICE("zone"), &user->zone, NAME_BYTES_MAX },
        { SLICE("language"), &user->language, NAME_BYTES_MAX },
        { SLICE("hours"), &user->hours, HOURS_BYTES_MAX },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (slice_equal(key, texts[i].key) && texts[i].text->len == 0) {
            *texts[i].text = unpack_str(unpack);
            return texts[i].text->len <= texts[i].most;
        }
    }
    return false;
}

static bool take_user(struct unpack *unpack, struct arena *arena, struct command_user *user)
{
    if (unpack_peek(unpack) != PACK_MAP) {
        return false;
    }
    uint32_t pairs = unpack_map(unpack);
    user->active = true;
    for (uint32_t i = 0; i < pairs; i++) {
        struct slice key = unpack_str(unpack);
        enum pack_kind kind = unpack_peek(unpack);
        bool good = false;
        if (kind == PACK_STR) {
            good = take_user_text(unpack, key, user);
        } else if (kind == PACK_ARRAY) {
            good = take_user_list(unpack, key, arena, user);
        } else if (kind == PACK_BOOL && slice_equal(key, SLICE("active"))) {
            user->active = unpack_bool(unpack);
            good = true;
        }
        if (!good) {
            return false;
        }
    }
    return !unpack->bad && user->name.len > 0;
}

static bool take_users(struct slice array, struct request *request, struct arena *arena,
                       struct refusal *refusal)
{
    struct unpack unpack;
    unpack_init(&unpack, array);
    uint32_t count = unpack_array(&unpack);
    if (count > USERS_MAX) {
        *refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("too many users in one import"),
                                     SLICE("users") };
        return false;
    }
    struct command_user *users = ARENA_ARRAY(&request->arena, struct command_user, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        if (!take_user(&unpack, &request->arena, &users[i])) {
            refuse(refusal,
                   arena_format(arena,
                                "user %u of the list must be a map {name, title, roles, teams, "
                                "superior, zone, language, hours, active} of texts, arrays of at "
                                "most %d roles and %d teams, and a bool",
                                i + 1, ROLES_PER_USER_MAX, TEAMS_PER_USER_MAX),
                   SLICE("users"));
            return false;
        }
    }
    if (request->arena.overflow) {
        *refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("the list of users is too long"),
                                     SLICE("users") };
        return false;
    }
    request->command.users = users;
    request->command.user_count = count;
    return true;
}

// The same bytes, but in the copy of the frame.
static struct slice move_slice(struct slice bytes, struct slice from, struct slice to)
{
    if (bytes.ptr == NULL || bytes.len == 0) {
        return SLICE_EMPTY;
    }
    CHECK(bytes.ptr >= from.ptr && bytes.ptr + bytes.len <= from.ptr + from.len);
    return slice_make(to.ptr + (bytes.ptr - from.ptr), bytes.len);
}

bool decode_command(const struct call *call, struct slice frame, struct slice client,
                    struct request *request, struct arena *arena, struct refusal *ret_refusal)
{
    CHECK(client.len <= NAME_BYTES_MAX);
    buf_put_slice(&request->bytes, frame);
    CHECK(!request->bytes.overflow);
    struct slice copy = buf_slice(&request->bytes);
    struct slice text[PARAM_COUNT];
    for (uint32_t i = 0; i < PARAM_COUNT; i++) {
        text[i] = move_slice(call->arg[i].bytes, frame, copy);
    }
    struct command *command = &request->command;
    command->kind = decode_command_kind(call->method);
    CHECK(command->kind != COMMAND_NONE);
    if (call_has(call, PARAM_ID)) {
        if (client.len == 0) {
            refuse(ret_refusal, SLICE("a request id needs the client's name: say `hello` first"),
                   SLICE("id"));
            return false;
        }
        memcpy(request->client, client.ptr, client.len);
        command->client = slice_make(request->client, client.len);
        command->request = call->arg[PARAM_ID].number;
    }
    command->as = text[PARAM_AS];
    command->process = text[PARAM_PROCESS];
    command->source = text[PARAM_SOURCE];
    command->row = text[PARAM_ROW];
    command->form = text[PARAM_FORM];
    command->instance = call->arg[PARAM_INSTANCE].number;
    command->child = call->arg[PARAM_INTO].number;
    command->entry = (uint32_t)call->arg[PARAM_ENTRY].number;
    command->task = call_has(call, PARAM_INCIDENT) ? (uint32_t)call->arg[PARAM_INCIDENT].number
                                                   : (uint32_t)call->arg[PARAM_TASK].number;
    command->due_ms = call_has(call, PARAM_BEGIN) ? call->arg[PARAM_BEGIN].number
                                                  : call->arg[PARAM_DUE].number;
    command->until_ms = call->arg[PARAM_MOMENT].number;
    command->dry_run = call->arg[PARAM_DRY_RUN].number != 0;
    command->connector = text[PARAM_CONNECTOR];
    static const enum param names[] = { PARAM_ACTION, PARAM_TO, PARAM_FOR, PARAM_STAGE,
                                        PARAM_USER, PARAM_MESSAGE };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        command->name = text[names[i]].len > 0 ? text[names[i]] : command->name;
    }
    if (call_has(call, PARAM_VERSION)) {
        command->task = (uint32_t)call->arg[PARAM_VERSION].number;
    }
    static const enum param words[] = { PARAM_TITLE, PARAM_REASON, PARAM_NOTE, PARAM_TEXT,
                                        PARAM_APPLIER };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        command->text = text[words[i]].len > 0 ? text[words[i]] : command->text;
    }
    command->other =
        call->method == METHOD_HAND_OVER ? text[PARAM_TO] : text[PARAM_SUBSTITUTE];
    if (call_has(call, PARAM_SOURCE) != call_has(call, PARAM_ROW)) {
        refuse(ret_refusal, SLICE("`source` and `row` come together"), SLICE("source"));
        return false;
    }
    return call->method != METHOD_IMPORT_USERS ||
           take_users(text[PARAM_USERS], request, arena, ret_refusal);
}

bool decode_files(struct slice array, struct arena *arena, const struct decode_file **ret_files,
                  uint32_t *ret_count, struct refusal *ret_refusal)
{
    struct unpack unpack;
    unpack_init(&unpack, array);
    uint32_t count = unpack_array(&unpack);
    if (count > APPLY_FILES_MAX) {
        *ret_refusal = (struct refusal){ REFUSAL_LIMIT, SLICE("too many files in one apply"),
                                         SLICE("files") };
        return false;
    }
    struct decode_file *files = ARENA_ARRAY(arena, struct decode_file, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = SLICE_EMPTY, text = SLICE_EMPTY;
        bool good = unpack_peek(&unpack) == PACK_MAP && unpack_map(&unpack) == 2;
        for (uint32_t k = 0; good && k < 2; k++) {
            struct slice key = unpack_str(&unpack);
            if (slice_equal(key, SLICE("name")) && name.ptr == NULL) {
                name = unpack_str(&unpack);
            } else if (slice_equal(key, SLICE("text")) && text.ptr == NULL) {
                text = unpack_str(&unpack);
            } else {
                good = false;
            }
        }
        if (!good || unpack.bad || name.len == 0 || name.len > WIRE_PATH_BYTES_MAX) {
            refuse(ret_refusal,
                   arena_format(arena, "file %u of the list must be a map {name, text}", i + 1),
                   SLICE("files"));
            return false;
        }
        files[i] = (struct decode_file){ name, text };
    }
    *ret_files = files;
    *ret_count = count;
    return true;
}
