#include "engine/cli/rights_narrow.h"

#include "base/utf8.h"
#include "dsl/graph/rights.h"

enum { NAME_CELLS_MAX = 28, COLUMN_CELLS = 3, ROLES_BYTES_MAX = 64 * 1024 };

struct narrow {
    const struct image *image;
    struct arena *arena;
    struct buf *out;
    unsigned first; // cells of the column of buttons
    uint32_t stage;
};

static struct slice role_name(const struct image *image, uint32_t role)
{
    return image_slice(image, image->role[role].name);
}

static void name_put(const struct narrow *narrow, unsigned indent, struct slice name)
{
    struct slice text = term_fit(narrow->arena, name, narrow->first - indent);
    term_pad(narrow->out, indent);
    buf_put_slice(narrow->out, text);
    term_pad(narrow->out, narrow->first - indent - (unsigned)utf8_cells(text));
}

// Lines end where their last sign stands.
static void end_line(struct buf *out)
{
    while (out->len > 0 && out->ptr[out->len - 1] == ' ') {
        out->len--;
    }
    buf_put_char(out, '\n');
}

static void measure(void *context, uint32_t stage, uint32_t action)
{
    struct narrow *narrow = context;
    const struct image *image = narrow->image;
    unsigned cells = (unsigned)utf8_cells(image_slice(image, image->action[action].name)) + 2;
    (void)stage;
    cells = cells > NAME_CELLS_MAX ? NAME_CELLS_MAX : cells;
    narrow->first = cells > narrow->first ? cells : narrow->first;
}

static void row_put(void *context, uint32_t stage, uint32_t action)
{
    static const char *const signs[] = { " ", "x", "o", "+" };
    struct narrow *narrow = context;
    const struct image *image = narrow->image;
    if (narrow->stage != stage) {
        narrow->stage = stage;
        buf_put_slice(narrow->out, image_slice(image, image->stage[stage].name));
        buf_put_char(narrow->out, '\n');
    }
    name_put(narrow, 2, image_slice(image, image->action[action].name));
    for (uint32_t role = 0; role < image->role_count; role++) {
        buf_format(narrow->out, "%*s", COLUMN_CELLS,
                   signs[rights_cell_of(image, stage, action, role)]);
    }
    end_line(narrow->out);
}

static void clause_put(const struct narrow *narrow, struct slice name, bool moves)
{
    const struct image *image = narrow->image;
    name_put(narrow, 0, name);
    for (uint32_t role = 0; role < image->role_count; role++) {
        const struct image_role *is = &image->role[role];
        bool has = (moves ? is->may_move : is->sees_all) != 0;
        buf_format(narrow->out, "%*s", COLUMN_CELLS, has ? "x" : " ");
    }
    end_line(narrow->out);
}

static void heading_put(const struct narrow *narrow, const struct term *term)
{
    const struct image *image = narrow->image;
    struct buf roles;
    buf_init(&roles, ROLES_BYTES_MAX);
    for (uint32_t role = 0; role < image->role_count; role++) {
        struct slice name = role_name(image, role);
        buf_format(&roles, "%s%u=%.*s", role > 0 ? ", " : "", role + 1, SLICE_PRINT(name));
    }
    (void)term_wrap(term, narrow->out, buf_slice(&roles), 2, image->role_count);
    buf_done(&roles);
    name_put(narrow, 0, SLICE_EMPTY);
    for (uint32_t role = 0; role < image->role_count; role++) {
        buf_format(narrow->out, "%*u", COLUMN_CELLS, role + 1);
    }
    end_line(narrow->out);
}

void rights_narrow(const struct image *image, const struct term *term, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, ROLES_BYTES_MAX * 16);
    struct narrow narrow = { .image = image, .arena = &arena, .out = out,
                             .first = sizeof("may move") - 1 };
    rights_each_row(image, measure, &narrow);
    buf_format(out, "process %.*s \"%.*s\"\n",
               SLICE_PRINT(image_slice(image, image->process[0].name)),
               SLICE_PRINT(image_slice(image, image->process[0].label)));
    heading_put(&narrow, term);
    rights_each_row(image, row_put, &narrow);
    clause_put(&narrow, SLICE("sees all"), false);
    clause_put(&narrow, SLICE("may move"), true);
    buf_put_cstr(out, "x: who has the task or the slot\n"
                      "o: but nobody who has acted in the role it excludes\n"
                      "+: those above, acting for them\n");
    arena_done(&arena);
}
