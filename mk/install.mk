# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
SHARE := $(DESTDIR)$(PREFIX)/share
UNITS := $(DESTDIR)$(PREFIX)/lib/systemd/system

# The page of the policy language is the manual's section 5 as well.
$(B)/egret-policy.5: docs/policy-language.md $(B)/config
	$(call say,MAN,$@)
	$(Q)lowdown -s -Tman -M title=EGRET-POLICY -M section=5 -M date=$(VERSION) -o $@ $<

## make install         program, rules, manual, completion, units; into DESTDIR and PREFIX (default /usr/local)
.PHONY: install
install: $(B)/egret $(B)/egret-policy.5
	install -D -m 0755 $(B)/egret $(DESTDIR)$(PREFIX)/bin/egret
	cd rules && find . -name '*.rules' -exec install -D -m 0644 {} $(SHARE)/egret/rules/{} \;
	install -D -m 0644 docs/egret.8 $(SHARE)/man/man8/egret.8
	install -D -m 0644 $(B)/egret-policy.5 $(SHARE)/man/man5/egret-policy.5
	install -D -m 0644 deploy/completion/egret.bash $(SHARE)/bash-completion/completions/egret
	install -D -m 0644 deploy/completion/_egret $(SHARE)/zsh/site-functions/_egret
	mkdir -p $(UNITS)
	for unit in deploy/systemd/*.service; do \
		sed 's|/usr/local/bin/egret|$(PREFIX)/bin/egret|' $$unit >$(UNITS)/$${unit##*/} && \
		chmod 0644 $(UNITS)/$${unit##*/} || exit 1; done

## make deps            what building needs, from the distribution's packages
.PHONY: deps
deps:
	mk/deps.sh build
