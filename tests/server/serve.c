// The server as the tests run it: serve DATA SOCKET [FILE…] [--demo FACTOR] [--map BYTES]. Says
// `ready` on standard output when it takes connections.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embed/toolchain_dsl.h"
#include "engine/server/server.h"

enum { FILES_MAX = 32, FILE_BYTES_MAX = 1024 * 1024 };

static void say_ready(void *context, const char *socket_path)
{
    (void)context;
    (void)printf("ready %s\n", socket_path);
    (void)fflush(stdout);
}

static void say(void *context, const char *line)
{
    (void)context;
    (void)fprintf(stderr, "serve: %s\n", line);
}

static struct toolchain_file read_file(const char *path)
{
    char *text = malloc(FILE_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    if (text == NULL || file == NULL) {
        (void)fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    size_t len = fread(text, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    return (struct toolchain_file){ slice_from_cstr(path), slice_make(text, len) };
}

int main(int argc, char **argv)
{
    struct toolchain_dsl dsl = { 0 };
    struct toolchain toolchain = toolchain_dsl_make(&dsl);
    static struct toolchain_file files[FILES_MAX];
    struct server_options options = {
        .data = argc > 2 ? argv[1] : NULL,
        .socket = argc > 2 ? argv[2] : NULL,
        .toolchain = &toolchain,
        .files = files,
        .map_bytes = 4ull << 30,
        .events = { .log = say, .ready = say_ready },
    };
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--demo") == 0 && i + 1 < argc) {
            options.demo = true;
            options.demo_factor = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--map") == 0 && i + 1 < argc) {
            options.map_bytes = strtoull(argv[++i], NULL, 10);
        } else if (options.file_count < FILES_MAX) {
            files[options.file_count++] = read_file(argv[i]);
        }
    }
    if (options.data == NULL) {
        (void)fprintf(stderr, "usage: serve DATA SOCKET [FILE…] [--demo FACTOR] [--map BYTES]\n");
        return 2;
    }
    struct server_problem problem;
    enum err err = server_run(&options, &problem);
    if (err != OK) {
        (void)fprintf(stderr, "serve: %s: %s\n", err_name(err), problem.message);
    }
    for (uint32_t i = 0; i < options.file_count; i++) {
        free((void *)(uintptr_t)files[i].text.ptr);
    }
    return err == OK ? 0 : 1;
}
