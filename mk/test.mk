# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Unit tests run under ASan and UBSan; the rest runs the real program.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
# What is neither the kernel's nor the program's entry can be tested alone.
UNIT_SOURCES := $(filter-out user/kernel/% user/cli/% user/agent/% user/subject/%,$(SOURCES))
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(B)/asan/%.o) \
                $(patsubst %.c,$(B)/asan/%.o,$(wildcard tests/model/*.c))

$(B)/asan/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests -std=gnu11 $(WARNINGS) $(SANITIZE) -O1 -g -MMD -MP -c -o $@ $<

$(B)/tests/test_%: $(B)/asan/tests/unit/test_%.o $(UNIT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -lcmocka -lcares -lpthread

-include $(UNIT_OBJECTS:.o=.d)
.SECONDARY:

PROBE_SOURCES := $(wildcard tests/tools/*.c)
$(B)/tests/probe: $(PROBE_SOURCES) $(wildcard tests/tools/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $(PROBE_SOURCES)

.PHONY: tests
tests: $(B)/egret $(UNIT_TESTS) $(B)/tests/probe

## make test            every test; installs the packages that they need
.PHONY: test
test:
	mk/deps.sh test image
	$(MAKE) --no-print-directory tests static
	tests/run

## make demo            a governed node, pods and an internet in namespaces, in a minute
.PHONY: demo
demo:
	mk/deps.sh test
	$(MAKE) --no-print-directory $(B)/egret $(B)/tests/probe
	demo/demo.sh
