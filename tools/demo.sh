#!/bin/bash
# The demonstration: a fresh store on the sample processes, a demo company, sample leads, a clock that
# runs faster. Usage: demo.sh RUNG DATA SPEED. Called by ./dev run; stays in the foreground.
set -u
rung=$1
data=$2
speed=$3
socket=$data/socket
log=$data.log

fail() {
    printf 'dev: %s\n' "$*" >&2
    [ -s "$log" ] && tail -20 "$log" >&2
    exit 1
}

engine=0
stop() {
    trap - INT TERM
    printf '\nstopping …\n'
    [ "$engine" -ne 0 ] && kill -TERM "$engine" 2>/dev/null && wait "$engine"
    printf 'stopped; the data lies in %s and may be deleted\n' "$data"
    exit 0
}
trap stop INT TERM

if [ -S "$socket" ] && "$rung" stats --socket "$socket" >/dev/null 2>&1; then
    fail "a demonstration is already running on $socket"
fi
rm -rf "$data"
mkdir -p "$data"

"$rung" serve "$data" processes --socket "$socket" --demo-clock "$speed" >"$log" 2>&1 &
engine=$!
for _ in $(seq 1 200); do
    "$rung" stats --socket "$socket" >/dev/null 2>&1 && break
    kill -0 "$engine" 2>/dev/null || fail "the engine did not start"
    sleep 0.05
done

"$rung" users import processes/demo/users.csv --socket "$socket" || fail "the people could not be imported"
"$rung" import lead processes/demo/leads.csv --map processes/demo/leads.map --socket "$socket"
printf '\n(the rows above that were not taken are wrong on purpose)\n'

# Some are further than others: the head of sales has handed out a few, and the phone has rung.
press() { "$rung" press "$@" --socket "$socket" --yes >/dev/null 2>&1; }
case_number=0
for person in bob bea timur ines bob bea timur ines bob bea timur ines; do
    case_number=$((case_number + 1))
    press "$case_number" assign --as dana "who=$person"
    case $((case_number % 4)) in
    0) press "$case_number" busy --as "$person" ;;
    1) press "$case_number" silent --as "$person" ;;
    2) press "$case_number" talked --as "$person" wanted=design,supply "ready_at=in 1 day" ;;
    *) ;;
    esac
done

folder=$(cd "$(dirname "$rung")" && pwd)
cat <<EOF

The engine runs; its clock is $speed as fast as yours. From a second terminal:

    export PATH=$folder:\$PATH RUNG_SOCKET=$(cd "$data" && pwd)/socket

    rung inbox --as dana            # the head of sales: requests that wait for a manager
    rung inbox --as bob             # a sales manager: whom to call now, and why
    rung show 1                     # one case: fields, buttons, what happened
    rung press 1                    # asks which button, and for its form
    rung history 1                  # who, when, what it changed
    rung watch --inbox bob          # tasks come and go as the clock runs
    rung stats

Ctrl-C here ends it.
EOF
wait "$engine"
status=$?
engine=0
[ "$status" -eq 0 ] || fail "the engine ended by itself"
