// Names that are nearly right, as help of a diagnostic.
#include "dsl/diag/diag.h"

bool diag_suggest(struct diag *diag, const struct suggestions *suggestions, struct span span,
                  const char *kind)
{
    if (suggestions->count == 0) {
        return false;
    }
    bool certain = suggestions->scores[0] >> 16 == 0;
    if (suggestions->count == 1 || certain) {
        const char *article = strchr("aeiou", kind[0]) != NULL ? "an" : "a";
        diag_help_edit(diag, certain ? DIAG_FIX_SAFE : DIAG_FIX_GUESS, span,
                       suggestions->names[0], "%s %s with a similar name exists", article, kind);
        return true;
    }
    for (uint32_t i = 0; i < suggestions->count; i++) {
        diag_help_edit(diag, DIAG_FIX_GUESS, span, suggestions->names[i],
                       i == 0 ? "similar names exist: `%.*s`" : "or `%.*s`",
                       SLICE_PRINT(suggestions->names[i]));
    }
    return true;
}
