// What a condition was read from: the fields, slots and counts that its text names, with the values
// they have now. Written down beside what the condition set off, for people who ask why.
#include "base/utf8.h"
#include "engine/eval/eval_internal.h"

enum { SEEN_PARTS_MAX = 16, SEEN_TEXT_BYTES = 160, SEEN_ITEMS_MAX = 20 };

struct seen {
    struct eval_env env; // a copy: nobody is told of rows and answers looked up again
    struct value_part *parts;
    uint32_t count;
};

static struct slice collection_name(const struct seen *seen, const struct image_expr *expr)
{
    static const char *const quantifiers[] = { "all", "any", "count" };
    static const char *const states[] = { "", " open", " ended", " succeeded", " failed" };
    const struct image *image = &seen->env.program->image;
    if (expr->a >= image->collection_count || expr->b >= 3 || expr->number < 0 ||
        expr->number >= 5) {
        return SLICE("children");
    }
    return arena_format(seen->env.arena, "%s %.*s%s", quantifiers[expr->b],
                        SLICE_PRINT(image_slice(image, image->collection[expr->a].name)),
                        states[expr->number]);
}

static struct slice local_name(const struct image *image, uint32_t local)
{
    for (uint32_t i = 0; i < image->ask_count; i++) {
        if (image->ask[i].field == INDEX_NONE && image->ask[i].local == local) {
            return image_slice(image, image->ask[i].name);
        }
    }
    return SLICE("item");
}

// How the text names what the expression reads; empty: it reads nothing by itself. A total names
// the list that is added up: one level deeper, no more.
static struct slice name_of(const struct seen *seen, const struct image_expr *expr)
{
    static const char *const properties[] = { "task.due", "task.promised", "task.urgent",
                                              "task.moved_from", "task.created", "task.tries",
                                              "task.late" };
    const struct image *image = &seen->env.program->image;
    switch (expr->kind) {
    case EXPR_FIELD: return image_slice(image, image->field[expr->a].name);
    case EXPR_LOCAL: return local_name(image, expr->a);
    case EXPR_SLOT: return image_slice(image, image->role[expr->a].name);
    case EXPR_COLLECTION: return collection_name(seen, expr);
    case EXPR_TASK_PROPERTY:
        return expr->number >= 0 && expr->number < (int64_t)ARRAY_COUNT(properties)
                   ? slice_from_cstr(properties[expr->number])
                   : SLICE("task");
    case EXPR_STAGE_POSITION: return SLICE("stage.position");
    case EXPR_NOW: return SLICE("now");
    case EXPR_TODAY: return SLICE("today");
    case EXPR_ME: return SLICE("me");
    case EXPR_CREATOR: return SLICE("creator");
    case EXPR_TOTAL:
        return arena_format(seen->env.arena, "total %.*s",
                            SLICE_PRINT(name_of(seen, &image->expr[expr->a])));
    case EXPR_EXISTS:
        return arena_format(seen->env.arena, "exists %.*s by %.*s",
                            SLICE_PRINT(image_slice(image, expr->text)),
                            SLICE_PRINT(image_slice(image, image->expr[expr->b].text)));
    default: return SLICE_EMPTY;
    }
}

// As much of it as a line of text has room for.
static struct value shortened(struct seen *seen, struct value value)
{
    if (value.kind == VALUE_TEXT && value.text.len > SEEN_TEXT_BYTES) {
        size_t len = SEEN_TEXT_BYTES;
        while (len > 0 && ((unsigned char)value.text.ptr[len] & 0xC0) == 0x80) {
            len--;
        }
        value.text = arena_format(seen->env.arena, "%.*s…", (int)len, value.text.ptr);
    }
    if (value.kind == VALUE_RECORD) {
        return value_integer(value.record.count);
    }
    if (value.kind == VALUE_LIST) {
        bool plain = value.list.count <= SEEN_ITEMS_MAX;
        for (uint32_t i = 0; i < value.list.count && plain; i++) {
            uint8_t kind = value.list.items[i].kind;
            plain = kind != VALUE_RECORD && kind != VALUE_LIST &&
                    (kind != VALUE_TEXT || value.list.items[i].text.len <= SEEN_TEXT_BYTES);
        }
        return plain ? value : value_integer(value.list.count);
    }
    return value;
}

static void note(struct seen *seen, uint32_t number, struct slice name, unsigned depth)
{
    for (uint32_t i = 0; i < seen->count; i++) {
        if (slice_equal(seen->parts[i].name, name)) {
            return;
        }
    }
    if (seen->count < SEEN_PARTS_MAX) {
        seen->env.refusal = (struct refusal){ 0 };
        struct value value = eval_inner(&seen->env, number, depth);
        seen->parts[seen->count++] = (struct value_part){ name, shortened(seen, value) };
    }
}

static void look(struct seen *seen, uint32_t number, unsigned depth)
{
    const struct image *image = &seen->env.program->image;
    if (depth == 0 || number >= image->expr_count) {
        return;
    }
    const struct image_expr *expr = &image->expr[number];
    struct slice name = name_of(seen, expr);
    if (name.len > 0) {
        note(seen, number, name, depth);
        return;
    }
    enum image_expr_kind kind = (enum image_expr_kind)expr->kind;
    if (kind == EXPR_CONCAT || kind == EXPR_LIST || kind == EXPR_TABLE || kind == EXPR_HOOK) {
        for (uint32_t i = 0; i < expr->list.count; i++) {
            look(seen, image->list[expr->list.first + i], depth - 1);
        }
        return;
    }
    bool one = kind == EXPR_PART || kind == EXPR_NOT || kind == EXPR_NEGATE ||
               kind == EXPR_IS_EMPTY || kind == EXPR_IS_NOT_EMPTY || kind == EXPR_IN_ROLE ||
               kind == EXPR_NOT_IN_ROLE || kind == EXPR_DAY || kind == EXPR_HOUR ||
               kind == EXPR_LENGTH || kind == EXPR_ROUND || kind == EXPR_FIRST;
    bool two = kind == EXPR_AND || kind == EXPR_OR || kind == EXPR_FIRST_NOT_EMPTY ||
               (kind >= EXPR_LESS && kind <= EXPR_IS_NOT) || kind == EXPR_IN ||
               kind == EXPR_NOT_IN || (kind >= EXPR_ADD && kind <= EXPR_DIVIDE);
    if (one || two) {
        look(seen, expr->a, depth - 1);
    }
    if (two) {
        look(seen, expr->b, depth - 1);
    }
}

struct slice eval_seen(const struct eval_env *env, uint32_t expr)
{
    struct seen seen = { .env = *env };
    seen.env.hit = NULL;
    seen.env.asked = NULL;
    seen.env.hooks = NULL;
    seen.env.pick = NULL;
    seen.parts = ARENA_ARRAY(env->arena, struct value_part, SEEN_PARTS_MAX);
    look(&seen, expr, IMAGE_EXPR_DEPTH_MAX);
    if (seen.count == 0) {
        return SLICE_EMPTY; // an empty value is no bytes, as in every event
    }
    struct value value = { .kind = VALUE_RECORD };
    value.record.parts = seen.parts;
    value.record.count = seen.count;
    struct buf buf;
    buf_init(&buf, 64 * 1024);
    value_pack(&buf, &value);
    struct slice packed = buf.overflow ? SLICE_EMPTY : arena_copy(env->arena, buf_slice(&buf));
    buf_done(&buf);
    return packed;
}
