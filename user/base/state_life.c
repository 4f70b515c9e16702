// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is an agent alive, when nothing is attached that could tell? A lock says so, which dies with it. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"
#include "state_file.h"

/* Open file description locks (3.15) can be asked for without taking them: who looks never stands
 * in the way of an agent that starts. */
static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* The agent before may have removed the file after it was opened here. */
static bool is_still_there(int state, const char *name, int fd)
{
	struct stat here, there;

	return !fstat(fd, &here) && !fstatat(state, name, &there, AT_SYMLINK_NOFOLLOW) && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

int state_life_begin(int state, const char *instance)
{
	char name[STATE_NAME_SIZE];
	int rc = state_file_name(name, "agent", instance);

	while (!rc) {
		struct flock lock = whole_file();
		int fd = openat(state, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return -errno;
		if (fcntl(fd, F_OFD_SETLK, &lock))
			rc = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
		if (!rc && is_still_there(state, name, fd)) {
			state_life_beat(fd, "");
			return fd;
		}
		close(fd);
	}
	return rc;
}

bool state_life_is_there(int state, const char *instance, int life)
{
	char name[STATE_NAME_SIZE];

	return !state_file_name(name, "agent", instance) && is_still_there(state, name, life);
}

void state_life_beat(int life, const char *standing)
{
	char text[STATE_FILE_SIZE];
	struct process_id self = process_self();
	int len = snprintf(text, sizeof(text),
			   "pid=%d\nstarted=%" PRIu64 "\npid_namespace=%" PRIu64 "\nbeat=%" PRIu64 "\nstanding=%s\n",
			   (int)self.pid, self.start_ticks, self.pid_namespace, clock_kernel_ns(), standing);

	if (life >= 0 && pwrite(life, text, len, 0) == len && ftruncate(life, len))
		return; /* a longer text from before stays behind this one, and is not read */
}

void state_life_end(int state, const char *instance, int life)
{
	char name[STATE_NAME_SIZE];

	if (life < 0)
		return;
	if (state >= 0 && state_life_is_there(state, instance, life) && !state_file_name(name, "agent", instance))
		unlinkat(state, name, 0);
	close(life);
}

static bool is_locked(int state, const char *instance)
{
	char name[STATE_NAME_SIZE];
	struct flock lock = whole_file();
	int fd = -1;
	bool locked;

	if (!state_file_name(name, "agent", instance))
		fd = openat(state, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	locked = !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

static uint64_t number_of(const char *text, const char *key)
{
	char number[32] = "0";

	state_file_value(text, key, number, sizeof(number));
	return strtoull(number, NULL, 10);
}

/* 0: it ended, and another process may have its number; or the number means nothing here. */
static pid_t pid_of(const char *text)
{
	struct process_id id = {
	    .pid = (pid_t)number_of(text, "pid"),
	    .start_ticks = number_of(text, "started"),
	    .pid_namespace = number_of(text, "pid_namespace"),
	};

	return process_look(&id) == PROCESS_ALIVE ? id.pid : 0;
}

int state_read_life(int state, const char *instance, struct state_life *ret)
{
	char text[STATE_FILE_SIZE];
	int rc = state_file_read(state, "agent", instance, text);

	if (rc)
		return rc;
	*ret = (struct state_life){.alive = is_locked(state, instance)};
	ret->pid = pid_of(text);
	ret->beat_sec_ago = clock_seconds_between(number_of(text, "beat"), clock_kernel_ns());
	state_file_value(text, "standing", ret->standing, sizeof(ret->standing));
	return 0;
}
