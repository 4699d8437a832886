# Two commands: `make track` measures and shows, `make test` checks. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The three workloads of the article; `make track BENCH=.` measures the whole suite.
BENCH ?= ^cpu\.(Mandelbrot|Dijkstra|Levenshtein)\.

# `make test LOCKED=1`, as in CI, installs exactly what requirements/ci.txt says, every file checked by its hash.
LOCKED ?=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: track results screenshots test lint acceptance acceptance-history acceptance-machine audit lock soak clean

track: $(VENV)/installed
	$(BIN)/asv-jit pythons install
	$(BIN)/asv-jit run HEAD --bench '$(BENCH)'
	$(BIN)/asv-jit publish

# Measures the whole suite and writes docs/results.md from it, which takes a machine that is otherwise idle.
results: $(VENV)/installed
	$(BIN)/asv-jit pythons install
	$(BIN)/asv-jit run HEAD
	$(BIN)/asv-jit export --format markdown --out docs/results.md

# The README's pictures of the site in html/, as `make track` or `make results` and a publish left it.
screenshots: $(VENV)/tested-with
	$(BIN)/python docs/screenshots.py html docs

test: $(VENV)/tested-with lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/tested-with
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The simulations behind the statistics at full size, as a table; takes about an hour on one core.
acceptance: $(VENV)/tested-with
	$(BIN)/python -m tests.acceptance

# Publishing a history of millions of values beside `asv publish`, which takes minutes; wants a quiet machine.
acceptance-history: $(VENV)/tested-with
	$(BIN)/python -m tests.acceptance.history_speed

# What needs an interpreter with a JIT and a quiet machine: the harness's overhead, pyperf beside asv-jit, and real
# bisections of 64 commits.
acceptance-machine: $(VENV)/tested-with
	$(BIN)/python -m tests.acceptance.overhead
	$(BIN)/python -m tests.acceptance.peer_pyperf
	$(BIN)/python -m pytest -m slow -rP tests/acceptance/test_real_bisections.py

# Nights over a generated repository with faults injected, for hours; SOAK='--commits 30 --nights 8' is a short one.
soak: $(VENV)/tested-with
	$(BIN)/python -m tests.acceptance.soak $(SOAK)
	$(BIN)/python -m pytest -m slow tests/workflows/nights/test_nightly.py

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(if $(LOCKED),$(INSTALL) --require-hashes --requirement requirements/ci.txt)
	$(INSTALL) $(if $(LOCKED),--no-deps --no-build-isolation) --editable .
	touch $@

$(VENV)/tested-with: $(VENV)/installed
	$(if $(LOCKED),,$(INSTALL) --editable '.[test]')
	touch $@

# Known vulnerabilities in what CI installs.
audit: $(VENV)/installed
	$(INSTALL) 'pip-audit>=2.9'
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/ci.txt

# Run it when a dependency in pyproject.toml changes.
lock: $(VENV)/installed
	$(INSTALL) uv
	$(BIN)/uv pip compile pyproject.toml requirements/ci.in --extra test --universal --python-version 3.11 \
	    --generate-hashes --upgrade --quiet --custom-compile-command 'make lock' --output-file requirements/ci.txt

clean:
	rm -rf $(VENV) html .asv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
