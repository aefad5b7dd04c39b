#include "engine/calls/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "engine/calls/mail.h"
#include "engine/hooks/hook.h"

static const char blanks[] = " \t\r"; // at the ends of a line and of its parts

struct settings_reader {
    const char *path;
    uint32_t line;
    struct arena *arena;
    struct settings *settings;
    struct settings_section *section;
    struct settings_problem *problem;
};

static bool wrong(struct settings_reader *reader, const char *format, ...) ATTR_PRINTF(2, 3);
static bool wrong(struct settings_reader *reader, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(reader->problem->message, sizeof(reader->problem->message), "%.80s:%u: %.300s",
                   reader->path, reader->line, text);
    return false;
}

// The part before `mark`, without it; `text` keeps what follows. False: no such mark.
static bool split(struct slice *text, char mark, struct slice *ret_before)
{
    const char *at = text->len > 0 ? memchr(text->ptr, mark, text->len) : NULL;
    if (at == NULL) {
        return false;
    }
    size_t len = (size_t)(at - text->ptr);
    *ret_before = slice_trim(slice_sub(*text, 0, len), blanks);
    *text = slice_trim(slice_sub(*text, len + 1, text->len), blanks);
    return true;
}

static bool is_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return text.len > 0;
}

// --- files ---------------------------------------------------------------------------------------

static bool read_file(struct settings_reader *reader, const char *path, size_t bytes_max,
                      bool secret, struct slice *ret_text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        int why = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return wrong(reader, "%s: %s", path, strerror(why));
    }
    char *text = arena_alloc(reader->arena, bytes_max + 1);
    ssize_t got = S_ISREG(about.st_mode) ? read(fd, text, bytes_max + 1) : -1;
    (void)close(fd);
    if (got < 0) {
        return wrong(reader, "%s is not a file that can be read", path);
    }
    if ((size_t)got > bytes_max) {
        return wrong(reader, "%s is longer than %zu bytes", path, bytes_max);
    }
    if (secret && ((about.st_mode & 077) != 0 ||
                   (about.st_uid != geteuid() && about.st_uid != 0))) {
        return wrong(reader, "%s: a secret is for its owner alone; `chmod 600 %s` makes it so",
                     path, path);
    }
    *ret_text = slice_make(text, (size_t)got);
    return true;
}

// From the folder of the settings, unless it begins at the root.
static const char *find_file(struct settings_reader *reader, struct slice path)
{
    const char *last = strrchr(reader->path, '/');
    if (last == NULL || (path.len > 0 && path.ptr[0] == '/')) {
        return arena_cstr(reader->arena, path);
    }
    struct slice folder = slice_make(reader->path, (size_t)(last - reader->path) + 1);
    return arena_cstr(reader->arena, arena_format(reader->arena, "%.*s%.*s", SLICE_PRINT(folder),
                                                  SLICE_PRINT(path)));
}

static bool is_plain(struct slice text) // one line
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

// --- lines ---------------------------------------------------------------------------------------

static bool read_number(struct settings_reader *reader, struct slice text, uint32_t max,
                        uint32_t *ret_number)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > max) {
            number = 0;
            break;
        }
        number = number * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return number > 0 && number <= max
               ? true
               : wrong(reader, "`%.*s` is not a number from 1 to %u", SLICE_PRINT(text), max);
}

// The first line of a file that its owner alone may read.
static bool read_secret(struct settings_reader *reader, struct slice path, struct slice *ret_value)
{
    const char *name = find_file(reader, path);
    struct slice value;
    if (!read_file(reader, name, SETTINGS_SECRET_BYTES_MAX, true, &value)) {
        return false;
    }
    const char *end = value.len > 0 ? memchr(value.ptr, '\n', value.len) : NULL;
    value = end != NULL ? slice_sub(value, 0, (size_t)(end - value.ptr)) : value;
    *ret_value = slice_trim(value, blanks);
    return (ret_value->len > 0 && is_plain(*ret_value)) ||
           wrong(reader, "the first line of %s is no secret", name);
}

// What must not come back from outside: the line, and its last word ("Bearer 12345…").
static void note_secret(struct settings_section *section, struct slice value)
{
    if (section->secret_count < SETTINGS_SECRETS_MAX) {
        section->secrets[section->secret_count++] = value;
    }
}

static bool add_header(struct settings_reader *reader, struct slice text, bool secret)
{
    struct settings_section *section = reader->section;
    struct slice name, value = text;
    if (section->header_count == SETTINGS_HEADERS_MAX) {
        return wrong(reader, "a section has at most %d headers", SETTINGS_HEADERS_MAX);
    }
    if (!split(&value, ':', &name) || !settings_is_header_name(name) || value.len == 0) {
        return wrong(reader, "a header is `Name: value`, a secret is `Name: FILE`");
    }
    if (settings_is_own_header(name)) {
        return wrong(reader, "the header `%.*s` is not for settings: the engine says it itself",
                     SLICE_PRINT(name));
    }
    if (!secret && settings_same_header(name, SLICE("authorization"))) {
        return wrong(reader, "`%.*s` is a secret: write `secret = %.*s: FILE`, and its value into "
                             "that file", SLICE_PRINT(name), SLICE_PRINT(name));
    }
    if (secret) {
        if (!read_secret(reader, value, &value)) {
            return false;
        }
        note_secret(section, value);
    }
    struct slice line = arena_format(reader->arena, "%.*s: %.*s", SLICE_PRINT(name),
                                     SLICE_PRINT(value));
    section->headers[section->header_count++] = arena_cstr(reader->arena, line);
    return true;
}

static bool read_function(struct settings_reader *reader, struct slice value,
                          struct settings_function *function)
{
    uint32_t line = 0;
    struct slice error;
    if (!split(&value, ':', &function->file) || function->file.len == 0 || !is_name(value)) {
        return wrong(reader, "a function is `FILE: NAME`, for example bank.lua: ask");
    }
    function->name = value;
    const char *path = find_file(reader, function->file);
    if (!read_file(reader, path, HOOK_TEXT_BYTES_MAX, false, &function->text)) {
        return false;
    }
    if (!hook_check(function->file, function->text, value, reader->arena, &line, &error)) {
        return wrong(reader, "%.*s:%u: %.*s", SLICE_PRINT(function->file), line,
                     SLICE_PRINT(error));
    }
    return true;
}

static bool read_ca(struct settings_reader *reader, struct slice value)
{
    struct slice text;
    const char *path = find_file(reader, value);
    if (!read_file(reader, path, SETTINGS_BYTES_MAX, false, &text)) {
        return false;
    }
    reader->section->ca = path;
    return settings_holds(text, SLICE("-----BEGIN CERTIFICATE-----")) ||
           wrong(reader, "%s holds no certificate (-----BEGIN CERTIFICATE-----)", path);
}

static bool read_answer(struct settings_reader *reader, struct slice text)
{
    struct settings_section *section = reader->section;
    if (section->call.len == 0) {
        return wrong(reader, "`answer` is said of one call, in a section [CONNECTOR.CALL]");
    }
    while (text.len > 0) {
        struct slice word = text;
        if (!split(&text, ' ', &word)) {
            text = SLICE_EMPTY;
        }
        struct slice param = word;
        if (section->answer.len == 0) {
            section->answer = word;
        } else if (section->take_count == SETTINGS_TAKES_MAX) {
            return wrong(reader, "an answer has at most %d parameters", SETTINGS_TAKES_MAX);
        } else {
            struct slice place = word;
            if (!split(&place, '=', &param)) {
                param = word;
            }
            section->takes[section->take_count++] = (struct settings_take){ param, place };
        }
        if (!is_name(param)) {
            return wrong(reader, "`%.*s` is no name", SLICE_PRINT(param));
        }
    }
    return section->answer.len > 0 || wrong(reader, "`answer` names a message");
}

static bool read_url(struct settings_reader *reader, struct slice value)
{
    static const char *const schemes[] = { "https://", "http://", "smtps://", "smtp://" };
    size_t host = 0;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        bool known = slice_starts(value, slice_from_cstr(schemes[i]));
        host = known ? strlen(schemes[i]) : host;
    }
    if (host == 0) {
        return wrong(reader, "a URL begins with https://, http://, smtps:// or smtp://");
    }
    for (size_t i = host; i < value.len && strchr("/?", value.ptr[i]) == NULL; i++) {
        if (value.ptr[i] == '@') {
            return wrong(reader, "a URL names nobody: a password stands in a file, see `secret` "
                                 "and `login`");
        }
    }
    if (memchr(value.ptr, '#', value.len) != NULL || memchr(value.ptr, ' ', value.len) != NULL) {
        return wrong(reader, "a URL holds no # and no blank");
    }
    reader->section->url = arena_cstr(reader->arena, value);
    return true;
}

static bool read_method(struct settings_reader *reader, struct slice value)
{
    reader->section->method = settings_method(value);
    return reader->section->method != NULL ||
           wrong(reader, "a call is a GET, HEAD, POST, PUT, PATCH or DELETE, not `%.*s`",
                 SLICE_PRINT(value));
}

static bool read_allow(struct settings_reader *reader, struct slice value)
{
    struct settings_section *section = reader->section;
    if (section->allow_count == SETTINGS_ALLOW_MAX) {
        return wrong(reader, "a section allows at most %d addresses", SETTINGS_ALLOW_MAX);
    }
    return address_parse(value, &section->allow[section->allow_count++]) ||
           wrong(reader, "`%.*s` is not ADDRESS:PORT, for example 10.0.0.7:8080 or [::1]:80",
                 SLICE_PRINT(value));
}

static bool read_login(struct settings_reader *reader, struct slice value)
{
    struct slice user;
    if (!split(&value, ':', &user) || user.len == 0 || value.len == 0) {
        return wrong(reader, "a login is `USER: FILE`; the file holds the password");
    }
    if (!read_secret(reader, value, &value)) {
        return false;
    }
    reader->section->user = arena_cstr(reader->arena, user);
    reader->section->password = arena_cstr(reader->arena, value);
    note_secret(reader->section, value);
    return true;
}

// On one line, where \n begins a new one, or @FILE.
static bool read_letter(struct settings_reader *reader, struct slice value)
{
    char *to = arena_alloc_raw(reader->arena, value.len + 1);
    size_t len = 0;
    if (value.ptr[0] == '@') {
        const char *path = find_file(reader, slice_sub(value, 1, value.len));
        return read_file(reader, path, SETTINGS_LETTER_BYTES_MAX, false, &reader->section->text) &&
               ((reader->section->text.len > 0 && utf8_valid(reader->section->text)) ||
                wrong(reader, "%s is empty or not UTF-8", path));
    }
    for (size_t i = 0; i < value.len; i++) {
        bool mark = slice_starts(slice_sub(value, i, 2), SLICE("\\n"));
        to[len++] = mark ? '\n' : value.ptr[i];
        i += mark ? 1 : 0;
    }
    reader->section->text = slice_make(to, len);
    return true;
}

// True: it was one of a letter's; ret_good says whether all is well.
static bool read_mail(struct settings_reader *reader, struct slice name, struct slice value,
                      bool *ret_good)
{
    struct settings_section *section = reader->section;
    *ret_good = true;
    if (slice_equal(name, SLICE("to"))) {
        section->to = value;
    } else if (slice_equal(name, SLICE("subject"))) {
        section->subject = value;
    } else if (slice_equal(name, SLICE("text"))) {
        *ret_good = read_letter(reader, value);
    } else if (slice_equal(name, SLICE("login"))) {
        *ret_good = read_login(reader, value);
    } else if (slice_equal(name, SLICE("from"))) {
        section->from = value;
        *ret_good = mail_is_sender(value) ||
                    wrong(reader, "`from` is an address, or `Name <address>`");
    } else {
        return false;
    }
    return true;
}

// True: it was one of how an answer is taken; ret_good likewise.
static bool read_bound(struct settings_reader *reader, struct slice name, struct slice value,
                       bool *ret_good)
{
    struct settings_section *section = reader->section;
    if (slice_equal(name, SLICE("timeout"))) {
        *ret_good = read_number(reader, value, SETTINGS_TIMEOUT_S_MAX, &section->timeout_s);
    } else if (slice_equal(name, SLICE("answer_kb"))) {
        *ret_good = read_number(reader, value, SETTINGS_ANSWER_KB_MAX, &section->answer_bytes);
        section->answer_bytes *= 1024;
    } else if (slice_equal(name, SLICE("at_once"))) {
        *ret_good = section->call.len > 0
                        ? wrong(reader, "`at_once` is said of a connector as a whole")
                        : read_number(reader, value, SETTINGS_AT_ONCE_MAX, &section->at_once);
    } else if (slice_equal(name, SLICE("allow"))) {
        *ret_good = read_allow(reader, value);
    } else if (slice_equal(name, SLICE("ca"))) {
        *ret_good = read_ca(reader, value);
    } else {
        return false;
    }
    return true;
}

static bool read_setting(struct settings_reader *reader, struct slice name, struct slice value)
{
    struct settings_section *section = reader->section;
    bool good = true;
    if (section == NULL) {
        return wrong(reader, "a section [CONNECTOR] comes first");
    }
    if (read_mail(reader, name, value, &good) || read_bound(reader, name, value, &good)) {
        return good;
    }
    if (slice_equal(name, SLICE("url"))) {
        return read_url(reader, value);
    }
    if (slice_equal(name, SLICE("method"))) {
        return read_method(reader, value);
    }
    if (slice_equal(name, SLICE("header")) || slice_equal(name, SLICE("secret"))) {
        return add_header(reader, value, name.ptr[0] == 's');
    }
    if (slice_equal(name, SLICE("answer"))) {
        return read_answer(reader, value);
    }
    if (slice_equal(name, SLICE("request"))) {
        return read_function(reader, value, &section->request);
    }
    if (slice_equal(name, SLICE("reply"))) {
        return read_function(reader, value, &section->reply);
    }
    return wrong(reader, "there is no setting `%.*s`", SLICE_PRINT(name));
}

static struct settings_section *find_section(const struct settings *settings,
                                             struct slice connector, struct slice call)
{
    for (uint32_t i = 0; i < settings->count; i++) {
        struct settings_section *section = &settings->sections[i];
        if (slice_equal(section->connector, connector) && slice_equal(section->call, call)) {
            return section;
        }
    }
    return NULL;
}

static bool read_section(struct settings_reader *reader, struct slice inside)
{
    struct settings *settings = reader->settings;
    struct slice connector = inside, call = inside;
    if (!split(&call, '.', &connector)) {
        call = SLICE_EMPTY;
    } else if (!is_name(call)) {
        return wrong(reader, "a section is [CONNECTOR] or [CONNECTOR.CALL]");
    }
    if (!is_name(connector)) {
        return wrong(reader, "a section is [CONNECTOR] or [CONNECTOR.CALL]");
    }
    if (find_section(settings, connector, call) != NULL) {
        return wrong(reader, "[%.*s] is there already", SLICE_PRINT(inside));
    }
    if (settings->count == SETTINGS_SECTIONS_MAX) {
        return wrong(reader, "there are at most %d sections", SETTINGS_SECTIONS_MAX);
    }
    reader->section = &settings->sections[settings->count++];
    *reader->section =
        (struct settings_section){ .connector = connector, .call = call, .line = reader->line };
    return true;
}

static bool read_line(struct settings_reader *reader, struct slice line)
{
    line = slice_trim(line, blanks);
    if (line.len == 0 || line.ptr[0] == '#') {
        return true;
    }
    if (!is_plain(line) || !utf8_valid(line)) {
        return wrong(reader, "a control character or bytes that are no text");
    }
    if (line.ptr[0] == '[' && line.ptr[line.len - 1] == ']') {
        return read_section(reader, slice_trim(slice_sub(line, 1, line.len - 2), blanks));
    }
    struct slice name;
    if (!split(&line, '=', &name) || line.len == 0) {
        return wrong(reader, "a line is [SECTION], `name = value` or a # comment");
    }
    return read_setting(reader, name, line);
}

bool settings_is_mail(const struct settings_section *section)
{
    return section->url != NULL && strncmp(section->url, "smtp", 4) == 0;
}

static bool check_letter(struct settings_reader *reader, const struct settings_section *own,
                         const struct settings_section *section)
{
    if (section->method != NULL || section->answer.len > 0 || own->answer_bytes != 0 ||
        section->request.name.len > 0 || section->reply.name.len > 0) {
        return wrong(reader, "a letter has no `method`, no `answer`, no `answer_kb`, no "
                             "`request` and no `reply`");
    }
    return own->call.len == 0 ||
           (section->from.len > 0 && section->to.len > 0 && section->subject.len > 0 &&
            section->text.len > 0) ||
           wrong(reader, "a letter needs `from`, `to`, `subject` and `text`");
}

// What a connector says is said of each of its calls too.
static bool check_counts(struct settings_reader *reader, const struct settings_section *own)
{
    const struct settings_section *whole =
        own->call.len > 0 ? find_section(reader->settings, own->connector, SLICE_EMPTY) : NULL;
    if (whole == NULL) {
        return true;
    }
    return (own->header_count + whole->header_count <= SETTINGS_HEADERS_MAX &&
            own->allow_count + whole->allow_count <= SETTINGS_ALLOW_MAX) ||
           wrong(reader, "together with those of [%.*s] these are more than %d headers, or more "
                         "than %d addresses", SLICE_PRINT(own->connector), SETTINGS_HEADERS_MAX,
                 SETTINGS_ALLOW_MAX);
}

// Does what is said fit how it goes out?
static bool check_section(struct settings_reader *reader, const struct settings_section *own)
{
    struct settings_section section;
    reader->line = own->line;
    if (own->answer.len > 0 && own->reply.name.len > 0) {
        return wrong(reader, "`answer` and `reply` both say what the answer means; keep one");
    }
    bool known = settings_of(reader->settings, own->connector, own->call, &section);
    if (section.reply.name.len > 0 && section.answer_bytes > SETTINGS_SHAPED_KB_MAX * 1024) {
        return wrong(reader, "an answer that `reply` reads has at most %d kilobytes",
                     SETTINGS_SHAPED_KB_MAX);
    }
    if (!check_counts(reader, own) || !known) {
        return reader->problem->message[0] == '\0'; // without a URL it waits
    }
    bool letter = section.from.len > 0 || section.to.len > 0 || section.subject.len > 0 ||
                  section.text.len > 0 || section.user != NULL;
    if (!settings_is_mail(&section)) {
        return !letter || wrong(reader, "`from`, `to`, `subject`, `text` and `login` are said of "
                                        "letters; the URL is not smtp:// or smtps://");
    }
    return check_letter(reader, own, &section);
}

enum err settings_open(const char *path, struct arena *arena, struct settings *ret_settings,
                       struct settings_problem *ret_problem)
{
    struct settings_reader reader = { .path = path, .arena = arena, .settings = ret_settings,
                                      .problem = ret_problem };
    struct slice rest;
    ret_problem->message[0] = '\0';
    ret_settings->count = 0;
    ret_settings->sections = ARENA_ARRAY(arena, struct settings_section, SETTINGS_SECTIONS_MAX);
    if (!read_file(&reader, path, SETTINGS_BYTES_MAX, false, &rest)) {
        return ERR_IO;
    }
    while (rest.len > 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
        reader.line++;
        if (!read_line(&reader, slice_sub(rest, 0, len))) {
            return ERR_BAD_INPUT;
        }
        rest = slice_sub(rest, len + 1, rest.len);
    }
    for (uint32_t i = 0; i < ret_settings->count; i++) {
        if (!check_section(&reader, &ret_settings->sections[i])) {
            return ERR_BAD_INPUT;
        }
    }
    return OK;
}

// --- what goes for a call ------------------------------------------------------------------------

static void join(struct settings_section *to, const struct settings_section *from)
{
    bool same = to->url == NULL; // the method goes with the address that it is said for
    to->method = to->method == NULL && same ? from->method : to->method;
    to->url = same ? from->url : to->url;
    to->timeout_s = to->timeout_s != 0 ? to->timeout_s : from->timeout_s;
    to->answer_bytes = to->answer_bytes != 0 ? to->answer_bytes : from->answer_bytes;
    to->at_once = from->at_once;
    to->from = to->from.len > 0 ? to->from : from->from;
    to->to = to->to.len > 0 ? to->to : from->to;
    to->subject = to->subject.len > 0 ? to->subject : from->subject;
    to->text = to->text.len > 0 ? to->text : from->text;
    if (to->user == NULL) {
        to->user = from->user;
        to->password = from->password;
    }
    to->ca = to->ca != NULL ? to->ca : from->ca;
    to->request = to->request.name.len > 0 ? to->request : from->request;
    if (to->reply.name.len == 0 && to->answer.len == 0) {
        to->reply = from->reply;
    }
    for (uint32_t i = 0; i < from->secret_count; i++) {
        note_secret(to, from->secrets[i]);
    }
    for (uint32_t i = 0; i < from->header_count && to->header_count < SETTINGS_HEADERS_MAX; i++) {
        to->headers[to->header_count++] = from->headers[i];
    }
    for (uint32_t i = 0; i < from->allow_count && to->allow_count < SETTINGS_ALLOW_MAX; i++) {
        to->allow[to->allow_count++] = from->allow[i];
    }
}

bool settings_of(const struct settings *settings, struct slice connector, struct slice call,
                 struct settings_section *ret_section)
{
    const struct settings_section *own = find_section(settings, connector, call);
    const struct settings_section *whole = find_section(settings, connector, SLICE_EMPTY);
    *ret_section = own != NULL ? *own : (struct settings_section){ 0 };
    if (whole != NULL) {
        join(ret_section, whole);
    }
    ret_section->connector = connector;
    ret_section->call = call;
    ret_section->timeout_s = ret_section->timeout_s != 0 ? ret_section->timeout_s : 10;
    ret_section->answer_bytes = ret_section->answer_bytes != 0 ? ret_section->answer_bytes : 65536;
    ret_section->at_once = ret_section->at_once != 0 ? ret_section->at_once : 4;
    return ret_section->url != NULL;
}
