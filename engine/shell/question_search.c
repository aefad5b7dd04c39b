// Questions to the search index: cases by words, and those that may be one client's.
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/search/doc.h"
#include "engine/shell/question_internal.h"
#include "engine/shell/reply.h"

enum { SEARCH_LIMIT = 20, PAIRS_LIMIT = 100, ALIKE_MIN = 2 };

static bool have_finder(struct question *q)
{
    if (q->shell->finder == NULL) {
        return question_refuse(q, REFUSAL_NO_INDEX,
                               SLICE("this engine keeps no index of its cases"), SLICE("search"));
    }
    return true;
}

// --- one case in an answer -----------------------------------------------------------------------

// Nine pairs.
static void write_case(const struct card_env *env, const struct instance *instance,
                       const struct view_program *program)
{
    const struct image *image = &program->image;
    reply_uint(env->buf, "instance", instance->head.id);
    reply_text(env->buf, "process", image_slice(image, image->process[0].name));
    reply_text(env->buf, "title", card_title(env, program, instance));
    card_place(env, program, instance);
    reply_moment(env->buf, "moved", instance->head.moved_ms);
    const struct open_task *task = instance_main_task(instance, 0);
    card_user(env, "holder", task != NULL ? task->holder : 0);
}

// --- search --------------------------------------------------------------------------------------

struct searching {
    struct question *q;
    struct reply_count cases;
};

static bool offers(void *context, const struct instance *instance,
                   const struct view_program *program, uint32_t action)
{
    const struct searching *searching = context;
    uint32_t entry;
    return card_offers(&searching->q->env, program, instance, action, &entry);
}

static void take_hit(void *context, const struct find_hit *hit)
{
    struct searching *searching = context;
    const struct card_env *env = &searching->q->env;
    const struct image *image = &hit->program->image;
    pack_map(env->buf, 11);
    write_case(env, hit->instance, hit->program);
    reply_bool(env->buf, "exact", hit->exact);
    reply_key(env->buf, "actions");
    pack_array(env->buf, hit->action_count);
    for (uint32_t i = 0; i < hit->action_count; i++) {
        const struct image_action *action = &image->action[hit->actions[i]];
        uint32_t entry = 0;
        (void)card_offers(env, hit->program, hit->instance, hit->actions[i], &entry);
        pack_map(env->buf, 3);
        reply_text(env->buf, "action", image_slice(image, action->name));
        reply_text(env->buf, "label",
                   image_label(image, action->label.len > 0 ? action->label : action->name,
                               env->lang));
        reply_uint(env->buf, "entry", entry);
    }
    searching->cases.count++;
}

static bool read_state(struct question *q, struct find_options *options)
{
    options->open = options->ended = true;
    if (!call_has(q->call, PARAM_STATE)) {
        return true;
    }
    struct slice state = q->call->arg[PARAM_STATE].bytes;
    options->open = slice_equal(state, SLICE("open"));
    options->ended = slice_equal(state, SLICE("ended"));
    return options->open || options->ended ||
           question_refuse(q, REFUSAL_BAD_REQUEST, SLICE("`state` is `open` or `ended`"),
                           SLICE("state"));
}

static bool read_who_and_what(struct question *q, struct find_options *options)
{
    question_begin(q);
    bool known = question_user(q, PARAM_AS, &q->env.user);
    if (known && call_has(q->call, PARAM_PROCESS)) {
        struct slice name = q->call->arg[PARAM_PROCESS].bytes;
        options->process = view_process_number(q->env.view, name);
        known = options->process != 0 ||
                question_refuse(q, REFUSAL_UNKNOWN_PROCESS,
                                arena_format(q->env.arena, "there is no process named `%.*s`",
                                             SLICE_PRINT(name)),
                                name);
    }
    question_end(q);
    options->user = q->env.user;
    return known && read_state(q, options);
}

bool question_search(struct question *q)
{
    uint64_t limit = question_number(q->call, PARAM_LIMIT, SEARCH_LIMIT);
    struct searching searching = { .q = q };
    struct find_options options = {
        .words = call_has(q->call, PARAM_WORDS) ? q->call->arg[PARAM_WORDS].bytes : SLICE_EMPTY,
        .limit = limit == 0 ? 1 : limit < FIND_LIMIT_MAX ? (uint32_t)limit : FIND_LIMIT_MAX,
        .arena = q->env.arena,
        .view = q->shell->view,
        .offers = offers,
        .take = take_hit,
        .context = &searching,
    };
    if (call_has(q->call, PARAM_QUIET)) { // so long before now, or before there was any time
        uint64_t for_ms = q->call->arg[PARAM_QUIET].number;
        options.quiet_ms = for_ms < q->env.now_ms ? q->env.now_ms - for_ms : 1;
    }
    if (!have_finder(q) || !read_who_and_what(q, &options)) {
        return false;
    }
    struct find_result result;
    pack_map(q->env.buf, 4);
    reply_key(q->env.buf, "cases");
    searching.cases = reply_open_array(q->env.buf);
    enum err err = finder_run(q->shell->finder, &options, &result);
    reply_close(q->env.buf, searching.cases);
    if (err != OK) {
        return question_refuse(q, err == ERR_BAD_INPUT ? REFUSAL_LIMIT : REFUSAL_NO_INDEX,
                               err == ERR_BAD_INPUT
                                   ? SLICE("a search has at most SEARCH_WORDS_MAX = 8 words")
                                   : SLICE("the index of the cases cannot be read"),
                               SLICE("words"));
    }
    uint64_t seq = store_head(q->shell->options.store)->seq;
    reply_bool(q->env.buf, "more", result.more);
    reply_uint(q->env.buf, "seq", result.seq);
    reply_uint(q->env.buf, "behind", seq > result.seq ? seq - result.seq : 0);
    return true;
}

// --- duplicates ----------------------------------------------------------------------------------

struct pairing {
    struct question *q;
    struct reply_count groups;
    uint64_t limit;
};

// An open case that the asker may see, of the process of the first one.
static const struct instance *see_case(const struct card_env *env, uint64_t id, uint32_t process,
                                       const struct view_program **ret_program)
{
    const struct instance *instance = view_peek(env->view, id);
    *ret_program =
        instance != NULL ? view_program(env->view, instance->head.program) : NULL;
    bool seen = *ret_program != NULL && instance->head.status == INSTANCE_OPEN &&
                (process == 0 || instance->head.process == process) &&
                (env->user == 0 || rights_see(env->view, instance, *ret_program, env->user));
    return seen ? instance : NULL;
}

static void write_group(struct pairing *pairing, const struct find_pair *pair, uint32_t process,
                        const uint64_t *cases, uint32_t count)
{
    const struct card_env *env = &pairing->q->env;
    const struct token *token = pair->token;
    bool linked = token->kind == TOKEN_TWIN;
    pack_map(env->buf, 3);
    reply_text(env->buf, "by",
               linked                        ? SLICE("linked")
               : token->kind == TOKEN_DIGITS ? SLICE("phone")
                                             : SLICE("email"));
    reply_text(env->buf, "value",
               linked ? SLICE_EMPTY
               : token->kind == TOKEN_DIGITS
                   ? arena_format(env->arena, "+%.*s", SLICE_PRINT(token->text))
                   : token->text);
    reply_key(env->buf, "cases");
    struct reply_count list = reply_open_array(env->buf);
    for (uint32_t i = 0; i < count; i++) {
        const struct view_program *program;
        const struct instance *instance = see_case(env, cases[i], process, &program);
        if (instance != NULL) {
            pack_map(env->buf, 9);
            write_case(env, instance, program);
            list.count++;
        }
    }
    reply_close(env->buf, list);
    pairing->groups.count++;
}

// Cases of one process stand together; one of another process is no duplicate.
static void take_cases(struct pairing *pairing, const struct find_pair *pair)
{
    const struct card_env *env = &pairing->q->env;
    uint64_t cases[FIND_TWINS_MAX + 1];
    uint32_t processes[FIND_TWINS_MAX + 1] = { 0 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < pair->count; i++) {
        const struct view_program *program;
        const struct instance *instance = see_case(env, pair->cases[i], 0, &program);
        if (instance != NULL) {
            cases[count] = pair->cases[i];
            processes[count++] = instance->head.process;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t own[FIND_TWINS_MAX + 1];
        uint32_t alike = 0;
        bool first = true;
        for (uint32_t k = 0; k < count; k++) {
            first = first && (k >= i || processes[k] != processes[i]);
            if (processes[k] == processes[i]) {
                own[alike++] = cases[k];
            }
        }
        if (first && alike >= ALIKE_MIN) {
            write_group(pairing, pair, processes[i], own, alike);
        }
    }
}

static bool take_pair(void *context, const struct find_pair *pair)
{
    struct pairing *pairing = context;
    struct question *q = pairing->q;
    uint32_t role = pair->token->role;
    question_begin(q);
    if (role == 0 || q->env.user == 0 || view_holds(q->env.view, q->env.user, role)) {
        take_cases(pairing, pair);
    }
    question_end(q);
    return pairing->groups.count < pairing->limit;
}

static struct slice hex_of(struct arena *arena, struct slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *to = arena_alloc_raw(arena, 2 * bytes.len + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        to[2 * i] = digits[(unsigned char)bytes.ptr[i] >> 4];
        to[2 * i + 1] = digits[(unsigned char)bytes.ptr[i] & 15];
    }
    return slice_make(to, 2 * bytes.len);
}

static bool from_hex(struct arena *arena, struct slice text, struct slice *ret_bytes)
{
    char *to = arena_alloc(arena, text.len / 2 + 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0 || text.len % 2 != 0) {
            return false;
        }
        to[i / 2] = (char)(unsigned char)((unsigned char)to[i / 2] << 4 | digit);
    }
    *ret_bytes = slice_make(to, text.len / 2);
    return true;
}

bool question_duplicates(struct question *q)
{
    uint64_t limit = question_number(q->call, PARAM_LIMIT, PAIRS_LIMIT);
    struct pairing pairing = { .q = q, .limit = limit < PAIRS_LIMIT ? limit : PAIRS_LIMIT };
    struct slice from = SLICE_EMPTY;
    struct slice next = SLICE_EMPTY;
    if (!have_finder(q)) {
        return false;
    }
    if (call_has(q->call, PARAM_AFTER) &&
        !from_hex(q->env.arena, q->call->arg[PARAM_AFTER].bytes, &from)) {
        return question_refuse(q, REFUSAL_BAD_REQUEST,
                               SLICE("`after` is what an answer gave as `next`"), SLICE("after"));
    }
    question_begin(q);
    bool known = question_user(q, PARAM_AS, &q->env.user);
    question_end(q);
    if (!known) {
        return false;
    }
    pack_map(q->env.buf, 2);
    reply_key(q->env.buf, "groups");
    pairing.groups = reply_open_array(q->env.buf);
    if (finder_pairs(q->shell->finder, from, q->env.arena, take_pair, &pairing, &next) != OK) {
        return question_refuse(q, REFUSAL_NO_INDEX,
                               SLICE("the index of the cases cannot be read"), SLICE_EMPTY);
    }
    reply_close(q->env.buf, pairing.groups);
    reply_key(q->env.buf, "next");
    if (next.len > 0) {
        pack_str(q->env.buf, hex_of(q->env.arena, next));
    } else {
        pack_nil(q->env.buf);
    }
    return true;
}
