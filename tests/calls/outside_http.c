// An outside system as calls may meet it, on a free port of loopback. It prints its port, then two
// lines a request: path, key, token, body; then "=", method, path, and what some headers say. What
// it answers, the path says.
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 256 * 1024, HUGE_BYTES = 4 * 1024 * 1024 };

static char request[REQUEST_BYTES_MAX + 1];

static void say(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void answer(int fd, const char *status, const char *more, const char *body)
{
    char head[400];
    int len = snprintf(head, sizeof(head),
                       "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
                       strlen(body), more);
    say(fd, head, (size_t)len);
    say(fd, body, strlen(body));
}

static void answer_without_end(int fd) // no length: until the other side hangs up
{
    static char spaces[64 * 1024];
    memset(spaces, ' ', sizeof(spaces));
    static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    say(fd, head, sizeof(head) - 1);
    for (int i = 0; i < HUGE_BYTES / (int)sizeof(spaces); i++) {
        say(fd, spaces, sizeof(spaces));
    }
}

// The whole request in `request`; its body. NULL: it did not come.
static const char *hear(int fd)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = recv(fd, request + len, REQUEST_BYTES_MAX - len, 0);
        if (got <= 0) {
            return NULL;
        }
        len += (size_t)got;
        request[len] = '\0';
        char *end = strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        if (end != NULL && len >= (size_t)(end + 4 - request) + body) {
            return end + 4;
        }
    }
}

static void line_of(const char *name, char *to, size_t bytes)
{
    const char *at = strstr(request, name);
    to[0] = '\0';
    if (at != NULL) {
        size_t len = strcspn(at + strlen(name), "\r\n");
        len = len < bytes ? len : bytes - 1;
        memcpy(to, at + strlen(name), len);
        to[len] = '\0';
    }
}

// How many of these are under way together: each is answered by a process of its own, later.
static void answer_together(int fd)
{
    static int together;
    while (together > 0 && waitpid(-1, NULL, WNOHANG) > 0) {
        together--;
    }
    together++;
    (void)printf("together %d\n", together);
    (void)fflush(stdout);
    if (fork() == 0) {
        (void)poll(NULL, 0, 700);
        answer(fd, "200 OK", "", "{}");
        (void)close(fd);
        _exit(0);
    }
}

static void answer_shop(int fd, const char *path, const char *token)
{
    static int later;
    char text[300];
    if (strncmp(path, "/shop/v1/orders/", 16) == 0) {
        answer(fd, "200 OK", "X-Seen: 2026-03-04T10:00:00Z\r\n",
               "{\"sum\":\"99.90\",\"currency\":\"EUR\",\"lines\":[{\"id\":1},{\"id\":2}],"
               "\"ready\":true}");
    } else if (strcmp(path, "/shop/later") == 0) {
        answer(fd, "200 OK", "", later++ < 1 ? "{\"state\":\"later\"}" : "{\"state\":\"yes\"}");
    } else if (strcmp(path, "/shop/no_") == 0) {
        answer(fd, "200 OK", "", "{\"state\":\"no\",\"why\":\"sold out\"}");
    } else if (strcmp(path, "/shop/gone") == 0) {
        answer(fd, "503 No", "", "");
    } else if (strcmp(path, "/shop/echo") == 0) {
        (void)snprintf(text, sizeof(text), "you said %s", token);
        answer(fd, "200 OK", "", text);
    } else {
        answer(fd, "200 OK", "", "{}");
    }
}

// The bank of docs/connectors.md.
static void answer_bank(int fd, const char *path, const char *body)
{
    static int asked;
    if (strcmp(path, "/v2/invoices") == 0 && strstr(body, "sum=1+EUR") != NULL) {
        answer(fd, "200 OK", "", "{\"ok\":false,\"error\":\"too small a sum\"}");
    } else if (strcmp(path, "/v2/invoices") == 0) {
        answer(fd, "200 OK", "", "{\"ok\":true,\"id\":\"I-7\"}");
    } else if (strncmp(path, "/v2/invoices/7%2F26?", 20) != 0) {
        answer(fd, "404 Not Found", "", "");
    } else {
        answer(fd, "200 OK", "", asked++ < 1 ? "{}"
                                             : "{\"paid\":{\"value\":120.50,\"currency\":\"EUR\","
                                               "\"at\":\"2026-03-04T10:11:12Z\"}}");
    }
}

static void serve(int fd)
{
    static int flaky, lost;
    char method[20], path[200], key[100], token[100], type[100], note[100], evil[100];
    const char *body = hear(fd);
    if (body == NULL) {
        return;
    }
    size_t method_len = strcspn(request, " \r");
    method_len = method_len < sizeof(method) ? method_len : sizeof(method) - 1;
    memcpy(method, request, method_len);
    method[method_len] = '\0';
    line_of(" ", path, sizeof(path));
    path[strcspn(path, " ")] = '\0';
    line_of("Idempotency-Key: ", key, sizeof(key));
    line_of(strstr(request, "X-Token: ") != NULL ? "X-Token: " : "Authorization: ", token,
            sizeof(token));
    line_of("Content-Type: ", type, sizeof(type));
    line_of(strstr(request, "X-Note: ") != NULL ? "X-Note: " : "X-Case: ", note, sizeof(note));
    line_of("X-Evil: ", evil, sizeof(evil));
    (void)printf("%s %s %s %s\n", path, key, token, body);
    (void)printf("= %s %s type=%s note=%s evil=%s\n", method, path, type, note, evil);
    (void)fflush(stdout);
    if (strncmp(path, "/v2/", 4) == 0) {
        answer_bank(fd, path, body);
    } else if (strncmp(path, "/shop/", 6) == 0) {
        answer_shop(fd, path, token);
    } else if (strcmp(path, "/together") == 0) {
        answer_together(fd);
    } else if (strcmp(path, "/flaky") == 0 && flaky++ < 2) {
        answer(fd, "500 No", "", "");
    } else if (strcmp(path, "/lost") == 0 && lost++ < 1) {
        return; // done, and nobody hears of it
    } else if (strcmp(path, "/slow") == 0) {
        (void)sleep(3);
        answer(fd, "200 OK", "", "{}");
    } else if (strcmp(path, "/moved") == 0) {
        answer(fd, "302 Found", "Location: http://10.0.0.1/secret\r\n", "");
    } else if (strcmp(path, "/huge") == 0) {
        answer_without_end(fd);
    } else if (strcmp(path, "/wrong") == 0) {
        answer(fd, "400 Bad", "", "{}");
    } else if (strcmp(path, "/words") == 0) {
        answer(fd, "200 OK", "", "thank you");
    } else {
        answer(fd, "200 OK", "", "{\"id\":\"7\",\"total\":{\"sum\":\"120.50 EUR\",\"n\":[1,2]}}");
    }
}

int main(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, len) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        return 1;
    }
    (void)printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            return 1;
        }
        const struct timeval wait = { 5, 0 };
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        serve(fd);
        (void)close(fd);
    }
}
