/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* espinudp PORT: holds the socket to which ESP in UDP comes (RFC 3948), as an IKE daemon does. */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define UDP_ENCAP_ESPINUDP 2 /* include/uapi/linux/udp.h */

int main(int argc, char **argv)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), kind = UDP_ENCAP_ESPINUDP;

	if (argc != 2)
		return 2;
	any.sin_port = htons(atoi(argv[1]));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &kind, sizeof(kind))) {
		perror("espinudp");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}
