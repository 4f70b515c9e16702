// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/value.h"

#define BACKLOG 128

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The last colon is the port's: of IPv6 also without brackets, as $(NODE_IP):9964 has it. */
static int parse(char *text, union address *ret, socklen_t *ret_len, struct error *error)
{
	char *colon = strrchr(text, ':'), *host = text;
	unsigned int port;

	if (!colon || value_number(colon + 1, 65535, &port))
		return error_set(error, -EINVAL, "--listen: \"%s\" has no port from 1 to 65535; write ADDRESS:PORT",
				 text);
	*colon = '\0';
	if (*host == '[' && colon[-1] == ']') {
		host++;
		colon[-1] = '\0';
	}
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v6);
		return 0;
	}
	return error_set(error, -EINVAL, "--listen: \"%s\" is no address; write one, as 127.0.0.1:9964", host);
}

static int open_listener(const union address *address, socklen_t len, const char *text, struct error *error)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, rc;

	if (fd < 0)
		return error_set(error, -errno, "cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, &address->any, len) && !listen(fd, BACKLOG))
		return fd;
	rc = error_set(error, -errno, "cannot listen on %s: %s", text, strerror(errno));
	close(fd);
	return rc;
}

static int listen_on_one(struct http *http, const char *text, struct error *error)
{
	char copy[INET6_ADDRSTRLEN + 16];
	union address address;
	socklen_t len = 0;
	int fd, rc;

	if (strlen(text) >= sizeof(copy))
		return error_set(error, -EINVAL, "--listen: \"%.80s\" is no ADDRESS:PORT", text);
	snprintf(copy, sizeof(copy), "%s", text);
	rc = parse(copy, &address, &len, error);
	fd = rc ? rc : open_listener(&address, len, text, error);
	if (fd < 0)
		return fd;
	rc = http_listen(http, fd);
	if (!rc)
		return 0;
	close(fd);
	return error_set(error, -EINVAL, "--listen has more than %d addresses", HTTP_LISTENERS);
}

int listen_on(struct http *http, const char *addresses, struct error *error)
{
	char copy[1024], *rest = copy, *one;
	int rc = -EINVAL;

	error_set(error, -EINVAL, "--listen: \"%.80s\" is no list of ADDRESS:PORT", addresses);
	if (strlen(addresses) >= sizeof(copy))
		return -EINVAL;
	snprintf(copy, sizeof(copy), "%s", addresses);
	while ((one = strsep(&rest, " ,"))) {
		if (!*one)
			continue;
		rc = listen_on_one(http, one, error);
		if (rc)
			return rc;
	}
	return rc;
}
