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
                                         hook_check, false };
    compile_set(&input, ret_result);
}

struct recorder {
    struct cli *cli;
    struct cli_files *files;
    void *context; // of library_load
};

static bool is_source(struct slice path)
{
    struct slice ending = SLICE(".rung");
    return path.len >= ending.len &&
           slice_equal(slice_sub(path, path.len - ending.len, ending.len), ending);
}

static bool load_and_record(void *context, struct slice path, struct arena *arena,
                            struct slice *ret_text)
{
    struct recorder *recorder = context;
    struct cli_files *files = recorder->files;
    bool loaded = library_load(recorder->context, path, arena, ret_text);
    if (loaded && !is_source(path) && files->count < SOURCE_FILES_MAX) {
        files->names[files->count] = arena_copy(&recorder->cli->arena, path);
        files->texts[files->count++] = arena_copy(&recorder->cli->arena, *ret_text);
    }
    return loaded;
}

void program_add_data(struct cli *cli, struct cli_files *files)
{
    struct compile_file *list = ARENA_ARRAY(&cli->arena, struct compile_file, files->count);
    for (uint32_t i = 0; i < files->count; i++) {
        list[i] = (struct compile_file){ files->names[i], files->texts[i] };
    }
    struct recorder recorder = { cli, files, folder_above(cli, files->names[0]) };
    const struct compile_input input = { list, files->count, load_and_record, &recorder,
                                         zoneinfo_known, NULL, false };
    struct compile_result result; // the engine tells what is wrong with the files
    compile_set(&input, &result);
    compile_done(&result);
}

uint32_t program_folders(struct cli *cli, const struct cli_files *files, const char **folders,
                         uint32_t folders_max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < files->count; i++) {
        size_t end = files->names[i].len;
        while (end > 0 && files->names[i].ptr[end - 1] != '/') {
            end--;
        }
        const char *folder =
            end == 0 ? "." : arena_cstr(&cli->arena, slice_sub(files->names[i], 0, end));
        bool known = false;
        for (uint32_t n = 0; n < count; n++) {
            known = known || strcmp(folders[n], folder) == 0;
        }
        struct stat facts; // what the library brought is not looked for here
        known = known || stat(folder, &facts) != 0 || !S_ISDIR(facts.st_mode);
        if (!known && count < folders_max) {
            folders[count++] = folder;
        }
    }
    return count;
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

bool program_is_wanted(const struct compile_program *program, const struct cli_files *files,
                      struct slice only)
{
    if (only.len > 0) {
        return slice_equal(program->process, only);
    }
    for (uint32_t i = 0; i < files->count; i++) {
        if (slice_equal(program->files[0], files->names[i])) {
            return true;
        }
    }
    return false;
}
