// The Russian register of telephone numbers as its keeper publishes it, turned into ranges that
// tell a zone (engine/time/ranges.h):
//
//     АВС/ DEF;От;До;Емкость;Оператор;Регион;…
//     902;5000000;5059999;60000;"ПАО ""МТС""";Приморский край;…
//
// One file or several (the keeper cuts it by the first digit of the codes). Which region keeps
// which zone a list says, one line a region: `Приморский край = Asia/Vladivostok`, or `= none` when
// it keeps several. A register that does not hold is refused as a whole, with its line and what to
// do: half of it would call people at night. Rows of regions that the list does not know tell no
// zone; they are counted. Files are never trusted.
#ifndef RUNG_ENGINE_INTAKE_NUMBERING_H
#define RUNG_ENGINE_INTAKE_NUMBERING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "engine/intake/csv.h"
#include "engine/time/ranges.h"

enum {
    NUMBERING_ROWS_MAX = 2000000, // of all files together
    NUMBERING_FILES_MAX = 64,
    NUMBERING_REGIONS_MAX = 1000,
    NUMBERING_STRANGERS_MAX = 8 // regions not known that are named; more are counted
};

struct numbering_region { struct slice key; uint32_t zone; };

struct numbering_row {
    uint32_t from, to;
    uint16_t code;
    uint8_t zone, file;
    uint32_t line;
};

struct numbering_stranger { struct slice region; const char *file; uint32_t line; };

struct numbering {
    struct arena *arena;
    struct numbering_region *regions;
    uint32_t region_count;
    struct slice zones[RANGES_ZONES_MAX];
    uint32_t zone_count;
    const char *files[NUMBERING_FILES_MAX];
    uint32_t file_count;
    struct numbering_row *rows, *spare;
    uint32_t row_count, row_capacity;
    // Rows whose region the list does not know; those where it says `none`.
    uint32_t strange_rows, silent_rows;
    struct numbering_stranger strangers[NUMBERING_STRANGERS_MAX];
    uint32_t stranger_count;
    char message[500]; // of what is wrong: "FILE:LINE: what; what to do"
};

// Names of zones and the ranges live in `arena`, which must outlive them.
void numbering_init(struct numbering *numbering, struct arena *arena);
void numbering_done(struct numbering *numbering);
// The list of regions; first. Each returns false with `message` when the file does not hold.
bool numbering_regions(struct numbering *numbering, const char *name, struct slice text);
// One file of the register. `name` must live as long as the numbering.
bool numbering_add(struct numbering *numbering, const char *name, csv_read_fn *read,
                   void *context);
// Sorts, looks for ranges that overlap, and joins neighbours.
bool numbering_finish(struct numbering *numbering, struct ranges *ret_ranges);

#endif
