#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

// The only mutable file-scope state of this layer: what to print before an abort.
static check_context_fn *context_print;
static void *context_data;

void check_set_context(check_context_fn *print, void *context)
{
    context_print = print;
    context_data = context;
}

void check_failed(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "rung: internal error: CHECK(%s) failed at %s:%d\n", expression, file,
                  line);
    if (context_print != NULL) {
        check_context_fn *print = context_print;
        context_print = NULL;
        print(context_data);
    }
    abort();
}
