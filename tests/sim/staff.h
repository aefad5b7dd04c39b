// The company's people, counted a second time from the journal alone: who holds which role, who is
// there, who stands in for whom and stands above whom, and which incidents of roles are open.
#ifndef RUNG_TESTS_SIM_STAFF_H
#define RUNG_TESTS_SIM_STAFF_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/model/record.h"

enum staff_role { OF_NO_ROLE, OF_HEAD, OF_SALES, OF_WORKS, STAFF_ROLES };
enum staff_team { OF_NO_TEAM, OF_NORTH, OF_SOUTH, STAFF_TEAMS };
enum {
    STAFF_MAX = 10, // user numbers are below it
    STAFF_ABSENCES_MAX = 16,
    STAFF_INCIDENTS_MAX = 32,
    STAFF_NUMBERS_MAX = 32
};

struct staff_absence {
    uint64_t from, to;
    uint32_t substitute;
    bool begun;
};
struct staff_person {
    bool known, active;
    bool office; // works from Monday to Friday, 9 to 18, in UTC
    bool holds[STAFF_ROLES];
    bool in[STAFF_TEAMS];
    uint32_t superior;
    struct staff_absence absence[STAFF_ABSENCES_MAX]; // in no order
    uint32_t absence_count;
};
struct staff_incident {
    uint32_t number;
    enum staff_role role;
    bool nobody_there;
};
struct staff {
    struct staff_person person[STAFF_MAX];   // by user number
    enum staff_role role[STAFF_NUMBERS_MAX]; // by company-wide number
    enum staff_team team[STAFF_NUMBERS_MAX]; // likewise
    struct staff_incident incident[STAFF_INCIDENTS_MAX];
    uint32_t incident_count;
    bool settled; // the last record changed who is there: incidents are exact now
};

// What the record says of people and roles. The first thing that could not be is given as a text.
const char *staff_take(struct staff *staff, const struct record *record);
enum staff_role staff_role_of(const struct staff *staff, uint32_t number);
enum staff_team staff_team_of(const struct staff *staff, uint32_t number);
bool staff_holds(const struct staff *staff, uint32_t user, enum staff_role role);
bool staff_held(const struct staff *staff, enum staff_role role); // by anybody at all
bool staff_works(const struct staff *staff, uint32_t user, uint64_t at_ms); // by his hours
bool staff_present(const struct staff *staff, uint32_t user);
uint32_t staff_stand_in(const struct staff *staff, uint32_t user); // 0: nobody acts for him
// By the list of superiors; by that or a role above the other's.
bool staff_is_boss(const struct staff *staff, uint32_t user, uint32_t of);
bool staff_above(const struct staff *staff, uint32_t user, enum staff_role role, uint32_t of);
bool staff_over(const struct staff *staff, uint32_t user, uint32_t of); // 0: an administrator
uint64_t staff_next_due(const struct staff *staff);
bool staff_has_incident(const struct staff *staff, enum staff_role role, bool nobody_there);

#endif
