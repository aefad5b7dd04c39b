// Telling people (remind.c). Inside engine/decide only.
#ifndef RUNG_ENGINE_DECIDE_NOTICE_H
#define RUNG_ENGINE_DECIDE_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct eval_env;
struct run;
struct open_task;

// `at`: told from then on; 0: at once. It waits for the working hours of its reader, unless the
// task it is about is urgent. What a process says (`said`, with `env`) is told to each reader in
// his language; NULL: `text` stands as it is.
struct notice {
    struct slice text;
    uint64_t at;
    bool urgent;
    const struct eval_env *env;
    uint32_t said;
};

// What one person is told by all that happens in one command after a silence (rule 20).
enum { NOTICE_POOL_MAX = 64 };
struct notice_pool {
    struct {
        uint32_t user, role;
        struct slice text;
        bool urgent;
    } notices[NOTICE_POOL_MAX];
    uint32_t count;
};

void run_notify_role(struct run *run, uint32_t role, const struct notice *notice);
void run_notify_user(struct run *run, uint32_t user, uint32_t role, const struct notice *notice);
void run_tell_pool(struct run *run); // tells what the pool holds, one notice a person
// Before a task is due.
void run_arm_reminds(struct run *run, uint32_t task);
void run_disarm_reminds(struct run *run, uint32_t task);
void run_remind(struct run *run, const struct open_task *task);

#endif
