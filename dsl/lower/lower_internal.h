// Shared between lower*.c only.
#ifndef RUNG_DSL_LOWER_LOWER_INTERNAL_H
#define RUNG_DSL_LOWER_LOWER_INTERNAL_H

#include "dsl/image/build.h"
#include "dsl/lower/lower.h"

enum { LOWER_SCRATCH_BYTES_MAX = 64 * 1024 * 1024 };

struct lower {
    struct build build;
    const struct unit *unit;
    const struct process *process; // NULL for an inbox
    struct arena *arena;        // scratch of one lowering
    uint32_t *decl_index;       // by decl.order: its place in its section, or INDEX_NONE
    const struct type **types;  // as in the section
    uint32_t type_count;
    struct image_text *places;  // by translation: where its label lies; len 0: nowhere yet
    uint32_t title;             // index of the title's expression, or INDEX_NONE
    const struct signal **signals; // as in the section
    uint32_t signal_count;
    const struct handler *handler; // whose asks are numbered from …
    uint32_t first_ask;
};

// The beginning and the end of an image; `scratch` is done with at the end.
void lower_begin(struct lower *lower, const struct unit *unit, struct arena *scratch);
enum err lower_end(struct lower *lower, const uint8_t source_hash[IMAGE_HASH_BYTES],
                   struct buf *to) ATTR_USE_RESULT;
void lower_add_roles(struct lower *lower, uint32_t file);

// Declarations get into the image when something refers to them (roles: all that the file sees).
uint32_t lower_role(const struct lower *lower, const struct role *role); // NULL: INDEX_NONE
uint32_t lower_enum(struct lower *lower, const struct enumeration *enumeration);
uint32_t lower_ladder(struct lower *lower, const struct ladder *ladder); // NULL: INDEX_NONE
uint32_t lower_table(struct lower *lower, const struct table *table);
uint32_t lower_calendar(struct lower *lower,
                        const struct calendar *calendar); // NULL: INDEX_NONE
uint32_t lower_hook_decl(struct lower *lower, const struct hook *hook);
uint32_t lower_type(struct lower *lower, const struct type *type);
struct image_range lower_roles(struct lower *lower, const struct role_list *roles);
struct image_text lower_text(struct lower *lower, struct slice text);
uint32_t lower_line(const struct lower *lower, struct span span);

uint32_t lower_expr(struct lower *lower, const struct expr *expr); // NULL: INDEX_NONE

uint32_t lower_block(struct lower *lower, const struct block *block); // NULL: INDEX_NONE
uint32_t lower_due(struct lower *lower, const struct due *due);       // NULL: INDEX_NONE
uint32_t lower_task(struct lower *lower, const struct task *task);
uint32_t lower_target(struct lower *lower, const struct target *target); // NULL: INDEX_NONE
// The asks of a handler, in the order of the text; later STEP_ASKs of it refer to them.
struct image_range lower_asks(struct lower *lower, const struct handler *handler);

// lower_message.c
uint32_t lower_send(struct lower *lower, const struct step *step);
void lower_outside(struct lower *lower); // messages and intake

#endif
