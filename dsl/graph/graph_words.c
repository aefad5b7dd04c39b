// Words for what an image says.
#include "base/value.h"
#include "dsl/graph/graph_internal.h"

void graph_put_text(const struct image *image, struct image_text text, struct buf *out)
{
    buf_put_slice(out, image_slice(image, text));
}

static void put_call(const struct image *image, const char *name, const struct image_expr *expr,
                     struct image_range asks, struct buf *out)
{
    buf_put_cstr(out, name);
    graph_put_expr(image, expr->a, asks, out);
    if (expr->kind == EXPR_ROUND && expr->b != INDEX_NONE) {
        buf_format(out, ", %u", expr->b);
    }
    buf_put_char(out, ')');
}

static void put_literal(const struct image *image, const struct image_expr *expr, struct buf *out)
{
    struct value value = { .number = expr->number };
    switch ((unsigned)expr->kind) {
    case EXPR_BOOL: buf_put_cstr(out, expr->number != 0 ? "yes" : "no"); return;
    case EXPR_TEXT: {
        struct slice text = image_slice(image, expr->text);
        buf_format(out, "\"%.*s\"", SLICE_PRINT(text));
        return;
    }
    case EXPR_INTEGER: value.kind = VALUE_INTEGER; break;
    case EXPR_DATE: value.kind = VALUE_DATE; break;
    case EXPR_TIME: value.kind = VALUE_TIME; break;
    case EXPR_DATETIME: value.kind = VALUE_DATETIME; break;
    case EXPR_DURATION:
        value.kind = VALUE_DURATION;
        value.unit = (uint8_t)expr->a;
        break;
    case EXPR_MONEY:
        if (expr->text.len == sizeof value.currency) {
            value.kind = VALUE_MONEY;
            value.scale = (uint8_t)expr->a;
            memcpy(value.currency, image_slice(image, expr->text).ptr, sizeof value.currency);
            break;
        }
        value.kind = VALUE_DECIMAL;
        value.scale = (uint8_t)expr->a;
        break;
    default:
        value.kind = VALUE_DECIMAL;
        value.scale = (uint8_t)expr->a;
        break;
    }
    value_print(out, &value);
}

static void put_local(const struct image *image, uint32_t local, struct image_range asks,
                      struct buf *out)
{
    for (uint32_t i = 0; i < asks.count; i++) {
        const struct image_ask *ask = &image->ask[image->list[asks.first + i]];
        if (ask->local == local) {
            graph_put_text(image, ask->name, out);
            return;
        }
    }
    buf_put_cstr(out, "item");
}

static void put_collection(const struct image *image, const struct image_expr *expr,
                           struct buf *out)
{
    static const char *const quantifiers[] = { "all ", "any ", "count " };
    static const char *const states[] = { "", " open", " ended", " succeeded", " failed" };
    buf_put_cstr(out, quantifiers[expr->b]);
    graph_put_text(image, image->collection[expr->a].name, out);
    buf_put_cstr(out, states[expr->number]);
}

static void put_strategy(const struct image *image, const struct image_expr *expr, struct buf *out)
{
    static const char *const strategies[] = { "pick ", "pick least loaded ", "pick round robin ",
                                              "pick familiar " };
    static const char *const of_team[] = { "pick team ", "pick least loaded of team ",
                                           "pick round robin of team ", "pick familiar of team " };
    if (expr->text.len > 0) {
        buf_put_cstr(out, of_team[expr->b]);
        graph_put_text(image, expr->text, out);
        return;
    }
    buf_put_cstr(out, strategies[expr->b]);
    graph_put_text(image, image->role[expr->a].name, out);
}

static void put_task_property(const struct image_expr *expr, struct buf *out)
{
    static const char *const properties[] = { "due",     "promised", "urgent", "moved_from",
                                              "created", "tries",    "late" };
    buf_format(out, "task.%s", properties[expr->number]);
}

static void put_part(const struct image *image, const struct image_expr *expr,
                     struct image_range asks, struct buf *out)
{
    graph_put_expr(image, expr->a, asks, out);
    uint32_t type = image->expr[expr->a].type;
    if (type != INDEX_NONE && image->type[type].kind == TYPE_RECORD) {
        const struct image_record *record = &image->record[image->type[type].arg];
        buf_put_char(out, '.');
        graph_put_text(image, image->part[record->parts.first + expr->b].name, out);
    }
}

static void put_total(const struct image *image, const struct image_expr *expr,
                      struct image_range asks, struct buf *out)
{
    buf_put_cstr(out, "total ");
    graph_put_expr(image, expr->a, asks, out);
    uint32_t type = image->expr[expr->a].type;
    if (expr->b != INDEX_NONE && type != INDEX_NONE) {
        const struct image_record *record = &image->record[image->type[image->type[type].arg].arg];
        buf_put_char(out, '.');
        graph_put_text(image, image->part[record->parts.first + expr->b].name, out);
    }
}

static void put_list(const struct image *image, const struct image_expr *expr,
                     const char *brackets, struct image_range asks, struct buf *out)
{
    buf_put_char(out, brackets[0]);
    for (uint32_t i = 0; i < expr->list.count; i++) {
        buf_put_cstr(out, i > 0 ? ", " : "");
        graph_put_expr(image, image->list[expr->list.first + i], asks, out);
    }
    buf_put_char(out, brackets[1]);
}

static const char *operator_text(uint32_t kind)
{
    switch (kind) {
    case EXPR_AND: return " and ";
    case EXPR_OR:
    case EXPR_FIRST_NOT_EMPTY: return " or ";
    case EXPR_LESS: return " < ";
    case EXPR_LESS_EQUAL: return " <= ";
    case EXPR_GREATER: return " > ";
    case EXPR_GREATER_EQUAL: return " >= ";
    case EXPR_IS: return " is ";
    case EXPR_IS_NOT: return " is not ";
    case EXPR_IN: return " in ";
    case EXPR_NOT_IN: return " not in ";
    case EXPR_ADD: return " + ";
    case EXPR_SUBTRACT: return " - ";
    case EXPR_MULTIPLY: return " * ";
    case EXPR_DIVIDE: return " / ";
    default: return NULL;
    }
}

// How tightly an operator holds its operands together.
static unsigned strength_of(uint32_t kind)
{
    switch (kind) {
    case EXPR_OR:
    case EXPR_FIRST_NOT_EMPTY: return 1;
    case EXPR_AND: return 2;
    case EXPR_NOT: return 3;
    case EXPR_ADD:
    case EXPR_SUBTRACT: return 5;
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE: return 6;
    default: return operator_text(kind) != NULL ? 4 : 9;
    }
}

static void put_operand(const struct image *image, uint32_t expr, unsigned strength,
                        struct image_range asks, struct buf *out)
{
    bool inside = strength_of(image->expr[expr].kind) < strength;
    buf_put_cstr(out, inside ? "(" : "");
    graph_put_expr(image, expr, asks, out);
    buf_put_cstr(out, inside ? ")" : "");
}

// An answer inside an escalation is a field "stuck.question"; people wrote `question`.
static void put_field(const struct image *image, uint32_t field, struct buf *out)
{
    struct slice name = image_slice(image, image->field[field].name);
    size_t from = 0;
    for (size_t i = 0; i < name.len; i++) {
        from = name.ptr[i] == '.' ? i + 1 : from;
    }
    buf_put_slice(out, slice_sub(name, from, name.len - from));
}

// Kinds that are no operator between two values. False: another kind.
static bool put_name(const struct image *image, const struct image_expr *expr,
                     struct image_range asks, struct buf *out)
{
    switch ((unsigned)expr->kind) {
    case EXPR_EMPTY: buf_put_cstr(out, "empty"); return true;
    case EXPR_ENUM: graph_put_text(image, expr->text, out); return true;
    case EXPR_FIELD: put_field(image, expr->a, out); return true;
    case EXPR_LOCAL: put_local(image, expr->a, asks, out); return true;
    case EXPR_SLOT: graph_put_text(image, image->role[expr->a].name, out); return true;
    case EXPR_NOW: buf_put_cstr(out, "now"); return true;
    case EXPR_ME: buf_put_cstr(out, "me"); return true;
    case EXPR_CREATOR: buf_put_cstr(out, "creator"); return true;
    case EXPR_TODAY:
        buf_put_cstr(out, "today");
        if (expr->number >= 0) {
            const struct value time = { .kind = VALUE_TIME, .number = expr->number };
            buf_put_char(out, ' ');
            value_print(out, &time);
        }
        return true;
    case EXPR_LIST: put_list(image, expr, "[]", asks, out); return true;
    case EXPR_PARAM: buf_format(out, "input %u", expr->a + 1); return true;
    case EXPR_TABLE:
    case EXPR_HOOK:
        graph_put_text(image,
                       expr->kind == EXPR_TABLE ? image->table[expr->a].name
                                                : image->hook[expr->a].name,
                       out);
        put_list(image, expr, "()", asks, out);
        return true;
    case EXPR_EXISTS:
        buf_put_cstr(out, "exists ");
        graph_put_text(image, expr->text, out);
        buf_put_cstr(out, " by ");
        graph_put_text(image, image->expr[expr->b].text, out);
        return true;
    case EXPR_TOTAL: put_total(image, expr, asks, out); return true;
    case EXPR_COLLECTION: put_collection(image, expr, out); return true;
    case EXPR_PICK: put_strategy(image, expr, out); return true;
    case EXPR_TASK_PROPERTY: put_task_property(expr, out); return true;
    case EXPR_STAGE_POSITION: buf_put_cstr(out, "stage.position"); return true;
    case EXPR_DAY: put_call(image, "day(", expr, asks, out); return true;
    case EXPR_HOUR: put_call(image, "hour(", expr, asks, out); return true;
    case EXPR_LENGTH: put_call(image, "length(", expr, asks, out); return true;
    case EXPR_ROUND: put_call(image, "round(", expr, asks, out); return true;
    case EXPR_FIRST: put_call(image, "first(", expr, asks, out); return true;
    case EXPR_PART: put_part(image, expr, asks, out); return true;
    default: return false;
    }
}

void graph_put_expr(const struct image *image, uint32_t index, struct image_range asks,
                    struct buf *out)
{
    const struct image_expr *expr = &image->expr[index];
    if (put_name(image, expr, asks, out)) {
        return;
    }
    unsigned strength = strength_of(expr->kind);
    switch ((unsigned)expr->kind) {
    case EXPR_CONCAT:
        buf_put_char(out, '"');
        graph_put_sentence(image, index, asks, out);
        buf_put_char(out, '"');
        return;
    case EXPR_NOT:
        buf_put_cstr(out, "not ");
        put_operand(image, expr->a, strength, asks, out);
        return;
    case EXPR_NEGATE:
        buf_put_char(out, '-');
        put_operand(image, expr->a, 9, asks, out);
        return;
    case EXPR_IS_EMPTY:
    case EXPR_IS_NOT_EMPTY:
        put_operand(image, expr->a, 5, asks, out);
        buf_put_cstr(out, expr->kind == EXPR_IS_EMPTY ? " is empty" : " is not empty");
        return;
    case EXPR_IN_ROLE:
    case EXPR_NOT_IN_ROLE:
        put_operand(image, expr->a, 5, asks, out);
        buf_put_cstr(out, expr->kind == EXPR_IN_ROLE ? " in " : " not in ");
        graph_put_text(image, image->role[expr->b].name, out);
        return;
    default: break;
    }
    const char *between = operator_text(expr->kind);
    if (between == NULL) {
        put_literal(image, expr, out);
        return;
    }
    put_operand(image, expr->a, strength, asks, out);
    buf_put_cstr(out, between);
    put_operand(image, expr->b, strength + 1, asks, out);
}

void graph_put_sentence(const struct image *image, uint32_t index, struct image_range asks,
                        struct buf *out)
{
    const struct image_expr *expr = &image->expr[index];
    bool text = expr->kind == EXPR_TEXT;
    if (text || expr->kind != EXPR_CONCAT) {
        buf_put_cstr(out, text ? "" : "{");
        if (text) {
            graph_put_text(image, expr->text, out);
        } else {
            graph_put_expr(image, index, asks, out);
        }
        buf_put_cstr(out, text ? "" : "}");
        return;
    }
    for (uint32_t i = 0; i < expr->list.count; i++) {
        uint32_t item = image->list[expr->list.first + i];
        bool nested = image->expr[item].kind == EXPR_CONCAT; // the title, which is shared
        if (nested && image->process[0].title == item) {
            buf_put_cstr(out, "{title}");
        } else {
            graph_put_sentence(image, item, asks, out);
        }
    }
}

void graph_put_roles(const struct image *image, struct image_range roles, struct buf *out)
{
    for (uint32_t i = 0; i < roles.count; i++) {
        buf_put_cstr(out, i > 0 ? ", " : "");
        graph_put_text(image, image->role[image->list[roles.first + i]].name, out);
    }
}

void graph_put_duration(int64_t amount, uint32_t unit, struct buf *out)
{
    const struct value value = { .kind = VALUE_DURATION, .unit = (uint8_t)unit, .number = amount };
    value_print(out, &value);
}

static void put_within(const struct image *image, uint32_t calendar, struct buf *out)
{
    if (calendar != INDEX_NONE) {
        buf_put_cstr(out, " within ");
        graph_put_text(image, image->calendar[calendar].name, out);
        buf_put_cstr(out, " hours");
    }
}

void graph_put_due(const struct image *image, uint32_t due, struct image_range asks,
                   struct buf *out)
{
    const struct image_due *d = &image->due[due];
    buf_put_cstr(out, "due ");
    graph_put_expr(image, d->moment, asks, out);
    if (d->until != INDEX_NONE) {
        buf_put_cstr(out, " until ");
        graph_put_expr(image, d->until, asks, out);
    }
    put_within(image, d->within, out);
    buf_put_cstr(out, d->promised != 0 ? " promised" : "");
}

void graph_put_rungs(const struct image *image, uint32_t ladder, struct buf *out)
{
    struct image_range rungs = image->ladder[ladder].rungs;
    for (uint32_t i = 0; i < rungs.count; i++) {
        const struct image_rung *rung = &image->rung[rungs.first + i];
        buf_put_cstr(out, i > 0 ? ", " : "");
        graph_put_duration(rung->amount, rung->unit, out);
        put_within(image, rung->within, out);
        switch ((enum image_rung_effect)rung->effect) {
        case RUNG_PLAIN: break;
        case RUNG_REMIND: buf_put_cstr(out, " remind"); break;
        case RUNG_NOTIFY: buf_put_cstr(out, " notify "); break;
        case RUNG_REASSIGN:
            buf_put_cstr(out, rung->role != INDEX_NONE ? " reassign to " : " reassign");
            break;
        }
        if (rung->effect >= RUNG_NOTIFY && rung->role != INDEX_NONE) {
            graph_put_text(image, image->role[rung->role].name, out);
        }
    }
}

void graph_put_pressers(const struct image *image, uint32_t action, struct buf *out)
{
    const struct image_action *a = &image->action[action];
    if (a->by.count > 0) {
        graph_put_roles(image, a->by, out);
        return;
    }
    bool first = true;
    for (uint32_t role = 0; role < image->role_count; role++) {
        bool has = false;
        for (uint32_t s = 0; s < image->stage_count && !has; s++) {
            uint32_t task = image->stage[s].task;
            has = task != INDEX_NONE && image->task[task].role == role &&
                  image_stage_inside(image, s, a->stage);
        }
        if (has) {
            buf_put_cstr(out, first ? "" : ", ");
            graph_put_text(image, image->role[role].name, out);
            first = false;
        }
    }
}

void graph_put_timer(const struct image *image, uint32_t timer, struct buf *out)
{
    const struct image_timer *t = &image->timer[timer];
    const struct image_range none = { 0, 0 };
    buf_put_cstr(out, t->kind == TIMER_AT      ? "at "
                      : t->kind == TIMER_EVERY ? "every "
                                               : "after ");
    graph_put_expr(image, t->moment, none, out);
    buf_put_cstr(out, t->kind == TIMER_AFTER_IDLE ? " idle" : "");
}

void graph_put_parallel(const struct image *image, uint32_t stage, struct buf *out)
{
    uint32_t parallel = image->stage[stage].parallel;
    if (parallel == INDEX_NONE) {
        return;
    }
    buf_put_cstr(out, "at the same time, until ");
    if (image->parallel[parallel].until == 0) {
        buf_put_cstr(out, "all are done");
    } else {
        buf_format(out, "%u %s done", image->parallel[parallel].until,
                   image->parallel[parallel].until == 1 ? "is" : "are");
    }
}

void graph_put_rule(const struct image *image, uint32_t rule, struct buf *out)
{
    const struct image_range none = { 0, 0 };
    buf_put_cstr(out, "when ");
    graph_put_expr(image, image->rule[rule].condition, none, out);
    buf_put_cstr(out, image->rule[rule].changes != 0 ? " changes" : "");
}

void graph_put_signal(const struct image *image, uint32_t signal, struct buf *out)
{
    graph_put_text(image, image->signal[signal].connector, out);
    buf_put_char(out, '.');
    graph_put_text(image, image->signal[signal].name, out);
}

void graph_put_task_terms(const struct image *image, uint32_t task, struct buf *out)
{
    const struct image_task *t = &image->task[task];
    const struct image_range none = { 0, 0 };
    buf_put_cstr(out, "for ");
    graph_put_text(image, image->role[t->role].name, out);
    if (t->other_than.count > 0) {
        buf_put_cstr(out, " other than ");
        graph_put_roles(image, t->other_than, out);
    }
    if (t->due != INDEX_NONE) {
        buf_put_cstr(out, ", ");
        graph_put_due(image, t->due, none, out);
    }
    buf_put_cstr(out, (t->flags & TASK_URGENT) != 0 ? ", urgent" : "");
    if (t->overdue != INDEX_NONE) {
        buf_put_cstr(out, ", overdue ");
        graph_put_text(image, image->ladder[t->overdue].name, out);
    }
}

// --- what steps do ------------------------------------------------------------------------------

static void put_goto(const struct image *image, uint32_t flow, struct image_range asks,
                     struct buf *out)
{
    const struct image_goto *g = &image->flow[flow];
    buf_put_cstr(out, "=> ");
    if (g->target_kind == TARGET_DONE) {
        buf_put_cstr(out, "done");
        return;
    }
    graph_put_text(image,
                   g->target_kind == TARGET_END      ? image->end[g->target].name
                   : g->target_kind == TARGET_CHOICE ? image->choice[g->target].name
                                                     : image->stage[g->target].name,
                   out);
    if (g->due != INDEX_NONE) {
        buf_put_char(out, ' ');
        graph_put_due(image, g->due, asks, out);
    }
}

static void put_convert(const struct image *image, uint32_t convert, struct buf *out)
{
    const struct image_convert *c = &image->convert[convert];
    buf_put_cstr(out, "converts into ");
    graph_put_text(image, image->collection[c->collection].name, out);
    buf_put_cstr(out, " (");
    for (uint32_t i = 0; i < c->pairs.count; i++) {
        if (graph_pair_is_first(image, c->pairs, i)) {
            buf_put_cstr(out, i > 0 ? ", " : "");
            graph_put_text(image, image->pair[c->pairs.first + i].process, out);
        }
    }
    buf_put_char(out, ')');
}

static void put_if(const struct image *image, const struct image_step *step,
                   struct image_range asks, struct buf *out)
{
    size_t before = out->len;
    buf_put_cstr(out, "if ");
    graph_put_expr(image, step->a, asks, out);
    buf_put_cstr(out, ": ");
    size_t then = out->len;
    graph_put_block(image, step->b, asks, out);
    if (out->len == then && step->c == INDEX_NONE) {
        out->len = before; // only fields are filled
        return;
    }
    buf_put_cstr(out, out->len == then ? "stay" : "");
    if (step->c != INDEX_NONE) {
        buf_put_cstr(out, ", else: ");
        size_t other = out->len;
        graph_put_block(image, step->c, asks, out);
        buf_put_cstr(out, out->len == other ? "stay" : "");
    }
}

static void put_step(const struct image *image, const struct image_step *step,
                     struct image_range asks, struct buf *out)
{
    switch ((enum image_step_kind)step->kind) {
    case STEP_ASK:
    case STEP_ASSIGN:
    case STEP_REQUIRE:
    case STEP_KIND_COUNT: break;
    case STEP_IF: put_if(image, step, asks, out); break;
    case STEP_NOTIFY:
        buf_put_cstr(out, "tells ");
        graph_put_text(image, image->role[step->a].name, out);
        break;
    case STEP_CONVERT: put_convert(image, step->a, out); break;
    case STEP_CANCEL:
        buf_put_cstr(out, "cancels ");
        graph_put_text(image, image->collection[step->a].name, out);
        break;
    case STEP_TASK:
        buf_put_cstr(out, "side task \"");
        graph_put_sentence(image, image->task[step->a].title, asks, out);
        buf_put_cstr(out, "\" ");
        graph_put_task_terms(image, step->a, out);
        break;
    case STEP_GOTO: put_goto(image, step->a, asks, out); break;
    case STEP_AGAIN:
        buf_put_cstr(out, "again ");
        graph_put_due(image, step->a, asks, out);
        break;
    case STEP_RETRY:
        buf_put_cstr(out, "retry ");
        graph_put_text(image, image->ladder[step->a].name, out);
        buf_put_cstr(out, " then ");
        graph_put_block(image, step->b, asks, out);
        break;
    case STEP_ESCALATE:
        buf_put_cstr(out, "escalate ");
        graph_put_text(image, image->stage[image->escalation[step->a].stage].name, out);
        break;
    case STEP_BACK:
        buf_put_cstr(out, "=> back");
        if (step->a != INDEX_NONE) {
            buf_put_char(out, ' ');
            graph_put_due(image, step->a, asks, out);
        }
        break;
    case STEP_MERGE:
        buf_put_cstr(out, "merge into ");
        graph_put_expr(image, step->a, asks, out);
        break;
    case STEP_SEND:
        buf_put_cstr(out, "sends ");
        graph_put_signal(image, image->send[step->a].signal, out);
        break;
    }
}

void graph_put_block(const struct image *image, uint32_t block, struct image_range asks,
                     struct buf *out)
{
    const struct image_block *b = &image->block[block];
    size_t start = out->len;
    for (uint32_t i = 0; i < b->count; i++) {
        size_t before = out->len;
        buf_put_cstr(out, before > start ? ", " : "");
        size_t mark = out->len;
        put_step(image, &image->step[b->first + i], asks, out);
        if (out->len == mark) {
            out->len = before;
        }
    }
}

void graph_put_place(enum graph_place place, uint32_t index, const char *start, struct buf *out)
{
    switch (place) {
    case PLACE_START: buf_put_cstr(out, start); break;
    case PLACE_STAGE: buf_format(out, "s%u", index); break;
    case PLACE_ANYWHERE: buf_format(out, "a%u", index); break;
    case PLACE_END: buf_format(out, "e%u", index); break;
    case PLACE_PROCESS: buf_format(out, "p%u", index); break;
    case PLACE_BACK: buf_put_cstr(out, "back"); break;
    case PLACE_MERGED: buf_put_cstr(out, "merged"); break;
    }
}
