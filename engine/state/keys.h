// Keys of the view's databases: composite, big-endian, so that byte order is the order of meaning.
#ifndef RUNG_ENGINE_STATE_KEYS_H
#define RUNG_ENGINE_STATE_KEYS_H

#include <stdint.h>

#include "base/slice.h"

enum { KEY_BUFFER_BYTES = 400 };

struct key {
    size_t len;
    char bytes[KEY_BUFFER_BYTES];
};

static inline struct slice key_slice(const struct key *key)
{
    return slice_make(key->bytes, key->len);
}
void key_u8(struct key *key, uint8_t number);
void key_u32(struct key *key, uint32_t number);
void key_u64(struct key *key, uint64_t number);
// The text and a 0 byte (texts hold none), so that no key is the beginning of another. A text
// longer than fits is cut: callers bound it first.
void key_text(struct key *key, struct slice text);

// Each starts the key anew.
void key_instance(struct key *key, uint64_t instance);
void key_part(struct key *key, uint64_t instance, uint32_t part);
#define KEY_PART_MERGED 0x20000u // part of a case that was merged: the number of the other one
void key_by_key(struct key *key, uint32_t process, uint32_t field, struct slice value);
enum key_task_kind { KEY_TASK_USER = 1, KEY_TASK_ROLE = 2 };
void key_task(struct key *key, enum key_task_kind kind, uint32_t number, uint64_t due,
              uint64_t instance, uint32_t task);
// Of an open task as it stands: under its holder, or under the role it is offered to.
struct instance;
struct open_task;
void key_open_task(struct key *key, const struct instance *instance,
                   const struct open_task *task);
void key_done(struct key *key, uint32_t user, uint32_t place);
void key_timer(struct key *key, uint64_t due, uint64_t instance, uint32_t timer);
#define KEY_TIMER_OVERDUE 0x80000000u // set in the timer number: it is a task's overdue ladder
void key_child(struct key *key, uint64_t parent, uint32_t collection, uint32_t round,
               uint64_t child);
void key_kept(struct key *key, uint64_t instance, uint32_t number);
void key_call(struct key *key, uint64_t due, uint64_t call);
void key_activation(struct key *key, uint32_t activation);
void key_activation_of(struct key *key, uint32_t process);
void key_move(struct key *key, uint32_t activation, uint64_t instance);
void key_number(struct key *key, uint32_t number);
enum key_name_kind {
    KEY_NAME_PROCESS = 1, KEY_NAME_ROLE = 2, KEY_NAME_ZONE = 3, KEY_NAME_TEAM = 4
};
void key_name(struct key *key, enum key_name_kind kind, struct slice name);
void key_plain_text(struct key *key, struct slice text);
void key_import(struct key *key, struct slice source, struct slice row);
void key_pair(struct key *key, uint32_t a, uint32_t b);
enum key_load_kind {
    KEY_LOAD_USER = 1, KEY_LOAD_ROLE = 2, KEY_LOAD_NOTICES = 3, KEY_LOAD_TEAM = 4,
    KEY_LOAD_KEPT = 5, KEY_LOAD_BROKEN = 6, // promises of a user
    KEY_LOAD_POSTPONED = 7, // tasks of a user that were put off by a button
    KEY_LOAD_DONE = 8, // rows of DB_DONE ever written
    KEY_LOAD_PROGRAM = 9 // open cases that run it
};
void key_load(struct key *key, enum key_load_kind kind, uint32_t number);

#endif
