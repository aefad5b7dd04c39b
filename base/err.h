// Closed list of operating errors. OK is 0. Handled or passed on, never logged below the shell.
#ifndef RUNG_BASE_ERR_H
#define RUNG_BASE_ERR_H

enum err {
    OK = 0,
#define ERR(code, name, sentence) ERR_##code,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

const char *err_name(enum err err);     // "store_full"; static
const char *err_sentence(enum err err); // one line, no full stop; static

#endif
