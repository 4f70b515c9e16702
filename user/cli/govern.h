/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_GOVERN_H
#define EGRET_GOVERN_H

#include "command.h"

/* An agent's life, until @stop_fd, a signalfd, brings another signal than SIGHUP: 0. @options has a
 * standby. What is attached then stays so, unless @words say otherwise. */
int govern(const struct options *words, const struct agent_options *options, int stop_fd, struct diag *diag,
	   struct error *error);

#endif
