// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The system calls that are left: whatever is not here fails with EPERM, as if the machine did not permit it. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <seccomp.h>

#include "../kernel/read.h"

/* Of memory, time, signals and descriptors that are open. */
static const int harmless[] = {
    SCMP_SYS(accept4),
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(close),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(fstat),
    SCMP_SYS(futex),
    SCMP_SYS(getdents64),
    SCMP_SYS(getegid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getsockname),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(lseek),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(tgkill),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    /* of files: what is there */
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(fstatfs),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(stat),
    SCMP_SYS(statfs),
    SCMP_SYS(statx),
};

static const int fcntl_commands[] = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC};

static int allow_argument(scmp_filter_ctx filter, int call, unsigned int argument, const int *values, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
				      SCMP_CMP(argument, SCMP_CMP_EQ, (scmp_datum_t)values[i]));
	return rc;
}

static int allow_all(scmp_filter_ctx filter)
{
	const int *bpf_commands;
	size_t bpf_count = kernel_view_commands(&bpf_commands);
	int rc = 0;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless) && !rc; i++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, harmless[i], 0);
		if (rc == -EDOM) /* this architecture has no such call */
			rc = 0;
	}
	if (!rc)
		rc = allow_argument(filter, SCMP_SYS(bpf), 0, bpf_commands, bpf_count);
	if (!rc)
		rc = allow_argument(filter, SCMP_SYS(fcntl), 1, fcntl_commands,
				    sizeof(fcntl_commands) / sizeof(*fcntl_commands));
	/* Files are opened to be read, and memory is not to be run. */
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
	return rc;
}

int confine_calls(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter ? allow_all(filter) : -ENOMEM;

	if (!rc)
		rc = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return rc ? error_set(error, rc, "cannot give up system calls that write (seccomp): %s", strerror(-rc)) : 0;
}
