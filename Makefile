# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Object -> skeleton -> program. `make help` lists what can be asked for.

CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
B       := build
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := $(shell cat VERSION)

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s%s\n' $(1) $(2))

ARCH     := $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64,$(ARCH)),arm64,x86)
# The kernel's types for programs: nothing is taken from the headers in /usr/include/linux.
VMLINUX  := vmlinux/$(ARCH:aarch64=arm64)

# A text that people read may be cut to its buffer: that is what snprintf is for.
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror -Wno-format-truncation
CPPFLAGS += -D_GNU_SOURCE -DEGRET_VERSION='"$(VERSION)"' -DEGRET_RULES_PATH='"$(PREFIX)/share/egret/rules"' \
            -Iinclude -Iuser -I$(B)
CFLAGS   ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARNINGS) -fstack-protector-strong -ffunction-sections -fdata-sections $(CFLAGS)
LDFLAGS  += -Wl,--gc-sections
LDLIBS   := -lbpf -lelf -lz -lcares -ljansson -lseccomp

SOURCES := $(wildcard user/*/*.c)
OBJECTS := $(SOURCES:%.c=$(B)/%.o)

.PHONY: all
all: $(B)/egret

$(B)/egret: $(OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Asked once a tree: a compiler's error about a header tells nobody what to install.
$(B)/complete:
	@mk/missing.sh '$(CC)' '$(CLANG)' '$(BPFTOOL)'
	@mkdir -p $(@D)
	@touch $@

# What another PREFIX or VERSION is compiled into.
$(B)/config: FORCE | $(B)/complete
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(VERSION)' | cmp -s - $@ || echo '$(PREFIX) $(VERSION)' > $@
.PHONY: FORCE
FORCE:

# The page of `egret serve`, one file with all that it needs.
$(B)/serve_page.h: mk/page.sh $(wildcard user/serve/page/*) | $(B)/complete
	$(call say,PAGE,$@)
	$(Q)$< user/serve/page > $@.new
	$(Q)mv $@.new $@

$(B)/user/%.o: user/%.c $(B)/config | $(B)/egret.skel.h $(B)/source.skel.h $(B)/serve_page.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What not every kernel takes is an object of its own: source.bpf.c.
$(B)/egret.bpf.o $(B)/source.bpf.o: $(B)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/*.h) $(VMLINUX)/vmlinux.h | $(B)/complete
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror \
		-Iinclude -Ibpf -I$(VMLINUX) -c -o $@ $<

$(B)/egret.skel.h $(B)/source.skel.h: $(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL,$@)
	@# The link leaves out DWARF, of which the kernel and libbpf read nothing.
	$(Q)$(BPFTOOL) gen object $(B)/$*.o $<
	$(Q)$(BPFTOOL) gen skeleton $(B)/$*.o name $*_bpf > $@.new
	$(Q)mv $@.new $@

-include $(OBJECTS:.o=.d)

include mk/static.mk
include mk/test.mk
include mk/soak.mk
include mk/fuzz.mk
include mk/coverage.mk
include mk/kernels.mk
include mk/bench.mk
include mk/lint.mk
include mk/install.mk

.PHONY: clean
clean:
	rm -rf $(B)

.PHONY: help
help:
	@sed -n 's/^## //p' Makefile mk/*.mk
