// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret serve: a page for people, metrics and health, by HTTP. */
#include "command.h"

#include <errno.h>

#include "../serve/serve.h"

int command_serve(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = serve_run(options.instance, options.listen ? options.listen : SERVE_LISTEN_DEFAULT, &error);
	if (!rc)
		return EXIT_YES;
	fail(rc, &error);
	return rc == -EINVAL ? EXIT_USAGE : EXIT_CANNOT;
}
