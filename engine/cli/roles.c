#include "engine/cli/roles.h"

#include <stdio.h>
#include <string.h>

#include "dsl/diag/diag.h"

enum { ROLES_SHOWN = 50 };

static bool is_known(const struct roles *roles, struct slice role)
{
    for (uint32_t i = 0; i < roles->known_count; i++) {
        if (slice_equal(roles->known[i], role)) {
            return true;
        }
    }
    return false;
}

static void keep_known(struct roles *roles, struct slice packed)
{
    uint32_t room = roles->known_count + wire_count(packed);
    struct slice *all = ARENA_ARRAY(&roles->cli->arena, struct slice, room + 1);
    if (roles->known_count > 0) {
        memcpy(all, roles->known, roles->known_count * sizeof(*all));
    }
    roles->known = all;
    struct wire_list list = wire_list(packed);
    struct slice item;
    while (wire_next(&list, &item)) {
        struct slice role = wire_print(item, &roles->cli->arena);
        if (!is_known(roles, role)) {
            roles->known[roles->known_count++] = role;
        }
    }
}

int roles_ask(struct cli *cli, const char *path, struct roles *ret_roles)
{
    *ret_roles = (struct roles){ .cli = cli, .path = path, .unknown = json_array() };
    struct client_reply reply;
    int status = cli_ask_bare(cli, "processes", &reply);
    if (status == CLI_DONE) {
        struct wire_list list = wire_list(wire_raw(reply.result, "processes"));
        struct slice process;
        while (wire_next(&list, &process)) {
            keep_known(ret_roles, wire_raw(process, "roles"));
        }
    }
    return status;
}

void roles_done(struct roles *roles)
{
    json_decref(roles->unknown);
    roles->unknown = NULL;
}

void roles_look(struct roles *roles, uint64_t line, struct slice role)
{
    struct arena *arena = &roles->cli->arena;
    if (roles->known_count == 0 || is_known(roles, role)) {
        return;
    }
    struct suggestions suggestions;
    suggest_init(&suggestions, role);
    for (uint32_t i = 0; i < roles->known_count; i++) {
        suggest_offer(&suggestions, roles->known[i], 0);
    }
    struct slice near = suggestions.count > 0 ? suggestions.names[0] : SLICE_EMPTY;
    if (json_array_size(roles->unknown) < ROLES_SHOWN) {
        (void)fprintf(stderr, "%s:%llu: warning: no process names a role `%.*s`%s%.*s%s\n",
                      roles->path, (unsigned long long)line, SLICE_PRINT(term_clean(arena, role)),
                      near.len > 0 ? "; did you mean `" : "", SLICE_PRINT(near),
                      near.len > 0 ? "`?" : "");
    }
    json_t *item = json_pack("{s:I, s:o}", "line", (json_int_t)line, "role",
                             json_stringn(role.ptr, role.len));
    (void)json_object_set_new(item, "near",
                              near.len > 0 ? json_stringn(near.ptr, near.len) : json_null());
    (void)json_array_append_new(roles->unknown, item);
}
