// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * refuse WHAT CMD...: runs CMD on a machine that refuses WHAT, by a seccomp filter that gives the error which
 * the kernel would give:
 *
 *   inet6              socket(AF_INET6): EAFNOSUPPORT, as with ipv6.disable=1
 *   netlink            socket(AF_NETLINK): EAFNOSUPPORT, as under a filter that lets no such socket be made
 *   inotify-instances  inotify_init1(): EMFILE, as with fs.inotify.max_user_instances used up
 *   inotify-watches    inotify_add_watch(): ENOSPC, as with fs.inotify.max_user_watches used up
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#define ANY_ARGUMENT UINT32_MAX

static const struct refusal {
	const char *word;
	uint32_t call, argument, error;
} refusals[] = {
    {"inet6", SYS_socket, AF_INET6, EAFNOSUPPORT},
    {"netlink", SYS_socket, AF_NETLINK, EAFNOSUPPORT},
    {"inotify-instances", SYS_inotify_init1, ANY_ARGUMENT, EMFILE},
    {"inotify-watches", SYS_inotify_add_watch, ANY_ARGUMENT, ENOSPC},
};

static const struct refusal *find(const char *word)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (!strcmp(refusals[i].word, word))
			return &refusals[i];
	return NULL;
}

/* Only what this machine's own system calls are is looked at: nothing here runs others. */
static int refuse(const struct refusal *refusal)
{
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal->call, 0, 3),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal->argument, 0, refusal->argument != ANY_ARGUMENT),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refusal->error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	const struct refusal *refusal = argc > 2 ? find(argv[1]) : NULL;

	if (!refusal) {
		fprintf(stderr, "usage: refuse inet6|inotify-instances|inotify-watches CMD...\n");
		return 2;
	}
	if (refuse(refusal)) {
		perror("refuse: seccomp");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
