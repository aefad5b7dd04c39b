// People come and go: the directory, absences, and what is handed over.
#include <stdio.h>

#include "base/pack.h"
#include "tests/sim/ask.h"

static const char *const names[SIM_USERS + 1] = { "",    "hana", "sam", "sue",
                                                  "sid", "wim",  "wes", "ned" };
static const uint64_t hour_ms = 3600 * 1000;

static const char *anybody(struct world *world) { return names[1 + ask_draw(world, SIM_USERS)]; }

static void pack_text(struct buf *buf, const char *key, const char *text)
{
    pack_cstr(buf, key);
    pack_cstr(buf, text);
}

// Mostly the roles that the person began with; now and then others, both, or none.
static void pack_roles(struct world *world, struct buf *buf, uint32_t user)
{
    static const char *const own[] = { "",      "head",  "sales", "sales",
                                       "sales", "works", "works", "sales" };
    bool other = user != 1 && ask_chance(world, 15); // there is always a head
    bool both = ask_chance(world, 10);
    pack_cstr(buf, "roles");
    pack_array(buf, (other ? 0 : 1) + (both ? 1u : 0u));
    if (!other) {
        pack_cstr(buf, own[user]);
    }
    if (both) {
        pack_cstr(buf, user == 1 ? "sales" : own[user][0] == 's' ? "works" : "sales");
    }
}

static void pack_teams(struct world *world, struct buf *buf)
{
    bool north = ask_chance(world, 60);
    bool south = ask_chance(world, 60);
    pack_cstr(buf, "teams");
    pack_array(buf, (north ? 1u : 0u) + (south ? 1u : 0u));
    if (north) {
        pack_cstr(buf, "north");
    }
    if (south) {
        pack_cstr(buf, "south");
    }
}

static void pack_person(struct world *world, struct buf *buf, uint32_t user)
{
    char title[32];
    const char *superior = ask_chance(world, 30) && user != 1 ? anybody(world) : "";
    bool active = user == 1 || ask_chance(world, 85);
    (void)snprintf(title, sizeof(title), "Title %u", (unsigned)ask_draw(world, 1000));
    bool office = ask_chance(world, 40);
    pack_map(buf, 5u + (superior[0] != '\0' ? 1u : 0u) + (office ? 1u : 0u));
    pack_teams(world, buf);
    pack_text(buf, "name", names[user]);
    pack_text(buf, "title", title);
    if (office) {
        pack_text(buf, "hours", "mon..fri 09:00-18:00");
    }
    pack_roles(world, buf, user);
    pack_cstr(buf, "active");
    pack_bool(buf, active);
    if (superior[0] != '\0') {
        pack_text(buf, "superior", superior);
    }
}

static void ask_directory(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    uint32_t count = 1 + (uint32_t)ask_draw(world, 2);
    uint32_t user = 1 + (uint32_t)ask_draw(world, SIM_USERS - 1);
    ask_open(&params);
    pack_cstr(&params.buf, "users");
    pack_array(&params.buf, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_person(world, &params.buf, user + i);
    }
    params.pairs++;
    ask_request(world, client, "import_users", &params);
}

static void say_who(struct world *world, struct ask_params *params, uint32_t user)
{
    if (ask_chance(world, 40)) {
        ask_text(params, "as", names[user]);
    } else if (ask_chance(world, 60)) {
        ask_text(params, "as", ask_chance(world, 50) ? names[1] : anybody(world));
    }
}

static void ask_absent(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    uint32_t user = 1 + (uint32_t)ask_draw(world, SIM_USERS);
    uint64_t from = world->wall_ms;
    ask_open(&params);
    ask_text(&params, "user", names[user]);
    if (ask_chance(world, 40)) {
        from += ask_draw(world, 48 * hour_ms);
        ask_number(&params, "from", from);
    }
    ask_number(&params, "to", from + ask_draw(world, 72) * hour_ms + hour_ms / 2);
    if (ask_chance(world, 60)) {
        ask_text(&params, "substitute", anybody(world));
    }
    say_who(world, &params, user);
    ask_request(world, client, "absent", &params);
}

static void ask_present(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    uint32_t user = 1 + (uint32_t)ask_draw(world, SIM_USERS);
    const struct staff_person *person = &world->model->staff.person[user];
    ask_open(&params);
    ask_text(&params, "user", names[user]);
    if (person->absence_count > 0 && ask_chance(world, 50)) {
        uint32_t which = (uint32_t)ask_draw(world, person->absence_count);
        ask_number(&params, "from", person->absence[which].from);
    }
    say_who(world, &params, user);
    ask_request(world, client, "present", &params);
}

static void ask_hand_over(struct world *world, struct sim_client *client,
                          const struct model_case *c)
{
    struct ask_params params;
    uint32_t user = c->task.holder != 0 ? c->task.holder : 1 + (uint32_t)ask_draw(world, SIM_USERS);
    ask_open(&params);
    ask_number(&params, "instance", c->id);
    ask_text(&params, "user", names[ask_chance(world, 80) ? user : c->slot[OF_SALES]]);
    if (ask_chance(world, 50)) {
        ask_text(&params, "to", anybody(world));
    }
    say_who(world, &params, user);
    ask_request(world, client, "hand_over", &params);
}

void ask_people(struct world *world, struct sim_client *client, const struct model_case *c)
{
    uint64_t what = ask_draw(world, 100);
    if (what < 25) {
        ask_directory(world, client);
    } else if (what < 55) {
        ask_absent(world, client);
    } else if (what < 75 || c == NULL) {
        ask_present(world, client);
    } else {
        ask_hand_over(world, client, c);
    }
}
