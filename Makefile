# Needs only Python >= 3.11 (with venv and pip) and make. PYTHON=... names the interpreter to use.
.PHONY: help setup node page run replay test mutants golden bench bench-check results markets volatility soak wheel release-check audit sbom lock clean
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
WARMUP := $(VENV)/.warmup
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Compiled sources are stored, whatever the environment sets: a process that compiles all it imports takes 1 to 8 s longer.
export PYTHONDONTWRITEBYTECODE :=
# A lock file names every package, so nothing is resolved; Python compiles a module at its first import.
INSTALL := $(PIP) install --require-hashes --no-deps --no-compile
step = @printf '\n== %s\n' '$(1)'

help:
	@echo 'make run     trade on paper a synthetic market that changes, at a visible speed, and serve the page that shows it (installs first if needed; ARGS="--demo eurusd" trades the bundled bars, ARGS=--fresh starts a new run)'
	@echo 'make replay  trade the bundled bars as fast as possible and show the result'
	@echo 'make test    lint, types, import rules and all tests (installs first if needed)'
	@echo 'make setup   create .venv and install the packages that a user needs'
	@echo 'make wheel   build the wheel and the source distribution into dist/; make release-check: also install and use them as users do, with each Python found'
	@echo 'make audit   compare the locked packages with the database of known vulnerabilities; make sbom: write their list as dist/sbom.cdx.json'
	@echo 'make mutants insert defects, one at a time, and check that the tests detect each; make golden: rebuild the golden tables'
	@echo 'make results measure the figures of docs/results.md and update it (DATA=folder adds files that are not bundled)'
	@echo 'make bench-check  list the figures of the docs that are older than the code'
	@echo 'make bench   measure the performance; make markets DATA=folder: skill on real bars, compared with other learners; make soak: the long tests (DATA=folder adds those on real bars); make lock: update the lock files; make clean: delete .venv and the built page'

$(BIN)/python:
	@found=''; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; \
	  then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'No Python 3.11 to 3.14 with venv and pip was found; install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; fi; \
	echo "creating $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo 'installing requirements.lock'
	@$(INSTALL) -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# requirements-dev.lock contains everything in requirements.lock, so a fresh clone is tested after one installation.
$(DEV): requirements-dev.lock requirements.lock pyproject.toml | $(BIN)/python
	@echo 'installing requirements-dev.lock'
	@$(INSTALL) -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(RUNTIME) $@

setup: $(RUNTIME)

# Node.js builds the page; if no suitable Node.js is installed, use the one from a Python package.
node: $(RUNTIME)
	@$(BIN)/python scripts/build_page.py --check-node 2>/dev/null || { echo 'installing requirements-page.lock'; \
	  $(INSTALL) -r requirements-page.lock; }

page: node
	@$(BIN)/python scripts/build_page.py

run: page
	@exec $(BIN)/alpha-pulse run $(if $(filter --data --data=% --demo --demo=%,$(ARGS)),,--demo drift) $(ARGS)

replay: $(RUNTIME)
	@$(BIN)/alpha-pulse replay

test: $(DEV) node
	$(call step,lint: ruff check)
	@$(BIN)/ruff check .
	$(call step,format: ruff format --check)
	@$(BIN)/ruff format --check .
	$(call step,in parallel: compile the kernels; types: mypy --strict; page: svelte-check and vitest)
	@$(BIN)/alpha-pulse warmup >$(WARMUP) 2>&1 & warmup=$$!; $(BIN)/python scripts/build_page.py --check & page=$$!; \
	$(BIN)/mypy; code=$$?; wait $$page || code=1; wait $$warmup || { cat $(WARMUP); code=1; }; exit $$code
	$(call step,import rules: import-linter)
	@$(BIN)/lint-imports
	$(call step,tests: pytest)
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

bench: $(DEV)
	@$(BIN)/python -m benchmarks --write-docs

bench-check: $(DEV)
	@$(BIN)/python -m benchmarks.check

results: $(DEV)
	@$(BIN)/python -m benchmarks.results $(if $(DATA),--data '$(DATA)')

markets: $(DEV)
	@$(BIN)/python -m benchmarks.markets $(if $(DATA),'$(DATA)',--help)

volatility: $(DEV)
	@$(BIN)/python -m benchmarks.volatility $(if $(DATA),'$(DATA)',--help)

mutants: $(DEV)
	@PYTHONPATH=tests $(BIN)/python -m mutants --write-docs

golden: $(DEV)
	@PYTHONPATH=tests $(BIN)/python -m golden --write

soak: $(DEV)
	@DATA='$(DATA)' $(BIN)/python -m pytest -m soak

wheel: $(BIN)/python
	@$(BIN)/python scripts/check_release.py --build-only

release-check: $(BIN)/python
	@$(BIN)/python scripts/check_release.py

# The tools of these two are installed in a temporary environment.
audit: $(BIN)/python
	@place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && \
	$(BIN)/python -m venv "$$place" && "$$place/bin/python" -m pip --disable-pip-version-check --quiet install pip-audit && \
	"$$place/bin/pip-audit" --strict --disable-pip --require-hashes -r requirements.lock

sbom: $(BIN)/python
	@place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && mkdir -p dist && \
	$(BIN)/python -m venv "$$place" && "$$place/bin/python" -m pip --disable-pip-version-check --quiet install cyclonedx-bom && \
	"$$place/bin/python" -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --mc-type application \
	  --output-reproducible -o dist/sbom.cdx.json requirements.lock && echo 'wrote dist/sbom.cdx.json'

# uv is installed in a temporary environment; its own lock file records download addresses and is not stored.
COMPILE = pip compile --system-certs --no-config --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links
PROJECT = pyproject.toml --group build
lock: $(BIN)/python
	@place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && \
	$(BIN)/python -m venv "$$place" && "$$place/bin/python" -m pip --disable-pip-version-check --quiet install uv && \
	"$$place/bin/uv" $(COMPILE) $(PROJECT) -o "$$place/requirements.lock" && \
	"$$place/bin/uv" $(COMPILE) $(PROJECT) --extra dev --extra bench -c "$$place/requirements.lock" -o "$$place/requirements-dev.lock" && \
	"$$place/bin/uv" $(COMPILE) --group page -o "$$place/requirements-page.lock" && \
	if grep -n '://' "$$place"/requirements*.lock; then echo 'a lock file names a host; nothing was changed' >&2; exit 1; fi && \
	cp "$$place"/requirements*.lock . && echo 'renewed requirements.lock, requirements-dev.lock and requirements-page.lock'

clean:
	rm -rf $(VENV) web/node_modules src/alpha_pulse/api/page
