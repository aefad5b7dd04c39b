// UTF-8: validation, decoding, display width. Pure.
#ifndef RUNG_BASE_UTF8_H
#define RUNG_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { UTF8_BAD = 0xfffd };

// Well formed, shortest form, no surrogates, nothing above U+10FFFF.
bool utf8_valid(struct slice text);
// Decodes one character at `at` (< text.len); gives its bytes (1 for a bad byte, as UTF8_BAD).
uint32_t utf8_decode(struct slice text, size_t at, size_t *ret_bytes);
// Writes 1-4 bytes; returns how many. `code` must be a Unicode scalar value.
size_t utf8_encode(uint32_t code, char to[4]);
// Terminal cells: 0 for combining and zero-width characters, 2 for wide ones, else 1.
unsigned utf8_width(uint32_t code);
// Cells of a whole text (control characters count 0).
size_t utf8_cells(struct slice text);
// A letter of any script (used for names), by Unicode general category of the common blocks.
bool utf8_is_letter(uint32_t code);

#endif
