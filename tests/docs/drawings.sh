#!/bin/bash
# The drawings in the pages of docs/processes/ are those that `rung graph` makes today. A page says which
# before it: `<!-- drawing of FILE PROCESS -->`. Usage: drawings.sh RUNG [--update].
set -u
rung=$1
update=${2:-}
passed=0
failed=0

# The page with its drawing as it is now.
fresh() { # PAGE FILE PROCESS
    local drawing
    drawing=$("$rung" graph "$2" --process "$3") || return 1
    awk -v drawing="$drawing" '
        /^<!-- drawing of / { print; inside = 1; next }
        inside == 1 && /^```text$/ { print; print drawing; inside = 2; next }
        inside == 2 && /^```$/ { inside = 0 }
        inside != 2 { print }' "$1"
}

for page in docs/processes/*.md; do
    read -r file process < <(sed -n 's/^<!-- drawing of \([^ ]*\) \([^ ]*\) -->$/\1 \2/p' "$page")
    [ -n "${file:-}" ] || continue
    now=$(fresh "$page" "$file" "$process") || { failed=$((failed + 1)); continue; }
    if [ "$update" = --update ]; then
        printf '%s\n' "$now" >"$page"
    fi
    if printf '%s\n' "$now" | diff "$page" - >/dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: the drawing in %s is stale: tests/docs/drawings.sh RUNG --update\n' "$page"
    fi
    file=""
done
# No process without a page.
for file in processes/*.rung; do
    for process in $(sed -n 's/^process \([a-z_]*\) .*/\1/p' "$file"); do
        if ! grep -q "^<!-- drawing of $file $process -->$" docs/processes/*.md; then
            failed=$((failed + 1))
            printf 'FAILED: process %s of %s has no page in docs/processes/\n' "$process" "$file"
        fi
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
