// The outside world of a test: messages as somebody sends them, calls as they turn out.
#include "engine/play/play_internal.h"

static uint64_t number_of(struct slice map, struct slice name)
{
    struct slice raw = pack_map_find(map, name);
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 ? unpack_uint(&unpack) : 0;
}

// A message that changes nothing counts as refused: its sender is told, and so is the test.
static struct slice unheard(struct slice result)
{
    struct slice raw = pack_map_find(result, SLICE("message"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    struct slice word = raw.len > 0 ? unpack_str(&unpack) : SLICE_EMPTY;
    if (slice_equal(word, SLICE("not_awaited"))) {
        return SLICE("not awaited now");
    }
    return slice_equal(word, SLICE("ended")) ? SLICE("ended") : SLICE_EMPTY;
}

void play_message(struct play *play, const struct test_play *line)
{
    bool *chosen = ARENA_ARRAY(play->arena, bool, line->with_count + 1);
    bool is_named = line->case_index != INDEX_NONE && !line->names_case;
    play->case_index = line->case_index != INDEX_NONE ? line->case_index : play->case_index;
    struct command command = {
        .kind = COMMAND_MESSAGE, .connector = line->connector, .name = line->action,
        .instance = is_named ? play->instances[line->case_index] : 0,
        .form = play_pack_form(play, line, chosen, false),
    };
    struct core_answer answer = play_command(play, &command);
    struct slice why = answer.refusal.code == REFUSAL_NONE ? unheard(answer.result) : SLICE_EMPTY;
    if (why.len > 0) {
        answer.refusal = (struct refusal){ REFUSAL_NOT_OFFERED, why, SLICE_EMPTY };
    }
    if (play_judge(play, line, &answer) && line->names_case) {
        play->instances[line->case_index] = number_of(answer.result, SLICE("instance"));
    }
}

struct call_search {
    const struct test_play *line;
    uint64_t instance;
    struct view_call_row found;
};

static bool is_call(void *context, const struct view_call_row *row)
{
    struct call_search *search = context;
    bool same = row->instance == search->instance && row->due < CALL_DUE_BEHIND &&
                slice_equal(row->connector, search->line->connector) &&
                slice_equal(row->name, search->line->action);
    if (same && search->found.call == 0) {
        search->found = *row;
    }
    return true;
}

// The oldest call of that name on its way is told how it went; failed is failed for good.
void play_call(struct play *play, const struct test_play *line)
{
    play->case_index = line->case_index;
    struct call_search search = { .line = line,
                                  .instance = line->case_index != INDEX_NONE
                                                  ? play->instances[line->case_index]
                                                  : 0 };
    view_calls(play->view, 0, is_call, &search);
    if (search.found.call == 0) {
        play_fail_line(play, line, SLICE("such a call on its way"),
                       arena_format(play->arena, "there is none: %.*s",
                                    SLICE_PRINT(play_where(play, line->case_index))));
        return;
    }
    struct command command = {
        .kind = COMMAND_CALL_RESULT, .instance = search.instance, .child = search.found.call,
        .entry = search.found.attempts + 1,
        .outcome = line->refused ? CALL_RESULT_REFUSED : CALL_RESULT_DONE,
        .text = line->refused ? SLICE("failed in a test") : SLICE_EMPTY,
    };
    struct core_answer answer = play_command(play, &command);
    if (answer.refusal.code != REFUSAL_NONE) {
        play_fail_line(play, line, SLICE("the call to be told"), answer.refusal.message);
    }
}
