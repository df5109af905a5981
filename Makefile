# Everything that is done with this repository, by name. `make` alone lists it.
#
# PYTHON=python3.12   the interpreter to build the environment with (3.11 or newer; the first fitting one by default)
# VENV=.venv          where the environment lives
# TEST_PROCESSES=2    how many tests run at a time

VENV ?= .venv
TEST_PROCESSES ?= 2
BIN = $(VENV)/bin
export VENV
# Where an environment forbids bytecode, every start would compile all sources again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check static bench lock fmt ready-runtime ready-dev ready-clients ready-bench

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-7s %s\n' "$$name" "$$text"; done

run: ready-runtime  ## Start Wipsie on http://127.0.0.1:8000 (API, worker and scheduler in one process)
	@exec $(BIN)/wipsie up

test: ready-dev ready-clients static  ## Everything: formatting, lint, types, import contracts and all tests
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist=worksteal

check: ready-dev static  ## The quick ladder for every day: the same without the slow tests
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist=worksteal -m "not slow"

bench: ready-bench  ## Measure: prints tables, writes JSON (ARGS="--help" shows what can be chosen)
	$(BIN)/python -m benchmarks $(ARGS)

fmt: ready-dev  ## Format, and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The address of a package index is never written, so that any mirror serves. Later files are constrained by earlier
# ones: one environment can hold all three. Rivals and foreign clients have environments of their own.
COMPILE_ONLY = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	$(if $(UPGRADE),--upgrade)
COMPILE = $(COMPILE_ONLY) pyproject.toml requirements/build.in

lock: ready-dev  ## Write the lock files from pyproject.toml (UPGRADE=1 takes the newest versions)
	$(COMPILE) --output-file requirements/runtime.lock
	$(COMPILE) --extra dev --constraint requirements/runtime.lock --output-file requirements/dev.lock
	$(COMPILE) --extra bench --constraint requirements/dev.lock --output-file requirements/bench.lock
	$(COMPILE_ONLY) requirements/rivals.in --output-file requirements/rivals.lock
	$(COMPILE_ONLY) requirements/rivals-arq.in --output-file requirements/rivals-arq.lock
	$(COMPILE_ONLY) requirements/clients-old-boto3.in --output-file requirements/clients-old-boto3.lock
	$(COMPILE_ONLY) requirements/clients-aws-cli.in --output-file requirements/clients-aws-cli.lock
	scripts/setup_clients.sh lock

static: ready-dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo

ready-runtime:
	@scripts/setup.sh runtime

ready-dev:
	@scripts/setup.sh dev
	@scripts/servers.sh

ready-clients: ready-dev
	@scripts/setup_clients.sh

ready-bench:
	@scripts/setup.sh bench
	@scripts/setup_rivals.sh
	@scripts/servers.sh
