# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What vmlinux/make writes is left as it is.
C_FILES := $(wildcard bpf/*.[ch] include/*.h user/*/*.[ch] tests/*/*.[ch] bench/*.[ch])

## make fmt             format all C files in place
.PHONY: fmt
fmt:
	clang-format -i $(C_FILES)

## make lint            clang-format, clang-tidy, and what the tree promises its readers; a warning is an error
.PHONY: lint
lint: $(B)/egret
	mk/deps.sh lint
	clang-format --dry-run -Werror $(C_FILES)
	tests/house/check
	tests/house/seeds
	tests/house/papers
	clang-tidy --quiet $(SOURCES) -- $(CPPFLAGS) -std=gnu11 2>/dev/null
