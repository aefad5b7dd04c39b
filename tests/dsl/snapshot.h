// Snapshot tests: a folder of files that hold a program, a line `---`, what is expected of it, and
// perhaps one more line `---` and a twin: a program that differs where it matters and must give no
// message.
// UPDATE_SNAPSHOTS=1 in the environment rewrites what is expected; read the difference.
#ifndef RUNG_TESTS_DSL_SNAPSHOT_H
#define RUNG_TESTS_DSL_SNAPSHOT_H

#include "base/buf.h"

struct snapshot {
    const char *name; // "retry_without_then.rung"
    struct slice program;
    struct slice expected;
    struct slice twin; // empty: none
};

// Writes what the program gives.
typedef void snapshot_render_fn(const struct snapshot *snapshot, struct buf *out, void *context);

// Runs all files of the folder that end in .rung, in the order of their names. Fails the test with
// both texts when one differs, or when the folder holds none.
void snapshot_run(const char *folder, snapshot_render_fn *render, void *context);

// The whole file into `out`; fails the test when it cannot be read.
void snapshot_read(const char *path, struct buf *out);
// Calls `each` with the path of every .rung file of a folder, in the order of their names. A folder
// that does not exist has none. Gives their count.
unsigned snapshot_each(const char *folder, void (*each)(const char *path, void *context),
                       void *context);

#endif
