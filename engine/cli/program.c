#include "engine/cli/program.h"

#include <stdio.h>
#include <sys/stat.h>

#include "engine/cli/library.h"
#include "engine/hooks/hook.h"
#include "engine/time/zoneinfo.h"

// The folder above the one that holds the first file: "a/processes/lead.rung" → "a".
static char *folder_above(struct cli *cli, struct slice name)
{
    uint32_t slashes = 0;
    size_t at = name.len;
    while (at > 0 && slashes < 2) {
        at--;
        slashes += name.ptr[at] == '/' ? 1 : 0;
    }
    return slashes == 2 ? arena_cstr(&cli->arena, slice_sub(name, 0, at)) : NULL;
}

void program_compile(struct cli *cli, const struct cli_files *files,
                     struct compile_result *ret_result)
{
    struct compile_file *list = ARENA_ARRAY(&cli->arena, struct compile_file, files->count);
    for (uint32_t i = 0; i < files->count; i++) {
        list[i] = (struct compile_file){ files->names[i], files->texts[i] };
    }
    const struct compile_input input = { list, files->count, library_load,
                                         folder_above(cli, files->names[0]), zoneinfo_known,
                                         hook_check };
    compile_set(&input, ret_result);
}

void program_tell(struct cli *cli, const struct diags *diags)
{
    struct buf text;
    buf_init(&text, PROGRAM_TEXT_BYTES_MAX);
    if (cli_json_wanted(cli)) {
        diag_render_json(diags, &text);
    } else {
        diag_render_text(diags, &text, cli->term.colour ? DIAG_COLOUR : 0);
    }
    cli_print(cli);
    (void)fwrite(text.ptr, 1, text.len, stdout);
    buf_done(&text);
}

int program_write(struct cli *cli, struct slice path, struct slice text)
{
    const char *name = arena_cstr(&cli->arena, path);
    const char *fresh = arena_format(&cli->arena, "%s.fixed", name).ptr;
    struct stat facts;
    FILE *file = stat(name, &facts) == 0 ? fopen(fresh, "wb") : NULL;
    bool good = file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len &&
                fchmod(fileno(file), facts.st_mode & 07777) == 0;
    good = file != NULL && fclose(file) == 0 && good && rename(fresh, name) == 0;
    if (!good && file != NULL) {
        (void)remove(fresh);
    }
    return good ? CLI_DONE : cli_problem(cli, CLI_USAGE, "file", "cannot write %s", name);
}
