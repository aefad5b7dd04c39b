#!/usr/bin/awk -f
# Reads the log of one lane of ./dev test and prints `PASSED FAILED`. Of ctest's verbose output it
# counts cmocka's cases (`7: [  PASSED  ] 12 test(s).`), our own programs' closing lines (`7: 12 passed,
# 0 failed`), and a whole program where it says nothing of the kind. Elsewhere it adds up the closing lines.

/^[0-9]+: \[  (PASSED|FAILED)  \] [0-9]+ test\(s\)/ {
    split($0, field, ":")
    count = $0
    sub(/^.*\] /, "", count)
    cases[field[1], $0 ~ /PASSED/ ? "passed" : "failed"] += count + 0
    spoke[field[1]] = 1
}

/^[0-9]+: [0-9]+ passed, [0-9]+ failed$/ {
    split($0, field, ":")
    cases[field[1], "passed"] += $2
    cases[field[1], "failed"] += $4
    spoke[field[1]] = 1
}

/Test +#[0-9]+: .*(Passed|\*\*\*|Not Run)/ {
    number = $0
    sub(/^.*Test +#/, "", number)
    sub(/:.*/, "", number)
    ctest = 1
    if ($0 ~ /Passed/) {
        passed += number in spoke ? cases[number, "passed"] : 1
    } else if (cases[number, "failed"] > 0) {
        passed += cases[number, "passed"]
        failed += cases[number, "failed"]
    } else {
        passed += cases[number, "passed"]
        failed += 1
    }
}

/^[0-9]+ passed, [0-9]+ failed$/ {
    own_passed += $1
    own_failed += $3
}

# The simulator: a line a seed, and one more for a seed that broke an oracle.
/^seed [0-9]+: / {
    own_passed++
}

/^SEED=[0-9]+ ORACLE=/ {
    own_passed--
    own_failed++
}

END {
    if (ctest) {
        print passed + 0, failed + 0
    } else {
        print own_passed + 0, own_failed + 0
    }
}
