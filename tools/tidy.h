// The rules of the house that a program can check, as functions over text: nothing here opens a
// file. tidy.c walks the tree and hands in one file after the other; tests/tidy hands in samples.
//
// A finding is one line, `path:line: [rule] what is wrong; what to do instead`. Rules: include,
// library, banned, printing, line, function, file, guard, mutable, marker, unbuilt, word.
#ifndef RUNG_TOOLS_TIDY_H
#define RUNG_TOOLS_TIDY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

enum {
    TIDY_LINE_COLUMNS_MAX = 100,
    TIDY_FUNCTION_LINES_MAX = 70,
    TIDY_FILE_LINES_MAX = 1000,
    TIDY_HEADER_LINES_MAX = 250,
    TIDY_FOLDERS_MAX = 64
};

struct tidy_folder { // figures that are printed and never enforced: counted things get padded
    struct slice name;
    size_t functions, checks, lines, comment_lines;
};

struct tidy {
    struct arena arena; // copies of what findings and figures need
    struct buf findings;
    size_t finding_count;
    struct slice layers, exempt, words; // texts of tools/*.txt; must outlive the struct
    struct slice commands;              // compile_commands.json, or empty: rule unbuilt is off
    struct tidy_folder folders[TIDY_FOLDERS_MAX];
    size_t folder_count;
};

// One file on its way through the rules. `code` and `comments` have the length of `text`: what is
// not theirs is blank, so that offsets and lines agree.
struct tidy_source {
    struct slice path, text, code, comments;
};

void tidy_init(struct tidy *tidy, struct slice layers, struct slice exempt, struct slice words);
void tidy_done(struct tidy *tidy);

// Checks one file of the tree. `path` is relative to the root, with `/`. Files that are neither C
// nor text known to us are passed over.
void tidy_file(struct tidy *tidy, struct slice path, struct slice text);

// Used by the rules. `name` is what an exemption may be limited to, or empty.
void tidy_report(struct tidy *tidy, const struct tidy_source *source, size_t offset,
                 const char *rule, struct slice name, struct slice message);
// Splits a source into code and comments; the slices live in `arena`.
struct tidy_source tidy_split(struct arena *arena, struct slice path, struct slice text);
void tidy_check_declarations(struct tidy *tidy, const struct tidy_source *source,
                             struct tidy_folder *folder);
void tidy_check_names(struct tidy *tidy, const struct tidy_source *source,
                      struct tidy_folder *folder);
void tidy_check_includes(struct tidy *tidy, const struct tidy_source *source);

// Small readers shared by the rules.
bool tidy_is_name_char(char byte);
struct slice tidy_trim(struct slice text);
// The next line of *rest without its end; false when there is none.
bool tidy_next_line(struct slice *rest, struct slice *ret_line);
// The next word (up to a blank) of *rest; false when there is none.
bool tidy_next_word(struct slice *rest, struct slice *ret_word);
// Finds `part` in `whole`; SIZE_MAX when it is not there.
size_t tidy_find(struct slice whole, struct slice part);
// True when `path` is `place` or lies in it (`place` may end in a slash).
bool tidy_lies_in(struct slice path, struct slice place);

#endif
