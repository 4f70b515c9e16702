// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rotated_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640

/* A pipe that poll() calls ready has a page for it; behind that it is counted in bytes, of pages that may be half full:
 * pipe(7). */
static bool pipe_has_room(int fd, size_t len)
{
	int size = fcntl(fd, F_GETPIPE_SZ), held;

	return size < 0 || ioctl(fd, FIONREAD, &held) || (size_t)held + len <= (size_t)size / 2;
}

bool fd_gets_room(int fd, size_t len, int timeout_ms)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};

	return poll(&out, 1, timeout_ms) == 1 && out.revents & POLLOUT && (len <= PIPE_BUF || pipe_has_room(fd, len));
}

bool fd_has_room(int fd, size_t len)
{
	return fd_gets_room(fd, len, 0);
}

static bool is_standard_output(const struct rotated_file *file)
{
	return !strcmp(file->path, "-");
}

void rotated_file_begin(struct rotated_file *file, const char *path)
{
	*file = (struct rotated_file){.path = path, .fd = -1, .max_bytes = ROTATED_FILE_BYTES};
}

void rotated_file_end(struct rotated_file *file)
{
	if (file->fd >= 0 && !is_standard_output(file))
		close(file->fd);
	file->fd = -1;
}

/* A machine that lost its power may have left half a line: what follows is not to be part of it. */
static int end_half_line(int fd, struct stat *st)
{
	char last;

	if (!st->st_size || pread(fd, &last, 1, st->st_size - 1) != 1 || last == '\n')
		return 0;
	if (write(fd, "\n", 1) != 1)
		return -errno;
	st->st_size++;
	return 0;
}

/* O_NONBLOCK: opening a FIFO must not wait for its reader. */
static int open_file(struct rotated_file *file)
{
	int fd = open(file->path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, FILE_MODE);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno;
	if (fstat(fd, &st))
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	else
		rc = end_half_line(fd, &st);
	if (rc) {
		close(fd);
		return rc;
	}
	file->fd = fd;
	file->size_bytes = (uint64_t)st.st_size;
	file->is_file = true;
	return 0;
}

/* Is the path still the file that is open? It may have been emptied in place (logrotate's copytruncate). */
static bool is_in_place(struct rotated_file *file)
{
	struct stat at_path, open_one;

	if (lstat(file->path, &at_path) || fstat(file->fd, &open_one) || at_path.st_dev != open_one.st_dev ||
	    at_path.st_ino != open_one.st_ino)
		return false;
	file->size_bytes = (uint64_t)open_one.st_size;
	return true;
}

static int be_open(struct rotated_file *file)
{
	if (is_standard_output(file)) {
		file->fd = STDOUT_FILENO;
		return 0;
	}
	if (file->fd >= 0 && !is_in_place(file))
		rotated_file_end(file);
	return file->fd >= 0 ? 0 : open_file(file);
}

/* What cannot be moved stays, and is written on. */
static int rotate(struct rotated_file *file)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (int number = ROTATED_FILE_KEPT; number > 0; number--) {
		if (number > 1)
			snprintf(from, sizeof(from), "%s.%d", file->path, number - 1);
		else
			snprintf(from, sizeof(from), "%s", file->path);
		snprintf(to, sizeof(to), "%s.%d", file->path, number);
		if (rename(from, to) && errno != ENOENT)
			return -errno;
	}
	rotated_file_end(file);
	return open_file(file);
}

/* Half a line is none: a disk may be full in the middle of it. */
static int write_whole(struct rotated_file *file, const char *line, size_t len)
{
	ssize_t done = write(file->fd, line, len);

	if (done == (ssize_t)len) {
		file->size_bytes += len;
		return 0;
	}
	if (done < 0)
		return -errno;
	if (file->is_file && ftruncate(file->fd, (off_t)file->size_bytes))
		return -errno;
	return -ENOSPC;
}

int rotated_file_write(struct rotated_file *file, const char *line, size_t len)
{
	int rc = be_open(file);

	if (rc)
		return rc;
	if (file->is_file && file->size_bytes && file->size_bytes + len > file->max_bytes)
		rc = rotate(file);
	if (rc && file->fd < 0)
		return rc;
	return !file->is_file && !fd_has_room(file->fd, len) ? -EAGAIN : write_whole(file, line, len);
}
