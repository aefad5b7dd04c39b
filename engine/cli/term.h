// Where output goes: width, colours, and text made safe to show. Stored texts come from clients and
// files: control characters in them must never reach a terminal as they are.
#ifndef RUNG_ENGINE_CLI_TERM_H
#define RUNG_ENGINE_CLI_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

enum term_style {
    TERM_PLAIN,
    TERM_BOLD,
    TERM_DIM,
    TERM_RED,
    TERM_GREEN,
    TERM_YELLOW,
    TERM_BLUE,
    TERM_CYAN,
    TERM_PINK,
    TERM_ORANGE
};

struct term {
    unsigned columns, rows;
    bool terminal; // output is a terminal: progress bars and questions make sense
    bool colour;
};

void term_init(struct term *term, int fd);
// Starts (or with TERM_PLAIN ends) a style; writes nothing when there are no colours.
void term_put_style(const struct term *term, struct buf *out, enum term_style style);
void term_put(const struct term *term, struct buf *out, enum term_style style, struct slice text);
// Control characters, direction marks and bad bytes replaced; line breaks become spaces.
struct slice term_clean(struct arena *arena, struct slice text);
// At most `cells` cells wide, with … when shortened.
struct slice term_fit(struct arena *arena, struct slice text, unsigned cells);
// Cleans and breaks at blanks into lines of at most `width` cells after `indent` blanks; at most
// `lines_max` lines, the last one ends in … when there is more. Returns how many were written.
unsigned term_wrap(const struct term *term, struct buf *out, struct slice text, unsigned indent,
                   unsigned lines_max);
void term_pad(struct buf *out, unsigned cells);

// A bar on stderr while long work runs; silent when stderr is not a terminal.
struct progress {
    const char *title;
    bool shown;
    uint64_t last_ms;
};
void progress_init(struct progress *progress, const char *title);
// `total` 0: not known. Draws at most ten times a second.
void progress_step(struct progress *progress, uint64_t done, uint64_t total);
void progress_done(struct progress *progress); // removes the bar

#endif
