/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes that are born in a cgroup which was made a moment before, and send as the first thing they do.
 *
 *	newborn [-k] [-p PAUSE_US] [-s] PATH COUNT [ADDR PORT]...
 *
 * COUNT times: makes the cgroup PATH, starts a process in it (CLONE_INTO_CGROUP, kernel 5.7) that sends a datagram
 * to each ADDR and begins a connection to it, waits for it, and removes the cgroup. A "{}" in PATH stands for the
 * number of the time, so that each has a cgroup of another name; the folders from the first "{}" on are made and
 * removed with it, those above are made once and stay. One line for each ADDR, of both kinds together:
 *	ADDR sent N refused N
 * Any error but EPERM is an end. Last is "made COUNT in MS ms".
 *
 *	-k   keeps the cgroups
 *	-p   microseconds between two
 *	-s   the same name at each time, started anew without being removed: nothing but the process is new
 *
 * Without ADDR nobody is born: cgroups are only made and removed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TARGETS 16
#define MAX_PATH    4096
#define TRIES       2000 /* half a millisecond each: a process that ended may be in its cgroup for a moment */

struct target {
	const char *text;
	struct sockaddr_storage addr;
	socklen_t len;
};

/* Of all processes: what became of the packets to one target. */
struct books {
	unsigned sent, refused;
	int error; /* what else it was */
};

static struct target targets[MAX_TARGETS];
static size_t target_count;
static struct books *books; /* shared with the children */

static _Noreturn void die(const char *what, const char *of)
{
	fprintf(stderr, "newborn: %s %s: %s\n", what, of, strerror(errno));
	exit(1);
}

static void target_add(const char *addr, const char *port)
{
	struct target *target = &targets[target_count];
	struct sockaddr_in *v4 = (void *)&target->addr;
	struct sockaddr_in6 *v6 = (void *)&target->addr;

	if (target_count++ == MAX_TARGETS) {
		errno = E2BIG;
		die("target", addr);
	}
	target->text = addr;
	if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(atoi(port));
		target->len = sizeof(*v4);
		return;
	}
	if (inet_pton(AF_INET6, addr, &v6->sin6_addr) != 1)
		die("address", addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(atoi(port));
	target->len = sizeof(*v6);
}

/* --- the one who is born --- */

static void book(struct books *book, int error)
{
	if (!error || error == EINPROGRESS)
		__atomic_fetch_add(&book->sent, 1, __ATOMIC_RELAXED);
	else if (error == EPERM)
		__atomic_fetch_add(&book->refused, 1, __ATOMIC_RELAXED);
	else
		book->error = error;
}

static void send_to(const struct target *target, struct books *result)
{
	struct linger reset = {.l_onoff = 1};
	int family = target->addr.ss_family;
	int udp = socket(family, SOCK_DGRAM, 0), tcp = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	book(result, sendto(udp, "born", 4, 0, (const struct sockaddr *)&target->addr, target->len) < 0 ? errno : 0);
	/* Ports are few: none waits for its peer to close. */
	setsockopt(tcp, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	book(result, connect(tcp, (const struct sockaddr *)&target->addr, target->len) < 0 ? errno : 0);
	close(udp);
	close(tcp);
}

static void give_birth(const char *path)
{
	int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = cgroup};
	pid_t child;

	if (cgroup < 0)
		die("cgroup", path);
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child < 0)
		die("a process in", path);
	if (!child) {
		for (size_t i = 0; i < target_count; i++)
			send_to(&targets[i], &books[i]);
		_exit(0);
	}
	close(cgroup);
	if (waitpid(child, &status, 0) != child || status)
		die("the process of", path);
}

/* --- cgroups --- */

/* PATH with the number in place of each "{}". */
static void path_of(const char *pattern, unsigned number, char *ret)
{
	size_t len = 0;

	while (*pattern && len + 16 < MAX_PATH) {
		if (strncmp(pattern, "{}", 2) != 0) {
			ret[len++] = *pattern++;
			continue;
		}
		len += (size_t)sprintf(ret + len, "%08x", number);
		pattern += 2;
	}
	ret[len] = 0;
}

/* The folder at @path and those above it, down to @keep octets of it. */
static void make(char *path, size_t keep)
{
	for (char *slash = path + keep; slash; *slash = '/') {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			die("mkdir", path);
		if (!slash)
			return;
	}
}

/* The folders above those. */
static void make_above(char *path, size_t kept)
{
	char rest = path[kept];

	path[kept] = 0;
	make(path, 0);
	path[kept] = rest;
}

static void remove_one(const char *path)
{
	for (int tries = 0; rmdir(path); tries++) {
		if (errno != EBUSY || tries == TRIES)
			die("rmdir", path);
		usleep(500);
	}
}

static void unmake(char *path, size_t keep)
{
	char *slash;

	do {
		remove_one(path);
		slash = strrchr(path, '/');
		*slash = 0;
	} while ((size_t)(slash - path) > keep);
}

/* How much of @pattern is there before and stays: up to the folder of the first "{}", or the parent of the last. */
static size_t kept_of(const char *pattern)
{
	const char *end = strstr(pattern, "{}");

	if (!end)
		return (size_t)(strrchr(pattern, '/') - pattern);
	while (*end != '/')
		end--;
	return (size_t)(end - pattern);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void report(unsigned count, uint64_t since_ns)
{
	for (size_t i = 0; i < target_count; i++) {
		if (books[i].error) {
			errno = books[i].error;
			die("a packet to", targets[i].text);
		}
		printf("%s sent %u refused %u\n", targets[i].text, books[i].sent, books[i].refused);
	}
	printf("made %u in %llu ms\n", count, (unsigned long long)(now_ns() - since_ns) / 1000000);
}

int main(int argc, char **argv)
{
	bool keeps = false, same = false;
	unsigned pause_us = 0, count;
	char path[MAX_PATH];
	uint64_t since_ns;
	size_t kept;
	int option;

	while ((option = getopt(argc, argv, "kp:s")) != -1) {
		if (option == '?')
			return 2;
		if (option == 'p')
			pause_us = (unsigned)atoi(optarg);
		keeps |= option == 'k';
		same |= option == 's';
	}
	argv += optind;
	argc -= optind;
	if (argc < 2 || argc % 2 || argv[0][0] != '/') {
		fprintf(stderr, "usage: newborn [-k] [-p PAUSE_US] [-s] PATH COUNT [ADDR PORT]...\n");
		return 2;
	}
	for (int i = 2; i < argc; i += 2)
		target_add(argv[i], argv[i + 1]);
	books = mmap(NULL, sizeof(*books) * MAX_TARGETS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (books == MAP_FAILED)
		die("memory", "");
	kept = kept_of(argv[0]);
	count = (unsigned)atoi(argv[1]);
	path_of(argv[0], 0, path);
	make_above(path, kept);
	since_ns = now_ns();
	for (unsigned i = 0; i < count; i++) {
		path_of(argv[0], i, path);
		make(path, kept);
		if (target_count)
			give_birth(path);
		if (!keeps && !same)
			unmake(path, kept);
		if (pause_us)
			usleep(pause_us);
	}
	report(count, since_ns);
	return 0;
}
