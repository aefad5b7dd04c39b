#include "engine/model/command.h"

#include <sodium.h>

#include "base/attr.h"
#include "base/check.h"
#include "engine/model/refusal.h"

const char *command_name(enum command_kind kind)
{
    static const char *const names[] = {
        "none",   "start",  "press", "edit",   "claim",  "release", "reassign",
        "side_task", "finish", "comment", "move", "reopen", "undo", "cancel",
        "merge",
        "close_incident",
        "import_users", "apply", "clock", "absent", "present", "hand_over", "message", "retry",
        "revert", "migrate",
        "engine_started", "timer", "overdue", "child_ended", "absence_due", "deliver",
        "call_result", "new_version", "versions_settled",
    };
    _Static_assert(ARRAY_COUNT(names) == COMMAND_KIND_COUNT, "one name per command");
    CHECK((unsigned)kind < COMMAND_KIND_COUNT);
    return names[kind];
}

static void hash_slice(crypto_generichash_state *state, struct slice bytes)
{
    uint64_t len = bytes.len;
    (void)crypto_generichash_update(state, (const unsigned char *)&len, sizeof(len));
    if (bytes.len > 0) {
        (void)crypto_generichash_update(state, (const unsigned char *)bytes.ptr, bytes.len);
    }
}

static void hash_user(crypto_generichash_state *state, const struct command_user *user)
{
    const struct slice texts[] = { user->name, user->title,    user->superior,
                                   user->zone, user->language, user->hours };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        hash_slice(state, texts[i]);
    }
    for (uint32_t i = 0; i < user->role_count; i++) {
        hash_slice(state, user->roles[i]);
    }
    for (uint32_t i = 0; i < user->team_count; i++) {
        hash_slice(state, user->teams[i]);
    }
    const uint32_t rest[] = { user->active, user->role_count, user->team_count };
    (void)crypto_generichash_update(state, (const unsigned char *)rest, sizeof(rest));
}

uint64_t command_hash(const struct command *command)
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, 16);
    // Where a clock is to stand is worked out anew for each repeat: it is not what the client said.
    uint64_t due_ms = command->kind == COMMAND_CLOCK ? 0 : command->due_ms;
    uint64_t numbers[] = { (uint64_t)command->kind, command->instance, command->task,
                           command->entry,          due_ms,            command->user_count,
                           command->program_count,  command->until_ms, command->dry_run };
    (void)crypto_generichash_update(&state, (const unsigned char *)numbers, sizeof(numbers));
    const struct slice texts[] = { command->as,   command->process, command->name, command->text,
                                   command->form, command->source,  command->row,
                                   command->given, command->other, command->connector };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        hash_slice(&state, texts[i]);
    }
    for (uint32_t i = 0; i < command->user_count; i++) {
        hash_user(&state, &command->users[i]);
    }
    for (uint32_t i = 0; i < command->program_count; i++) {
        hash_slice(&state, command->programs[i].image);
    }
    uint64_t digest[2];
    (void)crypto_generichash_final(&state, (unsigned char *)digest, sizeof(digest));
    return digest[0];
}

const char *refusal_name(enum refusal_code code)
{
    static const char *const names[] = {
        "none",
#define REFUSAL(CODE, name, help) name,
#include "engine/model/refusal.def"
#undef REFUSAL
    };
    CHECK((unsigned)code < REFUSAL_CODE_COUNT);
    return names[code];
}

const char *refusal_help(enum refusal_code code)
{
    static const char *const helps[] = {
        "",
#define REFUSAL(CODE, name, help) help,
#include "engine/model/refusal.def"
#undef REFUSAL
    };
    CHECK((unsigned)code < REFUSAL_CODE_COUNT);
    return helps[code];
}
