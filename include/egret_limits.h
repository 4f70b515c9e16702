/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every limit that a person can run into, once. Going over one is an error
 * that names it: nothing here is ever exceeded in silence.
 */
#ifndef EGRET_LIMITS_H
#define EGRET_LIMITS_H

/* RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters of text. */
#define EGRET_NAME_MAX  253
#define EGRET_LABEL_MAX 63
#define EGRET_NAME_SIZE 256

/* Rules of one policy; their ids index the counters, which are per CPU. */
#define EGRET_MAX_RULES 16384
/* Port entries that one destination can gather from all rules together. The
 * kernel reads them one by one, so this bounds the cost of a first packet. */
#define EGRET_MAX_PORTS_PER_DEST 64
#define EGRET_MAX_PORT_ENTRIES   (1 << 20)
#define EGRET_MAX_ADDRESSES      (1 << 20)
#define EGRET_MAX_CIDRS          (1 << 17)
#define EGRET_MAX_NAMES          (1 << 17)

/* What one load of the rules files may take, before anything is compiled. */
#define EGRET_MAX_FILE_BYTES (16 << 20)
#define EGRET_MAX_USE_DEPTH  16
#define EGRET_MAX_WORD_BYTES 1024
/* Words that variables bring in, all lines together: bounds lists of lists. */
#define EGRET_MAX_EXPANSIONS (1 << 22)
/* Destinations of one `require` line: all of them are dialled at the same time. */
#define EGRET_MAX_REQUIRED_DESTS 32
/* Destinations that all rules list together, doubles included. */
#define EGRET_MAX_DESTS (EGRET_MAX_ADDRESSES + EGRET_MAX_CIDRS + EGRET_MAX_NAMES)

/* Audiences that a policy tells apart: three for each cgroup that it names, three for the rest, and the unknown one. */
#define EGRET_MAX_AUDIENCES     4096
#define EGRET_MAX_NAMED_CGROUPS ((EGRET_MAX_AUDIENCES - 1) / 3 - 1)
/* Sets of them that its rules are for. */
#define EGRET_MAX_SETS 2048

/* Cgroups of a machine at a time: a node with 250 pods has some 1,500. */
#define EGRET_MAX_SUBJECTS 8192

/* Rows of denials: in all, of one owner (a pod, a service), and owners of rows. 250 pods have room for all of theirs.
 */
#define EGRET_MAX_DROPS         16384
#define EGRET_DROPS_PER_OWNER   64 /* a power of two: the verifier wants a mask */
#define EGRET_MAX_CULPRITS      2048
#define EGRET_MAX_REFUSALS      1024 /* rows of what may not begin: 250 pods, four each; a cgroup can fill 100 */
#define EGRET_MAX_COMPLETIONS   4096 /* rows that the agent says more of; the oldest make room */
#define EGRET_WHO_SIZE          96
#define EGRET_MAX_STRANGERS     256  /* owners whose last DNS server that is no resolver is known */
#define EGRET_MAX_SUBJECT_NAMES 1536 /* cgroups whose paths are kept for `drops`: a node with 250 pods has so many */
#define EGRET_NAMES_PER_OWNER   8    /* of these, of one owner: a power of two */
#define EGRET_MAX_POD_NAMES     1024
#define EGRET_DENIED_BYTES      4096 /* of the ring that tells of new subjects: pages, a power of two */
#define EGRET_MAX_EXISTING      4096

/* Peers of datagram sockets that have more than one: EGRET_FLOW_WAYS in each place. Of one owner (a pod, a service) so
 * many places of those that it sent to first, and of those that came in first, which it may owe an answer: 8,192 and
 * 16,384 peers. Three owners may use all of theirs at once before the places of those that were quiet longest are
 * given away. */
#define EGRET_FLOW_WAYS        8
#define EGRET_FLOW_SHARE       1024
#define EGRET_ARRIVAL_SHARE    2048
#define EGRET_MAX_FLOW_SETS    (4 * EGRET_FLOW_SHARE)
#define EGRET_MAX_ARRIVAL_SETS (3 * EGRET_ARRIVAL_SHARE)

/*
 * What DNS answers taught, in all: 250 pods of 1,024 addresses each, and what stands beside them. Each owner (a pod, a
 * service) may have EGRET_SHARE_MAX_* while there is room. What is over its share gives way when there is none; within
 * the share it is nobody else's, and only the owner's own newer ones push it out.
 */
#define EGRET_MAX_LEARNED     262144
#define EGRET_SHARE_ADDRS     1024
#define EGRET_SHARE_MAX_ADDRS 16384
/* Of names that no rule has: for people, and for the next policy. */
#define EGRET_SHARE_OUTSIDE     16
#define EGRET_SHARE_MAX_OUTSIDE 2048
#define EGRET_MAX_KNOWN         32768 /* names that were answered */
#define EGRET_SHARE_NAMES       96
#define EGRET_SHARE_MAX_NAMES   4096
/* What several owners were answered, when the first of them has no place for it any more. */
#define EGRET_SHARE_COMMON 1024
#define EGRET_MAX_SHARES   8192
/* What ended, of names that a rule has, is kept so long while there is room: a denial then says that it ended. */
#define EGRET_ENDED_KEPT_SEC 900
/* Room is made when less than that is left. */
#define EGRET_LEARNED_RESERVE 512
#define EGRET_KNOWN_RESERVE   1024
/* Places of a share that are made, looked through and given up at a time: with their keys, 512 octets of the kernel's.
 * A power of two: places are counted in 24 bits. */
#define EGRET_CHUNK_PLACES 16
#define EGRET_MAX_CHUNKS   49152
/* Names that one learned address has at a time; the one that ends first gives way. */
#define EGRET_LEARNED_NAMES 8
/* Texts of names that were asked for, for people: in the policy or not. Each owner has a ring of those that it asked
 * for last; an answered name's text stays as long as the name is known. So one owner has at most EGRET_SHARE_ASKED +
 * EGRET_SHARE_MAX_NAMES + EGRET_SHARE_MAX_OUTSIDE, and leaves a fifth to the others. */
#define EGRET_MAX_ASKED   8192
#define EGRET_SHARE_ASKED 512 /* a power of two: as many as one socket may have open */
/* Owners that ask: 250 pods, and services. */
#define EGRET_MAX_ASKED_RINGS 256
/* Questions that one socket may have open by itself: resolvers of libcs ask two at a time, others for several names. */
#define EGRET_QUERIES 16
/* And of sockets that ask more at the same time, as c-ares does: EGRET_CROWD_WAYS in each place, and so many places of
 * one owner: 1,024 questions, so that 512 rarely meet in one place. 16 owners may use all of theirs at once. */
#define EGRET_CROWD_WAYS  16
#define EGRET_CROWD_SHARE 64
#define EGRET_MAX_CROWDS  (16 * EGRET_CROWD_SHARE)
/* A DNS message that Egret reads: by UDP with EDNS (RFC 6891 section 6.2.5), and what it keeps
 * of a TCP stream. A power of two: the verifier wants a mask. */
#define EGRET_DNS_BYTES 4096
/* Of the ring in which programs ask the agent to resolve a name, 288 octets each, with the kernel's: 910 names. Pages,
 * a power of two. */
#define EGRET_WANTED_BYTES 262144
/* Deeper names teach nothing: the longest of AKS has 7 labels, what stands for an IPv6 address
 * (RFC 3596 section 2.5) 34. */
#define EGRET_MAX_LABELS 36
/* Of a name that was answered, the domains above it whose keys are kept, so that any policy's patterns can be found
 * for it. Patterns of more labels than that are looked for by the name's text. */
#define EGRET_SUFFIXES 12
/* Of what the agent teaches: a header, 12 octets, and a name, 255 (RFC 1035 section 2.3.4). */
#define EGRET_TAUGHT_BYTES 272

#define EGRET_RULE_TEXT_SIZE   256
#define EGRET_PATH_SIZE        256
#define EGRET_POD_NAME_SIZE    320 /* 63 and 253 characters (RFC 1123 label, subdomain) */
#define EGRET_PROBLEM_SIZE     512
#define EGRET_ABSENT_SIZE      1024
#define EGRET_COMM_SIZE        16 /* TASK_COMM_LEN */
#define EGRET_DEVICE_NAME_SIZE 16 /* IFNAMSIZ */
/* Devices that a layer looks at: a pod has one or two. Addresses that were seen behind them, of which the latest are
 * kept: all of their memory is taken at once. */
#define EGRET_MAX_DEVICES 4096
#define EGRET_MAX_SENDERS 2048
/* Of `set overlay`, and kinds of outer packets of theirs. */
#define EGRET_MAX_OVERLAYS 64
/* Packets under way in fragments, of which the first one passed. */
#define EGRET_MAX_FRAGMENTED 512
/* Connections to services that lead out of the node, which a rule allowed: of 250 pods, 8 each. */
#define EGRET_MAX_SERVICE_FLOWS 2048
/* That one policy names: RESOLVER_MAX_SERVERS of user/resolve/resolver.h. */
#define EGRET_MAX_RESOLVERS 32

#endif
