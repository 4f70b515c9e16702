/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells a service manager how far a service is: sd_notify(3), whose protocol is one datagram.
 * (libsystemd has no static library.)
 */
#ifndef EGRET_NOTIFY_H
#define EGRET_NOTIFY_H

/* "READY=1". Does nothing where NOTIFY_SOCKET names nobody to tell. */
void notify_manager(const char *state);

#endif
