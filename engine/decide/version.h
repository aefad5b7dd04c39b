// What becomes of a case of one version of a process in another one (rule 29, S146). Pure: it looks
// at two programs and one case, and says where the case would stand, or why somebody must decide.
// The plan that an administrator reads, and the command that moves a case, ask the same function.
#ifndef RUNG_ENGINE_DECIDE_VERSION_H
#define RUNG_ENGINE_DECIDE_VERSION_H

#include "base/arena.h"
#include "engine/model/event.h"
#include "engine/state/view.h"

struct version_pair {
    const struct view_program *from;
    const struct image *to;
    uint32_t to_version;                 // as people count them
    const struct image_migrate *migrate; // of `to`, about `from`, or NULL
    const struct image_migrate *back;    // of `from`, about `to`: it is taken back; or NULL
};
// `to_hash`: 32 bytes.
struct version_pair version_pair_make(const struct view_program *from, const struct image *to,
                                      uint32_t to_version, const uint8_t *to_hash);
// The hash of a compiled program, under which it is stored.
void version_hash(struct slice image, uint8_t ret_hash[32]);
// Does `from "…"` of a `migrate` name the version with this number and hash?
bool version_is_named(struct slice from, uint32_t version, const uint8_t *hash);

// Where an old stage went; INDEX_NONE: nowhere. `ret_named`: a `migrate` says so.
uint32_t version_stage(const struct version_pair *pair, uint32_t old, bool *ret_named);
// The timer of the new stage that is the same, and the task (INDEX_NONE: none is).
uint32_t version_timer(const struct version_pair *pair, uint32_t old, uint32_t stage);
uint32_t version_task(const struct version_pair *pair, uint32_t old, uint32_t stage);
uint32_t version_field(const struct version_pair *pair, uint32_t old);
// What else of `from` is the same in `to`; INDEX_NONE: nothing is.
uint32_t version_side_task(const struct version_pair *pair, uint32_t old);
uint32_t version_ladder(const struct version_pair *pair, uint32_t old);
uint32_t version_action(const struct version_pair *pair, uint32_t old);
uint32_t version_rule(const struct version_pair *pair, uint32_t old);
uint32_t version_signal(const struct version_pair *pair, uint32_t old);
uint32_t version_send(const struct version_pair *pair, uint32_t old);
struct slice version_stage_name(const struct image *image, uint32_t stage);

struct version_judgement {
    bool moves;
    bool by_migrate;  // a `migrate` names where it stands
    uint32_t stage;   // moves: the first leaf in the new version
    struct slice why; // does not move: one sentence
    struct event_moved_pair *pairs; // numbers that are others in the new version
    uint32_t pair_count;
};
enum version_how {
    VERSION_BY_ITSELF,
    VERSION_FORCED // a person has decided: what has no image is dropped; only the body stands
};
void version_judge(const struct version_pair *pair, const struct view *view,
                   const struct instance *instance, enum version_how how, struct arena *arena,
                   struct version_judgement *ret_judgement);

// --- version_same.c: is what stands in two images the same? Names and values are compared, never
// numbers.
bool version_same_expr(const struct image *a, uint32_t x, const struct image *b, uint32_t y);
bool version_same_type(const struct image *a, uint32_t x, const struct image *b, uint32_t y);
bool version_same_ladder(const struct image *a, uint32_t x, const struct image *b, uint32_t y);
// The wording and the first due moment of a task may differ: they were used when it was opened.
bool version_same_task(const struct image *a, uint32_t x, const struct image *b, uint32_t y);
bool version_same_signal(const struct image *a, uint32_t x, const struct image *b, uint32_t y);

#endif
