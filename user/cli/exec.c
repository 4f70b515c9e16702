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
#include "../view/special.h"
#include "caller.h"
#include "elevate.h"
#include "sandbox.h"
#include "summary.h"

/* Commands in several PID namespaces may have the same process id: the second one's instance gets a number behind it,
 * and so on. */
#define MAX_SAME_PID 1000

struct job {
	struct options options;
	char instance[80];            /* longer than a name may be: one that is cut here is refused, too */
	struct kernel_exec_note note; /* the cgroup below parent_fd */
	char cgroup_path[CGROUP_PATH_SIZE];
	int parent_fd, cgroup_fd;
	struct agent *agent;
	struct caller caller;
	int caller_fd; /* to the caller's own egret; -1: there is none */
	FILE *report;  /* NULL: nobody wants one */
	pid_t pid;
};

/* What ends a program that does nothing about it, and that a person or a service manager sends. */
static const int ending[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

/* The signal handler's only argument. */
static volatile sig_atomic_t command_pid;

/* nohup(1) or its like switched it off. */
static bool is_ignored(int signal)
{
	struct sigaction action;

	return !sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN;
}

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
		if (!is_ignored(passed[i]))
			sigaction(passed[i], &action, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

/* From here on there is something to remove: signals that would end egret wait until it was removed. */
static void hold_signals(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&signals, ending[i]);
	sigprocmask(how, &signals, NULL);
}

/* A signal that came meanwhile; 0 = none. */
static int signal_that_waits(void)
{
	sigset_t signals;

	sigpending(&signals);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigismember(&signals, ending[i]) == 1 && !is_ignored(ending[i]))
			return ending[i];
	return 0;
}

static int open_parent(struct job *job, struct error *error)
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
	rc = cgroup_id(job->parent_fd, &job->note.parent_id);
	return rc ? error_set(error, rc, "cannot tell the id of the cgroup %s: %s", parent, strerror(-rc)) : 0;
}

/* The note comes before what it tells of: whoever finds it after a SIGKILL can clean up. */
static int make_cgroup(struct job *job, struct kernel *kernel, struct error *error)
{
	int rc;

	snprintf(job->note.cgroup_name, sizeof(job->note.cgroup_name), EXEC_CGROUP_PREFIX "%s", job->instance);
	rc = kernel_note_exec(kernel, &job->note, error);
	if (!rc)
		rc = cgroup_make(job->parent_fd, job->note.cgroup_name, &job->cgroup_fd, error);
	if (rc)
		return rc;
	rc = cgroup_path_of_fd(job->cgroup_fd, job->cgroup_path, sizeof(job->cgroup_path));
	if (!rc)
		return 0;
	cgroup_remove(job->parent_fd, job->note.cgroup_name);
	close(job->cgroup_fd);
	job->cgroup_fd = -1;
	return error_set(error, rc, "cannot tell the path of the cgroup %s: %s", job->note.cgroup_name, strerror(-rc));
}

/* -EBUSY, -EEXIST: the name is somebody else's. */
static int make_instance(struct job *job, struct error *error)
{
	struct agent_place place = {.instance = job->instance, .cgroup = job->cgroup_path};
	struct kernel *kernel;
	struct error ignored;
	int rc;

	rc = kernel_claim(job->instance, KERNEL_FRESH, &kernel, error);
	if (rc)
		return rc;
	rc = make_cgroup(job, kernel, error);
	if (rc) {
		kernel_take_down(kernel, &ignored);
		kernel_free(kernel);
		return rc;
	}
	place.cgroup_fd = job->cgroup_fd;
	agent_place(job->agent, kernel, &place);
	return 0;
}

static int find_place(struct job *job, struct error *error)
{
	int rc, count = 1;

	rc = open_parent(job, error);
	if (rc)
		return rc;
	if (job->options.instance_given) {
		snprintf(job->instance, sizeof(job->instance), "%s", job->options.instance);
		return make_instance(job, error);
	}
	snprintf(job->instance, sizeof(job->instance), EXEC_INSTANCE_PREFIX "%d", (int)getpid());
	while ((rc = make_instance(job, error)) == -EBUSY || rc == -EEXIST) {
		if (++count > MAX_SAME_PID)
			break;
		snprintf(job->instance, sizeof(job->instance), EXEC_INSTANCE_PREFIX "%d-%d", (int)getpid(), count);
	}
	return rc;
}

static int prepare(struct job *job, struct diag *diag, struct error *error)
{
	struct agent_options options = {
	    .audit = job->options.audit,
	    .quiet = true,
	    .resolve_inflight = job->options.resolve_inflight,
	    .resolve_rate = job->options.resolve_rate,
	};
	int rc;

	options_of_policy(&job->options, &options.policy);
	rc = agent_new(&options, &job->agent, diag, error);
	if (!rc)
		rc = agent_resolve(job->agent, error);
	if (rc)
		return rc;
	hold_signals(SIG_BLOCK);
	rc = find_place(job, error);
	if (!rc)
		rc = agent_enforce(job->agent, diag, error);
	return rc;
}

static int start(struct job *job, struct error *error)
{
	struct sandbox sandbox = {
	    .cgroup_fd = job->cgroup_fd,
	    .parent = getpid(),
	    .instance = job->instance,
	    .caller = &job->caller,
	    .words = job->options.arguments,
	};

	job->pid = fork();
	if (job->pid < 0)
		return error_set(error, -errno, "cannot start a process: %s", strerror(errno));
	if (!job->pid)
		_exit(sandbox_run(&sandbox));
	command_pid = job->pid;
	hold_signals(SIG_UNBLOCK);
	return 0;
}

static int wait_for(struct job *job, struct error *error)
{
	/* pidfd_open: 5.3 */
	int fd = syscall(SYS_pidfd_open, job->pid, 0), rc, status;
	pid_t follower = 0;

	if (fd < 0)
		return error_set(error, -errno, "cannot wait for the command: %s", strerror(errno));
	if (job->caller_fd >= 0)
		follower = elevate_follow(job->caller_fd, job->pid);
	rc = agent_serve(job->agent, fd, error);
	close(fd);
	elevate_stop(follower);
	if (rc)
		fprintf(stderr, "egret: %s\n", error->text);
	while (waitpid(job->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(error, -errno, "lost the command: %s", strerror(errno));
	/* As a shell tells it: sh(1), "128 + n". */
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Takes down only the instance that this process made, and still holds. */
static void take_down(struct job *job)
{
	struct error error;
	int rc = cgroup_remove(job->parent_fd, job->note.cgroup_name);

	if (rc == -EBUSY)
		fprintf(stderr, "egret: processes of the command still run in %s; they stay governed by instance %s\n",
			job->cgroup_path, job->instance);
	else if (rc && rc != -ENOENT)
		fprintf(stderr, "egret: cannot remove the cgroup %s, which stays governed by instance %s: %s\n",
			job->cgroup_path, job->instance, strerror(-rc));
	else if (kernel_take_down(agent_kernel(job->agent), &error))
		fprintf(stderr, "egret: %s\n", error.text);
}

static void write_report(struct job *job)
{
	if (job->report && summary_report(agent_kernel(job->agent), job->report))
		fprintf(stderr, "egret: cannot write the report %s: %s\n", job->options.report, strerror(errno));
}

/* Who runs the command, and where the report goes: refused before anything is made. */
static int know_caller(struct job *job, struct error *error)
{
	const struct options *options = &job->options;
	int rc = caller_find(options->caller, options->user, &job->caller, error);

	if (!rc && job->caller.pid) {
		job->caller_fd = elevate_join(options->caller, job->caller.pid, job->caller.pid_uid);
		if (job->caller_fd < 0)
			return error_set(error, job->caller_fd, "the egret that called sudo is gone: %s",
					 strerror(-job->caller_fd));
	}
	if (!rc && options->report && !(job->report = caller_open(&job->caller, options->report)))
		return error_set(error, -errno, "cannot write the report %s: %s; name another file", options->report,
				 strerror(errno));
	if (!rc && job->caller.plain_root && !options->as_root)
		fputs("egret: warning: the command runs as root, and root can leave its cgroup; call egret as your own "
		      "user, or say --as-root\n",
		      stderr);
	return rc;
}

static void warn_of_specials(const struct job *job)
{
	json_t *specials = view_special_addresses(agent_kernel(job->agent));

	summary_specials(stderr, "egret: warning: ", specials);
	json_decref(specials);
}

static int run_job(struct job *job)
{
	struct diag diag = {};
	struct error error;
	int rc;

	rc = prepare(job, &diag, &error);
	if (rc || diag.errors)
		diag_print(&diag, stderr);
	diag_clear(&diag);
	if (!rc && signal_that_waits())
		return 128 + signal_that_waits();
	if (!rc) {
		warn_of_specials(job);
		pass_signals();
		rc = start(job, &error);
	}
	if (!rc)
		rc = wait_for(job, &error);
	if (rc < 0) {
		fail(rc, &error);
		return EXIT_EXEC_FAILED;
	}
	agent_complete(job->agent);
	summary_print(agent_kernel(job->agent));
	write_report(job);
	return rc;
}

int command_exec(const struct command *command, int argc, char **argv)
{
	struct job job = {.parent_fd = -1, .cgroup_fd = -1, .caller_fd = -1};
	struct error error;
	int rc;

	options_parse(command, argc, argv, &job.options);
	if (!job.options.policy_count || !job.options.argument_count) {
		fprintf(stderr, "egret: say the policy and the command: egret exec --policy FILE -- COMMAND...\n");
		return EXIT_EXEC_FAILED;
	}
	rc = sandbox_check(&error);
	if (!rc && geteuid())
		return elevate_exec(&job.options);
	if (!rc)
		rc = kernel_supported(&error);
	if (!rc)
		rc = know_caller(&job, &error);
	if (rc) {
		fail(rc, &error);
		return EXIT_EXEC_FAILED;
	}
	collect_finished();
	rc = run_job(&job);
	if (job.cgroup_fd >= 0) {
		take_down(&job);
		close(job.cgroup_fd);
	}
	agent_free(job.agent);
	caller_free(&job.caller);
	if (job.report)
		fclose(job.report);
	if (job.parent_fd >= 0)
		close(job.parent_fd);
	hold_signals(SIG_UNBLOCK); /* a signal that waited ends egret here */
	return rc;
}
