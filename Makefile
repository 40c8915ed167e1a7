# `make demo` and `make test` do all their own set-up on a machine that has Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PACKAGES := $(VENV)/packages/.downloaded
STORE ?= metakg-store
# One thread each for BLAS and OpenMP: the matrices are small, and threads that wait for each other cost more.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types imports pytest packages browser servers ui bench format clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "metakg needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || sh tools/system-package python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,methods,scale]'
	@touch $(STAMP)

install: $(STAMP) ## create .venv with everything pinned in constraints.txt

demo: $(STAMP) ## ingest real experiments, train, recommend pipelines for a real table, check them
	@$(BIN)/metakg --store $(STORE) demo

test: $(STAMP) lint types imports packages browser servers pytest ## lint, types, import contracts, all tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

# Data that tests read from a published package: 53 MB, too large to ship.
$(PACKAGES): $(STAMP)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/packages -c constraints.txt 'oboe==0.2.0'
	@touch $(PACKAGES)

packages: $(PACKAGES)

browser: $(STAMP)
	@command -v chromium >/dev/null || sh tools/system-package chromium

servers: $(STAMP)
	@command -v virtuoso-t >/dev/null || sh tools/system-package virtuoso-opensource-7-bin

pytest: $(STAMP)
	$(BIN)/python -m pytest -q --durations=15 -n 2 --dist loadfile

ui: $(STAMP) ## open the app on the store that `make demo` left
	$(BIN)/metakg --store $(STORE) ui

bench: $(STAMP) ## print the benchmark tables of the README (minutes)
	$(BIN)/metakg --store $(STORE) bench oboe

format: $(STAMP) ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean: ## remove the environment and caches, not the store
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
