# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Unit tests run under ASan and UBSan; the rest runs the real program.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# gold, where it is there, links in half the time of ld; there are fifty of these programs.
LINK_TEST := $(SANITIZE) $(if $(shell command -v ld.gold),-fuse-ld=gold)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
# What is neither the kernel's nor the program's entry can be tested alone.
UNIT_SOURCES := $(filter-out user/kernel/% user/view/% user/cli/% user/agent/% user/subject/% user/serve/%,$(SOURCES)) user/view/suggestion.c user/view/refusal.c
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(B)/asan/%.o) \
                $(patsubst %.c,$(B)/asan/%.o,$(wildcard tests/model/*.c))

$(B)/asan/%.o: %.c | $(B)/egret.skel.h $(B)/serve_page.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests -std=gnu11 $(WARNINGS) $(SANITIZE) -O1 -g -MMD -MP -c -o $@ $<

$(B)/tests/test_%: $(B)/asan/tests/unit/test_%.o $(B)/asan/tests/unit/filter.o $(UNIT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcmocka -lcares -lpthread

# Views are tested on an instance without a kernel.
VIEW_SOURCES := $(wildcard user/view/*.c user/subject/*.c user/base/*.c user/policy/*.c user/compile/*.c) \
                user/kernel/name_key.c tests/unit/fake_kernel.c
VIEW_TESTS   := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_view_*.c))

$(VIEW_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/asan/tests/unit/%.o $(B)/asan/tests/unit/filter.o $(VIEW_SOURCES:%.c=$(B)/asan/%.o)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcmocka -ljansson -lpthread

# So is what is served of them.
SERVE_SOURCES := $(VIEW_SOURCES) $(wildcard user/serve/*.c)

$(B)/tests/test_serve: $(B)/tests/%: $(B)/asan/tests/unit/%.o $(B)/asan/tests/unit/filter.o $(SERVE_SOURCES:%.c=$(B)/asan/%.o)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcmocka -ljansson -lseccomp -lpthread

# So are the commands that print them.
PRINTED_SOURCES := $(VIEW_SOURCES) $(wildcard user/resolve/*.c) $(patsubst %,user/cli/%.c,status layers rules drops follow learned \
                   load option_list options normal_form resolved rules_path screen suggest summary table wanted)

PRINTED_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_printed*.c))

$(PRINTED_TESTS): $(B)/tests/%: $(B)/asan/tests/unit/%.o $(B)/asan/tests/unit/filter.o $(PRINTED_SOURCES:%.c=$(B)/asan/%.o)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcmocka -ljansson -lcares -lpthread

# The rooms that ask the system: on real maps, cgroups and pins, where the machine permits; else a case is skipped.
SYSTEM_SOURCES := $(wildcard user/kernel/*.c user/subject/*.c user/base/*.c user/policy/*.c user/compile/*.c)
SYSTEM_TESTS   := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_kernel_*.c tests/unit/test_subject.c))

$(SYSTEM_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/asan/tests/unit/%.o $(B)/asan/tests/unit/filter.o $(SYSTEM_SOURCES:%.c=$(B)/asan/%.o)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcmocka -lbpf -lelf -lz -lpthread

# The rooms above those are tested with all that they stand on.
PROGRAM_SOURCES := $(filter-out user/cli/main.c,$(SOURCES))
PROGRAM_TESTS   := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_cli_*.c tests/unit/test_agent_*.c))

$(PROGRAM_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/asan/tests/unit/%.o $(B)/asan/tests/unit/filter.o $(PROGRAM_SOURCES:%.c=$(B)/asan/%.o)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcmocka $(LDLIBS) -lpthread

-include $(PROGRAM_SOURCES:%.c=$(B)/asan/%.d) $(VIEW_SOURCES:%.c=$(B)/asan/%.d) $(UNIT_OBJECTS:.o=.d) $(UNIT_TESTS:$(B)/tests/%=$(B)/asan/tests/unit/%.d)
.SECONDARY:

# Tests begin the two thousands of times: static, each costs less.
$(B)/tests/enter: tests/tools/enter.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -static -o $@ $<

PROBE_SOURCES := $(wildcard tests/tools/probe*.c)
$(B)/tests/probe: $(PROBE_SOURCES) tests/tools/probe.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -static -o $@ $(PROBE_SOURCES)

LEDGER_SOURCES := $(wildcard tests/tools/ledger*.c)
$(B)/tests/ledger: $(LEDGER_SOURCES) tests/tools/ledger.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $(LEDGER_SOURCES) -lpthread

$(B)/tests/clock_jump.so: tests/tools/clock_jump.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fPIC -shared -o $@ $<

$(B)/tests/refuse $(B)/tests/trespass $(B)/tests/crowd $(B)/tests/together: $(B)/tests/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $< -lpthread

$(B)/tests/cache $(B)/tests/liar $(B)/tests/parrot $(B)/tests/early $(B)/tests/forger: $(B)/tests/%: tests/dns/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $<

$(B)/tests/begin: tests/layers/begin.c tests/layers/narrow.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $<

$(B)/tests/newborn $(B)/tests/tight $(B)/tests/flood: $(B)/tests/%: tests/subjects/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $<

ASTRAY_SOURCES := $(wildcard tests/layers/astray*.c)
$(B)/tests/astray: $(ASTRAY_SOURCES) $(wildcard tests/layers/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $(ASTRAY_SOURCES) -lpthread

$(B)/tests/switcher: tests/subjects/switcher.c $(filter-out $(B)/user/cli/%,$(OBJECTS))
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

CLIENT_SOURCES := $(wildcard tests/dns/client*.c)
$(B)/tests/client: $(CLIENT_SOURCES) tests/dns/client.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $(CLIENT_SOURCES) -lcares -lpthread

# Another's programs at the hooks of calls, and at devices.
$(B)/tests/service.bpf.o: tests/dns/service.bpf.c
$(B)/tests/passes.bpf.o: tests/layers/passes.bpf.c
$(B)/tests/service.bpf.o $(B)/tests/passes.bpf.o: $(VMLINUX)/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$(filter %.c,$^))
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror -I$(VMLINUX) -c -o $@ $(filter %.c,$^)

# BPF_PROG_TEST_RUN against the model.
# Each uses some of the programs' functions only.
$(B)/judge.bpf.o $(B)/decide.bpf.o: $(B)/%.bpf.o: tests/bpf/%.bpf.c $(wildcard tests/bpf/*.h bpf/*.h include/*.h) \
		$(VMLINUX)/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror -Wno-unused-function \
		-Iinclude -Ibpf -Itests/bpf -I$(VMLINUX) -c -o $@ $<

$(B)/judge.skel.h $(B)/decide.skel.h: $(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.new
	$(Q)mv $@.new $@

$(B)/tests/pairs: $(B)/judge.skel.h
$(B)/tests/decisions: $(B)/decide.skel.h
$(B)/tests/pairs $(B)/tests/decisions: $(B)/tests/%: $(wildcard tests/bpf/*.h) tests/bpf/%.c tests/bpf/programs.c \
		tests/bpf/world.c $(wildcard tests/model/*.[ch]) $(filter-out $(B)/user/cli/%,$(OBJECTS))
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests -Itests/bpf $(ALL_CFLAGS) -o $@ $(filter %.c %.o,$^) $(LDLIBS)

$(B)/tests/sequences: $(wildcard tests/sequence/*.[ch] tests/bpf/*.h) tests/bpf/programs.c tests/bpf/world.c $(wildcard tests/model/*.[ch]) \
		$(filter-out $(B)/user/cli/%,$(OBJECTS))
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests -Itests/bpf $(ALL_CFLAGS) -o $@ $(filter %.c %.o,$^) $(LDLIBS)

# The form of the maps, and its hash.
$(B)/layout.bpf.o: tests/house/layout.bpf.c $(wildcard bpf/*.h include/*.h) $(VMLINUX)/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror \
		-Iinclude -Ibpf -I$(VMLINUX) -c -o $@ $<

$(B)/tests/layout: tests/house/layout.c $(wildcard include/*.h) user/base/hash.h | $(B)/layout.bpf.o
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(LDLIBS)

# Asks the kernel's verifier.
$(B)/tests/writers: tests/house/writers.c $(B)/egret.skel.h $(wildcard include/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(LDLIBS)

# Answers against c-ares: through the program outside the kernel, whose own source is in it.
NATIVE_SOURCES := $(wildcard tests/native/*.c)
NATIVE_OBJECTS := $(NATIVE_SOURCES:%.c=$(B)/asan/%.o)
ANSWER_OBJECTS := $(patsubst %,$(B)/asan/tests/answers/%.o,answer edges mutate find hints writer)
ANSWER_JUDGE   := $(patsubst %,$(B)/asan/tests/answers/%.o,native judge)

$(B)/asan/tests/native/%.o: CPPFLAGS := -Itests/native -Ibpf -I$(VMLINUX) $(CPPFLAGS)
# Programs need no prototypes, and their maps have short names.
$(B)/asan/tests/native/program.o: WARNINGS := -Wall -Wextra -Werror

$(B)/tests/answers_native: $(ANSWER_JUDGE) $(ANSWER_OBJECTS) $(NATIVE_OBJECTS) $(UNIT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcares -lpthread

$(B)/tests/answers_sent: $(B)/asan/tests/answers/sent.o $(ANSWER_OBJECTS) $(UNIT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LINK_TEST) -o $@ $^ -lcares -ljansson -lpthread

# The program's own parser of packets.
$(B)/tests/test_packet $(B)/tests/test_buffer: $(NATIVE_OBJECTS)

-include $(B)/asan/tests/answers/sent.d $(NATIVE_OBJECTS:.o=.d) $(ANSWER_OBJECTS:.o=.d) $(ANSWER_JUDGE:.o=.d)

# What the end-to-end tests speak and listen with.
.PHONY: tests-tools
tests-tools: $(patsubst %,$(B)/tests/%,enter probe ledger soak refuse trespass crowd together clock_jump.so cache liar parrot early client forger newborn tight flood astray begin service.bpf.o passes.bpf.o)

.PHONY: tests
tests: $(B)/egret $(UNIT_TESTS) tests-tools $(B)/tests/pairs $(B)/tests/decisions $(B)/tests/sequences $(B)/tests/switcher \
		$(B)/tests/answers_native $(B)/tests/answers_sent $(B)/tests/layout $(B)/tests/writers

# Tests wait for it, one behind the other. A clone may have no history that goes so far back: they say so.
.PHONY: releases
releases:
	+@tests/tools/release 0.1.0 >/dev/null || true

# As many at once as there are cores, unless somebody said how many.
BUILD_JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

## make unit            unit tests; T=policy one of them, T=floor each case with that in its name
.PHONY: unit
unit:
	mk/deps.sh test
	$(MAKE) --no-print-directory $(BUILD_JOBS) $(UNIT_TESTS)
	tests/unit/run $(T)

## make e2e             end-to-end tests, as root; T=forms one of them, T=packets a folder
.PHONY: e2e
e2e:
	mk/deps.sh test image
	$(MAKE) --no-print-directory $(BUILD_JOBS) tests
	tests/e2e/run $(T)

## make test            every test; installs the packages that they need
.PHONY: test
test:
	mk/deps.sh test image
	mk/deps.sh room || echo "skip: what the clean room is made with cannot be installed"
	mk/deps.sh kernels || echo "skip: what other kernels are booted with cannot be installed"
	mk/promtool.sh $(B)/tests/promtool || echo "skip: promtool cannot be fetched"
	@echo "skip: the page of egret serve in a browser, which is 400 MB to install: make test-page"
	$(MAKE) --no-print-directory $(BUILD_JOBS) tests replays static kernel-programs bench-programs releases
	tests/run

## make test-long       the same with all random pairs, sequences and answers, and with seeded bugs: an hour
.PHONY: test-long
test-long: export EGRET_PAIRS = 1000000
test-long: export EGRET_DECISIONS = 100000
test-long: export EGRET_SEQUENCES = 2000
test-long: export EGRET_ANSWERS = 1000000
test-long: export EGRET_ANSWERS_SENT = 50000
test-long: export EGRET_RATE = 800
test-long: export EGRET_KILLS = 200
test-long: export EGRET_RELOADS = 1000
test-long: export EGRET_DETACHES = 200
test-long: export EGRET_TAKEOVERS = 20
test-long: export EGRET_ROLLBACKS = 0.1.0 5-last
test-long: export EGRET_NEWBORN = 1000
test-long: export EGRET_RESTARTS = 10000
test-long: export EGRET_SWITCHES = 10000
test-long: export EGRET_MIXED_RELOADS = 300
test-long: export EGRET_FRESH_NAMES = 60000
test-long: export EGRET_ANSWERING_SEC = 600
test-long: export EGRET_E2E_LIMIT_SEC = 3600
test-long: test
	tests/sequence/seeded
	tests/answers/seeded
	tests/e2e/seeded

## make test-page       the page of `egret serve` in a browser; pictures in build/page/
.PHONY: test-page
test-page:
	mk/deps.sh test page
	$(MAKE) --no-print-directory $(BUILD_JOBS) $(B)/egret tests-tools
	tests/page/run

## make demo            a governed node, pods and an internet in namespaces, in a minute
.PHONY: demo
demo:
	mk/deps.sh test
	$(MAKE) --no-print-directory $(B)/egret $(B)/tests/probe
	demo/demo.sh

## make clean-room      README's set-up commands on a minimal Debian of its own
.PHONY: clean-room
clean-room:
	mk/deps.sh room
	tests/clean-room/run
