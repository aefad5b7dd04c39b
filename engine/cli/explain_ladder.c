// rung explain ladder NAME FILES…: each rung as a moment, with its reason. Counts as the engine
// does (engine/time/span.h), for a case of the zone that --zone says.
#include <string.h>

#include "base/check.h"
#include "dsl/compile.h"
#include "dsl/image/image.h"
#include "engine/cli/cli.h"
#include "engine/cli/env.h"
#include "engine/cli/program.h"
#include "engine/cli/when.h"
#include "engine/time/span.h"
#include "engine/time/zoneinfo.h"

enum { WAIT_CELLS = 34, MOMENT_CELLS = 26 };

struct explanation {
    struct cli *cli;
    struct image image;
    uint32_t ladder;
    const struct zone *zone; // of the case, and of the company
    struct slice zone_name;
    uint64_t now_ms; // the moment before the rung in hand
    json_t *rungs;   // NULL: as text
};

// One rung: where it counts from, where it lands, and why.
struct climbed {
    const struct image_rung *rung;
    uint64_t plain_ms; // before `within`
    uint64_t ms;
    bool open; // false: a calendar is not open for years
};

static const struct zone *zone_of(struct explanation *it, uint32_t calendar)
{
    struct slice name = image_slice(&it->image, it->image.calendar[calendar].zone);
    const struct zone *own = name.len > 0 ? zoneinfo_load(name, &it->cli->zones) : NULL;
    return own != NULL ? own : it->zone;
}

static struct climbed climb(struct explanation *it, const struct image_rung *rung)
{
    struct climbed at = { .rung = rung, .open = true };
    uint32_t own = it->image.process[0].calendar;
    if (rung->unit == DURATION_WORK_MS || rung->unit == DURATION_WORK_DAY) {
        struct calendar calendar = calendar_of_image(&it->image, own);
        at.open = span_add_working(&calendar, zone_of(it, own), it->now_ms, (uint8_t)rung->unit,
                                   rung->amount, &at.plain_ms);
    } else {
        at.plain_ms = span_add(it->zone, it->now_ms, (uint8_t)rung->unit, rung->amount);
    }
    at.ms = at.plain_ms;
    if (at.open && rung->within != INDEX_NONE) {
        struct calendar calendar = calendar_of_image(&it->image, rung->within);
        at.open = span_to_opening(&calendar, zone_of(it, rung->within), &at.ms);
    }
    return at;
}

// --------------------------------------------------------------------------------- words

static struct slice calendar_name(const struct explanation *it, uint32_t calendar)
{
    return image_slice(&it->image, it->image.calendar[calendar].name);
}

static struct slice wait_text(struct explanation *it, const struct image_rung *rung)
{
    struct value wait = { .kind = VALUE_DURATION, .unit = (uint8_t)rung->unit,
                          .number = rung->amount };
    struct buf text;
    buf_init(&text, 400);
    value_print(&text, &wait);
    if (rung->within != INDEX_NONE) {
        buf_format(&text, " within %.*s hours", SLICE_PRINT(calendar_name(it, rung->within)));
    }
    struct slice copy = arena_copy(&it->cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

static int64_t wall_of(const struct zone *zone, uint64_t ms)
{
    static const int64_t day_ms = 24 * 3600 * 1000;
    int64_t local = span_to_local(zone, (int64_t)ms);
    return local - span_floor(local, day_ms) * day_ms;
}

static struct slice reason_of(struct explanation *it, const struct climbed *at)
{
    struct arena *arena = &it->cli->arena;
    const struct image_rung *rung = at->rung;
    uint32_t own = it->image.process[0].calendar;
    struct slice why = SLICE("exact time");
    if (rung->unit == DURATION_WORK_MS) {
        why = arena_format(arena, "open time of `%.*s`", SLICE_PRINT(calendar_name(it, own)));
    } else if (rung->unit == DURATION_WORK_DAY) {
        const struct zone *zone = zone_of(it, own);
        bool clipped = wall_of(zone, at->plain_ms) != wall_of(zone, it->now_ms);
        why = arena_format(arena, "working day %lld of `%.*s`, %s", (long long)rung->amount,
                           SLICE_PRINT(calendar_name(it, own)),
                           clipped ? "moved into its hours" : "the same time of day");
    } else if (rung->unit != DURATION_MS) {
        bool gap = wall_of(it->zone, at->plain_ms) != wall_of(it->zone, it->now_ms);
        why = gap ? SLICE("this time of day is left out that day: moved forward")
                  : SLICE("the same time of day");
    }
    if (at->ms != at->plain_ms) {
        struct buf shown;
        buf_init(&shown, 100);
        when_stamp(&shown, at->plain_ms, zone_of(it, rung->within));
        why = arena_format(arena, "%.*s; at %.*s `%.*s` is closed: its next opening",
                           SLICE_PRINT(why), SLICE_PRINT(slice_sub(buf_slice(&shown), 0, 16)),
                           SLICE_PRINT(calendar_name(it, rung->within)));
        buf_done(&shown);
    }
    return at->open ? why : SLICE("its calendar is not open for years");
}

static const char *effect_of(const struct image_rung *rung)
{
    static const char *const effects[] = { "", "remind", "notify", "reassign" };
    return effects[rung->effect];
}

// --------------------------------------------------------------------------------- telling

static struct slice day_and_time(struct explanation *it, uint64_t ms)
{
    struct buf text;
    buf_init(&text, 100);
    when_moment(&text, ms, 0, it->zone); // counted from 1970, no day is near enough to be "today"
    struct slice copy = arena_copy(&it->cli->arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

static void tell(struct explanation *it, uint32_t number, const struct climbed *at)
{
    struct slice wait = wait_text(it, at->rung);
    struct slice moment = day_and_time(it, at->ms);
    struct slice why = reason_of(it, at);
    if (it->rungs != NULL) {
        (void)json_array_append_new(
            it->rungs, json_pack("{s:i, s:s#, s:I, s:s#, s:s#, s:s}", "rung", (int)number, "wait",
                                 wait.ptr, (int)wait.len, "at", (json_int_t)at->ms, "local",
                                 moment.ptr, (int)moment.len, "why", why.ptr, (int)why.len,
                                 "effect", effect_of(at->rung)));
        return;
    }
    struct buf *out = &it->cli->out;
    buf_format(out, "%3u  %.*s", number, SLICE_PRINT(wait));
    term_pad(out, wait.len < WAIT_CELLS ? (unsigned)(WAIT_CELLS - wait.len) : 1);
    buf_put_slice(out, moment);
    term_pad(out, moment.len < MOMENT_CELLS ? (unsigned)(MOMENT_CELLS - moment.len) : 1);
    buf_put_slice(out, why);
    if (at->rung->effect != RUNG_PLAIN) {
        buf_format(out, " (%s)", effect_of(at->rung));
    }
    buf_put_char(out, '\n');
}

static int explain(struct explanation *it)
{
    const struct image_ladder *ladder = &it->image.ladder[it->ladder];
    struct cli *cli = it->cli;
    struct slice name = image_slice(&it->image, ladder->name);
    struct slice process = image_slice(&it->image, it->image.process[0].name);
    it->rungs = cli_json_wanted(cli) ? json_array() : NULL;
    if (it->rungs == NULL) {
        buf_format(&cli->out, "ladder %.*s of process %.*s, from %.*s (%.*s)\n", SLICE_PRINT(name),
                   SLICE_PRINT(process), SLICE_PRINT(day_and_time(it, it->now_ms)),
                   SLICE_PRINT(it->zone_name));
    }
    for (uint32_t i = 0; i < ladder->rungs.count; i++) {
        struct climbed at = climb(it, &it->image.rung[ladder->rungs.first + i]);
        tell(it, i + 1, &at);
        if (!at.open) {
            break;
        }
        it->now_ms = at.ms;
    }
    if (it->rungs != NULL) {
        cli_print_json(cli, json_pack("{s:s#, s:s#, s:o}", "ladder", name.ptr, (int)name.len,
                                      "process", process.ptr, (int)process.len, "rungs",
                                      it->rungs));
    }
    return CLI_DONE;
}

// --------------------------------------------------------------------------------- finding it

static bool find_ladder(struct explanation *it, struct slice name)
{
    for (uint32_t i = 0; i < it->image.ladder_count; i++) {
        if (slice_equal(image_slice(&it->image, it->image.ladder[i].name), name)) {
            it->ladder = i;
            return true;
        }
    }
    return false;
}

// Each name once, in the order of the processes.
static void list_ladders(const struct compile_result *set, struct buf *out)
{
    for (uint32_t i = 0; i < set->program_count; i++) {
        struct image image;
        enum err err = image_open(set->programs[i].image, &image);
        CHECK(err == OK);
        for (uint32_t n = 0; n < image.ladder_count; n++) {
            struct slice name = image_slice(&image, image.ladder[n].name);
            struct slice rest = buf_slice(out);
            bool said = false;
            while (!said && rest.len > 0) {
                const char *comma = memchr(rest.ptr, ',', rest.len);
                size_t len = comma != NULL ? (size_t)(comma - rest.ptr) : rest.len;
                said = slice_equal(slice_sub(rest, 0, len), name);
                rest = slice_sub(rest, comma != NULL ? len + 2 : len, rest.len);
            }
            if (!said) {
                buf_format(out, "%s%.*s", out->len > 0 ? ", " : "", SLICE_PRINT(name));
            }
        }
    }
}

static int explain_in(struct explanation *it, const struct compile_result *set, struct slice name)
{
    const char *wanted = cli_option(it->cli, OPTION_PROCESS);
    for (uint32_t i = 0; i < set->program_count; i++) {
        if (wanted != NULL && !slice_equal(set->programs[i].process, slice_from_cstr(wanted))) {
            continue;
        }
        enum err err = image_open(set->programs[i].image, &it->image);
        CHECK(err == OK); // promised by the compiler
        if (find_ladder(it, name)) {
            return explain(it);
        }
    }
    struct buf known;
    buf_init(&known, 1000);
    list_ladders(set, &known);
    int status = cli_problem(it->cli, CLI_BAD_INPUT, "unknown_ladder",
                             "no process of these files uses a ladder named `%.*s`%s%.*s",
                             SLICE_PRINT(name), known.len > 0 ? "; they use: " : "",
                             SLICE_PRINT(buf_slice(&known)));
    buf_done(&known);
    return status;
}

int explain_ladder(struct cli *cli)
{
    struct cli_files files;
    struct slice name = cli_word(cli, 1);
    if (cli->args.word_count < 2) {
        return cli_problem(cli, CLI_USAGE, "usage",
                           "say which ladder: rung explain ladder silent lead.rung");
    }
    const char *zone = cli_option(cli, OPTION_ZONE);
    zone = zone != NULL ? zone : env_get("RUNG_ZONE");
    struct explanation it = { .cli = cli, .now_ms = env_now_ms(),
                              .zone_name = zone != NULL ? slice_from_cstr(zone) : SLICE("UTC") };
    it.zone = zoneinfo_load(it.zone_name, &cli->zones);
    const char *from = cli_option(cli, OPTION_SINCE);
    if (it.zone == NULL || (from != NULL && !when_parse(slice_from_cstr(from), it.now_ms, it.zone,
                                                        &it.now_ms))) {
        return cli_problem(cli, CLI_USAGE, "usage", "`%s` is not %s",
                           it.zone == NULL ? zone : from,
                           it.zone == NULL ? "a time zone" : "a moment");
    }
    // Without files those that stand here.
    int status = cli->args.word_count > 2 ? cli_read_programs(cli, 2, &files)
                                          : cli_read_folder(cli, ".", &files);
    if (status != CLI_DONE) {
        return status;
    }
    if (files.count == 0) {
        return cli_problem(cli, CLI_USAGE, "file",
                           "there is no *.rung file here: rung explain ladder %.*s processes/",
                           SLICE_PRINT(name));
    }
    struct compile_result set;
    program_compile(cli, &files, &set);
    if (compile_is_good(&set)) {
        status = explain_in(&it, &set, name);
    } else {
        program_tell(cli, &set.diags);
        status = CLI_BAD_INPUT;
    }
    compile_done(&set);
    return status;
}
