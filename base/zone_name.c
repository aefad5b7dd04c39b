#include "base/zone_name.h"

bool zone_name_ok(struct slice name)
{
    char before = '/';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool word = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '+' || c == '-';
        if (!word && (c != '/' || before == '/')) {
            return false;
        }
        before = c;
    }
    return name.len > 0 && name.len <= ZONE_NAME_BYTES_MAX && before != '/';
}
