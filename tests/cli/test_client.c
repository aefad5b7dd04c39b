// The client against a scripted engine: what it says, and what it does when the line breaks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/pack.h"
#include "engine/cli/client.h"
#include "engine/cli/env.h"
#include "engine/cli/wire.h"

// What the scripted engine does with the n-th request that is not a hello.
enum deed {
    ANSWER,         // with {said: <id of the request>, from: <client>}
    SLOWLY,         // the same, byte by byte
    HANG_UP,        // without an answer
    STOPPING_FIRST, // a refusal that asks to try again
    REFUSE,
    GIBBERISH,
    SILENCE,
    PUSH_FIRST, // a notification, then the answer
    TURN_AWAY,  // no connection more: a refusal, before anything was read, and the end
    END
};

static void put(int fd, struct slice bytes, bool slowly)
{
    size_t step = slowly ? 1 : bytes.len;
    for (size_t at = 0; at < bytes.len; at += step) {
        (void)send(fd, bytes.ptr + at, step, MSG_NOSIGNAL);
        if (slowly) {
            env_sleep_ms(1);
        }
    }
}

static void put_answer(int fd, uint32_t msgid, uint64_t id, struct slice client, bool slowly)
{
    struct buf out;
    buf_init(&out, 4096);
    pack_array(&out, 4);
    pack_uint(&out, 1);
    pack_uint(&out, msgid);
    pack_nil(&out);
    pack_map(&out, 4);
    pack_cstr(&out, "id");
    pack_uint(&out, id);
    pack_cstr(&out, "client");
    pack_str(&out, client);
    pack_cstr(&out, "now");
    pack_uint(&out, 1767603600000);
    pack_cstr(&out, "demo");
    pack_bool(&out, true);
    put(fd, buf_slice(&out), slowly);
    buf_done(&out);
}

static void put_refusal(int fd, uint32_t msgid, const char *code)
{
    struct buf out;
    buf_init(&out, 4096);
    pack_array(&out, 4);
    pack_uint(&out, 1);
    pack_uint(&out, msgid);
    pack_map(&out, 2);
    pack_cstr(&out, "code");
    pack_cstr(&out, code);
    pack_cstr(&out, "message");
    pack_cstr(&out, "not so");
    pack_nil(&out);
    put(fd, buf_slice(&out), false);
    buf_done(&out);
}

static void put_push(int fd)
{
    struct buf out;
    buf_init(&out, 4096);
    pack_array(&out, 3);
    pack_uint(&out, 2);
    pack_cstr(&out, "case");
    pack_array(&out, 1);
    pack_map(&out, 1);
    pack_cstr(&out, "seq");
    pack_uint(&out, 41);
    put(fd, buf_slice(&out), false);
    buf_done(&out);
}

// Serves one connection. Returns how many deeds were done.
static unsigned serve(int fd, const enum deed *deeds, char *client)
{
    struct buf in;
    buf_init(&in, 1 << 20);
    unsigned done = 0;
    while (deeds[done] != END) {
        size_t bytes = 0;
        enum pack_status status =
            in.len > 0 ? pack_scan(buf_slice(&in), 1 << 20, &bytes) : PACK_MORE;
        if (status == PACK_MORE) {
            char *room = buf_reserve(&in, 4096);
            ssize_t got = recv(fd, room, 4096, 0);
            if (got <= 0) {
                break;
            }
            in.len += (size_t)got;
            continue;
        }
        struct unpack unpack;
        unpack_init(&unpack, (struct slice){ in.ptr, bytes });
        (void)unpack_array(&unpack);
        (void)unpack_uint(&unpack);
        uint32_t msgid = (uint32_t)unpack_uint(&unpack);
        bool hello = slice_equal(unpack_str(&unpack), SLICE("hello"));
        struct wire_list params = wire_list(unpack_raw(&unpack));
        struct slice map = SLICE_EMPTY;
        (void)wire_next(&params, &map);
        if (hello) {
            struct slice name = wire_text(map, "client", NULL);
            memset(client, 0, CLIENT_NAME_BYTES + 1);
            memcpy(client, name.ptr, name.len < CLIENT_NAME_BYTES ? name.len : CLIENT_NAME_BYTES);
            put_answer(fd, msgid, 0, SLICE_EMPTY, false);
            buf_consume(&in, bytes);
            continue;
        }
        enum deed deed = deeds[done++];
        uint64_t id = wire_uint(map, "id");
        if (deed == HANG_UP) {
            break;
        }
        switch (deed) {
        case PUSH_FIRST:
            put_push(fd);
            put_answer(fd, msgid, id, slice_from_cstr(client), false);
            break;
        case ANSWER:
        case SLOWLY: put_answer(fd, msgid, id, slice_from_cstr(client), deed == SLOWLY); break;
        case STOPPING_FIRST: put_refusal(fd, msgid, "stopping"); break;
        case REFUSE: put_refusal(fd, msgid, "not_allowed"); break;
        case GIBBERISH: put(fd, SLICE("HTTP/1.1 400 Bad Request\r\n\r\n"), false); break;
        case SILENCE:
        case HANG_UP:
        case TURN_AWAY:
        case END: break;
        }
        buf_consume(&in, bytes);
    }
    buf_done(&in);
    return done;
}

struct engine {
    char path[64];
    pid_t child;
};

static void engine_start(struct engine *engine, const enum deed *deeds)
{
    (void)snprintf(engine->path, sizeof(engine->path), "/tmp/rung-test-client-%ld", (long)getpid());
    (void)unlink(engine->path);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, engine->path, sizeof(engine->path));
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
    engine->child = fork();
    if (engine->child == 0) {
        (void)alarm(30); // whatever becomes of the test
        unsigned done = 0;
        while (deeds[done] != END) {
            char client[CLIENT_NAME_BYTES + 1] = "";
            int fd = accept(listener, NULL, NULL);
            if (deeds[done] == TURN_AWAY) {
                put_refusal(fd, 0, "limit");
                done++;
            } else {
                done += serve(fd, deeds + done, client);
            }
            (void)close(fd);
        }
        env_sleep_ms(200);
        _exit(0);
    }
    (void)close(listener);
}

static void engine_stop(struct engine *engine)
{
    (void)kill(engine->child, 9);
    (void)waitpid(engine->child, NULL, 0);
    (void)unlink(engine->path);
}

// Calls once with id 7 and gives what came.
static bool call(const enum deed *deeds, uint32_t timeout_ms, struct client *client,
                 struct client_reply *reply)
{
    struct engine engine;
    engine_start(&engine, deeds);
    assert_true(client_init(client, slice_from_cstr(engine.path), SLICE("tester")));
    client->timeout_ms = timeout_ms;
    struct params params;
    params_init(&params);
    params_uint(&params, "id", 7);
    bool answered = client_call(client, "comment", params_finish(&params), reply);
    params_done(&params);
    engine_stop(&engine);
    return answered;
}

static void an_answer_in_pieces_is_put_together(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_true(call((const enum deed[]){ SLOWLY, END }, 5000, &client, &reply));
    assert_false(reply.refused);
    assert_int_equal(wire_uint(reply.result, "id"), 7);
    assert_true(client.demo);
    assert_true(client_now_ms(&client) >= 1767603600000 && client_now_ms(&client) < 1767603660000);
    client_done(&client);
}

static void a_broken_line_says_the_request_again_under_the_same_id(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_true(call((const enum deed[]){ HANG_UP, HANG_UP, ANSWER, END }, 5000, &client, &reply));
    assert_int_equal(wire_uint(reply.result, "id"), 7);
    assert_true(slice_equal(wire_text(reply.result, "client", NULL), SLICE("tester")));
    client_done(&client);
}

static void a_stopping_engine_is_asked_again(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_true(call((const enum deed[]){ STOPPING_FIRST, STOPPING_FIRST, ANSWER, END }, 5000,
                     &client, &reply));
    assert_false(reply.refused);
    client_done(&client);
}

static void a_refusal_is_handed_out_at_once(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_true(call((const enum deed[]){ REFUSE, END }, 5000, &client, &reply));
    assert_true(reply.refused);
    assert_true(slice_equal(reply.code, SLICE("not_allowed")));
    assert_true(slice_equal(reply.message, SLICE("not so")));
    client_done(&client);
}

// Whether the request was still taken or not, what the engine said is told.
static void why_an_engine_turns_a_client_away_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct client client;
        struct client_reply reply;
        assert_false(call((const enum deed[]){ TURN_AWAY, END }, 5000, &client, &reply));
        assert_non_null(strstr(client.problem, "turns this client away: not so (limit)"));
        client_done(&client);
    }
}

static void notifications_between_do_not_disturb(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_true(call((const enum deed[]){ PUSH_FIRST, END }, 5000, &client, &reply));
    assert_int_equal(wire_uint(reply.result, "id"), 7);
    client_done(&client);
}

static void silence_ends_with_the_time_out(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    uint64_t before = env_steady_ms();
    assert_false(call((const enum deed[]){ SILENCE, SILENCE, END }, 300, &client, &reply));
    assert_in_range(env_steady_ms() - before, 290, 3000);
    assert_string_equal(client.problem, "the engine does not answer");
    client_done(&client);
}

static void another_protocol_is_recognised(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_false(call((const enum deed[]){ GIBBERISH, GIBBERISH, GIBBERISH, GIBBERISH, GIBBERISH,
                                           GIBBERISH, GIBBERISH, GIBBERISH, END },
                      200, &client, &reply));
    client_done(&client);
}

static void no_engine_is_told_at_once(void **state)
{
    (void)state;
    struct client client;
    struct client_reply reply;
    assert_true(client_init(&client, SLICE("/tmp/rung-test-no-such-socket"), SLICE_EMPTY));
    struct params params;
    params_init(&params);
    uint64_t before = env_steady_ms();
    assert_false(client_call(&client, "stats", params_finish(&params), &reply));
    assert_true(env_steady_ms() - before < 1000);
    assert_non_null(strstr(client.problem, "no engine listens on /tmp/rung-test-no-such-socket"));
    params_done(&params);
    client_done(&client);
}

static void names_are_random_unless_given(void **state)
{
    (void)state;
    struct client a;
    struct client b;
    assert_true(client_init(&a, SLICE("/tmp/x"), SLICE_EMPTY));
    assert_true(client_init(&b, SLICE("/tmp/x"), SLICE_EMPTY));
    assert_string_not_equal(a.name, b.name);
    client_done(&a);
    client_done(&b);
    char path[200];
    memset(path, 'x', sizeof(path));
    assert_false(client_init(&a, slice_make(path, 108), SLICE_EMPTY));
    client_done(&a);
    assert_false(client_init(&a, SLICE("/tmp/x"), slice_make(path, 65)));
    client_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_in_pieces_is_put_together),
        cmocka_unit_test(a_broken_line_says_the_request_again_under_the_same_id),
        cmocka_unit_test(a_stopping_engine_is_asked_again),
        cmocka_unit_test(a_refusal_is_handed_out_at_once),
        cmocka_unit_test(why_an_engine_turns_a_client_away_is_told),
        cmocka_unit_test(notifications_between_do_not_disturb),
        cmocka_unit_test(silence_ends_with_the_time_out),
        cmocka_unit_test(another_protocol_is_recognised),
        cmocka_unit_test(no_engine_is_told_at_once),
        cmocka_unit_test(names_are_random_unless_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
