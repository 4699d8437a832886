# Two commands: `make track` measures and shows, `make test` checks. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# `make lock` and `make audit` have an environment of their own, so that they leave that of the tests alone.
TOOLS := .venv-tools
# The three workloads of the article; `make track BENCH=.` measures the whole suite.
BENCH ?= ^cpu\.(Mandelbrot|Dijkstra|Levenshtein)\.

# `make test LOCKED=1`, as in CI, installs exactly what requirements/ci.txt says, every file checked by its hash.
LOCKED ?=
INSTALL := -m pip install --quiet --disable-pip-version-check
TESTED := $(VENV)/$(if $(LOCKED),with-lock,with-tests)
# More for pytest, as in `make test PYTEST_ARGS=tests/git`.
PYTEST_ARGS ?=

.PHONY: track results screenshots test test-fast test-nightly mutants lint acceptance acceptance-history \
    acceptance-machine acceptance-counting audit lock soak clean FORCE

track: $(VENV)/with-tool
	$(BIN)/asv-jit pythons install
	$(BIN)/asv-jit run HEAD --bench '$(BENCH)'
	$(BIN)/asv-jit publish

# Measures the whole suite and writes docs/results.md from it, which takes a machine that is otherwise idle.
results: $(VENV)/with-tool
	$(BIN)/asv-jit pythons install
	$(BIN)/asv-jit run HEAD
	$(BIN)/asv-jit export --format markdown --out docs/results.md

# The README's pictures of the site in html/, as `make track` or `make results` and a publish left it.
screenshots: $(TESTED)
	$(BIN)/python docs/screenshots.py html docs

test: $(TESTED) lint
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

# What is quick: no interpreters, no browser, no whole commands, no simulations, no test that takes many seconds.
test-fast: $(TESTED) lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not (slow or long or interpreters or browser)' \
	    --ignore tests/workflows --ignore tests/acceptance $(PYTEST_ARGS)

# Small faults in a module of the analysis that its tests do not notice: `make mutants MODULE=history.grouping`.
# mutmut has a folder of its own, so that it leaves the environment of the tests alone.
mutants: $(TESTED)
	$(BIN)/python $(INSTALL) --upgrade --target .mutmut mutmut==3.8.1
	PYTHONPATH=.mutmut $(BIN)/python -m mutmut run 'asv_jit.analysis.$(MODULE)*'
	PYTHONPATH=.mutmut $(BIN)/python -m mutmut results

# The properties on new examples, ten times as many where a test names no number. A failure prints the line that repeats it.
test-nightly: $(TESTED)
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n 2 --dist loadfile -m 'hypothesis and not slow' $(PYTEST_ARGS)

lint: $(TESTED)
	$(BIN)/python -m pytest -q tests/test_layers.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/oxlint --deny-warnings --ignore-pattern '**/vendor/**' site_templates/static
	$(BIN)/djlint --quiet --lint site_templates
	@! LC_ALL=C.UTF-8 grep -nE --exclude-dir=vendor --include='*.js' --include='*.html' '.{121}' -r site_templates || \
	    { echo 'Lines of templates and scripts have at most 120 characters'; exit 1; }

# The simulations behind the statistics at full size, as a table; takes about an hour on one core.
acceptance: $(TESTED)
	$(BIN)/python -m tests.acceptance

# Publishing a history of millions of values beside `asv publish`, which takes minutes; wants a quiet machine.
acceptance-history: $(TESTED)
	$(BIN)/python -m tests.acceptance.history_speed

# What needs an interpreter with a JIT and a quiet machine: the harness's overhead, pyperf beside asv-jit, and real
# bisections of 64 commits.
acceptance-machine: $(TESTED)
	$(BIN)/python -m tests.acceptance.overhead
	$(BIN)/python -m tests.acceptance.peer_pyperf
	$(BIN)/python -m pytest -m slow -rP tests/acceptance/test_real_bisections.py

# The figures of counted instructions, hours of both cores: COUNTING='--small' is a short one.
acceptance-counting: $(TESTED)
	$(BIN)/python -m tests.acceptance.counting $(COUNTING)

# Nights over a generated repository with faults injected, for hours; SOAK='--commits 30 --nights 8' is a short one.
soak: $(TESTED)
	$(BIN)/python -m tests.acceptance.soak $(SOAK)
	$(BIN)/python -m pytest -m slow tests/workflows/nights/test_nightly.py

# Names the interpreter that made the environment; another one makes it anew.
MADE_WITH := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3], sys.base_prefix)')
$(VENV)/made-with: FORCE
	@[ '$(MADE_WITH)' ] && [ "$$(cat $@ 2>/dev/null)" = '$(MADE_WITH)' ] || { \
	    $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try make PYTHON=python3.12")' && \
	    $(PYTHON) -m venv --clear $(VENV) && echo '$(MADE_WITH)' >$@; }

$(VENV)/with-tool: $(VENV)/made-with pyproject.toml
	$(BIN)/python $(INSTALL) --editable .
	touch $@

$(VENV)/with-tests: $(VENV)/made-with pyproject.toml
	$(BIN)/python $(INSTALL) --editable '.[test]'
	touch $@

# An environment with what the lock names and nothing else.
$(VENV)/with-lock: $(VENV)/made-with pyproject.toml requirements/ci.txt
	$(PYTHON) -m venv --clear $(VENV)
	echo '$(MADE_WITH)' >$(VENV)/made-with
	$(BIN)/python $(INSTALL) --require-hashes --requirement requirements/ci.txt
	$(BIN)/python $(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(TOOLS)/installed: Makefile
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/python $(INSTALL) 'pip-audit>=2.9' uv
	touch $@

# Known vulnerabilities in what CI installs.
audit: $(TOOLS)/installed
	$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/ci.txt

# Run it when a dependency in pyproject.toml changes.
lock: $(TOOLS)/installed
	$(TOOLS)/bin/uv pip compile pyproject.toml requirements/ci.in --extra test --universal --python-version 3.11 \
	    --generate-hashes --upgrade --quiet --custom-compile-command 'make lock' --output-file requirements/ci.txt

clean:
	rm -rf $(VENV) $(TOOLS) html .asv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
