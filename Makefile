# Needs Python 3.11 or newer and make, and npm for the tests; everything else is installed into .venv and build.

PYTHON ?= python3
BIN := .venv/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What is wanted together and does not depend on each other is made side by side.
MAKEFLAGS += --jobs=4

.PHONY: all demo engines web vscode pythons playground pictures site test soak lint bench expected clean

all: .venv/installed

# The virtual environment, made again when what is installed changes.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "policylang needs Python 3.11 or newer; run: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

# The main job: check the example policies, compile one set, look at the result; import a spreadsheet, see its findings.
demo: .venv/installed
	$(BIN)/policylang check policies
	mkdir -p build
	$(BIN)/policylang compile policies/quickstart -o build/quickstart.json
	$(BIN)/python -m tools.show build/quickstart.json
	$(BIN)/policylang import csv examples/spreadsheet --mapping examples/mapping.yaml -o build/imported
	$(BIN)/policylang check build/imported --exit-zero
	@if command -v npm >/dev/null; then \
	  $(BIN)/python -m tools.web >build/web.log && $(BIN)/policylang report policies -o build/access.html && \
	  echo "open $(CURDIR)/build/access.html in a browser to see who may do what, and why"; \
	else echo "the report of who may do what is made with npm, which is not here: install Node.js"; fi

# The web application, for reports: built with npm into build/web.
web: .venv/installed
	$(BIN)/python -m tools.web

# The compiler in the browser, as static files in build/playground.
playground: .venv/installed
	$(BIN)/python -m tools.playground

# The documentation, in build/site; a broken link fails.
site: .venv/installed
	$(BIN)/python -m tools.site

# The pictures in the documentation.
pictures: .venv/installed
	$(BIN)/python -m tools.pictures

# Engines in Go spend a sixth of their time on looking for garbage, unless told to do so seldom; not in much memory.
test: lint engines web vscode pythons
	GOGC=400 GOMEMLIMIT=1GiB $(BIN)/pytest -n auto --dist worksteal

# What tests need besides: engines, the extension for VS Code, and the other Pythons that are here.
engines vscode pythons: .venv/installed
	$(BIN)/python -m tools.$@

# The property tests for an hour, with new examples each time.
MINUTES ?= 60
soak: engines
	$(BIN)/python -m tools.soak $(MINUTES)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: .venv/installed
	$(BIN)/python -m benchmarks

# Published schemas and the expected outputs of tests, from the code. Read the difference before committing.
expected: .venv/installed
	$(BIN)/python tools/update_expected.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
