#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Help and version, by each of the words that people try.
. "$(dirname "$0")/../lib.sh"
needs_egret
for words in --help -h help; do
	succeeds "egret $words" "$egret" $words
	shows "exec +Run one command" "lists the commands"
done
for words in "help exec" "exec --help"; do
	# shellcheck disable=SC2086
	succeeds "egret $words" "$egret" $words
	shows "--policy" "tells of the command"
done
fails 2 "help for what is no command" "$egret" help nonsense
shows 'no command "nonsense"' "says so"
for words in --version -V version; do
	succeeds "egret $words" "$egret" $words
	shows "^egret [0-9]" "is the version"
done
# Each command has help that names its options, and none fails.
for command in $("$egret" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
	succeeds "egret help $command" "$egret" help "$command"
	shows "^Usage: egret $command" "begins with its usage"
done
finish
