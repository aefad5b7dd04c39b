#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *mem_alloc(size_t bytes)
{
    void *result = malloc(bytes > 0 ? bytes : 1);
    CHECK(result != NULL);
    return result;
}

void *mem_zalloc(size_t bytes)
{
    void *result = calloc(1, bytes > 0 ? bytes : 1);
    CHECK(result != NULL);
    return result;
}

void *mem_grow(void *old, size_t bytes)
{
    void *result = realloc(old, bytes > 0 ? bytes : 1);
    CHECK(result != NULL);
    return result;
}

void mem_free(void *ptr) { free(ptr); }
