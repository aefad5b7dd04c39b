#include "engine/search/doc.h"

#include "base/check.h"
#include "base/reader.h"
#include "base/value.h"
#include "engine/eval/eval.h"
#include "engine/search/index.h"

enum {
    TOKEN_TEXT_BYTES_MAX = 255,
    RESTRICTED = 0x80,
    DAY_MS = 24 * 3600 * 1000,
    TEXT_LOOKED_AT = 16384
};

// --- tokens --------------------------------------------------------------------------------------

bool doc_add(struct doc *doc, struct token token)
{
    if (token.text.len == 0 || token.text.len > TOKEN_TEXT_BYTES_MAX) {
        return true;
    }
    for (uint32_t i = 0; i < doc->count; i++) {
        if (token_equal(&doc->token[i], &token)) {
            return true;
        }
    }
    if (doc->count == DOC_TOKENS_MAX) {
        return false;
    }
    doc->token[doc->count++] = token;
    return true;
}

void doc_add_words(struct doc *doc, struct arena *arena, enum token_kind kind, uint32_t role,
                   struct slice text)
{
    struct slice folded = words_fold(arena, slice_sub(text, 0, TEXT_LOOKED_AT));
    struct slice word;
    for (size_t at = 0; words_next(folded, &at, &word);) {
        if (!doc_add(doc, (struct token){ (uint8_t)kind, role, word })) {
            return;
        }
    }
}

static void put_u32(char *to, uint32_t number)
{
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (char)(unsigned char)(number >> (24 - 8 * i));
    }
}

void doc_add_number(struct doc *doc, struct arena *arena, enum token_kind kind, uint32_t a,
                    uint32_t b)
{
    bool pair = kind == TOKEN_STAGE || kind == TOKEN_END;
    char *bytes = arena_alloc_raw(arena, 8);
    put_u32(bytes, a);
    put_u32(bytes + 4, b);
    (void)doc_add(doc, (struct token){ (uint8_t)kind, 0, slice_make(bytes, pair ? 8 : 4) });
}

// --- reading a case ------------------------------------------------------------------------------

struct filing {
    struct doc *doc;
    struct arena *arena;
    const struct image *image;
    uint32_t role;
    bool key; // the field is one: numbers are words
};

static void file_digits(const struct filing *filing, struct slice text)
{
    char digits[TERM_DIGITS_MAX];
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < sizeof(digits); i++) {
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9') {
            digits[len++] = text.ptr[i];
        }
    }
    if (len >= TERM_DIGITS_MIN) {
        (void)doc_add(filing->doc,
                      (struct token){ TOKEN_DIGITS, filing->role,
                                      arena_copy(filing->arena, slice_make(digits, len)) });
    }
}

static void file_words(const struct filing *filing, struct slice text)
{
    doc_add_words(filing->doc, filing->arena, TOKEN_WORD, filing->role, text);
}

// A member by its name and by its label in every language.
static void file_member(const struct filing *filing, uint32_t number, struct slice name)
{
    const struct image *image = filing->image;
    if (number >= image->enumeration_count) {
        return;
    }
    const struct image_range *members = &image->enumeration[number].members;
    for (uint32_t i = members->first; i < members->first + members->count; i++) {
        struct image_text label = image->member[i].label;
        if (!slice_equal(image_slice(image, image->member[i].name), name)) {
            continue;
        }
        file_words(filing, name);
        file_words(filing, image_slice(image, label));
        for (uint32_t t = 0; t < image->translation_count; t++) {
            if (image->translation[t].of.offset == label.offset &&
                image->translation[t].of.len == label.len) {
                file_words(filing, image_slice(image, image->translation[t].text));
            }
        }
    }
}

static void file_value(const struct filing *filing, uint32_t type, const struct value *value);

static void file_record(const struct filing *filing, uint32_t number, const struct value *value)
{
    const struct image *image = filing->image;
    const struct image_range *parts = &image->record[number].parts;
    for (uint32_t p = 0; p < value->record.count; p++) {
        const struct value_part *part = &value->record.parts[p];
        for (uint32_t i = parts->first; i < parts->first + parts->count; i++) {
            if (slice_equal(image_slice(image, image->part[i].name), part->name)) {
                file_value(filing, image->part[i].type, &part->value);
            }
        }
    }
}

// Depth is bound by VALUE_DEPTH_MAX.
static void file_value(const struct filing *filing, uint32_t type, const struct value *value)
{
    const struct image_type *of = &filing->image->type[type];
    enum image_type_kind kind = (enum image_type_kind)of->kind;
    if (value->kind == VALUE_LIST && (kind == TYPE_SET || kind == TYPE_LIST)) {
        for (uint32_t i = 0; i < value->list.count; i++) {
            file_value(filing, of->arg, &value->list.items[i]);
        }
    } else if (value->kind == VALUE_RECORD && kind == TYPE_RECORD) {
        file_record(filing, of->arg, value);
    } else if (value->kind == VALUE_INTEGER && filing->key) {
        file_words(filing, arena_format(filing->arena, "%lld", (long long)value->number));
    } else if (value->kind == VALUE_TEXT && kind == TYPE_ENUM) {
        file_member(filing, of->arg, value->text);
    } else if (value->kind == VALUE_TEXT && kind == TYPE_PHONE) {
        file_digits(filing, value->text);
    } else if (value->kind == VALUE_TEXT && kind != TYPE_FILE) {
        if (kind == TYPE_EMAIL) {
            struct slice mail = words_fold(filing->arena, value->text);
            (void)doc_add(filing->doc, (struct token){ TOKEN_MAIL, filing->role, mail });
        }
        file_words(filing, value->text);
    }
}

static bool is_key(const struct image *image, uint32_t field)
{
    const struct image_range *keys = &image->process[0].keys;
    for (uint32_t i = 0; i < keys->count; i++) {
        if (image->list[keys->first + i] == field) {
            return true;
        }
    }
    return false;
}

static void file_field(struct filing *filing, const struct view *view,
                       const struct view_program *program, const struct instance *instance,
                       uint32_t field)
{
    const struct image *image = filing->image;
    const struct image_range *shown = &image->field[field].shown_to;
    struct slice packed = view_field(view, instance, field);
    if (packed.len == 0) {
        return;
    }
    struct unpack unpack;
    unpack_init(&unpack, packed);
    struct value value = value_unpack(&unpack, filing->arena);
    filing->key = is_key(image, field);
    filing->role = 0;
    for (uint32_t i = 0; i < shown->count; i++) {
        filing->role = program->roles[image->list[shown->first + i]];
        file_value(filing, image->field[field].type, &value);
    }
    if (shown->count == 0) {
        file_value(filing, image->field[field].type, &value);
    }
    filing->role = 0;
}

static void file_title(const struct filing *filing, const struct view *view,
                       const struct view_program *program, const struct instance *instance)
{
    uint32_t title = filing->image->process[0].title;
    if (title == INDEX_NONE) {
        return;
    }
    struct eval_env scope = { .view = view, .program = program, .instance = instance,
                              .now_ms = instance->head.moved_ms, .arena = filing->arena };
    struct slice text = eval_text(&scope, title);
    if (scope.refusal.code == REFUSAL_NONE) {
        file_words(filing, text);
    }
}

static void file_place(const struct filing *filing, const struct instance *instance)
{
    const struct instance_head *head = &instance->head;
    doc_add_number(filing->doc, filing->arena, TOKEN_PROCESS, head->process, 0);
    doc_add_number(filing->doc, filing->arena, TOKEN_DAY, (uint32_t)(head->moved_ms / DAY_MS), 0);
    if (head->status == INSTANCE_ENDED) {
        doc_add_number(filing->doc, filing->arena, TOKEN_END, head->program, head->end);
    }
    for (uint32_t i = 0; i < head->active_count; i++) {
        doc_add_number(filing->doc, filing->arena, TOKEN_STAGE, head->program,
                       instance->active[i].stage);
    }
}

static void file_person(const struct filing *filing, enum token_kind kind, uint32_t number)
{
    if (number != 0) {
        doc_add_number(filing->doc, filing->arena, kind, number, 0);
    }
}

static void file_people(const struct filing *filing, const struct instance *instance)
{
    file_person(filing, TOKEN_USER, instance->head.creator);
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        file_person(filing, TOKEN_USER, instance->slot[i].user);
        file_person(filing, TOKEN_ROLE, instance->slot[i].role);
    }
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        file_person(filing, TOKEN_USER, instance->task[i].holder);
        file_person(filing, TOKEN_ROLE, instance->task[i].role);
        if (instance->task[i].holder == 0) {
            file_person(filing, TOKEN_OFFER, instance->task[i].offered);
            file_person(filing, TOKEN_ROLE, instance->task[i].offered);
        }
    }
}

void doc_read(struct doc *doc, const struct view *view, const struct view_program *program,
              const struct instance *instance, struct arena *arena)
{
    struct filing filing = { .doc = doc, .arena = arena, .image = &program->image };
    doc->seq = instance->head.last_seq;
    doc->ended = instance->head.status == INSTANCE_ENDED;
    file_place(&filing, instance); // first: these must be there, words may be too many
    file_people(&filing, instance);
    file_title(&filing, view, program, instance);
    for (uint32_t i = 0; i < filing.image->field_count; i++) {
        file_field(&filing, view, program, instance, i);
    }
}

// --- stored --------------------------------------------------------------------------------------

void doc_encode(const struct doc *doc, struct buf *buf)
{
    char head[9];
    put_u32(head, (uint32_t)(doc->seq >> 32));
    put_u32(head + 4, (uint32_t)doc->seq);
    head[8] = doc->ended ? 1 : 0;
    buf_put(buf, head, sizeof(head));
    for (uint32_t i = 0; i < doc->count; i++) {
        const struct token *token = &doc->token[i];
        char role[4];
        put_u32(role, token->role);
        buf_put_char(buf, (char)(unsigned char)(token->kind | (token->role != 0 ? RESTRICTED : 0)));
        buf_put(buf, role, token->role != 0 ? sizeof(role) : 0);
        buf_put_char(buf, (char)(unsigned char)token->text.len);
        buf_put_slice(buf, token->text);
    }
}

static bool is_token(uint8_t kind)
{
    static const char kinds[] = { TOKEN_WORD, TOKEN_SAID,    TOKEN_DIGITS, TOKEN_MAIL,
                                  TOKEN_TWIN, TOKEN_STAGE,   TOKEN_END,    TOKEN_PROCESS,
                                  TOKEN_USER, TOKEN_ROLE,    TOKEN_OFFER,  TOKEN_DAY };
    return memchr(kinds, kind, sizeof(kinds)) != NULL;
}

// The kinds whose text is numbers: always of one length.
static size_t fixed_bytes(uint8_t kind)
{
    bool one = kind == TOKEN_PROCESS || kind == TOKEN_USER || kind == TOKEN_ROLE ||
               kind == TOKEN_OFFER || kind == TOKEN_DAY;
    return kind == TOKEN_STAGE || kind == TOKEN_END ? 8 : one ? 4 : 0;
}

bool doc_decode(struct slice bytes, struct doc *ret_doc)
{
    struct reader reader;
    reader_init(&reader, bytes);
    ret_doc->seq = reader_u64_be(&reader);
    ret_doc->ended = reader_u8(&reader) == 1;
    ret_doc->count = 0;
    while (!reader.bad && reader.len > 0 && ret_doc->count < DOC_TOKENS_MAX) {
        uint8_t kind = reader_u8(&reader);
        struct token *token = &ret_doc->token[ret_doc->count++];
        token->role = (kind & RESTRICTED) != 0 ? reader_u32_be(&reader) : 0;
        token->kind = kind & (uint8_t)~RESTRICTED;
        token->text = reader_take(&reader, reader_u8(&reader));
        size_t fixed = fixed_bytes(token->kind);
        bool good = is_token(token->kind) && token->text.len > 0 &&
                    (fixed != 0 ? token->text.len == fixed
                                : memchr(token->text.ptr, 0, token->text.len) == NULL) &&
                    (token->kind != TOKEN_DIGITS || token->text.len <= TERM_DIGITS_MAX);
        reader.bad = reader.bad || !good;
    }
    bool good = !reader.bad && reader.len == 0;
    ret_doc->count = good ? ret_doc->count : 0;
    return good;
}

// --- terms ---------------------------------------------------------------------------------------

size_t term_begin(bool ended, uint8_t kind, uint32_t role, struct slice text, char *to)
{
    size_t len = 0;
    CHECK(text.len <= TOKEN_TEXT_BYTES_MAX);
    to[len++] = ended ? 1 : 0;
    to[len++] = (char)(unsigned char)(kind | (role != 0 ? RESTRICTED : 0));
    if (role != 0) {
        put_u32(to + len, role);
        len += 4;
    }
    if (text.len > 0) {
        memcpy(to + len, text.ptr, text.len);
    }
    return len + text.len;
}

size_t term_key(bool ended, uint8_t kind, uint32_t role, struct slice text, char *to)
{
    size_t len = term_begin(ended, kind, role, text, to);
    to[len++] = 0;
    CHECK(len <= INDEX_TERM_BYTES_MAX);
    return len;
}

bool term_split(struct slice term, struct token *ret_token)
{
    struct reader reader;
    reader_init(&reader, term);
    (void)reader_u8(&reader);
    uint8_t kind = reader_u8(&reader);
    ret_token->role = (kind & RESTRICTED) != 0 ? reader_u32_be(&reader) : 0;
    ret_token->kind = kind & (uint8_t)~RESTRICTED;
    if (reader.bad || reader.len == 0 || reader.ptr[reader.len - 1] != 0) {
        return false;
    }
    ret_token->text = slice_make(reader.ptr, reader.len - 1);
    return true;
}

void digits_reversed(struct slice digits, char to[TERM_DIGITS_MAX])
{
    CHECK(digits.len <= TERM_DIGITS_MAX);
    for (size_t i = 0; i < digits.len; i++) {
        to[i] = digits.ptr[digits.len - 1 - i];
    }
}

// ITU-T E.164: country codes are one, two or three digits long, told by the first two.
struct slice digits_national(struct slice digits)
{
    static const char two[] = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 "
                              "55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 ";
    size_t country = 3;
    if (digits.len < TERM_DIGITS_MIN) {
        return digits;
    }
    if (digits.ptr[0] == '1' || digits.ptr[0] == '7') {
        country = 1;
    }
    for (size_t i = 0; i + 2 < sizeof(two); i += 3) {
        country = memcmp(two + i, digits.ptr, 2) == 0 ? 2 : country;
    }
    return slice_sub(digits, country, digits.len);
}

struct telling {
    bool ended;
    struct stemmer *stemmer;
    term_fn *each;
    void *context;
};

static void tell(const struct telling *to, uint8_t kind, uint32_t role, struct slice text)
{
    char key[INDEX_TERM_BYTES_MAX];
    to->each(to->context, slice_make(key, term_key(to->ended, kind, role, text, key)));
}

static void tell_word(const struct telling *to, uint32_t role, struct slice word)
{
    tell(to, TOKEN_WORD, role, word);
    struct slice stem = stemmer_stem(to->stemmer, word);
    if (!slice_equal(stem, word) && stem.len > 0) {
        tell(to, TERM_STEM, role, stem);
    }
    for (uint32_t characters = 1; characters <= TERM_HEAD_MAX; characters++) {
        struct slice head = words_head(word, characters);
        if (head.len == word.len) {
            return;
        }
        tell(to, TERM_HEAD, role, head);
    }
}

void doc_terms(const struct doc *doc, struct stemmer *stemmer, term_fn *each, void *context)
{
    struct telling to = { doc->ended, stemmer, each, context };
    for (uint32_t i = 0; i < doc->count; i++) {
        const struct token *token = &doc->token[i];
        char reversed[TERM_DIGITS_MAX];
        switch ((enum token_kind)token->kind) {
        case TOKEN_WORD:
        case TOKEN_SAID: tell_word(&to, token->role, token->text); break;
        case TOKEN_DIGITS:
            digits_reversed(token->text, reversed);
            tell(&to, TOKEN_DIGITS, token->role, slice_make(reversed, token->text.len));
            if (digits_national(token->text).len > 0) {
                tell_word(&to, token->role, digits_national(token->text));
            }
            break;
        case TOKEN_MAIL:
        case TOKEN_TWIN:
        case TOKEN_STAGE:
        case TOKEN_END:
        case TOKEN_PROCESS:
        case TOKEN_USER:
        case TOKEN_ROLE:
        case TOKEN_OFFER:
        case TOKEN_DAY:
        case TERM_STEM:
        case TERM_HEAD: tell(&to, token->kind, token->role, token->text); break;
        }
    }
}
