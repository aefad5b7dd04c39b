// What people and programs send as answers, turned into values of the declared type.
#include "base/check.h"
#include "engine/eval/eval_internal.h"

static const char blanks[] = " \t"; // around an answer and its parts

enum { COERCE_DEPTH_MAX = 4 };

static bool coerce(struct eval_env *env, uint32_t type, struct unpack *unpack, unsigned depth,
                   struct value *ret);
static bool from_pairs(struct eval_env *env, const struct image_type *type, struct slice text,
                       struct value *ret);

static const char *const type_words[TYPE_KIND_COUNT] = {
    "text", "integer", "decimal", "money", "bool", "date", "time", "datetime", "duration", "phone",
    "email", "url", "file", "enum", "user", "ref", "set", "list", "record",
};

const char *eval_type_name(const struct image *image, uint32_t type)
{
    CHECK(type < image->type_count);
    return type_words[image->type[type].kind];
}

static bool fail(struct eval_env *env, const char *sentence)
{
    (void)eval_fail(env, REFUSAL_BAD_FORM, slice_from_cstr(sentence));
    return false;
}

static bool from_member(struct eval_env *env, const struct image_type *type, struct slice text,
                        struct value *ret)
{
    const struct image *image = &env->program->image;
    const struct image_enum *list = &image->enumeration[type->arg];
    struct buf buf;
    buf_init(&buf, 600);
    for (uint32_t i = 0; i < list->members.count; i++) {
        struct slice name = image_slice(image, image->member[list->members.first + i].name);
        if (slice_equal(name, text)) {
            buf_done(&buf);
            *ret = value_text(name);
            return true;
        }
        buf_format(&buf, "%s%.*s", i == 0 ? "" : ", ", SLICE_PRINT(name));
    }
    struct slice message = arena_format(env->arena, "`%.*s` is none of %.*s",
                                        SLICE_PRINT(slice_sub(text, 0, NAME_BYTES_MAX)),
                                        SLICE_PRINT(buf_slice(&buf)));
    buf_done(&buf);
    (void)eval_fail(env, REFUSAL_BAD_FORM, message);
    return false;
}

static bool from_user(struct eval_env *env, const struct image_type *type, uint32_t user,
                      struct slice name, struct value *ret)
{
    const struct view_user *person =
        user != 0 ? view_user(env->view, user) : view_user_named(env->view, name);
    if (person == NULL) {
        (void)eval_fail(env, REFUSAL_BAD_FORM,
                        arena_format(env->arena, "there is no user named `%.*s`",
                                     SLICE_PRINT(slice_sub(name, 0, NAME_BYTES_MAX))));
        return false;
    }
    if (type->arg != INDEX_NONE &&
        !view_holds(env->view, person->id, env->program->roles[type->arg])) {
        const struct image *image = &env->program->image;
        struct slice role = image_slice(image, image->role[type->arg].name);
        (void)eval_fail(env, REFUSAL_BAD_FORM,
                        arena_format(env->arena, "`%.*s` does not hold the role `%.*s`",
                                     SLICE_PRINT(person->name), SLICE_PRINT(role)));
        return false;
    }
    *ret = value_user(person->id);
    return true;
}

// "1500.00 EUR", "1500", "EUR 1500" is not offered: one spelling is enough to read and to type.
static bool from_money(struct eval_env *env, struct slice text, struct value *ret)
{
    struct slice currency = env->currency;
    if (text.len > 4 && text.ptr[text.len - 4] == ' ') {
        currency = slice_sub(text, text.len - 3, 3);
        text = slice_sub(text, 0, text.len - 4);
    }
    bool letters = currency.len == 3;
    for (size_t i = 0; i < currency.len && letters; i++) {
        letters = currency.ptr[i] >= 'A' && currency.ptr[i] <= 'Z';
    }
    *ret = (struct value){ .kind = VALUE_MONEY };
    if (!letters || !value_parse_decimal(text, &ret->number, &ret->scale)) {
        return fail(env, "an amount of money is expected, for example `1500.00 EUR`");
    }
    memcpy(ret->currency, currency.ptr, 3);
    return true;
}

static bool looks_like_email(struct slice text)
{
    const char *at = text.len > 0 ? memchr(text.ptr, '@', text.len) : NULL;
    if (at == NULL || at == text.ptr) {
        return false;
    }
    size_t rest = text.len - (size_t)(at - text.ptr) - 1;
    return rest > 0 && memchr(at + 1, '@', rest) == NULL && memchr(text.ptr, ' ', text.len) == NULL;
}

static bool looks_like_url(struct slice text)
{
    static const char *const schemes[] = { "https://", "http://" };
    size_t host = 0;
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        host = slice_starts(text, slice_from_cstr(schemes[i])) ? strlen(schemes[i]) : host;
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ') {
            return false;
        }
    }
    return host > 0 && text.len > host && text.ptr[host] != '/';
}

// What a case keeps of a file is which one it was: the hash of its bytes, and what it was called.
static bool looks_like_file(struct slice text)
{
    enum { DIGITS = 64 };
    for (size_t i = 0; i < DIGITS && i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return text.len == DIGITS || (text.len > DIGITS + 1 && text.ptr[DIGITS] == ' ');
}

static bool looks_like_phone(struct slice text)
{
    unsigned digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        digits += c >= '0' && c <= '9' ? 1u : 0u;
        if ((c < '0' || c > '9') && strchr(" +-().,/x#*", c) == NULL) {
            return false;
        }
    }
    return digits >= 5 && digits <= 20;
}

static bool check_text(struct eval_env *env, struct slice text)
{
    if (text.len > FIELD_BYTES_MAX) {
        return fail(env, "this text is longer than 64 KiB");
    }
    if (text.len > 0 && memchr(text.ptr, 0, text.len) != NULL) {
        return fail(env, "this text holds a NUL character");
    }
    return true;
}

static bool from_number(struct eval_env *env, uint32_t kind, struct slice text, struct value *ret)
{
    if (kind == TYPE_INTEGER) {
        ret->kind = VALUE_INTEGER;
        return value_parse_integer(text, &ret->number) ? true
                                                       : fail(env, "a whole number is expected");
    }
    ret->kind = VALUE_DECIMAL;
    return value_parse_decimal(text, &ret->number, &ret->scale)
               ? true
               : fail(env, "a number is expected, for example `12.5`");
}

// Texts that have a form of their own.
static bool from_spelled(struct eval_env *env, uint32_t kind, struct slice text, struct value *ret)
{
    *ret = value_text(text);
    if (kind == TYPE_FILE) {
        return looks_like_file(text) || fail(env, "a file is expected: the BLAKE2b hash of its "
                                                  "bytes in 64 hex digits, and its name");
    }
    if (kind == TYPE_URL) {
        return looks_like_url(text) ||
               fail(env, "an address is expected, like https://example.com/page");
    }
    if (kind == TYPE_PHONE) {
        return looks_like_phone(text) || fail(env, "a phone number is expected");
    }
    return looks_like_email(text) || fail(env, "an e-mail is expected, like name@example.com");
}

static bool from_text(struct eval_env *env, uint32_t number, struct slice raw, struct value *ret)
{
    const struct image_type *type = &env->program->image.type[number];
    struct slice text = slice_trim(raw, blanks);
    *ret = value_empty();
    if (!check_text(env, raw)) {
        return false;
    }
    if (text.len == 0) {
        return true; // an empty answer empties
    }
    switch ((enum image_type_kind)type->kind) {
    case TYPE_TEXT: *ret = value_text(raw); return true;
    case TYPE_FILE:
    case TYPE_URL:
    case TYPE_PHONE:
    case TYPE_EMAIL: return from_spelled(env, type->kind, text, ret);
    case TYPE_INTEGER:
    case TYPE_DECIMAL: return from_number(env, type->kind, text, ret);
    case TYPE_MONEY: return from_money(env, text, ret);
    case TYPE_BOOL: {
        bool yes = slice_equal(text, SLICE("yes")) || slice_equal(text, SLICE("true"));
        bool no = slice_equal(text, SLICE("no")) || slice_equal(text, SLICE("false"));
        *ret = value_bool(yes);
        return yes || no ? true : fail(env, "`yes` or `no` is expected");
    }
    case TYPE_DATE:
        ret->kind = VALUE_DATE;
        return value_parse_date(text, &ret->number)
                   ? true
                   : fail(env, "a date is expected, for example `2026-03-02`");
    case TYPE_TIME:
        ret->kind = VALUE_TIME;
        return value_parse_time(text, &ret->number)
                   ? true
                   : fail(env, "a time is expected, for example `18:00`");
    case TYPE_DATETIME:
        ret->kind = VALUE_DATETIME;
        if (!value_parse_datetime(text, &ret->number)) {
            return fail(env, "a moment is expected, for example `2026-03-02 18:00`");
        }
        ret->number = span_to_utc(eval_zone(env), ret->number); // as the client's clock shows it
        return true;
    case TYPE_DURATION:
        ret->kind = VALUE_DURATION;
        return value_parse_duration(text, &ret->unit, &ret->number) && ret->unit <= DURATION_MONTH
                   ? true
                   : fail(env, "a duration is expected, for example `30 min` or `2 days`");
    case TYPE_ENUM: return from_member(env, type, text, ret);
    case TYPE_USER: return from_user(env, type, 0, text, ret);
    case TYPE_REF:
        ret->kind = VALUE_REF;
        return value_parse_integer(text, &ret->number) && ret->number > 0
                   ? true
                   : fail(env, "the number of a case is expected");
    case TYPE_RECORD: return from_pairs(env, type, text, ret);
    case TYPE_SET:
    case TYPE_LIST:
    case TYPE_KIND_COUNT: break;
    }
    return fail(env, "a list is expected here");
}

static int member_rank(const struct image *image, const struct image_type *type, struct slice name)
{
    const struct image_enum *list = &image->enumeration[type->arg];
    for (uint32_t i = 0; i < list->members.count; i++) {
        if (slice_equal(image_slice(image, image->member[list->members.first + i].name), name)) {
            return (int)i;
        }
    }
    return -1;
}

// A set is kept in the order of its enum (or of its values), without repeats.
void eval_order_set(struct eval_env *env, const struct image_type *element, struct value *items,
                    uint32_t *count)
{
    const struct image *image = &env->program->image;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        struct value item = items[i];
        uint32_t at = kept;
        bool repeated = false;
        while (at > 0 && !repeated) {
            int order = 0;
            if (element->kind == TYPE_ENUM) {
                order = member_rank(image, element, items[at - 1].text) -
                        member_rank(image, element, item.text);
            } else {
                (void)value_order(&items[at - 1], &item, &order);
            }
            repeated = value_equal(&items[at - 1], &item);
            if (order <= 0) {
                break;
            }
            at--;
        }
        for (uint32_t j = 0; j < kept && !repeated; j++) {
            repeated = value_equal(&items[j], &item);
        }
        if (!repeated) {
            memmove(&items[at + 1], &items[at], sizeof(items[0]) * (kept - at));
            items[at] = item;
            kept++;
        }
    }
    *count = kept;
}

static bool from_array(struct eval_env *env, const struct image_type *type, struct unpack *unpack,
                       unsigned depth, struct value *ret)
{
    uint32_t count = unpack_array(unpack);
    if (count > VALUE_ITEMS_MAX) {
        return fail(env, "this list has more than 1,000 items");
    }
    struct value *items = ARENA_ARRAY(env->arena, struct value, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        if (!coerce(env, type->arg, unpack, depth, &items[i])) {
            return false;
        }
    }
    if (type->kind == TYPE_SET) {
        eval_order_set(env, &env->program->image.type[type->arg], items, &count);
    }
    *ret = (struct value){ .kind = count == 0 ? VALUE_EMPTY : VALUE_LIST };
    ret->list.items = items;
    ret->list.count = count;
    return true;
}

// "design, supply" for a set or a list of simple things, "what: desk, price: 10; what: lamp" for a
// list of records: what CSV, tests and the command line can say.
static bool from_words(struct eval_env *env, const struct image_type *type, struct slice text,
                       struct value *ret)
{
    struct buf buf;
    buf_init(&buf, FRAME_BYTES_MAX);
    uint32_t count = 0;
    const char between = env->program->image.type[type->arg].kind == TYPE_RECORD ? ';' : ',';
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, between, text.len);
        size_t len = comma != NULL ? (size_t)(comma - text.ptr) : text.len;
        struct slice word = slice_trim(slice_sub(text, 0, len), blanks);
        if (word.len > 0) {
            pack_str(&buf, word);
            count++;
        }
        text = slice_sub(text, len + 1, text.len);
    }
    struct buf whole;
    buf_init(&whole, FRAME_BYTES_MAX);
    pack_array(&whole, count);
    buf_put_slice(&whole, buf_slice(&buf));
    struct unpack unpack;
    unpack_init(&unpack, arena_copy(env->arena, buf_slice(&whole)));
    buf_done(&buf);
    buf_done(&whole);
    return from_array(env, type, &unpack, 1, ret);
}

// First values, and what is worked out from the parts above: that is never taken from an answer.
static bool fill_parts(struct eval_env *env, const struct image_record *record,
                       struct value_part *parts)
{
    const struct image *image = &env->program->image;
    struct value *above = ARENA_ARRAY(env->arena, struct value, record->parts.count + 1);
    const struct value *outer = env->params;
    uint32_t outer_count = env->param_count;
    bool good = true;
    for (uint32_t i = 0; i < record->parts.count && good; i++) {
        const struct image_part *part = &image->part[record->parts.first + i];
        bool computed = (part->flags & PART_COMPUTED) != 0;
        if (part->initial != INDEX_NONE && (computed || value_is_empty(&parts[i].value))) {
            env->params = above;
            env->param_count = i;
            parts[i].value = eval_or_empty(env, part->initial);
            env->params = outer;
            env->param_count = outer_count;
        }
        above[i] = parts[i].value;
        good = env->refusal.code == REFUSAL_NONE;
        if (good && (part->flags & PART_REQUIRED) != 0 && value_is_empty(&parts[i].value)) {
            (void)eval_fail(env, REFUSAL_BAD_FORM,
                            arena_format(env->arena, "its part `%.*s` must be answered",
                                         SLICE_PRINT(image_slice(image, part->name))));
            good = false;
        }
    }
    return good;
}

static bool from_map(struct eval_env *env, const struct image_type *type, struct unpack *unpack,
                     unsigned depth, struct value *ret)
{
    const struct image *image = &env->program->image;
    const struct image_record *record = &image->record[type->arg];
    struct value_part *parts = ARENA_ARRAY(env->arena, struct value_part, record->parts.count + 1);
    for (uint32_t i = 0; i < record->parts.count; i++) {
        parts[i].name = image_slice(image, image->part[record->parts.first + i].name);
    }
    uint32_t pairs = unpack_map(unpack);
    for (uint32_t p = 0; p < pairs && !unpack->bad; p++) {
        struct slice name = unpack_peek(unpack) == PACK_STR ? unpack_str(unpack) : SLICE_EMPTY;
        uint32_t i = 0;
        while (i < record->parts.count && !slice_equal(parts[i].name, name)) {
            i++;
        }
        if (i == record->parts.count) {
            return fail(env, "this record has no such part");
        }
        uint32_t part_type = image->part[record->parts.first + i].type;
        if (!coerce(env, part_type, unpack, depth, &parts[i].value)) {
            return false;
        }
    }
    if (!fill_parts(env, record, parts)) {
        return false;
    }
    *ret = (struct value){ .kind = VALUE_RECORD };
    ret->record.parts = parts;
    ret->record.count = record->parts.count;
    return true;
}

// "what: desk, price: 10": a record in one line. A comma ends a part, so none stands inside one.
static bool from_pairs(struct eval_env *env, const struct image_type *type, struct slice text,
                       struct value *ret)
{
    struct buf buf;
    buf_init(&buf, FRAME_BYTES_MAX);
    uint32_t count = 0;
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = comma != NULL ? (size_t)(comma - text.ptr) : text.len;
        struct slice part = slice_trim(slice_sub(text, 0, len), blanks);
        const char *colon = part.len > 0 ? memchr(part.ptr, ':', part.len) : NULL;
        if (colon == NULL) {
            buf_done(&buf);
            return fail(env, "a record is expected, for example `what: desk, price: 10`");
        }
        size_t name = (size_t)(colon - part.ptr);
        pack_str(&buf, slice_trim(slice_sub(part, 0, name), blanks));
        pack_str(&buf, slice_trim(slice_sub(part, name + 1, part.len), blanks));
        count++;
        text = slice_sub(text, len + 1, text.len);
    }
    struct buf whole;
    buf_init(&whole, FRAME_BYTES_MAX);
    pack_map(&whole, count);
    buf_put_slice(&whole, buf_slice(&buf));
    struct unpack unpack;
    unpack_init(&unpack, arena_copy(env->arena, buf_slice(&whole)));
    buf_done(&buf);
    buf_done(&whole);
    return from_map(env, type, &unpack, 1, ret);
}

// A number where a number, a moment or a case fits.
static bool from_integer(struct eval_env *env, const struct image_type *type, int64_t number,
                         struct value *ret)
{
    *ret = value_integer(number);
    switch ((enum image_type_kind)type->kind) {
    case TYPE_INTEGER: return true;
    case TYPE_DECIMAL: ret->kind = VALUE_DECIMAL; return true;
    case TYPE_DATETIME: ret->kind = VALUE_DATETIME; return true;
    case TYPE_REF: ret->kind = VALUE_REF; return number > 0 ? true : fail(env, "no such case");
    case TYPE_MONEY:
        ret->kind = VALUE_MONEY;
        if (env->currency.len != 3) {
            return fail(env, "name the currency, for example `1500.00 EUR`");
        }
        memcpy(ret->currency, env->currency.ptr, 3);
        return true;
    case TYPE_TEXT:
    case TYPE_BOOL:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_DURATION:
    case TYPE_PHONE:
    case TYPE_EMAIL:
    case TYPE_URL:
    case TYPE_FILE:
    case TYPE_ENUM:
    case TYPE_USER:
    case TYPE_SET:
    case TYPE_LIST:
    case TYPE_RECORD:
    case TYPE_KIND_COUNT: break;
    }
    return fail(env, "a number does not fit here");
}

// An exactly packed value of the same kind (from tests, children and other programs).
static bool from_ext(struct eval_env *env, const struct image_type *type, struct unpack *unpack,
                     struct value *ret)
{
    static const uint8_t fits[TYPE_KIND_COUNT] = {
        [TYPE_DECIMAL] = VALUE_DECIMAL, [TYPE_MONEY] = VALUE_MONEY, [TYPE_DATE] = VALUE_DATE,
        [TYPE_TIME] = VALUE_TIME, [TYPE_DATETIME] = VALUE_DATETIME,
        [TYPE_DURATION] = VALUE_DURATION, [TYPE_USER] = VALUE_USER, [TYPE_REF] = VALUE_REF,
    };
    *ret = value_unpack(unpack, env->arena);
    if (unpack->bad) {
        return fail(env, "this answer cannot be read");
    }
    if (ret->kind == VALUE_USER && type->kind == TYPE_USER) {
        return from_user(env, type, (uint32_t)ret->number, SLICE_EMPTY, ret);
    }
    if (ret->kind == VALUE_DURATION && ret->unit > DURATION_MONTH &&
        env->program->image.process[0].calendar == INDEX_NONE) {
        return fail(env, "this process has no calendar for working time; say days or hours");
    }
    if (ret->kind == VALUE_DATE && type->kind == TYPE_DATETIME) {
        *ret = value_datetime(span_to_utc(eval_zone(env), ret->number * 24 * 3600 * 1000));
        return true;
    }
    return fits[type->kind] != 0 && fits[type->kind] == ret->kind
               ? true
               : fail(env, "this answer is of another kind than the form asks for");
}

static bool coerce(struct eval_env *env, uint32_t number, struct unpack *unpack, unsigned depth,
                   struct value *ret)
{
    const struct image_type *type = &env->program->image.type[number];
    bool many = type->kind == TYPE_SET || type->kind == TYPE_LIST;
    *ret = value_empty();
    if (depth >= COERCE_DEPTH_MAX) {
        return fail(env, "this answer nests too deeply");
    }
    switch (unpack_peek(unpack)) {
    case PACK_NIL: unpack_nil(unpack); return true;
    case PACK_STR: {
        struct slice text = unpack_str(unpack);
        return many ? from_words(env, type, text, ret) : from_text(env, number, text, ret);
    }
    case PACK_INTEGER: return from_integer(env, type, unpack_int(unpack), ret);
    case PACK_BOOL:
        *ret = value_bool(unpack_bool(unpack));
        return type->kind == TYPE_BOOL ? true : fail(env, "`yes` or `no` does not fit here");
    case PACK_EXT: return from_ext(env, type, unpack, ret);
    case PACK_ARRAY:
        return many ? from_array(env, type, unpack, depth + 1, ret)
                    : fail(env, "one answer is expected here, not a list");
    case PACK_MAP:
        return type->kind == TYPE_RECORD ? from_map(env, type, unpack, depth + 1, ret)
                                         : fail(env, "a record does not fit here");
    case PACK_FLOAT:
        return fail(env, "send numbers with a fraction as text, they are kept exactly");
    case PACK_BIN:
    case PACK_END: break;
    }
    return fail(env, "this answer cannot be read");
}

bool eval_coerce(struct eval_env *env, uint32_t type, struct slice packed, struct value *ret_value)
{
    CHECK(type < env->program->image.type_count);
    struct unpack unpack;
    unpack_init(&unpack, packed);
    bool good = coerce(env, type, &unpack, 0, ret_value) && !unpack.bad;
    if (!good && env->refusal.code == REFUSAL_NONE) {
        (void)fail(env, "this answer cannot be read");
    }
    return good;
}

void eval_print(struct buf *buf, const struct view *view, const struct image *image,
                struct slice lang, uint32_t type, const struct value *value)
{
    const struct image_type *of = type < image->type_count ? &image->type[type] : NULL;
    if (value->kind == VALUE_USER && view != NULL) {
        const struct view_user *user = view_user(view, (uint32_t)value->number);
        if (user != NULL) {
            buf_put_slice(buf, user->title.len > 0 ? user->title : user->name);
            return;
        }
    }
    if (value->kind == VALUE_TEXT && of != NULL && of->kind == TYPE_ENUM) {
        int rank = member_rank(image, of, value->text);
        if (rank >= 0) {
            uint32_t first = image->enumeration[of->arg].members.first;
            struct image_text label = image->member[first + (uint32_t)rank].label;
            buf_put_slice(buf, image_label(image, label, lang));
            return;
        }
    }
    if (value->kind == VALUE_LIST && of != NULL &&
        (of->kind == TYPE_SET || of->kind == TYPE_LIST)) {
        for (uint32_t i = 0; i < value->list.count; i++) {
            buf_put_cstr(buf, i == 0 ? "" : ", ");
            if (value->list.items[i].kind != VALUE_LIST) { // lists of lists print plainly
                eval_print(buf, view, image, lang, of->arg, &value->list.items[i]);
            } else {
                value_print(buf, &value->list.items[i]);
            }
        }
        return;
    }
    if (value->kind != VALUE_EMPTY) {
        value_print(buf, value);
    }
}
