/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where an instance is pinned: BPFFS/egret/INSTANCE/KIND_NAME, and whether what stands there can be
 * trusted to be Egret's. Private to kernel/.
 */
#ifndef EGRET_KERNEL_PINS_H
#define EGRET_KERNEL_PINS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "../base/error.h"

#define BPFFS         "/sys/fs/bpf"
#define INSTANCES     BPFFS "/egret"
#define PIN_PATH_SIZE 256
/* With the terminating zero; longer names are refused. */
#define INSTANCE_SIZE 64

/* @kind "map" or "next" (a map of a takeover that is not finished); of hooks see hook_pin_path. */
void pin_path(char buf[static PIN_PATH_SIZE], const char *instance, const char *kind, const char *name);
/* The same of the inner map of a table that rules, for who may not ask for it by its number. */
void pin_path_now(char buf[static PIN_PATH_SIZE], const char *instance, const char *kind, const char *table);
/* A name that can be a folder's, and nothing more. */
int pins_check_name(const char *instance, struct error *error);
/* The caller closes it. -ENOTDIR: a link, or a file. */
int pins_open_folder(const char *path);
/* The sentence for what pins_open_folder, or a look at @path, returned. */
int pins_no_folder(int rc, const char *path, struct error *error);
/* The parent of all instances is not root's alone, and nothing could be done about that. */
int pins_foreign_parent(const struct stat *st, struct error *error);
/* kernel_check_pins for who may not list what is there. */
int pins_check_unlisted(struct error *error);
/* Root's, and nobody else may write there. */
bool pins_are_roots(const struct stat *st);

#endif
