// Lines of the program as it was applied: its text is a blob of the journal, found by the hash that
// stands in the image. A line is quoted beside what it brought about.
#ifndef RUNG_ENGINE_SHELL_QUOTE_H
#define RUNG_ENGINE_SHELL_QUOTE_H

#include "base/arena.h"
#include "engine/state/view.h"
#include "engine/store/store.h"

enum { QUOTE_PROGRAMS = 8, QUOTE_BYTES_MAX = 240 };

struct quote_book {
    struct store_reader *reader;
    struct arena *arena; // texts live here; do not rewind it while the book is in use
    struct {
        uint32_t program;
        struct slice source; // packed [[file, text]…]; empty: not kept
    } programs[QUOTE_PROGRAMS];
    uint32_t count;
};

// What stands at a line: tables and hooks may come from an imported file, all else stands in the
// file of the process.
struct quote_of {
    uint32_t line;
    const char *word;  // "table", "hook"; NULL: of the process itself
    struct slice name; // of the table or hook
};

struct quote {
    struct slice file, text; // text: without the blanks around it
};

// False: the text was not kept, or has no such line.
bool quote_line(struct quote_book *book, const struct view_program *program,
                const struct quote_of *of, struct quote *ret_quote);

#endif
