# Everything a person or CI runs. `make` alone lists the targets.
# The environment is .venv; stamps in it make a second run instant.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

# uv is used only to write the lock files: it resolves for every platform and Python at once.
UV := uv==0.13.9
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# The fuzzer is no requirement of the tests: it is not built for every platform.
FUZZER := atheris==3.0.0

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo test fuzz scopes check format bench outage lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/.installed ## Install the service into .venv

install-dev: $(VENV)/.installed-dev ## Install the service and everything the tests need into .venv

demo: install ## Start the service with a demo ERP on http://127.0.0.1:8000
	@exec $(BIN)/erp-odata demo $(ARGS)

test: install-dev ## Run the whole test suite (ARGS="-k paging" for a part)
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

fuzz: $(VENV)/.installed-fuzz ## Send changed requests by the thousand (ARGS="--runs 1000000")
	@$(BIN)/python -m tests.fuzz $(ARGS)

scopes: install-dev ## Let principals who see different things share a cache (ARGS="--pairs 100000")
	@$(BIN)/python -m tests.scopes $(ARGS)

check: install-dev ## Lint, format check and strict types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: install-dev ## Format the code and apply safe lint fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: install-dev ## Measure against a hand-written endpoint, on PostgreSQL
	@$(BIN)/python -m benchmarks $(ARGS)

outage: install-dev ## Take the ERP away for a minute under load, and judge what clients see (ARGS="--seconds 20")
	@$(BIN)/python -m benchmarks.outage $(ARGS)

lock: ## Write requirements*.txt anew from pyproject.toml (ARGS="--upgrade" for newer versions)
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check -qq install $(UV)
	@$(VENV)/lock/bin/$(COMPILE) $(ARGS) --group build -o requirements.txt
	@$(VENV)/lock/bin/$(COMPILE) $(ARGS) --group dev -c requirements.txt -o requirements-dev.txt

clean: ## Remove .venv, caches and built files
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "No virtual environment could be made (Debian, Ubuntu: install python3-venv)" >&2; exit 1; }

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing erp-odata into $(VENV) (once; about half a minute)"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the development tools into $(VENV) (once; about half a minute)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-fuzz: $(VENV)/.installed-dev
	@$(PIP) install $(FUZZER)
	@touch $@
