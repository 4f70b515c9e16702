/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file of lines that grows up to a size and then makes room: FILE becomes FILE.1, that FILE.2, and so on; the last
 * one goes. Who moves it away (logrotate) is noticed at the next line. Or standard output, which is not rotated.
 */
#ifndef EGRET_ROTATED_FILE_H
#define EGRET_ROTATED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROTATED_FILE_BYTES (UINT64_C(16) << 20)
#define ROTATED_FILE_KEPT  4

struct rotated_file {
	const char *path; /* NULL = there is none; "-" = standard output */
	int fd;           /* -1 = it is not open */
	uint64_t size_bytes, max_bytes;
	bool is_file; /* what is open is a regular file */
};

/* Opens nothing yet. @path is borrowed. */
void rotated_file_begin(struct rotated_file *file, const char *path);
/*
 * A line with its end: all of it, or nothing and a negative errno. -EAGAIN: whoever reads standard output stands still.
 * -EINVAL: it is no regular file; -ELOOP: it is a link.
 */
int rotated_file_write(struct rotated_file *file, const char *line, size_t len);
void rotated_file_end(struct rotated_file *file);

/* Would @fd take @len bytes at once? A reader that stands still must not hold up who writes. */
bool fd_has_room(int fd, size_t len);
/* The same; whoever reads has that time to make room. */
bool fd_gets_room(int fd, size_t len, int timeout_ms);

#endif
