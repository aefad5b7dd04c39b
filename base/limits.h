// Every bound that a client, a file or a script can reach, in one place. Reaching one is a clear
// refusal that names it. Units are in the names.
#ifndef RUNG_BASE_LIMITS_H
#define RUNG_BASE_LIMITS_H

enum {
    // wire
    FRAME_BYTES_MAX = 1024 * 1024,
    SESSION_OUTPUT_BYTES_MAX = 8 * 1024 * 1024,
    SESSIONS_MAX = 1024,
    SESSION_PUSH_BYTES_MAX = 1024 * 1024, // unread bytes at which a live subscription is closed
    SESSION_IN_FLIGHT_MAX = 1024,         // commands of one connection that wait for an answer
    SUBSCRIPTIONS_PER_SESSION_MAX = 64,
    INBOX_TASKS_MAX = 1000,    // tasks in one answer, and tasks that one inbox subscription follows
    HISTORY_RECORDS_MAX = 500, // records in one answer
    RECORDS_SCAN_MAX = 2000,   // records looked at for one answer of `records`
    WHY_LINKS_MAX = 64,        // steps back in one answer of `why`
    WHY_RECORDS_MAX = 10000,   // records looked at for it
    PAST_RECORDS_MAX = 4000,   // records folded to show a case as it was
    HEAD_TEXT_BYTES_MAX = 100, // "SEQ:HASH"
    APPLY_FILES_MAX = 1000,
    WIRE_PATH_BYTES_MAX = 1024,
    // search
    SEARCH_TEXT_BYTES_MAX = 300,
    SEARCH_WORDS_MAX = 8,
    SEARCH_CASES_MAX = 200, // in one answer
    SEARCH_AFTER_BYTES_MAX = 600,
    // batch
    BATCH_COMMANDS_MAX = 512,
    BATCH_BYTES_MAX = 4 * 1024 * 1024,
    INBOX_COMMANDS_MAX = 4096, // commands waiting for the core
    TIMERS_PER_BATCH_MAX = 128,
    TIMERS_BEFORE_COMMANDS_MAX = 32, // of one batch, when commands of clients wait behind them
    MOVES_PER_BATCH_MAX = 16, // cases that come to another version between the commands of clients
    MOVES_BESIDE_COMMANDS_MAX = 8, // of one batch, and of each MOVES_EVERY_US, while clients ask
    MOVES_EVERY_US = 2000,
    MOVES_REST_US = 20000, // nobody has asked for so long: moves need not stand back
    CASCADE_COMMANDS_MAX = 256, // commands that one command may bring about (child ended …)
    // one command
    COMMAND_ARENA_BYTES_MAX = 32 * 1024 * 1024,
    EVENTS_PER_COMMAND_MAX = 8192,
    RULE_FIRINGS_MAX = 64,
    CHILDREN_PER_CONVERT_MAX = 100,
    CONVERT_DEPTH_MAX = 4, // a child's start that converts, and so on
    STEPS_PER_COMMAND_MAX = 10000,
    MOVES_CHAINED_MAX = 32, // choices passed one after the other
    // one instance
    INSTANCE_IMAGE_BYTES_MAX = 2000, // rows of about 2,000 B and more take whole overflow pages:
                                     // fields are put elsewhere until the row is below it
    INSTANCE_ROW_BYTES_MAX = 12000,  // what cannot be put elsewhere: tasks, timers, stages …
    FIELD_INLINE_BYTES_MAX = 200,    // longer values live in `part`
    FIELD_BYTES_MAX = 64 * 1024,
    TASKS_MAX = 32,
    TIMERS_MAX = 32,
    POSITIONS_MAX = 64,
    SLOTS_MAX = 64,
    COLLECTIONS_MAX = 32,
    ACTIVE_STAGES_MAX = 32,
    LATCHES_MAX = 256,
    FRAMES_MAX = 4, // escalations open at once
    UNDO_CALL_MS = 60 * 1000, // a call that is due later than this from now is not being tried yet
    UNDO_RECORDS_MAX = 4000, // of a case that is folded to take its last step back
    INCIDENTS_MAX = 8,
    ZONE_NUMBERS_MAX = 4096,  // zones that cases of one company have had
    CALLS_MAX = 16,           // calls of one case that are on their way or parked
    KEPT_PER_SIGNAL_MAX = 16, // messages of one kind that wait for a case
    KEPT_MAX = 32,
    CALL_FORM_BYTES_MAX = 64 * 1024, // what one call or message carries
    CALL_NOTE_BYTES_MAX = 1500, // why a try failed: with a function of a connector, the way there
    ACTED_MAX = 64, // people remembered for four eyes, each with the role they acted in
    // names and texts
    NAME_BYTES_MAX = 64,
    HOURS_BYTES_MAX = 200, // working hours of a user, as they are written
    LANG_BYTES_MAX = 8,    // of a language: "ru"
    TITLE_BYTES_MAX = 300,
    KEY_BYTES_MAX = 200, // a normalised key value
    COMMENT_BYTES_MAX = 4000,
    USERS_MAX = 100000,
    ROLES_PER_USER_MAX = 32,
    TEAMS_PER_USER_MAX = 8,
    ABSENCES_PER_USER_MAX = 16, // past ones are forgotten first
    STAND_IN_CHAIN_MAX = 8,     // a substitute who is away has one, and so on
    LOADS_SEEN_MAX = 32,        // candidates whose load a pick records
    NOTICES_PER_USER_MAX = 64,
    DONE_PER_USER_MAX = 500, // tasks done that lanes can still show
    DONE_KEPT_HOURS = 48,
    INBOXES_PER_USER_MAX = 8, // that one person reads
    // requests
    REQUEST_WINDOW = 1024,  // ids remembered per client
    REQUEST_KEEP_HOURS = 24, // of silence, then the client is forgotten
    REQUEST_PAUSE_MINUTES_MAX = 60 // of a pause between two records that count as silence
};

#define WAKE_HORIZON_MS (400ull * 24 * 3600 * 1000)
#define MOMENT_MS_MAX 253402300799999ull // 9999-12-31
#define CLOCK_STEP_MAX_MS (3600ull * 1000)

#endif
