// The formatter: one way to lay out a file. It reads the lossless tree, writes every token and
// every comment in their order, and decides about nothing but blanks and line ends. Pure.
//
// The author decides three things, and they stay: a comment, an empty line between two things (one,
// however many there were), and whether braces that would fit into one line stand open (a line
// break behind the `{` or before one of the steps). Everything else follows from the tree, so that
// formatting twice is the same as once.
#ifndef RUNG_DSL_FORMAT_FORMAT_H
#define RUNG_DSL_FORMAT_FORMAT_H

#include "base/arena.h"
#include "base/buf.h"
#include "dsl/diag/diag.h"
#include "dsl/diag/source.h"

enum { FORMAT_COLUMNS = 110 }; // longer lines are broken, where there is a place for it

enum format_outcome {
    FORMAT_DONE,
    FORMAT_BAD_SYNTAX, // `diags` says where; nothing was written
    FORMAT_UNSURE      // the result would not read as the same program: a mistake of ours
};

// Formats file number `file` of `sources` into `out` (appended). Messages of the lexer and the
// parser go to `diags`; memory is taken from `arena` and may be rewound afterwards.
enum format_outcome format_file(const struct source_set *sources, uint32_t file,
                                struct arena *arena, struct diags *diags, struct buf *out);

#endif
