# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One static binary with the BPF object inside, and the image that holds it.

## make static          one static binary: build/egret-static
.PHONY: static
static: $(B)/egret-static

$(B)/egret-static: $(OBJECTS)
	$(call say,STATIC,$@)
	$(Q)$(CC) -static $(LDFLAGS) -o $@.new $^ $(LDLIBS)
	$(Q)strip $@.new
	$(Q)mv $@.new $@

# What the manifests in deploy/ ask for. A name without a registry would mean docker.io's.
IMAGE ?= localhost/egret:$(VERSION)

## make image           container image $(IMAGE), localhost/egret:VERSION without it, with buildah, no daemon
.PHONY: image
image:
	mk/deps.sh image
	$(MAKE) --no-print-directory $(B)/egret-static
	deploy/image/build $(IMAGE)
