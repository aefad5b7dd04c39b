#!/bin/bash
# The auditor's questions, as he would ask them: what happened, why, how it stood then, and whether
# somebody has edited the answer. Usage: audit.sh RUNG SOURCE_DIR TAMPER
set -u
rung=$1
here=$2/tests/cli
tamper=$3
. "$(dirname "$0")/../program.sh"
program_begin audit 80

printf 'name,title,roles\nann,Ann,seller\n' >"$work/users.csv"
check "start" start_engine "$here/audit.rung" --demo-clock x0
expect "people" 0 '1 person set' users import "$work/users.csv"
expect "a case" 0 'case 1 is at: call' start order phone=+4930123456 --as ann
expect "a minute" 0 'it is' clock advance 1 min
expect "a press" 0 'case 1' press 1 busy --as ann
expect "an hour" 0 'it is' clock advance 3 h
expect "another" 0 'is at: offer' press 1 busy --as ann
expect "a remark" 0 'case 1' comment 1 promised 500 --as ann

# --- why
expect "why" 0 'ann, from outside: press' why 1
holds "the rule, and what it read" 'rule of line 19 fired: calls: 2'
holds "the line of the program" 'audit.rung:19  when calls > 1 => offer'
holds "the guard" 'guard of line 14: yes, read from calls: 1'
holds "eighty columns" '^.{1,80}$'
[ "$(awk 'length > 80' "$work/out" | wc -l)" = 0 ] || { failed=$((failed + 1)); echo "FAILED: why is wider than 80"; }
expect "why in JSON" 0 '"text": ?"when calls > 1 => offer"' why 1 --json
expect "why, one of three" 2 'one of --seq' why 1 --task --stage
expect "four days" 0 'it is' clock advance 4 days
expect "why it ended" 0 'a timer was due, which record [0-9]+ had set' why 1
holds "the timer's line" 'audit.rung:23  after 3 days => lost'
holds "back to the press" 'ann, from outside: press'

# --- as it stood
expect "show then" 0 'First call' show 1 --at '97 h ago'
holds "it says so" '^as it stood on '
expect "show by a record" 0 'Offer to' show 1 --at 9
expect "show then, as JSON" 0 '"ended": ?null' show 1 --at 10 --json
expect "before it was" 1 'was not there yet' show 1 --at 2001-01-01
expect "not a moment" 2 'is not a moment' show 1 --at whenever

# --- who did what
expect "what ann did" 0 'case 1' history --by ann
holds "her presses" 'pressed Busy'
expect "by kind" 0 'timer fired' history 1 --kind timer
expect "by action, everywhere" 0 'pressed Busy' history --action busy --since '5 days ago' --by ann
expect "by text" 0 'promised 500' history --grep 'PROMISED'
expect "nothing of that" 0 '^\[\]$' history --grep nowhere --json
expect "nothing of that, in words" 0 '^no record is like that$' history 1 --field nowhere
expect "no incident to try again" 0 '^no open incident is chosen$' retry --kind nowhere
expect "of all cases, nothing chosen" 2 'say which CASE' history
expect "not a kind" 1 'no kind of record' history --kind pressing

# S162, S164
expect "who puts off, and how often" 0 '^ann +[0-9 ]* 2$' stats --people

# --- nobody has edited the answer
expect "proof" 0 '^11:[0-9a-f]{64}$' history 1 --proof
expect "proof chooses nothing" 2 'every record' history 1 --proof --by ann
expect "verify" 0 'every open case has a next step: 0 of 0' verify
head=$(sed -n 's/^head of the history *//p' "$work/out")
expect "the head is noted" 0 'up to the head you noted is unchanged' verify --head "$head"
expect "not a head" 2 'SEQ:HASH' verify --head nonsense
expect "more happens" 0 'case 2' start order phone=+4930999999 --as ann
expect "a noted head stays true" 0 'up to the head you noted is unchanged' verify --head "$head"
remark=$("$rung" history 1 --kind comment --json | sed -n 's/.*"seq": *\([0-9]*\).*/\1/p' | head -1)
stop_engine

attack() { # MODE: a copy of the store with the remark changed
    rm -rf "$work/copy"
    cp -r "$data" "$work/copy"
    "$tamper" "$work/copy/journal" "$remark" 'promised 500' 'promised 100' "$1" || failed=$((failed + 1))
}
expect "the store as it is" 0 'every open case has a next step: 1 of 1' verify "$data" --head "$head"
attack one
expect "one record: named" 5 "record $remark" verify "$work/copy"
attack hash
expect "with its hash: the next one is named" 5 "record $((remark + 1))" verify "$work/copy"
attack rest
expect "with all hashes after it: the view tells" 5 'rung rebuild' verify "$work/copy"
rm -rf "$work/copy/view"
expect "without the view: nothing tells" 0 'what the journal says' verify "$work/copy"
expect "but for the head that was noted" 5 "changed at or before record ${head%%:*}" \
    verify "$work/copy" --head "$head"
expect "a head that is not there" 5 'has no record 999' verify "$data" --head "999:${head#*:}"
expect "a head that is none" 2 'SEQ:HASH' verify "$data" --head "999:12"

program_end
