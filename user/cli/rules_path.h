/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where `use` looks when nobody says so: the rules that belong to this very program. A
 * program in a build tree has them in ../rules, an installed one in ../share/egret/rules;
 * only when neither is there, in the place that it was built for.
 */
#ifndef EGRET_RULES_PATH_H
#define EGRET_RULES_PATH_H

/* The folder's path, in memory that lives as long as the program. */
const char *rules_path_default(void);

#endif
