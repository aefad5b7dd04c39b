# What the tests of the whole program share; sourced by them, after `rung` is set.
#   program_begin NAME COLUMNS   a folder of its own: $work; the engine's data in it: $data
#   start_engine WORDS…          rung serve $data WORDS…, until it listens; false: it does not
#   stop_engine [SIGNAL]         ends it, and says how it ended
#   check NAME COMMAND…          the command must succeed
#   expect NAME EXIT PATTERN ARGS…   rung ARGS must end so, and what it prints must hold the pattern
#   holds NAME PATTERN           what the last `expect` printed to standard output holds it too
#   soon PATTERN COMMAND…        what it prints holds the pattern within a quarter of a minute
#   start_outside PROGRAM LOG    an outside system that prints its $port, then what it hears, to LOG
#   program_end                  the count; false: something failed
# Processes whose numbers stand in $also end with the script. A script may say more of a failure
# (`tell_more`).
engine=
also=
passed=0
failed=0

program_begin() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/rung-$1.XXXXXX")
    data=$work/data
    export RUNG_SOCKET=$data/socket NO_COLOR=1 COLUMNS=$2
    unset RUNG_LIBRARY RUNG_ZONE
    trap finish EXIT
}

finish() {
    local pid
    for pid in $engine $also; do
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}

tell_more() { sed 's/^/  | /' "$work/out" "$work/err" "$work/serve.err" 2>/dev/null; }

count() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
        tell_more
    fi
}

check() {
    local name=$1
    shift
    "$@"
    count $? "$name"
}

expect() {
    local name=$1 code=$2 pattern=$3 got
    shift 3
    timeout 60 "$rung" "$@" </dev/null >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" = "$code" ] && cat "$work/out" "$work/err" | grep -qE -- "$pattern"
    count $? "$name: rung $*: exit code $got (expected $code), looked for: $pattern"
}

holds() {
    grep -qE -- "$2" "$work/out"
    count $? "$1: looked for $2"
}

soon() {
    local pattern=$1
    shift
    for _ in $(seq 75); do
        "$@" 2>&1 | grep -qE -- "$pattern" && return 0
        sleep 0.2
    done
    echo "looked for: $pattern"
    return 1
}

start_engine() {
    rm -f "$work/serve.out" # what an engine before this one said is not this one's word
    : >"$work/serve.err"
    "$rung" serve "$data" "$@" >"$work/serve.out" 2>>"$work/serve.err" &
    engine=$!
    for _ in $(seq 400); do
        grep -qs listens "$work/serve.out" && return 0
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.05
    done
    echo "the engine with $* does not start"
    cat "$work/serve.err"
    return 1
}

stop_engine() {
    kill "${1:--TERM}" "$engine"
    wait "$engine" 2>/dev/null
    local status=$?
    engine=
    return $status
}

start_outside() {
    "$1" >"$2" &
    also="$also $!"
    for _ in $(seq 100); do
        [ -s "$2" ] && break
        sleep 0.05
    done
    port=$(head -1 "$2")
}

program_end() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
