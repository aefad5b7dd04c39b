// Compiler attributes, spelled once. Every other file uses these names.
#ifndef RUNG_BASE_ATTR_H
#define RUNG_BASE_ATTR_H

#define ATTR_USE_RESULT __attribute__((warn_unused_result))
#define ATTR_PRINTF(format_index, first_index) \
    __attribute__((format(printf, (format_index), (first_index))))
#define ATTR_NORETURN __attribute__((noreturn))
#define ATTR_COLD __attribute__((cold, noinline))
#define ATTR_UNUSED __attribute__((unused))
#define ATTR_EXPORT __attribute__((visibility("default")))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
