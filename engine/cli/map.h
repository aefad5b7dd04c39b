// The MAP file of an import: which column of a CSV file fills which field.
//
//     -- comment
//     source = "website"              -- the name under which rows are remembered (required)
//     row id = "Lead Number"          -- the column that tells rows apart (required)
//     encoding cp1251                 -- utf8 (default), cp1251, latin1
//     separator ";"                   -- "," ";" "|" or tab; without it: found in the header
//     lines cr                        -- lines end in a lone carriage return
//     phone = Phone                   -- field = column
//     city = "Lead City"              -- a name with blanks goes in quotes
//       "Select" ->                   -- this value counts as empty
//       "Msk" -> "Moscow"
//     products = "Sold" split ";"     -- several values in one cell
//     note = column 9                 -- by number, from 1
//     origin := import                -- a constant
//     field source = "Lead Source"    -- a field whose name is one of the words above
//
// Mistakes are collected, all of them, with the place of each.
#ifndef RUNG_ENGINE_CLI_MAP_H
#define RUNG_ENGINE_CLI_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "engine/cli/term.h"
#include "engine/intake/csv.h"

enum { MAP_FIELDS_MAX = 256, MAP_VALUES_MAX = 2000, MAP_FAULTS_MAX = 50, MAP_BYTES_MAX = 1 << 20 };

struct map_place {
    uint32_t line, at, len; // line from 1; bytes from 0 within the line
};

struct map_value {
    struct slice from, to;
};

struct map_column {
    struct slice name;
    uint32_t number; // from 1; 0: by name
    uint32_t index;  // after map_bind
    struct map_place place;
};

struct map_field {
    struct slice name;
    struct map_place place;
    bool constant;
    struct slice text; // of the constant
    struct map_column column;
    char split; // 0: one value
    struct map_value *values;
    uint32_t value_count;
};

struct map_fault {
    struct map_place place; // line 0: about the file as a whole
    struct slice message, help;
};

struct map {
    struct arena *arena;
    struct slice name, text; // of the file
    struct slice source;
    struct map_column row_id;
    bool row_id_given;
    struct csv_options csv;
    struct map_field fields[MAP_FIELDS_MAX];
    uint32_t field_count;
    struct map_fault faults[MAP_FAULTS_MAX];
    uint32_t fault_count;
};

// `text` must live as long as the map. Look at fault_count afterwards.
void map_parse(struct map *map, struct arena *arena, struct slice name, struct slice text);
// Finds the columns in the header of the CSV file.
void map_bind(struct map *map, const struct csv_row *header);
// A field of the map that the process does not have. `known`: the fields it has.
void map_check_fields(struct map *map, struct slice process, const struct slice *known,
                      uint32_t known_count);
// The faults as people read them, with line and caret.
void map_render(const struct map *map, const struct term *term, struct buf *out);

// The value of a cell after the lines `"from" -> "to"`; empty: nothing is sent.
struct slice map_value(const struct map_field *field, struct slice cell);

#endif
