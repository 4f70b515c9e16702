/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One small file of the state folder: lines of KEY=VALUE, or the last good policy. Private to base/state*.c. */
#ifndef EGRET_STATE_FILE_H
#define EGRET_STATE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define STATE_NAME_SIZE  128
#define STATE_FILE_SIZE  1024
#define STATE_UNFINISHED ".unfinished-"

int state_file_name(char buf[static STATE_NAME_SIZE], const char *kind, const char *instance);
/* All of it or nothing, on the disk when it returns. */
int state_file_write(int state, const char *kind, const char *instance, const char *bytes, size_t len_bytes);
int state_file_read(int state, const char *kind, const char *instance, char buf[static STATE_FILE_SIZE]);
/* 0 also where there is none. */
int state_file_remove(int state, const char *kind, const char *instance);
/* The value of the first line KEY=VALUE; false: there is none, and @ret is as it was. */
bool state_file_value(const char *text, const char *key, char *ret, size_t size);

#endif
