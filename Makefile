# Two commands do everything on a fresh machine:
#   make demo    sets up, runs a real A/B on this machine, prints where the report is
#   make test    sets up, installs what the tests need, runs all tests
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# Most of the time tests wait for a device rather than compute: with four workers two cores were busy for less than half
# of it. Who is done takes work from the others.
IN_PARALLEL := --numprocesses 8 --dist worksteal
PYTHON ?= $(shell sh scripts/find_python.sh)

.PHONY: demo test ci-test lint setup setup-dev setup-torch system-packages dashboards benchmarks clean

demo: setup
	$(BIN)/bakeoff run examples/demo.toml -d local

test: setup-dev setup-torch system-packages
	$(BIN)/python -m pytest $(IN_PARALLEL)

# As continuous integration runs them: what failed is run again by itself, and the slowest are printed.
ci-test: setup-dev setup-torch system-packages
	$(BIN)/python scripts/run_tests_again.py $(IN_PARALLEL) --durations=50

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts/run_tests_again.py scripts/check_dashboards.py
	$(BIN)/lint-imports

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev
setup-torch: $(VENV)/.ready-torch

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

# Tests of PyTorch originals need it; where it cannot be had they skip, and say so.
$(VENV)/.ready-torch: $(VENV)/.ready-dev
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0 && \
		touch $@ || echo "PyTorch could not be installed: tests of PyTorch originals will be skipped" >&2

# A real sshd and a real Chromium: tests run against them, and skip loudly where they cannot be had.
system-packages:
	sh scripts/install_test_packages.sh

# The dashboards against the types of Grafana's own schema, which npm fetches.
dashboards: setup
	$(BIN)/python scripts/check_dashboards.py

benchmarks: setup-dev
	$(BIN)/python benchmarks/runner_overhead.py
	$(BIN)/python benchmarks/page_overhead.py
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/ssim_speed.py
	$(BIN)/python benchmarks/lpips_speed.py
	$(BIN)/python benchmarks/scoring_speed.py
	$(BIN)/python benchmarks/run_overhead.py
	$(BIN)/python benchmarks/launch_cost.py
	$(BIN)/python benchmarks/native_against_python.py
	$(BIN)/python benchmarks/against_peers.py
	$(BIN)/python benchmarks/push_speed.py
	$(BIN)/python benchmarks/native_call_overhead.py
	$(BIN)/python benchmarks/phone_start.py
	$(BIN)/python benchmarks/report_speed.py
	$(BIN)/python benchmarks/history_speed.py
	$(BIN)/python benchmarks/nightly_detection.py
	$(BIN)/python benchmarks/nightly_cost.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build bakeoff.egg-info
