#!/bin/bash
# S98, S128
# Calls whose requests and answers functions in Lua shape, against an outside system on loopback and
# one over TLS. Usage: shaped.sh RUNG OUTSIDE FOLDER
set -u
rung=$1
outside=$2
here=$3
. "$(dirname "$0")/../program.sh"
program_begin shaped 200

requests() { [ "$(grep -cE "^/shop/$1 " "$work/requests")" = "$2" ]; }
heard() { grep -qE -- "$1" "$work/requests"; }
tell_more() {
    cat "$work/requests" "$work/serve.err" 2>/dev/null
    "$rung" calls
    "$rung" incidents
}
press() { "$rung" press "$1" "$2" --as dan >/dev/null; }
start_case() { "$rung" start order number="$1" --as dan --json | sed -n 's/.*"instance": *\([0-9]*\).*/\1/p'; }
# The whole text of the incident whose line holds the pattern.
incident() { # PATTERN
    local number
    number=$("$rung" incidents --json | tr '{' '\n' | grep -E -- "$1" | sed -n 's/.*"incident": *\([0-9]*\).*/\1/p' | head -1)
    [ -n "$number" ] && "$rung" incidents "$number"
}
refused() { # CALL PATTERN: it has an incident that says so, and nothing was heard outside
    soon "shop.$1 has failed" "$rung" incidents && incident "shop.$1 has" | tr '\n' ' ' | grep -qE -- "$2" &&
        requests "$1" 0
}

# --- settings that cannot be
printf 'function ask(call) return {} end\n' >"$work/good.lua"
printf 'function ask(call)\n  return {}}\nend\n' >"$work/bad.lua"
printf 'no certificate\n' >"$work/bad.pem"
printf 'the secret word\n' >"$work/loose"
chmod 640 "$work/loose"
settings_refused() { # SETTINGS PATTERN
    printf "$1" >"$work/bad"
    timeout 20 "$rung" serve "$work/none" --connectors "$work/bad" >"$work/out" 2>&1
    [ $? = 4 ] && grep -qE -- "$2" "$work/out" || { cat "$work/out"; return 1; }
}
check "a file that is not Lua" settings_refused '[a]\nurl = http://x\nrequest = bad.lua: ask\n' 'bad:3: bad.lua:2: '
check "a function that is not there" settings_refused '[a]\nurl = http://x\nreply = good.lua: hear\n' 'defines no function .hear'
check "a file that is not there" settings_refused '[a]\nrequest = nothing.lua: ask\n' 'bad:2: .*/nothing.lua: No such file'
check "no name" settings_refused '[a]\nrequest = good.lua\n' 'FILE: NAME'
check "two that say what an answer means" settings_refused '[a.b]\nurl = http://x\nanswer = c\nreply = good.lua: ask\n' 'keep one'
check "a letter is no request" settings_refused '[a]\nurl = smtp://x\nrequest = good.lua: ask\n' 'no .request'
check "a long answer" settings_refused '[a]\nurl = http://x\nanswer_kb = 1000\n[a.b]\nreply = good.lua: ask\n' 'bad:4: .* at most 200'
check "a name in a URL" settings_refused '[a]\nurl = http://me:word@x/\n' 'see .secret'
check "a secret in the settings" settings_refused '[a]\nurl = http://x\nheader = authorization: Bearer 1\n' 'secret = authorization: FILE'
check "a key of one's own" settings_refused '[a]\nurl = http://x\nheader = Idempotency-Key: 1\n' 'says it itself'
check "a secret for a group" settings_refused '[a]\nurl = http://x\nsecret = X-Token: loose\n' 'chmod 600'
check "a method that is none" settings_refused '[a]\nurl = http://x\nmethod = BREW\n' 'GET, HEAD'
check "no certificate" settings_refused '[a]\nurl = https://x\nca = bad.pem\n' 'holds no certificate'

# --- the outside
start_outside "$outside" "$work/requests"
command -v openssl >/dev/null || { echo "openssl is missing: apt-get install openssl"; exit 1; }
for name in tls strange; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=127.0.0.1" -addext "subjectAltName=IP:127.0.0.1" \
        -keyout "$work/$name.key" -out "$work/$name.pem" >/dev/null 2>&1 || exit 1
done
mkdir "$work/www"
printf 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}' >"$work/www/fine"
cp "$work/www/fine" "$work/www/strange"
serve_tls() { # NAME: on a free port, which it prints
    for try in 1 2 3 4 5; do
        local at=$((20000 + (RANDOM + try) % 20000))
        (cd "$work/www" && exec openssl s_server -quiet -accept "127.0.0.1:$at" -key "../$1.key" -cert "../$1.pem" -HTTP \
            >"$work/$1.log" 2>&1) &
        tls_pid=$!
        sleep 0.5
        kill -0 "$tls_pid" 2>/dev/null && tls_port=$at && also="$also $tls_pid" && return 0
    done
    return 1
}
serve_tls tls || { cat "$work/tls.log"; exit 1; }
fine_port=$tls_port
serve_tls strange || { cat "$work/strange.log"; exit 1; }
strange_port=$tls_port

printf 'Bearer secret-word-4711\n' >"$work/token"
chmod 600 "$work/token"
cp "$here/shaped.lua" "$work"
{
    cat <<END
[shop]
url     = http://127.0.0.1:$port/shop
secret  = X-Token: token
allow   = 127.0.0.1:$port
timeout = 5
[shop.sing]
method  = PUT
[shopp]
method  = PUT
[shop.world]
url     = http://127.0.0.1:$port/shop/{call}
request = shaped.lua: world
answer  = lookedd number
[slow]
url     = http://127.0.0.1:$port/{call}
allow   = 127.0.0.1:$port
at_once = 2
[sure]
url     = https://127.0.0.1:$fine_port/{call}
method  = GET
ca      = tls.pem
allow   = 127.0.0.1:$fine_port
[sure.strange]
url     = https://127.0.0.1:$strange_port/{call}
method  = GET
allow   = 127.0.0.1:$strange_port
[shop.sign]
request = shaped.lua: sign
[shop.look]
request = shaped.lua: look
reply   = shaped.lua: looked
[shop.find]
url     = http://127.0.0.1:$port/shop/{call}?v=2
method  = GET
[shop.drop]
url     = http://127.0.0.1:$port/shop/{call}
method  = DELETE
[shop.echo]
url     = http://127.0.0.1:$port/shop/{call}
reply   = shaped.lua: told
END
    for call in later no_ gone; do
        printf '[shop.%s]\nurl = http://127.0.0.1:%s/shop/{call}\nrequest = shaped.lua: plain\nreply = shaped.lua: outcome\n' \
            "$call" "$port"
    done
    for call in wrong_reply wrong_field wrong_message; do
        printf '[shop.%s]\nurl = http://127.0.0.1:%s/shop/{call}\nreply = shaped.lua: %s\n' "$call" "$port" "$call"
    done
    for call in wrong_type fails endless nothing inject inject_name own_key own_token climb elsewhere two_strokes; do
        printf '[shop.%s]\nurl = http://127.0.0.1:%s/shop/{call}\nrequest = shaped.lua: %s\n' "$call" "$port" "$call"
    done
} >"$work/connectors"

start() { start_engine "$here/shaped.rung" --connectors "$work/connectors" --demo-clock x60; }
check "start" start
[ "$failed" = 0 ] || exit 1
check "a call that nobody sends" grep -q 'connectors:6: no active process sends .shop.sing.$' "$work/serve.err"
check "a connector that nobody knows" grep -q 'connectors:8: no active process knows .shopp.$' "$work/serve.err"
check "a message that nobody awaits" grep -q 'connectors:10: no active process awaits .shop.lookedd.$' "$work/serve.err"
check "and no more of them" test "$(grep -c 'no active process' "$work/serve.err")" = 3
printf 'name,title,roles\ndan,Dan,desk\n' >"$work/users.csv"
"$rung" users import "$work/users.csv" >/dev/null

# --- what goes out
one=$(start_case 'a/b c')
press "$one" sign
check "a form of the web" soon '^/shop/sign [0-9a-f-]+ Bearer secret-word-4711 name=J%C3%B6rg\+%26\+co&price=12.50?\+EUR&tag=a&tag=b\+c$' cat "$work/requests"
check "its type" heard '^= POST /shop/sign type=application/x-www-form-urlencoded '
press "$one" look
check "a GET" soon '^= GET /shop/v1/orders/a%2Fb%20c\?detail=full&key=[0-9a-f-]+&since=2026-03-02 type= note=case 1 of order evil=$' cat "$work/requests"
check "its key in the header and for the function" bash -c \
    "sed -n 's/^.shop.v1.*key=\([0-9a-f-]*\)&since[^ ]* \([0-9a-f-]*\) .*/\1 \2/p' '$work/requests' | awk '{ exit !(\$1 == \$2) }'"
check "a GET without a function" press "$one" find
check "its parameters are the query" soon '^= GET /shop/find\?v=2&number=a%2Fb%20c&page=2 type=' cat "$work/requests"
press "$one" drop
check "a DELETE" soon '^= DELETE /shop/drop\?number=a%2Fb%20c type=' cat "$work/requests"
press "$one" world
check "the world is out of reach" soon '^/shop/world [^ ]+ Bearer secret-word-4711 nilnilnilnil$' cat "$work/requests"
check "a text is a text" heard '^= POST /shop/world type=text/plain; charset=utf-8 '

# --- what comes back
check "an answer becomes a message" soon 'message shop.looked: delivered' "$rung" history "$one"
card() { "$rung" show "$one" --as dan --json | tr -d ' \n' | grep -qE -- "$1"; }
check "money" card '"sum".{0,60}99.90?EUR'
check "a number and a truth" card '"lines".{0,60}2.*"ready".{0,60}(true|yes)'
check "a date from a header" card '"seen_on".{0,60}2026-03-04'
two=$(start_case 2)
press "$two" later
check "an answer that asks for another try" soon '^/shop/later .*' cat "$work/requests"
check "is tried again" soon 'later' bash -c "[ \$(grep -c '^/shop/later ' '$work/requests') = 2 ] && echo later"
check "by one key" bash -c "[ \$(grep '^/shop/later ' '$work/requests' | cut -d' ' -f2 | sort -u | wc -l) = 1 ]"
press "$two" no_
check "a failure in words runs what stands behind else" soon '(failed_|Failed).*yes' "$rung" show "$two"
check "and is in the history" soon 'the shop says: sold out' "$rung" history "$two"
check "once" requests no_ 1
press "$two" gone
check "a function judges the status" soon 'shop.gone has failed: the shop answered 503' "$rung" incidents
check "once too" requests gone 1

# --- functions that are wrong
three=$(start_case 3)
for call in wrong_type nothing fails endless; do
    press "$three" "$call"
done
check "no table" refused wrong_type '`wrong_type` gave a text; a `request` gives'
check "nothing at all" refused nothing '`nothing` gave nothing; a `request` gives'
check "file, line and the way there" refused fails 'shaped.lua:39: no price for 3.*stack traceback:.*shaped.lua:40: in function'
check "after the ladder" bash -c "[ \$('$rung' history $three --json | grep -o 'no price for 3' | wc -l) -ge 3 ]"
check "an endless loop ends" refused endless 'HOOK_INSTRUCTIONS_MAX'
four=$(start_case 4)
for call in wrong_reply wrong_field wrong_message; do
    press "$four" "$call"
done
check "a reply that is no outcome" soon 'shop.wrong_reply has failed: .*`wrong_reply` gave a list; a `reply` gives' "$rung" incidents
check "a field of the wrong type" soon 'sum.*money|money.*sum' "$rung" incidents
check "was said once" requests wrong_field 1
check "a message that nobody knows" soon 'never_heard_of' "$rung" incidents

# --- functions that would do what they may not
five=$(start_case 5)
for call in inject inject_name own_key own_token climb elsewhere two_strokes; do
    press "$five" "$call"
done
check "a second line in a header" refused inject 'not one line of text'
check "a second line in its name" refused inject_name 'a header whose name is none'
check "a key of its own" refused own_key 'which the engine says itself'
check "the header of a secret" refused own_token 'which the settings say'
check "above the URL" refused climb 'stays below the URL'
check "another URL" refused elsewhere '`url`, which means nothing here'
check "another host" refused two_strokes 'an empty part'
check "nothing of it was heard" bash -c "! grep -qE 'evil=yes|/admin' '$work/requests'"
press "$five" echo
check "an answer that repeats a secret" soon 'shop.echo has failed: the answer repeats a secret' "$rung" incidents
check "no secret in the history" bash -c "! grep -qaF 'secret-word' -r '$data'"

# --- caps, certificates
for number in 11 12 13 14 15; do
    press "$(start_case $number)" together
done
together() { [ "$(grep -c '^together' "$work/requests")" = 5 ] && echo five; }
check "all are said" soon five together
check "two at once" bash -c "[ \$(sed -n 's/^together //p' '$work/requests' | sort -n | tail -1) = 2 ]"
six=$(start_case 6)
press "$six" fine
check "a certificate that the settings name" soon 'call [0-9]+, try 1: done' "$rung" history "$six"
press "$six" strange
check "another one" soon 'sure.strange has failed: .*certificate' "$rung" incidents
check "and no incident of the first" bash -c "! '$rung' incidents | grep -q 'sure.fine'"

# --- stopping while functions run
seven=$(start_case 7)
press "$seven" endless
check "a stop in good order" stop_engine
# --- functions that were mended
sed -i 's/^local function deeper.*/local function deeper(call) end/; s/^function fails.*/function fails(call) return { path = call.args.number } end/; s/^function endless.*/function endless(call) return {} end/' "$work/shaped.lua"
check "start again" start
check "what was on its way goes on by the mended function" soon '^/shop/endless ' cat "$work/requests"
check "an empty body has no type" heard '^= POST /shop/endless type= note'
number=$("$rung" incidents --json | tr '{' '\n' | grep 'shop.fails has' | sed -n 's/.*"incident": *\([0-9]*\).*/\1/p')
check "what was given up is tried again" bash -c "'$rung' retry '$number' >/dev/null"
check "with what the function says now" soon '^/shop/fails/3 ' cat "$work/requests"
check "a stop in good order again" stop_engine
check "verify" "$rung" verify "$data"

program_end
