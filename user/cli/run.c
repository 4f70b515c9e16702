// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret run: the agent. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../base/notify.h"
#include "../kernel/kernel.h"
#include "../subject/cgroup.h"

static int stop_signals(struct error *error)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	/* Who reads the log may go away; the agent stays. */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	return fd < 0 ? error_set(error, -errno, "cannot wait for signals: %s", strerror(errno)) : fd;
}

static bool asks_to_reload(int stop_fd)
{
	struct signalfd_siginfo signal;

	return read(stop_fd, &signal, sizeof(signal)) == sizeof(signal) && signal.ssi_signo == SIGHUP;
}

/* A policy with an error changes nothing. */
static void reload(struct agent **agent)
{
	struct diag diag = {};
	struct error error;
	int rc = agent_reload(agent, &diag, &error);

	diag_print(&diag, stderr);
	if (rc) {
		fprintf(stderr, "egret: %s; the policy that runs goes on%s\n", error.text,
			rc == -EAGAIN ? ", and the new one is tried again" : "");
		agent_note_problem(*agent, &diag, &error);
	}
	diag_clear(&diag);
}

/* While the agent still holds the instance: what has its name later may be another one. */
static int say_goodbye(const struct options *options, struct kernel *kernel, struct error *error)
{
	if (!options->detach_on_exit) {
		fprintf(stderr, "egret: the agent ends; instance %s stays attached and %s (egret detach opens it)\n",
			options->instance, kernel_config(kernel)->audit ? "audits" : "enforces");
		return 0;
	}
	if (kernel_take_down(kernel, error))
		return -EIO;
	fprintf(stderr, "egret: instance %s is taken down\n", options->instance);
	return 0;
}

static int govern(const struct options *words, const struct agent_options *options, int stop_fd, struct diag *diag,
		  struct error *error)
{
	struct agent *agent;
	int rc;

	rc = agent_new(options, &agent, diag, error);
	if (rc)
		return rc;
	rc = agent_resolve(agent, error);
	if (!rc)
		rc = agent_enforce(agent, diag, error);
	if (!rc)
		notify_manager("READY=1");
	diag_print(diag, stderr);
	diag_clear(diag);
	while (!rc) {
		rc = agent_serve(agent, stop_fd, error);
		if (rc < 0 || (!rc && !asks_to_reload(stop_fd)))
			break;
		reload(&agent);
		rc = 0;
	}
	if (!rc)
		rc = say_goodbye(words, agent_kernel(agent), error);
	agent_free(agent);
	return rc;
}

int command_run(const struct command *command, int argc, char **argv)
{
	struct agent_options agent_options = {};
	struct options options;
	struct diag diag = {};
	struct error error;
	int rc, stop_fd;

	options_parse(command, argc, argv, &options);
	if (!options.policy_count) {
		fprintf(stderr, "egret: which policy? egret run --policy FILE\n");
		return EXIT_USAGE;
	}
	options_of_policy(&options, &agent_options.policy);
	agent_options.instance = options.instance;
	agent_options.cgroup = options.cgroup ? options.cgroup : "/";
	agent_options.audit = options.audit;
	agent_options.watch = true;
	agent_options.resolve_inflight = options.resolve_inflight;
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
	stop_fd = stop_signals(&error);
	rc = stop_fd < 0 ? stop_fd : govern(&options, &agent_options, stop_fd, &diag, &error);
	if (stop_fd >= 0)
		close(stop_fd);
	close(agent_options.cgroup_fd);
	if (!rc)
		return EXIT_YES;
	if (diag.entries)
		diag_print(&diag, stderr);
	diag_clear(&diag);
	return fail(rc, &error);
}
