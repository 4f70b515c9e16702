/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A page for people, metrics and health of an instance, by HTTP: a process that can change nothing. */
#ifndef EGRET_SERVE_H
#define EGRET_SERVE_H

#include "../base/error.h"

#define SERVE_LISTEN_DEFAULT "127.0.0.1:9964"

/* Until SIGTERM or SIGINT. @listen as of listen_on. */
int serve_run(const char *instance, const char *listen, struct error *error);

#endif
