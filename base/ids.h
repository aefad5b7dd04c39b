// Identifiers as one-field structs, so that a timer number is never passed where an instance is
// due.
#ifndef RUNG_BASE_IDS_H
#define RUNG_BASE_IDS_H

#include <stdbool.h>
#include <stdint.h>

struct instance_id { uint64_t n; }; // ascending from 1; 0 = none
struct user_id { uint32_t n; };     // ascending from 1; 0 = nobody
struct role_id { uint32_t n; };     // company-wide number of a role name; 0 = none
struct process_id { uint32_t n; };  // company-wide number of a process name; 0 = none
struct program_id { uint32_t n; };  // one compiled version of one process; 0 = none

#define INDEX_NONE UINT32_MAX // "no such element" in image sections and small tables

static inline bool instance_same(struct instance_id a, struct instance_id b) { return a.n == b.n; }
static inline bool user_same(struct user_id a, struct user_id b) { return a.n == b.n; }

#endif
