#!/bin/bash
# One fuzz target for some seconds, or the proof that it finds its planted bug.
#
#   tests/fuzz/run.sh TARGET SECONDS [BUILD]          frame csv dsl image record map hook holidays json
#                                                     shape log search body mapping hours numbering
#   tests/fuzz/run.sh --planted TARGET|all [BUILD]    must find it within a minute
set -u
cd "$(dirname "$0")/../.." || exit 1

# What is checked in, and what the build wrote because it has a layout of its own.
seeds() { # TARGET BUILD
    local folder
    for folder in "tests/fuzz/corpus/$1" "$2/tests/fuzz/seeds/$1"; do
        [ ! -d "$folder" ] || printf '%s ' "$folder"
    done
}

run_target() { # TARGET SECONDS BUILD
    local target=$1 seconds=$2 program=$3/tests/fuzz/fuzz_$1
    local work=build/fuzz-corpus/fuzz_$target corpus
    read -ra corpus < <(seeds "$target" "$3")
    mkdir -p "$work"
    "$program" -runs=0 "${corpus[@]}" >/dev/null 2>"build/fuzz-$target-seeds.log" || {
        tail -40 "build/fuzz-$target-seeds.log" >&2
        return 1
    }
    local log=build/fuzz-$target.log
    "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
        -artifact_prefix="build/fuzz-$target-" "$work" "${corpus[@]}" >"$log" 2>&1
    local code=$?
    [ "$code" -eq 0 ] || tail -60 "$log" >&2
    awk -v target="$target" '
        /#[0-9]+/ && /corp:/ { for (i = 1; i <= NF; i++) if ($i == "corp:") corpus = $(i + 1) }
        /^stat::number_of_executed_units/ { runs = $2 }
        /^stat::average_exec_per_sec/ { speed = $2 }
        END { printf "%s: %s executions, %s/s, corpus %s (inputs/bytes)\n", target, runs, speed, corpus }
    ' "$log"
    return "$code"
}

run_planted() { # TARGET BUILD: the seeds alone must not show it
    local target=$1 program=$2/tests/fuzz/planted_$1 work log corpus
    read -ra corpus < <(seeds "$target" "$2")
    work=$(mktemp -d) log=build/planted-$target.log
    mkdir -p build
    if ! "$program" -runs=0 -artifact_prefix="$work/" "${corpus[@]}" >/dev/null 2>&1; then
        printf '%s: the seeds show the planted bug already\n' "$target"
        rm -rf "$work"
        return 1
    fi
    local started=$SECONDS
    "$program" -max_total_time=60 -rss_limit_mb=2048 -artifact_prefix="$work/" -print_final_stats=1 \
        "$work" "${corpus[@]}" >"$log" 2>&1
    local code=$?
    rm -rf "$work"
    if [ "$code" -eq 0 ]; then
        printf '%s: the planted bug was NOT found in a minute\n' "$target"
        return 1
    fi
    awk -v target="$target" -v seconds=$((SECONDS - started)) '
        /^stat::number_of_executed_units/ { runs = $2 }
        /^==[0-9]+==ERROR|runtime error|SUMMARY/ { if (what == "") what = $0 }
        END { sub(/^==[0-9]+==/, "", what)
              printf "%s: planted bug found after %s executions, %d s: %s\n", target, runs, seconds, what }
    ' "$log" | cut -c1-180
}

all_targets() { ls tests/fuzz/corpus; }

if [ "${1:-}" = --planted ]; then
    build=${3:-build/fuzz} code=0
    case ${2:-all} in
    all) for target in $(all_targets); do run_planted "$target" "$build" || code=1; done ;;
    *) run_planted "$2" "$build" || code=1 ;;
    esac
    exit "$code"
fi
[ $# -ge 2 ] || { sed -n '2,7p' "$0" >&2; exit 2; }
run_target "$1" "$2" "${3:-build/fuzz}"
