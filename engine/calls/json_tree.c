// A text in JSON as one value.
#include "engine/calls/json.h"

struct level {
    bool is_array;
    uint32_t count, room;
    struct value_part *parts; // of an array without names
};

struct tree {
    struct arena *arena;
    struct level levels[JSON_DEPTH_MAX + 1]; // the outermost holds the whole
    uint32_t depth, values;
    struct slice name; // of the member that comes
};

static void add(struct tree *tree, const struct value *value)
{
    if (tree->values >= JSON_VALUES_MAX) {
        tree->values = JSON_VALUES_MAX + 1;
        return;
    }
    struct level *level = &tree->levels[tree->depth];
    tree->values++;
    if (level->count == level->room) {
        uint32_t room = level->room == 0 ? 4 : 2 * level->room;
        struct value_part *parts = ARENA_ARRAY(tree->arena, struct value_part, room);
        if (level->count > 0) {
            memcpy(parts, level->parts, level->count * sizeof(*parts));
        }
        level->parts = parts;
        level->room = room;
    }
    level->parts[level->count].name = tree->name;
    level->parts[level->count++].value = *value;
}

static void on_begin(void *context, bool is_array)
{
    struct tree *tree = context;
    struct value place = value_empty(); // filled at its end
    add(tree, &place);
    tree->depth++; // the reader keeps JSON_DEPTH_MAX
    tree->levels[tree->depth] = (struct level){ .is_array = is_array };
}

static void on_name(void *context, struct slice name)
{
    struct tree *tree = context;
    tree->name = arena_copy(tree->arena, name);
}

static struct value read_number(struct slice text, struct arena *arena)
{
    struct value value = { .kind = VALUE_INTEGER };
    if (value_parse_integer(text, &value.number)) {
        return value;
    }
    value.kind = VALUE_DECIMAL;
    if (value_parse_decimal(text, &value.number, &value.scale)) {
        return value;
    }
    return value_text(arena_copy(arena, text));
}

static void on_value(void *context, enum json_kind kind, struct slice text)
{
    struct tree *tree = context;
    struct value value = value_empty();
    switch (kind) {
    case JSON_NULL: break;
    case JSON_BOOL: value = value_bool(text.ptr[0] == 't'); break;
    case JSON_NUMBER: value = read_number(text, tree->arena); break;
    case JSON_STRING: value = value_text(arena_copy(tree->arena, text)); break;
    }
    add(tree, &value);
}

static void on_end(void *context)
{
    struct tree *tree = context;
    const struct level *level = &tree->levels[tree->depth--];
    struct level *around = &tree->levels[tree->depth];
    if (tree->values > JSON_VALUES_MAX) {
        return;
    }
    struct value *value = &around->parts[around->count - 1].value;
    if (!level->is_array) {
        *value = (struct value){ .kind = VALUE_RECORD };
        value->record.parts = level->parts;
        value->record.count = level->count;
        return;
    }
    struct value *items = ARENA_ARRAY(tree->arena, struct value, level->count + 1);
    for (uint32_t i = 0; i < level->count; i++) {
        items[i] = level->parts[i].value;
    }
    *value = (struct value){ .kind = VALUE_LIST };
    value->list.items = items;
    value->list.count = level->count;
}

enum json_tree json_tree(struct slice text, struct arena *arena, struct value *ret_value)
{
    static const struct json_events events = { on_begin, on_name, on_value, on_end };
    struct tree *tree = ARENA_NEW(arena, struct tree);
    tree->arena = arena;
    *ret_value = value_empty();
    if (!json_walk(text, &events, tree)) {
        return JSON_TREE_NOT_JSON;
    }
    if (tree->values > JSON_VALUES_MAX) {
        return JSON_TREE_TOO_MANY;
    }
    *ret_value = tree->levels[0].parts[0].value;
    return JSON_TREE_GOOD;
}
