// The engine inside a program of its own: a lead starts, a button is pressed, a day passes, a timer
// gives up on it, and its history tells all that. No socket, no thread, no file.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "engine/rung.h"

static const char program[] =
    "role sales \"Sales\"\n"
    "process lead \"Lead\" {\n"
    "  field name: text \"Name\" required\n"
    "  start => calling\n"
    "  stage calling \"Calling\" {\n"
    "    task \"Call {name}\" for sales due 10 min\n"
    "    action reached \"Reached\" => thinking\n"
    "  }\n"
    "  stage thinking \"Thinking it over\" {\n"
    "    task \"Call {name} again\" for sales due 3 days\n"
    "    action bought \"Bought\" => won\n"
    "    after 7 days => lost\n"
    "  }\n"
    "  end won \"Won\" success\n"
    "  end lost \"Lost\" failure\n"
    "}\n";

static const uint64_t day_ms = 24ull * 3600 * 1000;

static void must(struct rung *rung, enum rung_status status, const char *what)
{
    if (status != RUNG_OK) {
        fprintf(stderr, "%s: %s\n", what, rung_message(rung));
        exit(1);
    }
}

// Asks about a case (0: none), with pairs of a key and a packed value, ended by NULL.
static struct slice ask(struct rung *rung, const char *method, uint64_t instance, ...)
{
    struct buf params, body;
    buf_init(&params, 4096);
    buf_init(&body, 4096);
    uint32_t pairs = 0;
    if (instance != 0) {
        pack_cstr(&body, "instance");
        pack_uint(&body, instance);
        pairs++;
    }
    va_list args;
    va_start(args, instance);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;) {
        pack_cstr(&body, key);
        buf_put_cstr(&body, va_arg(args, const char *));
        pairs++;
    }
    va_end(args);
    pack_map(&params, pairs);
    buf_put_slice(&params, buf_slice(&body));
    const void *answer = NULL;
    size_t len = 0;
    enum rung_status status = rung_call(rung, method, params.ptr, params.len, &answer, &len);
    if (status == RUNG_REFUSED) {
        fprintf(stderr, "%s: refused: %.*s\n", method, (int)len, (const char *)answer);
        exit(1);
    }
    must(rung, status, method);
    buf_done(&params);
    buf_done(&body);
    return slice_make(answer, len);
}

int main(void)
{
    char message[200];
    struct rung *rung = NULL;
    const struct rung_options options = { .now_ms = 1767603600000, .currency = "EUR" };
    if (rung_open(&options, &rung, message, sizeof(message)) != RUNG_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    const struct rung_file file = { "lead.rung", program, sizeof(program) - 1 };
    must(rung, rung_compile_and_activate(rung, &file, 1), "activate");
    // {users: [{name: "ann", roles: ["sales"]}]}
    (void)ask(rung, "import_users", 0, "users",
              "\x91\x82\xa4name\xa3""ann\xa5roles\x91\xa5sales", NULL);
    (void)ask(rung, "start", 0, "process", "\xa4lead", "form", "\x81\xa4name\xa3""Bob", NULL);
    (void)ask(rung, "press", 1, "action", "\xa7reached", "as", "\xa3""ann", NULL);
    must(rung, rung_advance(rung, options.now_ms + 8 * day_ms), "advance");
    struct slice ended = pack_map_find(ask(rung, "show", 1, NULL), SLICE("ended"));
    printf("ended: %.*s\n", (int)ended.len - 1, ended.ptr + 1); // valid until the next call
    bool good = slice_equal(ended, SLICE("\xa4lost"));
    struct slice records = pack_map_find(ask(rung, "history", 1, NULL), SLICE("records"));
    printf("records: %d\n", records.ptr[0] & 15);
    good = good && (records.ptr[0] & 15) == 3;
    rung_close(rung);
    return good ? 0 : 1;
}
