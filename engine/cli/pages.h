// The pages of docs/diagnostics, built into the program for `rung explain`.
#ifndef RUNG_ENGINE_CLI_PAGES_H
#define RUNG_ENGINE_CLI_PAGES_H

struct page {
    const char *name, *text;
};
extern const struct page pages[]; // page_count of them, and one of NULLs
extern const unsigned page_count;

#endif
