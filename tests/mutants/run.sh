#!/bin/sh
# Would anybody notice? Each patch plants one bug into a copy of the tree; it must apply, build, and
# be found by whom mutants.txt names: an oracle of the simulator, on seeds that the tree as it is
# passes, or the test of a rule.
# usage: run.sh [SOURCE [COMPILER [ONLY]]]
#   ONLY: only patches whose line holds one of these lines of words
set -eu
source=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
compiler=${2:-${CC:-cc}}
only=${3:-}
seeds=12
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rung_mutants_XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM

mkdir "$scratch/tree"
for part in base dsl engine tests cmake tools processes stdlib CMakeLists.txt; do
    if [ -e "$source/$part" ]; then cp -R "$source/$part" "$scratch/tree/"; fi
done
cd "$scratch/tree"
# Without symbols: each patch is compiled and linked once, and run for a second.
cmake -S . -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g0" \
    -DCMAKE_C_COMPILER="$compiler" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }

build() {
    ninja -C "$scratch/build" "$@" >"$scratch/log" 2>&1 || { tail -40 "$scratch/log"; return 1; }
}
run_sim() { "$scratch/build/tests/sim/sim" --lite --seeds "$seeds" >"$scratch/out" 2>&1; }
run_rule() { "$scratch/build/tests/play/play_files" "tests/rules/$1.rung" >"$scratch/out" 2>&1; }

# Who is named: an oracle, or a file of tests/rules/.
is_rule() { case $1 in [0-9][0-9]_*) return 0 ;; *) return 1 ;; esac; }
target() { if is_rule "$1"; then echo play_files; else echo sim; fi; }
run() { if is_rule "$1"; then run_rule "$1"; else run_sim; fi; }
# What a line of the output must hold when the right one has noticed: the oracle's name, or the title
# of a test that speaks of the rule.
pattern() {
    rule=${1%%_*}
    if is_rule "$1"; then
        printf '%s\n' "^test \"rules\\{0,1\\} \\([0-9, and]*[^0-9]\\)\\{0,1\\}${rule#0}[^0-9].*\" failed"
    else
        printf '%s\n' "ORACLE=$1:"
    fi
}

grep -v '^ *\(#\|$\)' "$source/tests/mutants/mutants.txt" | grep -F -e "$only" >"$scratch/list" ||
    { echo "no patch is called \`$only\`"; exit 1; }
build play_files sim || { echo "the tree does not build"; exit 1; }
: >"$scratch/clean"
while read -r patch named; do
    is_rule "$named" || named=sim
    if ! grep -qx "$named" "$scratch/clean"; then
        run "$named" || { echo "the tree fails without any planted bug:"; cat "$scratch/out"; exit 1; }
        echo "$named" >>"$scratch/clean"
    fi
done <"$scratch/list"
echo "the tree passes $seeds seeds and the tests of the rules"

passed=0
failed=0
while read -r patch named; do
    file=$source/tests/mutants/$patch.patch
    if ! git apply "$file"; then
        echo "$patch: does not apply any more"
        failed=$((failed + 1))
        continue
    fi
    if ! build "$(target "$named")"; then
        echo "$patch: does not build"
        failed=$((failed + 1))
    elif run "$named"; then
        echo "$patch: nobody noticed"
        failed=$((failed + 1))
    elif ! grep -q "$(pattern "$named")" "$scratch/out"; then
        echo "$patch: noticed, but not by \`$named\`:"
        grep -h "ORACLE=\|CHECK\|SEED=\|^test " "$scratch/out" || tail -5 "$scratch/out"
        failed=$((failed + 1))
    else
        echo "$patch: noticed: $(grep -h "$(pattern "$named")" "$scratch/out" | head -1)"
        passed=$((passed + 1))
    fi
    git apply -R "$file"
done <"$scratch/list"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
