// Programs on the command line: compiling what was named, and telling what the compiler says.
#ifndef RUNG_ENGINE_CLI_PROGRAM_H
#define RUNG_ENGINE_CLI_PROGRAM_H

#include "dsl/compile.h"
#include "engine/cli/cli.h"

enum { PROGRAM_TEXT_BYTES_MAX = 16 * 1024 * 1024 };

// Compiles the files as one set; imports are looked for in the library too. To be done with
// compile_done.
void program_compile(struct cli *cli, const struct cli_files *files,
                     struct compile_result *ret_result);
// One that stands in a file that was named, or the one that was asked for (`only`; empty: none).
bool program_is_wanted(const struct compile_program *program, const struct cli_files *files,
                       struct slice only);
// Adds the data that the files name (lists of holidays), which the engine would not find.
void program_add_data(struct cli *cli, struct cli_files *files);
// The folders of the files, each once, in `folders`; gives their count.
uint32_t program_folders(struct cli *cli, const struct cli_files *files, const char **folders,
                         uint32_t folders_max);
// Prints messages as text or JSON to stdout.
void program_tell(struct cli *cli, const struct diags *diags);
// Writes a file beside the old one and then in its place: a disk that is full costs nobody his
// work. CLI_DONE, or an exit code after telling.
int program_write(struct cli *cli, struct slice path, struct slice text);

#endif
