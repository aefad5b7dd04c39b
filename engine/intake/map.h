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
#ifndef RUNG_ENGINE_INTAKE_MAP_H
#define RUNG_ENGINE_INTAKE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/intake/csv.h"
#include "engine/intake/map_lines.h"

enum { MAP_FIELDS_MAX = 256 };

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
    struct map_values values;
};

struct map {
    struct map_lines lines;
    struct slice source;
    struct map_column row_id;
    bool row_id_given;
    struct csv_options csv;
    struct map_field fields[MAP_FIELDS_MAX];
    uint32_t field_count;
};

// `text` must live as long as the map. Look at lines.fault_count afterwards.
void map_parse(struct map *map, struct arena *arena, struct slice name, struct slice text);
// Finds the columns in the header of the CSV file.
void map_bind(struct map *map, const struct csv_row *header);
// A field of the map that the process does not have. `known`: the fields it has.
void map_check_fields(struct map *map, struct slice process, const struct slice *known,
                      uint32_t known_count);
#endif
