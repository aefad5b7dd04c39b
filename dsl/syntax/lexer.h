// Cuts a file into tokens. Never fails: what it cannot read is reported and becomes TOKEN_BAD, or
// the token that was most likely meant. Used by the parser only.
#ifndef RUNG_DSL_SYNTAX_LEXER_H
#define RUNG_DSL_SYNTAX_LEXER_H

#include "dsl/syntax/syntax.h"

// Fills `tree->tokens` (from `arena`) for tree->text; the last token is TOKEN_END. A text with {…}
// in it is STRING_OPEN, tokens, { STRING_MIDDLE, tokens }, STRING_CLOSE: whole and never nested.
void lexer_run(struct syntax_tree *tree, struct arena *arena, struct diags *diags);

#endif
