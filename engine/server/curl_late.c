// libcurl, loaded when the engine is to carry calls out. It brings some thirty libraries with it,
// whose relocations cost more than checking a program of a thousand lines, and most commands of
// `rung` never call anything out. Each function here is libcurl's own under its own name: it looks
// the real one up and passes everything on.
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

#include "base/check.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

// NULL: there is no libcurl on this machine. Looking up what is loaded costs a microsecond.
static void *find(const char *name)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    return library != NULL ? dlsym(library, name) : NULL;
}

// A pointer to a function, from what dlsym gives (POSIX; ISO C has no cast for it).
#define REAL(type, name)                                    \
    type real;                                              \
    do {                                                    \
        void *found = find(name);                           \
        CHECK(found != NULL); /* curl_global_init was here */ \
        memcpy(&real, &found, sizeof(real));                \
    } while (0)

CURLcode curl_global_init(long flags)
{
    CURLcode (*real)(long flags);
    void *found = find("curl_global_init");
    if (found == NULL) {
        return CURLE_FAILED_INIT;
    }
    memcpy(&real, &found, sizeof(real));
    return real(flags);
}

CURL *curl_easy_init(void)
{
    typedef CURL *init_fn(void);
    REAL(init_fn *, "curl_easy_init");
    return real();
}

void curl_easy_cleanup(CURL *easy)
{
    typedef void cleanup_fn(CURL *easy);
    REAL(cleanup_fn *, "curl_easy_cleanup");
    real(easy);
}

// One argument follows: a long, a pointer or a curl_off_t, each of which is one machine word here.
_Static_assert(sizeof(void *) == sizeof(long) && sizeof(void *) == sizeof(curl_off_t), "one word");

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    typedef CURLcode setopt_fn(CURL *easy, CURLoption option, ...);
    REAL(setopt_fn *, "curl_easy_setopt");
    va_list list;
    va_start(list, option);
    void *word = va_arg(list, void *);
    va_end(list);
    return real(easy, option, word);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    typedef CURLcode getinfo_fn(CURL *easy, CURLINFO info, ...);
    REAL(getinfo_fn *, "curl_easy_getinfo");
    va_list list;
    va_start(list, info);
    void *word = va_arg(list, void *);
    va_end(list);
    return real(easy, info, word);
}

const char *curl_easy_strerror(CURLcode code)
{
    typedef const char *strerror_fn(CURLcode code);
    REAL(strerror_fn *, "curl_easy_strerror");
    return real(code);
}

CURLM *curl_multi_init(void)
{
    typedef CURLM *init_fn(void);
    REAL(init_fn *, "curl_multi_init");
    return real();
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
    typedef CURLMcode cleanup_fn(CURLM *multi);
    REAL(cleanup_fn *, "curl_multi_cleanup");
    return real(multi);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    typedef CURLMcode setopt_fn(CURLM *multi, CURLMoption option, ...);
    REAL(setopt_fn *, "curl_multi_setopt");
    va_list list;
    va_start(list, option);
    void *word = va_arg(list, void *);
    va_end(list);
    return real(multi, option, word);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    typedef CURLMcode handle_fn(CURLM *multi, CURL *easy);
    REAL(handle_fn *, "curl_multi_add_handle");
    return real(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    typedef CURLMcode handle_fn(CURLM *multi, CURL *easy);
    REAL(handle_fn *, "curl_multi_remove_handle");
    return real(multi, easy);
}

CURLMcode curl_multi_assign(CURLM *multi, curl_socket_t socket, void *known)
{
    typedef CURLMcode assign_fn(CURLM *multi, curl_socket_t socket, void *known);
    REAL(assign_fn *, "curl_multi_assign");
    return real(multi, socket, known);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t socket, int flags, int *running)
{
    typedef CURLMcode action_fn(CURLM *multi, curl_socket_t socket, int flags, int *running);
    REAL(action_fn *, "curl_multi_socket_action");
    return real(multi, socket, flags, running);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    typedef CURLMsg *read_fn(CURLM *multi, int *left);
    REAL(read_fn *, "curl_multi_info_read");
    return real(multi, left);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *line)
{
    typedef struct curl_slist *append_fn(struct curl_slist *list, const char *line);
    REAL(append_fn *, "curl_slist_append");
    return real(list, line);
}

void curl_slist_free_all(struct curl_slist *list)
{
    typedef void free_fn(struct curl_slist *list);
    if (list == NULL) {
        return;
    }
    REAL(free_fn *, "curl_slist_free_all");
    real(list);
}
