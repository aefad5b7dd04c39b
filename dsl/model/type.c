#include "dsl/model/type.h"

#include "base/attr.h"
#include "base/check.h"
#include "dsl/model/model.h"

static const struct type builtins[TYPE_OPEN + 1] = {
    [TYPE_TEXT] = { .kind = TYPE_TEXT },         [TYPE_INTEGER] = { .kind = TYPE_INTEGER },
    [TYPE_DECIMAL] = { .kind = TYPE_DECIMAL },   [TYPE_MONEY] = { .kind = TYPE_MONEY },
    [TYPE_BOOL] = { .kind = TYPE_BOOL },         [TYPE_DATE] = { .kind = TYPE_DATE },
    [TYPE_TIME] = { .kind = TYPE_TIME },         [TYPE_DATETIME] = { .kind = TYPE_DATETIME },
    [TYPE_DURATION] = { .kind = TYPE_DURATION }, [TYPE_PHONE] = { .kind = TYPE_PHONE },
    [TYPE_EMAIL] = { .kind = TYPE_EMAIL },       [TYPE_URL] = { .kind = TYPE_URL },
    [TYPE_FILE] = { .kind = TYPE_FILE },         [TYPE_USER] = { .kind = TYPE_USER },
    [TYPE_POISON] = { .kind = TYPE_POISON },     [TYPE_OPEN] = { .kind = TYPE_OPEN },
};

// Only those that a NAME alone may mean: `user`, `set`, `list` and `ref` need more words.
static const char *const builtin_names[TYPE_OPEN + 1] = {
    [TYPE_TEXT] = "text",         [TYPE_INTEGER] = "integer", [TYPE_DECIMAL] = "decimal",
    [TYPE_MONEY] = "money",       [TYPE_BOOL] = "bool",       [TYPE_DATE] = "date",
    [TYPE_TIME] = "time",         [TYPE_DATETIME] = "datetime", [TYPE_DURATION] = "duration",
    [TYPE_PHONE] = "phone",       [TYPE_EMAIL] = "email",     [TYPE_URL] = "url",
    [TYPE_FILE] = "file",
};

const struct type *type_builtin(uint32_t kind)
{
    CHECK(kind <= TYPE_OPEN);
    CHECK(builtins[kind].kind == kind);
    return &builtins[kind];
}

const struct type *type_builtin_named(struct slice name)
{
    for (uint32_t kind = 0; kind < ARRAY_COUNT(builtin_names); kind++) {
        if (builtin_names[kind] != NULL &&
            slice_equal(slice_from_cstr(builtin_names[kind]), name)) {
            return &builtins[kind];
        }
    }
    return NULL;
}

const struct type *type_set_of(const struct type *element, struct arena *arena)
{
    struct type *type = ARENA_NEW(arena, struct type);
    *type = (struct type){ .kind = TYPE_SET, .element = element };
    return type;
}

const struct type *type_list_of(const struct type *element, struct arena *arena)
{
    struct type *type = ARENA_NEW(arena, struct type);
    *type = (struct type){ .kind = TYPE_LIST, .element = element };
    return type;
}

// Roles are company-wide: one name is one role, whichever file declares it.
static bool same_role(const struct role *a, const struct role *b)
{
    return a == b || (a != NULL && b != NULL && slice_equal(a->decl.name, b->decl.name));
}

bool type_same(const struct type *a, const struct type *b)
{
    while (a->kind == b->kind && a->element != NULL && b->element != NULL) {
        a = a->element;
        b = b->element;
    }
    return a->kind == b->kind && a->enumeration == b->enumeration && same_role(a->role, b->role) &&
           a->record == b->record && slice_equal(a->process, b->process);
}

bool type_is_number(const struct type *type)
{
    return type_is(type, TYPE_INTEGER) || type_is(type, TYPE_DECIMAL);
}

bool type_is_text_like(const struct type *type)
{
    return type_is(type, TYPE_TEXT) || type_is(type, TYPE_PHONE) || type_is(type, TYPE_EMAIL) ||
           type_is(type, TYPE_URL);
}

bool type_is_many(const struct type *type)
{
    return type_is(type, TYPE_SET) || type_is(type, TYPE_LIST);
}

bool type_fits(const struct type *from, const struct type *to)
{
    if (type_is_poison(from) || type_is_poison(to) || type_is_open(from) || type_is_open(to) ||
        type_same(from, to)) {
        return true;
    }
    if (type_is(to, TYPE_DECIMAL) && type_is(from, TYPE_INTEGER)) {
        return true;
    }
    if (type_is(to, TYPE_TEXT) && type_is_text_like(from)) {
        return true;
    }
    // Whether `creator` holds the role is seen when the case runs.
    if (type_is(to, TYPE_USER) && type_is(from, TYPE_USER)) {
        return to->role == NULL || from->role == NULL;
    }
    if (type_is_many(to) && to->kind == from->kind) {
        return type_is_poison(from->element) || type_is_poison(to->element) ||
               type_is_open(from->element) || type_is_open(to->element);
    }
    return false;
}

const struct type *type_common(const struct type *a, const struct type *b)
{
    if (type_is_poison(a)) {
        return a;
    }
    if (type_fits(a, b)) {
        return b;
    }
    if (type_fits(b, a)) {
        return a;
    }
    if (type_is_text_like(a) && type_is_text_like(b)) {
        return type_builtin(TYPE_TEXT);
    }
    if (type_is(a, TYPE_USER) && type_is(b, TYPE_USER)) {
        return type_builtin(TYPE_USER);
    }
    return NULL;
}

struct slice type_name(const struct type *type, struct arena *arena)
{
    const char *around = "";
    if (type_is_many(type)) {
        around = type_is(type, TYPE_SET) ? "set of " : "list of ";
        type = type->element;
    }
    struct slice inner = SLICE_EMPTY;
    if (type_is(type, TYPE_ENUM)) {
        inner = type->enumeration->decl.name;
    } else if (type_is(type, TYPE_RECORD)) {
        bool named = type->record->decl.name.len > 0;
        inner = named ? type->record->decl.name : SLICE("record");
    } else if (type_is(type, TYPE_REF)) {
        inner = arena_format(arena, "ref %.*s", SLICE_PRINT(type->process));
    } else if (type_is(type, TYPE_USER)) {
        inner = type->role == NULL
                    ? SLICE("user")
                    : arena_format(arena, "user of %.*s", SLICE_PRINT(type->role->decl.name));
    } else if (type_is_many(type)) {
        inner = SLICE("list");
    } else if (type_is_open(type)) {
        inner = SLICE("any value");
    } else if (!type_is_poison(type)) {
        inner = slice_from_cstr(builtin_names[type->kind]);
    }
    return arena_format(arena, "%s%.*s", around, SLICE_PRINT(inner));
}
