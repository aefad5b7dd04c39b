// Hears of files that are saved in folders, for the tools of the language.
#ifndef RUNG_ENGINE_SERVER_SAVED_H
#define RUNG_ENGINE_SERVER_SAVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { SAVED_FOLDERS_MAX = 64, SAVED_QUIET_MS = 60 };

// A program, or a script or list of holidays that one may name (.rung, .lua, .xml). NULL, when the
// system does not name the file: yes.
bool saved_matters(const char *name);

// Called once some file that matters was saved, moved or removed and the folders have been quiet
// for SAVED_QUIET_MS: an editor writes more than once.
typedef void saved_fn(void *context);

// Until SIGINT or SIGTERM: OK then. ERR_IO: a folder cannot be watched.
enum err saved_watch(const char *const *folders, uint32_t count, saved_fn *changed, void *context);

#endif
