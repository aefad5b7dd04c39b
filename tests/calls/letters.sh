#!/bin/bash
# S40, S44, S98, S122
# Letters over SMTP, against a mail server on loopback that refuses for now and for good, and loses
# its answer. Usage: letters.sh RUNG OUTSIDE FOLDER
set -u
rung=$1
outside=$2
here=$3
. "$(dirname "$0")/../program.sh"
program_begin letters 100

letters() { [ "$(grep -c "^LETTER .*<$1@" "$work/letters")" = "$2" ]; }
said() { grep -qE -- "^\| $1" "$work/letters"; }
keys() { # RECIPIENT: its letters have one key
    [ "$(awk -v who="<$1@" '/^LETTER/ { on = index($0, who) } on && /^\| Message-ID/' "$work/letters" | sort -u | wc -l)" = 1 ]
}
# The body of the last letter, decoded.
body() { awk '/^LETTER/ { text = ""; inside = 0 } inside { text = text substr($0, 3) } /^\| $/ { inside = 1 } END { print text }' "$work/letters" | base64 -d; }
write() { # TO ABOUT WORDS
    local one
    one=$("$rung" start order to="$1" about="$2" words="$3" --as dan --json | sed -n 's/.*"instance": *\([0-9]*\).*/\1/p')
    "$rung" press "$one" "${4:-write}" --as dan >/dev/null && last=$one
}
tell_more() {
    cat "$work/letters" "$work/serve.err"
    "$rung" calls
    "$rung" incidents
}
quiet() { soon 'no call is on its way' "$rung" calls; }

start_outside "$outside" "$work/letters"
printf 'secret word\n' >"$work/password"
chmod 600 "$work/password"
printf 'Good day,\n.\n{words}: {{{amount}}\nÄ bientôt\n' >"$work/letter.txt"
cat >"$work/connectors" <<END
[mail]
url     = smtp://127.0.0.1:$port
from    = Büro "Desk" <desk@example.com>
timeout = 2
allow   = 127.0.0.1:$port
header  = Reply-To: office@example.com
[mail.letter]
to      = {to}, copy@example.com
subject = Order: {about}
text    = @$work/letter.txt
[mail.bare]
url     = smtp://localhost:1
to      = {to}
subject = Nothing
text    = One line\nanother
[mail.locked]
to      = {to}
subject = Locked
text    = Locked
login   = desk: $work/password
END
start_refused() { # TEXT PATTERN
    printf '%b' "$1" >"$work/bad"
    timeout 20 "$rung" serve "$work/none" --connectors "$work/bad" >"$work/out" 2>&1
    [ $? = 4 ] && grep -qE -- "$2" "$work/out"
}
check "a letter without a recipient" start_refused '[m]\nurl = smtp://x\nfrom = a@b.c\n[m.a]\ntext = x\n' 'bad:4: a letter needs'
check "a letter over HTTP" start_refused '[m]\nurl = http://x\nto = a@b.c\n' 'bad:1: .*said of letters'
check "a letter with an answer" start_refused '[m]\nurl = smtp://x\nfrom = a@b.c\nto = x\nsubject = s\ntext = t\n[m.a]\nanswer = b\n' 'no `answer`'
check "a sender that is none" start_refused '[m]\nfrom = nobody\n' 'bad:2: `from` is an address'

check "start" start_engine "$here/letters.rung" --connectors "$work/connectors" --demo-clock x20
printf 'name,title,roles\ndan,Dan,desk\n' >"$work/users.csv"
"$rung" users import "$work/users.csv" >/dev/null
last=

write ann@example.com 'Лампа, большая и красивая, с абажуром из шёлка' 'Grüße'
check "a letter leaves" quiet
check "once" letters ann 1
check "its sender and recipients" grep -qF 'LETTER <desk@example.com> <ann@example.com><copy@example.com>' "$work/letters"
check "the sender's name" said 'From: =\?UTF-8\?B\?QsO8cm8gIkRlc2si\?= <desk@example.com>'
check "the subject is encoded" said 'Subject: =\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$'
check "and goes on in a second word" said ' =\?UTF-8\?B\?'
check "a date" said 'Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \+0000'
check "a key" said 'Message-ID: <[0-9]+-[0-9a-f]+@example.com>'
check "a header of the settings" said 'Reply-To: office@example.com'
check "its text" [ "$(body | tr -d '\r')" = "$(printf 'Good day,\n.\nGrüße: {12.5 EUR}\nÄ bientôt\n')" ]
write eve@example.com $'Hello\r\nBcc: all@example.com' 'x'
check "a subject with lines" quiet
check "adds no header" bash -c "! grep -q '^| Bcc' '$work/letters'"
write 'mal@example.com>,<all@example.com' x x
check "a recipient that would be two" soon 'Stuck.*yes|stuck.*yes' "$rung" show "$last"
check "goes to nobody" letters all 0
write later@example.com x x
check "450, 450, taken" quiet
check "one letter" letters later 1
write never@example.com x x
check "550" soon 'Stuck.*yes|stuck.*yes' "$rung" show "$last"
check "no letter" letters never 0
write lost@example.com x x
check "taken, and the answer lost" quiet
check "is sent twice" letters lost 2
check "with one key" keys lost
check "no incident of all this" soon 'no incident' "$rung" incidents
write bob@example.com x x bare_
check "an address that is not public" soon 'mail.bare has failed: its address is not' "$rung" incidents
write bob@example.com x x locked_
check "a password is not said in the clear" soon 'mail.locked has failed' "$rung" incidents
check "nor heard" bash -c "! grep -q PASSWORD '$work/letters'"
check "nor kept" bash -c "! grep -qaF 'secret word' -r '$data'"
write slow@example.com x x
check "an answer too late is tried again" soon 'again|retried|failed' "$rung" history "$last"
check "a stop in good order" stop_engine
check "verify" "$rung" verify "$data"

program_end
