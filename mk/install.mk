# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
## make install         into DESTDIR and PREFIX (default /usr/local)
.PHONY: install
install: $(B)/egret
	install -D -m 0755 $(B)/egret $(DESTDIR)$(PREFIX)/bin/egret
	cd rules && find . -name '*.rules' -exec install -D -m 0644 {} $(DESTDIR)$(PREFIX)/share/egret/rules/{} \;
	cd docs && for page in *.[1-8]; do \
		[ ! -f $$page ] || install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$page; done

## make deps            what building needs, from the distribution's packages
.PHONY: deps
deps:
	mk/deps.sh build
