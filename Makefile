# Two commands matter: `make demo` and `make test`. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
# The rooms whose tests meet a database.
WITH_DATABASE := $(addprefix tests/,access api backup evaluations evaluations_pages flows gpu many_hosts policy reviews scoring upgrade)

.PHONY: help demo test test-sqlite test-postgresql test-long check format bench docs fuzz soak clean

help:            ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PRISM needs Python 3.11 or newer: apt-get install python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 has no venv module: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: .venv/ready  ## set everything up, evaluate three examples, hold one, open the site
	$(MANAGE) demo

test: test-sqlite test-postgresql  ## the whole suite, on SQLite and on PostgreSQL

test-sqlite: .venv/ready-dev
	@test -x /usr/bin/chromium || echo "NOTE: browser tests are skipped without Chromium: apt-get install chromium"
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not long"

test-long: .venv/ready-dev  ## what takes minutes: the corpora of cheats and of honest bundles, ranks, seeds, containers
	$(BIN)/python -m pytest -m long
	$(BIN)/python -m tests.runner.bundles

test-postgresql: .venv/ready-dev
	$(BIN)/python -m tests.on_postgresql -n $(JOBS) --dist worksteal -m "not browser and not slow and not long" $(WITH_DATABASE)

check: .venv/ready-dev  ## format, lint, types, migrations, generated documents, import arrows, advisories
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check
	$(MANAGE) transitions_diagram --check
	$(MANAGE) settings --reference | diff - docs/policy.md
	$(MANAGE) rules_reference --check
	$(MANAGE) spectacular --fail-on-warn --validate --file /dev/null
	$(BIN)/lint-imports
	$(BIN)/python -m prism_site.audit

format: .venv/ready-dev  ## what `check` would complain about, mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/ready-dev  ## write the generated documents anew
	$(MANAGE) transitions_diagram
	$(MANAGE) settings --reference > docs/policy.md
	$(MANAGE) rules_reference

fuzz: .venv/ready-dev  ## coverage-guided fuzzing of whatever reads hostile bytes, FUZZ_SECONDS each
	$(BIN)/python -m tests.fuzz.reader $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz.manifest $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz.static $(FUZZ_SECONDS)

soak: .venv/ready-dev  ## kill two hosts and their database for SOAK_SECONDS, then count what must hold
	$(BIN)/python -m tests.soak

bench: .venv/ready-dev  ## every benchmark, one table each
	$(BIN)/python -m benchmarks.runner_overhead
	$(BIN)/python -m benchmarks.api
	$(BIN)/python -m benchmarks.sandbox
	$(BIN)/python -m benchmarks.duplicates
	$(BIN)/python -m benchmarks.curve
	$(BIN)/python -m benchmarks.pages

clean:           ## remove the demo's database, data and outputs
	rm -rf var
