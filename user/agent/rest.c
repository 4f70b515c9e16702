// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/clock.h"

#define RESTLESS_SEC 60
#define TRY_MS       100

struct policy_file rest_look(const struct policy_file *file)
{
	struct stat st = {};

	stat(file->path, &st);
	return (struct policy_file){file->path, st.st_dev, st.st_ino, st.st_size, st.st_mtim, file->fault};
}

bool rest_is_same(const struct policy_file *a, const struct policy_file *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool is_recent(const struct timespec *changed)
{
	time_t age_sec = (time_t)(clock_realtime_ns() / CLOCK_NS_PER_SEC) - changed->tv_sec;

	return age_sec >= 0 && age_sec < RESTLESS_SEC;
}

/* The kernel gives no lease to read on a file that is open for writing: F_SETLEASE of fcntl(2). Who opens it for
 * writing in this moment waits for us, and the signal that tells us so is one that is ignored. */
static bool is_open_for_writing(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool open_for_writing;

	if (fd < 0)
		return false;
	fcntl(fd, F_SETSIG, SIGURG);
	open_for_writing = fcntl(fd, F_SETLEASE, F_RDLCK) && errno == EAGAIN;
	if (!open_for_writing)
		fcntl(fd, F_SETLEASE, F_UNLCK);
	close(fd);
	return open_for_writing;
}

bool rest_is_written(const struct policy_file *now)
{
	return is_recent(&now->changed) && is_open_for_writing(now->path);
}

bool rest_is_emptied(const struct policy_file *now)
{
	return now->inode && !now->size && is_recent(&now->changed);
}

/* Is one of its files not what was read, or does somebody write it? */
static bool is_restless(const struct policy *policy)
{
	for (size_t i = 0; i < policy->file_count; i++) {
		struct policy_file now = rest_look(&policy->files[i]);

		if (!rest_is_same(&now, &policy->files[i]) || rest_is_written(&now))
			return true;
	}
	return false;
}

static bool is_path_written(const char *path)
{
	struct policy_file file = {.path = (char *)path}, now = rest_look(&file);

	return rest_is_written(&now);
}

/* Of a policy with errors: does somebody write what was read of it, or what could not be read at all? */
static bool is_being_mended(const struct policy_options *options, const struct policy_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (is_path_written(files->all[i].path))
			return true;
	for (size_t i = 0; i < options->path_count; i++)
		if (is_path_written(options->paths[i]))
			return true;
	return false;
}

static int load_once(const struct policy_options *options, struct policy **ret, struct policy_files *ret_files,
		     struct diag *diag, bool *ret_restless)
{
	struct policy *policy = NULL;
	int rc = policy_load_watched(options, &policy, ret_files, diag);

	if (options->texts) /* what is kept is at rest, whatever lies in its place now */
		*ret_restless = false;
	else
		*ret_restless = rc ? is_being_mended(options, ret_files) : is_restless(policy);
	if (*ret_restless)
		policy_free(policy);
	else if (!rc)
		*ret = policy;
	return rc;
}

int rest_load(const struct policy_options *options, struct policy **ret, struct policy_files *ret_files,
	      unsigned int wait_ms, struct diag *diag)
{
	bool restless;

	for (unsigned int ms = 0;; ms += TRY_MS) {
		int rc = load_once(options, ret, ret_files, diag, &restless);

		if (!restless)
			return rc;
		diag_clear(diag);
		if (ms >= wait_ms)
			break;
		usleep(TRY_MS * 1000);
	}
	diag_add(diag, DIAG_ERROR, (struct diag_place){.file = options->paths[0]},
		 "somebody still writes this file, or one that it uses; it is read when that is done: write to another "
		 "name and rename that");
	return -EAGAIN;
}
