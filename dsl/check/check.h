// The checker: builds the model of each process from its tree, and proves what must hold for every
// case. Called by compile.c in this order, each step for all processes before the next one begins.
// All messages go to the collector of the unit; nothing stops.
#ifndef RUNG_DSL_CHECK_CHECK_H
#define RUNG_DSL_CHECK_CHECK_H

#include "dsl/infer/infer.h"
#include "dsl/model/test_plan.h"
#include "dsl/names/names.h"

// 1. First values in records.
void check_records(struct unit *unit);
// 1b. The rows of tables, and proof 6: none too few, none too many.
void check_tables(struct unit *unit);
// 2. Fields, keys, stages, ends and the names of collections: what other processes may refer to.
void check_declare(struct unit *unit, struct process *process);
// 3. Title, first values, tasks, handlers and their steps, with all their expressions.
void check_fill(struct unit *unit, struct process *process);
// 4. Every conversion: what its children need is given. Adds the implicit values.
void check_converts(struct unit *unit, struct process *process);
// 4a. Messages that begin cases.
void check_intakes(struct unit *unit);
// 4b. Inboxes: their lanes speak of fields, which are known by now.
// `own_files`: those that are not merely imported, of which more is said.
void check_inboxes(struct unit *unit, uint32_t own_files);
// 5. The proofs. Nothing is said about a process whose targets are not all known.
void check_lints(struct unit *unit, const struct process *process); // W5; what never holds
void check_graph(struct unit *unit, struct process *process); // stuck, ends, reachability; `waits`
void check_cover(struct unit *unit, struct process *process);    // rules over children
void check_rights(struct unit *unit, struct process *process);   // ends by role, buttons for nobody
void check_children(struct unit *unit, struct process *process); // no end with open children
void check_timers(struct unit *unit, const struct process *process); // waits that never end
// Lints about fields (check_lint_fields.c). Gives, by index, those that keep their first value.
const bool *check_lint_fields(struct unit *unit, const struct process *process);
// Whether a condition in the braces of the stage may be true (check_holds.c): false is certain.
bool check_may_hold(const struct process *process, const struct stage *stage, const bool *stays,
                    const struct expr *condition);
// 6. The `test` blocks of one file, in the order of the text.
void check_tests(struct unit *unit, uint32_t file, struct test_plan **plans, uint32_t *plan_count);

// --- fields that are worked out (check_computed.c)
// A `readonly` field whose `=` names other fields is kept up to date: notes it, or says why not.
void check_computed(struct unit *unit, struct process *process, struct field *field);
// In which order such fields are worked out; none may lead back to itself.
void check_computed_order(struct unit *unit, struct process *process);
// --- time (check_time.c) -------------------------------------------------------------------------
void check_declare_time(struct unit *unit, struct process *process); // calendar, zone: part of 2.
// E0701 when a rung of a ladder (may be NULL) used at `span` counts working time and no calendar
// says whose.
void check_ladder_use(struct unit *unit, const struct process *process,
                      const struct ladder *ladder, struct span span);
struct body;
void check_reminds(struct body *body, struct task *task, uint32_t node);

// --- what a process holds (check_process.c, check_config.c) --------------------------------------
struct handler *check_handler_add(struct unit *unit, struct process *process, struct stage *stage,
                                  enum handler_kind kind, uint32_t node);
void check_handler_close(struct process *process, const struct handler *handler);
// A second thing where there may be one; `owner` is "stage `a`".
void check_report_second(struct unit *unit, const struct process *process, uint32_t node,
                         const char *what, struct slice owner, struct span first);
// Step 2 for the choices written directly in the stage; step 3 for one of them, and for
// `on enter` and `on exit`.
void check_declare_choices(struct unit *unit, struct process *process, struct stage *stage);
void check_fill_choice(struct unit *unit, struct process *process, struct stage *stage,
                       uint32_t node);
void check_fill_on(struct unit *unit, struct process *process, struct stage *stage, uint32_t node);
// "stage `a`", or the process for its body.
struct slice check_owner_name(struct unit *unit, const struct process *process,
                              const struct stage *stage);
// Step 2 for the `parallel` of a stage, whose branches are its children; step 3: `then`, and the
// `if` of a stage.
void check_declare_parallel(struct unit *unit, struct process *process, struct stage *stage,
                            uint32_t node);
void check_fill_parallel(struct unit *unit, struct process *process, struct stage *stage,
                         uint32_t node);
void check_fill_guard(struct unit *unit, struct process *process, struct stage *stage);
// 5. No flow enters the middle of a parallel (then the process is broken); which can be joined.
void check_parallels(struct unit *unit, struct process *process);
// Where a join leads: its targets, and those of the joins around it that it brings about.
typedef void check_target_fn(void *context, const struct target *target);
void check_each_joined(const struct stage *branch, check_target_fn *visit, void *context);
// 5. Choices that lead back to themselves (then the process is broken), or that nothing leads to.
void check_choices(struct unit *unit, struct process *process);

// --- steps (check_body.c) ----------------------------------------------------------------------
struct body {
    struct infer infer;
    struct process *process;
    struct handler *handler;
    struct stage *stage; // whose braces it is in
    uint32_t block_depth;
    bool no_form; // no answers are bound here: what follows `at most`
};
void check_body_init(struct body *body, struct unit *unit, struct process *process,
                     struct handler *handler);
// The steps of a BLOCK node (an empty block when it is missing).
const struct block *check_block(struct body *body, uint32_t node);
const struct due *check_due(struct body *body, uint32_t node);
struct task *check_task(struct body *body, uint32_t node);
struct target *check_target(struct body *body, uint32_t goto_node);
void check_assign(struct body *body, struct step *step, uint32_t node);
// A `migrate` of the process (check_migrate.c).
void check_fill_migrate(struct unit *unit, struct process *process, uint32_t node);
// Resolves the steps of a conversion, without the needs of its children (check_converts).
struct convert *check_convert_step(struct body *body, uint32_t node);
const struct ask *check_ask(struct body *body, uint32_t node);
// Reports E0507: `what` cannot stand in the handler of this body.
void check_report_misplaced(struct body *body, uint32_t node, struct slice what, const char *note);

// --- escalations (check_frame.c) -----------------------------------------------------------------
// The escalation that the stage is, or lies in; NULL: none.
const struct escalation *check_escalation_around(const struct stage *stage);
void check_fill_escalation_asks(struct unit *unit, struct process *process,
                                struct escalation *escalation);
// The action that raises it; to be added to the handlers of the process.
struct handler *check_escalation_button(struct unit *unit, const struct escalation *escalation);
// `escalate`: answers that are not given are asked by steps added to the block. False: reported.
bool check_escalate(struct body *body, struct step *step, uint32_t node, struct block *block);
bool check_is_back(const struct syntax_tree *tree, uint32_t goto_node);
void check_report_back_outside(struct body *body, uint32_t goto_node);
void check_back(struct body *body, struct step *step, uint32_t node);
void check_merge(struct body *body, struct step *step, uint32_t node);
bool check_raises(const struct handler *handler, const struct escalation *escalation);
// Whether some handler that holds at the leaf raises it.
bool check_raised_at(const struct process *process, const struct escalation *escalation,
                     const struct stage *leaf);
void check_escalations_raised(struct unit *unit, struct process *process);

// True when every path of the block ends in a flow; when some path does.
bool check_always_flows(const struct block *block);
bool check_may_flow(const struct block *block);

// --- the outside world (check_message.c) -------------------------------------------------------
void check_fill_message(struct unit *unit, struct process *process, struct stage *stage,
                        uint32_t node);
struct send *check_send(struct body *body, uint32_t node);
// Lint: calls and messages declared in the file that nothing sends or awaits.
void check_unused_signals(struct unit *unit, uint32_t file);

// --- tests ---------------------------------------------------------------------------------------

// --- walking (check_walk.c) --------------------------------------------------------------------
// Calls `visit` for every step of the block and of the blocks inside it, in text order.
typedef void check_step_fn(void *context, const struct step *step);
void check_each_step(const struct block *block, check_step_fn *visit, void *context);
// The same for all blocks of a handler (its body, and what follows `at most`).
void check_each_handler_step(const struct handler *handler, check_step_fn *visit, void *context);
// And those behind the choices it leads to, each once.
void check_each_reached_step(const struct handler *handler, check_step_fn *visit, void *context);
// Whether a step of the action changes a field that the rule's condition reads (check_brings.c).
bool check_brings(const struct handler *action, const struct handler *rule);
// Whether the handler holds at the leaf: written in it or around it, and not hidden by an action of
// the same name further in; an action without `by` needs a task there.
bool check_handler_holds_at(const struct process *process, const struct handler *handler,
                            const struct stage *leaf);
// Where the handler can take a case that stands in one of its stages: calls `visit` per stage or
// end, those behind choices too.
void check_each_target(const struct handler *handler, check_target_fn *visit, void *context);
// The targets as they are written: choices are visited, and not looked behind.
void check_each_written_target(const struct handler *handler, check_target_fn *visit,
                               void *context);
// "timer", "action `busy`" …: how messages name a handler.
struct slice check_handler_name(const struct handler *handler, struct arena *arena);
// "`a`, `b` and `c`"
struct slice check_role_names(const struct role_list *roles, struct arena *arena);

#endif
