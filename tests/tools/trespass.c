// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * trespass FOLDER PIN...: all that whoever may only read an instance might try with its pins: to write to each map, to
 * open each link, to move, remove and replace what is pinned, to make what is not, to get by its number what cannot be
 * opened, and to hold the lock of the folder. A line for each thing that was permitted; "refused N, read M" at the end.
 * Exit code 1 if anything was permitted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#define MAX_VALUE (1 << 20)

static unsigned int refused, permitted, read_count;

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* @rc of a system call that must not succeed. */
static void must_fail(int rc, const char *what, const char *on)
{
	if (rc < 0) {
		refused++;
		return;
	}
	permitted++;
	printf("permitted: %s %s\n", what, on);
}

static int open_pin(const char *path, uint32_t flags)
{
	union bpf_attr attr = {.pathname = (uintptr_t)path, .file_flags = flags};

	return bpf(BPF_OBJ_GET, &attr);
}

/* By a descriptor that reads. */
static void try_to_write(int fd, const char *path)
{
	static char key[256], value[MAX_VALUE];
	union bpf_attr element = {.map_fd = (uint32_t)fd, .key = (uintptr_t)key, .value = (uintptr_t)value};
	union bpf_attr batch = {};
	union bpf_attr freeze = {.map_fd = (uint32_t)fd};

	must_fail(bpf(BPF_MAP_UPDATE_ELEM, &element), "update", path);
	must_fail(bpf(BPF_MAP_DELETE_ELEM, &element), "delete", path);
	must_fail(bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &element), "look up and delete", path);
	batch.batch.map_fd = (uint32_t)fd;
	batch.batch.keys = (uintptr_t)key;
	batch.batch.values = (uintptr_t)value;
	batch.batch.count = 1;
	must_fail(bpf(BPF_MAP_UPDATE_BATCH, &batch), "update many of", path);
	batch.batch.count = 1;
	must_fail(bpf(BPF_MAP_DELETE_BATCH, &batch), "delete many of", path);
	batch.batch.count = 1;
	batch.batch.out_batch = (uintptr_t)key;
	must_fail(bpf(BPF_MAP_LOOKUP_AND_DELETE_BATCH, &batch), "look up and delete many of", path);
	must_fail(bpf(BPF_MAP_FREEZE, &freeze), "freeze", path);
}

/* Its memory, and the descriptor as a file. */
static void try_as_file(int fd, const char *path)
{
	char own[64];

	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	must_fail(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0,
		  "write in place to", path);
	must_fail(open(own, O_RDWR), "open again to write", path);
}

static void try_map(const char *path)
{
	int fd;

	must_fail(open_pin(path, 0), "open to read and write", path);
	must_fail(open_pin(path, BPF_F_WRONLY), "open to write", path);
	fd = open_pin(path, BPF_F_RDONLY);
	if (fd < 0) {
		printf("cannot be read: %s: %s\n", path, strerror(errno));
		permitted++;
		return;
	}
	read_count++;
	try_to_write(fd, path);
	try_as_file(fd, path);
	close(fd);
}

static void try_link(const char *path)
{
	must_fail(open_pin(path, 0), "open", path);
	must_fail(open_pin(path, BPF_F_RDONLY), "open to read", path);
}

static void try_file(const char *folder, const char *path)
{
	char elsewhere[512];

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	must_fail(unlink(path), "unlink", path);
	must_fail(rename(path, elsewhere), "rename", path);
	must_fail(link(path, elsewhere), "link", path);
	must_fail(chmod(path, 0666), "chmod", path);
	must_fail(chown(path, geteuid(), getegid()), "chown", path);
}

/* Maps, programs and links have numbers; who has one opens what it is of. */
static void try_numbers(void)
{
	static const struct {
		enum bpf_cmd next, open;
		const char *what;
	} kinds[] = {
	    {BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID, "map"},
	    {BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, "program"},
	    {BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID, "link"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		union bpf_attr next = {};

		must_fail(bpf(kinds[i].next, &next), "list the numbers of", kinds[i].what);
		for (uint32_t id = 1; id < 2000; id++) {
			union bpf_attr attr = {.map_id = id};

			must_fail(bpf(kinds[i].open, &attr), "open by its number a", kinds[i].what);
		}
	}
}

static void try_folder(const char *folder)
{
	char inside[512];
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		must_fail(flock(fd, LOCK_SH | LOCK_NB), "hold the lock of", folder);
	else
		refused++;
	snprintf(inside, sizeof(inside), "%s/inside", folder);
	must_fail(mkdir(inside, 0700), "make a folder in", folder);
	must_fail(rmdir(folder), "remove", folder);
	must_fail(chmod(folder, 0777), "chmod", folder);
}

int main(int argc, char **argv)
{
	char path[512];

	if (argc < 3 || !geteuid()) {
		fprintf(stderr, "usage, not as root: trespass FOLDER PIN...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		snprintf(path, sizeof(path), "%s/%s", argv[1], argv[i]);
		if (!strncmp(argv[i], "map_", strlen("map_")))
			try_map(path);
		else
			try_link(path);
		try_file(argv[1], path);
	}
	try_folder(argv[1]);
	try_numbers();
	printf("refused %u, read %u\n", refused, read_count);
	return permitted ? 1 : 0;
}
