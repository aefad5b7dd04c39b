#!/bin/bash
# The program end to end: every command, every exit code, over a real socket and a real store.
# Usage: e2e.sh RUNG SOURCE_DIR
set -u
rung=$1
here=$2/tests/cli/e2e
. "$(dirname "$0")/../program.sh"
program_begin e2e 80

# --- without an engine
expect "no command shows the commands" 0 '^  inbox '
expect "version" 0 '^rung [0-9]' --version
expect "help of a command" 0 '--entry N' help press
expect "help by an option" 0 '^rung show CASE' show --help
expect "help as JSON" 0 '"name": ?"press"' help --json
check "a heading ends where its last sign stands" sh -c "! '$rung' help export | grep -n ' \$'"
expect "a currency that is none" 2 'three capital letters' serve "$work/d2" --currency euro
expect "a country that is none" 2 'two capital letters' test "$here" --region de
check "and no store is made for it" [ ! -e "$work/d2" ]
expect "no lines at all" 2 'whole number from 1' inbox --limit 0
expect "a socket without a name" 2 'path of a socket' inbox --socket ''
expect "explain what the command line says itself" 0 'no engine answers' explain unreachable
expect "explain a refusal that says all itself" 0 'sentence of the' explain required
expect "unknown command" 2 'did you mean `rung press`' pres
expect "unknown command, as JSON" 2 '"code": ?"usage"' pres --json
expect "unknown option, as JSON" 2 '"code": ?"usage"' show 1 --bogus --json
expect "unknown command of help" 2 'did you mean `rung inbox`' help inbx
expect "unknown zone" 2 'no time zone `Nowhere/Else`' inbox --zone Nowhere/Else
expect "unknown option" 2 'did you mean `--json`' inbox --jsn
expect "option without its value" 2 '--as needs a value' inbox --as
expect "option before the command" 2 'options stand behind' --json inbox
expect "missing word" 2 'usage: rung show CASE' show
expect "too many words" 2 'too many words' show 1 2
expect "not a number" 2 '`x1` is not the number of a case' show x1
expect "id without client" 2 '--id needs --client' comment 1 hi --id 7
expect "bad number of an option" 2 '--limit needs a whole number' inbox --limit many
expect "no engine" 3 'no engine listens on' inbox
expect "no engine as JSON" 3 '"code": ?"unreachable"' inbox --json
expect "path of a socket too long" 2 'at most 107' inbox --socket "/$(printf 'x%.0s' $(seq 200))"
expect "completion" 0 'complete -F _rung rung' completion
bash -n "$work/out" || { failed=$((failed + 1)); echo "FAILED: completion is not bash"; }
expect "explain a refusal" 0 'name a moment that is still to come' explain moment_past
expect "explain a fault of a file" 0 'close the quote' explain csv_quote_open
expect "explain a message of the compiler" 0 'E0301' explain E0301
expect "explain lists all" 0 '^csv_columns ' explain codes
rules=$2/tests/rules
expect "explain a ladder" 0 '3  15 min within office hours .*Mon 2026-03-09 16:00 .*closed: its next opening' \
    explain ladder patient "$rules/18_calendars.rung" --from "2026-03-06 17:50" --zone Asia/Vladivostok
expect "explain a ladder as JSON" 0 '"wait":"1 work day","at":1772874000000' \
    explain ladder patient "$rules/18_calendars.rung" --from "2026-03-06 17:50" --zone Asia/Vladivostok --json
expect "explain a ladder that is not there" 4 'named `nope`; they use: .*patient' explain ladder nope "$rules/18_calendars.rung"
expect "explain a ladder of no file here" 2 'no \*.rung file here' explain ladder busy
expect "explain a code in small letters" 0 'E0301' explain e0301
expect "explain a ladder from never" 2 'not a moment' explain ladder patient "$rules/18_calendars.rung" --from never
expect "explain an unknown code" 2 'did you mean `not_allowed`' explain not_alowed

expect "check a good file" 0 '1 file: 0 errors' check "$here/little.rung"
expect "check a folder" 0 '1 process, 1 test' check "$here"
sed 's/=> offer/=> ofer/' "$here/little.rung" >"$work/bad.rung"
expect "check a bad file" 4 'there is no .*`ofer`' check "$work/bad.rung"
expect "check as JSON" 4 '"code": ?"E0' check "$work/bad.rung" --json
expect "rights: names of the roles" 0 '^ +boss +seller' rights "$here/little.rung"
COLUMNS=20 expect "rights: numbers where the names do not fit" 0 '^  1=boss, 2=seller' rights "$here/little.rung"
# --watch looks again when a file is saved, and Ctrl-C ends it
mkdir -p "$work/watched"
cp "$here/little.rung" "$work/watched/"
"$rung" check --watch "$work/watched" >"$work/watch.out" 2>&1 &
watcher=$!
await() { # TEXT: what the watcher has told
    for _ in $(seq 100); do
        grep -q "$1" "$work/watch.out" && return 0
        sleep 0.05
    done
    return 1
}
await '0 errors' && cp "$work/bad.rung" "$work/watched/little.rung" && await '`ofer`' &&
    kill -INT "$watcher" && wait "$watcher"
if [ $? -eq 0 ]; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED: check --watch"
    sed 's/^/  | /' "$work/watch.out"
    kill "$watcher" 2>/dev/null
fi
expect "check makes only edits that are certainly right" 4 '0 edits made' check --fix "$work/bad.rung"

cp "$here/little.rung" "$work/tidy.rung"
expect "fmt in place" 0 '1 file, [01] changed' fmt "$work/tidy.rung"
sed 's/^ */   /' "$work/tidy.rung" >"$work/untidy.rung"
chmod 640 "$work/untidy.rung"
expect "fmt --check lists what would change" 4 'untidy.rung' fmt --check "$work/untidy.rung"
expect "fmt --check as JSON" 4 '"changed": ?\["?.*untidy.rung"' fmt --check --json "$work/untidy.rung"
expect "fmt --check has written nothing" 4 '1 would change' fmt --check "$work/untidy.rung"
expect "fmt mends it" 0 '1 file, 1 changed' fmt "$work/untidy.rung"
expect "fmt has mended it" 0 '2 files, 0 would change' fmt --check "$work/untidy.rung" "$work/tidy.rung"
expect "fmt - stands alone" 2 'stands alone' fmt - "$work/tidy.rung"
cmp -s "$work/untidy.rung" "$work/tidy.rung" || { failed=$((failed + 1)); echo "FAILED: fmt: another text"; }
[ "$(stat -c %a "$work/untidy.rung")" = 640 ] || { failed=$((failed + 1)); echo "FAILED: fmt: other rights"; }
"$rung" fmt - <"$work/untidy.rung" | cmp -s - "$work/tidy.rung" || { failed=$((failed + 1)); echo "FAILED: fmt from stdin"; }
printf 'process a "A" {\n  stage b\n' >"$work/broken.rung"
cp "$work/broken.rung" "$work/broken.before"
expect "fmt refuses a file with errors" 4 'E0[12]' fmt "$work/broken.rung"
cmp -s "$work/broken.rung" "$work/broken.before" || { failed=$((failed + 1)); echo "FAILED: fmt wrote a file with errors"; }

expect "graph as text" 0 '^ends$' graph "$here/little.rung"
expect "graph as Mermaid" 0 '^stateDiagram-v2' graph "$here/little.rung" --as mermaid
expect "graph of a process that is not there" 2 'no process `nothing`' graph "$here/little.rung" --process nothing
expect "graph as something else" 2 'text, mermaid or svg' graph "$here/little.rung" --as jpeg
expect "graph in a language" 0 '\[Занято\]' graph "$here/little.rung" --lang ru
LC_ALL=ru_RU.UTF-8 expect "graph on a terminal that speaks another language" 0 '\[Busy\]' graph "$here/little.rung"
expect "graph in a language that it has not" 2 'no labels in `fr`; beside those written first there are some in `ru`' graph "$here/little.rung" --lang fr
sed -E 's/ ru "[^"]*"//g' "$here/little.rung" >"$work/plain.rung"
expect "graph in a language of a file that has one" 2 'written in one language only' graph "$work/plain.rung" --lang ru
expect "graph in two languages" 2 '--lang is given twice' graph "$here/little.rung" --lang ru --lang de
expect "graph of a bad file" 4 'nothing was drawn' graph "$work/bad.rung"
if command -v dot >/dev/null; then
    expect "graph as SVG" 0 '</svg>' graph "$here/little.rung" --as svg
else
    echo "SKIPPED: graph as SVG (Graphviz is not installed)"
fi
mkdir "$work/slow"
printf '#!/bin/sh\nexit 3\n' >"$work/slow/dot"
chmod +x "$work/slow/dot"
PATH=$work/slow:$PATH expect "graph tells that dot failed" 2 'has failed' graph "$here/little.rung" --as svg
printf '#!/bin/sh\nexec sleep 30\n' >"$work/slow/dot"
PATH=$work/slow:$PATH expect "graph does not wait for ever" 2 'within 10 s' graph "$here/little.rung" --as svg
rm "$work/slow/dot"
mkdir "$work/bare"
for tool in timeout cat grep; do ln -s "$(command -v $tool)" "$work/bare/$tool"; done
PATH=$work/bare expect "graph tells that there is no dot" 2 'Graphviz is not installed' graph "$here/little.rung" --as svg
expect "check a missing file" 2 'cannot read .*: No such file' check "$work/none.rung"
mkdir "$work/empty"
expect "check an empty folder" 2 'no \*.rung file' check "$work/empty"
expect "test" 0 '^ok +a busy line is called again' test "$here/little.rung"
expect "what no test reached" 0 '^not reached: ' test --cover "$here/little.rung"
expect "how much the tests reached" 0 '^[0-9]+ of [0-9]+ parts reached' test --cover "$here/little.rung"
expect "cover as JSON" 0 '"gaps":' test --cover "$here/little.rung" --json
expect "test as JSON" 0 '"passed": ?1' test "$here/little.rung" --json
sed 's/expect task due 10:05/expect task due 10:06/' "$here/little.rung" >"$work/failing.rung"
expect "a failing test" 4 'FAILED' test "$work/failing.rung"
grep -q '10:06' "$work/out" || { failed=$((failed + 1)); echo "FAILED: what was expected is not shown"; }
expect "test of a bad file" 4 'no test was run' test "$work/bad.rung"

expect "serve: bad clock" 2 'demo-clock is x0' serve "$work/d2" --demo-clock fast
sed 's/=> offer/=> ofer/' "$here/little.rung" >"$work/bad.rung"
expect "serve: bad program" 4 'ofer' serve "$work/d2" "$work/bad.rung"
expect "rebuild: no folder" 5 '' rebuild "$work/d3"
expect "verify: no folder" 5 '' verify "$work/d3"

# --- with an engine
start_engine "$here/little.rung" --demo-clock x0 || exit 1
expect "processes" 0 '^order +1' processes
expect "processes as JSON" 0 '"start_form"' processes --json
expect "users: empty" 0 'directory is empty' users
printf 'name,titel,roles\nx,y,z\n' >"$work/u.csv"
expect "users: unknown column" 4 'similar name exists: `title`' users import "$work/u.csv"
printf 'name,roles,active\nx,seller,perhaps\nx,seller,\n,seller,no\n"y,seller,\n' >"$work/u.csv"
expect "users: all mistakes at once" 4 '4 mistakes in .*nothing was changed' users import "$work/u.csv"
grep -q 'u.csv:2: .perhaps. is neither yes nor no' "$work/err" || { failed=$((failed + 1)); echo "FAILED: line of a bad user"; cat "$work/err"; }
printf 'name,roles,superior\nx,seller,nobody\n' >"$work/u.csv"
expect "users: mistakes as JSON" 4 '"mistakes": ?.\{"line": ?2,' users import "$work/u.csv" --json
printf 'name,title\r%s,Zed\r' x >"$work/cr.csv"
expect "users: lone carriage returns" 4 'ordinary line ends$' users import "$work/cr.csv"
printf 'name,title\n"x,Zed\n' >"$work/u2.csv"
expect "users: a quote that stays open" 4 'csv_quote_open' users import "$work/u2.csv"
printf 'name\n%0100d\n' 7 >"$work/u2.csv"
expect "users: too long a name" 4 'u2.csv:2: the name is longer than 64 bytes' users import "$work/u2.csv"
printf 'name\nadmin\n' >"$work/u2.csv"
expect "users: a name that histories need" 4 'u2.csv:2: nobody can be named `admin`' users import "$work/u2.csv"
printf 'name,roles\nzed,sellr\n' >"$work/zed.csv"
expect "users: no dry run that would change something" 2 'dry-run belongs to `rung users hand-over`' \
    users import "$work/zed.csv" --dry-run
expect "users: and it has changed nothing" 0 'directory is empty' users
expect "users: refused by the engine" 4 'u.csv:2: user .x.: there is no other user .nobody.' users import "$work/u.csv"
printf 'name,superior\nx,y\n\ny,x\n' >"$work/u.csv"
expect "users: nobody stands above himself" 4 'u.csv:4: .*`y` stands above `x` already' users import "$work/u.csv"
expect "users import" 0 '3 people set' users import "$here/users.csv"
expect "users: a role that no process names" 0 'zed.csv:2: warning: no process names a role `sellr`; did you mean `seller`' \
    users import "$work/zed.csv"
expect "users: the same as JSON" 0 '"unknown_roles": ?.\{"line": ?2, ?"role": ?"sellr", ?"near": ?"seller"' \
    users import "$work/zed.csv" --json
printf 'name,roles,active\nzed,,no\n' >"$work/zed.csv"
expect "users: and none" 0 '"unknown_roles": ?\[\]' users import "$work/zed.csv" --json
expect "users: nobody comes back who was not away" 1 'bad_users' users present ann
expect "users list" 0 '^ann +Ann Weiss +seller +hal' users list
expect "users as JSON" 0 '"superior": ?"hal"' users --json
expect "users: what" 2 'rung users import FILE' users export

expect "start: missing answer" 2 'answers are missing: phone' start order name=x --as ann
expect "start: unknown field" 2 'did you mean `phone`' start order phon=1 --as ann
expect "start: unknown process" 1 'did you mean `order`' start ordr phone=1 --as ann
expect "start: unknown user" 1 'unknown_user' start order phone=+4930123456 --as nobody
expect "start: bad answer" 1 'a phone number is expected' start order phone=x --as ann
expect "start" 0 'case 1 is at: ' start order 'phone=+49 30 123456' name=Anna things=desk,lamp kind=cha \
    'people=[{"name": "Karl", "post": "Cook"}]' --as ann
grep -q 'next: Call Anna, for ann' "$work/out" || grep -q 'next: Call Anna' "$work/out" || { failed=$((failed + 1)); echo "FAILED: next is not told"; cat "$work/out"; }
expect "start joins" 0 'joined, an open case has the same key' start order 'phone=+49-30-123-456' --as ann
expect "start another" 0 'case 2' start order phone=+493088888 --as ann
expect "start: bad record" 1 'a record is expected' start order phone=+4930999 people=Karl --as ann
expect "start: bad JSON" 2 'write it as JSON' start order phone=+4930999 'people=[Karl' --as ann
expect "start: bad choice" 2 'is not one of: desk, chair, lamp' start order phone=+4930999 kind=sofa

expect "inbox" 0 'Call Anna' inbox --as ann
holds "inbox is at most 80 cells wide" '^.{1,80}$'
expect "inbox of everybody" 0 'Call Anna' inbox
expect "inbox as JSON" 0 '"tasks"' inbox --json
expect "inbox of an unknown user" 1 'unknown_user' inbox --as nobody
expect "show" 0 '^1 Anna +First call$' show 1
expect "show all" 0 'Price' show 1 --all
expect "show as JSON" 0 '"actions"' show 1 --json
expect "show an unknown case" 1 'unknown_instance' show 77
expect "press lists the buttons" 0 '^busy +Busy' press 1 --as ann
expect "press by a few letters" 0 'task 1 again' press 1 eng --as ann
expect "press: several are meant" 2 'may mean: busy, bill' press 1 b --as ann
expect "press: unknown button" 1 'did you mean `busy`' press 1 bsy --as ann
expect "press: not of this person" 1 'not_allowed|not_offered' press 1 busy --as bea
expect "press: missing answers" 2 'answers are missing: call_at' press 1 talked --as ann
expect "press: past moment" 1 'moment_past' press 1 talked 'call_at=2020-01-01 10:00' --as ann
expect "press: not a moment" 2 'is not a moment' press 1 talked call_at=soon --as ann
expect "press: seen too early" 1 'stale' press 1 busy --as ann --entry 999
expect "press" 0 'is at: offer' press 1 talked 'call_at=in 2 h' note=friendly --as ann --client t --id 5
expect "press said again changes nothing" 1 'stale|unknown_action|request_reused|not_offered' press 1 talked 'call_at=in 2 h' note=friendly --as ann --client t --id 5
expect "history" 0 'pressed Talked' history 1
holds "history shows answers" 'note = friendly'

# --- at a terminal: questions, quick dates, a refused answer asked again, a confirmation
expect "start for the questions" 0 'case 3 is at: ' start order phone=+493077777 name=Ina --as ann
at_terminal() { # NAME PATTERN ANSWERS WORDS…
    local name=$1 pattern=$2 answers=$3
    shift 3
    printf "$answers" | timeout 20 script -qec "env -u NO_COLOR TERM=xterm $rung $*" /dev/null >"$work/out" 2>&1
    if tr -d '\r' <"$work/out" | grep -qE -- "$pattern"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name: looked for $pattern"
        sed 's/^/  | /' "$work/out"
    fi
}
if command -v script >/dev/null; then
    at_terminal "a refused answer is asked again" 'case 3 is at: .*offer' \
        'today 00:00\n1, 3\nhello\n4\n' press 3 talked --as ann
    holds "the reason is shown" '! this moment has passed'
    holds "colours at a terminal" "$(printf '\033')\\[1m"
    at_terminal "no at the confirmation presses nothing" 'nothing was pressed' 'no\n' \
        press 2 lost --as ann
fi
expect "history as JSON" 0 '"events"' history 1 --json
expect "history of the last" 0 'now at Offer' history 1 --from 5
expect "edit" 0 'case 1' edit 1 name=Anka price=15 --as ann
expect "edit a set and a list of records" 0 'case 1' edit 1 things=chair,lamp \
    'people=[{"name": "Lena", "post": "Baker"}, {"name": "Max"}]' --as ann
expect "the list is there" 0 '"name": ?"Max"' show 1 --json
expect "edit: unknown field" 2 'has no field `nme`' edit 1 nme=x --as ann
expect "edit took place" 0 'Anka' show 1
expect "comment" 0 'case 1' comment 1 rang twice --as ann
expect "comment is in the history" 0 'said: rang twice' history 1
expect "task: for whom" 2 '--for USER' task 1 check it
expect "task: bad moment" 2 'is not a moment' task 1 check it --for bea --due never
expect "task" 0 'check it' task 1 check it --for bea --due 'in 3 h' --as ann
expect "finish is of side tasks, and there is one" 0 'case 1' finish 1 --note done --as bea
expect "finish, once more" 1 'no open side task' finish 1 --as ann
expect "reassign" 0 'case 1' reassign 1 bea --reason holiday --as hal
expect "reassign to nobody" 1 'unknown_user' reassign 1 xyz --as hal
expect "search without words" 2 'say what to look for' search
expect "search for how long" 2 'takes a time like' search --quiet-for often
expect "search both ways" 2 'exclude each other' search x --open --ended
for _ in $(seq 60); do "$rung" search twice 2>/dev/null | grep -q '^ *1 ' && break; sleep 0.1; done
expect "search" 0 '^case +title .*stage' search twice
expect "search by a button" 0 'busy' search engaged --as ann
expect "search as JSON" 0 '"exact": ?true' search twice --json
expect "search finds nothing" 0 'nothing is found' search nonsense
expect "search for quiet clients" 0 'nothing is found' search --quiet-for '30 days'
expect "duplicates" 0 "seem to be one client's" duplicates
expect "duplicates as JSON" 0 '^\[\]$' duplicates --json
expect "merge: why" 2 '--reason TEXT' merge 1 2
expect "merge: into what" 2 'INTO is the number' merge 1 x --reason y
expect "merge: into itself" 1 'cannot be merged into itself' merge 1 1 --reason y
expect "merge: who" 1 'not_allowed' merge 1 1 --reason y --as ann
expect "history of a client" 0 '^case 1: ' history --client twice
expect "history of a client from a record" 2 'stands alone' history --client twice --from 3
# S107: all of it, once, in order; S165: a figure counted from it alone is the engine's own.
expect "everything is taken out" 0 '^\{"instance":[0-9]+,"seq":1,' export
"$rung" stats --json >"$work/figures"
figure() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$work/figures" | head -1; }
counted() { # NAME COUNTED FIGURE
    if [ -n "$3" ] && [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1: $2 counted, the engine says $3"
    fi
}
counted "records taken out" "$(sed -n 's/.*"seq":\([0-9]*\),"previous".*/\1/p' "$work/out" | sort -nu | wc -l)" "$(figure seq)"
counted "cases started" "$(grep -o '"event":"instance_started"' "$work/out" | wc -l)" \
    "$(($(figure open) + $(figure ended)))"
started=$(grep -o '"event":"instance_started"' "$work/out" | wc -l)
expect "what an earlier export had is left out" 0 '^\{"instance":[0-9]+,"seq":5,' export --from 5
# S37: each case counts once, and the sum that was spent is shared by those that came so far.
expect "how far cases came, and what one cost" 0 '^Offer +2 +67% +45[.]00$' funnel order 90
counted "the funnel begins with all" "$(sed -n 's/^started *\([0-9]*\) .*/\1/p' "$work/out")" "$started"
expect "the funnel of those started since tomorrow" 1 'was started then' funnel order --since tomorrow
expect "the funnel of no process" 1 'no case of a process `nope`' funnel nope
expect "the funnel of no sum" 2 'is no sum' funnel order many
expect "the funnel as JSON" 0 '"started": ?[0-9]+' funnel order --json
# S87
expect "the week's work" 0 '^who +late +today +[MTWFS][a-z]{2} [0-9]+ .* later +all$' week
holds "of everybody" '^together .* [0-9]+$'
expect "the week of one person" 0 '^bea +.* 1$' week --of bea --as hal
expect "the week as JSON" 0 '"days": ?\[' week --json
expect "the week of somebody above" 1 'not_allowed' week --of hal --as ann
expect "move: why" 2 '--reason TEXT' move 1 call --as hal
expect "move: where" 1 'unknown_stage' move 1 nowhere --reason x --as hal
expect "move" 0 'is at: call' move 1 call --reason 'too early' --as hal
expect "move: who" 1 'not_allowed' move 1 offer --reason x --as ann

# --- people: their hours, zone and language; what is claimed and given back
printf 'name,hours\nann,mon..fri 9-18\n' >"$work/u.csv"
expect "users: hours that say nothing" 4 '1 mistake' users import "$work/u.csv"
grep -q 'u.csv:2: in the working hours .9-18. is no time of day' "$work/err" || { failed=$((failed + 1)); echo "FAILED: line of bad hours"; cat "$work/err"; }
printf 'name,zone\nann,Mars/Olympus\n' >"$work/u.csv"
expect "users: zone that is none" 4 'no time zone `Mars/Olympus`' users import "$work/u.csv"
printf 'name,title,roles,zone,language,hours\nhal,Hal Berger,boss,Asia/Tokyo,ru,mon..sun 00:00-00:00\n' >"$work/u.csv"
expect "users: zone, language and hours" 0 '1 person set' users import "$work/u.csv"
printf 'name,zone\nhal,Europe/Moscow\n' >"$work/u.csv"
expect "users: a file with two columns" 0 '1 person set' users import "$work/u.csv"
expect "users: what the file has no column for stays" 0 'hal +Hal Berger +boss' users
printf 'name,title,superior,language\nhal,Hal Berger,,\n' >"$work/u.csv"
expect "users: an empty cell empties" 0 '1 person set' users import "$work/u.csv"
expect "users: and the language is none" 0 '"language": ?""' users --json
printf 'name,zone,language\nhal,Asia/Tokyo,ru\n' >"$work/u.csv"
expect "users: as before" 0 '1 person set' users import "$work/u.csv"
expect "users: hours as JSON" 0 '"hours": ?"mon..sun 00:00-00:00"' users --json
expect "the language of the one who speaks" 0 'Занято' press 2 --as hal
expect "another language on demand" 0 'Busy' press 2 --as hal --lang en
expect "his zone" 0 '.' show 2 --as hal
cp "$work/out" "$work/own"
expect "his zone, said" 0 '.' show 2 --as hal --zone Asia/Tokyo
cmp -s "$work/own" "$work/out" || { failed=$((failed + 1)); echo "FAILED: moments in the zone of the speaker"; }
expect "another zone on demand" 0 '.' show 2 --as hal --zone UTC
cmp -s "$work/own" "$work/out" && { failed=$((failed + 1)); echo "FAILED: --zone before the speaker's"; }
expect "claim" 0 'case 2' claim 2 --as ann
expect "watch is for those who see the case" 1 'case 2 is not for .bea. to see: no task or role in it is or was his' watch 2 --as bea
expect "watch an inbox of another" 1 'not_allowed' watch --inbox ann --as bea
expect "release: not his" 1 'not for .bea. to see' release 2 --as bea
expect "release" 0 'case 2' release 2 --as ann
expect "release: nobody has it" 1 'nobody has this task' release 2 --as ann

expect "cancel: why" 2 '--reason TEXT' cancel 1
expect "cancel" 0 'has ended' cancel 1 --reason test
expect "ended cases are not changed" 1 'case_ended' comment 1 more --as ann
expect "close-incident: none" 1 '.' close-incident 1 9 --reason x

# --- the clock of a demonstration
expect "clock: what" 2 'rung clock advance' clock stop
expect "clock: how far" 2 'say how far' clock advance
expect "clock: not a time" 2 'is not a time' clock advance far
expect "clock advance" 0 'it is 20' clock advance 2 days
expect "clock backwards" 1 'moment_past' clock advance --to 2020-01-01
expect "clock confirm is for real clocks" 1 'bad_request|not_demo' clock confirm
expect "clock: --to elsewhere" 2 'belongs to' clock confirm --to tomorrow
expect "clock next: nothing is due" 1 'nothing is due' clock next

# --- import
expect "import: no MAP" 2 '--map FILE is needed' import order "$here/orders.csv"
expect "import: no file" 2 'cannot read' import order "$work/none.csv" --map "$here/orders.map"
sed 's/Full Name/Fullname/' "$here/orders.map" >"$work/m.map"
expect "import: unknown column" 4 'similar name exists: `Full Name`' import order "$here/orders.csv" --map "$work/m.map"
sed 's/^name /nme /' "$here/orders.map" >"$work/m.map"
expect "import: unknown field" 4 'similar name exists: `name`' import order "$here/orders.csv" --map "$work/m.map"
expect "import: unknown process" 1 'no process `ordr`' import ordr "$here/orders.csv" --map "$here/orders.map"
expect "import: dry run" 4 '8 rows read|9 rows read' import order "$here/orders.csv" --map "$here/orders.map" --dry-run
expect "import" 4 '9 rows read: 3 started, 1 joined an open case, 0 already there, 5 bad' import order "$here/orders.csv" --map "$here/orders.map" --report "$work/report.csv"
for line in 'line 4: .*csv_quote_inside' 'line 5, row 4: .*bad_form' 'line 6, row 5: .*bad_form' \
    'line 8: .*csv_row_id' 'line 9: .*csv_columns'; do
    grep -qE "$line" "$work/err" || { failed=$((failed + 1)); echo "FAILED: bad row not told: $line"; cat "$work/err"; }
done
grep -q '^5,"4","bad_form"' "$work/report.csv" || { failed=$((failed + 1)); echo "FAILED: report"; cat "$work/report.csv"; }
gzip -k -c "$here/orders.csv" >"$work/orders.csv.gz"
expect "import again changes nothing" 4 '0 started, 0 joined an open case, 4 already there, 5 bad' import order "$work/orders.csv.gz" --map "$here/orders.map"
expect "import as JSON" 4 '"already": ?4' import order "$here/orders.csv" --map "$here/orders.map" --json
head -c 150 "$work/orders.csv.gz" >"$work/cut.csv.gz"
expect "import of a file cut short" 4 'csv_read' import order "$work/cut.csv.gz" --map "$here/orders.map"
tr -d '\n' <"$here/orders.csv" >"$work/cr.csv"
expect "import: lone carriage returns" 4 'csv_cr_lines' import order "$work/cr.csv" --map "$here/orders.map"
sed '1s/Things/Phone/' "$here/orders.csv" >"$work/dup.csv"
expect "import: duplicate headers" 4 'csv_duplicate_header' import order "$work/dup.csv" --map "$here/orders.map"
printf 'No;Full Name;Phone;Things;Kind\n20;\xcf\xf0\xe8\xe2\xe5\xf2;+49 30 2020202;;\n' >"$work/cp.csv"
expect "import: wrong encoding" 4 'line 2: .*csv_encoding' import order "$work/cp.csv" --map "$here/orders.map"
{ cat "$here/orders.map"; echo 'encoding cp1251'; } >"$work/m.map"
expect "import: encoding of the MAP" 0 '1 started' import order "$work/cp.csv" --map "$work/m.map"
expect "import kept the letters" 0 'Привет' inbox --limit 50
printf '' >"$work/none.csv"
expect "import: empty file" 4 'csv_empty' import order "$work/none.csv" --map "$here/orders.map"

# --- watch
timeout 20 "$rung" watch 2 --json >"$work/watch" 2>&1 &
watcher=$!
sleep 0.5
expect "a comment while somebody watches" 0 'case 2' comment 2 hello there --as ann
for _ in $(seq 40); do grep -q commented "$work/watch" && break; sleep 0.1; done
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
grep -q '"text":"hello there"' "$work/watch" && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAILED: watch"; cat "$work/watch"; }
expect "watch: --from of an inbox" 2 'records of a case' watch --inbox ann --from 3
expect "watch: what" 2 'CASE or --inbox USER' watch

# --- programs
expect "apply: nothing differs" 0 'nothing differs' apply "$here/little.rung"
expect "apply: bad program" 4 'ofer' apply "$work/bad.rung"
expect "apply: failing test" 4 '10:06' apply "$work/failing.rung"
sed 's/"Be kind."/"Be very kind."/' "$here/little.rung" >"$work/new.rung"
expect "apply" 0 'order is now at version 2' apply "$work/new.rung"

# --- lanes
cat "$work/new.rung" - >"$work/lanes.rung" <<'END'
inbox sellers for seller {
  lane calls "To be called" red if stage.position >= 1 by task.due desc
  lane rest  "Other"
}
END
expect "apply an inbox" 0 '^inbox sellers is now at version' apply "$work/lanes.rung"
expect "lanes" 0 '^To be called \([0-9]+\)$' inbox --as ann
holds "no colour where there is no terminal" '^To be called'
expect "lanes as JSON" 0 '"colour": ?"red"' inbox --as ann --json
COLUMNS=120 expect "lanes in another zone" 0 'when \(Asia/Vladivostok\)' inbox --as ann --zone Asia/Vladivostok
expect "processes name the inboxes" 0 '"inbox": ?"sellers"' processes --json
expect "help of an option that is long" 0 'how it is drawn' help graph
mkdir -p "$work/far"
cat >"$work/far/far.rung" <<'END'
role admin "Admin"
calendar office {
  mon .. fri 09:00-18:00
  holidays "days.xml"
}
process far "Far" {
  title "Far"
  calendar office
  start => first
  stage first "First" {
    task "Look" for admin due 1 work day
    action done_ "Done" => over
  }
  end over "Over"
}
END
echo '<calendar year="2026"><day d="01.09" t="1"/></calendar>' >"$work/far/days.xml"
here_before=$PWD
cd "$work" || exit 1 # the engine runs elsewhere and would not find the list
expect "apply sends the lists of holidays" 0 'far is now at version' apply far
cd "$here_before" || exit 1

# --- the outside world
printf 'name,title,roles\nann,Ann,seller\nbob,Bob,boss\ndan,Dan,desk\n' >"$work/desk.csv"
expect "apply the outside world" 0 'bill' apply "$here/../outside/bill.rung" "$work/new.rung"
expect "a desk" 0 '' users import "$work/desk.csv"
expect "message: what" 2 'is not CONNECTOR.MESSAGE' message paid
expect "message: values" 2 'PARAMETER=VALUE' message bank.paid amount
expect "message: nobody knows it" 1 'unknown_message' message bank.lost number=7
expect "message: for nobody" 1 'unknown_instance' message bank.paid number=7 amount=5
expect "message begins a case" 0 'is at: .*drafting' message bank.order number=7
bill=$(sed -n 's/^case \([0-9]*\).*/\1/p' "$work/out" | head -1)
expect "message that waits" 0 'it waits for the case' message bank.paid number=7 amount=0
expect "message with a bad value" 1 'bad_form' message bank.paid "$bill" amount=much
expect "no incident" 0 'no incident is open' incidents
expect "no call" 0 'no call is on its way' calls
expect "what waited cannot be done" 0 'is at' press "$bill" sent --as dan
expect "a call is on its way" 0 'bank.invoice' calls
expect "the incident" 0 'deliver.*Money has an amount' incidents
holds "its case and process" 'bill'
expect "incidents as JSON" 0 '"retry": ?true' incidents --json
expect "incidents of another kind" 0 'no incident is open' incidents --kind timer
incident=$("$rung" incidents --json | sed -n 's/.*"incident": *\([0-9]*\).*/\1/p' | head -1)
expect "retry: which" 2 'say which' retry
expect "retry: not a number" 2 'is not the number' retry all
expect "retry, dry" 1 'would be refused: .*Money has an amount' retry --kind deliver --dry-run
expect "retry by query" 1 "incident $incident: refused: .*Money has an amount" retry --process bill
expect "retry by number" 1 "incident $incident: refused" retry "$incident"
expect "retry of old ones" 0 '"tried": ?0' retry --older-than '2 h' --json
expect "old is how old" 2 'is not a length of time' incidents --older-than longish
expect "an incident in full" 0 'mend what prevented it' incidents "$incident"
holds "with the way out" "rung retry $incident --dry-run"
holds "with what was behind it" 'a message that waited was taken, once record'
expect "an incident that is not there" 1 'no open incident 999' incidents 999
expect "close which" 2 'say which' close-incident --reason x
expect "close by query, only said" 0 "incident $incident: would be closed" close-incident --kind deliver --reason x --dry-run
expect "it is still open" 0 'deliver' incidents
expect "retry of none" 1 'no open incident' retry 999
expect "retry as JSON" 1 '"refused": ?1' retry --all --json
expect "close it" 0 "incident $incident: closed" close-incident --process bill --reason "it brought nothing"
expect "message settles it" 0 'has ended' message bank.paid "$bill" amount=100
expect "message for an ended case" 0 'the case has ended' message bank.paid "$bill" amount=100
expect "history of messages" 0 'message bank.paid: delivered' history "$bill"
expect "messages in the graph" 0 'message bank.paid, kept until awaited' graph "$here/../outside/bill.rung"

# --- the engine as a whole
expect "stats" 0 '^ *open tasks +[0-9]+$' stats
expect "stats, times with units" 0 '^ *half answered within +[0-9.]+ (us|ms)$' stats
expect "stats, sizes with units" 0 '^ *journal +[0-9.]+ [KMG]B$' stats
expect "search for nothing" 2 'say what to look for' search ''
expect "confirm a demo clock" 1 'nothing to confirm' clock confirm
expect "close an incident: which" 2 'say which' close-incident 1 --reason x
expect "stats as JSON" 0 '"cases"' stats --json
expect "verify" 0 'the view is what the journal says' verify
expect "verify: a head that is none" 2 'is not SEQ:HASH' verify --head abc
mkdir -p "$work/letters"
echo hello >"$work/letters/one"
expect "backup among other files" 2 'holds other files' backup "$work/letters"
check "and nothing is written there" [ "$(ls "$work/letters")" = one ]
expect "backup where no folder can be" 1 'cannot be made or written .backup_failed' backup "$work/letters/one/x"
expect "backup into the folder of an engine" 1 'another process has that folder open' backup "$data"
expect "backup" 0 'backed up to' backup "$work/copy"
expect "a folder in use is not touched" 5 'in use by process [0-9]+; stop the engine first$' rebuild "$data"
expect "a folder in use is not verified" 5 'in use by process' verify "$data"
expect "a second engine is refused" 5 '' serve "$data"
expect "a path that no socket can have" 5 'at most 107 bytes' serve "$work/other" --socket "$work/$(printf %0120d 1)"
check "and no store is made for it" [ ! -e "$work/other" ]
stop_engine -TERM
expect "verify offline" 0 'the view is what the journal says' verify "$data"
expect "verify offline as JSON" 0 '"good": ?true' verify "$data" --json
expect "rebuild" 0 'made anew from [0-9]+ records' rebuild "$data"
expect "verify after rebuild" 0 'the view is what the journal says' verify "$data"
expect "verify of the backup" 0 'the view is what the journal says' verify "$work/copy"
expect "a demo store is not for real work" 5 'demo' serve "$data"

# --- an import whose engine is killed and comes back: every row once
{
    echo 'No;Full Name;Phone;Things;Kind'
    for i in $(seq 10001 12000); do echo "$i;n$i;+49 30 55$i;;"; done
} >"$work/many.csv"
start_engine --demo-clock x0
timeout 60 "$rung" import order "$work/many.csv" --map "$here/orders.map" >"$work/out" 2>"$work/err" &
importer=$!
for _ in 1 2 3; do
    sleep 0.3
    kill -9 "$engine" 2>/dev/null
    wait "$engine" 2>/dev/null
    start_engine --demo-clock x0
done
wait "$importer"
code=$?
if [ $code = 0 ] && grep -qE '2000 rows read: [0-9]+ started, 0 joined an open case, [0-9]+ already there, 0 bad' "$work/out"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED: import over a killed engine (exit code $code)"
    cat "$work/out" "$work/err"
fi
expect "every row is in once" 0 '0 started, 0 joined an open case, 2000 already there' import order "$work/many.csv" --map "$here/orders.map"
expect "verify after the kills" 0 'the view is what the journal says' verify
stop_engine -TERM

program_end
