# `make demo` and `make test` need Python >= 3.11 and make, nothing else: each makes its own environment.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
LOWEST := .venv-lowest
CLIENTS := .venv-clients
DIST := .venv-dist
DOCS := .venv-docs
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: demo test test-long test-safety test-heavy check-platforms test-foreign attack soak eval check apps bench bench-processes test-peers test-clients test-lowest surface connectors \
	guides hosts \
	manifests lock dist released-surface pages docs clean
.DEFAULT_GOAL := test

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_FLAGS) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_FLAGS) -e '.[dev]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed ## A real client asks the server questions about an emulated organisation.
	$(BIN)/aep-flow-mcp demo

test: $(VENV)/.installed-dev ## Everything but what takes long, the peers and the lowest versions.
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long and not heavy" tests

test-long: $(VENV)/.installed-dev ## The tests that start processes and browsers, or make thousands of cases.
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long tests

test-safety: $(VENV)/.installed-dev ## Of the long ones: that nothing is written without a yes.
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long tests/guard tests/attack tests/tools/test_attacks.py \
		tests/tools/test_write_faults.py tests/serving/test_approvals.py

test-heavy: $(VENV)/.installed-dev ## What installs packages, starts other people's servers, or goes over sockets once more.
	$(BIN)/python -m pytest -n 2 --dist worksteal -m heavy tests

test-foreign: $(VENV)/.installed-dev ## Two thousand generated organisations; SEEDS="--seed 17" is one of them.
	$(BIN)/python tests/foreign/run.py $(SEEDS)

attack: $(VENV)/.installed-dev ## Fifty thousand attempts to write without a yes; SEEDS="--seed 17" is one story of them.
	$(BIN)/python -W ignore tests/attack/run.py $(SEEDS)
	$(BIN)/python tests/attack/signals.py
	$(BIN)/python -W ignore tests/attack/four_eyes.py
	$(BIN)/python -W ignore tests/attack/four_eyes.py --redis

soak: $(VENV)/.installed-dev ## Ten thousand calls under faults and hostile bodies, within bounds of time and memory.
	$(BIN)/python -W ignore tests/soak/run.py

check: $(VENV)/.installed-dev ## Lint, format, types, import rules, and what the tools promised.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m distribution.compatibility

check-platforms: $(VENV)/.installed-dev ## Types as macOS and Windows have them.
	for system in darwin win32; do $(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system --no-warn-unreachable src || exit 1; done

apps: apps/node_modules/.package-lock.json ## The views, built into HTML that ships in the package; needs Node 20.19 or newer.
	cd apps && npm run build

# By the lock as well, but not npm ci: that refuses a lock without an optional part of Vite for Windows, which could not be found.
apps/node_modules/.package-lock.json: apps/package.json apps/package-lock.json
	cd apps && npm install --no-save --no-audit --no-fund
	@touch $@

bench: $(VENV)/.installed-dev ## Ratios, measured in one run; writes bench-results.json.
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/bench_scale.py
	-$(BIN)/python tests/benchmarks/paint.py

bench-processes: $(VENV)/.installed-dev ## Calls of get_flow over HTTP for 1, 2 and 4 server processes, and what they cost.
	$(BIN)/python tests/benchmarks/processes.py

$(PEERS)/.installed: tests/peers/requirements.txt $(VENV)/.installed-dev
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install $(PIP_FLAGS) -r tests/peers/requirements.txt
	@touch $@

test-peers: $(PEERS)/.installed ## The aepp library against the emulator, in an environment of its own.
	$(PEERS)/bin/python -m pytest -q -p no:cacheprovider tests/peers

$(CLIENTS)/.installed: tests/clients/requirements-python.txt tests/clients/requirements-langchain.txt tests/clients/package.json $(VENV)/.installed-dev
	@for name in python langchain; do \
		test -x $(CLIENTS)/$$name/bin/python || $(PYTHON) -m venv $(CLIENTS)/$$name; \
		$(CLIENTS)/$$name/bin/python -m pip install $(PIP_FLAGS) -r tests/clients/requirements-$$name.txt || exit 1; done
	@mkdir -p $(CLIENTS)/typescript && cp tests/clients/package.json $(CLIENTS)/typescript/
	@if command -v npm >/dev/null; then npm install --prefix $(CLIENTS)/typescript --no-package-lock --no-audit --no-fund --silent; \
		else echo "npm is not here: the TypeScript clients are skipped"; fi
	@touch $@

test-clients: $(CLIENTS)/.installed ## Clients that nobody here wrote, each in an environment of its own.
	$(BIN)/python -m pytest -n 2 -rs tests/clients

$(LOWEST)/.installed: pyproject.toml
	@test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install $(PIP_FLAGS) uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -e .
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python pytest pytest-asyncio pytest-xdist hypothesis psutil
	@touch $@

test-lowest: $(LOWEST)/.installed ## The guard, the settings and the commands with the lowest versions that pyproject.toml allows.
	$(LOWEST)/bin/python -m pytest -n 2 -q -m "not long and not heavy" -k 'not doctor_names' tests/guard tests/test_settings.py tests/protocol/test_commands.py

eval: $(VENV)/.installed-dev ## Questions over generated organisations; EVAL="--seed 17 --server CMD"; docs/evaluation.md.
	$(BIN)/python tests/evals/run.py $(EVAL)

surface: $(VENV)/.installed-dev ## Write the snapshot of the tools, and the tables made from it.
	$(BIN)/python -m aep_flow_mcp.surface.snapshot
	$(BIN)/python -m aep_flow_mcp.surface.tables

connectors: $(VENV)/.installed-dev ## Write docs/connectors.md from the catalogue and the tutorials.
	$(BIN)/python tests/tutorials/table.py

guides: $(VENV)/.installed-dev ## Have the conversations of docs/guides once more.
	$(BIN)/python tests/guides/write.py

hosts: $(VENV)/.installed-dev ## Write docs/hosts from the data of `configure`.
	$(BIN)/python tests/configuring/pages.py

manifests: $(VENV)/.installed-dev ## Write server.json, the skill, and the manifests of the plugin and the extension.
	$(BIN)/python -m distribution.manifests

released-surface: $(VENV)/.installed-dev ## A release: keep the present surface as what it promises; RELEASED=yes once it is out.
	$(BIN)/python -m distribution.compatibility $(if $(RELEASED),--keep-released,--keep)

$(DIST)/.installed: distribution/requirements.txt
	@test -x $(DIST)/bin/python || $(PYTHON) -m venv $(DIST)
	$(DIST)/bin/python -m pip install $(PIP_FLAGS) -r distribution/requirements.txt
	@touch $@

lock: $(DIST)/.installed ## Resolve pyproject.toml anew into distribution/locked.txt.
	$(DIST)/bin/python -m distribution.locking

dist: $(DIST)/.installed ## The commit as wheel, sdist, bundle, server.json, inventory and checksums; RELEASING.md.
	$(DIST)/bin/python -m distribution.build $(DIST_FLAGS)

pages: $(VENV)/.installed-dev ## Write the pages that are made from the code: docs/tools, docs/messages.md, docs/error-codes.md, former names.
	$(BIN)/python tests/pages/write.py

$(DOCS)/.installed: tests/pages/requirements.txt
	@test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install $(PIP_FLAGS) --no-compile -r tests/pages/requirements.txt
	@touch $@

docs: $(DOCS)/.installed ## The docs as a site in build/site; a broken link or anchor fails.
	$(DOCS)/bin/python tests/pages/website.py

clean: ## Remove what the targets made.
	rm -rf $(VENV) $(PEERS) $(CLIENTS) $(LOWEST) $(DIST) $(DOCS) bench-results.json eval-results.json dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
