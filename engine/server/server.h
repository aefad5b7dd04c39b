// `rung serve`: the engine on a Unix socket. The only folder that knows libuv and threads.
//
//   loop thread   sockets, shell_tick          core thread   core_tick
//   flusher       flusher_tick                 libuv's pool  slow jobs (compile, backup, verify)
//
// server_run blocks until SIGTERM or SIGINT, then stops within two
// seconds: commands under way get their answers, every handle is closed.
#ifndef RUNG_ENGINE_SERVER_SERVER_H
#define RUNG_ENGINE_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "engine/shell/intake.h"
#include "engine/shell/toolchain.h"

struct ranges;

struct server_events {
    // One line for the log, without a line end.
    void (*log)(void *context, const char *line);
    // The socket takes connections now.
    void (*ready)(void *context, const char *socket_path);
    void *context;
};

enum { SERVER_WATCH_FOLDERS_MAX = 64 };

struct server_options {
    const char *data;   // folder; made when absent
    const char *socket; // NULL: DATA/socket
    const char *currency; // of a new store; NULL: "EUR"
    const char *region;   // of a new store: country of phones written without one; NULL: none
    const char *zone;     // of a new store: of the company; NULL: UTC
    const struct ranges *ranges; // of Russian numbers; outlives the run; may be NULL
    const char *connectors; // settings of the outside world; NULL: calls stay in the outbox
    bool demo;
    uint32_t demo_factor; // 0: the clock stands still until the method `clock` moves it
    uint64_t map_bytes;   // 0: the store's own default
    uint32_t flush_rows, flush_ms; // 0: the store's own defaults
    const struct toolchain *toolchain; // must outlive the run
    const struct intake_library *mappings; // likewise; NULL: none
    const struct toolchain_file *files; // what PROCESSES holds
    uint32_t file_count;
    // Development: `rung apply` with these words runs whenever a program in one of the folders is
    // saved. No folders: saved files change nothing.
    const char *const *watch_folders;
    uint32_t watch_folder_count; // at most SERVER_WATCH_FOLDERS_MAX
    const char *const *watch_words;
    uint32_t watch_word_count;
    struct server_events events;
};

struct server_problem {
    char message[2000]; // for people; diagnostics of the files may be cut
};

// OK: stopped as asked. Else the problem says what is wrong; nothing is left open.
enum err server_run(const struct server_options *options, struct server_problem *ret_problem)
    ATTR_USE_RESULT;

#endif
