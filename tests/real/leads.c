#include "tests/real/leads.h"

#include <stdio.h>
#include <zlib.h>

#include "engine/intake/csv.h"

#define MINUTE UINT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

const struct place_name place_names[PLACE_COUNT] = {
    [PLACE_WON] = { "won", true, "end `won`" },
    [PLACE_FIRST_CALL] = { "first_call", false, "open, first call not made" },
    [PLACE_ARCHIVE] = { "archive", true, "end `archive`" },
    [PLACE_WAITING] = { "waiting", false, "open, waiting for its one deal" },
    [PLACE_EXISTING] = { "existing", true, "end `existing`" },
    [PLACE_REJECTED] = { "rejected", true, "end `rejected`" },
    [PLACE_PARKED] = { "parked", false, "open, parked until a far date" },
    [PLACE_BAD_CONTACT] = { "bad_contact", true, "end `bad_contact`" },
    [PLACE_LOST] = { "lost", true, "end `lost`" },
};

static const struct tag_rule rules[] = {
    { "Ringing", "ringing", NULL, NULL, PLACE_ARCHIVE, { 2 * HOUR, DAY, 3 * DAY } },
    { "Busy",
      "busy",
      NULL,
      NULL,
      PLACE_ARCHIVE,
      { 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR } },
    { "switched off",
      "switched_off",
      NULL,
      NULL,
      PLACE_ARCHIVE,
      { DAY, 3 * DAY, 7 * DAY, 14 * DAY } },
    { "opp hangup", "hung_up", NULL, NULL, PLACE_ARCHIVE, { DAY, 5 * DAY } },
    { "invalid number", "bad_number", "fault", "invalid", PLACE_BAD_CONTACT, { 0 } },
    { "wrong number given", "bad_number", "fault", "wrong", PLACE_BAD_CONTACT, { 0 } },
    { "number not provided", "bad_number", "fault", "missing", PLACE_BAD_CONTACT, { 0 } },
    { "Will revert after reading the email", "reading", NULL, NULL, PLACE_PARKED, { 0 } },
    { "Graduation in progress", "studying", "until_day", NULL, PLACE_PARKED, { 0 } },
    { "Shall take in the next coming month", "studying", "until_day", NULL, PLACE_PARKED, { 0 } },
    { "Interested in Next batch", "studying", "until_day", NULL, PLACE_PARKED, { 0 } },
    { "in touch with EINS", "elsewhere", NULL, NULL, PLACE_PARKED, { 0 } },
    { "Still Thinking", "thinking", "note", "whether at all", PLACE_PARKED, { 0 } },
    { "Want to take admission but has financial problems",
      "thinking",
      "note",
      "the money",
      PLACE_PARKED,
      { 0 } },
    { "In confusion whether part time or DLP",
      "thinking",
      "note",
      "part time or not",
      PLACE_PARKED,
      { 0 } },
    { "Interested in other courses",
      "other_course",
      "wish",
      "another course",
      PLACE_WAITING,
      { 0 } },
    { "Interested  in full time MBA",
      "other_course",
      "wish",
      "full time MBA",
      PLACE_WAITING,
      { 0 } },
    { "Lateral student", "other_course", "wish", "the second year", PLACE_WAITING, { 0 } },
    { "Already a student", "student", NULL, NULL, PLACE_EXISTING, { 0 } },
    { "Not doing further education", "not_for_us", "reason", "no_study", PLACE_REJECTED, { 0 } },
    { "Diploma holder (Not Eligible)", "not_for_us", "reason", "diploma", PLACE_REJECTED, { 0 } },
    { "University not recognized", "not_for_us", "reason", "university", PLACE_REJECTED, { 0 } },
    { "Recognition issue (DEC approval)",
      "not_for_us",
      "reason",
      "recognition",
      PLACE_REJECTED,
      { 0 } },
    { "Lost to Others", "gone", "went_to", "other_school", PLACE_LOST, { 0 } },
    { "Lost to EINS", "gone", "went_to", "rival_school", PLACE_LOST, { 0 } },
    { "Closed by Horizzon", "gone", "went_to", "agency", PLACE_LOST, { 0 } },
};

struct press_plan lead_plan(const struct lead *lead, uint32_t index)
{
    bool ladder = lead->rule != NULL && lead->rule->rungs_ms[0] > 0;
    if (!lead->converted) {
        if (lead->rule == NULL || (index > 0 && !ladder) || index > LADDER_RUNGS_MAX ||
            (index > 0 && lead->rule->rungs_ms[index - 1] == 0)) {
            return (struct press_plan){ 0 };
        }
        return (struct press_plan){ lead->rule->action, lead->rule->ask, lead->rule->answer,
                                    index < LADDER_RUNGS_MAX ? lead->rule->rungs_ms[index] : 0 };
    }
    if (ladder && !lead->no_calls) {
        if (index == 0) {
            return (struct press_plan){ lead->rule->action, NULL, NULL, lead->rule->rungs_ms[0] };
        }
        index--;
    }
    switch (index) {
    case 0:
        return lead->no_calls ? (struct press_plan){ "replied", NULL, NULL, 0 }
                              : (struct press_plan){ "interested", "note", "wants to enrol", 0 };
    case 1: return (struct press_plan){ "enrolled", "course", "Data Science", 0 };
    default: return (struct press_plan){ 0 };
    }
}

struct columns {
    uint32_t prospect, number, tag, converted, no_calls;
};

static bool find_column(const struct csv_row *header, const char *name, uint32_t *ret_index)
{
    for (uint32_t index = 0; index < header->count; index++) {
        if (slice_equal(header->fields[index], slice_from_cstr(name))) {
            *ret_index = index;
            return true;
        }
    }
    (void)fprintf(stderr, "the file has no column `%s`\n", name);
    return false;
}

static bool find_columns(const struct csv_row *header, struct columns *columns)
{
    return find_column(header, "Prospect ID", &columns->prospect) &&
           find_column(header, "Lead Number", &columns->number) &&
           find_column(header, "Tags", &columns->tag) &&
           find_column(header, "Converted", &columns->converted) &&
           find_column(header, "Do Not Call", &columns->no_calls);
}

static const struct tag_rule *find_rule(struct slice tag)
{
    for (size_t index = 0; index < ARRAY_COUNT(rules); index++) {
        if (slice_equal(tag, slice_from_cstr(rules[index].tag))) {
            return &rules[index];
        }
    }
    return NULL;
}

// False: a tag that nobody has told us the meaning of.
static bool take_row(struct leads *leads, const struct csv_row *row, const struct columns *columns)
{
    struct lead *lead = &leads->rows[leads->count++];
    lead->prospect = arena_copy(&leads->arena, row->fields[columns->prospect]);
    lead->number = arena_copy(&leads->arena, row->fields[columns->number]);
    lead->tag = arena_copy(&leads->arena, row->fields[columns->tag]);
    lead->converted = slice_equal(row->fields[columns->converted], SLICE("1"));
    lead->no_calls = slice_equal(row->fields[columns->no_calls], SLICE("Yes"));
    lead->rule = find_rule(lead->tag);
    if (lead->tag.len > 0 && lead->rule == NULL) {
        (void)fprintf(stderr, "nobody has said what the tag `%.*s` means\n",
                      SLICE_PRINT(lead->tag));
        return false;
    }
    lead->place = lead->converted      ? PLACE_WON
                  : lead->rule != NULL ? lead->rule->place
                                       : PLACE_FIRST_CALL;
    leads->expected[lead->place]++;
    return true;
}

static ptrdiff_t read_gz(void *context, char *to, size_t bytes)
{
    return gzread((gzFile)context, to, (unsigned)bytes);
}

static bool read_rows(struct leads *leads, struct csv *csv, uint32_t count_max)
{
    struct csv_row row;
    struct columns columns;
    if (csv_header(csv, &row) != CSV_ROW || !find_columns(&row, &columns)) {
        return false;
    }
    while (leads->count < count_max) {
        enum csv_status status = csv_next(csv, &row);
        if (status == CSV_END) {
            return true;
        }
        if (status != CSV_ROW || !take_row(leads, &row, &columns)) {
            (void)fprintf(stderr, "line %llu of the leads cannot be read\n",
                          (unsigned long long)row.line);
            return false;
        }
    }
    return true;
}

bool leads_read(struct leads *leads, const char *path, uint32_t count_max)
{
    *leads = (struct leads){ 0 };
    arena_init(&leads->arena, 256u * 1024 * 1024);
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s cannot be opened\n", path);
        return false;
    }
    leads->rows = ARENA_ARRAY(&leads->arena, struct lead, LEADS_MAX);
    struct csv csv;
    csv_init(&csv, &(struct csv_options){ .separator = ',' }, read_gz, file);
    leads->whole = count_max == 0;
    bool whole = read_rows(leads, &csv, count_max > 0 ? count_max : LEADS_MAX);
    csv_done(&csv);
    (void)gzclose(file);
    return whole && leads->count > 0;
}

void leads_done(struct leads *leads) { arena_done(&leads->arena); }
