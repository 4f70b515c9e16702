#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever owns a zone writes into a TXT record what looks like the answer for another's name, and has a pod ask for both
# by one connection, behind more answers than Egret reads of a segment: with the next one, the stream is in the midst of
# the record.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
bed_up
pod_up web 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
cat >"$work/dns.py" <<'PYTHON'
import socket, struct, sys

SMALL, TXT, LAST = 600, 701, 777  # questions, and the ids of two more
FIRST_BURST = 14480               # octets: 10 segments (RFC 6928) of 1,448


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def framed(message):
    return struct.pack(">H", len(message)) + message


def question(number, owner, kind):
    return framed(struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + owner + struct.pack(">2H", kind, 1))


def answer(number, owner, kind, data):
    return framed(struct.pack(">6H", number, 0x8180, 1, 1, 0, 0) + owner + struct.pack(">2H", kind, 1) +
                  b"\xc0\x0c" + struct.pack(">2HIH", kind, 1, 600, len(data)) + data)


def hear(connection, octets):
    while octets > 0:
        octets -= len(connection.recv(min(octets, 65536))) or octets


asked = [question(i, b"\0", 1) for i in range(SMALL)] + [question(TXT, name("txt.evil.test"), 16),
                                                        question(LAST, name("victim.wild.example"), 1)]
small = b"".join(framed(struct.pack(">6H", i, 0x8185, 1, 0, 0, 0) + b"\0\0\1\0\1") for i in range(SMALL))
data = bytearray(20000)
before = len(small) + len(answer(TXT, name("txt.evil.test"), 16, b""))
fake = answer(LAST, name("victim.wild.example"), 1, socket.inet_aton("20.6.0.77"))
data[FIRST_BURST - before:FIRST_BURST - before + len(fake)] = fake
said = small + answer(TXT, name("txt.evil.test"), 16, bytes(data))
if sys.argv[1] == "serve":
    listener = socket.create_server((sys.argv[2], 53))
    print("ready", flush=True)
    connection, _ = listener.accept()
    hear(connection, sum(map(len, asked)))
    connection.sendall(said)
    connection.recv(1)
else:
    connection = socket.create_connection((sys.argv[2], 53))
    connection.sendall(b"".join(asked[:SMALL]))
    for last in asked[SMALL:]:
        connection.sendall(last)
    hear(connection, len(said))
    print("heard")
PYTHON
start "$work/server.log" - "$id-inet" python3 "$work/dns.py" serve 20.0.0.56
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.56
allow *.wild.example  tcp:443
POLICY
expect heard "the pod asks, and hears all" pod web python3 "$work/dns.py" ask 20.0.0.56
json '.dns_total.packed > 0' "Egret did not read all of it" egret_cmd status --json
! is_learned 20.6.0.77 || failed "what lies in a TXT record taught: $(learned_rows 20.6.0.77)"
denied "pod web" 20.6.0.77 tcp:443
finish
