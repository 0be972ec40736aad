# Two commands for a newcomer: `make demo` and `make test`. Everything else is for those who stay.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SAY    := @printf '%s\n'

.PHONY: help demo test lint format bench cluster-assets lock clean
.DEFAULT_GOAL := help

help:  ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run  ## live GitOps on this machine: embedded API, real git, the console
	@$(BIN)/fluxtui demo $(ARGS)

test: $(VENV)/.dev  ## every test that needs nothing but Python and git
	@$(BIN)/python -m pytest -n 2 --dist loadscope -q -m "not real and not bench" $(ARGS) tests

lint: $(VENV)/.dev  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet . || { echo "make format mends this"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev  ## put the sources into the house's format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(VENV)/.dev  ## print the figures of docs/benchmarks.md
	@$(BIN)/python -m pytest -q -s -m bench $(ARGS) tests/bench

cluster-assets: $(VENV)/.dev  ## real kube-apiserver, etcd and Flux controllers, into a cache outside the repository
	@$(BIN)/python tests/cluster/assets/build.py

lock:  ## resolve pyproject.toml's ranges anew into the lock files
	@$(BIN)/pip install --quiet pip-tools
	@$(BIN)/pip-compile $(LOCK) -o requirements.lock pyproject.toml
	@$(BIN)/pip-compile $(LOCK) --extra test --extra lint -c requirements.lock -o requirements-dev.lock pyproject.toml
LOCK := --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header

clean:  ## the virtual environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# --- the virtual environment: exact versions from the lock files, hashes checked -------------------------

$(VENV)/bin/python:
	$(SAY) "[1/3] making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "fluxtui needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 2; }

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(SAY) "[2/3] installing what fluxtui runs on ($$(grep -c '==' requirements.lock) packages)"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(SAY) "[3/3] installing fluxtui from this checkout"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(SAY) "      installing what the tests need"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.lock
	@touch $@
