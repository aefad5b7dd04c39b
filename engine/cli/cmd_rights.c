// rung rights: who may press what, at which stage.
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "dsl/graph/rights.h"
#include "engine/cli/program.h"
#include "engine/cli/rights_narrow.h"

enum { MATRIX_BYTES_MAX = 16 * 1024 * 1024 };

static json_t *text_json(struct slice text) { return json_stringn(text.ptr, text.len); }

struct rows {
    const struct image *image;
    json_t *list;
};

static void row_json(void *context, uint32_t stage, uint32_t action)
{
    static const char *const keys[] = { NULL, "holders", "others", "above" };
    struct rows *rows = context;
    const struct image *image = rows->image;
    json_t *row = json_object();
    (void)json_object_set_new(row, "stage",
                              text_json(image_slice(image, image->stage[stage].name)));
    (void)json_object_set_new(row, "action",
                              text_json(image_slice(image, image->action[action].name)));
    for (int cell = RIGHTS_HOLDER; cell <= RIGHTS_ABOVE; cell++) {
        json_t *roles = json_array();
        for (uint32_t role = 0; role < image->role_count; role++) {
            if (rights_cell_of(image, stage, action, role) == (enum rights_cell)cell) {
                (void)json_array_append_new(roles,
                                            text_json(image_slice(image, image->role[role].name)));
            }
        }
        (void)json_object_set_new(row, keys[cell], roles);
    }
    (void)json_array_append_new(rows->list, row);
}

static json_t *process_json(const struct image *image)
{
    struct rows rows = { image, json_array() };
    json_t *roles = json_array();
    for (uint32_t i = 0; i < image->role_count; i++) {
        const struct image_role *role = &image->role[i];
        json_t *item = json_object();
        (void)json_object_set_new(item, "role", text_json(image_slice(image, role->name)));
        (void)json_object_set_new(item, "sees_all", json_boolean(role->sees_all != 0));
        (void)json_object_set_new(item, "may_move", json_boolean(role->may_move != 0));
        (void)json_array_append_new(roles, item);
    }
    rights_each_row(image, row_json, &rows);
    json_t *process = json_object();
    (void)json_object_set_new(process, "process",
                              text_json(image_slice(image, image->process[0].name)));
    (void)json_object_set_new(process, "roles", roles);
    (void)json_object_set_new(process, "rows", rows.list);
    return process;
}

// As wide as the names of the roles; with numbers for them where that does not fit.
static void matrix_put(struct cli *cli, const struct image *image, struct buf *out)
{
    size_t before = out->len;
    rights_text(image, out);
    struct slice text = slice_sub(buf_slice(out), before, out->len);
    size_t widest = 0;
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        size_t cells = utf8_cells(slice_sub(text, 0, len));
        bool legend = slice_starts(text, SLICE("x: "));
        widest = cells > widest && !legend ? cells : widest;
        text = slice_sub(text, end == NULL ? len : len + 1, text.len);
    }
    if (widest > cli->term.columns) {
        out->len = before;
        rights_narrow(image, &cli->term, out);
    }
}

static int programs_show(struct cli *cli, const struct cli_files *files,
                         const struct compile_result *result)
{
    struct slice only = slice_from_cstr(cli_option(cli, OPTION_PROCESS));
    json_t *all = cli_json_wanted(cli) ? json_array() : NULL;
    uint32_t shown = 0;
    struct buf text;
    buf_init(&text, MATRIX_BYTES_MAX);
    for (uint32_t i = 0; i < result->program_count; i++) {
        struct image image;
        if (!program_is_wanted(&result->programs[i], files, only) ||
            image_open(result->programs[i].image, &image) != OK) {
            continue;
        }
        if (all != NULL) {
            (void)json_array_append_new(all, process_json(&image));
        } else {
            buf_put_cstr(&text, shown > 0 ? "\n" : "");
            matrix_put(cli, &image, &text);
        }
        shown++;
    }
    if (all != NULL && shown > 0) {
        cli_print_json(cli, all);
    } else {
        json_decref(all);
        (void)fwrite(text.ptr, 1, text.len, stdout);
    }
    buf_done(&text);
    if (shown > 0) {
        return CLI_DONE;
    }
    return only.len > 0 ? cli_problem(cli, CLI_USAGE, "words", "the files have no process `%.*s`",
                                      SLICE_PRINT(only))
                        : cli_problem(cli, CLI_USAGE, "words", "the files have no process");
}

int cmd_rights(struct cli *cli)
{
    struct cli_files files;
    int status = cli_read_programs(cli, 0, &files);
    if (status != CLI_DONE) {
        return status;
    }
    struct compile_result *result = ARENA_NEW(&cli->arena, struct compile_result);
    program_compile(cli, &files, result);
    if (compile_is_good(result)) {
        status = programs_show(cli, &files, result);
    } else {
        program_tell(cli, &result->diags);
        status = cli_problem(cli, CLI_BAD_INPUT, "bad_program",
                             "the files have errors; nothing is shown");
    }
    compile_done(result);
    return status;
}
