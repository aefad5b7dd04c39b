// People: the directory shown, and loaded from a CSV file: a file with a mistake changes nothing.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/pack.h"
#include "base/table.h"
#include "dsl/diag/diag.h"
#include "engine/cli/cli.h"
#include "engine/cli/grid.h"
#include "engine/cli/people.h"
#include "engine/cli/roles.h"
#include "engine/intake/csv.h"
#include "engine/time/hours.h"

enum {
    COLUMN_NAME,
    COLUMN_TITLE,
    COLUMN_ROLES,
    COLUMN_TEAMS,
    COLUMN_SUPERIOR,
    COLUMN_ZONE,
    COLUMN_LANGUAGE,
    COLUMN_HOURS,
    COLUMN_ACTIVE,
    COLUMN_COUNT
};
enum {
    USERS_FILE_BYTES_MAX = 256 * 1024 * 1024,
    FAULTS_SHOWN = 50,
    FAULTS_TOLD = 10000, // as JSON
   
    PART_PEOPLE_MAX = 500, PART_BYTES_MAX = 512 * 1024 // of one message
};

static const char *const column_names[COLUMN_COUNT] = {
    "name", "title", "roles", "teams", "superior", "zone", "language", "hours", "active",
};
#define ROLE_ENDS " ;,"
#define COLUMNS_HELP                                                                               \
    "the columns are name, title, roles, teams, superior, zone, language, "                        \
    "hours, active"

struct people {
    struct cli *cli;
    const char *path;
    struct slice rest;
    struct csv csv;
    uint32_t column[COLUMN_COUNT]; // UINT32_MAX: the file has none
    struct person *persons;
    struct table numbers; // name and a zero byte → place in `persons`
    struct table known;   // the same → what the directory says, when the file lacks a column
    uint32_t count, capacity;
    uint32_t faults;
    json_t *mistakes; // [{line, message, help}]; NULL: not asked for
};

// One row of the file.
struct person {
    struct slice packed, superior, roles;
    uint64_t line;
    bool sent;
};

static ptrdiff_t memory_read(void *context, char *to, size_t bytes)
{
    struct people *people = context;
    size_t count = people->rest.len < bytes ? people->rest.len : bytes;
    memcpy(to, people->rest.ptr, count);
    people->rest = slice_sub(people->rest, count, people->rest.len);
    return (ptrdiff_t)count;
}

static void fault(struct people *people, uint64_t line, struct slice message, struct slice help)
{
    struct arena *arena = &people->cli->arena;
    if (people->mistakes != NULL && people->faults < FAULTS_TOLD) {
        (void)json_array_append_new(
            people->mistakes, json_pack("{s:I, s:o, s:o}", "line", (json_int_t)line, "message",
                                        json_stringn(message.ptr, message.len), "help",
                                        help.len > 0 ? json_stringn(help.ptr, help.len)
                                                     : json_null()));
    }
    if (people->faults++ < FAULTS_SHOWN) {
        (void)fprintf(stderr, "%s:%llu: %.*s\n", people->path, (unsigned long long)line,
                      SLICE_PRINT(term_clean(arena, message)));
        if (help.len > 0) {
            (void)fprintf(stderr, "  = help: %.*s\n", SLICE_PRINT(term_clean(arena, help)));
        }
    }
}

static void header_bind(struct people *people, const struct csv_row *header)
{
    struct arena *arena = &people->cli->arena;
    for (uint32_t c = 0; c < COLUMN_COUNT; c++) {
        people->column[c] = UINT32_MAX;
    }
    for (uint32_t i = 0; i < header->count; i++) {
        struct suggestions suggestions;
        suggest_init(&suggestions, header->fields[i]);
        uint32_t found = COLUMN_COUNT;
        for (uint32_t c = 0; c < COLUMN_COUNT; c++) {
            struct slice name = slice_from_cstr(column_names[c]);
            found = slice_equal(name, header->fields[i]) ? c : found;
            suggest_offer(&suggestions, name, 0);
        }
        if (found == COLUMN_COUNT) {
            struct slice help = SLICE(COLUMNS_HELP);
            if (suggestions.count > 0) {
                help = arena_format(arena, "a column with a similar name exists: `%.*s`",
                                    SLICE_PRINT(suggestions.names[0]));
            }
            fault(people, header->line,
                  arena_format(arena, "column %u is called `%.*s`, which says nothing to me", i + 1,
                               SLICE_PRINT(header->fields[i])),
                  help);
        } else if (people->column[found] != UINT32_MAX) {
            fault(people, header->line,
                  arena_format(arena,
                               "columns %u and %u are both called `%s` (csv_duplicate_header)",
                               people->column[found] + 1, i + 1, column_names[found]),
                  SLICE_EMPTY);
        } else {
            people->column[found] = i;
        }
    }
    if (people->column[COLUMN_NAME] == UINT32_MAX) {
        fault(people, header->line, SLICE("there is no column `name`"),
              SLICE(COLUMNS_HELP));
    }
}

static struct slice cell(const struct people *people, const struct csv_row *row, uint32_t column)
{
    uint32_t index = people->column[column];
    struct slice text = index == UINT32_MAX ? SLICE_EMPTY : row->fields[index];
    return slice_trim(text, " ");
}

// The next of a list in one cell: words behind each other, or parts between semicolons. False:
// there is none.
static bool list_next(struct slice text, const char *ends, size_t *at, struct slice *ret_item)
{
    while (*at < text.len) {
        size_t from = *at;
        size_t end = from;
        while (end < text.len && strchr(ends, text.ptr[end]) == NULL) {
            end++;
        }
        *at = end + 1;
        *ret_item = slice_trim(slice_sub(text, from, end - from), " ");
        if (ret_item->len > 0) {
            return true;
        }
    }
    return false;
}

static uint32_t list_pack(struct buf *to, struct slice text, const char *ends)
{
    struct buf items;
    buf_init(&items, CSV_FIELD_BYTES_MAX * 4);
    uint32_t count = 0;
    size_t at = 0;
    struct slice item;
    while (list_next(text, ends, &at, &item)) {
        pack_str(&items, item);
        count++;
    }
    pack_array(to, count);
    buf_put_slice(to, buf_slice(&items));
    buf_done(&items);
    return count;
}

// yes by default; 0: the word is neither.
static int active_read(struct slice text)
{
    static const char *const yes[] = { "", "yes", "true", "1", "active" };
    static const char *const no[] = { "no", "false", "0", "left" };
    for (size_t i = 0; i < ARRAY_COUNT(yes); i++) {
        if (slice_equal(text, slice_from_cstr(yes[i]))) {
            return 1;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(no); i++) {
        if (slice_equal(text, slice_from_cstr(no[i]))) {
            return -1;
        }
    }
    return 0;
}

// Said here with the line, before the engine is asked.
static void check_hours(struct people *people, uint64_t line, struct slice text)
{
    struct calendar calendar;
    const char *why;
    struct slice at;
    if (text.len > 0 && !hours_parse(text, &calendar, &why, &at)) {
        fault(people, line,
              arena_format(&people->cli->arena, "in the working hours `%.*s` %s", SLICE_PRINT(at),
                           why),
              SLICE("for example mon..fri 09:00-13:00 14:00-18:00; sat 10:00-14:00"));
    }
}

static struct slice table_key(struct arena *arena, struct slice name)
{
    char *bytes = arena_alloc(arena, name.len + 1); // no key is the beginning of another
    if (name.len > 0) {
        memcpy(bytes, name.ptr, name.len);
    }
    return slice_make(bytes, name.len + 1);
}

static uint32_t person_find(const struct people *people, struct slice name)
{
    struct slice found = SLICE_EMPTY;
    uint32_t number = UINT32_MAX;
    struct slice key = table_key(&people->cli->arena, name);
    if (table_get(&people->numbers, key, &found) == TABLE_PRESENT) {
        memcpy(&number, found.ptr, sizeof(number));
    }
    return number;
}

static void person_keep(struct people *people, struct slice name, const struct person *person)
{
    struct arena *arena = &people->cli->arena;
    uint32_t before = person_find(people, name);
    if (before != UINT32_MAX) {
        fault(people, person->line,
              arena_format(arena, "`%.*s` stands in line %llu already", SLICE_PRINT(name),
                           (unsigned long long)people->persons[before].line),
              SLICE_EMPTY);
        return;
    }
    if (people->count == people->capacity) {
        people->capacity = people->capacity == 0 ? 64 : people->capacity * 2;
        struct person *persons = ARENA_ARRAY(arena, struct person, people->capacity);
        if (people->count > 0) {
            memcpy(persons, people->persons, people->count * sizeof(*persons));
        }
        people->persons = persons;
    }
    table_put(&people->numbers, table_key(arena, name),
              slice_make(&people->count, sizeof(people->count)));
    people->persons[people->count++] = *person;
}

// What the directory says of the person of this row; empty: nobody knows him yet.
static struct slice known_person(const struct people *people, const struct csv_row *row)
{
    struct slice found = SLICE_EMPTY;
    struct slice key = table_key(&people->cli->arena, cell(people, row, COLUMN_NAME));
    return table_get(&people->known, key, &found) == TABLE_PRESENT ? found : SLICE_EMPTY;
}

// The cell; of a column that the file does not have, what the directory says: it stays.
static struct slice cell_or_known(const struct people *people, const struct csv_row *row,
                                  uint32_t column)
{
    return people->column[column] != UINT32_MAX
               ? cell(people, row, column)
               : wire_text(known_person(people, row), column_names[column], &people->cli->arena);
}

static uint32_t list_or_known(const struct people *people, const struct csv_row *row,
                              uint32_t column, const char *ends, struct buf *to)
{
    struct slice known = wire_raw(known_person(people, row), column_names[column]);
    pack_cstr(to, column_names[column]);
    if (people->column[column] != UINT32_MAX || known.len == 0) {
        return list_pack(to, cell(people, row, column), ends);
    }
    buf_put_slice(to, known);
    return 0;
}

static void put_text(struct buf *to, uint32_t *pairs, const char *key, struct slice text)
{
    if (text.len > 0) {
        pack_cstr(to, key);
        pack_str(to, text);
        (*pairs)++;
    }
}

// The map of one person, and what is wrong with the row.
static struct slice person_pack(struct people *people, const struct csv_row *row)
{
    struct arena *arena = &people->cli->arena;
    struct buf body;
    struct buf whole;
    uint32_t pairs = 3;
    struct slice known = known_person(people, row);
    int active = people->column[COLUMN_ACTIVE] == UINT32_MAX && known.len > 0
                     ? (wire_bool(known, "active") ? 1 : -1)
                     : active_read(cell(people, row, COLUMN_ACTIVE));
    buf_init(&body, CSV_FIELD_BYTES_MAX * 16);
    buf_init(&whole, CSV_FIELD_BYTES_MAX * 16);
    if (list_or_known(people, row, COLUMN_ROLES, ROLE_ENDS, &body) > ROLES_PER_USER_MAX) {
        fault(people, row->line, SLICE("there are more than 32 roles"), SLICE_EMPTY);
    }
    if (list_or_known(people, row, COLUMN_TEAMS, ";,", &body) > TEAMS_PER_USER_MAX) {
        fault(people, row->line, SLICE("there are more than 8 teams"), SLICE_EMPTY);
    }
    pack_cstr(&body, "active");
    pack_bool(&body, active > 0);
    if (active == 0) {
        fault(people, row->line,
              arena_format(arena, "`%.*s` is neither yes nor no",
                           SLICE_PRINT(cell(people, row, COLUMN_ACTIVE))),
              SLICE("`active` is yes or no; empty means yes"));
    }
    put_text(&body, &pairs, "name", cell(people, row, COLUMN_NAME));
    put_text(&body, &pairs, "title", cell_or_known(people, row, COLUMN_TITLE));
    put_text(&body, &pairs, "superior", cell_or_known(people, row, COLUMN_SUPERIOR));
    put_text(&body, &pairs, "zone", cell_or_known(people, row, COLUMN_ZONE));
    put_text(&body, &pairs, "language", cell_or_known(people, row, COLUMN_LANGUAGE));
    put_text(&body, &pairs, "hours", cell_or_known(people, row, COLUMN_HOURS));
    check_hours(people, row->line, cell(people, row, COLUMN_HOURS));
    pack_map(&whole, pairs);
    buf_put_slice(&whole, buf_slice(&body));
    struct slice packed = arena_copy(arena, buf_slice(&whole));
    buf_done(&body);
    buf_done(&whole);
    return packed;
}

static void person_take(struct people *people, const struct csv_row *row)
{
    struct slice name = cell(people, row, COLUMN_NAME);
    struct person person = {
        .packed = person_pack(people, row), .line = row->line,
        .superior = arena_copy(&people->cli->arena, cell_or_known(people, row, COLUMN_SUPERIOR)),
        .roles = arena_copy(&people->cli->arena, cell(people, row, COLUMN_ROLES)),
    };
    if (name.len == 0) {
        fault(people, row->line, SLICE("the name is empty"), SLICE_EMPTY);
    } else if (name.len > NAME_BYTES_MAX) {
        fault(people, row->line,
              arena_format(&people->cli->arena, "the name is longer than %d bytes", NAME_BYTES_MAX),
              SLICE_EMPTY);
    } else {
        person_keep(people, name, &person);
    }
}

static int known_keep(struct cli *cli, void *context, struct slice user)
{
    struct people *people = context;
    struct slice name = wire_text(user, "name", &cli->arena);
    table_put(&people->known, table_key(&cli->arena, name), user);
    return CLI_DONE;
}

// The directory, when there is a column that the file does not have.
static int known_fetch(struct people *people)
{
    for (uint32_t c = 0; c < COLUMN_COUNT; c++) {
        if (people->column[c] == UINT32_MAX) {
            return people_each(people->cli, "users", NULL, known_keep, people);
        }
    }
    return CLI_DONE;
}

// What an import of cases says in its MAP, a file of people cannot.
static struct slice csv_help(enum csv_fault fault)
{
    return fault == CSV_FAULT_ENCODING   ? SLICE("save the file as UTF-8")
           : fault == CSV_FAULT_CR_LINES ? SLICE("save the file with ordinary line ends")
                                         : slice_from_cstr(csv_fault_help(fault));
}

static int people_read(struct people *people)
{
    struct csv_row row;
    enum csv_status status = csv_header(&people->csv, &row);
    if (status == CSV_ROW) {
        header_bind(people, &row);
    }
    bool go_on = status == CSV_ROW && people->faults == 0;
    int fetched = go_on ? known_fetch(people) : CLI_DONE;
    if (fetched != CLI_DONE) {
        return fetched;
    }
    while (status == CSV_BAD || go_on) {
        status = go_on ? csv_next(&people->csv, &row) : status;
        if (status == CSV_BAD) {
            struct buf text;
            buf_init(&text, 4096);
            csv_explain(&people->csv, &row, &text);
            buf_format(&text, " (%s)", csv_fault_code(row.fault));
            fault(people, row.line, buf_slice(&text), csv_help(row.fault));
            buf_done(&text);
        }
        if (!go_on || status == CSV_END || status == CSV_FAILED) {
            break;
        }
        if (status == CSV_ROW) {
            person_take(people, &row);
        }
    }
    return CLI_DONE;
}

// --- sending: in parts, those above before those below them --------------------------------------

static int mistakes_tell(struct people *people, const char *then)
{
    struct cli *cli = people->cli;
    struct slice message = arena_format(&cli->arena, "%u mistake%s in %s%s", people->faults,
                                        people->faults == 1 ? "" : "s", people->path, then);
    return cli_problem_more(cli, CLI_BAD_INPUT, "bad_users", message, "mistakes",
                            people->mistakes);
}

struct part {
    struct people *people;
    struct buf list;
    uint32_t count, done; // people in this part; people that the engine has taken
    int status;
};

// The engine names the person; the line is ours to know.
static int part_refused(struct part *part, const struct client_reply *reply)
{
    struct people *people = part->people;
    uint32_t number = person_find(people, reply->subject);
    if (!slice_equal(reply->code, SLICE("bad_users")) || number == UINT32_MAX) {
        return cli_refused(people->cli, reply);
    }
    fault(people, people->persons[number].line, reply->message, SLICE_EMPTY);
    return mistakes_tell(people, part->done > 0 ? "" : "; nothing was changed");
}

static void part_send(struct part *part)
{
    struct cli *cli = part->people->cli;
    if (part->count == 0 || part->status != CLI_DONE) {
        return;
    }
    struct buf list;
    buf_init(&list, PART_BYTES_MAX * 2);
    pack_array(&list, part->count);
    buf_put_slice(&list, buf_slice(&part->list));
    struct params params;
    params_init(&params);
    params_raw(&params, "users", buf_slice(&list));
    params_uint(&params, "id", cli->client.next_request++);
    struct client_reply reply;
    part->status = cli_try(cli, "import_users", &params, &reply);
    if (part->status == CLI_DONE && reply.refused) {
        part->status = part_refused(part, &reply);
    }
    part->done += part->status == CLI_DONE ? part->count : 0;
    params_done(&params);
    buf_done(&list);
    buf_reset(&part->list);
    part->count = 0;
}

static void part_add(struct part *part, struct person *person)
{
    if (part->count == PART_PEOPLE_MAX ||
        part->list.len + person->packed.len > PART_BYTES_MAX) {
        part_send(part);
    }
    buf_put_slice(&part->list, person->packed);
    part->count++;
    person->sent = true;
}

// The person, after everybody above him who stands in the file and was not sent.
static void part_add_chain(struct part *part, uint32_t number)
{
    enum { CHAIN_MAX = 64 };
    struct people *people = part->people;
    uint32_t chain[CHAIN_MAX];
    uint32_t count = 0;
    while (number != UINT32_MAX && count < CHAIN_MAX && !people->persons[number].sent) {
        struct person *person = &people->persons[number];
        chain[count++] = number;
        person->sent = true; // so that a ring of superiors comes to an end
        number = person->superior.len > 0 ? person_find(people, person->superior) : UINT32_MAX;
    }
    while (count > 0) {
        part_add(part, &people->persons[chain[--count]]);
    }
}

static void roles_tell(const struct people *people, struct roles *roles)
{
    for (uint32_t i = 0; i < people->count; i++) {
        const struct person *person = &people->persons[i];
        size_t at = 0;
        struct slice role;
        while (list_next(person->roles, ROLE_ENDS, &at, &role)) {
            roles_look(roles, person->line, role);
        }
    }
}

static int people_send(struct people *people)
{
    struct cli *cli = people->cli;
    struct part part = { .people = people, .status = cli_connect(cli) }; // knows the request id
    buf_init(&part.list, PART_BYTES_MAX * 2);
    for (uint32_t i = 0; i < people->count; i++) {
        part_add_chain(&part, i);
    }
    part_send(&part);
    buf_done(&part.list);
    if (part.status != CLI_DONE && part.done > 0) {
        (void)fprintf(stderr, "%u of %u people were set before that; mend the file and import it "
                              "again\n", part.done, people->count);
    }
    struct roles roles = { 0 };
    if (part.status == CLI_DONE) {
        part.status = roles_ask(cli, people->path, &roles);
        roles_tell(people, &roles);
    }
    if (part.status == CLI_DONE && cli_json_wanted(cli)) {
        cli_print_json(cli, json_pack("{s:I, s:O}", "people", (json_int_t)part.done,
                                      "unknown_roles", roles.unknown));
    } else if (part.status == CLI_DONE) {
        buf_format(&cli->out, "%u %s in the directory\n", people->count,
                   people->count == 1 ? "person set" : "people set");
    }
    roles_done(&roles);
    return part.status;
}

static int users_import(struct cli *cli)
{
    if (cli->args.word_count != 2) {
        return cli_problem(cli, CLI_USAGE, "usage", "say which file: rung users import FILE");
    }
    struct people people = { .cli = cli,
                             .path = arena_cstr(&cli->arena, cli_word(cli, 1)),
                             .mistakes = cli_json_wanted(cli) ? json_array() : NULL };
    int status = cli_read_file(cli, people.path, USERS_FILE_BYTES_MAX, &people.rest);
    if (status != CLI_DONE) {
        json_decref(people.mistakes);
        return status;
    }
    struct csv_options options = { 0 };
    csv_init(&people.csv, &options, memory_read, &people);
    table_init(&people.numbers);
    table_init(&people.known);
    status = people_read(&people);
    csv_done(&people.csv);
    if (status != CLI_DONE) {
        // told already
    } else if (people.faults > 0) {
        status = mistakes_tell(&people, "; nothing was changed");
    } else if (people.count == 0) {
        status = cli_problem(cli, CLI_BAD_INPUT, "csv_empty", "%s names nobody", people.path);
    } else {
        status = people_send(&people);
    }
    table_done(&people.numbers);
    table_done(&people.known);
    json_decref(people.mistakes);
    return status;
}

static void user_row(struct cli *cli, struct grid *grid, struct slice user)
{
    struct arena *arena = &cli->arena;
    struct slice roles = SLICE_EMPTY;
    struct wire_list list = wire_list(wire_raw(user, "roles"));
    struct slice role;
    while (wire_next(&list, &role)) {
        roles = arena_format(arena, "%.*s%s%.*s", SLICE_PRINT(roles), roles.len > 0 ? " " : "",
                             SLICE_PRINT(wire_print(role, arena)));
    }
    grid_row(grid);
    grid_cell(grid, 0, wire_text(user, "name", arena));
    grid_cell(grid, 1, wire_text(user, "title", arena));
    grid_cell(grid, 2, roles);
    grid_cell(grid, 3, wire_text(user, "superior", arena));
    grid_cell(grid, 4, wire_text(user, "tasks", arena));
    struct slice away = people_away(cli, user);
    grid_cell(grid, 5,
              !wire_bool(user, "active")    ? SLICE("left")
              : away.len > 0                ? away
              : !wire_bool(user, "at_work") ? SLICE("not at work now")
                                            : SLICE_EMPTY);
    grid_style(grid, 0, TERM_BOLD);
}

struct user_list {
    struct grid grid;
    json_t *json; // NULL: as text
};

static int user_show(struct cli *cli, void *context, struct slice user)
{
    struct user_list *list = context;
    if (list->json != NULL) {
        (void)json_array_append_new(list->json, wire_json(user));
    } else {
        user_row(cli, &list->grid, user);
    }
    return CLI_DONE;
}

static int users_list(struct cli *cli)
{
    static const struct grid_column columns[] = {
        { "name", false, 0, 0 },     { "title", false, 10, 2 }, { "roles", false, 12, 0 },
        { "superior", false, 8, 1 }, { "tasks", true, 0, 3 },   { "", false, 0, 0 },
    };
    struct user_list list = { .json = cli_json_wanted(cli) ? json_array() : NULL };
    grid_init(&list.grid, &cli->arena, columns, ARRAY_COUNT(columns));
    int status = people_each(cli, "users", NULL, user_show, &list);
    if (list.json != NULL && status == CLI_DONE) {
        cli_print_json(cli, list.json);
        return status;
    }
    json_decref(list.json);
    if (status == CLI_DONE && list.grid.row_count == 0) {
        buf_put_cstr(&cli->out, "the directory is empty: `rung users import FILE` fills it\n");
    } else if (status == CLI_DONE) {
        grid_print(&list.grid, &cli->term, 0, false, &cli->out);
    }
    return status;
}

// An option of another verb is no word to pass over: `import --dry-run` would change the directory.
static bool options_fit(struct cli *cli, struct slice verb)
{
    static const struct {
        enum cli_option option;
        const char *verbs[3];
    } uses[] = {
        { OPTION_USERS_FROM, { "absent", "present", NULL } },
        { OPTION_USERS_TO, { "absent", "hand-over", NULL } },
        { OPTION_SUBSTITUTE, { "absent", NULL, NULL } },
        { OPTION_REASON, { "absent", "present", "hand-over" } },
        { OPTION_DRY_RUN, { "hand-over", NULL, NULL } },
    };
    for (size_t i = 0; i < ARRAY_COUNT(uses); i++) {
        bool fits = cli_option(cli, uses[i].option) == NULL;
        for (size_t v = 0; v < ARRAY_COUNT(uses[i].verbs); v++) {
            fits = fits || (uses[i].verbs[v] != NULL &&
                            slice_equal(verb, slice_from_cstr(uses[i].verbs[v])));
        }
        if (!fits) {
            (void)cli_problem(cli, CLI_USAGE, "usage", "--%s belongs to `rung users %s`",
                              option_specs[uses[i].option].name, uses[i].verbs[0]);
            return false;
        }
    }
    return true;
}

int cmd_users(struct cli *cli)
{
    struct slice verb = cli_word(cli, 0);
    if (!options_fit(cli, verb)) {
        return CLI_USAGE;
    }
    if (slice_equal(verb, SLICE("import"))) {
        return users_import(cli);
    }
    if (cli->args.word_count == 0 ||
        (slice_equal(verb, SLICE("list")) && cli->args.word_count == 1)) {
        return users_list(cli);
    }
    if (slice_equal(verb, SLICE("absent")) || slice_equal(verb, SLICE("present"))) {
        return people_absence(cli, slice_equal(verb, SLICE("absent")));
    }
    if (slice_equal(verb, SLICE("hand-over"))) {
        return people_hand_over(cli);
    }
    return cli_problem(cli, CLI_USAGE, "usage",
                       "say `rung users list`, `rung users import FILE`, `rung users absent NAME`, "
                       "`rung users present NAME` or `rung users hand-over NAME`");
}
