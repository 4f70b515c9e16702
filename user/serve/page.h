/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The page for people: user/serve/page/, put together and compressed by mk/page.sh. */
#ifndef EGRET_SERVE_PAGE_H
#define EGRET_SERVE_PAGE_H

#include "http.h"

void page_give(struct http_reply *ret);

#endif
