#!/bin/bash
# Every example of the pages is checked, and run when it holds a test; those that show a mistake must
# give exactly the diagnostic they name. Usage: run.sh RUNG SCRATCH.
set -u
rung=$1
scratch=$2
here=$(dirname "$0")
passed=0
failed=0

rm -rf "$scratch"
mkdir -p "$scratch"
for page in README.md docs/*.md docs/diagnostics/*.md; do
    [ -f "$page" ] && awk -v folder="$scratch" -f "$here/extract.awk" "$page"
done

# What examples import.
printf 'role somebody "Somebody"\ntable weight(n: integer) -> integer { | _ -> n }\n' >"$scratch/shared.rung"
mkdir -p "$scratch/hooks"
printf 'function price_of(n)\n  return n * 10\nend\n' >"$scratch/hooks/price.lua"
printf 'function price_of(n)\n  retrn n\nend\n' >"$scratch/hooks/broken.lua"

printf 'process lead "Lead" {\n  start => contact\n}\n' >"$scratch/broken.next"

example() { # FILE
    local file=$1 code=${1##*-} out
    code=${code%.rung}
    case $code in
    [EW][0-9]*)
        out=$("$rung" check "$file" 2>&1)
        # The code in question is there, and it is the only one.
        [ "$(printf '%s\n' "$out" | grep -oE '\[[EW][0-9]+\]' | sort -u)" = "[$code]" ] ;;
    *)
        out=$("$rung" check "$file" 2>&1) || return 1
        if grep -q '^test ' "$file"; then
            out=$("$rung" test "$file" 2>&1) || return 1
        fi ;;
    esac
}

for file in "$scratch"/*-*.rung; do
    if example "$file"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$file"
        "$rung" check "$file" 2>&1 | head -40
        grep -q '^test ' "$file" && "$rung" test "$file" 2>&1 | tail -30
    fi
done
# What a page cannot hold is made by its lines of shell, in a folder of their own.
for file in "$scratch"/*-*.sh; do
    code=${file##*-}
    mkdir -p "${file%.sh}"
    (cd "${file%.sh}" && bash -eu "../${file##*/}")
    found=$("$rung" check "${file%.sh}" 2>&1 | grep -aoE '\[[EW][0-9]+\]' | sort -u)
    if [ "$found" = "[${code%.sh}]" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s gives %s\n' "$file" "$found"
    fi
done
# Every diagnostic has its page, and the page a program that yields exactly it: run above.
for code in $(sed -n 's/^DIAG(\([EW][0-9]*\),.*/\1/p' dsl/diag/diag.def); do
    if grep -qE "^\`\`\`(rung|sh) $code\$" "docs/diagnostics/$code.md" 2>/dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: no page docs/diagnostics/%s.md with a program that yields it\n' "$code"
    fi
done
# Every method of the wire is spoken of in its page.
for method in $(sed -n 's/^METHOD([A-Z_]*, "\([a-z_]*\)".*/\1/p' engine/shell/method.def); do
    if grep -q "\`$method\`" docs/protocol.md; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: docs/protocol.md does not speak of `%s`\n' "$method"
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
