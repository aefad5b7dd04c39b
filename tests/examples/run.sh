#!/bin/bash
# The examples that the language was designed with: they check, pass their tests and mean what they
# say. They are no part of this repository: they are looked for in ../shared/design/examples, or where
# RUNG_EXAMPLES says. What they import and do not bring lies beside this script.
# Usage: run.sh RUNG SCRATCH.
set -u
rung=$(realpath "$1")
scratch=$2
here=$(dirname "$0")
examples=${RUNG_EXAMPLES:-../shared/design/examples}
passed=0
failed=0

if [ ! -f "$examples/lead.rung" ]; then
    printf 'skipped: the examples are not here (%s, or RUNG_EXAMPLES)\n1 passed, 0 failed\n' "$examples"
    exit 0
fi
rm -rf "$scratch"
mkdir -p "$scratch"
cp -r "$examples"/. "$here"/*.rung "$here"/hooks "$scratch"
cp -r "$here"/hooks "$scratch"/more

verdict() { # NAME CODE
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$1"
    fi
}
# Exactly these errors, each as often as it stands here; none when nothing follows the file.
checks() { # FILE CODE…
    local file=$1 out found wanted
    shift
    wanted=$(printf '%s ' "$@")
    out=$(cd "$scratch" && "$rung" check "$file" 2>&1)
    found=$(printf '%s\n' "$out" | sed -n 's/^error\[\(E[0-9]*\)\].*/\1/p' | sort | tr '\n' ' ')
    # The last line counts: without it nothing was checked at all.
    if printf '%s\n' "$out" | grep -q "^1 file: $# error" && [ "${found% }" = "${wanted% }" ]; then
        verdict "$file checks" 0
    else
        printf '%s\n' "$out" | head -60
        verdict "$file checks: wanted \`${wanted% }\`" 1
    fi
}

checks lead_test.rung
(cd "$scratch" && "$rung" test --region RU --zone Europe/Moscow lead_test.rung >test.log 2>&1) || { cat "$scratch/test.log"; false; }
verdict "the tests of the example lead" $?
(cd "$scratch" && "$rung" test --region RU --zone Europe/Moscow means_test.rung >test.log 2>&1) || { cat "$scratch/test.log"; false; }
verdict "what the examples mean" $?
(cd "$scratch" && "$rung" test --region RU --zone Europe/Moscow kitchen_test.rung >test.log 2>&1) || { cat "$scratch/test.log"; false; }
verdict "what the kitchen means" $?
checks more/desk.rung
checks more/invoice.rung
checks more/invoice_children.rung
checks more/loan.rung
checks more/queue.rung

checks more/kitchen.rung
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
