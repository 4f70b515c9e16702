// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ENVIRONMENT (8 << 20) /* MAX_ARG_STRLEN times 64: more than execve(2) takes */
#define MAX_ANCESTORS   16

/* --- what /proc tells of a process; by its folder, which stays that process's --- */

static int open_process(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* At most @size - 1 octets, and an end. */
static ssize_t read_file(int folder, const char *name, char *ret, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (got = read(fd, ret + len, size - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	ret[len] = '\0';
	return (ssize_t)len;
}

/* Field 22 of proc_pid_stat(5). The name before it may hold anything but a last ')'. */
static unsigned long long start_time(int process)
{
	unsigned long long ticks = 0;
	char line[1024], *behind;

	if (read_file(process, "stat", line, sizeof(line)) <= 0)
		return 0;
	behind = strrchr(line, ')');
	if (behind)
		sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		       &ticks);
	return ticks;
}

/* A line of /proc/PID/status behind its name, or NULL. */
static char *status_line(char *status, const char *name)
{
	char *line = strstr(status, name);

	if (!line)
		return NULL;
	line += strlen(name);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static uid_t real_uid(int process)
{
	char status[8192], *line;
	unsigned int uid = UINT32_MAX;

	if (read_file(process, "status", status, sizeof(status)) > 0 && (line = status_line(status, "\nUid:")))
		sscanf(line, "%u", &uid);
	return uid;
}

static pid_t parent_of(int process)
{
	char status[8192], *line;
	int pid = 0;

	if (read_file(process, "status", status, sizeof(status)) > 0 && (line = status_line(status, "\nPPid:")))
		sscanf(line, "%d", &pid);
	return pid;
}

static void add_group(struct caller *caller, gid_t group)
{
	for (size_t i = 0; i < caller->group_count; i++)
		if (caller->groups[i] == group)
			return;
	if (caller->group_count < CALLER_MAX_GROUPS)
		caller->groups[caller->group_count++] = group;
}

static void take_groups(struct caller *caller, int process)
{
	char *status = malloc(1 << 16), *line, *end;

	if (status && read_file(process, "status", status, 1 << 16) > 0 && (line = status_line(status, "\nGroups:")))
		for (unsigned long group = strtoul(line, &end, 10); end != line; group = strtoul(line, &end, 10)) {
			add_group(caller, (gid_t)group);
			line = end;
		}
	free(status);
}

static const char *find_variable(const char *environment, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (size_t at = 0; at < len; at += strlen(environment + at) + 1)
		if (!strncmp(environment + at, name, name_len) && environment[at + name_len] == '=')
			return environment + at + name_len + 1;
	return NULL;
}

static int take_environment(struct caller *caller, int process)
{
	ssize_t len;

	caller->environment = malloc(MAX_ENVIRONMENT);
	if (!caller->environment)
		return -ENOMEM;
	len = read_file(process, "environ", caller->environment, MAX_ENVIRONMENT);
	if (len < 0)
		return (int)len;
	caller->environment_len = (size_t)len;
	return 0;
}

/* --- the databases of /etc: a static program cannot ask the name service --- */

static void look_up_user(struct caller *caller)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user;

	while (file && (user = fgetpwent(file))) {
		if (user->pw_uid != caller->uid)
			continue;
		snprintf(caller->user, sizeof(caller->user), "%s", user->pw_name);
		snprintf(caller->home, sizeof(caller->home), "%s", user->pw_dir);
		break;
	}
	if (file)
		fclose(file);
}

static void look_up_groups(struct caller *caller)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group;

	while (file && *caller->user && (group = fgetgrent(file)))
		for (char **member = group->gr_mem; *member; member++)
			if (!strcmp(*member, caller->user))
				add_group(caller, group->gr_gid);
	if (file)
		fclose(file);
}

static int find_user(const char *name, struct caller *ret, struct error *error)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user;
	bool found = false;

	while (file && !found && (user = fgetpwent(file))) {
		found = !strcmp(user->pw_name, name);
		if (found) {
			ret->uid = user->pw_uid;
			ret->gid = user->pw_gid;
			snprintf(ret->user, sizeof(ret->user), "%s", name);
			snprintf(ret->home, sizeof(ret->home), "%s", user->pw_dir);
		}
	}
	if (file)
		fclose(file);
	if (!found)
		return error_set(error, -EINVAL, "--user %s: /etc/passwd has no such user", name);
	add_group(ret, ret->gid);
	look_up_groups(ret);
	return 0;
}

/* --- who called --- */

int caller_claim(char ret[static CALLER_CLAIM_SIZE])
{
	int self = open_process(getpid());
	unsigned long long started = self < 0 ? 0 : start_time(self), secret;

	if (self >= 0)
		close(self);
	if (!started)
		return -ENOENT;
	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	snprintf(ret, CALLER_CLAIM_SIZE, "%d:%llu:%016llx", (int)getpid(), started, secret);
	return 0;
}

static int take_claimed(struct caller *caller, const char *claim, struct error *error)
{
	unsigned long long started;
	struct stat st;
	int pid, process, rc;

	if (sscanf(claim, "%d:%llu", &pid, &started) != 2 || pid <= 0)
		return error_set(error, -EINVAL, "--caller is for egret itself, when it calls sudo; leave it out");
	process = open_process(pid);
	if (process < 0 || fstat(process, &st) || st.st_uid != caller->uid || start_time(process) != started) {
		if (process >= 0)
			close(process);
		return error_set(error, -EINVAL,
				 "process %d is not the egret of user %u that called sudo; call egret exec again", pid,
				 (unsigned int)caller->uid);
	}
	caller->pid = pid;
	caller->pid_uid = caller->uid;
	take_groups(caller, process);
	rc = take_environment(caller, process);
	close(process);
	return rc ? error_set(error, rc, "cannot read the environment of process %d: %s", pid, strerror(-rc)) : 0;
}

/* The shell that called sudo: it has the groups that a directory gives. */
static void take_ancestor(struct caller *caller)
{
	pid_t pid = getppid();

	for (int i = 0; i < MAX_ANCESTORS && pid > 1; i++) {
		int process = open_process(pid);
		bool found;

		if (process < 0)
			return;
		found = real_uid(process) == caller->uid;
		if (found)
			take_groups(caller, process);
		pid = parent_of(process);
		close(process);
		if (found)
			return;
	}
}

static bool parse_id(const char *text, unsigned int *ret)
{
	char *end;
	unsigned long value;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*ret = (unsigned int)value;
	return !*end && !errno && value < UINT32_MAX;
}

static void take_home(struct caller *caller)
{
	const char *home = NULL, *user = getenv("SUDO_USER");

	look_up_user(caller);
	if (!*caller->user && user)
		snprintf(caller->user, sizeof(caller->user), "%s", user);
	if (*caller->home)
		return;
	if (caller->environment)
		home = find_variable(caller->environment, caller->environment_len, "HOME");
	if (!home)
		home = getenv("SUDO_HOME"); /* sudo 1.9.15 */
	snprintf(caller->home, sizeof(caller->home), "%s", home ? home : "");
}

/* sudo(8) tells who called it in SUDO_UID, SUDO_GID and SUDO_USER. */
static int find_sudo_caller(const char *claim, struct caller *ret, struct error *error)
{
	unsigned int uid, gid;
	int rc = 0;

	if (!parse_id(getenv("SUDO_UID"), &uid) || !parse_id(getenv("SUDO_GID"), &gid))
		return error_set(error, -EINVAL,
				 "SUDO_UID and SUDO_GID are set, and hold no user and group; call egret through sudo");
	ret->uid = uid;
	ret->gid = gid;
	add_group(ret, ret->gid);
	if (claim)
		rc = take_claimed(ret, claim, error);
	else
		take_ancestor(ret);
	if (rc)
		return rc;
	take_home(ret);
	look_up_groups(ret);
	return 0;
}

/* Another user's process gets nothing of the caller's environment: LD_PRELOAD would make that
 * user of whoever may run one command as it. */
static int find_other(const char *claim, const char *user, struct caller *ret, struct error *error)
{
	int rc = claim ? find_sudo_caller(claim, ret, error) : 0;

	if (rc)
		return rc;
	caller_free(ret);
	ret->group_count = 0;
	return find_user(user, ret, error);
}

int caller_find(const char *claim, const char *user, struct caller *ret, struct error *error)
{
	bool by_sudo = !getuid() && getenv("SUDO_UID");

	*ret = (struct caller){};
	if (claim && !by_sudo)
		return error_set(error, -EINVAL, "--caller is for egret itself, when it calls sudo; leave it out");
	if (user)
		return find_other(claim, user, ret, error);
	if (by_sudo)
		return find_sudo_caller(claim, ret, error);
	ret->same = true;
	ret->plain_root = !getuid();
	return 0;
}

void caller_free(struct caller *caller)
{
	free(caller->environment);
	caller->environment = NULL;
	caller->environment_len = 0;
}

static int act_as(const struct caller *caller)
{
	if (setgroups(caller->group_count, caller->groups) || setegid(caller->gid) || seteuid(caller->uid))
		return -errno;
	return 0;
}

FILE *caller_open(const struct caller *caller, const char *path)
{
	gid_t groups[CALLER_MAX_GROUPS];
	int count = getgroups(CALLER_MAX_GROUPS, groups), saved;
	FILE *file;

	if (caller->same)
		return fopen(path, "we");
	if (count < 0)
		return NULL;
	file = act_as(caller) ? NULL : fopen(path, "we");
	saved = errno;
	/* The real user is still root. A process that cannot become root again must not go on as somebody else. */
	if (seteuid(getuid()) || setegid(getgid()) || setgroups((size_t)count, groups))
		abort();
	errno = saved;
	return file;
}

/* What sudo would have cleared for good reasons is of no danger any more: this is the
 * person's own process by now. */
static int put_environment(const struct caller *caller)
{
	clearenv();
	for (size_t at = 0; at < caller->environment_len; at += strlen(caller->environment + at) + 1)
		if (strchr(caller->environment + at, '=') && putenv(caller->environment + at))
			return -errno;
	return 0;
}

static void put_or_unset(const char *name, const char *value)
{
	if (*value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

int caller_become(const struct caller *caller)
{
	if (caller->same)
		return 0;
	if (setgroups(caller->group_count, caller->groups) || setresgid(caller->gid, caller->gid, caller->gid) ||
	    setresuid(caller->uid, caller->uid, caller->uid))
		return -errno;
	if (caller->environment) {
		int rc = put_environment(caller);

		if (rc)
			return rc;
	}
	if (caller->environment && find_variable(caller->environment, caller->environment_len, "HOME"))
		return 0; /* as the person has it, whatever /etc/passwd says */
	put_or_unset("HOME", caller->home);
	put_or_unset("USER", caller->user);
	put_or_unset("LOGNAME", caller->user);
	return 0;
}
