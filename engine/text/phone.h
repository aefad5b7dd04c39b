// Phones and e-mails in the one spelling that keys are compared in. Behind it libphonenumber (the
// only C++ of the project); its results are recorded in events, so a later version of its metadata
// changes nothing that has been recorded.
#ifndef RUNG_ENGINE_TEXT_PHONE_H
#define RUNG_ENGINE_TEXT_PHONE_H

#include <stdbool.h>

#include "base/slice.h"

enum { PHONE_BYTES_MAX = 24 };

#ifdef __cplusplus
extern "C" {
#endif

// "8 (495) 123-45-67" → "+74951234567". `region` ("RU") is for numbers written without a country.
// False: this is not a possible phone number. `ret_phone` is NUL-terminated.
bool phone_normalise(const char *text, unsigned long text_len, const char region[3],
                     char ret_phone[24]);

#ifdef __cplusplus
}
#endif

#endif
