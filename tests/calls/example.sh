#!/bin/bash
# The example of docs/connectors.md, as it stands there, against a bank on loopback: only the address
# is another one. Usage: example.sh RUNG OUTSIDE
set -u
rung=$1
outside=$2
page=docs/connectors.md
. "$(dirname "$0")/../program.sh"
program_begin example 200

block() { awk -v mark='```'"$1" '/^```/ && inside { exit } inside { print } $0 == mark { inside = 1 }' "$page"; }
tell_more() {
    cat "$work/requests" "$work/serve.err" 2>/dev/null
    "$rung" calls
    "$rung" incidents
}
press() { "$rung" press "$1" "$2" --as dan >/dev/null; }
start_case() { # NUMBER PRICE
    "$rung" start bill number="$1" price="$2" --as dan --json | sed -n 's/.*"instance": *\([0-9]*\).*/\1/p'
}
card() { "$rung" show "$1" --as dan --json | tr -d ' \n'; }

start_outside "$outside" "$work/requests"
block rung >"$work/bill.rung"
block lua >"$work/bank.lua"
block settings | sed "s|https://bank.example|http://127.0.0.1:$port|; s|^\[bank\]|&\nallow = 127.0.0.1:$port|" >"$work/connectors"
check "the page has the three parts" test -s "$work/bill.rung" -a -s "$work/bank.lua" -a -s "$work/connectors"
printf 'Bearer bank-word-0815\n' >"$work/bank.key"
chmod 600 "$work/bank.key"

check "start" start_engine "$work/bill.rung" --connectors "$work/connectors" --demo-clock x20
[ "$failed" = 0 ] || exit 1
printf 'name,title,roles\ndan,Dan,desk\n' >"$work/users.csv"
"$rung" users import "$work/users.csv" >/dev/null

one=$(start_case 7/26 '120.50 EUR')
press "$one" bill_
check "the form" soon '^/v2/invoices [0-9a-f-]+ Bearer bank-word-0815 line=Design&line=Planting\+%26\+care&number=7%2F26&sum=120.50?\+EUR$' cat "$work/requests"
check "its header" grep -q "note=$one evil" "$work/requests"
check "the link comes back" soon '"link".{0,60}https://bank.example/show/I-7' card "$one"
press "$one" look_
check "the question" soon '^= GET /v2/invoices/7%2F26\?fields=paid ' cat "$work/requests"
check "nothing yet" soon 'call 2, try 1: done' "$rung" history "$one"
press "$one" look_
check "the money" soon 'message bank.looked: delivered' "$rung" history "$one"
check "settles it" soon 'settled|Settled' "$rung" show "$one"
two=$(start_case 8 '1 EUR')
press "$two" bill_
check "the bank refuses" soon 'the bank says: too small a sum' "$rung" history "$two"
check "and the case knows" soon '"refused".{0,60}(true|yes)' card "$two"
three=$(start_case 9 '5 EUR')
press "$three" look_
check "a bill that the bank does not know" soon 'bank.look has failed: the bank does not know this bill' "$rung" incidents
check "a stop in good order" stop_engine
check "no secret in the history" bash -c "! grep -qaF 'bank-word' -r '$data'"

program_end
