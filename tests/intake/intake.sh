#!/bin/bash
# S43, S57, S97, S117, S127, S128
# Webhooks as they come: the samples of six systems, through the mappings of the library, into a
# running engine. Usage: intake.sh RUNG HOSTILE SOURCE
set -u
rung=$1
hostile=$2
source=$3
here=$source/tests/intake
real=${RUNG_REAL_DATA:-$source/../shared/data}
. "$(dirname "$0")/../program.sh"
program_begin intake 200

# take FILE MAPPING STATUS PATTERN…: what is told holds every pattern, each on a line of its own.
take() {
    local file=$1 mapping=$2 status=$3
    shift 3
    "$rung" intake "$file" --map "$mapping" >"$work/out" 2>&1
    local got=$?
    [ "$got" = "$status" ] || { echo "exit code $got"; return 1; }
    for pattern; do
        grep -qE -- "$pattern" "$work/out" || { echo "looked for: $pattern"; return 1; }
    done
}
lines() { [ "$(wc -l <"$work/out")" = "$1" ]; }
cases() { [ "$("$rung" stats --json | tr -d ' \n' | sed -n 's/.*"open":\([0-9]*\).*/\1/p')" = "$1" ]; }
holds() { "$rung" show "$1" >"$work/out" 2>&1 && grep -qE -- "$2" "$work/out"; }

mkdir -p "$work/maps"
cp "$here/custom.map" "$work/maps/company.map"
start() { start_engine "$here/intake.rung" --intake "$work/maps" "$@"; }
: >"$work/out"
check "start" start --region US
[ "$failed" = 0 ] || exit 1
printf 'name,title,roles\nsam,Sam,sales\n' >"$work/users.csv"
"$rung" users import "$work/users.csv" >/dev/null

# --- a probe and a site's form, three times
printf 'test=test' >"$work/probe"
check "a probe makes no work" take "$work/probe" tilda 0 '^1: a test'
printf 'Name=Bea+Example&Phone=%%2B49+30+123456&Email=bea%%40example.com&tranid=77:1' >"$work/form"
check "a form starts a case" take "$work/form" tilda 0 '^1: started case 1 \[77:1\]'
check "the second delivery" take "$work/form" tilda 0 '^1: came before, .* case 1 '
check "the third delivery" take "$work/form" tilda 0 '^1: came before, .* case 1 '
check "its phone" holds 1 '\+4930123456'
printf 'Name=Cid&Phone=%%2B49+30+654321' >"$work/form2"
check "a form without a number" take "$work/form2" tilda 0 'started case 2 \[blake2b:'
check "again" take "$work/form2" tilda 0 'came before'
printf 'Name=Bea&Phone=030+123456x' >"$work/bad"
check "a phone that is none is refused, with the reason" take "$work/bad" tilda 4 \
    'refused: .*phone.*\(bad_form\)'
printf 'Name=Again&Phone=%%2B4930123456' >"$work/repeat"
check "the same client again joins" take "$work/repeat" tilda 0 'joined case 1 '

# --- mistakes of mappings and bodies
printf 'source = s\nstart lead\nrow id = Name\nnmae = a.b\n' >"$work/wrong.map"
check "a field that the process does not have" take "$work/form" "$work/wrong.map" 4 \
    'does not ask for a field named `nmae`' 'wrong.map:4:1' 'a field with a similar name exists: `name`'
printf 'source = s\nstart laed\nrow id = Name\nname = Name\n' >"$work/wrong.map"
check "a process that there is not" take "$work/form" "$work/wrong.map" 4 'called `laed`' \
    'wrong.map:2:7' 'similar name exists: `lead`'
check "a mapping that nobody knows" take "$work/form" nobody 4 'no mapping is known by the name'
printf '{"a":' >"$work/broken"
check "half of a body" take "$work/broken" google 4 'not JSON.*byte 6' 'bad_body'
check "a dry run starts nothing" cases 2
"$rung" intake "$work/form2" --map tilda --dry-run >"$work/out" 2>&1
check "and says what would be" grep -q 'would be taken' "$work/out"
printf 'source = s\nstart\n' >"$work/maps/no.map"
stop_engine
refused_start() {
    timeout 20 "$rung" serve "$data" "$here/intake.rung" --intake "$work/maps" >"$work/out" 2>&1
    [ $? = 4 ] && grep -q 'no.map:2' "$work/out"
}
check "an engine with a mapping that is wrong does not start" refused_start
rm "$work/maps/no.map"
check "start again" start
check "what was taken is remembered" take "$work/form" tilda 0 'came before, .* case 1 '

if [ ! -d "$real/webhooks" ]; then
    echo "skipped: the samples of webhooks are not here ($real/webhooks)"
else
    w=$real/webhooks
    check "Tilda's own probe" take "$w/tilda/connect_probe.urlencoded.txt" tilda 0 'a test'
    check "Google's test lead" take "$w/google/lead_form_test_lead.json" google 0 'a test'
    check "Google's lead" take "$w/google/lead_form_official_sample.json" google 0 'started case 3 '
    check "its phone in the international form" holds 3 '\+16505550123'
    check "Google's lead again" take "$w/google/lead_form_official_sample.json" google 0 'came before'
    two() { take "$w/facebook/leadgen_webhook_two_changes.json" facebook 0 "$@" && lines 2; }
    check "two leads of Facebook in one delivery" two \
        '^1 \(entry.0.changes.0\): started case 4 \[123123123123\]' \
        '^2 \(entry.0.changes.1\): started case 5 \[123123123124\]'
    check "and again" two '^1 .*came before.* case 4' '^2 .*came before.* case 5'
    check "a number above 2^32 is exact" holds 4 '123123123123'
    "$rung" calls >"$work/out"
    check "what is in them must be fetched" grep -q 'facebook.fetch_lead' "$work/out"
    check "a status of amoCRM" take "$w/amocrm/leads_status_urlencoded_raw.txt" amocrm 0 \
        '^1 \(leads.status.0\): started case 6 \[10701093/142/1539782664\]'
    check "the shapes of its fields, by a company's own mapping" \
        take "$w/amocrm/leads_status_urlencoded_raw.txt" company 0 'started case 7 '
    check "a value in an object" holds 7 'site'
    check "a value that stands alone" holds 7 '2018-11-13'
    check "a new lead of Bitrix24" take "$w/bitrix24/on-crm-lead-add.json" bitrix24 0 \
        'started case 8 \[ONCRMLEADADD/1000983\]'
    sed 's/^/ /' "$w/bitrix24/on-crm-lead-add.json" >"$work/lead" # other bytes, the same lead
    check "and again" take "$work/lead" bitrix24 0 'came before'
    printf 'event=ONCRMLEADADD&data%%5BFIELDS%%5D%%5BID%%5D=1000983&ts=1736405807' >"$work/lead"
    check "the same as a form" take "$work/lead" bitrix24 0 'came before, .* case 8'
    for event in on-crm-activity-add on-voximplant-call-init on-voximplant-call-start on-external-call-start; do
        check "$event is for nobody" take "$w/bitrix24/$event.json" bitrix24 0 'nothing was done'
    done
    for event in deal-add deal-update deal-move-to-category lead-update lead-delete; do
        check "on-crm-$event has no process here" take "$w/bitrix24/on-crm-$event.json" bitrix24 4 \
            'refused|no active process|bad_mapping'
    done
    check "a callback" take "$w/bitrix24/on-external-call-back-start.json" bitrix24 4 'refused|no active process'
    # calls find their case by the number of the client
    printf 'Phone=%%2B499061234567&tranid=c1' >"$work/lead"
    check "somebody to call" take "$work/lead" tilda 0 'started case 9 '
    check "the end of a call" take "$w/bitrix24/on-voximplant-call-end.json" bitrix24 0 \
        'delivered to case 9 '
    check "nobody answered" holds 9 'No answer'
    printf 'Phone=%%2B19061234567&tranid=c2' >"$work/lead"
    check "one more" take "$work/lead" tilda 0 'started case 10 '
    check "the list of calls: one has a case, one has none" \
        take "$w/bitrix24/voximplant.statistic.get_response.json" bitrix24 4 \
        '^1 \(result.0\): delivered to case 10 ' '^2 \(result.1\): refused: no case'
    printf 'Phone=%%2B260960000000&tranid=c3' >"$work/lead"
    check "a client of Twilio" take "$work/lead" tilda 0 'started case 11 '
    check "busy" take "$w/twilio/status_callback_busy.urlencoded.txt" twilio 0 'delivered to case 11 '
    check "is what the case knows" holds 11 'Busy'
fi

if [ ! -f "$real/hostile/JSONTestSuite_test_parsing.tar.gz" ]; then
    echo "skipped: the hostile files are not here ($real/hostile)"
else
    mkdir "$work/json"
    tar -xzf "$real/hostile/JSONTestSuite_test_parsing.tar.gz" -C "$work/json"
    find "$work/json" -name '[yni]_*.json' -print0 | xargs -0 "$hostile" json >"$work/out" 2>&1
    check "JSON as the suite has it" [ $? = 0 ]
    cat "$work/out"
    "$hostile" texts "$real/hostile/blns.json" >"$work/out" 2>&1
    check "naughty texts" [ $? = 0 ]
    cat "$work/out"
    # each as the name of a lead, a hundred in one body
    printf 'source = blns\nstart lead each *\nrow id = .n\nname = .name\n' >"$work/blns.map"
    tr -d '\r' <"$real/hostile/blns.json" | grep -E '^ *"' | sed 's/^ *//; s/, *$//' |
        awk -v to="$work/naughty" '
            NR % 100 == 1 { file = to int(NR / 100); printf "[" >file }
            { printf "%s{\"n\":%d,\"name\":%s}", NR % 100 == 1 ? "" : ",", NR, $0 >file }
            NR % 100 == 0 { print "]" >file }
            END { if (NR % 100 != 0) print "]" >file }'
    for file in "$work"/naughty*; do
        check "naughty names are taken" take "$file" "$work/blns.map" 0 '^1 \(0\): started'
    done
fi
check "a stop in good order" stop_engine
"$rung" verify "$data" >"$work/out" 2>&1
check "verify" [ $? = 0 ]

program_end
