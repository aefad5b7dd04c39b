// What subscribe.c and inbox_watch.c share.
#ifndef RUNG_ENGINE_SHELL_SUBSCRIBE_INTERNAL_H
#define RUNG_ENGINE_SHELL_SUBSCRIBE_INTERNAL_H

#include "engine/shell/card.h"
#include "engine/shell/shell_internal.h"

struct subscription {
    struct subscription *next; // of the shell
    struct session *session;
    uint64_t instance; // a case; 0: this is a subscription to an inbox
    uint64_t sent_seq; // case: of the last record sent (or where to begin)
    uint64_t last_seq; // case: of the newest record known
    bool catching_up;  // case: has not yet had everything once
    uint32_t user;     // inbox of; 0: this is a subscription to a case
    uint32_t viewer;   // case: on whose behalf; 0: an administrator's
    uint32_t number;   // inbox: tells them apart in the table of what was told
    uint32_t told_count; // inbox: tasks told of
    bool missed;         // inbox: something was left out; the next frame says `reload`
    struct buf added, removed; // inbox: of the frame in the making
    uint32_t added_count, removed_count;
    // inbox: by the engine's clock, when the reader's day ends, and when the next promise is broken
    // (UINT64_MAX: none)
    uint64_t midnight_ms, promise_ms;
    char zone[NAME_BYTES_MAX + 1]; // inbox: of the clock he looks at; empty: as the directory says
};

struct card_env subscribe_env(struct shell *shell, const struct session *session,
                              struct buf *buf);

// --- inbox_watch.c
// What the inbox holds at the beginning counts as told. Between view_begin and view_end.
void inbox_watch_begin(struct shell *shell, struct subscription *subscription,
                       const struct view_user *user);
void inbox_watch_end(struct shell *shell, struct subscription *subscription);
void inbox_watch_touched(struct shell *shell, uint64_t instance);
// Somebody came or went: what is shown to whom is to be asked for anew.
void inbox_watch_people(struct shell *shell);
void inbox_watch_work(struct shell *shell);
uint64_t inbox_watch_wait_ms(const struct shell *shell);
void inbox_watch_done(struct shell *shell);

#endif
