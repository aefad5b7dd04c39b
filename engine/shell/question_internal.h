// Shared by question*.c only: one question being answered from the loop's view.
#ifndef RUNG_ENGINE_SHELL_QUESTION_INTERNAL_H
#define RUNG_ENGINE_SHELL_QUESTION_INTERNAL_H

#include "engine/shell/card.h"
#include "engine/shell/shell_internal.h"

struct question {
    struct shell *shell;
    const struct call *call;
    struct card_env env;
    struct refusal refusal;
};

// Sets the refusal; always false.
bool question_refuse(struct question *q, enum refusal_code code, struct slice message,
                     struct slice subject);
uint64_t question_number(const struct call *call, enum param param, uint64_t otherwise);
void question_begin(struct question *q);
void question_end(struct question *q);
// The user whom `param` names, when it is given. Between begin and end; false: refused.
bool question_user(struct question *q, enum param param, uint32_t *ret_user);
// May the asker look at what `whose` has to do? False: refused.
bool question_over(struct question *q, uint32_t whose);

// The case that the call names, if the asker may see it. Between begin and end; NULL: refused.
const struct instance *question_instance(struct question *q,
                                         const struct view_program **ret_program);

// question_why.c, question_records.c, question_past.c
bool answer_why(struct question *q);
bool answer_records(struct question *q);
bool answer_proof(struct question *q);
bool answer_past(struct question *q); // show with `at` or `seq`
// question_people.c
bool answer_holdings(struct question *q);
bool answer_people(struct question *q);
// question_inbox.c, question_outside.c
// Each writes its answer. False: refused, with q->refusal.
bool question_inbox(struct question *q);
bool question_incidents(struct question *q);
bool question_calls(struct question *q);
// question_versions.c
bool question_versions(struct question *q);
bool question_moves(struct question *q);
void question_hash(struct buf *buf, const struct view_program *program); // a pair: 16 digits of it


// question_search.c
bool question_search(struct question *q);
bool question_duplicates(struct question *q);

#endif
