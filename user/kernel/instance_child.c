// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "instance_child.h"
#include "instance_outer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_CGROUP "egret-selftest"

static int run_in(int cgroup_fd, int (*run)(void *context), void *context)
{
	int fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		return CHILD_NOT_TRIED;
	close(fd);
	return run(context);
}

static int outcome_of_child(int cgroup_fd, int (*run)(void *context), void *context)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid < 0)
		return CHILD_NOT_TRIED;
	if (!pid) {
		/* It has the agent's locks, and must not outlive it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		_exit(getppid() == parent ? run_in(cgroup_fd, run, context) : CHILD_NOT_TRIED);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CHILD_NOT_TRIED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_NOT_TRIED;
}

int child_try(struct kernel *kernel, int cgroup_fd, int (*run)(void *context), void *context, struct error *error)
{
	int child_fd, outcome = CHILD_NOT_TRIED;
	struct outer outer;
	struct stat st;

	if (mkdirat(cgroup_fd, CHILD_CGROUP, 0755) && errno != EEXIST)
		return error_set(error, -errno,
				 "cannot make a cgroup below the governed one to prove that it is governed: %s",
				 strerror(errno));
	child_fd = openat(cgroup_fd, CHILD_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (child_fd >= 0 && !fstat(child_fd, &st)) {
		outer_begin(&outer, kernel, st.st_ino);
		kernel_set_unaccounted(kernel, st.st_ino);
		outcome = outcome_of_child(child_fd, run, context);
		kernel_set_unaccounted(kernel, 0);
		outer_end(&outer);
	}
	if (child_fd >= 0)
		close(child_fd);
	unlinkat(cgroup_fd, CHILD_CGROUP, AT_REMOVEDIR);
	return outcome;
}
