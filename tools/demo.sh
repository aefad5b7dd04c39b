#!/bin/bash
# The demonstration: a fresh store on the sample processes, a demo company, sample leads, a clock that
# runs faster. Usage: demo.sh RUNG DATA SPEED. Called by ./dev run; stays in the foreground.
# S48: the first processes run within minutes of the first command.
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

"$rung" serve "$data" processes --socket "$socket" --demo-clock "$speed" \
    --zone Europe/Berlin --region DE >"$log" 2>&1 &
engine=$!
for _ in $(seq 1 200); do
    "$rung" stats --socket "$socket" >/dev/null 2>&1 && break
    kill -0 "$engine" 2>/dev/null || fail "the engine did not start"
    sleep 0.05
done

"$rung" users import processes/demo/users.csv --socket "$socket" || fail "the people could not be imported"
"$rung" import lead processes/demo/leads.csv --map processes/demo/leads.map --socket "$socket"
printf '\n(the rows above that were not taken are wrong on purpose)\n'

# Some are further than others: the head of sales has handed out a quarter, and the phone has rung.
press() { "$rung" press "$@" --socket "$socket" --yes >/dev/null 2>&1; }
desk() { # CASE ACTION …: by whichever manager of the desk has it
    press "$@" --as pam || press "$@" --as piotr
}
deal_of() { # CASE: the number of its first deal
    "$rung" show "$1" --json --socket "$socket" | tr -d ' \n' |
        sed -n 's/.*"children":\[{[^}]*"instance":\([0-9]*\).*/\1/p'
}
quote_of() { printf '%s' $((900 + ($1 * 137) % 7000)); }

# What a manager does in his first hour with a request; the number of the case decides how far it comes.
work_on() { # CASE MANAGER
    local what=$(($1 % 13))
    press "$1" assign --as dana "who=$2"
    case $what in
    0) return ;;                                           # handed out, not called yet
    1 | 2) press "$1" busy --as "$2" ;;                    # on the first rung
    3) press "$1" silent --as "$2" ;;
    4) press "$1" away --as "$2" ;;
    5) press "$1" later --as "$2" "call_at=in 3 h"; return ;;      # promises
    6) press "$1" later --as "$2" "call_at=tomorrow 11:00"; return ;;
    7) press "$1" junk --as "$2"; return ;;
    *)  press "$1" talked --as "$2" wanted=design,supply "ready_at=in 4 h" ;;
    esac
    [ "$what" -eq 2 ] && press "$1" busy --as "$2"         # on the second
    [ "$what" -ge 9 ] && press "$1" sent --as "$2" "quote=$(quote_of "$1")" "call_at=tomorrow 15:00"
    [ "$what" -eq 9 ] && press "$1" cheaper --as "$2" wish=300     # Dana has it to sign
    [ "$what" -eq 10 ] && press "$1" stuck --as "$2" "question=They want to pay in three parts. May I?"
    if [ "$what" -ge 11 ]; then
        press "$1" sold --as "$2" wanted=documents,design,supply,mounting
        desk "$1" taken
    fi
    if [ "$what" -eq 12 ]; then                            # a deal in bright red on his list
        desk "$(deal_of "$1")" problem "trouble=The landlord does not sign"
    fi
}

printf 'the people of Northlight begin their day …\n'
managers=(bob bea timur ines)
for number in $(seq 1 80); do
    [ "$number" -eq 20 ] || work_on "$number" "${managers[$((number % 4))]}"
done

folder=$(cd "$(dirname "$rung")" && pwd)
cat <<EOF

The engine runs; its clock is $speed as fast as yours. From a second terminal:

    export PATH=$folder:\$PATH RUNG_SOCKET=$(cd "$data" && pwd)/socket

    rung inbox --as dana            # the head of sales: requests that wait for a manager
    rung inbox --as bob             # a sales manager: whom to call now, what is on fire
    rung show 12                    # one case: fields, buttons, its four deals
    rung press 20 --as dana         # its buttons; with a button it asks for its form
    rung history 12                 # who, when, what it changed
    rung watch --inbox bob          # tasks come and go as the clock runs
    rung stats

Ctrl-C here ends it.
EOF
wait "$engine"
status=$?
engine=0
[ "$status" -eq 0 ] || fail "the engine ended by itself"
