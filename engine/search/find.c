#include "engine/search/find.h"

#include "base/check.h"
#include "base/mem.h"
#include "engine/decide/rights.h"
#include "engine/search/find_internal.h"

enum {
    TERMS_OF_WORD_MAX = 32,    // that begin with a word of the question; more: by their head
    TERMS_OF_DIGITS_MAX = 300, // phones that end with the digits
    ROLES_SHOWN_MAX = 64,      // roles that some field is shown to
    PEOPLE_MAX = 2000,         // a larger directory is not looked through for who stands under whom
    UNDER_MAX = 300,
    PROGRAMS_LOOKED_AT = 256,
    ACTIONS_MAX = 16,
    DAY_MS = 24 * 3600 * 1000
};

enum err finder_open(struct index *index, struct finder **ret_finder)
{
    struct finder *finder = mem_zalloc(sizeof(*finder));
    enum err err = index_reader_open(index, &finder->reader);
    if (err != OK) {
        mem_free(finder);
        return err;
    }
    finder->stemmer = stemmer_open();
    vocab_init(&finder->vocab);
    *ret_finder = finder;
    return OK;
}

void finder_close(struct finder *finder)
{
    if (finder != NULL) {
        index_reader_close(finder->reader);
        stemmer_close(finder->stemmer);
        vocab_done(&finder->vocab);
        mem_free(finder);
    }
}

struct finding {
    struct finder *finder;
    const struct find_options *options;
    struct find_result *result;
    struct find_word word[FIND_WORDS_MAX];
    uint32_t word_count;
    uint32_t role[ROLES_SHOWN_MAX + 1]; // whose fields the asker is shown; 0: everybody's
    uint32_t role_count;
    bool in_view;        // `people` holds who must have a part in what is found
    struct slice people[UNDER_MAX];
    uint32_t people_count;
    struct walk_budget budget;
    uint32_t looked;
    bool ended, whole;   // of the pass
};

// --- who may see what ----------------------------------------------------------------------------

// Roles that some field of some case is shown to, of those the asker holds.
static void find_roles(struct finding *finding)
{
    static const uint8_t kinds[] = { TOKEN_WORD, TOKEN_DIGITS };
    finding->role[0] = 0;
    finding->role_count = 1;
    for (uint32_t i = 0; i < 2 * ARRAY_COUNT(kinds); i++) {
        uint32_t role = 1;
        struct slice term;
        char from[INDEX_TERM_BYTES_MAX];
        size_t len = term_begin(i % 2 != 0, kinds[i / 2], role, SLICE_EMPTY, from);
        while (index_reader_term(finding->finder->reader, slice_make(from, len),
                                 slice_make(from, 2), &term)) {
            struct token token;
            bool known = !term_split(term, &token);
            for (uint32_t r = 1; r < finding->role_count; r++) {
                known = known || finding->role[r] == token.role;
            }
            uint32_t user = finding->options->user;
            if (!known && finding->role_count <= ROLES_SHOWN_MAX &&
                (user == 0 || view_holds(finding->options->view, user, token.role))) {
                finding->role[finding->role_count++] = token.role;
            }
            if (token.role == UINT32_MAX) {
                break;
            }
            len = term_begin(i % 2 != 0, kinds[i / 2], token.role + 1, SLICE_EMPTY, from);
        }
    }
}

static bool add_person(struct finding *finding, enum token_kind kind, uint32_t number)
{
    char bytes[1 + 4] = { (char)kind };
    for (uint32_t i = 0; i < 4; i++) {
        bytes[1 + i] = (char)(unsigned char)(number >> (24 - 8 * i));
    }
    struct slice one = slice_make(bytes, sizeof(bytes));
    for (uint32_t i = 0; i < finding->people_count; i++) {
        if (slice_equal(finding->people[i], one)) {
            return true;
        }
    }
    if (finding->people_count == UNDER_MAX) {
        return false;
    }
    finding->people[finding->people_count++] = arena_copy(finding->options->arena, one);
    return true;
}

static bool is_under(const struct view *view, uint32_t user, uint32_t whom)
{
    const struct view_user *at = view_user(view, whom);
    for (int level = 0; level < SUPERIOR_LEVELS_MAX && at != NULL && at->superior != 0; level++) {
        if (at->superior == user) {
            return true;
        }
        at = view_user(view, at->superior);
    }
    return false;
}

// The asker, whoever he stands above or in for, and what is offered to their roles.
static bool add_those_under(struct finding *finding)
{
    const struct view *view = finding->options->view;
    uint32_t user = finding->options->user;
    uint32_t count = view_user_count(view);
    if (count > PEOPLE_MAX) {
        return false;
    }
    for (uint32_t id = 1; id <= count; id++) {
        const struct view_user *person = view_user(view, id);
        if (person == NULL || (id != user && !is_under(view, user, id) &&
                               view_stand_in(view, id) != user)) {
            continue;
        }
        bool room = add_person(finding, TOKEN_USER, id);
        for (uint32_t i = 0; i < person->role_count; i++) {
            room = add_person(finding, TOKEN_OFFER, person->roles[i]) && room;
        }
        if (!room) {
            return false;
        }
    }
    return true;
}

// Roles that stand under one of the asker's. False: he sees all cases of some process, or too many
// are under him to be listed.
static bool add_roles_under(struct finding *finding)
{
    const struct view *view = finding->options->view;
    uint32_t user = finding->options->user;
    uint32_t programs = view_counters(view)->next_program;
    if (programs > PROGRAMS_LOOKED_AT) {
        return false;
    }
    for (uint32_t id = 1; id < programs; id++) {
        const struct view_program *program = view_program(view, id);
        for (uint32_t i = 0; program != NULL && i < program->image.role_count; i++) {
            if (program->image.role[i].sees_all != 0 &&
                view_holds(view, user, program->roles[i])) {
                return false;
            }
            if (rights_superior(view, program, user, program->roles[i], 0) &&
                !add_person(finding, TOKEN_ROLE, program->roles[i])) {
                return false;
            }
        }
    }
    return true;
}

// --- alternatives of a word ----------------------------------------------------------------------

static void add_term(struct finding *finding, struct arm *arm, uint8_t kind, uint32_t role,
                     struct slice text)
{
    char key[INDEX_TERM_BYTES_MAX];
    size_t len = term_key(finding->ended, kind, role, text, key);
    arm_add(arm, finding->options->arena, slice_make(key, len));
}

// Every term that begins so. False: there are more than `most`; then none is added.
static bool add_beginning(struct finding *finding, struct arm *arm, const struct token *begin,
                          uint32_t most)
{
    char with[INDEX_TERM_BYTES_MAX];
    char from[INDEX_TERM_BYTES_MAX];
    size_t len = term_begin(finding->ended, begin->kind, begin->role, begin->text, with);
    size_t from_len = len;
    uint32_t before = arm->count;
    struct slice term;
    memcpy(from, with, len);
    while (index_reader_term(finding->finder->reader, slice_make(from, from_len),
                             slice_make(with, len), &term)) {
        if (arm->count - before == most || finding->budget.steps == 0) {
            arm->count = before;
            return false;
        }
        finding->budget.steps--;
        arm_add(arm, finding->options->arena, term);
        from_len = term.len;
        memcpy(from, term.ptr, term.len);
        from[from_len - 1] = 1; // behind all its buckets
    }
    return true;
}

static void add_digits(struct finding *finding, struct arm *arm, uint32_t role,
                       const struct find_word *word)
{
    for (uint32_t i = 0; i < word->end_count; i++) {
        char reversed[TERM_DIGITS_MAX];
        digits_reversed(word->ends[i], reversed);
        struct token begin = { TOKEN_DIGITS, role,
                               slice_make(reversed, word->ends[i].len) };
        if (!add_beginning(finding, arm, &begin, TERMS_OF_DIGITS_MAX)) {
            finding->result->more = true;
        }
    }
}

static void add_begun(struct finding *finding, struct arm *arm, uint32_t role, struct slice begin)
{
    struct slice head = words_head(begin, TERM_HEAD_MAX);
    struct token token = { TOKEN_WORD, role, begin };
    if (head.len == begin.len ||
        !add_beginning(finding, arm, &token, TERMS_OF_WORD_MAX)) {
        add_term(finding, arm, TERM_HEAD, role, head);
    }
    if (head.len == begin.len) { // a word that ends there has no such head
        add_term(finding, arm, TOKEN_WORD, role, begin);
    }
}

static void add_pair(struct finding *finding, struct arm *arm, enum token_kind kind, uint32_t a,
                     uint32_t b)
{
    struct doc *doc = &finding->finder->doc;
    doc->count = 0;
    doc_add_number(doc, finding->options->arena, kind, a, b);
    add_term(finding, arm, (uint8_t)kind, 0, doc->token[0].text);
}

static void add_vocab(struct finding *finding, struct arm *arm, const struct find_word *word)
{
    const struct vocab *vocab = &finding->finder->vocab;
    for (uint32_t i = 0; i < vocab->count; i++) {
        const struct vocab_entry *entry = &vocab->entries[i];
        enum vocab_match match = vocab_matches(entry, word->word, word->stem);
        if (match == VOCAB_NONE || (finding->whole && match != VOCAB_EXACT)) {
            continue;
        }
        if (entry->kind == VOCAB_PROCESS) {
            add_pair(finding, arm, TOKEN_PROCESS, entry->number, 0);
        } else if (entry->kind == VOCAB_END && finding->ended) {
            add_pair(finding, arm, TOKEN_END, entry->program, entry->number);
        } else if (entry->kind == VOCAB_STAGE && !finding->ended) {
            add_pair(finding, arm, TOKEN_STAGE, entry->program, entry->number);
        } else if (entry->kind == VOCAB_ACTION && !finding->ended) {
            add_pair(finding, arm, TOKEN_STAGE, entry->program, entry->stage);
        }
    }
}

static void fill_arm(struct finding *finding, struct arm *arm, const struct find_word *word)
{
    for (uint32_t i = 0; i < finding->role_count; i++) {
        uint32_t role = finding->role[i];
        add_term(finding, arm, TOKEN_WORD, role, word->word);
        if (word->stem.len > 0) {
            add_term(finding, arm, TERM_STEM, role, word->stem);
            add_term(finding, arm, TOKEN_WORD, role, word->stem);
        }
        add_digits(finding, arm, role, word);
        for (uint32_t b = 0; b < word->begin_count && !finding->whole; b++) {
            add_begun(finding, arm, role, word->begins[b]);
        }
    }
    add_vocab(finding, arm, word);
    if (word->id != 0) {
        arm_add_case(arm, finding->options->arena, word->id);
    }
}

// --- one case as it stands -----------------------------------------------------------------------

struct look {
    struct finding *finding;
    const struct instance *instance;
    const struct view_program *program;
    uint32_t actions[ACTIONS_MAX];
    uint32_t action_count;
};

static enum vocab_match match_digits(struct slice digits, const struct find_word *word)
{
    for (uint32_t i = 0; i < word->end_count; i++) {
        struct slice end = word->ends[i];
        if (end.len <= digits.len &&
            memcmp(digits.ptr + digits.len - end.len, end.ptr, end.len) == 0) {
            return VOCAB_EXACT;
        }
    }
    return VOCAB_NONE;
}

static enum vocab_match match_begins(struct slice text, const struct find_word *word)
{
    for (uint32_t i = 0; i < word->begin_count; i++) {
        if (slice_starts(text, word->begins[i])) {
            return VOCAB_BEGINS;
        }
    }
    return VOCAB_NONE;
}

static enum vocab_match match_token(struct finding *finding, const struct token *token,
                                    const struct find_word *word)
{
    if (token->kind == TOKEN_DIGITS) {
        enum vocab_match match = match_digits(token->text, word);
        struct slice national = digits_national(token->text);
        return match != VOCAB_NONE                       ? match
               : slice_equal(national, word->word) ? VOCAB_EXACT : match_begins(national, word);
    }
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_SAID) {
        return VOCAB_NONE;
    }
    // A stem begins as its word does: most tokens need no look at theirs.
    bool near = slice_starts(token->text, words_head(word->word, 1));
    if (slice_equal(token->text, word->word) ||
        (near && slice_equal(stemmer_stem(finding->finder->stemmer, token->text), word->stem))) {
        return VOCAB_EXACT;
    }
    return match_begins(token->text, word);
}

static enum vocab_match match_doc(struct finding *finding, const struct find_word *word)
{
    const struct doc *doc = &finding->finder->doc;
    const struct find_options *options = finding->options;
    enum vocab_match best = VOCAB_NONE;
    for (uint32_t i = 0; i < doc->count && best != VOCAB_EXACT; i++) {
        const struct token *token = &doc->token[i];
        if (token->role == 0 || options->user == 0 ||
            view_holds(options->view, options->user, token->role)) {
            enum vocab_match match = match_token(finding, token, word);
            best = match > best ? match : best;
        }
    }
    return best;
}

static bool keep_action(struct look *look, uint32_t action)
{
    for (uint32_t i = 0; i < look->action_count; i++) {
        if (look->actions[i] == action) {
            return true;
        }
    }
    const struct find_options *options = look->finding->options;
    if (look->action_count == ACTIONS_MAX || options->offers == NULL ||
        !options->offers(options->context, look->instance, look->program, action)) {
        return false;
    }
    look->actions[look->action_count++] = action;
    return true;
}

// Does the case stand where the entry says, or offer its button?
static bool holds(struct look *look, const struct vocab_entry *entry)
{
    const struct instance *instance = look->instance;
    bool open = instance->head.status == INSTANCE_OPEN;
    switch ((enum vocab_kind)entry->kind) {
    case VOCAB_PROCESS: return entry->number == instance->head.process;
    case VOCAB_STAGE:
        return open && entry->program == instance->head.program &&
               instance_active(instance, entry->number) != NULL;
    case VOCAB_END:
        return !open && entry->program == instance->head.program &&
               instance->head.end == entry->number;
    case VOCAB_ACTION:
        return open && entry->program == instance->head.program &&
               instance_active(instance, entry->stage) != NULL && keep_action(look, entry->number);
    }
    return false;
}

static enum vocab_match match_vocab(struct look *look, const struct find_word *word)
{
    const struct vocab *vocab = &look->finding->finder->vocab;
    enum vocab_match best = VOCAB_NONE;
    for (uint32_t i = 0; i < vocab->count; i++) {
        enum vocab_match match = vocab_matches(&vocab->entries[i], word->word, word->stem);
        if (match != VOCAB_NONE && holds(look, &vocab->entries[i])) {
            best = match > best ? match : best;
        }
    }
    return best;
}

// Everything but its words: cheap, and most that is not wanted fails here.
static bool is_wanted(const struct look *look)
{
    const struct finding *finding = look->finding;
    const struct find_options *options = finding->options;
    const struct instance_head *head = &look->instance->head;
    return (head->status == INSTANCE_ENDED) == finding->ended &&
           (options->process == 0 || head->process == options->process) &&
           (options->quiet_ms == 0 || head->moved_ms <= options->quiet_ms) &&
           (options->user == 0 ||
            rights_see(options->view, look->instance, look->program, options->user));
}

// Does it have every word? Sets whether each stands there whole.
static bool fits(struct look *look, bool *ret_exact)
{
    struct finding *finding = look->finding;
    const struct instance_head *head = &look->instance->head;
    *ret_exact = true;
    for (uint32_t i = 0; i < finding->word_count; i++) {
        enum vocab_match match = match_doc(finding, &finding->word[i]);
        enum vocab_match other = match_vocab(look, &finding->word[i]);
        match = other > match ? other : match;
        match = finding->word[i].id == head->id ? VOCAB_EXACT : match;
        if (match == VOCAB_NONE) {
            return false;
        }
        *ret_exact = *ret_exact && match == VOCAB_EXACT;
    }
    return true;
}

// False: enough was found.
static bool look_at(struct finding *finding, uint64_t id)
{
    const struct find_options *options = finding->options;
    if (finding->looked++ == FIND_CASES_MAX) {
        finding->result->more = true;
        return false;
    }
    struct arena_mark mark = arena_mark(options->arena);
    view_begin(options->view);
    struct look look = { .finding = finding, .instance = view_peek(options->view, id) };
    look.program =
        look.instance != NULL ? view_program(options->view, look.instance->head.program) : NULL;
    bool exact = false;
    bool found = look.program != NULL && is_wanted(&look) &&
                 doc_decode(index_reader_doc(finding->finder->reader, id),
                            &finding->finder->doc) &&
                 fits(&look, &exact) && exact == finding->whole;
    bool full = found && finding->result->count == options->limit;
    if (full) {
        finding->result->more = true;
    } else if (found) {
        finding->result->count++;
        struct find_hit hit = { look.instance, look.program, exact, look.actions,
                                look.action_count };
        options->take(options->context, &hit);
    }
    view_end(options->view);
    if (!found) {
        arena_rewind(options->arena, mark); // what was taken may stand in it
    }
    return !full;
}

// --- passes --------------------------------------------------------------------------------------

enum { ARMS_MAX = FIND_WORDS_MAX + 3 };

// False: enough.
static bool walk(struct finding *finding, struct arm *const *arms, uint32_t count)
{
    uint64_t bits[INDEX_WORDS];
    uint32_t at = 0;
    while (arms_next(finding->finder->reader, arms, count, &finding->budget, &at, bits)) {
        for (uint32_t w = INDEX_WORDS; w > 0; w--) {
            for (uint32_t bit = 64; bit > 0 && bits[w - 1] != 0; bit--) {
                if ((bits[w - 1] >> (bit - 1) & 1) != 0 &&
                    !look_at(finding, index_case(at, (w - 1) * 64 + bit - 1))) {
                    return false;
                }
            }
        }
        if (at == UINT32_MAX) {
            break;
        }
        at++;
    }
    finding->result->more = finding->result->more || finding->budget.steps == 0;
    return finding->budget.steps > 0;
}

static uint32_t fill_filters(struct finding *finding, struct arm *process, struct arm *people,
                             struct arm **arms)
{
    uint32_t count = 0;
    if (finding->options->process != 0) {
        add_pair(finding, process, TOKEN_PROCESS, finding->options->process, 0);
        arms[count++] = process;
    }
    for (uint32_t i = 0; i < finding->people_count && finding->in_view; i++) {
        struct slice one = finding->people[i];
        add_term(finding, people, (uint8_t)one.ptr[0], 0, slice_sub(one, 1, one.len));
    }
    if (finding->in_view) {
        arms[count++] = people;
    }
    return count;
}

// Without words: those that were moved longest ago first, day by day.
static bool pass_by_days(struct finding *finding, struct arm **arms, uint32_t count)
{
    char from[INDEX_TERM_BYTES_MAX];
    size_t len = term_begin(finding->ended, TOKEN_DAY, 0, SLICE_EMPTY, from);
    size_t from_len = len;
    struct slice term;
    bool on = true;
    while (on && index_reader_term(finding->finder->reader, slice_make(from, from_len),
                                   slice_make(from, len), &term)) {
        struct token token;
        uint64_t day = 0;
        if (!term_split(term, &token) || token.text.len != 4) {
            return true;
        }
        for (uint32_t i = 0; i < 4; i++) {
            day = day << 8 | (unsigned char)token.text.ptr[i];
        }
        if (day * DAY_MS > finding->options->quiet_ms) {
            return true;
        }
        struct arm one;
        arm_init(&one);
        arm_add(&one, finding->options->arena, term);
        from_len = term.len;
        memcpy(from, term.ptr, term.len);
        from[from_len - 1] = 1;
        arms[count] = &one;
        for (uint32_t i = 0; i < count; i++) { // from the beginning again
            for (uint32_t l = 0; l < arms[i]->count; l++) {
                arms[i]->leaf[l].there = arms[i]->leaf[l].done = false;
            }
        }
        on = walk(finding, arms, count + 1);
        arm_done(&one);
    }
    return on;
}

static bool pass(struct finding *finding, bool ended, bool whole)
{
    struct arm own[FIND_WORDS_MAX];
    struct arm process;
    struct arm people;
    struct arm *arms[ARMS_MAX];
    finding->ended = ended;
    finding->whole = whole;
    arm_init(&process);
    arm_init(&people);
    uint32_t count = fill_filters(finding, &process, &people, arms);
    for (uint32_t i = 0; i < finding->word_count; i++) {
        arm_init(&own[i]);
        fill_arm(finding, &own[i], &finding->word[i]);
        arms[count++] = &own[i];
    }
    bool on = finding->word_count > 0 ? walk(finding, arms, count)
              : whole                 ? pass_by_days(finding, arms, count)
                                      : true;
    for (uint32_t i = 0; i < finding->word_count; i++) {
        arm_done(&own[i]);
    }
    arm_done(&process);
    arm_done(&people);
    return on;
}

static void run_passes(struct finding *finding)
{
    const struct find_options *options = finding->options;
    bool on = true;
    for (uint32_t i = 0; i < 4 && on; i++) {
        bool ended = i >= 2;
        if (ended ? options->ended : options->open) {
            on = pass(finding, ended, i % 2 == 0);
        }
    }
}

enum err finder_run(struct finder *finder, const struct find_options *options,
                    struct find_result *ret_result)
{
    CHECK(options->limit > 0 && options->limit <= FIND_LIMIT_MAX);
    struct finding *finding = ARENA_NEW(options->arena, struct finding);
    *ret_result = (struct find_result){ 0 };
    *finding = (struct finding){ .finder = finder, .options = options, .result = ret_result,
                                 .budget = { FIND_STEPS_MAX } };
    if (!find_parse(options->words, finder->stemmer, options->arena, finding->word,
                    &finding->word_count)) {
        return ERR_BAD_INPUT;
    }
    if (finding->word_count == 0 && options->quiet_ms == 0) {
        return OK;
    }
    enum err err = index_reader_begin(finder->reader);
    if (err != OK) {
        return err;
    }
    ret_result->seq = index_reader_seq(finder->reader);
    view_begin(options->view);
    vocab_refresh(&finder->vocab, options->view, finder->stemmer);
    find_roles(finding);
    finding->in_view = options->user != 0 && add_roles_under(finding) && add_those_under(finding);
    view_end(options->view);
    run_passes(finding);
    index_reader_end(finder->reader);
    return OK;
}
