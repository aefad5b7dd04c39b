#include "base/err.h"

#include "base/check.h"

static const char *const names[] = {
    "ok",
#define ERR(code, name, sentence) name,
#include "base/err.def"
#undef ERR
};

static const char *const sentences[] = {
    "everything went well",
#define ERR(code, name, sentence) sentence,
#include "base/err.def"
#undef ERR
};

const char *err_name(enum err err)
{
    CHECK((unsigned)err < ERR_COUNT);
    return names[err];
}

const char *err_sentence(enum err err)
{
    CHECK((unsigned)err < ERR_COUNT);
    return sentences[err];
}
