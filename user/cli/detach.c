// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret detach: the only thing that opens. */
#include "command.h"

#include <stdio.h>

#include "../kernel/kernel.h"

int command_detach(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	collect_finished();
	rc = kernel_detach(options.instance, &error);
	if (rc)
		return fail(rc, &error);
	printf("instance %s is taken down: its cgroup is no longer governed\n", options.instance);
	return EXIT_YES;
}
