// What a function makes of an answer.
#include "base/pack.h"
#include "engine/calls/shape.h"

static const char usual[] = "`{ message = \"…\", with = {…} }`, `{ done = true }`, "
                            "`{ retry = \"…\" }` or `{ fail = \"…\" }`";

static bool is_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                      (unsigned char)c >= 0x80;
        if (!letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return text.len > 0 && text.len <= NAME_BYTES_MAX;
}

static enum shape_end take_message(struct shape_job *job, const struct value *table,
                                   struct shape_message *ret_message)
{
    const struct value *name = shape_member(table, "message"), *with = shape_member(table, "with");
    struct buf form;
    if (name->kind != VALUE_TEXT || !is_name(name->text)) {
        return shape_wrong(job, SHAPE_RETRY, "a `message` that is not the name of one");
    }
    if (with != NULL && !shape_is_names(with)) {
        return shape_wrong(job, SHAPE_RETRY, "a `with` that is not a table of parameters, "
                                             "{ number = … }");
    }
    uint32_t count = with != NULL && with->kind == VALUE_RECORD ? with->record.count : 0;
    buf_init(&form, CALL_FORM_BYTES_MAX);
    pack_map(&form, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_str(&form, with->record.parts[i].name);
        value_pack(&form, &with->record.parts[i].value);
    }
    bool fits = !form.overflow;
    ret_message->name = name->text;
    ret_message->form = fits ? arena_copy(job->arena, buf_slice(&form)) : SLICE_EMPTY;
    buf_done(&form);
    return fits ? SHAPE_DONE
                : shape_wrong(job, SHAPE_REFUSED,
                              "a message of more than CALL_FORM_BYTES_MAX = %d bytes",
                              CALL_FORM_BYTES_MAX);
}

static enum shape_end take_words(struct shape_job *job, const struct value *words,
                                 enum shape_end end)
{
    if (words->kind != VALUE_TEXT || words->text.len == 0) {
        return shape_wrong(job, SHAPE_RETRY, "`%s` without words: a text says why",
                           end == SHAPE_RETRY ? "retry" : "fail");
    }
    job->words = words->text;
    return end;
}

static enum shape_end take(struct shape_job *job, const struct value *table,
                           struct shape_message *ret_message)
{
    static const char *const members[] = { "message", "with", "done", "retry", "fail", NULL };
    const struct value *message = shape_member(table, "message");
    const struct value *done = shape_member(table, "done");
    const struct value *retry = shape_member(table, "retry"), *fail = shape_member(table, "fail");
    if (!shape_is_names(table)) {
        return shape_wrong(job, SHAPE_RETRY, "%s; a `reply` gives %s", shape_kind(table), usual);
    }
    struct slice stranger = shape_stranger(table, members);
    if (stranger.len > 0) {
        return shape_wrong(job, SHAPE_RETRY, "`%.*s`, which means nothing here; a `reply` gives %s",
                           SLICE_PRINT(slice_sub(stranger, 0, 60)), usual);
    }
    int count = (message != NULL) + (done != NULL) + (retry != NULL) + (fail != NULL);
    bool stray = message == NULL && shape_member(table, "with") != NULL;
    if (count != 1 || stray) {
        return shape_wrong(job, SHAPE_RETRY, "%s; a `reply` gives one of %s",
                           stray ? "a `with` without a `message`"
                                 : count == 0 ? "an empty table" : "several outcomes at once",
                           usual);
    }
    if (message != NULL) {
        return take_message(job, table, ret_message);
    }
    if (done != NULL) {
        bool yes = done->kind == VALUE_BOOL && done->yes;
        return yes ? SHAPE_DONE
                   : shape_wrong(job, SHAPE_RETRY, "a `done` that is not true");
    }
    return retry != NULL ? take_words(job, retry, SHAPE_RETRY)
                         : take_words(job, fail, SHAPE_REFUSED);
}

enum shape_end shape_reply(struct hook_box *box, const struct settings_section *section,
                           const struct shape_call *call, const struct shape_answer *answer,
                           struct arena *arena, struct shape_message *ret_message,
                           struct slice *ret_words)
{
    struct shape_job job = { .box = box, .section = section, .function = &section->reply,
                             .call = call, .arena = arena };
    struct value given = value_empty();
    *ret_message = (struct shape_message){ .name = SLICE_EMPTY };
    enum shape_end end =
        shape_ask(&job, answer, &given) ? take(&job, &given, ret_message) : SHAPE_RETRY;
    *ret_words = job.words;
    return end;
}
