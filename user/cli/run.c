// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret run: the agent. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../agent/standby.h"
#include "../base/log.h"
#include "../kernel/kernel.h"
#include "../subject/cgroup.h"
#include "once.h"

static int stop_signals(struct error *error)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	/* The reader of the log may end: writing to it must not end the agent. */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	return fd < 0 ? error_set(error, -errno, "cannot wait for signals: %s", strerror(errno)) : fd;
}

int command_run(const struct command *command, int argc, char **argv)
{
	struct agent_options agent_options = {};
	struct standby standby = {};
	struct options options;
	struct error error;
	int rc, stop_fd;

	options_parse(command, argc, argv, &options);
	log_begin(options.json_log);
	if (!options.policy_count) {
		log_say(LOG_LEVEL_ERROR, "which policy? egret run --policy FILE");
		return EXIT_USAGE;
	}
	if (options.once && options.detach_on_exit) {
		log_say(LOG_LEVEL_ERROR, "--once ends as soon as it has attached; leave --detach-on-exit out");
		return EXIT_USAGE;
	}
	if (options.fallback && strcmp(options.fallback, "closed") != 0 && strcmp(options.fallback, "audit") != 0) {
		log_say(LOG_LEVEL_ERROR, "--fallback (EGRET_FALLBACK) is audit or closed, not \"%s\"",
			options.fallback);
		return EXIT_USAGE;
	}
	options_of_policy(&options, &agent_options.policy);
	agent_options.instance = options.instance;
	agent_options.cgroup = options.cgroup ? options.cgroup : "/";
	agent_options.layers = true;
	agent_options.audit = options.audit;
	agent_options.standby = &standby;
	agent_options.state = options.state;
	agent_options.ocsf = options.ocsf;
	agent_options.detach_on_exit = options.detach_on_exit;
	agent_options.fallback_closed = options.fallback && !strcmp(options.fallback, "closed");
	agent_options.resolve_inflight = options.resolve_inflight;
	agent_options.resolve_rate = options.resolve_rate;
	agent_options.probation_sec = options.probation_sec;
	rc = kernel_supported(&error);
	if (!rc)
		collect_finished();
	if (!rc)
		rc = cgroup_open(agent_options.cgroup, &agent_options.cgroup_fd, &error);
	if (rc) {
		fail(rc, &error);
		return EXIT_CANNOT;
	}
	agent_options.node = !strcmp(options.instance, "node") || cgroup_is_root(agent_options.cgroup_fd);
	if (options.once) {
		rc = run_once(&options, &agent_options);
		close(agent_options.cgroup_fd);
		return rc;
	}
	stop_fd = stop_signals(&error);
	rc = stop_fd < 0 ? stop_fd : standby_begin(&standby, options.state, options.instance, &error);
	if (!rc)
		rc = agent_live(&agent_options, stop_fd, &error);
	standby_end(&standby);
	if (stop_fd >= 0)
		close(stop_fd);
	close(agent_options.cgroup_fd);
	return rc ? fail(rc, &error) : EXIT_YES;
}
