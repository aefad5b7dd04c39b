// A mail server as letters may meet it, on a free port of loopback. It prints its port, then each
// letter that it takes: a line `LETTER SENDER RECIPIENTS`, its lines behind a bar. What it answers,
// the recipient says: later@ is refused for now twice, never@ for good, lost@ is taken
// and the answer lost once, slow@ is answered too late.
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LINE_BYTES = 2000 };

struct peer {
    int fd;
    char bytes[LINE_BYTES];
    size_t len;
};

static void say(int fd, const char *line)
{
    size_t len = strlen(line);
    if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len) {
        (void)fprintf(stderr, "a line was not taken\n");
    }
}

// The next line, without its end. False: the other side is gone.
static bool hear(struct peer *peer, char line[LINE_BYTES])
{
    for (;;) {
        const char *end = memchr(peer->bytes, '\n', peer->len);
        if (end != NULL) {
            size_t len = (size_t)(end - peer->bytes);
            memcpy(line, peer->bytes, len);
            line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
            memmove(peer->bytes, end + 1, peer->len - len - 1);
            peer->len -= len + 1;
            return true;
        }
        ssize_t got = recv(peer->fd, peer->bytes + peer->len, LINE_BYTES - peer->len - 1, 0);
        if (got <= 0) {
            return false;
        }
        peer->len += (size_t)got;
    }
}

static bool is_to(const char *line, const char *name) { return strstr(line, name) != NULL; }

// Takes the letter. False: hang up.
static bool take_letter(struct peer *peer, const char *sender, const char *recipients)
{
    static int lost;
    char line[LINE_BYTES];
    say(peer->fd, "354 go on\r\n");
    (void)printf("LETTER %s %s\n", sender, recipients);
    while (hear(peer, line) && strcmp(line, ".") != 0) {
        (void)printf("| %s\n", line);
    }
    (void)fflush(stdout);
    if (is_to(recipients, "lost@") && lost++ < 1) {
        return false; // taken, and nobody hears of it
    }
    if (is_to(recipients, "slow@")) {
        (void)sleep(3);
    }
    say(peer->fd, "250 taken\r\n");
    return true;
}

// One more behind those before; one too many is left out, as a bound of this server.
static void add_recipient(char recipients[LINE_BYTES], const char *name)
{
    size_t used = strlen(recipients), len = strnlen(name, 200);
    if (used + len < LINE_BYTES) {
        memcpy(recipients + used, name, len);
        recipients[used + len] = '\0';
    }
}

static void serve(struct peer *peer)
{
    static int later;
    char line[LINE_BYTES], sender[LINE_BYTES] = "", recipients[LINE_BYTES] = "";
    say(peer->fd, "220 mail.example ESMTP\r\n");
    while (hear(peer, line)) {
        if (strncmp(line, "MAIL FROM:", 10) == 0) {
            (void)snprintf(sender, sizeof(sender), "%.200s", line + 10);
        } else if (strncmp(line, "RCPT TO:", 8) == 0) {
            if (is_to(line, "later@") && later++ < 2) {
                say(peer->fd, "450 not now\r\n");
                continue;
            }
            if (is_to(line, "never@")) {
                say(peer->fd, "550 nobody of that name\r\n");
                continue;
            }
            add_recipient(recipients, line + 8);
        } else if (strcmp(line, "DATA") == 0) {
            if (!take_letter(peer, sender, recipients)) {
                return;
            }
            continue;
        } else if (strcmp(line, "QUIT") == 0) {
            say(peer->fd, "221 bye\r\n");
            return;
        } else if (strncmp(line, "AUTH", 4) == 0) {
            (void)printf("PASSWORD IN THE CLEAR\n");
            (void)fflush(stdout);
        }
        say(peer->fd, strncmp(line, "EHLO", 4) == 0 ? "250-mail.example\r\n250 AUTH PLAIN\r\n"
                                                    : "250 fine\r\n");
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
        struct peer peer = { .fd = accept(listener, NULL, NULL) };
        if (peer.fd < 0) {
            return 1;
        }
        const struct timeval wait = { 5, 0 };
        (void)setsockopt(peer.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        serve(&peer);
        (void)close(peer.fd);
    }
}
