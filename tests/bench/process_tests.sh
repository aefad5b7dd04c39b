#!/bin/sh
# How long do process tests take? Writes COUNT tests of ten steps each, in files of 500, and runs them.
# usage: process_tests.sh RUNG [COUNT [FOLDER]]
set -eu
rung=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
count=${2:-10000}
folder=${3:-$(mktemp -d "${TMPDIR:-/tmp}/rung_tests_XXXXXX")}
[ "${3:-}" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"

cat >"$folder/shop.rung" <<'END'
role boss  "Boss"
role sales "Sales"  under boss  pick least loaded
ladder busy { 5 min, 10 min, 1 h }

process lead "Lead" {
  key phone
  title "{name or phone}"
  field phone: phone   "Phone"  required
  field name:  text    "Name"
  field price: money   "Price"
  field asked: integer "Asked"  = 0 readonly
  start => contact
  on repeat { asked := asked + 1 }

  stage contact "Contact" {
    task "Call {title}" for sales due now
    action busy  "Busy"  retry busy then => lost
    action offer "Offer" { ask price required  => offered }
    action wrong "Wrong number" => lost
    after 10 days => lost
  }
  stage offered "Offered" {
    task "Ask {title}" for sales due 2 days
    action agreed "Agreed" if price > 0 => won
    action no_    "No"     => lost
    after 30 days => lost
  }
  end won  "Won"  success
  end lost "Lost" failure
}
END
awk -v count="$count" -v folder="$folder" 'BEGIN {
    for (i = 0; i < count; i++) {
        file = sprintf("%s/shop%03d_test.rung", folder, i / 500)
        if (i % 500 == 0) { print "import shop\n" > file }
        print "test \"the lead number " i " is won\" {" > file
        print "  user bob is sales" > file
        print "  at 2026-03-02 10:00" > file
        print "  start lead l with phone: \"+49 30 " 100000 + i "\", name: \"Ann\"" > file
        print "  expect l in contact, task for bob due 10:00" > file
        print "  bob does busy on l" > file
        print "  wait 5 min" > file
        print "  bob does offer on l with price: " i % 900 + 1 > file
        print "  expect l in offered, l.price is " i % 900 + 1 > file
        print "  bob does agreed on l" > file
        print "  expect l in won, no task" > file
        print "}\n" > file
    }
}'
start=$(date +%s%N)
"$rung" test "$folder" >"$folder/out" || { tail -20 "$folder/out"; exit 1; }
end=$(date +%s%N)
printf '%s; %d ms\n' "$(tail -1 "$folder/out")" $(((end - start) / 1000000))
