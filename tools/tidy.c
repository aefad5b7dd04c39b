// tidy ROOT [COMMANDS]: checks the tree below ROOT against the rules of tidy.h. COMMANDS is the
// build's compile_commands.json; without it nobody can tell which sources are built. Prints the
// findings, figures by folder, and the closing line; exit code 1 when there is a finding.
#include "tools/tidy.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"

enum { PATHS_MAX = 20000, DEPTH_MAX = 12, FILE_BYTES_MAX = 32 * 1024 * 1024 };

struct tree {
    struct arena arena;
    const char *root;
    struct slice *paths; // relative, in byte order once sorted
    size_t count;
};

static bool read_whole(const char *path, struct buf *ret_text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    char bytes[8192];
    size_t len;
    while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        buf_put(ret_text, bytes, len);
    }
    bool whole = ferror(file) == 0 && !ret_text->overflow;
    (void)fclose(file);
    return whole;
}

static bool is_passed_over(const char *name, size_t depth)
{
    return (name[0] == '.' && strcmp(name, ".ci") != 0) ||
           (depth == 0 && strcmp(name, "build") == 0) || strcmp(name, "corpus") == 0;
}

// Depth is bounded by DEPTH_MAX.
static void collect_paths(struct tree *tree, struct slice folder, size_t depth)
{
    struct slice full = arena_format(&tree->arena, "%s/%.*s", tree->root, SLICE_PRINT(folder));
    DIR *dir = opendir(full.ptr);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (is_passed_over(entry->d_name, depth)) {
            continue;
        }
        struct slice path =
            depth == 0 ? arena_format(&tree->arena, "%s", entry->d_name)
                       : arena_format(&tree->arena, "%.*s/%s", SLICE_PRINT(folder), entry->d_name);
        struct slice whole = arena_format(&tree->arena, "%s/%.*s", tree->root, SLICE_PRINT(path));
        struct stat status;
        if (lstat(whole.ptr, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX) {
            collect_paths(tree, path, depth + 1);
        } else if (S_ISREG(status.st_mode) && tree->count < PATHS_MAX) {
            tree->paths[tree->count++] = path;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

// Folders are read in the order of the disk; findings are printed in the order of names.
static void sort_paths(struct tree *tree)
{
    for (size_t at = 1; at < tree->count; at++) {
        struct slice path = tree->paths[at];
        size_t to = at;
        for (; to > 0 && slice_compare(path, tree->paths[to - 1]) < 0; to--) {
            tree->paths[to] = tree->paths[to - 1];
        }
        tree->paths[to] = path;
    }
}

static void check_paths(struct tidy *tidy, struct tree *tree)
{
    for (size_t at = 0; at < tree->count; at++) {
        struct slice full =
            arena_format(&tree->arena, "%s/%.*s", tree->root, SLICE_PRINT(tree->paths[at]));
        struct buf text;
        buf_init(&text, FILE_BYTES_MAX);
        if (read_whole(full.ptr, &text)) {
            tidy_file(tidy, tree->paths[at], buf_slice(&text));
        }
        buf_done(&text);
    }
}

static struct slice read_list(struct tree *tree, const char *name)
{
    struct slice path = arena_format(&tree->arena, "%s/tools/%s", tree->root, name);
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    if (!read_whole(path.ptr, &text)) {
        (void)fprintf(stderr, "tidy: %s cannot be read\n", path.ptr);
        exit(2);
    }
    struct slice copy = arena_copy(&tree->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

static void print_figures(const struct tidy *tidy)
{
    printf("\n%-24s %9s %9s %16s %10s\n", "folder", "lines", "functions", "CHECKs/function",
           "comments");
    for (size_t index = 0; index < tidy->folder_count; index++) {
        const struct tidy_folder *folder = &tidy->folders[index];
        size_t functions = folder->functions > 0 ? folder->functions : 1;
        size_t lines = folder->lines > 0 ? folder->lines : 1;
        printf("%-24.*s %9zu %9zu %13zu.%02zu %9zu%%\n", SLICE_PRINT(folder->name), folder->lines,
               folder->functions, folder->checks / functions,
               folder->checks * 100 / functions % 100, folder->comment_lines * 100 / lines);
    }
}

int main(int argc, char **argv)
{
    struct tree tree = { .root = argc > 1 ? argv[1] : "." };
    arena_init(&tree.arena, 64u * 1024 * 1024);
    tree.paths = mem_zalloc(PATHS_MAX * sizeof(*tree.paths));
    struct tidy tidy;
    tidy_init(&tidy, read_list(&tree, "layers.txt"), read_list(&tree, "exempt.txt"),
              read_list(&tree, "words.txt"));
    struct buf commands;
    buf_init(&commands, FILE_BYTES_MAX);
    if (argc > 2 && !read_whole(argv[2], &commands)) {
        (void)fprintf(stderr, "tidy: %s cannot be read\n", argv[2]);
        return 2;
    }
    tidy.commands = buf_slice(&commands);
    collect_paths(&tree, SLICE_EMPTY, 0);
    sort_paths(&tree);
    check_paths(&tidy, &tree);
    printf("%.*s", SLICE_PRINT(buf_slice(&tidy.findings)));
    print_figures(&tidy);
    size_t findings = tidy.finding_count;
    printf("\n%zu passed, %zu failed\n", findings == 0 ? tree.count : 0, findings);
    buf_done(&commands);
    tidy_done(&tidy);
    mem_free(tree.paths);
    arena_done(&tree.arena);
    return findings > 0 ? 1 : 0;
}
