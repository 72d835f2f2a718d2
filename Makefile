# From a fresh clone this needs Python 3.11 or later, make and a package index; the rest is installed into .venv.
#
#   make demo         advise a function that waits and one that computes, and run both ways to show the gain
#   make test         everything that must hold: the checks, then the whole suite
#   make test-newest  the suite once more, on the newest other interpreter there is
#   make check        style, types, import arrows
#   make format       put the code into the style that check asks for
#   make benchmark    the measurements behind the README's figures (two hours; goes on where it was stopped)
#
# PYTHON=/path/to/python chooses the interpreter, PYTEST_ARGS="tests/test_costs.py -x" what pytest runs.

PYTHON ?= $(shell .ci/python)
NEWEST ?= $(shell .ci/python --newest)
PYTEST_ARGS ?=

VENV := .venv
VENV_NEWEST := .venv-newest
INSTALLED := .installed

.PHONY: demo test test-newest check format benchmark clean

demo: $(VENV)/$(INSTALLED)
	$(VENV)/bin/python -m profiles.demo

test: check
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

test-newest: $(VENV_NEWEST)/$(INSTALLED)
	$(VENV_NEWEST)/bin/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/$(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m advisor.describe.lexicon.schema

format: $(VENV)/$(INSTALLED)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

benchmark: $(VENV)/$(INSTALLED)
	$(VENV)/bin/python -m benchmarks.start_up
	$(VENV)/bin/python -m benchmarks.gil_share
	$(VENV)/bin/python -m benchmarks.model_against_simulation
	$(VENV)/bin/python -m benchmarks.native_results
	$(VENV)/bin/python -m benchmarks.oracle
	$(VENV)/bin/python -m benchmarks.score
	$(VENV)/bin/python -m benchmarks.curves_against_simulation
	$(VENV)/bin/python -m benchmarks.descriptions
	$(VENV)/bin/python -m benchmarks.service_load
	$(VENV)/bin/python -m benchmarks.service_endurance

# $(call environment,interpreter,folder): the project and all it needs for development, in the versions it was tested with
define environment
	@test -n "$(1)" || { echo "No Python 3.11 or later with venv was found: install one, or say PYTHON=/path/to/python" >&2; exit 1; }
	"$(1)" -m venv $(2)
	$(2)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(2)/bin/python -m compileall -q advisor profiles
	touch $(2)/$(INSTALLED)
endef

$(VENV)/$(INSTALLED): pyproject.toml constraints.txt
	$(call environment,$(PYTHON),$(VENV))

$(VENV_NEWEST)/$(INSTALLED): pyproject.toml constraints.txt
	$(call environment,$(NEWEST),$(VENV_NEWEST))

clean:
	rm -rf $(VENV) $(VENV_NEWEST) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
