#include "tests/check.h"

#include <pthread.h>

#include "sched/clock.h"
#include "sched/mailbox.h"

typedef struct letter {
    cp_mail mail;
    int producer;
    int number;
} letter;

static void receive_nothing(cp_mail *own, void *owner)
{
    (void)own;
    (void)owner;
}

static void an_empty_mailbox_gives_nothing(void **state)
{
    (void)state;
    cp_mailbox mailbox;
    cp_mailbox_init(&mailbox);
    assert_true(cp_mailbox_is_empty(&mailbox));
    assert_null(cp_mailbox_take_all(&mailbox));
}

static void only_the_first_push_says_that_it_was_empty(void **state)
{
    (void)state;
    cp_mailbox mailbox;
    cp_mailbox_init(&mailbox);
    letter letters[3] = {{.mail.receive = receive_nothing},
                         {.mail.receive = receive_nothing},
                         {.mail.receive = receive_nothing}};
    assert_true(cp_mailbox_push(&mailbox, &letters[0].mail));
    assert_false(cp_mailbox_push(&mailbox, &letters[1].mail));
    assert_false(cp_mailbox_is_empty(&mailbox));
    assert_non_null(cp_mailbox_take_all(&mailbox));
    assert_true(cp_mailbox_push(&mailbox, &letters[2].mail));
    assert_non_null(cp_mailbox_take_all(&mailbox));
}

static void messages_are_taken_in_the_order_of_arrival(void **state)
{
    (void)state;
    enum { count = 100 };
    cp_mailbox mailbox;
    cp_mailbox_init(&mailbox);
    letter letters[count];
    for (int i = 0; i < count; i++) {
        letters[i] = (letter){.mail.receive = receive_nothing, .number = i};
        (void)cp_mailbox_push(&mailbox, &letters[i].mail);
    }
    cp_mail *mail = cp_mailbox_take_all(&mailbox);
    for (int i = 0; i < count; i++) {
        assert_ptr_equal(mail, &letters[i].mail);
        mail = mail->next;
    }
    assert_null(mail);
}

enum { producers = 4, letters_each = 20000 };

typedef struct post_office {
    cp_mailbox mailbox;
    cp_wake wake;
    _Atomic int kicks;
    letter *letters;
} post_office;

typedef struct producer {
    post_office *office;
    int index;
} producer;

static void *push_letters(void *context)
{
    producer *self = context;
    post_office *office = self->office;
    for (int i = 0; i < letters_each; i++) {
        letter *next = &office->letters[self->index * letters_each + i];
        *next = (letter){.mail.receive = receive_nothing, .producer = self->index, .number = i};
        if (cp_mailbox_push(&office->mailbox, &next->mail)) {
            atomic_fetch_add(&office->kicks, 1);
            cp_wake_signal(&office->wake);
        }
    }
    return NULL;
}

static void no_message_of_many_threads_is_lost_or_overtaken(void **state)
{
    (void)state;
    post_office office;
    cp_mailbox_init(&office.mailbox);
    assert_true(cp_wake_init(&office.wake));
    atomic_init(&office.kicks, 0);
    office.letters = malloc(sizeof(letter) * producers * letters_each);
    assert_non_null(office.letters);
    pthread_t threads[producers];
    producer selves[producers];
    for (int i = 0; i < producers; i++) {
        selves[i] = (producer){&office, i};
        assert_int_equal(pthread_create(&threads[i], NULL, push_letters, &selves[i]), 0);
    }
    int next[producers] = {0};
    int received = 0;
    int batches = 0;
    while (received < producers * letters_each) {
        cp_mail *mail = cp_mailbox_take_all(&office.mailbox);
        if (mail == NULL) {
            cp_wake_wait(&office.wake); /* a push into the empty box signals: never for ever */
            continue;
        }
        batches++;
        for (; mail != NULL; mail = mail->next) {
            letter *got = CP_CONTAINER_OF(mail, letter, mail);
            assert_int_equal(got->number, next[got->producer]);
            next[got->producer]++;
            received++;
        }
    }
    for (int i = 0; i < producers; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&office.kicks), batches);
    assert_true(cp_mailbox_is_empty(&office.mailbox));
    free(office.letters);
    cp_wake_destroy(&office.wake);
}

CP_TEST_MAIN(cmocka_unit_test(an_empty_mailbox_gives_nothing),
             cmocka_unit_test(only_the_first_push_says_that_it_was_empty),
             cmocka_unit_test(messages_are_taken_in_the_order_of_arrival),
             cmocka_unit_test(no_message_of_many_threads_is_lost_or_overtaken))
