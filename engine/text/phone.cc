#include "engine/text/phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// No exception may cross into C.
extern "C" __attribute__((visibility("default"))) bool
phone_normalise(const char *text, unsigned long text_len, const char region[3], char ret_phone[24])
{
    try {
        PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
        PhoneNumber number;
        std::string input(text, text_len);
        if (util->Parse(input, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
            !util->IsPossibleNumber(number)) {
            return false;
        }
        std::string formatted;
        util->Format(number, PhoneNumberUtil::E164, &formatted);
        if (formatted.size() >= 24) {
            return false;
        }
        std::memcpy(ret_phone, formatted.c_str(), formatted.size() + 1);
        return true;
    } catch (...) {
        return false;
    }
}
