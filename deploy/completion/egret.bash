# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Completion for bash. The commands and options are asked of egret itself, so that none is
# missing here.

_egret_commands() {
	egret --help 2>/dev/null | sed -nE 's/^  ([a-z]+) .*/\1/p'
}

_egret_options() {
	egret "$1" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

# The words for --reason: what is none is refused with all of them.
_egret_reasons() {
	egret drops --reason "?" 2>&1 | sed 's/.*there are//; s/,//g'
}

# The instances that have pins; only root may look.
_egret_instances() {
	ls /sys/fs/bpf/egret 2>/dev/null
}

_egret() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_egret_commands) --help --version" -- "$word")
		return
	fi
	# Behind exec's -- stands a command with its own completion.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[1]}" = exec ] && [ "${COMP_WORDS[i]}" = -- ]; then
			declare -F _command_offset >/dev/null && _command_offset $((i + 1))
			return
		fi
	done
	case $before in
	--instance) mapfile -t COMPREPLY < <(compgen -W "$(_egret_instances)" -- "$word") ;;
	--rules-path | --state) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -W "text wide json jsonl" -- "$word") ;;
	--by) COMPREPLY=(workload) ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word") ;;
	--fallback) mapfile -t COMPREPLY < <(compgen -W "audit closed" -- "$word") ;;
	--listen) mapfile -t COMPREPLY < <(compgen -W "127.0.0.1:9964" -- "$word") ;;
	--sort) mapfile -t COMPREPLY < <(compgen -W "last count who destination why" -- "$word") ;;
	--reason) mapfile -t COMPREPLY < <(compgen -W "$(_egret_reasons)" -- "$word") ;;
	-p | --policy) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	*)
		case $word in
		-*) mapfile -t COMPREPLY < <(compgen -W "$(_egret_options "${COMP_WORDS[1]}")" -- "$word") ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
		esac
		;;
	esac
}

complete -o filenames -F _egret egret
