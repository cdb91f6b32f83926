# Everything runs in .venv, made from requirements.lock: the same versions everywhere.
# On a PC without make, README.md gives the two commands by hand.
PYTHON ?= python3
BIN := .venv/bin
# One thread for BLAS everywhere: two on small products only wait for each other.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
SECONDS ?=
BUNDLE ?=
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo run check test test-foreign bench docs lock bundle clean

help:  ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("wheeltapper wants Python 3.11 or newer; found " + sys.version.split()[0] + "; try make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

install: $(STAMP)  ## Make .venv with the exact versions of requirements.lock

demo: $(STAMP)  ## A small plant at real speed with known truth; SECONDS=60 ends it with a summary
	@$(BIN)/wheeltapper demo $(if $(SECONDS),--seconds $(SECONDS))

check: $(STAMP)  ## Style, types, layers and the documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/mkdocs build --quiet --strict --site-dir build/site

test: $(STAMP)  ## The whole test suite
	$(BIN)/pytest -n 2 --dist worksteal -m "not foreign and not hardware"

test-foreign: $(STAMP)  ## Clients that are not ours against our servers; skips aloud what is missing
	$(BIN)/python tests/foreign/install.py
	$(BIN)/pytest tests/foreign -m foreign -rs

bench: $(STAMP)  ## Every benchmark; figures go to docs/
	$(BIN)/python -m benchmarks.run_all

docs: $(STAMP)  ## Write the generated sections anew and build the documents into build/site
	$(BIN)/python -m tests.docs.write
	$(BIN)/mkdocs build --strict --site-dir build/site

lock: $(STAMP)  ## Write requirements.lock anew from pyproject.toml (wants uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev --no-header pyproject.toml -o requirements.lock

bundle: $(STAMP)  ## Archives for PCs without internet, into build/bundle; BUNDLE="windows linux-arm64" makes these alone
	$(BIN)/python deploy/bundle/make.py $(BUNDLE)

clean:  ## Remove .venv and everything built
	rm -rf .venv build site .foreign .mypy_cache .ruff_cache .pytest_cache .hypothesis
