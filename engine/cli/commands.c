// The table of commands: parsing, help, completion and did-you-mean all come from here.
#include "base/attr.h"
#include "engine/cli/cli.h"

#define BASIC (OPTION_BIT(HELP) | OPTION_BIT(JSON))
#define WIRE \
    (BASIC | OPTION_BIT(SOCKET) | OPTION_BIT(TIMEOUT) | OPTION_BIT(ZONE) | OPTION_BIT(LANG))
#define NUMBERED (WIRE | OPTION_BIT(ID) | OPTION_BIT(CLIENT))
#define SAID (NUMBERED | OPTION_BIT(AS))

const struct cli_command cli_commands[] = {
    { "inbox", "", "what is to be done, by due moment",
      "Without --as: everybody's tasks, and open incidents.", "Work",
      WIRE | OPTION_BIT(AS) | OPTION_BIT(LIMIT) | OPTION_BIT(OF), 0, 0, cmd_inbox },
    { "week", "", "how much work each of the next seven days holds, person by person",
      "Late tasks stand for themselves; what is offered to a role counts once. Without --as:\n"
      "everybody's; --of NAME: that person's, for those above.",
      "Work", WIRE | OPTION_BIT(AS) | OPTION_BIT(OF), 0, 0, cmd_week },
    { "search", "[WORDS…]", "find cases, and the buttons to press on them",
      "Words of titles, fields and comments in any form, a few letters of them, the last four or\n"
      "more digits of a phone or its beginning, the number of a case, words of stages and ends.\n"
      "A word of a button (`busy ivanov`) finds the cases where it may be pressed now.",
      "Work",
      WIRE | OPTION_BIT(AS) | OPTION_BIT(PROCESS) | OPTION_BIT(OPEN) | OPTION_BIT(ENDED) |
          OPTION_BIT(QUIET) | OPTION_BIT(LIMIT),
      0, ARGS_ANY, cmd_search },
    { "show", "CASE", "the card of a case: task, fields, buttons, people",
      "On a terminal the card is made to fit one screen; --all shows everything.", "Work",
      WIRE | OPTION_BIT(AS) | OPTION_BIT(ALL) | OPTION_BIT(AT), 1, 1, cmd_show },
    { "press", "CASE [BUTTON [FIELD=VALUE…]]", "press a button of a case",
      "Without BUTTON: lists the buttons. A few letters of a button's name, label or other words "
      "are\n"
      "enough when only one has them. Answers are given as FIELD=VALUE (several of a set by "
      "commas, or\n"
      "by repeating the field; a record as JSON); on a terminal, what is missing is asked for. "
      "Moments:\n"
      "\"tomorrow 10:00\", \"in 2 h\", \"friday 16:30\", \"2026-03-02 18:00\".",
      "Work", SAID | OPTION_BIT(TASK) | OPTION_BIT(ENTRY) | OPTION_BIT(YES), 1, ARGS_ANY,
      cmd_press },
    { "start", "PROCESS [FIELD=VALUE…]", "start a case, or join the open one with the same key",
      "On a terminal, and without any FIELD=VALUE, the fields are asked for one by one.\n"
      "--at begins it at a stage by hand: for roles that may move cases, and with a --reason.",
      "Work", SAID | OPTION_BIT(AT) | OPTION_BIT(REASON), 1, ARGS_ANY, cmd_start },
    { "claim", "CASE", "take a task that is offered to several", "", "Work",
      SAID | OPTION_BIT(TASK), 1, 1, cmd_claim },
    { "release", "CASE", "give back a task that you have: it is offered to its role again", "",
      "Work", SAID | OPTION_BIT(TASK), 1, 1, cmd_release },
    { "finish", "CASE", "report a side task as done", "", "Work",
      SAID | OPTION_BIT(TASK) | OPTION_BIT(NOTE), 1, 1, cmd_finish },

    { "edit", "CASE FIELD=VALUE…", "change fields of a case", "FIELD= empties a field.", "Cases",
      SAID, 2, ARGS_ANY, cmd_edit },
    { "comment", "CASE TEXT…", "add a remark to the history of a case", "", "Cases", SAID, 2,
      ARGS_ANY, cmd_comment },
    { "task", "CASE TITLE…", "ask somebody for something: a task beside the process",
      "Needs --for. Without --due it is due now.", "Cases",
      SAID | OPTION_BIT(FOR) | OPTION_BIT(DUE), 2, ARGS_ANY, cmd_task },
    { "reassign", "CASE USER", "give a task to somebody else", "", "Cases",
      SAID | OPTION_BIT(TASK) | OPTION_BIT(REASON), 2, 2, cmd_reassign },
    { "move", "CASE STAGE", "move a case to another stage by hand", "Needs --reason.", "Cases",
      SAID | OPTION_BIT(REASON), 2, 2, cmd_move },
    { "reopen", "CASE", "let a case that has ended live again, where its process says",
      "Only ends with `reopen` in the process.", "Cases", SAID, 1, 1, cmd_reopen },
    { "undo", "CASE", "take back what you pressed by mistake",
      "Within ten minutes, and only what happened last: a button, an edit or a move.", "Cases",
      SAID, 1, 1, cmd_undo },
    { "cancel", "CASE", "end a case as cancelled (administrators)", "Needs --reason.", "Cases",
      NUMBERED | OPTION_BIT(REASON), 1, 1, cmd_cancel },
    { "duplicates", "", "open cases that may be one client's",
      "Cases of one process with a phone or an e-mail address in common, and those that were "
      "linked\n"
      "when a start matched both. `rung merge` makes one of two.",
      "Cases", WIRE | OPTION_BIT(AS), 0, 0, cmd_duplicates },
    { "merge", "CASE INTO", "give up a case for another one of the same client",
      "Needs --reason. Case INTO gets what it had empty, and repeats find it from then on. For "
      "roles\n"
      "that `may move`, and administrators; it cannot be undone.",
      "Cases", SAID | OPTION_BIT(REASON), 2, 2, cmd_merge },
    { "close-incident", "[CASE INCIDENT]", "close an incident by hand (administrators)",
      "Needs --reason. Without CASE and INCIDENT: all that --kind, --process, --only and\n"
      "--older-than choose, or --all. --dry-run says what would come of it.",
      "Cases",
      NUMBERED | OPTION_BIT(REASON) | OPTION_BIT(PROCESS) | OPTION_BIT(KIND) | OPTION_BIT(ONLY) |
          OPTION_BIT(OLDER_THAN) | OPTION_BIT(ALL) | OPTION_BIT(DRY_RUN),
      0, 2, cmd_close_incident },
    { "message", "CONNECTOR.MESSAGE [CASE] [PARAMETER=VALUE…]",
      "say a message as an outside system would",
      "Without CASE it finds its case by a key among its parameters, or begins one.", "Cases",
      NUMBERED, 1, ARGS_ANY, cmd_message },
    { "incidents", "[INCIDENT]", "what could not be done without a person pressing",
      "--kind, --process, --only and --older-than choose among them. With INCIDENT: that one in\n"
      "full, with what was behind it and how to go on.",
      "Cases",
      WIRE | OPTION_BIT(PROCESS) | OPTION_BIT(KIND) | OPTION_BIT(ONLY) | OPTION_BIT(OLDER_THAN), 0,
      1, cmd_incidents },
    { "retry", "[INCIDENT…]", "try again what an incident holds (administrators)",
      "By number, or all that --kind, --process, --only and --older-than choose, or --all. With\n"
      "--dry-run it is only decided what would come of each. One line an incident; exit code 1\n"
      "when one was refused, which then stays open. A timer that is tried again fires at once,\n"
      "and when that fails too, a new incident says so.",
      "Cases",
      WIRE | OPTION_BIT(PROCESS) | OPTION_BIT(KIND) | OPTION_BIT(ONLY) | OPTION_BIT(OLDER_THAN) |
          OPTION_BIT(ALL) | OPTION_BIT(DRY_RUN),
      0, ARGS_ANY, cmd_retry },
    { "calls", "", "calls on their way to outside systems", "", "Cases", WIRE, 0, 0, cmd_calls },
    { "history", "[CASE]", "everything that happened to a case, or what somebody did anywhere",
      "One line an event: moment, person, what. --all shows the engine's book-keeping too.\n"
      "--by, --kind, --action, --stage, --field, --since, --until and --grep choose.\n"
      "--client KEY instead of CASE: of all cases of that client, in order of time.\n"
      "Without CASE: of all cases, from the oldest chosen on. --proof lists the hash of\n"
      "each record instead: noted outside, it lets `rung verify --head` tell later whether\n"
      "anything up to it was changed.",
      "Cases",
      WIRE | OPTION_BIT(AS) | OPTION_BIT(FROM) | OPTION_BIT(LIMIT) | OPTION_BIT(ALL) |
          OPTION_BIT(BY) | OPTION_BIT(KIND) | OPTION_BIT(ACTION) | OPTION_BIT(STAGE) |
          OPTION_BIT(FIELD) | OPTION_BIT(HISTORY_SINCE) | OPTION_BIT(UNTIL) | OPTION_BIT(GREP) |
          OPTION_BIT(PROOF) | OPTION_BIT(OF_CLIENT),
      0, 1, cmd_history },
    { "funnel", "PROCESS [SUM]", "how many cases of a process reached each stage and each end",
      "Each case counts once, however often it came by. --since, --until: those started then.\n"
      "With the SUM that was spent on them it says what one case cost that came so far:\n"
      "`rung funnel lead 12000 --since \"30 days ago\"`.",
      "Company", WIRE | OPTION_BIT(HISTORY_SINCE) | OPTION_BIT(UNTIL), 1, 2, cmd_funnel },
    { "export", "", "everything that happened, one JSON object a line, to be counted elsewhere",
      "Each record of the journal as `history --json` shows it, oldest first, while the engine\n"
      "works. --from SEQ goes on where an earlier export ended. What is `shown to` some roles is\n"
      "in it: it is for whoever runs the engine.",
      "Cases", WIRE | OPTION_BIT(FROM), 0, 0, cmd_export },
    { "why", "CASE", "what brought a case to where it stands, step by step back to its cause",
      "Each step with its moment, who or what it was, the line of the program as it was applied, "
      "and the\n"
      "values that conditions were read with. --seq asks about one record.",
      "Cases",
      WIRE | OPTION_BIT(AS) | OPTION_BIT(SEQ) | OPTION_BIT(WHY_TASK) | OPTION_BIT(WHY_STAGE) |
          OPTION_BIT(ALL),
      1, 1, cmd_why },
    { "watch", "[CASE]", "the history of a case, live; or an inbox with --inbox USER",
      "Runs until it is stopped. After a broken line it goes on where it was; a case is told "
      "without\n"
      "gaps. --json prints one object a line.",
      "Cases", WIRE | OPTION_BIT(AS) | OPTION_BIT(INBOX) | OPTION_BIT(FROM) | OPTION_BIT(ALL), 0, 1,
      cmd_watch },

    { "import", "PROCESS FILE --map MAP", "start cases from the rows of a CSV file (also .csv.gz)",
      "The MAP says which column fills which field:\n\n"
      "    -- comment\n"
      "    source = website              -- rows are remembered under this name and their row id\n"
      "    row id = \"Lead Number\"        -- the column that tells rows apart\n"
      "    phone = Phone                 -- field = column; a name with blanks goes in quotes\n"
      "    city = \"Lead City\"\n"
      "      \"Select\" ->                 -- this value counts as empty\n"
      "      \"Msk\" -> \"Moscow\"\n"
      "    products = Sold split \";\"     -- several values in one cell\n"
      "    note = column 9               -- by number, from 1\n"
      "    origin := import              -- a constant\n"
      "    field source = Channel        -- a field whose name is one of the words of the MAP\n"
      "    encoding cp1251               -- utf8 (default), cp1251, latin1\n"
      "    separator \";\"                 -- \",\" \";\" \"|\" or tab; else found in the header\n"
      "    lines cr                      -- lines end in a lone carriage return\n\n"
      "Bad rows are told by line and reason, and the rest goes on (exit code 4). Running the "
      "import\n"
      "again changes nothing for rows that are in: a broken import is just run again.",
      "Company", SAID | OPTION_BIT(MAP) | OPTION_BIT(DRY_RUN) | OPTION_BIT(REPORT), 2, 2,
      cmd_import },
    { "intake", "FILE|- --map MAPPING", "take in the body of a webhook: leads, call results …",
      "MAPPING is the name of a mapping that the engine knows (those that come with Rung: amocrm,\n"
      "bitrix24, facebook, google, tilda, twilio; those of `serve --intake`), or a file. It says\n"
      "what stands where in the body, which is JSON or a form with brackets:\n\n"
      "    -- comment\n"
      "    source = facebook               -- deliveries are remembered under this name\n"
      "    test when object is probe       -- such a delivery makes no work\n"
      "    skip when object is not page    -- nor does such a one\n\n"
      "    message facebook.lead each entry.*.changes.* when .field is leadgen\n"
      "    row id = .value.leadgen_id      -- tells deliveries apart, for ever; parts: a + b\n"
      "    lead_id = .value.leadgen_id     -- parameter = place; within the element with a point\n"
      "    asked = .value.created_time moment\n\n"
      "    start lead when event is ONCRMLEADADD and data.FIELDS.ID is not empty\n"
      "    row id = data.FIELDS.ID or whole body\n"
      "    name = columns[column_id=FULL_NAME].string_value or name\n"
      "    phone = data.PHONE phone DE     -- into its international spelling\n"
      "    origin := site                  -- a constant\n"
      "    result = data.CODE\n"
      "      \"304\" -> silent               -- values\n"
      "    tags = data.TAGS split \",\"\n\n"
      "What became of each element is told; a delivery that is said again changes nothing. Exit\n"
      "code 4: the body or the mapping is wrong, or an element was refused.",
      "Company", WIRE | OPTION_BIT(MAPPING) | OPTION_BIT(TYPE) | OPTION_BIT(DRY_RUN), 1, 1,
      cmd_intake },
    { "users", "[list | import FILE | absent NAME | present NAME | hand-over NAME]",
      "who is in the directory, who is away, who takes over",
      "`import` reads a CSV file with the columns name, title, roles, teams, superior, zone, "
      "language,\n"
      "hours, active; roles are separated by blanks or semicolons, teams by semicolons. What the "
      "file\n"
      "has no column for stays, an empty cell empties. A file with a mistake changes nothing.\n"
      "`absent NAME --to WHEN` says that a person is away; the substitute acts for him.\n"
      "`present NAME` says that he is back, or with --from that a planned absence comes to "
      "nothing.\n"
      "`hand-over NAME` gives everything that the person has to the one named by --to, or to "
      "others of\n"
      "its role; --dry-run only shows it.",
      "Company",
      SAID | OPTION_BIT(USERS_FROM) | OPTION_BIT(USERS_TO) | OPTION_BIT(SUBSTITUTE) |
          OPTION_BIT(REASON) | OPTION_BIT(DRY_RUN),
      0, 2, cmd_users },
    { "processes", "", "the active processes, and what they ask at the start (* required)", "",
      "Company", WIRE, 0, 0, cmd_processes },
    { "apply", "FILES|FOLDERS…", "check programs, run their tests, activate what differs",
      "The new version holds at once. Cases that run are moved one by one while the engine works;\n"
      "those that need a decision stay on their version (`rung plan` says which, before). Files\n"
      "with errors, or whose tests fail, change nothing.",
      "Company", NUMBERED, 1, ARGS_ANY, cmd_apply },
    { "plan", "[FILES|FOLDERS…]", "say what `apply` would do to the cases that run",
      "Which move, and where to, and which need a decision. Without files: of the active\n"
      "versions. Changes nothing.",
      "Company", WIRE, 0, ARGS_ANY, cmd_plan },
    { "versions", "[PROCESS]", "the versions of the processes, and how many open cases run each",
      "", "Company", WIRE, 0, 1, cmd_versions },
    { "moves", "PROCESS", "what became of each case when the newest version was activated", "",
      "Company", WIRE, 1, 1, cmd_moves },
    { "revert", "PROCESS", "make the version before active again (administrators)",
      "Cases that came from it go back when they can.", "Company",
      NUMBERED | OPTION_BIT(VERSION), 1, 1, cmd_revert },
    { "migrate", "CASE", "bring one case to the active version (administrators)",
      "One that needs a decision: --to says at which stage it goes on, --reason why.", "Company",
      NUMBERED | OPTION_BIT(USERS_TO) | OPTION_BIT(REASON), 1, 1, cmd_migrate },

    { "serve", "DATA [FILES|FOLDERS…]", "run the engine on a data folder",
      "A new store activates the programs given. One that has programs keeps them, and says what\n"
      "differs; `rung apply` changes them. Stops in good order on SIGTERM.\n"
      "--watch applies the files whenever one is saved: for development.",
      "Engine",
      BASIC | OPTION_BIT(SOCKET) | OPTION_BIT(DEMO_CLOCK) | OPTION_BIT(CURRENCY) |
          OPTION_BIT(REGION) | OPTION_BIT(ZONE) | OPTION_BIT(CONNECTORS) | OPTION_BIT(INTAKE) |
              OPTION_BIT(WATCH),
      1, ARGS_ANY, cmd_serve },
    { "stats", "", "counters, sizes and times of the engine; or how people stand",
      "--people: open, late and promised tasks of everybody, and how many promises were kept and "
      "broken.\n"
      "With --as: of that person and those below.",
      "Engine", WIRE | OPTION_BIT(PEOPLE) | OPTION_BIT(AS), 0, 0, cmd_stats },
    { "backup", "DEST", "copy the store beside the running engine into a new folder",
      "A folder that holds an older backup of the same store is brought up to date.", "Engine",
      WIRE, 1, 1, cmd_backup },
    { "verify", "[DATA]",
      "prove that the view is what the journal says, and that nothing is asleep",
      "With DATA: reads that folder, which no engine may have open. Without: asks the engine.\n"
      "It prints the head of the history; --head says one that was noted earlier: is what was\n"
      "recorded up to then still the same, to the last bit?",
      "Engine", WIRE | OPTION_BIT(HEAD), 0, 1, cmd_verify },
    { "rebuild", "DATA", "make the view of a data folder anew from its journal",
      "No engine may have the folder open.", "Engine", BASIC, 1, 1, cmd_rebuild },
    { "clock", "advance TIME | next | confirm", "move a demo clock; confirm a step of a real one",
      "`advance 2 days`, or --to \"2026-03-02 18:00\": everything due on the way happens at its "
      "own\n"
      "moment. `next` goes to the next due moment. `confirm` says that a jump of the machine's "
      "clock\n"
      "was meant.",
      "Engine", NUMBERED | OPTION_BIT(TO), 1, ARGS_ANY, cmd_clock },

    { "check", "FILES|FOLDERS…", "look for mistakes in programs",
      "Exit code 4 when there are errors. --json prints one object a line. Imports are looked for\n"
      "beside the file, below $RUNG_LIBRARY, and below the folder above.",
      "Programs", BASIC | OPTION_BIT(FIX) | OPTION_BIT(WATCH), 1, ARGS_ANY, cmd_check },
    { "test", "FILES|FOLDERS…", "run the tests that stand in programs",
      "On the real engine, with a store in memory and a clock that jumps. Exit code 4 when one "
      "fails.",
      "Programs",
      BASIC | OPTION_BIT(ONLY) | OPTION_BIT(COVER) | OPTION_BIT(CURRENCY) | OPTION_BIT(REGION) |
          OPTION_BIT(ZONE),
      1,
      ARGS_ANY, cmd_test },
    { "fmt", "FILES|FOLDERS… | -", "lay programs out in the one usual way",
      "Rewrites the files in place. Comments, single empty lines, and braces that you opened stay; "
      "what\n"
      "the program means does not change. A file that cannot be read is told and left alone. `-` "
      "reads\n"
      "stdin and writes stdout. --check writes nothing, lists the files that would change, and "
      "exits\n"
      "with 4 when there are any.",
      "Programs", BASIC | OPTION_BIT(CHECK), 1, ARGS_ANY, cmd_fmt },
    { "graph", "FILES|FOLDERS…", "draw processes: stages, buttons, ladders, timers, ends",
      "As text for 80 columns, as a Mermaid state diagram, or as SVG (needs Graphviz: the program "
      "`dot`).\n"
      "The same files always give the same drawing, whatever the language of the terminal; --lang\n"
      "draws the labels as readers of that language see them.",
      "Programs", BASIC | OPTION_BIT(PROCESS) | OPTION_BIT(DRAW_AS), 1, ARGS_ANY, cmd_graph },
    { "rights", "FILES|FOLDERS…", "who may press what: role, button and stage as a table",
      "x: who has the task or the slot; o: the same, but nobody who has acted in a role that the "
      "task\n"
      "excludes by `other than`; +: those above, acting for them.",
      "Programs", BASIC | OPTION_BIT(PROCESS), 1, ARGS_ANY, cmd_rights },
    { "explain", "CODE | codes | ladder NAME [FILES…]",
      "what a code of a message, refusal or bad row means; the moments of a ladder",
      "`explain ladder silent lead.rung --from \"fri 17:50\" --zone Asia/Vladivostok` prints each "
      "rung\n"
      "with its moment and its reason, for a case in that zone, as if each rung were climbed at "
      "its\n"
      "moment. Without files it looks into those of this folder. --process chooses one of several\n"
      "processes that use the ladder.",
      "Programs", BASIC | OPTION_BIT(SINCE) | OPTION_BIT(ZONE) | OPTION_BIT(PROCESS), 1, ARGS_ANY,
      cmd_explain },
    { "completion", "", "completion for bash: source <(rung completion)", "", "Programs",
      OPTION_BIT(HELP), 0, 0, cmd_completion },
    { "help", "[COMMAND]", "this overview, or one command in full", "", "Programs", BASIC, 0, 1,
      cmd_help },
};
const uint32_t cli_command_count = ARRAY_COUNT(cli_commands);
