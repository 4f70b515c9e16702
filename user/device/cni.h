/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the node's network plugins are set up to do with a pod's device. */
#ifndef EGRET_DEVICE_CNI_H
#define EGRET_DEVICE_CNI_H

#include <stdbool.h>

/* Where kubelets' runtimes look (containerd, CRI-O). */
#define CNI_FOLDER "/etc/cni/net.d"

/* Does a file of the folder @path (*.conf, *.conflist, *.json) name the plugin @type? Where it cannot be read: no. */
bool cni_names_plugin(const char *path, const char *type);

#endif
