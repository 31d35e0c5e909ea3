# Each target does its own set-up: a .venv from the lock files, nothing global.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN := .venv/.run-$(shell cksum requirements.txt pyproject.toml | cksum | cut -d' ' -f1)
DEV := .venv/.dev-$(shell cksum requirements-dev.txt pyproject.toml | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install

.PHONY: help install scenarios test check demo load bench fuzz sweep lock clean

help:
	@echo "make scenarios   run every scenario against the simulator and the bundled bank"
	@echo "make test        the whole test suite"
	@echo "make demo        simulator and bank, to play with"
	@echo "make load        50 customers for a minute on a bad day, with a verdict"
	@echo "make bench       figures, on this machine"
	@echo "make fuzz        20,000 odd requests to each provider, and as many to the bank"
	@echo "make sweep       2,000 stories at random, and every delivery of every scenario lost in turn; 200 kills of each"
	@echo "make check       lint, types, imports"
	@echo "make lock        pin the requirements anew"

$(RUN):
	@test -n "$(PYTHON)" || { echo "pesabox needs Python 3.11 or newer"; exit 2; }
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q simulator harness app_under_test
	@touch $@

$(DEV): $(RUN)
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

install: $(RUN)

scenarios: $(RUN)
	$(BIN)/pesabox run scenarios

demo: $(RUN)
	$(BIN)/pesabox demo

load: $(DEV)
	$(BIN)/python locustfiles/short_run.py

test: $(DEV)
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered

bench: $(RUN)
	$(BIN)/python -m benchmarks --store memory --store sqlite

fuzz: $(DEV)
	$(BIN)/python -m pytest tests/fuzz --fuzz 20000

sweep: $(DEV)
	$(BIN)/python -m pytest tests/stories --stories 2000
	$(BIN)/python -m pytest tests/sweep --sweep
	$(BIN)/python -m pytest tests/crash --kills 200 --bank-kills 200

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pesabox check scenarios

LOCK := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe

lock: $(DEV)
	$(LOCK) -o requirements.txt requirements.in
	$(LOCK) -o requirements-dev.txt requirements-dev.in

clean:
	rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache build *.egg-info
