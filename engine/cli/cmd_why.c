// Why a case stands where it stands: the records behind it, the newest first, each with the lines
// of the program that it went by.
#include <string.h>

#include "engine/cli/cli.h"
#include "engine/cli/story.h"
#include "engine/cli/when.h"
#include "engine/cli/why.h"

struct why {
    struct cli *cli;
    struct story story;
    struct slice quoted; // the place quoted last
};

static void line_put(struct why *why, unsigned indent, struct slice text)
{
    (void)term_wrap(&why->cli->term, &why->cli->out, text, indent, 6);
}

// "lead.rung:44  after 2 days { => offer }", once where several events stand at one line.
static void quote_put(struct why *why, struct slice event)
{
    struct arena *arena = &why->cli->arena;
    struct slice file = wire_text(event, "file", arena);
    uint64_t line = wire_uint(event, "line");
    if (file.len == 0) {
        return;
    }
    struct slice place = arena_format(arena, "%.*s:%llu", SLICE_PRINT(file),
                                      (unsigned long long)line);
    if (slice_equal(place, why->quoted)) {
        return;
    }
    why->quoted = place;
    struct slice text = arena_format(arena, "%.*s  %.*s", SLICE_PRINT(place),
                                     SLICE_PRINT(wire_text(event, "text", arena)));
    struct buf lines;
    buf_init(&lines, 1 << 16);
    (void)term_wrap(&why->cli->term, &lines, text, 6, 2);
    term_put(&why->cli->term, &why->cli->out, TERM_DIM, buf_slice(&lines));
    buf_done(&lines);
}

static void event_put(struct why *why, struct slice record, struct slice event)
{
    struct arena *arena = &why->cli->arena;
    struct buf line;
    struct story story = why->story;
    struct slice name = wire_text(event, "event", arena);
    story.all = story.all || slice_equal(name, SLICE("condition_read"));
    buf_init(&line, 1 << 20);
    if (story_event(&story, event, &line)) {
        struct slice form = wire_raw(record, "form");
        if (slice_equal(name, SLICE("pressed")) && wire_count(form) > 0) {
            buf_put_cstr(&line, ": ");
            story_form(&story, form, &line);
        }
        line_put(why, 4, buf_slice(&line));
        quote_put(why, event);
    }
    buf_done(&line);
}

// Who or what it was, in a sentence.
static struct slice sentence(struct why *why, struct slice record, struct slice because)
{
    static const struct {
        const char *kind, *text;
    } texts[] = {
        { "timer", "a timer was due, which record %llu had set" },
        { "overdue", "a task was late, which record %llu had planned" },
        { "child_ended", "a case under it had ended, with record %llu" },
        { "awaited", "a message that waited was taken, once record %llu had led to where it is" },
        { "call", "a call came back, which record %llu had sent" },
    };
    struct arena *arena = &why->cli->arena;
    struct slice kind = wire_text(because, "kind", arena);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (slice_equal(kind, slice_from_cstr(texts[i].kind))) {
            struct buf text;
            buf_init(&text, 200);
            const char *mark = strchr(texts[i].text, '%');
            buf_put(&text, texts[i].text, (size_t)(mark - texts[i].text));
            buf_format(&text, "%llu", (unsigned long long)wire_uint(because, "seq"));
            buf_put_cstr(&text, mark + 4);
            struct slice copy = arena_copy(arena, buf_slice(&text));
            buf_done(&text);
            return copy;
        }
    }
    if (slice_equal(kind, SLICE("unknown"))) {
        return SLICE("the engine; what was behind it is not found");
    }
    struct slice who = wire_text(record, "who", arena);
    struct slice whom = wire_text(record, "for", arena);
    return arena_format(arena, "%.*s, from outside: %.*s", SLICE_PRINT(whom.len > 0 ? whom : who),
                        SLICE_PRINT(wire_text(record, "command", arena)));
}

static void link_put(struct why *why, struct slice link, uint64_t instance)
{
    struct cli *cli = why->cli;
    struct arena *arena = &cli->arena;
    struct slice record = wire_raw(link, "record");
    struct slice because = wire_raw(link, "because");
    struct buf stamp;
    buf_init(&stamp, 64);
    when_stamp(&stamp, wire_moment(record, "at"), cli_zone(cli));
    struct slice other = wire_uint(record, "instance") == instance
                             ? SLICE_EMPTY
                             : arena_format(arena, ", of case %llu",
                                            (unsigned long long)wire_uint(record, "instance"));
    struct slice head = arena_format(arena, "%.*s  record %llu%.*s", SLICE_PRINT(buf_slice(&stamp)),
                                     (unsigned long long)wire_uint(record, "seq"),
                                     SLICE_PRINT(other));
    buf_done(&stamp);
    term_put(&cli->term, &cli->out, TERM_BOLD, head);
    buf_put_char(&cli->out, '\n');
    line_put(why, 2, sentence(why, record, because));
    why->quoted = SLICE_EMPTY;
    struct wire_list events = wire_list(wire_raw(record, "events"));
    struct slice event;
    while (wire_next(&events, &event)) {
        event_put(why, record, event);
    }
}

static void why_put(struct cli *cli, struct slice result)
{
    struct why why = { .cli = cli,
                       .story = { &cli->arena, cli_option(cli, OPTION_ALL) != NULL,
                                  cli_zone(cli) } };
    uint64_t instance = wire_uint(result, "instance");
    struct wire_list links = wire_list(wire_raw(result, "links"));
    struct slice link;
    struct slice last = SLICE_EMPTY;
    while (wire_next(&links, &link)) {
        link_put(&why, link, instance);
        last = link;
    }
    if (wire_bool(result, "more")) {
        struct slice because = wire_raw(last, "because");
        buf_format(&cli->out, "… and further back: rung why %llu --seq %llu\n",
                   (unsigned long long)wire_uint(because, "instance"),
                   (unsigned long long)wire_uint(because, "seq"));
    }
}

int why_record(struct cli *cli, uint64_t instance, uint64_t seq)
{
    struct params params;
    struct client_reply reply;
    params_init(&params);
    params_uint(&params, "instance", instance);
    params_uint(&params, "seq", seq);
    int status = cli_ask(cli, "why", &params, &reply);
    if (status == CLI_DONE) {
        why_put(cli, reply.result);
    }
    params_done(&params);
    return status;
}

int cmd_why(struct cli *cli)
{
    uint64_t instance = 0;
    uint64_t seq = 0;
    if (!cli_case(cli, &instance) || !cli_number(cli, OPTION_SEQ, UINT64_MAX, &seq)) {
        return CLI_USAGE;
    }
    bool task = cli_option(cli, OPTION_WHY_TASK) != NULL;
    bool stage = cli_option(cli, OPTION_WHY_STAGE) != NULL;
    if ((task ? 1 : 0) + (stage ? 1 : 0) + (cli_option(cli, OPTION_SEQ) != NULL ? 1 : 0) > 1) {
        return cli_problem(cli, CLI_USAGE, "usage", "one of --seq, --task and --stage");
    }
    struct params params;
    params_init(&params);
    params_uint(&params, "instance", instance);
    if (task || stage) {
        params_text(&params, "about", task ? SLICE("task") : SLICE("stage"));
    } else if (cli_option(cli, OPTION_SEQ) != NULL) {
        params_uint(&params, "seq", seq);
    }
    cli_put_as(cli, &params);
    struct client_reply reply;
    int status = cli_ask(cli, "why", &params, &reply);
    if (status == CLI_DONE && !cli_answered_json(cli, &reply)) {
        why_put(cli, reply.result);
    }
    params_done(&params);
    return status;
}
