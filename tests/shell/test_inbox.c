// The queue between two threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/shell/inbox.h"

static void ring(void *context) { (*(int *)context)++; }

static void things_come_out_as_they_went_in_round_and_round(void **state)
{
    (void)state;
    struct inbox inbox;
    int items[7];
    inbox_init(&inbox, 4, (struct doorbell){ NULL, NULL });
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < 3; i++) {
            assert_true(inbox_push(&inbox, &items[i]));
        }
        for (int i = 0; i < 3; i++) {
            assert_ptr_equal(inbox_take(&inbox), &items[i]);
        }
        assert_null(inbox_take(&inbox));
    }
    inbox_done(&inbox);
}

static void a_full_queue_takes_nothing_more(void **state)
{
    (void)state;
    struct inbox inbox;
    int item = 0;
    inbox_init(&inbox, 4, (struct doorbell){ NULL, NULL });
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(inbox_room(&inbox), 4 - i);
        assert_true(inbox_push(&inbox, &item));
    }
    assert_false(inbox_push(&inbox, &item));
    (void)inbox_take(&inbox);
    assert_true(inbox_push(&inbox, &item));
    inbox_done(&inbox);
}

static void the_bell_rings_once_and_only_for_a_sleeper(void **state)
{
    (void)state;
    struct inbox inbox;
    int item = 0;
    int rings = 0;
    inbox_init(&inbox, 4, (struct doorbell){ ring, &rings });
    (void)inbox_push(&inbox, &item);
    inbox_ring(&inbox);
    assert_int_equal(rings, 0);
    assert_false(inbox_sleep(&inbox)); // something is there: no sleep
    (void)inbox_take(&inbox);
    assert_true(inbox_sleep(&inbox));
    (void)inbox_push(&inbox, &item);
    (void)inbox_push(&inbox, &item);
    inbox_ring(&inbox);
    inbox_ring(&inbox);
    assert_int_equal(rings, 1);
    inbox_done(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_come_out_as_they_went_in_round_and_round),
        cmocka_unit_test(a_full_queue_takes_nothing_more),
        cmocka_unit_test(the_bell_rings_once_and_only_for_a_sleeper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
