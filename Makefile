# `make help` lists the targets. PYTHON=python3.13 picks another Python than python3.
PYTHON ?= python3
VENV   ?= .venv

python := $(VENV)/bin/python
pip    := $(python) -m pip --quiet --disable-pip-version-check
locked := install --require-hashes --only-binary=:all: -r
ready  := $(VENV)/.ready
tools  := $(VENV)/.ready-tests
peers  := .venv-peers/.ready
mutmut := .venv-mutmut/.ready
judges := .venv-release/.ready

# The package that has it, in Debian 12 and 13 as in Ubuntu 24.04 and 26.04.
venv = $(or $(filter python3.%,$(notdir $(PYTHON))),python3)-venv

# What keeps $(PYTHON) from making a virtual environment, in one line; empty when nothing does.
missing = $(shell exec 2>/dev/null; \
	if ! $(PYTHON) -c ''; then \
		echo '$(PYTHON) is missing: sudo apt install python3 python3-venv'; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; then \
		echo "Python 3.11 to 3.14 is needed: $(PYTHON) is" \
			"$$($(PYTHON) -V 2>&1) (PYTHON=python3.13 names another)"; \
	elif ! $(PYTHON) -c 'import ensurepip, venv'; then \
		echo '$(venv) is missing: sudo apt install $(venv)'; \
	fi)

# A .venv that moved, broke, or belongs to another Python than the one asked for is made anew.
import_path = import crypto_assistant as package; print(*package.__path__)
ifneq ($(shell $(python) -Ic '$(import_path)' 2>/dev/null),$(CURDIR)/crypto_assistant)
.PHONY: $(ready)
else ifneq ($(origin PYTHON),file)
ifneq ($(shell $(python) -V),$(shell $(PYTHON) -V 2>/dev/null))
.PHONY: $(ready)
endif
endif

.PHONY: run test test-slow test-deep test-systemd check lint coverage mutate demo bench soak simulate \
	gallery charts interop compare lock audit data dist install upgrade rollback uninstall clean help
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

run: $(ready)  ## start: the Telegram daemon where a token is configured, else the console
	@$(VENV)/bin/crypto-assistant

demo: $(ready)  ## every command's answer once, from the built-in simulated market
	@$(VENV)/bin/crypto-assistant demo

test: $(tools)  #: the tests
	@$(python) -m pytest -n auto --dist worksteal

test-slow: $(tools) $(judges)  #: the tests that take long or need the package index
	@$(python) -m pytest -m slow -n auto --dist worksteal

test-deep: $(tools)  #: the tests with 2,000 examples a property instead of 50, and all fields broken
	@$(python) -m pytest --hypothesis-profile=deep

test-systemd: $(ready)  #: sudo make test-systemd: the service's whole life in a booted Debian
	@tests/systemd/boot.sh $(python)

check: lint test  #: formatting, lint, types and the tests

lint: $(tools)  #: formatting, lint and types
	@$(python) -m ruff format --check
	@$(python) -m ruff check
	@$(python) -m mypy

bench: $(tools)  #: requests, weight, time and memory of each command, against bare ones
	@$(python) -m tests.bench
	@$(python) -m tests.charts.measured

SECONDS ?= 600
RATE    ?= 20
soak: $(tools)  #: SECONDS=600 RATE=20 [SEED=1]: the daemon under load and faults, answers checked
	@$(python) -m tests.soak --seconds $(SECONDS) --rate $(RATE) $(if $(SEED),--seed $(SEED))

SEEDS   ?= 20
MINUTES ?= 30
simulate: $(tools)  #: SEEDS=20 MINUTES=30 [SEED=1]: the same and its death at any write, in virtual time
	@$(python) -m tests.simulation --seeds $(SEEDS) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		$(if $(RESULTS),--results $(RESULTS)) $(if $(PLANT),--plant '$(PLANT)')

GALLERY ?= gallery
gallery: $(tools)  #: GALLERY=gallery [NAMES="price oi"]: a picture of every page, as a phone shows it
	@$(python) -m tests.gallery $(GALLERY) $(NAMES)

CHARTS ?= charts
charts: $(tools)  #: CHARTS=charts: pictures of all kinds in all styles, and a sheet of each style
	@$(python) -m tests.charts $(CHARTS)

coverage: $(tools)  #: the tests, and the share of branches that they run
	@$(python) -m coverage run -m pytest
	@$(python) -m coverage report

N ?= 400
mutate: $(tools) $(mutmut)  #: N=400 [SEED=1]: how many small bugs of a random sample the tests find
	@ulimit -v 6000000; .venv-mutmut/bin/python -m tests.mutate $(CURDIR)/$(python) $(or $(SEED),1) $(N)

interop: $(ready) $(peers)  #: the exchanges' own clients and ccxt against the simulated market
	@PROGRAM=$(VENV)/bin/crypto-assistant .venv-peers/bin/python -m pytest -W ignore \
		--confcutdir=tests/interop tests/interop/peers.py tests/interop/accounts.py \
		tests/interop/comparison.py tests/interop/sent.py

compare: $(ready) $(peers)  #: our answers about 20 coins against ccxt's, live (needs the internet)
	@.venv-peers/bin/python -m tests.compare $(VENV)/bin/crypto-assistant $(COINS)

install upgrade: PYTHON = /usr/bin/python3
install:  ## sudo make install: the systemd service, under DESTDIR if set
	@$(if $(missing),$(error $(missing)))
	@PYTHON=$(PYTHON) deploy/install.sh install

upgrade:  ## sudo make upgrade: this version instead of the installed one, which is kept
	@$(if $(missing),$(error $(missing)))
	@PYTHON=$(PYTHON) deploy/install.sh upgrade

rollback:  ## sudo make rollback: the version before, as it was installed
	@deploy/install.sh rollback

uninstall:  ## sudo make uninstall: keeps settings and state unless PURGE=1
	@deploy/install.sh uninstall

$(ready): requirements.lock pyproject.toml
	@$(if $(missing),$(error $(missing)))
	@echo 'Installing the locked dependencies into $(VENV) ...'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(pip) $(locked) requirements.lock
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@

$(tools): $(ready) tests/requirements.lock
	@$(pip) $(locked) tests/requirements.lock
	@touch $@

$(peers): tests/interop/requirements.lock
$(mutmut): tests/mutate/requirements.lock
$(judges): tests/release/requirements.lock
$(peers) $(mutmut) $(judges):
	@$(if $(missing),$(error $(missing)))
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip --quiet --disable-pip-version-check $(locked) $<
	@touch $@

# Pins stay where they are; `make lock UPGRADE=--upgrade` moves them.
compile = .venv-lock/bin/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --only-binary :all: --custom-compile-command 'make lock'
lock:  #: write the lock files anew from pyproject.toml
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet uv
	@$(compile) pyproject.toml --group build -o requirements.lock
	@$(compile) --group test --constraint requirements.lock -o tests/requirements.lock
	@$(compile) tests/interop/requirements.in -o tests/interop/requirements.lock
	@$(compile) tests/mutate/requirements.in --constraint tests/requirements.lock \
		-o tests/mutate/requirements.lock
	@$(compile) tests/release/requirements.in -o tests/release/requirements.lock

LOCKS := requirements.lock $(wildcard tests/*requirements.lock tests/*/requirements.lock)
audit: $(ready) $(judges)  #: known vulnerabilities of whatever is locked (needs the internet)
	@$(python) -m tests.release.vulnerabilities .venv-release/bin/pip-audit $(LOCKS)

data: $(ready)  #: completion and the man page anew, after a change of the argument parser
	@$(python) -m tests.release.data

dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
dist: $(ready)  #: sdist, wheel and bill of materials into dist/, the same bytes for the same commit
	@$(python) -m tests.release dist

clean:  #: remove the virtual environments and caches
	rm -rf .venv .venv-* .mutate .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find crypto_assistant tests -name __pycache__ -prune -exec rm -rf {} +

help:
	@echo 'To use it:'
	@sed -n 's/^\([a-z-]*\):[^#]*## /make \1\t/p' Makefile | expand -t 18
	@echo; echo 'To work on it:'
	@sed -n 's/^\([a-z-]*\):[^#]*#: /make \1\t/p' Makefile | expand -t 18
