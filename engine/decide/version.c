#include "engine/decide/version.h"

// --------------------------------------------------------------------------------- who is meant

enum { NUMBER_DIGITS_MAX = 6 }; // as the checker reads it: longer ones are the beginning of a hash

static uint32_t number_of(struct slice text)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.len > NUMBER_DIGITS_MAX || text.ptr[i] < '0' || text.ptr[i] > '9') {
            return 0;
        }
        number = number * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return number;
}

bool version_is_named(struct slice from, uint32_t version, const uint8_t *hash)
{
    static const char digits[] = "0123456789abcdef";
    if (from.len <= NUMBER_DIGITS_MAX) {
        return version != 0 && number_of(from) == version;
    }
    for (size_t i = 0; i < from.len && i < 64; i++) {
        unsigned half = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15u;
        if (from.ptr[i] != digits[half]) {
            return false;
        }
    }
    return from.len <= 64;
}

static const struct image_migrate *find_migrate(const struct image *image, uint32_t version,
                                                const uint8_t *hash)
{
    for (uint32_t i = 0; i < image->migrate_count; i++) {
        if (version_is_named(image_slice(image, image->migrate[i].from), version, hash)) {
            return &image->migrate[i];
        }
    }
    return NULL;
}

struct version_pair version_pair_make(const struct view_program *from, const struct image *to,
                                      uint32_t to_version, const uint8_t *to_hash)
{
    struct version_pair pair = { .from = from, .to = to, .to_version = to_version };
    pair.migrate = find_migrate(to, from->version, from->hash);
    if (pair.migrate == NULL) {
        pair.back = find_migrate(&from->image, to_version, to_hash);
    }
    return pair;
}

// ------------------------------------------------------------------------------ what becomes what

struct slice version_stage_name(const struct image *image, uint32_t stage)
{
    return image_slice(image, image->stage[stage].name);
}

static uint32_t named_target(const struct version_pair *pair, uint32_t old)
{
    struct slice name = version_stage_name(&pair->from->image, old);
    for (uint32_t i = 0; pair->migrate != NULL && i < pair->migrate->moves.count; i++) {
        const struct image_migrate_stage *move =
            &pair->to->migrate_stage[pair->migrate->moves.first + i];
        if (slice_equal(image_slice(pair->to, move->old), name)) {
            return move->stage;
        }
    }
    return INDEX_NONE;
}

// Where the `migrate` that brought cases here took them from: only when that is one stage.
static uint32_t named_source(const struct version_pair *pair, uint32_t old)
{
    uint32_t found = INDEX_NONE;
    for (uint32_t i = 0; pair->back != NULL && i < pair->back->moves.count; i++) {
        const struct image_migrate_stage *move =
            &pair->from->image.migrate_stage[pair->back->moves.first + i];
        uint32_t stage =
            move->stage == old
                ? image_find_stage(pair->to, image_slice(&pair->from->image, move->old))
                : INDEX_NONE;
        if (stage != INDEX_NONE && found != INDEX_NONE) {
            return INDEX_NONE;
        }
        found = stage != INDEX_NONE ? stage : found;
    }
    return found;
}

uint32_t version_stage(const struct version_pair *pair, uint32_t old, bool *ret_named)
{
    const struct image *from = &pair->from->image;
    *ret_named = old == 0 && (pair->migrate != NULL || pair->back != NULL);
    if (old == 0) {
        return 0;
    }
    uint32_t named = named_target(pair, old);
    if (named != INDEX_NONE) {
        *ret_named = true;
        return named;
    }
    bool unused;
    uint32_t parent = version_stage(pair, from->stage[old].parent, &unused); // 16 deep at most
    for (uint32_t i = 1; i < pair->to->stage_count && parent != INDEX_NONE; i++) {
        if (pair->to->stage[i].parent == parent &&
            slice_equal(version_stage_name(pair->to, i), version_stage_name(from, old))) {
            return i;
        }
    }
    named = named_source(pair, old);
    *ret_named = named != INDEX_NONE;
    return named;
}

uint32_t version_timer(const struct version_pair *pair, uint32_t old, uint32_t stage)
{
    const struct image *from = &pair->from->image;
    const struct image_timer *timer = &from->timer[old];
    const struct image_range after = pair->to->stage[stage].timers;
    uint32_t alike = 0; // of several that are the same, the one at the same place
    for (uint32_t i = from->stage[timer->stage].timers.first; i < old; i++) {
        alike += from->timer[i].kind == timer->kind &&
                 version_same_expr(from, from->timer[i].moment, from, timer->moment);
    }
    for (uint32_t i = after.first; i < after.first + after.count; i++) {
        if (pair->to->timer[i].kind == timer->kind &&
            version_same_expr(from, timer->moment, pair->to, pair->to->timer[i].moment) &&
            alike-- == 0) {
            return i;
        }
    }
    return INDEX_NONE;
}

uint32_t version_task(const struct version_pair *pair, uint32_t old, uint32_t stage)
{
    uint32_t task = pair->to->stage[stage].task;
    return task != INDEX_NONE && version_same_task(&pair->from->image, old, pair->to, task)
               ? task
               : INDEX_NONE;
}

// A side task belongs to no stage: one that is for the same role in the same way.
uint32_t version_side_task(const struct version_pair *pair, uint32_t old)
{
    for (uint32_t i = 0; i < pair->to->task_count; i++) {
        if (version_same_task(&pair->from->image, old, pair->to, i)) {
            return i;
        }
    }
    return INDEX_NONE;
}

uint32_t version_ladder(const struct version_pair *pair, uint32_t old)
{
    for (uint32_t i = 0; i < pair->to->ladder_count; i++) {
        if (version_same_ladder(&pair->from->image, old, pair->to, i)) {
            return i;
        }
    }
    return INDEX_NONE;
}

uint32_t version_field(const struct version_pair *pair, uint32_t old)
{
    const struct image *from = &pair->from->image;
    uint32_t found = image_find_field(pair->to, image_slice(from, from->field[old].name));
    return found != INDEX_NONE && version_same_type(from, from->field[old].type, pair->to,
                                                    pair->to->field[found].type)
               ? found
               : INDEX_NONE;
}

uint32_t version_action(const struct version_pair *pair, uint32_t old)
{
    const struct image *from = &pair->from->image;
    bool named;
    uint32_t stage = version_stage(pair, from->action[old].stage, &named);
    struct image_range actions = stage != INDEX_NONE ? pair->to->stage[stage].actions
                                                     : (struct image_range){ 0, 0 };
    for (uint32_t i = actions.first; i < actions.first + actions.count; i++) {
        if (slice_equal(image_slice(pair->to, pair->to->action[i].name),
                        image_slice(from, from->action[old].name))) {
            return i;
        }
    }
    return INDEX_NONE;
}

uint32_t version_rule(const struct version_pair *pair, uint32_t old)
{
    const struct image *from = &pair->from->image;
    const struct image_rule *rule = &from->rule[old];
    bool named;
    uint32_t stage = version_stage(pair, rule->stage, &named);
    struct image_range rules = stage != INDEX_NONE ? pair->to->stage[stage].rules
                                                   : (struct image_range){ 0, 0 };
    for (uint32_t i = rules.first; i < rules.first + rules.count; i++) {
        if (pair->to->rule[i].changes == rule->changes &&
            version_same_expr(from, rule->condition, pair->to, pair->to->rule[i].condition)) {
            return i;
        }
    }
    return INDEX_NONE;
}

uint32_t version_signal(const struct version_pair *pair, uint32_t old)
{
    for (uint32_t i = 0; i < pair->to->signal_count; i++) {
        if (version_same_signal(&pair->from->image, old, pair->to, i)) {
            return i;
        }
    }
    return INDEX_NONE;
}

// The step that sends the same call, at the same place among those that do; as many must do so.
uint32_t version_send(const struct version_pair *pair, uint32_t old)
{
    const struct image *from = &pair->from->image;
    uint32_t before = 0;
    uint32_t there = 0;
    uint32_t here = 0;
    uint32_t found = INDEX_NONE;
    for (uint32_t i = 0; i < from->send_count; i++) {
        bool same = version_same_signal(from, from->send[i].signal, from, from->send[old].signal);
        before += same && i < old;
        here += same;
    }
    for (uint32_t i = 0; i < pair->to->send_count; i++) {
        if (version_same_signal(from, from->send[old].signal, pair->to, pair->to->send[i].signal)) {
            found = there == before ? i : found;
            there++;
        }
    }
    bool follows = found != INDEX_NONE && (from->send[old].otherwise == INDEX_NONE) ==
                                              (pair->to->send[found].otherwise == INDEX_NONE);
    return there == here && follows ? found : INDEX_NONE;
}
