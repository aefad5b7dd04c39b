// What the command line takes from the machine around it: environment, clock, randomness, terminal.
// The only file of the command line that looks at these.
#ifndef RUNG_ENGINE_CLI_ENV_H
#define RUNG_ENGINE_CLI_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

const char *env_get(const char *name); // NULL when unset or empty
uint64_t env_now_ms(void);             // wall clock
uint64_t env_steady_ms(void);          // never goes back
void env_sleep_ms(uint32_t ms);
void env_random(void *to, size_t bytes);
bool env_is_terminal(int fd);
// Columns and rows of the terminal behind `fd`; COLUMNS and LINES when there is none; else 80 x 24.
void env_terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

#endif
