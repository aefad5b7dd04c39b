// S98, S128
// How the connectors of this engine reach the outside: a file beside the programs, never in them
// and never in the history.
//
//   # a comment
//   [bank]                                  a connector; what its calls do not say themselves
//   url     = https://bank.example/{call}   {call}: the name of the call
//   method  = POST                          GET, HEAD, PUT, PATCH, DELETE; POST if not said
//   header  = X-Client: desk                any number of lines, up to SETTINGS_HEADERS_MAX
//   secret  = Authorization: /etc/rung/key  a header whose value is the first line of that file;
//                                           nobody but its owner may read the file
//   timeout = 10                            seconds for a try as a whole
//   answer_kb = 64                          a longer answer fails the try
//   at_once = 4                             tries of this connector at the same time
//   allow   = 127.0.0.1:8080                an address that is not public, and still may be reached
//   ca      = /etc/rung/company.pem         whose certificates are believed, beside the machine's
//   request = bank.lua: ask                 a function in Lua that makes the request; see shape.h
//   reply   = bank.lua: hear                … and one that says what the answer means
//   [bank.invoice]                          one call; lines as above
//   answer  = paid number amount=total.sum  its answer is the message `paid`: each parameter, or
//                                           parameter=place in the JSON
//   [mail]                                  a connector whose calls are letters
//   url     = smtps://mail.example          or smtp://: TLS where offered, with `login` always
//   login   = desk: /etc/rung/mail.key      the user, and a file with the password
//   from    = Desk <desk@example.com>
//   [mail.letter]
//   to      = {to}, copies@example.com      parameters of the call
//   subject = Your order: {about}
//   text    = Good day {name},\nthank you.  or @FILE: what stands in that file
// A file is named from the folder that the settings lie in, or from the root.
#ifndef RUNG_ENGINE_CALLS_SETTINGS_H
#define RUNG_ENGINE_CALLS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "engine/calls/address.h"

enum {
    SETTINGS_SECTIONS_MAX = 256,
    SETTINGS_HEADERS_MAX = 16,
    SETTINGS_ALLOW_MAX = 16,
    SETTINGS_TAKES_MAX = 32,
    SETTINGS_BYTES_MAX = 256 * 1024,
    SETTINGS_SECRET_BYTES_MAX = 4096,
    SETTINGS_TIMEOUT_S_MAX = 600,
    SETTINGS_ANSWER_KB_MAX = 1024,
    SETTINGS_SHAPED_KB_MAX = 200, // of an answer that a function reads: a text of a hook
    SETTINGS_AT_ONCE_MAX = 64,
    SETTINGS_LETTER_BYTES_MAX = 64 * 1024,
    SETTINGS_SECRETS_MAX = SETTINGS_HEADERS_MAX + 1
};

struct settings_take { struct slice param, place; };
struct settings_function { struct slice file, text, name; }; // `name` empty: none is said

struct settings_section {
    struct slice connector, call; // `call` empty: the connector as a whole
    uint32_t line;
    const char *url;              // NULL: not said here
    const char *method;           // NULL: not said here
    const char *headers[SETTINGS_HEADERS_MAX]; // "Name: value", secrets among them
    uint32_t header_count;
    struct address allow[SETTINGS_ALLOW_MAX];
    uint32_t allow_count;
    uint32_t timeout_s, answer_bytes, at_once; // 0: not said here
    struct slice answer;                       // message; empty: none
    struct settings_take takes[SETTINGS_TAKES_MAX];
    uint32_t take_count;
    struct slice from, to, subject, text; // of letters: templates; empty: not said here
    const char *user, *password;          // NULL: nobody logs in
    const char *ca;                       // path; NULL: the machine's own certificates
    struct settings_function request, reply;
    struct slice secrets[SETTINGS_SECRETS_MAX]; // what must not come back from outside
    uint32_t secret_count;
};

struct settings {
    struct settings_section *sections;
    uint32_t count;
};

struct settings_problem {
    char message[400]; // "FILE:LINE: what is wrong"
};

// Reads the file and the secrets that it names. All lives in `arena`. Errors: ERR_IO (not there or
// not to be read), ERR_BAD_INPUT (with the line).
enum err settings_open(const char *path, struct arena *arena, struct settings *ret_settings,
                       struct settings_problem *ret_problem) ATTR_USE_RESULT;
// Does it send letters?
bool settings_is_mail(const struct settings_section *section);
// What goes for one call: its own lines first, then those of the connector. False: no URL is known
// for it. Texts live as long as the settings.
bool settings_of(const struct settings *settings, struct slice connector, struct slice call,
                 struct settings_section *ret_section);

// A header that has one meaning on the wire, or that the runner says itself: "Host",
// "Content-Length", "Idempotency-Key", … In any case of its letters.
bool settings_is_own_header(struct slice name);
// A name of a header as HTTP has it; a value that is one line without control characters.
bool settings_is_header_name(struct slice text);
bool settings_is_header_value(struct slice text);
bool settings_same_header(struct slice a, struct slice b); // in any case of their letters
bool settings_holds(struct slice text, struct slice part);
// Does the text hold a secret of the section?
bool settings_repeats_secret(const struct settings_section *section, struct slice text);
// "POST" → the same for good; NULL: no method that calls may have.
const char *settings_method(struct slice name);

#endif
