// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Linked into the coverage build alone (mk/coverage.mk). Tests end most agents by SIGKILL,
 * and with it goes what gcov counted: a thread writes it out all the time. Children that
 * end by _exit() would not write it either.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_NS 200000000L

void __gcov_dump(void);
void __gcov_reset(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

static pthread_mutex_t dumping = PTHREAD_MUTEX_INITIALIZER;

static void *dump_again_and_again(void *unused)
{
	static const struct timespec interval = {.tv_nsec = INTERVAL_NS};

	(void)unused;
	for (;;) {
		nanosleep(&interval, NULL);
		pthread_mutex_lock(&dumping);
		__gcov_dump();
		__gcov_reset();
		pthread_mutex_unlock(&dumping);
	}
	return NULL;
}

/* gcov itself writes at the end, after this: the two must not meet in one file. */
static void stop_dumping(void)
{
	pthread_mutex_lock(&dumping);
}

/* The linker leads _exit() here by --wrap. */
_Noreturn void __wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}

/* With every signal blocked: they are for the program. */
__attribute__((constructor)) static void start_dumping(void)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!pthread_create(&thread, NULL, dump_again_and_again, NULL))
		atexit(stop_dumping);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
