#include "engine/cli/phone_ranges.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dsl/library/stdlib.h"
#include "engine/intake/numbering.h"

#define REGIONS_PATH "stdlib/phones/ru_regions.txt"

static ptrdiff_t read_some(void *context, char *to, size_t bytes)
{
    FILE *file = context;
    size_t got = fread(to, 1, bytes, file);
    return got == 0 && ferror(file) != 0 ? -1 : (ptrdiff_t)got;
}

static int add_file(struct cli *cli, struct numbering *numbering, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot read %s: %s", path, strerror(errno));
    }
    bool good = numbering_add(numbering, path, read_some, file);
    (void)fclose(file);
    return good ? CLI_DONE
                : cli_problem(cli, CLI_BAD_INPUT, "bad_ranges", "%s", numbering->message);
}

static bool is_csv(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > 4 && memcmp(name + len - 4, ".csv", 4) == 0;
}

static int add_folder(struct cli *cli, struct numbering *numbering, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        return cli_problem(cli, CLI_USAGE, "file", "cannot read the folder %s: %s", path,
                           strerror(errno));
    }
    int status = CLI_DONE;
    for (int i = 0; i < count; i++) {
        if (status == CLI_DONE && is_csv(entries[i]->d_name)) {
            status = add_file(cli, numbering,
                              arena_format(&cli->arena, "%s/%s", path, entries[i]->d_name).ptr);
        }
        free(entries[i]);
    }
    free(entries);
    if (status == CLI_DONE && numbering->file_count == 0) {
        status = cli_problem(cli, CLI_USAGE, "file", "the folder %s holds no .csv file", path);
    }
    return status;
}

static void tell(const struct numbering *numbering)
{
    uint32_t silent = numbering->silent_rows;
    (void)fprintf(stderr, "rung: %u phone ranges in %u file%s; %u tell no time zone because their "
                          "region keeps several\n",
                  numbering->row_count, numbering->file_count,
                  numbering->file_count == 1 ? "" : "s", silent);
    for (uint32_t i = 0; i < numbering->stranger_count; i++) {
        const struct numbering_stranger *stranger = &numbering->strangers[i];
        (void)fprintf(stderr, "rung: %s:%u: the region `%.*s` is not known: its ranges tell no "
                              "time zone\n",
                      stranger->file, stranger->line, SLICE_PRINT(stranger->region));
    }
    if (numbering->strange_rows > 0) {
        (void)fprintf(stderr, "rung: %u range%s of regions that are not known\n",
                      numbering->strange_rows, numbering->strange_rows == 1 ? "" : "s");
    }
}

int phone_ranges_open(struct cli *cli, const char *path, struct ranges *ret_ranges)
{
    struct numbering numbering;
    struct slice regions = SLICE_EMPTY;
    struct stat about;
    numbering_init(&numbering, &cli->arena);
    int status = CLI_DONE;
    if (!stdlib_find(SLICE(REGIONS_PATH), &regions) ||
        !numbering_regions(&numbering, REGIONS_PATH, regions)) {
        status = cli_problem(cli, CLI_BAD_INPUT, "bad_ranges", "%s", numbering.message);
    } else if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        status = add_folder(cli, &numbering, path);
    } else {
        status = add_file(cli, &numbering, path);
    }
    if (status == CLI_DONE && !numbering_finish(&numbering, ret_ranges)) {
        status = cli_problem(cli, CLI_BAD_INPUT, "bad_ranges", "%s", numbering.message);
    }
    if (status == CLI_DONE) {
        tell(&numbering);
    }
    numbering_done(&numbering);
    return status;
}
