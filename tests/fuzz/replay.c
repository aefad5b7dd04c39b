// Runs a target over files instead of under the fuzzer: the corpus, and what once crashed, as a
// plain test in every build.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { FILE_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 4096 };

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    uint8_t *bytes = malloc(FILE_BYTES_MAX);
    size_t len = bytes == NULL ? 0 : fread(bytes, 1, FILE_BYTES_MAX, file);
    // An exact copy, so that a read past the end is seen by the sanitizers.
    uint8_t *exact = malloc(len + 1);
    if (exact != NULL && bytes != NULL) {
        memcpy(exact, bytes, len);
        (void)LLVMFuzzerTestOneInput(exact, len);
    }
    free(exact);
    free(bytes);
    return fclose(file);
}

int main(int argc, char **argv)
{
    int files = 0, failed = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            fprintf(stderr, "%s is not a folder\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            char path[PATH_BYTES_MAX];
            struct stat info;
            int len = snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (len > 0 && len < PATH_BYTES_MAX && stat(path, &info) == 0 &&
                S_ISREG(info.st_mode)) {
                files++;
                failed += run_file(path) == 0 ? 0 : 1;
            }
        }
        (void)closedir(folder);
    }
    printf("%d inputs replayed\n", files);
    return files > 0 && failed == 0 ? 0 : 1;
}
