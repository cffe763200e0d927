# `make demo` and `make test` need Python >= 3.11 and make, nothing else: each makes its own environment.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
LOWEST := .venv-lowest
DOCS := .venv-docs
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: demo test test-long test-foreign attack soak eval check bench test-peers test-lowest surface connectors guides pages docs clean
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
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long" tests

test-long: $(VENV)/.installed-dev ## The tests that start processes and browsers, or make thousands of cases.
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long tests

test-foreign: $(VENV)/.installed-dev ## Two thousand generated organisations; SEEDS="--seed 17" is one of them.
	$(BIN)/python tests/foreign/run.py $(SEEDS)

attack: $(VENV)/.installed-dev ## Fifty thousand attempts to write without a yes; SEEDS="--seed 17" is one story of them.
	$(BIN)/python -W ignore tests/attack/run.py $(SEEDS)
	$(BIN)/python tests/attack/signals.py

soak: $(VENV)/.installed-dev ## Ten thousand calls under faults and hostile bodies, within bounds of time and memory.
	$(BIN)/python -W ignore tests/soak/run.py

check: $(VENV)/.installed-dev ## Lint, format, types, import rules.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev ## Ratios, measured in one run; writes bench-results.json.
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/bench_scale.py

$(PEERS)/.installed: tests/peers/requirements.txt $(VENV)/.installed-dev
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install $(PIP_FLAGS) -r tests/peers/requirements.txt
	@touch $@

test-peers: $(PEERS)/.installed ## The aepp library against the emulator, in an environment of its own.
	$(PEERS)/bin/python -m pytest -q -p no:cacheprovider tests/peers

$(LOWEST)/.installed: pyproject.toml
	@test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install $(PIP_FLAGS) uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -e .
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python pytest pytest-asyncio pytest-xdist hypothesis psutil
	@touch $@

test-lowest: $(LOWEST)/.installed ## The guard, the settings and the commands with the lowest versions that pyproject.toml allows.
	$(LOWEST)/bin/python -m pytest -n 2 -q -k 'not doctor_names' tests/guard tests/test_settings.py tests/protocol/test_commands.py

eval: $(VENV)/.installed-dev ## Questions over generated organisations; EVAL="--seed 17 --server CMD"; docs/evaluation.md.
	$(BIN)/python tests/evals/run.py $(EVAL)

surface: $(VENV)/.installed-dev ## Write the snapshot of the tools, and the tables made from it.
	$(BIN)/python -m aep_flow_mcp.surface.snapshot
	$(BIN)/python -m aep_flow_mcp.surface.tables

connectors: $(VENV)/.installed-dev ## Write docs/connectors.md from the catalogue and the tutorials.
	$(BIN)/python tests/tutorials/table.py

guides: $(VENV)/.installed-dev ## Have the conversations of docs/guides once more.
	$(BIN)/python tests/guides/write.py

pages: $(VENV)/.installed-dev ## Write the pages that are made from the code: docs/tools, docs/messages.md, docs/error-codes.md, former names.
	$(BIN)/python tests/pages/write.py

$(DOCS)/.installed: tests/pages/requirements.txt
	@test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install $(PIP_FLAGS) --no-compile -r tests/pages/requirements.txt
	@touch $@

docs: $(DOCS)/.installed ## The docs as a site in build/site; a broken link or anchor fails.
	$(DOCS)/bin/python tests/pages/website.py

clean: ## Remove what the targets made.
	rm -rf $(VENV) $(PEERS) $(LOWEST) $(DOCS) bench-results.json eval-results.json dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
