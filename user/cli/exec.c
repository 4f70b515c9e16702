// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * egret exec: one command under a policy, in a cgroup of its own. The pins stay
 * until the cgroup is empty: a command that outlives egret is governed on.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kernel/kernel.h"
#include "../subject/cgroup.h"
#include "denials.h"
#include "sandbox.h"

struct job {
	struct options options;
	char instance[64];
	char cgroup_name[80];
	char cgroup_path[CGROUP_PATH_SIZE];
	int parent_fd, cgroup_fd;
	struct agent *agent;
	pid_t pid;
};

/* The signal handler's only argument. */
static volatile sig_atomic_t command_pid;

static void pass_on(int signal)
{
	if (command_pid > 0)
		kill(command_pid, signal);
}

/* A terminal sends its signals to the command as well; others send them to egret only. */
static void pass_signals(void)
{
	static const int passed[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
	struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaction(passed[i], &action, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

static int make_cgroup(struct job *job, struct error *error)
{
	char own[CGROUP_PATH_SIZE];
	const char *parent = job->options.cgroup;
	int rc;

	if (!parent) {
		rc = cgroup_of_self(own, sizeof(own), error);
		if (rc)
			return rc;
		parent = own;
	}
	rc = cgroup_open(parent, &job->parent_fd, error);
	if (rc)
		return rc;
	snprintf(job->cgroup_name, sizeof(job->cgroup_name), EXEC_CGROUP_PREFIX "%s", job->instance);
	rc = cgroup_make(job->parent_fd, job->cgroup_name, &job->cgroup_fd, error);
	if (rc)
		return rc;
	rc = cgroup_path_of_fd(job->cgroup_fd, job->cgroup_path, sizeof(job->cgroup_path));
	if (rc)
		return error_set(error, rc, "cannot tell the path of the cgroup %s: %s", job->cgroup_name,
				 strerror(-rc));
	return 0;
}

static int prepare(struct job *job, struct diag *diag, struct error *error)
{
	struct agent_options options = {
	    .instance = job->instance,
	    .cgroup = job->cgroup_path,
	    .cgroup_fd = job->cgroup_fd,
	    .audit = job->options.audit,
	    .quiet = true,
	    .resolve_inflight = job->options.resolve_inflight,
	};
	int rc;

	options_of_policy(&job->options, &options.policy);
	rc = agent_new(&options, &job->agent, diag, error);
	if (!rc)
		rc = agent_resolve(job->agent, error);
	if (!rc)
		rc = agent_enforce(job->agent, diag, error);
	return rc;
}

static int start(struct job *job, struct error *error)
{
	pid_t parent = getpid();

	job->pid = fork();
	if (job->pid < 0)
		return error_set(error, -errno, "cannot start a process: %s", strerror(errno));
	if (!job->pid)
		_exit(sandbox_run(job->cgroup_fd, parent, job->options.arguments));
	command_pid = job->pid;
	return 0;
}

static int wait_for(struct job *job, struct error *error)
{
	/* pidfd_open: 5.3 */
	int fd = syscall(SYS_pidfd_open, job->pid, 0), rc, status;

	if (fd < 0)
		return error_set(error, -errno, "cannot wait for the command: %s", strerror(errno));
	rc = agent_serve(job->agent, fd, error);
	close(fd);
	if (rc)
		fprintf(stderr, "egret: %s\n", error->text);
	while (waitpid(job->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(error, -errno, "lost the command: %s", strerror(errno));
	/* As a shell tells it: sh(1), "128 + n". */
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void take_down(struct job *job)
{
	struct error error;

	if (cgroup_is_populated(job->cgroup_fd)) {
		fprintf(stderr, "egret: processes of the command still run in %s; they stay governed by instance %s\n",
			job->cgroup_path, job->instance);
		return;
	}
	if (kernel_detach(job->instance, &error) && access("/sys/fs/bpf/egret", F_OK) == 0)
		fprintf(stderr, "egret: %s\n", error.text);
	unlinkat(job->parent_fd, job->cgroup_name, AT_REMOVEDIR);
}

static int run_job(struct job *job)
{
	struct diag diag = {};
	struct error error;
	int rc;

	rc = make_cgroup(job, &error);
	if (!rc)
		rc = prepare(job, &diag, &error);
	if (rc || diag.errors)
		diag_print(&diag, stderr);
	diag_clear(&diag);
	if (!rc) {
		pass_signals();
		rc = start(job, &error);
	}
	if (rc) {
		fail(rc, &error);
		return EXIT_EXEC_FAILED;
	}
	rc = wait_for(job, &error);
	if (rc < 0) {
		fail(rc, &error);
		return EXIT_EXEC_FAILED;
	}
	denials_summary(agent_kernel(job->agent));
	return rc;
}

int command_exec(const struct command *command, int argc, char **argv)
{
	struct job job = {.parent_fd = -1, .cgroup_fd = -1};
	struct error error;
	int rc;

	options_parse(command, argc, argv, &job.options);
	if (!job.options.policy_count || !job.options.argument_count) {
		fprintf(stderr, "egret: say the policy and the command: egret exec --policy FILE -- COMMAND...\n");
		return EXIT_EXEC_FAILED;
	}
	snprintf(job.instance, sizeof(job.instance), EXEC_INSTANCE_PREFIX "%d", (int)getpid());
	if (job.options.instance_given)
		snprintf(job.instance, sizeof(job.instance), "%s", job.options.instance);
	rc = kernel_supported(&error);
	if (!rc)
		rc = sandbox_check(&error);
	if (rc) {
		fail(rc, &error);
		return EXIT_EXEC_FAILED;
	}
	collect_finished();
	rc = run_job(&job);
	agent_free(job.agent);
	if (job.cgroup_fd >= 0) {
		take_down(&job);
		close(job.cgroup_fd);
	}
	if (job.parent_fd >= 0)
		close(job.parent_fd);
	return rc;
}
