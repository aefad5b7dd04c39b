// The body of one webhook, by hand: what a listener for HTTP would hand to the engine.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/pack.h"
#include "engine/cli/cli.h"
#include "engine/intake/mapping.h"

static bool is_file(struct slice mapping)
{
    struct slice end = SLICE(".map");
    return memchr(mapping.ptr, '/', mapping.len) != NULL ||
           (mapping.len > end.len &&
            slice_equal(slice_sub(mapping, mapping.len - end.len, end.len), end));
}

// The name of a mapping that the engine knows, or a file and what it says.
static int put_mapping(struct cli *cli, struct params *params)
{
    const char *option = cli_option(cli, OPTION_MAPPING);
    struct slice mapping = slice_from_cstr(option);
    struct slice text;
    if (mapping.len == 0) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "--map MAPPING is needed: it says what stands where in the body");
    }
    params_text(params, "mapping", mapping);
    if (!is_file(mapping)) {
        return CLI_DONE;
    }
    int status = cli_read_file(cli, option, MAP_BYTES_MAX + 1, &text);
    if (status == CLI_DONE) {
        params_text(params, "map", text);
    }
    return status;
}

static void element_tell(struct cli *cli, struct slice element, uint32_t number)
{
    static const struct {
        const char *outcome, *sentence;
    } sentences[] = {
        { "started", "started" },
        { "joined", "joined" },
        { "already", "came before, and did not count again:" },
        { "delivered", "delivered to" },
        { "kept", "waits for" },
        { "not_awaited", "not awaited now; it is in the history of" },
        { "ended", "too late; it is in the history of" },
        { "test", "a test, which makes no work" },
        { "skipped", "not for any line of the mapping: nothing was done" },
        { "would_be_taken", "would be taken" },
        { "refused", "refused" },
    };
    struct arena *arena = &cli->arena;
    struct buf *out = &cli->out;
    struct slice outcome = wire_text(element, "outcome", arena);
    struct slice place = term_clean(arena, wire_text(element, "place", arena));
    struct slice row = term_clean(arena, wire_text(element, "row", arena));
    buf_format(out, "%u", number);
    if (place.len > 0) {
        buf_format(out, " (%.*s)", SLICE_PRINT(place));
    }
    buf_put_cstr(out, ": ");
    for (size_t i = 0; i < ARRAY_COUNT(sentences); i++) {
        if (slice_equal(outcome, slice_from_cstr(sentences[i].outcome))) {
            bool bad = strcmp(sentences[i].outcome, "refused") == 0;
            term_put(&cli->term, out, bad ? TERM_RED : TERM_PLAIN,
                     slice_from_cstr(sentences[i].sentence));
        }
    }
    if (wire_uint(element, "instance") > 0) {
        buf_format(out, " case %llu", (unsigned long long)wire_uint(element, "instance"));
    }
    struct slice message = wire_text(element, "message", arena);
    if (message.len > 0) {
        buf_format(out, ": %.*s (%.*s)", SLICE_PRINT(term_clean(arena, message)),
                   SLICE_PRINT(term_clean(arena, wire_text(element, "code", arena))));
    }
    if (row.len > 0) {
        buf_format(out, " [%.*s]", SLICE_PRINT(row));
    }
    buf_put_char(out, '\n');
}

static int answer_tell(struct cli *cli, const struct client_reply *reply)
{
    struct wire_list list = wire_list(wire_raw(reply->result, "elements"));
    struct slice element;
    bool bad = false;
    bool quiet = cli_answered_json(cli, reply);
    for (uint32_t number = 1; wire_next(&list, &element); number++) {
        bad = bad || slice_equal(wire_text(element, "outcome", NULL), SLICE("refused"));
        if (!quiet) {
            element_tell(cli, element, number);
        }
    }
    return bad ? CLI_BAD_INPUT : CLI_DONE;
}

// The mistakes of a mapping come as text, with lines and carets.
static int refusal_tell(struct cli *cli, const struct client_reply *reply)
{
    struct slice text = wire_text(reply->error, "text", NULL);
    if (text.len > 0) {
        (void)fwrite(text.ptr, 1, text.len, stderr);
    }
    int status = cli_refused(cli, reply);
    bool input = slice_equal(reply->code, SLICE("bad_mapping")) ||
                 slice_equal(reply->code, SLICE("bad_body"));
    return input ? CLI_BAD_INPUT : status;
}

int cmd_intake(struct cli *cli)
{
    struct params params;
    struct client_reply reply;
    struct slice body = SLICE_EMPTY;
    struct buf packed;
    params_init(&params);
    buf_init(&packed, FRAME_BYTES_MAX + 16);
    int status = put_mapping(cli, &params);
    if (status == CLI_DONE) {
        status = cli_read_file(cli, arena_cstr(&cli->arena, cli_word(cli, 0)), BODY_BYTES_MAX + 1,
                               &body);
    }
    if (status == CLI_DONE) {
        pack_bin(&packed, body);
        params_raw(&params, "body", buf_slice(&packed));
        if (cli_option(cli, OPTION_TYPE) != NULL) {
            params_text(&params, "type", slice_from_cstr(cli_option(cli, OPTION_TYPE)));
        }
        if (cli_option(cli, OPTION_DRY_RUN) != NULL) {
            params_uint(&params, "dry_run", 1);
        }
        status = cli_try(cli, "intake", &params, &reply);
    }
    if (status == CLI_DONE) {
        status = reply.refused ? refusal_tell(cli, &reply) : answer_tell(cli, &reply);
    }
    params_done(&params);
    buf_done(&packed);
    return status;
}
