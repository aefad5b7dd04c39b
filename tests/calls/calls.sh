#!/bin/bash
# S98, S122, S128
# Calls over HTTP, against an outside system on loopback that loses answers, is slow, fails, moves
# away and talks without end. Usage: calls.sh RUNG OUTSIDE FOLDER
set -u
rung=$1
outside=$2
here=$3
. "$(dirname "$0")/../program.sh"
program_begin calls 100

requests() { [ "$(grep -c "^/$1 " "$work/requests")" = "$2" ]; }
keys() { [ "$(grep "^/$1 " "$work/requests" | cut -d' ' -f2 | sort -u | wc -l)" = 1 ]; }
tell_more() {
    cat "$work/requests" "$work/serve.err"
    "$rung" calls
    "$rung" incidents
}
start_case() { "$rung" start bill number="$1" --as dan --json | sed -n 's/.*"instance": *\([0-9]*\).*/\1/p'; }
quiet() { soon 'no call is on its way' "$rung" calls; }

start() { start_engine "$here/calls.rung" --connectors "$work/connectors" --demo-clock x20; }

start_outside "$outside" "$work/requests"
printf 'secret word\n' >"$work/token"
chmod 644 "$work/token"
cat >"$work/connectors" <<END
# what the tests call
[bank]
url     = http://127.0.0.1:$port/{call}
secret  = X-Token: $work/token
timeout = 2
answer_kb = 100
allow   = 127.0.0.1:$port
[bank.fine]
answer  = paid number=id amount=total.sum
[bank.words]
answer  = paid number=id
[bank.inside]
url     = http://localhost:1/
END

# --- settings
start_refused() {
    timeout 20 "$rung" serve "$work/none" --connectors "$1" >"$work/out" 2>&1
    [ $? = "$2" ] && grep -qE -- "$3" "$work/out"
}
check "a secret that others can read" start_refused "$work/connectors" 4 'connectors:4: .*chmod 600'
chmod 600 "$work/token"
check "settings that are not there" start_refused "$work/nothing" 5 'No such file'
printf '[bank]\nurl = ftp://x\n' >"$work/bad"
check "settings with an error" start_refused "$work/bad" 4 'bad:2: a URL begins with'

check "start" start
[ "$failed" = 0 ] || exit 1
printf 'name,title,roles\ndan,Dan,desk\n' >"$work/users.csv"
"$rung" users import "$work/users.csv" >/dev/null

# --- answers
one=$(start_case 7)
check "press" "$rung" press "$one" fine --as dan
check "its answer settles the case" soon "message bank.paid: delivered" "$rung" history "$one"
check "what was said" grep -qE '^/fine [0-9]+-[0-9a-f]+ secret word \{"number":"7","amount":"12.50? EUR","on_":"[0-9]{4}-..-..T..:..:..(\.[0-9]+)?Z"\}$' "$work/requests"
check "no secret in the history" bash -c "! grep -qaF 'secret word' -r '$data'"

# --- what fails and is tried again
two=$(start_case 8)
"$rung" press "$two" flaky --as dan >/dev/null
check "500, 500, done" quiet
check "three tries" requests flaky 3
check "one key" keys flaky
"$rung" press "$two" lost --as dan >/dev/null
check "a lost answer" quiet
check "two tries of it" requests lost 2
check "one key of it" keys lost
check "no incident of all this" soon 'no incident' "$rung" incidents

# --- what is given up
"$rung" press "$two" wrong --as dan >/dev/null
check "a refusal runs what stands behind else" soon 'Failed.*yes|failed_.*yes' "$rung" show "$two"
check "and is tried once" requests wrong 1
three=$(start_case 9)
for call in moved huge words inside; do
    "$rung" press "$three" "$call" --as dan >/dev/null
done
check "a redirect is not followed" soon 'bank.moved has failed: answered 302' "$rung" incidents
check "an answer without end" soon 'bank.huge has failed: the answer is longer' "$rung" incidents
check "an answer in words" soon 'bank.words has failed: answered 200, and not with' "$rung" incidents
check "an address that is not public" soon 'bank.inside has failed: its address is not' "$rung" incidents
"$rung" press "$two" slow --as dan >/dev/null
check "an answer too late" soon 'bank.slow has failed: .*time' "$rung" incidents

# --- what is under way when the engine dies is tried again
four=$(start_case 10)
"$rung" press "$four" nowhere --as dan >/dev/null
check "quiet again" soon '.' "$rung" calls
"$rung" press "$four" slow --as dan >/dev/null
stop_engine -KILL
before=$(grep -c '^/slow ' "$work/requests")
check "start again" start
after_death() { [ "$(grep -c '^/slow ' "$work/requests")" -gt "$before" ]; }
for _ in $(seq 100); do
    after_death && break
    sleep 0.2
done
check "tried after the death" after_death
check "a stop in good order" stop_engine
check "verify" "$rung" verify "$data"

program_end
