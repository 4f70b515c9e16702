/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The layers' programs of an instance as a whole: taken over with it, put back with it, taken down with it. Private to
 * kernel/.
 */
#ifndef EGRET_KERNEL_INSTANCE_LAYERS_H
#define EGRET_KERNEL_INSTANCE_LAYERS_H

#include "handle.h"
#include "layer.h"

/* Which programs stood at which sides of devices. */
struct layers_before;

int layers_remember(const struct kernel *kernel, struct layers_before **ret);
/* Takes NULL. */
void layers_forget(struct layers_before *before);
/* Those run again; what was put elsewhere meanwhile goes. */
void layers_restore(const struct kernel *kernel, const struct layers_before *before);

/* The descriptor of the program for this side. */
int layers_program(const struct kernel *kernel, enum layer_place place);
/* Wherever the instance stands, the programs of this version go on. */
int layers_replace(const struct kernel *kernel, struct error *error);
/* The pins belong to root again, whoever had them. */
int layers_pin_anew(const struct kernel *kernel);
/* Of the caller's network namespace; links go with their pins. Returns how many there were. */
int layers_remove_filters(const char *instance, struct error *error);

#endif
