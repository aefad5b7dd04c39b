#include "tests/bench/frames.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/pack.h"

enum { PHONE_AT = 7, PHONE_DIGITS = 8 };

static void put_number(char *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (char)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t get_number(struct slice map, const char *key)
{
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(map, slice_from_cstr(key)));
    uint64_t number = unpack_uint(&unpack);
    CHECK(!unpack.bad);
    return number;
}

static void begin(struct buf *buf, struct frame *frame, const char *method, uint32_t pairs)
{
    static const char msgid[5] = { (char)0xce, 0, 0, 0, 0 };
    pack_array(buf, 4);
    pack_uint(buf, 0);
    if (frame != NULL) {
        frame->msgid = (uint32_t)buf->len + 1;
    }
    buf_put(buf, msgid, sizeof(msgid));
    pack_cstr(buf, method);
    pack_array(buf, 1);
    pack_map(buf, pairs);
}

// A number of full width, to be written later; where it stands.
static uint32_t put_slot(struct buf *buf, const char *key)
{
    static const char number[9] = { (char)0xcf };
    pack_cstr(buf, key);
    buf_put(buf, number, sizeof(number));
    return (uint32_t)buf->len - 8;
}

static void put_text(struct buf *buf, const char *key, const char *text)
{
    pack_cstr(buf, key);
    pack_cstr(buf, text);
}

static void finish(struct buf *buf, struct frame *frame)
{
    CHECK(buf->len <= FRAME_BYTES);
    memcpy(frame->bytes, buf->ptr, buf->len);
    frame->len = (uint32_t)buf->len;
    buf_reset(buf);
}

static void pack_start(struct buf *buf, struct frame *frame)
{
    begin(buf, frame, "start", 4);
    put_text(buf, "process", "lead");
    put_text(buf, "as", "head");
    frame->id = put_slot(buf, "id");
    pack_cstr(buf, "form");
    pack_map(buf, 10);
    put_text(buf, "company", "Lindner & Weiss Fit-outs");
    pack_cstr(buf, "phone");
    pack_cstr(buf, "+4915100000000");
    frame->phone = (uint32_t)buf->len - PHONE_DIGITS;
    put_text(buf, "email", "office@lindner-weiss.example");
    put_text(buf, "city", "Hamburg");
    put_text(buf, "source", "site");
    put_text(buf, "campaign", "spring, search, offices");
    pack_cstr(buf, "people");
    pack_uint(buf, 42);
    put_text(buf, "quote", "12500.00 EUR");
    pack_cstr(buf, "hot");
    pack_bool(buf, true);
    put_text(buf, "note", "Moving in May; wants two floors.");
    finish(buf, frame);
}

static void begin_press(struct buf *buf, struct frame *frame, const char *action, uint32_t pairs)
{
    begin(buf, frame, "press", 4 + pairs);
    frame->instance = put_slot(buf, "instance");
    put_text(buf, "action", action);
    put_text(buf, "as", "head");
    frame->id = put_slot(buf, "id");
}

static void pack_presses(struct buf *buf, struct frame *step)
{
    begin_press(buf, &step[LEAD_ASSIGN], "assign", 1);
    pack_cstr(buf, "form");
    pack_map(buf, 1);
    put_text(buf, "who", "sales07");
    finish(buf, &step[LEAD_ASSIGN]);
    begin_press(buf, &step[LEAD_BUSY], "busy", 0);
    finish(buf, &step[LEAD_BUSY]);
    begin_press(buf, &step[LEAD_REACHED], "reached", 1);
    pack_cstr(buf, "form");
    pack_map(buf, 3);
    pack_cstr(buf, "wanted");
    pack_array(buf, DEAL_COUNT);
    pack_cstr(buf, "design");
    pack_cstr(buf, "supply");
    put_text(buf, "quote", "14800.00 EUR");
    put_text(buf, "note", "Design first, then the furniture.");
    finish(buf, &step[LEAD_REACHED]);
    begin_press(buf, &step[LEAD_SOLD], "sold", 0);
    finish(buf, &step[LEAD_SOLD]);
    for (uint32_t i = LEAD_PRODUCED_1; i < LEAD_STEPS; i++) {
        bool produced = i == LEAD_PRODUCED_1 || i == LEAD_PRODUCED_2;
        begin_press(buf, &step[i], produced ? "produced" : "delivered", 0);
        finish(buf, &step[i]);
    }
}

void frames_init(struct frames *frames)
{
    struct buf buf;
    buf_init(&buf, 1 << 16);
    *frames = (struct frames){ 0 };
    pack_start(&buf, &frames->step[LEAD_START]);
    pack_presses(&buf, frames->step);
    buf_done(&buf);
}

struct slice frames_fill(struct frames *frames, const struct lead *lead, uint32_t msgid,
                         uint64_t id)
{
    struct frame *frame = &frames->step[lead->step];
    put_number(frame->bytes + frame->msgid, msgid, 4);
    put_number(frame->bytes + frame->id, id, 8);
    if (frame->phone != 0) {
        char digits[16]; // more than PHONE_DIGITS: the compiler cannot know the CHECK below
        CHECK(lead->number < 100000000);
        (void)snprintf(digits, sizeof(digits), "%08u", (unsigned)lead->number);
        memcpy(frame->bytes + frame->phone, digits, PHONE_DIGITS);
    } else {
        uint64_t instance = lead->step < LEAD_PRODUCED_1   ? lead->instance
                            : lead->step < LEAD_PRODUCED_2 ? lead->deal[0]
                                                           : lead->deal[1];
        put_number(frame->bytes + frame->instance, instance, 8);
    }
    return slice_make(frame->bytes, frame->len);
}

bool frames_answer(struct lead *lead, struct slice answer)
{
    struct unpack unpack;
    unpack_init(&unpack, answer);
    uint32_t count = unpack_array(&unpack);
    uint64_t kind = unpack_uint(&unpack);
    (void)unpack_uint(&unpack);
    if (count != 4 || kind != 1 || unpack_peek(&unpack) != PACK_NIL) {
        return false;
    }
    unpack_nil(&unpack);
    if (lead->step == LEAD_START) {
        lead->instance = get_number(unpack_raw(&unpack), "instance");
    } else if (lead->step == LEAD_SOLD) {
        unpack_init(&unpack, pack_map_find(unpack_raw(&unpack), SLICE("children")));
        CHECK(unpack_array(&unpack) == DEAL_COUNT);
        for (uint32_t i = 0; i < DEAL_COUNT; i++) {
            lead->deal[i] = get_number(unpack_raw(&unpack), "instance");
        }
    }
    return true;
}

// --- other calls ---------------------------------------------------------------------------------

struct slice frames_hello(uint32_t client)
{
    char name[32];
    struct buf buf;
    buf_init(&buf, 1 << 16);
    (void)snprintf(name, sizeof(name), "bench%03u", client);
    begin(&buf, NULL, "hello", 1);
    put_text(&buf, "client", name);
    return buf_slice(&buf);
}

static void put_user(struct buf *buf, const char *role, const char *superior, int number)
{
    char name[32];
    (void)snprintf(name, sizeof(name), number < 0 ? "%s" : "%s%02d", role, number);
    pack_map(buf, superior != NULL ? 3 : 2);
    put_text(buf, "name", name);
    pack_cstr(buf, "roles");
    pack_array(buf, 1);
    pack_cstr(buf, role);
    if (superior != NULL) {
        put_text(buf, "superior", superior);
    }
}

struct slice frames_users(void)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    begin(&buf, NULL, "import_users", 1);
    pack_cstr(&buf, "users");
    pack_array(&buf, 1 + SALES_COUNT + MAKER_COUNT);
    put_user(&buf, "head", NULL, -1);
    for (int i = 0; i < SALES_COUNT; i++) {
        put_user(&buf, "sales", "head", i);
    }
    for (int i = 0; i < MAKER_COUNT; i++) {
        put_user(&buf, "maker", "head", i);
    }
    return buf_slice(&buf);
}

struct slice frames_question(const char *method)
{
    struct buf buf;
    buf_init(&buf, 1 << 16);
    begin(&buf, NULL, method, 0);
    return buf_slice(&buf);
}

void frames_free(struct slice frame) { free((char *)(uintptr_t)frame.ptr); }

// The file with another label for its first process: another version, which moves cases alike.
struct slice frames_apply(const char *path, uint32_t number)
{
    enum { TEXT_MAX = 64 * 1024 };
    static const char label[] = "process lead \"Lead";
    static char text[TEXT_MAX];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    const char *at = strstr(text, label);
    CHECK(at != NULL);
    at += sizeof(label) - 1;
    struct buf whole;
    struct buf buf;
    buf_init(&whole, TEXT_MAX + 64);
    buf_put(&whole, text, (size_t)(at - text));
    buf_format(&whole, " %u%s", number, at);
    buf_init(&buf, 1 << 20);
    begin(&buf, NULL, "apply", 1);
    pack_cstr(&buf, "files");
    pack_array(&buf, 1);
    pack_map(&buf, 2);
    put_text(&buf, "name", "lead.rung");
    pack_cstr(&buf, "text");
    pack_str(&buf, buf_slice(&whole));
    buf_done(&whole);
    return buf_slice(&buf);
}
