// Every command in the words of the domain: what it records, what it refuses, and by which rule of
// the language (docs/language.md speaks of the same rules without their numbers).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "tests/engine/company.h"

#define ANN "bob: start lead with name=Ann, phone=+49 30 123456"

// --------------------------------------------------------------------------------- start

COMPANY_TEST(start_makes_a_case_a_key_and_a_task,
    { ANN, "instance_started field_changed stage_entered key_taken stage_entered timer_set picked "
           "slot_set task_opened" })
COMPANY_TEST(start_refuses_what_does_not_exist,
    { "bob: start nothing with name=Ann", "!unknown_process nothing" },
    { "nobody: start lead with name=Ann", "!unknown_user nobody" })
// Rule 8: asks are checked together, one refusal lists every bad answer.
// S56
COMPANY_TEST(rule_8_one_refusal_lists_every_bad_answer,
    { "bob: start lead with price=cheap, phone=none", "!bad_form `phone`" },
    { "bob: start lead with price=cheap, phone=none", "!bad_form `price`" },
    { "bob: start lead with price=cheap, phone=none", "!bad_form `name`: must be answered" },
    { "bob: start lead with name=Ann, tried=4", "!bad_form the form does not ask for this" })
COMPANY_TEST(a_requirement_refuses_with_its_own_sentence,
    { "bob: start lead with name=spam", "!required We do not take spam" })
// Rule 34 (a): an open case with this key is joined; the form fills only what is empty.
COMPANY_TEST(rule_34_a_repeat_joins_the_open_case_and_fills_only_what_is_empty,
    { ANN, "" },
    { "bea: start lead with name=Other, phone=030 123456, email=Ann@Office.Example",
      "repeat_joined field_changed notified" },
    { "bob: start lead with name=Third, email=ann@office.example", "repeat_joined" })
// Rule 34: two keys that find two cases: the first key wins, the other is linked.
// S61
COMPANY_TEST(rule_34_two_keys_of_two_cases_link_a_duplicate,
    { ANN, "" },
    { "bob: start lead with name=Bea, email=b@x.example", "instance_started" },
    { "bob: start lead with name=C, phone=+4930123456, email=b@x.example",
      "repeat_joined duplicate_linked" })
// Rule 34 (b), 36: the newest case at an end with `reopen on repeat` lives again, for as long as it
// may.
// S177
COMPANY_TEST(rule_36_a_repeat_reopens_a_lost_case_within_its_days,
    { ANN, "" },
    { "bob: press 1 drop", "pressed task_closed stage_exited key_released instance_ended" },
    { ANN, "instance_reopened key_taken repeat_joined stage_entered task_opened" },
    { "bob: press 1 drop", "instance_ended" },
    { "wait 91 days", "" },
    { ANN, "instance_started" })
// Rule 42: what nobody can move on is not begun.
// S6
COMPANY_TEST(rule_42_a_task_that_nobody_can_do_is_refused,
    { "bob: start lead with name=ghost", "!asleep nobody can do its task" },
    { "hire gus ghost", "" },
    { "bob: start lead with name=ghost", "task_opened" })

// --------------------------------------------------------------------------------- press

// Rule 6: a press names the stage entry that the person saw; buttons of the body are exempt.
COMPANY_TEST(rule_6_a_press_on_a_stage_that_was_left_is_stale,
    { ANN, "" },
    { "bob: press 1 anew entry 2", "stage_entered" },
    { "bob: press 1 busy entry 2", "!stale Contact" },
    { "bob: press 1 busy entry 3", "pressed" },
    { "bob: press 1 busy task 1", "!stale Contact" },
    { "bob: press 1 busy task 2", "pressed" },
    { "bob: press 1 drop entry 2 task 1", "instance_ended" })
// Rule 7: the innermost action of a name is meant.
COMPANY_TEST(rule_7_an_inner_action_hides_the_outer_one,
    { "bob: start lead with name=nested", "stage_entered stage_entered stage_entered" },
    { "bob: press 1 on_", "stage_exited stage_entered" },
    { "bob: press 1 up", "pressed instance_ended" },
    { "bob: press 1 up", "!case_ended Won" })
COMPANY_TEST(a_press_needs_a_case_an_action_and_a_person,
    { "bob: press 9 busy", "!unknown_instance 9" },
    { ANN, "" },
    { "bob: press 1 nonsense", "!unknown_action nonsense" },
    { "press 1 busy", "!needs_person press" })
// Rule 9: without a flow the task stays as it is.
COMPANY_TEST(rule_9_a_press_without_a_flow_changes_nothing_about_the_task,
    { ANN, "" },
    { "bob: press 1 noted with price=12", "pressed field_changed" },
    { "bob: press 1 noted", "pressed" })
// Rule 10: a transition into the stage itself leaves it and enters it anew.
// S16
COMPANY_TEST(rule_10_a_transition_into_the_own_stage_enters_it_anew,
    { ANN, "" },
    { "bob: press 1 busy", "position_set task_replanned" },
    { "bob: press 1 anew", "task_closed timer_cancelled stage_exited stage_entered timer_set "
                           "task_opened" })
// The zone of a case is told by a field, at the start and when the field changes; named once.
COMPANY_TEST(a_case_has_the_zone_that_its_field_tells,
    { "bob: start abroad with city=Berlin", "zone_named zone_set task_opened timer_set" },
    { "bob: start abroad with city=berlin", "instance_started zone_set" },
    { "bob: edit 1 with city=Asia/Tokyo", "field_changed zone_named zone_set" },
    { "bob: edit 1 with city=Nowhere", "field_changed" },
    { "bob: edit 1 with city=Nowhere/Else", "field_changed" },
    { "wait 23 h", "timer_fired notified" },
    { "bob: press 1 done_", "task_closed" })
// Rule 12: a moment that a person answers may not be past.
// S31
COMPANY_TEST(rule_12_a_promise_in_the_past_is_refused,
    { ANN, "" },
    { "bob: press 1 later with call_at=2026-01-01 10:00", "!moment_past earliest good one" },
    { "bob: press 1 later with call_at=2026-01-06 10:00", "task_replanned" })
// Rule 16: counting with an empty field is refused, and names it.
COMPANY_TEST(rule_16_arithmetic_with_empty_names_the_field,
    { ANN, "" },
    { "bob: press 1 sum", "!empty_operand `price`" })
COMPANY_TEST(amounts_that_do_not_combine_are_refused,
    { ANN, "" },
    { "bob: press 1 talked", "stage_entered" },
    { "bob: press 1 pay with amount=5 USD", "!bad_arithmetic USD" },
    { "bob: press 1 back", "stage_entered" },
    { "bob: press 1 noted with price=5 USD", "!bad_arithmetic neither counted" })
// Rule 16: every comparison with empty is false: the button is not offered.
// S91
COMPANY_TEST(a_button_whose_condition_does_not_hold_is_not_offered,
    { ANN, "" },
    { "bob: press 1 guarded", "!not_offered condition" },
    { "bob: press 1 noted with price=101", "" },
    { "bob: press 1 guarded", "stage_entered" })
// Rule 19: a ladder from the press, rung by rung; then what follows it.
COMPANY_TEST(rule_19_a_ladder_is_climbed_from_the_press_and_ends_in_then,
    { ANN, "" },
    { "bob: press 1 busy", "field_changed position_set task_replanned" },
    { "bob: press 1 busy", "task_replanned" },
    { "bob: press 1 busy", "task_replanned" },
    { "bob: press 1 busy", "instance_ended" })
COMPANY_TEST(rule_19_a_ladder_that_keeps_count_survives_the_stage,
    { ANN, "" },
    { "bob: press 1 wait_", "task_replanned" },
    { "bob: press 1 anew", "" },
    { "bob: press 1 wait_", "task_replanned" },
    { "bob: press 1 anew", "" },
    { "bob: press 1 wait_", "instance_ended" })
// Rule 21: presses are counted per stage entry; afterwards `then`, or the button is gone.
COMPANY_TEST(rule_21_a_button_may_be_pressed_so_often,
    { ANN, "" },
    { "bob: press 1 later with call_at=2026-01-06 10:00", "position_set" },
    { "bob: press 1 later with call_at=2026-01-07 10:00", "position_set" },
    { "bob: press 1 later with call_at=2026-01-08 10:00", "!not_offered 2 times" },
    { "bob: press 1 anew", "" },
    { "bob: press 1 later with call_at=2026-01-08 10:00", "position_set" },
    { "bob: press 1 spent", "task_replanned" },
    { "bob: press 1 spent", "instance_ended" })
// Rule 23: without `by`, whoever has the task; superiors act for him.
COMPANY_TEST(rule_23_buttons_belong_to_whoever_has_the_task_or_stands_above,
    { ANN, "" },
    { "bea: press 1 busy", "!not_allowed bob" },
    { "hana: press 1 busy", "pressed" },
    { "wim: press 1 drop", "!not_allowed sales" },
    { "hana: press 1 drop", "instance_ended" })
// Rule 22: without `pick` the task is offered, and the first who acts holds it.
// S92
COMPANY_TEST(rule_22_the_first_who_acts_on_an_offered_task_holds_it,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha", "" },
    { "wim: press 2 made", "pressed task_assigned slot_set instance_ended" })
// Tables: the row that gave the value stands in the record, once.
COMPANY_TEST(a_table_records_the_row_that_it_found,
    { ANN, "" },
    { "bob: press 1 rate", "!empty_operand price" },
    { "bob: press 1 noted with price=99.99", "" },
    { "bob: press 1 rate", "field_changed table_hit" },
    { "bob: press 1 noted with price=100", "" },
    { "bob: press 1 rate", "field_changed table_hit" })
// Hooks: what one gave stands in the record; a failure refuses the press, naming file and line.
COMPANY_TEST(a_hook_records_what_it_gave_and_refuses_when_it_fails,
    { ANN, "" },
    { "bob: press 1 noted with price=150", "" },
    { "bob: press 1 value", "field_changed hook_asked" },
    { "bob: press 1 noted with price=400", "" },
    { "bob: press 1 value", "!hook_failed company.lua:3" },
    { "bob: press 1 noted with price=900", "" },
    { "bob: press 1 value", "!hook_failed whole number" })
// Rule 45: a slot takes only holders of its role.
COMPANY_TEST(rule_45_a_slot_takes_only_holders_of_its_role,
    { ANN, "" },
    { "bob: press 1 give with who=wim", "!bad_form" },
    { "bob: press 1 give with who=bea", "slot_set task_replanned" })
// Rule 13: a rule that becomes true runs; rules that set each other off are stopped at 64.
COMPANY_TEST(rule_13_a_rule_runs_when_its_condition_becomes_true,
    { ANN, "" },
    { "bob: press 1 noted with price=1001", "latch_set rule_fired stage_entered" },
    { "bob: press 1 pay with amount=1000", "field_changed" },
    { "bob: press 1 pay with amount=1", "latch_set rule_fired instance_ended" })
COMPANY_TEST(rule_13_rules_that_never_rest_refuse_the_command,
    { "bob: start flip", "task_opened" },
    { "bob: press 1 run", "!too_many_rules 64" },
    { "bob: press 1 stop", "instance_ended" })

// --------------------------------------------------------------------------------- branches

// Rules 3, 4, 6: branches are entered and left apart; a press names the entry it means.
#define BRANCH_TEST(name, ...) COMPANY_TEST_OF(name, company_branches, __VA_ARGS__)
BRANCH_TEST(rule_3_branches_are_done_one_by_one_and_then_joined,
    { "bob: start pair", "stage_entered stage_entered task_opened stage_entered task_opened" },
    { "wim: press 1 seen", "task_closed stage_exited branch_done" },
    { "bob: press 1 seen", "task_closed stage_exited branch_done stage_exited instance_ended" })
BRANCH_TEST(rule_4_a_press_that_could_mean_two_branches_is_refused,
    { "bob: start pair", "" },
    { "hana: press 1 seen", "!ambiguous `seen`" },
    { "bob: press 1 seen entry 3", "branch_done" },
    { "bob: press 1 seen entry 3", "!stale it is now at \"Far\"" },
    { "wim: press 1 seen", "instance_ended" })
BRANCH_TEST(rule_10_a_branch_is_entered_anew_beside_the_others,
    { "bob: start pair", "" },
    { "bob: press 1 beside", "task_closed stage_exited stage_entered task_opened" },
    { "wim: press 1 seen", "branch_done" },
    { "bob: press 1 seen", "instance_ended" })
BRANCH_TEST(rule_46_nobody_is_moved_into_the_middle_of_a_parallel,
    { "bob: start pair", "" },
    { "bob: press 1 away", "task_closed stage_exited task_closed stage_exited stage_exited "
                           "stage_entered" },
    { "hana: move 1 far because it is far", "!into_branch" },
    { "hana: move 1 both because it is both", "moved stage_entered" },
    { "hana: move 1 far because it is far", "moved stage_exited stage_entered task_opened" })

// --------------------------------------------------------------------------------- children

// Rule 30: every child starts inside the command; an empty set is refused.
// S59, S149
COMPANY_TEST(rule_30_a_conversion_starts_every_child_in_one_record,
    { ANN, "" },
    { "bob: press 1 sold", "!empty_set" },
    { "bob: press 1 sold with wanted=alpha, beta",
      "converted instance_started task_opened instance_started task_opened stage_entered" })
// Rule 31: a child's end is the next command of the batch.
// S149
COMPANY_TEST(rule_31_the_parent_hears_of_every_end_at_once,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha, beta", "" },
    { "wim: press 2 broke", "instance_ended child_ended" },
    { "bob: press 1 drop", "!not_offered" },
    { "wes: press 3 made", "instance_ended child_ended rule_fired instance_ended" })
// Rule 32: no case ends over open children.
COMPANY_TEST(rule_32_children_are_cancelled_with_their_parent,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha, beta", "" },
    { "hana: press 1 stop", "cancelled instance_ended child_ended cancelled instance_ended "
                            "child_ended instance_ended" })
COMPANY_TEST(rule_32_a_case_moved_by_hand_does_not_end_over_open_ones,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha", "converted" },
    { "hana: move 1 deep because it lost its way", "moved stage_entered" },
    { "bob: press 1 up", "!children_open case 2" })
COMPANY_TEST(rule_32_cancelling_a_case_cancels_what_is_under_it,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha, beta", "" },
    { "bob: cancel 1 because no", "!needs_administrator" },
    { "cancel 1", "!bad_form reason" },
    { "cancel 1 because no longer wanted", "cancelled instance_ended child_ended cancelled" },
    { "cancel 1 because again", "!case_ended" })
COMPANY_TEST(a_cancelled_child_is_told_to_its_parent,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha", "" },
    { "cancel 2 because broken", "cancelled instance_ended child_ended rule_fired instance_ended" })

// --------------------------------------------------------------------------------- edit

// Rule 43: whoever has a part in the case may edit; what is readonly or not shown to him he may
// not.
// S26, S121
COMPANY_TEST(rule_43_fields_are_edited_by_the_people_of_the_case,
    { ANN, "" },
    { "bea: edit 1 with name=Bea", "!not_allowed no task and no role" },
    { "bob: edit 1 with name=Anna", "edited field_changed" },
    { "bob: edit 1 with tried=3", "!bad_form does not ask" },
    { "bob: edit 1 with secret=x", "!not_allowed not shown" },
    { "hana: edit 1 with secret=x", "edited field_changed" },
    { "bob: edit 1 with price=much", "!bad_form `price`" },
    { "edit 1 with name=Anna", "!needs_person" })
// Rule 35: a key of another open case is refused, and names it.
COMPANY_TEST(rule_35_an_edit_cannot_take_the_key_of_another_open_case,
    { ANN, "" },
    { "bob: start lead with name=Bea, phone=+49 30 999999", "" },
    { "hana: edit 2 with phone=+49 30 123456", "!key_taken 1" },
    { "bob: press 1 drop", "key_released" },
    { "hana: edit 2 with phone=+49 30 123456", "key_released key_taken field_changed" })
// Rule 13: a rule also looks after an edit. Rule 17: `at` is armed again when its field changes.
COMPANY_TEST(rule_17_a_moment_in_a_field_arms_a_timer_again,
    { ANN, "" },
    { "bob: edit 1 with until_=2026-01-07 12:00", "field_changed timer_set" },
    { "bob: edit 1 with until_=2026-01-06 12:00", "field_changed timer_cancelled timer_set" },
    { "wait 26 h", "overdue_stepped" },
    { "wait 2 h", "timer_fired instance_ended" })

// --------------------------------------------------------------------------------- tasks of people

// S92
COMPANY_TEST(an_offered_task_is_claimed_by_one_who_holds_its_role, { ANN, "" },
             { "bob: press 1 sold with wanted=alpha", "" },
             { "bob: claim 2 1", "!not_allowed works" }, { "wim: claim 2 7", "!unknown_task 7" },
             { "claim 2 1", "!needs_person" }, { "wim: claim 2 1", "task_assigned slot_set" },
             { "wes: claim 2 1", "!not_allowed wim" },
             { "wim: release 2 1", "task_assigned slot_set" },
             { "wes: claim 2 1", "task_assigned slot_set" })
// Rule 20: another holder of the same role; ladder and due stay.
// S115, S156
COMPANY_TEST(rule_20_a_task_is_handed_on_within_its_role,
    { ANN, "" },
    { "bob: reassign 1 1 to wim", "!role_not_held wim" },
    { "bob: reassign 1 1 to gone", "!unknown_user gone" },
    { "bea: reassign 1 1 to bea", "!not_allowed" },
    { "hana: reassign 1 1 to bea because holiday", "task_assigned slot_set" },
    { "bob: press 1 busy", "!not_allowed bea" },
    { "bea: press 1 busy", "task_replanned" })
// Rule 41: a side task stands beside the main one; its asker is told; it freezes nothing.
// S53, S120, S124
COMPANY_TEST(rule_41_a_side_task_is_done_with_a_note_and_told_to_its_asker,
    { ANN, "" },
    { "wes: side 1 for wim called No", "!not_allowed" },
    { "bob: side 1 for wim called Draw it", "task_opened" },
    { "bob: side 1 for works called Measure it", "task_opened" },
    { "bob: side 1 for nobody called Nothing", "!unknown_user nobody" },
    { "bob: side 1 for wim", "!bad_form title" },
    { "bob: side 1 for wim due 5 called Late", "!moment_past" },
    { "bob: finish 1 1", "!not_offered side tasks" },
    { "bea: finish 1 2", "!not_allowed" },
    { "wim: finish 1 2 because done", "task_closed notified" },
    { "wes: claim 1 3", "task_assigned" },
    { "wes: finish 1 3", "task_closed" })
COMPANY_TEST(rule_2_a_side_task_of_a_button_belongs_to_its_braces,
    { ANN, "" },
    { "bob: press 1 help_", "task_opened task_replanned" },
    { "bob: press 1 talked", "task_closed task_closed stage_exited" })
COMPANY_TEST(a_comment_is_kept_and_bounded,
    { ANN, "" },
    { "bob: comment 1 saying Rang twice", "commented" },
    { "comment 1 saying From above", "commented" },
    { "wes: comment 1 saying No", "!not_allowed" },
    { "bob: comment 1", "!limit COMMENT_BYTES_MAX" })
// Rule 41: a manual move is an ordinary transition with a reason, for roles that may move.
// S19, S163, S175
COMPANY_TEST(rule_41_a_case_is_moved_by_hand_by_those_who_may,
    { ANN, "" },
    { "bob: move 1 offer because why", "!not_allowed may move" },
    { "hana: move 1 nowhere because why", "!unknown_stage nowhere" },
    { "hana: move 1 offer", "!bad_form reason" },
    { "hana: move 1 offer because he said so", "moved task_closed stage_entered task_opened" },
    { "hana: move 1 waiting because wrong", "!asleep" })

// --------------------------------------------------------------------------------- the company

// S156, S170
COMPANY_TEST(people_come_and_go,
    { "hire ida sales,works under hana", "user_set" },
    { "hire ida sales,stars", "role_named user_set" },
    { "hire ida, sales", "!bad_users" },
    { "hire ida sales under nobody", "!bad_users nobody" },
    { "hire ida sales under ida", "!bad_users" },
    { "fire ida", "user_set" },
    { "ida: start lead with name=Ann", "!unknown_user left" },
    { "bob: hire x sales", "!needs_administrator" })
COMPANY_TEST(a_step_of_the_clock_is_confirmed_by_an_administrator,
    { "bob: clock", "!needs_administrator" },
    { "clock", "clock_confirmed" })
// Rule 20, 12: overdue rungs run in order, counted from the due moment or from now.
// S69, S119, S125
COMPANY_TEST(rule_20_an_overdue_ladder_reminds_tells_and_hands_on,
    { ANN, "" },
    { "wait 14 min", "-" },
    { "wait 1 min", "overdue_stepped notified" },
    { "wait 30 min", "overdue_stepped notified" },
    { "wait 1 h", "overdue_stepped picked task_assigned" },
    { "wait 24 h", "-" })
COMPANY_TEST(rule_20_a_new_due_starts_the_overdue_ladder_again,
    { ANN, "" },
    { "wait 15 min", "overdue_stepped" },
    { "bob: press 1 busy", "task_replanned" },
    { "wait 19 min", "-" },
    { "wait 1 min", "overdue_stepped" })
// Rule 17: idle counts from the last thing that moved the case; a comment does not.
COMPANY_TEST(rule_17_an_idle_timer_waits_ten_quiet_days,
    { ANN, "" },
    { "bob: press 1 later with call_at=2026-01-20 09:00", "" },
    { "wait 8 days", "" },
    { "bob: press 1 later with call_at=2026-03-20 09:00", "" },
    { "wait 8 days", "timer_cancelled timer_set" },
    { "bob: comment 1 saying Still there", "commented" },
    { "wait 2 days", "timer_fired instance_ended" })
// Rule 2, 17: a timer of a stage around counts from the entry of that stage.
COMPANY_TEST(rule_17_a_timer_of_the_stage_around_counts_from_its_entry,
    { "bob: start lead with name=nested", "" },
    { "wait 1 days", "" },
    { "bob: press 1 on_", "" },
    { "wait 1 days", "timer_fired instance_ended" })
// What a timer cannot do becomes an incident; an administrator closes it.
COMPANY_TEST(a_timer_that_cannot_do_its_work_opens_an_incident,
    { "bob: start flip", "" },
    { "wait 1 h", "incident_opened" },
    { "wait 24 h", "-" },
    { "bob: close 1 because seen", "!needs_administrator" },
    { "close 1", "!bad_form reason" },
    { "close 5 because seen", "!unknown_incident 5" },
    { "close 1 because the rules are mended", "incident_closed" },
    { "close 1 because again", "!unknown_incident 1" })
// S115
COMPANY_TEST(whoever_leaves_with_open_tasks_leaves_an_incident,
    { "hire gus ghost", "" },
    { "bob: start lead with name=ghost", "task_opened" },
    { "fire gus", "incident_opened user_set" })

// --------------------------------------------------------------------------------- who is there

// Rule 22: whoever is away is not picked; his task keeps his name, and the substitute acts for him.
COMPANY_TEST(rule_22_whoever_is_away_is_passed_over,
    { "away bob until 3 days", "absence_set absence_began" },
    { ANN, "picked task_opened" },
    { "bob: start lead with name=Bo", "picked task_opened" },
    { "bob: press 1 talked", "!not_allowed bea" },
    { "bea: press 2 talked", "pressed" },
    { "wait 3 days", "absence_ended" },
    { "bob: start lead with name=Cy", "picked task_opened" },
    { "bob: press 3 talked", "pressed" })
COMPANY_TEST(rule_22_a_substitute_acts_for_one_who_is_away,
    { "hire sub works", "" },
    { ANN, "" },
    { "sub: press 1 talked", "!not_allowed bob" },
    { "away bob until 3 days substitute sub", "absence_began" },
    { "bea: press 1 talked", "!not_allowed `bob`, who is away" },
    { "sub: press 1 talked", "pressed" },
    { "wait 3 days", "absence_ended" },
    { "sub: press 1 back", "!not_allowed bob" })
COMPANY_TEST(rule_22_nobody_there_is_an_incident_until_somebody_is,
    { ANN, "" },
    { "away bob until 3 days", "absence_began" },
    { "away hana until 2 days", "absence_began incident_opened" },
    { "hana: press 1 talked", "pressed" },
    { "wait 2 days", "absence_ended incident_closed" })
COMPANY_TEST(rule_22_a_task_opened_while_nobody_is_there_is_an_incident,
    { "away bob until 3 days", "" },
    { "away bea until 3 days", "" },
    { "away hana until 1 days", "" },
    { ANN, "task_opened incident_opened" },
    { "hana: start lead with name=Bo", "task_opened" },
    { "wait 1 days", "absence_ended incident_closed" },
    { "hana: press 1 talked", "pressed" })
COMPANY_TEST(absences_are_planned_withdrawn_and_bounded,
    { "away bob from 1 days until 3 days", "absence_set" },
    { "away bob from 2 days until 4 days", "!bad_users already" },
    { "away bob from 3 days until 3 days", "!moment_past" },
    { "away bob from 3 days until 4 days substitute bob", "!bad_users himself" },
    { "away bob from 3 days until 4 days substitute who", "!unknown_user who" },
    { "away bob from 3 days until 4 days", "absence_set" },
    { "away who until 4 days", "!unknown_user" },
    { "bea: away bob until 1 days", "!not_allowed himself" },
    { "bob: back bob", "!bad_users not away" },
    { "bob: back bob from 9 days", "!bad_users begins" },
    { "wait 1 days", "absence_began" },
    { "hana: back bob", "absence_removed" },
    { "wait 2 days", "absence_began" },
    { "wait 1 days", "absence_ended" })
COMPANY_TEST(one_absence_follows_another_at_the_same_moment,
    { "away bob until 1 days", "absence_began" },
    { "away bob from 1 days until 2 days", "absence_set" },
    { "wait 1 days", "absence_ended absence_began" },
    { "wait 1 days", "absence_ended" })
// Rule 24: not by a reassignment, not by a claim, not for another.
COMPANY_TEST(rule_24_four_eyes_hold_on_every_road,
    { "hire mix works,sales", "" },
    { "bob: start lead with name=Ann", "" },
    { "bob: press 1 help_", "task_opened" },
    { "mix: claim 1 2", "task_assigned" },
    { "mix: finish 1 2", "task_closed" },
    { "away bea until 3 days", "" },
    { "bob: press 1 talked", "task_opened" },
    { "hana: reassign 1 3 to mix", "!not_allowed `mix` has acted" },
    { "hand 1 bob taker mix", "!not_allowed another person" },
    { "mix: press 1 back", "!not_allowed `mix` has acted" },
    { "away bob until 3 days substitute mix", "absence_began" },
    { "mix: press 1 back", "!not_allowed another person" },
    { "hana: press 1 back", "pressed" })
COMPANY_TEST(a_case_is_handed_over,
    { ANN, "" },
    { "bob: press 1 help_", "task_opened" },
    { "hand 1 bob taker wim", "!role_not_held wim" },
    { "wim: hand 1 bob taker bea", "!not_allowed `may move`" },
    { "hand 1 bob taker bob", "!bad_form already" },
    { "hand 1 wim taker bob", "!unknown_task nothing" },
    { "hand 1 bob taker who", "!unknown_user who" },
    { "hand 1 bob dry", "-" },
    { "bob: press 1 talked", "pressed" },
    { "hand 1 bob", "task_assigned slot_set" },
    { "bob: press 1 back", "!not_allowed bea" },
    { "bea: press 1 back", "pressed" },
    { "bea: hand 1 bea taker bob", "task_assigned slot_set" })
COMPANY_TEST(people_are_in_teams,
    { "hire ida sales in north", "team_named user_set" },
    { "hire ida sales in north", "-" },
    { "hire ida sales in south", "team_named user_set" })
// --------------------------------------------------------------------------------- the world

#define BILL "message bank.order with number=7"
// Rule 37.
OUTSIDE_TEST(rule_37_a_message_begins_a_case_and_fills_what_it_brings,
    { BILL, "instance_started message_taken task_opened" },
    { BILL, "repeat_joined message_taken" },
    { "wim: press 1 sent", "" },
    { "message bank.paid with number=7, amount=30", "message_taken field_changed" },
    { "message bank.paid at 1 with amount=70",
      "message_taken field_changed rule_fired instance_ended" },
    { "message bank.paid at 1 with amount=70", "message_taken" })
OUTSIDE_TEST(rule_37_a_message_that_waits_is_delivered_on_entry_in_the_same_batch,
    { BILL, "" },
    { "message bank.paid with number=7, amount=60", "message_taken" },
    { "message bank.paid with number=7, amount=50", "message_taken" },
    { "wim: press 1 sent", "pressed stage_entered message_taken message_taken instance_ended" })
OUTSIDE_TEST(rule_33_what_waits_is_recorded_when_the_case_ends,
    { BILL, "" },
    { "message bank.paid with number=7, amount=60", "message_taken" },
    { "cancel 1 because of a mistake", "message_taken instance_ended" })
OUTSIDE_TEST(what_a_kept_message_cannot_do_does_not_undo_the_press,
    { BILL, "" },
    { "message bank.paid with number=7, amount=0", "message_taken" },
    { "wim: press 1 sent", "pressed stage_entered message_taken incident_opened" },
    { "wim: retry 1", "!needs_administrator" },
    { "retry 7", "!unknown_incident 7" },
    { "retry 1", "!required amount" },
    { "close 1 because it brought nothing", "incident_closed" })
OUTSIDE_TEST(messages_that_do_not_fit_are_refused,
    { "message bank.lost", "!unknown_message bank.lost" },
    { "message bank.paid with number=7, amount=1", "!unknown_instance" },
    { BILL, "" },
    { "message bank.paid at 1 with amount=much", "!bad_form amount" },
    { "message bank.paid at 1 with sum=1", "!bad_form sum" },
    { "message bank.order at 1", "!unknown_message case 1" },
    { "message bank.paid at 9 with amount=1", "!unknown_instance 9" },
    { "bob: message bank.paid at 1 with amount=1", "!needs_administrator" })
OUTSIDE_TEST(one_delivery_makes_one_case_whatever_is_repeated,
    { "bank/12 message bank.order with number=8", "instance_started imported" },
    { "bank/12 message bank.order with number=8", "-" },
    { "bank/12 message bank.order with number=9", "-" },
    { "c1#1 message bank.order with number=9", "instance_started" },
    { "c1#1 message bank.order with number=9", "-" },
    { "c1#1 message bank.order with number=10", "!request_reused" })
// Rule 38.
OUTSIDE_TEST(rule_38_a_call_is_tried_by_its_ladder_and_then_its_else_runs,
    { BILL, "" },
    { "wim: press 1 sent", "call_queued" },
    { "result 1 1 1 failed saying no route", "call_attempted" },
    { "result 1 1 1 failed saying no route", "!stale" },
    { "result 1 1 2 failed saying no route", "call_attempted notified" },
    { "result 1 1 3 failed saying no route", "call_attempted field_changed" },
    { "result 1 1 4 failed saying no route", "!stale" })
OUTSIDE_TEST(rule_38_no_ladder_for_what_no_other_try_would_mend,
    { BILL, "" },
    { "wim: press 1 sent", "call_queued" },
    { "result 1 1 1 refused saying 404", "call_attempted field_changed" })
OUTSIDE_TEST(rule_38_calls_of_a_case_go_one_after_the_other,
    { BILL, "" },
    { "wim: press 1 reminded", "call_queued" },
    { "wim: press 1 sent", "call_queued" },
    { "result 1 2 1 done", "!stale" },
    { "result 1 1 1 done", "call_attempted call_released" },
    { "result 1 2 1 done", "call_attempted" })
OUTSIDE_TEST(an_answer_is_a_message_in_the_same_record,
    { BILL, "" },
    { "wim: press 1 sent", "call_queued" },
    { "result 1 1 1 done answer bank.paid with amount=100",
      "call_attempted message_taken instance_ended" })
OUTSIDE_TEST(an_answer_that_cannot_be_given_is_an_incident_and_the_call_is_done,
    { BILL, "" },
    { "wim: press 1 sent", "call_queued" },
    { "result 1 1 1 done answer bank.paid with amount=0", "call_attempted incident_opened" },
    { "result 1 1 1 done", "!stale" },
    { "retry 1", "!required" })
OUTSIDE_TEST(a_call_without_else_is_parked_until_somebody_tries_again,
    { BILL, "" },
    { "wim: press 1 reminded", "call_queued" },
    { "result 1 1 1 refused saying 500", "call_attempted incident_opened" },
    { "wim: press 1 reminded", "call_queued" },
    { "retry 1", "incident_closed call_released" },
    { "result 1 1 1 done", "!stale" },
    { "result 1 2 1 done", "call_attempted call_released" },
    { "result 1 1 1 done", "call_attempted" })
OUTSIDE_TEST(an_incident_that_is_closed_gives_its_call_up,
    { BILL, "" },
    { "wim: press 1 reminded", "call_queued" },
    { "result 1 1 1 refused saying 500", "incident_opened" },
    { "close 1 because told by phone", "incident_closed call_attempted" })
OUTSIDE_TEST(an_else_that_cannot_run_is_an_incident,
    { BILL, "" },
    { "wim: press 1 blind", "call_queued" },
    { "result 1 1 1 refused saying 500", "call_attempted incident_opened" })
OUTSIDE_TEST(rule_38_a_call_of_a_case_that_has_ended_is_recorded_and_an_incident,
    { BILL, "" },
    { "wim: press 1 sent", "call_queued" },
    { "wim: press 1 gone", "instance_ended" },
    { "result 1 1 1 failed saying 500", "call_attempted" },
    { "result 1 1 2 refused saying 500", "call_attempted incident_opened" },
    { "retry 1", "incident_closed call_released" },
    { "result 1 1 1 done", "call_attempted" })
COMPANY_TEST(a_timer_that_could_not_do_its_work_is_tried_again,
    { "bob: start flip", "" },
    { "wait 1 h", "incident_opened" },
    { "retry 1", "incident_closed timer_set" },
    { "wait 1 min", "timer_cancelled incident_opened" },
    { "bob: press 1 stop", "" },
    { "retry 2", "!stale" })

// --------------------------------------------------------------------------------- requests

COMPANY_TEST(a_repeat_gets_its_first_answer_and_changes_nothing,
    { "bob: c1#1 start lead with name=Ann, phone=+49 30 123456", "instance_started" },
    { "bob: c1#1 start lead with name=Ann, phone=+49 30 123456", "-" },
    { "bob: c1#2 start lead with name=Ann, phone=+49 30 123456", "repeat_joined" },
    { "bob: c2#1 start lead with name=Ann, phone=+49 30 123456", "repeat_joined" })
COMPANY_TEST(one_request_id_is_one_command,
    { "bob: c1#1 start lead with name=Ann", "instance_started" },
    { "bob: c1#1 start lead with name=Bea", "!request_reused another command" },
    { "bea: c1#1 start lead with name=Ann", "!request_reused" })
COMPANY_TEST(a_refusal_is_not_remembered,
    { "bob: c1#1 press 1 busy", "!unknown_instance" },
    { ANN, "" },
    { "bob: c1#1 press 1 busy", "pressed" })
COMPANY_TEST(an_id_older_than_the_window_is_refused,
    { "bob: c1#5 start lead with name=Ann", "instance_started" },
    { "bob: c1#1029 comment 1 saying x", "commented" },
    { "bob: c1#5 start lead with name=Ann", "!request_too_old 1024" })

// --------------------------------------------------------------------------------- escalations

#define FRAMES_TEST(name, ...) COMPANY_TEST_OF(name, company_frames_text, __VA_ARGS__)

// Rules 26, 27: what is frozen is told one by one, and comes back one by one.
FRAMES_TEST(rule_26_an_escalation_freezes_and_back_brings_everything_back,
    { ANN, "" },
    { "hana: press 1 trouble", "!bad_form `why`: must be answered" },
    { "bob: press 1 trouble with why=stock", "!not_allowed head" },
    { "hana: press 1 trouble with why=stock",
      "pressed frozen task_frozen timer_frozen field_changed stage_entered task_opened" },
    { "bob: press 1 busy", "!not_offered Trouble" },
    { "hana: press 1 trouble with why=again", "!not_offered open already" },
    { "hana: press 1 worse", "frozen task_frozen stage_entered task_opened" },
    { "hana: press 1 calm", "task_closed stage_exited task_resumed resumed" },
    { "hana: press 1 solved",
      "task_closed stage_exited timer_resumed task_resumed resumed field_changed" },
    { "bob: press 1 busy", "task_replanned" })
FRAMES_TEST(rule_26_the_process_raises_what_is_open_already_without_effect,
    { ANN, "" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "hana: edit 1 with price=6000", "edited rule_fired escalation_repeated" },
    { "hana: press 1 solved", "resumed" })
FRAMES_TEST(rule_27_another_target_leaves_what_was_frozen,
    { ANN, "" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "hana: press 1 worse", "frozen" },
    { "hana: move 1 offer because enough", "resumed resumed stage_exited stage_entered" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "hana: press 1 hopeless", "resumed stage_exited instance_ended" })
FRAMES_TEST(rule_41_nobody_moves_a_case_into_an_escalation,
    { ANN, "" },
    { "hana: move 1 trouble because so", "!unknown_stage raised, not gone to" })
FRAMES_TEST(a_frozen_case_can_be_cancelled,
    { ANN, "" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "cancel 1 because enough", "resumed instance_ended" })
FRAMES_TEST(a_task_whose_holder_left_while_it_was_frozen_finds_another,
    { ANN, "" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "fire bob", "" },
    { "hana: press 1 solved", "task_resumed resumed slot_set picked task_assigned" })

// --------------------------------------------------------------------------------- merging

// Rule 35: the other case gets what it had empty; the key of this one finds it from now on.
FRAMES_TEST(rule_35_a_case_is_merged_into_another,
    { ANN, "" },
    { "bob: start lead with name=Bea, email=b@x.example", "instance_started" },
    { "bob: press 1 double with twin=1", "!bad_form itself" },
    { "bob: press 1 double with twin=7", "!bad_form 7" },
    { "bob: edit 1 with email=b@x.example", "!key_taken `double` merges the two" },
    { "bob: press 1 double with twin=2",
      "pressed merged task_closed stage_exited key_released instance_ended key_merged merged_from "
      "notified key_taken field_changed" },
    { "bea: press 2 double with twin=1", "!case_ended merged into it" },
    { ANN, "repeat_joined" })
FRAMES_TEST(rule_35_the_key_finds_the_other_case_through_those_merged_since,
    { ANN, "" },
    { "bob: start lead with name=Bea, phone=030 222222", "instance_started" },
    { "bob: start lead with name=Cid, phone=030 333333", "instance_started" },
    { "bob: press 1 double with twin=2", "merged" },
    { "bea: press 2 double with twin=3", "merged" },
    { ANN, "repeat_joined" },
    { "bob: press 3 drop", "instance_ended" },
    { ANN, "instance_reopened" })
FRAMES_TEST(rule_35_a_case_with_open_children_is_not_merged,
    { ANN, "" },
    { "bob: start lead with name=Bea, phone=030 222222", "instance_started" },
    { "bob: press 1 sold with wanted=alpha", "converted" },
    { "bob: press 1 double with twin=2", "!children_open 3" },
    { "cancel 3 because enough", "instance_ended" })

// --------------------------------------------------------------------------------- taking back

// Rule 40: the presser, within ten minutes, as long as nothing else has come of it.
FRAMES_TEST(rule_40_a_press_is_taken_back_with_its_ladder_task_and_timers,
    { ANN, "" },
    { "bob: press 1 busy", "task_replanned" },
    { "bob: press 1 talked", "stage_exited stage_entered" },
    { "bob: undo 1", "key_released undone key_taken" },
    { "bob: press 1 busy", "task_replanned" },
    { "bob: undo 1", "field_changed undone" },
    { "bob: undo 1", "!cannot_undo `undo`" },
    { "bob: press 1 talked", "stage_entered" },
    { "bea: undo 1", "!cannot_undo `bob`" },
    { "undo 1", "!needs_person" },
    { "bob: undo 7", "!unknown_instance 7" },
    { "bob: comment 1 saying x", "commented" },
    { "bob: undo 1", "!cannot_undo `comment`" },
    { "bob: press 1 paid", "instance_ended" },
    { "wait 11 min", "" },
    { "bob: undo 1", "!cannot_undo ten minutes" })
FRAMES_TEST(rule_40_an_end_is_taken_back_unless_its_key_has_gone,
    { ANN, "" },
    { "bob: press 1 drop", "key_released instance_ended" },
    { "bob: undo 1", "undone key_taken" },
    { "bob: press 1 talked", "" },
    { "bob: press 1 paid", "instance_ended" },
    { ANN, "instance_started" },
    { "bob: undo 1", "!key_taken case 2" })
FRAMES_TEST(rule_40_an_escalation_and_its_end_are_taken_back,
    { ANN, "" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "hana: undo 1", "field_changed undone" },
    { "bob: press 1 busy", "task_replanned" },
    { "hana: press 1 trouble with why=stock", "frozen" },
    { "hana: press 1 solved", "resumed" },
    { "hana: undo 1", "undone" },
    { "bob: press 1 busy", "!not_offered Trouble" },
    { "hana: press 1 solved", "resumed" },
    { "bob: press 1 busy", "task_replanned" })
FRAMES_TEST(rule_40_children_are_cancelled_while_nobody_has_touched_them,
    { ANN, "" },
    { "bob: press 1 sold with wanted=alpha, beta", "converted" },
    { "bob: undo 1", "cancelled instance_ended child_ended cancelled instance_ended child_ended "
                     "undone" },
    { "bob: press 1 sold with wanted=alpha, beta", "converted" },
    { "comment 4 saying x", "commented" },
    { "bob: undo 1", "!cannot_undo case 4" })
FRAMES_TEST(rule_40_what_reached_another_case_is_not_taken_back,
    { ANN, "" },
    { "bob: start lead with name=Bea, phone=030 222222", "instance_started" },
    { "bob: press 1 double with twin=2", "merged" },
    { "bob: undo 1", "!cannot_undo case 2" },
    { "bob: start lead with name=Cid, phone=030 333333", "" },
    { "bob: press 3 sold with wanted=alpha", "converted" },
    { "wim: press 4 made", "instance_ended" },
    { "wim: undo 4", "!cannot_undo case 3 above it" })

OUTSIDE_TEST(rule_40_a_call_that_cannot_have_been_tried_is_withdrawn,
    { BILL, "" },
    { "wim: press 1 reminded", "call_queued" },
    { "wim: undo 1", "!cannot_undo bank.remind may be on its way" },
    { "wim: press 1 sent", "call_queued stage_entered" },
    { "wim: undo 1", "call_attempted undone" },
    { "wim: press 1 reminded", "call_queued" },
    { "result 1 1 1 done", "call_attempted call_released" },
    { "wim: undo 1", "!cannot_undo call_result" })

// --------------------------------------------------------------------------------- reopening

// Rule 36: by hand too, where the end says by whom.
FRAMES_TEST(rule_36_a_case_is_reopened_by_the_role_of_its_end,
    { ANN, "" },
    { "bob: reopen 1", "!not_offered open" },
    { "bob: reopen 9", "!unknown_instance 9" },
    { "bob: press 1 drop", "instance_ended" },
    { "wim: reopen 1", "!not_allowed sales" },
    { "hana: reopen 1", "instance_reopened stage_entered key_taken stage_entered task_opened" },
    { "bob: press 1 talked", "" },
    { "bob: press 1 paid", "instance_ended" },
    { "bob: reopen 1", "!not_offered ended so" },
    { "bob: start lead with name=Bea, phone=030 222222", "" },
    { "bob: press 2 drop", "instance_ended" },
    { "bob: start lead with name=Bea, phone=030 222222", "instance_reopened" },
    { "bob: press 2 drop", "instance_ended" },
    { "wait 91 days", "" },
    { "bob: reopen 2", "!not_offered time" })
FRAMES_TEST(rule_36_a_case_whose_key_has_gone_is_not_reopened,
    { ANN, "" },
    { "bob: press 1 drop", "instance_ended" },
    { "bob: start lead with name=Bea, phone=030 222222", "" },
    { "bob: edit 2 with phone=030 123456", "key_taken" },
    { "bob: reopen 1", "!key_taken case 2" })

// --------------------------------------------------------------------------------- programs

static void a_program_that_was_damaged_on_its_way_is_refused(void **state)
{
    (void)state;
    struct company company;
    company_open(&company, company_text);
    const struct command_program program = { SLICE("lead"), SLICE("no image at all"),
                                             SLICE_EMPTY };
    const struct command command = { .kind = COMMAND_APPLY, .programs = &program,
                                     .program_count = 1 };
    const struct core_effects *effects;
    core_begin(company.core, company.now_ms);
    core_step(company.core, &command);
    assert_int_equal(core_commit(company.core, &effects), OK);
    assert_int_equal(effects->answers[0].refusal.code, REFUSAL_BAD_PROGRAM);
    assert_int_equal(effects->record_count, 0);
    company_seen()->refusal[REFUSAL_BAD_PROGRAM] = true;
    company_close(&company);
}

// --------------------------------------------------------------------------------- gaps

static void every_event_and_refusal_of_the_core_was_seen(void **state)
{
    (void)state;
    const struct company_seen *seen = company_seen();
    for (int kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        if (kind >= EVENT_VERSION_MOVED && kind <= EVENT_VERSION_SETTLED) {
            continue; // test_versions.c
        }
        if (!seen->event[kind]) {
            print_error("no test records `%s`\n", event_name((enum event_kind)kind));
        }
        assert_true(seen->event[kind]);
    }
    static const enum refusal_code elsewhere[] = {
        // the shell's
        REFUSAL_BAD_REQUEST, REFUSAL_UNKNOWN_METHOD, REFUSAL_STOPPING, REFUSAL_NOT_DEMO,
        REFUSAL_STORE_FULL, REFUSAL_ROW_DAMAGED, // test_damage.c
        REFUSAL_BAD_MAPPING, REFUSAL_BAD_BODY, // tests/intake/intake.sh
        REFUSAL_UNKNOWN_ZONE, // test_time.c
        REFUSAL_NO_INDEX, REFUSAL_BACKUP_FAILED, // test_session.c, e2e.sh
        REFUSAL_NEEDS_DECISION, REFUSAL_UNKNOWN_VERSION, // test_versions.c
    };
    for (int code = 1; code < REFUSAL_CODE_COUNT; code++) {
        bool known = seen->refusal[code];
        for (size_t i = 0; i < ARRAY_COUNT(elsewhere); i++) {
            known = known || elsewhere[i] == (enum refusal_code)code;
        }
        if (!known) {
            print_error("no test is refused with `%s`\n", refusal_name((enum refusal_code)code));
        }
        assert_true(known);
    }
}

#define T(name) cmocka_unit_test(name)
static int run_frames(void)
{
    const struct CMUnitTest tests[] = {
        T(rule_26_an_escalation_freezes_and_back_brings_everything_back),
        T(rule_26_the_process_raises_what_is_open_already_without_effect),
        T(rule_27_another_target_leaves_what_was_frozen),
        T(rule_41_nobody_moves_a_case_into_an_escalation),
        T(a_frozen_case_can_be_cancelled),
        T(a_task_whose_holder_left_while_it_was_frozen_finds_another),
        T(rule_35_a_case_is_merged_into_another),
        T(rule_35_the_key_finds_the_other_case_through_those_merged_since),
        T(rule_35_a_case_with_open_children_is_not_merged),
        T(rule_40_a_press_is_taken_back_with_its_ladder_task_and_timers),
        T(rule_40_an_end_is_taken_back_unless_its_key_has_gone),
        T(rule_40_an_escalation_and_its_end_are_taken_back),
        T(rule_40_children_are_cancelled_while_nobody_has_touched_them),
        T(rule_40_what_reached_another_case_is_not_taken_back),
        T(rule_40_a_call_that_cannot_have_been_tried_is_withdrawn),
        T(rule_36_a_case_is_reopened_by_the_role_of_its_end),
        T(rule_36_a_case_whose_key_has_gone_is_not_reopened),
    };
    return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}

static int run_people(void)
{
    const struct CMUnitTest tests[] = {
        T(rule_22_whoever_is_away_is_passed_over),
        T(rule_22_a_substitute_acts_for_one_who_is_away),
        T(rule_22_nobody_there_is_an_incident_until_somebody_is),
        T(rule_22_a_task_opened_while_nobody_is_there_is_an_incident),
        T(absences_are_planned_withdrawn_and_bounded),
        T(one_absence_follows_another_at_the_same_moment),
        T(rule_24_four_eyes_hold_on_every_road),
        T(a_case_is_handed_over),
        T(people_are_in_teams),
    };
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}

static int run_outside(void)
{
    const struct CMUnitTest tests[] = {
        T(rule_37_a_message_begins_a_case_and_fills_what_it_brings),
        T(rule_37_a_message_that_waits_is_delivered_on_entry_in_the_same_batch),
        T(rule_33_what_waits_is_recorded_when_the_case_ends),
        T(what_a_kept_message_cannot_do_does_not_undo_the_press),
        T(messages_that_do_not_fit_are_refused),
        T(one_delivery_makes_one_case_whatever_is_repeated),
        T(rule_38_a_call_is_tried_by_its_ladder_and_then_its_else_runs),
        T(rule_38_no_ladder_for_what_no_other_try_would_mend),
        T(rule_38_calls_of_a_case_go_one_after_the_other),
        T(an_answer_is_a_message_in_the_same_record),
        T(an_answer_that_cannot_be_given_is_an_incident_and_the_call_is_done),
        T(a_call_without_else_is_parked_until_somebody_tries_again),
        T(an_incident_that_is_closed_gives_its_call_up),
        T(an_else_that_cannot_run_is_an_incident),
        T(rule_38_a_call_of_a_case_that_has_ended_is_recorded_and_an_incident),
        T(a_timer_that_could_not_do_its_work_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    int failed = run_frames() + run_people() + run_outside(); // before the one that looks for gaps
    const struct CMUnitTest tests[] = {
        T(start_makes_a_case_a_key_and_a_task),
        T(start_refuses_what_does_not_exist),
        T(rule_8_one_refusal_lists_every_bad_answer),
        T(a_requirement_refuses_with_its_own_sentence),
        T(rule_34_a_repeat_joins_the_open_case_and_fills_only_what_is_empty),
        T(rule_34_two_keys_of_two_cases_link_a_duplicate),
        T(rule_36_a_repeat_reopens_a_lost_case_within_its_days),
        T(rule_42_a_task_that_nobody_can_do_is_refused),
        T(rule_6_a_press_on_a_stage_that_was_left_is_stale),
        T(rule_7_an_inner_action_hides_the_outer_one),
        T(a_press_needs_a_case_an_action_and_a_person),
        T(rule_9_a_press_without_a_flow_changes_nothing_about_the_task),
        T(rule_10_a_transition_into_the_own_stage_enters_it_anew),
        T(a_case_has_the_zone_that_its_field_tells),
        T(rule_12_a_promise_in_the_past_is_refused),
        T(rule_16_arithmetic_with_empty_names_the_field),
        T(amounts_that_do_not_combine_are_refused),
        T(a_button_whose_condition_does_not_hold_is_not_offered),
        T(rule_19_a_ladder_is_climbed_from_the_press_and_ends_in_then),
        T(rule_19_a_ladder_that_keeps_count_survives_the_stage),
        T(rule_21_a_button_may_be_pressed_so_often),
        T(rule_23_buttons_belong_to_whoever_has_the_task_or_stands_above),
        T(rule_22_the_first_who_acts_on_an_offered_task_holds_it),
        T(a_table_records_the_row_that_it_found),
        T(a_hook_records_what_it_gave_and_refuses_when_it_fails),
        T(rule_45_a_slot_takes_only_holders_of_its_role),
        T(rule_13_a_rule_runs_when_its_condition_becomes_true),
        T(rule_13_rules_that_never_rest_refuse_the_command),
        T(rule_3_branches_are_done_one_by_one_and_then_joined),
        T(rule_4_a_press_that_could_mean_two_branches_is_refused),
        T(rule_10_a_branch_is_entered_anew_beside_the_others),
        T(rule_46_nobody_is_moved_into_the_middle_of_a_parallel),
        T(rule_30_a_conversion_starts_every_child_in_one_record),
        T(rule_31_the_parent_hears_of_every_end_at_once),
        T(rule_32_children_are_cancelled_with_their_parent),
        T(rule_32_a_case_moved_by_hand_does_not_end_over_open_ones),
        T(rule_32_cancelling_a_case_cancels_what_is_under_it),
        T(a_program_that_was_damaged_on_its_way_is_refused),
        T(a_cancelled_child_is_told_to_its_parent),
        T(a_repeat_gets_its_first_answer_and_changes_nothing),
        T(one_request_id_is_one_command),
        T(a_refusal_is_not_remembered),
        T(an_id_older_than_the_window_is_refused),
        T(rule_43_fields_are_edited_by_the_people_of_the_case),
        T(rule_35_an_edit_cannot_take_the_key_of_another_open_case),
        T(rule_17_a_moment_in_a_field_arms_a_timer_again),
        T(an_offered_task_is_claimed_by_one_who_holds_its_role),
        T(rule_20_a_task_is_handed_on_within_its_role),
        T(rule_41_a_side_task_is_done_with_a_note_and_told_to_its_asker),
        T(rule_2_a_side_task_of_a_button_belongs_to_its_braces),
        T(a_comment_is_kept_and_bounded),
        T(rule_41_a_case_is_moved_by_hand_by_those_who_may),
        T(people_come_and_go),
        T(a_step_of_the_clock_is_confirmed_by_an_administrator),
        T(rule_20_an_overdue_ladder_reminds_tells_and_hands_on),
        T(rule_20_a_new_due_starts_the_overdue_ladder_again),
        T(rule_17_an_idle_timer_waits_ten_quiet_days),
        T(rule_17_a_timer_of_the_stage_around_counts_from_its_entry),
        T(a_timer_that_cannot_do_its_work_opens_an_incident),
        T(whoever_leaves_with_open_tasks_leaves_an_incident),
        T(every_event_and_refusal_of_the_core_was_seen),
    };
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
