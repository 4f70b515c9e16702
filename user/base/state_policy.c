// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files that are read whole: the last good policy, and whoever can write it says what rules a node; last hits. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state_file.h"

int state_write_policy(int state, const char *instance, const char *bytes, size_t len_bytes)
{
	return state_file_write(state, "policy", instance, bytes, len_bytes);
}

int state_remove_policy(int state, const char *instance)
{
	return state_file_remove(state, "policy", instance);
}

/* Owner and mode are asked of the descriptor that is read then, so nobody can put another file in between; a link is
 * not followed. O_NONBLOCK: opening a FIFO must not wait for its writer. */
static int open_own(int state, const char *kind, const char *instance, size_t max_bytes, struct stat *ret)
{
	char name[STATE_NAME_SIZE];
	int fd, rc = state_file_name(name, kind, instance);

	if (rc)
		return rc;
	fd = openat(state, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, ret))
		rc = -errno;
	else if (!S_ISREG(ret->st_mode) || ret->st_uid || ret->st_mode & (S_IWGRP | S_IWOTH))
		rc = -EPERM;
	else if ((uint64_t)ret->st_size > max_bytes)
		rc = -EFBIG;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int read_whole(int state, const char *kind, const char *instance, size_t max_bytes, char **ret,
		      size_t *ret_len_bytes)
{
	struct stat st;
	int fd = open_own(state, kind, instance, max_bytes, &st), rc = 0;
	size_t len = 0;
	ssize_t got = 1;
	char *bytes;

	if (fd < 0)
		return fd;
	bytes = malloc((size_t)st.st_size + 1);
	while (bytes && got > 0 && len < (size_t)st.st_size) {
		got = read(fd, bytes + len, (size_t)st.st_size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (!bytes)
		rc = -ENOMEM;
	else if (got < 0)
		rc = -errno;
	close(fd);
	if (rc) {
		free(bytes);
		return rc;
	}
	*ret = bytes;
	*ret_len_bytes = len;
	return 0;
}

int state_read_policy(int state, const char *instance, size_t max_bytes, char **ret, size_t *ret_len_bytes)
{
	return read_whole(state, "policy", instance, max_bytes, ret, ret_len_bytes);
}

int state_write_hits(int state, const char *instance, const char *bytes, size_t len_bytes)
{
	return state_file_write(state, "hits", instance, bytes, len_bytes);
}

int state_read_hits(int state, const char *instance, size_t max_bytes, char **ret, size_t *ret_len_bytes)
{
	return read_whole(state, "hits", instance, max_bytes, ret, ret_len_bytes);
}
