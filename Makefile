# A fresh clone needs make, Python 3.11 or later with venv, and a package index. Everything else is installed into
# virtual environments in this folder.

# Evaluated once, and only by the targets that use them.
PYTHON ?= $(eval PYTHON := $(shell .ci/python))$(PYTHON)
NEWEST ?= $(eval NEWEST := $(shell .ci/python --newest))$(NEWEST)
PYTEST_ARGS ?=
CONSTRAINTS ?= constraints.txt

VENV := .venv
VENV_DEMO := .venv-demo
INSTALLED := .installed

# One worker for each core, and the tests of a file in the same worker. Eight are enough for the longest file.
PARALLEL := -n logical --maxprocesses 8 --dist loadgroup --no-loadscope-reorder
SLOW := browser or database or server or wheel or benchmark or slow

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-benchmarks test-newest test-in check format tour benchmark clean

help:  ## list the targets
	@echo "Usage: make TARGET [PYTHON=/path/to/python] [PYTEST_ARGS=\"tests/test_cli.py -x\"]"
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

demo: $(VENV_DEMO)/$(INSTALLED)  ## advise two functions, then run both as advised and compare
	@$(VENV_DEMO)/bin/python -m profiles.demo

test: check  ## run the checks and all tests (five minutes on two cores)
	$(VENV)/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

test-fast: $(VENV)/$(INSTALLED)  ## run the tests that are not slow and need no browser, database or server
	$(VENV)/bin/python -m pytest $(PARALLEL) -m "not ($(SLOW))" $(PYTEST_ARGS)

test-benchmarks: $(VENV)/$(INSTALLED)  ## run the tests of the benchmark scripts
	$(VENV)/bin/python -m pytest $(PARALLEL) benchmarks/tests $(PYTEST_ARGS)

test-newest:  ## run all tests on the newest installed interpreter that is supported
	@test -n "$(NEWEST)" || { echo "No supported interpreter found" >&2; exit 1; }
	@$(MAKE) --no-print-directory test-in PYTHON="$(NEWEST)"

test-in:  ## run all tests on the interpreter PYTHON=/path/to/python
	@tag=$$("$(PYTHON)" -c "import sys; print(sys.implementation.cache_tag + sys.abiflags)") && \
	$(MAKE) --no-print-directory test-in-venv VENV=".venv-$$tag"

.PHONY: test-in-venv
test-in-venv: $(VENV)/$(INSTALLED)
	$(VENV)/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

check: $(VENV)/$(INSTALLED)  ## check style, types and imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/$(INSTALLED)  ## format the code
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

tour: $(VENV)/$(INSTALLED)  ## execute docs/tour.ipynb and store its outputs (a minute on an idle host)
	$(VENV)/bin/python docs/tour.py

benchmark: $(VENV)/$(INSTALLED)  ## repeat the published measurements (three hours; continues where it was stopped)
	$(VENV)/bin/python -m benchmarks.start_up
	$(VENV)/bin/python -m benchmarks.gil_share
	$(VENV)/bin/python -m benchmarks.model_against_simulation
	$(VENV)/bin/python -m benchmarks.native_results
	$(VENV)/bin/python -m benchmarks.oracle
	$(VENV)/bin/python -m benchmarks.score
	$(VENV)/bin/python -m benchmarks.running
	$(VENV)/bin/python -m benchmarks.changing
	$(VENV)/bin/python -m benchmarks.faults
	$(VENV)/bin/python -m benchmarks.clusters
	$(VENV)/bin/python -m benchmarks.races
	$(VENV)/bin/python -m benchmarks.survey
	$(VENV)/bin/python -m benchmarks.overhead
	$(VENV)/bin/python -m benchmarks.streams
	$(VENV)/bin/python -m benchmarks.curves_against_simulation
	$(VENV)/bin/python -m benchmarks.descriptions
	$(VENV)/bin/python -m benchmarks.worker_pools
	$(VENV)/bin/python -m benchmarks.service_load
	$(VENV)/bin/python -m benchmarks.service_endurance

# The project itself is found in the working directory, so installing its dependencies is enough.
$(VENV_DEMO)/$(INSTALLED): pyproject.toml constraints.txt
	$(require-python)
	@echo "Installing the packages that the demo needs into $(VENV_DEMO) ..."
	@"$(PYTHON)" -m venv $(VENV_DEMO)
	@$(VENV_DEMO)/bin/python .ci/dependencies.py | \
	    $(VENV_DEMO)/bin/python -m pip install --quiet --constraint constraints.txt --requirement /dev/stdin
	@touch $@

$(VENV)/$(INSTALLED): pyproject.toml constraints.txt
	$(require-python)
	@echo "Installing workload-advisor[dev] into $(VENV), which takes about a minute ..."
	"$(PYTHON)" -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --editable '.[dev]'
	touch $@

define require-python
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later with venv was not found: install one, or give PYTHON=/path/to/python" >&2; exit 1; }
endef

clean:  ## remove everything that the other targets made
	rm -rf .venv* build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
