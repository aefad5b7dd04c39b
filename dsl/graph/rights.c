#include "dsl/graph/rights.h"

#include "base/utf8.h"

// Does `above` stand over `role`, at whatever distance?
static bool is_above(const struct image *image, uint32_t above, uint32_t role)
{
    uint32_t at = image->role[role].under;
    for (uint32_t i = 0; i < image->role_count && at != INDEX_NONE; i++) {
        if (at == above) {
            return true;
        }
        at = image->role[at].under;
    }
    return false;
}

static bool is_listed(const struct image *image, struct image_range roles, uint32_t role)
{
    for (uint32_t i = 0; i < roles.count; i++) {
        if (image->list[roles.first + i] == role) {
            return true;
        }
    }
    return false;
}

static bool lists_one_below(const struct image *image, struct image_range roles, uint32_t above)
{
    for (uint32_t i = 0; i < roles.count; i++) {
        if (is_above(image, above, image->list[roles.first + i])) {
            return true;
        }
    }
    return false;
}

enum rights_cell rights_cell_of(const struct image *image, uint32_t stage, uint32_t number,
                                uint32_t role)
{
    const struct image_action *action = &image->action[number];
    uint32_t task = image->stage[stage].task;
    bool excludes = task != INDEX_NONE && image->task[task].other_than.count > 0 &&
                    (action->by.count == 0 || action->stage != 0);
    enum rights_cell holder = excludes ? RIGHTS_OTHER : RIGHTS_HOLDER;
    if (action->by.count > 0) {
        return is_listed(image, action->by, role)         ? holder
               : lists_one_below(image, action->by, role) ? RIGHTS_ABOVE
                                                          : RIGHTS_NONE;
    }
    if (task == INDEX_NONE) {
        return RIGHTS_NONE;
    }
    return image->task[task].role == role                   ? holder
           : is_above(image, role, image->task[task].role) ? RIGHTS_ABOVE
                                                           : RIGHTS_NONE;
}

// --- rows ----------------------------------------------------------------------------------------

// Has a stage between the leaf and the one that the action stands in a button of its name?
static bool is_hidden(const struct image *image, uint32_t leaf, uint32_t number)
{
    struct slice name = image_slice(image, image->action[number].name);
    for (uint32_t at = leaf; at != INDEX_NONE && at != image->action[number].stage;
         at = image->stage[at].parent) {
        const struct image_range *actions = &image->stage[at].actions;
        for (uint32_t i = 0; i < actions->count; i++) {
            if (slice_equal(image_slice(image, image->action[actions->first + i].name), name)) {
                return true;
            }
        }
    }
    return false;
}

void rights_each_row(const struct image *image, rights_row_fn *each, void *context)
{
    for (uint32_t stage = 1; stage < image->stage_count; stage++) {
        if (image->stage[stage].first_child != INDEX_NONE) {
            continue;
        }
        for (uint32_t at = stage; at != INDEX_NONE; at = image->stage[at].parent) {
            const struct image_range *actions = &image->stage[at].actions;
            for (uint32_t i = 0; i < actions->count; i++) {
                if (!is_hidden(image, stage, actions->first + i)) {
                    each(context, stage, actions->first + i);
                }
            }
        }
    }
}

// --- text ----------------------------------------------------------------------------------------

enum { NAME_CELLS_MAX = 28, CELL_CELLS_MIN = 3 };

struct text {
    const struct image *image;
    struct buf *out;
    size_t first; // cells of the first column
    uint32_t stage;
};

static void put_cells(struct buf *out, struct slice text, size_t cells)
{
    size_t len = text.len;
    while (utf8_cells(slice_sub(text, 0, len)) > cells) {
        len--;
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    buf_put_slice(out, slice_sub(text, 0, len));
    for (size_t i = utf8_cells(slice_sub(text, 0, len)); i < cells; i++) {
        buf_put_char(out, ' ');
    }
}

static size_t column_cells(const struct image *image, uint32_t role)
{
    size_t cells = utf8_cells(image_slice(image, image->role[role].name));
    return cells < CELL_CELLS_MIN ? CELL_CELLS_MIN : cells;
}

// Lines end where their last sign stands.
static void end_line(struct buf *out)
{
    while (out->len > 0 && out->ptr[out->len - 1] == ' ') {
        out->len--;
    }
    buf_put_char(out, '\n');
}

static void put_row(void *context, uint32_t stage, uint32_t action)
{
    static const char *const signs[] = { "", "x", "o", "+" };
    struct text *text = context;
    const struct image *image = text->image;
    if (text->stage != stage) {
        text->stage = stage;
        buf_put_slice(text->out, image_slice(image, image->stage[stage].name));
        buf_put_char(text->out, '\n');
    }
    buf_put_cstr(text->out, "  ");
    put_cells(text->out, image_slice(image, image->action[action].name), text->first - 2);
    for (uint32_t role = 0; role < image->role_count; role++) {
        buf_put_char(text->out, ' ');
        put_cells(text->out,
                  slice_from_cstr(signs[rights_cell_of(image, stage, action, role)]),
                  column_cells(image, role));
    }
    end_line(text->out);
}

static void measure_row(void *context, uint32_t stage, uint32_t action)
{
    struct text *text = context;
    size_t name = utf8_cells(image_slice(text->image, text->image->action[action].name)) + 2;
    (void)stage;
    text->first = name > text->first ? name : text->first;
    text->first = text->first > NAME_CELLS_MAX ? NAME_CELLS_MAX : text->first;
}

static void put_clause(struct text *text, const char *name, bool moves)
{
    const struct image *image = text->image;
    put_cells(text->out, slice_from_cstr(name), text->first);
    for (uint32_t role = 0; role < image->role_count; role++) {
        const struct image_role *is = &image->role[role];
        bool has = (moves ? is->may_move : is->sees_all) != 0;
        buf_put_char(text->out, ' ');
        put_cells(text->out, slice_from_cstr(has ? "x" : ""), column_cells(image, role));
    }
    end_line(text->out);
}

void rights_text(const struct image *image, struct buf *out)
{
    struct text text = { .image = image, .out = out, .first = sizeof("may move") - 1 };
    rights_each_row(image, measure_row, &text);
    buf_format(out, "process %.*s \"%.*s\"\n",
               SLICE_PRINT(image_slice(image, image->process[0].name)),
               SLICE_PRINT(image_slice(image, image->process[0].label)));
    put_cells(out, SLICE_EMPTY, text.first);
    for (uint32_t role = 0; role < image->role_count; role++) {
        buf_put_char(out, ' ');
        put_cells(out, image_slice(image, image->role[role].name), column_cells(image, role));
    }
    end_line(out);
    rights_each_row(image, put_row, &text);
    put_clause(&text, "sees all", false);
    put_clause(&text, "may move", true);
    buf_put_cstr(out, "x: who has the task or the slot   o: but nobody who has acted in the role "
                      "it excludes\n+: those above, acting for them\n");
}
