#include "engine/cli/mappings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "dsl/library/stdlib.h"
#include "engine/intake/mapping.h"

enum { MAPPINGS_MAX = 200 };

static void paint(const void *term, struct buf *out, bool begin)
{
    term_put_style(term, out, begin ? TERM_RED : TERM_PLAIN);
}

int mappings_tell(struct cli *cli, const struct map_lines *map)
{
    struct term term;
    struct buf text;
    term_init(&term, 2);
    buf_init(&text, 1 << 20);
    map_lines_render(map, paint, &term, &text);
    (void)fwrite(text.ptr, 1, text.len, stderr);
    buf_done(&text);
    return cli_problem(cli, CLI_BAD_INPUT, "bad_map", "%u mistake%s in %.*s; nothing was started",
                       map->fault_count, map->fault_count == 1 ? "" : "s", SLICE_PRINT(map->name));
}

static bool cut_end(struct slice name, struct slice *ret_stem)
{
    struct slice end = SLICE(".map");
    bool there =
        name.len > end.len && slice_equal(slice_sub(name, name.len - end.len, end.len), end);
    *ret_stem = slice_sub(name, 0, name.len - (there ? end.len : 0));
    return there;
}

static int add(struct cli *cli, const char *folder, struct slice file, struct mappings *mappings)
{
    struct slice name;
    if (!cut_end(file, &name)) {
        return CLI_DONE;
    }
    if (mappings->count == MAPPINGS_MAX) {
        return cli_problem(cli, CLI_USAGE, "limit", "%s holds more than %d mappings", folder,
                           MAPPINGS_MAX);
    }
    struct slice path = arena_format(&cli->arena, "%s/%.*s", folder, SLICE_PRINT(file));
    struct slice text;
    int status = cli_read_file(cli, path.ptr, MAP_BYTES_MAX + 1, &text);
    if (status != CLI_DONE) {
        return status;
    }
    struct mapping *mapping = ARENA_NEW(&cli->arena, struct mapping);
    mapping_parse(mapping, &cli->arena, path, text);
    if (mapping->lines.fault_count > 0) {
        return mappings_tell(cli, &mapping->lines);
    }
    mappings->names[mappings->count] = arena_copy(&cli->arena, name);
    mappings->texts[mappings->count++] = text;
    return CLI_DONE;
}

int mappings_open(struct cli *cli, const char *folder, struct mappings *ret_mappings)
{
    *ret_mappings = (struct mappings){ ARENA_ARRAY(&cli->arena, struct slice, MAPPINGS_MAX),
                                       ARENA_ARRAY(&cli->arena, struct slice, MAPPINGS_MAX), 0 };
    if (folder == NULL) {
        return CLI_DONE;
    }
    DIR *listing = opendir(folder);
    if (listing == NULL) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot read the folder %s: %s", folder,
                           strerror(errno));
    }
    int status = CLI_DONE;
    for (const struct dirent *entry = readdir(listing); entry != NULL && status == CLI_DONE;
         entry = readdir(listing)) {
        status = add(cli, folder, slice_from_cstr(entry->d_name), ret_mappings);
    }
    (void)closedir(listing);
    return status;
}

static bool find(void *context, struct slice name, struct slice *ret_text)
{
    const struct mappings *mappings = context;
    for (uint32_t i = 0; i < mappings->count; i++) {
        if (slice_equal(mappings->names[i], name)) {
            *ret_text = mappings->texts[i];
            return true;
        }
    }
    struct buf path;
    buf_init(&path, WIRE_PATH_BYTES_MAX + 64);
    buf_format(&path, "stdlib/intake/%.*s.map", SLICE_PRINT(name));
    bool found = !path.overflow && stdlib_find(buf_slice(&path), ret_text);
    buf_done(&path);
    return found;
}

struct intake_library mappings_library(struct mappings *mappings)
{
    return (struct intake_library){ find, mappings };
}
