// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kernel/kernel.h"
#include "../subject/cgroup.h"

#define TRIAL_CGROUP "egret-trial"

void trial_init(struct trial *trial)
{
	*trial = (struct trial){.fd = -1};
}

static void run_child(const struct trial *trial, const struct requirements *requirements, int cgroup_fd, int result_fd,
		      pid_t agent)
{
	struct trial_result result = {.missing = 1};
	int rc;

	/* It must not outlive the agent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != agent)
		_exit(1);
	kernel_leave_to_parent(trial->kernel);
	rc = cgroup_enter(cgroup_fd);
	if (rc)
		snprintf(result.text, sizeof(result.text), "what is required cannot be tried from cgroup %s: %s",
			 TRIAL_CGROUP, strerror(-rc));
	else
		result.missing = requirements_try(requirements, result.text, sizeof(result.text));
	/* Less than PIPE_BUF: it is written whole. */
	_exit(write(result_fd, &result, sizeof(result)) != sizeof(result));
}

static int open_cgroup(struct kernel *kernel, int governed_fd, int *ret)
{
	struct error ignored;
	uint64_t id;
	int rc = cgroup_make(governed_fd, TRIAL_CGROUP, ret, &ignored);

	if (rc)
		return rc;
	rc = cgroup_id(*ret, &id);
	if (!rc)
		kernel_set_unaccounted(kernel, id);
	else
		close(*ret);
	return rc;
}

static int fork_child(struct trial *trial, const struct requirements *requirements, int cgroup_fd)
{
	pid_t agent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	trial->pid = fork();
	if (!trial->pid)
		run_child(trial, requirements, cgroup_fd, ends[1], agent);
	close(ends[1]);
	if (trial->pid > 0) {
		trial->fd = ends[0];
		return 0;
	}
	close(ends[0]);
	trial->pid = 0;
	return -EAGAIN;
}

int trial_start(struct trial *trial, const struct requirements *requirements, struct kernel *kernel, int governed_fd)
{
	int cgroup_fd, rc;

	trial->kernel = kernel;
	trial->governed_fd = governed_fd;
	rc = open_cgroup(kernel, governed_fd, &cgroup_fd);
	if (rc)
		return rc;
	rc = fork_child(trial, requirements, cgroup_fd);
	close(cgroup_fd);
	if (rc)
		trial_clean(kernel, governed_fd);
	return rc;
}

void trial_finish(struct trial *trial, struct trial_result *ret)
{
	if (read(trial->fd, ret, sizeof(*ret)) != sizeof(*ret)) {
		ret->missing = 1;
		snprintf(ret->text, sizeof(ret->text), "the process that tries what is required was ended");
	}
	close(trial->fd);
	while (waitpid(trial->pid, NULL, 0) < 0 && errno == EINTR)
		;
	trial_clean(trial->kernel, trial->governed_fd);
	trial_init(trial);
}

void trial_cancel(struct trial *trial)
{
	struct trial_result ignored;

	if (!trial_runs(trial))
		return;
	kill(trial->pid, SIGKILL);
	trial_finish(trial, &ignored);
}

void trial_clean(struct kernel *kernel, int governed_fd)
{
	kernel_set_unaccounted(kernel, 0);
	unlinkat(governed_fd, TRIAL_CGROUP, AT_REMOVEDIR);
}
