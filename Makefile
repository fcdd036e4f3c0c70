# Nothing but Python (with venv) and make is needed beforehand.
SHELL := /bin/bash
PYTHON ?= $(shell cat .python-version)
VENV ?= .venv
BIN := $(VENV)/bin
# uv is taken from the machine, else bootstrapped from the package index into .uv/.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# mkdocs-material prints a notice on its own future at every build.
export NO_MKDOCS_2_WARNING := 1

.PHONY: install run test check fix bench docs lock clean

install: $(VENV)/.synced

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install -q --disable-pip-version-check uv

$(VENV)/.synced: pyproject.toml requirements/dev.txt | $(filter .uv/bin/uv,$(UV))
	$(UV) venv -q --allow-existing --python $(PYTHON) $(VENV) || $(UV) venv -q --allow-existing --python '>=3.11' $(VENV)
	VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip sync -q --compile-bytecode --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install -q --no-deps --no-build-isolation -e .
	# The kernels are compiled here, so that no first plan waits for them; a stale cache is not noticed by numba.
	rm -f src/ancrage/siting/__pycache__/*.nb?
	$(BIN)/python -c "from ancrage.siting import facility, solve; solve.warm_up(); facility.warm_up_all()"
	touch $@

run: install
	$(BIN)/ancrage demo

test: install check
	$(BIN)/pytest -n 2

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/mkdocs build -q --strict -d build/docs

fix: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/command_reference.py

docs: install
	$(BIN)/mkdocs build --strict -d build/docs

bench: install
	$(BIN)/python -m benchmarks

lock: | $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml --all-extras --group dev -o requirements/dev.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml --all-extras -o requirements/run.txt

clean:
	rm -rf $(VENV) .uv build site .pytest_cache .mypy_cache .ruff_cache
