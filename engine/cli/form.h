// A form of the engine (the start of a process, a button) and the answers to it: from words
// `name=value` of the command line, or asked one by one.
#ifndef RUNG_ENGINE_CLI_FORM_H
#define RUNG_ENGINE_CLI_FORM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"
#include "engine/time/zone.h"
#include "engine/cli/term.h"

enum { FORM_FIELDS_MAX = 256 };

struct form_choice {
    struct slice value, label;
};

struct form_field {
    struct slice name, label, type, help;
    struct slice standing; // initial or present value as text; empty: none
    struct slice standing_packed;
    struct slice parts; // of a record, packed; empty: none
    bool required;
    bool many; // a set or list: several answers
    bool moment, day, yes_no;
    struct form_choice *choices;
    uint32_t choice_count;
    struct form_choice *quick; // one-tap answers: `value` is packed
    uint32_t quick_count;
    bool answered;
    struct slice answer; // packed
    struct slice typed;  // of a set or list: what was typed so far, joined by commas
};

struct form {
    struct arena *arena;
    struct form_field *fields;
    uint32_t field_count;
    uint64_t now_ms;
    const struct zone *zone; // of the reader
};

// `packed`: the array `form` of an action or of a process. Its bytes must live as long as the form.
// Moments are shown and typed in the reader's `zone` (NULL: UTC).
void form_read(struct form *form, struct arena *arena, const struct zone *zone,
               struct slice packed, uint64_t now_ms);
// The array `fields` of a case, of which only what may be edited becomes part of the form.
void form_read_fields(struct form *form, struct arena *arena, const struct zone *zone,
                      struct slice packed, uint64_t now_ms);

// One word `name=value`. `name=` empties the field. False: `ret_problem` says why.
bool form_word(struct form *form, struct slice word, struct slice *ret_problem);
// The answer to one field as it was typed: a number of the list, a name, a label, a quick date …
bool form_answer(struct form *form, struct form_field *field, struct slice text,
                 struct slice *ret_problem);
// Required fields that have neither an answer nor a standing value, as "a, b"; empty: none.
struct slice form_missing(const struct form *form);
struct form_field *form_find(struct form *form, struct slice name);
// Packed map of what was answered.
struct slice form_pack(const struct form *form);

struct form_talk {
    FILE *in, *out;
    const struct term *term;
};
// Asks for the fields that have no answer yet. False: the input ended; nothing should be pressed.
bool form_ask(struct form *form, const struct form_talk *talk);
// Asks for one field, whatever it held; `why` is shown above (what the engine said of it).
bool form_ask_field(struct form *form, struct form_field *field, const struct form_talk *talk,
                    struct slice why);

// "HASH name.pdf" of a file on this machine, as a field of type `file` keeps it; false when it
// cannot be read. Only the hash is sent: the bytes stay where they are.
bool form_name_file(struct arena *arena, struct slice path, struct slice *ret_text);

#endif
