#!/bin/bash
# docs/requirements.md: what was asked, where it is met and what proves it. Made from the wordings in
# tools/requirements.txt and from marks in the tree: `-- S9` and `test "S9: …"` in programs, `// S9`
# in C, `# S9` in scripts. Without a word it writes the page; `--check` says whether the page still
# holds: every mark it names is in its file (the line may move), and no requirement that it calls
# open or unproved has a mark by now. Run from the root.
set -u
page=docs/requirements.md
words=tools/requirements.txt

marks() { # FILE:LINE:S… one a mark, in the order of the files
    find processes $([ -d stdlib ] && echo stdlib) base dsl engine tests tools -type f \
        \( -name '*.rung' -o -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.sh' \) \
        ! -path 'tests/dsl/parse/*' ! -path 'tests/dsl/check/*' ! -path 'tests/dsl/format/*' \
        ! -name requirements.sh -print0 | LC_ALL=C sort -z |
        xargs -0 grep -HnoE '((--|//|#) |^test ").*\bS[0-9]+\b.*' 2>/dev/null |
        awk -F: '{
            file = $1; line = $2; rest = $0; sub(/^[^:]*:[^:]*:/, "", rest)
            while (match(rest, /(^|[^A-Za-z0-9_])S[0-9]+/)) {
                word = substr(rest, RSTART, RLENGTH); sub(/^[^S]/, "", word)
                after = substr(rest, RSTART + RLENGTH, 1)
                if (after !~ /[A-Za-z0-9_]/) print word, file, line
                rest = substr(rest, RSTART + RLENGTH)
            }
        }' | LC_ALL=C sort -u -k1,1 -k2,2 -k3,3n
}

write_page() {
    printf '# Requirements: what was asked, where it is met, what proves it\n\n'
    printf 'Written by `tools/requirements.sh` from marks in the tree: do not edit. A line says "not yet"\n'
    printf 'where nothing carries its mark; the sources are five published accounts of automating sales.\n\n'
    printf '| # | what was asked | met in | proved by |\n|---|---|---|---|\n'
    marks | awk -v words="$words" '
        { at = "`" $2 ":" $3 "`"
          proof = $2 ~ /^tests\// || $2 ~ /_test\.rung$/
          key = $1 SUBSEP (proof ? "p" : "m")
          if (!((key, $2) in seen) && count[key] < 3) {   # three places say enough
              list[key] = list[key] (count[key]++ ? ", " : "") at
              seen[key, $2] = 1
          } }
        END {
            while ((getline line < words) > 0) {
                split(line, part, " "); name = part[1]
                text = substr(line, length(name) + 2)
                met = list[name SUBSEP "m"]; proof = list[name SUBSEP "p"]
                if (met == "" && proof == "") met = "not yet"
                print "| " name " | " text " | " met " | " proof " |"
                all++; done += (met != "not yet"); proved += (proof != "")
            }
            printf "\n%d asked, %d met, %d of them with a test of their own.\n", all, done, proved
        }'
}

case ${1:-} in
--check)
    missing=0
    now=$(marks | awk '{ print $1, $2 }' | LC_ALL=C sort -u)
    named=$(awk -F'|' '/^\| S[0-9]/ { n = split($4 $5, at, "`"); sub(/^ /, "", $2); sub(/ .*/, "", $2)
                for (i = 2; i <= n; i += 2) { sub(/:.*/, "", at[i]); print $2, at[i] } }' "$page" |
        LC_ALL=C sort -u)
    gone=$(LC_ALL=C comm -23 <(printf '%s\n' "$named") <(printf '%s\n' "$now"))
    if [ -n "$gone" ]; then
        printf 'marks that %s names and nobody carries any more:\n%s\n' "$page" "$gone"
        missing=1
    fi
    state() { awk -F'|' '/^\| S[0-9]/ { print $2, ($4 ~ /`/ ? "met" : "open"), ($5 ~ /`/ ? "proved" : "-") }'; }
    if ! diff <(state <"$page") <(write_page | state); then
        printf '%s is stale: run tools/requirements.sh and read what changed\n' "$page"
        missing=1
    fi
    [ "$(wc -l <"$words")" -eq 178 ] || { printf '%s has not 178 lines\n' "$words"; missing=1; }
    [ "$missing" -eq 0 ] && printf '1 passed, 0 failed\n'
    exit "$missing" ;;
'') write_page >"$page.new" && mv "$page.new" "$page" ;;
*) printf 'requirements.sh knows only --check\n' >&2; exit 2 ;;
esac
