#!/bin/sh
# Would the simulator notice? Each patch plants one bug into a copy of the tree; it must apply, build, and
# fail by the oracle it names, on seeds that the tree as it is passes.
# usage: run.sh [SOURCE [COMPILER]]
set -eu
source=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
compiler=${2:-${CC:-cc}}
seeds=12
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rung_mutants_XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM

mkdir "$scratch/tree"
for part in base dsl engine tests cmake tools processes stdlib CMakeLists.txt; do
    if [ -e "$source/$part" ]; then cp -R "$source/$part" "$scratch/tree/"; fi
done
cd "$scratch/tree"
cmake -S . -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$compiler" \
    >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }

build() {
    ninja -C "$scratch/build" sim >"$scratch/log" 2>&1 || { tail -40 "$scratch/log"; return 1; }
}
run() { "$scratch/build/tests/sim/sim" --lite --seeds "$seeds" >"$scratch/out" 2>&1; }

build || { echo "the tree does not build"; exit 1; }
run || { echo "the tree fails without any planted bug:"; cat "$scratch/out"; exit 1; }
echo "the tree passes $seeds seeds"

passed=0
failed=0
while read -r patch oracle; do
    case $patch in '' | '#'*) continue ;; esac
    file=$source/tests/mutants/$patch.patch
    if ! git apply "$file"; then
        echo "$patch: does not apply any more"
        failed=$((failed + 1))
        continue
    fi
    if ! build; then
        echo "$patch: does not build"
        failed=$((failed + 1))
    elif run; then
        echo "$patch: nobody noticed"
        failed=$((failed + 1))
    elif ! grep -q "ORACLE=$oracle:" "$scratch/out"; then
        echo "$patch: noticed, but not by the oracle \`$oracle\`:"
        grep -h "ORACLE=\|CHECK\|SEED=" "$scratch/out" || tail -5 "$scratch/out"
        failed=$((failed + 1))
    else
        echo "$patch: noticed: $(grep -h "ORACLE=$oracle:" "$scratch/out")"
        passed=$((passed + 1))
    fi
    git apply -R "$file"
done <"$source/tests/mutants/mutants.txt"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
