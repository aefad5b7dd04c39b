// CHECK: "if this is false, the bug is ours". On in every build. Nothing that a client, a file or
// a script can send may reach one; input is validated, never CHECKed. A failed CHECK prints the
// expression, the place and the context lines registered by the program, and aborts.
#ifndef RUNG_BASE_CHECK_H
#define RUNG_BASE_CHECK_H

#include "base/attr.h"

// Prints and aborts. Never returns.
ATTR_NORETURN ATTR_COLD void check_failed(const char *expression, const char *file, int line);

// A function that prints what the program was doing; called once before the abort. May be NULL.
// Set before threads start; `context` must live until the process ends.
typedef void check_context_fn(void *context);
void check_set_context(check_context_fn *print, void *context);

#define CHECK(expression) \
    ((expression) ? (void)0 : check_failed(#expression, __FILE__, __LINE__))
#define IMPLIES(a, b) (!(a) || (b))
#define UNREACHABLE() check_failed("unreachable", __FILE__, __LINE__)

#ifdef RUNG_CHECK_SLOW
#define CHECK_SLOW(expression) CHECK(expression)
#else
#define CHECK_SLOW(expression) ((void)0)
#endif

#endif
