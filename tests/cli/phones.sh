#!/bin/bash
# Where a client is by the range of his number, and which registers are refused. Usage: phones.sh
# RUNG SOURCE_DIR
set -u
rung=$1
here=$2/tests/cli
numbers=$2/tests/intake/numbers.csv
. "$(dirname "$0")/../program.sh"
program_begin phones 80

begin() { # OPTION…: the engine, at 10:00 UTC on a Monday
    check "the engine with $* comes up" start_engine "$@" --demo-clock x0
}
end() { check "the engine stops" stop_engine; }

# --- registers that do not hold
refused() { # NAME TEXT PATTERN
    printf '%b' "$2" >"$work/bad.csv"
    expect "$1" 4 "$3" serve "$data" "$here/phones.rung" --phone-ranges "$work/bad.csv"
}
head='АВС/ DEF;От;До;Емкость;Оператор;Регион;ИНН\n'
refused "no such columns" 'a;b\n1;2\n' 'bad.csv:1: the header has no column .АВС/ DEF'
refused "no range" "${head}902;x;1;2;y;Омская обл.;1\n" 'bad.csv:2: the range is not two numbers'
refused "another capacity" "${head}902;0;9;9;y;Омская обл.;1\n" 'bad.csv:2: Емкость is .9., but the range holds 10 numbers; get'
refused "twice" "${head}902;0;9;10;y;Омская обл.;1\n902;5;9;5;y;Томская обл.;1\n" 'bad.csv:3: .* overlaps the one of .*bad.csv:2; leave one'
expect "no such file" 2 'cannot read .*nowhere.csv' serve "$data" --phone-ranges "$work/nowhere.csv"
mkdir "$work/empty" "$work/both"
expect "an empty folder" 2 'holds no .csv file' serve "$data" --phone-ranges "$work/empty"
cp "$numbers" "$work/both/a.csv"
cp "$numbers" "$work/both/b.csv"
expect "a file twice" 4 'b.csv:8: .* overlaps the one of .*a.csv:8; .* the file that comes twice' \
    serve "$data" --phone-ranges "$work/both"
[ ! -e "$data" ]
count $? "a refused register leaves no store behind"

# --- by range, not by prefix
begin "$here/phones.rung" --phone-ranges "$numbers"
grep -q '10 phone ranges in 1 file; 3 tell no time zone' "$work/serve.err" &&
    grep -q 'numbers.csv:9: the region .Сургутский район \* г. Сургут. is not known' "$work/serve.err"
count $? "the start says what it read"
printf 'name,title,roles\nann,Ann,sales\n' >"$work/users.csv"
expect "people" 0 '1 person set' users import "$work/users.csv"
expect "Vladivostok" 0 'case 1' start lead phone=+79025000001
expect "its zone" 0 'Asia/Vladivostok' show 1
expect "the same prefix, Moscow" 0 'case 2' start lead phone=+79025070001
expect "its zone" 0 'Europe/Moscow' show 2
expect "a range that tells nothing" 0 'case 3' start lead phone=+79140000001
expect "a city goes first" 0 'case 4' start lead phone=+79025000002 city=Omsk
expect "its zone" 0 'Asia/Omsk' show 4
expect "the zone is in the history" 0 'Asia/Vladivostok' history 1
end

# --- the zone is a fact: the next start has no register, and nothing has changed
begin
expect "its zone is still there" 0 'Asia/Vladivostok' show 1
expect "a new number tells nothing now" 0 'case 5' start lead phone=+79025000003
"$rung" show 5 >"$work/out" 2>&1
! grep -q Vladivostok "$work/out"
count $? "no register, no zone"
end
expect "the view is what the history says" 0 '' verify "$data"

program_end
