// The writing face of the state. Only evolve, and the core that owns it, may include this. Nothing
// here decides anything: each function carries out one fact. Store trouble is sticky in `failed`,
// which the core looks at before it commits.
#ifndef RUNG_ENGINE_STATE_STATE_H
#define RUNG_ENGINE_STATE_STATE_H

#include "base/err.h"
#include "engine/state/instance.h"
#include "engine/state/keys.h"
#include "engine/state/view.h"
#include "engine/store/store.h"

struct state;

enum err state_open(struct store *store, struct state **ret_state) ATTR_USE_RESULT;
void state_close(struct state *state);
const struct view *state_view(const struct state *state);

// --- one command ----
// Forgets the working instances of the previous command. Images stored before are read anew.
void state_command_begin(struct state *state, uint64_t now_ms);
uint64_t state_now(const struct state *state);
void state_set_now(struct state *state, uint64_t now_ms); // to fold several records in a row
// Encodes every instance that changed into the store's command layer. ERR_TOO_BIG: an instance
// image does not fit its bound; ERR_CORRUPT, ERR_IO: something read did not validate.
enum err state_command_store(struct state *state) ATTR_USE_RESULT;
// The working instances, in order of first touch (for the gate and for `touched` of the record).
uint32_t state_touched_count(const struct state *state);
struct instance *state_touched(const struct state *state, uint32_t index);
// Directory, programs or names changed in this command: caches are rebuilt from the layers.
void state_refresh(struct state *state);
// After a batch was dropped: nothing that is in memory may be trusted.
void state_refresh_all(struct state *state);

// --- mutators, for evolve ----
struct store *state_store(struct state *state);
// The working instance; marks it dirty. NULL (and `failed` set) when there is none.
struct instance *state_instance(struct state *state, uint64_t id);
struct instance *state_instance_new(struct state *state, uint64_t id);
struct view_counters *state_counters(struct state *state); // marks them dirty
void state_fail(struct state *state, enum err err);
void state_put(struct state *state, enum store_db db, const struct key *key, struct slice value);
void state_delete(struct state *state, enum store_db db, const struct key *key);
enum err state_get(struct state *state, enum store_db db, const struct key *key, struct slice *ret);
// Copies bytes so that they live as long as the command.
struct slice state_keep(struct state *state, struct slice bytes);
void state_names_changed(struct state *state); // directory and names are to be read again
// Adds to a count of a user (DB_LOAD): open tasks, promises.
void state_load_add(struct state *state, enum key_load_kind kind, uint32_t user, int32_t by);
// The row of a user as it is now; false: there is none. Valid until the next write.
bool state_user_get(struct state *state, uint32_t number, struct view_user *ret_user);
void state_user_put(struct state *state, const struct view_user *user);
// Timer rows of the moments at which absences of the user begin or end.
void state_absence_rows(struct state *state, const struct view_user *user, bool put);

// Index rows of a task: the row under its holder or offered role.
void state_task_row_put(struct state *state, const struct instance *instance,
                        const struct open_task *task, uint32_t position, struct slice title);
void state_task_row_move(struct state *state, const struct instance *instance,
                         const struct open_task *was, const struct open_task *now);
// What stands in the row of a task; the title lives as long as the command. False: there is none.
bool state_task_row_read(struct state *state, const struct instance *instance,
                         const struct open_task *task, uint32_t *ret_position,
                         struct slice *ret_title);
void state_task_row_delete(struct state *state, const struct instance *instance,
                           const struct open_task *task);
// What a user has done: the last DONE_PER_USER_MAX of them.
void state_done_put(struct state *state, uint32_t user, const struct instance *instance,
                    const struct open_task *task);
void state_done_delete(struct state *state, uint32_t user, uint64_t at, uint64_t instance,
                       uint32_t task);
void state_timer_row_put(struct state *state, uint64_t due, uint64_t instance, uint32_t timer);
void state_timer_row_delete(struct state *state, uint64_t due, uint64_t instance, uint32_t timer);

#endif
