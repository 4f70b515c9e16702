#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `make install`: what a person finds afterwards, in a folder of its own.
. "$(dirname "$0")/../lib.sh"
needs_egret
# With the prefix that the tree was built with: with another one all of it would be built anew, under the feet of the
# tests that run meanwhile.
prefix=$(cut -d' ' -f1 "$root/build/config")
dest=$work/root
to=$dest$prefix
succeeds "make install" make -s -C "$root" install DESTDIR="$dest" PREFIX="$prefix"
for file in bin/egret share/egret/rules/aks/node.rules share/man/man8/egret.8 share/man/man5/egret-policy.5 \
	share/bash-completion/completions/egret share/zsh/site-functions/_egret lib/systemd/system/egret.service; do
	succeeds "installed: $file" test -s "$to/$file"
done
expect "ExecStart=$prefix/bin/egret" "the unit starts what was installed" \
	sed -nE 's/^(ExecStart=[^ ]*).*/\1/p' "$to/lib/systemd/system/egret.service"

# The installed program finds the rules beside it, from wherever it is called.
printf 'set location = eastus\nuse aks/public\n' >"$work/found.rules"
succeeds "rules are found beside the program" env -C / "$to/bin/egret" check "$work/found.rules"
printf 'use aks/nowhere\n' >"$work/missing.rules"
fails 2 "a file that is nowhere" "$to/bin/egret" check "$work/missing.rules"
shows "$to/share/egret/rules" "the message says where it looked"
shows "rules-path" "and which option helps"
rm -r "$to/share/egret"
cp "$work/found.rules" "$work/beside.rules"
mkdir -p "$work/mine/aks" && cp "$root/rules/aks/"*.rules "$work/mine/aks/"
succeeds "the option is asked first" "$to/bin/egret" check --rules-path "$work/mine" "$work/beside.rules"

# complete WORD...: what bash offers for the last of these words.
complete_bash() {
	PATH=$to/bin:$PATH bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _egret; echo "${COMPREPLY[@]}"' \
		- "$to/share/bash-completion/completions/egret" "$@"
}
expect "status" "bash completes a command" complete_bash egret sta
expect "--json" "and an option" complete_bash egret drops --js
expect "closed" "and what an option may be" complete_bash egret run --fallback c
if command -v zsh >/dev/null; then
	expect 0 "zsh can read its completion" bash -c "zsh -n '$to/share/zsh/site-functions/_egret'; echo \$?"
fi
if command -v man >/dev/null; then
	# Long words in narrow columns are no fault of a page.
	expect "" "the manual renders without a warning" bash -c \
		"for page in '$to'/share/man/man?/egret*; do man --warnings=mac -l \"\$page\" 2>&1 >/dev/null; done |
			grep -v 'cannot adjust line' | cat"
fi
finish
