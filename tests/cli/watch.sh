#!/bin/bash
# `serve --watch` as somebody who writes processes uses it. Usage: watch.sh RUNG SOURCE_DIR
set -u
rung=$1
. "$(dirname "$0")/../program.sh"
program_begin watch 80

files=$work/files
log=$work/serve.err
tell_more() {
    "$rung" versions 2>&1 | sed 's/^/  v /'
    sed 's/^/  | /' "$log"
}

# Waits until the log has told so many lines with TEXT, since it was last forgotten.
told() { # NAME TEXT [TIMES]
    for _ in $(seq 200); do
        [ "$(grep -c -- "$2" "$log")" -ge "${3:-1}" ] && break
        sleep 0.05
    done
    [ "$(grep -c -- "$2" "$log")" -ge "${3:-1}" ]
    count $? "$1: the log does not say: $2"
}
forget() { : >"$log"; }

active() { # NAME PROCESS VERSION
    "$rung" versions "$2" 2>/dev/null | grep -q "^$2 *$3 .*active"
    count $? "$1: version $3 of $2 is active"
}

write() { # LABEL END [MORE]
    cat <<END
role sales "Sales"
process lead "$1" {
  title "{name}"
  field name: text "Name" required
  start => call
  stage call "Call" {
    task "Call {name}" for sales due 1 h
    action done_ "Done" => $2
  }
  end won "Won" success
}
${3:-}
END
}

begin() { check "the engine comes up" start_engine "$files" "$@"; } # OPTION…
end() { check "the engine stops in good order" stop_engine; }

mkdir "$files"
forget
write "Lead" won >"$files/lead.rung"
begin --watch
told "the first start activates" '1 process was activated'
told "and watches" 'files are applied whenever one is saved'
printf 'name,title,roles\nann,Ann,sales\n' >"$work/users.csv"
"$rung" users import "$work/users.csv" >/dev/null && "$rung" start lead name=Ann >/dev/null
count $? "a case runs"

forget
write "Lead, again" won >"$files/lead.rung"
told "a saved file is applied" 'process lead is now at version 2'
active "a saved file is applied" lead 2
for _ in $(seq 100); do "$rung" moves lead 2>/dev/null | grep -q 'moved' && break; sleep 0.05; done
"$rung" moves lead | grep -q moved
count $? "the case that runs has moved"

forget
write "Lead, again" wom >"$files/lead.rung"
told "an error is told with its place" 'lead.rung:8:28'
told "and its help" '=> won'
told "and changes nothing" 'the saved files were not applied; the active versions stay'
active "an error changes nothing" lead 2
"$rung" press 1 done_ --as ann >/dev/null
count $? "people work on meanwhile"

forget
write "Lead, mended" won 'test "it is over at once" {
  user ann is sales
  at 2026-03-02 10:00
  start lead l with name: "Ann"
  expect l in won
}' >"$files/lead.rung"
told "a test that fails is told" 'it is over at once'
told "and changes nothing" 'the saved files were not applied'
active "a failing test changes nothing" lead 2

forget
write "Lead, mended" won >"$work/beside" # as editors do: beside, then in its place
mv "$work/beside" "$files/lead.rung"
told "a file that was moved into its place is applied" 'process lead is now at version 3'

forget
write "Deal" won | sed 's/process lead/process deal/; s/^role.*/import lead/' >"$files/deal.rung"
told "a new file is applied" 'process deal is now at version 1'
active "the other one stays" lead 3

forget
printf 'function one_more(x)\n  return x + 1\nend\n' >"$files/hooks.lua"
write "Lead with a hook" won 'hook one_more(x: integer) -> integer from "'"$files"'/hooks.lua"' |
    sed 's/    action done_/    action more "More" { calls := one_more(calls) again due 1 h }\n    action done_/
         s/  start =>/  field calls: integer "Calls" = 0\n  start =>/' >"$files/lead.rung"
told "a hook comes with its program" 'process lead is now at version 4'
forget
printf 'function one_more(x)\n  return x + 2\nend\n' >"$files/hooks.lua"
told "a saved script is applied like the program that names it" 'process lead is now at version 5'
forget
: >"$files/notes.txt"
: >"$files/.lead.rung.swp"
sleep 0.5
[ ! -s "$log" ]
count $? "other files are nobody's business"

# Saved again and again while one is being applied: the last one is what is active.
forget
for i in 1 2 3 4 5 6 7 8; do
    write "Lead number $i" won >"$files/lead.rung"
    sleep 0.12
done
for _ in $(seq 200); do
    "$rung" plan "$files" 2>/dev/null | grep -qi 'nothing\|no process\|same' && break
    sleep 0.05
done
"$rung" apply "$files" >"$work/out" 2>&1
grep -qi 'nothing\|unchanged\|same' "$work/out"
count $? "the last file saved is the active one: $(cat "$work/out")"
end

# Saved while nobody watched: applied at the start under --watch, and only told without.
write "Lead, by night" won >"$files/lead.rung"
before=$(begin; "$rung" versions lead | grep active | awk '{print $2}'; kill -TERM "$engine"; wait "$engine")
forget
begin
told "without --watch it is only told" 'differ.* from what is active'
"$rung" versions lead | grep -q "^lead *$before .*active"
count $? "without --watch nothing changes"
end
forget
begin --watch
told "under --watch it is applied" "process lead is now at version $((before + 1))"
end

"$rung" verify "$data" >/dev/null
count $? "the view is what the history says"
program_end
