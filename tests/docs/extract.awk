#!/usr/bin/awk -f
# Writes every block of a page that is marked ```rung into a file of its own: FOLDER/PAGE-LINE.rung,
# where LINE is the line of the block's first line in the page. A block marked ```rung E0503 shows a
# mistake; its file is called FOLDER/PAGE-LINE-E0503.rung. A block marked ```sh E0101 makes files that
# show one, where a page cannot hold them: FOLDER/PAGE-LINE-E0101.sh.

FNR == 1 {
    page = FILENAME
    gsub(/.*\//, "", page)
    sub(/\.md$/, "", page)
}

/^```/ && inside {
    inside = 0
    close(file)
    next
}

/^```rung/ {
    inside = 1
    file = folder "/" page "-" (FNR + 1) ($2 != "" ? "-" $2 : "") ".rung"
    printf "" > file
    next
}

/^```sh [EW][0-9]/ {
    inside = 1
    file = folder "/" page "-" (FNR + 1) "-" $2 ".sh"
    printf "" > file
    next
}

inside {
    print >> file
}
