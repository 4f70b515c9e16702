/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet was denied. One list gives the number that the kernel counts,
 * the word that --json and metrics carry, and the sentence that a person
 * reads. Numbers are ABI: add at the end.
 */
#ifndef EGRET_REASONS_H
#define EGRET_REASONS_H

/* Of an address of its own, and of one that others were given for a name. */
#define EGRET_PORT_SENTENCE  "rules name this destination, but not this port and protocol"
#define EGRET_CLASS_SENTENCE "a rule allows this, but not for this subject"

/* X(symbol, label, sentence) */
#define EGRET_REASONS(X)                                                                                               \
	X(NO_RULE, "no-rule", "no rule allows this destination")                                                       \
	X(PORT, "port", EGRET_PORT_SENTENCE)                                                                           \
	X(CLASS, "class", EGRET_CLASS_SENTENCE)                                                                        \
	X(DENY_RULE, "deny-rule", "a deny rule takes this destination away")                                           \
	X(MALFORMED, "malformed", "the packet could not be parsed")                                                    \
	X(FRAGMENT, "fragment", "a fragment that a raw socket made")                                                   \
	X(EXT_HEADER, "extension-header", "an IPv6 extension header that Egret does not know")                         \
	X(SOURCE_ROUTE, "source-route", "the packet asks to be routed through another address")                        \
	X(NO_MEMORY, "no-memory", "the kernel had no memory to remember the socket")                                   \
	X(DNS_NAME, "dns-name", "a DNS question for a name that no rule and no resolver line has")                     \
	X(STALE_AGENT, "stale-agent", "no agent has looked after the policy for too long: only the floor may pass")    \
	X(FORGED, "forged", "an answer in the name of a resolver, to somebody who did not ask this socket")            \
	X(FOREIGN_SOURCE, "foreign-source", "from an address that is not the sender's own")                            \
	X(SPECIAL_ADDRESS, "special-address",                                                                          \
	  "a rule has the name, but this is an address that a name may not bring in; allow the address itself")        \
	X(NOT_A_SOCKET, "not-a-socket", "past its socket (AF_PACKET, AF_XDP, TUN, nested), and no rule allows it")     \
	X(TUNNEL, "tunnel", "the outer packet of a tunnel, and no rule allows its destination")                        \
	X(REWRITTEN, "rewritten", "rewritten behind its socket (nft, tc), and no rule allows where it goes now")       \
	X(NOT_IP, "not-ip", "neither IP nor what a link needs (ARP, LLDP, STP)")                                       \
	X(UNLOOKED, "unlooked", "came in by a device that has no look, and `set unlooked = deny`")                     \
	X(SERVICE_OUTSIDE, "service-outside",                                                                          \
	  "the service's address leads to an end point outside, which no rule allows this pod")                        \
	X(FAMILY, "family", "a kind of socket that `set families` does not give to pods")                              \
	X(OPTION, "option", "a socket option that leads past the layers, or to addresses of others")                   \
	X(NOT_SERVER, "not-server", "speaks as a resolver, and is not of the class that serves it")                    \
	X(IPSEC, "ipsec", "inside IPsec, and where it goes there is not known, or no rule allows it")                  \
	X(EXPIRED, "expired", "the answer that allowed this address is over: ask for the name again")                  \
	X(BEFORE_ATTACH, "before-attach", "a connection from before Egret was attached, and no rule allows it")

enum egret_reason {
	EGRET_REASON_NONE = 0,
#define EGRET_REASON_ENUM(symbol, label, sentence) EGRET_REASON_##symbol,
	EGRET_REASONS(EGRET_REASON_ENUM)
#undef EGRET_REASON_ENUM
	    EGRET_REASON_COUNT
};

/* In `reasons`, what would be denied is counted that many places behind what is denied: with room for
 * reasons to come, so that a new one moves no counter. */
#define EGRET_REASONS_AUDITED 64
_Static_assert(EGRET_REASON_COUNT <= EGRET_REASONS_AUDITED, "more reasons than the map has places for");

/*
 * What the agent finds out, within a second, of a row whose reason in the kernel is `no-rule`: the label and the
 * sentence stand in place of the reason's. The last two have the words of reasons. Numbers are ABI: add at the end.
 * X(symbol, label, sentence)
 */
#define EGRET_CAUSES(X)                                                                                                \
	X(NOT_ASKED, "not-asked", "an address of an allowed name, and this subject was not given it for that name")    \
	X(UNTRUSTED_RESOLVER, "untrusted-resolver",                                                                    \
	  "this subject may have it from a DNS server that is no `resolver`")                                          \
	X(ALIAS, "alias",                                                                                              \
	  "the name that was asked for is an alias of an allowed one: the name itself must be allowed")                \
	X(NAME_NOT_IN_POLICY, "name-not-in-policy", "no rule has this name")                                           \
	X(ADDRESS_NOT_IN_POLICY, "address-not-in-policy", "no rule has this address, and no name of it is known")      \
	X(PORT_OF_NAME, "port", EGRET_PORT_SENTENCE)                                                                   \
	X(CLASS_OF_NAME, "class", EGRET_CLASS_SENTENCE)

enum egret_cause {
	EGRET_CAUSE_NONE = 0,
#define EGRET_CAUSE_ENUM(symbol, label, sentence) EGRET_CAUSE_##symbol,
	EGRET_CAUSES(EGRET_CAUSE_ENUM)
#undef EGRET_CAUSE_ENUM
	    EGRET_CAUSE_COUNT
};

/*
 * What allows a packet when no line of the policy does. They take the first
 * rule ids, so that each allowed packet is counted on exactly one id.
 */
/* X(symbol, label, sentence) */
#define EGRET_BUILTIN_RULES(X)                                                                                         \
	X(LOOPBACK, "loopback", "the packet never leaves: its device is lo")                                           \
	X(INBOUND, "inbound", "answers a connection or a datagram that came in")                                       \
	X(EXISTING, "existing", "a TCP connection from before Egret was attached")                                     \
	X(KERNEL, "kernel", "made by the kernel itself (resets, ICMP errors, neighbour discovery)")                    \
	X(AUDITED, "audited", "would have been denied, but the policy only audits")

enum egret_builtin_rule {
	EGRET_RULE_NONE = 0,
#define EGRET_RULE_ENUM(symbol, label, sentence) EGRET_RULE_##symbol,
	EGRET_BUILTIN_RULES(EGRET_RULE_ENUM)
#undef EGRET_RULE_ENUM
	    EGRET_RULE_BUILTIN_COUNT,
	EGRET_RULE_FIRST = 16, /* the first id of a line in a rules file */
};

#endif
