/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_SERVE_LISTEN_H
#define EGRET_SERVE_LISTEN_H

#include "../base/error.h"
#include "http.h"

/* @addresses: "127.0.0.1:9964 [fd00::1]:9964", separated by blanks or commas. -EINVAL: it is no such list. */
int listen_on(struct http *http, const char *addresses, struct error *error);

#endif
