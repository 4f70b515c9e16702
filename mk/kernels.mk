# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Egret on other kernels, each booted in emulation: what the verifier takes differs from one to the next.

# Debian's, by the beginning of their version; `latest` is the newest of the backports.
KERNELS         ?= 5.10 6.1 6.12 latest
KERNEL_PROGRAMS := $(B)/kernels/probe $(B)/kernels/verify $(B)/kernels/resolver $(B)/kernels/forger $(B)/kernels/liar \
                   $(B)/kernels/begin

# Static: the guest has no library.
$(B)/kernels/probe: $(PROBE_SOURCES) tests/tools/probe.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -static -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -o $@ $(PROBE_SOURCES)

$(B)/kernels/verify: tests/kernels/verify.c $(B)/egret.skel.h $(B)/source.skel.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -static $(CPPFLAGS) -std=gnu11 $(WARNINGS) -O2 -o $@ $< -lbpf -lelf -lz

$(B)/kernels/resolver: tests/kernels/resolver.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -static -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -o $@ $<

## make vmlinux         vmlinux/*/vmlinux.h anew, from the BTF of KERNELS for both architectures, and of this machine's
.PHONY: vmlinux
vmlinux:
	mk/deps.sh kernels
	vmlinux/make $(KERNELS)

$(B)/kernels/forger $(B)/kernels/liar: $(B)/kernels/%: tests/dns/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -static -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -o $@ $<

$(B)/kernels/begin: tests/layers/begin.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -static -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -o $@ $<

.PHONY: kernel-programs
kernel-programs: $(KERNEL_PROGRAMS)

## make test-kernels    load, enforce, learn and take down on each of KERNELS (5.10 6.1 6.12 latest), without IPv6, locked down, preemptible, and under systemd, in qemu; minutes
.PHONY: test-kernels
test-kernels:
	mk/deps.sh kernels
	$(MAKE) --no-print-directory static kernel-programs
	tests/kernels/run $(KERNELS) 6.1:ipv6.disable=1 6.1:lockdown=integrity 6.1:lockdown=confidentiality \
		6.12:preempt=full
	tests/kernels/systemd
