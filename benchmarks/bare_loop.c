/* The bare loop that a sender is held against: sleep to an absolute time, spin the last stretch, look at the clock.
 *
 *     bare_loop PERIOD_NS WAITS SPIN_NS PRIORITY
 *
 * PRIORITY 0 is that of any program, else SCHED_FIFO's. Prints the median, the 99th percentile and the worst lateness in
 * nanoseconds. Exit status 1: wrong arguments, or no memory; 2: the priority was refused.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const long long SECOND = 1000000000LL;

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * SECOND + at.tv_nsec;
}

static int by_size(const void *left, const void *right)
{
    long long a = *(const long long *)left, b = *(const long long *)right;
    return (a > b) - (a < b);
}

int main(int count, char **arguments)
{
    if (count != 5)
        return 1;
    long long period = atoll(arguments[1]), waits = atoll(arguments[2]), spin = atoll(arguments[3]);
    struct sched_param priority = {.sched_priority = atoi(arguments[4])};
    if (period <= 0 || waits <= 0)
        return 1;
    if (priority.sched_priority && sched_setscheduler(0, SCHED_FIFO, &priority))
        return 2;
    long long *late = calloc((size_t)waits, sizeof *late);
    if (!late)
        return 1;
    long long due = now();
    for (long long wait = 0; wait < waits; wait++) {
        due += period;
        struct timespec until = {(due - spin) / SECOND, (due - spin) % SECOND};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
            ;
        long long at;
        while ((at = now()) < due)
            ;
        late[wait] = at - due;
    }
    qsort(late, (size_t)waits, sizeof *late, by_size);
    printf("%lld %lld %lld\n", late[(waits - 1) / 2], late[(waits * 99 + 99) / 100 - 1], late[waits - 1]);
    return 0;
}
