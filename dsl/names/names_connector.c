// Connectors: what stands in their braces, and finding one of it by name.
#include "base/array.h"
#include "dsl/names/names.h"
#include "dsl/names/names_internal.h"

static void resolve_params(struct unit *unit, struct signal *signal, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) != NODE_PARAM) {
            continue;
        }
        if (names_reach_limit(unit, signal->span, SLICE("this"), signal->param_count,
                              SIGNAL_PARAMS_MAX, "parameters")) {
            return;
        }
        uint32_t type = syntax_child_class(tree, child, CLASS_TYPE, 0);
        struct param param = { .name = syntax_name(tree, child),
                               .span = syntax_name_span(tree, child),
                               .type = names_type(unit, file, type) };
        for (uint32_t i = 0; i < signal->param_count; i++) {
            if (param.name.len > 0 && slice_equal(signal->params[i].name, param.name)) {
                names_twice(unit, param.span, signal->params[i].span, "parameter", param.name);
            }
        }
        ARRAY_PUSH(unit->arena, signal->params, signal->param_count, param);
    }
}

static void add_signal(struct unit *unit, struct connector *connector, uint32_t node, bool is_call)
{
    const struct syntax_tree *tree = names_tree(unit, connector->decl.file);
    struct signal *signal = ARENA_NEW(unit->arena, struct signal);
    *signal = (struct signal){ .name = syntax_name(tree, node),
                               .span = syntax_name_span(tree, node),
                               .connector = connector, .is_call = is_call };
    for (uint32_t i = 0; i < connector->signal_count; i++) {
        const struct signal *other = connector->signals[i];
        if (other->is_call == is_call && signal->name.len > 0 &&
            slice_equal(other->name, signal->name)) {
            names_twice(unit, signal->span, other->span, is_call ? "call" : "message",
                        signal->name);
        }
    }
    resolve_params(unit, signal, connector->decl.file, node);
    ARRAY_PUSH(unit->arena, connector->signals, connector->signal_count, signal);
}

// There is no task that a rung between two tries could remind of, or give to somebody else.
static void check_ladder(struct unit *unit, const struct connector *connector, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, connector->decl.file);
    uint32_t rungs = connector->retry == NULL ? NODE_NONE : connector->retry->decl.node;
    const struct syntax_tree *its = connector->retry == NULL
                                        ? NULL
                                        : names_tree(unit, connector->retry->decl.file);
    if (rungs == NODE_NONE) {
        return;
    }
    for (SYNTAX_EACH(its, rungs, rung)) {
        bool is_rung = syntax_kind(its, rung) == NODE_RUNG;
        uint32_t effect = is_rung ? syntax_child(its, rung, NODE_REMIND) : NODE_NONE;
        effect = is_rung && effect == NODE_NONE ? syntax_child(its, rung, NODE_REASSIGN) : effect;
        if (effect == NODE_NONE) {
            continue;
        }
        struct diag *diag = diag_add(unit->diags, DIAG_E0507, syntax_span(tree, node));
        diag_fact_format(diag, "`%s`", syntax_kind(its, effect) == NODE_REMIND ? "remind"
                                                                              : "reassign");
        diag_fact(diag, SLICE("the ladder of a connector"));
        diag_here(diag, "calls are tried again by it");
        diag_label(diag, syntax_span(its, effect), "a call has no task");
        diag_help(diag, "use a ladder of waits, some with `notify ROLE`");
        return;
    }
}

void names_resolve_connector(struct unit *unit, struct connector *connector)
{
    const struct syntax_tree *tree = names_tree(unit, connector->decl.file);
    for (SYNTAX_EACH(tree, connector->decl.node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_CONNECTOR_RETRY) {
            connector->retry =
                names_ladder(unit, connector->decl.file, syntax_first(tree, child));
            check_ladder(unit, connector, syntax_first(tree, child));
        } else if (kind == NODE_CONNECTOR_CALL || kind == NODE_CONNECTOR_MESSAGE) {
            if (names_reach_limit(unit, connector->decl.span,
                                  names_decl(&connector->decl, unit->arena),
                                  connector->signal_count, CONNECTOR_SIGNALS_MAX,
                                  "calls and messages")) {
                return;
            }
            add_signal(unit, connector, child, kind == NODE_CONNECTOR_CALL);
        }
    }
}

static const struct connector *find_connector(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    const struct decl *decl = names_find(unit, file, DECL_CONNECTOR, syntax_name(tree, node));
    if (decl == NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0380, syntax_span(tree, node));
        diag_fact(diag, syntax_name(tree, node));
        diag_here(diag, "a connector is needed here");
        names_suggest(unit, file, DECL_CONNECTOR, diag, node);
    }
    return (const struct connector *)(const void *)decl;
}

static void report_unknown_signal(struct unit *unit, const struct syntax_tree *tree, uint32_t node,
                                  const struct connector *connector, bool is_call)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0381, syntax_span(tree, node));
    diag_fact(diag, connector->decl.name);
    diag_fact(diag, is_call ? SLICE("call") : SLICE("message"));
    diag_fact(diag, syntax_name(tree, node));
    diag_label(diag, connector->decl.span, "the connector is declared here");
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 0; i < connector->signal_count; i++) {
        if (connector->signals[i]->is_call == is_call) {
            suggest_offer(&suggestions, connector->signals[i]->name, 0);
        } else if (slice_equal(connector->signals[i]->name, syntax_name(tree, node))) {
            diag_label(diag, connector->signals[i]->span, is_call ? "this is a message"
                                                                  : "this is a call");
        }
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, node), is_call ? "call" : "message")) {
        diag_help(diag, "declare it there: `%s %.*s(NAME: TYPE, …)`", is_call ? "call" : "message",
                  SLICE_PRINT(syntax_name(tree, node)));
    }
}

struct signal *names_signal(struct unit *unit, uint32_t file, uint32_t connector_node,
                            uint32_t name, bool is_call)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!names_is_name(tree, connector_node) || !names_is_name(tree, name)) {
        return NULL;
    }
    const struct connector *connector = find_connector(unit, file, connector_node);
    for (uint32_t i = 0; connector != NULL && i < connector->signal_count; i++) {
        struct signal *signal = connector->signals[i];
        if (signal->is_call == is_call && slice_equal(signal->name, syntax_name(tree, name))) {
            return signal;
        }
    }
    if (connector != NULL) {
        report_unknown_signal(unit, tree, name, connector, is_call);
    }
    return NULL;
}
