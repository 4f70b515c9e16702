// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/loop.h"
#include "../base/notify.h"
#include "answers.h"
#include "confine.h"
#include "history.h"
#include "http.h"
#include "listen.h"

static int stop_signals(struct error *error)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN); /* the reader of the log may end */
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	return fd < 0 ? error_set(error, -errno, "cannot wait for signals: %s", strerror(errno)) : fd;
}

static void stop(void *context)
{
	loop_stop(context);
}

struct pulse {
	struct loop *loop;
	struct loop_timer timer;
	struct answers *answers;
};

static void note_history(void *context)
{
	struct pulse *pulse = context;

	answers_note_history(pulse->answers);
	loop_timer_set(pulse->loop, &pulse->timer, clock_now_ns() + HISTORY_INTERVAL_SEC * CLOCK_NS_PER_SEC,
		       note_history, pulse);
}

/* All that needs a right comes first. */
static int confine(const char *listen, struct error *error)
{
	int rc = confine_rights(error);

	if (rc)
		return rc;
	fprintf(stderr, "egret serve: listens on %s, as uid %u\n", listen, geteuid());
	notify_manager("READY=1");
	return confine_calls(error);
}

static int run(struct loop *loop, struct answers *answers, const char *listen, int stop_fd, struct error *error)
{
	struct http *http = http_new(loop, answers_give, answers);
	struct pulse pulse = {.loop = loop, .answers = answers};
	struct loop_fd stopping = {};
	int rc = http ? listen_on(http, listen, error) : error_set(error, -ENOMEM, "out of memory");

	if (!rc)
		rc = confine(listen, error);
	if (!rc) {
		answers_set_http(answers, http);
		loop_fd_add(loop, &stopping, stop_fd, stop, loop);
		note_history(&pulse);
		rc = loop_run(loop);
		loop_timer_stop(&pulse.timer);
		loop_fd_remove(&stopping);
		if (rc)
			error_set(error, rc, "cannot wait for clients: %s", strerror(-rc));
	}
	http_free(http);
	return rc;
}

int serve_run(const char *instance, const char *listen, struct error *error)
{
	struct answers *answers = answers_new(instance);
	struct loop *loop = loop_new();
	int stop_fd = stop_signals(error), rc = stop_fd < 0 ? stop_fd : 0;

	if (!rc && (!answers || !loop))
		rc = error_set(error, -ENOMEM, "out of memory");
	if (!rc)
		rc = run(loop, answers, listen, stop_fd, error);
	if (stop_fd >= 0)
		close(stop_fd);
	answers_free(answers);
	loop_free(loop);
	return rc;
}
