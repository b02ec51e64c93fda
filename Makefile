# Every target does its own set-up. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.ready
JOBS ?= auto

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(STAMP) ## compile the order book, run an order flow through it, replay it, compare the state roots
	@$(BIN)/corten demo book $(ARGS)

test: $(STAMP) ## the whole test suite
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(STAMP) format lint types layers ## under a minute: format, lint, types, import layers, tidy, fast tests
	@$(BIN)/python -m pytest -n $(JOBS) -q -m "not slow" $(ARGS)

format: $(STAMP) ## is the formatting right? (`make fix` repairs it)
	@$(BIN)/ruff format --check --quiet . || { echo "run: make fix" >&2; exit 1; }

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .

types: $(STAMP)
	@$(BIN)/mypy

layers: $(STAMP)
	@$(BIN)/lint-imports --no-logo

tidy: $(STAMP)
	@$(BIN)/python -m pytest -q -m "not slow" tests/tidy

fix: $(STAMP) ## format, and repair what the linter can repair
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(STAMP) ## every benchmark (`make bench ARGS=order_book` for one family)
	@$(BIN)/corten bench $(ARGS)

readme: $(STAMP) ## regenerate the generated parts of the documentation
	@$(BIN)/python -m tools.generated --write $(ARGS)

lock: $(STAMP) ## pin the newest versions that pyproject.toml allows
	@$(BIN)/python -m tools.lock

setup: $(STAMP) ## only the virtual environment

clean: ## remove everything that was generated
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis runs dist build
	find src tests spec tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(STAMP): requirements.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "Corten needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || echo none)." >&2; \
		echo "Install it (Debian: apt install python3 python3-venv) or run: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; fi
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment: its venv module is not installed." >&2; \
		echo "Install it (Debian: apt install python3-venv) and run make again." >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "creating .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear .venv; }
	@echo "installing the pinned dependencies into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.PHONY: help demo test check format lint types layers tidy fix bench readme lock setup clean
